"""What `affected` and `diff` share: two sides of a repository, and the renders of each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import click

from kusion_render.affected import affected, render_with_inputs
from kusion_render.cli.outputs import open_git, session_at
from kusion_render.cli.session import Session, progress
from kusion_render.diagnostics import Diagnostics
from kusion_render.repository import select

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from kusion_render.affected import Affected, Render
    from kusion_render.gitio import Git
    from kusion_render.pipeline import Options
    from kusion_render.repository import Target

Command = Any  # click's decorated function


def revision_options(command: Callable[..., None]) -> Callable[..., None]:
    """Add the options that say what is compared with what."""
    for option in (
        click.option("--merge-base", is_flag=True, help="Compare with the common ancestor of --base and the new side."),
        click.option("--head", metavar="REV", help="The new side.  [default: the work tree]"),
        click.option("--base", metavar="REV", default="HEAD", show_default=True, help="The old side."),
    ):
        command = option(command)
    return command


class Sides:
    """The old and the new side of a comparison: their files, the targets that patterns name, and what is touched."""

    def __init__(
        self,
        patterns: Sequence[str],
        base: str,
        head: str | None,
        *,
        merge_base: bool,
        options: Options,
    ) -> None:
        git, root = open_git()
        self.git: Final[Git] = git
        new = git.resolve(head or "HEAD") if head or merge_base else ""
        old = git.resolve(base)
        if merge_base:
            old = git.merge_base(old, new)
        self.new: Final = session_at(git, root, new) if head else Session()
        self.old: Final = session_at(git, root, old)
        self._options: Final = options
        self._choose(patterns)

    def _choose(self, patterns: Sequence[str]) -> None:
        """Find the targets of both sides; a pattern that one of them does not know names what is new or gone."""
        self.after: dict[str, Target] = {}
        self.before: dict[str, Target] = {}
        for pattern in patterns or [""]:
            asked = [pattern] if pattern else []
            problems = {}
            for session, targets in ((self.new, self.after), (self.old, self.before)):
                found = problems[session] = Diagnostics()
                chosen = select(session.repository, asked, found, folder=session.folder)
                targets.update({target.key: target for target in chosen})
            if problems[self.new].failed and problems[self.old].failed:
                self.new.diagnostics.items.extend(problems[self.new].items)
        if self.new.diagnostics.failed:
            self.new.stop()

    def render(self) -> tuple[list[Render], list[Affected]]:
        """Render the new side, and tell what differs from the old one."""
        step, finish = progress(len(self.after))
        renders = []
        try:
            for render in render_with_inputs(self.new.repository, self.after.values(), self._options):
                if step is not None:
                    step(render.target.key)
                renders.append(render)
        finally:
            finish()
        return renders, affected(renders, self.new.repository.files, self.old.repository.files, self.before)

    def render_old(self, keys: Sequence[str]) -> list[Render]:
        """Render targets of the old side."""
        targets = [self.before[key] for key in keys if key in self.before]
        return list(render_with_inputs(self.old.repository, targets, self._options))
