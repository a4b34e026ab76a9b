"""`kusion-render render`."""

from __future__ import annotations

import os

import click

from kusion_render.cli.session import Session, parse_setting, progress
from kusion_render.diagnostics import InputError, UsageError
from kusion_render.pipeline import Options
from kusion_render.rendering import compile_all


@click.command("render")
@click.argument("stacks", nargs=-1, metavar="[STACK]...")
@click.option("--target", "-t", default="kubernetes", show_default=True, help="What to render to; see `targets`.")
@click.option("--output", "-o", type=click.Path(file_okay=False), help="Write files below this folder.")
@click.option("--workspace", "-w", help="Render on this workspace instead of the stack's own.")
@click.option("--set", "settings", multiple=True, metavar="APP.PATH=VALUE", help="Set a value above all app files.")
@click.option(
    "--namespace-policy",
    type=click.Choice(["set", "omit"]),
    default="set",
    show_default=True,
    help="Write the namespace on every object, or leave it to who applies them.",
)
@click.option(
    "--compatibility", type=click.Choice(["native", "kusion"]), help="Names and rules, where no file says it."
)
@click.option("--kustomization", is_flag=True, help="With --output: add a kustomization.yaml to each folder.")
@click.option("--allow-mass-delete", is_flag=True, help="With --output: allow removing most of a stack's files.")
def command(
    stacks: tuple[str, ...],
    target: str,
    output: str | None,
    workspace: str | None,
    settings: tuple[str, ...],
    namespace_policy: str,
    compatibility: str | None,
    kustomization: bool,  # noqa: FBT001 - click passes options by name
    allow_mass_delete: bool,  # noqa: FBT001 - click passes options by name
) -> None:
    """Render stacks to manifests, on stdout or below a folder.

    STACK is a path, project/stack, a glob, or project/stack@workspace; none means all at and below this folder. Nothing
    is printed or written unless every stack renders.

    \b
    Examples:
      kusion-render render shop/prod
      kusion-render render '*/prod' --output rendered
      kusion-render render shop/dev --set web.workload.replicas=3
    """
    session = Session()
    options = Options(
        settings=[parse_setting(setting) for setting in settings],
        compatibility=compatibility,
        namespace_policy=namespace_policy,
    )
    if output is None:
        _print(session, stacks, target, workspace, options)
    else:
        # Only a render of everything can tell that a folder's stack is gone.
        whole = not stacks and workspace is None and not session.folder
        _write(session, stacks, target, workspace, options, output, kustomization, allow_mass_delete, whole=whole)


def _print(session: Session, stacks: tuple[str, ...], target: str, workspace: str | None, options: Options) -> None:
    stream = getattr(_target(target), "stream", None)
    if stream is None:
        raise UsageError(f"target `{target}` makes files; say --output DIR")
    specs = _specs(session, stacks, workspace, options)
    click.echo("".join(stream(specs)), nl=False)


def _write(
    session: Session,
    stacks: tuple[str, ...],
    target: str,
    workspace: str | None,
    options: Options,
    output: str,
    kustomization: bool,  # noqa: FBT001 - handed on from click
    allow_mass_delete: bool,  # noqa: FBT001 - handed on from click
    *,
    whole: bool,
) -> None:
    from kusion_render.delivery.folder import write

    emit = _target(target).emit
    specs = _specs(session, stacks, workspace, options)
    files = emit(specs, {"kustomization": kustomization}, session.diagnostics)
    if session.diagnostics.failed:
        session.stop()
    before = len(session.diagnostics.items)
    change = write(files, output, session.diagnostics, whole=whole, allow_mass_delete=allow_mass_delete)
    if change is None:
        del session.diagnostics.items[:before]
        session.stop()
    count = f"{len(specs)} stack{'s' if len(specs) != 1 else ''}"
    click.echo(
        f"{count}: {len(change.written)} files written, {len(change.removed)} removed below {os.path.relpath(output)}",
        err=True,
    )


def _target(name: str):  # type: ignore[no-untyped-def]  # noqa: ANN202 - the protocol lives where only the type checker looks
    from difflib import get_close_matches

    from kusion_render.targets import load, names

    target = load(name)
    if target is None:
        known = names()
        close = get_close_matches(name, known, 1)
        raise UsageError(
            f"no target `{name}`; " + (f"did you mean `{close[0]}`?" if close else f"there are {', '.join(known)}")
        )
    return target


def _specs(session: Session, stacks: tuple[str, ...], workspace: str | None, options: Options):  # type: ignore[no-untyped-def]  # noqa: ANN202
    targets = session.select(stacks, workspace)
    step, finish = progress(len(targets))
    try:
        specs = compile_all(session.repository, targets, options, session.diagnostics, step)
    finally:
        finish()
    session.report()
    if session.diagnostics.failed:
        raise InputError
    return specs
