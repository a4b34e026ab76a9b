"""Fields that can't be changed: the API server refuses the apply until somebody deletes the object.

After the validation of updates in Kubernetes 1.34.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from kusion_render.diff.consequences.effects import RECREATES, RUNS_AGAIN
from kusion_render.diff.lookup import map_at, text_at
from kusion_render.diff.model import Consequence
from kusion_render.diff.paths import write_path

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from kusion_render.diff.consequences.scene import Change
    from kusion_render.diff.lookup import Manifest

_SELECTOR: Final = (("spec", "selector"),)

IMMUTABLE: Final[Mapping[str, tuple[tuple[str, ...], ...]]] = {
    "CSIDriver": (("spec", "attachRequired"), ("spec", "volumeLifecycleModes")),
    "ClusterRoleBinding": (("roleRef",),),
    "CustomResourceDefinition": (("spec", "group"), ("spec", "scope"), ("spec", "names", "kind")),
    "DaemonSet": _SELECTOR,
    "Deployment": _SELECTOR,
    "EndpointSlice": (("addressType",),),
    "IngressClass": (("spec", "controller"),),
    "Job": (
        ("spec", "completionMode"),
        ("spec", "managedBy"),
        ("spec", "podFailurePolicy"),
        ("spec", "selector"),
        ("spec", "successPolicy"),
        ("spec", "template"),
    ),
    "PersistentVolume": (
        ("spec", "csi"),
        ("spec", "hostPath"),
        ("spec", "local"),
        ("spec", "nfs"),
        ("spec", "volumeMode"),
    ),
    "PersistentVolumeClaim": (
        ("spec", "accessModes"),
        ("spec", "dataSource"),
        ("spec", "dataSourceRef"),
        ("spec", "selector"),
        ("spec", "storageClassName"),
        ("spec", "volumeMode"),
        ("spec", "volumeName"),
    ),
    "PriorityClass": (("preemptionPolicy",), ("value",)),
    "ReplicaSet": _SELECTOR,
    "ResourceClaim": (("spec",),),
    "RoleBinding": (("roleRef",),),
    "RuntimeClass": (("handler",),),
    "Secret": (("type",),),
    "StatefulSet": (
        ("spec", "podManagementPolicy"),
        ("spec", "selector"),
        ("spec", "serviceName"),
        ("spec", "volumeClaimTemplates"),
    ),
    "StorageClass": (("parameters",), ("provisioner",), ("reclaimPolicy",), ("volumeBindingMode",)),
    "VolumeAttributesClass": (("driverName",), ("parameters",)),
}
"""Kind to the paths of its fields that can't be changed."""

# In place of a new object these kinds are only new names: what uses them changes with them.
_INERT: Final = frozenset({"ConfigMap", "Secret"})
# A pod's fields that can be changed.
_POD_FIELDS: Final = frozenset({"activeDeadlineSeconds", "terminationGracePeriodSeconds", "tolerations"})
_REPLACED: Final = {
    "argocd.argoproj.io/hook": (),
    "argocd.argoproj.io/sync-options": ("Force=true",),
    "helm.sh/hook": (),
    "kustomize.toolkit.fluxcd.io/force": ("enabled", "Enabled"),
}


def check_immutable(change: Change) -> Iterator[Consequence]:
    """Say what must be deleted and made anew: a new name, or a changed field that is immutable."""
    if change.action == "renamed" and change.kind not in _INERT:
        yield Consequence(RECREATES, "it is deleted under the old name and made anew under the new one")
    if change.action != "changed":
        return
    touched = sorted({write_path(path) for path in _frozen(change) if change.touches(*path)})
    if not touched:
        return
    if change.kind == "Job" and replaced(change.new):
        yield Consequence(RUNS_AGAIN)
        return
    named = ", ".join(f"`{path}`" for path in touched)
    yield Consequence(RECREATES, f"{named} can't be changed in place")


def replaced(manifest: Manifest) -> bool:
    """Tell whether the delivery tool replaces the object by itself."""
    annotations = map_at(manifest, "metadata", "annotations")
    return any(
        not words or any(word in text_at(annotations, key).replace(" ", "").split(",") for word in words)
        for key, words in _REPLACED.items()
        if key in annotations
    )


def _frozen(change: Change) -> Iterator[tuple[str, ...]]:
    yield from IMMUTABLE.get(change.kind, ())
    if change.kind in {"ConfigMap", "Secret"} and change.old.get("immutable") is True:
        yield from (("data",), ("binaryData",), ("immutable",))
    elif change.kind == "Service":
        yield from _service(change)
    elif change.kind == "Pod":
        yield from _pod(change)


def _service(change: Change) -> Iterator[tuple[str, ...]]:
    sides = [map_at(side, "spec") for side in (change.old, change.new)]
    if any(side.get("type") == "ExternalName" for side in sides):
        return  # it has no address of its own that could be kept
    yield from (("spec", "clusterIP"), ("spec", "clusterIPs"))
    if all(side.get("type") == "LoadBalancer" for side in sides):
        yield ("spec", "loadBalancerClass")
    families = [(side.get("ipFamilies") or [None])[0] for side in sides if isinstance(side.get("ipFamilies"), list)]
    if len(families) == 2 and families[0] != families[1]:
        yield ("spec", "ipFamilies")


def _pod(change: Change) -> Iterator[tuple[str, ...]]:
    for field in change.fields:
        steps = tuple(str(step) for step in field.steps)
        if steps[:1] == ("spec",) and steps[-1] != "image" and (len(steps) < 2 or steps[1] not in _POD_FIELDS):
            yield steps
