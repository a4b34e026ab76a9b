"""`kusion-render validate`."""

from __future__ import annotations

import click

from kusion_render.cli.session import Session, progress
from kusion_render.diagnostics import InputError
from kusion_render.pipeline import Options
from kusion_render.rendering import compile_all
from kusion_render.report import FORMATS


@click.command("validate")
@click.argument("stacks", nargs=-1, metavar="[STACK]...")
@click.option(
    "--format",
    "-f",
    "output_format",
    type=click.Choice(FORMATS),
    default="text",
    show_default=True,
    help="How to report.",
)
@click.option("--workspace", "-w", help="Validate on this workspace instead of the stack's own.")
@click.option(
    "--compatibility", type=click.Choice(["native", "kusion"]), help="Names and rules, where no file says it."
)
def command(stacks: tuple[str, ...], output_format: str, workspace: str | None, compatibility: str | None) -> None:
    """Report every problem of the stacks and of what they render to.

    The report goes to stdout. The exit code is 1 when there is an error; warnings alone leave it 0.

    \b
    Examples:
      kusion-render validate
      kusion-render validate shop/prod --format sarif > findings.sarif
    """
    session = Session()
    targets = _targets(session, stacks, workspace)
    step, finish = progress(len(targets))
    try:
        compile_all(session.repository, targets, Options(compatibility=compatibility), session.diagnostics, step)
    finally:
        finish()
    session.report(output_format, to_stdout=True)
    if session.diagnostics.failed:
        raise InputError
    if not session.diagnostics.items and output_format == "text":
        count = len(targets)
        click.echo(f"{count} render{'s' if count != 1 else ''} checked, no problems", err=True)


def _targets(session: Session, stacks: tuple[str, ...], workspace: str | None):  # type: ignore[no-untyped-def]  # noqa: ANN202
    from kusion_render.repository import select

    return select(session.repository, stacks, session.diagnostics, folder=session.folder, workspace=workspace)
