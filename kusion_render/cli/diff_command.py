"""`kusion-render diff`."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click

from kusion_render.cli.revisions import Sides, revision_options
from kusion_render.cli.session import DIFFERENT, argument_option, use_colour
from kusion_render.diagnostics import InputError
from kusion_render.pipeline import Options
from kusion_render.setting import parse_arguments

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kusion_render.affected import Render
    from kusion_render.cli.session import Session


@click.command("diff")
@click.argument("stacks", nargs=-1, metavar="[STACK]...")
@revision_options
@argument_option
@click.option(
    "--format",
    "-f",
    "output_format",
    type=click.Choice(["text", "markdown", "json"]),
    default="text",
    show_default=True,
    help="How to report.",
)
@click.option(
    "--max-bytes",
    type=click.IntRange(1000),
    default=65_000,
    show_default=True,
    help="The most that markdown may take; counts stay complete.",
)
@click.option("--exit-code", is_flag=True, help="Exit with 4 when something differs.")
def command(
    stacks: tuple[str, ...],
    base: str,
    head: str | None,
    merge_base: bool,  # noqa: FBT001 - click passes options by name
    arguments: tuple[str, ...],
    output_format: str,
    max_bytes: int,
    exit_code: bool,  # noqa: FBT001 - click passes options by name
) -> None:
    """Show what a change does to the rendered objects, and what follows from it.

    Both sides are rendered and compared object by object and field by field, as Kubernetes understands them. Values of
    secrets are not shown. Without --base and --head it is what the work tree changes.

    \b
    Examples:
      kusion-render diff
      kusion-render diff --base main
      kusion-render diff --base origin/main --head HEAD --merge-base --format markdown
    """
    from kusion_render.diff import compare, write

    options = Options(arguments=parse_arguments(arguments))
    sides = Sides(stacks, base, head, merge_base=merge_base, options=options)
    with sides.git:
        renders, affected = sides.render()
        _stop_at_problems(sides.new, renders)
        touched = [each.key for each in affected]
        old = sides.render_old(touched)
        _warn_of_problems(old)
    chosen = frozenset(touched)
    # What is not touched is the same on both sides, whatever it is.
    before: dict[str, Sequence[Any]] = {key: () for key in sides.before if key not in chosen}
    before.update({each.target.key: _manifests(each) for each in old if each.spec is not None})
    after = {each.target.key: _manifests(each) if each.target.key in chosen else () for each in renders}
    comparison = compare(before, after)
    colour = use_colour(sys.stdout.isatty())
    click.echo(write(comparison, output_format, colour=colour, max_bytes=max_bytes), nl=False, color=colour)
    if exit_code and comparison:
        click.get_current_context().exit(DIFFERENT)


def _manifests(render: Render) -> Sequence[Any]:
    return [resource.attributes for resource in render.spec.resources] if render.spec is not None else ()


def _stop_at_problems(session: Session, renders: Sequence[Render]) -> None:
    for render in renders:
        session.diagnostics.items.extend(render.problems.items)
    failed = session.diagnostics.failed
    if failed:
        session.report()
        raise InputError


def _warn_of_problems(renders: Sequence[Render]) -> None:
    failing = [render.target.key for render in renders if render.spec is None]
    if failing:
        names = ", ".join(failing[:8]) + (" …" if len(failing) > 8 else "")
        click.echo(f"warning: the old side of {names} does not render; its objects count as new", err=True)
