"""The values of a chart: where each is, what it is in each stack, and what is said about it.

A value has one entry for each variant (a stack on a workspace), `ABSENT` where its object has no such field there, or
`UNSET` where there is no such object. `values.yaml` holds what the first variant has, or, where it has nothing, the
first that does; `values-<variant>.yaml` holds the differences, to be merged as Helm merges: `null` takes away.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from kusion_render.yamlio import dump

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

Path: TypeAlias = tuple[str, ...]


class Nothing:
    """The type of `ABSENT` and `UNSET`."""

    def __init__(self, name: str) -> None:
        self._name: Final = name

    def __repr__(self) -> str:
        return self._name


ABSENT: Final = Nothing("ABSENT")
UNSET: Final = Nothing("UNSET")
# Helm and whoever puts the chart below another one has a meaning for these.
RESERVED: Final = ("global", "enabled", "tags", "nameOverride", "fullnameOverride")
_WIDTH: Final = 100
# Helm's schema check takes such a key for a boolean or null.
_WORDS: Final = frozenset(("y", "n", "yes", "no", "on", "off", "true", "false", "null"))


@dataclass(frozen=True)
class Value:
    """One documented value: `vector` has an entry for each variant."""

    path: Path
    vector: Sequence[Any]
    about: str
    schema: Mapping[str, Any]

    @property
    def default(self) -> Any:
        """What `values.yaml` holds; None for what is not set."""
        known = next(entry for entry in self.vector if entry is not UNSET)
        return None if known is ABSENT else known


class Values:
    """Collects the values of one chart."""

    def __init__(self, variants: int) -> None:
        self.variants: Final = variants
        self.items: Final[list[Value]] = []
        self._taken: Final[set[Path]] = {(name,) for name in RESERVED}
        self._shared: Final[dict[str, str]] = {}

    def add(self, path: Path, vector: Sequence[Any], about: str, schema: Mapping[str, Any]) -> str:
        """Add a value and return the expression that reads it; a taken path gets a number."""
        wish, number = path, 2
        while self._clashes(wish):
            wish, number = (*path[:-1], f"{path[-1]}{number}"), number + 1
        self._taken.add(wish)
        self.items.append(Value(wish, list(vector), about, schema))
        return expression(wish)

    def shared(self, path: Path, vector: Sequence[Any], about: str, schema: Mapping[str, Any]) -> str:
        """Add a value unless one of the same name has the same entries: then that is the same fact."""
        identity = f"{path[0]} {path[-1]} {list(vector)!r}"
        if identity not in self._shared:
            self._shared[identity] = self.add(path, vector, about, schema)
        return self._shared[identity]

    def _clashes(self, path: Path) -> bool:
        size = len(path)
        return any(path[: len(other)] == other or other[:size] == path for other in self._taken)

    def defaults(self) -> dict[str, Any]:
        """Return the content of `values.yaml`."""
        result: dict[str, Any] = {}
        for item in self.items:
            _put(result, item.path, item.default)
        return result

    def differences(self, variant: int) -> dict[str, Any]:
        """Return what a variant's values file says."""
        result: dict[str, Any] = {}
        for item in self.items:
            entry = item.vector[variant]
            if entry is UNSET:
                continue
            wanted = None if entry is ABSENT else entry
            if not same(wanted, item.default):
                _put(result, item.path, _difference(item.default, wanted))
        return result


def same(one: Any, two: Any) -> bool:
    """Tell whether two values are equal, types included: `1` is not `true`, nor `1.0`."""
    if type(one) is not type(two):
        return isinstance(one, str) and isinstance(two, str) and str(one) == str(two)
    if isinstance(one, dict):
        return one.keys() == two.keys() and all(same(value, two[key]) for key, value in one.items())
    if isinstance(one, list):
        return len(one) == len(two) and all(same(*pair) for pair in zip(one, two, strict=True))
    return bool(one == two)


def camel(text: str) -> str:
    """Return a name as the key of a value: `redis-cart` as `redisCart`."""
    words = [word for word in re.split(r"[^A-Za-z0-9]+", text) if word]
    if not words:
        return "value"
    first = words[0] if len(words[0]) > 1 and words[0].isupper() else words[0][0].lower() + words[0][1:]
    name = first + "".join(word[0].upper() + word[1:] for word in words[1:])
    if name.lower() in _WORDS:
        return f"{name}Value"
    return f"n{name}" if name[0].isdigit() else name


def expression(path: Path) -> str:
    """Return what reads a value in a template."""
    return ".".join((".Values", *path))


def _put(data: dict[str, Any], path: Path, value: Any) -> None:
    for step in path[:-1]:
        data = data.setdefault(step, {})
    data[path[-1]] = value


def _difference(below: Any, wanted: Any) -> Any:
    """Return what Helm must lay over `below` to get `wanted`."""
    if not (isinstance(below, dict) and isinstance(wanted, dict)):
        return wanted
    result = dict.fromkeys((key for key in below if key not in wanted), None)
    for key, value in wanted.items():
        if key not in below or not same(value, below[key]):
            result[key] = _difference(below.get(key), value)
    return result


def documented(values: Values, title: Sequence[str]) -> str:
    """Return the text of `values.yaml`: each value below what is said about it."""
    about = {item.path: item.about for item in values.items}
    lines = [f"# {line}".rstrip() for line in title]
    _write(values.defaults(), (), about, lines)
    return "\n".join(lines) + "\n"


def _write(data: Mapping[str, Any], path: Path, about: Mapping[Path, str], lines: list[str]) -> None:
    pad = "  " * len(path)
    for key, value in data.items():
        inner = (*path, key)
        # A text that ends in blank lines would take one more for its own.
        if not path and lines[-1]:
            lines.append("")
        if inner in about:
            lines += [f"{pad}# {line}" for line in _wrapped(f"-- {about[inner]}", _WIDTH - len(pad))]
            lines += [pad + line if line else "" for line in dump({key: value}).removesuffix("\n").split("\n")]
        else:
            lines.append(f"{pad}{key}:")
            _write(value, inner, about, lines)


def _wrapped(text: str, width: int) -> list[str]:
    from textwrap import wrap

    shown = "".join(character if character.isprintable() else " " for character in text)
    return wrap(" ".join(shown.split()), width, break_long_words=False, break_on_hyphens=False)


def schema(values: Values, title: str) -> str:
    """Return the text of `values.schema.json` (draft 7, which Helm 3 and 4 know)."""
    root: dict[str, Any] = _closed()
    for item in values.items:
        node = root
        for step in item.path[:-1]:
            node = node["properties"].setdefault(step, _closed())
        node["properties"][item.path[-1]] = {"description": " ".join(item.about.split()), **item.schema}
    root["properties"]["global"] = {"description": "What a chart above this one shares.", "type": "object"}
    root["properties"]["enabled"] = {"description": "For the condition of a chart above this one.", "type": "boolean"}
    head = {"$schema": "http://json-schema.org/draft-07/schema#", "title": title}
    return json.dumps({**head, **root}, indent=2) + "\n"


def _closed() -> dict[str, Any]:
    return {"type": "object", "additionalProperties": False, "properties": {}}
