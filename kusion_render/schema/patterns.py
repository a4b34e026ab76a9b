"""What the generated validators need at run time: their exception, and patterns compiled only where they must be.

Compiling a pattern costs more than checking a whole app, so the commonest ones have a quick test that
accepts what is plainly right; all else is left to the pattern.
"""

from __future__ import annotations

import re

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Final

NUMBER: Final = r"([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][0-9]+|[numkMGTPE]|[KMGTPE]i)?"
COMPILED: Final[dict[str, re.Pattern[str]]] = {}


class Invalid(Exception):  # noqa: N818 - not an error: the answer "no" of a validator
    """The data does not fit; the authoritative check says where and why."""


def matches(pattern: str, text: str) -> bool:
    """Return whether the text has the schema's pattern; `$` is the very end, as in ECMA 262."""
    quick = QUICK.get(pattern)
    if quick is not None and quick(text):
        return True
    compiled = COMPILED.get(pattern)
    if compiled is None:
        compiled = COMPILED[pattern] = re.compile(pattern[:-1] + r"\Z" if pattern.endswith("$") else pattern)
    return compiled.search(text) is not None


def label(text: str) -> bool:
    """Accept lower-case letters and digits with `-` between them."""
    bare = text.replace("-", "")
    return bare.isalnum() and bare.isascii() and bare.lower() == bare and text[0] != "-" != text[-1]


def words(text: str) -> bool:
    """Accept letters and digits with `-`, `_` and `.` after the first letter."""
    bare = text.replace("-", "").replace("_", "").replace(".", "")
    return bare.isalnum() and bare.isascii() and text[0].isalpha()


def quantity(text: str) -> bool:
    """Accept a whole number with or without a unit."""
    if not text.isascii():
        return False
    if text[-2:] in {"Ki", "Mi", "Gi", "Ti"}:
        return text[:-2].isdigit()
    return text.isdigit() or (text[:-1].isdigit() and text[-1] in "mkMGT")


def quantity_range(text: str) -> bool:
    """Accept one or two whole numbers with or without units."""
    first, dash, last = text.partition("-")
    return quantity(first) and (not dash or quantity(last))


def mode(text: str) -> bool:
    """Accept the usual permission bits."""
    return text in {"0400", "0440", "0444", "0600", "0640", "0644", "0755", "0550", "0555"}


QUICK: Final[dict[str, Callable[[str], bool]]] = {
    "^[a-z0-9]([-.a-z0-9]*[a-z0-9])?$": label,
    "^[a-z0-9]([-a-z0-9]*[a-z0-9])?$": label,
    "^[-._a-zA-Z][-._a-zA-Z0-9]*$": words,
    "^[-._a-zA-Z0-9]+$": words,
    "^[A-Za-z0-9_.-]{1,100}$": lambda text: len(text) <= 100 and words(text),
    f"^{NUMBER}$": quantity,
    f"^{NUMBER}(-{NUMBER})?$": quantity_range,
    "^[0-7]{3,4}$": mode,
    "^(emptyDir|(secret|config)://[^/]+(/.*)?)$": "emptyDir".__eq__,
}
