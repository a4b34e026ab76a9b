"""What a plan does: the renders that read the edited files, compiled before and after."""

from __future__ import annotations

import os

from kusion_render.diagnostics import Diagnostics
from kusion_render.diff import compare
from kusion_render.pipeline import Options
from kusion_render.rendering import render_all
from kusion_render.repository import Target

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from collections.abc import Set as AbstractSet
    from typing import Any, Final

    from kusion_render.assignment.plan import Plan
    from kusion_render.diagnostics import Diagnostic
    from kusion_render.diff import Comparison
    from kusion_render.model import Spec
    from kusion_render.repository import Repository


class Effect:
    """What a plan changes: `own` compares the stack's renders, `others` are renders of other stacks that change too.

    `problems` are those that only the edit makes, in files as they would be. `unknown` are the renders that fail with the
    edit as they failed without it.
    """

    __slots__ = ("others", "own", "problems", "unknown")

    def __init__(self, own: Comparison, others: list[str], problems: list[Diagnostic], unknown: list[str]) -> None:
        self.own: Final = own
        self.others: Final = others
        self.problems: Final = problems
        self.unknown: Final = unknown


def effect_of(plan: Plan, before: Repository, targets: Sequence[Target]) -> Effect:
    """Render what reads the edited files, before and after, and compare.

    Of a render that failed before only problems on edited lines are counted as the edit's: what shows once the first
    mistake is gone was there already.
    """
    paths = {os.path.realpath(before.files.path(edit.file)) for edit in plan.edits}
    others = readers(plan.after, paths, targets)
    old, known = _render(before, [*targets, *others])
    new, found = _render(plan.after, [*targets, *others])
    said = {_identity(item) for item in known}
    problems = [
        item
        for item in found
        if _identity(item) not in said and (item.stack is None or item.stack in old or plan.touches(item.span))
    ]

    both = [target.key for target in targets if target.key in new]
    own = compare({key: _manifests(old.get(key)) for key in both}, {key: _manifests(new[key]) for key in both})
    changed = [
        target.key
        for target in others
        if target.key in new and _manifests(old.get(target.key)) != _manifests(new[target.key])
    ]
    unknown = [target.key for target in (*targets, *others) if target.key not in old and target.key not in new]
    return Effect(own, changed, problems, unknown)


def _manifests(spec: Spec | None) -> list[dict[str, Any]]:
    return [resource.attributes for resource in spec.resources] if spec is not None else []


def _render(repository: Repository, targets: Sequence[Target]) -> tuple[dict[str, Spec], list[Diagnostic]]:
    found = Diagnostics()
    specs: list[Spec] = render_all(repository, targets, Options(), found, lambda spec, _: spec)
    return {spec.key: spec for spec in specs}, found.items


def _identity(item: Diagnostic) -> tuple[object, ...]:
    """What makes a problem the same before and after an edit that may have moved it to another line."""
    span = item.span
    return (item.rule.code, item.message, span.file if span is not None else "", item.stack)


def readers(repository: Repository, paths: AbstractSet[str], besides: Sequence[Target]) -> list[Target]:
    """Return the renders that read one of the files, given by their resolved paths, other than `besides`."""
    known = {(target.stack.path, target.workspace) for target in besides}
    quiet = Diagnostics()
    found = []
    for folder in repository.stack_folders():
        stack = repository.stack(folder, quiet)
        if stack is None:
            continue
        files = [file for file, _ in repository.app_files(stack, quiet)]
        for name in stack.workspaces:
            read = [*files, f"workspaces/{name}.yaml"]
            if (folder, name) not in known and not paths.isdisjoint(_resolved(repository, read)):
                found.append(Target(stack, name))
    return found


def _resolved(repository: Repository, files: Sequence[str]) -> list[str]:
    return [os.path.realpath(repository.files.path(file)) for file in files]
