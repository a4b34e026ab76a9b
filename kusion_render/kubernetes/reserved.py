"""Fields and annotations that the API server, controllers or delivery tools own, and Git therefore must not.

Kept in Git they cause drift without end, objects that a tool takes for its own, or deletions that hang.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any, Final

    from kusion_render.diagnostics import Pointer

SERVER_FIELDS: Final = frozenset(
    {
        "creationTimestamp",
        "deletionGracePeriodSeconds",
        "deletionTimestamp",
        "generation",
        "managedFields",
        "resourceVersion",
        "selfLink",
        "uid",
    }
)
"""Fields of metadata that the API server writes."""

CONTROLLER_FIELDS: Final = frozenset({"finalizers", "generateName", "ownerReferences"})
"""Fields of metadata that are valid to write, but hurt in Git."""

TOOL_KEYS: Final = frozenset(
    {
        "argocd.argoproj.io/installation-id",
        "argocd.argoproj.io/instance",
        "argocd.argoproj.io/tracking-id",
        "deployment.kubernetes.io/revision",
        "helm.toolkit.fluxcd.io/name",
        "helm.toolkit.fluxcd.io/namespace",
        "kubectl.kubernetes.io/last-applied-configuration",
        "kustomize.toolkit.fluxcd.io/name",
        "kustomize.toolkit.fluxcd.io/namespace",
        "meta.helm.sh/release-name",
        "meta.helm.sh/release-namespace",
    }
)
"""Labels and annotations by which tools recognise what they have applied."""

_RESERVED_FIELDS: Final = SERVER_FIELDS | CONTROLLER_FIELDS
_HOOKS: Final = ("argocd.argoproj.io/hook", "helm.sh/hook")
_TOOL_PREFIX: Final = "meta.helm.sh/"


def reserved(manifest: Mapping[str, Any]) -> Iterator[tuple[Pointer, str]]:
    """Yield the pointer of every reserved field of a manifest, and a sentence on who owns it."""
    if "status" in manifest:
        yield ("status",), "`status` is written by the cluster"
    metadata = manifest.get("metadata")
    if not isinstance(metadata, dict):
        return
    if not _RESERVED_FIELDS.isdisjoint(metadata):
        yield from _reserved_fields(manifest, metadata)
    for field in ("labels", "annotations"):
        values = metadata.get(field)
        if isinstance(values, dict):
            for key in values:
                if is_tool_key(key):
                    yield ("metadata", field, key), f"`{key}` is written by the tool that applies the object"


def is_tool_key(key: str) -> bool:
    """Tell whether a label or annotation belongs to the tool that applies objects."""
    return key in TOOL_KEYS or key.startswith(_TOOL_PREFIX)


def without_reserved(manifest: dict[str, Any]) -> dict[str, Any]:
    """Return a manifest, as exported from a cluster or made by `--dry-run`, without what only the cluster knows.

    Drops `status`, the fields of `SERVER_FIELDS` and tools' labels and annotations; the very same object comes back if
    there is nothing to drop. Finalizers, owners and `generateName` stay: they are somebody's wish.
    """
    metadata = manifest.get("metadata")
    if not isinstance(metadata, dict):
        metadata = {}
    kept = {key: value for key, value in metadata.items() if key not in SERVER_FIELDS}
    for field in ("labels", "annotations"):
        values = kept.get(field)
        if isinstance(values, dict) and any(is_tool_key(key) for key in values):
            kept[field] = {key: value for key, value in values.items() if not is_tool_key(key)}
            if not kept[field]:
                del kept[field]
    if kept == metadata and "status" not in manifest:
        return manifest
    return {key: kept if key == "metadata" else value for key, value in manifest.items() if key != "status"}


def _reserved_fields(manifest: Mapping[str, Any], metadata: Mapping[str, Any]) -> Iterator[tuple[Pointer, str]]:
    for field in metadata:
        place = ("metadata", field)
        if field in SERVER_FIELDS:
            yield place, f"`{field}` is written by the cluster"
        elif field == "generateName" and not _is_hook(metadata):
            yield place, "with `generateName` every sync would create one more object"
        elif field == "ownerReferences":
            yield place, "an owner is known by its `uid`, which only the cluster knows"
        # Argo CD's own kinds say by a finalizer that their resources go with them.
        elif field == "finalizers" and "argoproj.io/" not in str(manifest.get("apiVersion")):
            yield place, "an object with `finalizers` waits on deletion for a controller that may be gone"


def _is_hook(metadata: Mapping[str, Any]) -> bool:
    annotations = metadata.get("annotations")
    return isinstance(annotations, dict) and any(hook in annotations for hook in _HOOKS)
