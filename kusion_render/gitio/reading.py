"""Reading a repository's commits, trees and refs by plumbing that runs nothing the repository brings along.

The commands are `rev-parse`, `symbolic-ref`, `for-each-ref`, `cat-file`, `ls-tree` and `merge-base --is-ancestor`. GitPython
is not used; decision 8 says why.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final, Self

from kusion_render import process
from kusion_render.diagnostics import ToolError, UsageError
from kusion_render.gitio.commit import Commit, parse_commit
from kusion_render.gitio.environment import reading

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from kusion_render.process import Finished

_FULL_HISTORY: Final = "fetch its history: `git fetch --unshallow`, or `fetch-depth: 0` of the CI's checkout"


def open_repository(folder: str, environment: Mapping[str, str]) -> Git:
    """Return the Git repository that `folder`, an absolute path, lies in.

    Raises:
        UsageError: when there is none.
        ToolError: when git is missing or finds it damaged.
    """
    place = folder
    while not os.path.lexists(os.path.join(place, ".git")):
        parent = os.path.dirname(place)
        if parent == place:
            raise UsageError(f"`{os.path.basename(folder)}` lies in no Git repository; `git init` makes one")
        place = parent
    git = Git(place, environment)
    git.run("rev-parse", "--git-dir", help="run `git status` there; it says what is wrong")
    return git


class Git:
    """Reads the repository whose `.git` lies in `folder`; a context manager that ends what it has started."""

    def __init__(self, folder: str, environment: Mapping[str, str]) -> None:
        self.folder: Final = folder
        self.outer: Final = environment
        self._environment: Final = reading(environment, folder)
        self._objects: dict[int, process.Conversation] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the process that reads objects."""
        objects = self._objects.pop(os.getpid(), None)
        if objects is not None:
            objects.close()

    def run(
        self,
        *arguments: str,
        accept: tuple[int, ...] | None = (0,),
        given: bytes = b"",
        extra: Mapping[str, str] | None = None,
        help: str = "",  # noqa: A002 - the word users read in the report
    ) -> Finished:
        """Run a plumbing command with the repository's own settings out of force; `extra` goes into its environment."""
        environment = {**self._environment, **(extra or {})}
        return process.run(["git", *arguments], environment, accept=accept, given=given, help=help)

    def prefix(self, folder: str) -> str:
        """Return an absolute folder inside this repository relative to its top, with forward slashes."""
        relative = os.path.relpath(folder, self.folder).replace(os.sep, "/")
        return "" if relative == "." else relative

    # Revisions

    def resolve(self, revision: str) -> str:
        """Return the full id of the commit that `revision` names.

        Raises:
            UsageError: when it names none, or more than one thing.
            ToolError: when it may lie beyond what a shallow clone holds.
        """
        if not revision or revision.startswith("-") or "\0" in revision or "\n" in revision:
            raise UsageError(f"`{revision}` can't be a revision")
        found = self.run("rev-parse", "--verify", f"{revision}^{{commit}}", accept=None)
        said = found.errors
        if "ambiguous" in said and ("is ambiguous" in said):
            raise UsageError(
                f"`{revision}` is ambiguous; say more digits of the commit, or the whole name such as "
                f"`refs/heads/{revision}` or `refs/tags/{revision}`"
            )
        if found.exit_code == 0:
            return found.output.decode().strip()
        if self.is_shallow():
            raise ToolError(f"revision `{revision}` is not in this shallow clone\nhelp: {_FULL_HISTORY}")
        if revision == "HEAD":
            raise UsageError("there is no commit yet; commit the sources first")
        raise UsageError(
            f"`{revision}` names no commit of this repository; `git branch --all` and `git log` show what there is, "
            "`git fetch` gets what is elsewhere"
        )

    def refs(self, names: Iterable[str]) -> dict[str, str]:
        """Return what full ref names hold; those that don't exist are left out."""
        wanted = set(names)
        listed = self.run("for-each-ref", "--format=%(objectname) %(refname)", *sorted(wanted)).output
        pairs = (line.split(" ", 1) for line in listed.decode(errors="surrogateescape").splitlines())
        return {name: commit for commit, name in pairs if name in wanted}

    def current_branch(self) -> str | None:
        """Return the checked out branch without `refs/heads/`, or None when HEAD is detached."""
        found = self.run("symbolic-ref", "--quiet", "HEAD", accept=(0, 1)).output.decode().strip()
        return found.removeprefix("refs/heads/") or None

    def is_shallow(self) -> bool:
        """Tell whether history is cut off somewhere."""
        return self.run("rev-parse", "--is-shallow-repository").output.strip() == b"true"

    def is_ancestor(self, older: str, newer: str) -> bool | None:
        """Tell whether `newer` is `older` or descends from it; None when what is here cannot say."""
        found = self.run("merge-base", "--is-ancestor", older, newer, accept=(0, 1, 128)).exit_code
        if found == 0:
            return True
        return None if found != 1 or self.is_shallow() else False

    def merge_base(self, one: str, other: str) -> str:
        """Return the best common ancestor of two commits.

        Raises:
            UsageError: when they have none.
            ToolError: when it may lie beyond what a shallow clone holds.
        """
        found = self.run("merge-base", one, other, accept=(0, 1))
        if found.exit_code == 0:
            return found.output.decode().split("\n", 1)[0]
        if self.is_shallow():
            raise ToolError(f"no common ancestor is in this shallow clone\nhelp: {_FULL_HISTORY}")
        raise UsageError("the two revisions have no common ancestor; compare them without --merge-base")

    def has(self, commit: str) -> bool:
        """Tell whether a commit's object is here."""
        return self.object_type(commit) == "commit"

    # Objects

    def commit(self, revision: str) -> Commit:
        """Return what a commit says.

        Raises:
            ToolError: when it is not here.
        """
        found = self.object(revision)
        if found is None or found[0] != "commit":
            raise ToolError(f"commit `{revision}` is not in this repository\nhelp: {_FULL_HISTORY}")
        return parse_commit(revision, found[1])

    def object_type(self, name: str) -> str | None:
        """Return the type of an object, or None when it is missing."""
        found = self.run("cat-file", "-t", name, accept=(0, 1, 128))
        return found.output.decode().strip() if found.exit_code == 0 else None

    def object(self, name: str, limit: int | None = None) -> tuple[str, bytes] | None:
        """Return the type and content of an object, `limit` + 1 bytes if there are more; None when it is missing.

        `name` is an id, or `ID:path` without a line break.
        """
        objects = self._reader()
        objects.ask(name.encode(errors="surrogateescape") + b"\n")
        answer = objects.line().rsplit(b" ", 2)
        if len(answer) != 3 or not answer[2].isdigit():
            return None
        size = int(answer[2])
        if limit is not None and size > limit:
            content = objects.exactly(limit + 1)
            # What is left would have to be read to its end; a new reader is cheaper.
            self.close()
            return answer[1].decode(), content
        content = objects.exactly(size + 1)[:-1]
        return answer[1].decode(), content

    def blob(self, name: str) -> bytes | None:
        """Return the content of a blob, or None when there is none."""
        found = self.object(name)
        return found[1] if found is not None and found[0] == "blob" else None

    def _reader(self) -> process.Conversation:
        # Worker processes are forked; two that spoke with one git would get each other's answers.
        found = self._objects.get(os.getpid())
        if found is None:
            found = self._objects[os.getpid()] = process.Conversation(["git", "cat-file", "--batch"], self._environment)
        return found
