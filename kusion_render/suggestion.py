"""What may have been meant: the nearest of the names that there are, or all of them."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Final

_MOST_LISTED: Final = 12


def suggest(word: str, known: Iterable[str], otherwise: str | None = None) -> str:
    """Return the next step for an unknown word: "did you mean `x`?" where one is near.

    Else it is `otherwise`, or, without one, the list of what is known, cut after twelve.
    """
    # Imported here: it costs a tenth of the start-up, and is needed only when something is wrong.
    from difflib import get_close_matches

    names = list(known)
    close = get_close_matches(word, names, 1)
    if close:
        return f"did you mean `{close[0]}`?"
    return otherwise if otherwise is not None else listing(names)


def listing(names: Iterable[str]) -> str:
    """Return "there are `a`, `b`", cut after twelve names."""
    words = [f"`{name}`" for name in names]
    if not words:
        return "there is none"
    more = " …" if len(words) > _MOST_LISTED else ""
    return f"there are {', '.join(words[:_MOST_LISTED])}{more}"
