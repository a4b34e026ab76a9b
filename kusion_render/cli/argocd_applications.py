"""`kusion-render argocd applications`."""

from __future__ import annotations

import shlex
import sys
from typing import TYPE_CHECKING, Any, Final

import click
from click.core import ParameterSource

from kusion_render.cli.session import DIFFERENT, Session, progress
from kusion_render.delivery.file import content_of, write_file
from kusion_render.diagnostics import InputError, Rule, UsageError
from kusion_render.inputs import Recorder
from kusion_render.integrations.applications import manifests
from kusion_render.integrations.applications.git import Layout
from kusion_render.integrations.applications.options import DEFAULT_SERVER, GENERATORS, PLUGIN, read_options
from kusion_render.integrations.applications.render import Render
from kusion_render.kubernetes.order import ordered
from kusion_render.pipeline import Options
from kusion_render.rendering import render_all
from kusion_render.repository.root import below_git_root
from kusion_render.yamlio import dump

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kusion_render.diagnostics import Diagnostics, Json
    from kusion_render.integrations.applications.options import Options as ArgoOptions
    from kusion_render.model import Spec
    from kusion_render.repository import Target

ROOT_BELOW_GIT: Final = Rule("KR522", "root-below-git", "warning")
MARK: Final = "# Made by `kusion-render argocd applications`; change the stacks or the command, not this file.\n"
_OURS: Final = ("stacks", "output", "check", "jobs")


@click.command("applications")
@click.argument("stacks", nargs=-1, metavar="[STACK]...")
@click.option("--repo-url", required=True, metavar="URL", help="The Git repository, as Argo CD reaches it.")
@click.option("--revision", default="HEAD", show_default=True, help="Branch, tag or commit to deploy.")
@click.option(
    "--generator",
    "-g",
    type=click.Choice(GENERATORS),
    default="none",
    show_default=True,
    help="One Application a render, or an ApplicationSet that finds stacks so.",
)
@click.option(
    "--match",
    multiple=True,
    metavar="PATTERN",
    help="Folders, or with git-files stack.yaml files, where the set looks for stacks; repeatable.",
)
@click.option("--cluster-selector", multiple=True, metavar="LABEL=VALUE", help="clusters: those with the label.")
@click.option("--github", metavar="OWNER/REPO", help="pull-request: where the pull requests are.")
@click.option(
    "--label", multiple=True, default=["preview"], show_default="preview", help="pull-request: those with the label."
)
@click.option("--token-secret", metavar="NAME/KEY", help="pull-request: the Secret with GitHub's token.")
@click.option(
    "--name",
    default="{project}-{stack}",
    show_default=True,
    metavar="TEMPLATE",
    help="Names of Applications, of {project}, {stack}, {workspace} and {path}.",
)
@click.option("--set-name", metavar="NAME", help="The ApplicationSet's name.  [default: kusion-render]")
@click.option("--argocd-namespace", default="argocd", show_default=True, help="Where Argo CD looks for them.")
@click.option("--project", default="default", show_default=True, help="Argo CD's AppProject.")
@click.option(
    "--destination-server", metavar="URL", default=DEFAULT_SERVER, show_default=True, help="The cluster, by URL."
)
@click.option("--destination-name", metavar="NAME", help="The cluster, by name.")
@click.option("--plugin-name", default=PLUGIN, show_default=True, help="The plug-in, as Argo CD knows it.")
@click.option("--automated", is_flag=True, help="Sync, prune and heal without being asked.")
@click.option("--sync-option", multiple=True, metavar="NAME=VALUE", help="Add or change a sync option; repeatable.")
@click.option("--delete-resources", is_flag=True, help="Delete an Application's objects together with it.")
@click.option(
    "--hydrate-branch", metavar="TEMPLATE", help="Use the Source Hydrator, and sync from this branch; as --name."
)
@click.option(
    "--hydrate-next", metavar="TEMPLATE", help="Push hydrated manifests to this branch, to be merged by others."
)
@click.option("--output", "-o", type=click.Path(dir_okay=False, allow_dash=True), help="Write this file.")
@click.option("--check", is_flag=True, help="Write nothing; exit with 4 when the file of --output is not up to date.")
@click.option("--jobs", "-j", type=click.IntRange(1, 256), default=1, show_default=True, help="Processes to work with.")
@click.pass_context
def command(context: click.Context, /, **said: Any) -> int:  # Any: click's values, read by name
    """Print Argo CD Applications, or an ApplicationSet, that deploy the stacks with the plug-in.

    Each has the annotation manifest-generate-paths with exactly what its render reads, so that other commits leave it
    alone. A set looks up what its stacks' folders don't tell; what it finds later gets the form most stacks have.

    \b
    Examples:
      kusion-render argocd applications --repo-url https://git.example/cfg.git
      kusion-render argocd applications --repo-url https://git.example/cfg.git --generator git-files \\
        --automated --output argocd/stacks.yaml
      kusion-render argocd applications shop/dev --repo-url https://git.example/cfg.git \\
        --generator pull-request --github team/cfg --token-secret github/token
      kusion-render argocd applications --repo-url https://git.example/cfg.git \\
        --hydrate-branch 'environments/{stack}'
    """
    given = {
        name: value
        for name, value in said.items()
        if name not in _OURS and context.get_parameter_source(name) is not ParameterSource.DEFAULT
    }
    options = read_options(given)
    output: str | None = said["output"] if said["output"] != "-" else None
    if said["check"] and output is None:
        raise UsageError("--check compares with a file; say which with --output FILE")
    session = Session()
    _warn_of_root(session)
    renders = _renders(session, session.select(said["stacks"]), options, said["jobs"])
    made = manifests(renders, options, _layout(session, whole=not said["stacks"]), session.diagnostics)
    session.report()
    if session.diagnostics.failed:
        raise InputError
    fresh = [ordered(manifest) for manifest in made]
    text = MARK + "---\n".join(dump(manifest) for manifest in fresh)
    if output is None:
        click.echo(text, nl=False)
    elif said["check"]:
        return _check(session, output, text, fresh, renders)
    else:
        _write(session, output, text)
    return 0


def _warn_of_root(session: Session) -> None:
    below = below_git_root(session.repository.files.root)
    if below is not None:
        session.diagnostics.report(
            ROOT_BELOW_GIT,
            f"Argo CD's paths begin at the root of the Git repository, but this root is `{below}` in it",
            help="put kusion-render.yaml at the root of the Git repository, or set KUSION_RENDER_ROOT to it",
        )


def _renders(session: Session, targets: Sequence[Target], options: ArgoOptions, jobs: int) -> list[Render]:
    repository = session.repository
    recorder = Recorder(repository)

    def produce(spec: Spec, diagnostics: Diagnostics) -> Render:
        del diagnostics  # the render has reported all there is
        return Render(spec, recorder.inputs(spec.stack, spec.workspace.name), options)

    step, finish = progress(len(targets))
    # As the plug-in renders, but for the destination: it is what is looked for.
    plain = Options(namespace_policy="omit")
    try:
        made: list[Render] = render_all(
            repository, targets, plain, session.diagnostics, produce, progress=step, jobs=jobs
        )
    finally:
        finish()
    if session.diagnostics.failed:
        session.stop()
    return made


def _layout(session: Session, *, whole: bool) -> Layout:
    repository = session.repository
    folders = [folder for folder, _ in repository.folders() if folder]
    return Layout(sorted(folders), repository.stack_folders(), whole=whole and not session.folder)


def _write(session: Session, output: str, text: str) -> None:
    before = len(session.diagnostics.items)
    if not write_file(output, text, MARK, session.diagnostics):
        del session.diagnostics.items[:before]
        session.stop()


def _check(
    session: Session, output: str, text: str, fresh: Sequence[dict[str, Json]], renders: Sequence[Render]
) -> int:
    from kusion_render.integrations.applications.comparison import differences

    content = content_of(output, session.diagnostics)
    if content is None:
        session.stop()
    if content == text.encode():
        return 0
    for line in differences(content, fresh, renders):
        click.echo(line)
    again = shlex.join(["kusion-render", *(argument for argument in sys.argv[1:] if argument != "--check")])
    click.echo(f"\n{output} is out of date; to mend it:\n  {again}")
    return DIFFERENT
