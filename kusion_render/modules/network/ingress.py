"""Ingress and IngressClass: Kusion's, mapped one to one, and the short form `hosts`."""

from __future__ import annotations

from kusion_render.diagnostics import Place, Rule
from kusion_render.kubernetes.limits import SUBDOMAIN_LENGTH, shorten
from kusion_render.modules.network.services import own_names
from kusion_render.text import texts

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any, Final

    from kusion_render.diagnostics import Diagnostics, Pointer
    from kusion_render.model import Resource
    from kusion_render.modules import GeneratorRequest

NO_BACKEND: Final = Rule("KR308", "no-backend")

_API: Final = "networking.k8s.io/v1"


def ingress(request: GeneratorRequest, diagnostics: Diagnostics) -> Resource:
    """Return the Ingress of `ingress`; a backend without a Service name finds the app's own by its port number."""
    config = request.config["ingress"]
    place = (*request.place, "ingress")
    spec: dict[str, Any] = {}
    if config.get("ingressClassName"):
        spec["ingressClassName"] = config["ingressClassName"]
    if config.get("defaultBackend"):
        spec["defaultBackend"] = _backend(request, config["defaultBackend"], (*place, "defaultBackend"), diagnostics)
    rules = [
        _rule(request, rule, (*place, "rules", at), diagnostics) for at, rule in enumerate(config.get("rules") or ())
    ]
    if rules:
        spec["rules"] = rules
    if config.get("tls"):
        spec["tls"] = [_plain(item) for item in config["tls"]]
    return request.resource(
        _API,
        "Ingress",
        f"{request.name}-ingress" if request.kusion else request.name,
        {"spec": spec},
        labels=texts(config.get("labels")),
        annotations=texts(config.get("annotations")),
        bare=request.kusion,
        place=place,
    )


def _plain(config: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in config.items() if key != "_type"}


def _rule(
    request: GeneratorRequest, rule: Mapping[str, Any], place: Pointer, diagnostics: Diagnostics
) -> dict[str, Any]:
    result: dict[str, Any] = {"host": rule["host"]} if rule.get("host") else {}
    if rule.get("http"):
        paths = []
        for at, path in enumerate(rule["http"]["paths"]):
            made = {"path": path["path"]} if path.get("path") else {}
            made["pathType"] = path.get("pathType") or "ImplementationSpecific"
            where = (*place, "http", "paths", at, "backend")
            made["backend"] = _backend(request, path["backend"], where, diagnostics)
            paths.append(made)
        result["http"] = {"paths": paths}
    return result


def _backend(
    request: GeneratorRequest, backend: Mapping[str, Any], place: Pointer, diagnostics: Diagnostics
) -> dict[str, Any]:
    if "resource" in backend:
        return {"resource": _plain(backend["resource"])}
    service = backend.get("service") or {}
    port = _plain(service.get("port") or {})
    name = service.get("name") or _service_of(request, port.get("number"))
    if not name:
        diagnostics.report(
            NO_BACKEND,
            "no port of this app's network fits the backend",
            Place(place),
            help="give the backend a `service.name`, or a `port.number` that is listed under `ports`",
        )
    return {"service": {"name": name or "", "port": port}}


def _service_of(request: GeneratorRequest, number: int | None) -> str | None:
    private, public = own_names(request)
    for port in request.config.get("ports") or ():
        if port.get("port", 80) == number:
            return public if port.get("public") else private
    return None


def ingress_class(request: GeneratorRequest) -> Resource:
    """Return the cluster-scoped IngressClass of `ingressClass`."""
    config = request.config["ingressClass"]
    spec = {key: config[key] for key in ("controller",) if config.get(key)}
    if config.get("parameters"):
        spec["parameters"] = _plain(config["parameters"])
    return request.resource(
        _API,
        "IngressClass",
        f"{request.name}-ingressclass" if request.kusion else request.name,
        {"spec": spec},
        labels=texts(config.get("labels")),
        annotations=texts(config.get("annotations")),
        bare=request.kusion,
        cluster_scoped=True,
        place=(*request.place, "ingressClass"),
    )


def hosts(request: GeneratorRequest, services: Sequence[Resource], diagnostics: Diagnostics) -> Resource:
    """Return the Ingress of `hosts`, with the workspace's class, issuer and annotations.

    Each host goes to its `port`, else to the Service port called `http`, else to the only one; else it is KR308.
    """
    platform: Mapping[str, Any] = request.config.get("hostDefaults") or {}
    entries = [item if isinstance(item, dict) else {"host": item} for item in request.config["hosts"]]
    spec: dict[str, Any] = {}
    if platform.get("ingressClassName"):
        spec["ingressClassName"] = platform["ingressClassName"]
    rules: dict[str, list[dict[str, Any]]] = {}
    for at, entry in enumerate(entries):
        backend = _host_backend(entry, services, (*request.place, "hosts", at), diagnostics)
        path = {"path": entry.get("path") or "/", "pathType": "Prefix", "backend": {"service": backend}}
        rules.setdefault(entry["host"], []).append(path)
    spec["rules"] = [{"host": host, "http": {"paths": paths}} for host, paths in rules.items()]
    tls = _tls(request, entries, platform)
    if tls:
        spec["tls"] = tls
    name = f"{request.name}-ingress" if request.kusion else request.name
    return request.resource(
        _API,
        "Ingress",
        shorten(f"{name}-hosts", SUBDOMAIN_LENGTH) if request.config.get("ingress") else name,
        {"spec": spec},
        labels=texts(platform.get("labels")),
        annotations={**texts(platform.get("annotations")), **_issuer(platform, secure=bool(tls))},
        place=(*request.place, "hosts"),
    )


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


def _host_backend(
    entry: Mapping[str, Any], services: Sequence[Resource], place: Pointer, diagnostics: Diagnostics
) -> dict[str, Any]:
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
        name, port = fitting[0]
        return {"name": name, "port": {"name": port["name"]} if port.get("name") else {"number": port["port"]}}
    listed = ", ".join(f"`{port.get('name') or port['port']}`" for _, port in offered)
    diagnostics.report(
        NO_BACKEND,
        f"no Service port to send `{entry['host']}` to",
        Place(place),
        help=f"give the host a `port`: {listed}" if listed else "give the app `ports` or `services` first",
    )
    return {"name": "", "port": {"number": 0}}
