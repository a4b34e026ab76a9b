"""What keeps a node from being drained: disruption budgets that no eviction can meet."""

from __future__ import annotations

from kusion_render.diagnostics import Rule
from kusion_render.lint.rule import Finding, LintRule
from kusion_render.lint.view import table, words

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from typing import Any, Final

    from kusion_render.lint.view import View, Workload


def blocking_disruption_budget(view: View) -> Iterator[Finding]:
    """Find PodDisruptionBudgets that never let a pod go, so that a drain of its node waits for ever.

    Percentages are rounded up, of what may be lost and of what must stay, as the disruption controller does. Where an
    autoscaler chooses the number of replicas, its least one counts.
    """
    for name, budget in view.of("PodDisruptionBudget"):
        spec = table(budget, "spec")
        if _amount(spec.get("maxUnavailable"), 100) == 0:
            yield Finding(
                name,
                ("spec", "maxUnavailable"),
                "this budget lets no pod be evicted",
                "let one go: `maxUnavailable: 1`",
            )
            continue
        selected = view.selected(budget, spec["selector"]) if isinstance(spec.get("selector"), dict) else []
        replicas = _replicas(view, selected)
        kept = spec.get("minAvailable")
        needed = _amount(kept, replicas or 100)
        if needed is None or (not replicas and kept != "100%"):
            continue
        if needed >= (replicas or 100):
            pods = "its pods" if not replicas else f"{replicas} pod{'s' if replicas > 1 else ''}"
            yield Finding(
                name,
                ("spec", "minAvailable"),
                f"this budget wants {kept} of {pods} to stay, so that none can be evicted",
                "run more replicas than must stay, or write `maxUnavailable: 1`",
            )


def _replicas(view: View, workloads: Sequence[Workload]) -> int:
    """Return how many pods there are at the least; 0 where that is not known, or none is wanted."""
    counts = [_least(view, each) for each in workloads]
    return 0 if None in counts else sum(count or 0 for count in counts)


def _least(view: View, workload: Workload) -> int | None:
    if workload.kind in ("DaemonSet", "Job", "CronJob"):
        return None
    for _, scaler in view.of("HorizontalPodAutoscaler"):
        target = table(scaler, "spec", "scaleTargetRef")
        same = words(table(scaler, "metadata").get("namespace")) == workload.namespace
        if same and (target.get("kind"), target.get("name")) == (workload.kind, workload.name):
            return _count(table(scaler, "spec"), "minReplicas")
    return 1 if workload.kind == "Pod" else _count(table(workload.manifest, "spec"), "replicas")


def _count(spec: Mapping[str, Any], field: str) -> int | None:
    given = spec.get(field)
    return 1 if given is None else given if type(given) is int else None


def _amount(value: Any, whole: int) -> int | None:
    """Return a count, or a percentage of the whole rounded up; None for what is neither."""
    if type(value) is int:
        return value
    share = words(value).removesuffix("%")
    if share == value or not share.isdecimal() or len(share) > 9:
        return None
    return -(-int(share) * whole // 100)


RULES: Final = (LintRule(Rule("KR614", "blocking-disruption-budget", "warning"), "warn", blocking_disruption_budget),)
