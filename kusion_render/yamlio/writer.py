"""Plain data to YAML that YAML 1.1, 1.2 and Go's readers all read back the same.

Stock dumpers leave `y`, `08`, `1e3` or `0o17` unquoted, which kubectl takes for something else than text. Here a
string is plain only if it cannot be anything else. No anchors, no folding, keys in the order given.
"""

from __future__ import annotations

import re
from _json import encode_basestring_ascii as quote_ascii  # `json` itself costs its decoder's patterns at start-up

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any, Final, TypeAlias

    from kusion_render.diagnostics import Json

    Write: TypeAlias = Callable[[str], object]

_PLAIN_FIRST: Final = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ/_")
_PLAIN_REST: Final = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./:@+=,-"
_WORDS: Final = frozenset(("y", "n", "yes", "no", "on", "off", "true", "false", "null"))
# Written as ranges, so that no Python's Unicode tables decide on the output. Left out as raw characters: controls,
# line ends of other readers, invisible and direction-changing marks, surrogates, the byte order mark.
_NOT_RAW: Final = "[^ -~\xa1-\xac\xae-\u1fff\u2010-\u2027\u2030-\u205f\u2070-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]"
# YAML readers look no further than 1,024 characters for the `:` after a key.
_LONGEST_SIMPLE_KEY: Final = 1000
_SIGNED_64: Final = 1 << 63

# Pure results, bounded in number and in length: most keys and half the values of manifests are the same words.
_known: Final[dict[str, str]] = {}
_MOST_KNOWN: Final = 4096
_LONGEST_KNOWN: Final = 64


def dump(data: Json) -> str:
    """Write one document, ending in a line end; a `Plain` and other strings' subclasses are written as their text.

    Raises:
        ValueError: for a lone surrogate, a number without a finite 64-bit form, or nesting beyond Python's recursion.
        TypeError: for anything but dict, list, tuple, str, int, float, bool and None, or a key that is no str.
    """
    parts: list[str] = []
    try:
        _value(data, "", "", parts.append)
    except RecursionError:
        raise ValueError("the data is nested too deeply to be written") from None
    return "".join(parts)


def dump_all(documents: Iterable[Json]) -> str:
    """Write several documents with `---` between them; raises as `dump`."""
    return "---\n".join([dump(document) for document in documents])


def _value(value: Any, before: str, pad: str, write: Write) -> None:  # Any: subclasses are sorted out below
    """Write a value after `before`, its lines indented by `pad`; at the root both are empty."""
    kind = type(value)
    if kind is dict or kind is list:
        if value:
            _entries(value, pad, write)
        else:
            write("{}\n" if kind is dict else "[]\n")
