"""A long-running workload: Deployment, StatefulSet, DaemonSet or CollaSet."""

from __future__ import annotations

from kusion_render.modules import GeneratorResponse, module_name
from kusion_render.text import texts
from kusion_render.workload.pod import pod
from kusion_render.workload.secret import workload_secrets

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any, Final

    from kusion_render.diagnostics import Diagnostics
    from kusion_render.modules import GeneratorRequest
    from kusion_render.workload.pod import Pod

VERSION: Final = "1.0.0"

_API_VERSIONS: Final = {
    "Deployment": "apps/v1",
    "StatefulSet": "apps/v1",
    "DaemonSet": "apps/v1",
    "CollaSet": "apps.kusionstack.io/v1alpha1",
}
_STRATEGY: Final = {"Deployment": "strategy"}  # the other kinds call it updateStrategy
_AS_WRITTEN: Final = {
    "Deployment": ("minReadySeconds", "revisionHistoryLimit", "progressDeadlineSeconds"),
    "StatefulSet": (
        "minReadySeconds",
        "revisionHistoryLimit",
        "podManagementPolicy",
        "persistentVolumeClaimRetentionPolicy",
        "serviceName",
    ),
    "DaemonSet": ("minReadySeconds", "revisionHistoryLimit"),
    "CollaSet": ("revisionHistoryLimit",),
}
_OF_COLLASET: Final = {"revisionHistoryLimit": "historyLimit"}  # its name there
FIELDS: Final = {kind: ("strategy", *fields) for kind, fields in _AS_WRITTEN.items()}
"""What of a config, beside the pods and `replicas`, each kind has."""
# `replicas` is not among them: as a platform's default it may lie beneath any workload.
_OF_SOME_KINDS: Final = (
    "minReadySeconds",
    "progressDeadlineSeconds",
    "podManagementPolicy",
    "persistentVolumeClaimRetentionPolicy",
    "serviceName",
)


def generate(request: GeneratorRequest, diagnostics: Diagnostics) -> GeneratorResponse:
    """Make the workload, and the ConfigMaps, claims and service account that it brings along."""
    config = request.config
    kind = config.get("type") or "Deployment"
    request.refuse((key for key in _OF_SOME_KINDS if key not in _AS_WRITTEN[kind]), kind, diagnostics)
    made = pod(request, diagnostics, stateful=kind == "StatefulSet")
    workload = request.resource(
        _API_VERSIONS[kind],
        kind,
        request.name,
        {"spec": _spec(kind, request, made)},
        labels=texts(config.get("labels")),
        annotations=texts(config.get("annotations")),
        workload=True,
    )
    return GeneratorResponse([*workload_secrets(request, diagnostics), *made.objects, workload], existing=made.existing)


def _spec(kind: str, request: GeneratorRequest, made: Pod) -> dict[str, Any]:
    config = request.config
    spec: dict[str, Any] = {}
    if config.get("replicas") is not None and kind != "DaemonSet" and not _scales_itself(request):
        spec["replicas"] = config["replicas"]
    spec["selector"] = {"matchLabels": request.labels}
    if kind == "StatefulSet":
        spec["serviceName"] = config.get("serviceName") or _service_name(request)
    if config.get("strategy"):
        spec[_STRATEGY.get(kind, "updateStrategy")] = config["strategy"]
    names = _OF_COLLASET if kind == "CollaSet" else {}
    spec.update({names.get(key, key): config[key] for key in _AS_WRITTEN[kind] if config.get(key) is not None})
    spec["template"] = made.template
    if made.templates:
        spec["volumeClaimTemplates"] = made.templates
    return spec


def _scales_itself(request: GeneratorRequest) -> bool:
    # Two writers of one field would fight: the autoscaler's number against ours at every sync.
    return "autoscaling" in {module_name(key, config) for key, config in _accessories(request).items()}


def _service_name(request: GeneratorRequest) -> str:
    """Return the Service that gives a StatefulSet's pods their DNS names: a headless one, else any, else the app."""
    for key, config in _accessories(request).items():
        if module_name(key, config) != "network":
            continue
        services: Mapping[str, Any] = config.get("services") or {}
        headless = [name for name, service in services.items() if service and service.get("headless")]
        if headless:
            return headless[0]
        ports = config.get("ports")
        if ports and request.kusion:
            private = any(not port.get("public") for port in ports)
            return f"{request.name}-{'private' if private else 'public'}"
        if services and request.name not in services and not ports:
            return next(iter(services))
    return request.name


def _accessories(request: GeneratorRequest) -> Mapping[str, Any]:
    return request.app_config.get("accessories") or {}
