"""The order of objects in a stream and of keys in an object, the same for the same content.

Object order is Argo CD's apply order (which is Helm's install order plus a few kinds), so a stream reads, and applies,
from what others need to what needs others. Key order is what people write: identity first, then the alphabet.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Final, TypeAlias

    from kusion_render.diagnostics import Json

    SortKey: TypeAlias = tuple[int, int, str, str, str, str]

KIND_RANK: Final = {
    "Namespace": 0,
    "NetworkPolicy": 1,
    "ResourceQuota": 2,
    "LimitRange": 3,
    "PodSecurityPolicy": 4,
    "PodDisruptionBudget": 5,
    "ServiceAccount": 6,
    "Secret": 7,
    "ExternalSecret": 7,
    "SealedSecret": 7,
    "ConfigMap": 8,
    "StorageClass": 9,
    "PersistentVolume": 10,
    "PersistentVolumeClaim": 11,
    "CustomResourceDefinition": 12,
    "ClusterRole": 13,
    "ClusterRoleBinding": 14,
    "Role": 15,
    "RoleBinding": 16,
    "Service": 17,
    "DaemonSet": 18,
    "Pod": 19,
    "ReplicationController": 20,
    "ReplicaSet": 21,
    "Deployment": 22,
    "HorizontalPodAutoscaler": 23,
    "StatefulSet": 24,
    "Job": 25,
    "CronJob": 26,
    "IngressClass": 27,
    "Ingress": 28,
    "APIService": 29,
}
OTHER_KINDS: Final = 30

WAVE_ANNOTATION: Final = "argocd.argoproj.io/sync-wave"

# Ranks are strings below every real key, so one dictionary look-up gives what to sort by.
_OBJECT: Final = {"apiVersion": "\0a", "kind": "\0b", "metadata": "\0c", "spec": "\0d"}
_METADATA: Final = {"name": "\0a", "namespace": "\0b", "labels": "\0c", "annotations": "\0d"}
_ITEM: Final = {"name": "\0a"}
_CONTAINER: Final = {
    "name": "\0a",
    "image": "\0b",
    "imagePullPolicy": "\0c",
    "command": "\0d",
    "args": "\0e",
    "workingDir": "\0f",
    "ports": "\0g",
    "envFrom": "\0h",
    "env": "\0i",
    "resources": "\0j",
    "volumeMounts": "\0k",
    "volumeDevices": "\0l",
    "startupProbe": "\0m",
    "livenessProbe": "\0n",
    "readinessProbe": "\0o",
    "lifecycle": "\0p",
    "securityContext": "\0q",
}
_CONTAINER_LISTS: Final = frozenset({"containers", "initContainers", "ephemeralContainers"})
_NO_RANKS: Final[dict[str, str]] = {}


def wave(manifest: dict[str, Json]) -> int:
    """Read Argo CD's sync wave of an object; 0 without one or with one that is no number, as Argo CD does."""
    metadata = manifest.get("metadata")
    annotations = metadata.get("annotations") if isinstance(metadata, dict) else None
    text = annotations.get(WAVE_ANNOTATION) if isinstance(annotations, dict) else None
    if isinstance(text, str) and text.lstrip("+-").isdecimal():
        return int(text) if text.count("-") + text.count("+") <= 1 else 0
    return 0


def sort_key(manifest: dict[str, Json]) -> SortKey:
    """Build what objects are sorted by: wave, kind rank, kind, namespace, name and, to break ties, `apiVersion`."""
    kind = str(manifest.get("kind") or "")
    metadata = manifest.get("metadata")
    if not isinstance(metadata, dict):
        metadata = {}
    return (
        wave(manifest) if "annotations" in metadata else 0,
        KIND_RANK.get(kind, OTHER_KINDS),
        kind,
        str(metadata.get("namespace") or ""),
        str(metadata.get("name") or ""),
        str(manifest.get("apiVersion") or ""),
    )


def ordered(manifest: dict[str, Json]) -> dict[str, Json]:
    """Copy an object with its keys in canonical order; lists keep theirs, and nothing is dropped.

    `apiVersion`, `kind`, `metadata`, `spec`, then the alphabet; in metadata `name`, `namespace`, `labels`,
    `annotations` first; in containers the order people write; in items of lists `name` first; maps of strings such as
    `data` by key. A SOPS-encrypted object stays as it is: its MAC covers the values in their order.
    """
    if "sops" in manifest:
        return dict(manifest)
    return _map(manifest, _OBJECT)


def _map(value: dict[str, Json], ranks: dict[str, str]) -> dict[str, Json]:
    if len(value) < 2:
        keys: Iterable[str] = value
    elif ranks:
        keys = sorted(value, key=lambda key: ranks.get(key, key))
    else:
        keys = sorted(value)
    result = {}
    for key in keys:
        child = value[key]
        if isinstance(child, str):
            pass
        elif isinstance(child, dict):
            child = _map(child, _METADATA if key == "metadata" else _NO_RANKS)
        elif isinstance(child, list):
            child = _list(child, _CONTAINER if key in _CONTAINER_LISTS else _ITEM)
        result[key] = child
    return result


def _list(value: list[Json], ranks: dict[str, str]) -> list[Json]:
    result: list[Json] = []
    for item in value:
        if isinstance(item, dict):
            result.append(_map(item, ranks))
        elif isinstance(item, list):
            result.append(_list(item, ranks))
        else:
            result.append(item)
    return result
