"""What turns one object into another: a strategic-merge patch where maps differ, else a JSON patch."""

from __future__ import annotations

from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import TYPE_CHECKING, Any

from kusion_render.kubernetes.merge_keys import strategic_merge
from kusion_render.yamlio import dump

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence


@dataclass(frozen=True)
class Patch:
    """A patch as the text of its file; `merges` says that it is a strategic-merge patch."""

    text: str
    merges: bool


def patch_between(below: Mapping[str, Any], wanted: Mapping[str, Any]) -> Patch | None:
    """Return the patch that makes `wanted` of `below`, or None where they are the same.

    In lists kustomize merges by keys and orders anew, so what differs there is said by JSON patch.
    """
    if _same(below, wanted):
        return None
    merge = _merge_patch(below, wanted)
    if merge is not None and _same(strategic_merge(below, merge, str(below["kind"])), wanted):
        head = {
            "apiVersion": below["apiVersion"],
            "kind": below["kind"],
            "metadata": {"name": below["metadata"]["name"]},
        }
        metadata = {**head["metadata"], **merge.get("metadata", {})}
        return Patch(dump({**head, **merge, "metadata": metadata}), merges=True)
    return Patch(dump(list(operations(below, wanted))), merges=False)


def _merge_patch(below: Mapping[str, Any], wanted: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return a JSON merge patch, None where lists or types differ, or null is a value."""
    result: dict[str, Any] = {}
    for key in (*below, *(key for key in wanted if key not in below)):
        if key not in wanted:
            result[key] = None
            continue
        value = wanted[key]
        if key in below and _same(below[key], value):
            continue
        if isinstance(value, dict) and isinstance(below.get(key), dict) and value:
            inner = _merge_patch(below[key], value)
            if inner is None:
                return None
            result[key] = inner
        elif isinstance(value, (dict, list)) or value is None or not isinstance(value, type(below.get(key, value))):
            # Of a scalar kustomize keeps the quotes, whatever the new one is.
            return None
        else:
            result[key] = value
    return result


def operations(below: Any, wanted: Any, path: str = "") -> Iterator[dict[str, Any]]:
    """Yield the operations of a JSON patch (RFC 6902) that makes `wanted` of `below`."""
    if _same(below, wanted):
        return
    if isinstance(below, dict) and isinstance(wanted, dict):
        for key in below:
            place = f"{path}/{_pointed(key)}"
            if key not in wanted:
                yield {"op": "remove", "path": place}
            else:
                yield from operations(below[key], wanted[key], place)
        for key in wanted:
            if key not in below:
                yield {"op": "add", "path": f"{path}/{_pointed(key)}", "value": wanted[key]}
    elif isinstance(below, list) and isinstance(wanted, list):
        yield from _list_operations(below, wanted, path)
    else:
        yield {"op": "replace", "path": path, "value": wanted}


def _list_operations(below: Sequence[Any], wanted: Sequence[Any], path: str) -> Iterator[dict[str, Any]]:
    """Yield removals from the end, additions from the start, then what differs in the items that stayed."""
    if len(below) == len(wanted):
        kept = [(number, number) for number in range(len(below))]
    else:
        matcher = SequenceMatcher(a=_names(below), b=_names(wanted), autojunk=False)
        kept = [(one + at, two + at) for one, two, size in matcher.get_matching_blocks() for at in range(size)]
    stayed, known = {one for one, _ in kept}, {two for _, two in kept}
    for number in reversed(range(len(below))):
        if number not in stayed:
            yield {"op": "remove", "path": f"{path}/{number}"}
    for number, value in enumerate(wanted):
        if number not in known:
            yield {"op": "add", "path": f"{path}/{number}", "value": value}
    for one, two in kept:
        yield from operations(below[one], wanted[two], f"{path}/{two}")


def _names(items: Sequence[Any]) -> list[str]:
    return [str(item["name"]) if isinstance(item, dict) and "name" in item else repr(item) for item in items]


def _pointed(key: str) -> str:
    return key.replace("~", "~0").replace("/", "~1")


def _same(one: Any, two: Any) -> bool:
    """Tell whether two values are equal, types included."""
    if isinstance(one, dict) and isinstance(two, dict):
        return one.keys() == two.keys() and all(_same(value, two[key]) for key, value in one.items())
    if isinstance(one, list) and isinstance(two, list):
        return len(one) == len(two) and all(_same(*pair) for pair in zip(one, two, strict=True))
    return type(one) is type(two) and bool(one == two)
