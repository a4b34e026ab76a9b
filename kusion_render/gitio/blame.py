"""The commit that last touched a line, told from commits and blobs alone."""

from __future__ import annotations

from difflib import SequenceMatcher
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from kusion_render.gitio.commit import Commit
    from kusion_render.gitio.reading import Git


# Comparing longer files that differ would take too long for an answer at a prompt.
_MOST_LINES: Final = 20_000


class Blame:
    """Tells of lines of files below `folder`, an absolute folder inside the repository, as they are on the disk.

    git itself finds the lines in what is committed, with text conversion switched off, so nothing of the repository runs.
    """

    def __init__(self, git: Git, folder: str) -> None:
        self._git: Final = git
        self._prefix: Final = git.prefix(folder)
        self._files: Final[dict[str, dict[int, str]]] = {}
        self._commits: Final[dict[str, Commit]] = {}

    def commit(self, file: str, line: int, content: bytes) -> Commit | None:
        """Return the last commit that touched a line, counted from 1; None when it is in none, or history ends before.

        `content` is what the file holds on the disk: a line that is not as committed belongs to no commit.
        """
        path = f"{self._prefix}/{file}" if self._prefix else file
        if path not in self._files:
            self._files[path] = self._owners(path, content)
        name = self._files[path].get(line)
        if name is None:
            return None
        if name not in self._commits:
            self._commits[name] = self._git.commit(name)
        return self._commits[name]

    def _owners(self, path: str, content: bytes) -> dict[int, str]:
        """Return the commit of each line of a file that is as committed."""
        if "\n" in path:
            return {}
        committed = self._committed(path)
        old, new = (self._git.blob(f"HEAD:{path}") or b"").splitlines(), content.splitlines()
        if old == new:
            return committed
        if max(len(old), len(new)) > _MOST_LINES:
            return {}
        blocks = SequenceMatcher(None, old, new, autojunk=False).get_matching_blocks()
        pairs = ((b + step + 1, committed.get(a + step + 1)) for a, b, size in blocks for step in range(size))
        return {line: name for line, name in pairs if name is not None}

    def _committed(self, path: str) -> dict[int, str]:
        """Return the commit of each line in HEAD, less those that only seem to be of the oldest one in a shallow clone."""
        found = self._git.run("blame", "--porcelain", "--no-textconv", "HEAD", "--", path, accept=(0, 128))
        owners: dict[int, str] = {}
        bounds = set()
        name = ""
        for line in found.output.split(b"\n") if found.exit_code == 0 else ():
            words = line.split(b" ")
            if line.startswith(b"\t"):
                name = ""
            elif not name:
                name = words[0].decode(errors="replace")
                owners |= {int(words[2]): name} if len(words) > 2 else {}
            elif line == b"boundary":
                bounds.add(name)
        if bounds and self._git.is_shallow():
            return {number: owner for number, owner in owners.items() if owner not in bounds}
        return owners
