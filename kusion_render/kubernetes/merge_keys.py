"""Strategic merge patch: which lists of built-in types merge by which key, and the merge itself.

Keys are the `patchMergeKey` tags of Kubernetes 1.34's types; what carries no tag is atomic: a later list replaces the
earlier one. The algorithm is apimachinery's, so results equal `kubectl patch --type=strategic`, order of lists included.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from typing import Any, Final, TypeAlias

    from kusion_render.diagnostics import Pointer

    # Any: nodes nest without end, and manifests are plain data.
    Node: TypeAlias = Mapping[str, Any]

DIRECTIVE: Final = "$patch"
RETAIN_KEYS: Final = "$retainKeys"
_DELETE_FROM: Final = "$deleteFromPrimitiveList/"
_SET_ORDER: Final = "$setElementOrder/"

# A node describes a map by the fields that matter. `LIST_KEY` in a node says that the field is a list of such maps
# which merges by that key, the empty key that it is a list of scalars which merges as a set.
LIST_KEY: Final = "[]"
# In the node of a map whose patch replaces it as a whole.
_REPLACED: Final = "{}"

_NOTHING: Final[Node] = {}
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
    "volumes": {LIST_KEY: "name", "ephemeral": {"volumeClaimTemplate": {"metadata": _METADATA}}},
}
_POD_TEMPLATE: Final = {"metadata": _METADATA, "spec": _POD_SPEC}
_WORKLOAD: Final = {"metadata": _METADATA, "spec": {"template": _POD_TEMPLATE}}
_JOB_TEMPLATE: Final = {"metadata": _METADATA, "spec": {"template": _POD_TEMPLATE}}
_OBJECT: Final = {"metadata": _METADATA}
_WEBHOOKS: Final = {"metadata": _METADATA, "webhooks": {LIST_KEY: "name", "matchConditions": _BY_NAME}}

MERGE_KEYS: Final[Mapping[str, Node]] = {
    "CSINode": {"metadata": _METADATA, "spec": {"drivers": _BY_NAME}},
    "Container": _CONTAINERS,
    "CronJob": {"metadata": _METADATA, "spec": {"jobTemplate": _JOB_TEMPLATE}},
    "DaemonSet": _WORKLOAD,
    "Deployment": _WORKLOAD,
    "Job": _WORKLOAD,
    "MutatingAdmissionPolicy": {
        "metadata": _METADATA,
        "spec": {"matchConditions": _BY_NAME},
    },
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
    `$setElementOrder/…` is ignored; no directive and no `null` of `above` reaches the result. Where kubectl would
    refuse a patch, this makes the best of it: see `patch_problems`. The inputs stay as they are, the result may share
    parts with them.
    """
    return _merge_maps(below, above, MERGE_KEYS.get(kind, _OBJECT))


def patch_problems(above: Mapping[str, Any], kind: str, pointer: Pointer = ()) -> Iterator[tuple[Pointer, str]]:
    """Yield what the API server would refuse in a patch: where, and a sentence."""
    yield from _map_problems(above, MERGE_KEYS.get(kind, _OBJECT), pointer, in_list=False)


def _merge_maps(below: Mapping[str, Any], above: Mapping[str, Any], node: Node) -> dict[str, Any]:
    directive = above.get(DIRECTIVE)
    if directive == "delete":
        return {}
    if directive == "replace":
        return {key: value for key, value in above.items() if key != DIRECTIVE}
    result = _retained(below, above.get(RETAIN_KEYS))
    for key, value in above.items():
        if key[:1] == "$":
            _apply_directive(result, key, value)
        elif value is None:
            result.pop(key, None)
        else:
            result[key] = _merge_values(result.get(key), value, node.get(key, _NOTHING))
    return result


def _retained(below: Mapping[str, Any], keys: object) -> dict[str, Any]:
    return {key: value for key, value in below.items() if key in keys} if isinstance(keys, list) else dict(below)


def _apply_directive(result: dict[str, Any], key: str, value: object) -> None:
    if key.startswith(_DELETE_FROM) and isinstance(value, list):
        field = key[len(_DELETE_FROM) :]
        if isinstance(result.get(field), list):
            result[field] = [item for item in result[field] if item not in value]


def _merge_values(below: Any, above: Any, node: Node) -> Any:
    if isinstance(above, dict) and isinstance(below, dict):
        return above if _REPLACED in node else _merge_maps(below, above, node)
    if isinstance(above, list) and isinstance(below, list):
        return _merge_lists(below, above, node) if LIST_KEY in node else above
    return _clean(above)


def _clean(value: Any) -> Any:
    """Return what a patch adds without its nulls and directives; lists keep their nulls, which are data."""
    if isinstance(value, dict):
        return {key: _clean(child) for key, child in value.items() if child is not None and not _is_directive(key)}
    if isinstance(value, list):
        return [_clean(item) for item in value if not (isinstance(item, dict) and DIRECTIVE in item)]
    return value


def _is_directive(key: str) -> bool:
    return key in {DIRECTIVE, RETAIN_KEYS} or key.startswith((_DELETE_FROM, _SET_ORDER))


def _merge_lists(below: list[Any], above: list[Any], node: Node) -> list[Any]:
    key = node[LIST_KEY]
    if not key:
        return _interleaved(list(dict.fromkeys([*above, *below])), above, below)
    if any(_directive(item) == "replace" for item in above):
        return [item for item in above if _directive(item) is None]
    gone = [_identity(item, key) for item in above if _directive(item) == "delete"]
    server = [item for item in below if _identity(item, key) not in gone]
    patch = [item for item in above if _directive(item) not in {"delete", "replace"}]
    ...
    return server + patch
