"""Commits, refs and pushes for `commit`, by plumbing: no hook runs, no work tree and no index of the user's is touched.

Objects are made under the settings of `reading`; what needs an identity, a signature or a remote runs with the user's own.
"""

from __future__ import annotations

import os
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Final

from kusion_render import process
from kusion_render.gitio.environment import writing

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from kusion_render.gitio.reading import Git
    from kusion_render.process import Finished

_REMOTE_SECONDS: Final = 300.0
# What git says when somebody else was faster; all else is a refusal that another try would meet again.
_RACES: Final = (
    "fetch first",
    "non-fast-forward",
    "reference already exists",
    "incorrect old value",
    "failed to update ref",
    "cannot lock ref",
    "stale info",
    "File exists",
    "but expected",
    "no such ref was fetched",
)
_REFUSALS: Final = ("cannot create", "hook declined", "protected branch", "permission", "denied")
NOT_ATOMIC: Final = "does not support --atomic"


def _raced(said: str) -> bool:
    return any(mark in said for mark in _RACES) and not any(mark in said.lower() for mark in _REFUSALS)


class Push:
    """How a move of refs, here or on a remote, ended: it is `done`, or somebody else was faster, as `said`."""

    __slots__ = ("done", "said")

    def __init__(self, said: str, *, done: bool) -> None:
        self.done: Final = done
        self.said: Final = said


class Writer:
    """Writes into the repository that `git` reads, whose ids have `width` digits."""

    def __init__(self, git: Git, width: int) -> None:
        self.git: Final = git
        self.nothing: Final = "0" * width  # the id of what is not there
        self._environment: Final = writing(git.outer)

    def _run(
        self,
        *arguments: str,
        given: bytes = b"",
        accept: tuple[int, ...] | None = (0,),
        seconds: float = process.SECONDS,
        extra: Mapping[str, str] | None = None,
        help: str = "",  # noqa: A002 - the word users read in the report
    ) -> Finished:
        environment = {**self._environment, **(extra or {})}
        command = ["git", *arguments]
        folder = self.git.folder
        return process.run(command, environment, folder=folder, given=given, accept=accept, seconds=seconds, help=help)

    # Objects

    def blobs(self, contents: Sequence[bytes]) -> list[str]:
        """Write blobs, as they are, and return their ids."""
        if not contents:
            return []
        with TemporaryDirectory(prefix="kusion-render-") as folder:
            paths = [os.path.join(folder, str(number)) for number in range(len(contents))]
            for path, content in zip(paths, contents, strict=True):
                with open(path, "wb") as stream:
                    stream.write(content)
            listed = "".join(f"{path}\n" for path in paths).encode()
            return (
                self.git.run("hash-object", "-w", "--no-filters", "--stdin-paths", given=listed).output.decode().split()
            )

    def tree(self, base: str | None, writes: Mapping[str, str], removes: Iterable[str]) -> str:
        """Return the id of the tree `base` with blobs laid at paths and other paths taken out.

        It is made in an index of its own, in a folder that goes with it.
        """
        with TemporaryDirectory(prefix="kusion-render-") as folder:
            extra = {"GIT_INDEX_FILE": os.path.join(folder, "index")}
            if base is not None:
                self.git.run("read-tree", base, extra=extra)
            self.git.run("update-index", "-z", "--index-info", given=self._entries(writes, removes), extra=extra)
            return self.git.run("write-tree", extra=extra).output.decode().strip()

    def commit(
        self, tree: str, parents: Iterable[str], message: str, identity: Mapping[str, str], *, sign: bool = False
    ) -> str:
        """Make a commit and return its id; `identity` are variables such as `GIT_AUTHOR_DATE`."""
        ancestry = [part for parent in parents for part in ("-p", parent)]
        signature = ["--gpg-sign"] if sign else []
        return (
            self._run(
                "commit-tree",
                *signature,
                *ancestry,
                tree,
                given=message.encode(errors="surrogateescape"),
                extra=identity,
                help="say who commits: `git config user.name NAME` and `git config user.email MAIL`"
                + ("; for signing, see `git config --get-regexp gpg`" if sign else ""),
            )
            .output.decode()
            .strip()
        )

    def _entries(self, writes: Mapping[str, str], removes: Iterable[str]) -> bytes:
        """Return what `update-index -z --index-info` reads."""
        gone = [f"0 {self.nothing}\t{path}\0" for path in sorted(removes)]
        laid = [f"100644 {identity}\t{path}\0" for path, identity in sorted(writes.items())]
        return "".join((*gone, *laid)).encode(errors="surrogateescape")

    # Refs

    def move(self, refs: Mapping[str, tuple[str, str | None]]) -> Push:
        """Move refs to new values, all or none; not done when one does not hold the old value that is expected of it.

        Raises:
            ToolError: when a ref can't be moved for another reason, such as a branch whose name is another one's folder.
        """
        lines = [f"update {name} {new} {old or self.nothing}\n" for name, (new, old) in sorted(refs.items())]
        done = self._run(
            "update-ref", "--stdin", "-m", "kusion-render commit", given="".join(lines).encode(), accept=None
        )
        if done.exit_code and not _raced(done.errors):
            help_ = "see `git show-ref`; no branch can be called as the folder of another"
            raise process.failure(["git", "update-ref", "--stdin"], "failed", done.errors, help_)
        return Push(done.errors, done=done.exit_code == 0)

    def checked_out(self) -> set[str]:
        """Return the full names of branches that this or another work tree has checked out."""
        listed = self._run("worktree", "list", "--porcelain").output.decode(errors="surrogateescape")
        return {line.removeprefix("branch ") for line in listed.splitlines() if line.startswith("branch ")}

    # The user's settings and work tree

    def setting(self, key: str, kind: str = "") -> str:
        """Return one of the user's settings, or an empty text."""
        wanted = [f"--type={kind}"] if kind else []
        return self._run("config", *wanted, "--get", key, accept=(0, 1)).output.decode().strip()

    def changes(self) -> list[tuple[str, str]]:
        """Return what differs between HEAD, index and work tree, as status letters and path from the repository's top."""
        extra = {"GIT_OPTIONAL_LOCKS": "0"}
        listed = self._run("status", "--porcelain=v1", "-z", "--untracked-files=all", "--no-renames", extra=extra)
        return [(os.fsdecode(each[:2]), os.fsdecode(each[3:])) for each in listed.output.split(b"\0") if each]

    def staged(self, folder: str) -> dict[str, str]:
        """Return the ids that the user's index holds at and below a folder, by path from the repository's top."""
        listed = self._run("ls-files", "--stage", "-z", "--full-name", "--", f":(top,literal){folder}").output
        found = {}
        for record in listed.split(b"\0"):
            about, _, name = record.partition(b"\t")
            if name:
                found[os.fsdecode(name)] = about.decode().split(" ")[1]
        return found

    def stage(self, writes: Mapping[str, str], removes: Iterable[str]) -> None:
        """Lay blobs into the user's own index, and take paths out of it."""
        self._run(
            "update-index",
            "-z",
            "--index-info",
            given=self._entries(writes, removes),
            help="if another git is at work here, wait for it; a lock that is left over says so itself",
        )

    # The remote

    def address(self, remote: str) -> str:
        """Return where a remote is, or an empty text when there is none of that name."""
        return self._run("remote", "get-url", remote, accept=None).output.decode().strip()

    def remote_refs(self, remote: str, names: Sequence[str]) -> dict[str, str]:
        """Return what full ref names hold on a remote; those that it hasn't are left out."""
        listed = self._remote("ls-remote", "--", remote, *names).output.decode()
        pairs = (line.split("\t", 1) for line in listed.splitlines() if "\t" in line)
        return {name: identity for identity, name in pairs if name in names}

    def fetch(self, remote: str, wanted: Iterable[str]) -> None:
        """Get commits from a remote, as little history as this clone has."""
        missing = sorted({each for each in wanted if not self.git.has(each)})
        if missing:
            depth = ["--depth=1"] if self.git.is_shallow() else []
            self._remote("fetch", *_QUIET_FETCH, *depth, "--", remote, *missing)

    def deepen(self, remote: str, wanted: Sequence[str]) -> bool:
        """Get the whole history of commits from a remote; tell whether that went well."""
        whole = ["--unshallow"] if self.git.is_shallow() else []
        for names in (wanted, []):
            if self._remote("fetch", *_QUIET_FETCH, *whole, "--", remote, *names, accept=None).exit_code == 0:
                return True
        return False

    def push(self, remote: str, refs: Mapping[str, str], *, atomic: bool = True) -> Push:
        """Push commits to full ref names, never by force; all or none.

        Raises:
            ToolError: when the remote refuses for another reason than that somebody was faster.
        """
        whole = ["--atomic"] if atomic else []
        targets = [f"{commit}:{name}" for name, commit in sorted(refs.items())]
        arguments = ("push", "--porcelain", "--no-verify", *whole, "--", remote, *targets)
        done = self._remote(*arguments, accept=None)
        said = done.output.decode(errors="replace") + done.errors
        if done.exit_code == 0:
            return Push("", done=True)
        if not _raced(said) and not (atomic and NOT_ATOMIC in said):
            help_ = "see that you may push to these branches, and that nothing on the remote forbids it"
            raise process.failure(["git", *arguments], f"failed with exit code {done.exit_code}", said, help_)
        return Push(said, done=False)

    def _remote(self, *arguments: str, accept: tuple[int, ...] | None = (0,)) -> Finished:
        help_ = "check the remote's address, the network and the credentials with `git fetch`"
        return self._run(*arguments, accept=accept, seconds=_REMOTE_SECONDS, help=help_)


_QUIET_FETCH: Final = ("--quiet", "--no-tags", "--no-write-fetch-head", "--no-recurse-submodules")
