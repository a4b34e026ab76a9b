"""The sentences about data that does not fit, and the next steps.

A value is shown only where it cannot be secret, and only if it is short. Each function takes an error of
jsonschema and yields findings.
"""

from __future__ import annotations

import difflib
import json

from kusion_render.diagnostics import Rule
from kusion_render.schema import hints
from kusion_render.schema.scalars import secret

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from typing import Any, Final, TypeAlias

    from kusion_render.diagnostics import Pointer
    from kusion_render.schema.truth import Schema

    Error: TypeAlias = Any  # jsonschema's ValidationError, each of whose fields may be unset to the type checker
    Explanation: TypeAlias = "Callable[[Error, Context], Iterator[Finding]]"

WRONG_TYPE: Final = Rule("KR201", "wrong-type")
MISSING_KEY: Final = Rule("KR202", "missing-key")
UNKNOWN_KEY: Final = Rule("KR203", "unknown-key")
NOT_ALLOWED: Final = Rule("KR204", "not-allowed")
WRONG_FORMAT: Final = Rule("KR205", "wrong-format")
OUT_OF_RANGE: Final = Rule("KR206", "out-of-range")
CONFLICTING_KEYS: Final = Rule("KR207", "conflicting-keys")

TYPES: Final = {
    "string": "text",
    "number": "a number",
    "integer": "a whole number",
    "boolean": "true or false",
    "array": "a list",
    "object": "a map",
    "null": "null",
}
LONGEST_VALUE: Final = 40
LONGEST_LIST: Final = 8


class Context:
    """The schema in use and where the data stands."""

    __slots__ = ("name", "pointer", "schema")

    # Whether the data is in a form of our own, whose common mistakes are known; and what a key of a map is called.
    ours = True
    noun = "key"

    def __init__(self, name: str, pointer: Pointer, schema: Schema) -> None:
        self.name: Final = name
        self.pointer: Final = pointer
        self.schema: Final = schema

    def subject(self, pointer: Pointer) -> str:
        """Return what a place is called: its key, an item of a list, or the file."""
        if not pointer:
            return str(self.schema.get("title", "the file"))
        last = pointer[-1]
        if isinstance(last, str):
            return f"`{last}`"
        owner = next((part for part in reversed(pointer) if isinstance(part, str)), "")
        return f"item {last + 1} of `{owner}`" if owner else f"item {last + 1}"


class Finding:
    """One thing that does not fit: a rule, a sentence, a place and a next step."""

    __slots__ = ("help", "message", "on_key", "pointer", "rule")

    def __init__(
        self,
        rule: Rule,
        message: str,
        pointer: Pointer,
        help: str | None = None,  # noqa: A002 - the word users read in the report
        *,
        on_key: bool = False,
    ) -> None:
        self.rule: Final = rule
        self.message: Final = message
        self.pointer: Final = pointer
        self.help: Final = help
        self.on_key: Final = on_key

    def key(self) -> tuple[object, ...]:
        """What makes two findings the same."""
        return (self.rule.code, self.pointer, self.message)


def wrong_type(error: Error, context: Context) -> Iterator[Finding]:
    """Say which type is wanted and which was found."""
    expected = error.validator_value
    yield mismatch(error, context, [expected] if isinstance(expected, str) else without_scalars(expected))


def no_form(error: Error, context: Context, inner: Iterable[Error]) -> Finding:
    """Say which types are wanted where none of several forms has the type that was found."""
    expected: list[str] = []
    for item in inner:
        if item.validator == "type" and not item.relative_path:
            value = item.validator_value
            expected += [value] if isinstance(value, str) else without_scalars(value)
    return mismatch(error, context, list(dict.fromkeys(expected)))


def without_scalars(types: Sequence[str]) -> list[str]:
    """Return the types without those that merely count as text, which would be noise."""
    return [kind for kind in types if kind not in {"number", "boolean"} or "string" not in types]


def without_null(types: Sequence[str]) -> list[str]:
    """Return the types without the one that leaves a key unset, where there is another."""
    return [kind for kind in types if kind != "null"] or list(types)


def mismatch(error: Error, context: Context, wanted: Sequence[str]) -> Finding:
    """Return the finding that a value has a wrong type."""
    pointer = place(error, context)
    value = error.instance
    wanted = without_null(wanted)
    found = f"{kind_of(value)} {shown(value, pointer)}".rstrip()
    message = f"{context.subject(pointer)} must be {either([TYPES[kind] for kind in wanted])}, found {found}"
    known = hints.for_type(context.name, pointer, path(error), value, wanted) if context.ours else None
    advice = known or requote(value, wanted, pointer)
    return Finding(WRONG_TYPE, message, pointer, advice)


def requote(value: object, wanted: Sequence[str], pointer: Pointer) -> str | None:
    """Return the next step where quotes, or a value, are all that is wrong."""
    if value is None:
        return "give it a value, or remove the key"
    if wanted == ["string"] and isinstance(value, (bool, int, float)):
        return "quote it" if secret(pointer) else f"quote it: `{json.dumps(json.dumps(value))}`"
    if isinstance(value, str) and "string" not in wanted and is_scalar(value, wanted):
        return "write it without quotes"
    return None


def is_scalar(text: str, wanted: Sequence[str]) -> bool:
    """Return whether the text, without its quotes, is a number or a truth value that is wanted."""
    if text in {"true", "false"}:
        return "boolean" in wanted
    return text.isascii() and text.isdigit() and bool({"integer", "number"} & set(wanted))


def missing(error: Error, context: Context) -> Iterator[Finding]:
    """Name each key that is missing."""
    pointer = place(error, context)
    for key in error.validator_value:
        if key not in error.instance and not misspelt(error, [key]):
            known = error.schema.get("properties", {}).get(key, {})
            advice = hints.for_missing(key, error.instance) if context.ours else None
            advice = advice or example(key, known, context)
            yield Finding(
                MISSING_KEY, f"{context.subject(pointer)} has no `{key}`", pointer, advice, on_key=bool(pointer)
            )


def unknown(error: Error, context: Context) -> Iterator[Finding]:
    """Name each key that the schema has not."""
    known = list(error.schema.get("properties", ()))
    yield from unknown_keys(error, context, [key for key in error.instance if key not in known], known)


def unknown_keys(error: Error, context: Context, keys: Iterable[str], known: Sequence[str]) -> Iterator[Finding]:
    """Name keys that do not belong, with where they belong or what is nearly the same."""
    pointer = place(error, context)
    for key in keys:
        inside = f" in {context.subject(pointer)}" if pointer or context.name not in hints.FILES else ""
        advice = hints.for_key(context.name, pointer, path(error), key) if context.ours else None
        advice = advice or suggestion(key, known)
        yield Finding(UNKNOWN_KEY, f"unknown {context.noun} `{key}`{inside}", (*pointer, key), advice, on_key=True)


def bad_name(error: Error, context: Context) -> Iterator[Finding]:
    """Say why a key that the user chooses is no good."""
    key = error.instance
    parent = place(error, context)
    pointer = (*parent, key)
    if error.validator == "enum":
        message = f"unknown {context.noun} `{key}` in {context.subject(parent)}"
        advice = hints.for_name(context.name, parent, key) or suggestion(key, error.validator_value)
        yield Finding(UNKNOWN_KEY, message, pointer, advice, on_key=True)
    elif error.validator == "pattern":
        says = error.schema.get("x-says")
        yield Finding(WRONG_FORMAT, f"key `{key}` must be {says or 'of another form'}", pointer, on_key=True)
    elif error.validator == "minLength":
        yield Finding(
            OUT_OF_RANGE, f"a key of {context.subject(parent)} is empty", pointer, "give it a name", on_key=True
        )
    else:
        message = f"key `{key}` is too long"
        yield Finding(OUT_OF_RANGE, message, pointer, f"use at most {error.validator_value} characters", on_key=True)


def misspelt(error: Error, keys: Sequence[str]) -> bool:
    """Return whether an unknown key, which is reported anyway, was probably meant to be one of these."""
    if error.schema.get("additionalProperties") is not False:
        return False
    known = error.schema.get("properties", {})
    return any(difflib.get_close_matches(key, keys, 1) for key in error.instance if key not in known)


def not_allowed(error: Error, context: Context) -> Iterator[Finding]:
    """Say which words are allowed."""
    allowed = error.validator_value if error.validator == "enum" else [error.validator_value]
    pointer = place(error, context)
    value = error.instance
    choices = [word if isinstance(word, str) else json.dumps(word) for word in allowed if word not in ("", None)]
    found = shown(value, pointer) or ("" if isinstance(value, str) else kind_of(value))
    message = f"{context.subject(pointer)} must be {either(backticks(choices))}" + (f", found {found}" if found else "")
    rule = NOT_ALLOWED if isinstance(value, type(allowed[0])) else WRONG_TYPE
    yield Finding(rule, message, pointer, nearest(value, choices) if isinstance(value, str) else None)


def wrong_format(error: Error, context: Context) -> Iterator[Finding]:
    """Say in words what the text must look like."""
    pointer = place(error, context)
    says = error.schema.get("x-says") or "of another form"
    found = shown(error.instance, pointer)
    message = f"{context.subject(pointer)} must be {says}" + (f", found {found}" if found else "")
    yield Finding(WRONG_FORMAT, message, pointer)


def out_of_range(error: Error, context: Context) -> Iterator[Finding]:
    """Say which bound is broken."""
    pointer = place(error, context)
    limit = error.validator_value
    found = shown(error.instance, pointer)
    text = BOUNDS[str(error.validator)].format(limit=limit)
    if limit == 1 and error.validator in {"minLength", "minItems", "minProperties"}:
        text, found = "must not be empty", ""
    elif error.validator not in {"minimum", "maximum"}:
        found = ""
    yield Finding(OUT_OF_RANGE, f"{context.subject(pointer)} {text}" + (f", found {found}" if found else ""), pointer)


def conflict(error: Error, context: Context, sets: Iterable[Sequence[str]]) -> Iterator[Finding]:
    """Name keys that exclude each other, or the one key that may not be here."""
    pointer = place(error, context)
    for keys in sets:
        if not all(key in error.instance for key in keys):
            continue
        if len(keys) == 1:
            message = f"`{keys[0]}` does not belong in {context.subject(pointer)}"
            yield Finding(UNKNOWN_KEY, message, (*pointer, keys[0]), "remove it", on_key=True)
        else:
            yield clash(keys, pointer, context)


def one_of(error: Error, context: Context, sets: Sequence[Sequence[str]]) -> Iterator[Finding]:
    """Name the keys of which one is needed, or those of which one is too many."""
    pointer = place(error, context)
    keys = [item[0] for item in sets]
    present = [key for key in keys if key in error.instance]
    if len(present) > 1:
        yield clash(present, pointer, context)
    elif not misspelt(error, keys):
        message = f"{context.subject(pointer)} needs {'one of ' if len(keys) > 1 else ''}{either(backticks(keys))}"
        yield Finding(MISSING_KEY, message, pointer, on_key=bool(pointer))


def clash(keys: Sequence[str], pointer: Pointer, context: Context) -> Finding:
    """Return the finding that keys exclude each other, at the last of them."""
    message = f"{' and '.join(backticks(keys))} exclude each other in {context.subject(pointer)}"
    return Finding(CONFLICTING_KEYS, message, (*pointer, keys[-1]), "keep one of them", on_key=True)


def anything_else(error: Error, context: Context) -> Iterator[Finding]:
    """Name the keyword, for what only schemas from outside use."""
    pointer = place(error, context)
    message = f"{context.subject(pointer)} does not satisfy `{error.validator}` of its schema"
    yield Finding(CONFLICTING_KEYS, message, pointer, error.schema.get("description"))


BOUNDS: Final = {
    "minimum": "must be at least {limit}",
    "maximum": "must be at most {limit}",
    "exclusiveMinimum": "must be more than {limit}",
    "exclusiveMaximum": "must be less than {limit}",
    "multipleOf": "must be a multiple of {limit}",
    "minLength": "must have at least {limit} characters",
    "maxLength": "must have at most {limit} characters",
    "minItems": "must have at least {limit} items",
    "maxItems": "must have at most {limit} items",
    "uniqueItems": "names an item twice",
    "minProperties": "must have at least {limit} keys",
    "maxProperties": "must have at most {limit} keys",
}
EXPLANATIONS: Final[Mapping[str, Explanation]] = {
    "type": wrong_type,
    "required": missing,
    "additionalProperties": unknown,
    "enum": not_allowed,
    "const": not_allowed,
    "pattern": wrong_format,
    **dict.fromkeys(BOUNDS, out_of_range),
}


def path(error: Error) -> Pointer:
    """Return where the error is, below the data that was checked."""
    return tuple(error.absolute_path)


def place(error: Error, context: Context) -> Pointer:
    """Return where the error is in the whole document."""
    return (*context.pointer, *path(error))


def kind_of(value: object) -> str:
    """Return the type of a value as a user would say it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    for kind, name in ((str, "text"), (int, "the number"), (float, "the number"), (list, "a list"), (dict, "a map")):
        if isinstance(value, kind):
            return name
    return "null"


def shown(value: object, pointer: Pointer) -> str:
    """Return a value for a message, or nothing if it is long, has parts or may be secret."""
    if value is None or isinstance(value, (dict, list, bool)) or secret(pointer):
        return ""
    text = str(value)
    return f"`{text}`" if len(text) <= LONGEST_VALUE and text.isprintable() else ""


def suggestion(key: str, known: Sequence[str]) -> str | None:
    """Return the known key that is nearly the same, else all of them if they are few."""
    names = [name for name in known if name != "_type"]
    near = nearest(key, names)
    return near or (f"allowed here: {', '.join(backticks(names))}" if 0 < len(names) <= LONGEST_LIST else None)


def nearest(word: str, known: Iterable[str]) -> str | None:
    """Return the question whether the nearest known word was meant."""
    by_lower = {name.lower(): name for name in known}
    near = difflib.get_close_matches(word.lower(), list(by_lower), 1)
    return f"did you mean `{by_lower[near[0]]}`?" if near else None


def example(key: str, schema: Schema, context: Context) -> str | None:
    """Return how a missing key would be written, if its schema has an example."""
    while "$ref" in schema and "examples" not in schema:
        schema = context.schema["$defs"][schema["$ref"].rsplit("/", 1)[-1]]
    examples = schema.get("examples")
    return (
        f"add it, as `{key}: {json.dumps(examples[0]) if not isinstance(examples[0], str) else examples[0]}`"
        if examples
        else None
    )


def backticks(keys: Iterable[str]) -> list[str]:
    """Return the keys as a user's words."""
    return [f"`{key}`" for key in keys]


def either(choices: Sequence[str]) -> str:
    """Join choices with commas and `or`."""
    return choices[0] if len(choices) == 1 else f"{', '.join(choices[:-1])} or {choices[-1]}"
