"""What is different between two manifests, as something to lay over a third."""

from __future__ import annotations

from kusion_render.document import MISSING, dotted
from kusion_render.kubernetes.merge_keys import RETAIN_KEYS
from kusion_render.kubernetes.pods import pod_template

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any, Final

    from kusion_render.diagnostics import Pointer

# Fields of which an object has one; two of them, one from each side, Kubernetes would refuse.
_HANDLERS: Final = frozenset(("exec", "httpGet", "tcpSocket", "grpc", "sleep"))
# Items of these lists, and these maps, are replaced as wholes: what is left of one makes no sense with the other.
_WHOLE_ITEMS: Final = frozenset(("env", "volumes", "volumeMounts"))
_WHOLE_MAPS: Final = frozenset(("strategy", "updateStrategy"))


def without_template(below: Mapping[str, Any], above: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return how the second workload differs from the first: in all but its pods and selector, and in its pod template.

    Laid over the first by Kubernetes' strategic merge, the two give the second.
    """
    found, other = pod_template(below), pod_template(above)
    if found is None or other is None:
        return {}, {}
    template = difference(found[1], other[1])
    return exclusive(difference(_without(below, found[0]), _without(above, other[0]))), template


def _without(manifest: Mapping[str, Any], pointer: Pointer) -> dict[str, Any]:
    """Return a manifest without its pod template, and without the selector, which can't be changed."""
    result = {key: value for key, value in manifest.items() if key != pointer[0]}
    inner = manifest[str(pointer[0])]
    if len(pointer) > 1:
        result[str(pointer[0])] = {
            key: value for key, value in _without(inner, pointer[1:]).items() if key != "selector"
        }
    return result


def difference(below: Any, above: Any) -> Any:
    """Return what must be laid over one value to get the other, which has all that the first has."""
    if isinstance(below, dict) and isinstance(above, dict):
        return {
            key: difference(below.get(key), value) for key, value in above.items() if below.get(key, MISSING) != value
        }
    if _are_named(below) and _are_named(above) and [each["name"] for each in below] == [each["name"] for each in above]:
        return [
            {"name": new["name"], **difference(old, new)} for old, new in zip(below, above, strict=True) if old != new
        ]
    return above


def _are_named(data: Any) -> bool:
    return isinstance(data, list) and all(isinstance(item, dict) and "name" in item for item in data)


def exclusive(patch: Any, key: str = "") -> Any:
    """Return a patch that leaves nothing behind of what can't stand beside its own: the words of strategic merge."""
    if isinstance(patch, list):
        done = [exclusive(item) for item in patch]
        return [{**item, RETAIN_KEYS: list(item)} for item in done] if key in _WHOLE_ITEMS else done
    if not isinstance(patch, dict):
        return patch
    result = {inner: exclusive(value, inner) for inner, value in patch.items()}
    if key in _WHOLE_MAPS:
        result[RETAIN_KEYS] = list(patch)
    if not _HANDLERS.isdisjoint(patch):
        result = {**dict.fromkeys(sorted(_HANDLERS)), **result}
    return result


def beside(template: Mapping[str, Any], below: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return what is laid over a pod template with its volumes called as no other volume there is.

    Volumes are found by their names alone: one of the same name would take the place of the pod's own.
    """
    spec = template.get("spec") or {}
    volumes = [{key: value for key, value in each.items() if key != RETAIN_KEYS} for each in spec.get("volumes") or ()]
    own = {each.get("name"): each for each in below["spec"].get("volumes") or () if isinstance(each, dict)}
    taken = {*own, *(each["name"] for each in volumes)}
    names: dict[str, str] = {}
    for volume in volumes:
        name = volume["name"]
        if own.get(name, volume) != volume:
            number = 2
            while f"{name[:60]}-{number}" in taken:
                number += 1
            names[name] = f"{name[:60]}-{number}"
            taken.add(names[name])
    return _renamed(template, names) if names else template


def _renamed(data: Any, names: Mapping[str, str], key: str = "") -> Any:
    if isinstance(data, dict):
        result = {inner: _renamed(value, names, inner) for inner, value in data.items()}
        if key in ("volumes", "volumeMounts", "volumeDevices") and result.get("name") in names:
            result["name"] = names[result["name"]]
        return result
    return [_renamed(item, names, key) for item in data] if isinstance(data, list) else data


def overruled(before: Any, after: Any, pointer: Pointer = (), text: Pointer = ()) -> Iterator[tuple[Pointer, str]]:
    """Yield the places in the first manifest whose values the second has not, each with its path in words."""
    if before is after or before == after:
        return
    if isinstance(before, dict) and isinstance(after, dict):
        for key, value in before.items():
            if value not in (None, "", [], {}):
                yield from overruled(value, after.get(key), (*pointer, key), (*text, key))
    elif isinstance(before, list) and isinstance(after, list):
        yield from _overruled_items(before, after, pointer, text)
    else:
        yield pointer, dotted(text)


def _overruled_items(
    before: list[Any], after: list[Any], pointer: Pointer, text: Pointer
) -> Iterator[tuple[Pointer, str]]:
    if not _are_named(before) or not _are_named(after):
        if not all(item in after for item in before):
            yield pointer, dotted(text)
        return
    now = {str(item["name"]): item for item in after}
    for number, item in enumerate(before):
        name = str(item["name"])
        yield from overruled(item, now.get(name), (*pointer, number), (*text, name))
