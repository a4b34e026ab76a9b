"""What a lint rule is, and what it finds."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Final, Literal, TypeAlias

    from kusion_render.diagnostics import Pointer, Rule
    from kusion_render.lint.view import View

    Level: TypeAlias = Literal["off", "warn", "error"]
    Find: TypeAlias = Callable[[View], Iterator["Finding"]]


class Finding:
    """One thing that a reviewer would raise: the object, where in it, a sentence, and the next step.

    `other` is a second place, object and pointer, with `note` in words.
    """

    __slots__ = ("help", "message", "note", "other", "pointer", "resource_id")

    def __init__(
        self,
        resource_id: str,
        pointer: Pointer,
        message: str,
        help: str,  # noqa: A002 - as in Diagnostic
        *,
        other: tuple[str, Pointer] | None = None,
        note: str = "",
    ) -> None:
        self.resource_id: Final = resource_id
        self.pointer: Final = pointer
        self.message: Final = message
        self.help: Final = help
        self.other: Final = other
        self.note: Final = note


class LintRule:
    """A rule with the level it has where the workspace says none, and the function that finds what it is about.

    Users write its `rule.name` under `lint` in a workspace.
    """

    __slots__ = ("default", "find", "rule")

    def __init__(self, rule: Rule, default: Level, find: Find) -> None:
        self.rule: Final = rule
        self.default: Final = default
        self.find: Final = find
