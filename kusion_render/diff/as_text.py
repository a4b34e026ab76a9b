"""The comparison for people at a terminal."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Final

from kusion_render.diff.consequences.effects import EFFECTS
from kusion_render.diff.grouping import group
from kusion_render.diff.lines import MARKS, MOST_FIELDS, describe_objects, describe_places, fields, reasons
from kusion_render.report.display import measure

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kusion_render.diff.grouping import Group
    from kusion_render.diff.model import Comparison

WIDTH: Final = 100
# With more renders than this the report is kept to so many lines.
MANY_RENDERS: Final = 10
MOST_LINES: Final = 40
_STYLES: Final = {
    "added": "32",
    "removed": "31",
    "changed": "33",
    "renamed": "35",
    "danger": "1;31",
    "warning": "33",
    "note": "2",
    "head": "1",
}


def write_text(comparison: Comparison, *, colour: bool = False, max_lines: int | None = None) -> str:
    """Write counts, and each group with what follows from it.

    Args:
        comparison: what to write.
        colour: colour for a terminal.
        max_lines: how many lines there may be; fields are left out before objects are, and objects are counted at the
            end. Without it: as many as it takes, but 40 where more than ten renders differ.
    """
    counts = comparison.count_renders()
    if max_lines is None and sum(counts.values()) - counts["unchanged"] > MANY_RENDERS:
        max_lines = MOST_LINES
    groups = group(comparison)
    head = [_paint(summarise(comparison), "head", colour=colour)]
    for most in (MOST_FIELDS, 4, 1, 0):
        blocks = _write_groups(groups, most, colour=colour)
        lines = [*head, *([""] if blocks else []), *(line for block in blocks for line in block)]
        if max_lines is None or len(lines) <= max_lines:
            return "\n".join(lines) + "\n"
    groups = group(comparison, coarse=True)
    blocks = _write_groups(groups, 0, colour=colour)
    return "\n".join(_cut(comparison, groups, head, blocks, max_lines or MOST_LINES)) + "\n"


def summarise(comparison: Comparison) -> str:
    """Say `3 stacks change, 1 is new, 1 goes, 11 do not`; that none is left out if something changes."""
    counts = comparison.count_renders()
    parts = [f"{_count(counts['changed'])} change{'s' if counts['changed'] == 1 else ''}"]
    if counts["added"]:
        parts.append(f"{counts['added']} {'is' if counts['added'] == 1 else 'are'} new")
    if counts["removed"]:
        parts.append(f"{counts['removed']} {'goes' if counts['removed'] == 1 else 'go'}")
    if counts["unchanged"] or not comparison:
        parts.append(f"{counts['unchanged']} {'does' if counts['unchanged'] == 1 else 'do'} not")
    return ", ".join(parts)


def _count(number: int) -> str:
    return f"{number} stack{'' if number == 1 else 's'}"


def _write_groups(groups: Sequence[Group], most: int, *, colour: bool) -> list[list[str]]:
    whats = [describe_objects(each) for each in groups]
    places = [describe_places(each) for each in groups]
    widest = max((len(", ".join(effect.label for effect in each.effects)) for each in groups), default=0)
    first = min(max(map(measure, whats), default=0), 40)
    second = min(max(map(measure, places), default=0), max(WIDTH - 8 - first - widest, 8))
    blocks = []
    for found, what, place in zip(groups, whats, places, strict=True):
        block = _head(found, _pad(what, first), _pad(place, second), compact=not most, colour=colour)
        if most:
            block += [f"    {_paint_reason(line, found, colour=colour)}" for line in reasons(found)]
            block += [f"    {line}" for line in fields(found, most=most)]
        blocks.append(block)
    return blocks


def _head(found: Group, what: str, place: str, *, compact: bool, colour: bool) -> list[str]:
    """Write what, where and what follows: in columns, closer together, or, unless it must be one line, below."""
    action = found.first.action
    labels = ", ".join(_paint(effect.label, effect.severity, colour=colour) for effect in found.effects)
    length = sum(len(effect.label) + 2 for effect in found.effects)
    mark = _paint(MARKS[action], action, colour=colour)
    if measure(what) + measure(place) + length + 6 > WIDTH:
        what, place = what.rstrip(), place.rstrip()
    if compact or measure(what) + measure(place) + length + 6 <= WIDTH or not labels:
        return [f"{mark} {what}   {place}   {labels}".rstrip()]
    return [f"{mark} {what}   {place}".rstrip(), f"    {labels}"]


def _paint_reason(line: str, found: Group, *, colour: bool) -> str:
    worst = found.effects[0].severity
    return _paint(line, worst, colour=colour)


def _cut(
    comparison: Comparison, groups: Sequence[Group], head: list[str], blocks: list[list[str]], max_lines: int
) -> list[str]:
    """Write how often each effect occurs, then a line for each group that there is room for, and count the others."""
    counts = comparison.count_effects()
    effects = [f"{counts[effect.id]} {effect.label}" for effect in EFFECTS if effect.id in counts]
    lines = [*head, *textwrap.wrap(", ".join(effects), WIDTH, initial_indent="  ", subsequent_indent="  "), ""]
    room = max(max_lines - len(lines) - 1, 0)
    lines += [line for line, *_ in blocks[: room + (len(blocks) == room + 1)]]
    rest = groups[room:] if len(blocks) > room + 1 else []
    if rest:
        objects = sum(len(each.changes) for each in rest)
        stacks = {render for each in rest for render in each.renders}
        lines.append(f"… and {objects} more object{'' if objects == 1 else 's'} in {_count(len(stacks))}")
    return lines[:max_lines]


def _pad(text: str, width: int) -> str:
    return text + " " * max(width - measure(text), 0)


def _paint(text: str, style: str, *, colour: bool) -> str:
    return f"\x1b[{_STYLES[style]}m{text}\x1b[0m" if colour else text
