"""How many pods may be away while they are operated on: a PodTransitionRule, or rolling update and PodDisruptionBudget."""

from __future__ import annotations

from kusion_render.diagnostics import Place, Rule
from kusion_render.model import Patcher
from kusion_render.modules import GeneratorResponse, module_name, workload_kind

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any, Final

    from kusion_render.diagnostics import Diagnostics
    from kusion_render.modules import GeneratorRequest

VERSION: Final = "1.0.0"

IDLE_RULE: Final = Rule("KR341", "rule-without-effect")
AGAINST_STRATEGY: Final = Rule("KR342", "rule-against-strategy")

_DEFAULT: Final = "25%"
_STRATEGY: Final = {"Deployment": "strategy", "DaemonSet": "updateStrategy"}  # a StatefulSet replaces one by one
_BUDGETED: Final = frozenset(("Deployment", "StatefulSet"))


def generate(request: GeneratorRequest, diagnostics: Diagnostics) -> GeneratorResponse:
    """Make what holds the workload to the rule; where nothing can, it is KR341, in `kusion` only a warning.

    The kind that counts is the effective one: Kusion overlooks a CollaSet that the platform chose.
    """
    kind = workload_kind(request.app_config)
    most = _most(request.config)
    if kind == "CollaSet":
        return GeneratorResponse([_transition_rule(request, most)])
    if request.kusion or kind not in (*_STRATEGY, *_BUDGETED):
        _report_idle(request, kind, diagnostics)
        return GeneratorResponse([])
    patcher = None
    if kind in _STRATEGY:
        _check_strategy(request, most, diagnostics)
        strategy = {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": most}}
        patch = {"type": "MergePatch", "payload": {"spec": {_STRATEGY[kind]: strategy}}}
        patcher = Patcher(json_patches={request.id("apps/v1", kind, request.name): patch})
    budgeted = kind in _BUDGETED and not _has_own_budget(request)
    return GeneratorResponse([_budget(request, most)] if budgeted else [], patcher)


def _most(config: Mapping[str, Any]) -> int | str:
    value: int | str = config.get("maxUnavailable", _DEFAULT)
    return int(value) if isinstance(value, str) and value.isdigit() else value


def _transition_rule(request: GeneratorRequest, most: int | str) -> Any:
    rule = {"name": "maxUnavailable", "availablePolicy": {"maxUnavailableValue": most}}
    spec = {"selector": {"matchLabels": request.labels}, "rules": [rule]}
    return request.resource(
        "apps.kusionstack.io/v1alpha1", "PodTransitionRule", request.name, {"spec": spec}, bare=request.kusion
    )


def _budget(request: GeneratorRequest, most: int | str) -> Any:
    spec = {"maxUnavailable": most, "selector": {"matchLabels": request.labels}}
    return request.resource("policy/v1", "PodDisruptionBudget", request.name, {"spec": spec})


def _has_own_budget(request: GeneratorRequest) -> bool:
    # Two budgets of one pod would refuse every eviction of it.
    accessories: Mapping[str, Any] = request.app_config["accessories"]
    return "disruptionbudget" in {module_name(key, config) for key, config in accessories.items()}


def _check_strategy(request: GeneratorRequest, most: int | str, diagnostics: Diagnostics) -> None:
    strategy = request.app_config["workload"].get("strategy") or {}
    said = (strategy.get("rollingUpdate") or {}).get("maxUnavailable", most)
    kind = strategy.get("type") or "RollingUpdate"
    if kind == "RollingUpdate" and said == most:
        return
    what = f"`type: {kind}`" if kind != "RollingUpdate" else f"`maxUnavailable: {said}`"
    diagnostics.report(
        AGAINST_STRATEGY,
        f"the workload's own `strategy` says {what}, this rule that {most} may be unavailable",
        Place(request.place, on_key=True),
        help="say it in one of the two places",
    )


def _report_idle(request: GeneratorRequest, kind: str, diagnostics: Diagnostics) -> None:
    what = f"on a {kind}" if kind else "without a workload"
    diagnostics.report(
        IDLE_RULE,
        f"an ops rule has no effect {what}" + (" in `kusion` mode" if request.kusion and kind in _BUDGETED else ""),
        Place(request.place, on_key=True),
        help="use it with a CollaSet"
        if request.kusion
        else "use it with a Deployment, StatefulSet, DaemonSet or CollaSet",
        severity="warning" if request.kusion else None,
    )
