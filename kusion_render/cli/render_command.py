"""`kusion-render render`."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Final

import click

from kusion_render.cli.session import (
    KUBERNETES_VERSION,
    SHARD,
    Session,
    argument_option,
    conformance,
    parse_setting,
    progress,
)
from kusion_render.diagnostics import Diagnostics, InputError, UsageError
from kusion_render.pipeline import Options
from kusion_render.rendering import render_all
from kusion_render.repository.disk import Disk
from kusion_render.setting import parse_arguments
from kusion_render.suggestion import suggest
from kusion_render.targets import built_in, takes_cloud
from kusion_render.transformers.profile import PROFILES

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from kusion_render.diagnostics import Json
    from kusion_render.model import Spec
    from kusion_render.receipts import Made, Receipts
    from kusion_render.rendering import Produce
    from kusion_render.repository import Target as Selected
    from kusion_render.repository.disk import Source
    from kusion_render.targets import Target


@click.command("render")
@click.argument("stacks", nargs=-1, metavar="[STACK]...")
@click.option("--target", "-t", default="kubernetes", show_default=True, help="What to render to; see `targets`.")
@click.option("--output", "-o", type=click.Path(file_okay=False), help="Write files below this folder.")
@click.option("--workspace", "-w", help="Render on this workspace instead of the stack's own.")
@click.option("--set", "settings", multiple=True, metavar="APP.PATH=VALUE", help="Set a value above all app files.")
@argument_option
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
@click.option("--no-receipts", is_flag=True, help="With --output: render what is unchanged, too.")
@click.option("--validate", is_flag=True, help="Check the objects against Kubernetes' schemas, as `validate` does.")
@KUBERNETES_VERSION
@SHARD
@click.option(
    "--jobs", "-j", type=click.IntRange(1, 256), default=1, show_default=True, help="Processes to render with."
)
def command(
    stacks: tuple[str, ...],
    target: str,
    output: str | None,
    workspace: str | None,
    settings: tuple[str, ...],
    arguments: tuple[str, ...],
    namespace_policy: str,
    compatibility: str | None,
    profile: str | None,
    preview: str | None,
    allow_mass_delete: bool,  # noqa: FBT001 - click passes options by name
    no_receipts: bool,  # noqa: FBT001 - click passes options by name
    validate: bool,  # noqa: FBT001 - click passes options by name
    versions: tuple[str, ...],
    part: str | None,
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
        arguments=parse_arguments(arguments),
        compatibility=compatibility,
        namespace_policy=namespace_policy,
        profile=str(profile or getattr(found, "PROFILE", "plain")),
        preview=_preview(preview),
        cloud=takes_cloud(found),
    )
    if versions and not validate:
        raise UsageError("--kubernetes-version goes with --validate")
    work = Work(stacks, workspace, options, jobs, part, versions if validate else None)
    if no_receipts and output is None:
        raise UsageError("--no-receipts goes with --output")
    if output is None:
        _print(session, work, target, found)
    else:
        delivery = _Delivery(
            output,
            whole=work.is_whole(session),
            allow_mass_delete=allow_mass_delete,
            # A receipt says nothing of Kubernetes' schemas.
            receipts=not (no_receipts or validate),
        )
        _write(session, work, target, found, given, delivery)


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
    texts = work.run(session, lambda spec, found: "".join(stream([spec], found)))
    click.echo("---\n".join(text for text in texts if text), nl=False)


def _write(
    session: Session, work: Work, name: str, found: Target, options: Mapping[str, Json], delivery: _Delivery
) -> None:
    from kusion_render.delivery.folder import write

    made: list[Made] = []
    files: dict[str, str | bytes] = {}
    earlier = work.receipts(session, name, options, Disk(delivery.output), delivery.output)
    if found.SCOPE == "stack":
        made = work.make(session, found, options, earlier, believe=delivery.receipts)
        files.update((path, content) for each in made for path, content in each.files.items())
    else:
        specs = work.run(session, lambda spec, _: spec)
        before = len(session.diagnostics.items)
        files.update(found.emit(specs, options, session.diagnostics))
        del session.diagnostics.items[:before]  # they have been told
        if session.diagnostics.failed:
            session.stop()
        session.report()
    before = len(session.diagnostics.items)
    change = write(
        files,
        delivery.output,
        session.diagnostics,
        whole=delivery.whole,
        allow_mass_delete=delivery.allow_mass_delete,
        receipts={each.key: each.receipt for each in made},
        kept=earlier.kept if earlier is not None else (),
        ours=earlier.folders if earlier is not None else None,
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

    def __init__(self, output: str, *, whole: bool, allow_mass_delete: bool, receipts: bool) -> None:
        self.receipts: Final = receipts
        self.output: Final = output
        self.whole: Final = whole
        self.allow_mass_delete: Final = allow_mass_delete


class Work:
    """What is to be rendered, and how many processes do it; `count` is known after the run.

    With `versions` objects are checked against the schemas of Kubernetes: of these, or, where it is empty, the configured ones.
    """

    def __init__(
        self,
        stacks: tuple[str, ...],
        workspace: str | None,
        options: Options,
        jobs: int,
        part: str | None = None,
        versions: Sequence[str] | None = None,
    ) -> None:
        self._part: Final = part
        self._versions: Final = versions
        self._stacks: Final = stacks
        self._workspace: Final = workspace
        self._options: Final = options
        self._jobs: Final = jobs
        self.count = 0

    def is_whole(self, session: Session) -> bool:
        """Tell whether everything is rendered: only then is a stack that isn't rendered one that is gone."""
        return not self._stacks and self._workspace is None and self._part is None and not session.folder

    def run(self, session: Session, produce: Produce) -> list[Any]:
        """Return what is produced for each stack, or report and end the run."""
        targets = session.select(self._stacks, self._workspace, self._part)
        self.count = len(targets)
        return self._finish(session, self._render(session, targets, produce, session.diagnostics))

    def receipts(
        self, session: Session, target: str, options: Mapping[str, Json], output: Source, top: str
    ) -> Receipts | None:
        """Return the receipts of renders at the path `top` of `output`; None for a target of another package."""
        if target not in built_in():
            return None
        from kusion_render.receipts import Receipts

        how = {"target": target, "options": options}
        return Receipts(session.repository, self._options, how, output, top, self._workspace)

    def make(
        self, session: Session, target: Target, options: Mapping[str, Json], earlier: Receipts | None, *, believe: bool
    ) -> list[Made]:
        """Return the files of each stack, but for those that `earlier` keeps; or report and end the run."""
        # Printing has no use for it, and would wait for OpenSSL, which comes along.
        from kusion_render.receipts import Made

        def produce(spec: Spec, found: Diagnostics) -> Made:
            files = target.emit([spec], options, found)
            return Made(spec, files) if earlier is None else earlier.seal(spec, files, found)

        if earlier is None or not believe:
            return self.run(session, produce)
        # Stacks are named by their receipts where all of these must be looked at anyway.
        whole = not self._stacks and not session.folder
        known = earlier.stacks(self._jobs) if whole else {}
        targets = session.select(self._stacks, self._workspace, self._part, known)
        self.count = len(targets)
        pending = earlier.changed(targets)
        while True:
            found = Diagnostics()
            made: list[Made] = self._render(session, pending, produce, found)
            pending = earlier.again(targets, made)
            if not pending:
                session.diagnostics.items.extend(found.items)
                return self._finish(session, made)

    def _render(
        self, session: Session, targets: Sequence[Selected], produce: Produce, diagnostics: Diagnostics
    ) -> list[Any]:
        schemas = None if self._versions is None else conformance(session, self._versions)
        step, finish = progress(len(targets))
        try:
            return render_all(
                session.repository,
                targets,
                self._options,
                diagnostics,
                produce,
                progress=step,
                jobs=self._jobs,
                conformance=schemas,
            )
        finally:
            finish()

    def _finish(self, session: Session, made: list[Any]) -> list[Any]:
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
