"""Where a schema wants text, and which lists it merges by key, as nested dicts.

Both forms map a property to what is beneath it; `*` stands for every other key and `[]` for list items.
Text positions: `True` is a text position; `=` beside other keys says that a scalar is text there, too;
`None` leaves what is beneath alone. Merge keys: a tuple names the keys that identify an item of that list.
Cold path: the build writes the result into the generated modules.
"""

from __future__ import annotations

from kusion_render.schema.truth import branches

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, TypeAlias

    from kusion_render.schema.truth import Schema

    # Nested dicts whose leaves differ between the two forms.
    Positions: TypeAlias = dict[str, Any]


def text_positions(schema: Schema, root: Schema | None = None) -> Positions | bool | None:
    """Return where the schema has `x-text`, beneath what has not `x-opaque`."""
    root = root or schema
    found: Positions = {}
    for branch in branches(schema, root):
        if branch.get("x-opaque"):
            return None
        if branch.get("x-text"):
            found["="] = True
        gather(branch, root, text_positions, found)
    return True if found == {"=": True} else found


def merge_positions(schema: Schema, root: Schema | None = None) -> Positions | tuple[str, ...]:
    """Return where the schema has `x-merge-key`."""
    root = root or schema
    found: Positions = {}
    for branch in branches(schema, root):
        if "x-merge-key" in branch:
            return tuple(branch["x-merge-key"])
        gather({**branch, "items": None}, root, merge_positions, found)
    return found


def gather(schema: Schema, root: Schema, look: Callable[[Schema, Schema], object], found: Positions) -> None:
    """Add to `found` what is beneath one branch; an empty answer is kept only where `*` would speak for it."""
    rest = schema.get("additionalProperties")
    beneath = {"*": look(rest, root)} if isinstance(rest, dict) else {}
    if isinstance(schema.get("items"), dict):
        beneath["[]"] = look(schema["items"], root)
    beneath = {key: value for key, value in beneath.items() if value != {}}
    for key, child in schema.get("properties", {}).items():
        value = look(child, root)
        if value != {} or "*" in beneath:
            beneath[key] = value
    for key, value in beneath.items():
        found[key] = union(found.get(key, {}), value)


def union(first: Any, second: Any) -> Any:  # Any: the leaves of both forms
    """Join what two branches say of one position; words win over silence."""
    if first == {} or second is None:
        return second
    if second == {} or not isinstance(first, dict) or not isinstance(second, dict):
        return first
    return {key: union(first.get(key, {}), second.get(key, {})) for key in {**first, **second}}
