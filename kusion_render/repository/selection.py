"""Turning what a user types into stacks: a path, `project/stack`, a glob, each with `@workspace`."""

from __future__ import annotations

import os

from kusion_render.diagnostics import Rule, Span
from kusion_render.repository.discovery import DUPLICATE_NAME, STACK_FILE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import Final

    from kusion_render.diagnostics import Diagnostics
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
) -> list[Target]:
    """Return what `patterns` name, in a stable order, each once; no pattern means all below `folder`.

    `folder` is the current folder, relative to the root. `workspace` renders every stack on that one instead.
    A pattern that names nothing is KR506 with near matches.
    """
    stacks: dict[str, Stack] = {}
    chosen: dict[tuple[str, str], Target] = {}
    for pattern in patterns or [folder or "."]:
        name, _, wanted = pattern.partition("@")
        found = _stacks(repository, name, folder, diagnostics, stacks)
        targets = [target for stack in found for target in _on(stack, wanted, workspace)]
        if not targets and not diagnostics.failed:
            _report_nothing(repository, pattern, found, diagnostics)
        for target in targets:
            chosen[(target.stack.path, target.workspace)] = target
    _refuse_same_names(stacks.values(), diagnostics)
    return [chosen[key] for key in sorted(chosen)]


def _on(stack: Stack, wanted: str, workspace: str | None) -> list[Target]:
    if workspace is not None:
        return [Target(stack, workspace)]
    return [Target(stack, name) for name in stack.workspaces if wanted in ("", name)]


def _stacks(
    repository: Repository, name: str, folder: str, diagnostics: Diagnostics, stacks: dict[str, Stack]
) -> list[Stack]:
    below = _as_folder(repository, name, folder)
    # A folder named outright needs no walk over the rest of the repository.
    folders = repository.stack_folders(below) if below is not None else repository.stack_folders()
    found = []
    for path in folders:
        if path not in stacks:
            stack = repository.stack(path, diagnostics)
            if stack is None:
                continue
            stacks[path] = stack
        if below is not None or _matches(stacks[path], name):
            found.append(stacks[path])
    return found


def _as_folder(repository: Repository, name: str, folder: str) -> str | None:
    path = os.path.normpath(os.path.join(repository.files.path(folder), name))
    if os.path.basename(path) == STACK_FILE:
        path = os.path.dirname(path)
    if not os.path.isdir(path) or not repository.files.inside(path):
        return None
    return repository.files.relative(path)


def _matches(stack: Stack, pattern: str) -> bool:
    if pattern in (stack.key, stack.path):
        return True
    if not any(sign in pattern for sign in "*?["):
        return False
    from fnmatch import fnmatchcase

    return fnmatchcase(stack.key, pattern) or fnmatchcase(stack.path, pattern)


def _report_nothing(repository: Repository, pattern: str, found: Sequence[Stack], diagnostics: Diagnostics) -> None:
    if found:
        names = sorted({name for stack in found for name in stack.workspaces if name})
        known = f"`{found[0].key}` is rendered on {', '.join(f'`{name}`' for name in names) or 'no named workspace'}"
        diagnostics.report(NO_STACK, f"`{pattern}` names a workspace its stack does not use", help=known)
        return
    from difflib import get_close_matches

    from kusion_render.diagnostics import Diagnostics as Quiet

    known_stacks = [repository.stack(folder, Quiet()) for folder in repository.stack_folders()]
    keys = sorted(stack.key for stack in known_stacks if stack is not None)
    close = get_close_matches(pattern, keys, 1)
    listed = ", ".join(f"`{key}`" for key in keys[:8]) + (" …" if len(keys) > 8 else "")
    diagnostics.report(
        NO_STACK,
        f"`{pattern}` names no stack" if pattern != "." else "there is no stack at or below this folder",
        help=f"did you mean `{close[0]}`?"
        if close
        else f"there are {listed}"
        if keys
        else "`kusion-render init` makes one",
    )


def _refuse_same_names(stacks: Iterable[Stack], diagnostics: Diagnostics) -> None:
    first: dict[str, Stack] = {}
    for stack in sorted(stacks, key=lambda stack: stack.path):
        other = first.setdefault(stack.key, stack)
        if other is not stack:
            from kusion_render.diagnostics import Related

            diagnostics.report(
                DUPLICATE_NAME,
                f"two stacks are called `{stack.key}`",
                Span(stack.file),
                help="rename one of the projects or stacks; names are how objects and output folders are told apart",
                related=[Related("the other one", Span(other.file))],
            )
