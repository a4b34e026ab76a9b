"""What a workspace lays over every object: images, registries, labels, annotations, the namespace policy."""

from __future__ import annotations

from kusion_render.text import texts
from kusion_render.transformers.images import with_images

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from typing import Any

    from kusion_render.model import Resource


def transform(
    resources: Sequence[Resource], workspace: Mapping[str, Any], *, omitted: Collection[str] = ()
) -> list[Resource]:
    """Return the resources as the workspace wants them; its labels and annotations give way to an object's own.

    `omitted` are the namespaces that are left to whoever applies the manifests.
    """
    images = workspace.get("images") or []
    registries = workspace.get("registries") or {}
    labels = texts(workspace.get("labels"))
    annotations = texts(workspace.get("annotations"))
    if not (images or registries or labels or annotations or omitted):
        return list(resources)
    result = []
    for resource in resources:
        manifest = resource.attributes
        if images or registries:
            manifest = with_images(manifest, images, registries)
        metadata = _metadata(manifest["metadata"], labels, annotations, omitted)
        result.append(resource.of({**manifest, "metadata": metadata}))
    return result


def _metadata(
    metadata: Mapping[str, Any], labels: Mapping[str, str], annotations: Mapping[str, str], omitted: Collection[str]
) -> dict[str, Any]:
    result = {key: value for key, value in metadata.items() if key != "namespace" or value not in omitted}
    if labels:
        result["labels"] = {**labels, **(metadata.get("labels") or {})}
    if annotations:
        result["annotations"] = {**annotations, **(metadata.get("annotations") or {})}
    return result
