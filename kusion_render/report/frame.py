"""The source line of a span with the span underlined: aligned, cut to size, secrets masked."""

from __future__ import annotations

import re

from kusion_render.report.display import measure, show
from kusion_render.report.masking import Masks

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Final

    from kusion_render.diagnostics import Span

WIDEST: Final = 120
MASK: Final = "•••"
# Longer files have no frame: nobody reads them, and each frame reads its whole file for secrets.
LONGEST_FILE: Final = 2**20
# What libyaml counts as a line end; spans count lines as it does.
_LINE_END: Final = r"\r\n|[\r\n\x85\u2028\u2029]"


class Frame:
    """One line as shown, and the underline as columns before it and columns long."""

    __slots__ = ("code", "length", "number", "offset")

    def __init__(self, number: int, code: str, offset: int, length: int) -> None:
        self.number: Final = number
        self.code: Final = code
        self.offset: Final = offset
        self.length: Final = length


class Frames:
    """Frames of any number of files; each is read and searched for secrets once."""

    __slots__ = ("_files", "_source")

    def __init__(self, source: Callable[[str], str | None]) -> None:
        self._source: Final = source
        self._files: Final[dict[str, tuple[list[str], Masks] | None]] = {}

    def draw(self, span: Span) -> Frame | None:
        """Draw the first line of a span; None where the file or the line does not exist."""
        if span.file not in self._files:
            self._files[span.file] = self._open(span.file)
        opened = self._files[span.file]
        if opened is None or not 0 < span.line <= len(opened[0]):
            return None
        lines, masks = opened
        return _draw(span, lines[span.line - 1], masks.ranges(span.line - 1))

    def _open(self, file: str) -> tuple[list[str], Masks] | None:
        text = self._source(file)
        if text is None or len(text) > LONGEST_FILE:
            return None
        lines = re.split(_LINE_END, text.removeprefix("\ufeff"))
        if not lines[-1]:
            lines.pop()
        return lines, Masks(lines, equals=file.endswith(".k"))


def _draw(span: Span, line: str, hidden: Sequence[tuple[int, int]]) -> Frame:
    start, end = _limits(span, line)
    for first, last in hidden:
        start = first if first < start < last else start
        end = last if first < end < last else end
    # A minified file is one line; only what may be seen of it is measured.
    left, right = max(0, start - 2 * WIDEST), min(len(line), start + 2 * WIDEST)
    shown = _mask(line, left, right, hidden)
    widths = [measure(cell) for cell in shown]
    first, last = _window(widths, start - left, min(end, right) - left)
    if sum(widths) <= WIDEST and (left, right) == (0, len(line)):
        first, last = 0, len(shown)
    before = "…" if left + first > 0 else ""
    after = "…" if left + last < len(line) else ""
    return Frame(
        span.line,
        before + "".join(shown[first:last]) + after,
        len(before) + sum(widths[first : start - left]),
        max(1, sum(widths[start - left : min(end - left, last)])),
    )


def _limits(span: Span, line: str) -> tuple[int, int]:
    start = min(max(span.column - 1, 0), len(line))
    end = min(span.end_column - 1, len(line)) if span.end_line <= span.line else len(line.rstrip())
    return start, max(start, end)


def _mask(line: str, left: int, right: int, hidden: Sequence[tuple[int, int]]) -> list[str]:
    """Give what stands for each character; the mask stands at the first that it hides, nothing at the rest."""
    shown = [show(character) for character in line[left:right]]
    for first, last in hidden:
        low, high = max(first, left) - left, min(last, right) - left
        if low < high:
            shown[low:high] = [MASK] + [""] * (high - low - 1)
    return shown


def _window(widths: Sequence[int], start: int, end: int) -> tuple[int, int]:
    """Choose the characters to show of a line that is too long, the span amid them."""
    room = WIDEST - 2
    context = max(WIDEST // 6, (room - sum(widths[start:end])) // 2)
    first = _reach_back(widths, start, context)
    last = first
    while last < len(widths) and widths[last] <= room:
        room -= widths[last]
        last += 1
    return (_reach_back(widths, first, room), last) if last == len(widths) else (first, last)


def _reach_back(widths: Sequence[int], position: int, room: int) -> int:
    while position and widths[position - 1] <= room:
        position -= 1
        room -= widths[position]
    return position
