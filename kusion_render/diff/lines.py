"""The lines that show a group: what, where, what follows, and the fields that differ."""

from __future__ import annotations

import difflib
import json
from typing import TYPE_CHECKING, Final

from kusion_render.report.display import measure, neutralise

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from kusion_render.diagnostics import Json
    from kusion_render.diff.grouping import Group
    from kusion_render.diff.model import FieldChange

MARKS: Final = {"added": "+", "removed": "-", "changed": "~", "renamed": ">"}
LONGEST_VALUE: Final = 60
MOST_FIELDS: Final = 12
_MOST_LINES: Final = 12
_MOST_NAMES: Final = 3
_WIDEST_PLACE: Final = 52
_CONTEXT: Final = 1
# Longer texts are not compared line by line: it takes quadratic time.
_MOST_COMPARED: Final = 2000
_SPOKEN: Final = frozenset({"true", "false", "null", "yes", "no", "on", "off", "~", ""})


def describe_objects(found: Group) -> str:
    """Write kind and name, or a few of the names."""
    first = found.first
    names = found.names
    if first.action == "renamed" and first.before and first.after and len(names) == 1:
        old, new = first.before, first.after
        same = old.name == new.name
        shown = f"{old.namespace or '-'}/{old.name} → {new.namespace or '-'}/{new.name}" if same else ""
        shown = shown or f"{old.name} → {new.name}"
    else:
        shown = few(names, 2)
    return _cut(neutralise(f"{first.name.kind} {shown}"), 72)


def describe_places(found: Group) -> str:
    """Write where: the renders, or how many objects in how many projects, and a few of the renders."""
    renders, count = found.renders, len(found.changes)
    if len(renders) == 1 or (len(renders) == 2 and sum(map(len, renders)) <= 40):
        return _cut(neutralise(", ".join(renders)), 60) + (f" (× {count})" if count > 1 else "")
    projects = {render.partition("/")[0] for render in renders}
    which = f"in {len(projects)} projects" if len(projects) > 1 else f"in {len(renders)} stacks"
    texts = [neutralise(f"× {count} {which}: {few(renders, most)}") for most in range(_MOST_NAMES, 0, -1)]
    return next((text for text in texts if len(text) <= _WIDEST_PLACE), _cut(texts[-1], 60))


def few(names: Sequence[str], most: int) -> str:
    """Write some names, and how many more there are."""
    rest = len(names) - most
    return ", ".join(names[:most]) + (f", +{rest}" if rest > 0 else "")


def reasons(found: Group) -> Iterator[str]:
    """Write what there is to say of the consequences beyond their labels."""
    said = [each for each in found.first.consequences if each.reason]
    if found.varies:
        firsts = {each.effect.id: each for each in reversed(said)}
        said = [each for each in said if firsts[each.effect.id] is each]
    for each in said[:MOST_FIELDS]:
        also = " (and others like it)" if found.varies and _differs(found, each.effect.id) else ""
        yield _cut(neutralise(f"! {each.effect.label}: {each.reason}"), 200) + also
    if len(said) > MOST_FIELDS:
        yield f"! … and {len(said) - MOST_FIELDS} more"


def fields(found: Group, *, most: int = MOST_FIELDS) -> Iterator[str]:
    """Write the fields that differ; of an object that is added or goes, none."""
    if found.first.action not in {"changed", "renamed"}:
        return
    shown = found.first.fields[:most]
    width = max((measure(_label(field)) for field in shown), default=0)
    width = min(width, 40)
    for index, field in enumerate(shown):
        variants = found.values(index) if found.varies else [field]
        label = _label(field)
        padded = label + " " * max(width - measure(label), 0)
        lines = list(_values(field))
        more = f"  (and {len(variants) - 1} other values)" if len(variants) > 1 else ""
        yield f"{padded}   {lines[0]}{more}"
        yield from (f"  {line}" for line in lines[1:])
    if len(found.first.fields) > most:
        yield f"… {len(found.first.fields) - most} more fields"


def _differs(found: Group, effect: str) -> bool:
    told = {tuple(c.reason for c in change.consequences if c.effect.id == effect) for change in found.changes}
    return len(told) > 1


def _label(field: FieldChange) -> str:
    return _cut(neutralise(field.label), LONGEST_VALUE)


def _values(field: FieldChange) -> Iterator[str]:
    old, new = field.old, field.new
    if field.action == "added":
        yield f"+ {_short(new)}"
    elif field.action == "removed":
        yield f"- {_short(old)}"
    elif isinstance(old, str) and isinstance(new, str) and ("\n" in old or "\n" in new):
        yield from _line_changes(old, new)
    else:
        yield " → ".join(_pair(field, old, new))


def _pair(field: FieldChange, old: Json, new: Json) -> tuple[str, str]:
    if not isinstance(old, str) or not isinstance(new, str):
        return _short(old), _short(new)
    if field.steps[-1:] == ("image",):
        name = old.rpartition(":")[0]
        if name and "/" not in old.rpartition(":")[2] and new.startswith(f"{name}:") and "@" not in old + new:
            return _cut(neutralise(old), 2 * LONGEST_VALUE), _cut(neutralise(new[len(name) + 1 :]), LONGEST_VALUE)
    if max(len(old), len(new)) <= LONGEST_VALUE:
        return _write(old), _write(new)
    same = next((at for at, (one, other) in enumerate(zip(old, new, strict=False)) if one != other), 0)
    start = max(same - 10, 0)
    return tuple(_cut(("…" if start else "") + neutralise(side[start:]), LONGEST_VALUE) for side in (old, new))  # type: ignore[return-value]  # of two


def _short(value: Json) -> str:
    """Write a value on one line, cut; a map that only holds a value as that."""
    if isinstance(value, dict) and list(value) == ["value"]:
        value = value["value"]
    if isinstance(value, str) and "\n" in value:
        return f"{_count(value.rstrip().count(chr(10)) + 1, 'line')} of text"
    return _cut(_write(value), LONGEST_VALUE)


def _write(value: Json) -> str:
    """Write a value so that a text is told from a number."""
    if isinstance(value, str):
        plain = value.strip() == value and value.lower() not in _SPOKEN and not _is_number(value)
        return neutralise(value if plain else json.dumps(value, ensure_ascii=False))
    return neutralise(json.dumps(value, ensure_ascii=False, sort_keys=True))


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _line_changes(old: str, new: str) -> Iterator[str]:
    """Yield how many lines differ, then those lines with a line around them."""
    before, after = old.split("\n"), new.split("\n")
    start = next((at for at, (one, other) in enumerate(zip(before, after, strict=False)) if one != other), None)
    start = min(len(before), len(after)) if start is None else start
    room = min(len(before), len(after)) - start
    end = next((at for at in range(room) if before[-1 - at] != after[-1 - at]), room)
    gone, come = before[start : len(before) - end], after[start : len(after) - end]
    yield f"{_count(len(gone), 'line')} → {_count(len(come), 'line')}"
    if max(len(gone), len(come)) > _MOST_COMPARED:
        return
    first, last = max(start - _CONTEXT, 0), max(end - _CONTEXT, 0)
    hunks = difflib.unified_diff(
        before[first : len(before) - last], after[first : len(after) - last], lineterm="", n=_CONTEXT
    )
    shown = [line for line in list(hunks)[2:] if not line.startswith("@@")]
    for line in shown[:_MOST_LINES]:
        yield _cut(neutralise(line.replace("\r", "␍").replace("\t", "    ")), 90).rstrip()
    if len(shown) > _MOST_LINES:
        yield f"… {len(shown) - _MOST_LINES} more lines"


def _count(number: int, word: str) -> str:
    return f"{number} {word}{'' if number == 1 else 's'}"


def _cut(text: str, length: int) -> str:
    return text if len(text) <= length else text[: length - 1] + "…"
