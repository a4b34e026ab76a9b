"""The fields of the published schemas: which there are, and which of them a file uses.

A field's name is the definition that it stands in and the keys below: `Container.env`, `ModuleNetwork.hostDefaults.tls`.
"""

from __future__ import annotations

import json
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from workbench import PROJECT

if TYPE_CHECKING:
    from collections.abc import Iterator

PUBLISHED: Final = PROJECT / "schemas/v1"
# One published schema holds those of all modules.
DOCUMENTS: Final = ("app-configuration", "project", "stack", "workspace", "kusion-render")
# They may stand in any map, and are no fields of it.
EVERYWHERE: Final = frozenset({"_type", "$patch", "$schema"})
TYPES: Final[dict[str, tuple[type, ...]]] = {
    "object": (dict,),
    "array": (list,),
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "null": (type(None),),
}


@cache
def published(name: str) -> dict[str, Any]:
    """Return a published schema, such as `workspace` and `modules/job`."""
    schema: dict[str, Any] = json.loads((PUBLISHED / f"{name}.json").read_text(encoding="utf-8"))
    return schema


def schemas_at(schema: Any, root: dict[str, Any], owner: str) -> Iterator[tuple[dict[str, Any], str]]:
    """Yield the schemas that hold at one place, references and alternatives followed, each with its name."""
    if not isinstance(schema, dict):
        return
    if "$ref" in schema:
        short = schema["$ref"].rpartition("/")[2]
        yield from schemas_at(root["$defs"][short], root, short)
    yield schema, owner
    for keyword in ("anyOf", "oneOf", "allOf"):
        for child in schema.get(keyword, ()):
            yield from schemas_at(child, root, owner)


def fields_of(name: str) -> dict[str, dict[str, Any]]:
    """Return every field of a document's schema by its name, with what the schema says about it."""
    root = published(name)
    found: dict[str, dict[str, Any]] = {}
    seen: set[int] = set()

    def walk(schema: Any, owner: str) -> None:
        for each, path in schemas_at(schema, root, owner):
            if id(each) in seen:
                continue
            seen.add(id(each))
            for key, child in each.get("properties", {}).items():
                if key not in EVERYWHERE:
                    found[f"{path}.{key}"] = child
                    walk(child, f"{path}.{key}")
            walk(each.get("additionalProperties"), f"{path}.*")
            walk(each.get("items"), f"{path}[]")

    walk(root, name)
    return found


def uses(data: Any, name: str) -> Iterator[tuple[str, tuple[Any, ...]]]:
    """Yield the fields that a document's data uses, each with where it stands."""
    root = published(name)

    def walk(value: Any, schema: Any, owner: str, pointer: tuple[Any, ...]) -> Iterator[tuple[str, tuple[Any, ...]]]:
        for each, path in schemas_at(schema, root, owner):
            if not allows(each, value):
                continue
            properties, rest = each.get("properties", {}), each.get("additionalProperties")
            for key, child in value.items() if isinstance(value, dict) else ():
                place = (*pointer, key)
                if key in properties and key not in EVERYWHERE:
                    yield f"{path}.{key}", place
                    yield from walk(child, properties[key], f"{path}.{key}", place)
                elif key not in properties:
                    yield from walk(child, rest, f"{path}.*", place)
            for at, item in enumerate(value if isinstance(value, list) else ()):
                yield from walk(item, each.get("items"), f"{path}[]", (*pointer, at))

    yield from walk(data, root, name, ())


def used_in(data: Any, name: str) -> set[str]:
    """Return the names of the fields that a document's data uses."""
    return {field for field, _ in uses(data, name)}


def allows(schema: dict[str, Any], value: object) -> bool:
    """Tell whether a value has a type that the schema names, and no key that it does not know."""
    kinds = schema.get("type", list(TYPES))
    named = [kinds] if isinstance(kinds, str) else kinds
    if not isinstance(value, tuple(each for kind in named for each in TYPES[kind])):
        return False
    if isinstance(value, dict) and schema.get("additionalProperties") is False:
        return value.keys() <= schema.get("properties", {}).keys()
    return True
