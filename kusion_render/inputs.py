"""What one render depends on: files read, files and folders looked for in vain, folders listed.

The door to the repository's files records the questions; here they become paths as Git knows them. Every path lies below
the root, for the door refuses all others.
"""

from __future__ import annotations

import os
import posixpath

from kusion_render.diagnostics import Diagnostics
from kusion_render.repository import Repository, select
from kusion_render.repository.root import SETTINGS_FILE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from typing import Final

    from kusion_render.model import Stack
    from kusion_render.repository import Files


class Inputs:
    """The inputs of one render, each kind sorted; paths are relative to the root, `""` is the root itself.

    `read` are files, links on the way to them among them; `absent` ends with a slash where a folder was looked for.
    `needs_name` says that other stacks lie below the stack's folder, so that the folder alone names no render; `rivals`
    are the keys of those that its name means too.
    """

    __slots__ = ("absent", "listed", "needs_name", "read", "rivals")

    def __init__(
        self,
        read: Iterable[str],
        absent: Iterable[str],
        listed: Iterable[str],
        *,
        needs_name: bool = False,
        rivals: Sequence[str] = (),
    ) -> None:
        self.read: Final = tuple(sorted(set(read)))
        self.absent: Final = tuple(sorted(set(absent)))
        self.listed: Final = tuple(sorted(set(listed)))
        self.needs_name: Final = needs_name
        self.rivals: Final = tuple(rivals)


class Recorder:
    """Tells the inputs of a repository's renders, each right after it was compiled."""

    __slots__ = ("_links", "_repository")

    def __init__(self, repository: Repository) -> None:
        self._repository: Final = repository
        self._links: Final = _Links(repository.files)

    def inputs(self, stack: Stack, workspace: str) -> Inputs:
        """Return the inputs of the render that was compiled last, by this process.

        They are those of `argocd generate` in the stack's folder: what opening the repository and choosing the stack ask
        is asked again, of files that are parsed already, since a run over many stacks asks it once for all of them.
        """
        files = self._repository.files
        unheard = Diagnostics()
        alone = Repository(files, unheard)
        wanted = workspace if len(stack.workspaces) > 1 else None
        chosen = select(alone, (), unheard, folder=stack.path, workspace=wanted)
        needs_name = any(target.stack.path != stack.path for target in chosen)
        if needs_name:
            # The plug-in must be told the stack, and looks for it in the whole repository.
            chosen = select(alone, [stack.key], unheard, folder=stack.path, workspace=wanted)
        rivals = sorted({target.stack.key for target in chosen if target.stack.path != stack.path})
        met: set[str] = set()
        follow = self._links.follow
        for folder in _up(stack.path):
            # One there would make the root that folder.
            files.exists(f"{folder}/{SETTINGS_FILE}")
        record = files.record.whole()
        listed = {follow(path, met) for path in record.listed}
        absent = {follow(path.rstrip("/"), met) + "/" * path.endswith("/") for path in record.absent} - {"", "/"}
        read = {follow(path, met) for path in record.read} - {""}
        return Inputs(read | met, absent, listed, needs_name=needs_name, rivals=rivals)


def _up(folder: str) -> Iterator[str]:
    while folder:
        yield folder
        folder = posixpath.dirname(folder)


class _Links:
    """Follows links within the root: to Git a link is a file like any other."""

    __slots__ = ("_files", "_known", "_linked")

    def __init__(self, files: Files) -> None:
        self._files: Final = files
        self._known: Final[dict[str, str]] = {"": "", ".": ""}
        self._linked: Final[dict[str, frozenset[str]]] = {}

    def follow(self, path: str, met: set[str]) -> str:
        """Return where a path leads, itself without links, or the link that leads out of the root or in a circle.

        The links on the way are added to `met`.
        """
        known = self._known.get(path)
        if known is None:
            links: set[str] = set()
            folder, _, name = path.rpartition("/")
            known = self._known[path] = self._enter(self.follow(folder, links), name, links)
            if links:
                self._linked[path] = frozenset(links)
        if path in self._linked:
            met.update(self._linked[path])
        return known

    def _enter(self, folder: str, name: str, met: set[str]) -> str:
        if name in ("", ".", ".."):
            return posixpath.dirname(folder) if name == ".." else folder
        here = f"{folder}/{name}" if folder else name
        full = self._files.path(here)
        target = None if here in met else self._files.source.link(full)
        if target is None:
            return here
        met.add(here)
        inside = self._files.relative(os.path.normpath(os.path.join(os.path.dirname(full), target)))
        if inside is None:
            return here
        ups = target.split("/").count("..")
        if os.path.isabs(target) or ups > folder.count("/") + bool(folder):
            # By way of the outside: only the plain path can be followed.
            folder, target = "", inside
        for step in target.split("/"):
            folder = self._enter(folder, step, met)
        return folder


def covering(inputs: Iterable[Inputs], can_say: Callable[[str], bool]) -> tuple[list[str], list[str]]:
    """Return the fewest folders and files that cover all inputs; a folder stands for everything below it.

    Listed folders are taken whole. In the place of a path that `can_say` refuses comes the nearest folder above it that
    can be said, at worst `""`, the root. Folders looked for in vain are folders too.
    """
    folders: set[str] = set()
    files: set[str] = set()
    for each in inputs:
        files.update(each.read)
        folders.update(each.listed)
        for path in each.absent:
            (folders if path.endswith("/") else files).add(path.rstrip("/"))
    for path in [path for path in files if not can_say(path)]:
        files.remove(path)
        folders.add(posixpath.dirname(path))
    for path in [path for path in folders if not can_say(path)]:
        folders.remove(path)
        while path and not can_say(path):
            path = posixpath.dirname(path)  # noqa: PLW2901 - the way up ends at the root
        folders.add(path)
    tops = [path for path in folders if not _is_below(path, folders)]
    return sorted(tops), sorted(path for path in files - folders if not _is_below(path, folders))


def _is_below(path: str, folders: set[str]) -> bool:
    while path:
        path = posixpath.dirname(path)
        if path in folders:
            return True
    return False
