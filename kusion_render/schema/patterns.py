"""What the generated validators need at run time: their exception, and patterns compiled on first use."""

from __future__ import annotations

import re

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final

COMPILED: Final[dict[str, re.Pattern[str]]] = {}


class Invalid(Exception):  # noqa: N818 - not an error: the answer "no" of a validator
    """The data does not fit; the authoritative check says where and why."""


def matches(pattern: str, text: str) -> bool:
    """Return whether the text has the schema's pattern; `$` is the very end, as in ECMA 262."""
    compiled = COMPILED.get(pattern)
    if compiled is None:
        compiled = COMPILED[pattern] = re.compile(pattern[:-1] + r"\Z" if pattern.endswith("$") else pattern)
    return compiled.search(text) is not None
