"""`kusion-render check`."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

import click

from kusion_render.cli.outputs import Choice, by_branch, choice_options, open_git, session_at
from kusion_render.cli.session import DIFFERENT, SHARD, Session
from kusion_render.delivery.comparison import Comparison, compare
from kusion_render.delivery.ownership import owned_folders
from kusion_render.diagnostics import Rule, UsageError

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from kusion_render.gitio import Git
    from kusion_render.repository.disk import Source

NO_BRANCH: Final = Rule("KR567", "no-such-branch")
_WORDS: Final = {
    "missing": "missing",
    "stale": "out of date",
    "edited": "edited by hand",
    "extra": "no longer rendered",
}


@click.command("check")
@click.argument("stacks", nargs=-1, metavar="[STACK]...")
@click.option("--output", "-o", metavar="DIR", help="Check the files below this folder.")
@click.option("--branch", "-b", metavar="TEMPLATE", help="Check these branches, such as 'env/{stack}'.")
@click.option("--path", metavar="TEMPLATE", help="With --branch: each stack's folder.  [default: {project}/{stack}]")
@click.option(
    "--revision", "-r", metavar="REV", help="Render, and with --output check, this commit, not the work tree."
)
@click.option(
    "--remote", default="origin", show_default=True, help="The remote whose branches count where we have none."
)
@choice_options
@click.option("--no-receipts", is_flag=True, help="With --output: render what is unchanged, too.")
@SHARD
@click.option(
    "--jobs", "-j", type=click.IntRange(1, 256), default=1, show_default=True, help="Processes to render with."
)
@click.option(
    "--format", "-f", "output_format", type=click.Choice(["text", "json"]), default="text", help="How to report."
)
def command(
    stacks: tuple[str, ...],
    output: str | None,
    branch: str | None,
    path: str | None,
    revision: str | None,
    remote: str,
    target: str,
    workspace: str | None,
    arguments: tuple[str, ...],
    namespace_policy: str,
    compatibility: str | None,
    kustomization: bool,  # noqa: FBT001 - click passes options by name
    no_receipts: bool,  # noqa: FBT001 - click passes options by name
    part: str | None,
    jobs: int,
    output_format: str,
) -> None:
    """Tell whether what is committed is what would be rendered.

    What differs is listed, and the exit code is 4. Nothing is written or fetched, and nothing that the repository
    brings along is run.

    \b
    Examples:
      kusion-render check --output rendered
      kusion-render check --branch 'env/{stack}'
    """
    if (branch is None) == (output is None):
        raise UsageError("say what to check: either --output DIR or --branch 'env/{stack}'")
    if path is not None and branch is None:
        raise UsageError("--path goes with --branch, not with --output")
    if no_receipts and output is None:
        raise UsageError("--no-receipts goes with --output; branches have no receipts")
    choice = Choice(
        stacks,
        target,
        workspace,
        namespace_policy,
        compatibility,
        arguments=arguments,
        kustomization=kustomization,
        jobs=jobs,
        part=part,
    )
    if output is not None:
        found = _folder(choice, output, revision, believe=not no_receipts)
    else:
        found = _branches(choice, branch or "", path, revision, remote)
    way = ["commit", *stacks, f"--branch '{branch}'"] if output is None else ["render", *stacks, f"--output {output}"]
    _say(found, output_format, " ".join(["kusion-render", *way, *choice.flags]))
    if any(found.values()):
        click.get_current_context().exit(DIFFERENT)


def _folder(choice: Choice, output: str, revision: str | None, *, believe: bool) -> dict[str, Comparison]:
    """Return the comparisons of an output folder, by where each lies from here."""
    if revision is None:
        from kusion_render.repository.disk import Disk

        top = os.path.realpath(output)
        return _compared(choice, Session(), Disk(top), top, output, believe=believe)
    from kusion_render.gitio import Tree

    git, root = open_git()
    with git:
        commit = git.resolve(revision)
        session = session_at(git, root, commit)
        source = Tree(git, commit, git.prefix(os.path.realpath(output)), "/")
        return _compared(choice, session, source, "", output, believe=believe)


def _compared(
    choice: Choice, session: Session, source: Source, top: str, said: str, *, believe: bool
) -> dict[str, Comparison]:
    earlier = choice.receipts(session, source, top)
    names = {each.key: each.names for each in choice.make(session, earlier, believe=believe)}
    said = f"{said.rstrip('/')}/"
    kept = earlier.kept if earlier is not None else ()
    ours = earlier.folders if earlier is not None else None
    found = _all(source, top, names, said, whole=choice.is_whole(session), kept=kept, ours=ours)
    found.update((f"{said}{folder}", Comparison(folder, {})) for folder in kept)
    return dict(sorted(found.items()))


def _all(
    source: Source,
    top: str,
    names: Mapping[str, Mapping[str, bytes]],
    said: str,
    *,
    whole: bool,
    kept: Collection[str] = (),
    ours: Collection[str] | None = None,
) -> dict[str, Comparison]:
    there = owned_folders(source, top or "/") if ours is None and whole else ours or ()
    gone = [folder for folder in there if folder not in names and folder not in kept] if whole else []
    wanted = {**names, **{folder: dict[str, bytes]() for folder in gone}}
    return {f"{said}{folder}".rstrip("/"): compare(source, top, folder, wanted[folder]) for folder in sorted(wanted)}


def _branches(
    choice: Choice, branch: str, path: str | None, revision: str | None, remote: str
) -> dict[str, Comparison]:
    """Return the comparisons of branches, by `BRANCH:FOLDER`."""
    from kusion_render.gitio import Tree

    git, root = open_git()
    with git:
        session = Session() if revision is None else session_at(git, root, git.resolve(revision))
        branches = by_branch(choice, choice.make(session), branch, path, git, session.diagnostics)
        tips = _tips(git, branches, remote)
        for name in branches:
            if name not in tips:
                session.diagnostics.report(
                    NO_BRANCH,
                    f"there is no branch `{name}`, here or on `{remote}`",
                    help="`git fetch` gets it if it is there; `kusion-render commit --branch` makes it",
                )
        if session.diagnostics.failed:
            session.stop()
        found: dict[str, Comparison] = {}
        for name, folders in branches.items():
            names = {folder.path: folder.names for folder in folders}
            tree = Tree(git, tips[name])
            found |= _all(tree, "", names, f"{name}:", whole=choice.is_whole(session))
        return found


def _tips(git: Git, branches: Mapping[str, object], remote: str) -> dict[str, str]:
    places = {name: (f"refs/heads/{name}", f"refs/remotes/{remote}/{name}") for name in branches}
    held = git.refs(ref for pair in places.values() for ref in pair)
    return {
        name: held.get(pair[0]) or held[pair[1]] for name, pair in places.items() if pair[0] in held or pair[1] in held
    }


def _say(found: Mapping[str, Comparison], output_format: str, again: str) -> None:
    different: Sequence[tuple[str, Comparison]] = [(place, each) for place, each in found.items() if each]
    if output_format == "json":
        import json

        answer = {
            "version": 1,
            "upToDate": not different,
            "mend": again if different else "",
            "checked": len(found),
            "differences": [
                {"folder": place, **{what: getattr(each, what) for what in _WORDS}} for place, each in different
            ],
        }
        click.echo(json.dumps(answer, indent=2, ensure_ascii=False))
        return
    for place, each in different:
        for what, name in each:
            click.echo(f"{place}/{name}: {_WORDS[what]}")
    if different:
        click.echo(f"help: `{again}` mends it")
    else:
        click.echo(f"{len(found)} folder{'s' if len(found) != 1 else ''} checked, all up to date", err=True)
