"""Plain data to YAML that YAML 1.1, 1.2 and Go's readers all read back the same.

Stock dumpers leave `y`, `08`, `1e3` or `0o17` unquoted, which kubectl takes for something else than text. Here a
string is plain only if it cannot be anything else. No anchors, no folding, keys in the order given.
"""

from __future__ import annotations

import re
from _json import encode_basestring_ascii as quote_ascii  # `json` itself costs its decoder's patterns at start-up

from kusion_render.yamlio.scalars import Bare

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any, Final, TypeAlias

    from kusion_render.diagnostics import Json

    Write: TypeAlias = Callable[[str], object]

_PLAIN_FIRST: Final = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ/_")
_PLAIN_REST: Final = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./:@+=,-"
# Not among them: the digits of hexadecimal numbers, the `o` and `x` of prefixes, the `t` and `z` of dates.
_NO_NUMBERS_END: Final = frozenset("ghijklmnpqrsuvwyGHIJKLMNPQRSUVWY")
_WORDS: Final = frozenset(("y", "n", "yes", "no", "on", "off", "true", "false", "null"))
# Written as ranges, so that no Python's Unicode tables decide on the output. Left out as raw characters: controls,
# line ends of other readers, invisible and direction-changing marks, surrogates, the byte order mark.
_NOT_RAW: Final = (
    "[^ -~\xa1-\xac\xae-\u1fff\u2010-\u2027\u2030-\u205f\u2070-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]"
)
_ESCAPED: Final = _NOT_RAW + '|["\\\\]'
# YAML readers look no further than 1,024 characters for the `:` after a key.
_LONGEST_SIMPLE_KEY: Final = 1000
_SIGNED_64: Final = 1 << 63

# Pure results, bounded in number and in length: most keys and half the values of manifests are the same words.
_known: Final[dict[str, str]] = {}
_MOST_KNOWN: Final = 4096
_LONGEST_KNOWN: Final = 64


def dump(data: Json) -> str:
    """Write one document, ending in a line end.

    A `Bare` is written as it is, a `Plain` and other strings' subclasses as their text.

    Raises:
        ValueError: for a lone surrogate, a number without a finite 64-bit form, or nesting beyond Python's recursion.
        TypeError: for anything but dict, list, tuple, str, int, float, bool and None, or a key that is no str.
    """
    parts: list[str] = []
    try:
        _item(data, "", parts.append)
    except RecursionError:
        raise ValueError("the data is nested too deeply to be written") from None
    return "".join(parts)


def dump_all(documents: Iterable[Json]) -> str:
    """Write several documents with `---` between them; raises as `dump`."""
    return "---\n".join([dump(document) for document in documents])


def _map(data: dict[str, Any], pad: str, write: Write) -> None:  # Any: subclasses are sorted out on the way
    """Write a map that is not empty; its first key goes where the writer stands, the others below `pad`."""
    known = _known.get
    inner = pad + "  "
    before = ""
    for key, value in data.items():
        write(before + (known(key) or _key(key, pad)))
        before = pad
        kind = type(value)
        if kind is str:
            if "\n" in value:
                write(": ")
                _text(value, inner, write)
            else:
                write(": " + (known(value) or _line(value)) + "\n")
        elif kind is dict and value:
            write(":\n" + inner)
            _map(value, inner, write)
        elif kind is list and value:
            write(":\n" + pad)
            _list(value, pad, write)
        elif kind is int and -_SIGNED_64 <= value < _SIGNED_64:
            write(f": {value}\n")
        else:
            _other_value(value, pad, write)


def _other_value(value: Any, pad: str, write: Write) -> None:  # Any: this is where types are told apart
    """Write a map's value of a rarer kind, after its key."""
    bare = _bare(value)
    if type(bare) is dict and bare:
        write(":\n" + pad + "  ")
        _map(bare, pad + "  ", write)
    elif type(bare) is list and bare:
        write(":\n" + pad)
        _list(bare, pad, write)
    else:
        write(": ")
        _item(bare, pad + "  ", write)


def _list(data: list[Any], pad: str, write: Write) -> None:  # Any: subclasses are sorted out on the way
    """Write a list that is not empty; its first dash goes where the writer stands."""
    inner = pad + "  "
    before = "- "
    for value in data:
        write(before)
        before = pad + "- "
        if type(value) is dict and value:
            _map(value, inner, write)
        else:
            _item(value, inner, write)


def _item(value: Any, pad: str, write: Write) -> None:  # Any: this is where types are told apart
    """Write any value where the writer stands, its further lines below `pad`."""
    bare = _bare(value)
    kind = type(bare)
    if kind is str:
        _text(bare, pad or "  ", write)
    elif kind is dict:
        if bare:
            _map(bare, pad, write)
        else:
            write("{}\n")
    elif kind is list:
        if bare:
            _list(bare, pad, write)
        else:
            write("[]\n")
    elif kind is Bare:
        write(bare + "\n")
    else:
        write(_number(bare) + "\n")


def _bare(value: Any) -> Any:  # Any in and out: the same value as one of the plain types
    """Return a value of a subclass as the plain type it stands for."""
    if value is None or type(value) in (str, dict, list, int, float, bool, Bare):
        return value
    if isinstance(value, str):
        return str.__str__(value)
    if isinstance(value, (list, tuple)):
        return list(value)
    if isinstance(value, dict):
        return dict(value)
    if isinstance(value, int):
        return int(value)
    if isinstance(value, float):
        return float(value)
    raise TypeError(f"a value of the type {type(value).__name__} cannot be written as YAML")


def _number(value: Any) -> str:  # Any: what `_bare` leaves
    """Return null, a bool or a number as text."""
    if value is None:
        return "null"
    if value is True or value is False:
        return "true" if value else "false"
    text = repr(value)
    if type(value) is int:
        if not -_SIGNED_64 <= value < _SIGNED_64:
            raise ValueError("an integer beyond 64 bits cannot be written as YAML that all readers agree on")
        return text
    if value - value != 0:
        raise ValueError("infinity and not-a-number cannot be written as YAML that all readers agree on")
    # YAML 1.1 takes 1e+20 for text.
    return text if "e" not in text or "." in text else text.replace("e", ".0e")


def _key(key: object, pad: str) -> str:
    """Return the text of a key, up to the `:`."""
    if not isinstance(key, str):
        raise TypeError(f"a key of the type {type(key).__name__} cannot be written as YAML")
    text = _line(str.__str__(key))
    return text if len(text) <= _LONGEST_SIMPLE_KEY else f"? {text}\n{pad}"


def _line(text: str) -> str:
    """Return a string as a scalar on one line."""
    plain = text[:1] in _PLAIN_FIRST and not text.strip(_PLAIN_REST) and text[-1] != ":" and text.lower() not in _WORDS
    line = text if plain or _is_amount(text) else _quoted(text)
    if len(text) <= _LONGEST_KNOWN and len(_known) < _MOST_KNOWN:
        _known[text] = line
    return line


def _is_amount(text: str) -> bool:
    """Tell whether a string is an amount with a unit, such as `250m` or `64Mi`.

    It begins like a number, but no reader's numbers or dates end in such a letter.
    """
    return text[:1].isdigit() and text.isascii() and text[-1] in _NO_NUMBERS_END and text.replace(".", "").isalnum()


def _quoted(text: str) -> str:
    """Return a string in double quotes."""
    if text.isascii():
        return quote_ascii(text)
    return '"' + re.sub(_ESCAPED, _escape, text) + '"'


def _escape(match: re.Match[str]) -> str:
    character = match.group()
    code = ord(character)
    if code < 0x80:
        return quote_ascii(character)[1:-1]
    if 0xD800 <= code < 0xE000:
        raise ValueError(f"the lone surrogate U+{code:04X} is no character and cannot be written as YAML")
    # JSON's surrogate pairs are no YAML; its other escapes are.
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def _text(text: str, pad: str, write: Write) -> None:
    """Write a string, as a literal block if it has lines and no reader could trip over it."""
    if "\n" not in text or not _is_clean(text):
        write((_known.get(text) or _line(text)) + "\n")
        return
    body = text.rstrip("\n")
    ends = len(text) - len(body)
    write("|-\n" if ends == 0 else "|\n" if ends == 1 else "|+\n")
    for line in body.split("\n"):
        write(f"{pad}{line}\n" if line else "\n")
    write("\n" * (ends - 1))


def _is_clean(text: str) -> bool:
    """Whether text reads back the same from a literal block, and shows all it holds."""
    if text[0] in " \t\n" or text[-1] in " \t" or " \n" in text or "\t\n" in text:
        return False
    shown = text.replace("\n", "").replace("\t", "")
    return shown.isprintable() if shown.isascii() else not re.search(_NOT_RAW, shown)
