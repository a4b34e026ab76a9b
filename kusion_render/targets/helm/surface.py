"""What people want to set in a chart, by kind: where it stands in an object, and what its value is called."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from kusion_render.targets.helm.template import Block, Expression, Field, Fields, Literal
from kusion_render.targets.helm.union import ItemKey, present, printer, scalar_type, unless_null
from kusion_render.targets.helm.values import ABSENT, camel

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from kusion_render.targets.helm.union import Pointer, Slot, Union, Vector
    from kusion_render.targets.helm.values import Path

SCALAR: Final = "scalar"
TEXTS: Final = "texts"
WHOLE: Final = "whole"

# Annotations that Helm reads are no values: a chart that lost them would be another one.
_HELM: Final = "helm.sh/"
TEXTS_SCHEMA: Final = {"type": "object", "additionalProperties": {"type": "string"}}


@dataclass(frozen=True)
class Known:
    """A field that a kind's users set: its place, its value's name below the object's, and what is said about it.

    `schema` is that of a field that no stack has: such a one is offered, unset.
    """

    pointer: Pointer
    path: Path
    form: str
    about: str
    schema: Mapping[str, Any] | None = None


_ANNOTATIONS: Final = Known(("metadata", "annotations"), ("annotations",), TEXTS, "Annotations of {}.", TEXTS_SCHEMA)
_TEXT: Final = {"type": "string"}
_NUMBER: Final = {"type": "integer"}
_MAP: Final = {"type": "object"}
_LIST: Final = {"type": "array"}
_ENTRIES: Final = Known(("data",), ("data",), TEXTS, "The entries of {}.")

KINDS: Final[Mapping[str, Sequence[Known]]] = {
    "ConfigMap": (_ENTRIES,),
    "Secret": (
        Known(("data",), ("data",), TEXTS, "The entries of {}, in base64."),
        Known(("stringData",), ("stringData",), TEXTS, "The entries of {}."),
    ),
    "Service": (
        Known(("spec", "type"), ("type",), SCALAR, "Type of {}: ClusterIP, NodePort or LoadBalancer.", _TEXT),
        _ANNOTATIONS,
    ),
    "Ingress": (
        Known(("spec", "ingressClassName"), ("className",), SCALAR, "Class of {}.", _TEXT),
        _ANNOTATIONS,
    ),
    "HTTPRoute": (Known(("spec", "hostnames"), ("hosts",), WHOLE, "Hosts of {}."), _ANNOTATIONS),
    "ServiceAccount": (_ANNOTATIONS,),
    "PersistentVolumeClaim": (
        Known(("spec", "resources", "requests", "storage"), ("size",), SCALAR, "Size of {}."),
        Known(("spec", "storageClassName"), ("storageClass",), SCALAR, "Storage class of {}.", _TEXT),
    ),
    "HorizontalPodAutoscaler": (
        Known(("spec", "minReplicas"), ("minReplicas",), SCALAR, "Fewest pods."),
        Known(("spec", "maxReplicas"), ("maxReplicas",), SCALAR, "Most pods."),
        *(
            Known(
                ("spec", "metrics", ItemKey(resource), "resource", "target", "averageUtilization"),
                (f"target{word}UtilizationPercentage",),
                SCALAR,
                f"Use of {resource} to aim at, in per cent of the request.",
            )
            for resource, word in (("cpu", "CPU"), ("memory", "Memory"))
        ),
    ),
    "PodDisruptionBudget": (
        Known(("spec", "minAvailable"), ("minAvailable",), SCALAR, "Pods that must stay, a number or per cent."),
        Known(("spec", "maxUnavailable"), ("maxUnavailable",), SCALAR, "Pods that may go, a number or per cent."),
    ),
    "CronJob": (
        Known(("spec", "schedule"), ("schedule",), SCALAR, "When {} runs."),
        Known(("spec", "suspend"), ("suspend",), SCALAR, "Whether {} pauses.", {"type": "boolean"}),
    ),
}

SWITCHED: Final = frozenset(
    ("HorizontalPodAutoscaler", "HTTPRoute", "Ingress", "NetworkPolicy", "PodDisruptionBudget", "ServiceMonitor")
)
"""Kinds that an application runs without, which therefore always have `enabled`."""

REPLICATED: Final = frozenset(("Deployment", "StatefulSet", "ReplicaSet", "CollaSet"))
POD_FIELDS: Final = (
    Known(("metadata", "annotations"), ("podAnnotations",), TEXTS, "Annotations of the pods.", TEXTS_SCHEMA),
    Known(("spec", "nodeSelector"), ("nodeSelector",), TEXTS, "Labels of the nodes to run on.", TEXTS_SCHEMA),
    Known(("spec", "tolerations"), ("tolerations",), WHOLE, "Taints to tolerate.", _LIST),
    Known(("spec", "affinity"), ("affinity",), WHOLE, "Affinity of the pods.", _MAP),
)
REPLICAS: Final = Known(("spec", "replicas"), ("replicas",), SCALAR, "How many pods.", _NUMBER)

_NAMES: Final = {
    "HorizontalPodAutoscaler": "autoscaling",
    "PodDisruptionBudget": "disruptionBudget",
    "HTTPRoute": "httpRoute",
    "HTTPScaledObject": "httpScaledObject",
}


def object_path(kind: str, name: str, *, only: bool) -> Path:
    """Return where the values of an object are: `service`, or `services.web` where there are several."""
    key = _NAMES.get(kind) or camel(kind)
    if only:
        return (key,)
    plural = key[:-1] + "ies" if key.endswith("cy") else key + "es" if key.endswith("s") else key + "s"
    return (plural, camel(name))


_OFFERED: Final = {"string": scalar_type([""]), "integer": scalar_type([0]), "boolean": scalar_type([True])}


def slot(known: Known, chart: str, home: Path, guard: str = "") -> Slot:
    """Return what makes the node of a known field; `guard` is a further condition."""

    def make(union: Union, vector: Vector, pointer: Pointer) -> Field | None:
        del pointer
        made = _MAKERS[known.form](union, vector, known, (*home, *known.path), chart)
        if made is None or not guard:
            return made
        return Field(made.node, made.key, f"and ({made.condition}) ({guard})" if made.condition else guard)

    return make


def _scalar(union: Union, vector: Vector, known: Known, path: Path, chart: str) -> Field | None:
    del chart
    there = present(vector)
    if not there and known.schema is None:
        return None
    if not union.fits_values(vector) or any(isinstance(each, (dict, list)) for each in there):
        return None
    schema, code = scalar_type(there) if there else _OFFERED[str((known.schema or {})["type"])]
    about = known.about.format(union.name)
    if ABSENT not in vector:
        return Field(Expression(code.format(union.values.add(path, vector, about, schema))))
    types = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    read = union.values.add(path, vector, f"{about} Kubernetes decides if null.", {"type": [*types, "null"]})
    return Field(Expression(code.format(read)), condition=unless_null(read))


def _texts(union: Union, vector: Vector, known: Known, path: Path, chart: str) -> Field | None:
    there = present(vector)
    if not all(isinstance(each, dict) and each and all(isinstance(v, str) for v in each.values()) for each in there):
        return None
    if not there and known.schema is None:
        return None
    owned = {key: value for key, value in (there[0] if there else {}).items() if key.startswith(_HELM)}
    if not owned or not all(each.get(key) == value for each in there for key, value in owned.items()):
        owned = {}
    rest = [
        {key: value for key, value in each.items() if key not in owned} if isinstance(each, dict) else each
        for each in vector
    ]
    read = union.values.add(path, emptied(rest, {}), known.about.format(union.name), texts_schema(owned))
    block = Block(f'include "{chart}.texts" {read} | trim', read)
    if not owned or ABSENT in vector:
        return Field(block, condition=read)
    return Field(Fields([Field(Literal(value), key) for key, value in owned.items()], [block]))


def _whole(union: Union, vector: Vector, known: Known, path: Path, chart: str) -> Field | None:
    del chart
    there = present(vector)
    if not there and known.schema is None:
        return None
    kind = type(there[0]) if there else dict if known.schema == _MAP else list
    if not all(isinstance(each, kind) and each for each in there) or not union.fits_values(vector):
        return None
    schema = _MAP if kind is dict else _LIST
    read = union.values.add(path, emptied(vector, kind()), known.about.format(union.name), schema)
    return Field(Block(f"{printer(there)} {read}"), condition=read)


def texts_schema(owned: Iterable[str] = ()) -> dict[str, Any]:
    """Return the schema of a map of texts without the keys that the chart writes itself."""
    keys = sorted(owned)
    return {**TEXTS_SCHEMA, "propertyNames": {"not": {"enum": keys}}} if keys else dict(TEXTS_SCHEMA)


def emptied(vector: Vector, empty: Any) -> list[Any]:
    """Return the entries with `empty` for those that are absent: the value is there, and what it prints is not."""
    return [empty if each is ABSENT else each for each in vector]


_MAKERS: Final = {SCALAR: _scalar, TEXTS: _texts, WHOLE: _whole}
