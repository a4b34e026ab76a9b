"""Fields of manifests that may be missing or of any type: what is not as expected counts as not there."""

from __future__ import annotations

from kusion_render.kubernetes.scopes import group

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any, Final, TypeAlias

    # Any: plain data of any kind of object.
    Manifest: TypeAlias = Mapping[str, Any]

NOTHING: Final[Manifest] = {}


def at(node: Any, *steps: str) -> Any:
    """Return the value under the keys, `None` where there is none."""
    for step in steps:
        node = node.get(step) if isinstance(node, dict) else None
    return node


def map_at(node: Any, *steps: str) -> dict[str, Any]:
    """Return the map under the keys, an empty one for anything else."""
    value = at(node, *steps)
    return value if isinstance(value, dict) else {}


def list_at(node: Any, *steps: str) -> list[Any]:
    """Return the list under the keys, an empty one for anything else."""
    value = at(node, *steps)
    return value if isinstance(value, list) else []


def maps_at(node: Any, *steps: str) -> list[dict[str, Any]]:
    """Return the maps in the list under the keys."""
    return [item for item in list_at(node, *steps) if isinstance(item, dict)]


def words_at(node: Any, *steps: str) -> list[str]:
    """Return the texts in the list under the keys."""
    return [item for item in list_at(node, *steps) if isinstance(item, str)]


def text_at(node: Any, *steps: str) -> str:
    """Return the text under the keys, an empty one for anything else."""
    value = at(node, *steps)
    return value if isinstance(value, str) else ""


def count_at(node: Any, *steps: str) -> int | None:
    """Return the whole number under the keys."""
    value = at(node, *steps)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def name_of(manifest: Any) -> str:
    """Return `metadata.name`."""
    return text_at(manifest, "metadata", "name")


def namespace_of(manifest: Any) -> str:
    """Return `metadata.namespace`."""
    return text_at(manifest, "metadata", "namespace")


def group_of(manifest: Any) -> str:
    """Return the API group, empty for the first of all groups."""
    return group(text_at(manifest, "apiVersion"))


def of_kind(manifests: Sequence[Manifest], *kinds: str) -> list[Manifest]:
    """Return the manifests of these kinds."""
    return [each for each in manifests if each.get("kind") in kinds]


def title(manifest: Any) -> str:
    """Return kind and name, as a sentence names an object."""
    return f"{text_at(manifest, 'kind')} `{name_of(manifest)}`"
