"""`kusion-render set`."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from kusion_render.assignment import Assignment, effect_of, plan
from kusion_render.cli.session import Session, use_colour
from kusion_render.diagnostics import InputError, UsageError
from kusion_render.document import dotted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kusion_render.assignment import Effect, Plan
    from kusion_render.assignment.site import Scope
    from kusion_render.edit.writing import Edited
    from kusion_render.repository import Target

_MOST_STACKS = 12


@click.command("set")
@click.argument("stack")
@click.argument("assignments", nargs=-1, metavar="[APP.PATH=VALUE]...")
@click.option("--unset", "unset", multiple=True, metavar="APP.PATH", help="Take the value out of the file.")
@click.option("--base", is_flag=True, help="Edit the project's base, for all its stacks.")
@click.option("--workspace", is_flag=True, help="Edit the workspace's default of the module, for all its stacks.")
@click.option("--dry-run", is_flag=True, help="Show what would change, and write nothing.")
def command(
    stack: str,
    assignments: tuple[str, ...],
    unset: tuple[str, ...],
    base: bool,  # noqa: FBT001 - click passes options by name
    workspace: bool,  # noqa: FBT001 - click passes options by name
    dry_run: bool,  # noqa: FBT001 - click passes options by name
) -> None:
    """Change a value in the source file it belongs to, and show what that changes in the render.

    The file is the last of the stack's own that sets the value, else its app.yaml. Comments and layout stay. VALUE is
    read as by `render --set`; null deletes what lies beneath. All is written, or nothing.

    \b
    Examples:
      kusion-render set shop/prod web.workload.replicas=3
      kusion-render set shop/prod --base 'web.labels={"team": "shop"}' --dry-run
      kusion-render set shop/prod --unset web.workload.replicas
    """
    if base and workspace:
        raise UsageError("--base and --workspace name two files; say one of them")
    wanted = [_assignment(text) for text in assignments] + [_removal(text) for text in unset]
    if not wanted:
        raise UsageError("nothing to set; say APP.PATH=VALUE or --unset APP.PATH")
    session = Session()
    targets = _targets(session, stack, one=workspace)
    scope: Scope = "base" if base else "workspace" if workspace else "stack"
    made = plan(session.repository, targets, wanted, scope, session.diagnostics)
    if made is None:
        session.stop()
    effect = effect_of(made, session.repository, targets) if made.edits else None
    if effect is not None:
        session.diagnostics.items.extend(effect.problems)
    session.report(source=made.after.files.text)
    if session.diagnostics.failed:
        click.echo("nothing was written; the places are those of the files as they would be", err=True)
        raise InputError
    _finish(session, made, effect, dry_run=dry_run)


def _finish(session: Session, made: Plan, effect: Effect | None, *, dry_run: bool) -> None:
    """Write, unless it is a dry run, and say what was done."""
    from kusion_render.edit.writing import check, write

    told = len(session.diagnostics.items)
    (check if dry_run else write)(made.edits, session.repository.files.root, session.diagnostics)
    del session.diagnostics.items[:told]
    if session.diagnostics.failed:
        session.stop()
    for assignment, place in made.unchanged:
        where = f" ({place})" if place is not None else ""
        click.echo(f"unchanged: {dotted(assignment.pointer)} has this value already{where}")
    colour = use_colour(sys.stdout.isatty())
    if dry_run:
        for edit in made.edits:
            click.echo(_difference(edit), nl=False)
    else:
        for assignment, site in made.written:
            click.echo(f"{made.span(assignment, site)}: {dotted(assignment.pointer)}")
    if effect is not None:
        _print_effect(effect, colour=colour)
    if dry_run and made.edits:
        click.echo("nothing was written (--dry-run)", err=True)


def _assignment(text: str) -> Assignment:
    from kusion_render.setting import parse
    from kusion_render.yamlio import dump

    path = text.partition("=")[0]
    try:
        pointer, value = parse(text)
        dump(dict.fromkeys(map(str, pointer)))
        dump(value)
    except UnicodeEncodeError as error:
        raise UsageError(f"{path!a}: this is no UTF-8") from error
    except ValueError as error:
        raise UsageError(f"{path!a}: {error}" if not path.isprintable() else f"{path}: {error}") from error
    except RecursionError as error:
        raise UsageError(f"{path}: the value is nested too deeply") from error
    return Assignment(pointer, value)


def _removal(text: str) -> Assignment:
    if "=" in text.rpartition("]")[2]:
        raise UsageError("--unset takes a path without a value")
    return Assignment(_assignment(f"{text}=null").pointer, unset=True)


def _targets(session: Session, stack: str, *, one: bool) -> list[Target]:
    """Return the renders of the one stack that is named; with `one` it must be on one workspace."""
    targets = session.select([stack])
    if session.diagnostics.failed:
        session.stop()
    if len({target.stack.path for target in targets}) > 1 or (one and len(targets) > 1):
        raise UsageError(f"`{stack}` names several renders: {', '.join(target.key for target in targets)}")
    return targets


def _difference(edit: Edited) -> str:
    """Return a unified diff of a file, secrets masked."""
    from difflib import unified_diff

    before, after = (_lines(content or b"") for content in (edit.before, edit.after))
    name = "/dev/null" if edit.before is None else f"a/{edit.file}"
    return "".join(
        line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n"
        for line in unified_diff(before, after, name, f"b/{edit.file}")
    )


def _lines(content: bytes) -> list[str]:
    from kusion_render.report.masking import Masks

    lines = content.decode("utf-8-sig").splitlines(keepends=True)
    masks = Masks([line.rstrip("\r\n") for line in lines])
    return [_masked(line, masks.ranges(number)) for number, line in enumerate(lines)]


def _masked(line: str, ranges: Sequence[tuple[int, int]]) -> str:
    from kusion_render.explain import MASK
    from kusion_render.report.display import neutralise

    text, end = line.rstrip("\r\n"), "\n" if line.endswith(("\n", "\r")) else ""
    for start, stop in reversed(ranges):
        text = text[:start] + MASK + text[stop:]
    return neutralise(text) + end


def _print_effect(effect: Effect, *, colour: bool) -> None:
    from kusion_render.diff import write

    if effect.own:
        click.echo(write(effect.own, "text", colour=colour), nl=False, color=colour)
    else:
        click.echo("the render stays the same")
    also = effect.others
    if also:
        more = f" and {len(also) - _MOST_STACKS} more" if len(also) > _MOST_STACKS else ""
        click.echo(f"also changes {', '.join(also[:_MOST_STACKS])}{more}")
    for key in effect.unknown:
        click.echo(f"{key} does not render, with the edit or without it; `validate` says why", err=True)
