"""Stretches of a file's text replaced by others: a value changed, a key added, an entry taken out.

What stands outside of the stretches is never looked at again, so it can't change.
"""

from __future__ import annotations

from kusion_render.edit.source import pairs
from kusion_render.edit.styling import Pen, Style

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any, Final, TypeAlias

    from kusion_render.edit.source import Source, Step
    from kusion_render.yamlio import Written

    # Where a stretch starts and ends, and what stands there afterwards.
    Splice: TypeAlias = tuple[int, int, str]


def spliced(text: str, splices: Sequence[Splice]) -> str:
    """Return a text with stretches replaced; those at one place stand in the order given."""
    parts = []
    at = 0
    for start, end, new in sorted(splices, key=lambda splice: splice[:2]):
        parts += [text[at:start], new]
        at = end
    return "".join([*parts, text[at:]])


class Splicing:
    """Changes to one file, each a list of splices."""

    __slots__ = ("_pen", "_source")

    def __init__(self, source: Source) -> None:
        self._source: Final = source
        self._pen: Final = Pen(Style(source))

    def replace(self, way: Sequence[Step], value: Any, quote: str) -> list[Splice]:
        """Put a value into the place of the last of a way, which is not the root."""
        source = self._source
        old, around = way[-1].value, way[-2].value
        start, end = source.own_start(old), source.last(old)
        if not around.block:
            head, _ = self._pen.value(value, flow=True, quote=quote)
            return [(start, max(start, end), self._gap(way[-1], start) + head)]
        introducer = source.introducer(old)
        if around.kind == "list" and isinstance(value, dict) and value:
            return [self._item(old, value, start, max(start, end), introducer)]
        flow = old.kind != "scalar" and not old.block and old.alias is None
        head, body = self._pen.value(value, flow=flow, quote=quote, block=old.block)
        key = way[-1].key
        column = source.column(introducer - 1 if key is None else key.start)
        below = self._lines(body, column)
        gap = " " if source.text[start - 1 : start] not in (" ", "\t") and head else ""
        if start > source.line_end(introducer):
            stop = source.line_end(max(start, end))
            first = source.line_end(introducer)
            return [(introducer, introducer, f" {head}" if head else ""), (first, stop, below)]
        if old.style in ("|", ">"):
            header = start
            while source.text[header : header + 1] not in (" ", "\t", "\r", "\n", ""):
                header += 1
            stop = source.line_end(max(header, end))
            return [(start, header, gap + head), (source.line_end(header), stop, below)]
        last = source.line_end(max(start, end))
        if head:
            return [(start, max(start, end), gap + head), (last, last, below)]
        # No blank stays behind on the key's line.
        while source.text[start - 1] in " \t":
            start -= 1
        return [(start, max(start, end), ""), (last, last, below)]

    def _gap(self, step: Step, start: int) -> str:
        """Return what must stand before a value in flow style where there was none."""
        if step.value.start != step.value.end:
            return ""
        before = self._source.text[:start].rstrip()
        if step.key is not None and not before.endswith(":"):
            return ": "
        return "" if self._source.text[start - 1 : start] == " " else " "

    def _item(self, old: Written, value: Any, start: int, end: int, introducer: int) -> Splice:
        """Write a map as an item of a list in block style."""
        source = self._source
        fresh = start == end
        column = source.column(introducer) + 1 if fresh else source.column(start)
        lines = self._pen.lines(value) if old.block or old.kind == "scalar" else []
        if not lines:
            return start, end, self._pen.value(value, flow=True)[0]
        return start, end, (" " if fresh else "") + lines[0] + self._lines(lines[1:], column)

    def _lines(self, lines: Sequence[str], column: int) -> str:
        return "".join(self._source.newline + (" " * column + line if line else "") for line in lines)

    def insert(self, around: Written, key: str, value: Any) -> list[Splice]:
        """Add a key at the end of a map."""
        if not around.block:
            return self._insert_in_flow(around, key, value)
        source = self._source
        column = source.column(around.items[0].start if around.anchor else around.start)
        quotes = {each.style for each, _ in pairs(around)}
        lines = self._pen.entry(key, value, flow=False, key_quote=_only(quotes))
        after = source.keeps_blank_lines(around)
        if after is not None and source.text[after - 1 : after] in ("\n", "\r"):
            text = self._lines(lines, column).removeprefix(source.newline)
            return [(after, after, text + source.newline)]
        end = source.line_end(source.last(around))
        return [(end, end, self._lines(lines, column))]

    def _insert_in_flow(self, around: Written, key: str, value: Any) -> list[Splice]:
        source = self._source
        known = pairs(around)
        quotes = {each.style for each, _ in known}
        entry = self._pen.entry(key, value, flow=True, key_quote=_only(quotes))[0]
        if not known:
            start = source.own_start(around) + 1
            stop = start if source.text[start : around.end].strip() != "}" else around.end - 1
            return [(start, stop, entry)]
        end = known[-1][0].end if _is_bare(known[-1], source) else source.last(known[-1][1])
        start = known[-1][0].start
        if source.text[source.line_start(start) : start].strip():
            return [(end, end, f", {entry}")]
        # One entry a line: so is the new one, after the comment on the last one's line.
        line = source.line_end(end)
        rest = source.text[end:line].lstrip()
        if rest.startswith(("}", "]")):
            return [(end, end, f", {entry}")]
        new = source.newline + " " * source.column(start) + entry
        if rest.startswith(","):
            return [(line, line, new + ",")]
        return [(end, end, ","), (line, line, new)]

    def append(self, value: Any) -> list[Splice]:
        """Write a map into a file that has none, after its comments."""
        text = self._source.text
        body = self._lines(self._pen.lines(value), 0).removeprefix(self._source.newline)
        if not text or text.endswith(("\n", "\r")):
            return [(len(text), len(text), body + self._source.newline)]
        return [(len(text), len(text), self._source.newline + body)]

    def fill(self, root: Written, value: Any) -> list[Splice]:
        """Write a map into the place of an empty one, `{}`, that is the whole document."""
        body = self._lines(self._pen.lines(value), 0)
        start = self._source.own_start(root)
        alone = self._source.column(start) == 0
        return [(start, root.end, body.removeprefix(self._source.newline) if alone else body)]

    def remove(self, step: Step, around: Written) -> list[Splice]:
        """Take an entry out of a map or a list that has others, or the last one out of the root."""
        source = self._source
        entries = [(key.start, value) for key, value in pairs(around)] or [(item.start, item) for item in around.items]
        if around.block and around.kind == "list":
            entries = [(source.introducer(item) - 1, item) for item in around.items]
        start, value = entries[step.number]
        following = entries[step.number + 1][0] if step.number + 1 < len(entries) else None
        if around.block:
            return [self._removed_lines(start, value, following)]
        end = max(source.last(value), step.key.end if step.key is not None else 0)
        if following is not None:
            return [(start, following, "")]
        if not step.number:
            return [(start, end, "")]
        before = source.last(entries[step.number - 1][1])
        return [(start, end, "")] if "#" in source.text[before:start] else [(before, end, "")]

    def _removed_lines(self, start: int, value: Written, following: int | None) -> Splice:
        source = self._source
        line = source.line_start(start)
        if source.text[line:start].strip():
            # On the line of a dash: what follows moves up.
            return (start, following, "") if following is not None else (start, source.last(value), "{}")
        keeping = source.keeps_blank_lines(value)
        end = keeping if keeping is not None else source.next_line(max(start, source.last(value)))
        if end == len(source.text) and not source.text.endswith(("\n", "\r")) and line:
            # The line before becomes the last one, and has no line end either.
            line -= 2 if source.text[:line].endswith("\r\n") else 1
        return line, end, ""


def _only(quotes: set[str]) -> str:
    """Return the quotes that all keys have, "" where some have others or none."""
    return next(iter(quotes)) if len(quotes) == 1 and quotes <= {"'", '"'} else ""


def _is_bare(entry: tuple[Written, Written], source: Source) -> bool:
    """Tell whether an entry in flow style is a key alone, as in `{a}`, or ends with its `:`."""
    key, value = entry
    return value.start == value.end and ":" not in source.text[key.end : value.start]
