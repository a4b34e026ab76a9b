"""One object as several stacks have it, laid into one template.

What is the same everywhere is written down. What a slot names, or what differs, becomes a value. What only some stacks
have stands behind `enabled`, or behind its own value where that is a scalar.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from kusion_render.diagnostics import Rule, Span
from kusion_render.kubernetes.order import ordered
from kusion_render.targets.helm.template import Block, Expression, Field, Fields, Items, Literal, go_text
from kusion_render.targets.helm.values import ABSENT, UNSET, camel, same

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from kusion_render.diagnostics import Diagnostics
    from kusion_render.model import Spec
    from kusion_render.targets.helm.template import Node
    from kusion_render.targets.helm.values import Path, Values

    Vector: TypeAlias = Sequence[Any]  # an entry for each variant: plain data, ABSENT or UNSET
    Pointer: TypeAlias = tuple[str, ...]
    # Makes the node of a place, or says that it can't: None.
    Slot: TypeAlias = Callable[["Union", Vector, Pointer], "Field | None"]

NO_VALUE: Final = Rule("KR411", "no-chart-value")

# Keys by which items of a list are the same in two stacks, the first that all items have.
_ITEM_KEYS: Final = (
    ("name",),
    ("metadata", "name"),
    ("resource", "name"),
    ("mountPath",),
    ("host",),
    ("key",),
    ("containerPort",),
    ("port",),
    ("ip",),
    ("topologyKey",),
)
# Steps that say nothing about a value.
_SILENT: Final = frozenset(("spec", "template", "metadata", "data"))
_CONTROLS: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]")
_BLANK_ENDS: Final = re.compile(r"\A\s*\n|\n\s*\n\Z")
LONGEST_KEY: Final = 1000  # YAML looks no further for a colon
_EXACT: Final = 1 << 53  # values are read as 64-bit floats


class ItemKey(str):
    """A step of a pointer into a list: what its item is called."""

    __slots__ = ()


@dataclass(frozen=True)
class Variant:
    """One render of the project: a stack, on a workspace where it has several; `name` is that of its values file."""

    name: str
    spec: Spec

    @property
    def namespace(self) -> str:
        """The namespace of the render, which is that of the release."""
        return self.spec.namespace.name

    def pattern(self, text: str, *, namespaced: bool = True) -> tuple[str | None, ...]:
        """Return a text cut at the names of the render: `shop-dev-web` as `("shop-", "stack", "-web")`."""
        words = {"stack": self.spec.stack.name}
        if namespaced:
            words["namespace"] = self.namespace
        found: tuple[str | None, ...] = (text,)
        for word, name in sorted(words.items(), key=lambda each: -len(each[1])):
            cut = re.compile(rf"(?<![A-Za-z0-9]){re.escape(name)}(?![A-Za-z0-9])")
            parts: list[str | None] = []
            for at, part in enumerate(found):
                if at % 2:
                    parts.append(part)
                    continue
                pieces = cut.split(part or "")
                parts += [piece for each in pieces[:-1] for piece in (each, word)] + [pieces[-1]]
            found = tuple(parts)
        return found


class Union:
    """Builds the template of one object; `slots` are what is known of its fields.

    `home` is where its values are; `roots` are other places for what is below some of its fields.
    """

    def __init__(
        self,
        variants: Sequence[Variant],
        values: Values,
        home: Path,
        name: str,
        diagnostics: Diagnostics,
        *,
        slots: Mapping[Pointer, Slot] | None = None,
        roots: Mapping[Pointer, Path] | None = None,
    ) -> None:
        self.variants: Final = variants
        self.values: Final = values
        self.home: Final = home
        self.name: Final = name
        self.slots: Final = slots or {}
        self.roots: Final = roots or {}
        self._diagnostics: Final = diagnostics

    def field(self, vector: Vector, pointer: Pointer = (), key: str = "") -> Field | None:
        """Return the field at a place; None for one that is in no variant."""
        made = self.slots[pointer](self, vector, pointer) if pointer in self.slots else None
        if made is not None:
            return Field(made.node, key, made.condition)
        known = present(vector)
        if not known:
            return None
        if pointer[-1:] == ("namespace",) and self._is_namespace(vector):
            return Field(Expression(".Release.Namespace | quote"), key)
        alike = ABSENT not in vector and all(same(known[0], each) for each in known)
        if alike and not self._touched(pointer) and not self._names_namespace(vector):
            return Field(Literal(known[0]), key)
        if any(isinstance(each, (dict, list)) for each in known):
            return self._collection(vector, pointer, key)
        return self.scalar(vector, pointer, key)

    def _touched(self, pointer: Pointer) -> bool:
        return any(each[: len(pointer)] == pointer for each in self.slots)

    def _is_namespace(self, vector: Vector) -> bool:
        pairs = [(variant, each) for variant, each in zip(self.variants, vector, strict=True) if each is not UNSET]
        return all(isinstance(each, str) and each == variant.namespace for variant, each in pairs)

    def _names_namespace(self, vector: Vector) -> bool:
        return any(_has_namespace(each, variant.namespace) for variant, each in zip(self.variants, vector, strict=True))

    def _collection(self, vector: Vector, pointer: Pointer, key: str) -> Field:
        known = present(vector)
        condition = ""
        if ABSENT in vector:
            entries = [UNSET if each is UNSET else each is not ABSENT for each in vector]
            about = f"Whether {self._spoken(pointer)} is set."
            condition = self.values.add((*self._path(pointer), "enabled"), entries, about, {"type": "boolean"})
            vector = [UNSET if each is ABSENT else each for each in vector]
        node: Node | None = None
        if all(isinstance(each, dict) and each for each in known):
            node = self.fields(vector, pointer)
        elif all(isinstance(each, list) and each for each in known):
            node = self._items(vector, pointer)
        if node is None:
            alike = all(same(known[0], each) for each in known)
            node = Literal(known[0]) if alike else self._whole(vector, pointer)
        return Field(node, key, condition)

    def fields(self, vector: Vector, pointer: Pointer = ()) -> Fields | None:
        """Return a map, its fields in canonical order; None where it could be left without any."""
        known = present(vector)
        keys = merged_order([list(each) for each in known]) or list(
            dict.fromkeys(key for each in known for key in each)
        )
        extra = [each[-1] for each in self.slots if each[:-1] == pointer and each and not isinstance(each[-1], ItemKey)]
        keys = _canonical([*keys, *(key for key in extra if key not in keys)], pointer)
        if any(len(key) > LONGEST_KEY for key in keys):
            return None
        sure = [key for key in keys if all(key in each for each in known)]
        if not sure:
            return None
        made = []
        for key in keys:
            inner = [each if each is UNSET else each.get(key, ABSENT) for each in vector]
            each = self.field(inner, (*pointer, key), key)
            if each is not None:
                made.append(each)
        return Fields(made)

    def _items(self, vector: Vector, pointer: Pointer) -> Node | None:
        known = present(vector)
        key = next((each for each in _ITEM_KEYS if all(_is_keyed(items, each) for items in known)), None)
        if key is None:
            return None
        names = merged_order([[_item_name(item, key) for item in items] for items in known])
        if names is None or not any(all(_named(items, key, name) for items in known) for name in names):
            return None
        made = []
        for name in names:
            inner = [each if each is UNSET else _named(each, key, name) or ABSENT for each in vector]
            each = self.field(inner, (*pointer, ItemKey(name)))
            if each is not None:
                made.append(each)
        return Items(made)

    def scalar(self, vector: Vector, pointer: Pointer, key: str = "") -> Field:
        """Return a scalar: the namespace's or stack's name in a text, else a value."""
        known = present(vector)
        text = self._text_code(vector) if ABSENT not in vector else ""
        if text:
            return Field(Expression(f"{text} | quote"), key)
        if not self.can_be_value(vector, pointer):
            return Field(Literal(known[0]), key)
        schema, code = scalar_type(known)
        about = f"Sets {self._spoken(pointer)}."
        if ABSENT in vector:
            schema = {"type": [*_listed(schema["type"]), "null"]}
            about = f"Sets {self._spoken(pointer)}; null leaves it out."
        read = self.values.shared(self._path(pointer), vector, about, schema)
        return Field(Expression(code.format(read)), key, unless_null(read) if ABSENT in vector else "")

    def text_code(self, vector: Vector) -> str:
        """Return the code of a text that differs by the names of the stacks alone."""
        return self._text_code(vector) or go_text(str(present(vector)[0]))

    def _text_code(self, vector: Vector) -> str:
        known = present(vector)
        if not all(isinstance(each, str) for each in known):
            return ""
        # A namespace that all stacks have in common is a word like any other.
        namespaced = len({variant.namespace for variant in self.variants}) > 1
        patterns = {
            variant.pattern(text, namespaced=namespaced)
            for variant, text in zip(self.variants, vector, strict=True)
            if text is not UNSET
        }
        if len(patterns) > 1 or all(text == known[0] for text in known):
            return ""
        parts = patterns.pop()
        words = [part for part in parts[1::2] if part]
        reads = [self.stack_name() if word == "stack" else ".Release.Namespace" for word in words]
        if len(parts) == 3 and parts[0] == parts[2] == "":
            return reads[0]
        text = "%s".join((part or "").replace("%", "%%") for part in parts[::2])
        return f"(printf {go_text(text)} {' '.join(reads)})"

    def stack_name(self) -> str:
        """Return what reads the stack's name."""
        entries = [variant.spec.stack.name for variant in self.variants]
        return self.values.shared(("stack",), entries, "The stack, of which names are made.", {"type": "string"})

    def _whole(self, vector: Vector, pointer: Pointer) -> Node:
        """Return a map or list that is a value as a whole."""
        known = present(vector)
        if not self.can_be_value(vector, pointer):
            return Literal(known[0])
        types = sorted({json_type(each) for each in known})
        about = f"Sets {self._spoken(pointer)}."
        schema = {"type": types[0] if len(types) == 1 else types}
        return Block(f"{printer(known)} {self.values.shared(self._path(pointer), vector, about, schema)}")

    def fits_values(self, vector: Vector) -> bool:
        """Tell whether Helm can keep these in values files."""
        return next(_reasons(vector), None) is None

    def can_be_value(self, vector: Vector, pointer: Pointer) -> bool:
        """Tell whether Helm can keep these in values files; report KR411 if it can't."""
        if self.fits_values(vector):
            return True
        reason = next(_reasons(vector))
        # Never the value itself: it may be a secret's.
        first = next(
            variant for variant, each in zip(self.variants, vector, strict=True) if each not in (ABSENT, UNSET)
        )
        self._diagnostics.report(
            NO_VALUE,
            f"{self._spoken(pointer)} differs between stacks and can't be a value of a chart: {reason}",
            Span(first.spec.stack.file),
            help="make the stacks agree on it, or render a chart for each stack by itself",
        )
        return False

    def _spoken(self, pointer: Pointer) -> str:
        steps = "".join(f"[{step}]" if isinstance(step, ItemKey) else f".{step}" for step in pointer)
        return f"`{steps.removeprefix('.')}` of {self.name}"

    def _path(self, pointer: Pointer) -> Path:
        root = max((each for each in self.roots if pointer[: len(each)] == each), key=len, default=())
        rest = pointer[len(root) :]
        steps = [camel(step) for step in rest if isinstance(step, ItemKey) or step not in _SILENT]
        return (*self.roots.get(root, self.home), *(steps or [camel(step) for step in rest] or ["object"]))


def present(vector: Vector) -> list[Any]:
    """Return what is there."""
    return [each for each in vector if each is not ABSENT and each is not UNSET]


def printer(value: Any) -> str:
    """Return Helm's function that prints a map or list: `toYaml`, which loses blank lines at the ends of texts."""
    if isinstance(value, str):
        return "toJson" if _BLANK_ENDS.search(value) else "toYaml"
    inner = [*value, *value.values()] if isinstance(value, dict) else value if isinstance(value, list) else ()
    return next((name for name in map(printer, inner) if name == "toJson"), "toYaml")


def unless_null(read: str) -> str:
    """Return the condition that a value is set."""
    return f'not (kindIs "invalid" {read})'


def json_type(value: Any) -> str:
    """Return the word of JSON Schema for the type of a value."""
    names = ((bool, "boolean"), (int, "integer"), (float, "number"), (str, "string"), (list, "array"), (dict, "object"))
    return next((name for kind, name in names if isinstance(value, kind)), "null")


def scalar_type(known: Sequence[Any]) -> tuple[dict[str, Any], str]:
    """Return the schema of scalars, and the code that prints one that `{}` reads."""
    types = sorted({json_type(each) for each in known})
    if types == ["string"]:
        return {"type": "string"}, "{} | quote"
    if types == ["integer"]:
        return {"type": "integer"}, "{} | int64"
    if types == ["boolean"]:
        return {"type": "boolean"}, "{}"
    return {"type": types[0] if len(types) == 1 else types}, "{} | toJson"


def merged_order(orders: Sequence[Sequence[str]]) -> list[str] | None:
    """Return one order that all given ones are part of, each name once; None if they contradict each other."""
    result: list[str] = []
    waiting = [list(order) for order in orders]
    while any(waiting):
        heads = [order[0] for order in waiting if order]
        free = next((head for head in heads if not any(head in order[1:] for order in waiting)), None)
        if free is None:
            return None
        result.append(free)
        waiting = [order[1:] if order and order[0] == free else order for order in waiting]
    return result


def _listed(types: Any) -> list[str]:
    return [types] if isinstance(types, str) else list(types)


def _item_name(item: Any, key: Sequence[str]) -> str:
    """Return what an item is called, nothing where it has no such key."""
    for step in key:
        item = item.get(step) if isinstance(item, dict) else None
    return str(item) if isinstance(item, (str, int)) else ""


def _is_keyed(items: Sequence[Any], key: Sequence[str]) -> bool:
    names = {_item_name(item, key) for item in items}
    return len(names) == len(items) and "" not in names


def _named(items: Sequence[Any], key: Sequence[str], name: str) -> Any:
    return next((item for item in items if _item_name(item, key) == name), None)


def _reasons(vector: Vector) -> Iterator[str]:
    """Yield why entries can't be values; texts alone are written in quotes, all else by Helm's toYaml or toJson."""
    known = present(vector)
    inside = not all(isinstance(each, str) for each in known)
    for each in known:
        yield from _troubles(each, inside=inside)


def _troubles(value: Any, *, inside: bool = True) -> Iterator[str]:
    if value is None:
        yield "it is null, which Helm takes for a value to be removed"
    elif isinstance(value, dict):
        for key, inner in value.items():
            if len(key) > LONGEST_KEY:
                yield f"it has a key of more than {LONGEST_KEY} characters"
            yield from _troubles(key)
            yield from _troubles(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _troubles(inner)
    elif isinstance(value, str):
        # Go's YAML refuses or changes these even where JSON has them; Helm's toYaml then prints something else.
        if inside and _CONTROLS.search(value):
            yield "it holds an invisible character, which Helm's toYaml loses"
    elif isinstance(value, int) and not -_EXACT <= value <= _EXACT:
        yield "it is a number that Helm rounds"


def _has_namespace(value: Any, namespace: str) -> bool:
    if isinstance(value, dict):
        return value.get("namespace") == namespace or any(_has_namespace(each, namespace) for each in value.values())
    return isinstance(value, list) and any(_has_namespace(each, namespace) for each in value)


def _canonical(keys: list[str], pointer: Pointer) -> list[str]:
    """Return keys in the order in which our manifests are written."""
    found: Any = dict.fromkeys(keys, 0)
    if "sops" in keys and not pointer:
        return keys
    if not pointer:
        return list(ordered(found))
    if isinstance(pointer[-1], ItemKey):
        wrapped: Any = ordered({pointer[-2]: [found]})
        return list(wrapped[pointer[-2]][0])
    wrapped = ordered({"x": {pointer[-1]: found}})
    return list(wrapped["x"][pointer[-1]])
