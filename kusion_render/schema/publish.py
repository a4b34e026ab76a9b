"""The schemas as editors use them, in `schemas/v1/`: complete in themselves, and lenient where layers are partial.

A layer says only what it adds, so nothing is required there, `null` deletes anything, `$patch` may stand in any map
and `${{ … }}` may stand for any scalar.
"""

from __future__ import annotations

import json

from kusion_render.schema.truth import FILES, Resolver, accepting_kusion_type, load, names, read, rewrite

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Final

    from kusion_render.schema.truth import Schema

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
REFERENCE: Final = r"^\$\{\{.*\}\}$"
SCALARS: Final = frozenset({"string", "number", "integer", "boolean", "null"})
WORKLOADS: Final = frozenset({"service", "job"})
PATCH: Final = {"description": "Replace or delete this map instead of merging into it.", "enum": ["replace", "delete"]}
# Conditions hold for whole documents; in a part of one they would only raise false alarms.
OF_WHOLE_DOCUMENTS: Final = frozenset({"required", "minProperties", "not", "if", "then", "else"})


def published_names() -> list[str]:
    """Return the names of the published schemas, such as `app-configuration` and `modules/service`."""
    return names()


def published_text(name: str) -> str:
    """Return one published schema as JSON."""
    schema = layer_file() if name == "app-configuration" else published(load(name), partial=name not in FILES)
    heading = {"$schema": DIALECT, "$id": f"urn:kusion-render:schemas:v1:{name.replace('/', ':')}"}
    return json.dumps({**heading, **{key: schema[key] for key in schema if key not in heading}}, indent=2) + "\n"


def bundles() -> dict[str, str]:
    """Return every published schema by its path below `schemas/v1`."""
    return {f"{name}.json": published_text(name) for name in published_names()}


def layer_file() -> Schema:
    """Return the schema of a layer: a map from app names to parts of AppConfigurations."""
    resolver = Resolver()
    modules = {name.partition("/")[2]: read_module(name, resolver) for name in names() if name not in FILES}
    app = accepting_kusion_type(resolver.resolve(read("app-configuration.json"), "app-configuration.json"))
    app["properties"]["workload"] = {
        "description": app["properties"]["workload"]["description"],
        "anyOf": [{"$ref": f"#/$defs/Module{name.capitalize()}"} for name in sorted(modules.keys() & WORKLOADS)],
    }
    app["properties"]["accessories"] = {
        "description": app["properties"]["accessories"]["description"],
        "type": "object",
        "properties": {module["title"]: accessory(name) for name, module in modules.items() if name not in WORKLOADS},
        "additionalProperties": {"description": "A block that says its `module`.", "type": "object"},
    }
    modules_by_name = {f"Module{name.capitalize()}": module for name, module in modules.items()}
    definitions = {"App": app, **modules_by_name, **rewrite_all(resolver.definitions, accepting_kusion_type)}
    return {
        "title": "layer",
        "description": "Apps by name; keys that begin with `_` or `x-` are free, `*` completes every app.",
        "type": "object",
        "properties": {"$schema": {"description": "The schema of this file.", "type": "string"}},
        "patternProperties": {"^(_|x-)": {"description": "A place for anchors."}},
        "additionalProperties": {"$ref": "#/$defs/App"},
        "$defs": rewrite_all(definitions, lambda schema: published(schema, partial=True)),
    }


def read_module(name: str, resolver: Resolver) -> Schema:
    """Return a module's schema; what it refers to goes to the resolver."""
    file = name.partition("/")[2] + ".json"
    return accepting_kusion_type(resolver.resolve(read(file), file))


def accessory(name: str) -> Schema:
    """Return the schema of an accessory under a module's own key, which `module` or `_type` may give to another."""
    named = {"type": "object", "anyOf": [{"required": ["module"]}, {"required": ["_type"]}]}
    return {"anyOf": [{"$ref": f"#/$defs/Module{name.capitalize()}"}, named]}


def rewrite_all(schemas: dict[str, Schema], change: Callable[[Schema], Schema]) -> dict[str, Schema]:
    """Return every schema changed, in order of the names."""
    return {name: change(schemas[name]) for name in sorted(schemas)}


def published(schema: Schema, *, partial: bool) -> Schema:
    """Return the schema without keywords of our own, and lenient if it describes parts of documents."""
    plain = rewrite(schema, lambda node: {key: value for key, value in node.items() if not key.startswith("x-")})
    bare = {key: value for key, value in plain.items() if key != "$schema"}
    return rewrite(bare, lenient) if partial else bare


def lenient(node: Schema) -> Schema:
    """Return one schema for a part of a document."""
    if is_choice_of_keys(node):
        return node
    result = {key: value for key, value in node.items() if key not in OF_WHOLE_DOCUMENTS and key != "allOf"}
    alternatives = result.pop("oneOf", result.get("anyOf"))
    if alternatives is not None:
        result["anyOf"] = [choice for choice in alternatives if set(choice) != {"required"}]
        if not result["anyOf"]:
            del result["anyOf"]
    if "const" in result:
        result["enum"] = [result.pop("const")]
    if "enum" in result:
        return with_reference(result)
    if "type" in result:
        widen(result)
    return result


def is_choice_of_keys(node: Schema) -> bool:
    """Return whether the schema only tells alternatives apart by their keys."""
    return set(node) == {"required"} or (set(node) == {"type", "anyOf"} and node["type"] == "object")


def with_reference(node: Schema) -> Schema:
    """Let `null` or a reference stand for one of several words."""
    choices = {"enum": [*node["enum"], None]}
    rest = {key: value for key, value in node.items() if key not in {"enum", "type"}}
    return {**rest, "anyOf": [choices, {"type": "string", "pattern": REFERENCE}]}


def widen(node: Schema) -> None:
    """Let `null` stand for any value and a reference for any scalar, in a schema just copied."""
    kinds = [node["type"]] if isinstance(node["type"], str) else list(node["type"])
    if "object" in kinds and node.get("additionalProperties") is False:
        node["properties"] = {**node.get("properties", {}), "$patch": PATCH}
    if "string" in kinds and "pattern" in node:
        node["pattern"] = f"({node['pattern']})|({REFERENCE})"
        node.pop("maxLength", None)
    elif "string" not in kinds and SCALARS.issuperset(kinds):
        kinds.append("string")
        node["pattern"] = REFERENCE
    node["type"] = [*kinds, "null"]
