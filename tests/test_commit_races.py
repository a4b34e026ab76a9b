"""Writers at once, and writers that are killed: nothing is lost, nothing goes backwards, nothing stays broken."""

from __future__ import annotations

import os
import random
import shutil
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import TYPE_CHECKING, Final

import pytest
from sources import GIT, Sources

from kusion_render.delivery.branches import Publisher, Wishes
from kusion_render.delivery.plan import Folder
from kusion_render.diagnostics import Diagnostics
from kusion_render.gitio import open_repository
from kusion_render.gitio.writing import Writer

if TYPE_CHECKING:
    from pathlib import Path

HISTORY: Final = 40
LONG: Final = pytest.mark.skipif(
    os.environ.get("KR_REQUIRE_TOOLS") != "1", reason="takes long; `make integration` does it"
)


def content(number: int) -> bytes:
    """Return what the commit of this number renders to: the same again and again, so that some runs change nothing."""
    return f"kind: {number * 7 % 3}\n".encode()


def publish(clone: Sources, commits: list[str], number: int) -> str:
    """Push the render of one commit of the sources, and return what became of it."""
    with open_repository(str(clone.root), GIT) as git:
        dry = git.commit(commits[number])
        folder = Folder("shop/prod", "shop/prod", {"a.yaml": content(number)}, "")
        found = Diagnostics()
        wishes = Wishes(remote="origin", identity={}, push=True)
        results = Publisher(Writer(git, 40), dry, wishes).publish({"env/prod": [folder]}, found)
        assert [] == found.items
        return results[0].status


def race(folder: Path, rounds: int, seed: int) -> set[str]:
    """Let two writers push at once, round after round; return what became of their pushes."""
    dice = random.Random(seed)  # noqa: S311 - a schedule that can be repeated
    sources = Sources.begin(folder)
    commits = [sources.save({}, f"commit {number}") for number in range(HISTORY)]
    sources.git("push", "-q", "origin", "main")
    clones = [sources.clone(name) for name in ("left", "right")]
    start = Barrier(2)
    newest = -1
    seen = set()

    def turn(clone: Sources, number: int) -> str:
        start.wait(30)
        return publish(clone, commits, number)

    with ThreadPoolExecutor(2) as both:
        for at in range(rounds):
            middle = at * (HISTORY - 4) // rounds
            numbers = [min(HISTORY - 1, middle + dice.randrange(4)) for _ in clones]
            seen.update(both.map(turn, clones, numbers))
            newest = max(newest, *numbers)
            assert content(newest).decode().strip() == sources.show("env/prod:shop/prod/a.yaml"), (at, numbers)
            assert f'{{"drySha":"{commits[newest]}"}}' == sources.note("env/prod"), (at, numbers)
    told = sources.at_remote("log", "--first-parent", "--format=%(trailers:key=Dry-Sha,valueonly)", "env/prod").split()
    order = [commits.index(each) for each in reversed(told)]
    assert sorted(order) == order
    sources.at_remote("fsck", "--strict")
    return seen


def test_two_writers_lose_nothing_and_never_go_back(tmp_path: Path) -> None:
    """After each round the branch and its note are those of the newest commit that anybody pushed."""
    assert {"committed", "superseded", "unchanged"} >= race(tmp_path, 8, seed=1)


@pytest.mark.integration
@LONG
def test_two_writers_a_hundred_times(tmp_path: Path) -> None:
    """The same for longer; every outcome is met."""
    assert {"committed", "superseded", "unchanged"} == race(tmp_path, 50, seed=2)


def test_many_branches_share_one_ref_of_notes(tmp_path: Path) -> None:
    """Writers of different branches get in each other's way at the notes alone, and all come through."""
    sources = Sources.begin(tmp_path)
    clones = [sources.clone(f"clone{number}") for number in range(4)]
    with ThreadPoolExecutor(4) as all_at_once:
        # Of one author they would be the very same commits.
        jobs = [
            all_at_once.submit(
                clone.run,
                "commit",
                "--branch",
                f"job{number}/{{stack}}",
                "--push",
                "--author",
                f"{number} <a@b.example>",
            )
            for number, clone in enumerate(clones)
        ]
        runs = [job.result() for job in jobs]

    assert [0] * 4 == [run.exit_code for run in runs], [run.stderr for run in runs]
    assert 8 == sources.at_remote("notes", "--ref=hydrator.metadata", "list").count("\n") + 1


WRAPPER: Final = """\
#!/bin/sh
number=$(($(cat "{count}") + 1))
echo $number > "{count}"
if [ $number = "$KILL_AT" ] && [ "$KILL_WHEN" = before ]; then kill -9 $PPID; exit 1; fi
"{git}" "$@"
code=$?
if [ $number = "$KILL_AT" ] && [ "$KILL_WHEN" = after ]; then kill -9 $PPID; fi
exit $code
"""
WAYS: Final = {
    "push": ("--branch", "env/{stack}", "--push"),
    "branch": ("--branch", "env/{stack}"),
    "folder": ("--output", "rendered"),
}


class Killer:
    """A `git` that kills who called it, before or after its n-th run."""

    def __init__(self, folder: Path) -> None:
        self._folder: Final = folder / "bin"
        self._folder.mkdir()
        self._count: Final = folder / "count"
        wrapper = self._folder / "git"
        wrapper.write_text(WRAPPER.format(count=self._count, git=shutil.which("git")))
        wrapper.chmod(0o755)

    def environment(self, at: int, when: str) -> dict[str, str]:
        """Return an environment with this git in front."""
        self._count.write_text("0\n")
        path = f"{self._folder}{os.pathsep}{GIT['PATH']}"
        return {"PATH": path, "KILL_AT": str(at), "KILL_WHEN": when}

    @property
    def calls(self) -> int:
        """How often git was run since."""
        return int(self._count.read_text())


def kill(folder: Path, points: int, seed: int) -> None:
    """Kill runs at chosen points; after each the repositories are whole, and the next run completes."""
    dice = random.Random(seed)  # noqa: S311 - a schedule that can be repeated
    sources = Sources.begin(folder)
    killer = Killer(folder)
    calls = {}
    ends = set()
    for way, arguments in WAYS.items():
        assert 0 == sources.run("commit", *arguments, env=killer.environment(0, "")).exit_code
        calls[way] = killer.calls
    for point in range(points):
        way = dice.choice(sorted(WAYS))
        sources.image(str(point + 2))
        at, when = dice.randint(1, calls[way]), dice.choice(["before", "after"])
        killed = sources.run("commit", *WAYS[way], env=killer.environment(at, when))
        problem = f"{way}, {when} call {at} of {calls[way]}: {killed.exit_code} {killed.stderr}"
        assert killed.exit_code in (-9, 0), problem
        ends.add(killed.exit_code)
        sources.git("fsck", "--strict")
        sources.at_remote("fsck", "--strict")
        assert "shop/" not in sources.git("status", "--porcelain").replace("rendered/shop/", ""), problem
        completed = sources.run("commit", *WAYS[way])
        assert 0 == completed.exit_code, problem + completed.stderr
        assert "" == sources.git("status", "--porcelain"), problem
        assert [] == list((sources.root / ".git").rglob("*.lock")), problem
        shown = {
            "push": lambda: sources.show("env/prod:shop/prod/deployment-web.yaml"),
            "branch": lambda: sources.git("show", "env/prod:shop/prod/deployment-web.yaml"),
            "folder": lambda: sources.git("show", "HEAD:rendered/shop/prod/deployment-web.yaml"),
        }[way]()
        assert f"web:{point + 2}" in shown, problem
    assert -9 in ends


def test_killed_runs_leave_all_whole(tmp_path: Path) -> None:
    """Before or after any of the commands they run."""
    kill(tmp_path, 6, seed=3)


@pytest.mark.integration
@LONG
def test_runs_killed_at_fifty_points(tmp_path: Path) -> None:
    """The same, at more of them."""
    kill(tmp_path, 50, seed=4)
