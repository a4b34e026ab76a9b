"""A commit's files, read as if they were checked out, without a work tree (`repository.disk.Source`).

What is checked out by filters, such as large files or other line ends, is read as it was committed. A submodule is an
empty folder. A link leads only to what the same tree holds.
"""

from __future__ import annotations

import errno
import os
from typing import TYPE_CHECKING, Final

from kusion_render.diagnostics import ToolError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from kusion_render.gitio.reading import Git

_FOLDER: Final = "040000"
_SUBMODULE: Final = "160000"
_LINK: Final = "120000"
DAMAGED: Final = "run `git fsck`; in a partial clone, `git fetch --refetch` or a full clone brings what is missing"
_LARGEST: Final = 64 * 1024 * 1024  # of what is compared with a render; a larger file is none
_LONGEST_LINK: Final = 4096
_MOST_LINKS: Final = 40


class Tree:
    """The files of a commit (or tree) below the folder `prefix` of it, as if that folder lay at the path `root`."""

    def __init__(self, git: Git, revision: str, prefix: str = "", root: str = "/") -> None:
        self.root: Final = root
        self._git: Final = git
        self._modes: Final[dict[str, tuple[str, str]]] = {"": (_FOLDER, "")}
        self._names: Final[dict[str, list[str]]] = {"": []}
        self._list(revision, f"{prefix}/" if prefix else "")

    def _list(self, revision: str, prefix: str) -> None:
        # The whole tree, so that a folder which the commit hasn't is told from one whose objects are missing.
        listed = self._git.run("ls-tree", "-r", "-t", "-z", "--full-tree", revision, help=DAMAGED)
        for record in listed.output.split(b"\0"):
            about, _, name = record.partition(b"\t")
            whole = os.fsdecode(name)
            path = whole.removeprefix(prefix)
            if path and whole.startswith(prefix):
                mode, _, identity = about.decode().split(" ")
                self._modes[path] = (mode, identity)
                self._names.setdefault(path.rpartition("/")[0], []).append(path.rpartition("/")[2])

    # What the tree holds, by paths relative to its root

    @property
    def files(self) -> dict[str, tuple[str, str]]:
        """Mode and id of every entry that is no folder, by path."""
        return {path: entry for path, entry in self._modes.items() if entry[0] != _FOLDER}

    def has(self, path: str) -> bool:
        """Tell whether anything, link or submodule too, has this path."""
        return path in self._modes

    # The door

    def canonical(self, path: str) -> str | None:
        """Return where a path leads to, relative to the root; None when that is outside."""
        return self._follow(self._relative(path))

    def is_file(self, path: str) -> bool:
        """Tell whether a path leads to a regular file."""
        return self._mode(path) not in ("", _FOLDER, _SUBMODULE, _LINK)

    def is_folder(self, path: str) -> bool:
        """Tell whether a path leads to a folder."""
        return self._mode(path) in (_FOLDER, _SUBMODULE)

    def is_there(self, path: str) -> bool:
        """Tell whether a path leads to anything at all."""
        return self._mode(path) != ""

    def entries(self, path: str) -> Iterable[tuple[str, bool]]:
        """Return the names in a folder, each with whether it is a folder itself."""
        place = self._follow(self._relative(path))
        mode = self._modes.get(place, ("", ""))[0] if place is not None else ""
        if mode not in (_FOLDER, _SUBMODULE):
            number = errno.ENOTDIR if mode else errno.ENOENT
            raise (NotADirectoryError if mode else FileNotFoundError)(number, os.strerror(number), path)
        inside = f"{place}/" if place else ""
        return [
            (name, self._modes[f"{inside}{name}"][0] in (_FOLDER, _SUBMODULE))
            for name in self._names.get(place or "", ())
        ]

    def read(self, path: str, limit: int) -> bytes:
        """Return a file's bytes, `limit` + 1 of them if there are more."""
        place = self._follow(self._relative(path))
        mode, identity = self._modes.get(place, ("", "")) if place is not None else ("", "")
        if not mode:
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), path)
        found = self._git.object(identity, limit) if mode not in (_FOLDER, _SUBMODULE) else None
        if found is None:
            raise OSError(
                errno.EIO, "its object is missing" if mode not in (_FOLDER, _SUBMODULE) else "is a folder", path
            )
        return found[1]

    def link(self, path: str) -> str | None:
        """Return where a link leads, as it is written there; None for what is no link itself."""
        relative = self._relative(path)
        mode, identity = self._modes.get(relative, ("", "")) if relative is not None else ("", "")
        found = self._git.object(identity, _LONGEST_LINK) if mode == _LINK else None
        return os.fsdecode(found[1]) if found is not None else None

    def own(self, path: str) -> bytes | None:
        """Return the bytes of what is a regular file itself, not a link; else None."""
        relative = self._relative(path)
        mode, identity = self._modes.get(relative, ("", "")) if relative is not None else ("", "")
        if mode in ("", _FOLDER, _SUBMODULE, _LINK):
            return None
        content = self._git.object(identity, _LARGEST)
        if content is None:
            raise ToolError(f"`{relative}` is committed, and its object is missing\nhelp: {DAMAGED}")
        return content[1]

    # Links

    def _relative(self, path: str) -> str | None:
        relative = os.path.relpath(path, self.root).replace(os.sep, "/")
        if relative == ".":
            return ""
        return None if relative == ".." or relative.startswith("../") else relative

    def _mode(self, path: str) -> str:
        place = self._follow(self._relative(path))
        return "" if place is None else self._modes.get(place, ("", ""))[0]

    def _follow(self, path: str | None) -> str | None:
        """Return a path with its links followed; None when one leads outside, or around in a circle."""
        if path is None or (path in self._modes and self._modes[path][0] != _LINK):
            return path
        pending = _parts(path)[::-1]
        done: list[str] = []
        links = 0
        while pending:
            part = pending.pop()
            if part == "..":
                if not done:
                    return None
                done.pop()
                continue
            done.append(part)
            mode, identity = self._modes.get("/".join(done), ("", ""))
            if mode == _LINK:
                links += 1
                target = self._target(identity)
                if links > _MOST_LINKS or target is None:
                    return None
                done.pop()
                pending.extend(_parts(target)[::-1])
        return "/".join(done)

    def _target(self, identity: str) -> str | None:
        found = self._git.object(identity, _LONGEST_LINK)
        target = os.fsdecode(found[1]) if found is not None else "/"
        # Where an absolute path leads depends on the machine.
        return None if target.startswith("/") or len(target) > _LONGEST_LINK else target


def _parts(path: str) -> list[str]:
    return [part for part in path.split("/") if part not in ("", ".")]


def changed(before: Tree, after: Tree) -> Iterator[str]:
    """Yield the paths whose content or kind differs, sorted."""
    old, new = before.files, after.files
    yield from sorted(path for path in {*old, *new} if old.get(path) != new.get(path))
