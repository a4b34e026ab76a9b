"""`kusion-render affected`."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Final

import click

from kusion_render.cli.revisions import Sides, revision_options
from kusion_render.cli.session import DIFFERENT, argument_option, use_colour
from kusion_render.cli.table import print_table
from kusion_render.diagnostics import UsageError
from kusion_render.pipeline import Options
from kusion_render.setting import parse_arguments

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kusion_render.affected import Affected

# GitHub Actions makes at most that many jobs of one matrix (its documentation, "Actions limits").
_MOST_JOBS: Final = 256


@click.command("affected")
@click.argument("stacks", nargs=-1, metavar="[STACK]...")
@revision_options
@argument_option
@click.option(
    "--format",
    "-f",
    "output_format",
    type=click.Choice(["table", "json", "github-matrix"]),
    default="table",
    show_default=True,
    help="How to report.",
)
@click.option("--exit-code", is_flag=True, help="Exit with 4 when a stack is affected.")
def command(
    stacks: tuple[str, ...],
    base: str,
    head: str | None,
    merge_base: bool,  # noqa: FBT001 - click passes options by name
    arguments: tuple[str, ...],
    output_format: str,
    exit_code: bool,  # noqa: FBT001 - click passes options by name
) -> None:
    """Tell which stacks a change touches, and by which of their inputs.

    Inputs are the files that a render reads, those that it looks for in vain, and the folders that it lists; never is a
    stack left out that renders differently. One that does not render is affected. github-matrix lists what is there
    still, for a job's strategy.matrix; more than the 256 that GitHub takes are an error.

    \b
    Examples:
      kusion-render affected --base main
      kusion-render affected --base origin/main --head HEAD --merge-base --format github-matrix
    """
    options = Options(arguments=parse_arguments(arguments))
    sides = Sides(stacks, base, head, merge_base=merge_base, options=options)
    with sides.git:
        _, found = sides.render()
    _FORMATS[output_format](found)
    if exit_code and found:
        click.get_current_context().exit(DIFFERENT)


def _table(found: Sequence[Affected]) -> None:
    if not found:
        click.echo("no stack is affected", err=True)
        return
    rows = [(each.key, each.kind, _because(each)) for each in found]
    print_table(("STACK", "CHANGE", "BECAUSE OF"), rows, colour=use_colour(sys.stdout.isatty()))


def _because(affected: Affected) -> str:
    if not affected.causes:
        return ""
    more = len(affected.causes) - 1
    return affected.causes[0] + (f" and {more} more" if more else "")


def _json(found: Sequence[Affected]) -> None:
    import json

    stacks = [
        {"stack": each.key, "path": each.path or ".", "change": each.kind, "because": each.causes} for each in found
    ]
    click.echo(json.dumps({"version": 1, "stacks": stacks}, indent=2, ensure_ascii=False))


def _matrix(found: Sequence[Affected]) -> None:
    import json

    from kusion_render.affected import REMOVED

    rows = [{"stack": each.key, "path": each.path or "."} for each in found if each.kind != REMOVED]
    if len(rows) > _MOST_JOBS:
        raise UsageError(
            f"{len(rows)} stacks are affected, and GitHub takes a matrix of at most {_MOST_JOBS} jobs; "
            "make a matrix of shards instead: `--shard 1/N` of `render`, `validate` and `check`"
        )
    click.echo(json.dumps({"include": rows}, ensure_ascii=False))


_FORMATS: Final = {"table": _table, "json": _json, "github-matrix": _matrix}
