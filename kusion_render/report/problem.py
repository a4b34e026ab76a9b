"""What every format writes: the problems of a run, sorted, each said once."""

from __future__ import annotations

from kusion_render.diagnostics import Span

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Final

    from kusion_render.diagnostics import Diagnostic, Related, Rule, Severity

# More names than this are counted, so that a shared layer's mistake stays one line over a thousand stacks.
LONGEST_LIST: Final = 3


class Problem:
    """One diagnostic with every stack that it was reported for, sorted by name."""

    __slots__ = ("help", "message", "related", "rule", "severity", "span", "stacks")

    def __init__(self, first: Diagnostic, related: Sequence[Related], stacks: Sequence[str]) -> None:
        self.rule: Final[Rule] = first.rule
        self.severity: Final[Severity] = first.severity
        self.message: Final = first.message
        self.span: Final = first.span
        self.help: Final = first.help
        self.related: Final = tuple((item.message, span_of(item)) for item in related)
        self.stacks: Final = tuple(stacks)


def span_of(related: Related) -> Span | None:
    """Give the second place, once it is one in a file."""
    return related.where if isinstance(related.where, Span) else None


def gather(diagnostics: Sequence[Diagnostic]) -> list[Problem]:
    """Sort, and make one problem of equal rule, severity, message and span."""
    groups: dict[tuple[object, ...], list[Diagnostic]] = {}
    for item in sorted(diagnostics, key=lambda item: (*item.key(), item.severity, item.stack or "", item.help or "")):
        groups.setdefault((item.key(), item.severity), []).append(item)
    return [_join(group) for group in groups.values()]


def _join(group: Sequence[Diagnostic]) -> Problem:
    related = {(note.message, span_of(note)): note for item in group for note in item.related}
    return Problem(group[0], list(related.values()), sorted({item.stack for item in group if item.stack}))


def list_stacks(problem: Problem) -> str:
    """Say `in a, b and 3 more stacks`; nothing where the file's own folder says it."""
    names = list(problem.stacks)
    if not names or (len(names) == 1 and _lies_in(problem.span, names[0])):
        return ""
    if len(names) == 1:
        return f"in {names[0]}"
    if len(names) <= LONGEST_LIST:
        return f"in {', '.join(names[:-1])} and {names[-1]}"
    return f"in {names[0]}, {names[1]} and {len(names) - 2} more stacks"


def _lies_in(span: Span | None, stack: str) -> bool:
    return span is not None and f"/{stack}/" in f"/{span.file}"


def count(problems: Sequence[Problem]) -> dict[Severity, int]:
    """Count by severity, worst first."""
    counts: dict[Severity, int] = {"error": 0, "warning": 0, "note": 0}
    for problem in problems:
        counts[problem.severity] += 1
    return counts
