"""Which parts of a source line a report must not show, for they may be secret values.

It errs towards masking: under `secrets` everything is masked but what can't be a value, elsewhere the name of the key
decides, and a value that only refers to a secret is shown.
"""

from __future__ import annotations

import re

from kusion_render.report.leaves import read_leaves
from kusion_render.secrecy import PRIVATE_KEY, plain, tells

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import Final

    from kusion_render.report.leaves import Leaf

SEALED: Final = frozenset({
    "secrets", "stringdata",
    "passwords", "tokens", "credentials", "apikeys", "privatekeys", "accesskeys",
})  # fmt: skip
# Secret stores that hold values themselves, and their fields that are none.
_HOLDING: Final = {"fake": ("key", "version"), "onpremises": ("name",)}
# Fields of one secret whose words the schema fixes.
HARMLESS: Final = frozenset({"type", "immutable", "existing"})
# Where `secret: NAME` refers to one, and how many keys down it does.
REFERRING: Final = {"env": 2, "dirs": 2, "envfrom": 1, "volumes": 1, "sources": 1}
# Keys that add nothing to the name of the key above them.
TRANSPARENT: Final = frozenset({"value", "content", "data", "binarydata", "literal", "default"})
_REFERENCE: Final = r"""["']?(?:secret://|ref://|\$\{\{|\$\{secret://)"""
_NOTHING: Final = r"""(?:true|false|null|~|""|'')$"""
# Settings and credentials inside of a longer value. Repeats are bounded: a hostile line must not take forever.
_SETTING: Final = (
    r"(?i:pass_?word|passwd|passphrase|pwd|pass|token|secret|credential"
    r"|(?:api|private|access|signing|encryption|auth)[-_.]?key)"
    r"[\w.-]{0,40}[\"']?\s{0,4}[=:]\s{0,4}(?!//)(\S.*)"
)
_IN_ADDRESS: Final = r"://[^\s/:@]{0,200}:([^\s/@]{1,1000})@"
_KEY_TEXT: Final = rf"({PRIVATE_KEY}.*)"


def may_be_secret(keys: Sequence[str], text: str) -> bool:
    """Tell whether a text under these keys, outermost first, may be or hold a secret value."""
    return is_secret(keys, text) or any(_find_settings(text))


class Masks:
    """The masked ranges of a file's lines."""

    def __init__(self, lines: Sequence[str], *, equals: bool = False) -> None:
        # The second reading finds what an unclosed quote or bracket hides from the first.
        readings = [read_leaves(lines, by_line=by_line, equals=equals) for by_line in (False, True)]
        self._readings: Final = [_Reading(leaves, lines) for leaves in readings]

    def ranges(self, line: int) -> list[tuple[int, int]]:
        """Give (start, end) of what is masked in a line, in order and apart; everything counts from 0."""
        joined: list[tuple[int, int]] = []
        for start, end in sorted({hidden for reading in self._readings for hidden in reading.hide(line)}):
            if joined and start <= joined[-1][1]:
                joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
            else:
                joined.append((start, end))
        return joined


class _Reading:
    """The leaves of a file by line, and the maps whose other entries make a harmless key secret."""

    def __init__(self, leaves: Sequence[Leaf], lines: Sequence[str]) -> None:
        self._lines: Final = lines
        self._leaves: Final[dict[int, list[Leaf]]] = {}
        self._secrets: Final[set[int]] = set()  # `kind: Secret`
        self._named: Final[set[int]] = set()  # `name: DB_PASSWORD`
        for leaf in leaves:
            self._leaves.setdefault(leaf.line, []).append(leaf)
            number, key = leaf.path[-1] if leaf.path else (0, "")
            if key == "kind" and self._text(leaf).strip("\"'") == "Secret":
                self._secrets.add(number)
            elif key == "name" and tells(plain(self._text(leaf))):
                self._named.add(number)

    def hide(self, line: int) -> Iterator[tuple[int, int]]:
        for leaf in self._leaves.get(line, ()):
            text = self._text(leaf)
            if self._is_secret(leaf, text):
                yield leaf.start, leaf.end
            else:
                yield from ((leaf.start + start, leaf.start + end) for start, end in _find_settings(text))

    def _is_secret(self, leaf: Leaf, text: str) -> bool:
        keys = [key for _, key in leaf.path]
        if any(plain(key) == "data" and number in self._secrets for number, key in leaf.path):
            return True
        valued = bool(leaf.path) and plain(keys[-1]) == "value" and leaf.path[-1][0] in self._named
        return (valued and not _is_harmless(text)) or is_secret(keys, text)

    def _text(self, leaf: Leaf) -> str:
        return self._lines[leaf.line][leaf.start : leaf.end]


def is_secret(keys: Sequence[str], text: str) -> bool:
    """Tell whether a value may be secret by the keys above it, outermost first; one that only refers to one is not."""
    words = [plain(key) for key in keys]
    return _is_sealed(words) or _is_stored(words) or (_is_named(words) and not _is_harmless(text))


def _find_settings(text: str) -> Iterator[tuple[int, int]]:
    for pattern in (_SETTING, _IN_ADDRESS, _KEY_TEXT):
        for match in re.finditer(pattern, text):
            if not _is_harmless(match.group(1)):
                yield match.span(1)


def _is_sealed(keys: Sequence[str]) -> bool:
    above = [index for index, key in enumerate(keys) if key in SEALED]
    if not above:
        return False
    below = keys[above[0] + 1 :]
    # `allowLiteral` of a workspace lists the names of secrets.
    known = below == ["allowliteral"] or (len(below) == 2 and below[1] in HARMLESS)
    return not (known and keys[above[0]] == "secrets")


def _is_stored(keys: Sequence[str]) -> bool:
    """Tell whether a value stands below a workspace's `secretStore.provider` that is the store itself."""
    below = keys[keys.index("secretstore") + 2 :] if "secretstore" in keys else ()
    return len(below) > 1 and below[0] in _HOLDING and below[-1] not in _HOLDING[below[0]]


def _is_named(keys: Sequence[str]) -> bool:
    last = len(keys)
    while last > 1 and keys[last - 1] in TRANSPARENT:
        last -= 1
    if not last or not tells(keys[last - 1]):
        return False
    return not (
        keys[-1] == "secret"
        and any(len(keys) - 1 - keys.index(key) >= REFERRING[key] for key in REFERRING if key in keys)
    )


def _is_harmless(text: str) -> bool:
    value = re.split(r"\s#", text, maxsplit=1)[0].strip()
    return bool(re.match(_REFERENCE, value) or re.match(_NOTHING, value, re.IGNORECASE))
