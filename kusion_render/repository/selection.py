"""Turning what a user types into stacks: a path, `project/stack`, a glob, each with `@workspace`."""

from __future__ import annotations

import os

from kusion_render.diagnostics import Diagnostics, Rule, Span, UsageError
from kusion_render.repository.discovery import DUPLICATE_NAME
from kusion_render.suggestion import suggest

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from typing import Final

    from kusion_render.model import Stack
    from kusion_render.repository.discovery import Repository

NO_STACK: Final = Rule("KR506", "no-such-stack")


class Target:
    """One thing to render: a stack on one of its workspaces."""

    __slots__ = ("stack", "workspace")

    def __init__(self, stack: Stack, workspace: str) -> None:
        self.stack: Final = stack
        self.workspace: Final = workspace

    @property
    def key(self) -> str:
        """The name users say: `project/stack`, with `@workspace` where the stack has several."""
        return f"{self.stack.key}@{self.workspace}" if len(self.stack.workspaces) > 1 else self.stack.key


def select(
    repository: Repository,
    patterns: Sequence[str],
    diagnostics: Diagnostics,
    *,
    folder: str = "",
    workspace: str | None = None,
    known: Mapping[str, Stack] | None = None,
) -> list[Target]:
    """Return what `patterns` name, in a stable order, each once; no pattern means all below `folder`.

    `folder` is the current folder, relative to the root. `workspace` renders every stack on that one instead. `known`
    are stacks by folder whose files need not be read.
    A pattern that names nothing is KR506 with near matches.

    Raises:
        UsageError: when a pattern is empty, or names a workspace beside `workspace`.
    """
    stacks: dict[str, Stack] = {}
    chosen: dict[tuple[str, str], Target] = {}
    for pattern in patterns or ["."]:
        name, wanted = _split(pattern)
        if wanted and workspace is not None:
            raise UsageError(f"`{pattern}` names a workspace, and so does --workspace; say it once")
        if not name and not wanted:
            raise UsageError("an empty name is no stack")
        found = _stacks(repository, name, folder, diagnostics, stacks, known or {})
        targets = [target for stack in found for target in _on(stack, wanted, workspace)]
        if not targets and not diagnostics.failed:
            _report_nothing(repository, pattern, found, folder, diagnostics)
        for target in targets:
            chosen[(target.stack.path, target.workspace)] = target
    _refuse_same_names(stacks.values(), diagnostics)
    return [chosen[key] for key in sorted(chosen)]


def shard(targets: Sequence[Target], text: str) -> list[Target]:
    """Return the targets of shard `I/N`, such as `2/4`, in their order.

    Every target is in exactly one of the N. Which, depends on its name alone, so that no other stack that comes or goes
    moves it.

    Raises:
        UsageError: when the text is no such shard.
    """
    from hashlib import sha256

    number, _, count = text.partition("/")
    if not all(part.isascii() and part.isdigit() and len(part) < 10 for part in (number, count)):
        raise UsageError(f"`{text}` is no shard; write I/N, such as 2/4")
    if not 1 <= int(number) <= int(count):
        raise UsageError(f"there is no shard `{text}`; the first of {int(count)} is 1/{int(count)}")
    return [
        target
        for target in targets
        if int.from_bytes(sha256(target.key.encode(errors="surrogateescape")).digest()[:8], "big") % int(count)
        == int(number) - 1
    ]


def _split(pattern: str) -> tuple[str, str]:
    """Split off the workspace; both kinds of slashes part folders."""
    text = pattern.replace("\\", "/")
    name, _, wanted = text.rpartition("@")
    return (name, wanted) if "@" in text and "/" not in wanted else (text, "")


def _on(stack: Stack, wanted: str, workspace: str | None) -> list[Target]:
    if workspace is not None:
        return [Target(stack, workspace)]
    return [Target(stack, name) for name in stack.workspaces if not wanted or _fits(name, wanted)]


def _stacks(
    repository: Repository,
    name: str,
    folder: str,
    diagnostics: Diagnostics,
    stacks: dict[str, Stack],
    known: Mapping[str, Stack],
) -> list[Stack]:
    below = _as_folder(repository, name, folder)
    # A folder named outright needs no walk over the rest of the repository.
    inside = [] if below is None else repository.stack_folders(below)
    # Where one stack is meant, the mistakes of the others are not asked for.
    quiet = diagnostics if inside or _is_glob(name) else Diagnostics()
    found = []
    for path in inside or repository.stack_folders():
        if path not in stacks:
            stack = known.get(path) or repository.stack(path, quiet)
            if stack is None:
                continue
            stacks[path] = stack
        if inside or _matches(stacks[path], name, folder):
            found.append(stacks[path])
    if not found and quiet is not diagnostics:
        diagnostics.items.extend(quiet.items)
    return found


def _as_folder(repository: Repository, name: str, folder: str) -> str | None:
    path = os.path.normpath(os.path.join(repository.files.path(folder), name))
    if repository.files.source.is_file(path):
        path = os.path.dirname(path)
    source = repository.files.source
    found = source.canonical(path) if source.is_folder(path) else None
    asked = repository.files.relative(path)
    if found is None and asked is not None:
        repository.files.record.absent.add(asked + "/")
    return found


def _matches(stack: Stack, pattern: str, folder: str) -> bool:
    from posixpath import join, normpath

    names = (stack.key, stack.path)
    return any(_fits(name, wanted) for name in names for wanted in (pattern, normpath(join(folder, pattern))))


def _fits(name: str, pattern: str) -> bool:
    if not _is_glob(pattern):
        return name == pattern
    from fnmatch import fnmatchcase

    return fnmatchcase(name, pattern)


def _is_glob(pattern: str) -> bool:
    return any(sign in pattern for sign in "*?[")


def _report_nothing(
    repository: Repository, pattern: str, found: Sequence[Stack], folder: str, diagnostics: Diagnostics
) -> None:
    if found:
        names = sorted({name for stack in found for name in stack.workspaces if name})
        known = f"`{found[0].key}` is rendered on {', '.join(f'`{name}`' for name in names) or 'no named workspace'}"
        diagnostics.report(NO_STACK, f"`{pattern}` names a workspace its stack does not use", help=known)
        return
    path = os.path.join(repository.files.path(folder), _split(pattern)[0])
    if repository.files.source.is_there(path) and not repository.files.inside(path):
        help_ = "call kusion-render in the repository that it belongs to, or set KUSION_RENDER_ROOT"
        diagnostics.report(NO_STACK, f"`{pattern}` lies outside the repository", help=help_)
        return
    known_stacks = [repository.stack(each, Diagnostics()) for each in repository.stack_folders()]
    keys = sorted(stack.key for stack in known_stacks if stack is not None)
    diagnostics.report(
        NO_STACK,
        f"`{pattern}` names no stack" if pattern != "." else "there is no stack at or below this folder",
        help=suggest(pattern, keys) if keys else "`kusion-render init` makes one",
    )


def _refuse_same_names(stacks: Iterable[Stack], diagnostics: Diagnostics) -> None:
    first: dict[str, Stack] = {}
    for stack in sorted(stacks, key=lambda stack: stack.path):
        # Names become folders, and not every file system tells upper case from lower.
        other = first.setdefault(stack.key.lower(), stack)
        if other is not stack:
            from kusion_render.diagnostics import Related

            diagnostics.report(
                DUPLICATE_NAME,
                f"two stacks are called `{stack.key}`"
                if stack.key == other.key
                else f"`{stack.key}` and `{other.key}` differ in upper and lower case alone",
                Span(stack.file),
                help="rename one of the projects or stacks; names are how objects and output folders are told apart",
                related=[Related("the other one", Span(other.file))],
            )
