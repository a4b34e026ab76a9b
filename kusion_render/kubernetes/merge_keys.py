"""Strategic merge patch: which lists of built-in types merge by which key, and the merge itself.

Keys are the `patchMergeKey` tags of Kubernetes 1.34's types; what carries no tag is atomic: a later list replaces the
earlier one. The algorithm is apimachinery's, so results equal `kubectl patch --type=strategic`, order of lists included.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from typing import Any, Final, TypeAlias

    from kusion_render.diagnostics import Pointer

    # Any: nodes nest without end, and manifests are plain data.
    Node: TypeAlias = Mapping[str, Any]

DIRECTIVE: Final = "$patch"
RETAIN_KEYS: Final = "$retainKeys"
_DELETE_FROM: Final = "$deleteFromPrimitiveList/"
_DELETED: Final = {DIRECTIVE: "delete"}
# Tuples, because a directive may be anything that YAML can write, and not all of it is hashable.
_SPECIAL: Final = ("delete", "replace")
_DIRECTIVES: Final = ("delete", "merge", "replace")

# A node describes a map by the fields that matter. `LIST_KEY` in a node says that the field is a list of such maps
# which merges by that key, the empty key that it is a list of scalars which merges as a set.
LIST_KEY: Final = "[]"
# In the node of a map whose patch replaces it as a whole.
_REPLACED: Final = "{}"

_NOTHING: Final[Node] = {}
_UNKNOWN: Final = object()
_BY_NAME: Final = {LIST_KEY: "name"}

_METADATA: Final = {"finalizers": {LIST_KEY: ""}, "ownerReferences": {LIST_KEY: "uid"}}
_CONTAINERS: Final = {
    LIST_KEY: "name",
    "env": _BY_NAME,
    "ports": {LIST_KEY: "containerPort"},
    "volumeDevices": {LIST_KEY: "devicePath"},
    "volumeMounts": {LIST_KEY: "mountPath"},
}
_POD_SPEC: Final = {
    "containers": _CONTAINERS,
    "ephemeralContainers": _CONTAINERS,
    "hostAliases": {LIST_KEY: "ip"},
    "imagePullSecrets": _BY_NAME,
    "initContainers": _CONTAINERS,
    "resourceClaims": _BY_NAME,
    "schedulingGates": _BY_NAME,
    "topologySpreadConstraints": {LIST_KEY: "topologyKey"},
    "volumes": _BY_NAME,
}
_POD_TEMPLATE: Final = {"metadata": _METADATA, "spec": _POD_SPEC}
_WORKLOAD: Final = {"metadata": _METADATA, "spec": {"template": _POD_TEMPLATE}}
_OBJECT: Final = {"metadata": _METADATA}
_WEBHOOKS: Final = {"metadata": _METADATA, "webhooks": {LIST_KEY: "name", "matchConditions": _BY_NAME}}

MERGE_KEYS: Final[Mapping[str, Node]] = {
    "CSINode": {"metadata": _METADATA, "spec": {"drivers": _BY_NAME}},
    "Container": _CONTAINERS,
    "CronJob": {"metadata": _METADATA, "spec": {"jobTemplate": _WORKLOAD}},
    "DaemonSet": _WORKLOAD,
    "Deployment": _WORKLOAD,
    "Job": _WORKLOAD,
    "MutatingAdmissionPolicy": {"metadata": _METADATA, "spec": {"matchConditions": _BY_NAME}},
    "MutatingWebhookConfiguration": _WEBHOOKS,
    "Node": {"metadata": _METADATA, "spec": {"podCIDRs": {LIST_KEY: ""}}},
    "Pod": _POD_TEMPLATE,
    "PodDisruptionBudget": {"metadata": _METADATA, "spec": {"selector": {_REPLACED: ""}}},
    "PodSpec": _POD_SPEC,
    "PodTemplate": {"metadata": _METADATA, "template": _POD_TEMPLATE},
    "PodTemplateSpec": _POD_TEMPLATE,
    "ReplicaSet": _WORKLOAD,
    "ReplicationController": _WORKLOAD,
    "Service": {"metadata": _METADATA, "spec": {"ports": {LIST_KEY: "port"}}},
    "ServiceAccount": {"metadata": _METADATA, "secrets": _BY_NAME},
    "StatefulSet": _WORKLOAD,
    "ValidatingAdmissionPolicy": {
        "metadata": _METADATA,
        "spec": {"matchConditions": _BY_NAME, "variables": _BY_NAME},
    },
    "ValidatingWebhookConfiguration": _WEBHOOKS,
}
"""Kind, or one of the inner types `PodSpec`, `PodTemplateSpec`, `Container`, to its node."""


def strategic_merge(below: Mapping[str, Any], above: Mapping[str, Any], kind: str) -> dict[str, Any]:
    """Return `above` laid over `below` as the API server would patch an object or inner type of `kind`.

    `null` deletes; `$patch: delete | replace | merge`, `$retainKeys` and `$deleteFromPrimitiveList/…` are obeyed,
    `$setElementOrder/…` is ignored. A kind that is not in `MERGE_KEYS` has no merging lists but those of its metadata.
    No directive of `above` and no `null` in its maps reaches the result, even where Kubernetes lets one through or
    drops a new map for its directive. Where kubectl would refuse a patch, this makes the best of it; see
    `patch_problems`. The inputs stay as they are; the result may share parts with them.
    """
    return _merge_maps(below, above, MERGE_KEYS.get(kind, _OBJECT))


def patch_problems(above: Mapping[str, Any], kind: str) -> Iterator[tuple[Pointer, str]]:
    """Yield what Kubernetes would refuse or misunderstand in a patch: where, and a sentence."""
    return _map_problems(above, MERGE_KEYS.get(kind, _OBJECT), ())


def _merge_maps(below: Mapping[str, Any], above: Mapping[str, Any], node: Node) -> dict[str, Any]:
    directive = above.get(DIRECTIVE)
    if directive == "delete":
        return {}
    if directive == "replace":
        return _clean_map(above)
    retained = above.get(RETAIN_KEYS)
    result = {key: value for key, value in below.items() if not isinstance(retained, list) or key in retained}
    for key, value in above.items():
        if key.startswith("$"):
            _delete_scalars(result, key, value)
        elif value is None:
            result.pop(key, None)
        elif value != _DELETED or key in result:
            result[key] = _merge_values(result.get(key), value, node.get(key, _NOTHING))
    return result


def _delete_scalars(result: dict[str, Any], key: str, value: Any) -> None:
    field = key.removeprefix(_DELETE_FROM)
    if field != key and isinstance(value, list) and isinstance(result.get(field), list):
        result[field] = [item for item in result[field] if item not in value]


def _merge_values(below: Any, above: Any, node: Node) -> Any:
    if isinstance(above, dict) and isinstance(below, dict):
        return above if _REPLACED in node else _merge_maps(below, above, node)
    if isinstance(above, list) and isinstance(below, list) and LIST_KEY in node:
        return _merge_lists(below, above, node) if node[LIST_KEY] else _merge_sets(below, above)
    return _clean(above)


def _clean(value: Any) -> Any:
    if isinstance(value, dict):
        return _clean_map(value)
    if isinstance(value, list):
        return [_clean(item) for item in value if _directive(item) != "delete"]
    return value


def _clean_map(value: Mapping[str, Any]) -> dict[str, Any]:
    return {
        key: _clean(child)
        for key, child in value.items()
        if child is not None and not key.startswith("$") and _directive(child) != "delete"
    }


def _directive(item: Any) -> Any:
    return item.get(DIRECTIVE) if isinstance(item, dict) else None


def _merge_lists(below: list[Any], above: list[Any], node: Node) -> list[Any]:
    key = node[LIST_KEY]
    patch = [item for item in above if _directive(item) not in _SPECIAL]
    if any(_directive(item) == "replace" for item in above):
        return [_clean(item) for item in patch]
    gone = [_identity(item, key) for item in above if _directive(item) == "delete"]
    kept = [item for item in below if _identity(item, key) not in gone]
    merged = list(kept)
    for item in patch:
        at = _find(merged, item, key)
        if at < 0:
            merged.append(_clean(item))
        else:
            merged[at] = _merge_maps(merged[at], item, node)
    theirs = sorted((item for item in merged if _find(patch, item, key) >= 0), key=lambda item: _find(patch, item, key))
    ours = [item for item in merged if _find(patch, item, key) < 0]
    return _interleaved(ours, theirs, lambda item: _find(kept, item, key))


def _merge_sets(below: list[Any], above: list[Any]) -> list[Any]:
    theirs = [item for at, item in enumerate(above) if item not in above[:at]]
    ours = [item for at, item in enumerate(below) if item not in above and item not in below[:at]]
    return _interleaved(ours, theirs, lambda item: below.index(item) if item in below else -1)


def _identity(item: Any, key: str) -> Any:
    return item.get(key, _UNKNOWN) if isinstance(item, dict) else _UNKNOWN


def _find(items: Sequence[Any], like: Any, key: str) -> int:
    """Return where the first item with the same merge key is, -1 without one; one without a key is like no other."""
    identity = _identity(like, key)
    if identity is _UNKNOWN:
        return next((at for at, item in enumerate(items) if item is like), -1)
    return next((at for at, item in enumerate(items) if _identity(item, key) == identity), -1)


def _interleaved(ours: list[Any], theirs: list[Any], place: Callable[[Any], int]) -> list[Any]:
    """Put untouched items among those of the patch: each before the first that stood behind it, as Kubernetes does."""
    result: list[Any] = []
    rest = iter(ours)
    mine = next(rest, _UNKNOWN)
    for item in theirs:
        while mine is not _UNKNOWN and place(mine) < place(item):
            result.append(mine)
            mine = next(rest, _UNKNOWN)
        result.append(item)
    if mine is not _UNKNOWN:
        result += [mine, *rest]
    return result


def _map_problems(above: Mapping[str, Any], node: Node, pointer: Pointer) -> Iterator[tuple[Pointer, str]]:
    directive = above.get(DIRECTIVE)
    if DIRECTIVE in above and directive not in _DIRECTIVES:
        yield (*pointer, DIRECTIVE), f"`{directive}` is no directive; there are `delete`, `merge` and `replace`"
    retained = above.get(RETAIN_KEYS)
    for key, value in above.items():
        inner = node.get(key, _NOTHING)
        if isinstance(value, dict):
            yield from _map_problems(value, inner, (*pointer, key))
        elif isinstance(value, list):
            yield from _list_problems(value, inner, (*pointer, key))
        if isinstance(retained, list) and value is not None and not key.startswith("$") and key not in retained:
            yield (*pointer, key), f"`{key}` is set, but not in `{RETAIN_KEYS}`"


def _list_problems(above: list[Any], node: Node, pointer: Pointer) -> Iterator[tuple[Pointer, str]]:
    key = node.get(LIST_KEY)
    for at, item in enumerate(above):
        if not isinstance(item, dict):
            continue
        if key and key not in item and item.get(DIRECTIVE) != "replace":
            yield (*pointer, at), f"the item has no `{key}`, by which this list merges"
        elif key and _find(above, item, key) < at and DIRECTIVE not in item:
            yield (*pointer, at), f"a second item with `{key}` `{item[key]}`: both would merge into one"
        yield from _map_problems(item, node, (*pointer, at))
