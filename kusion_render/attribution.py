"""Which input a rendered field comes from: change one input leaf, render again, and see what differs.

Modules carry nothing for this, so it holds for any module, and what it looks at is the render itself. A change must
pass the schema, or it says nothing; of several inputs that move a field the one that moves least else is its cause.
"""

from __future__ import annotations

from kusion_render.diagnostics import Diagnostics, Place
from kusion_render.document import MISSING, at, leaves, put
from kusion_render.modules import load, module_name, schema_of
from kusion_render.modules.running import parts
from kusion_render.namespace import namespace_place
from kusion_render.pipeline import resources_of
from kusion_render.schema import fits

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any, Final, TypeAlias

    from kusion_render.contents import Contents
    from kusion_render.diagnostics import Pointer, Span
    from kusion_render.model import Resource
    from kusion_render.pipeline import Compilation, Input

    Leaves: TypeAlias = dict[Pointer, Any]
    Objects: TypeAlias = dict[tuple[str, str, int], Leaves]

# Of two words that must be there, the other one; what may be left out is left out.
_PAIRS: Final = (
    ("TCP", "UDP"),
    ("true", "false"),
    ("DoNotSchedule", "ScheduleAnyway"),
    ("In", "NotIn"),
    ("Exists", "DoesNotExist"),
)
_WORDS: Final = {word: other for one, two in _PAIRS for word, other in ((one, two), (two, one))}
# The parts of a workspace that reach objects beside the modules' configs, which the apps already hold.
_WORKSPACE_PARTS: Final = (
    "labels",
    "annotations",
    "images",
    "registries",
    "context",
    "secretStore",
    "secrets",
    "patches",
)
# Documents that every render has: a place in one of them is the same place for another stack.
_SHARED: Final = frozenset(("apps", "workspace"))
# Each keeps its render in memory.
_MOST_KNOWN: Final = 100


class Attribution:
    """The causes of every field of one app's objects."""

    __slots__ = ("_apps", "_baseline", "_causes", "_files", "app", "keys", "source")

    def __init__(self, source: Input, apps: Mapping[str, Any], files: Contents, app: str) -> None:
        self.app: Final = app
        self.source: Final = source
        self._apps: Final = apps
        self._files: Final = files
        baseline = resources_of(source, apps, files, Diagnostics(), app).resources
        self.keys: Final = {resource.id: key for resource, key in zip(baseline, _keys(baseline), strict=True)}
        self._baseline: Final = _objects(baseline)
        self._causes: Final[dict[tuple[object, Pointer], list[tuple[int, Place]]]] = {}
        for place, resources in self._experiments():
            self._note(place, _objects(resources))

    def _note(self, place: Place, after: Objects) -> None:
        changed = [
            (key, pointer)
            for key, before in self._baseline.items()
            if key in after
            for pointer, value in before.items()
            if after[key].get(pointer, _NOTHING) != value
        ]
        for entry in changed:
            self._causes.setdefault(entry, []).append((len(changed), place))

    def causes(self, resource_id: str, pointer: Pointer) -> list[Place]:
        """Return the inputs that move a field, the closest first; none: the module alone decides it.

        For a map or a list it is what moves the first of its values that anything moves.
        """
        return self.caused(self.keys.get(resource_id), pointer)

    def caused(self, key: tuple[str, str, int] | None, pointer: Pointer) -> list[Place]:
        """Return the same for an object by its module, its kind and its number."""
        for leaf in self._baseline.get(key, {}) if key else ():
            if leaf[: len(pointer)] == pointer and (key, leaf) in self._causes:
                pointer = leaf
                break
        while pointer:
            found = self._causes.get((key, pointer))
            if found:
                value = self._baseline[key].get(pointer) if key else None
                return [place for _, place in sorted(found, key=lambda item: (item[0], self._said(item[1]) != value))]
            if key in self._baseline and pointer in self._baseline[key]:
                return []
            pointer = pointer[:-1]
        return []

    def _said(self, place: Place) -> Any:
        """Return what an input says: of two that move equally much, the one that says the field's value is its cause."""
        if place.on_key:
            return place.pointer[-1]
        return at(self.source.workspace_data if place.document == "workspace" else self._apps, place.pointer)

    def _experiments(self) -> Iterator[tuple[Place, list[Resource]]]:
        yield from self._app_leaves()
        yield from self._app_keys()
        workspace = self.source.workspace_data
        for part in _WORKSPACE_PARTS:
            for pointer, value in leaves(workspace.get(part), (part,)):
                for other in _others(value):
                    changed = self.source.of(workspace_data=put(workspace, pointer, other))
                    made = attempt(changed, self._apps, self._files, self.app)
                    if made is not None:
                        yield Place(pointer, document="workspace"), made
                        break
        yield from self._names()

    def _app_leaves(self) -> Iterator[tuple[Place, list[Resource]]]:
        for pointer, value in leaves(self._apps[self.app], (self.app,)):
            others = list(_others(value))
            if isinstance(value, str) and value in self._apps:
                others += [name for name in self._apps if name != value]  # what names an app may name only an app
            changes = [put(self._apps, pointer, other) for other in others]
            # A value that the schema allows no other for still shows what it does when it is gone.
            for changed in (*changes, _without(self._apps, pointer)):
                made = attempt(self.source, changed, self._files, self.app)
                if made is not None:
                    yield Place(pointer), made
                    break

    def _app_keys(self) -> Iterator[tuple[Place, list[Resource]]]:
        app = self._apps[self.app]
        renamed = self.app + "x"
        others = {name: config for name, config in self._apps.items() if name != self.app}
        made = attempt(self.source, {**others, renamed: app}, self._files, renamed)
        if made is not None:
            yield Place((self.app,), on_key=True), made
        for pointer in _key_places(app, (self.app,)):
            made = attempt(self.source, _rename(self._apps, pointer), self._files, self.app)
            if made is not None:
                yield Place(pointer, on_key=True), made

    def _names(self) -> Iterator[tuple[Place, list[Resource]]]:
        source = self.source
        for document, pointer, changed in (
            (source.stack.project.file, ("name",), source.of(project_name=source.stack.project.name + "x")),
            (source.stack.file, ("name",), source.of(stack_name=source.stack.name + "x")),
            (
                *(namespace_place(source.stack, source.workspace) or (source.stack.file, ("name",))),
                source.of(namespace_name=source.namespace.name + "x"),
            ),
        ):
            made = attempt(changed, self._apps, self._files, self.app)
            if made is not None:
                yield Place(pointer, document=document), made


def attempt(source: Input, apps: Mapping[str, Any], files: Contents, app: str) -> list[Resource] | None:
    """Return what one of the apps comes to, None where it fits no schema or has other problems."""
    # Asked first, for a full check says at length why a change does not fit.
    if not fits(apps[app], "app-configuration") or not all(
        fits(config, f"modules/{name}", schema_of(name))
        for key, config, _ in parts(apps[app], app)
        for name in (module_name(key, config),)
        if load(name) is not None
    ):
        return None
    found = Diagnostics()
    made = resources_of(source, apps, files, found, app).resources
    return None if found.failed else made


class _Nothing:
    """Unlike every value."""


_NOTHING: Final = _Nothing()


def _keys(resources: list[Resource]) -> list[tuple[str, str, int]]:
    """Tell objects apart by module, kind and number: their names may be what an experiment changes."""
    seen: dict[tuple[str, str], int] = {}
    result = []
    for resource in resources:
        sort = (resource.module, resource.attributes["kind"])
        seen[sort] = seen.get(sort, -1) + 1
        result.append((*sort, seen[sort]))
    return result


def _objects(resources: list[Resource]) -> Objects:
    return {key: dict(leaves(resource.attributes)) for key, resource in zip(_keys(resources), resources, strict=True)}


def _others(value: Any) -> Iterator[Any]:
    """Yield other values like the given one, the likeliest to pass the schema first."""
    return (other for other in _alike(value) if other != value)


def _alike(value: Any) -> Iterator[Any]:
    if isinstance(value, bool):
        yield not value
    elif isinstance(value, (int, float)):
        yield value + 1
        yield value - 1
    elif isinstance(value, str):
        if value in _WORDS:
            yield _WORDS[value]
        if "/" in value:
            # What stands before it and what stands behind may become two fields, as of `NAME/KEY`.
            yield "x/".join(value.rsplit("/", 1)) + "x"
        bumped = _bump_digits(value)
        if bumped != value:
            yield bumped
        yield value + "x"
        yield "x" + value
        yield value[:-1] + ("y" if value.endswith("x") else "x")
        yield from ("StatefulSet", "Deployment", "NodePort", "Always", "Never", "RWX", "basic", "opaque")


def _bump_digits(text: str) -> str:
    result = ""
    for number, char in enumerate(text):
        last = char.isdigit() and not text[number + 1 : number + 2].isdigit()
        result += str((int(char) % 7) + 1) if last and char.isascii() else char
    return result


def _key_places(data: Any, pointer: Pointer) -> Iterator[Pointer]:
    if isinstance(data, dict):
        for key, value in data.items():
            yield (*pointer, key)
            yield from _key_places(value, (*pointer, key))
    elif isinstance(data, list):
        for number, item in enumerate(data):
            yield from _key_places(item, (*pointer, number))


def _without(data: Any, pointer: Pointer) -> Any:
    """Return data without what stands at a place."""
    inside, step = at(data, pointer[:-1]), pointer[-1]
    if isinstance(inside, list):
        return put(data, pointer[:-1], [item for number, item in enumerate(inside) if number != step])
    return put(data, pointer[:-1], {key: value for key, value in inside.items() if key != step})


def _rename(data: Any, pointer: Pointer) -> Any:
    """Return data with one key renamed in its place."""
    inside, step = at(data, pointer[:-1]), pointer[-1]
    renamed = {(f"{key}x" if key == step else key): value for key, value in inside.items()}
    return put(data, pointer[:-1], renamed)


def cause(
    compilation: Compilation,
    resource_id: str,
    pointer: Pointer,
    known: dict[object, Attribution],
    *,
    on_key: bool = False,
) -> Place | Span | None:
    """Return the input that a field of a resource comes from; the module's own place when it alone decides.

    `on_key` asks for the key that is written there too, where there is one.

    `known` keeps what was found out, for other fields and for apps of the same shape, with the same keys in and the
    same fields out: of many stacks that are alike only the first costs experiments.
    """
    resource = next((each for each in compilation.resources if each.id == resource_id), None)
    source = compilation.source
    if resource is None or source is None or not resource.app:
        return None
    if resource.source is not None and at(resource.source.data, pointer) is not MISSING:
        return resource.source.span(pointer, on_key=on_key)
    made = [each for each in compilation.resources if each.app == resource.app]
    key = _keys(made)[made.index(resource)]
    shape = _shape(source, compilation.apps[resource.app], made)
    attribution = known.get(shape)
    causes = attribution.caused(key, pointer) if attribution is not None else []
    if attribution is None or not (attribution.source is source or all(each.document in _SHARED for each in causes)):
        if len(known) >= _MOST_KNOWN:
            known.clear()
        attribution = known[shape] = Attribution(source, compilation.apps, compilation.contents, resource.app)
        causes = attribution.caused(key, pointer)
    if not causes:
        return Place(resource.place, on_key=True)
    found = causes[0]
    place = found.pointer if found.document != "apps" else (resource.app, *found.pointer[1:])
    if on_key and pointer[-1] in place:
        # What a field that is too much holds is not what must go.
        last = len(place) - place[::-1].index(pointer[-1])
        return Place(place[:last], on_key=True, document=found.document)
    return Place(place, on_key=found.on_key, document=found.document)


def _shape(source: Input, app: Any, made: list[Resource]) -> object:
    """Return what two apps must have in common for their fields to come from the same inputs."""
    workspace = {part: source.workspace_data[part] for part in _WORKSPACE_PARTS if part in source.workspace_data}
    fields = _objects(made)
    return (
        source.compatibility,
        tuple(pointer for pointer, _ in leaves(workspace)),
        tuple(pointer for pointer, _ in leaves(app)),
        tuple((key, tuple(fields[key])) for key in fields),
    )
