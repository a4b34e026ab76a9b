"""What a reviewer would raise about objects that are valid: each rule has a name, a code, and a level.

It looks at finished objects alone, so it serves a render, and any other stream of manifests, alike.
"""

from __future__ import annotations

from kusion_render.diagnostics import OutputPlace, Related
from kusion_render.lint import availability, clashes, containers, objects, security, selectors, values
from kusion_render.lint.clashes import lint_together
from kusion_render.lint.view import View

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any, Final

    from kusion_render.diagnostics import Diagnostics, Severity
    from kusion_render.lint.clashes import Claim

__all__ = ["RULES", "claims_of", "gate", "lint", "lint_together"]

RULES: Final = (
    *containers.RULES,
    *security.RULES,
    *availability.RULES,
    *values.RULES,
    *selectors.RULES,
    *clashes.RULES,
    *objects.RULES,
)
_SEVERITIES: Final[Mapping[str, Severity]] = {"warn": "warning", "error": "error"}


def gate(levels: Mapping[str, str]) -> dict[str, str]:
    """Return the levels with which only the rules count that a workspace makes errors: what a render checks."""
    return {each.rule.name: "error" if levels.get(each.rule.name) == "error" else "off" for each in RULES}


def lint(objects: Sequence[tuple[str, Mapping[str, Any]]], levels: Mapping[str, str], diagnostics: Diagnostics) -> None:
    """Report what the rules find in the objects of one render, each an ID with a manifest, as KR601 to KR622.

    `levels` are `off`, `warn` or `error` by a rule's name; a rule that it does not name has its default. Places are
    those of the objects (`OutputPlace`): whoever made them finds the source line.
    """
    view = View(objects)
    for each in RULES:
        severity = _severity(each.rule.name, levels)
        for found in each.find(view) if severity else ():
            related = [Related(found.note, OutputPlace(*found.other))] if found.other else ()
            place = OutputPlace(found.resource_id, found.pointer)
            diagnostics.report(each.rule, found.message, place, help=found.help, related=related, severity=severity)


def claims_of(objects: Sequence[tuple[str, Mapping[str, Any]]], levels: Mapping[str, str]) -> list[Claim]:
    """Return what objects claim of their cluster, for `lint_together`, with the severity that the levels give."""
    severities = {each.rule.name: _severity(each.rule.name, levels) for each in clashes.RULES}
    found = [(claim, severities[claim.rule.name]) for claim in clashes.claims(View(objects))]
    return [claim.of(severity) for claim, severity in found if severity]


def _severity(name: str, levels: Mapping[str, str]) -> Severity | None:
    return _SEVERITIES.get(levels.get(name) or _DEFAULTS[name])


_DEFAULTS: Final = {each.rule.name: each.default for each in RULES}
