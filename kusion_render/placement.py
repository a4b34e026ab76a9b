"""Gives diagnostics about merged or generated data their places in files."""

from __future__ import annotations

from kusion_render.attribution import cause
from kusion_render.diagnostics import OutputPlace, Place
from kusion_render.origins import resolved
from kusion_render.tracing import Trace

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from kusion_render.attribution import Attribution
    from kusion_render.diagnostics import Diagnostic, Where
    from kusion_render.pipeline import Compilation
    from kusion_render.repository import Repository


def placed(
    items: Sequence[Diagnostic],
    repository: Repository,
    compilation: Compilation,
    stack: str,
    known: dict[object, Attribution],
) -> list[Diagnostic]:
    """Return diagnostics with every place turned into one of a file, and the stack they belong to.

    `known` is as in `attribution.cause`.
    """
    place = placer(repository, compilation, known)
    return [resolved(item, place, stack) for item in items]


def placer(
    repository: Repository, compilation: Compilation, known: dict[object, Attribution]
) -> Callable[[Where], Where]:
    """Return the function that turns a place in a render's data or objects into one of a file, None if there is none."""
    source = compilation.source
    trace: list[Trace] = []

    def place(where: Where) -> Where:
        if isinstance(where, OutputPlace):
            where = cause(compilation, where.resource_id, where.pointer, known, on_key=where.on_key)
        if not isinstance(where, Place):
            return where
        if where.document in ("apps", "layers"):
            if source is None:
                return None
            if not trace:
                trace.append(Trace(repository, source))
            return trace[0].span(where.pointer, on_key=where.on_key, enforced=where.document == "apps")
        file = source.workspace.file if where.document == "workspace" and source is not None else where.document
        return repository.files.span(file, where.pointer, on_key=where.on_key)

    return place
