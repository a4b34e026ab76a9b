"""Edited files put into the place of the old ones: all or none, each whole, none outside of the repository."""

from __future__ import annotations

import os
import stat
from contextlib import suppress

from kusion_render.diagnostics import Rule, Span

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Final

    from kusion_render.diagnostics import Diagnostics

UNWRITABLE: Final = Rule("KR555", "unwritable-source")

_TEMPORARY: Final = ".kusion-render-edit-"
_ANY_WRITE: Final = stat.S_IWUSR | stat.S_IWGRP | stat.S_IWOTH


class Edited:
    """A file's content before an edit (None: it is not there) and after it; `file` is relative to the root."""

    __slots__ = ("after", "before", "file")

    def __init__(self, file: str, before: bytes | None, after: bytes) -> None:
        self.file: Final = file
        self.before: Final = before
        self.after: Final = after


def check(edits: list[Edited], root: str, diagnostics: Diagnostics) -> dict[str, Edited]:
    """Return the edits by the path that each is written to, links followed; KR555 for one that may not be written."""
    found: dict[str, Edited] = {}
    for edit in edits:
        path = os.path.realpath(os.path.join(root, *edit.file.split("/")))
        same = found.get(path)
        reason = f"it is the same file as `{same.file}`" if same is not None else _reason(path, edit, root)
        if reason:
            _report(edit.file, reason, diagnostics)
        found[path] = edit
    return found


def _reason(path: str, edit: Edited, root: str) -> str:
    if not path.startswith(root.rstrip(os.sep) + os.sep):
        return "it leads outside the repository"
    if edit.before is None:
        folder = os.path.dirname(path)
        taken = os.path.lexists(path)
        return "" if not taken and os.access(folder, os.W_OK | os.X_OK) else "its folder takes no new file of this name"
    if not os.path.isfile(path):
        return "it is no regular file"
    if not os.stat(path).st_mode & _ANY_WRITE or not os.access(path, os.W_OK):
        return "it is read-only"
    return ""


def write(edits: list[Edited], root: str, diagnostics: Diagnostics) -> bool:
    """Write all files, or none after KR555; modes stay, and a link stays one.

    `root` is an absolute, resolved path. A file that somebody has changed since it was read is not written.
    """
    placed = check(edits, root, diagnostics)
    if diagnostics.failed:
        return False
    staged: dict[str, str] = {}
    done: list[str] = []
    at = ""
    try:
        for path, edit in placed.items():
            at = edit.file
            staged[path] = _stage(path, edit)
        for path, edit in placed.items():
            at = edit.file
            if _content(path) != edit.before:
                raise OSError(0, "it has been changed meanwhile")  # noqa: TRY301 - one way out for all reasons
            os.replace(staged[path], path)
            done.append(path)
    except OSError as error:
        _report(at, (error.strerror or "no reason given").lower(), diagnostics)
    finally:
        if len(done) < len(placed):
            _restore({path: placed[path] for path in done})
        for temporary in staged.values():
            with suppress(OSError):
                os.remove(temporary)
    return len(done) == len(placed)


def _stage(path: str, edit: Edited) -> str:
    """Write a file's new content beside it, with its mode and owner."""
    temporary = os.path.join(os.path.dirname(path), f"{_TEMPORARY}{os.getpid()}-{os.path.basename(path)}"[:200])
    with suppress(FileNotFoundError):
        os.remove(temporary)
    handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
    try:
        with open(handle, "wb") as stream:
            stream.write(edit.after)
        if edit.before is not None:
            known = os.stat(path)
            if (known.st_uid, known.st_gid) != (os.geteuid(), os.getegid()):
                with suppress(OSError):
                    os.chown(temporary, known.st_uid, known.st_gid)
            os.chmod(temporary, stat.S_IMODE(known.st_mode))
    except BaseException:
        with suppress(OSError):
            os.remove(temporary)
        raise
    return temporary


def _content(path: str) -> bytes | None:
    try:
        with open(path, "rb") as stream:
            return stream.read()
    except FileNotFoundError:
        return None


def _restore(written: Mapping[str, Edited]) -> None:
    """Put back what was there; a write that fails half-way leaves no half of an edit."""
    for path, edit in written.items():
        with suppress(OSError):
            if edit.before is None:
                os.remove(path)
            else:
                os.replace(_stage(path, Edited(edit.file, edit.after, edit.before)), path)


def _report(file: str, reason: str, diagnostics: Diagnostics) -> None:
    diagnostics.report(
        UNWRITABLE,
        f"`{file}` can't be written: {reason}",
        Span(file),
        help="check the file, its mode and the links on the way to it; then try again",
    )
