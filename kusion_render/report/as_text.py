"""The report for people, in the manner of a compiler."""

from __future__ import annotations

from kusion_render.report.display import neutralise, neutralise_lines
from kusion_render.report.frame import Frames
from kusion_render.report.problem import count, list_stacks

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from typing import Final

    from kusion_render.diagnostics import Span
    from kusion_render.report.problem import Problem

STYLES: Final = {"error": "1;31", "warning": "1;33", "note": "1;34", "help": "36", "gutter": "2"}


def write_text(problems: Sequence[Problem], source: Callable[[str], str | None], *, colour: bool) -> str:
    """Write each problem with its code frame, and a last line that counts them; nothing for none."""
    if not problems:
        return ""
    frames = Frames(source)
    blocks = [describe(problem, frames, colour=colour) for problem in problems]
    return "\n".join([*blocks, summarise(problems) + "\n"])


def describe(problem: Problem, frames: Frames, *, colour: bool = False) -> str:
    """Write one problem, a line end after each line."""
    return "".join(f"{line}\n" for line in _describe(problem, frames, colour=colour))


def summarise(problems: Sequence[Problem]) -> str:
    """Say `2 errors, 1 warning`."""
    counts = count(problems)
    return ", ".join(f"{number} {name}{'' if number == 1 else 's'}" for name, number in counts.items() if number)


def locate(span: Span) -> str:
    """Write `file:line:column`."""
    return neutralise(f"{span.file}:{span.line}:{span.column}")


def _describe(problem: Problem, frames: Frames, *, colour: bool) -> Iterator[str]:
    place = f"{locate(problem.span)}: " if problem.span else ""
    title = _paint(f"{problem.severity}[{problem.rule.code}]", problem.severity, colour=colour)
    yield f"{place}{title}: {neutralise_lines(problem.message, ' ' * 6)}"
    if problem.span:
        yield from _frame(problem.span, frames, problem.severity, colour=colour)
    if stacks := list_stacks(problem):
        yield f"{_paint('   =', 'gutter', colour=colour)} {neutralise(stacks)}"
    for message, span in problem.related:
        yield f"{_paint('note', 'note', colour=colour)}: {neutralise_lines(message, ' ' * 6)}"
        if span:
            yield f"{_paint('  -->', 'gutter', colour=colour)} {locate(span)}"
            yield from _frame(span, frames, "note", colour=colour)
    if problem.help:
        yield f"{_paint('help', 'help', colour=colour)}: {neutralise_lines(problem.help, ' ' * 6)}"


def _frame(span: Span, frames: Frames, style: str, *, colour: bool) -> Iterator[str]:
    frame = frames.draw(span)
    if frame is None:
        return
    number = f"{frame.number:>5}"
    blank = " " * len(number)
    underline = _paint("^" * frame.length, style, colour=colour)
    yield f"{_paint(f'{number} |', 'gutter', colour=colour)} {frame.code}".rstrip()
    yield f"{_paint(f'{blank} |', 'gutter', colour=colour)} {' ' * frame.offset}{underline}"


def _paint(text: str, style: str, *, colour: bool) -> str:
    return f"\x1b[{STYLES[style]}m{text}\x1b[0m" if colour else text
