"""Why data does not fit its schema, in the words of the person who wrote it.

Cold path: jsonschema is imported here and nowhere else. It is authoritative: where it finds nothing, the data fits.
"""

from __future__ import annotations

import re

from jsonschema import Draft202012Validator, validators

from kusion_render.schema import truth, words
from kusion_render.schema.scalars import where

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from typing import Any, Final

    from jsonschema import ValidationError

    from kusion_render.diagnostics import Diagnostics, Json, Pointer, Severity
    from kusion_render.schema import FilePositions
    from kusion_render.schema.truth import Schema
    from kusion_render.schema.words import Finding


class Report:
    """Where the findings about one piece of data go, and what the caller said about it."""

    __slots__ = ("diagnostics", "document", "file_positions", "name", "pointer", "unknown_keys")

    def __init__(
        self,
        diagnostics: Diagnostics,
        name: str,
        pointer: Pointer,
        document: str,
        file_positions: FilePositions | None,
        unknown_keys: Severity,
    ) -> None:
        self.diagnostics: Final = diagnostics
        self.name: Final = name
        self.pointer: Final = pointer
        self.document: Final = document
        self.file_positions: Final = file_positions
        self.unknown_keys: Final[Severity] = unknown_keys


def explain(data: Json, report: Report, schema: Schema | None) -> bool:
    """Report everything that does not fit, once each; return whether there is no error among it."""
    whole = truth.load(report.name) if schema is None else truth.whole(schema, application=True)
    context = words.Context(report.name, report.pointer, whole)
    seen: set[tuple[object, ...]] = set()
    good = True
    for error in validator(whole).iter_errors(data):
        for finding in findings(error, context):
            severity = report.unknown_keys if finding.rule is words.UNKNOWN_KEY else finding.rule.severity
            good = good and severity != "error"
            if finding.key() not in seen:
                seen.add(finding.key())
                tell(finding, report, severity)
    return good


def tell(finding: Finding, report: Report, severity: Severity) -> None:
    """Report one finding at its place."""
    place = where(finding.pointer, report.document, report.file_positions, on_key=finding.on_key)
    report.diagnostics.report(finding.rule, finding.message, place, help=finding.help, severity=severity)


def validator(schema: Schema) -> Any:  # Any: jsonschema builds the class at run time
    """Return a validator that reads whole numbers and patterns as the generated one does."""
    types = Draft202012Validator.TYPE_CHECKER.redefine(
        "integer", lambda _checker, value: isinstance(value, int) and not isinstance(value, bool)
    )
    extended = validators.extend(Draft202012Validator, {"pattern": pattern}, type_checker=types)
    return extended(schema)


def pattern(_validator: object, expected: str, instance: object, _schema: Schema) -> Iterator[ValidationError]:
    """Check `pattern` with `$` at the very end, as ECMA 262 has it."""
    from jsonschema import ValidationError

    strict = expected[:-1] + r"\Z" if expected.endswith("$") else expected
    if isinstance(instance, str) and not re.search(strict, instance):
        yield ValidationError("pattern")


def findings(error: ValidationError, context: words.Context) -> Iterator[Finding]:
    """Yield what one error of jsonschema means, descending into the alternative that fits best."""
    if error.validator in {"anyOf", "oneOf"}:
        yield from alternatives(error, context)
    elif error.validator == "not":
        yield from words.conflict(error, context, required_sets(error.validator_value))
    elif "propertyNames" in error.absolute_schema_path:
        yield from words.bad_name(error, context)
    else:
        yield from words.EXPLANATIONS.get(str(error.validator), words.anything_else)(error, context)


def alternatives(error: ValidationError, context: words.Context) -> Iterator[Finding]:
    """Yield what is wrong with a value that has several forms."""
    required = required_sets({"anyOf": error.validator_value})
    if len(required) == len(error.validator_value):
        yield from words.one_of(error, context, required)
        return
    branches: dict[int, list[ValidationError]] = {}
    for inner in error.context or ():
        branches.setdefault(int(inner.relative_schema_path[0]), []).append(inner)
    fitting = [found for found in branches.values() if not any(mistyped(inner) for inner in found)]
    if not fitting:
        yield from words.no_form(error, context, [inner for found in branches.values() for inner in found])
    elif len(fitting) > 1 and isinstance(error.instance, dict):
        yield from mapping(error, context, fitting)
    else:
        yield from descend(min(fitting, key=len), context)


def mapping(
    error: ValidationError, context: words.Context, fitting: Sequence[list[ValidationError]]
) -> Iterator[Finding]:
    """Yield what is wrong with a map that has several forms, told apart by their first required key."""
    forms = [form for form in forms_of(error, context) if form.get("type") == "object"]
    marks = [form["required"][0] for form in forms if form.get("required")]
    known = {key: None for form in forms for key in form.get("properties", ())}
    unknown = [key for key in error.instance if key not in known]
    if any(mark in error.instance for mark in marks):
        yield from descend(min(fitting, key=len), context)
    elif unknown:
        yield from words.unknown_keys(error, context, unknown, list(known))
    else:
        yield from words.one_of(error, context, [[mark] for mark in marks])


def forms_of(error: ValidationError, context: words.Context) -> Iterable[Schema]:
    """Return the alternatives with their references followed."""
    for form in error.validator_value:
        yield truth.step(context.schema, form["$ref"].removeprefix("#")) if "$ref" in form else form


def descend(errors: Iterable[ValidationError], context: words.Context) -> Iterator[Finding]:
    """Yield what the errors of one alternative mean."""
    for error in errors:
        yield from findings(error, context)


def mistyped(error: ValidationError) -> bool:
    """Return whether an alternative is out of the question because of its type."""
    return error.validator == "type" and not error.relative_path


def required_sets(schema: Schema) -> list[list[str]]:
    """Return the sets of keys of a schema that only lists sets of required keys."""
    if set(schema) == {"required"}:
        return [list(schema["required"])]
    return [list(child["required"]) for child in schema.get("anyOf", ()) if set(child) == {"required"}]
