"""What happens to data: claims that go, volumes that shrink or are replaced by passing ones."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from kusion_render.diff.consequences.effects import DETACHES_DATA, LOSES_DATA, RECREATES, SHRINKS_VOLUME, STAYS
from kusion_render.diff.consequences.immutable import check_immutable
from kusion_render.diff.consequences.scene import pod_of
from kusion_render.diff.lookup import at, map_at, maps_at, text_at
from kusion_render.diff.model import Consequence
from kusion_render.kubernetes.quantities import compare

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kusion_render.diff.consequences.scene import Change
    from kusion_render.diff.lookup import Manifest

_KEEPING: Final = {
    "argocd.argoproj.io/sync-options": ("Prune=false", "Delete=false"),
    "helm.sh/resource-policy": ("keep",),
    "kustomize.toolkit.fluxcd.io/prune": ("disabled", "Disabled"),
}
_SIZE: Final = ("spec", "resources", "requests", "storage")
_CLAIM: Final = "PersistentVolumeClaim"


def kept(manifest: Manifest) -> bool:
    """Tell whether an annotation keeps the object in the cluster when it leaves the repository."""
    annotations = map_at(manifest, "metadata", "annotations")
    return any(
        any(word in text_at(annotations, key).replace(" ", "").split(",") for word in words)
        for key, words in _KEEPING.items()
    )


def goes(change: Change) -> bool:
    """Tell whether the object is deleted under its old name."""
    return change.action in {"removed", "renamed"} and not kept(change.old)


def check_protection(change: Change) -> Iterator[Consequence]:
    """Say that an object stays although it is removed."""
    if change.action in {"removed", "renamed"} and kept(change.old):
        yield Consequence(STAYS)


def check_claims(change: Change) -> Iterator[Consequence]:
    """Say which data go with a claim or are left without a user."""
    if change.kind == _CLAIM and goes(change):
        yield Consequence(LOSES_DATA)
    elif change.kind == _CLAIM and any(each.effect is RECREATES for each in check_immutable(change)):
        yield Consequence(LOSES_DATA, "a claim that is made anew begins with an empty volume")
    elif change.kind == "PersistentVolume" and goes(change):
        yield Consequence(DETACHES_DATA, "the storage behind the volume stays, but the cluster forgets it")
    elif change.kind == "StatefulSet":
        yield from _check_templates(change)


def _check_templates(change: Change) -> Iterator[Consequence]:
    gone = set(_templates(change.old)) - (set() if goes(change) else set(_templates(change.new)))
    if not gone or not (goes(change) or change.action == "changed"):
        return
    named = ", ".join(f"`{name}`" for name in sorted(gone))
    policy = at(change.old, "spec", "persistentVolumeClaimRetentionPolicy", "whenDeleted")
    if policy == "Delete":
        yield Consequence(LOSES_DATA, f"the claims {named} of all its pods are deleted with it")
    else:
        yield Consequence(DETACHES_DATA, f"the claims {named} of its pods stay, but no pod uses them any more")


def check_sizes(change: Change) -> Iterator[Consequence]:
    """Say which claims ask for less than before."""
    if change.action != "changed":
        return
    sizes = []
    if change.kind == _CLAIM:
        sizes = [("", at(change.old, *_SIZE), at(change.new, *_SIZE))]
    elif change.kind == "StatefulSet":
        new = _templates(change.new)
        sizes = [(name, at(old, *_SIZE), at(new.get(name), *_SIZE)) for name, old in _templates(change.old).items()]
    for name, old, size in sizes:
        if compare(size, old) == -1:
            which = f"`{name}` " if name else ""
            yield Consequence(SHRINKS_VOLUME, f"{which}from {old} to {size}: volumes can't shrink, the apply fails")


def check_volumes(change: Change) -> Iterator[Consequence]:
    """Say which volumes were claims, and now are emptied with each pod."""
    if change.action not in {"changed", "renamed"}:
        return
    old, new = (_volumes(side) for side in (change.old, change.new))
    for name, volume in new.items():
        claimed = at(old.get(name), "persistentVolumeClaim") is not None or name in _templates(change.old)
        if claimed and "emptyDir" in volume:
            yield Consequence(LOSES_DATA, f"volume `{name}` was a claim; now it is empty, and goes with each pod")


def _templates(manifest: Manifest) -> dict[str, Manifest]:
    return {text_at(each, "metadata", "name"): each for each in maps_at(manifest, "spec", "volumeClaimTemplates")}


def _volumes(manifest: Manifest) -> dict[str, Manifest]:
    return {text_at(each, "name"): each for each in maps_at(pod_of(manifest), "spec", "volumes")}
