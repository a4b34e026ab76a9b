"""Which fields of a stack's objects differ between two renders, as people may see them."""

from __future__ import annotations

from kusion_render.document import leaves
from kusion_render.report.display import neutralise
from kusion_render.report.masking import Masks
from kusion_render.yamlio import dump, positions

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any, Final

    from kusion_render.diagnostics import Pointer, Span
    from kusion_render.model import Resource, Spec

MASK: Final = "•••"
_WIDEST: Final = 60


class Field:
    """A field that differs: its place, and the values as they may be shown; None on the side that has none."""

    __slots__ = ("after", "before", "pointer")

    def __init__(self, pointer: Pointer, before: str | None, after: str | None) -> None:
        self.pointer: Final = pointer
        self.before: Final = before
        self.after: Final = after

    def key(self) -> tuple[object, ...]:
        """What makes two fields the same."""
        return (self.pointer, self.before, self.after)


class Change:
    """An object that differs: `name` is kind/name, `sign` one of `+`, `-` and `~`; `fields` only of the last."""

    __slots__ = ("fields", "name", "sign")

    def __init__(self, name: str, sign: str, fields: Sequence[Field] = ()) -> None:
        self.name: Final = name
        self.sign: Final = sign
        self.fields: Final = fields

    def key(self) -> tuple[object, ...]:
        """What makes two changes the same."""
        return (self.name, self.sign, *(field.key() for field in self.fields))


def changes(before: Spec | None, after: Spec | None) -> list[Change]:
    """Return what differs between two renders of one stack, in the order of the objects; None is one that failed."""
    old = {resource.id: resource for resource in (before.resources if before is not None else ())}
    new = {resource.id: resource for resource in (after.resources if after is not None else ())}
    found = [Change(_name(resource), "-") for key, resource in old.items() if key not in new]
    for key, resource in new.items():
        known = old.get(key)
        if known is None:
            found.append(Change(_name(resource), "+"))
        elif known.attributes != resource.attributes:
            found.append(Change(_name(resource), "~", _fields(known, resource)))
    return found


def _name(resource: Resource) -> str:
    return f"{resource.attributes['kind'].lower()}/{resource.attributes['metadata']['name']}"


def _fields(before: Resource, after: Resource) -> list[Field]:
    old, new = dict(leaves(before.attributes)), dict(leaves(after.attributes))
    shown_before, shown_after = _Shown(before.attributes), _Shown(after.attributes)
    return [
        Field(
            pointer,
            shown_before.value(pointer, old[pointer]) if pointer in old else None,
            shown_after.value(pointer, new[pointer]) if pointer in new else None,
        )
        for pointer in dict.fromkeys([*old, *new])
        if pointer not in old or pointer not in new or old[pointer] != new[pointer]
    ]


class _Shown:
    """The values of an object as people may see them: secrets masked as in a code frame."""

    __slots__ = ("_masks", "_positions")

    def __init__(self, attributes: dict[str, Any]) -> None:
        text = dump(attributes)
        self._masks: Final = Masks(text.split("\n"))
        self._positions: Final = positions(text.encode(), "")

    def value(self, pointer: Pointer, value: Any) -> str:
        """Return a leaf on one line."""
        if self._is_masked(self._positions[pointer][1]):
            return MASK
        text = "null" if value is None else str(value).lower() if isinstance(value, bool) else str(value)
        line = neutralise(text.replace("\n", "\\n"))
        return line if len(line) <= _WIDEST else f"{line[: _WIDEST - 1]}…"

    def _is_masked(self, span: Span) -> bool:
        return any(
            (line > span.line or end >= span.column) and (line < span.end_line or start < span.end_column)
            for line in range(span.line, span.end_line + 1)
            for start, end in self._masks.ranges(line - 1)
        )
