"""Tells fast whether data fits a schema of Kubernetes' kind: schemas become functions, each when it is first needed.

It is used where nothing can be generated beforehand, and answers for the keywords that such schemas live on. A keyword
that it does not know makes it say no: then jsonschema decides.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from kusion_render.schema.truth import Schema

    Fits: TypeAlias = Callable[[Any], bool]  # Any: a manifest's own values

REFERENCE: Final = "#/$defs/"
SCALARS: Final = frozenset(("string", "integer", "number", "boolean"))
# What others fill in before the API server sees it: Flux's variables, and the paths of argocd-vault-plugin.
_FILLED_IN: Final = re.compile(r"\$\{[A-Za-z_]|<path:|<[A-Za-z0-9_.-]+>")
_BOUNDS: Final = frozenset(("minimum", "maximum", "minLength", "maxLength", "minItems", "maxItems"))
_KNOWN: Final = _BOUNDS | {"type", "enum", "pattern", "properties", "required", "additionalProperties", "items", "$ref"}
_SAYS_NOTHING: Final = frozenset(("default", "description", "example", "format", "title", "externalDocs", "nullable"))


def is_filled_in(value: object) -> bool:
    """Tell whether a text is made a value only later, by what applies the manifests: of what type, nobody knows yet."""
    return isinstance(value, str) and ("$" in value or "<" in value) and _FILLED_IN.search(value) is not None


class Quick:
    """Definitions by name, as functions."""

    __slots__ = ("_definitions", "_made")

    def __init__(self, definitions: Mapping[str, Schema]) -> None:
        self._definitions: Final = definitions
        self._made: Final[dict[str, Fits]] = {}

    def fits(self, name: str, value: Any) -> bool:
        """Tell whether a value fits a definition; no means that it may not."""
        made = self._made.get(name)
        if made is None:
            made = self._made[name] = self._of(self._definitions[name])
        return made(value)

    def _of(self, schema: Schema) -> Fits:
        if any(key not in _KNOWN | _SAYS_NOTHING and not key.startswith("x-") for key in schema):
            return _unsure
        types = schema.get("type", ())
        wanted = frozenset((types,) if isinstance(types, str) else types)
        if "$ref" in schema:
            name = schema["$ref"].removeprefix(REFERENCE)
            return lambda value: (value is not None or "null" in wanted or not wanted) and self.fits(name, value)
        scalar = _scalar_test(schema)
        entries = self._map_test(schema) if "properties" in schema or "additionalProperties" in schema else None
        needed: Sequence[str] = schema.get("required", ())
        items = self._of(schema["items"]) if isinstance(schema.get("items"), dict) else None

        def test(value: Any) -> bool:
            if wanted and not is_of(value, wanted):
                return bool(wanted & SCALARS) and is_filled_in(value)
            if isinstance(value, dict):
                return all(key in value for key in needed) and (entries is None or entries(value))
            if isinstance(value, list) and items is not None and not all(map(items, value)):
                return False
            return scalar is None or scalar(value)

        return test

    def _map_test(self, schema: Schema) -> Fits:
        known = {key: self._of(child) for key, child in schema.get("properties", {}).items()}
        rest = schema.get("additionalProperties", True)
        other = _ANSWERS[rest] if isinstance(rest, bool) else self._of(rest)
        return lambda value: all(known.get(key, other)(item) for key, item in value.items())


def is_of(value: object, types: frozenset[str]) -> bool:
    """Tell whether a value is of one of JSON Schema's types; 2.0 is a whole number, as it is to Kubernetes."""
    if isinstance(value, str):
        return "string" in types
    if isinstance(value, bool):
        return "boolean" in types
    if isinstance(value, (int, float)):
        return "number" in types or ("integer" in types and value == value // 1)
    if isinstance(value, dict):
        return "object" in types
    if isinstance(value, list):
        return "array" in types
    return value is None and "null" in types


def compiled(pattern: str) -> re.Pattern[str] | None:
    """Return a pattern with `$` at the very end; None for one that Python does not understand, which holds nothing back."""
    strict = pattern[:-1] + r"\Z" if pattern.endswith("$") and not pattern.endswith(r"\$") else pattern
    try:
        return re.compile(strict)
    except (re.error, OverflowError, RecursionError):
        return None


def _unsure(value: Any) -> bool:
    del value  # no function was made of its schema
    return False


_ANSWERS: Final[Mapping[bool, Fits]] = {True: lambda _value: True, False: _unsure}


def _scalar_test(schema: Schema) -> Fits | None:
    """Return the test of a value's own content, None where there is nothing to test."""
    choices: Sequence[object] | None = schema.get("enum")
    pattern = compiled(schema["pattern"]) if "pattern" in schema else None
    bounded = bool(_BOUNDS & schema.keys())
    if choices is None and pattern is None and not bounded:
        return None
    low, high = schema.get("minimum", float("-inf")), schema.get("maximum", float("inf"))

    def test(value: Any) -> bool:
        if is_filled_in(value):
            return True
        if choices is not None and value not in choices:
            return False
        if isinstance(value, str):
            short = schema.get("minLength", 0) <= len(value) <= schema.get("maxLength", len(value))
            return short and (pattern is None or pattern.search(value) is not None)
        if isinstance(value, list):
            return bool(schema.get("minItems", 0) <= len(value) <= schema.get("maxItems", len(value)))
        return not isinstance(value, (int, float)) or bool(low <= value <= high)

    return test
