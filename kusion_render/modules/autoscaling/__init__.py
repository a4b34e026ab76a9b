"""As many pods as the load needs: a HorizontalPodAutoscaler."""

from __future__ import annotations

from kusion_render.diagnostics import Place, Rule
from kusion_render.modules import GeneratorResponse, workload_kind

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Final

    from kusion_render.diagnostics import Diagnostics
    from kusion_render.modules import GeneratorRequest

VERSION: Final = "1.0.0"

NOT_SCALABLE: Final = Rule("KR324", "not-scalable")
BAD_SCALE: Final = Rule("KR325", "bad-scale")

_API_VERSIONS: Final = {
    "Deployment": "apps/v1",
    "StatefulSet": "apps/v1",
    "CollaSet": "apps.kusionstack.io/v1alpha1",
}


def generate(request: GeneratorRequest, diagnostics: Diagnostics) -> GeneratorResponse:
    """Make the autoscaler of the app's workload; what has no replicas is KR324, an empty range KR325."""
    config = request.config
    kind = workload_kind(request.app_config)
    if kind not in _API_VERSIONS:
        diagnostics.report(
            NOT_SCALABLE,
            f"`{request.app}` has no workload whose replicas could change",
            Place(request.place, on_key=True),
            help="use it with a Deployment, a StatefulSet or a CollaSet",
        )
        return GeneratorResponse([])
    least = config.get("min", 1)
    if least > config["max"]:
        diagnostics.report(
            BAD_SCALE,
            f"`min` {least} is greater than `max` {config['max']}",
            Place((*request.place, "min" if "min" in config else "max")),
            help="make `max` at least `min`",
        )
    spec: dict[str, Any] = {
        "scaleTargetRef": {"apiVersion": _API_VERSIONS[kind], "kind": kind, "name": request.name},
        "maxReplicas": config["max"],
        "metrics": _metrics(request, diagnostics),
    }
    if "min" in config:
        spec["minReplicas"] = least
    if config.get("behavior"):
        spec["behavior"] = config["behavior"]
    return GeneratorResponse(
        [request.resource("autoscaling/v2", "HorizontalPodAutoscaler", request.name, {"spec": spec})]
    )


def _metrics(request: GeneratorRequest, diagnostics: Diagnostics) -> list[Any]:
    config = request.config
    metrics: list[Any] = [
        {
            "type": "Resource",
            "resource": {"name": name, "target": {"type": "Utilization", "averageUtilization": config[name]}},
        }
        for name in ("cpu", "memory")
        if config.get(name) is not None
    ]
    metrics += config.get("metrics") or ()
    if not metrics:
        diagnostics.report(
            BAD_SCALE,
            "autoscaling has nothing to scale by",
            Place(request.place, on_key=True),
            help="give `cpu` or `memory` in per cent of the request, or `metrics`",
        )
    return metrics
