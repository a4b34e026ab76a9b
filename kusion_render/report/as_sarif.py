"""The report in the Static Analysis Results Interchange Format (OASIS SARIF 2.1.0), for code scanning."""

from __future__ import annotations

from urllib.parse import quote

from kusion_render import __version__
from kusion_render.report.as_json import dump

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Final

    from kusion_render.diagnostics import Json, Rule, Span
    from kusion_render.report.problem import Problem

SCHEMA: Final = "https://json.schemastore.org/sarif-2.1.0.json"
ROOT: Final = "%SRCROOT%"


def write_sarif(problems: Sequence[Problem]) -> str:
    """Write one run; its rules are those that were broken, by code."""
    rules = {problem.rule.code: problem.rule for problem in problems}
    order = {code: index for index, code in enumerate(sorted(rules))}
    driver: Json = {
        "name": "kusion-render",
        "version": __version__,
        "rules": [_rule(rules[code]) for code in order],
    }
    return dump(
        {
            "$schema": SCHEMA,
            "version": "2.1.0",
            "runs": [
                {
                    "tool": {"driver": driver},
                    "columnKind": "unicodeCodePoints",
                    "originalUriBaseIds": {ROOT: {"description": {"text": "the repository's root"}}},
                    "results": [_result(problem, order) for problem in problems],
                }
            ],
        }
    )


def _rule(rule: Rule) -> Json:
    return {
        "id": rule.code,
        "name": rule.name,
        "shortDescription": {"text": rule.name.replace("-", " ")},
        "defaultConfiguration": {"level": rule.severity},
    }


def _result(problem: Problem, order: Mapping[str, int]) -> Json:
    result: dict[str, Json] = {
        "ruleId": problem.rule.code,
        "ruleIndex": order[problem.rule.code],
        "level": problem.severity,
        "message": {"text": f"{problem.message}\nhelp: {problem.help}" if problem.help else problem.message},
        "locations": [{"physicalLocation": _locate(problem.span)}] if problem.span else [],
    }
    placed = [(message, span) for message, span in problem.related if span]
    if placed:
        result["relatedLocations"] = [
            {"id": number, "physicalLocation": _locate(span), "message": {"text": message}}
            for number, (message, span) in enumerate(placed, 1)
        ]
    if problem.stacks:
        result["properties"] = {"stacks": list(problem.stacks)}
    return result


def _locate(span: Span) -> Json:
    return {
        "artifactLocation": {"uri": quote(span.file, safe="/", errors="surrogateescape"), "uriBaseId": ROOT},
        "region": {
            "startLine": span.line,
            "startColumn": span.column,
            "endLine": span.end_line,
            "endColumn": span.end_column,
        },
    }
