"""`kusion-render validate`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from kusion_render.cli.session import (
    KUBERNETES_VERSION,
    SHARD,
    Session,
    argument_option,
    conformance,
    progress,
)
from kusion_render.diagnostics import InputError
from kusion_render.pipeline import Options
from kusion_render.rendering import render_all
from kusion_render.report import FORMATS
from kusion_render.repository import select, shard
from kusion_render.setting import parse_arguments
from kusion_render.transformers.profile import PROFILES

if TYPE_CHECKING:
    from kusion_render.diagnostics import Diagnostics
    from kusion_render.model import Spec
    from kusion_render.repository import Target


@click.command("validate")
@click.argument("stacks", nargs=-1, metavar="[STACK]...")
@click.option(
    "--format",
    "-f",
    "output_format",
    type=click.Choice(FORMATS),
    help="How to report; text, but on GitHub its annotations.",
)
@click.option("--workspace", "-w", help="Validate on this workspace instead of the stack's own.")
@argument_option
@click.option(
    "--compatibility", type=click.Choice(["native", "kusion"]), help="Names and rules, where no file says it."
)
@click.option(
    "--profile",
    type=click.Choice(PROFILES),
    default="plain",
    show_default=True,
    help="Who applies the result, as for `render`.",
)
@KUBERNETES_VERSION
@SHARD
@click.option("--jobs", "-j", type=click.IntRange(1, 256), default=1, show_default=True, help="Processes to work with.")
def command(
    stacks: tuple[str, ...],
    output_format: str | None,
    workspace: str | None,
    arguments: tuple[str, ...],
    compatibility: str | None,
    profile: str,
    versions: tuple[str, ...],
    part: str | None,
    jobs: int,
) -> None:
    """Report every problem of the stacks and of what they render to.

    The objects are checked against Kubernetes' own schemas, of the versions in `kubernetesVersions` or of the workspace's
    `kubernetesVersion`, else of the newest that is known. Lint warns of what a reviewer would raise; the workspace's
    `lint` sets the level of each rule. The report goes to stdout. The exit code is 1 when there is an error; warnings alone
    leave it 0.

    \b
    Examples:
      kusion-render validate
      kusion-render validate shop/prod --format sarif > findings.sarif
      kusion-render validate --kubernetes-version 1.31 --kubernetes-version 1.32
    """
    options = Options(compatibility=compatibility, profile=profile, lint=True, arguments=parse_arguments(arguments))
    session = Session()
    targets = _targets(session, stacks, workspace)
    if part is not None:
        targets = shard(targets, part)
    schemas = conformance(session, versions)
    step, finish = progress(len(targets))
    try:
        render_all(
            session.repository,
            targets,
            options,
            session.diagnostics,
            _nothing,
            progress=step,
            jobs=jobs,
            conformance=schemas,
        )
    finally:
        finish()
    session.report(output_format, to_stdout=True)
    if session.diagnostics.failed:
        raise InputError
    if not session.diagnostics.items and output_format in (None, "text"):
        count = len(targets)
        click.echo(f"{count} render{'s' if count != 1 else ''} checked, no problems", err=True)


def _nothing(spec: Spec, diagnostics: Diagnostics) -> None:
    del spec, diagnostics  # that it compiles is all


def _targets(session: Session, stacks: tuple[str, ...], workspace: str | None) -> list[Target]:
    return select(session.repository, stacks, session.diagnostics, folder=session.folder, workspace=workspace)
