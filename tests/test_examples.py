"""The examples: what is committed is what they render to, and every value of it is explained."""

from __future__ import annotations

import filecmp
import json
import shutil
from typing import TYPE_CHECKING, Final

import pytest
from workbench import PROJECT, Workbench

if TYPE_CHECKING:
    from pathlib import Path

EXAMPLES: Final = sorted(path.parent for path in (PROJECT / "examples").glob("*/kusion-render.yaml"))


def files(folder: Path) -> set[str]:
    """Return the files below a folder, by path."""
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.name)
def test_committed_output_is_what_renders(example: Path, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    """An example's folder `rendered` holds what its stacks render to, byte for byte."""
    committed = example / "rendered"
    Workbench(example).render("--output", str(tmp_path / "out"))
    if request.config.getoption("--update-golden"):
        shutil.rmtree(committed, ignore_errors=True)
        shutil.copytree(tmp_path / "out", committed)

    assert files(committed) == files(tmp_path / "out")
    _, different, unread = filecmp.cmpfiles(committed, tmp_path / "out", sorted(files(committed)), shallow=False)
    assert ([], []) == (different, unread)


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.name)
def test_every_value_is_explained(example: Path) -> None:
    """Each leaf of each object comes from an input, from the workspace, or from a module; inputs have a place."""
    bench = Workbench(example)
    stacks = json.loads(bench.run("list", "--format", "json").stdout)["stacks"]
    assert stacks
    for stack in stacks:
        objects = bench.run("explain", stack["stack"]).stdout.split()
        assert objects
        for name in objects[:: max(1, len(objects) // 6)]:
            fields = json.loads(bench.run("explain", stack["stack"], name, "--format", "json").stdout)["fields"]
            assert fields
            for field in fields:
                assert field["kind"] in ("input", "workspace", "module"), field
                assert field["module"]
                if field["kind"] != "module":
                    assert field["origins"][-1]["line"] >= 1, field
            decided = {field["field"] for field in fields if field["kind"] == "module"}
            named = {field["field"] for field in fields if field["field"] in ("metadata.name", "metadata.namespace")}
            assert not decided & named, decided & named


def test_hello_is_what_init_writes(tmp_path: Path) -> None:
    """The smallest example and a new repository are the same files."""
    Workbench(tmp_path).run("init", "hello")
    example = PROJECT / "examples/hello"
    written = files(tmp_path / "hello")

    assert {name for name in files(example) if not name.startswith("rendered/")} == written
    for name in written:
        assert (example / name).read_text(encoding="utf-8") == (tmp_path / "hello" / name).read_text(encoding="utf-8")
