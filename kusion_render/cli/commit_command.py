"""`kusion-render commit`."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Final

import click

from kusion_render.cli.outputs import Choice, by_branch, choice_options, open_git, session_at
from kusion_render.cli.session import Session
from kusion_render.delivery.branches import Publisher, Result, Wishes
from kusion_render.delivery.plan import Folder
from kusion_render.diagnostics import Rule, UsageError
from kusion_render.gitio.writing import Writer
from kusion_render.repository.disk import Disk

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from kusion_render.gitio.commit import Commit
    from kusion_render.receipts import Made

DIRTY: Final = Rule("KR560", "dirty-work-tree")
# What is not yet added and would be an input, in all likelihood; other new files are none of a render's business.
_INPUTS: Final = (".yaml", ".yml", ".k", "kcl.mod", "kcl.mod.lock")


@click.command("commit")
@click.argument("stacks", nargs=-1, metavar="[STACK]...")
@click.option("--branch", "-b", metavar="TEMPLATE", help="Commit to these branches, such as 'env/{stack}'.")
@click.option("--path", metavar="TEMPLATE", help="With --branch: each stack's folder.  [default: {project}/{stack}]")
@click.option("--next", "staging", is_flag=True, help="With --branch: to NAME-next, for a promoter to merge.")
@click.option("--output", "-o", metavar="DIR", help="Commit below this folder, on the branch that is checked out.")
@click.option("--revision", "-r", metavar="REV", help="Render this commit, whatever the work tree holds.")
@click.option("--allow-dirty", is_flag=True, help="With --branch: render the work tree, and say so in the metadata.")
@click.option("--push", is_flag=True, help="Push, from the state that the branches have on the remote.")
@click.option("--remote", default="origin", show_default=True, help="The remote to push to.")
@click.option("--adopt", is_flag=True, help="Lay renders onto a branch that holds none, or unknown ones.")
@click.option("--allow-mass-delete", is_flag=True, help="Allow removing most of a stack's files, or a stack.")
@click.option("--author", metavar="'NAME <MAIL>'", help="The author of the commits.  [default: git's]")
@click.option(
    "--commit-date",
    type=click.Choice(["dry", "now"]),
    default="dry",
    show_default=True,
    help="Date commits as the rendered one, or now.",
)
@click.option("--sign/--no-sign", default=None, help="Sign the commits.  [default: as commit.gpgSign says]")
@click.option("--skip-ci", is_flag=True, help="Add [skip ci] to the subject.")
@choice_options
@click.option(
    "--jobs", "-j", type=click.IntRange(1, 256), default=1, show_default=True, help="Processes to render with."
)
@click.option(
    "--format", "-f", "output_format", type=click.Choice(["text", "json"]), default="text", help="How to report."
)
def command(
    stacks: tuple[str, ...],
    target: str,
    workspace: str | None,
    arguments: tuple[str, ...],
    namespace_policy: str,
    compatibility: str | None,
    kustomization: bool,  # noqa: FBT001 - click passes options by name
    jobs: int,
    output_format: str,
    **how: Any,  # Any: click's values of the other options, each taken by its name below
) -> None:
    """Render stacks, and commit what changed: to branches, or below a folder of this one.

    A commit is rendered, not the work tree; without --revision the work tree must hold no changes. Branches get one
    commit each, without a checkout, hooks or touching the index. Nothing is committed unless every stack renders, and
    nothing at all where a branch is up to date, or ahead.

    \b
    Examples:
      kusion-render commit --branch 'env/{stack}' --push
      kusion-render commit '*/prod' --branch env/prod --next --push --format json
      kusion-render commit --output rendered
    """
    _check_usage(how)
    choice = Choice(
        stacks,
        target,
        workspace,
        namespace_policy,
        compatibility,
        arguments=arguments,
        kustomization=kustomization,
        jobs=jobs,
    )
    git, root = open_git()
    with git:
        dry = git.commit(git.resolve(how["revision"] or "HEAD"))
        writer = Writer(git, len(dry.name))
        if how["output"] and dry.name != git.resolve("HEAD"):
            raise UsageError("--output commits on top of the checked out commit, which is another than --revision")
        session = Session() if how["allow_dirty"] else session_at(git, root, dry.name)
        if not how["revision"] and not how["allow_dirty"]:
            _refuse_dirty(session, writer, how["output"])
        earlier = choice.receipts(session, Disk(""), "") if how["output"] else None
        made = choice.make(session, earlier)
        before = len(session.diagnostics.items)
        branches: Mapping[str, Sequence[Folder]] = {}
        if how["output"]:
            results = _in_place(session, writer, dry, made, choice, how)
        else:
            branches = by_branch(choice, made, how["branch"], how["path"], git, session.diagnostics)
            _stop_if_failed(session, before)
            wishes = _wishes(writer, dry, how, whole=choice.is_whole(session))
            results = Publisher(writer, dry, wishes).publish(branches, session.diagnostics)
        _stop_if_failed(session, before)
        _say(results, dry, output_format, branches_of=branches, pushed=how["push"])


def _check_usage(how: Mapping[str, Any]) -> None:
    if (how["branch"] is None) == (how["output"] is None):
        raise UsageError("say where to commit: either --branch 'env/{stack}' or --output DIR")
    if how["branch"] is None:
        for option, name in (
            ("path", "--path"),
            ("staging", "--next"),
            ("allow_dirty", "--allow-dirty"),
            ("adopt", "--adopt"),
        ):
            if how[option]:
                raise UsageError(f"{name} goes with --branch, not with --output")
    if how["revision"] and how["allow_dirty"]:
        raise UsageError("--revision renders a commit, --allow-dirty the work tree; say one of them")
    if how["author"] and not _person(how["author"]):
        raise UsageError("--author is written as 'NAME <MAIL>'")


def _person(text: str) -> dict[str, str]:
    name, bracket, mail = text.strip().removesuffix(">").rpartition("<")
    good = bracket and name.strip() and mail.strip() and text.strip().endswith(">") and "\n" not in text
    return {"GIT_AUTHOR_NAME": name.strip(), "GIT_AUTHOR_EMAIL": mail.strip()} if good else {}


def _stop_if_failed(session: Session, reported: int) -> None:
    """End the run if something new went wrong; what was `reported` before is not said again."""
    del session.diagnostics.items[:reported]
    if session.diagnostics.failed:
        session.stop()
    session.report()
    session.diagnostics.items.clear()


def _refuse_dirty(session: Session, writer: Writer, output: str | None) -> None:
    root = session.repository.files.root
    here = writer.git.prefix(root)
    excused = f"{writer.git.prefix(os.path.realpath(output))}/" if output else ""
    changed = [
        path
        for status, path in writer.changes()
        if not here or path.startswith(f"{here}/")
        if not excused or not path.startswith(excused)
        if status != "??" or path.endswith(_INPUTS)
    ]
    if changed:
        more = f" and {len(changed) - 1} more" if len(changed) > 1 else ""
        session.diagnostics.report(
            DIRTY,
            f"the work tree has changes that are in no commit: `{min(changed)}`{more}",
            help="commit them first; or say --revision HEAD to render what is committed, without them",
        )
        session.stop()


def _wishes(writer: Writer, dry: Commit, how: Mapping[str, Any], *, whole: bool) -> Wishes:
    identity = _person(how["author"]) if how["author"] else {}
    if how["commit_date"] == "dry" and dry.committer.seconds > 0:
        moment = f"@{dry.committer.seconds} {dry.committer.zone}"
        identity |= {"GIT_AUTHOR_DATE": moment, "GIT_COMMITTER_DATE": moment}
    if how["push"] and not writer.address(how["remote"]):
        raise UsageError(f"there is no remote `{how['remote']}`; `git remote add` makes one")
    sign = how["sign"] if how["sign"] is not None else writer.setting("commit.gpgSign", "bool") == "true"
    return Wishes(
        remote=how["remote"],
        identity=identity,
        push=how["push"],
        staging=how["staging"],
        whole=whole,
        dirty=how["allow_dirty"],
        sign=sign,
        skip_ci=how["skip_ci"],
        adopt=how["adopt"],
        allow_mass_delete=how["allow_mass_delete"],
    )


def _in_place(
    session: Session, writer: Writer, dry: Commit, made: Sequence[Made], choice: Choice, how: Mapping[str, Any]
) -> list[Result]:
    from kusion_render.delivery.in_place import InPlace

    output = os.path.realpath(how["output"])
    prefix = writer.git.prefix(output)
    if prefix == ".." or prefix.startswith("../") or os.path.isabs(prefix) or ".git" in prefix.split("/"):
        raise UsageError("--output must be a folder of this repository")
    folders = [Folder(each.key, each.key, each.names, choice.command(each), each.receipt) for each in made]
    wishes = _wishes(writer, dry, how, whole=choice.is_whole(session))
    done = InPlace(writer, dry, output, wishes).commit(folders, session.diagnostics)
    if done is None:
        return []
    status, commit, plan = done
    branch = writer.git.current_branch() or ""
    return [Result(branch, "", status, commit, plan)]


def _say(
    results: Sequence[Result],
    dry: Commit,
    output_format: str,
    *,
    branches_of: Mapping[str, Sequence[Folder]],
    pushed: bool,
) -> None:
    if output_format == "json":
        import json

        told = [_environment(result, dry, branches_of.get(result.active, ())) for result in results]
        answer = {"version": 1, "drySha": dry.name, "pushed": pushed, "environments": told}
        click.echo(json.dumps(answer, indent=2, ensure_ascii=False))
        return
    for result in results:
        counts = [sum(len(names) for names in each) for each in zip(*_files(result), strict=True)] or [0, 0, 0]
        detail = f": {counts[0]} files added, {counts[1]} changed, {counts[2]} removed" if result.plan.changed else ""
        at = f" {result.commit[:7]}" if result.commit and result.status == "committed" else ""
        click.echo(f"{result.branch}: {result.status}{at}{detail if at else ''}", err=True)


def _files(result: Result) -> list[tuple[list[str], list[str], list[str]]]:
    return [(each.missing, each.changed, each.extra) for each in result.plan.comparisons.values()]


def _environment(result: Result, dry: Commit, folders: Sequence[Folder]) -> dict[str, Any]:  # Any: JSON
    names = {folder.path: folder.name for folder in (*result.plan.folders, *folders)}
    apps: list[dict[str, Any]] = [
        {
            "name": names.get(path, ""),
            "path": path,
            "added": each.missing,
            "changed": each.changed,
            "removed": each.extra,
        }
        for path, each in result.plan.comparisons.items()
    ]
    apps.extend(
        {"name": names.get(path, ""), "path": path, "added": [], "changed": [], "removed": [], "superseded": True}
        for path in result.plan.superseded
    )
    return {
        "environment": result.active or result.branch,
        "branch": result.branch,
        "drySha": dry.name,
        "hydratedSha": result.commit or "",
        "changed": result.status == "committed",
        "status": result.status,
        "apps": sorted(apps, key=lambda app: str(app["path"])),
    }
