"""Renders onto branches: one commit a branch, all branches and their notes in one step, nothing old over anything new.

Each try looks at the branches as they are now, compares, makes the commits beside them, and moves branches and notes
together from exactly what was looked at. Who was slower looks again. The notes make that hold even where a render changes
nothing: the run that found its branch up to date moves the note, and an older run that meets it gives way.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

from kusion_render.delivery import metadata
from kusion_render.delivery.ancestry import Ancestry
from kusion_render.delivery.metadata import METADATA_FILE, NOTES_REF
from kusion_render.delivery.plan import Plan, State
from kusion_render.diagnostics import Diagnostics, Rule, ToolError
from kusion_render.gitio.notes import read_note, write_notes
from kusion_render.gitio.tree import Tree
from kusion_render.gitio.writing import NOT_ATOMIC, Push

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from kusion_render.delivery.plan import Folder
    from kusion_render.gitio.commit import Commit
    from kusion_render.gitio.writing import Writer

TRIES: Final = 12
FOREIGN_BRANCH: Final = Rule("KR561", "foreign-branch")
CHECKED_OUT: Final = Rule("KR563", "checked-out-branch")


class Wishes:
    """How to commit. `remote` is pushed to where `push` is set, and asked for what is missing here."""

    __slots__ = (
        "adopt",
        "allow_mass_delete",
        "dirty",
        "identity",
        "next",
        "push",
        "remote",
        "sign",
        "skip_ci",
        "whole",
    )

    def __init__(
        self,
        *,
        remote: str,
        identity: Mapping[str, str],
        push: bool = False,
        staging: bool = False,
        whole: bool = False,
        dirty: bool = False,
        sign: bool = False,
        skip_ci: bool = False,
        adopt: bool = False,
        allow_mass_delete: bool = False,
    ) -> None:
        self.remote: Final = remote
        self.identity: Final = identity
        self.push: Final = push
        self.next: Final = staging
        self.whole: Final = whole
        self.dirty: Final = dirty
        self.sign: Final = sign
        self.skip_ci: Final = skip_ci
        self.adopt: Final = adopt
        self.allow_mass_delete: Final = allow_mass_delete


class Result:
    """What became of one branch: `committed`, `unchanged` or `superseded`; `commit` is its tip afterwards."""

    __slots__ = ("active", "branch", "commit", "plan", "status")

    def __init__(self, branch: str, active: str, status: str, commit: str | None, plan: Plan) -> None:
        self.branch: Final = branch
        self.active: Final = active
        self.status: Final = status
        self.commit: Final = commit
        self.plan: Final = plan


class _Tips:
    """What a try begins with: the commits that branches and notes are at.

    Of our own refs, `held` is what they hold, and `fixed` are those that a work tree has checked out.
    """

    __slots__ = ("fixed", "held", "notes", "refs")

    def __init__(self, refs: Mapping[str, str], held: Mapping[str, str], fixed: Collection[str] = ()) -> None:
        self.refs: Final = refs
        self.held: Final = held
        self.fixed: Final = fixed
        self.notes: Final = refs.get(NOTES_REF)


class _Moves:
    """What a try wants to move: refs by full name, and the notes of commits."""

    __slots__ = ("notes", "refs")

    def __init__(self) -> None:
        self.refs: Final[dict[str, str]] = {}
        self.notes: Final[dict[str, bytes]] = {}


class Publisher:
    """Puts the renders of one commit of the sources onto branches."""

    def __init__(self, writer: Writer, dry: Commit, wishes: Wishes) -> None:
        self._writer: Final = writer
        self._git: Final = writer.git
        self._dry: Final = dry
        self._wishes: Final = wishes
        self._address: Final = writer.address(wishes.remote)
        self._ancestry: Final = Ancestry(writer, dry.name, wishes.remote, adopt=wishes.adopt)
        self._atomic = True

    def publish(self, branches: Mapping[str, Sequence[Folder]], diagnostics: Diagnostics) -> list[Result]:
        """Bring each branch to hold its folders, and return what became of it; empty after a diagnostic.

        A branch with content that isn't ours is KR561, one that is checked out KR563; further KR512 and KR513.

        Raises:
            ToolError: when git or the remote fails, or somebody else is faster time and again.
        """
        said = ""
        for attempt in range(TRIES):
            if attempt:
                time.sleep(min(2.0, 0.02 * 2**attempt))
            found = Diagnostics()
            tips = self._tips(branches)
            moves = _Moves()
            results = [self._branch(name, branches[name], tips, moves, found) for name in sorted(branches)]
            if found.failed:
                diagnostics.items.extend(found.items)
                return []
            done = self._deliver(tips, moves)
            if done.done:
                diagnostics.items.extend(found.items)
                return results
            said = done.said
        raise ToolError(
            f"others moved the branches or their notes {TRIES} times while this was being committed\n{said.strip()}\n"
            "help: let one job at a time write to a branch, then run this again"
        )

    # What is there

    def _tips(self, branches: Mapping[str, Sequence[Folder]]) -> _Tips:
        names = [f"refs/heads/{name}" for each in branches for name in dict.fromkeys((self._staged(each), each))]
        if self._wishes.push:
            refs = self._writer.remote_refs(self._wishes.remote, [*names, NOTES_REF])
            self._writer.fetch(self._wishes.remote, refs.values())
            return _Tips(refs, {})
        held = self._git.refs([*names, NOTES_REF])
        followed = self._git.refs([self._tracking(name) for name in names])
        tips = {name: held.get(name) or followed.get(self._tracking(name)) for name in (*names, NOTES_REF)}
        return _Tips({name: commit for name, commit in tips.items() if commit}, held, self._writer.checked_out())

    def _tracking(self, name: str) -> str:
        return f"refs/remotes/{self._wishes.remote}/{name.removeprefix('refs/heads/')}"

    def _staged(self, branch: str) -> str:
        return f"{branch}-next" if self._wishes.next else branch

    # One branch

    def _branch(
        self, active: str, folders: Sequence[Folder], tips: _Tips, moves: _Moves, diagnostics: Diagnostics
    ) -> Result:
        branch = self._staged(active)
        tip = tips.refs.get(f"refs/heads/{branch}") or tips.refs.get(f"refs/heads/{active}")
        base = Tree(self._git, tip) if tip else None
        state = State(base, read_note(self._git, tips.notes, tip) if tip else None)
        superseded = {folder.path for folder in folders if self._ancestry.is_newer(state.rendered_from(folder.path))}
        gone = [path for path in state.folders if path not in {folder.path for folder in folders}]
        stale = [path for path in gone if not self._ancestry.is_newer(state.rendered_from(path))]
        wanted = [folder for folder in folders if folder.path not in superseded]
        plan = Plan(state, wanted, stale if self._wishes.whole else (), superseded)
        if not wanted:
            return Result(branch, active, "superseded", tip, plan)
        self._refuse_foreign(branch, state, plan, tips.fixed, diagnostics)
        plan.check(diagnostics, allow_mass_delete=self._wishes.allow_mass_delete)
        if diagnostics.failed:
            return Result(branch, active, "refused", tip, plan)
        commit = self._commit(plan, tip) if plan.changed or tip is None else tip
        if tips.refs.get(f"refs/heads/{branch}") != commit:
            moves.refs[f"refs/heads/{branch}"] = commit
        # A render of what is in no commit is no proof that a branch is up to date with one.
        text = metadata.note(self._dry.name, plan.rendered_from(self._dry.name))
        if not self._wishes.dirty and (commit != tip or state.note != text):
            moves.notes[commit] = text
        return Result(branch, active, "unchanged" if commit == tip else "committed", commit, plan)

    def _refuse_foreign(
        self, branch: str, state: State, plan: Plan, fixed: Collection[str], diagnostics: Diagnostics
    ) -> None:
        if plan.changed and f"refs/heads/{branch}" in fixed:
            diagnostics.report(
                CHECKED_OUT,
                f"branch `{branch}` is checked out, and would change under the work tree",
                help="switch to another branch, or commit to the remote with --push",
            )
        if not self._wishes.adopt and state.is_foreign:
            diagnostics.report(
                FOREIGN_BRANCH,
                f"branch `{branch}` holds files, and none of them is a render",
                help="check the name of the branch; if renders are to be laid beside what it holds, say --adopt",
            )

    def _commit(self, plan: Plan, tip: str | None) -> str:
        wishes, dry = self._wishes, self._dry
        files = {
            **plan.writes,
            **plan.metadata(
                lambda folder: metadata.path_metadata(dry, self._address, folder.command, dirty=wishes.dirty)
            ),
        }
        commands = [folder.command for folder in plan.folders if not folder.path]
        files[METADATA_FILE] = metadata.root_metadata(dry, self._address, dirty=wishes.dirty, commands=commands)
        if tip is None:
            files.setdefault("README.md", metadata.README)
            files.setdefault(".gitattributes", metadata.ATTRIBUTES)
        blobs = dict(zip(files, self._writer.blobs(list(files.values())), strict=True))
        tree = self._writer.tree(tip, blobs, plan.removes)
        words = metadata.message(dry, skip_ci=wishes.skip_ci, dirty=wishes.dirty)
        return self._writer.commit(tree, [tip] if tip else [], words, wishes.identity, sign=wishes.sign)

    # All branches

    def _deliver(self, tips: _Tips, moves: _Moves) -> Push:
        """Move branches and notes in one step; not done if one of them is no longer what the try began with."""
        refs = dict(moves.refs)
        if moves.notes:
            refs[NOTES_REF] = write_notes(self._writer, tips.notes, moves.notes, self._wishes.identity)
        if not refs:
            return Push("", done=True)
        if self._wishes.push:
            return self._push(refs)
        moved = {name: (commit, tips.held.get(name)) for name, commit in refs.items()}
        return self._writer.move(moved)

    def _push(self, refs: Mapping[str, str]) -> Push:
        remote = self._wishes.remote
        if self._atomic:
            done = self._writer.push(remote, refs)
            if NOT_ATOMIC not in done.said:
                return done
            self._atomic = False
        # Such a remote needs one writer at a time; the notes last, for they say that the rest is done.
        for names in (
            [name for name in sorted(refs) if name != NOTES_REF],
            [name for name in refs if name == NOTES_REF],
        ):
            done = self._writer.push(remote, {name: refs[name] for name in names}, atomic=False)
            if not done.done:
                return done
        return Push("", done=True)
