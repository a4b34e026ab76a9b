"""The shape of the code: small functions, small files, no corner for leftovers."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING, Final

import pytest
from workbench import PROJECT

if TYPE_CHECKING:
    from pathlib import Path

PACKAGE: Final = PROJECT / "kusion_render"
SOURCES: Final = [path for path in sorted(PACKAGE.rglob("*.py")) if "generated" not in path.parts]


def functions(path: Path) -> list[tuple[str, int]]:
    """Return the functions of a file with their lengths in lines."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return [
        (f"{path.relative_to(PROJECT)}:{node.lineno} {node.name}", (node.end_lineno or node.lineno) - node.lineno + 1)
        for node in ast.walk(tree)
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
    ]


def test_functions_fit_a_screen() -> None:
    """Half of the functions have at most 12 lines, nine of ten at most 40, none more than 80."""
    found = [each for path in SOURCES for each in functions(path)]
    lengths = sorted(length for _, length in found)

    assert lengths[len(lengths) // 2] <= 12
    assert lengths[int(len(lengths) * 0.9)] <= 40
    assert [] == [name for name, length in found if length > 80]


def test_files_stay_small() -> None:
    """No file has more than 500 lines."""
    assert [] == [str(path) for path in SOURCES if len(path.read_text(encoding="utf-8").splitlines()) > 500]


def test_there_is_no_corner_for_leftovers() -> None:
    """A file is named after what it hides."""
    names = {path.stem for path in PACKAGE.rglob("*.py")} | {path.name for path in PACKAGE.rglob("*") if path.is_dir()}

    assert set() == names & {"utils", "util", "helpers", "helper", "common", "base", "core", "manager", "misc"}


def test_one_door_to_outside_programs() -> None:
    """Programs are started in one file alone, and never through a shell."""
    assert ["process.py"] == [
        path.relative_to(PACKAGE).as_posix()
        for path in SOURCES
        if re.search(r"^\s*(import subprocess|from subprocess)|os\.system", path.read_text(), re.MULTILINE)
    ]


def rules() -> dict[str, set[str]]:
    """Return the names of all rules by code."""
    found: dict[str, set[str]] = {}
    for path in SOURCES:
        for code, name in re.findall(r'Rule\(\s*"(KR\d+)",\s*"([a-z-]+)"', path.read_text(encoding="utf-8")):
            found.setdefault(code, set()).add(name)
    return found


def test_every_code_means_one_thing() -> None:
    """A code has one name, and a name one code."""
    found = rules()
    names = [name for each in found.values() for name in each]

    assert {} == {code: each for code, each in found.items() if len(each) > 1}
    assert len(names) == len(set(names))


def test_every_code_is_documented() -> None:
    """Each code has a heading in the reference, and the reference knows no other."""
    text = (PROJECT / "docs/reference/diagnostics.md").read_text(encoding="utf-8")
    documented = dict(re.findall(r"^## (KR\d+) ([a-z-]+)$", text, re.MULTILINE))

    assert {code: next(iter(each)) for code, each in rules().items()} == documented


def test_every_module_and_target_is_a_whole_folder() -> None:
    """A module has a schema and a README, a target a README."""
    modules = [path.parent for path in (PACKAGE / "modules").glob("*/__init__.py")]
    targets = [path.parent for path in (PACKAGE / "targets").glob("*/__init__.py")]

    assert [] == [path.name for path in modules if not (path / "schema.json").is_file()]
    assert [] == [path.name for path in [*modules, *targets] if not (path / "README.md").is_file()]


@pytest.mark.parametrize("kind", ["modules", "targets"])
def test_plug_ins_do_not_know_each_other(kind: str) -> None:
    """A module or a target imports no other one, so each can be added or removed by itself."""
    folders = [path.parent for path in (PACKAGE / kind).glob("*/__init__.py")]
    others = {
        f"{path.relative_to(PROJECT)} imports {other.name}"
        for folder in folders
        for path in folder.rglob("*.py")
        for other in folders
        if other != folder and f"kusion_render.{kind}.{other.name}" in path.read_text(encoding="utf-8")
    }

    assert folders
    assert set() == others
