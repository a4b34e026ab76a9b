"""What a folder's ownership file says of the render it holds, in lines that begin with `#`, and a seal over all of it.

The seal is the digest of the rest of the file, of what the inputs held, and of how they were rendered. Whoever finds the
same seal, and in the folder what the list says, need not render.
"""

from __future__ import annotations

import json
import os
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Final

from kusion_render.delivery.ownership import HEADER

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_MARK: Final = "# receipt "
_KINDS: Final = ("stack", "read", "absent", "listed", "objects")
# Beyond them the checks cost more than a render.
MOST_INPUTS: Final = 1000
_LARGEST: Final = 1 << 20
_LONGEST: Final = 4096


class Receipt:
    """What one render was made of and came to.

    `names` are the project's name and folder, the stack's name and folder; `workspaces` the stack's, `workspace` the one it
    was rendered on. `looks` is what the project was found to look like, `kusion` or `native`, where nobody says which it is. The inputs are as in `repository.files.Record`, sorted; `objects` are the digests of what no other
    render on the workspace may make, each with a digest of its content behind a colon where equal ones may be shared.
    """

    __slots__ = ("absent", "listed", "looks", "names", "objects", "read", "workspace", "workspaces")

    def __init__(
        self,
        names: Sequence[str],
        workspaces: Sequence[str],
        workspace: str,
        looks: str,
        read: Iterable[str],
        absent: Iterable[str],
        listed: Iterable[str],
        objects: Iterable[str],
    ) -> None:
        self.names: Final = tuple(names)
        self.workspaces: Final = tuple(workspaces)
        self.workspace: Final = workspace
        self.looks: Final = looks
        self.read: Final = sorted(read)
        self.absent: Final = sorted(absent)
        self.listed: Final = sorted(listed)
        self.objects: Final = list(objects)

    @property
    def path(self) -> str:
        """The stack's folder."""
        return self.names[3]

    @property
    def key(self) -> str:
        """The name users say, as a target's."""
        key = f"{self.names[0]}/{self.names[2]}"
        return f"{key}@{self.workspace}" if len(self.workspaces) > 1 else key

    @property
    def inputs(self) -> int:
        """How many inputs there are."""
        return len(self.read) + len(self.absent) + len(self.listed)

    def text(self) -> str:
        """Return the lines, without the seal."""
        stack = [*self.names, self.workspaces, self.workspace, self.looks]
        said = (stack, self.read, self.absent, self.listed, self.objects)
        # In ASCII, so that no name can hold a line break, or bytes that are no text.
        return "".join(
            f"# {kind} {json.dumps(value, separators=(',', ':'))}\n" for kind, value in zip(_KINDS, said, strict=True)
        )


def sealed(text: str, listing: str, state: str) -> str:
    """Return the lines of a receipt with their seal; `listing` follows them in the file."""
    return f"{_MARK}{_seal((text + listing).encode(), state)}\n{text}"


def _seal(rest: bytes, state: str) -> str:
    return sha256(state.encode() + b"\n" + rest).hexdigest()


class Found:
    """The receipt of a folder, and what its seal is to be compared with."""

    __slots__ = ("_rest", "_seal", "receipt")

    def __init__(self, receipt: Receipt, seal: str, rest: bytes) -> None:
        self.receipt: Final = receipt
        self._seal: Final = seal
        self._rest: Final = rest

    def is_sealed(self, state: str) -> bool:
        """Tell whether the file is as a run of ours wrote it, with the inputs in this state."""
        return self._seal == _seal(self._rest, state)


def read(content: bytes | None) -> Found | None:
    """Return the receipt that an ownership file holds; None where there is none that could be believed."""
    begin = (HEADER + _MARK).encode()
    if content is None or len(content) > _LARGEST or not content.startswith(begin):
        return None
    seal, _, rest = content[len(begin) :].partition(b"\n")
    lines = rest.split(b"\n", len(_KINDS))
    marks = [f"# {kind} ".encode() for kind in _KINDS]
    if len(lines) <= len(_KINDS) or not all(map(bytes.startswith, lines, marks)):
        return None
    try:
        said = json.loads(b"[%s]" % b",".join(line[len(mark) :] for line, mark in zip(lines, marks, strict=False)))
    except (ValueError, RecursionError):
        return None
    receipt = _receipt(said)
    return Found(receipt, seal.decode(errors="replace"), rest) if receipt is not None else None


def _receipt(said: Any) -> Receipt | None:  # Any: what anybody may have written
    if len(said) != len(_KINDS) or not isinstance(said[0], list) or len(said[0]) != 7:
        return None
    *names, workspaces, workspace, looks = said[0]
    lists = (names, workspaces, [workspace, looks], *said[1:])
    if not all(isinstance(each, list) and all(isinstance(item, str) for item in each) for each in lists):
        return None
    receipt = Receipt(names, workspaces, workspace, looks, *said[1:])
    paths = (names[1], names[3], *receipt.read, *receipt.absent, *receipt.listed)
    return receipt if receipt.inputs <= MOST_INPUTS and all(map(is_inside, paths)) else None


def is_inside(path: str) -> bool:
    """Tell whether a path is one that a render could have recorded: plain, and below the root."""
    if not path:
        return True
    try:
        if len(os.fsencode(path)) > _LONGEST:
            return False
    except UnicodeEncodeError:
        return False
    return "\0" not in path and "\\" not in path and not {"..", "."}.intersection(path.split("/")) and path[0] != "/"
