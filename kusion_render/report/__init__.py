"""Diagnostics as people, editors and continuous integration read them.

Nothing here prints: the result is the report as text, for the command line to put where it belongs.
"""

from __future__ import annotations

from kusion_render.report.problem import gather

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Final

    from kusion_render.diagnostics import Diagnostic

FORMATS: Final = ("text", "json", "github", "sarif", "junit")


def write(
    diagnostics: Sequence[Diagnostic],
    format: str,  # noqa: A002 - the name of the option that users give
    *,
    source: Callable[[str], str | None],
    colour: bool = False,
) -> str:
    """Write a report, sorted, with one problem of several stacks said once.

    Args:
        diagnostics: what a run reported, in any order; a place that is no span yet counts as none.
        format: one of `FORMATS`.
        source: gives the text of a file by a span's `file`, or None where it can't be had; then there is no code frame.
        colour: colour for a terminal; only `text` has any.

    Raises:
        ValueError: if there is no such format.
    """
    problems = gather(diagnostics)
    if format == "text":
        from kusion_render.report.as_text import write_text

        return write_text(problems, source, colour=colour)
    if format == "json":
        from kusion_render.report.as_json import write_json

        return write_json(problems)
    if format == "github":
        from kusion_render.report.as_github import write_github

        return write_github(problems)
    if format == "sarif":
        from kusion_render.report.as_sarif import write_sarif

        return write_sarif(problems)
    if format == "junit":
        from kusion_render.report.as_junit import write_junit

        return write_junit(problems, source)
    raise ValueError(f"no report format {format!r}")
