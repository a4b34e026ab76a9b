"""Plain data laid over plain data: merge, `"*"`, deletions, and paths into it.

Maps merge deeply, a later scalar or list wins, `null` deletes, `$patch: replace | delete` says so outright, and lists
whose schema names a merge key merge by it. Inputs are never changed; results share what no layer touched.

The functions look at scalars only to compare them, so a traced run may put tokens in their place and read from the
result which layer won (see `origins`).
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from typing import Any, Final, TypeAlias

    from kusion_render.diagnostics import Json, Pointer

    MergeKeys: TypeAlias = "Mapping[str, Any] | tuple[str, ...] | None"  # Any: nested maps of the same shape


class Gone:
    """A `null` that has deleted something; a later layer may set the key again."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "<gone>"


GONE: Final = Gone()
MISSING: Final = Gone()
DIRECTIVE: Final = "$patch"
EVERY: Final = "*"

# Kubernetes itself takes an absent protocol for TCP, so both spellings are one port.
_KEY_DEFAULTS: Final = {"protocol": "TCP"}
_EMPTY: Final[Mapping[str, Any]] = {}


def merge(below: Mapping[str, Any], above: Mapping[str, Any], keys: MergeKeys = None) -> dict[str, Any]:
    """Return `above` laid over `below`; keys keep the order in which they were first written.

    `keys` nests like the data and names the merge keys of lists: `{"ports": ("port", "protocol")}`; `"*"` stands for
    every key of a free map. A `null` that found nothing stays `None`, one that deleted stays `GONE`: layers still to
    come from beneath may give it something to delete. `settle` clears both at the end.
    """
    result = dict(below)
    inner = keys if type(keys) is dict else _EMPTY
    for key, value in above.items():
        result[key] = _lay(result.get(key, MISSING), value, inner.get(key) or inner.get(EVERY))
    return result


def _lay(below: Any, above: Any, keys: MergeKeys) -> Any:
    if above is None or above is GONE:
        return above if below is MISSING or below is None else GONE
    if isinstance(above, dict):
        directive = above.get(DIRECTIVE)
        if directive == "delete":
            return GONE if below is not MISSING and below is not None else above
        if not isinstance(below, dict):
            return above
        if directive == "replace":
            return {key: value for key, value in above.items() if key != DIRECTIVE}
        return merge(below, above, keys)
    if isinstance(above, list) and isinstance(below, list) and type(keys) is tuple:
        return merge_lists(below, above, keys)
    return above


def merge_lists(below: Sequence[Any], above: Sequence[Any], keys: tuple[str, ...]) -> list[Any]:
    """Merge two lists of maps whose items are the same when all `keys` are; new items come last."""
    result = list(below)
    index = {_identity(item, keys): at for at, item in enumerate(result)}
    for item in above:
        identity = _identity(item, keys)
        at = index.get(identity)
        if at is None:
            index[identity] = len(result)
            result.append(item)
        else:
            result[at] = _lay(result[at], item, None)
    return [item for item in result if item is not GONE]


def _identity(item: Any, keys: tuple[str, ...]) -> object:
    if not isinstance(item, dict):
        return (item if isinstance(item, (str, int, float)) else id(item),)
    return tuple(str(item.get(key, _KEY_DEFAULTS.get(key))) for key in keys)


def fill(below: Mapping[str, Any], above: Mapping[str, Any], keys: MergeKeys = None) -> dict[str, Any]:
    """Return `above` laid over what `below` has for the keys of `above`, and over nothing else.

    The rule of `"*"`: it fills what a sibling has, it never adds one.
    """
    return merge({key: value for key, value in below.items() if key in above}, above, keys)


def settle(data: Any, pointer: Pointer = ()) -> tuple[Any, list[Pointer]]:
    """Clear what deletions left behind; return the data and the places of those that deleted nothing.

    Inside lists `null` is data and stays.
    """
    useless: list[Pointer] = []
    return _settle(data, pointer, useless), useless


def _settle(data: Any, pointer: Pointer, useless: list[Pointer]) -> Any:
    if isinstance(data, list):
        return [
            _settle(item, (*pointer, at), useless) if isinstance(item, dict) else item for at, item in enumerate(data)
        ]
    if not isinstance(data, dict):
        return data
    if not data:
        return data
    result = {}
    for key, value in data.items():
        if value is GONE:
            continue
        if key == DIRECTIVE and value == "replace":
            continue
        if value is None or (isinstance(value, dict) and value.get(DIRECTIVE) == "delete"):
            useless.append((*pointer, key))
            continue
        result[key] = _settle(value, (*pointer, key), useless) if isinstance(value, (dict, list)) else value
    return result


def at(data: Any, pointer: Pointer) -> Any:
    """Return the value `pointer` leads to, or `MISSING`."""
    for step in pointer:
        if isinstance(data, dict):
            data = data.get(step, MISSING)
        elif isinstance(data, list) and isinstance(step, int) and 0 <= step < len(data):
            data = data[step]
        else:
            return MISSING
    return data


def put(data: Any, pointer: Pointer, value: Any) -> Any:
    """Return a copy of `data` with `value` at `pointer`; maps on the way are made, list items must exist.

    Raises:
        IndexError: when a step into a list is not the number of one of its items.
    """
    if not pointer:
        return value
    step, rest = pointer[0], pointer[1:]
    if isinstance(data, list):
        position = int(step) if str(step).isascii() and str(step).isdigit() else len(data)
        if position >= len(data):
            raise IndexError(step)
        return [*data[:position], put(data[position], rest, value), *data[position + 1 :]]
    below = data if isinstance(data, dict) else {}
    return {**below, step: put(below.get(step), rest, value)}


def leaves(data: Json, pointer: Pointer = ()) -> Iterator[tuple[Pointer, Json]]:
    """Yield every scalar and every empty map or list with its place, in order."""
    if isinstance(data, dict) and data:
        for key, value in data.items():
            yield from leaves(value, (*pointer, key))
    elif isinstance(data, list) and data:
        for position, item in enumerate(data):
            yield from leaves(item, (*pointer, position))
    else:
        yield pointer, data


def dotted(pointer: Pointer) -> str:
    """Write a place the way users do: `web.env["a.b"].command[0]`."""
    text = ""
    for step in pointer:
        if isinstance(step, int):
            text += f"[{step}]"
        elif "." in step or "[" in step or not step:
            text += f'["{step}"]'
        else:
            text += f".{step}" if text else step
    return text
