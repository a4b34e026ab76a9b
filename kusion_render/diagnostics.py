"""What can be wrong with a repository, said with a code, a place and a next step.

Standard library only: every stage reports here, and the command line prints what was gathered.
A stage never raises for wrong input; it reports, goes on, and the pipeline stops between stages.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Final, Literal, TypeAlias

    Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | None"
    Pointer: TypeAlias = tuple[str | int, ...]
    Severity: TypeAlias = Literal["error", "warning", "note"]


class Span:
    """A stretch of a source file; lines and columns count from 1, in characters, the end is exclusive.

    `file` is relative to the repository's root, with forward slashes.
    """

    __slots__ = ("column", "end_column", "end_line", "file", "line")

    def __init__(
        self, file: str, line: int = 1, column: int = 1, end_line: int | None = None, end_column: int | None = None
    ) -> None:
        self.file: Final = file
        self.line: Final = line
        self.column: Final = column
        self.end_line: Final = line if end_line is None else end_line
        self.end_column: Final = column if end_column is None else end_column

    def __repr__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Span) and self.key() == other.key()

    def __hash__(self) -> int:
        return hash(self.key())

    def key(self) -> tuple[str, int, int, int, int]:
        """Sort order: file, then position."""
        return (self.file, self.line, self.column, self.end_line, self.end_column)


class Place:
    """A position in merged data, turned into a `Span` only when somebody must read it.

    The hot path carries no positions; the pipeline resolves places by merging once more with origins.
    `on_key` points at the key of the last step instead of its value. `document` names the merged
    document: `apps` for a stack's AppConfigurations, `layers` for the same before the platform enforces anything,
    `workspace` for its workspace, else a file.
    """

    __slots__ = ("document", "on_key", "pointer")

    def __init__(self, pointer: Pointer, *, on_key: bool = False, document: str = "apps") -> None:
        self.pointer: Final = pointer
        self.on_key: Final = on_key
        self.document: Final = document


class OutputPlace:
    """A field of a generated resource; `explain` finds the source line that causes it.

    `on_key` is as in `Place`, for a field that should not be there.
    """

    __slots__ = ("on_key", "pointer", "resource_id")

    def __init__(self, resource_id: str, pointer: Pointer, *, on_key: bool = False) -> None:
        self.resource_id: Final = resource_id
        self.pointer: Final = pointer
        self.on_key: Final = on_key


if TYPE_CHECKING:
    Where: TypeAlias = Span | Place | OutputPlace | None


class Rule:
    """One kind of problem. A released code keeps its meaning; each has a heading in the reference."""

    __slots__ = ("code", "name", "severity")

    def __init__(self, code: str, name: str, severity: Severity = "error") -> None:
        self.code: Final = code
        self.name: Final = name
        self.severity: Final = severity


class Related:
    """A second place that explains the first: where a thing was declared, set or overridden."""

    __slots__ = ("message", "where")

    def __init__(self, message: str, where: Where) -> None:
        self.message: Final = message
        self.where: Final = where


class Diagnostic:
    """One problem: a sentence in lower case without a full stop, a place, and the next step as `help`."""

    __slots__ = ("help", "message", "related", "rule", "severity", "stack", "where")

    def __init__(
        self,
        rule: Rule,
        message: str,
        where: Where = None,
        *,
        help: str | None = None,  # noqa: A002 - the word users read in the report
        related: Sequence[Related] = (),
        severity: Severity | None = None,
        stack: str | None = None,
    ) -> None:
        self.rule: Final = rule
        self.message: Final = message
        self.where: Final = where
        self.help: Final = help
        self.related: Final = tuple(related)
        self.severity: Final[Severity] = severity or rule.severity
        self.stack: Final = stack

    @property
    def span(self) -> Span | None:
        """The place, once it is one in a file."""
        return self.where if isinstance(self.where, Span) else None

    def key(self) -> tuple[object, ...]:
        """Order of a report: by file and position; problems without a place come first."""
        span = self.span
        return (span.key() if span else ("", 0, 0, 0, 0), self.rule.code, self.message)


class Diagnostics:
    """Collects problems; the only thing that grows during a run."""

    __slots__ = ("items",)

    def __init__(self) -> None:
        self.items: Final[list[Diagnostic]] = []

    def report(
        self,
        rule: Rule,
        message: str,
        where: Where = None,
        *,
        help: str | None = None,  # noqa: A002 - the word users read in the report
        related: Sequence[Related] = (),
        severity: Severity | None = None,
    ) -> None:
        """Add a problem and go on."""
        self.items.append(Diagnostic(rule, message, where, help=help, related=related, severity=severity))

    @property
    def failed(self) -> bool:
        """Whether anything gathered so far is an error."""
        return any(item.severity == "error" for item in self.items)

    def stop_if_failed(self) -> None:
        """End the run between two stages.

        Raises:
            InputError: if an error was reported.
        """
        if self.items and self.failed:
            raise InputError


class KusionRenderError(Exception):
    """Everything raised on purpose; the command line turns it into an exit code."""

    exit_code = 70


class InputError(KusionRenderError):
    """The repository's content is wrong; the diagnostics say how."""

    exit_code = 1


class UsageError(KusionRenderError):
    """The command line is wrong."""

    exit_code = 2


class ToolError(KusionRenderError):
    """An outside program failed or is missing; the text holds its own last words."""

    exit_code = 3
