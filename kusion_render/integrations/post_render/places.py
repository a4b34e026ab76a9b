"""Gives the diagnostics of a post-render their places: lines of the stream, and of the workspace's file."""

from __future__ import annotations

from kusion_render.diagnostics import Diagnostics, OutputPlace, Place
from kusion_render.document import EVERY, MISSING, at
from kusion_render.origins import resolved

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from kusion_render.diagnostics import Diagnostic, Pointer, Where
    from kusion_render.integrations.post_render.stream import Item
    from kusion_render.repository import Repository


def placed(
    diagnostics: Sequence[Diagnostic], items: Sequence[Item], repository: Repository, workspace: str
) -> list[Diagnostic]:
    """Return diagnostics with every place turned into one of a file; `workspace` is the workspace's file.

    A place in `apps` is one in the app that `enforce` makes of an object, so what it says stands in `enforce`.
    """
    known: dict[str, Item] = {}
    for item in items:
        known.setdefault(item.id, item)

    def place(where: Where) -> Where:
        if isinstance(where, OutputPlace):
            return known[where.resource_id].span(where.pointer) if where.resource_id in known else None
        if not isinstance(where, Place):
            return where
        pointer = where.pointer
        if where.document == "apps":
            pointer = _in_enforce(pointer, repository, workspace)
        return repository.files.span(workspace, pointer, on_key=where.on_key) if workspace else None

    return [resolved(item, place) for item in diagnostics]


def _in_enforce(pointer: Pointer, repository: Repository, workspace: str) -> Pointer:
    """Return where `enforce` says what stands at a place of an app: for a container perhaps under `"*"`."""
    parsed = repository.files.yaml(workspace, Diagnostics())
    data = parsed.data if parsed is not None else None
    result: Pointer = ("enforce", *pointer[1:])
    if len(result) > 3 and at(data, result) is MISSING:
        every = (*result[:3], EVERY, *result[4:])
        if at(data, every[:4]) is not MISSING:
            return every
    return result
