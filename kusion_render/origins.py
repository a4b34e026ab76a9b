"""Where merged values come from: positions of files, and tokens that show which layer won.

Nothing here runs in a successful render. When something is wrong, or `explain` asks, the pure merge is run once more
with a `Token` in the place of every scalar; the tokens that come out name their layer and their place in it.
"""

from __future__ import annotations

from kusion_render.diagnostics import Diagnostic, Place, Related, Span
from kusion_render.document import MISSING, at

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any, Final, TypeAlias

    from kusion_render.diagnostics import Pointer, Where

    Positions: TypeAlias = Mapping[Pointer, tuple[Span | None, Span]]


class Token:
    """A scalar's stand-in: equal to its value, and a witness of the layer and place it was written at."""

    __slots__ = ("layer", "pointer", "value")

    def __init__(self, value: Any, layer: int, pointer: Pointer) -> None:
        self.value: Final = value  # Any: whatever scalar the file held
        self.layer: Final = layer
        self.pointer: Final = pointer

    def __eq__(self, other: object) -> bool:
        return bool(self.value == (other.value if isinstance(other, Token) else other))

    def __hash__(self) -> int:
        return 0 if isinstance(self.value, list) else hash(self.value)

    def __str__(self) -> str:
        return str(self.value)

    def __repr__(self) -> str:
        return f"<{self.value!r} of layer {self.layer}>"


class Void(dict[str, object]):
    """An empty map that remembers its place as a `Token` does."""

    __slots__ = ("layer", "pointer")

    def __init__(self, layer: int, pointer: Pointer) -> None:
        super().__init__()
        self.layer: Final = layer
        self.pointer: Final = pointer


def tokens(data: Any, layer: int, pointer: Pointer = ()) -> Any:
    """Return `data` with a `Token` for every scalar; `null` stays, for merging looks at it."""
    if isinstance(data, dict):
        if not data:
            return Void(layer, pointer)
        return {key: tokens(value, layer, (*pointer, key)) for key, value in data.items()}
    if isinstance(data, list):
        if not data:
            return Token(data, layer, pointer)
        return [tokens(item, layer, (*pointer, at)) for at, item in enumerate(data)]
    return None if data is None else Token(data, layer, pointer)


def witness(data: Any, pointer: Pointer) -> tuple[int, Pointer] | None:
    """Return the layer and the place in it that `pointer` of merged tokens came from; of a map, its first leaf's."""
    for depth, step in enumerate(pointer):
        inner = at(data, (step,))
        if inner is not MISSING:
            data = inner
        elif isinstance(data, (Token, Void)) and depth:
            return data.layer, data.pointer
        else:
            return None
    found = _first_leaf(data, 0)
    return None if found is None else (found[0].layer, found[0].pointer[: len(found[0].pointer) - found[1]])


def _first_leaf(data: Any, depth: int) -> tuple[Token | Void, int] | None:
    """Return the first leaf that was written, and how deep it lies; marks of deletions are none."""
    if isinstance(data, (Token, Void)):
        return data, depth
    inner = data.values() if isinstance(data, dict) else data if isinstance(data, list) else ()
    return next((found for each in inner if (found := _first_leaf(each, depth + 1)) is not None), None)


def locate(positions: Positions, pointer: Pointer, file: str, *, on_key: bool = False) -> Span:
    """Return the span of `pointer`, or of the nearest thing around it that was written."""
    while pointer not in positions and pointer:
        pointer, on_key = pointer[:-1], True
    if pointer not in positions:
        return Span(file)
    key, value = positions[pointer]
    return key if on_key and key is not None else value


def resolved(item: Diagnostic, place: Callable[[Where], Where], stack: str | None = None) -> Diagnostic:
    """Return the diagnostic with every place put through `place`."""
    return Diagnostic(
        item.rule,
        item.message,
        place(item.where),
        help=item.help,
        related=[Related(other.message, place(other.where)) for other in item.related],
        severity=item.severity,
        stack=item.stack or stack,
    )


def in_file(item: Diagnostic, positions: Positions, file: str) -> Diagnostic:
    """Return a diagnostic about one file's own data with its places turned into spans of that file."""

    def place(where: Where) -> Where:
        if not isinstance(where, Place):
            return where
        return locate(positions, where.pointer, file, on_key=where.on_key)

    return resolved(item, place)
