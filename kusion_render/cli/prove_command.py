"""`kusion-render prove`."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Final

import click

from kusion_render.cli.session import DIFFERENT, Session, argument_option, parse_setting, progress
from kusion_render.diagnostics import InputError, ToolError
from kusion_render.kubernetes.order import ordered, sort_key
from kusion_render.pipeline import Options
from kusion_render.proving import PROGRAMS, Proof, differences, missing_tools
from kusion_render.rendering import compile_all
from kusion_render.setting import parse_arguments

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kusion_render.diagnostics import Json
    from kusion_render.model import Spec
    from kusion_render.repository import Target

_PROFILES: Final = {"helm": "helm", "kustomize": "plain"}


@click.command("prove")
@click.argument("stacks", nargs=-1, metavar="[STACK]...")
@click.option(
    "--target", "-t", "names", type=click.Choice(list(PROGRAMS)), multiple=True, help="What to prove.  [default: all]"
)
@click.option("--chart-per", type=click.Choice(["app", "project"]), default="app", show_default=True)
@click.option("--workspace", "-w", help="Render on this workspace instead of the stack's own.")
@click.option("--set", "settings", multiple=True, metavar="APP.PATH=VALUE", help="Set a value above all app files.")
@argument_option
def command(
    stacks: tuple[str, ...],
    names: tuple[str, ...],
    chart_per: str,
    workspace: str | None,
    settings: tuple[str, ...],
    arguments: tuple[str, ...],
) -> int:
    """Prove that charts and overlays come to the plain manifests.

    Helm makes manifests of each chart with each stack's values, kubectl of each overlay. They are compared with what
    `render` prints, object by object and field by field. The four labels that a chart adds may differ, and nothing
    else. Needs helm and kubectl. The exit code is 4 where something differs.

    \b
    Examples:
      kusion-render prove
      kusion-render prove shop/prod --target helm
    """
    chosen = [name for name in PROGRAMS if not names or name in names]
    missing = missing_tools(chosen, os.environ)
    if missing:
        tools = " and ".join(f"`{tool}`" for tool in missing)
        raise ToolError(f"{tools} {'is' if len(missing) == 1 else 'are'} not installed, or not in PATH")
    session = Session()
    targets = session.select(stacks, workspace)
    given = [parse_setting(setting) for setting in settings]
    answers = parse_arguments(arguments)
    failed = 0
    for name in chosen:
        specs = _specs(session, targets, Options(settings=given, profile=_PROFILES[name], arguments=answers))
        options: dict[str, Json] = {"chart_per": chart_per} if name == "helm" else {}
        failed += _prove(session, name, specs, options)
    return DIFFERENT if failed else 0


def _specs(session: Session, targets: Sequence[Target], options: Options) -> list[Spec]:
    specs = compile_all(session.repository, targets, options, session.diagnostics)
    _tell(session)
    return specs


def _tell(session: Session) -> None:
    """Report what is new, and end the run on an error."""
    session.report()
    if session.diagnostics.failed:
        raise InputError
    session.diagnostics.items.clear()


def _prove(session: Session, name: str, specs: Sequence[Spec], options: dict[str, Json]) -> int:
    """Print what one target's files come to; return the number of stacks that differ."""
    failed = 0
    step, finish = progress(len(specs))
    with Proof(name, specs, options, os.environ) as proof:
        proof.write(session.diagnostics)
        _tell(session)
        lines: list[str] = []
        try:
            for spec in specs:
                if step is not None:
                    step(spec.key)
                plain: list[Any] = sorted((ordered(each.attributes) for each in spec.resources), key=sort_key)
                found = list(differences(plain, proof.objects(spec), labelled=name == "helm"))
                failed += bool(found)
                objects = f"{len(plain)} object{'s' if len(plain) != 1 else ''}"
                verdict = f"{len(found)} differ" if found else "equal"
                lines.append(f"{name}  {spec.key}  {objects}, {verdict}")
                for title, details in found:
                    lines += [f"  {title}", *(f"    {detail}" for detail in details)]
        finally:
            finish()
    for line in lines:
        click.echo(line)
    return failed
