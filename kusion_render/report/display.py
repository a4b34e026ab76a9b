"""Characters as a terminal shows them: none that it would obey, each with its width in columns."""

from __future__ import annotations

import unicodedata

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final

TAB: Final = 4
# Format characters that only join or separate their neighbours; all others, as those that turn the direction of
# writing, can make a line read as something it is not.
_JOINERS: Final = "\u200b\u200c\u200d\u2060\ufeff"


def neutralise(text: str) -> str:
    """Replace control characters by pictures of them, and tabs and line ends by spaces."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(" " if character in "\t\r\n" else show(character) for character in text)


def neutralise_lines(text: str, indent: str) -> str:
    """Keep line ends, but indent what follows them, so that no text can pass for a problem of its own."""
    return f"\n{indent}".join(neutralise(line) for line in text.replace("\r\n", "\n").rstrip().split("\n"))


def show(character: str) -> str:
    """Give the character, or what stands for it where a terminal would obey it; a tab as spaces."""
    if character == "\t":
        return " " * TAB
    if character < " ":
        return chr(0x2400 + ord(character))
    if character == "\x7f":
        return "\u2421"
    category = unicodedata.category(character)
    if category in ("Cc", "Cs", "Zl", "Zp") or (category == "Cf" and not _joins(character)):
        return "\ufffd"
    return character


def measure(shown: str) -> int:
    """Count the columns of what `show` gave."""
    return sum(_width(character) for character in shown)


def _joins(character: str) -> bool:
    return character in _JOINERS or "\U000e0020" <= character <= "\U000e007f"


def _width(character: str) -> int:
    # Hangul vowels and finals that follow their consonant as characters of their own share its cell.
    if unicodedata.category(character) in ("Mn", "Me", "Cf") or "\u1160" <= character <= "\u11ff":
        return 0
    return 2 if unicodedata.east_asian_width(character) in ("W", "F") else 1
