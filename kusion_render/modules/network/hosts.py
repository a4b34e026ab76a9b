"""The names an app is reached by from outside: an Ingress, or HTTPRoutes where the workspace names a Gateway."""

from __future__ import annotations

from kusion_render.diagnostics import Place, Rule
from kusion_render.document import untyped
from kusion_render.kubernetes.limits import SUBDOMAIN_LENGTH, shorten
from kusion_render.modules.network.ingress import NO_BACKEND
from kusion_render.text import texts

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from typing import Any, Final

    from kusion_render.diagnostics import Diagnostics, Pointer
    from kusion_render.model import Resource
    from kusion_render.modules import GeneratorRequest

TLS_OF_GATEWAY: Final = Rule("KR349", "tls-of-gateway", "warning")

# A HTTPRoute may have so many, by its CustomResourceDefinition.
_MOST_HOSTNAMES: Final = 16
_MOST_RULES: Final = 16


class Road:
    """A path of a host, and the Service port that it leads to."""

    __slots__ = ("path", "port", "service")

    def __init__(self, path: str, service: str, port: Mapping[str, Any]) -> None:
        self.path: Final = path
        self.service: Final = service
        self.port: Final = port


def hosts(request: GeneratorRequest, services: Sequence[Resource], diagnostics: Diagnostics) -> list[Resource]:
    """Return what routes `hosts`: HTTPRoutes where `hostDefaults` names a gateway, else an Ingress.

    Each host goes to its `port`, else to the Service port called `http`, else to the only one; else it is KR308.
    """
    platform: Mapping[str, Any] = request.config.get("hostDefaults") or {}
    entries = [item if isinstance(item, dict) else {"host": item} for item in request.config["hosts"]]
    roads: dict[str, list[Road]] = {}
    for at, entry in enumerate(entries):
        service, port = _backend(entry, services, (*request.place, "hosts", at), diagnostics)
        roads.setdefault(entry["host"], []).append(Road(entry.get("path") or "/", service, port))
    if not platform.get("gateway"):
        return [_ingress(request, entries, roads, platform)]
    _report_tls(request, entries, platform, diagnostics)
    return list(_routes(request, roads, platform))


def _ingress(
    request: GeneratorRequest,
    entries: Sequence[Mapping[str, Any]],
    roads: Mapping[str, Sequence[Road]],
    platform: Mapping[str, Any],
) -> Resource:
    spec: dict[str, Any] = {}
    if platform.get("ingressClassName"):
        spec["ingressClassName"] = platform["ingressClassName"]
    spec["rules"] = [
        {"host": host, "http": {"paths": [_ingress_path(road) for road in found]}} for host, found in roads.items()
    ]
    tls = _tls(request, entries, platform)
    if tls:
        spec["tls"] = tls
    name = f"{request.name}-ingress" if request.kusion else request.name
    return request.resource(
        "networking.k8s.io/v1",
        "Ingress",
        shorten(f"{name}-hosts", SUBDOMAIN_LENGTH) if request.config.get("ingress") else name,
        {"spec": spec},
        labels=texts(platform.get("labels")),
        annotations={**texts(platform.get("annotations")), **_issuer(platform, secure=bool(tls))},
        place=(*request.place, "hosts"),
    )


def _ingress_path(road: Road) -> dict[str, Any]:
    port = {"name": road.port["name"]} if road.port.get("name") else {"number": road.port["port"]}
    return {"path": road.path, "pathType": "Prefix", "backend": {"service": {"name": road.service, "port": port}}}


def _issuer(platform: Mapping[str, Any], *, secure: bool) -> dict[str, str]:
    # The annotations by which cert-manager makes the certificate of an Ingress.
    names = {"issuer": "cert-manager.io/issuer", "clusterIssuer": "cert-manager.io/cluster-issuer"}
    return {label: platform[key] for key, label in names.items() if secure and platform.get(key)}


def _tls(request: GeneratorRequest, entries: Sequence[Mapping[str, Any]], platform: Mapping[str, Any]) -> list[Any]:
    secrets: dict[str, list[str]] = {}
    own = shorten(f"{request.name}-tls", SUBDOMAIN_LENGTH)
    for entry in entries:
        wanted = entry.get("tls", platform.get("tls", False))
        if wanted:
            hosts = secrets.setdefault(wanted if isinstance(wanted, str) else own, [])
            if entry["host"] not in hosts:
                hosts.append(entry["host"])
    return [{"hosts": names, "secretName": secret} for secret, names in secrets.items()]


def _report_tls(
    request: GeneratorRequest,
    entries: Sequence[Mapping[str, Any]],
    platform: Mapping[str, Any],
    diagnostics: Diagnostics,
) -> None:
    asked = [(*request.place, "hosts", at, "tls") for at, entry in enumerate(entries) if entry.get("tls")]
    if platform.get("tls"):
        asked.append((*request.place, "hostDefaults", "tls"))
    for place in asked:
        diagnostics.report(
            TLS_OF_GATEWAY,
            "a Gateway serves its hosts by the certificates of its own listeners, so `tls` has no effect here",
            Place(place),
            help="remove it, and give the Gateway a listener with TLS for the host",
        )


def _routes(
    request: GeneratorRequest, roads: Mapping[str, Sequence[Road]], platform: Mapping[str, Any]
) -> Iterator[Resource]:
    """Yield a HTTPRoute for all hosts that lead to the same; the first is named as the app, others after their host."""
    gateways = platform["gateway"] if isinstance(platform["gateway"], list) else [platform["gateway"]]
    parents = [untyped(gateway) for gateway in gateways]
    taken: set[str] = set()
    for names, rules in _grouped(roads):
        name = request.name if not taken else f"{request.name}-{names[0].replace('*', 'wildcard')}"
        while name in taken:  # the same hosts once more, for there are more rules than one route may have
            name += "-more"
        taken.add(name)
        yield request.resource(
            "gateway.networking.k8s.io/v1",
            "HTTPRoute",
            shorten(name, SUBDOMAIN_LENGTH),
            {"spec": {"parentRefs": parents, "hostnames": names, "rules": rules}},
            labels=texts(platform.get("labels")),
            annotations=texts(platform.get("annotations")),
            place=(*request.place, "hosts"),
        )


def _grouped(roads: Mapping[str, Sequence[Road]]) -> Iterator[tuple[list[str], list[dict[str, Any]]]]:
    """Yield hosts with the rules that they share, in numbers that a HTTPRoute may have."""
    groups: dict[object, list[str]] = {}
    for host, found in roads.items():
        groups.setdefault(tuple((road.path, road.service, road.port["port"]) for road in found), []).append(host)
    for names in groups.values():
        rules = [_rule(road) for road in roads[names[0]]]
        for start in range(0, len(names), _MOST_HOSTNAMES):
            for first in range(0, len(rules), _MOST_RULES):
                yield names[start : start + _MOST_HOSTNAMES], rules[first : first + _MOST_RULES]


def _rule(road: Road) -> dict[str, Any]:
    return {
        "matches": [{"path": {"type": "PathPrefix", "value": road.path}}],
        "backendRefs": [{"name": road.service, "port": road.port["port"]}],
    }


def _backend(
    entry: Mapping[str, Any], services: Sequence[Resource], place: Pointer, diagnostics: Diagnostics
) -> tuple[str, Mapping[str, Any]]:
    """Return the name of the Service, and its port, that a host leads to."""
    wanted = entry.get("port")
    offered = [
        (service.attributes["metadata"]["name"], port)
        for service in services
        for port in service.attributes["spec"].get("ports") or ()
        if service.attributes["spec"].get("clusterIP") != "None"
    ]
    fitting = [
        (name, port)
        for name, port in offered
        if (port.get("name") == "http" if wanted is None else wanted in (port.get("name"), port["port"]))
    ]
    if not fitting and wanted is None and len(offered) == 1:
        fitting = offered
    if fitting:
        return fitting[0]
    listed = ", ".join(f"`{port.get('name') or port['port']}`" for _, port in offered)
    diagnostics.report(
        NO_BACKEND,
        f"no Service port to send `{entry['host']}` to",
        Place(place),
        help=f"give the host a `port`: {listed}" if listed else "give the app `ports` or `services` first",
    )
    return "", {"port": 0}
