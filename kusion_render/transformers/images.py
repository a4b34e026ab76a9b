"""A workspace's `images` and `registries`, on every container of every pod."""

from __future__ import annotations

from kusion_render.document import put
from kusion_render.kubernetes.pods import CONTAINER_LISTS, pod_template

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any, Final

_DEFAULT_REGISTRY: Final = "docker.io"


def split(image: str) -> tuple[str, str, str]:
    """Split an image reference into name, tag and digest; the last two may be empty."""
    rest, _, digest = image.partition("@")
    head, slash, last = rest.rpartition("/")
    name, _, tag = last.partition(":")
    return head + slash + name, tag, digest


def replace_image(image: str, images: Sequence[Mapping[str, Any]], registries: Mapping[str, str]) -> str:
    """Return the image that a workspace wants instead: first by name, then by registry."""
    name, tag, digest = split(image)
    for wanted in images:
        if wanted["name"] != name:
            continue
        name = wanted.get("newName") or name
        if wanted.get("digest"):
            tag, digest = "", wanted["digest"]
        elif wanted.get("newTag") is not None:
            tag, digest = str(wanted["newTag"]), ""
        break
    name = _move(name, registries)
    return name + (f":{tag}" if tag else "") + (f"@{digest}" if digest else "")


def _move(name: str, registries: Mapping[str, str]) -> str:
    full = _with_registry(name)
    # The longest prefix wins, whatever the order it was written in.
    for prefix in sorted(registries, key=len, reverse=True):
        for spelled in (name, full):
            if spelled == prefix or spelled.startswith(prefix.rstrip("/") + "/"):
                return registries[prefix].rstrip("/") + spelled[len(prefix.rstrip("/")) :]
    return name


def _with_registry(name: str) -> str:
    """Spell out Docker Hub, which image names may leave out: the first part is a host only with `.`, `:` or as localhost."""
    first, slash, _ = name.partition("/")
    if slash and ("." in first or ":" in first or first == "localhost"):
        return name
    return f"{_DEFAULT_REGISTRY}/{name}" if slash else f"{_DEFAULT_REGISTRY}/library/{name}"


def with_images(
    manifest: dict[str, Any], images: Sequence[Mapping[str, Any]], registries: Mapping[str, str]
) -> dict[str, Any]:
    """Return a manifest with its containers' images replaced."""
    found = pod_template(manifest)
    if found is None:
        return manifest
    place, template = found
    pod = template["spec"]
    changed = {
        group: [
            {**item, "image": replace_image(item["image"], images, registries)} if item.get("image") else item
            for item in pod[group]
        ]
        for group in CONTAINER_LISTS
        if pod.get(group)
    }
    result: dict[str, Any] = put(manifest, (*place, "spec"), {**pod, **changed})
    return result
