"""Secret values out of sight, but so that a reader sees which are equal.

Each secret value of a comparison becomes a number, `‹secret 1›`, in the order in which the values are first met, the
same for the same value. A number says no more than that; a fingerprint of the value, even one with a key, would have to
be made of the same input to come out the same in each run, and then short values can be found by trying.
"""

from __future__ import annotations

import base64

from kusion_render.diff.lookup import group_of
from kusion_render.kubernetes.scopes import KNOWN_KINDS
from kusion_render.report.masking import SEALED, Masks, is_secret
from kusion_render.secrecy import TELLING

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any, Final

    from kusion_render.diff.lookup import Manifest

# Copies of whole objects, written by tools.
_COPIES: Final = frozenset({"kubectl.kubernetes.io/last-applied-configuration"})
# Fields of built-in kinds whose keys users choose; the other keys sound as the API's authors wished.
_FREE: Final = frozenset({"data", "binaryData", "annotations", "labels"})
_PRIVATE: Final = "PRIVATE KEY-----"


class Secrecy:
    """The numbers of the secret values of one comparison."""

    def __init__(self) -> None:
        self._numbers: Final[dict[str, int]] = {}

    def hide(self, manifest: Manifest) -> dict[str, Any]:
        """Return a manifest with its secret values masked.

        Secret are the data of Secrets, copies of objects in annotations, and what sounds secret by its key, its
        variable or its flag, or as a setting or address inside a longer text.
        """
        known = (group_of(manifest), manifest.get("kind")) in KNOWN_KINDS
        if known and manifest.get("kind") == "Secret":
            manifest = self._seal(manifest)
        return {str(key): self._hide(value, (str(key),), known=known) for key, value in manifest.items()}

    def _seal(self, secret: Manifest) -> Manifest:
        """Mask all values of a Secret; those of `stringData` are values of `data` that are not encoded yet."""
        data = secret.get("data")
        values = dict(data) if isinstance(data, dict) else {} if data is None else {"data": data}
        texts = secret.get("stringData")
        for key, value in (
            texts if isinstance(texts, dict) else {} if texts is None else {"stringData": texts}
        ).items():
            values[key] = base64.b64encode(str(value).encode("utf-8", "surrogatepass")).decode()
        sealed = {key: self._number(str(value)) for key, value in values.items()}
        return {**{key: value for key, value in secret.items() if key not in {"data", "stringData"}}, "data": sealed}

    def _number(self, value: str) -> str:
        return f"‹secret {self._numbers.setdefault(value, len(self._numbers) + 1)}›"

    def _hide(self, value: Any, keys: tuple[str, ...], *, known: bool) -> Any:
        if isinstance(value, dict):
            return self._hide_map(value, keys, known=known)
        if isinstance(value, list):
            return self._hide_list(value, keys, known=known)
        if value is None or isinstance(value, bool):
            return value
        if keys[-1] in _COPIES or ((not known or _FREE & set(keys)) and is_secret(_named(keys), str(value))):
            return value if self._is_number(value) else self._number(str(value))
        return self._hide_text(value) if isinstance(value, str) else value

    def _is_number(self, value: Any) -> bool:
        return isinstance(value, str) and value.startswith("‹secret ") and value.endswith("›")

    def _hide_map(self, value: dict[Any, Any], keys: tuple[str, ...], *, known: bool) -> dict[str, Any]:
        hidden = {str(key): self._hide(child, (*keys, str(key)), known=known) for key, child in value.items()}
        name, content = value.get("name"), value.get("value")
        if isinstance(name, str) and isinstance(content, str | int | float) and is_secret((name,), str(content)):
            hidden["value"] = self._number(str(content))
        return hidden

    def _hide_list(self, values: list[Any], keys: tuple[str, ...], *, known: bool) -> list[Any]:
        hidden: list[Any] = []
        before: Any = None
        for value in values:
            flag = isinstance(before, str) and before.startswith("-") and "=" not in before
            if flag and isinstance(value, str) and not value.startswith("-") and is_secret((before.strip("-"),), value):
                hidden.append(self._number(value))
            else:
                hidden.append(self._hide(value, keys, known=known))
            before = value
        return hidden

    def _hide_text(self, text: str) -> str:
        if _PRIVATE in text:
            return self._number(text)
        if not _may_tell(text):
            return text
        lines = text.split("\n")
        masks = Masks(lines, equals=True)
        return "\n".join(self._hide_line(line, masks.ranges(number)) for number, line in enumerate(lines))

    def _hide_line(self, line: str, ranges: Sequence[tuple[int, int]]) -> str:
        for start, end in reversed(ranges):
            line = line[:start] + self._number(line[start:end]) + line[end:]
        return line


def _named(keys: tuple[str, ...]) -> list[str]:
    """Return the keys below the field that holds them: `data` alone makes nothing secret."""
    return list(keys[1:] if keys[0] in _FREE else keys)


def _may_tell(text: str) -> bool:
    plain = text.lower().translate(_SEPARATORS)
    return "://" in text or any(word in plain for word in _WORDS)


_SEPARATORS: Final = str.maketrans("", "", "-_. \t")
_WORDS: Final = (*TELLING, "pass", *sorted(SEALED))
