"""Where the values of an object come from: who won, whom it overrode, and which module made a field of it."""

from __future__ import annotations

from kusion_render.assembly import platform_config
from kusion_render.attribution import Attribution
from kusion_render.diagnostics import Place
from kusion_render.document import EVERY, MISSING, at, leaves
from kusion_render.modules import load, module_name
from kusion_render.namespace import documents, namespace_place
from kusion_render.origins import Token, tokens
from kusion_render.tracing import Trace

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any, Final

    from kusion_render.diagnostics import Pointer, Span
    from kusion_render.model import Resource
    from kusion_render.pipeline import Compilation
    from kusion_render.repository import Repository


MASK: Final = "•••"


class Origin:
    """One layer's word about a value: where, which value (`GONE` for a deletion), and in what role."""

    __slots__ = ("note", "span", "value")

    def __init__(self, span: Span | None, value: Any, note: str = "") -> None:
        self.span: Final = span
        self.value: Final = value  # Any: a scalar of the input
        self.note: Final = note


class Explanation:
    """A field of an object, its value, and the origins of its value: losers first, the winner last.

    Without origins the module alone decides; `module` says which, with its version. `others` are inputs that move the
    value too, such as a registry that a workspace puts in the place of another.
    """

    __slots__ = ("module", "origins", "others", "pointer", "value")

    def __init__(self, pointer: Pointer, value: Any, module: str, origins: list[Origin], others: list[Origin]) -> None:
        self.pointer: Final = pointer
        self.value: Final = value  # Any: a leaf of a manifest
        self.module: Final = module
        self.origins: Final = origins
        self.others: Final = others

    def masked(self) -> Explanation:
        """Return the same explanation without its values, for what is secret."""
        hidden = [Origin(origin.span, MASK, origin.note) for origin in self.origins]
        return Explanation(self.pointer, MASK, self.module, hidden, [])

    @property
    def kind(self) -> str:
        """`input`, `workspace`, or `module` when the module alone decides."""
        if not self.origins:
            return "module"
        span = self.origins[-1].span
        return "workspace" if span is not None and span.file.startswith("workspaces/") else "input"


def explain(
    repository: Repository, compilation: Compilation, resource: Resource, field: Pointer = ()
) -> Iterator[Explanation]:
    """Yield an explanation of every leaf of a resource at and below `field`, in order."""
    source = compilation.source
    if source is None:
        return
    attribution = Attribution(source, compilation.apps, compilation.contents, resource.app) if resource.app else None
    trace = Trace(repository, source)
    version = _version(resource.module)
    for pointer, value in leaves(resource.attributes):
        if pointer[: len(field)] != field:
            continue
        if resource.source is not None and at(resource.source.data, pointer) == value:
            explained = Explanation(pointer, value, version, [Origin(resource.source.span(pointer), value)], [])
            yield explained.masked() if _is_secret(resource, pointer) else explained
            continue
        causes = attribution.causes(resource.id, pointer) if attribution else _namespace_causes(compilation, pointer)
        origins = _origins(repository, compilation, trace, causes[0]) if causes else []
        others = [
            origin
            for cause in causes[1:]
            if cause.document == "workspace" and causes[0].document != "workspace"
            for origin in _origins(repository, compilation, trace, cause)
        ]
        explanation = Explanation(pointer, value, version, origins, others)
        yield explanation.masked() if _is_secret(resource, pointer) else explanation


def _is_secret(resource: Resource, pointer: Pointer) -> bool:
    return resource.attributes["kind"] == "Secret" and pointer[0] in ("data", "stringData")


def _version(module: str) -> str:
    loaded = load(module)
    return f"{module} {loaded.VERSION}" if loaded is not None else module


def _namespace_causes(compilation: Compilation, pointer: Pointer) -> list[Place]:
    source = compilation.source
    if source is None or pointer[0] != "metadata":
        return []
    file, place = namespace_place(source.stack, source.workspace) or (source.stack.project.file, ("name",))
    return [Place(place, document=file)]


def _origins(repository: Repository, compilation: Compilation, trace: Trace, place: Place) -> list[Origin]:
    source = compilation.source
    if source is None:
        return []
    if place.document != "apps":
        file = source.workspace.file if place.document == "workspace" else place.document
        data: Any = _document_data(compilation, place.document)
        span = repository.files.span(file, place.pointer, on_key=place.on_key)
        return [Origin(span, at(data, place.pointer))]
    if place.on_key:
        return [Origin(trace.first(place.pointer), place.pointer[-1], "the name")]
    beneath = [Origin(trace.locate(token), token.value, note) for token, note in _beneath(compilation, place.pointer)]
    found = [
        Origin(trace.locate(Token(value, layer, pointer)), value, trace.role(layer, pointer))
        for layer, pointer, value in trace.history(place.pointer)
    ]
    known = {origin.span for origin in found}
    return [origin for origin in beneath if origin.span not in known] + found


def _document_data(compilation: Compilation, document: str) -> Any:
    source = compilation.source
    if source is None:
        return {}
    if document == "workspace":
        return source.workspace.data
    return dict(documents(source.stack, source.workspace)).get(document, source.workspace.data)


def _beneath(compilation: Compilation, pointer: Pointer) -> Iterator[tuple[Token, str]]:
    """Yield what lies beneath the app layers: the workspace's config of the module, then `"*"`."""
    source = compilation.source
    if source is None or len(pointer) < 3:
        return
    sources = source.sources
    name, group = pointer[0], pointer[1]
    app = compilation.apps[str(name)]
    if group == "workload":
        modules, inner = ["workload", module_name("workload", app["workload"])], pointer[2:]
    elif group == "accessories":
        key = str(pointer[2])
        modules, inner = [module_name(key, app["accessories"][key])], pointer[3:]
    else:
        modules, inner = [], ()
    for module in modules:
        configs = (sources.modules.get(module) or {}).get("configs") or {}
        marked = {module: {"configs": tokens(configs, -1, ("modules", module, "configs"))}}
        value = at(platform_config(sources.of(marked), module), inner)
        if isinstance(value, Token):
            yield value, f"module {module}, {value.pointer[3]}"
    for step in _every(sources.layers, pointer):
        yield step, '"*"'


def _every(layers: Any, pointer: Pointer) -> Iterator[Token]:
    candidates = [(EVERY, *pointer[1:])]
    if len(pointer) > 3 and pointer[2] in ("containers", "initContainers"):
        candidates += [(EVERY, *pointer[1:3], EVERY, *pointer[4:]), (*pointer[:3], EVERY, *pointer[4:])]
    for candidate in candidates:
        for number, layer in enumerate(layers):
            value = at(layer, candidate)
            if value is not MISSING and not isinstance(value, (dict, list)):
                yield Token(value, number, candidate)
