"""What a patch must leave as it is."""

from __future__ import annotations

from kusion_render.kubernetes.pods import pod_template

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any, Final

_IDENTITY: Final = (("apiVersion",), ("kind",), ("metadata", "name"), ("metadata", "namespace"))


def harm(before: Mapping[str, Any], after: Any) -> str:
    """Say what a patch must not do to an object, "" if it did nothing of the kind.

    It must not change what the object is or is called, nor leave a shape that later steps can't read.
    """
    for path in _IDENTITY:
        if _at(before, path) != _at(after, path):
            return f"changes the {path[-1]} of"
    if isinstance(_at(before, ("spec",)), dict) and not isinstance(_at(after, ("spec",)), dict):
        return "leaves no map in `spec` of"
    template = pod_template(before)
    if template is not None and pod_template(after) is None:
        return "leaves no pod template in"
    inside: list[tuple[str, ...]] = [("metadata",)]
    if template is not None:
        inside.append((*map(str, template[0]), "metadata"))
    maps: list[tuple[str, ...]] = [(*path, field) for path in inside for field in ("labels", "annotations")]
    if before.get("kind") in ("ConfigMap", "Secret"):
        maps += [("data",), ("binaryData",), ("stringData",)]
    for place in (*inside, *maps):
        found = _at(after, place)
        if found is None or found == _at(before, place):
            continue
        if not (isinstance(found, dict) and (place in inside or _texts_only(found))):
            return f"leaves no map{' of texts' if place in maps else ''} in `{'.'.join(place)}` of"
    return ""


def _texts_only(found: Mapping[str, Any]) -> bool:
    return all(isinstance(value, str) for value in found.values())


def _at(data: Any, path: tuple[str, ...]) -> Any:
    for step in path:
        data = data.get(step) if isinstance(data, dict) else None
    return data
