"""Pages of the documentation, typed in line by line."""

from __future__ import annotations

import os
import re
import subprocess
from typing import TYPE_CHECKING, Final

from sources import GIT

if TYPE_CHECKING:
    from pathlib import Path

DATES: Final = {"GIT_AUTHOR_DATE": "@1700500000 +0000", "GIT_COMMITTER_DATE": "@1700500000 +0000"}


def typed(page: Path) -> list[tuple[str, str]]:
    """Return the commands of a page with what is shown below each."""
    found: list[tuple[str, str]] = []
    for block in re.findall(r"```console\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL):
        found += [
            (line, shown)
            for line, _, shown in (part.partition("\n") for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:])
        ]
    return found


def without_commits(text: str) -> str:
    """Return a text with the names of commits made alike."""
    return re.sub(r"\b[0-9a-f]{7,40}\b", "COMMIT", text)


def type_in(page: Path, root: Path, programs: Path) -> int:
    """Run each command of a page in order, compare what it prints with what the page shows; return how many there are."""
    env = {**GIT, **DATES, "PATH": f"{programs}:{os.environ['PATH']}"}
    lines = typed(page)
    last = 0
    for line, shown in lines:
        if line == "echo $?":
            assert int(shown) == last
            continue
        done = subprocess.run(
            ["bash", "-c", line],
            cwd=root,
            env=env,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            timeout=60,
        )
        last = done.returncode
        assert last in (0, 4), (line, done.stdout)
        # What git says is its own affair, where the page does not show it.
        if shown or not line.startswith("git "):
            assert without_commits(shown) == without_commits(done.stdout), line
    return len(lines)
