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


class Cut(dict[str, object]):
    """An item that `$patch: delete` took out of a list; it stays for what a layer beneath may bring, until `settle`."""


GONE: Final = Gone()
MISSING: Final = Gone()
DIRECTIVE: Final = "$patch"
EVERY: Final = "*"

# Kubernetes itself takes an absent protocol for TCP, so both spellings are one port.
_KEY_DEFAULTS: Final = {"protocol": "TCP"}
_EMPTY: Final[Mapping[str, Any]] = {}
# What is handed to Kubernetes' own merge: there `null` and `$patch` in lists are words of that merge.
_RAW: Final = frozenset(("podSpec", "patches"))


def merge(below: Mapping[str, Any], above: Mapping[str, Any], keys: MergeKeys = None) -> dict[str, Any]:
    """Return `above` laid over `below`; keys keep the order in which they were first written.

    `keys` nests like the data and names the merge keys of lists: `{"ports": ("port", "protocol")}`; `"*"` stands for
    every key of a free map. Layers still to come from beneath may have what is deleted here, so deletions leave marks:
    a `null` that found nothing stays `None`, one that deleted stays `GONE`, and a map that replaces, or that is set
    again after a deletion, says `$patch: replace`. `settle` clears them at the end.
    """
    result = dict(below)
    inner = keys if type(keys) is dict else _EMPTY
    for key, value in above.items():
        result[key] = lay(result.get(key, MISSING), value, inner.get(key) or inner.get(EVERY))
    return result


def lay(below: Any, above: Any, keys: MergeKeys = None) -> Any:
    """Return one value laid over another, `MISSING` where there is none."""
    if above is None or above is GONE:
        return above if _is_nothing(below) else GONE
    if isinstance(above, dict):
        directive = above.get(DIRECTIVE)
        if directive == "delete":
            return above if _is_nothing(below) else GONE
        if directive == "replace" or below is MISSING:
            return above
        if below is GONE or _is_nothing(below):
            return {**above, DIRECTIVE: "replace"}
        return merge(below, above, keys) if isinstance(below, dict) else above
    if isinstance(above, list) and isinstance(below, list) and type(keys) is tuple:
        return merge_lists(below, above, keys)
    return above


def _is_nothing(value: Any) -> bool:
    """Tell whether there is nothing to delete: no value, or a deletion that found none."""
    return value is MISSING or value is None or (isinstance(value, dict) and value.get(DIRECTIVE) == "delete")


def merge_lists(below: Sequence[Any], above: Sequence[Any], keys: tuple[str, ...]) -> list[Any]:
    """Merge two lists of maps whose items are the same when all `keys` are; new items come last.

    Each item of `below` is met once, so that two alike items of one layer stay two.
    """
    result = list(below)
    added = []
    index: dict[object, int] = {}
    for position, item in enumerate(below):
        index.setdefault(_identity(item, keys), position)
    for item in above:
        found = index.pop(_identity(item, keys), None)
        if found is None:
            added.append(item)
        else:
            result[found] = _lay_item(result[found], item)
    # What is cut stands last, so that the numbers of the others are those they will have.
    return sorted([*result, *added], key=lambda item: type(item) is Cut)


def _lay_item(below: Any, above: Any) -> Any:
    if not isinstance(above, dict):
        return above
    if type(above) is Cut or above.get(DIRECTIVE) == "delete":
        return Cut(above)
    return {**above, DIRECTIVE: "replace"} if type(below) is Cut else lay(below, above)


def _identity(item: Any, keys: tuple[str, ...]) -> object:
    if isinstance(item, dict):
        return tuple(str(_value(item, key)) for key in keys)
    return (id(item) if isinstance(item, list) else item,)


def _value(item: Mapping[str, Any], key: str) -> Any:
    """Return what an item has under a merge key, `metadata.name` being the `name` in its `metadata`."""
    outer, dot, inner = key.partition(".")
    if not dot:
        return item.get(key, _KEY_DEFAULTS.get(key))
    value = item.get(outer)
    return value.get(inner) if isinstance(value, dict) else None


def fill(below: Mapping[str, Any], above: Mapping[str, Any], keys: MergeKeys = None) -> dict[str, Any]:
    """Return `above` laid over what `below` has for the keys of `above`, and over nothing else.

    The rule of `"*"`: it fills what a sibling has, it never adds one.
    """
    return merge({key: value for key, value in below.items() if key in above}, above, keys)


def settle(data: Any, pointer: Pointer = ()) -> tuple[Any, list[Pointer]]:
    """Clear what deletions left behind; return the data and the places of what is wrong with them.

    A place is that of a deletion that found nothing, or ends with `$patch` where that says neither `replace` nor
    `delete`. Inside lists `null` is data and stays.
    """
    wrong: list[Pointer] = []
    return _settle(data, pointer, wrong), wrong


def _settle(data: Any, pointer: Pointer, wrong: list[Pointer]) -> Any:
    if isinstance(data, list):
        return _settle_list(data, pointer, wrong)
    if not isinstance(data, dict) or not data:
        return data
    result = {}
    for key, value in data.items():
        if key == DIRECTIVE:
            if value != "replace":
                wrong.append((*pointer, key))
        elif _is_nothing(value):
            wrong.append((*pointer, key))
        elif value is not GONE:
            result[key] = _settle(value, (*pointer, key), wrong) if isinstance(value, (dict, list)) else value
    return result


def _settle_list(items: Sequence[Any], pointer: Pointer, wrong: list[Pointer]) -> list[Any]:
    raw = not _RAW.isdisjoint(pointer)
    result = []
    for number, item in enumerate(items):
        if type(item) is Cut:
            continue
        if isinstance(item, dict) and item.get(DIRECTIVE) == "delete" and not raw:
            wrong.append((*pointer, number))
        else:
            result.append(_without_marks(item, raw=raw))
    return result


def _without_marks(data: Any, *, raw: bool) -> Any:
    """Return an item of a list without the marks of merging; `null` in it is data."""
    if isinstance(data, dict):
        return {
            key: _without_marks(value, raw=raw)
            for key, value in data.items()
            if value is not GONE and (raw or key != DIRECTIVE or value != "replace")
        }
    if isinstance(data, list):
        return [_without_marks(item, raw=raw) for item in data if type(item) is not Cut]
    return data


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


def untyped(config: Mapping[str, Any]) -> dict[str, Any]:
    """Return a map without `_type`, by which KCL marks what is of a schema and which is no field of anything."""
    return {key: value for key, value in config.items() if key != "_type"}


def json_pointer(text: str) -> tuple[str, ...]:
    """Return the steps of a JSON Pointer (RFC 6901), which is empty or begins with `/`."""
    return tuple(step.replace("~1", "/").replace("~0", "~") for step in text.split("/")[1:])


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
