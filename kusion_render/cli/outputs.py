"""What `commit` and `check` share: a revision's files, renders by stack, and the branches and folders they belong to."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

import click

from kusion_render.cli.render_command import Work, find_target
from kusion_render.cli.session import Session, argument_option
from kusion_render.delivery.plan import Folder
from kusion_render.diagnostics import Rule, UsageError
from kusion_render.gitio import Git, Tree, open_repository
from kusion_render.pipeline import Options
from kusion_render.repository import find_root
from kusion_render.setting import parse_arguments
from kusion_render.targets import takes_cloud

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from kusion_render.diagnostics import Diagnostics, Json
    from kusion_render.receipts import Made, Receipts
    from kusion_render.repository.disk import Source

SHARED_PATH: Final = Rule("KR562", "shared-path")
BAD_BRANCH: Final = Rule("KR564", "bad-branch-name")
_CHOICES: Final = (
    click.option("--target", "-t", default="kubernetes", show_default=True, help="What to render to; see `targets`."),
    click.option("--workspace", "-w", help="Render on this workspace instead of the stack's own."),
    argument_option,
    click.option("--namespace-policy", type=click.Choice(["set", "omit"]), default="set", help="As of `render`."),
    click.option("--compatibility", type=click.Choice(["native", "kusion"]), help="As of `render`."),
    click.option("--kustomization", is_flag=True, help="As of `render`."),
)
_NAMES: Final = ("project", "stack", "workspace")


def choice_options(command: Callable[..., None]) -> Callable[..., None]:
    """Add the options that a `Choice` is made of."""
    for option in reversed(_CHOICES):
        command = option(command)
    return command


class Choice:
    """What to render, and how: the options that `commit` and `check` have in common."""

    def __init__(
        self,
        stacks: tuple[str, ...],
        target: str,
        workspace: str | None,
        namespace_policy: str,
        compatibility: str | None,
        *,
        arguments: Sequence[str] = (),
        kustomization: bool,
        jobs: int,
        part: str | None = None,
    ) -> None:
        self._found: Final = find_target(target)
        options = Options(
            compatibility=compatibility,
            namespace_policy=namespace_policy,
            arguments=parse_arguments(arguments),
            cloud=takes_cloud(self._found),
        )
        self._work: Final = Work(stacks, workspace, options, jobs, part)
        self._target: Final = target
        self._options: Final[Mapping[str, Json]] = {"kustomization": True} if kustomization else {}
        flags = {
            "--target": target if target != "kubernetes" else "",
            "--workspace": workspace or "",
            "--namespace-policy": namespace_policy if namespace_policy != "set" else "",
            "--compatibility": compatibility or "",
            "--shard": part or "",
        }
        self.flags: Final = [f"{flag} {value}" for flag, value in flags.items() if value]
        self.flags.extend(f"-D {_quoted(text)}" for text in arguments)
        self.flags.extend(["--kustomization"] if kustomization else [])

    def is_whole(self, session: Session) -> bool:
        """Tell whether everything is rendered: only then is a stack that isn't rendered one that is gone."""
        return self._work.is_whole(session)

    def make(self, session: Session, earlier: Receipts | None = None, *, believe: bool = False) -> list[Made]:
        """Render, or report and end the run; what `earlier` keeps is left out, if it is to be believed."""
        if self._found.SCOPE != "stack":
            raise UsageError(f"target `{self._target}` makes no files of single stacks; use `render --output`")
        return self._work.make(session, self._found, self._options, earlier, believe=believe)

    def receipts(self, session: Session, output: Source, top: str) -> Receipts | None:
        """Return the receipts in an output folder, as with `render --output`."""
        return self._work.receipts(session, self._target, self._options, output, top)

    def command(self, made: Made) -> str:
        """Return the command that makes a render, for who reads the metadata."""
        return " ".join(["kusion-render", "render", made.key, "--output", ".", *self.flags])


def _quoted(text: str) -> str:
    from shlex import quote

    return quote(text)


def open_git() -> tuple[Git, str]:
    """Return the Git repository that the current folder's repository lies in, and the root of the latter."""
    root = find_root(os.getcwd(), os.environ)
    return open_repository(root, os.environ), root


def session_at(git: Git, root: str, commit: str) -> Session:
    """Return a session on the files of a commit."""
    return Session(Tree(git, commit, git.prefix(root), root))


def by_branch(
    choice: Choice, made: Sequence[Made], branch: str, path: str | None, git: Git, diagnostics: Diagnostics
) -> dict[str, list[Folder]]:
    """Return the folders of each branch: `branch` and `path` are templates, without `path` folders are called as stacks.

    A name that no branch can have is KR564, renders at one path or inside each other's KR562.
    """
    found: dict[str, list[Folder]] = {}
    for each in made:
        name = _filled(branch, each.named)
        folder = each.key if path is None else _folder(_filled(path, each.named))
        found.setdefault(name, []).append(Folder(each.key, folder, each.names, choice.command(each)))
    for name, folders in found.items():
        if git.run("check-ref-format", f"refs/heads/{name}", accept=(0, 1)).exit_code or name.startswith("-"):
            help_ = "choose a template that gives every stack a name, without blanks, `..` or a `/` at an end"
            diagnostics.report(BAD_BRANCH, f"`{name}` can't be a branch's name", help=help_)
        refuse_shared(name, folders, diagnostics)
    return found


def refuse_shared(branch: str, folders: Sequence[Folder], diagnostics: Diagnostics) -> None:
    """Report renders that would lie at one path of a branch, or inside each other."""
    taken: list[tuple[str, Folder]] = []
    for folder in sorted(folders, key=lambda each: each.path):
        mine = f"{folder.path.lower()}/".removeprefix("/")
        other = next((known for place, known in taken if mine.startswith(place)), None)
        taken.append((mine, folder))
        if other is not None:
            where = f"`{folder.path or '.'}`" + (f" inside `{other.path or '.'}`" if folder.path != other.path else "")
            diagnostics.report(
                SHARED_PATH,
                f"`{folder.name}` and `{other.name}` would share a folder of branch `{branch}`: {where}",
                help="say `{project}`, `{stack}` or `{workspace}` in --branch or --path, so that each has its own",
            )


def _filled(template: str, values: Mapping[str, str]) -> str:
    for name in _NAMES:
        template = template.replace(f"{{{name}}}", values[name])
    if "{" in template or "}" in template:
        raise UsageError(f"`{template}`: what can be filled in is {', '.join(f'{{{name}}}' for name in _NAMES)}")
    return template


def _folder(path: str) -> str:
    parts = [part for part in path.replace("\\", "/").split("/") if part not in ("", ".")]
    if path.startswith("/") or ".." in parts or any(part.lower() == ".git" for part in parts):
        raise UsageError(f"--path `{path}` is no folder inside a branch")
    return "/".join(parts)
