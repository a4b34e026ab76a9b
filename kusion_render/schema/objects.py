"""Whether an object of Kubernetes fits the schema of its kind, and why not, in the words of whoever wrote it.

The schemas are Kubernetes' own, or those of custom resources; `quick` answers for objects that fit.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, Final

from kusion_render.document import dotted
from kusion_render.schema.quick import REFERENCE, SCALARS, Quick, compiled, is_filled_in, is_of
from kusion_render.schema.words import Context, Finding

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from kusion_render.diagnostics import Pointer
    from kusion_render.schema.truth import Schema

__all__ = ["Finding", "Shapes"]

# What is not asked of a text that others make a value of.
_OF_CONTENT: Final = (
    *("enum", "const", "minLength", "maxLength", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"),
    "multipleOf",
)


class Shapes:
    """Definitions by name; `#/$defs/NAME` refers to another of them."""

    __slots__ = ("_definitions", "_quick")

    def __init__(self, definitions: Mapping[str, Schema]) -> None:
        self._definitions: Final = definitions
        self._quick: Final = Quick(definitions)

    def findings(self, name: str, manifest: Mapping[str, Any]) -> list[Finding]:
        """Return all in which an object does not fit a definition, with KR201 to KR207 for its rules, and places in it."""
        return [] if self._quick.fits(name, manifest) else _explained(name, manifest, self._definitions)

    def fields(self, name: str, pointer: Pointer) -> Mapping[str, Schema] | None:
        """Return the fields that a definition knows at a place of an object; None where it knows of no such place."""
        schema: Schema | None = self._definitions.get(name)
        for step in pointer:
            schema = self._followed(schema)
            if schema is None:
                return None
            child = schema.get("items") if isinstance(step, int) else schema.get("properties", {}).get(step)
            schema = child if child is not None else schema.get("additionalProperties")
        schema = self._followed(schema)
        return None if schema is None else schema.get("properties")

    def _followed(self, schema: Any) -> Schema | None:
        while isinstance(schema, dict) and "$ref" in schema:
            schema = self._definitions.get(schema["$ref"].removeprefix(REFERENCE))
        return schema if isinstance(schema, dict) else None


class _ObjectContext(Context):
    """Where a field is in an object: by its whole path, for nobody wrote it there."""

    __slots__ = ("_object",)

    ours = False
    noun = "field"

    def __init__(self, name: str, schema: Schema, manifest: Mapping[str, Any]) -> None:
        super().__init__(name, (), schema)
        metadata = manifest.get("metadata")
        named = metadata.get("name") if isinstance(metadata, dict) else None
        self._object: Final = f"{manifest.get('kind')} `{named}`" if isinstance(named, str) else str(manifest["kind"])

    def subject(self, pointer: Pointer) -> str:
        return f"`{dotted(pointer)}` of {self._object}" if pointer else self._object


def _explained(name: str, manifest: Mapping[str, Any], definitions: Mapping[str, Schema]) -> list[Finding]:
    from kusion_render.schema import faults

    schema = {"$ref": REFERENCE + name, "$defs": definitions}
    context = _ObjectContext(name, schema, manifest)
    found: dict[tuple[object, ...], Finding] = {}
    errors = list(_validator()(schema).iter_errors(manifest))
    mistyped = {tuple(error.absolute_path) for error in errors if error.validator == "type"}
    for error in errors:
        # Of a value of a wrong type nothing else is said.
        if error.validator == "type" or tuple(error.absolute_path) not in mistyped:
            for finding in faults.findings(error, context):
                found.setdefault(finding.key(), finding)
    return [_advised(each, faults.NEXT_STEPS) for each in found.values()]


def _advised(finding: Finding, steps: Mapping[str, str]) -> Finding:
    advice = finding.help or steps[finding.rule.code]
    return Finding(finding.rule, finding.message, finding.pointer, advice, on_key=finding.on_key)


@cache
def _validator() -> Any:  # Any: jsonschema builds the class at run time
    """Return the class of validators that read types, patterns and words as `quick` does."""
    from jsonschema import Draft202012Validator, ValidationError, validators

    def pattern(_validator: object, expected: str, instance: object, _schema: Schema) -> Iterator[ValidationError]:
        known = compiled(expected)
        if isinstance(instance, str) and known is not None and not known.search(instance):
            yield ValidationError("pattern")

    def unless_filled_in(check: Any) -> Any:
        def checked(validator: Any, expected: Any, instance: Any, schema: Schema) -> Iterator[ValidationError]:
            if not is_filled_in(instance):
                yield from check(validator, expected, instance, schema) or ()

        return checked

    types = Draft202012Validator.TYPE_CHECKER.redefine_many({name: _of_type(name) for name in SCALARS})
    checks = {**{name: Draft202012Validator.VALIDATORS[name] for name in _OF_CONTENT}, "pattern": pattern}
    rules = {name: unless_filled_in(check) for name, check in checks.items()}
    return validators.extend(Draft202012Validator, rules, type_checker=types)  # type: ignore[no-untyped-call]  # jsonschema has no types for it


def _of_type(name: str) -> Any:  # Any: called by jsonschema
    wanted = frozenset((name,))
    return lambda _checker, value: is_of(value, wanted) or is_filled_in(value)
