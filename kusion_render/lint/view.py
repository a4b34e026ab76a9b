"""The objects of a render as the rules look at them: workloads, their containers, and who selects whom.

Nothing is taken for granted about the shape of an object: what a chart or a manifest holds was checked by nobody, and a
part of a wrong type counts as missing.
"""

from __future__ import annotations

from kusion_render.kubernetes.pods import containers, pod_template

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from typing import Any, Final

    from kusion_render.diagnostics import Pointer

_TO_AN_END: Final = frozenset(("Job", "CronJob"))


def table(value: Any, *keys: str) -> Mapping[str, Any]:
    """Return the map that lies below a value by keys, an empty one where there is none."""
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    return value if isinstance(value, dict) else {}


def words(value: Any) -> str:
    """Return a text as it is, and "" for anything else."""
    return value if isinstance(value, str) else ""


class Container:
    """One container of a workload; `sort` is `init`, `sidecar` or `main`."""

    __slots__ = ("manifest", "name", "pointer", "sort")

    def __init__(self, manifest: Mapping[str, Any], pointer: Pointer) -> None:
        self.manifest: Final = manifest
        self.pointer: Final = pointer
        self.name: Final = words(manifest.get("name"))
        sidecar = manifest.get("restartPolicy") == "Always"
        self.sort: Final = "main" if pointer[-2] == "containers" else "sidecar" if sidecar else "init"


class Workload:
    """An object that starts pods: where its pod template is, the pods' labels and spec, and its containers."""

    __slots__ = ("containers", "id", "kind", "labels", "manifest", "name", "namespace", "pod", "pointer")

    def __init__(self, resource_id: str, manifest: Mapping[str, Any], place: Pointer, pod: Mapping[str, Any]) -> None:
        metadata = table(manifest, "metadata")
        self.id: Final = resource_id
        self.kind: Final = words(manifest.get("kind"))
        self.name: Final = words(metadata.get("name"))
        self.namespace: Final = words(metadata.get("namespace"))
        self.manifest: Final = manifest
        self.labels: Final = table(pod, "metadata", "labels")
        self.pod: Final[Mapping[str, Any]] = pod["spec"]
        self.pointer: Final = (*place, "spec")
        self.containers: Final = [
            Container(each, pointer)
            for pointer, each in containers(self.pod, self.pointer)
            if pointer[-2] != "ephemeralContainers"
        ]

    @property
    def title(self) -> str:
        """The workload in a sentence: "Deployment `web`"."""
        return f"{self.kind} `{self.name}`"

    @property
    def running(self) -> list[Container]:
        """The containers that run as long as the pod does."""
        return [each for each in self.containers if each.sort != "init"]

    @property
    def serves(self) -> bool:
        """Whether its pods are meant to run on and on."""
        return self.kind not in _TO_AN_END and self.pod.get("restartPolicy", "Always") == "Always"


class View:
    """All objects of a render, each with its resource ID."""

    __slots__ = ("objects", "workloads")

    def __init__(self, objects: Sequence[tuple[str, Mapping[str, Any]]]) -> None:
        self.objects: Final = objects
        found = [(name, manifest, pod_template(manifest)) for name, manifest in objects]
        self.workloads: Final = [Workload(name, manifest, *pod) for name, manifest, pod in found if pod is not None]

    def of(self, *kinds: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
        """Yield the objects of some kinds with their IDs."""
        return ((name, manifest) for name, manifest in self.objects if manifest.get("kind") in kinds)

    def selected(self, manifest: Mapping[str, Any], selector: Mapping[str, Any]) -> list[Workload]:
        """Return the workloads in an object's namespace whose pods a label selector matches."""
        namespace = words(table(manifest, "metadata").get("namespace"))
        return [each for each in self.workloads if each.namespace == namespace and matches(selector, each.labels)]

    def served(self, service: Mapping[str, Any]) -> list[Workload]:
        """Return the workloads whose pods a Service sends to; one without a selector sends nowhere that we know."""
        selector = table(service, "spec", "selector")
        return self.selected(service, {"matchLabels": selector}) if selector else []


def matches(selector: Mapping[str, Any], labels: Mapping[str, Any]) -> bool:
    """Tell whether a label selector (`matchLabels`, `matchExpressions`) matches labels; an empty one matches all."""
    if any(key not in labels or labels[key] != value for key, value in table(selector, "matchLabels").items()):
        return False
    expressions = selector.get("matchExpressions")
    return all(_holds(each, labels) for each in (expressions if isinstance(expressions, list) else ()))


def _holds(expression: Any, labels: Mapping[str, Any]) -> bool:
    key, operator = table(expression).get("key"), table(expression).get("operator")
    values = table(expression).get("values")
    listed = values if isinstance(values, list) else []
    if not isinstance(key, str):
        return False
    if operator == "In":
        return key in labels and labels[key] in listed
    if operator == "NotIn":
        return key not in labels or labels[key] not in listed
    return (key in labels) == (operator == "Exists")
