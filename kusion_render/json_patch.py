"""JSON Patch (RFC 6902) and JSON merge patch (RFC 7396) on plain data; the input stays as it is."""

from __future__ import annotations

from kusion_render.document import json_pointer

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any, Final

    from kusion_render.diagnostics import Pointer

_APPEND: Final = "-"


class JsonPatchError(Exception):
    """An operation that can't be done; `pointer` leads to it in the list of operations, `help` is the next step."""

    def __init__(self, message: str, pointer: Pointer, hint: str) -> None:
        super().__init__(message)
        self.pointer: Final = pointer
        self.help: Final = hint


class _NowhereError(Exception):
    """A path that leads nowhere: the part of it that was found, and what stands there."""


def json_patch(data: Any, operations: Sequence[Mapping[str, Any]], *, lenient: bool = False) -> Any:
    """Return `data` after all operations, each `{op, path, value?, from?}` with JSON Pointers (RFC 6901).

    With `lenient`, `remove` does nothing where nothing is, and `add` makes the parents it misses, as for Kusion's modules.

    Raises:
        JsonPatchError: when one of them can't be done.
    """
    for number, operation in enumerate(operations):
        key = "path"
        try:
            path = json_pointer(operation["path"])
            if operation["op"] in ("move", "copy"):
                key = "from"
                data = _moved(data, operation, json_pointer(operation["from"]), path)
            elif operation["op"] == "test":
                _test(data, operation, path, number)
            elif lenient and operation["op"] == "remove" and not _is_there(data, path):
                continue
            else:
                if lenient and operation["op"] == "add":
                    data = _with_parents(data, path)
                data = _changed(data, operation["op"], path, operation.get("value"))
        except _NowhereError as error:
            hint = "an operation needs its parents to be there: `add` them first, or use `merge`"
            raise JsonPatchError(f"`{operation[key]}` leads nowhere: {error}", (number, key), hint) from None
    return data


def _moved(data: Any, operation: Mapping[str, Any], source: Sequence[str], path: Sequence[str]) -> Any:
    value = _find(data, source)
    if operation["op"] == "move":
        if path[: len(source)] == source and path != source:
            raise _NowhereError("a value can't be moved into itself")
        data = _changed(data, "remove", source, None)
    return _changed(data, "add", path, value)


def _test(data: Any, operation: Mapping[str, Any], path: Sequence[str], number: int) -> None:
    if _find(data, path) != operation.get("value"):
        # The value is not shown: it may be a secret's.
        raise JsonPatchError(
            f"the test at `{operation['path']}` fails", (number, "value"), "make the test say what is there, or drop it"
        )


def _is_there(data: Any, path: Sequence[str]) -> bool:
    try:
        _find(data, path)
    except _NowhereError:
        return False
    return True


def _with_parents(data: Any, path: Sequence[str]) -> Any:
    """Return a copy of `data` with empty maps, or lists before `-` and `0`, for the parents that a place misses."""
    if len(path) < 2 or not isinstance(data, dict):
        return data
    step, rest = path[0], path[1:]
    inner = data.get(step)
    if inner is None:
        inner = [] if rest[0] in (_APPEND, "0") else {}
    return {**data, step: _with_parents(inner, rest)}


def _find(data: Any, steps: Sequence[str]) -> Any:
    for step in steps:
        data = data[_place(data, step, adding=False)]
    return data


def _place(owner: Any, step: str, *, adding: bool) -> Any:
    """Return the key or number that a step means in a map or list."""
    if isinstance(owner, dict):
        if step not in owner and not adding:
            raise _NowhereError(f"there is no `{step}`")
        return step
    if not isinstance(owner, list):
        raise _NowhereError(f"`{step}` is looked for in what is no map or list")
    if step == _APPEND and adding:
        return len(owner)
    if not (step.isascii() and step.isdigit()) or int(step) >= len(owner) + adding:
        raise _NowhereError(f"the list has no item `{step}`, it has {len(owner)}")
    return int(step)


def _changed(data: Any, operation: str, steps: Sequence[str], value: Any) -> Any:
    """Return a copy of `data` after `add`, `remove` or `replace` at `steps`."""
    if not steps:
        return None if operation == "remove" else value
    step, rest = steps[0], steps[1:]
    place = _place(data, step, adding=operation == "add" and not rest)
    copy = dict(data) if isinstance(data, dict) else list(data)
    if rest:
        copy[place] = _changed(data[place], operation, rest, value)
    elif operation == "remove":
        del copy[place]
    elif operation == "add" and isinstance(copy, list):
        copy.insert(place, value)
    else:
        copy[place] = value
    return copy


def merge_patch(below: Any, above: Any) -> Any:
    """Return `above` laid over `below` as RFC 7396 says: maps merge, `null` deletes, all else replaces."""
    if not isinstance(above, dict):
        return above
    result = dict(below) if isinstance(below, dict) else {}
    for key, value in above.items():
        if value is None:
            result.pop(key, None)
        else:
            result[key] = merge_patch(result.get(key), value)
    return result
