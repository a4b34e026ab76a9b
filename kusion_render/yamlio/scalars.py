"""What a plain scalar means, where YAML 1.1 (PyYAML), YAML 1.2 core and Go's YAML (kubectl) agree on it.

Where they disagree nobody can say what the author meant, so the text is kept and marked.
"""

from __future__ import annotations

import re

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final, Self, TypeAlias

    from kusion_render.diagnostics import Json

    Number: TypeAlias = "int | float"


class Ambiguous:
    """The type of `AMBIGUOUS`."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "AMBIGUOUS"

    def __reduce__(self) -> str:
        """Stay the one `AMBIGUOUS` in a copy, and in another process."""
        return "AMBIGUOUS"


AMBIGUOUS: Final = Ambiguous()


class Plain(str):
    """A plain scalar whose text is not its canonical value: `0644`, `1.10`, `True`, `yes`.

    As a string it is what the author typed. `value` is the bool or number that all readers see,
    or `AMBIGUOUS` where they see different things.
    """

    __slots__ = ("value",)

    def __new__(cls, text: str, value: bool | float | Ambiguous) -> Self:  # noqa: FBT001 - a value, not a switch
        """Keep the text and what it stands for."""
        self = str.__new__(cls, text)
        self.value = value
        return self

    # Only `__new__` can fill a slot of a string, which the type checker does not accept as final.
    value: bool | int | float | Ambiguous

    def __reduce__(self) -> tuple[type[Plain], tuple[str, bool | int | float | Ambiguous]]:
        """Keep the value in a copy, and in another process."""
        return Plain, (str(self), self.value)


class Bare(str):
    """A plain scalar that readers understand differently, to be written as it was typed: its next reader decides."""

    __slots__ = ()


def as_typed(data: Json) -> Json:
    """Return a document with every `Plain` scalar as its value, or as `Bare` where readers disagree about that.

    Maps and lists are changed in place.
    """
    if type(data) is Plain:
        return Bare(data) if isinstance(data.value, Ambiguous) else data.value
    if type(data) is dict:
        for key, value in data.items():
            if type(value) is not str:
                data[key] = as_typed(value)
    elif type(data) is list:
        data[:] = [as_typed(item) for item in data]
    return data


_AMBIGUOUS_WORDS: Final = "y Y yes Yes YES n N no No NO on On ON off Off OFF = <<"
_WORDS: Final[dict[str, bool | str | None]] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    "true": True,
    "false": False,
    **{text: Plain(text, True) for text in ("True", "TRUE")},
    **{text: Plain(text, False) for text in ("False", "FALSE")},
    **{text: Plain(text, AMBIGUOUS) for text in _AMBIGUOUS_WORDS.split()},
}
_NUMERIC_START: Final = frozenset("0123456789+-.")
_SIGNED_64: Final = 1 << 63

_AGREED_INTEGER: Final = r"[-+]?(?:0|[1-9][0-9]*)"
_AGREED_HEX: Final = r"0x[0-9a-fA-F]+"
_AGREED_FLOAT: Final = r"(?:[-+]?[0-9]+\.[0-9]*|\.[0-9]+)(?:[eE][-+][0-9]+)?"
# A superset of every number, duration and date that any reader knows, written without underscores,
# because Go drops these wherever they stand; Go also takes a second sign, as in `0b+1`.
_SUSPECT: Final = r"""
    [-+]? (?:
        0[xX][0-9a-fA-F]+ | 0[oO][-+]?[0-7]+ | 0[bB][-+]?[01]+
      | (?: \.[0-9]+ | [0-9]+ (?:\.[0-9]*)? ) (?:[eE][-+]?[0-9]+)?
      | [0-9]+ (?: :[0-5]?[0-9] )+ (?:\.[0-9]*)?
      | \.[iI][nN][fF] | \.[nN][aA][nN]
    )
  | [0-9]{4}-[0-9]{1,2}-[0-9]{1,2}
    (?: (?:[Tt]|[ \t]+) [0-9]{1,2}:[0-9]{1,2}:[0-9]{1,2} (?:\.[0-9]*)? (?:[ \t]*(?:[zZ]|[-+][0-9]{1,2}(?::?[0-9]{2})?))? )?
"""
_NO_DIGITS: Final = r"[-+]?(?:\.|0[xXoObB])?"
_SUSPECT_CHARACTERS: Final = "0123456789+-._: \tabcdefABCDEFxXoOiInNtTzZ"


def scalar(text: str) -> bool | int | float | str | None:
    """Resolve a plain (unquoted) scalar.

    Returns:
        None, a bool, an int within signed 64 bits or a float when `text` is their canonical spelling; a
        `Plain` when it is another spelling, or one on which readers disagree; else `text` itself.
    """
    if text[:1] in _NUMERIC_START:
        # Ports and replicas: no sign, no leading zero, and short enough for 64 bits.
        if text.isdigit() and text.isascii() and len(text) < 19 and (text[0] != "0" or text == "0"):
            return int(text)
        # Quantities, versions and addresses hold other characters: they need no pattern, compiled at the first use.
        return text if text.strip(_SUSPECT_CHARACTERS) else _numeric(text)
    return _WORDS.get(text, text)


def _numeric(text: str) -> int | float | str:
    """Resolve text that may be a number to some reader."""
    bare = text.replace("_", "")
    if not re.fullmatch(_SUSPECT, bare, re.VERBOSE):
        # PyYAML and ruamel.yaml take `-_` or `0b_` for a number, and then find no digits.
        return Plain(text, AMBIGUOUS) if bare != text and re.fullmatch(_NO_DIGITS, bare) else text
    if re.fullmatch(_AGREED_INTEGER, text):
        return _spelled(text, int(text)) if len(text) <= 20 else Plain(text, AMBIGUOUS)
    if re.fullmatch(_AGREED_HEX, text):
        return _spelled(text, int(text, 16)) if len(text) <= 18 else Plain(text, AMBIGUOUS)
    if re.fullmatch(_AGREED_FLOAT, text):
        return _spelled(text, float(text))
    return Plain(text, AMBIGUOUS)


def _spelled(text: str, value: Number) -> int | float | Plain:
    """Return the number itself if `text` is its one canonical spelling."""
    if type(value) is int:
        exact = -_SIGNED_64 <= value < _SIGNED_64
    else:
        # Beyond the range of a double, readers choose between infinity, zero and text.
        exact = abs(value) != float("inf") and (value != 0 or not text.lower().split("e")[0].strip("+-0."))
    if not exact:
        return Plain(text, AMBIGUOUS)
    return value if repr(value) == text else Plain(text, value)
