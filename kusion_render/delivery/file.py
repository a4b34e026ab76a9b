"""One file that a user names: written whole or not at all, and only over one that we made."""

from __future__ import annotations

import os
from contextlib import suppress
from typing import TYPE_CHECKING

from kusion_render.delivery.folder import UNWRITABLE
from kusion_render.delivery.ownership import FOREIGN_FILE

if TYPE_CHECKING:
    from kusion_render.diagnostics import Diagnostics


def content_of(path: str, diagnostics: Diagnostics) -> bytes | None:
    """Return what a file holds, nothing where there is none, or None after KR518."""
    try:
        # A device may have no end, and would be replaced by a file.
        if os.path.exists(path) and not os.path.isfile(path):
            _report(path, "read", "not a regular file", diagnostics)
            return None
        with open(path, "rb") as stream:
            return stream.read()
    except FileNotFoundError:
        return b""
    except OSError as error:
        _report(path, "read", error.strerror, diagnostics)
        return None


def write_file(path: str, text: str, mark: str, diagnostics: Diagnostics) -> bool:
    """Bring a file to hold `text` and tell whether it does; folders on the way are made.

    A file that is there and does not begin with `mark`, as all that we write to such places, is KR513. What can't be
    written is KR518.
    """
    there = content_of(path, diagnostics)
    if there is None:
        return False
    if there and not there.startswith(mark.encode()):
        diagnostics.report(
            FOREIGN_FILE, f"`{path}` is in the way and not ours", help="move it elsewhere, or choose another file"
        )
        return False
    if there == text.encode():
        return True
    temporary = f"{path}.kusion-render-new"
    try:
        os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
        with open(temporary, "w", encoding="utf-8", newline="\n") as stream:
            stream.write(text)
        os.replace(temporary, path)
    except OSError as error:
        _report(path, "written", error.strerror, diagnostics)
        return False
    finally:
        with suppress(OSError):
            os.remove(temporary)
    return True


def _report(path: str, done: str, reason: str | None, diagnostics: Diagnostics) -> None:
    diagnostics.report(
        UNWRITABLE,
        f"`{path}` cannot be {done}: {(reason or 'no reason given').lower()}",
        help="check its mode, what stands in its way, and the space on the disk",
    )
