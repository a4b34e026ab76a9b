"""What a commit would change on a branch, or below one folder of it; nothing is written here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from kusion_render.delivery import metadata, ownership
from kusion_render.delivery.comparison import Comparison, compare
from kusion_render.delivery.metadata import METADATA_FILE
from kusion_render.delivery.ownership import FOREIGN_FILE, OWNERSHIP_FILE, digests, judge, owned_folders

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

    from kusion_render.diagnostics import Diagnostics
    from kusion_render.gitio.tree import Tree


class Folder:
    """One stack's render: the stack's name, the folder on the branch, the files by name, the command that makes them.

    `receipt` is for a folder beside the sources (`delivery.receipt`).
    """

    __slots__ = ("command", "name", "names", "path", "receipt")

    def __init__(self, name: str, path: str, names: Mapping[str, bytes], command: str, receipt: str = "") -> None:
        self.receipt: Final = receipt
        self.name: Final = name
        self.path: Final = path
        self.names: Final = names
        self.command: Final = command


class State:
    """What a branch holds: its tree (None: there is no branch yet), and from which commits its folders are rendered."""

    __slots__ = ("_newest", "_noted", "base", "folders", "note")

    def __init__(self, base: Tree | None, note: bytes | None) -> None:
        self.base: Final = base
        self.note: Final = note
        self.folders: Final = list(owned_folders(base, base.root)) if base is not None else []
        self._newest: Final = metadata.dry_sha(note) or metadata.dry_sha(self._own(METADATA_FILE))
        self._noted: Final = metadata.note_paths(note) if metadata.dry_sha(note) else {}

    def _own(self, path: str) -> bytes | None:
        return self.base.own(f"{self.base.root}{path}") if self.base is not None else None

    @property
    def is_foreign(self) -> bool:
        """Whether the branch holds something, and no sign of a render."""
        return self.base is not None and bool(self.base.files) and not self._newest and not self.folders

    def rendered_from(self, path: str) -> str:
        """Return the commit of the sources that a folder is up to date with; empty when nothing says it.

        Of a folder that isn't there, the branch as a whole answers: a newer render may have removed it.
        """
        if self._noted is None or path not in self.folders:
            return self._newest
        told = self._noted.get(path) or metadata.dry_sha(
            self._own(f"{path}/{METADATA_FILE}" if path else METADATA_FILE)
        )
        return told or self._newest


class Plan:
    """What is to be written and removed so that a branch holds `folders`, and no longer what is `gone`.

    `superseded` are the paths of renders that were left out, since the branch holds newer ones.
    """

    __slots__ = ("_receipts", "_state", "_wanted", "comparisons", "folders", "superseded")

    def __init__(
        self, state: State, folders: Sequence[Folder], gone: Iterable[str] = (), superseded: Collection[str] = ()
    ) -> None:
        self.folders: Final = folders
        self.superseded: Final = superseded
        self._state: Final = state
        wanted = {**{path: dict[str, bytes]() for path in gone}, **{folder.path: folder.names for folder in folders}}
        self._wanted: Final[dict[str, Mapping[str, bytes]]] = wanted
        self._receipts: Final = {folder.path: folder.receipt for folder in folders}
        self.comparisons: Final = {path: self._compare(path, names) for path, names in wanted.items()}

    def _compare(self, path: str, names: Mapping[str, bytes]) -> Comparison:
        base = self._state.base
        if base is not None:
            return compare(base, base.root.rstrip("/"), path, names)
        found = Comparison(path, {})
        found.missing.extend(sorted(names))
        return found

    @property
    def changed(self) -> bool:
        """Whether anything but metadata differs."""
        return any(self.comparisons.values())

    @property
    def writes(self) -> dict[str, bytes]:
        """The files that differ, and the lists of what is ours, by path."""
        found: dict[str, bytes] = {}
        for path, names in self._wanted.items():
            there = self.comparisons[path]
            for name in (*there.missing, *there.changed):
                if name in names:
                    found[_join(path, name)] = names[name]
            if names:
                found[_join(path, OWNERSHIP_FILE)] = ownership.serialise(digests(names), self._receipts[path])
        return found

    @property
    def removes(self) -> list[str]:
        """The files of ours that are no longer made; of a folder that is gone, what we keep beside them as well."""
        found: list[str] = []
        for path, names in self._wanted.items():
            found.extend(_join(path, name) for name in self.comparisons[path].extra)
            if not names:
                found.extend(_join(path, name) for name in (OWNERSHIP_FILE, *([METADATA_FILE] if path else [])))
        return found

    def metadata(self, write: Callable[[Folder], bytes]) -> dict[str, bytes]:
        """Return the metadata of each folder by its path; a folder that is the whole branch has the branch's."""
        return {_join(folder.path, METADATA_FILE): write(folder) for folder in self.folders if folder.path}

    def rendered_from(self, dry: str) -> dict[str, str]:
        """Return, for each folder the branch holds afterwards, the commit it is up to date with, if that is known."""
        others = {path: self._state.rendered_from(path) for path in self._state.folders if path not in self._wanted}
        return {
            **{path: each for path, each in others.items() if each},
            **{folder.path: dry for folder in self.folders},
        }

    def check(self, diagnostics: Diagnostics, *, allow_mass_delete: bool) -> None:
        """Report KR512 and KR513: too much would be removed, or something that isn't ours is in the way."""
        base = self._state.base
        if base is None:
            return
        for path, names in self._wanted.items():
            blocked = self._blocked(path, base)
            if blocked:
                diagnostics.report(
                    FOREIGN_FILE,
                    f"`{blocked}` is in the way and not ours",
                    help="take it out of the branch, or choose another folder with --path",
                )
                continue
            judge(
                path,
                names,
                self.comparisons[path].owned,
                lambda name, path=path: base.has(_join(path, name)),  # type: ignore[misc]  # bound to this turn
                lambda name, path=path: base.own(f"{base.root}{_join(path, name)}"),  # type: ignore[misc]  # as above
                diagnostics,
                allow_mass_delete=allow_mass_delete,
            )

    def _blocked(self, path: str, base: Tree) -> str:
        """Return the first part of a path that is a file or a link on the branch."""
        parts = path.split("/")
        steps = ["/".join(parts[: end + 1]) for end in range(len(parts))]
        return next((step for step in steps if base.files.get(step)), "")


def _join(path: str, name: str) -> str:
    return f"{path}/{name}" if path else name
