"""Why data does not fit its schema, in the words of the person who wrote it.

Cold path: jsonschema is imported here and nowhere else. It is authoritative: where it finds nothing, the data fits.
"""

from __future__ import annotations

import re

from jsonschema import Draft202012Validator, ValidationError, validators

from kusion_render.diagnostics import Place
from kusion_render.schema import truth, words

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from typing import Any, Final

    from kusion_render.diagnostics import Diagnostics, Json, Pointer
    from kusion_render.schema.truth import Schema
    from kusion_render.schema.words import Error, Finding


# What to do where nothing more particular can be said.
NEXT_STEPS: Final = {
    "KR201": "write a value of that kind",
    "KR202": "add it",
    "KR203": "remove it, or correct its name",
    "KR204": "write one of these",
    "KR205": "write it in that form",
    "KR206": "choose a value within the bound",
    "KR207": "keep one of them",
}
ABOUT_KEYS: Final = frozenset({"anyOf", "oneOf", "not"})


def explain(
    data: Json, name: str, diagnostics: Diagnostics, *, pointer: Pointer, document: str, schema: Schema | None
) -> bool:
    """Report everything that does not fit, once each; return whether nothing was found."""
    whole = truth.load(name) if schema is None else truth.accepting_kusion_type(schema)
    context = words.Context(name, pointer, whole)
    found: dict[tuple[object, ...], Finding] = {}
    for error in validator(whole).iter_errors(data):
        for finding in findings(error, context):
            found.setdefault(finding.key(), finding)
    for finding in found.values():
        place = Place(finding.pointer, on_key=finding.on_key, document=document)
        diagnostics.report(finding.rule, finding.message, place, help=finding.help or NEXT_STEPS[finding.rule.code])
    return not found


def validator(schema: Schema) -> Any:  # Any: jsonschema builds the class at run time
    """Return a validator that reads whole numbers and patterns as the generated one does."""
    types = Draft202012Validator.TYPE_CHECKER.redefine(
        "integer", lambda _checker, value: isinstance(value, int) and not isinstance(value, bool)
    )
    extended = validators.extend(  # type: ignore[no-untyped-call]  # jsonschema has no types for it
        Draft202012Validator, {"pattern": pattern}, type_checker=types
    )
    return extended(schema)


def pattern(_validator: object, expected: str, instance: object, schema: Schema) -> Iterator[ValidationError]:
    """Check `pattern` with `$` at the very end, as ECMA 262 has it; a number where text is wanted is its text."""
    if schema.get("x-text") and isinstance(instance, (int, float)) and not isinstance(instance, bool):
        instance = str(instance)
    strict = expected[:-1] + r"\Z" if expected.endswith("$") else expected
    if isinstance(instance, str) and not re.search(strict, instance):
        yield ValidationError("pattern")


def findings(error: Error, context: words.Context) -> Iterator[Finding]:
    """Yield what one error of jsonschema means, descending into the alternative that fits best."""
    if error.validator in ABOUT_KEYS and not isinstance(error.instance, dict) and error.schema.get("type") == "object":
        return  # the wrong type is reported beside this
    if error.validator in {"anyOf", "oneOf"}:
        yield from alternatives(error, context)
    elif error.validator == "not":
        sets = required_sets(error.validator_value)
        yield from (
            words.conflict(error, context, sets)
            if sets and isinstance(error.instance, dict)
            else words.anything_else(error, context)
        )
    elif "propertyNames" in error.absolute_schema_path:
        yield from words.bad_name(error, context)
    else:
        yield from words.EXPLANATIONS.get(str(error.validator), words.anything_else)(error, context)


def alternatives(error: Error, context: words.Context) -> Iterator[Finding]:
    """Yield what is wrong with a value that has several forms."""
    required = required_sets({"anyOf": error.validator_value})
    if len(required) == len(error.validator_value) and isinstance(error.instance, dict):
        yield from words.one_of(error, context, required)
        return
    branches: dict[int, list[Error]] = {}
    for inner in error.context or ():
        branches.setdefault(int(inner.relative_schema_path[0]), []).append(inner)
    fitting = [found for found in branches.values() if not any(mistyped(inner) for inner in found)]
    if not fitting:
        yield words.no_form(error, context, [inner for found in branches.values() for inner in found])
    elif len(fitting) > 1 and isinstance(error.instance, dict):
        yield from mapping(error, context, fitting)
    else:
        closest = min(fitting, key=len)
        yield from descend(closest, context)


def mapping(error: Error, context: words.Context, fitting: Sequence[list[Error]]) -> Iterator[Finding]:
    """Yield what is wrong with a map that has several forms, told apart by their first required key."""
    forms = [form for form in forms_of(error, context) if form.get("type") == "object"]
    marks = [form["required"][0] for form in forms if form.get("required")]
    known = {key: None for form in forms for key in form.get("properties", ())}
    unknown = [key for key in error.instance if key not in known]
    present = [mark for mark in dict.fromkeys(marks) if mark in error.instance]
    if len(present) > 1:
        yield words.clash(present, words.place(error, context), context)
    elif present:
        closest = min(fitting, key=len)
        yield from descend(closest, context)
    elif unknown:
        yield from words.unknown_keys(error, context, unknown, list(known))
    else:
        yield from words.one_of(error, context, [[mark] for mark in marks])


def forms_of(error: Error, context: words.Context) -> Iterable[Schema]:
    """Return the alternatives with their references followed."""
    for form in error.validator_value:
        yield truth.step(context.schema, form["$ref"].removeprefix("#")) if "$ref" in form else form


def descend(errors: Iterable[Error], context: words.Context) -> Iterator[Finding]:
    """Yield what the errors of one alternative mean."""
    for error in errors:
        yield from findings(error, context)


def mistyped(error: Error) -> bool:
    """Return whether an alternative is out of the question because of its type."""
    return error.validator == "type" and not error.relative_path


def required_sets(schema: Schema) -> list[list[str]]:
    """Return the sets of keys of a schema that only lists sets of required keys."""
    if set(schema) == {"required"}:
        return [list(schema["required"])]
    return [list(child["required"]) for child in schema.get("anyOf", ()) if set(child) == {"required"}]
