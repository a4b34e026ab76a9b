"""The hand-written schemas, read and made whole: references to other files and `x-includes` resolved.

Cold path: only the build, the explanation of errors and the published schemas come here.
Files refer to each other as `workload.json#/$defs/Container`; `workload.json` is the workload's schema,
`<module>.json` a module's, any other name a file in this folder.
"""

from __future__ import annotations

import json
import os
from functools import cache

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any, Final, TypeAlias

    # JSON Schemas are read from files and handed to jsonschema, which types them loosely.
    Schema: TypeAlias = dict[str, Any]

HERE: Final = os.path.dirname(os.path.abspath(__file__))
PACKAGE: Final = os.path.dirname(HERE)
FILES: Final = ("app-configuration", "project", "stack", "workspace", "kusion-render")
# The values under these keywords are maps from free names to schemas; a name is no keyword there.
MAPS_OF_SCHEMAS: Final = frozenset({"properties", "patternProperties", "$defs"})
SCHEMAS: Final = frozenset({"additionalProperties", "items", "propertyNames", "not", "if", "then", "else"})
LISTS_OF_SCHEMAS: Final = frozenset({"anyOf", "oneOf", "allOf"})


def names() -> list[str]:
    """Return the names of all schemas that data is checked with, such as `project` and `modules/service`."""
    folder = os.path.join(PACKAGE, "modules")
    found = sorted(name for name in os.listdir(folder) if os.path.isfile(os.path.join(folder, name, "schema.json")))
    return [*FILES, *(f"modules/{name}" for name in found)]


@cache  # a hundred mistakes ask for it three hundred times
def load(name: str) -> Schema:
    """Return a schema that refers to nothing outside itself; callers leave it as it is.

    Module schemas and app configurations accept Kusion's `_type` in every map with known keys.
    """
    file = name.removeprefix("modules/") + ".json"
    resolver = Resolver()
    root = resolver.resolve(read(file), file)
    root.pop("$defs", None)
    if resolver.definitions:
        root["$defs"] = {key: resolver.definitions[key] for key in sorted(resolver.definitions)}
    return accepting_kusion_type(root) if name not in FILES or name == "app-configuration" else root


def accepting_kusion_type(schema: Schema) -> Schema:
    """Return the schema with `_type` in every map with known keys, as Kusion's evaluation writes it."""
    return rewrite(schema, accept_kusion_type)


def read(file: str) -> Schema:
    """Read one hand-written file by the name others refer to it by."""
    stem = file.removesuffix(".json")
    if stem == "workload":
        path = os.path.join(PACKAGE, "workload", "schema.json")
    elif stem in FILES:
        path = os.path.join(HERE, file)
    else:
        path = os.path.join(PACKAGE, "modules", stem, "schema.json")
    with open(path, encoding="utf-8") as stream:
        data: Schema = json.load(stream)
    return data


def step(schema: Schema, pointer: str) -> Schema:
    """Follow a JSON Pointer without escapes, such as `/$defs/File/properties/mode`."""
    for part in pointer.strip("/").split("/"):
        schema = schema[part]
    return schema


def rewrite(schema: Schema, change: Callable[[Schema], Schema]) -> Schema:
    """Return a copy in which every schema, innermost first, went through `change`."""
    copy: Schema = {}
    for key, value in schema.items():
        if key in MAPS_OF_SCHEMAS:
            copy[key] = {name: rewrite(child, change) for name, child in value.items()}
        elif key in SCHEMAS and isinstance(value, dict):
            copy[key] = rewrite(value, change)
        elif key in LISTS_OF_SCHEMAS:
            copy[key] = [rewrite(child, change) for child in value]
        else:
            copy[key] = value
    return change(copy)


def branches(schema: Schema, root: Schema) -> Iterator[Schema]:
    """Yield the schema and all that hold at the same place: its reference, its alternatives and conditions."""
    if "$ref" in schema:
        yield from branches(step(root, schema["$ref"].removeprefix("#")), root)
    yield schema
    for keyword in ("anyOf", "oneOf", "allOf"):
        for child in schema.get(keyword, ()):
            yield from branches(child, root)
    if "then" in schema:
        yield from branches(schema["then"], root)


def accept_kusion_type(schema: Schema) -> Schema:
    """Let one map with known keys carry `_type`."""
    if schema.get("type") != "object" or "properties" not in schema:
        return schema
    kind = {"description": "Kusion's type of this block.", "type": "string"}
    return {**schema, "properties": {**schema["properties"], "_type": kind}}


class Resolver:
    """Gathers what a schema refers to under `definitions`, by unique short names."""

    __slots__ = ("definitions", "taken")

    def __init__(self) -> None:
        self.definitions: Final[dict[str, Schema]] = {}
        self.taken: Final[dict[str, str]] = {}

    def resolve(self, schema: Schema, file: str) -> Schema:
        """Return the schema of that file with its references pointing at `definitions`."""

        def change(node: Schema) -> Schema:
            if "x-includes" in node:
                node = self.include(node, file)
            if "$ref" in node:
                node = {**node, "$ref": "#/$defs/" + self.define(node["$ref"], file)}
            return node

        own = {key: value for key, value in schema.items() if key != "$defs"}
        return rewrite(own, change)

    def include(self, node: Schema, file: str) -> Schema:
        """Add what another map with known keys has; the node's own words win."""
        source, pointer = split(node["x-includes"], file)
        other = self.resolve(step(read(source), pointer), source)
        rest = {key: value for key, value in node.items() if key != "x-includes"}
        properties = {**other.get("properties", {}), **node.get("properties", {})}
        return {**other, **rest, "properties": properties}

    def define(self, reference: str, file: str) -> str:
        """Return the short name of what a reference points at, gathering it on first sight."""
        source, pointer = split(reference, file)
        address = f"{source}#{pointer}"
        short = "".join(
            part[0].upper() + part[1:] for part in pointer.split("/") if part not in {"", "$defs", "properties"}
        )
        if self.taken.get(short, address) != address:
            short = source.removesuffix(".json").capitalize() + short
        if short not in self.taken:
            self.taken[short] = address
            self.definitions[short] = self.resolve(step(read(source), pointer), source)
        return short


def split(reference: str, file: str) -> tuple[str, str]:
    """Return the file and the pointer of a reference; `#/…` stays in its own file."""
    source, _, pointer = reference.partition("#")
    return source or file, pointer
