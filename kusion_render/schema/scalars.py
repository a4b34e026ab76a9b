"""Plain scalars that YAML reads in more than one way, resolved by what the schema wants at their place."""

from __future__ import annotations

from kusion_render.diagnostics import Place, Rule
from kusion_render.yamlio import Plain

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Final

    from kusion_render.diagnostics import Diagnostics, Json, Pointer

AMBIGUOUS_SCALAR: Final = Rule("KR103", "ambiguous-scalar")
SILENT: Final[dict[str, object]] = {}
SWITCHES: Final = frozenset({"yes", "no", "on", "off", "y", "n"})
SECRET_KEYS: Final = frozenset({"secrets", "data", "stringdata", "env", "password", "token"})


def resolve(
    data: Json, positions: Any, pointer: Pointer, document: str, diagnostics: Diagnostics
) -> Json:  # Any: the nested form of `positions` is recursive
    """Return the data with its `Plain` scalars resolved; the same object where nothing changed."""
    if positions is None:
        return data
    beneath = positions if isinstance(positions, dict) else SILENT
    if isinstance(data, Plain):
        wants_text = positions is True or "=" in beneath
        return str(data) if wants_text else value_of(data, pointer, document, diagnostics)
    if isinstance(data, dict):
        rest = beneath.get("*", SILENT)
        pairs = {
            key: resolve(item, beneath.get(key, rest), (*pointer, key), document, diagnostics)
            for key, item in data.items()
        }
        return pairs if any(pairs[key] is not data[key] for key in data) else data
    if isinstance(data, list):
        inside = beneath.get("[]", SILENT)
        items = [resolve(item, inside, (*pointer, at), document, diagnostics) for at, item in enumerate(data)]
        return items if any(new is not old for new, old in zip(items, data, strict=True)) else data
    return data


def value_of(scalar: Plain, pointer: Pointer, document: str, diagnostics: Diagnostics) -> Json:
    """Return what the scalar means to every YAML reader; report KR103 and return its text if they disagree."""
    value = scalar.value
    if isinstance(value, (bool, int, float)):
        return value
    text = str(scalar)
    message = f"{'this value' if secret(pointer) else f'`{text}`'} is read differently by YAML 1.1 and 1.2"
    place = Place(pointer, document=document)
    diagnostics.report(AMBIGUOUS_SCALAR, message, place, help=unambiguous(text, hidden=secret(pointer)))
    return text


def unambiguous(text: str, *, hidden: bool) -> str:
    """Return how to write the scalar so that every reader sees the same."""
    quoted = "quotes around it" if hidden else f'`"{text}"`'
    if text.lower() in SWITCHES:
        return f"write `true` or `false`, or {quoted} for text"
    digits = text.lstrip("+-0")
    if text.lstrip("+-").startswith("0") and digits.isdecimal() and not hidden:
        return f"write {quoted} for text or `{digits}` for the number"
    return f"write {quoted} for text, or a plain decimal number"


def secret(pointer: Pointer) -> bool:
    """Return whether a value there may be secret and must not be shown."""
    return any(isinstance(part, str) and part.lower() in SECRET_KEYS for part in pointer)
