"""What an overlay says once for all its objects: the namespace, and labels that all have.

Kustomize writes the namespace on every object that it takes for namespaced, and into some fields of a few kinds. Only
where that gives what the objects have anyway does an overlay say it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from kusion_render.kubernetes.scopes import is_cluster_scoped

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

# Kinds in whose fields kustomize writes the namespace, too.
_DEEP: Final = frozenset(
    ("APIService", "CustomResourceDefinition", "MutatingWebhookConfiguration", "ValidatingWebhookConfiguration")
)
_BINDINGS: Final = frozenset(("ClusterRoleBinding", "RoleBinding"))


def overlay_namespace(manifests: Sequence[Mapping[str, Any]], namespace: str) -> str:
    """Return the namespace to say for all objects; empty where they must keep their own."""
    if not any("namespace" in each["metadata"] for each in manifests):
        return ""
    return namespace if all(_comes_out(each, namespace) for each in manifests) else ""


def without_namespace(manifest: Mapping[str, Any]) -> dict[str, Any]:
    """Return an object without its namespace."""
    metadata = {key: value for key, value in manifest["metadata"].items() if key != "namespace"}
    return {**manifest, "metadata": metadata}


def common_labels(manifests: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """Return the labels that all objects have, with the same values."""
    maps = [each["metadata"].get("labels") for each in manifests]
    if not maps or not all(isinstance(labels, dict) for labels in maps):
        return {}
    return {
        key: value
        for key, value in maps[0].items()
        if isinstance(value, str) and all(labels.get(key) == value for labels in maps)
    }


def without_labels(manifest: dict[str, Any], labels: Mapping[str, str]) -> dict[str, Any]:
    """Return an object without some of its labels."""
    if not labels:
        return manifest
    metadata = dict(manifest["metadata"])
    rest = {key: value for key, value in metadata["labels"].items() if key not in labels}
    if rest:
        metadata["labels"] = rest
    else:
        del metadata["labels"]
    return {**manifest, "metadata": metadata}


def _comes_out(manifest: Mapping[str, Any], namespace: str) -> bool:
    """Tell whether an object is the same after kustomize has written the namespace."""
    kind = manifest["kind"]
    clustered = is_cluster_scoped(manifest["apiVersion"], kind)
    if manifest["metadata"].get("namespace") != (None if clustered else namespace) or kind in _DEEP:
        return False
    if kind == "Namespace":
        return bool(manifest["metadata"].get("name") == namespace)
    if kind in _BINDINGS:
        subjects = [each for each in manifest.get("subjects") or () if isinstance(each, dict)]
        return all(each.get("namespace") == namespace for each in subjects if each.get("kind") == "ServiceAccount")
    return True
