"""Rendered files into a folder: all or nothing, only what changed, and only our own files pruned.

Each stack's folder holds a hidden file that lists what we wrote there, with digests; it has no manifest suffix, so that
Argo CD and Flux pass it by. A file that it does not list is not ours and is never removed.
"""

from __future__ import annotations

import os
from contextlib import suppress

from kusion_render.delivery import ownership
from kusion_render.delivery.ownership import OWNERSHIP_FILE, TEMPORARY, digest, digests, judge, owned_folders
from kusion_render.diagnostics import Rule
from kusion_render.repository.disk import Disk

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence
    from typing import Final

    from kusion_render.diagnostics import Diagnostics

OUTSIDE_OUTPUT: Final = Rule("KR514", "outside-output")
UNWRITABLE: Final = Rule("KR518", "unwritable-output")


class Change:
    """What a write did or would do: paths relative to the output folder."""

    __slots__ = ("removed", "written")

    def __init__(self, written: list[str], removed: list[str]) -> None:
        self.written: Final = written
        self.removed: Final = removed


def write(
    files: Mapping[str, str | bytes],
    output: str,
    diagnostics: Diagnostics,
    *,
    whole: bool = False,
    allow_mass_delete: bool = False,
    receipts: Mapping[str, str] | None = None,
    kept: Collection[str] = (),
    ours: Collection[str] | None = None,
) -> Change | None:
    """Bring `output` to hold `files` and return what changed, or None after a diagnostic, with nothing written.

    `files` are contents by path relative to `output`, grouped by folder; folders of other stacks are left alone, unless
    the render is `whole`: then stacks that are gone are removed too. Removing more than half of a stack's files, or a
    whole stack, is KR512 without `allow_mass_delete`; a file in the way that is not ours is KR513. `receipts` are the
    receipts of folders, `kept` the folders that are known to hold what they should; `ours` are all that we have written, if
    that is known.
    """
    folders: dict[str, dict[str, bytes]] = {}
    for path, content in files.items():
        folder, _, name = path.rpartition("/")
        folders.setdefault(folder, {})[name] = content.encode() if isinstance(content, str) else content
    there = owned_folders(Disk(output), output) if ours is None and whole else ours or ()
    stale = [folder for folder in there if folder not in folders and folder not in kept] if whole else []
    owned = {folder: _owned(output, folder) for folder in (*folders, *stale)}
    for folder in (*folders, *stale):
        _check(output, folder, folders.get(folder, {}), owned[folder], diagnostics, allow_mass_delete=allow_mass_delete)
    if diagnostics.failed:
        return None
    staged: list[str] = []
    try:
        for folder, names in folders.items():
            _stage(output, folder, names, staged)
        return _bring(output, folders, owned, staged, receipts or {})
    except OSError as error:
        for path in staged:
            with suppress(OSError):
                os.remove(_temporary(output, path))
        place = os.path.relpath(error.filename, output) if isinstance(error.filename, str) else "."
        diagnostics.report(
            UNWRITABLE,
            f"`{place}` below the output folder cannot be written: {(error.strerror or 'no reason given').lower()}",
            help="check its mode, what stands in its way, and the space on the disk; then render again",
        )
        return None


def _bring(
    output: str,
    folders: Mapping[str, Mapping[str, bytes]],
    owned: Mapping[str, Mapping[str, str]],
    staged: Sequence[str],
    receipts: Mapping[str, str],
) -> Change:
    """Put staged files into their places and remove what is gone."""
    for folder, names in folders.items():
        if any(name not in owned[folder] for name in names):
            # Claimed before they are there, so that a run that is cut off leaves no file that nobody owns.
            _claim(output, folder, {**owned[folder], **digests(names)})
    for path in staged:
        os.replace(_temporary(output, path), _path(output, path))
    removed = [path for folder in owned for path in _prune(output, folder, folders.get(folder, {}), owned[folder])]
    for folder, names in folders.items():
        _claim(output, folder, digests(names), receipts.get(folder, ""))
    return Change(list(staged), removed)


def _path(output: str, path: str) -> str:
    return os.path.join(output, *path.split("/"))


def _temporary(output: str, path: str) -> str:
    folder, _, name = path.rpartition("/")
    # Neither a manifest's suffix nor a name longer than the file's own: a killed run may leave it behind.
    return os.path.join(_path(output, folder), f"{TEMPORARY}{digest(name.encode())[:16]}")


def _owned(output: str, folder: str) -> dict[str, str]:
    """Return the names and digests of the files we wrote into a folder."""
    return ownership.parse(_content(os.path.join(_path(output, folder), OWNERSHIP_FILE)))


def _check(
    output: str,
    folder: str,
    names: Mapping[str, bytes],
    owned: Mapping[str, str],
    diagnostics: Diagnostics,
    *,
    allow_mass_delete: bool,
) -> None:
    place = os.path.realpath(_path(output, folder))
    home = os.path.realpath(output)
    if ".." in folder.split("/") or not (place + os.sep).startswith(home.rstrip(os.sep) + os.sep):
        diagnostics.report(OUTSIDE_OUTPUT, f"`{folder}` leads outside the output folder", help="remove the link in it")
        return
    judge(
        folder,
        names,
        owned,
        lambda name: os.path.lexists(os.path.join(place, name)),
        lambda name: _content(os.path.join(place, name)),
        diagnostics,
        allow_mass_delete=allow_mass_delete,
    )


def _content(path: str) -> bytes | None:
    if os.path.islink(path):
        return None
    try:
        with open(path, "rb") as stream:
            return stream.read()
    except OSError:
        return None


def _stage(output: str, folder: str, names: Mapping[str, bytes], staged: list[str]) -> None:
    """Write what differs beside its destination, so that a full disk leaves the old files as they were.

    What is on the disk counts, not what was once written; `staged` takes the paths.
    """
    place = _path(output, folder)
    os.makedirs(place, exist_ok=True)
    for name, content in sorted(names.items()):
        if _content(os.path.join(place, name)) != content:
            staged.append(f"{folder}/{name}")
            with open(_temporary(output, f"{folder}/{name}"), "wb") as stream:
                stream.write(content)


def _prune(output: str, folder: str, names: Mapping[str, bytes], owned: Mapping[str, str]) -> Iterable[str]:
    place = _path(output, folder)
    for name in os.listdir(place) if os.path.isdir(place) else ():
        if name.startswith(TEMPORARY):
            os.remove(os.path.join(place, name))  # left by a run that was killed
    for name in owned:
        if name not in names and os.path.lexists(os.path.join(place, name)):
            os.remove(os.path.join(place, name))
            yield f"{folder}/{name}"
    if not names and os.path.isdir(place):
        os.remove(os.path.join(place, OWNERSHIP_FILE))
        if not os.listdir(place):
            os.rmdir(place)


def _claim(output: str, folder: str, owned: Mapping[str, str], receipt: str = "") -> None:
    path = os.path.join(_path(output, folder), OWNERSHIP_FILE)
    content = ownership.serialise(owned, receipt)
    if _content(path) != content:
        with open(path + "-new", "wb") as stream:
            stream.write(content)
        os.replace(path + "-new", path)
