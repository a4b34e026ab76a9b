"""Runs every case: a repository, a command line, and what it prints.

A case is a folder below `cases/` with `case.toml` (`command`, `exit_code`, and in a comment the rule it shows), `repo/`
(or, in `case.toml`, `repo`: that of several cases), and `expected/stdout.yaml` and `expected/stderr.txt`, each only where
something is printed.
"""

from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING, Final

import pytest
from workbench import PROJECT

from kusion_render.cli import run
from kusion_render.modules import MODULES

if TYPE_CHECKING:
    from pathlib import Path

CASES: Final = PROJECT / "tests/cases"
FOLDERS: Final = sorted(path.parent for path in CASES.rglob("case.toml"))


def expected(case: Path, name: str) -> str:
    """Return an expected output of a case; nothing where there is no file."""
    path = case / "expected" / name
    return path.read_text(encoding="utf-8") if path.exists() else ""


def update(case: Path, name: str, text: str) -> None:
    """Rewrite an expected output of a case."""
    path = case / "expected" / name
    path.unlink(missing_ok=True)
    if text:
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")


@pytest.mark.parametrize("case", FOLDERS, ids=lambda path: path.relative_to(CASES).as_posix())
def test_case(
    case: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfdbinary: pytest.CaptureFixture[bytes],
    request: pytest.FixtureRequest,
) -> None:
    """A case prints, byte for byte, what its folder says, and ends with its exit code."""
    settings = tomllib.loads((case / "case.toml").read_text(encoding="utf-8"))
    repository = case / settings.get("repo", "repo")
    assert (repository / "kusion-render.yaml").exists(), "without it the root would be this project's own"
    monkeypatch.chdir(repository)
    for name in ("KUSION_RENDER_ROOT", "ARGOCD_APP_NAMESPACE", "GITHUB_ACTIONS", "CI", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)

    exit_code = run(settings["command"])
    printed = capfdbinary.readouterr()
    found = {"stdout.yaml": printed.out.decode(), "stderr.txt": printed.err.decode()}
    if request.config.getoption("--update-golden"):
        for name, text in found.items():
            update(case, name, text)

    assert (settings["exit_code"], expected(case, "stderr.txt")) == (exit_code, found["stderr.txt"])
    assert expected(case, "stdout.yaml") == found["stdout.yaml"]


@pytest.mark.parametrize("module", MODULES)
def test_every_module_has_a_case(module: str) -> None:
    """No module is without a case that shows what it makes."""
    assert any((CASES / "modules" / module).glob("*/case.toml"))
