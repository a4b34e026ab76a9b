"""What a change of the repository does to the rendered objects, and what follows from that, without a cluster.

`compare` takes the manifests of two revisions, `write` makes the report. Nothing here reads a repository or prints.
deepdiff is imported for objects that differ only.
"""

from __future__ import annotations

from kusion_render.diff.as_markdown import MAX_BYTES
from kusion_render.diff.comparison import compare
from kusion_render.diff.model import Comparison, Consequence, Effect, FieldChange, ObjectChange, ObjectName

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final

__all__ = [
    "FORMATS",
    "MAX_BYTES",
    "Comparison",
    "Consequence",
    "Effect",
    "FieldChange",
    "ObjectChange",
    "ObjectName",
    "compare",
    "write",
]

FORMATS: Final = ("text", "json", "markdown")


def write(
    comparison: Comparison,
    format: str,  # noqa: A002 - the name of the option that users give
    *,
    colour: bool = False,
    max_lines: int | None = None,
    max_bytes: int = MAX_BYTES,
) -> str:
    """Write a comparison.

    Args:
        comparison: what to write.
        format: one of `FORMATS`.
        colour: colour for a terminal; only `text` has any.
        max_lines: the most lines of `text`; without it 40 where more than ten renders differ, else what it takes.
        max_bytes: the most bytes of `markdown`, as UTF-8.

    Raises:
        ValueError: if there is no such format.
    """
    if format == "text":
        from kusion_render.diff.as_text import write_text

        return write_text(comparison, colour=colour, max_lines=max_lines)
    if format == "json":
        from kusion_render.diff.as_json import write_json

        return write_json(comparison)
    if format == "markdown":
        from kusion_render.diff.as_markdown import write_markdown

        return write_markdown(comparison, max_bytes=max_bytes)
    raise ValueError(f"no format {format!r} of a comparison")
