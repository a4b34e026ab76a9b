"""What must hold of the finished objects of a render: valid names, no duplicates, no dangling references."""

from __future__ import annotations

from kusion_render.diagnostics import OutputPlace, Place, Related, Rule
from kusion_render.kubernetes.checks import problems
from kusion_render.kubernetes.objects import is_encrypted
from kusion_render.kubernetes.pods import containers, items, pod_template
from kusion_render.kubernetes.references import ALWAYS_PRESENT, references
from kusion_render.kubernetes.scopes import group
from kusion_render.model import CloudResource
from kusion_render.suggestion import suggest
from kusion_render.workload.probe import PROBES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from typing import Any, Final

    from kusion_render.diagnostics import Diagnostics, Pointer
    from kusion_render.kubernetes.references import Reference
    from kusion_render.model import Resource

DUPLICATE_OBJECT: Final = Rule("KR511", "duplicate-object")
DANGLING_REFERENCE: Final = Rule("KR326", "dangling-reference")
UNKNOWN_PORT: Final = Rule("KR330", "unknown-port")
SELECTOR_MISMATCH: Final = Rule("KR328", "selector-mismatch")

# Kinds whose object brings another one into being under its own name.
_MAKES: Final = {"ExternalSecret": "Secret", "SealedSecret": "Secret", "Certificate": "Secret"}
# Routes may lead to Services of other stacks, and a TLS Secret is often made by a controller.
_CHECKED: Final = frozenset(("ConfigMap", "Secret", "ServiceAccount", "PersistentVolumeClaim"))


def verify(
    resources: Sequence[Resource],
    existing: Iterable[tuple[str, str]],
    diagnostics: Diagnostics,
    cloud: Sequence[CloudResource] = (),
) -> None:
    """Report every object that Kubernetes would refuse or that would not start; `existing` lives elsewhere.

    Of `cloud` resources only those that are made twice.
    """
    _refuse_duplicates(resources, diagnostics)
    if cloud:
        _refuse_duplicates(cloud, diagnostics)
    for resource in resources:
        # What is encrypted can't be mended without its key.
        for found in () if is_encrypted(resource.attributes) else problems(resource.attributes):
            diagnostics.report(found.rule, found.message, OutputPlace(resource.id, found.pointer), help=found.help)
        if resource.workload:
            _check_selector(resource, diagnostics)
            _check_probed_ports(resource, diagnostics)
    _check_references(resources, {*existing, *ALWAYS_PRESENT}, diagnostics)
    _check_target_ports(resources, diagnostics)


def _check_selector(resource: Resource, diagnostics: Diagnostics) -> None:
    spec = resource.attributes["spec"]
    selector = spec.get("selector")
    wanted = selector.get("matchLabels") if isinstance(selector, dict) else None
    if not isinstance(wanted, dict):
        return
    labels: Mapping[str, Any] = (spec["template"].get("metadata") or {}).get("labels") or {}
    for key, value in wanted.items():
        if labels.get(key) != value:
            diagnostics.report(
                SELECTOR_MISMATCH,
                f"the pods' label `{key}` is not `{value}`, by which their {resource.attributes['kind']} finds them",
                OutputPlace(resource.id, ("spec", "template", "metadata", "labels", key)),
                help="set it under the app's `labels`: the selector follows those",
            )


def _check_probed_ports(resource: Resource, diagnostics: Diagnostics) -> None:
    """Report probes and hooks that name a port which their own container has not: the kubelet looks nowhere else."""
    template = pod_template(resource.attributes)
    for place, container in containers(template[1]["spec"], (*template[0], "spec")) if template else ():
        for at, port in _asked_ports(container, place):
            names = _names_of_ports(container)
            if port not in names:
                diagnostics.report(
                    UNKNOWN_PORT,
                    f"container `{container.get('name')}` has no port `{port}`, which its `{at[-3]}` asks",
                    OutputPlace(resource.id, at),
                    help=suggest(port, names, None if names else "name it under the container's `ports`"),
                )


def _asked_ports(container: Mapping[str, Any], place: Pointer) -> Iterator[tuple[Pointer, str]]:
    """Yield the ports that a container's probes and hooks name, each with its place."""
    handlers: dict[Pointer, Any] = {(key,): container[key] for key in PROBES if key in container}
    hooks = container.get("lifecycle")
    if isinstance(hooks, dict):
        handlers.update({("lifecycle", key): hook for key, hook in hooks.items()})
    for pointer, handler in handlers.items():
        for way in ("httpGet", "tcpSocket", "grpc") if isinstance(handler, dict) else ():
            asked = handler.get(way)
            port = asked.get("port") if isinstance(asked, dict) else None
            if isinstance(port, str):
                yield (*place, *pointer, way, "port"), port


def _names_of_ports(container: Mapping[str, Any]) -> list[str]:
    """Return the names of a container's ports, sorted."""
    return sorted(port["name"] for _, port in items(container, "ports", ()) if isinstance(port.get("name"), str))


def _check_target_ports(resources: Sequence[Resource], diagnostics: Diagnostics) -> None:
    """Report what names a port which nothing that it selects has: pods, or of a ServiceMonitor Services."""
    known: dict[bool, list[tuple[Mapping[str, Any], set[str]]]] = {}
    for resource in resources:
        found = _ASKING.get(resource.attributes["kind"])
        spec = resource.attributes.get("spec") if found is not None else None
        if found is None or not isinstance(spec, dict):
            continue
        selector, named = found(spec)
        if not named or not isinstance(selector, dict):
            continue
        services = resource.attributes["kind"] == "ServiceMonitor"
        if services not in known:  # most renders name no port, and need none of this
            known[services] = [(_service_ports if services else _named_ports)(each) for each in resources]
        offered = [names for labels, names in known[services] if labels and selector.items() <= labels.items()]
        for place, name in named:
            if offered and not any(name in names for names in offered):
                _report_port(resource, place, name, set().union(*offered), diagnostics)


def _report_port(
    resource: Resource, place: Pointer, name: str, offered: Iterable[str], diagnostics: Diagnostics
) -> None:
    kind = resource.attributes["kind"]
    who = "Service" if kind == "ServiceMonitor" else "container"
    listed = ", ".join(f"`{known}`" for known in sorted(offered))
    diagnostics.report(
        UNKNOWN_PORT,
        f"no {who} has a port `{name}`, to which {kind} `{resource.attributes['metadata']['name']}` {_LEADS.get(kind, 'goes')}",
        OutputPlace(resource.id, place),
        help=f"there are {listed}" if listed else f"name the {who}'s port, or give a number",
    )


def _of_service(spec: Mapping[str, Any]) -> tuple[object, list[tuple[Pointer, str]]]:
    """Return whom a Service selects, and the ports it names."""
    named = [
        ((*place, "targetPort"), port["targetPort"])
        for place, port in items(spec, "ports", ("spec",))
        if isinstance(port.get("targetPort"), str)
    ]
    return spec.get("selector"), named


def _of_policy(spec: Mapping[str, Any]) -> tuple[object, list[tuple[Pointer, str]]]:
    """Return whom a NetworkPolicy selects, and the ports it names; one that says more than labels is not looked at."""
    selector = spec.get("podSelector")
    if not isinstance(selector, dict) or set(selector) != {"matchLabels"}:
        return None, []
    named = [
        ((*place, "port"), port["port"])
        for at, rule in items(spec, "ingress", ("spec",))
        for place, port in items(rule, "ports", at)
        if isinstance(port.get("port"), str)
    ]
    return selector["matchLabels"], named


def _of_monitor(spec: Mapping[str, Any]) -> tuple[object, list[tuple[Pointer, str]]]:
    """Return whom a ServiceMonitor or PodMonitor selects, and the ports it names."""
    selector = spec.get("selector")
    if not isinstance(selector, dict) or set(selector) != {"matchLabels"}:
        return None, []
    named = [
        ((*place, "port"), endpoint["port"])
        for field in ("endpoints", "podMetricsEndpoints")
        for place, endpoint in items(spec, field, ("spec",))
        if isinstance(endpoint.get("port"), str)
    ]
    return selector["matchLabels"], named


_LEADS: Final = {"Service": "sends", "NetworkPolicy": "gives access"}
_ASKING: Final = {
    "Service": _of_service,
    "NetworkPolicy": _of_policy,
    "PodMonitor": _of_monitor,
    "ServiceMonitor": _of_monitor,
}


def _service_ports(resource: Resource) -> tuple[Mapping[str, Any], set[str]]:
    """Return the labels of a Service and the names of its ports; of anything else nothing."""
    manifest = resource.attributes
    if manifest["kind"] != "Service" or not isinstance(manifest.get("spec"), dict):
        return {}, set()
    found = (port.get("name") for _, port in items(manifest["spec"], "ports", ()))
    return manifest["metadata"].get("labels") or {}, {name for name in found if isinstance(name, str)}


def _named_ports(resource: Resource) -> tuple[Mapping[str, Any], set[str]]:
    """Return the labels of a workload's pods and the names of their ports; of anything else nothing."""
    if not resource.workload or "template" not in resource.attributes["spec"]:
        return {}, set()
    template = resource.attributes["spec"]["template"]
    names = {name for _, each in containers(template["spec"], ()) for name in _names_of_ports(each)}
    return (template.get("metadata") or {}).get("labels") or {}, names


def _check_references(
    resources: Sequence[Resource], elsewhere: Iterable[tuple[str, str]], diagnostics: Diagnostics
) -> None:
    # What is known of each object's keys; None: they are somebody else's.
    known: dict[tuple[str, str], set[str] | None] = dict.fromkeys(elsewhere)
    for resource in resources:
        manifest = resource.attributes
        kind, name = manifest["kind"], manifest["metadata"].get("name", "")
        known.setdefault((_MAKES.get(kind, kind), name), _keys(manifest))
    for resource in resources:
        for reference in references(resource.attributes):
            if reference.kind not in _CHECKED or reference.optional:
                continue
            if (reference.kind, reference.name) not in known:
                _report_dangling(resource, reference, known, diagnostics)
                continue
            keys = known[reference.kind, reference.name]
            if keys is not None and reference.key is not None and reference.key not in keys:
                _report_missing_key(resource, reference, reference.key, keys, diagnostics)


def _keys(manifest: Mapping[str, Any]) -> set[str] | None:
    if manifest["kind"] not in ("ConfigMap", "Secret"):
        return None
    return {key for field in ("data", "binaryData", "stringData") for key in manifest.get(field) or ()}


def _report_missing_key(
    resource: Resource, reference: Reference, key: str, keys: Iterable[str], diagnostics: Diagnostics
) -> None:
    diagnostics.report(
        DANGLING_REFERENCE,
        f"{reference.kind} `{reference.name}` has no key `{key}`",
        OutputPlace(resource.id, reference.pointer),
        help=suggest(key, sorted(keys)),
    )


def _report_dangling(
    resource: Resource, reference: Reference, known: Iterable[tuple[str, str]], diagnostics: Diagnostics
) -> None:
    names = sorted(name for kind, name in known if kind == reference.kind)
    where = {"ConfigMap": "configs", "Secret": "secrets", "ServiceAccount": "serviceAccounts"}.get(reference.kind)
    elsewhere = f"say so where it lives elsewhere: `accessories: {{{where}: {{{reference.name}: {{existing: true}}}}}}`"
    diagnostics.report(
        DANGLING_REFERENCE,
        f"{reference.kind} `{reference.name}` is not in this stack",
        OutputPlace(resource.id, reference.pointer),
        help=suggest(reference.name, names, elsewhere if where else "give the claim a `size` to make it"),
    )


def _refuse_duplicates(resources: Sequence[Resource] | Sequence[CloudResource], diagnostics: Diagnostics) -> None:
    first: dict[tuple[str, ...], Resource | CloudResource] = {}
    for resource in resources:
        known = identity(resource)
        other = first.setdefault(known, resource)
        if other is not resource:
            diagnostics.report(
                DUPLICATE_OBJECT,
                f"{known[1]} `{known[3]}` is made twice",
                Place(resource.place, on_key=True),
                help="rename one of them",
                related=[Related("the other one", Place(other.place, on_key=True))],
            )


def identity(resource: Resource | CloudResource) -> tuple[str, ...]:
    """Return what makes an object one and the same in a cluster: group, kind, namespace, name.

    A cloud resource has its provider for a group, and no namespace.
    """
    if isinstance(resource, CloudResource):
        return (resource.provider.rpartition("/")[0], resource.type, "", resource.name)
    manifest = resource.attributes
    metadata = manifest["metadata"]
    return (group(manifest["apiVersion"]), manifest["kind"], metadata.get("namespace", ""), metadata.get("name", ""))
