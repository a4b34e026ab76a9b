"""The folders and files of a disk; a commit of a Git repository offers the same (`gitio.tree`)."""

from __future__ import annotations

import os
from stat import S_ISREG

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import Final, Protocol

    class Source(Protocol):
        """Where files come from. Paths are absolute, and need not exist; links are followed unless it says otherwise."""

        def canonical(self, path: str) -> str | None:
            """Return where a path leads to, relative to the root; None when that is outside."""

        def is_file(self, path: str) -> bool:
            """Tell whether a path leads to a regular file."""

        def is_folder(self, path: str) -> bool:
            """Tell whether a path leads to a folder."""

        def is_there(self, path: str) -> bool:
            """Tell whether a path leads to anything at all."""

        def entries(self, path: str) -> Iterable[tuple[str, bool]]:
            """Return the names in a folder, each with whether it is a folder itself, and no link to one.

            Raises:
                OSError: when it can't be listed.
            """

        def read(self, path: str, limit: int) -> bytes:
            """Return a file's bytes, `limit` + 1 of them if there are more.

            Raises:
                OSError: when it can't be read.
            """

        def link(self, path: str) -> str | None:
            """Return where a link leads, as it is written there; None for what is no link itself."""

        def own(self, path: str) -> bytes | None:
            """Return the bytes of what is a regular file itself, not a link; else None."""


# A link is not followed, and a pipe not waited for, where the system can tell while opening.
_ITSELF: Final = getattr(os, "O_NOFOLLOW", 0)
_OPEN: Final = os.O_RDONLY | _ITSELF | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)


class Disk:
    """What is on the disk below `root`, an absolute, resolved path."""

    __slots__ = ("root",)

    def __init__(self, root: str) -> None:
        self.root: Final = root

    def canonical(self, path: str) -> str | None:
        """Return where a path leads to, relative to the root; None when that is outside."""
        target = os.path.realpath(path)
        if target == self.root:
            return ""
        home = self.root.rstrip(os.sep) + os.sep
        return target[len(home) :].replace(os.sep, "/") if target.startswith(home) else None

    def is_file(self, path: str) -> bool:
        """Tell whether a path leads to a regular file."""
        return os.path.isfile(path)

    def is_folder(self, path: str) -> bool:
        """Tell whether a path leads to a folder."""
        return os.path.isdir(path)

    def is_there(self, path: str) -> bool:
        """Tell whether a path leads to anything at all."""
        return os.path.exists(path)

    def entries(self, path: str) -> Iterable[tuple[str, bool]]:
        """Return the names in a folder, each with whether it is a folder itself."""
        with os.scandir(path) as entries:
            return [(entry.name, entry.is_dir(follow_symlinks=False)) for entry in entries]

    def read(self, path: str, limit: int) -> bytes:
        """Return a file's bytes, `limit` + 1 of them if there are more."""
        with open(path, "rb") as stream:
            return stream.read(limit + 1)

    def link(self, path: str) -> str | None:
        """Return where a link leads, as it is written there; None for what is no link itself."""
        return os.readlink(path) if os.path.islink(path) else None

    def own(self, path: str) -> bytes | None:
        """Return the bytes of what is a regular file itself, not a link; else None."""
        if not _ITSELF and os.path.islink(path):
            return None
        try:
            opened = os.open(path, _OPEN)
        except OSError:
            return None
        try:
            about = os.fstat(opened)
            if not S_ISREG(about.st_mode):
                return None
            content = os.read(opened, about.st_size + 1)
            while len(content) != about.st_size:
                more = os.read(opened, 1 << 20)
                if not more:
                    break
                content += more
        except OSError:
            return None
        else:
            return content
        finally:
            os.close(opened)


class EditedDisk(Disk):
    """What is on the disk, but for `contents`, by absolute, resolved path, of files that are there or are yet to be."""

    __slots__ = ("_contents",)

    def __init__(self, root: str, contents: Mapping[str, bytes]) -> None:
        super().__init__(root)
        self._contents: Final = contents

    def is_file(self, path: str) -> bool:
        """Tell whether a path leads to a regular file."""
        return super().is_file(path) or os.path.realpath(path) in self._contents

    def is_there(self, path: str) -> bool:
        """Tell whether a path leads to anything at all."""
        return super().is_there(path) or os.path.realpath(path) in self._contents

    def entries(self, path: str) -> Iterable[tuple[str, bool]]:
        """Return the names in a folder, each with whether it is a folder itself."""
        found = dict(super().entries(path))
        inside = os.path.realpath(path)
        for file in self._contents:
            if os.path.dirname(file) == inside:
                found.setdefault(os.path.basename(file), False)
        return found.items()

    def read(self, path: str, limit: int) -> bytes:
        """Return a file's bytes, `limit` + 1 of them if there are more."""
        known = self._contents.get(os.path.realpath(path))
        return super().read(path, limit) if known is None else known[: limit + 1]
