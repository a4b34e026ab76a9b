"""How many pods may be away while nodes are drained: a PodDisruptionBudget."""

from __future__ import annotations

from kusion_render.diagnostics import Place, Rule
from kusion_render.modules import GeneratorResponse, workload_kind

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final

    from kusion_render.diagnostics import Diagnostics
    from kusion_render.modules import GeneratorRequest

VERSION: Final = "1.0.0"

NOT_EVICTABLE: Final = Rule("KR340", "not-evictable")

# The disruption controller counts a workload's pods by its scale subresource, which other kinds do not have.
_KINDS: Final = frozenset(("Deployment", "StatefulSet", "CollaSet"))
_FIELDS: Final = ("minAvailable", "maxUnavailable", "unhealthyPodEvictionPolicy")


def generate(request: GeneratorRequest, diagnostics: Diagnostics) -> GeneratorResponse:
    """Make the budget of the app's pods; a workload whose pods can't be counted is KR340."""
    if workload_kind(request.app_config) not in _KINDS:
        diagnostics.report(
            NOT_EVICTABLE,
            f"`{request.app}` has no workload whose pods a budget could count",
            Place(request.place, on_key=True),
            help="use it with a Deployment, a StatefulSet or a CollaSet",
        )
        return GeneratorResponse([])
    spec = {key: request.config[key] for key in _FIELDS if request.config.get(key) is not None}
    spec["selector"] = {"matchLabels": request.labels}
    return GeneratorResponse([request.resource("policy/v1", "PodDisruptionBudget", request.name, {"spec": spec})])
