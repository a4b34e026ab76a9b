"""What a workspace enforces, on objects that no app of ours made.

`enforce` has the form of an app. So for each object with pods an app of the same containers is made twice, with and
without it, and what is different is laid over the object.
"""

from __future__ import annotations

from kusion_render.assembly import Sources, assemble, is_app
from kusion_render.diagnostics import Diagnostics, OutputPlace, Place, Related, Rule
from kusion_render.document import DIRECTIVE, EVERY, put
from kusion_render.integrations.post_render.overlay import beside, exclusive, overruled, without_template
from kusion_render.integrations.post_render.stream import describe
from kusion_render.kubernetes.merge_keys import strategic_merge
from kusion_render.kubernetes.pods import pod_template
from kusion_render.model import Layer, Namespace, Project, Stack, Workspace
from kusion_render.modules import Context
from kusion_render.modules import job as job_module
from kusion_render.modules import service as service_module
from kusion_render.modules.running import generate
from kusion_render.pipeline import Input, Options, apps_of
from kusion_render.text import texts

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from typing import Any, Final

    from kusion_render.diagnostics import Pointer
    from kusion_render.integrations.post_render.policies import Policies
    from kusion_render.integrations.post_render.stream import Item
    from kusion_render.model import Resource

ENFORCE_WITHOUT_EFFECT: Final = Rule("KR533", "enforce-without-effect", "warning")
ENFORCED_FIELD: Final = Rule("KR534", "enforced-field", "warning")
ENFORCED_OBJECT: Final = Rule("KR535", "enforced-object")

# What is about the app as a whole, and what would make another kind of object.
_NOT_APPLIED: Final = ("accessories", "enabled", "patches", "protect")
_NOT_APPLIED_TO_WORKLOADS: Final = ("type", "module", "_type", "secrets", "restartOnConfigChange", "phase")
_FIELDS: Final = {**service_module.FIELDS, **job_module.FIELDS}
_OF_SOME_KINDS: Final = frozenset(field for fields in _FIELDS.values() for field in fields)
_GROUPS: Final = ("containers", "initContainers")
_RAW: Final = "podSpec"
# What no name of a real image can be.
_IMAGE: Final = "-"
_MOST_LISTED: Final = 4


class Overlay:
    """What is laid over an object: over all of it but its pods, over its pod template, and over its pod spec at last."""

    __slots__ = ("metadata", "pod_spec", "rest", "template")

    def __init__(
        self,
        metadata: Mapping[str, Any],
        rest: Mapping[str, Any],
        template: Mapping[str, Any],
        pod_spec: Mapping[str, Any],
    ) -> None:
        self.metadata: Final = metadata
        self.rest: Final = rest
        self.template: Final = template
        self.pod_spec: Final = pod_spec


def enforce(items: Sequence[Item], policies: Policies, diagnostics: Diagnostics) -> list[dict[str, Any]]:
    """Return the objects with what the workspace enforces.

    Labels and annotations of `enforce` are for every object, its `workload` for every object with pods. Like `"*"` it
    adds no container. A label that something in the stream selects by keeps its value, and so does the number of
    replicas of what is scaled automatically. Reports KR533 of what can't be applied, KR534 of own values that are
    overruled, KR535 of what would take another object, and what the schemas of apps say.
    """
    made = _Overlays(policies, _usable(policies.workspace.data["enforce"], diagnostics), diagnostics)
    manifests = [item.manifest for item in items]
    selected = set(_selected(manifests))
    scaled = set(_scaled(manifests))
    lost: dict[tuple[str, ...], list[tuple[Item, Pointer]]] = {}
    result = []
    for item in items:
        manifest = item.manifest
        overlay = made.overlay(manifest)
        after = manifest
        if overlay is not None:
            after = _laid(manifest, overlay, selected, (manifest["kind"], manifest["metadata"].get("name")) in scaled)
            fields = list(overruled(manifest, after))
            if fields:
                lost.setdefault(tuple([text for _, text in fields]), []).append((item, fields[0][0]))
        result.append(after)
    _report_overruled(lost, diagnostics)
    return result


def _usable(enforced: Mapping[str, Any], diagnostics: Diagnostics) -> dict[str, Any]:
    """Return what of `enforce` can be applied to objects that exist, after KR533 of the rest."""
    result = {key: value for key, value in enforced.items() if key not in _NOT_APPLIED}
    idle: list[Pointer] = [(key,) for key in _NOT_APPLIED if key in enforced]
    workload = enforced.get("workload")
    if isinstance(workload, dict):
        result["workload"] = {key: value for key, value in workload.items() if key not in _NOT_APPLIED_TO_WORKLOADS}
        idle += [("workload", key) for key in _NOT_APPLIED_TO_WORKLOADS if key in workload]
    deletions: list[Pointer] = []
    result = _without_deletions(result, (), deletions)
    for pointer in idle + deletions:
        what = "a deletion" if pointer in deletions else f"`{pointer[-1]}`"
        diagnostics.report(
            ENFORCE_WITHOUT_EFFECT,
            f"{what} in `enforce` has no effect on objects that no app of this repository makes",
            Place(("enforce", *pointer), on_key=True, document="workspace"),
            help="delete with `podSpec` or `patches`" if pointer in deletions else "it holds for apps only",
        )
    return result


def _without_deletions(data: Mapping[str, Any], pointer: Pointer, found: list[Pointer]) -> dict[str, Any]:
    result = {}
    for key, value in data.items():
        if value is None or key == DIRECTIVE:
            found.append((*pointer, key))
        elif isinstance(value, dict) and key != _RAW:
            result[key] = _without_deletions(value, (*pointer, key), found)
        else:
            result[key] = value
    return result


class _Overlays:
    """Makes overlays, one for all objects that are alike in what matters."""

    __slots__ = ("_diagnostics", "_enforced", "_known", "_policies", "_refers_to_app")

    def __init__(self, policies: Policies, enforced: Mapping[str, Any], diagnostics: Diagnostics) -> None:
        self._policies: Final = policies
        self._enforced: Final = enforced
        self._diagnostics: Final = diagnostics
        self._known: Final[dict[tuple[object, ...], Overlay | None]] = {}
        parsed = policies.workspace.parsed
        self._refers_to_app: Final = parsed is not None and parsed.has_reference

    def overlay(self, manifest: Mapping[str, Any]) -> Overlay | None:
        """Return what is laid over an object; None after diagnostics, each given once."""
        kind = manifest["kind"] if manifest["kind"] in _FIELDS else ""
        names = _container_names(manifest)
        app = _app_name(manifest) if self._refers_to_app else "chart"
        key = (kind, names, app)
        if key not in self._known:
            found = Diagnostics()
            overlay = self._overlay(kind, names, app, found)
            self._diagnostics.items.extend(found.items)
            self._known[key] = None if found.failed else overlay
        return self._known[key]

    def _overlay(
        self, kind: str, names: tuple[tuple[str, ...], ...], name: str, diagnostics: Diagnostics
    ) -> Overlay | None:
        bare = _bare_app(kind, names)
        app = self._checked(name, bare, kind, diagnostics)
        if app is None:
            return None
        metadata = {key: texts(app[key]) for key in ("labels", "annotations") if app.get(key)}
        if not any(names):
            return Overlay(metadata, {}, {}, {})
        workload = app["workload"]
        raw = workload.get(_RAW) or {}
        above = {**app, "workload": {key: value for key, value in workload.items() if key != _RAW}}
        with_it, others = self._made(name, above, diagnostics)
        without, _ = self._made(name, bare, diagnostics)
        for other in others:
            _report_object(other, diagnostics)
        if with_it is None or without is None:
            return None
        rest, template = without_template(without, with_it)
        # Whether a kind that is not ours has the fields of ours, nobody knows.
        return Overlay(metadata, rest if kind else {}, exclusive(template), raw)

    def _checked(
        self, name: str, bare: Mapping[str, Any], kind: str, diagnostics: Diagnostics
    ) -> Mapping[str, Any] | None:
        """Return the app with what is enforced: assembled, its references replaced, typed and checked."""
        workspace = self._policies.workspace
        assert workspace.parsed is not None  # noqa: S101 - it has said what to enforce
        enforced = dict(self._enforced)
        if isinstance(enforced.get("workload"), dict):
            enforced["workload"] = _for_kind(enforced["workload"], kind)
        apps = assemble(Sources([{name: bare}], enforce=enforced))
        stack = Stack("chart", Project("chart", "", "", {}), "", "", {}, [""])
        source = Input(
            stack,
            Workspace("", "", {}),
            [Layer("", apps, workspace.parsed, deletes=False)],
            "native",
            Options(),
            Namespace(self._policies.options.namespace),
            self._policies.variables,
            {},
        )
        return apps_of(source, diagnostics).get(name)

    def _made(
        self, name: str, app: Mapping[str, Any], diagnostics: Diagnostics
    ) -> tuple[Mapping[str, Any] | None, list[Resource]]:
        """Return the workload that our own modules make of an app, None if they can't, and what else they make."""
        context = Context(
            project="chart",
            stack="chart",
            namespace=self._policies.options.namespace,
            compatibility="native",
            workspace={},
            apps={name: app},
            contents={},
        )
        resources = generate(context, diagnostics).resources
        workload = next((each.attributes for each in resources if each.workload), None)
        return workload, [each for each in resources if not each.workload]


def _container_names(manifest: Mapping[str, Any]) -> tuple[tuple[str, ...], ...]:
    """Return the names of an object's containers and of its initial ones, nothing for one without pods."""
    template = pod_template(manifest)
    if template is None:
        return ((), ())
    spec = template[1]["spec"]
    return tuple(tuple(str(each.get("name") or "") for each in spec.get(group) or ()) for group in _GROUPS)


def _app_name(manifest: Mapping[str, Any]) -> str:
    """Return what `app.name` stands for: the label that says so, else the object's name."""
    metadata = manifest["metadata"]
    name = (metadata.get("labels") or {}).get("app.kubernetes.io/name") or metadata.get("name") or ""
    return str(name) if name and name != EVERY and is_app(str(name)) else "chart"


def _bare_app(kind: str, names: tuple[tuple[str, ...], ...]) -> dict[str, Any]:
    """Return an app of the same kind and containers that says nothing else."""
    workload: dict[str, Any] = {
        group: {name: {"image": _IMAGE} for name in each if name}
        for group, each in zip(_GROUPS, names, strict=True)
        if any(each)
    }
    # An object without pods needs an app too, for its labels to be checked.
    workload.setdefault("containers", {"chart": {"image": _IMAGE}})
    if kind in job_module.FIELDS:
        workload["module"] = "job"
        workload.update({"schedule": "@daily"} if kind == "CronJob" else {})
    elif kind:
        workload["type"] = kind
    return {"workload": workload}


def _for_kind(workload: Mapping[str, Any], kind: str) -> dict[str, Any]:
    """Return an enforced workload without the fields that other kinds have and this one has not."""
    own = _FIELDS.get(kind, ())
    return {key: value for key, value in workload.items() if key in own or key not in _OF_SOME_KINDS}


def _report_object(resource: Resource, diagnostics: Diagnostics) -> None:
    diagnostics.report(
        ENFORCED_OBJECT,
        f"what is enforced would make a {resource.attributes['kind']}, and objects can't be added to a chart's",
        Place(resource.place),
        help="refer to one that exists, as `contentFrom: config://NAME/KEY` or `dirs: {PATH: config://NAME}` do",
    )


def _laid(manifest: dict[str, Any], overlay: Overlay, selected: Iterable[str], scaled: bool) -> dict[str, Any]:  # noqa: FBT001 - a fact of the object
    """Return an object with an overlay on it."""
    kind = manifest["kind"]
    rest = {**overlay.rest, "metadata": {**overlay.metadata, **(overlay.rest.get("metadata") or {})}}
    if scaled and "replicas" in (rest.get("spec") or {}):
        rest["spec"] = {key: value for key, value in rest["spec"].items() if key != "replicas"}
    found = pod_template(manifest)
    after = strategic_merge(manifest, _keeping(rest, manifest, selected), kind)
    if found is None:
        return after
    pointer, template = found
    if not pointer:
        template = after
    above = _keeping(beside(overlay.template, template), template, selected)
    laid = strategic_merge(template, above, "PodTemplateSpec")
    if overlay.pod_spec:
        laid["spec"] = strategic_merge(laid["spec"], overlay.pod_spec, "PodSpec")
    result: dict[str, Any] = put(after, pointer, laid)
    return result


def _keeping(above: Mapping[str, Any], below: Mapping[str, Any], selected: Iterable[str]) -> dict[str, Any]:
    """Return an overlay without the labels that something selects by and that have another value."""
    metadata = above.get("metadata") or {}
    labels = metadata.get("labels")
    result = dict(above)
    if labels:
        own = (below.get("metadata") or {}).get("labels") or {}
        kept = {key: value for key, value in labels.items() if key not in selected or key not in own}
        result["metadata"] = {**metadata, "labels": kept}
    if "metadata" in result:
        result["metadata"] = {key: value for key, value in result["metadata"].items() if value}
        if not result["metadata"]:
            del result["metadata"]
    return result


def _selected(data: Any) -> Iterator[str]:
    """Yield the keys of labels that something in the stream selects by."""
    if isinstance(data, list):
        for each in data:
            yield from _selected(each)
    elif isinstance(data, dict):
        for key, value in data.items():
            if key == "matchLabels" and isinstance(value, dict):
                yield from value
            elif key == "matchExpressions" and isinstance(value, list):
                yield from (str(each["key"]) for each in value if isinstance(each, dict) and "key" in each)
            elif key == "selector" and isinstance(value, dict) and not {"matchLabels", "matchExpressions"} & {*value}:
                yield from (label for label, wanted in value.items() if isinstance(wanted, str))
            elif isinstance(value, (dict, list)):
                yield from _selected(value)


def _scaled(manifests: Sequence[Mapping[str, Any]]) -> Iterator[tuple[str, str]]:
    """Yield kind and name of what something in the stream scales: an HPA, or KEDA's ScaledObject."""
    for manifest in manifests:
        spec = manifest.get("spec")
        target = spec.get("scaleTargetRef") if isinstance(spec, dict) else None
        if isinstance(target, dict):
            yield str(target.get("kind") or "Deployment"), str(target.get("name") or "")


def _report_overruled(
    found: Mapping[tuple[str, ...], Sequence[tuple[Item, Pointer]]], diagnostics: Diagnostics
) -> None:
    """Report own values that are overruled: once for all objects that have the same fields overruled."""
    for fields, places in found.items():
        item, pointer = places[0]
        named = ", ".join(f"`{field}`" for field in fields[:_MOST_LISTED])
        more = f" and {len(fields) - _MOST_LISTED} more" if len(fields) > _MOST_LISTED else ""
        others = f" and of {len(places) - 1} more object{'s' if len(places) > 2 else ''}" if len(places) > 1 else ""
        diagnostics.report(
            ENFORCED_FIELD,
            f"{named}{more} of {describe(item.manifest)}{others} {'is' if len(fields) == 1 else 'are'} set by the platform",
            OutputPlace(item.id, pointer),
            help="set it so in the chart's values, or leave it out there; what the workspace enforces wins",
            related=[Related("enforced here", Place(("enforce",), on_key=True, document="workspace"))],
        )
