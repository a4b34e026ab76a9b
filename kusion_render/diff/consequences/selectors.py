"""Selectors that found pods of their render, and find none any more."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from kusion_render.diff.consequences.effects import SELECTS_NOTHING
from kusion_render.diff.consequences.scene import pod_of, pods, same_namespace
from kusion_render.diff.lookup import list_at, map_at, maps_at, of_kind, text_at, title
from kusion_render.diff.model import Consequence

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import Any

    from kusion_render.diff.consequences.scene import Change, Scene
    from kusion_render.diff.lookup import Manifest

_KINDS: Final = ("Service", "PodDisruptionBudget", "NetworkPolicy")
_WORKLOADS: Final = frozenset({"DaemonSet", "Deployment", "ReplicaSet", "StatefulSet"})


def check_selectors(change: Change, scene: Scene) -> Iterator[Consequence]:
    """Say which selector is left without pods: the changed object's own, or one that found the changed workload."""
    if change.kind in _KINDS and change.old and change.new:
        if _finds(change.old, scene.old) and not _finds(change.new, scene.new):
            yield Consequence(SELECTS_NOTHING, "its selector matches no pods of this render any more")
    elif change.kind in _WORKLOADS and change.new:
        yield from _check_own(change)
    if pod_of(change.old):
        yield from _check_others(change, scene)


def selects(owner: Manifest, pod: Manifest) -> bool:
    """Tell whether a Service, PodDisruptionBudget or NetworkPolicy, or a workload's selector, matches a pod template."""
    spec = map_at(owner, "spec")
    labels = map_at(pod, "metadata", "labels")
    if owner.get("kind") == "Service":
        selector = map_at(spec, "selector")
        return bool(selector) and _holds(selector, labels)
    field = "podSelector" if owner.get("kind") == "NetworkPolicy" else "selector"
    if not isinstance(spec.get(field), dict):
        return False
    return _matches(spec[field], labels)


def _check_own(change: Change) -> Iterator[Consequence]:
    was = not change.old or selects(change.old, pod_of(change.old))
    if was and map_at(change.new, "spec", "selector") and not selects(change.new, pod_of(change.new)):
        yield Consequence(SELECTS_NOTHING, "its selector does not match its own pods: the apply fails")


def _check_others(change: Change, scene: Scene) -> Iterator[Consequence]:
    before = pod_of(change.old)
    changed = [each.new for each in scene.changes]
    for owner in of_kind(scene.new, *_KINDS):
        if any(owner is each for each in changed) or not same_namespace(owner, change.old):
            continue
        if selects(owner, before) and not _finds(owner, scene.new):
            yield Consequence(SELECTS_NOTHING, f"{title(owner)} matches no pods of this render any more")


def _finds(owner: Manifest, manifests: Sequence[Manifest]) -> bool:
    return any(same_namespace(owner, each) and selects(owner, pod) for each, pod in pods(manifests))


def _matches(selector: dict[str, Any], labels: dict[str, Any]) -> bool:
    """Apply a label selector; an empty one matches everything."""
    wanted = all(_meets(each, labels) for each in maps_at(selector, "matchExpressions"))
    return wanted and _holds(map_at(selector, "matchLabels"), labels)


def _holds(wanted: dict[str, Any], labels: dict[str, Any]) -> bool:
    return all(key in labels and labels[key] == value for key, value in wanted.items())


def _meets(expression: Any, labels: dict[str, Any]) -> bool:
    key, values = text_at(expression, "key"), list_at(expression, "values")
    operator = text_at(expression, "operator")
    if operator == "In":
        return labels.get(key) in values
    if operator == "NotIn":
        return labels.get(key) not in values
    return (key in labels) == (operator == "Exists")
