"""`check`: what is committed is what would be rendered, or the difference has a name."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING

import pytest
from sources import Sources, app

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def sources(tmp_path: Path) -> Sources:
    """A repository with two stacks, rendered into a folder and onto branches."""
    made = Sources.begin(tmp_path)
    made.commit("--branch", "env/{stack}")
    made.commit("--output", "rendered")
    return made


def spoil(sources: Sources, folder: Path) -> None:
    """Bring every kind of difference into an output, and one into the sources."""
    (folder / "shop/dev/deployment-web.yaml").unlink()
    (folder / "shop/dev/service-web.yaml").write_text("edited: true\n")
    sources.write({"shop/prod/app.yaml": "web: {workload: {containers: {web: {image: 'registry.example/web:2'}}}}\n"})


EXPECTED = [
    "shop/dev/deployment-web.yaml: missing",
    "shop/dev/service-web.yaml: edited by hand",
    "shop/prod/deployment-web.yaml: out of date",
    "shop/prod/service-web.yaml: no longer rendered",
]


@pytest.mark.parametrize(
    "how", [["--output", "rendered"], ["--branch", "env/{stack}"], ["--output", "rendered", "-r", "HEAD"]]
)
def test_no_difference(how: list[str], sources: Sources) -> None:
    """Exit code 0, nothing on stdout."""
    run = sources.run("check", *how)

    assert (0, "") == (run.exit_code, run.stdout)
    assert "2 folders checked, all up to date\n" == run.stderr


def test_each_difference_has_a_name(sources: Sources) -> None:
    """Exit code 4, one line a file, and the command that mends it."""
    spoil(sources, sources.root / "rendered")
    run = sources.run("check", "--output", "rendered")

    assert 4 == run.exit_code
    assert [f"rendered/{line}" for line in EXPECTED] == run.stdout.split("\n")[:-2]
    assert "help: `kusion-render render --output rendered` mends it" == run.stdout.split("\n")[-2]
    sources.render("--output", "rendered")
    assert 0 == sources.run("check", "--output", "rendered").exit_code


def test_a_branch_is_checked_by_what_it_holds(sources: Sources) -> None:
    """Its tip, ours or as last fetched."""
    sources.commit("--branch", "all")
    sources.git("worktree", "add", "-q", "../all", "all")
    tree = Sources(sources.root.parent / "all")
    spoil(sources, tree.root)
    tree.save({})
    run = sources.run("check", "--branch", "all")

    assert 4 == run.exit_code
    assert [f"all:{line}" for line in EXPECTED] == run.stdout.split("\n")[:-2]
    assert "help: `kusion-render commit --branch 'all'` mends it" in run.stdout
    # The same sources as they were committed differ less.
    assert 2 == sources.run("check", "--branch", "all", "--revision", "HEAD").stdout.count("all:")


def test_the_branch_of_the_remote_counts_where_there_is_no_own(sources: Sources) -> None:
    """As CI has it after a fetch; a branch that is nowhere is said."""
    sources.push()
    clone = sources.clone("clone")

    assert 0 == clone.run("check", "--branch", "env/{stack}").exit_code
    run = clone.run("check", "--branch", "none/{stack}")
    assert 1 == run.exit_code
    assert "error[KR567]: there is no branch `none/dev`, here or on `origin`" in run.stderr


def test_a_stack_that_is_gone_is_found(sources: Sources) -> None:
    """By a check of everything; that of one stack doesn't look elsewhere."""
    shutil.rmtree(sources.root / "shop/dev")

    assert 0 == sources.run("check", "shop/prod", "--output", "rendered").exit_code
    run = sources.run("check", "--output", "rendered")
    assert 4 == run.exit_code
    assert "rendered/shop/dev/service-web.yaml: no longer rendered" in run.stdout


def test_a_lost_list_of_what_is_ours_is_a_difference(sources: Sources) -> None:
    """Without it nothing would ever be removed."""
    (sources.root / "rendered/shop/dev/.kusion-render").unlink()

    assert "rendered/shop/dev/.kusion-render: missing" in sources.run("check", "--output", "rendered").stdout


def test_json_for_scripts(sources: Sources) -> None:
    """The same, and whether all is well."""
    fine = json.loads(sources.run("check", "--output", "rendered", "--format", "json").stdout)
    spoil(sources, sources.root / "rendered")
    run = sources.run("check", "--output", "rendered", "--format", "json")
    answer = json.loads(run.stdout)

    assert (True, 2, []) == (fine["upToDate"], fine["checked"], fine["differences"])
    assert 4 == run.exit_code
    assert {
        "folder": "rendered/shop/dev",
        "missing": ["deployment-web.yaml"],
        "stale": [],
        "edited": ["service-web.yaml"],
        "extra": [],
    } == answer["differences"][0]


def test_a_folder_needs_no_git(sources: Sources) -> None:
    """Neither the program nor the repository."""
    shutil.rmtree(sources.root / ".git")

    assert 0 == sources.run("check", "--output", "rendered", env={"PATH": "/nowhere"}).exit_code


def test_a_revision_checks_itself(sources: Sources) -> None:
    """Sources and output of one commit, whatever the work tree holds."""
    sources.write({"shop/prod/app.yaml": "broken: [\n", "rendered/shop/prod/service-web.yaml": "x: y\n"})

    assert 0 == sources.run("check", "--output", "rendered", "--revision", "HEAD").exit_code
    assert 1 == sources.run("check", "--output", "rendered").exit_code


@pytest.mark.parametrize("how", [[], ["--output", "a", "--branch", "b"], ["--output", "a", "--path", "b"]])
def test_wrong_usage(how: list[str], sources: Sources) -> None:
    """Exit code 2."""
    assert 2 == sources.run("check", *how).exit_code


def test_check_changes_nothing(sources: Sources) -> None:
    """No file, no ref, no index."""
    sources.write({"shop/prod/app.yaml": app("registry.example/web:2")})
    before, refs = sources.state(), sources.git("for-each-ref")
    sources.run("check", "--branch", "env/{stack}")
    sources.run("check", "--output", "rendered")

    assert (before, refs) == (sources.state(), sources.git("for-each-ref"))
