"""`kusion-render render`."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Final

import click

from kusion_render.cli.session import Session, parse_setting, progress
from kusion_render.diagnostics import InputError, UsageError
from kusion_render.pipeline import Options
from kusion_render.rendering import render_all
from kusion_render.suggestion import suggest
from kusion_render.transformers.profile import PROFILES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kusion_render.diagnostics import Json
    from kusion_render.rendering import Produce
    from kusion_render.targets import Target


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
@click.option(
    "--profile",
    type=click.Choice(PROFILES),
    help="Annotate for the tool that applies the manifests.  [default: plain; helm for charts]",
)
@click.option("--preview", metavar="NAME", help="Render a preview: own namespace, own hosts.")
@click.option("--kustomization", is_flag=True, help="kubernetes: add a kustomization.yaml to each folder.")
@click.option("--chart-per", type=click.Choice(["app", "project"]), help="helm: what a chart holds.  [default: app]")
@click.option("--chart-version", metavar="SEMVER", help="helm: the charts' version.  [default: 0.1.0]")
@click.option("--app-version", metavar="TEXT", help="helm: the apps' version.  [default: the image's tag]")
@click.option("--package", is_flag=True, help="helm: write each chart as a .tgz, too.")
@click.option("--allow-mass-delete", is_flag=True, help="With --output: allow removing most of a stack's files.")
@click.option(
    "--jobs", "-j", type=click.IntRange(1, 256), default=1, show_default=True, help="Processes to render with."
)
def command(
    stacks: tuple[str, ...],
    target: str,
    output: str | None,
    workspace: str | None,
    settings: tuple[str, ...],
    namespace_policy: str,
    compatibility: str | None,
    profile: str | None,
    preview: str | None,
    allow_mass_delete: bool,  # noqa: FBT001 - click passes options by name
    jobs: int,
    **target_options: Json,
) -> None:
    """Render stacks to manifests, on stdout or below a folder.

    STACK is a path, project/stack, a glob, or project/stack@workspace; none means all at and below this folder. Nothing
    is printed or written unless every stack renders.

    \b
    Examples:
      kusion-render render shop/prod
      kusion-render render '*/prod' --output rendered
      kusion-render render shop/dev --set web.workload.replicas=3
      kusion-render render shop --target helm --output charts
    """
    session = Session()
    found = find_target(target)
    given = {name: value for name, value in target_options.items() if value}
    _check_options(target, found, given)
    options = Options(
        settings=[parse_setting(setting) for setting in settings],
        compatibility=compatibility,
        namespace_policy=namespace_policy,
        profile=str(profile or getattr(found, "PROFILE", "plain")),
        preview=_preview(preview),
    )
    work = Work(stacks, workspace, options, jobs)
    if output is None:
        _print(session, work, target, found)
    else:
        # Only a render of everything can tell that a folder's stack is gone.
        whole = not stacks and workspace is None and not session.folder
        delivery = _Delivery(output, whole=whole, allow_mass_delete=allow_mass_delete)
        _write(session, work, found, given, delivery)


def _preview(name: str | None) -> str:
    if name is None:
        return ""
    from kusion_render.transformers.preview import check_preview

    try:
        return check_preview(name)
    except ValueError as error:
        raise UsageError(f"--preview: {error}") from error


def _check_options(name: str, target: Target, given: Mapping[str, Json]) -> None:
    """Refuse options that are another target's.

    Raises:
        UsageError: for the first of them, with the targets that take it.
    """
    for option in given:
        if option not in getattr(target, "OPTIONS", ()):
            from kusion_render.targets import built_in, load

            owners = [each for each in built_in() if option in getattr(load(each), "OPTIONS", ())]
            raise UsageError(f"--{option.replace('_', '-')} is for --target {' or '.join(owners)}, not for `{name}`")


def _print(session: Session, work: Work, name: str, target: Target) -> None:
    stream = getattr(target, "stream", None)
    if stream is None:
        raise UsageError(f"target `{name}` makes files; say --output DIR")
    texts = work.run(session, lambda spec, _: "".join(stream([spec])))
    click.echo("---\n".join(text for text in texts if text), nl=False)


def _write(session: Session, work: Work, found: Target, options: Mapping[str, Json], delivery: _Delivery) -> None:
    from kusion_render.delivery.folder import write

    made: list[Any]
    if found.SCOPE == "stack":
        made = work.run(session, lambda spec, diagnostics: found.emit([spec], options, diagnostics))
    else:
        specs = work.run(session, lambda spec, _: spec)
        before = len(session.diagnostics.items)
        made = [found.emit(specs, options, session.diagnostics)]
        del session.diagnostics.items[:before]  # they have been told
        if session.diagnostics.failed:
            session.stop()
        session.report()
    files = {path: content for each in made for path, content in each.items()}
    before = len(session.diagnostics.items)
    change = write(
        files,
        delivery.output,
        session.diagnostics,
        whole=delivery.whole,
        allow_mass_delete=delivery.allow_mass_delete,
    )
    if change is None:
        del session.diagnostics.items[:before]
        session.stop()
    count = f"{work.count} stack{'s' if work.count != 1 else ''}"
    click.echo(
        f"{count}: {len(change.written)} files written, {len(change.removed)} removed "
        f"below {os.path.relpath(delivery.output)}",
        err=True,
    )


class _Delivery:
    """Where files go."""

    def __init__(self, output: str, *, whole: bool, allow_mass_delete: bool) -> None:
        self.output: Final = output
        self.whole: Final = whole
        self.allow_mass_delete: Final = allow_mass_delete


class Work:
    """What is to be rendered, and how many processes do it; `count` is known after the run."""

    def __init__(self, stacks: tuple[str, ...], workspace: str | None, options: Options, jobs: int) -> None:
        self._stacks: Final = stacks
        self._workspace: Final = workspace
        self._options: Final = options
        self._jobs: Final = jobs
        self.count = 0

    def run(self, session: Session, produce: Produce) -> list[Any]:
        """Return what is produced for each stack, or report and end the run."""
        targets = session.select(self._stacks, self._workspace)
        self.count = len(targets)
        step, finish = progress(len(targets))
        try:
            made = render_all(
                session.repository,
                targets,
                self._options,
                session.diagnostics,
                produce,
                progress=step,
                jobs=self._jobs,
            )
        finally:
            finish()
        session.report()
        if session.diagnostics.failed:
            raise InputError
        return made


def find_target(name: str) -> Target:
    """Return the target called `name`.

    Raises:
        UsageError: when there is none.
    """
    from kusion_render.targets import load, names

    target = load(name)
    if target is None:
        raise UsageError(f"no target `{name}`; {suggest(name, names())}")
    return target
