"""What an output folder, on a disk or in a commit, holds beside what a fresh render makes."""

from __future__ import annotations

from kusion_render.delivery import ownership
from kusion_render.delivery.ownership import OWNERSHIP_FILE, digest, digests

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Final

    from kusion_render.repository.disk import Source


class Comparison:
    """The differences of one stack's folder; names of files, sorted.

    `missing` are made and not there. `stale` are as we once wrote them, `edited` are not. `extra` are ours and no longer
    made. `owned` is what the folder's ownership file lists.
    """

    __slots__ = ("edited", "extra", "folder", "missing", "owned", "stale")

    def __init__(self, folder: str, owned: Mapping[str, str]) -> None:
        self.folder: Final = folder
        self.owned: Final = owned
        self.missing: Final[list[str]] = []
        self.stale: Final[list[str]] = []
        self.edited: Final[list[str]] = []
        self.extra: Final[list[str]] = []

    @property
    def changed(self) -> list[str]:
        """The files that are there with other content, sorted."""
        return sorted([*self.stale, *self.edited])

    def __bool__(self) -> bool:
        return bool(self.missing or self.stale or self.edited or self.extra)

    def __iter__(self) -> Iterator[tuple[str, str]]:
        for what in ("missing", "stale", "edited", "extra"):
            for name in getattr(self, what):
                yield what, name


def compare(source: Source, top: str, folder: str, names: Mapping[str, bytes]) -> Comparison:
    """Compare the folder `folder` below the path `top` with the files it is to hold, by name."""
    place = f"{top}/{folder}" if folder else top
    found = Comparison(folder, ownership.parse(source.own(f"{place}/{OWNERSHIP_FILE}")))
    for name, content in sorted(names.items()):
        there = source.own(f"{place}/{name}")
        if there is None:
            found.missing.append(name)
        elif there != content:
            (found.stale if digest(there) == found.owned.get(name) else found.edited).append(name)
    found.extra.extend(sorted(name for name in found.owned if name not in names and source.is_there(f"{place}/{name}")))
    if not found and found.owned != digests(names):
        # All is there but for the list of what is ours, without which nothing would ever be removed.
        (found.stale if found.owned or not names else found.missing).append(OWNERSHIP_FILE)
    return found
