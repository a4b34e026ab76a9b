"""What the pages say of targets: the table of what each can't express, and the how-to, line by line."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING, Any, Final

import pytest
from specs import manifest, spec
from tools import tool_path
from workbench import PROJECT

from kusion_render.diagnostics import Diagnostics
from kusion_render.targets import built_in, load

if TYPE_CHECKING:
    from pathlib import Path

    from kusion_render.model import Spec

PAGE: Final = PROJECT / "docs/reference/targets.md"
HOW_TO: Final = PROJECT / "docs/how-to/use-the-helm-chart.md"


def table() -> dict[str, dict[str, list[str]]]:
    """Return the codes of each target by row of the table."""
    lines = [line for line in PAGE.read_text(encoding="utf-8").splitlines() if line.startswith("| ")]
    head = [cell.strip(" `") for cell in lines[0].strip("|").split("|")]
    rows = [
        [cell.strip() for cell in line.strip("|").split("|")] for line in lines[1 : lines.index("| value | sets |")]
    ]
    return {
        row[0]: dict(zip(head[1:], (re.findall(r"\[(KR\d+)\]", cell) for cell in row[1:]), strict=True)) for row in rows
    }


def thing(stack: str, content: Any) -> dict[str, Any]:
    """Return a custom resource."""
    return manifest("Thing", api="example.com/v1", stack=stack, spec={"content": content, "size": 1})


def differing(one: Any, two: Any) -> list[Spec]:
    """Return two stacks that differ in one field."""
    return [spec("dev", thing("dev", one)), spec("prod", thing("prod", two))]


def large() -> str:
    """Return a megabyte that no archive makes smaller."""
    from hashlib import sha256

    return "".join(sha256(str(number).encode()).hexdigest() for number in range(30_000))


POD: Final = {"containers": [{"name": "a", "image": "a", "envFrom": [{"configMapRef": {"name": "web"}}]}]}
HOOK: Final = {"annotations": {"helm.sh/hook": "pre-install"}}
CASES: Final = {
    "an object without a name": [spec("dev", {"apiVersion": "v1", "kind": "Pod", "metadata": {"generateName": "x-"}})],
    "stacks that differ by null": differing(None, "x"),
    "stacks that differ by a whole number": differing(1 << 60, 1),
    "stacks that differ by an invisible": differing(["\u2028"], ["x"]),
    "an object encrypted by SOPS": [spec("dev", manifest("Secret", sops={"mac": "x"}))],
    "the namespace that all else": [spec("dev", manifest("Namespace", "shop-dev"))],
    "a Job before a first install": [
        spec(
            "dev",
            manifest("Job", api="batch/v1", metadata=HOOK, spec={"template": {"spec": POD}}),
            manifest("ConfigMap", data={"a": "b"}),
        )
    ],
    "more than a release": [spec("dev", manifest("ConfigMap", data={"a": large()}))],
    "annotations below": [spec("dev", manifest("Pod", metadata={"annotations": {"config.kubernetes.io/index": "1"}}))],
    "a control character": [spec("dev", manifest("ConfigMap", data={"a": "\x7f"}))],
    "a key of more than": [spec("dev", thing("dev", {"k" * 1001: 1}))],
}


def test_the_table_has_a_case_for_each_row() -> None:
    """No row is there that no case makes true, nor a case without a row."""
    rows = list(table())

    assert len(rows) == len(CASES)
    assert all(any(row.startswith(start) for start in CASES) for row in rows)


@pytest.mark.parametrize("row", table())
def test_what_targets_cannot_express(row: str) -> None:
    """Each target reports what the table says of it, and nothing where the table says that it comes as it is."""
    specs = next(specs for start, specs in CASES.items() if row.startswith(start))
    for name, codes in table()[row].items():
        target = load(name)
        found = Diagnostics()
        assert target is not None
        target.emit(specs, {}, found)

        assert codes == sorted({item.rule.code for item in found.items}), name


def test_the_page_lists_all_targets(capsys: pytest.CaptureFixture[str]) -> None:
    """The list on the page is what the command prints."""
    from kusion_render.cli import run

    assert 0 == run(["targets"])
    assert capsys.readouterr().out.strip() in PAGE.read_text(encoding="utf-8")
    assert {"helm", "kubernetes", "kustomize"} <= set(built_in())


def how_to() -> list[tuple[str, str]]:
    """Return the commands of the how-to, each with what the page shows of it."""
    found: list[tuple[str, str]] = []
    for block in re.findall(r"```console\n(.*?)```", HOW_TO.read_text(encoding="utf-8"), re.DOTALL):
        for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            command, _, shown = part.partition("\n")
            found.append((command, shown))
    return found


@pytest.mark.integration
def test_the_how_to_is_real(tmp_path: Path) -> None:
    """Each line of the page, run after the other, gives what the page shows below it."""
    shop = tmp_path / "shop"
    shutil.copytree(PROJECT / "examples/online-boutique", shop)
    text = HOW_TO.read_text(encoding="utf-8")
    values = re.search(r"`mine.yaml`:\n\n```yaml\n(.*?)```", text, re.DOTALL)
    assert values is not None
    (shop / "mine.yaml").write_text(values[1], encoding="utf-8")
    program = tmp_path / "bin/kusion-render"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m kusion_render "$@"\n', encoding="utf-8")
    program.chmod(0o755)
    environment = {
        "PATH": f"{program.parent}{os.pathsep}{tool_path('helm', 'kubectl')['PATH']}",
        "PYTHONPATH": str(PROJECT),
        "HOME": str(tmp_path),
        "LC_ALL": "C",
    }
    commands = how_to()
    assert len(commands) > 8
    for command, shown in commands:
        done = subprocess.run(
            ["bash", "-c", command], cwd=shop, env=environment, capture_output=True, check=False, timeout=120
        )

        assert shown == (done.stdout + done.stderr).decode(), command
