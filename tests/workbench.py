"""A repository in a temporary folder, and the program as users run it: a process, its output and its exit code."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from textwrap import dedent
from typing import Any, Final

import pytest
import yaml

from kusion_render.kcl import is_available

PROJECT: Final = Path(__file__).resolve().parent.parent
# What is written in KCL is tested with the real thing, which is an extra.
NO_KCL: Final = not is_available() and not os.environ.get("KR_REQUIRE_TOOLS")
NEEDS_KCL: Final = pytest.mark.skipif(NO_KCL, reason="kcl-lib is not installed")
# The folders of the examples, as parameters.
EXAMPLES: Final = [
    pytest.param(path.parent, id=path.parent.name, marks=[NEEDS_KCL] if list(path.parent.rglob("*.k")) else [])
    for path in sorted((PROJECT / "examples").glob("*/kusion-render.yaml"))
]


class Run:
    """What one run of the program left behind."""

    def __init__(self, process: subprocess.CompletedProcess[bytes]) -> None:
        self.exit_code: Final = process.returncode
        self.stdout: Final = process.stdout.decode()
        self.stderr: Final = process.stderr.decode()

    @property
    def manifests(self) -> list[dict[str, Any]]:
        """The objects on stdout."""
        return [document for document in yaml.safe_load_all(self.stdout) if document]

    def manifest(self, kind: str, name: str | None = None) -> dict[str, Any]:
        """The one object of a kind (and name) on stdout."""
        found = [each for each in self.manifests if each["kind"] == kind and name in (None, each["metadata"]["name"])]
        assert len(found) == 1, f"{len(found)} objects of {kind}/{name}:\n{self.stdout}{self.stderr}"
        return found[0]


class Workbench:
    """Writes files into a folder and runs `kusion-render` in it."""

    def __init__(self, root: Path) -> None:
        self.root: Final = root

    def write(self, files: dict[str, str | bytes]) -> Workbench:
        """Write files by path; texts are dedented."""
        for name, content in files.items():
            path = self.root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content if isinstance(content, bytes) else dedent(content).lstrip("\n").encode())
        return self

    def app(self, text: str, **files: str) -> Workbench:
        """Write the smallest repository around one app file: project `shop`, stack `dev`."""
        return self.write(
            {
                "kusion-render.yaml": "compatibility: native\n",
                "shop/project.yaml": "name: shop\n",
                "shop/dev/stack.yaml": "name: dev\n",
                "shop/dev/app.yaml": text,
                **files,
            }
        )

    def run(self, *arguments: str, folder: str = ".", env: dict[str, str] | None = None, stdin: bytes = b"") -> Run:
        """Run the program below the repository."""
        environment = {
            "PATH": os.environ.get("PATH", ""),
            "PYTHONPATH": str(PROJECT),
            "PYTHONDONTWRITEBYTECODE": "1",
            "LC_ALL": "C.UTF-8",
            **(env or {}),
        }
        return Run(
            subprocess.run(
                [sys.executable, "-m", "kusion_render", *arguments],
                cwd=self.root / folder,
                env=environment,
                input=stdin,
                capture_output=True,
                check=False,
                timeout=120,
            )
        )

    def render(self, *arguments: str, **options: Any) -> Run:
        """Render, and expect it to succeed."""
        run = self.run("render", *arguments, **options)
        assert run.exit_code == 0, run.stderr
        return run

    def fail(self, *arguments: str, **options: Any) -> str:
        """Render, expect wrong input and nothing on stdout; return the report."""
        run = self.run("render", *arguments, **options)
        assert run.exit_code == 1, (run.exit_code, run.stdout, run.stderr)
        assert run.stdout == ""
        return run.stderr
