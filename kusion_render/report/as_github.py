"""The report as workflow commands, which GitHub Actions shows beside the changed lines."""

from __future__ import annotations

from kusion_render.report.display import neutralise, neutralise_lines
from kusion_render.report.problem import list_stacks

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Final

    from kusion_render.diagnostics import Span
    from kusion_render.report.problem import Problem

COMMANDS: Final = {"error": "error", "warning": "warning", "note": "notice"}


def write_github(problems: Sequence[Problem]) -> str:
    """Write one command a line; nothing for no problem."""
    return "".join(f"{_command(problem)}\n" for problem in problems)


def _command(problem: Problem) -> str:
    properties = _locate(problem.span)
    properties["title"] = f"{problem.rule.code} {problem.rule.name}"
    listed = ",".join(f"{name}={_escape_property(value)}" for name, value in properties.items())
    return f"::{COMMANDS[problem.severity]} {listed}::{_escape(_message(problem))}"


def _locate(span: Span | None) -> dict[str, str]:
    if span is None:
        return {}
    place = {"file": neutralise(span.file), "line": str(span.line), "endLine": str(span.end_line)}
    if span.line == span.end_line:  # GitHub drops columns, with a warning, where the lines differ
        place |= {"col": str(span.column), "endColumn": str(span.end_column)}
    return place


def _message(problem: Problem) -> str:
    lines = [neutralise_lines(problem.message, "")]
    if stacks := list_stacks(problem):
        lines.append(neutralise(stacks))
    for message, span in problem.related:
        lines.append(f"note: {neutralise_lines(message, '')}" + (f" ({neutralise(repr(span))})" if span else ""))
    if problem.help:
        lines.append(f"help: {neutralise_lines(problem.help, '')}")
    return "\n".join(lines)


def _escape(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _escape_property(text: str) -> str:
    return _escape(text).replace(":", "%3A").replace(",", "%2C")
