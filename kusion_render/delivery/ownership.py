"""Which files of an output are ours: a hidden file in each stack's folder lists them, with digests.

It has no manifest suffix, so that Argo CD and Flux pass it by. A file that it does not list is never removed.
"""

from __future__ import annotations

from hashlib import sha256

from kusion_render.diagnostics import Rule

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Final

    from kusion_render.diagnostics import Diagnostics
    from kusion_render.repository.disk import Source

OWNERSHIP_FILE: Final = ".kusion-render"
# How the names of files begin that are not yet in their places.
TEMPORARY: Final = f"{OWNERSHIP_FILE}-new-"
HEADER: Final = "# Written by kusion-render: the files of this folder that it owns, with their SHA-256.\n"

MASS_DELETE: Final = Rule("KR512", "mass-delete")
FOREIGN_FILE: Final = Rule("KR513", "foreign-file")


def digest(content: bytes) -> str:
    """Return the SHA-256 of a file's bytes, in hexadecimal digits."""
    return sha256(content).hexdigest()


def digests(names: Mapping[str, bytes]) -> dict[str, str]:
    """Return digests by name."""
    return {name: digest(content) for name, content in names.items()}


def parse(content: bytes | None) -> dict[str, str]:
    """Return the names and digests that an ownership file lists; lines that no run of ours wrote say nothing."""
    found = {}
    for line in (content or b"").decode("utf-8", errors="replace").splitlines():
        told, gap, name = line.partition("  ")
        if gap and not line.startswith("#") and "/" not in name and "\\" not in name and name not in ("", ".", ".."):
            found[name] = told
    return found


def serialise(owned: Mapping[str, str], receipt: str = "") -> bytes:
    """Return the ownership file for names and digests; `receipt` are the lines of `delivery.receipt`."""
    return (HEADER + receipt + listing(owned)).encode()


def listing(owned: Mapping[str, str]) -> str:
    """Return the lines for names and digests."""
    return "".join(f"{owned[name]}  {name}\n" for name in sorted(owned))


def owned_folders(source: Source, top: str) -> dict[str, bool]:
    """Return the folders at and below the path `top` that hold an ownership file, relative to it, in a stable order.

    Beside each stands whether it is clean: nothing lies there that a run which was killed has left.
    """
    found = {}
    pending = [""] if source.is_folder(top) else []
    while pending:
        folder = pending.pop()
        names = sorted(source.entries(f"{top}/{folder}" if folder else top))
        if any(name == OWNERSHIP_FILE and not is_folder for name, is_folder in names):
            found[folder] = not any(name.startswith(TEMPORARY) for name, _ in names)
        inner = [name for name, is_folder in names if is_folder and not name.startswith(".")]
        pending.extend(f"{folder}/{name}" if folder else name for name in reversed(inner))
    return found


def judge(
    folder: str,
    names: Mapping[str, bytes],
    owned: Mapping[str, str],
    is_there: Callable[[str], bool],
    content: Callable[[str], bytes | None],
    diagnostics: Diagnostics,
    *,
    allow_mass_delete: bool,
) -> None:
    """Report what forbids to bring a folder that owns `owned` to hold `names`: KR512 and KR513.

    `is_there` and `content` tell of what lies in the folder now, by name.
    """
    gone = [name for name in owned if name not in names and is_there(name)]
    if not allow_mass_delete and owned and (not names or len(gone) * 2 > len(owned)):
        what = f"all {len(owned)} objects" if not names else f"{len(gone)} of {len(owned)} objects"
        diagnostics.report(
            MASS_DELETE,
            f"this would remove {what} of `{folder}`",
            help="check that nothing is missing from the input; if it is meant, say --allow-mass-delete",
        )
    for name in names:
        if name not in owned and is_there(name) and content(name) != names[name]:
            diagnostics.report(
                FOREIGN_FILE,
                f"`{folder}/{name}` is in the way and not ours" if folder else f"`{name}` is in the way and not ours",
                help="move it elsewhere, or choose another output folder",
            )
