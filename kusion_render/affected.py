"""Which renders a change touches, and by which of their inputs: never one too few.

A render is a function of what it asks of the repository's files. So it is the same on both sides if every answer is: it
would have asked the same there. A render that fails may have asked too little, and counts as touched.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from kusion_render.diagnostics import Diagnostics
from kusion_render.inputs import Recorder
from kusion_render.rendering import compile_stack
from kusion_render.repository import Files

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from kusion_render.inputs import Inputs
    from kusion_render.model import Spec
    from kusion_render.pipeline import Options
    from kusion_render.repository import Repository, Target

ADDED: Final = "added"
REMOVED: Final = "removed"
CHANGED: Final = "changed"
FAILING: Final = "failing"


class Render:
    """One render of the newer side: its target, its Spec unless it failed, its inputs, and the problems that it met."""

    __slots__ = ("inputs", "problems", "spec", "target")

    def __init__(self, target: Target, spec: Spec | None, inputs: Inputs, problems: Diagnostics) -> None:
        self.target: Final = target
        self.spec: Final = spec
        self.inputs: Final = inputs
        self.problems: Final = problems


class Affected:
    """A render that a change touches: `kind` is added, removed, changed or failing, `causes` are paths from the root."""

    __slots__ = ("causes", "key", "kind", "path")

    def __init__(self, key: str, path: str, kind: str, causes: Sequence[str] = ()) -> None:
        self.key: Final = key
        self.path: Final = path
        self.kind: Final = kind
        self.causes: Final = tuple(causes)


def render_with_inputs(repository: Repository, targets: Iterable[Target], options: Options) -> Iterator[Render]:
    """Render each target, and tell what it asked for; problems stay with their render."""
    recorder = Recorder(repository)
    for target in targets:
        problems = Diagnostics()
        spec = compile_stack(repository, target, options, problems).spec
        yield Render(target, spec, recorder.inputs(target.stack, target.workspace), problems)


def affected(renders: Iterable[Render], new: Files, old: Files, before: Mapping[str, Target]) -> list[Affected]:
    """Return what differs between two sides of a repository, sorted by key.

    Args:
        renders: the newer side's.
        new: the newer side's files.
        old: the older side's files.
        before: the older side's targets by key.
    """
    answers = _Answers(new, old)
    found = []
    keys = set()
    for render in renders:
        key, path = render.target.key, render.target.stack.path
        keys.add(key)
        causes = answers.differing(render.inputs)
        if key not in before:
            found.append(Affected(key, path, ADDED, causes))
        elif render.spec is None:
            found.append(Affected(key, path, FAILING, causes))
        elif causes:
            found.append(Affected(key, path, CHANGED, causes))
    gone = [Affected(key, target.stack.path, REMOVED) for key, target in before.items() if key not in keys]
    return sorted([*found, *gone], key=lambda each: each.key)


class _Answers:
    """Compares what both sides answer to the questions of a render, each question once."""

    def __init__(self, new: Files, old: Files) -> None:
        self._sides: Final = (new, old)
        self._same: Final[dict[tuple[str, bool], bool]] = {}

    def differing(self, inputs: Inputs) -> list[str]:
        """Return the paths of inputs that are not the same, sorted; a folder whose names differ ends with a slash."""
        asked = [(path.rstrip("/"), False) for path in (*inputs.read, *inputs.absent)]
        asked += [(path, True) for path in inputs.listed]
        return sorted({f"{path}/" if listed else path for path, listed in asked if not self._is_same(path, listed)})

    def _is_same(self, path: str, listed: bool) -> bool:  # noqa: FBT001 - the two kinds of question
        known = self._same.get((path, listed))
        if known is None:
            tell = Files.listing if listed else _content
            new, old = self._sides
            known = self._same[path, listed] = tell(new, path) == tell(old, path)
        return known


def _content(files: Files, path: str) -> tuple[str | None, bool]:
    return files.digest(path), files.lacks(path)
