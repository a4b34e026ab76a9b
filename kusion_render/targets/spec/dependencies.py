"""What each object of a Spec waits for, as Kusion orders them: by kind alone."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Final

    from kusion_render.model import Resource

# Kusion's own order, which is not the one that manifests are printed in.
_KINDS: Final = (
    "Namespace",
    "ResourceQuota",
    "StorageClass",
    "CustomResourceDefinition",
    "ServiceAccount",
    "PodSecurityPolicy",
    "Role",
    "ClusterRole",
    "RoleBinding",
    "ClusterRoleBinding",
    "ConfigMap",
    "Secret",
    "Endpoints",
    "Service",
    "LimitRange",
    "PriorityClass",
    "PersistentVolume",
    "PersistentVolumeClaim",
    "Deployment",
    "StatefulSet",
    "CronJob",
    "PodDisruptionBudget",
    "MutatingWebhookConfiguration",
    "ValidatingWebhookConfiguration",
)


class Dependencies:
    """The IDs of a Spec's objects by kind; those of one kind, in the order given, never wait for each other."""

    __slots__ = ("_ids",)

    def __init__(self, resources: Sequence[Resource]) -> None:
        self._ids: Final[dict[str, list[str]]] = {kind: [] for kind in _KINDS}
        for resource in resources:
            kind = resource.attributes["kind"]
            if kind in self._ids:
                self._ids[kind].append(resource.id)

    def of(self, resource: Resource) -> list[str]:
        """Return the IDs of all objects of the kinds before a resource's; a kind of no rank waits for all ranked ones."""
        found: list[str] = []
        for kind, ids in self._ids.items():
            if kind == resource.attributes["kind"]:
                break
            found += ids
        return found
