"""Ingress and IngressClass: Kusion's, mapped one to one."""

from __future__ import annotations

from kusion_render.diagnostics import Place, Rule
from kusion_render.document import untyped
from kusion_render.modules.network.services import own_names
from kusion_render.text import texts

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
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
        spec["tls"] = [untyped(item) for item in config["tls"]]
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
        return {"resource": untyped(backend["resource"])}
    service = backend.get("service") or {}
    port = untyped(service.get("port") or {})
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
        spec["parameters"] = untyped(config["parameters"])
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
