"""Renders below a folder of the branch that holds the sources: one commit on its tip, of that folder alone.

It is `git commit --only FOLDER` without hooks: of the user's index and work tree the files that the commit changes are
brought along, and nothing else. They are brought along first, so that a run that is cut off leaves them staged.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

from kusion_render.delivery import folder, metadata, ownership
from kusion_render.delivery.ownership import OWNERSHIP_FILE
from kusion_render.delivery.plan import Plan, State
from kusion_render.diagnostics import Rule, ToolError
from kusion_render.gitio.tree import Tree

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from kusion_render.delivery.branches import Wishes
    from kusion_render.delivery.plan import Folder
    from kusion_render.diagnostics import Diagnostics
    from kusion_render.gitio.commit import Commit
    from kusion_render.gitio.writing import Writer

DETACHED: Final = Rule("KR565", "detached-head")
UNCOMMITTED_OUTPUT: Final = Rule("KR566", "uncommitted-output")


class InPlace:
    """Commits renders of the checked out commit `dry` below `output`, an absolute folder of its work tree."""

    def __init__(self, writer: Writer, dry: Commit, output: str, wishes: Wishes) -> None:
        self._writer: Final = writer
        self._dry: Final = dry
        self._output: Final = output
        self._wishes: Final = wishes
        self._prefix: Final = writer.git.prefix(output)

    def commit(self, folders: Sequence[Folder], diagnostics: Diagnostics) -> tuple[str, str, Plan] | None:
        """Commit, and return what it came to, the branch's commit and what changed; None after a diagnostic.

        A detached HEAD is KR565, output that somebody has changed and not committed KR566; further KR512 and KR513.

        Raises:
            ToolError: when git or the remote fails, or the branch moves meanwhile.
        """
        branch = self._writer.git.current_branch()
        if branch is None:
            help_ = "switch to a branch, such as `git switch main`; or commit to another branch with --branch"
            diagnostics.report(DETACHED, "no branch is checked out that could take the commit", help=help_)
            return None
        state = State(Tree(self._writer.git, self._dry.name, self._prefix), None)
        gone = set(state.folders) - {each.path for each in folders} if self._wishes.whole else set()
        plan = Plan(state, folders, sorted(gone))
        plan.check(diagnostics, allow_mass_delete=self._wishes.allow_mass_delete)
        if not diagnostics.failed and plan.changed:
            self._refuse_uncommitted(state, plan, diagnostics)
        if diagnostics.failed:
            return None
        if not plan.changed:
            return "unchanged", self._dry.name, plan
        writes = plan.writes
        blobs = dict(zip(map(self._from_top, writes), self._writer.blobs(list(writes.values())), strict=True))
        removes = [self._from_top(path) for path in plan.removes]
        tree = self._writer.tree(self._dry.name, blobs, removes)
        words = metadata.message(self._dry, skip_ci=self._wishes.skip_ci, dirty=False)
        made = self._writer.commit(tree, [self._dry.name], words, self._wishes.identity, sign=self._wishes.sign)
        if self._wishes.push and not self._push(branch, made):
            return "superseded", self._dry.name, plan
        if not self._bring_along(folders, blobs, removes, diagnostics):
            return None
        if not self._writer.move({f"refs/heads/{branch}": (made, self._dry.name)}).done:
            raise ToolError(f"branch `{branch}` has moved meanwhile; the render is staged\nhelp: run this again")
        return "committed", made, plan

    def _from_top(self, path: str) -> str:
        return f"{self._prefix}/{path}" if self._prefix else path

    def _refuse_uncommitted(self, state: State, plan: Plan, diagnostics: Diagnostics) -> None:
        """Report files that we would change and somebody else has changed, on the disk or in the index."""
        assert state.base is not None  # noqa: S101 - the commit that is checked out
        writes = plan.writes
        staged = self._writer.staged(self._prefix)
        fresh = dict(zip(writes, self._writer.blobs(list(writes.values())), strict=True))
        for path in sorted({*writes, *plan.removes}):
            mode, committed = state.base.files.get(path, ("", ""))
            known = [writes.get(path), state.base.own(f"/{path}") if mode else None]
            here = _plain(os.path.join(self._output, *path.split("/")))
            index = staged.get(self._from_top(path))
            # The list of what is ours may tell of the same files with the receipt of another render.
            is_list = path.endswith(f"/{OWNERSHIP_FILE}") and here not in (None, b"\0")
            if is_list and ownership.parse(here) in map(ownership.parse, known):
                continue
            if (here is not None and here not in map(_line_ends, known)) or index not in (
                None,
                fresh.get(path),
                committed,
            ):
                diagnostics.report(
                    UNCOMMITTED_OUTPUT,
                    f"`{self._from_top(path)}` differs from what is committed and from what is rendered",
                    help="it is generated: `git restore --staged --worktree` it, or render it with `render --output`",
                )

    def _push(self, branch: str, made: str) -> bool:
        """Push; tell whether it went through, False when the remote has a newer commit of the sources."""
        remote, ref = self._wishes.remote, f"refs/heads/{branch}"
        done = self._writer.push(remote, {ref: made})
        if done.done:
            return True
        theirs = self._writer.remote_refs(remote, [ref]).get(ref, "")
        if theirs and not self._writer.git.has(theirs):
            self._writer.deepen(remote, [theirs])
        if theirs and self._writer.git.is_ancestor(self._dry.name, theirs):
            return False
        raise ToolError(
            f"`{branch}` has other commits on `{remote}` than here\n{done.said.strip()}\nhelp: `git pull`, then run this again"
        )

    def _bring_along(
        self, folders: Sequence[Folder], blobs: Mapping[str, str], removes: Sequence[str], diagnostics: Diagnostics
    ) -> bool:
        files: dict[str, str | bytes] = {
            f"{each.path}/{name}": content for each in folders for name, content in each.names.items()
        }
        change = folder.write(
            files,
            self._output,
            diagnostics,
            whole=self._wishes.whole,
            allow_mass_delete=self._wishes.allow_mass_delete,
            receipts={each.path: each.receipt for each in folders},
        )
        if change is not None:
            self._writer.stage(blobs, removes)
        return change is not None


def _plain(path: str) -> bytes | None:
    """Return a file's bytes with the line ends that git commits; a link's, or what can't be read, is something else."""
    if not os.path.lexists(path):
        return None
    if os.path.islink(path) or not os.path.isfile(path):
        return b"\0"
    with open(path, "rb") as stream:
        return _line_ends(stream.read())


def _line_ends(content: bytes | None) -> bytes | None:
    return None if content is None else content.replace(b"\r\n", b"\n")
