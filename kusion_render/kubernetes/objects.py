"""What makes a map a Kubernetes object at all: its shape as far as stages look at it, and lists of objects."""

from __future__ import annotations

from kusion_render.kubernetes.pods import CONTAINER_LISTS, pod_template

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any

    from kusion_render.diagnostics import Pointer


def unpacked(data: Any, pointer: Pointer = ()) -> Iterator[tuple[Pointer, Any]]:
    """Yield the objects of a document with their places in it: itself, or the items of a `List`, also of one in one."""
    if not is_list(data):
        yield pointer, data
        return
    for number, item in enumerate(data["items"]):
        yield from unpacked(item if isinstance(item, dict) else {}, (*pointer, "items", number))


def is_list(data: Any) -> bool:
    """Tell whether an object is kubectl's `List`, or a list of one kind whose items say themselves what they are."""
    if not isinstance(data, dict):
        return False
    kind, items = data.get("kind"), data.get("items")
    if not isinstance(items, list) or not isinstance(kind, str) or not kind.endswith("List"):
        return False
    return (kind == "List" and data.get("apiVersion") == "v1") or (
        bool(items) and all(isinstance(item, dict) and "kind" in item for item in items)
    )


def misshape(manifest: Mapping[str, Any]) -> tuple[Pointer, str] | None:
    """Return where an object has not the shape that Kubernetes gives it, as far as stages look at it, and a sentence."""
    metadata = manifest.get("metadata") or {}
    if not isinstance(metadata, dict):
        return ("metadata",), "`metadata` must be a map"
    for key in ("labels", "annotations"):
        if not isinstance(metadata.get(key) or {}, dict):
            return ("metadata", key), f"`metadata.{key}` must be a map"
    for key in ("name", "namespace"):
        if not isinstance(metadata.get(key) or "", str):
            return ("metadata", key), f"`metadata.{key}` must be text"
    return _misshape_of_pods(manifest)


def _misshape_of_pods(manifest: Mapping[str, Any]) -> tuple[Pointer, str] | None:
    template = pod_template(manifest)
    if template is None:
        return None
    pointer, pod = template
    if not isinstance(pod.get("metadata") or {}, dict):
        return (*pointer, "metadata"), "the `metadata` of pods must be a map"
    for group in CONTAINER_LISTS:
        containers = pod["spec"].get(group) or []
        if not isinstance(containers, list):
            return (*pointer, "spec", group), f"`{group}` must be a list"
        for number, container in enumerate(containers):
            place = (*pointer, "spec", group, number)
            if not isinstance(container, dict):
                return place, f"an item of `{group}` must be a map"
            for key in ("name", "image"):
                if not isinstance(container.get(key) or "", str):
                    return (*place, key), f"`{key}` of a container must be text"
    return None


def is_encrypted(manifest: Mapping[str, Any]) -> bool:
    """Tell whether SOPS has encrypted an object: its checksum is of all values, so none of them may change."""
    return "sops" in manifest
