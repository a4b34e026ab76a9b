"""Manifests in a form in which what means the same to Kubernetes is the same.

Lists that merge by key become maps by that key, so their order does not count; what is empty goes, except where an
empty map says something; quantities are compared as amounts. Nothing else that differs is taken for equal: the API
server reads a port "80" as a name, and 80 as a number.
"""

from __future__ import annotations

from kusion_render.diff.lookup import group_of, text_at
from kusion_render.kubernetes.merge_keys import LIST_KEY, MERGE_KEYS
from kusion_render.kubernetes.pods import pod_template
from kusion_render.kubernetes.quantities import compare
from kusion_render.kubernetes.scopes import KNOWN_KINDS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any, Final

    from kusion_render.diff.lookup import Manifest
    from kusion_render.diff.model import Steps

# Lists beside the merging ones whose items have names and whose order says nothing.
_NAMED: Final[Mapping[str, Mapping[str, Any]]] = {
    "ClusterRoleBinding": {"subjects": {LIST_KEY: "name"}},
    "RoleBinding": {"subjects": {LIST_KEY: "name"}},
    "Ingress": {"spec": {"rules": {LIST_KEY: "host"}}},
    "StatefulSet": {"spec": {**MERGE_KEYS["StatefulSet"]["spec"], "volumeClaimTemplates": {LIST_KEY: "metadata.name"}}},
}
# Lists whose items need more than their merge key to be told apart, and what the API server takes for absent.
_COMPOSITE: Final = {
    "containerPort": (("containerPort", ""), ("protocol", "TCP")),
    "port": (("port", ""), ("protocol", "TCP")),
    "topologyKey": (("topologyKey", ""), ("whenUnsatisfiable", "")),
}
# Maps that say something even when they are empty: "everything", or which of several it is.
_TELLING: Final = frozenset({"emptyDir", "labelSelector", "namespaceSelector", "objectSelector", "podSelector"})
# Fields whose values are quantities, and maps of them.
_QUANTITIES: Final = frozenset({"averageValue", "divisor", "sizeLimit"})
_QUANTITY_MAPS: Final = frozenset(
    {
        "capacity",
        "default",
        "defaultRequest",
        "hard",
        "limits",
        "max",
        "maxLimitRequestRatio",
        "min",
        "podFixed",
        "requests",
    }
)


def normalise(manifest: Manifest) -> dict[str, Any]:
    """Return the form to compare, without name and namespace.

    The items of a list that merges by key are found under `[key]`, as in `containers` → `[web]`; what the key says is
    left out of them.
    """
    kind = text_at(manifest, "kind")
    known = (group_of(manifest), kind) in KNOWN_KINDS
    telling = _is_telling(kind, known=known)
    metadata = manifest.get("metadata")
    if isinstance(metadata, dict):
        metadata = {key: value for key, value in metadata.items() if key not in {"name", "namespace"}}
    found: dict[str, Any] = _normalise({**manifest, "metadata": metadata}, _node(manifest, kind), telling)
    return {"metadata": {}, **found}


def same_meaning(steps: Steps, old: Any, new: Any) -> bool:
    """Tell whether two differing values of a field mean the same: amounts such as `0.5` and `500m`."""
    if not steps or steps[0] in {"data", "metadata"}:
        return False
    if steps[-1] in _QUANTITIES or (len(steps) > 1 and steps[-2] in _QUANTITY_MAPS):
        return compare(old, new) == 0
    return False


def _node(manifest: Manifest, kind: str) -> Mapping[str, Any]:
    """Return which lists of a kind merge; custom resources with a pod template are taken for workloads."""
    node = MERGE_KEYS.get(kind)
    if node is None:
        node = MERGE_KEYS["Deployment"] if pod_template(manifest) else {}
    return {**node, **_NAMED.get(kind, {})}


def _is_telling(kind: str, *, known: bool) -> Callable[[str], bool]:
    if not known or kind == "CustomResourceDefinition":
        return lambda _key: True
    if kind == "Service":
        return lambda key: key in _TELLING
    return lambda key: key in _TELLING or key == "selector"


def _normalise(value: Any, node: Mapping[str, Any], telling: Callable[[str], bool]) -> Any:
    if isinstance(value, dict):
        children = ((key, child, _normalise(child, node.get(key, {}), telling)) for key, child in value.items())
        return {
            key: child
            for key, was, child in children
            if was is not None and child != [] and (child != {} or (was == {} and telling(key)))
        }
    if not isinstance(value, list):
        return value
    merges = node.get(LIST_KEY)
    if merges is None:
        return [_normalise(item, {}, telling) for item in value]
    return _keyed(value, merges, node, telling) if merges else sorted(value, key=repr)


def _keyed(items: Sequence[Any], key: str, node: Mapping[str, Any], telling: Callable[[str], bool]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for position, item in enumerate(items):
        fields = _COMPOSITE.get(key, ((key, ""),))
        parts = [str(_field(item, field, default)) for field, default in fields]
        name = f"[{'/'.join(part for part in parts if part) or position}]"
        number = 2
        while name in found:
            name = f"[{'/'.join(parts)}#{number}]"
            number += 1
        content = item
        if isinstance(item, dict):
            content = {each: value for each, value in item.items() if each not in {field for field, _ in fields}}
        found[name] = _normalise(content, node, telling)
    return found


def _field(item: Any, path: str, default: str) -> Any:
    for step in path.split("."):
        item = item.get(step) if isinstance(item, dict) else None
    return default if item is None else item
