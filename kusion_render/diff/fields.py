"""Which fields of two manifests differ, found by deepdiff in their normal forms."""

from __future__ import annotations

import re

from deepdiff import DeepDiff

from kusion_render.diff.lookup import list_at, map_at, maps_at, text_at
from kusion_render.diff.meaning import normalise, same_meaning
from kusion_render.diff.model import FieldChange
from kusion_render.diff.paths import Shortener, write_path
from kusion_render.kubernetes.pods import CONTAINER_LISTS, pod_template

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from typing import Any, Final, Literal

    from kusion_render.diff.lookup import Manifest
    from kusion_render.diff.model import Steps

_ACTIONS: Final = {
    "dictionary_item_added": "added",
    "dictionary_item_removed": "removed",
    "iterable_item_added": "added",
    "iterable_item_removed": "removed",
    "type_changes": "changed",
    "values_changed": "changed",
}
_VARIABLE: Final = re.compile(r"\$\(([^()\s]+)\)")
_NOT_THERE: Final = object()
# deepdiff makes a line diff of every text with line ends, which takes long; it gets a mark instead.
_MARK: Final = "\ue000text "


def differences(old: Manifest, new: Manifest) -> tuple[FieldChange, ...]:
    """Return every field that differs, by path; both manifests are masked, and of the same kind."""
    texts: dict[str, str] = {}
    before, after = _prune(_mark(normalise(old), texts), _mark(normalise(new), texts))
    marks = {mark: text for text, mark in texts.items()}
    # deepdiff is most of the time that a comparison takes, and takes longer the deeper it begins to look.
    above: list[str] = []
    while len(before) == 1 and before.keys() == after.keys() and _are_maps(*before.values(), *after.values()):
        above += before
        before, after = before[above[-1]], after[above[-1]]
    found = _compare(before, after) if before or after else {}
    shorten = _shortener(old, new)
    changes = []
    for category, action in _ACTIONS.items():
        for level in found.get(category, ()):
            steps = (*above, *level.path(output_format="list"))
            values = [_unmark(side, marks) for side in (level.t1, level.t2)]
            if action != "changed" or not same_meaning(steps, *values):
                changes.append(_change(steps, action, values, shorten))
    changes += _order_changes(old, new, shorten)
    return tuple(sorted(changes, key=lambda change: (_order(change.steps), change.key())))


def contents(manifest: Manifest, action: Literal["added", "removed"]) -> tuple[FieldChange, ...]:
    """Return the parts of a masked manifest that is there on one side only, two levels deep."""
    found: list[tuple[Steps, Any]] = []
    for key, value in normalise(manifest).items():
        if isinstance(value, dict):
            found += [((key, each), child) for each, child in value.items()]
        elif key not in {"apiVersion", "kind"}:
            found.append(((key,), value))
    changes = [_change(steps, action, (value, value), Shortener((), only=False)) for steps, value in found]
    return tuple(sorted(changes, key=lambda change: change.path))


def _compare(old: dict[str, Any], new: dict[str, Any]) -> Mapping[str, Iterable[Any]]:
    # Any: deepdiff's levels. By default it takes maps with few keys in common for one change, and skips keys like `__x`.
    found: Mapping[str, Iterable[Any]] = DeepDiff(
        old, new, view="tree", ignore_private_variables=False, threshold_to_diff_deeper=0
    )
    return found


def _order(steps: Steps) -> list[tuple[int, str]]:
    return [(step, "") if isinstance(step, int) else (-1, step) for step in steps]


def _prune(old: dict[str, Any], new: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return both maps without the entries that are the same, at any depth; lists stay whole."""
    before, after = {}, {}
    for key in [*old, *(key for key in new if key not in old)]:
        one, other = old.get(key, _NOT_THERE), new.get(key, _NOT_THERE)
        if repr(one) == repr(other):
            continue
        if _are_maps(one, other):
            one, other = _prune(one, other)
        elif one is _NOT_THERE and _is_keyed(other):
            one = {}
        elif other is _NOT_THERE and _is_keyed(one):
            other = {}
        if one is not _NOT_THERE:
            before[key] = one
        if other is not _NOT_THERE:
            after[key] = other
    return before, after


def _is_keyed(value: Any) -> bool:
    """Tell whether a value is a list with keys, whose items come and go one by one."""
    return isinstance(value, dict) and bool(value) and all(str(key).startswith("[") for key in value)


def _are_maps(*values: Any) -> bool:
    return all(isinstance(value, dict) for value in values)


def _mark(value: Any, texts: dict[str, str]) -> Any:
    if isinstance(value, dict):
        return {key: _mark(child, texts) for key, child in value.items()}
    if isinstance(value, list):
        return [_mark(item, texts) for item in value]
    if isinstance(value, str) and ("\n" in value or value.startswith(_MARK)):
        return texts.setdefault(value, f"{_MARK}{len(texts)}")
    return value


def _unmark(value: Any, marks: Mapping[str, str]) -> Any:
    if isinstance(value, dict):
        return {key: _unmark(child, marks) for key, child in value.items()}
    if isinstance(value, list):
        return [_unmark(item, marks) for item in value]
    return marks.get(value, value) if isinstance(value, str) else value


def _change(steps: Steps, action: Any, values: Sequence[Any], shorten: Shortener) -> FieldChange:
    old, new = (None if action == "added" else values[0]), (None if action == "removed" else values[1])
    return FieldChange(steps, write_path(steps), write_path(shorten(steps)), action, old, new)


def _shortener(old: Manifest, new: Manifest) -> Shortener:
    sides = [pod_template(side) for side in (old, new)]
    found = [side for side in sides if side is not None]
    if len(found) < 2:
        return Shortener((), only=False)
    only = all(sum(len(list_at(pod, "spec", each)) for each in CONTAINER_LISTS) == 1 for _, pod in found)
    return Shortener((*found[0][0], "spec"), only=only)


def _order_changes(old: Manifest, new: Manifest, shorten: Shortener) -> Iterator[FieldChange]:
    """Yield where the order of a list counts although its items have keys.

    Init containers run one after the other, and `$(NAME)` in a variable is replaced only if NAME stands before it.
    """
    one, other = pod_template(old), pod_template(new)
    if one is None or other is None:
        return
    place = (*one[0], "spec")
    orders = [[text_at(each, "name") for each in maps_at(pod, "spec", "initContainers")] for _, pod in (one, other)]
    kept = [[name for name in order if name in orders[0] and name in orders[1]] for order in orders]
    if kept[0] != kept[1]:
        yield _change((*place, "initContainers", "[order]"), "changed", kept, shorten)
    for field in CONTAINER_LISTS:
        before = {text_at(each, "name"): each for each in maps_at(one[1], "spec", field)}
        for container in maps_at(other[1], "spec", field):
            name = text_at(container, "name")
            if name in before:
                steps = (*place, field, f"[{name}]", "env")
                yield from _expansion_changes(steps, before[name], container, shorten)


def _expansion_changes(steps: Steps, old: Any, new: Any, shorten: Shortener) -> Iterator[FieldChange]:
    before, after = _expansions(old), _expansions(new)
    for (variable, used), replaced in after.items():
        if before.get((variable, used), replaced) != replaced:
            words = [f"$({used}) is {'replaced' if side else 'left as it is'}" for side in (not replaced, replaced)]
            yield _change((*steps, f"[{variable}]", "[order]"), "changed", words, shorten)


def _expansions(container: Any) -> dict[tuple[str, str], bool]:
    """Return for each variable and each other one that its value uses whether the other stands before it."""
    found: dict[tuple[str, str], bool] = {}
    known: set[str] = set()
    names = {text_at(each, "name") for each in maps_at(container, "env")}
    for variable in maps_at(container, "env"):
        name = text_at(variable, "name")
        for used in _VARIABLE.findall(text_at(map_at(variable), "value")):
            if used in names:
                found[name, used] = used in known
        known.add(name)
    return found
