"""How many pods run: replicas, autoscalers and disruption budgets that contradict each other."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from kusion_render.diff.consequences.effects import (
    BLOCKS_EVICTION,
    DROPS_REPLICAS,
    FIGHTS_AUTOSCALER,
    INVERTED_RANGE,
    SCALES_TO_ZERO,
)
from kusion_render.diff.consequences.scene import pods, same_namespace
from kusion_render.diff.consequences.selectors import selects
from kusion_render.diff.lookup import at, count_at, map_at, name_of, of_kind, title
from kusion_render.diff.model import Consequence

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from kusion_render.diff.consequences.scene import Change, Scene
    from kusion_render.diff.lookup import Manifest

_AUTOSCALER: Final = "HorizontalPodAutoscaler"
_BUDGET: Final = "PodDisruptionBudget"
# Kinds that run as many pods as they say themselves.
_SCALABLE: Final = frozenset({"CollaSet", "Deployment", "ReplicaSet", "StatefulSet"})


def check_replicas(change: Change, scene: Scene) -> Iterator[Consequence]:
    """Say that a workload goes down to no pods, or to one because nothing says its replicas any more."""
    if change.kind not in _SCALABLE or change.action != "changed":
        return
    old, new = at(change.old, "spec", "replicas"), at(change.new, "spec", "replicas")
    if new == 0 and old != 0 and new is not False:
        yield Consequence(SCALES_TO_ZERO)
    elif new is None and isinstance(old, int) and old > 1:
        if _autoscaler(change.new, scene.new):
            yield Consequence(DROPS_REPLICAS, f"from {old} to 1 pod, until the autoscaler has scaled it up again")
        else:
            yield Consequence(DROPS_REPLICAS, f"from {old} to 1 pod: there is no autoscaler, and 1 is the default")


def check_range(change: Change) -> Iterator[Consequence]:
    """Say that an autoscaler's least exceeds its greatest number."""
    if change.kind == _AUTOSCALER and change.new and _is_inverted(change.new) and not _is_inverted(change.old):
        yield Consequence(INVERTED_RANGE)


def check_autoscaled(change: Change, scene: Scene) -> Iterator[Consequence]:
    """Say that a workload has both replicas and an autoscaler, of which one is new."""
    if change.kind in _SCALABLE and _fights(change.new, scene.new) and not _fights(change.old, scene.old):
        yield Consequence(FIGHTS_AUTOSCALER)
    elif change.kind == _AUTOSCALER:
        workloads = [each for each in scene.new if _targets(change.new, each)]
        changed = any(each.new is workload for each in scene.changes for workload in workloads)
        if not changed and any(_fights(each, scene.new) and not _fights(each, scene.old) for each in workloads):
            yield Consequence(FIGHTS_AUTOSCALER)


def check_budgets(change: Change, scene: Scene) -> Iterator[Consequence]:
    """Say which budget allows no eviction: the changed one, or one that the changed workload has too few pods for."""
    if change.kind == _BUDGET and change.new:
        for workload, _ in pods(scene.new):
            if _blocks(change.new, workload, scene.new) and not _blocked(change.new, workload, scene.old):
                yield Consequence(
                    BLOCKS_EVICTION, f"of {title(workload)} no pod may be evicted: nodes can't be drained"
                )
        return
    if change.kind not in _SCALABLE and change.kind != _AUTOSCALER:
        return
    for budget in of_kind(scene.new, _BUDGET):
        if any(each.new is budget for each in scene.changes):
            continue
        for workload, _ in pods(scene.new):
            mine = workload is change.new or (_targets(change.manifest, workload) and not _changes(workload, scene))
            if mine and _blocks(budget, workload, scene.new) and not _blocked(budget, workload, scene.old):
                yield Consequence(BLOCKS_EVICTION, f"{title(budget)} lets no pod be evicted: nodes can't be drained")


def _changes(workload: Manifest, scene: Scene) -> bool:
    return any(each.new is workload for each in scene.changes)


def _is_inverted(autoscaler: Manifest) -> bool:
    least, most = count_at(autoscaler, "spec", "minReplicas"), count_at(autoscaler, "spec", "maxReplicas")
    return most is not None and (1 if least is None else least) > most


def _targets(autoscaler: Manifest, workload: Manifest) -> bool:
    target = map_at(autoscaler, "spec", "scaleTargetRef")
    return (
        autoscaler.get("kind") == _AUTOSCALER
        and (target.get("kind"), target.get("name")) == (workload.get("kind"), name_of(workload))
        and same_namespace(autoscaler, workload)
    )


def _autoscaler(workload: Manifest, manifests: Sequence[Manifest]) -> Manifest | None:
    return next((each for each in manifests if _targets(each, workload)), None)


def _fights(workload: Manifest, manifests: Sequence[Manifest]) -> bool:
    return at(workload, "spec", "replicas") is not None and _autoscaler(workload, manifests) is not None


def _blocked(budget: Manifest, workload: Manifest, manifests: Sequence[Manifest]) -> bool:
    """Tell whether the same budget blocked the same workload in other manifests."""
    budgets = [each for each in of_kind(manifests, _BUDGET) if _is_same(each, budget)]
    workloads = [each for each in manifests if _is_same(each, workload)]
    return any(_blocks(one, other, manifests) for one in budgets for other in workloads)


def _is_same(one: Manifest, other: Manifest) -> bool:
    return (one.get("kind"), name_of(one)) == (other.get("kind"), name_of(other)) and same_namespace(one, other)


def _blocks(budget: Manifest, workload: Manifest, manifests: Sequence[Manifest]) -> bool:
    """Tell whether a budget allows no eviction of a workload's pods at the fewest replicas that it may have."""
    template = next((pod for each, pod in pods([workload])), None)
    if template is None or not same_namespace(budget, workload) or not selects(budget, template):
        return False
    spec = map_at(budget, "spec")
    if "maxUnavailable" in spec:
        return _amount(spec["maxUnavailable"], 100) == 0
    replicas = _fewest(workload, manifests)
    least = _amount(spec.get("minAvailable"), replicas)
    return replicas is not None and least is not None and replicas > 0 and least >= replicas


def _fewest(workload: Manifest, manifests: Sequence[Manifest]) -> int | None:
    if workload.get("kind") not in _SCALABLE:
        return None
    autoscaler = _autoscaler(workload, manifests)
    if autoscaler is not None:
        least = count_at(autoscaler, "spec", "minReplicas")
    else:
        least = count_at(workload, "spec", "replicas")
    return 1 if least is None else least


def _amount(value: object, whole: int | None) -> int | None:
    """Return a number, or a percentage of the whole rounded up, as budgets do."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    percent = value[:-1] if isinstance(value, str) and value.endswith("%") else ""
    if whole is None or not percent.isdecimal() or len(percent) > 9:
        return None
    return -(-int(percent) * whole // 100)
