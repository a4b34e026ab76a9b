"""Whether a value that was written counts, or another layer wins over it."""

from __future__ import annotations

from kusion_render.assembly import assemble
from kusion_render.diagnostics import Rule
from kusion_render.document import EVERY, GONE, at, dotted, leaves
from kusion_render.origins import Token, Void

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any, Final, TypeAlias

    from kusion_render.assignment.site import Site, View
    from kusion_render.diagnostics import Diagnostics, Pointer, Span

    # The place that wins, the field it wins over, and whether it is the platform's.
    Winner: TypeAlias = tuple[Span | None, Pointer, bool]

NO_EFFECT: Final = Rule("KR552", "no-effect")


def hidden(view: View, site: Site, pointer: Pointer, value: Any) -> Winner | None:
    """Return who wins over what was written at a site, None where it counts.

    `view` is of the files after the edit; `pointer` and `value` are what was asked for.
    """
    own = view.numbers(site.file)
    if EVERY in pointer:
        return None  # it fills what others have, and what it has come to shows in the render
    if value is None:
        history = view.trace.history(pointer)
        lost = bool(history) and history[-1][0] not in own and history[-1][2] is not GONE
        return _winner(view, pointer) if lost else None
    count = {token.pointer for token in _tokens(view.trace.merged) if token.layer in own}
    for leaf, inner in leaves(value):
        place = (*pointer, *leaf)
        if isinstance(inner, (dict, list)):
            # Empty ones are laid over what is there like any other, and may come to nothing.
            counts = at(assemble(view.source.sources), place) == inner
        else:
            counts = inner is None or (*site.pointer, *leaf) in count
        if not counts:
            return _winner(view, place)
    return None


def _tokens(data: Any) -> Iterator[Token | Void]:
    if isinstance(data, (Token, Void)):
        yield data
    elif isinstance(data, (dict, list)):
        for inner in data.values() if isinstance(data, dict) else data:
            yield from _tokens(inner)


def _winner(view: View, pointer: Pointer) -> Winner:
    history = view.trace.history(pointer)
    if not history:
        return view.trace.span(pointer), pointer, False
    layer, place, value = history[-1]
    return view.trace.locate(Token(value, layer, place)), pointer, layer < 0 and place[0] == "enforce"


def report_hidden(view: View, site: Site, winner: Winner, diagnostics: Diagnostics) -> None:
    """Report an edit that would change nothing, with the place that wins over it."""
    where, pointer, enforced = winner
    own = where is not None and where.file == site.file
    said = "what lies beneath is merged with it" if own else "a value here wins over it"
    help_ = 'say `{"$patch": "replace"}` to empty a map' if own else "set it there instead, or unset that value first"
    if enforced:
        said, help_ = "the platform enforces a value here", "change `enforce` in the workspace; it wins over every app"
    diagnostics.report(
        NO_EFFECT,
        f"`{dotted(pointer)}` in {site.file} would have no effect on `{view.source.stack.key}`: {said}",
        where,
        help=help_,
    )
