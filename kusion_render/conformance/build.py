"""Writes `kubernetes.json`: what Kubernetes' own schemas say about objects, for every version that we know.

`make kubernetes-schemas` installs `kubernetes-validate`, which carries these schemas, and names its folder here. Kept is what
a check of manifests needs: fields, types, what is required. Descriptions go, and with them what only an API server
writes. A definition stands once for all versions in which it is the same.
"""

from __future__ import annotations

import glob
import json
import os
import re
import sys
from typing import TYPE_CHECKING, Any, Final

from kusion_render.conformance.allowed import ALLOWED, LATER
from kusion_render.conformance.catalogue import DATA

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    Schema = dict[str, Any]  # Any: JSON as it comes

OLDEST: Final = (1, 27)
_REFERENCE: Final = "#/$defs/"
_KEPT: Final = ("$ref", "type", "format", "properties", "required", "additionalProperties", "items")
_BASE64: Final = r"^\s*(?:(?:[A-Za-z0-9+/]\s*){4})*(?:(?:[A-Za-z0-9+/]\s*){2}(?:=\s*){2}|(?:[A-Za-z0-9+/]\s*){3}=\s*)?$"
_QUANTITY: Final = r"^[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[KMGTPE]i|[numkMGTPE]|[eE][+-]?[0-9]+)?$"
# Definitions whose source says less than the API server knows.
_BETTER: Final[Mapping[str, Schema]] = {
    "resource.Quantity": {
        "type": ["string", "number", "null"],
        "pattern": _QUANTITY,
        "x-says": "a quantity such as `100m` or `64Mi`",
    },
    "intstr.IntOrString": {"type": ["integer", "string", "null"]},
    "meta.v1.FieldsV1": {},
}
# Rules and selectors that may be null: to the API server they are empty, which is meant for everything.
_EMPTY_MEANS_ALL: Final = frozenset(
    ("meta.v1.LabelSelector", "networking.v1.NetworkPolicyEgressRule", "networking.v1.NetworkPolicyIngressRule")
)
_FORMATS: Final[Mapping[str, Schema]] = {
    "int32": {"minimum": -(2**31), "maximum": 2**31 - 1},
    "byte": {"pattern": _BASE64, "x-says": "base64"},
}


def main(arguments: Sequence[str]) -> int:
    """Write the file from the schemas below the one folder that is named; return the exit code."""
    if len(arguments) != 1:
        sys.stderr.write("usage: python -m kusion_render.conformance.build FOLDER\n")
        return 2
    found = sources(arguments[0])
    if not found:
        sys.stderr.write(f"no schemas of Kubernetes below {arguments[0]}\n")
        return 1
    text = written({version: pruned(definitions) for version, definitions in found.items()})
    with open(DATA, "w", encoding="utf-8", newline="\n") as stream:
        stream.write(text)
    sys.stdout.write(f"wrote {DATA}: Kubernetes {', '.join(found)}, {len(text)} bytes\n")
    return 0


def sources(folder: str) -> dict[str, Mapping[str, Schema]]:
    """Return the definitions of each version, oldest first."""
    found: dict[tuple[int, int], Mapping[str, Schema]] = {}
    for path in glob.glob(os.path.join(folder, "**", "v*-local", "_definitions.json"), recursive=True):
        match = re.search(r"v([0-9]+)\.([0-9]+)\.[0-9]+-local$", os.path.dirname(path))
        version = (int(match.group(1)), int(match.group(2))) if match else OLDEST
        if match and version >= OLDEST:
            with open(path, encoding="utf-8") as stream:
                found[version] = json.load(stream)["$defs"]
    return {f"{major}.{minor}": found[major, minor] for major, minor in sorted(found)}


def pruned(definitions: Mapping[str, Schema]) -> tuple[dict[str, str], dict[str, Schema]]:
    """Return the definition of each `apiVersion kind`, and all definitions that these need, by short names."""
    kinds: dict[str, str] = {}
    for name, schema in definitions.items():
        is_object = "ObjectMeta" in schema.get("properties", {}).get("metadata", {}).get("$ref", "")
        for each in schema.get("x-kubernetes-group-version-kind", ()) if is_object else ():
            kinds[f"{each['group']}/{each['version']} {each['kind']}".removeprefix("/")] = short(name)
    slim = {short(name): slimmed(short(name), schema) for name, schema in definitions.items()}
    assert len(slim) == len(definitions), "two definitions have one short name"  # noqa: S101 - checked by hand, once a release
    for name in kinds.values():
        slim[name] = whole(slim[name])
    slim = {name: firm(schema, slim) for name, schema in slim.items()}
    needed: set[str] = set()
    waiting = list(kinds.values())
    while waiting:
        name = waiting.pop()
        if name not in needed:
            needed.add(name)
            waiting.extend(references(slim[name]))
    return kinds, {name: slim[name] for name in sorted(needed)}


def short(name: str) -> str:
    """Return the last words of a definition's name that tell it from all others: `core.v1.PodSpec`."""
    return ".".join(name.split(".")[-3 if re.search(r"\.v[0-9][a-z0-9]*\.[A-Za-z]+$", name) else -2 :])


def slimmed(name: str, schema: Schema) -> Schema:
    """Return a definition without what no check asks for; properties of a definition are strict where they are known."""
    if name in _BETTER:
        return dict(_BETTER[name])
    result = bare(schema)
    for key, values in ALLOWED.get(name, {}).items():
        field = schema.get("properties", {}).get(key)
        if field is not None:
            text = field.get("description", "")
            known = [value for value in values if value not in LATER or re.search(rf"\b{value}\b", text)]
            result["properties"][key]["enum"] = [*known, "", None]
    return result


def bare(schema: Schema) -> Schema:
    """Return a schema with the keywords that we keep, and formats as bounds."""
    result: Schema = {}
    for key in _KEPT:
        if key not in schema:
            continue
        value = schema[key]
        if key == "properties":
            result[key] = {name: bare(value[name]) for name in sorted(value)}
            result.setdefault("additionalProperties", False)
        elif key in ("items", "additionalProperties") and isinstance(value, dict):
            result[key] = bare(value)
        elif key == "$ref":
            result[key] = _REFERENCE + short(value.rpartition("/")[2])
        elif key == "format":
            result.update(_FORMATS.get(value, {}))
        else:
            result[key] = value
    return result


def whole(schema: Schema) -> Schema:
    """Return the definition of an object: what it is, its finder knows, and its status nobody keeps in Git."""
    properties = {**schema["properties"], "apiVersion": {}, "kind": {}}
    if "status" in properties:
        properties["status"] = {}
    return {**schema, "type": "object", "properties": properties}


def firm(schema: Schema, definitions: Mapping[str, Schema]) -> Schema:
    """Return a definition in which null stands neither for what is required nor for an item: to Kubernetes it is nothing."""

    def present(child: Schema) -> Schema:
        name = child.get("$ref", "").removeprefix(_REFERENCE)
        types = definitions.get(name, {}).get("type", ()) if name not in _EMPTY_MEANS_ALL else ()
        wanted = [each for each in ((types,) if isinstance(types, str) else types) if each != "null"]
        return {**child, "type": wanted[0] if len(wanted) == 1 else wanted} if wanted else child

    result = dict(schema)
    if isinstance(schema.get("items"), dict):
        result["items"] = present(schema["items"])
    if "properties" in schema:
        needed = schema.get("required", ())
        inner = {key: firm(child, definitions) for key, child in schema["properties"].items()}
        result["properties"] = {key: present(child) if key in needed else child for key, child in inner.items()}
    return result


def references(schema: Any) -> Iterator[str]:
    """Yield the names of the definitions that a schema refers to."""
    if isinstance(schema, dict):
        if isinstance(schema.get("$ref"), str):
            yield schema["$ref"].removeprefix(_REFERENCE)
        for child in schema.values():
            yield from references(child)


def written(versions: Mapping[str, tuple[Mapping[str, str], Mapping[str, Schema]]]) -> str:
    """Return the file: a line for each definition, with the versions since which it reads so; `null` where it is gone."""
    kinds: dict[str, str] = {}
    for known, _ in versions.values():
        kinds.update(known)
    names = sorted({name for _, definitions in versions.values() for name in definitions})
    lines = [f"{_json(name)}: {_json(history(name, versions))}" for name in names]
    return (
        f'{{"versions": {_json(list(versions))},\n"kinds": {{\n'
        + ",\n".join(f"{_json(kind)}: {_json(kinds[kind])}" for kind in sorted(kinds))
        + '},\n"definitions": {\n'
        + ",\n".join(lines)
        + "}}\n"
    )


def history(name: str, versions: Mapping[str, tuple[Mapping[str, str], Mapping[str, Schema]]]) -> list[Any]:
    """Return pairs of a version and how the definition reads from there on."""
    result: list[Any] = []
    last: Schema | None = None
    for version, (_, definitions) in versions.items():
        schema = definitions.get(name)
        if schema != last:
            result.append([version, schema])
            last = schema
    return result


def _json(value: object) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
