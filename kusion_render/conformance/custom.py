"""Custom resources: from CustomResourceDefinitions to what their objects are checked with.

What the API server does with a structural schema is done here, but for rules in CEL and formats, which are not looked at.
Source: Kubernetes, "Extend the Kubernetes API with CustomResourceDefinitions".
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from kusion_render.conformance.catalogue import METADATA
from kusion_render.contents import read_manifests
from kusion_render.diagnostics import Rule
from kusion_render.schema.objects import Finding, Shapes

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from typing import TypeAlias

    from kusion_render.conformance.catalogue import Version
    from kusion_render.diagnostics import Diagnostics
    from kusion_render.repository import Files

    Schema = dict[str, Any]  # Any: a CustomResourceDefinition's own parts
    Customs: TypeAlias = "Mapping[str, Custom]"

BAD_DEFINITION: Final = Rule("KR648", "bad-custom-resource-definition")
DEFINITION: Final = "CustomResourceDefinition"
_API: Final = "apiextensions.k8s.io/v1"
_ROOT: Final = "object"
_TYPES: Final = frozenset(("string", "number", "integer", "boolean", "array", "object"))
_COPIED: Final = (
    *("enum", "minimum", "maximum", "multipleOf", "minLength", "maxLength", "pattern", "minItems", "maxItems"),
    *("uniqueItems", "minProperties", "maxProperties"),
)
# A pattern is shown up to this length; longer ones say nothing to anybody.
_SHOWN: Final = range(1, 80)
_ALTERNATIVES: Final = ("allOf", "anyOf", "oneOf")
_OWN: Final[Schema] = {"apiVersion": {}, "kind": {}, "metadata": {"$ref": f"#/$defs/{METADATA}"}}


class Custom:
    """One version of a custom resource: what its objects are checked with, and what else is said of it.

    `schema` is that of its definition, None where anything goes. `served` lists all versions of its kind that the API server
    answers for; `warning` is why not to use this one.
    """

    __slots__ = ("_newest", "_schema", "_shapes", "served", "warning")

    def __init__(self, schema: Schema | None, served: list[str], warning: str, newest: Version) -> None:
        self._schema: Final = schema
        self._newest: Final = newest
        self._shapes: Shapes | None = None
        self.served: Final = served
        self.warning: Final = warning

    def findings(self, manifest: Mapping[str, Any]) -> list[Finding]:
        """Return in what an object does not fit, as `Shapes.findings`."""
        if self._schema is None or self._schema.get("x-kubernetes-preserve-unknown-fields"):
            return []
        if self._shapes is None:
            root = strict(self._schema)
            root = {**root, "properties": {**root.get("properties", {}), **_OWN}}
            self._shapes = Shapes({**self._newest.definitions, _ROOT: root})
        return self._shapes.findings(_ROOT, manifest)


def find(customs: Customs, api: str, kind: str) -> Custom | None:
    """Return what is known of a kind at an `apiVersion`; where the version is unknown, what is known of the kind."""
    return customs.get(f"{api} {kind}") or customs.get(f"{api.partition('/')[0]} {kind}")


def customs_of(manifests: Iterable[Mapping[str, Any]], newest: Version) -> dict[str, Custom]:
    """Return the custom resources of sound definitions: by `group/version Kind`, and by `group Kind` for any other version."""
    return {key: custom for manifest in manifests for key, custom in _versions(manifest, newest)}


def read_definitions(
    files: Files, paths: Iterable[str], file: str, newest: Version, diagnostics: Diagnostics
) -> Customs:
    """Return the custom resources that the files and folders at `paths` define; `file` is where the paths are written.

    A path without definitions, and a definition that Kubernetes would refuse, is KR648.
    """
    found: list[Mapping[str, Any]] = []
    for number, path in enumerate(paths):
        where = files.span(file, ("customResourceDefinitions", number))
        before = len(diagnostics.items)
        written = read_manifests(files, path.rstrip("/") or path, where, diagnostics)
        definitions = [each for each in written if isinstance(each.data, dict) and each.data.get("kind") == DEFINITION]
        if not definitions and len(diagnostics.items) == before:
            message, advice = f"`{path}` holds no CustomResourceDefinition", "name the files or folders that hold them"
            diagnostics.report(BAD_DEFINITION, message, where, help=advice)
        for each in definitions:
            problem = wrong(each.data, newest)
            if problem is None:
                found.append(each.data)
            else:
                diagnostics.report(BAD_DEFINITION, problem[0], each.span(problem[1]), help=problem[2])
    return customs_of(found, newest)


def wrong(manifest: Mapping[str, Any], newest: Version) -> tuple[str, tuple[str | int, ...], str] | None:
    """Return why nothing can be checked with a definition: a sentence, a place in it, and the next step."""
    if manifest.get("apiVersion") != _API:
        return f"only definitions of `{_API}` can be read", ("apiVersion",), f"write it as `{_API}`"
    found = newest.shapes.findings(newest.kinds[f"{_API} {DEFINITION}"], manifest)
    serious = [each for each in found if each.rule.code != "KR203"]  # what nobody knows does no harm
    if serious:
        return serious[0].message, serious[0].pointer, serious[0].help or "correct it"
    if not _is_whole(manifest.get("spec")):
        return "the definition does not say group, kind and versions", ("spec",), "give them values"
    return None


def _is_whole(spec: Any) -> bool:
    """Tell whether a definition says what it is of: to the schema, null stands for anything."""
    names, versions = (spec.get("names"), spec.get("versions")) if isinstance(spec, dict) else (None, None)
    named = isinstance(names, dict) and isinstance(names.get("kind"), str) and isinstance(spec.get("group"), str)
    return named and isinstance(versions, list) and all(isinstance(each, dict) for each in versions)


def _versions(manifest: Mapping[str, Any], newest: Version) -> Iterator[tuple[str, Custom]]:
    spec = manifest["spec"]
    group, kind = spec["group"], spec["names"]["kind"]
    served = [each["name"] for each in spec["versions"] if each["served"]]
    yield f"{group} {kind}", Custom(None, served, "", newest)
    for each in spec["versions"]:
        if each["served"]:
            schema = (each.get("schema") or {}).get("openAPIV3Schema")
            warning = each.get("deprecationWarning") or "its definition says so" if each.get("deprecated") else ""
            yield f"{group}/{each['name']} {kind}", Custom(schema, served, warning, newest)


def strict(schema: Schema) -> Schema:
    """Return a structural schema as JSON Schema that knows no other fields: what the API server would drop is unknown."""
    result = _values(schema)
    properties = _maps(schema.get("properties"))
    if properties or schema.get("type") == "object":
        result["properties"] = {key: strict(child) for key, child in properties.items()}
        if schema.get("x-kubernetes-embedded-resource"):
            result["properties"].update(_OWN)
        rest = schema.get("additionalProperties")
        keeps = bool(schema.get("x-kubernetes-preserve-unknown-fields"))
        result["additionalProperties"] = strict(rest) if isinstance(rest, dict) else bool(rest) or keeps
    if isinstance(schema.get("items"), dict):
        result["items"] = strict(schema["items"])
    # What has a default is there before anything is checked.
    needed = [key for key in schema.get("required") or () if "default" not in properties.get(key, {})]
    if needed:
        result["required"] = needed
    return result


def _values(schema: Schema) -> Schema:
    """Return what a schema says of a value itself, not of the fields that it may have."""
    result: Schema = {key: schema[key] for key in _COPIED if schema.get(key) is not None}
    if not result.get("multipleOf", 1) > 0:
        del result["multipleOf"]
    for bound, key in (("minimum", "exclusiveMinimum"), ("maximum", "exclusiveMaximum")):
        if schema.get(key) is True and bound in result:
            result[key] = result.pop(bound)
    if len(result.get("pattern", "")) in _SHOWN:
        result["x-says"] = f"of the form `{result['pattern']}`"
    either = schema.get("x-kubernetes-int-or-string") is True
    if either or schema.get("type") in _TYPES:
        types = ["integer", "string"] if either else [schema["type"]]
        # Of a field with a default, null is dropped, and the default takes its place.
        result["type"] = [*types, "null"] if schema.get("nullable") or "default" in schema else types
    if "null" in result.get("type", ()) and "enum" in result:
        result["enum"] = [*result["enum"], None]
    for key in _ALTERNATIVES:
        if schema.get(key) and not either:
            result[key] = [_loose(child) for child in schema[key]]
    if isinstance(schema.get("not"), dict):
        result["not"] = _loose(schema["not"])
    return result


def _loose(schema: Schema) -> Schema:
    """Return an alternative: it holds values back, and leaves open which fields there are."""
    result = _values(schema)
    if schema.get("required"):
        result["required"] = schema["required"]
    properties = _maps(schema.get("properties"))
    if properties:
        result["properties"] = {key: _loose(child) for key, child in properties.items()}
    if isinstance(schema.get("items"), dict):
        result["items"] = _loose(schema["items"])
    return result


def _maps(value: Any) -> Mapping[str, Schema]:
    return {key: child for key, child in value.items() if isinstance(child, dict)} if isinstance(value, dict) else {}
