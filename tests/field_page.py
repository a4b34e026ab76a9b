"""The page of all fields of app files: each with its meaning, an example, and what it makes.

The meaning is the schema's, the example is of `cases/fields`, and what it makes is found out: the app is rendered with the
field and without it, or with another value where it can't be left out.
"""

from __future__ import annotations

import json
import re
from functools import cache
from typing import TYPE_CHECKING, Any, Final

import yaml
from fields import fields_of, published, uses
from workbench import PROJECT

from kusion_render import attribution
from kusion_render.diagnostics import Diagnostics
from kusion_render.document import at, leaves, put
from kusion_render.pipeline import Options, compile_stack
from kusion_render.repository import Repository, select
from kusion_render.repository.files import Files
from kusion_render.schema.truth import names

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from kusion_render.diagnostics import Pointer
    from kusion_render.model import Resource
    from kusion_render.pipeline import Compilation

PAGE: Final = PROJECT / "docs/reference/fields.md"
REPOSITORY: Final = PROJECT / "tests/cases/fields/repo"
SOURCES: Final = [*sorted(REPOSITORY.glob("shared/*.yaml")), REPOSITORY / "shop/prod/native.app.yaml"]
LONGEST: Final = 90
HEADING: Final = """\
# Every field

All fields of app files, with an example and what it becomes natively. What is said here was rendered: this page is made
from the schemas' descriptions and from the files of a test that uses each field. How the fields
belong together is in [app configuration](app-configuration.md); those of other files are in [files](files.md).

`…` stands for what is too long to show, and `Kind:` begins what becomes of the example.
"""
TITLES: Final = {
    "App": "App",
    "ModuleService": "Workload: service",
    "ModuleJob": "Workload: job",
    "HttpGet": "HTTP request",
    "TcpSocket": "TCP connection",
    "IngressTls": "Ingress TLS",
    "EnvSecret": "Env from a Secret's key",
    "EnvConfig": "Env from a ConfigMap's key",
    "EnvField": "Env from a field",
    "EnvResource": "Env from a resource",
    "EnvFromSource": "EnvFrom",
}
SELECTED: Final = ("App", "ModuleService", "ModuleJob", "Container")
# How many uses of a field are looked at for one that makes something.
MOST_USES: Final = 8
CLOUD: Final = "a [cloud resource](modules.md#cloud-resources), with `--target spec`"
EXISTING: Final = "no object; references to it are not dangling"
KUSION: Final = "nothing; accepted for Kusion"
MODULE: Final = "chooses the module; the example says what the key says, too"
TARGET: Final = "chooses what is changed"
# What makes nothing by itself, or can't be left out of its example, each with the reason.
NOTHING: Final = {
    "App.protect": "annotations, by [profile](profiles.md); none for `plain`",
    "App.enabled": "no object at all, where it is `false`",
    "ModuleService.restartOnConfigChange": "Deployment: the annotation `checksum/config` of its pods",
    "ModuleJob.restartOnConfigChange": "nothing: each run reads its config anew",
    "ModuleJob.security": "`securityContext` of each container, where it is `restricted`",
    "ModuleMonitoring.monitorType": "the kind: ServiceMonitor or PodMonitor",
    "ModuleNetwork.port.type": KUSION,
    "Port.name": "Service: `spec.ports[].name`",
    "Host.port": "Ingress: `….backend.service.port`",
    "Backend.service.port.number": "Ingress: `….backend.service.port.number`",
    "Secret.params": KUSION,
    "SharedSecret.params": KUSION,
    "Operation.op": TARGET,
    "Operation.from": TARGET,
    **dict.fromkeys(("Patch.target", "Patch.target.kind", "Patch.target.name", "Patch.target.group"), TARGET),
    **dict.fromkeys(("Config.existing", "SharedSecret.existing", "ModuleServiceaccounts.*.existing"), EXISTING),
    **{f"Module{each.removeprefix('modules/').capitalize()}.module": MODULE for each in names() if "/" in each},
    **{
        f"Module{kind}.{field}": CLOUD
        for kind in ("Mysql", "Postgres")
        for field in (
            "type",
            "cloud",
            "instanceType",
            "category",
            "securityIPs",
            "privateRouting",
            "subnetID",
            "region",
        )
    },
    **{field: CLOUD for field in fields_of("app-configuration") if field.startswith("ModuleOpensearch.")},
    "ModuleOpensearch.module": MODULE,
    "ModuleInference.framework": "what runs the model; there is one",
}
Key = tuple[str, str, int]
Leaves = dict[tuple[Key, "Pointer"], Any]


def groups() -> dict[str, list[str]]:
    """Return the fields by the definition that they stand in: app, workloads, containers, then what these refer to."""
    found: dict[str, list[str]] = {}
    for name in fields_of("app-configuration"):
        found.setdefault(name.partition(".")[0].partition("[")[0], []).append(name)
    order = [*SELECTED, *sorted(each for each in found if each.startswith("Module") and each not in SELECTED)]
    return {name: found[name] for name in [*order, *(each for each in found if each not in order)]}


def title(group: str) -> str:
    """Return the heading of a definition."""
    if group in TITLES:
        return TITLES[group]
    if group.startswith("Module"):
        module = published(f"modules/{group.removeprefix('Module').lower()}")
        return f"Accessory {module['title']}"
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", group).capitalize()


def meaning(name: str) -> str:
    """Return what the schema says about a field; of an accessory, what its module's says."""
    said = fields_of("app-configuration")[name].get("description")
    if not said:
        key = name.rpartition(".")[2]
        said = published(f"modules/{key.lower()}")["description"]
    return str(said).rstrip(".")


@cache
def examples() -> dict[str, list[tuple[Pointer, str]]]:
    """Return the uses of each field: where it stands, and how it is written."""
    found: dict[str, list[tuple[Pointer, str]]] = {}
    for path in SOURCES:
        text = path.read_text(encoding="utf-8")
        # As it was typed: without types, `1.10` stays that.
        written = yaml.load(text, yaml.BaseLoader)  # noqa: S506 - it builds nothing but text
        for name, pointer in uses(yaml.safe_load(text), "app-configuration"):
            found.setdefault(name, []).append((pointer, f"{pointer[-1]}: {flow(at(written, pointer))}"))
    return found


def flow(value: Any, room: int = LONGEST, *, typed: bool = False) -> str:
    """Return a value in one line of YAML, shortened by whole entries; `typed`: text that looks like a number is quoted."""
    if isinstance(value, dict):
        entries = [f"{word(key)}: {flow(each, room // 2, typed=typed)}" for key, each in value.items()]
        return enclosed("{}", entries, room)
    if isinstance(value, list):
        return enclosed("[]", [flow(each, room // 2, typed=typed) for each in value], room)
    return json.dumps(value) if typed and isinstance(value, str) and yaml.safe_load(value) != value else word(value)


def enclosed(brackets: str, entries: list[str], room: int) -> str:
    """Return the entries of a map or list in brackets, those that there is room for."""
    shown: list[str] = []
    for entry in entries:
        if len(", ".join([*shown, entry])) > room and len(shown) < len(entries):
            shown.append("…")
            break
        shown.append(entry)
    return brackets[0] + ", ".join(shown) + brackets[1]


def word(value: Any) -> str:
    """Return a scalar as YAML, of text in quotes only where it needs them."""
    if not isinstance(value, str):
        return json.dumps(value)
    plain = (
        re.fullmatch(r"[\w./%*@$-]([\w ./:%@*$=-]*[\w./%*@$=-])?", value)
        and ": " not in value
        and value[0] not in "*%@-"
    )
    if len(value) > LONGEST:
        return "…"
    return value if plain else json.dumps(value, ensure_ascii=False)


class Renders:
    """The native stack, and its apps as they would be without a field."""

    def __init__(self) -> None:
        found = Diagnostics()
        repository = Repository(Files(str(REPOSITORY)), found)
        (target,) = select(repository, ["shop/prod"], found)
        self.compilation: Final[Compilation] = compile_stack(repository, target, Options(), found)
        self.apps: Final[dict[str, Any]] = dict(self.compilation.apps)
        self.baselines: Final[dict[str, Leaves]] = {}

    def made(self, apps: Any, app: str) -> list[Resource] | None:
        """Return an app's objects; None where it has problems."""
        assert self.compilation.source is not None
        return attribution.attempt(self.compilation.source, apps, self.compilation.contents, app)

    def baseline(self, app: str) -> Leaves:
        """Return what an app makes as it is; one that is disabled, nothing."""
        if app not in self.baselines:
            self.baselines[app] = flat(self.made(self.apps, app) or []) if app in self.apps else {}
        return self.baselines[app]

    def effect(self, pointer: Pointer, words: Sequence[Any]) -> Leaves:
        """Return the leaves that a field's absence, else another value of it, takes away or changes."""
        app = pointer[0]
        before = self.baseline(app)
        if not before:
            return {}
        for apps in self.changes(pointer, words):
            made = self.made(apps, app) if app in apps else []
            if made is not None:
                after = flat(made)
                changed = {key: value for key, value in before.items() if key not in after or after[key] != value}
                if changed:
                    return changed
        return {}

    def changes(self, pointer: Pointer, words: Sequence[Any]) -> Iterator[Any]:
        """Yield the apps without a field, and with other values of it."""
        yield attribution._without(self.apps, pointer)
        value = at(self.apps, pointer)
        for other in (*words, *attribution._others(value)):
            yield put(self.apps, pointer, other)
        for leaf, inner in leaves(value, pointer):
            for other in attribution._others(inner):
                yield put(self.apps, leaf, other)


def flat(resources: list[Resource]) -> Leaves:
    """Return the leaves of objects by module, kind and number, and by place: a name may be what changes."""
    keys = attribution._keys(resources)
    return {
        (key, place): value
        for key, each in zip(keys, resources, strict=True)
        for place, value in leaves(each.attributes)
    }


def shown(renders: Renders, pointer: Pointer, words: Sequence[Any]) -> str:
    """Return what a field becomes: one object, and the part of it that the field moves."""
    changed = {entry: value for entry, value in renders.effect(pointer, words).items() if not derived(entry[1])}
    if not changed:
        return ""
    said = at(renders.apps, pointer)
    # A name that tells contents apart changes with each of them.
    told = {entry: value for entry, value in changed.items() if entry[1] != ("metadata", "name") or value in str(said)}
    changed = told or changed

    def distance(entry: tuple[Key, Pointer]) -> tuple[object, ...]:
        same = changed[entry] == said or str(changed[entry]) == str(said)
        return (not same, entry[1][-1] != pointer[-1], len(entry[1]))

    key, nearest = min(changed, key=distance)
    places = [place for other, place in changed if other == key]
    resource = {place: value for (other, place), value in renders.baseline(pointer[0]).items() if other == key}
    if ("kind",) in places:
        return f"{key[1]}: metadata.name: {resource['metadata', 'name']}"
    common = places[0] if isinstance(said, dict | list) else nearest
    for place in places if isinstance(said, dict | list) else ():
        while place[: len(common)] != common:
            common = common[:-1]
    if not common:
        common = nearest
    objects = renders.made(renders.apps, pointer[0]) or []
    whole = dict(zip(attribution._keys(objects), objects, strict=True))[key].attributes
    return f"{key[1]}: {path(common)}: {flow(at(whole, common), typed=True)}"


def derived(pointer: Pointer) -> bool:
    """Tell whether a place follows from all others: a hash of what is there."""
    return "checksum/config" in pointer


def path(pointer: Pointer) -> str:
    """Return a place in an object as people write it, `…` for the way to the pods."""
    text = ""
    for part in pointer:
        if isinstance(part, int):
            text += "[]"
        else:
            text += f".{part}" if re.fullmatch(r"[\w-]+", part) else f"[{part}]"
    return text.removeprefix(".")


def page() -> str:
    """Return the page."""
    renders = Renders()
    parts = [HEADING, contents()]
    for group, members in groups().items():
        rows = [row(renders, group, name) for name in members]
        head = "| field | meaning | example | becomes |\n|---|---|---|---|\n"
        parts.append(f"## {title(group)}\n\n{head}" + "\n".join(rows) + "\n")
    return "\n".join(parts)


def row(renders: Renders, group: str, name: str) -> str:
    """Return a field's line of a table: of its uses the first that makes something."""
    said = fields_of("app-configuration")[name]
    words = [word for each in (said, *said.get("anyOf", ())) for word in each.get("enum", ()) if word is not None]
    told = [(example, shown(renders, pointer, words)) for pointer, example in examples()[name][:MOST_USES]]
    example, made = next((each for each in told if each[1]), told[0])
    becomes = f"`{cell(made)}`" if made else NOTHING[name]
    return f"| `{name[len(group) :].lstrip('.')}` | {cell(meaning(name))} | `{cell(example)}` | {becomes} |"


def contents() -> str:
    """Return the links to all tables."""
    titles = [title(group) for group in groups()]
    return (
        " ·\n".join(f"[{each}](#{re.sub(r'[^a-z0-9_ -]', '', each.lower()).replace(' ', '-')})" for each in titles)
        + "\n"
    )


def cell(text: str) -> str:
    """Return text that a table takes."""
    return text.replace("|", "\\|").replace("\n", " ")
