"""What happens to pods: restarted, stopped, or left with an old configuration."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from kusion_render.diff.consequences.effects import (
    DELETES_CUSTOM_RESOURCES,
    DELETES_NAMESPACE,
    NEEDS_RESTART,
    RECREATES,
    RESTARTS_PODS,
    STOPS_PODS,
)
from kusion_render.diff.consequences.immutable import check_immutable
from kusion_render.diff.consequences.scene import pod_of, pods, same_namespace
from kusion_render.diff.consequences.storage import goes
from kusion_render.diff.lookup import at, maps_at, name_of, text_at, title
from kusion_render.diff.model import Consequence
from kusion_render.kubernetes.pods import containers, pod_template
from kusion_render.kubernetes.references import references

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kusion_render.diff.consequences.scene import Change, Scene
    from kusion_render.diff.lookup import Manifest

# Kinds whose pods are not replaced when their template changes: runs that end, and what makes no pods itself.
_ENDING: Final = frozenset({"CronJob", "Job", "Pod", "PodTemplate"})


def check_restarts(change: Change) -> Iterator[Consequence]:
    """Say that pods are replaced because their template changes."""
    template = pod_template(change.new) if change.action == "changed" else None
    if template is None or change.kind in _ENDING or at(change.new, "spec", "paused") is True:
        return
    if at(change.new, "spec", "updateStrategy", "type") == "OnDelete":
        return
    made_anew = any(each.effect is RECREATES for each in check_immutable(change))
    if not made_anew and change.touches(*(str(step) for step in template[0])):
        yield Consequence(RESTARTS_PODS)


def check_stops(change: Change) -> Iterator[Consequence]:
    """Say that a workload goes, and its pods with it."""
    if change.action == "removed" and goes(change) and pod_of(change.old) and change.kind not in {"Job", "PodTemplate"}:
        text = "no more runs are started, and one that runs stops" if change.kind == "CronJob" else ""
        yield Consequence(STOPS_PODS, text)


def check_owners(change: Change) -> Iterator[Consequence]:
    """Say what goes with a namespace or a definition."""
    if goes(change) and change.kind == "Namespace":
        yield Consequence(DELETES_NAMESPACE)
    elif goes(change) and change.kind == "CustomResourceDefinition":
        kind = text_at(change.old, "spec", "names", "kind")
        yield Consequence(DELETES_CUSTOM_RESOURCES, f"all objects of kind `{kind}` in the cluster go with it")


def check_config(change: Change, scene: Scene) -> Iterator[Consequence]:
    """Say which pods read a changed ConfigMap or Secret only when they start, and are not restarted."""
    if change.kind not in {"ConfigMap", "Secret"} or change.action != "changed":
        return
    if not (change.touches("data") or change.touches("binaryData")):
        return
    fresh = [each.new for each in scene.changes if _starts_anew(each)]
    for workload, _ in pods(scene.new):
        skipped = workload.get("kind") in {"CronJob", "Job"} or any(workload is each for each in fresh)
        if not skipped and same_namespace(workload, change.new) and _reads_at_start(workload, change):
            yield Consequence(NEEDS_RESTART, f"{title(workload)} reads it only when its pods start")


def _starts_anew(change: Change) -> bool:
    """Tell whether all pods of a workload are new ones after the change."""
    if change.action in {"added", "renamed"} or any(check_restarts(change)):
        return True
    return any(each.effect is RECREATES for each in check_immutable(change))


def _reads_at_start(workload: Manifest, change: Change) -> bool:
    """Tell whether a variable or a single mounted file comes from the object; whole folders are kept up to date."""
    template = pod_template(workload)
    for each in references(workload):
        if (each.kind, each.name) != (change.kind, name_of(change.new)) or template is None:
            continue
        if "env" in each.pointer or "envFrom" in each.pointer:
            return True
        if "volumes" in each.pointer and _mounts_file(workload, int(each.pointer[len(template[0]) + 2])):
            return True
    return False


def _mounts_file(workload: Manifest, volume: int) -> bool:
    spec = pod_of(workload)["spec"]
    name = text_at(spec["volumes"][volume], "name")
    return any(
        text_at(mount, "name") == name and ("subPath" in mount or "subPathExpr" in mount)
        for _, container in containers(spec, ())
        for mount in maps_at(container, "volumeMounts")
    )
