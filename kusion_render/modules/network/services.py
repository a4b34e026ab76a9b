"""Services: the app's own, from `ports`, and those of the `services` map."""

from __future__ import annotations

from kusion_render.text import texts

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from typing import Any, Final

    from kusion_render.model import Resource
    from kusion_render.modules import GeneratorRequest

_NO_SPEC: Final = frozenset(("ports", "labels", "annotations", "headless", "type", "_type"))
_PORT_FIELDS: Final = ("nodePort", "appProtocol")


def services(request: GeneratorRequest) -> list[Resource]:
    """Return the app's Services, private before public before those of the map."""
    config = request.config
    private, public = own_names(request)
    entries: Mapping[str, Any] = config.get("services") or {}
    ports = config.get("ports") or []
    platform: Mapping[str, Any] = config.get("port") or {}
    made = []
    closed = [port for port in ports if not port.get("public")]
    if closed:
        made.append(_service(request, private, closed, config, entries.get(private) or {}))
    opened = [port for port in ports if port.get("public")]
    if opened:
        own = {
            "type": "LoadBalancer",
            "labels": {**(config.get("labels") or {}), **(platform.get("labels") or {})},
            "annotations": {**(config.get("annotations") or {}), **(platform.get("annotations") or {})},
        }
        made.append(_service(request, public, opened, own, entries.get(public) or {}))
    known = {resource.attributes["metadata"]["name"] for resource in made}
    return made + [
        _service(request, name, (), {}, entry or {}, place=(*request.place, "services", name))
        for name, entry in entries.items()
        if name not in known
    ]


def own_names(request: GeneratorRequest) -> tuple[str, str]:
    """Return the names of the app's private and public Service.

    Natively both are the app's own name, unless it has both kinds: then the public one ends in `-public`.
    """
    name = request.name
    if request.kusion:
        return f"{name}-private", f"{name}-public"
    kinds = {bool(port.get("public")) for port in request.config.get("ports") or ()}
    return name, f"{name}-public" if len(kinds) == 2 else name


def _service(
    request: GeneratorRequest,
    name: str,
    own: Sequence[Mapping[str, Any]],
    settings: Mapping[str, Any],
    entry: Mapping[str, Any],
    place: Any = None,
) -> Resource:
    spec = _spec(request, name, own, settings, entry)
    workload: Mapping[str, Any] = request.app_config.get("workload") or {}
    inherited = workload if request.kusion else {}
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
    if kind != "ExternalName":
        spec["selector"] = request.labels
    ports = [*own, *_listed(entry.get("ports"))]
    container_names = _container_ports(request)
    finished = [_port(port, name, container_names, several=len(ports) > 1, kusion=request.kusion) for port in ports]
    if finished:
        spec["ports"] = finished
    return spec


def _listed(ports: Any) -> Iterator[Mapping[str, Any]]:
    if isinstance(ports, dict):
        for name, value in ports.items():
            yield {"name": name, **value} if isinstance(value, dict) else {"name": name, "port": value}
    else:
        for value in ports or ():
            yield value if isinstance(value, dict) else {"port": value}


def _port(
    port: Mapping[str, Any], service: str, containers: Mapping[Any, str], *, several: bool, kusion: bool
) -> dict[str, Any]:
    number = port.get("port", 80)
    target = port.get("targetPort")
    protocol = port.get("protocol") or "TCP"
    name = port.get("name")
    if not name and kusion:
        name = f"{service}-{number}-{protocol.lower()}"
    if not name:
        aim = number if target is None else target
        name = aim if isinstance(aim, str) else containers.get((aim, protocol))
    if not name and several:
        name = f"{protocol.lower()}-{number}"
    result: dict[str, Any] = {"name": name} if name else {}
    result["port"] = number
    if target is not None or kusion:
        result["targetPort"] = number if target is None else target
    result["protocol"] = protocol
    result.update({key: port[key] for key in _PORT_FIELDS if port.get(key) is not None})
    return result


def _container_ports(request: GeneratorRequest) -> dict[Any, str]:
    """Return the names of the app's container ports by number and protocol."""
    found: dict[Any, str] = {}
    workload: Mapping[str, Any] = request.app_config.get("workload") or {}
    for container in (workload.get("containers") or {}).values():
        ports = container.get("ports") or {}
        named = ports.items() if isinstance(ports, dict) else [(None, item) for item in ports]
        for name, value in named:
            details = value if isinstance(value, dict) else {"port": value}
            label = name or details.get("name")
            number = details.get("port", details.get("containerPort"))
            if label:
                found.setdefault((number, details.get("protocol") or "TCP"), label)
    return found
