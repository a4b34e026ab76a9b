"""Writes KCL schemas that follow the JSON Schemas, as `kcl_layout` lays them out.

A field has the type that KCL can say. A map with known keys that has no KCL schema of its own may be any map: it is looked
at with all else of the app, by its JSON Schema, after KCL. A schema's docstring is one line, for KCL reads a list of its
fields each time, which costs as much as the checks; what a field means stands in the JSON Schema.
Cold path: only the build comes here.
"""

from __future__ import annotations

import json

from kusion_render.schema.kcl_layout import FILES
from kusion_render.schema.truth import read, split, step

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from typing import Any, Final

    from kusion_render.schema.kcl_layout import Definition

_HEAD: Final = "# Follows the JSON Schemas. Written by `make schemas`; do not edit.\n"
_NAMES: Final = {"string": "str", "integer": "int", "boolean": "bool"}
# The same amount, however it is written; of other numbers that stand for text, KCL has lost how they were.
_AMOUNTS: Final = ("workload.json#/$defs/Quantity", "workload.json#/$defs/QuantityRange")


def sources() -> dict[str, str]:
    """Return every generated file by its path below `packages/`."""
    made = {path: _File(path, definitions).text() for path, definitions in FILES.items()}
    for package in sorted({path.partition("/")[0] for path in FILES}):
        made[f"{package}/kcl.mod"] = f'[package]\nname = "{package}"\n'
    return made


class _Node:
    """A part of a JSON Schema with its address, such as `workload.json#/$defs/File`."""

    __slots__ = ("address", "schema")

    def __init__(self, address: str, schema: Any) -> None:
        self.address: Final = address
        self.schema: Final = schema

    def below(self, *steps: str) -> _Node:
        """Return a part of this one."""
        schema = self.schema
        for each in steps:
            schema = schema[each]
        return _Node("/".join((self.address, *steps)), schema)

    def branches(self) -> list[_Node]:
        """Return the alternatives of an `anyOf`."""
        return [_Node(f"{self.address}/anyOf/{number}", each) for number, each in enumerate(self.schema["anyOf"])]

    def target(self) -> _Node:
        """Return what this one refers to in the end."""
        if "$ref" not in self.schema:
            return self
        return _node(self.schema["$ref"], split(self.address, "")[0]).target()

    def fields(self) -> dict[str, _Node]:
        """Return the known keys, those of what it includes first."""
        included = self.schema.get("x-includes")
        found = _node(included, split(self.address, "")[0]).fields() if included else {}
        return {**found, **{name: self.below("properties", name) for name in self.schema.get("properties", ())}}


def _node(address: str, file: str = "") -> _Node:
    source, pointer = split(address, file)
    return _Node(f"{source}#{pointer}", step(read(source), pointer) if pointer else read(source))


class _File:
    """One file of KCL: the schemas of a package."""

    def __init__(self, path: str, definitions: Sequence[Definition]) -> None:
        self._path: Final = path
        self._definitions: Final = definitions
        self._imports: Final[dict[str, str]] = {}
        # A package refers to its own parts alone, so that importing it brings nothing else.
        top = path.partition("/")[0]
        parts = [(file, each) for file, others in FILES.items() if file.partition("/")[0] == top for each in others]
        self._known: Final = {each.source: (file, each.name) for file, each in parts if not each.only}
        self._words: Final = {f"{_module(file)[-1]}.{each.name}": (file, each.name) for file, each in parts}

    def text(self) -> str:
        """Return the whole file."""
        schemas = "\n".join(self._schema(each) for each in self._definitions)
        lines = ["import regex\n"] if "regex." in schemas else []
        lines += [f"import {package} as {alias}\n" for alias, package in self._imports.items()]
        return "".join([_HEAD, *lines, "\n" if lines else "", schemas])

    def _schema(self, definition: Definition) -> str:
        node = _node(definition.source)
        said = f'    """{definition.doc or _said(node)}"""'
        if definition.of:
            self._imports["of"] = definition.of
            return f"schema {definition.name}(of.{definition.name}):\n{said}\n"
        known = node.fields()
        fields = {name: known[name] for name in definition.only or known if name != "module"}
        body = [self._field(definition, name, each) for name, each in fields.items()]
        free = node.schema.get("additionalProperties")
        if isinstance(free, dict):
            body.append(f"[...str]: {self._type(node.below('additionalProperties'))}")
        checks = [*_checks(definition, node, fields), *definition.checks]
        lines = [f"schema {definition.name}:", said]
        lines += [f"    {each}" for each in body]
        lines += ["", "    check:", *(f"        {each}" for each in checks)] if checks else []
        return "\n".join(lines) + "\n"

    def _field(self, definition: Definition, name: str, node: _Node) -> str:
        kind = definition.types.get(name) or self._type(node)
        for word, part in self._words.items() if name in definition.types else ():
            if word in kind:
                kind = kind.replace(word, self._reference(*part))
        if name in definition.defaults:
            return f"{name}: {kind} = {definition.defaults[name]}"
        return f"{name}: {kind}" if name in definition.required else f"{name}?: {kind}"

    def _type(self, node: _Node) -> str:
        """Return the type of a position; a map with known keys and no schema is any."""
        return _union(self._types(node))

    def _types(self, node: _Node) -> Iterator[str]:
        node = node.target()
        schema = node.schema
        if node.address in self._known:
            yield self._reference(*self._known[node.address])
        elif "anyOf" in schema:
            for branch in node.branches():
                yield from self._types(branch)
        elif "enum" in schema:
            yield from (json.dumps(each) for each in schema["enum"])
        elif "const" in schema:
            # KCL does not take `True` in a map for one of its type `True`.
            yield type(schema["const"]).__name__
        elif schema.get("type") == "object":
            yield self._map(node)
        elif schema.get("type") == "array":
            inner = self._type(node.below("items")) if "items" in schema else "any"
            yield f"[{inner}]"
        else:
            yield from _scalars(node)

    def _map(self, node: _Node) -> str:
        """Return the type of a map; the values of known and of free keys may differ."""
        free = node.schema.get("additionalProperties")
        if not isinstance(free, dict):
            return "{str:}"
        places = [*node.fields().values(), node.below("additionalProperties")]
        return f"{{str:{_union(kind for place in places for kind in self._types(place))}}}"

    def _reference(self, file: str, name: str) -> str:
        if file == self._path:
            return name
        steps = _module(file)
        alias = steps[-1][0]
        self._imports[alias] = ".".join(steps)
        return f"{alias}.{name}"


def _module(file: str) -> list[str]:
    """Return the steps of a file's import; one that is called as its folder is the folder's."""
    steps = file.removesuffix(".k").split("/")
    return steps[:-1] if steps[-1] == steps[-2] else steps


def _union(kinds: Iterable[str]) -> str:
    """Return the type of what has one of these: any where a map of whatever keys is one, which KCL compares slowly."""
    found = dict.fromkeys(kinds)
    return "any" if "{str:}" in found or not found else " | ".join(found)


def _scalars(node: _Node) -> Iterator[str]:
    kinds = node.schema.get("type", ())
    if node.schema.get("x-text") and node.address not in _AMOUNTS:
        yield "str"
        return
    for kind in (kinds,) if isinstance(kinds, str) else kinds:
        yield from ("int", "float") if kind == "number" else (_NAMES[kind],)


def _said(node: _Node) -> str:
    return str(node.schema["description"]).replace("\\", "\\\\").replace('"', "'")


def _checks(definition: Definition, node: _Node, fields: Mapping[str, _Node]) -> Iterator[str]:
    """Yield what KCL can say of bounds, patterns, and keys that exclude each other; few checks, for each takes time."""
    everything = definition.checked is None
    checked = definition.checked or (tuple(fields) if everything else ())
    natural = []
    for name in checked:
        target = fields[name].target()
        if target.schema.get("minimum") == 0 and target.schema["type"] == "integer" and "maximum" not in target.schema:
            natural.append(name)
        there = "" if name in definition.required or name in definition.defaults else _there(name)
        yield from _bounds(name, target.schema, there)
        if everything or not _mixed(target.schema):
            yield from _patterns(name, target, there)
    if natural:
        values = f"all each in [{', '.join(natural)}] {{ each >= 0 if each }}" if natural[1:] else f"{natural[0]} >= 0"
        yield f'{values}{"" if natural[1:] else _there(natural[0])}, "{_listed(natural, "and")} must not be negative"'
    for name, others in _excluded(node.schema, fields).items():
        if name in checked:
            yield f'not {name} or not ({" or ".join(others)}), "`{name}` excludes {_listed(others, "and")}"'
    alternatives = [name for each in node.schema.get("oneOf", ()) for name in each["required"]]
    if everything and alternatives and set(alternatives) <= set(fields):
        given = f"[each for each in [{', '.join(alternatives)}] if each not in [None, Undefined]]"
        yield f'len({given}) <= 1, "only one of {_listed(alternatives, "and")}"'


def _excluded(schema: Any, fields: Mapping[str, _Node]) -> dict[str, list[str]]:
    """Return keys, and those that must not stand beside them."""
    found: dict[str, list[str]] = {}
    excluded = schema.get("not", {})
    for each in excluded.get("anyOf", [excluded]):
        if each and set(each["required"]) <= set(fields):
            first, second = each["required"]
            found.setdefault(first, []).append(second)
    return found


def _mixed(schema: Any) -> bool:
    """Tell whether a value may be a number or a text, and KCL has both types."""
    return isinstance(schema.get("type"), list) and not schema.get("x-text")


def _bounds(name: str, schema: Any, there: str) -> Iterator[str]:
    low, high = schema.get("minimum"), schema.get("maximum")
    mixed = _mixed(schema)
    value = f"int({name})" if mixed else name
    condition = f' if typeof({name}) == "int"' if mixed else there
    if "exclusiveMinimum" in schema:
        yield f'{value} > {schema["exclusiveMinimum"]}{condition}, "{name} must be more than {schema["exclusiveMinimum"]}"'
    if high is not None and low is None:
        yield f'{value} <= {high}{condition}, "{name} must be at most {high}"'
    elif high is not None:
        yield f'{low} <= {value} <= {high}{condition}, "{name} must be between {low} and {high}"'
    elif low is not None and (low or mixed):
        yield f'{value} >= {low}{condition}, "{name} must be at least {low}"'
    if schema.get("minItems"):
        yield f'len({name}) > 0{there}, "`{name}` must not be empty"'


def _patterns(name: str, node: _Node, there: str) -> Iterator[str]:
    schema = node.schema
    if "pattern" in schema:
        texts = f' if typeof({name}) == "str"' if _mixed(schema) else there
        value = f"str({name})" if texts else name
        yield f'regex.match({value}, r"{schema["pattern"]}"){texts}, "`{name}` must be {_says(schema)}"'
    if "propertyNames" in schema:
        keys = node.below("propertyNames").target().schema
        rule = f'regex.match(key, r"{keys["pattern"]}")'
        yield f'all key in {name} {{ {rule} }} if {name}, "a key of `{name}` must be {_says(keys)}"'


def _says(schema: Any) -> str:
    return str(schema["x-says"]).replace('"', "'")


def _there(name: str) -> str:
    return f" if {name} != None and {name} != Undefined"


def _listed(names: Sequence[str], word: str) -> str:
    quoted = [f"`{name}`" for name in names]
    return f" {word} ".join(filter(None, (", ".join(quoted[:-1]), quoted[-1])))
