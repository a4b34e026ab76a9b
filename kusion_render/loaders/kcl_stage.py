"""What KCL sees of a repository: a program's entries as texts, and a private folder where it has other files too."""

from __future__ import annotations

import os
import re

from kusion_render.diagnostics import ToolError
from kusion_render.loaders.kcl_mod import KCL_MOD, join

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Final, Self

    from kusion_render.loaders.kcl_packages import Program

# No path below it can exist.
_NOWHERE: Final = os.devnull


class Stage:
    """The folder, below the system's for temporary files; a context manager, gone at its end.

    The files lie in it as they do below the root. What a `kcl.mod` says is known already, so each is empty. `sources` are
    the texts of entries; a program that imports no file of the repository needs no more, and has no folder.
    """

    __slots__ = ("_folder", "_folders", "_program", "_written", "packages", "sources")

    def __init__(self, program: Program, entries: Sequence[str]) -> None:
        self._program: Final = program
        self.sources: Final = [program.contents[file].decode("utf-8") for file in entries]
        self._folder: Final = _private() if program.imported else _NOWHERE
        self._folders: Final[list[str]] = []
        self._written: Final[list[str]] = []
        here = {name: self.path(folder) for name, folder in program.packages.items()}
        self.packages: Final[Mapping[str, str]] = {**program.own, **here}

    def __enter__(self) -> Self:
        """Write the files.

        Raises:
            ToolError: when the folder can't be written to.
        """
        if self._folder == _NOWHERE:
            return self
        contents = dict(self._program.contents)
        contents.update({join(root, KCL_MOD): b"" for root in self._program.roots})
        try:
            for file, content in contents.items():
                path = self.path(file)
                self._make(os.path.dirname(path))
                self._written.append(path)
                with open(path, "wb") as stream:
                    stream.write(content)
        except OSError as error:
            self._remove()
            reason = (error.strerror or "no reason given").lower()
            raise ToolError(f"KCL needs a folder for temporary files: {reason}\nhelp: set TMPDIR to one") from error
        except BaseException:
            # When the user stops the run, nobody calls `__exit__` yet.
            self._remove()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        """Remove the folder."""
        self._remove()

    def path(self, file: str) -> str:
        """Return the absolute path of a file or folder, given from the root."""
        return os.path.join(self._folder, file) if file else self._folder

    def file(self, path: str) -> str | None:
        """Return the path from the root of an absolute one; None for what is no file of the repository."""
        home = self._folder + os.sep
        file = path[len(home) :] if path.startswith(home) else ""
        return file if file in self._program.contents else None

    def first_column(self, file: str, line: int) -> int:
        """Return the column of the first sign of a line that is no space."""
        lines = self._program.contents[file].decode("utf-8", "replace").split("\n")
        text = lines[line - 1] if line <= len(lines) else ""
        return len(text) - len(text.lstrip()) + 1

    def without_paths(self, message: str) -> str:
        """Return a message with paths from the root in the place of absolute ones."""
        return re.sub(re.escape(self._folder) + "/?", "", message)

    def _make(self, folder: str) -> None:
        if os.path.isdir(folder):
            return
        if folder != self._folder:
            self._make(os.path.dirname(folder))
        self._folders.append(folder)
        os.mkdir(folder, 0o700)

    def _remove(self) -> None:
        for path in self._written:
            _quietly(os.remove, path)
        for folder in reversed(self._folders):
            _quietly(os.rmdir, folder)


def _private() -> str:
    home = os.path.realpath(os.environ.get("TMPDIR") or "/tmp")  # noqa: S108 - the name below it can't be guessed
    return os.path.join(home, f"kusion-render-{os.urandom(8).hex()}")


def _quietly(remove: Callable[[str], None], path: str) -> None:
    try:
        remove(path)
    except OSError:
        return  # it has gone, or is not ours any more
