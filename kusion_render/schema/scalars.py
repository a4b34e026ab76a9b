"""Plain scalars that YAML reads in more than one way, resolved by what the schema wants at their place."""

from __future__ import annotations

from kusion_render.diagnostics import Place, Rule
from kusion_render.yamlio import AMBIGUOUS, Plain

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any, Final

    from kusion_render.diagnostics import Diagnostics, Json, Pointer, Span
    from kusion_render.schema import FilePositions

AMBIGUOUS_SCALAR: Final = Rule("KR103", "ambiguous-scalar")
SILENT: Final[dict[str, object]] = {}
SWITCHES: Final = frozenset({"yes", "no", "on", "off", "y", "n"})
SECRET_KEYS: Final = frozenset({"secrets", "data", "stringdata", "env", "password", "token"})


class Resolution:
    """Where problems of one document go."""

    __slots__ = ("diagnostics", "document", "file_positions")

    def __init__(self, diagnostics: Diagnostics, document: str, file_positions: FilePositions | None) -> None:
        self.diagnostics: Final = diagnostics
        self.document: Final = document
        self.file_positions: Final = file_positions


def resolve(data: Json, positions: Any, pointer: Pointer, resolution: Resolution) -> Json:  # Any: see `positions`
    """Return the data with its `Plain` scalars resolved; the same object where nothing changed."""
    if positions is None:
        return data
    beneath = positions if isinstance(positions, dict) else SILENT
    if isinstance(data, Plain):
        wants_text = positions is True or "=" in beneath
        return str(data) if wants_text else value_of(data, pointer, resolution)
    if isinstance(data, dict):
        rest = beneath.get("*", SILENT)
        pairs = {key: resolve(item, beneath.get(key, rest), (*pointer, key), resolution) for key, item in data.items()}
        return pairs if any(pairs[key] is not data[key] for key in data) else data
    if isinstance(data, list):
        inside = beneath.get("[]", SILENT)
        items = [resolve(item, inside, (*pointer, index), resolution) for index, item in enumerate(data)]
        return items if any(new is not old for new, old in zip(items, data, strict=True)) else data
    return data


def value_of(scalar: Plain, pointer: Pointer, resolution: Resolution) -> Json:
    """Return what the scalar means to every YAML reader; report KR103 and return its text if they disagree."""
    text = str(scalar)
    if scalar.value is not AMBIGUOUS:
        value: Json = scalar.value
        return value
    subject, quoted = (f"`{text}`", f'`"{text}"`') if not secret(pointer) else ("this value", "quotes around it")
    if text.lower() in SWITCHES:
        advice = f"write `true` or `false`, or {quoted} for text"
    elif text.lstrip("+-").startswith("0") and text.lstrip("+-0").isdigit() and not secret(pointer):
        advice = f"write {quoted} for text or `{text.lstrip('+-0')}` for the number"
    else:
        advice = f"write {quoted} for text, or a plain decimal number"
    resolution.diagnostics.report(
        AMBIGUOUS_SCALAR,
        f"{subject} is read differently by YAML 1.1 and 1.2",
        where(pointer, resolution.document, resolution.file_positions),
        help=advice,
    )
    return text


def secret(pointer: Pointer) -> bool:
    """Return whether a value there may be secret and must not be shown."""
    return any(isinstance(part, str) and part.lower() in SECRET_KEYS for part in pointer)


def where(
    pointer: Pointer, document: str, file_positions: FilePositions | None, *, on_key: bool = False
) -> Place | Span | None:
    """Return a place in the merged document, or the span in the file that has the nearest position."""
    if file_positions is None:
        return Place(pointer, on_key=on_key, document=document)
    return nearest(pointer, file_positions(), on_key=on_key)


def nearest(pointer: Pointer, positions: Mapping[Pointer, tuple[Span | None, Span]], *, on_key: bool) -> Span | None:
    """Return the span of the deepest part of the pointer that the file has."""
    for length in range(len(pointer), -1, -1):
        if pointer[:length] in positions:
            key, value = positions[pointer[:length]]
            return key if on_key and key is not None and length == len(pointer) else value
    return None
