"""The comparison as a comment on a change: never longer than it may be, complete in what it counts.

Everything that comes from a repository stands in code, inline or fenced. There no mark-up, mention or link is read; what
could end the code is written as an entity or is shorter than the fence.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from kusion_render.diff.as_text import summarise
from kusion_render.diff.consequences.effects import EFFECTS
from kusion_render.diff.grouping import group
from kusion_render.diff.lines import MARKS, describe_objects, describe_places, few, fields, reasons
from kusion_render.report.display import neutralise

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from kusion_render.diff.grouping import Group
    from kusion_render.diff.model import Comparison, ObjectChange

MAX_BYTES: Final = 65_000
"""GitHub refuses comments of more than 65,536 characters."""

_MOST_KINDS: Final = 12
_ACTIONS: Final = ("added", "removed", "changed", "renamed")
# Characters that Markdown, HTML or a mention could begin with.
_UNSAFE: Final = re.compile(r"[&<>\"'`*_~|\\\[\]{}#@!$:]")
_SEVERITIES: Final = {"danger": "🔴", "warning": "🟠", "note": "⚪"}


def write_markdown(comparison: Comparison, *, max_bytes: int = MAX_BYTES) -> str:
    """Write a summary, tables that count everything, and as many groups as fit, the most dangerous first.

    The result has at most `max_bytes` bytes of UTF-8. What has no room is left out from the end: groups, which are then
    counted, the table of kinds, the table of consequences.
    """
    summary = f"**{summarise(comparison)}**\n" if comparison else "**No rendered object changes.**\n"
    groups = group(comparison)
    tables = [_write_effects(comparison), _write_kinds(comparison)]
    heads = ["\n".join(part for part in (summary, *tables[:number]) if part) for number in (2, 1, 0)]
    room = [max_bytes - _size(head) - _size(_rest(groups)) for head in heads]
    for head, left in zip(heads, room, strict=True):
        if left >= 0:
            return head + _write_groups(groups, left)
    return summary.encode()[: max(max_bytes, 0)].decode(errors="ignore")


def code(text: str) -> str:
    """Write text as inline code that nothing in it can end, not even in a table."""
    return f"<code>{_UNSAFE.sub(lambda found: f'&#{ord(found.group())};', neutralise(text))}</code>"


def fence(lines: Sequence[str]) -> str:
    """Write lines as a block of code with a fence that is longer than any of theirs."""
    ticks = max((len(run) for line in lines for run in re.findall("`+", line)), default=0)
    marks = "`" * max(ticks + 1, 3)
    return "\n".join([f"{marks}text", *lines, marks])


def _write_effects(comparison: Comparison) -> str:
    counts = comparison.count_effects()
    if not counts:
        return ""
    rows = ["", "| consequence | objects | where |", "|---|--:|---|"]
    for effect in EFFECTS:
        if effect.id in counts:
            changes = [each for each in comparison.changes if effect in [one.effect for one in each.consequences]]
            label = f"**{effect.label}**" if effect.severity == "danger" else effect.label
            places = code(few([_cut(place) for place in sorted({_place(each) for each in changes})], 3))
            rows.append(f"| {_SEVERITIES[effect.severity]} {label} | {counts[effect.id]} | {places} |")
    return "\n".join([*rows, ""])


def _place(change: ObjectChange) -> str:
    return f"{change.render} {change.name.kind} {change.name.name}"


def _cut(text: str) -> str:
    return text if len(text) <= 80 else text[:79] + "…"


def _write_kinds(comparison: Comparison) -> str:
    counts: dict[str, dict[str, int]] = {}
    for change in comparison.changes:
        row = counts.setdefault(_cut(change.name.kind), dict.fromkeys(_ACTIONS, 0))
        row[change.action] += 1
    if not counts:
        return ""
    kinds = sorted(counts, key=lambda kind: (-sum(counts[kind].values()), kind))
    rows = ["", f"| kind | {' | '.join(_ACTIONS)} |", "|---|--:|--:|--:|--:|"]
    rows += [_row(code(kind), [counts[kind]]) for kind in kinds[:_MOST_KINDS]]
    if kinds[_MOST_KINDS:]:
        rows.append(_row("other kinds", [counts[kind] for kind in kinds[_MOST_KINDS:]]))
    rows.append(_row("**all**", list(counts.values())))
    return "\n".join([*rows, ""])


def _row(name: str, counts: Sequence[dict[str, int]]) -> str:
    return f"| {name} | {' | '.join(str(sum(each[action] for each in counts) or '') for action in _ACTIONS)} |"


def _write_groups(groups: Sequence[Group], room: int) -> str:
    """Write the groups that fit, shortened where they must be, and count the others."""
    blocks: list[str] = []
    left_out: list[Group] = []
    for found in groups:
        block = next((text for text in _versions(found) if _size(text) <= room), None) if room > 80 else None
        if block is None:
            left_out.append(found)
        else:
            blocks.append(block)
            room -= _size(block)
    return "".join(blocks) + (_rest(left_out) if left_out else "")


def _rest(groups: Sequence[Group]) -> str:
    objects = sum(len(each.changes) for each in groups)
    stacks = len({render for each in groups for render in each.renders})
    if not objects:
        return ""
    return f"\nand {objects} more object{'' if objects == 1 else 's'} in {stacks} stack{'' if stacks == 1 else 's'}\n"


def _size(text: str) -> int:
    return len(text.encode("utf-8", "surrogatepass"))


def _versions(found: Group) -> Iterator[str]:
    """Yield a group with ever less detail."""
    mark, what, where = MARKS[found.first.action], describe_objects(found), describe_places(found)
    labels = ", ".join(
        f"<b>{effect.label}</b>" if effect.severity == "danger" else effect.label for effect in found.effects
    )
    title = f"{code(f'{mark} {what}')} {code(where)}{': ' + labels if labels else ''}"
    for most in (40, 6):
        lines = [*reasons(found), *fields(found, most=most)]
        if lines:
            yield f"\n<details><summary>{title}</summary>\n\n{fence(lines)}\n\n</details>\n"
    yield f"\n{title}\n"
