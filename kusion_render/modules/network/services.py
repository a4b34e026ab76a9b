"""Services: the app's own, from `ports`, and those of the `services` map."""

from __future__ import annotations

from kusion_render.kubernetes.limits import LABEL_LENGTH, shorten
from kusion_render.text import texts
from kusion_render.workload.ports import named_ports

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Container, Iterator, Mapping, Sequence
    from typing import Any, Final

    from kusion_render.model import Resource
    from kusion_render.modules import GeneratorRequest

_NO_SPEC: Final = frozenset(("ports", "labels", "annotations", "headless", "selector", "type", "_type"))
_PORT_FIELDS: Final = ("nodePort", "appProtocol")


def services(request: GeneratorRequest) -> list[Resource]:
    """Return the app's Services, private before public before those of the map."""
    config = request.config
    private, public = own_names(request)
    ports = config.get("ports") or []
    entries = _by_object_name(request, config.get("services") or {}, private if _kinds(ports) != {True} else public)
    platform: Mapping[str, Any] = config.get("port") or {}
    made = []
    closed = [port for port in ports if not port.get("public")]
    if closed:
        made.append(_service(request, private, closed, config, entries.pop(private, None) or {}))
    opened = [port for port in ports if port.get("public")]
    if opened:
        own = {
            "type": "LoadBalancer",
            "labels": {**(config.get("labels") or {}), **(platform.get("labels") or {})},
            "annotations": {**(config.get("annotations") or {}), **(platform.get("annotations") or {})},
        }
        made.append(_service(request, public, opened, own, entries.pop(public, None) or {}))
    return made + [
        _service(
            request,
            name,
            (),
            config if name == request.name else {},
            entry or {},
            place=(*request.place, "services", name),
        )
        for name, entry in entries.items()
    ]


def _by_object_name(request: GeneratorRequest, entries: Mapping[str, Any], own: str) -> dict[str, Any]:
    """Return `services` with the entry named as the app, which completes its own Service, under that one's name."""
    owning = bool(request.config.get("ports")) and own not in entries
    return {own if owning and name == request.app else name: entry for name, entry in entries.items()}


def reaches_elsewhere(entry: Mapping[str, Any] | None) -> bool:
    """Tell whether an entry of `services` sends to something else than the app's own pods."""
    return entry is not None and (entry.get("selector") is not None or entry.get("type") == "ExternalName")


def _kinds(ports: Sequence[Mapping[str, Any]]) -> set[bool]:
    return {bool(port.get("public")) for port in ports}


def own_names(request: GeneratorRequest) -> tuple[str, str]:
    """Return the names of the app's private and public Service.

    Natively both are the app's own name, unless it has both kinds: then the public one ends in `-public`.
    """
    name = request.name
    if request.kusion:
        return f"{name}-private", f"{name}-public"
    both = len(_kinds(request.config.get("ports") or ())) == 2
    return name, shorten(f"{name}-public", LABEL_LENGTH) if both else name


def _service(
    request: GeneratorRequest,
    name: str,
    own: Sequence[Mapping[str, Any]],
    settings: Mapping[str, Any],
    entry: Mapping[str, Any],
    place: Any = None,
) -> Resource:
    spec = _spec(request, name, own, settings, entry)
    inherited = _of_developer(request) if request.kusion else {}
    return request.resource(
        "v1",
        "Service",
        name,
        {"spec": spec},
        labels=texts(
            {**(inherited.get("labels") or {}), **(settings.get("labels") or {}), **(entry.get("labels") or {})}
        ),
        annotations=texts(
            {
                **(inherited.get("annotations") or {}),
                **(settings.get("annotations") or {}),
                **(entry.get("annotations") or {}),
            }
        ),
        place=place,
    )


def _of_developer(request: GeneratorRequest) -> dict[str, dict[str, Any]]:
    """Return the labels and annotations that the app files give the workload, without those the platform adds.

    Kusion puts the former on its Services, too.
    """
    workload: Mapping[str, Any] = request.app_config.get("workload") or {}
    written: Mapping[str, Any] = (request.context.written().get(request.app) or {}).get("workload") or {}
    return {
        field: {key: value for key, value in (workload.get(field) or {}).items() if key in (written.get(field) or {})}
        for field in ("labels", "annotations")
    }


def _spec(
    request: GeneratorRequest,
    name: str,
    own: Sequence[Mapping[str, Any]],
    settings: Mapping[str, Any],
    entry: Mapping[str, Any],
) -> dict[str, Any]:
    spec: dict[str, Any] = {}
    kind = entry.get("type") or settings.get("type") or ("ClusterIP" if request.kusion else None)
    if kind:
        spec["type"] = kind
    if entry.get("headless"):
        spec["clusterIP"] = "None"
    spec.update({key: value for key, value in entry.items() if key not in _NO_SPEC and value is not None})
    selector = texts(entry["selector"]) if entry.get("selector") is not None else request.labels
    if kind != "ExternalName" and selector:
        spec["selector"] = selector
    ports = [*own, *_listed(entry.get("ports"))]
    if ports:
        spec["ports"] = _ports(request, ports, name)
    return spec


def _ports(request: GeneratorRequest, ports: Sequence[Mapping[str, Any]], service: str) -> list[dict[str, Any]]:
    containers = named_ports(request.app_config)
    taken = {port.get("name") for port in ports}
    made = []
    for port in ports:
        name = port.get("name") or _port_name(port, service, containers, taken, kusion=request.kusion)
        if not name and len(ports) > 1:
            name = f"{(port.get('protocol') or 'TCP').lower()}-{port.get('port', 80)}"
        taken.add(name)
        made.append(_port(port, name, kusion=request.kusion))
    return made


def _listed(ports: Any) -> Iterator[Mapping[str, Any]]:
    if isinstance(ports, dict):
        for name, value in ports.items():
            yield {"name": name, **value} if isinstance(value, dict) else {"name": name, "port": value}
    else:
        for value in ports or ():
            yield value if isinstance(value, dict) else {"port": value}


def _port_name(
    port: Mapping[str, Any], service: str, containers: Mapping[Any, str], taken: Container[Any], *, kusion: bool
) -> str:
    """Return the name of a port that has none of its own: the container port's, unless another port has that."""
    number = port.get("port", 80)
    protocol = port.get("protocol") or "TCP"
    if kusion:
        return f"{service}-{number}-{protocol.lower()}"
    target = port.get("targetPort")
    aim = number if target is None else target
    name = aim if isinstance(aim, str) else containers.get((aim, protocol), "")
    return "" if name in taken else name


def _port(port: Mapping[str, Any], name: str, *, kusion: bool) -> dict[str, Any]:
    number = port.get("port", 80)
    target = port.get("targetPort")
    protocol = port.get("protocol") or "TCP"
    result: dict[str, Any] = {"name": name} if name else {}
    result["port"] = number
    if target is not None or kusion:
        result["targetPort"] = number if target is None else target
    result["protocol"] = protocol
    result.update({key: port[key] for key in _PORT_FIELDS if port.get(key) is not None})
    return result
