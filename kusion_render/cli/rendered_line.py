"""A line of a rendered file: the object and the field that stand there, and the stack whose folder it lies in."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Final

from kusion_render.diagnostics import Diagnostics, UsageError
from kusion_render.yamlio import parse_all, positions_all

if TYPE_CHECKING:
    from kusion_render.diagnostics import Pointer
    from kusion_render.origins import Positions

# Rendered files; their sizes are those that Argo CD and Git hosts take at most.
_LARGEST: Final = 100 << 20


class RenderedLine:
    """What stands at a line: the object as `kind/name`, the field, and the stack as the file's folder is called."""

    def __init__(self, stack: str, object_name: str, pointer: Pointer) -> None:
        self.stack: Final = stack
        self.object_name: Final = object_name
        self.pointer: Final = pointer


def read_line(text: str) -> RenderedLine | None:
    """Return what stands at `FILE:LINE`, None when the text is no such thing.

    Raises:
        UsageError: when the file can't be read, or no object stands at the line.
    """
    file, colon, number = text.rpartition(":")
    if not colon or not number.isascii() or not number.isdigit() or not file.endswith((".yaml", ".yml")):
        return None
    content = _content(file)
    document, places = _document(content, file, int(number))
    metadata = document.get("metadata")
    if not isinstance(document.get("kind"), str) or not isinstance(metadata, dict):
        raise UsageError(f"`{file}` holds no Kubernetes object at line {number}")
    folder = os.path.dirname(os.path.realpath(file))
    stack = "/".join(folder.split(os.sep)[-2:])
    return RenderedLine(stack, f"{document['kind'].lower()}/{metadata.get('name')}", _deepest(places, int(number)))


def _content(file: str) -> bytes:
    try:
        if os.path.exists(file) and not os.path.isfile(file):
            raise UsageError(f"`{file}` is not a regular file")
        with open(file, "rb") as stream:
            return stream.read(_LARGEST)
    except OSError as error:
        raise UsageError(f"`{file}` can't be read: {(error.strerror or 'no reason given').lower()}") from error


def _document(content: bytes, file: str, line: int) -> tuple[dict[str, Any], Positions]:
    found = Diagnostics()
    documents = parse_all(content, file, found)
    if documents is None or found.failed:
        raise UsageError(f"`{file}` is no YAML that could be rendered; say which object and field instead")
    chosen: tuple[dict[str, Any], Positions] | None = None
    for parsed, places in zip(documents, positions_all(content, file), strict=True):
        if isinstance(parsed.data, dict) and (chosen is None or places[()][1].line <= line):
            chosen = parsed.data, places
    if chosen is None:
        raise UsageError(f"`{file}` holds no Kubernetes object")
    return chosen


def _deepest(places: Positions, line: int) -> Pointer:
    """Return the field whose text begins nearest above the line's end; of several on one line the innermost."""
    best: tuple[int, int] = (0, 0)
    chosen: Pointer = ()
    for pointer, (key, value) in places.items():
        begins = (key or value).line
        if begins <= line and (begins, len(pointer)) >= best:
            best, chosen = (begins, len(pointer)), pointer
    return chosen
