"""Files into folders: what changed, what is pruned, what is refused, and what a broken run leaves behind."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

import pytest

from kusion_render.delivery.folder import OWNERSHIP_FILE, Change, write
from kusion_render.diagnostics import Diagnostics

if TYPE_CHECKING:
    from pathlib import Path

    from workbench import Workbench

FOUR: Final[dict[str, str | bytes]] = {f"shop/dev/{name}.yaml": f"{name}\n" for name in "abcd"}


def tree(folder: Path) -> dict[str, str]:
    """Return the files below a folder and their content, without the ownership files."""
    return {
        path.relative_to(folder).as_posix(): path.read_text()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != OWNERSHIP_FILE
    }


def delivered(files: dict[str, str | bytes], output: Path, *, whole: bool = False, mass: bool = False) -> Change:
    """Write files and expect no problem."""
    found = Diagnostics()
    change = write(files, str(output), found, whole=whole, allow_mass_delete=mass)
    assert [] == [item.message for item in found.items]
    assert change is not None
    return change


def refused(files: dict[str, str | bytes], output: Path, *, whole: bool = False) -> list[tuple[str, str]]:
    """Write files, expect to be refused with nothing written, and return codes and messages."""
    before = tree(output)
    found = Diagnostics()
    assert write(files, str(output), found, whole=whole) is None
    assert before == tree(output)
    assert all(item.help for item in found.items)
    return [(item.rule.code, item.message) for item in found.items]


def test_files_are_written(tmp_path: Path) -> None:
    """Folders are made, texts and bytes written, and the change says which."""
    change = delivered({"shop/dev/a.yaml": "a\n", "shop/prod/b.yaml": b"b\n"}, tmp_path / "out")

    assert (["shop/dev/a.yaml", "shop/prod/b.yaml"], []) == (change.written, change.removed)
    assert {"shop/dev/a.yaml": "a\n", "shop/prod/b.yaml": "b\n"} == tree(tmp_path / "out")


def test_unchanged_files_are_not_touched(tmp_path: Path) -> None:
    """A second run of the same writes nothing, not even the ownership file."""
    delivered(FOUR, tmp_path)
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")}
    change = delivered(FOUR, tmp_path)

    assert ([], []) == (change.written, change.removed)
    assert before == {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")}


def test_only_what_changed_is_written(tmp_path: Path) -> None:
    """The change names the file that differs."""
    delivered(FOUR, tmp_path)

    assert ["shop/dev/b.yaml"] == delivered({**FOUR, "shop/dev/b.yaml": "new\n"}, tmp_path).written


def test_an_edit_by_hand_is_undone(tmp_path: Path) -> None:
    """What is on the disk counts, not what was once written."""
    delivered(FOUR, tmp_path)
    (tmp_path / "shop/dev/a.yaml").write_text("edited\n")

    assert ["shop/dev/a.yaml"] == delivered(FOUR, tmp_path).written


def test_what_is_gone_is_pruned(tmp_path: Path) -> None:
    """A file of ours that is no longer made is removed, a foreign one stays."""
    delivered(FOUR, tmp_path)
    (tmp_path / "shop/dev/mine.txt").write_text("keep\n")
    change = delivered({name: text for name, text in FOUR.items() if "/d." not in name}, tmp_path)

    assert ["shop/dev/d.yaml"] == change.removed
    assert (tmp_path / "shop/dev/mine.txt").exists()
    assert not (tmp_path / "shop/dev/d.yaml").exists()


def test_other_stacks_are_left_alone(tmp_path: Path) -> None:
    """A render of one stack removes nothing of another."""
    delivered({**FOUR, "shop/prod/a.yaml": "a\n"}, tmp_path)

    assert [] == delivered(FOUR, tmp_path).removed
    assert "shop/prod/a.yaml" in tree(tmp_path)


def test_a_whole_render_removes_stacks_that_are_gone(tmp_path: Path) -> None:
    """With leave to do so; the folder goes with its last file."""
    delivered({**FOUR, "shop/prod/a.yaml": "a\n"}, tmp_path)

    assert [("KR512", "this would remove all 1 objects of `shop/prod`")] == refused(FOUR, tmp_path, whole=True)
    assert ["shop/prod/a.yaml"] == delivered(FOUR, tmp_path, whole=True, mass=True).removed
    assert not (tmp_path / "shop/prod").exists()


def test_a_mass_deletion_needs_leave(tmp_path: Path) -> None:
    """More than half of a stack's objects are not removed unasked; half of them are."""
    delivered(FOUR, tmp_path)
    one = dict(list(FOUR.items())[:1])
    two = dict(list(FOUR.items())[:2])

    assert [("KR512", "this would remove 3 of 4 objects of `shop/dev`")] == refused(one, tmp_path)
    assert 2 == len(delivered(two, tmp_path).removed)


def test_a_foreign_file_is_in_the_way(tmp_path: Path) -> None:
    """A file that is not ours is not overwritten, unless it holds the same."""
    (tmp_path / "shop/dev").mkdir(parents=True)
    (tmp_path / "shop/dev/a.yaml").write_text("theirs\n")
    (tmp_path / "shop/dev/b.yaml").write_text("b\n")

    assert [("KR513", "`shop/dev/a.yaml` is in the way and not ours")] == refused(FOUR, tmp_path)


def test_a_link_in_the_way_is_not_followed(tmp_path: Path) -> None:
    """Neither a linked file nor a linked folder leads what we write elsewhere."""
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere/a.yaml").write_text("a\n")
    (tmp_path / "out/shop/dev").mkdir(parents=True)
    (tmp_path / "out/shop/dev/a.yaml").symlink_to(tmp_path / "elsewhere/a.yaml")
    (tmp_path / "out/shop/prod").symlink_to(tmp_path / "elsewhere")

    assert [("KR513", "`shop/dev/a.yaml` is in the way and not ours")] == refused(FOUR, tmp_path / "out")
    assert [("KR514", "`shop/prod` leads outside the output folder")] == refused(
        {"shop/prod/a.yaml": "x"}, tmp_path / "out"
    )
    assert [("KR514", "`../x` leads outside the output folder")] == refused({"../x/a.yaml": "x"}, tmp_path / "out")


def test_our_own_file_turned_into_a_link_is_replaced(tmp_path: Path) -> None:
    """The link goes, what it led to stays."""
    delivered(FOUR, tmp_path / "out")
    (tmp_path / "target").write_text("keep\n")
    (tmp_path / "out/shop/dev/a.yaml").unlink()
    (tmp_path / "out/shop/dev/a.yaml").symlink_to(tmp_path / "target")
    delivered(FOUR, tmp_path / "out")

    assert "keep\n" == (tmp_path / "target").read_text()
    assert not (tmp_path / "out/shop/dev/a.yaml").is_symlink()


def test_a_file_where_a_folder_should_be_is_told(tmp_path: Path) -> None:
    """What cannot be written is a problem with a place, and leaves no half."""
    (tmp_path / "shop").write_text("a file\n")
    found = Diagnostics()

    assert write(FOUR, str(tmp_path), found) is None
    assert ["KR518"] == [item.rule.code for item in found.items]
    assert {"shop": "a file\n"} == tree(tmp_path)


def test_a_folder_where_a_file_should_be_is_told(tmp_path: Path) -> None:
    """A folder of ours that took a file's name is in the way; nothing temporary stays."""
    delivered(FOUR, tmp_path)
    (tmp_path / "shop/dev/b.yaml").unlink()
    (tmp_path / "shop/dev/b.yaml").mkdir()
    found = Diagnostics()

    assert write({**FOUR, "shop/dev/c.yaml": "new"}, str(tmp_path), found) is None
    assert ["KR518"] == [item.rule.code for item in found.items]
    assert [] == [path for path in tmp_path.rglob("*") if "-new" in path.name]


def test_a_run_that_was_cut_off_is_finished_by_the_next(tmp_path: Path) -> None:
    """Files are claimed before they appear, so that what a dead run wrote is still ours."""
    delivered({"shop/dev/a.yaml": "a\n", "shop/dev/b.yaml": "b\n"}, tmp_path)
    (tmp_path / "shop/dev/c.yaml").mkdir()
    assert write({**FOUR, "shop/dev/a.yaml": "new\n"}, str(tmp_path), Diagnostics()) is None
    (tmp_path / "shop/dev/c.yaml").rmdir()

    assert ["shop/dev/a.yaml", "shop/dev/c.yaml", "shop/dev/d.yaml"] == delivered(
        {**FOUR, "shop/dev/a.yaml": "new\n"}, tmp_path
    ).written


@pytest.mark.parametrize("line", ["../../x", "/etc/passwd", "..", "sub/x"])
def test_the_ownership_file_leads_nowhere(tmp_path: Path, line: str) -> None:
    """A forged ownership file removes nothing outside its folder."""
    delivered(FOUR, tmp_path / "out")
    (tmp_path / "x").write_text("keep")
    (tmp_path / "out/shop/dev/sub").mkdir()
    (tmp_path / "out/shop/dev/sub/x").write_text("keep")
    with (tmp_path / "out/shop/dev" / OWNERSHIP_FILE).open("a") as stream:
        stream.write(f"{'0' * 64}  {line}\n")

    assert [] == delivered(FOUR, tmp_path / "out").removed
    assert (tmp_path / "x").exists()
    assert (tmp_path / "out/shop/dev/sub/x").exists()


# By the command line.

APP: Final = "web: {workload: {containers: {web: {image: 'a:1'}}}, accessories: {configs: {c: {data: {a: b}}}}}"


def names(folder: Path) -> list[str]:
    """Return all files below a folder by path."""
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def test_a_render_into_a_folder(workbench: Workbench) -> None:
    """One file an object, named after kind and name; the report is on stderr; no other manifest lies there."""
    run = workbench.app(APP).render("--output", "out")

    assert ("", "1 stack: 2 files written, 0 removed below out\n") == (run.stdout, run.stderr)
    assert ["shop/dev/.kusion-render", "shop/dev/configmap-c.yaml", "shop/dev/deployment-web.yaml"] == names(
        workbench.root / "out"
    )
    assert "1 stack: 0 files written, 0 removed below out\n" == workbench.render("--output", "out").stderr


def test_a_failing_stack_writes_nothing(workbench: Workbench) -> None:
    """All or nothing, over all stacks of a run."""
    workbench.app(APP, **{"shop/prod/stack.yaml": "name: prod\n", "shop/prod/app.yaml": "web: {workload: 3}\n"})
    workbench.fail("--output", "out")

    assert not (workbench.root / "out").exists()


def test_several_workspaces_have_several_folders(workbench: Workbench) -> None:
    """A stack on several workspaces is written to `stack@workspace`; `--kustomization` adds its file."""
    workbench.app(
        APP,
        **{
            "shop/dev/stack.yaml": "workspaces: [eu, us]",
            "workspaces/eu.yaml": "labels: {at: eu}",
            "workspaces/us.yaml": "{}",
        },
    ).render("--output", "out", "--kustomization")

    assert {"shop/dev@eu", "shop/dev@us"} == {os.path.dirname(name) for name in names(workbench.root / "out")}
    assert "shop/dev@eu/kustomization.yaml" in names(workbench.root / "out")


def test_a_removed_stack_needs_leave(workbench: Workbench) -> None:
    """A render of everything would remove the folder of a stack that is gone; it says so first."""
    workbench.app(APP, **{"shop/prod/stack.yaml": "name: prod", "shop/prod/app.yaml": APP}).render("--output", "out")
    (workbench.root / "shop/prod/stack.yaml").unlink()
    report = workbench.fail("--output", "out")

    assert "error[KR512]: this would remove all 2 objects of `shop/prod`" in report
    assert "--allow-mass-delete" in report
    assert "2 removed" in workbench.render("--output", "out", "--allow-mass-delete").stderr


def test_what_a_killed_run_left_is_cleared(workbench: Workbench) -> None:
    """A staged file of a run that was killed has no manifest's suffix and goes with the next run."""
    workbench.app("web: {workload: {containers: {web: {image: a}}}}\n").render("--output", "out")
    folder = workbench.root / "out/shop/dev"
    (folder / ".kusion-render-new-0123456789abcdef").write_text("half")

    workbench.render("--output", "out")

    assert {".kusion-render", "deployment-web.yaml"} == {path.name for path in folder.iterdir()}
