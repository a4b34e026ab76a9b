"""Hypothesis strategies made from the schemas: apps that mostly pass, whatever the fields are.

What a schema can't say, that a name refers to something for example, comes from `NAMED`: values by the field's name.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, Final

from hypothesis import strategies as st

from kusion_render.schema import truth

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from hypothesis.strategies import SearchStrategy

    Schema = Mapping[str, Any]

TEXTS: Final = [
    "",
    "a",
    "on",
    "1e3",
    "0755",
    "1.10",
    "Grüße 🚢",
    " x ",
    "a: b # c",
    "${HOME}",
    "line\nline\n",
    "x" * 300,
    "/",
]
KEYS: Final = ["web", "http", "side", "a"]
ODD_KEYS: Final = [*KEYS, "example.com/size", "A_B", "ü", ""]
# A name that exists: the stack of every generated app has objects that live elsewhere.
KNOWN: Final = "known"
IMAGES: Final = ["registry.example/web:1.0.0", "web", "web:latest", "registry.example:5000/a/b@sha256:" + "0" * 64]
RAW: Final[list[dict[str, Any]]] = [{}, {"type": "RuntimeDefault"}]
# By how a pattern is told to users: what fits and also leads somewhere. One in ten is any text of the pattern.
SAID: Final = {
    "an amount": ["100m", "64Mi", "1", 2, 1.5],
    "a limit such as": ["100m-200m", "64Mi", "1"],
    "a port number or": [8080, 8080, 8080, "http"],
    "three or four octal": ["0644", "0400", 644],
    "a port name": ["http", "a"],
    "a Kubernetes name": [KNOWN],
    "`config/NAME`": [f"config/{KNOWN}", f"secret/{KNOWN}"],
    "`emptyDir`": ["emptyDir", f"secret://{KNOWN}", f"config://{KNOWN}"],
    "a duration": ["5s", "10s"],
    "a host name": ["web.example", "*.web.example"],
    "a variable name": ["A", "PORT", "a.b"],
    "a data key": ["a", "tls.crt", "username"],
}
MANIFEST: Final = {"apiVersion": "example.com/v1", "kind": "Realm", "metadata": {"name": "retail"}}
NAMED: Final[dict[str, SearchStrategy[Any]]] = {
    "image": st.sampled_from(IMAGES),
    "config": st.just(KNOWN),
    "secret": st.just(KNOWN),
    "serviceAccount": st.sampled_from([True, KNOWN, {"automountToken": False}]),
    "contentFrom": st.sampled_from([f"secret://{KNOWN}/a", f"config://{KNOWN}/b"]),
    "passwordSecret": st.just(f"{KNOWN}/password"),
    "imagePullSecrets": st.just([KNOWN]),
    "schedule": st.sampled_from(["0 3 * * *", "@daily", "*/5 * * * 1-5"]),
    "timeZone": st.sampled_from(["Europe/Berlin", "Etc/UTC"]),
    "cidr": st.just("10.0.0.0/8"),
    "targetPort": st.sampled_from([8080, 80]),
    "min": st.just(1),
    "max": st.integers(1, 9),
    "labels": st.sampled_from([{}, {"tier": "front"}, {"example.com/size": 2}]),
    "annotations": st.sampled_from([{}, {"example.com/owner": "on"}, {"note": "x" * 300}]),
    "url": st.sampled_from(
        ["http://localhost:8080/healthz", "https://web.example:1/", "tcp://localhost:80", "localhost:80"]
    ),
    "imagePullPolicy": st.just("Always"),
    "module": st.nothing(),
    "paths": st.nothing(),
    "podSpec": st.sampled_from([{}, {"hostNetwork": True}, {"containers": [{"name": "web", "tty": True}]}]),
}
JUNK: Final = st.sampled_from([None, "", [], {}, 0, -1, True, "ü", [None], {"a": None}, 10**30, 1.5, "x" * 5000, [[]]])


def app() -> SearchStrategy[dict[str, Any]]:
    """Return apps: a workload of one of the two modules, and some accessories."""
    names = [name.partition("/")[2] for name in truth.names() if name.startswith("modules/")]
    accessories = {
        truth.load(f"modules/{name}")["title"]: module(name) for name in names if name not in {"service", "job"}
    }
    accessories["k8s_manifest"] = st.just({"resources": [MANIFEST]})
    return st.fixed_dictionaries(
        {"workload": st.one_of(module("service"), module("job").map(lambda config: {**config, "module": "job"}))},
        optional={
            "accessories": st.one_of(maps_of(accessories), maps_of({"network": accessories["network"]})),
            "protect": st.booleans(),
            "labels": NAMED["labels"],
        },
    )


@cache
def module(name: str) -> SearchStrategy[Any]:
    """Return configs of a module."""
    schema = truth.load(f"modules/{name}")
    return values(schema, schema)


def maps_of(fields: Mapping[str, SearchStrategy[Any]]) -> SearchStrategy[dict[str, Any]]:
    """Return maps of at most four of the fields."""
    chosen = st.lists(st.sampled_from(sorted(fields)), max_size=4, unique=True)
    return chosen.flatmap(lambda names: st.fixed_dictionaries({name: fields[name] for name in names}))


def values(schema: Schema, root: Schema) -> SearchStrategy[Any]:
    """Return values of a schema; references are followed only when they are drawn, so that they may be cyclic."""
    if "$ref" in schema:
        target = truth.step(dict(root), schema["$ref"].removeprefix("#"))
        return st.deferred(lambda: definition(id(target), target, root))
    if "const" in schema:
        return st.just(schema["const"])
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    if schema.get("x-raw") and "properties" not in schema:
        return st.sampled_from([each for each in RAW if len(each) >= schema.get("minProperties", 0)])
    good = [text for said, texts in SAID.items() if schema.get("x-says", "").startswith(said) for text in texts]
    if good:
        return st.integers(0, 9).flatmap(lambda one: strings(schema) if one == 0 else st.sampled_from(good))
    alternatives = [each for keyword in ("anyOf", "oneOf") for each in schema.get(keyword, ())]
    if alternatives and not all(set(each) == {"required"} for each in alternatives):
        return st.one_of([values(each, root) for each in alternatives])
    kinds = schema.get("type", "string")
    return st.one_of([of_type(kind, schema, root) for kind in ([kinds] if isinstance(kinds, str) else kinds)])


DEFINITIONS: Final[dict[int, SearchStrategy[Any]]] = {}


def definition(key: int, schema: Schema, root: Schema) -> SearchStrategy[Any]:
    """Return values of a definition; each is made once."""
    if key not in DEFINITIONS:
        DEFINITIONS[key] = values(schema, root)
    return DEFINITIONS[key]


def of_type(kind: str, schema: Schema, root: Schema) -> SearchStrategy[Any]:
    """Return values of one type of a schema."""
    if kind == "object":
        return maps(schema, root)
    if kind == "array":
        items = values(schema.get("items", {}), root)
        return st.lists(items, min_size=schema.get("minItems", 0), max_size=3)
    if kind == "boolean":
        return st.booleans()
    if kind in {"integer", "number"}:
        return st.integers(schema.get("minimum", -1), min(schema.get("maximum", 40000), 40000))
    return strings(schema)


def strings(schema: Schema) -> SearchStrategy[str]:
    """Return texts that fit a schema's pattern and lengths; most are short, some are odd."""
    longest = schema.get("maxLength", 300)
    if "pattern" not in schema:
        return st.sampled_from([text for text in TEXTS if schema.get("minLength", 0) <= len(text) <= longest])
    pattern = schema["pattern"].removeprefix("^").removesuffix("$")
    found = st.from_regex(f"(?:{pattern})", fullmatch=True, alphabet=st.characters(max_codepoint=126, min_codepoint=32))
    return found.filter(lambda text: len(text) <= min(longest, 60))


def maps(schema: Schema, root: Schema) -> SearchStrategy[dict[str, Any]]:
    """Return maps: what is required, one of the sets of keys that exclude each other, and some of the rest."""
    fields = {
        key: NAMED[key] if key in NAMED else values(child, root)
        for key, child in schema.get("properties", {}).items()
        if NAMED.get(key) != st.nothing() and key != "_type"
    }
    required = set(schema.get("required", ()))
    sets = [set(each["required"]) for keyword in ("oneOf", "anyOf") for each in schema.get(keyword, ())]
    apart = [set(each) for each in excluded(schema.get("not", {}))]
    if "additionalProperties" in schema and isinstance(schema["additionalProperties"], dict):
        names = schema.get("propertyNames", {})
        keys = values(names, root) if names else st.sampled_from(ODD_KEYS if least_said(schema) else KEYS)
        rest = values(schema["additionalProperties"], root)
        least = schema.get("minProperties", 0)
        if not fields:
            return st.dictionaries(keys, rest, min_size=least, max_size=3)
        return st.tuples(maps_of(fields), st.dictionaries(keys, rest, max_size=2)).map(lambda two: {**two[1], **two[0]})

    def chosen(names: Sequence[str], one: set[str]) -> SearchStrategy[dict[str, Any]]:
        others = set().union(*sets) - one
        keys = [key for key in fields if key in required | one or (key in names and key not in others)]
        for group in apart:
            if group <= set(keys):
                keys.remove(max(group))
        return st.fixed_dictionaries({key: fields[key] for key in keys})

    most = st.lists(st.sampled_from(sorted(fields)), max_size=5, unique=True) if fields else st.just([])
    return st.tuples(most, st.sampled_from(sets or [set()])).flatmap(lambda drawn: chosen(*drawn))


def least_said(schema: Schema) -> bool:
    """Tell whether the values under free names are texts, whose names may be anything."""
    return schema["additionalProperties"].get("$ref", "").endswith("Text")


def excluded(schema: Schema) -> list[list[str]]:
    """Return the sets of keys that a `not` keeps from standing together."""
    if "required" in schema:
        return [schema["required"]]
    return [each["required"] for each in schema.get("anyOf", ()) if "required" in each]


@st.composite
def spoilt(draw: st.DrawFn, good: SearchStrategy[Any]) -> Any:
    """Return what a strategy gives with one of its parts replaced by something odd, or a key misspelt."""
    data = draw(good)
    places = list(parts(data))
    inside, key = draw(st.sampled_from(places))
    if isinstance(inside, dict) and draw(st.booleans()):
        inside[f"{key}x"] = inside.pop(key)
    else:
        inside[key] = draw(JUNK)
    return data


def parts(data: Any) -> Any:
    """Yield every place of data as its container and the key in it."""
    pairs = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    for key, value in list(pairs):
        yield data, key
        yield from parts(value)
