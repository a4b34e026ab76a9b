"""The report for programs. New keys may come; the ones here keep their meaning."""

from __future__ import annotations

import json
import re

from kusion_render.report.problem import count

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from kusion_render.diagnostics import Json, Span
    from kusion_render.report.problem import Problem


def write_json(problems: Sequence[Problem]) -> str:
    """Write every problem with all its keys; what is not known is null."""
    counts = count(problems)
    return dump(
        {
            "version": 1,
            "diagnostics": [_describe(problem) for problem in problems],
            "summary": {"errors": counts["error"], "warnings": counts["warning"], "notes": counts["note"]},
        }
    )


def dump(document: Mapping[str, Json]) -> str:
    """Write a JSON document that is safe to print: no control character, no half of a pair, nothing that turns text."""
    text = json.dumps(document, ensure_ascii=False, indent=2)
    unsafe = r"[\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]"
    return re.sub(unsafe, lambda match: f"\\u{ord(match.group()):04x}", text) + "\n"


def _describe(problem: Problem) -> Json:
    return {
        "code": problem.rule.code,
        "name": problem.rule.name,
        "severity": problem.severity,
        "message": problem.message,
        **_locate(problem.span),
        "help": problem.help,
        "related": [{"message": message, **_locate(span)} for message, span in problem.related],
        "stacks": list(problem.stacks),
    }


def _locate(span: Span | None) -> dict[str, Json]:
    if span is None:
        return {"file": None, "line": None, "column": None, "endLine": None, "endColumn": None}
    return {
        "file": span.file,
        "line": span.line,
        "column": span.column,
        "endLine": span.end_line,
        "endColumn": span.end_column,
    }
