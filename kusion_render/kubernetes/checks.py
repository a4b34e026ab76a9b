"""What the API server, or a GitOps tool, would refuse in a finished manifest; pure, and cheap enough for every render."""

from __future__ import annotations

from kusion_render.diagnostics import Rule
from kusion_render.kubernetes.limits import (
    ANNOTATION_BYTES,
    DATA_BYTES,
    annotation_key_problem,
    config_key_problem,
    data_size,
    env_name_problem,
    label_key_problem,
    label_name_problem,
    label_value_problem,
    name_problem,
    port_name_problem,
    text_size,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from typing import Any, Final

    from kusion_render.diagnostics import Pointer

INVALID_NAME: Final = Rule("KR310", "invalid-name")
INVALID_LABEL: Final = Rule("KR311", "invalid-label")
RESERVED_METADATA: Final = Rule("KR312", "reserved-metadata")
DUPLICATE_ENTRY: Final = Rule("KR313", "duplicate-entry")
TOO_LARGE_OBJECT: Final = Rule("KR314", "too-large-object")

# Fields that the cluster owns; writing them makes a GitOps tool see a difference for ever, or blocks a deletion.
_OWNED_BY_CLUSTER: Final = (
    "creationTimestamp",
    "deletionTimestamp",
    "finalizers",
    "generateName",
    "generation",
    "managedFields",
    "ownerReferences",
    "resourceVersion",
    "selfLink",
    "uid",
)
_OWNED_BY_TOOLS: Final = frozenset(
    (
        "argocd.argoproj.io/tracking-id",
        "argocd.argoproj.io/instance",
        "argocd.argoproj.io/installation-id",
        "kubectl.kubernetes.io/last-applied-configuration",
        "kustomize.toolkit.fluxcd.io/name",
        "kustomize.toolkit.fluxcd.io/namespace",
        "meta.helm.sh/release-name",
        "meta.helm.sh/release-namespace",
    )
)
_POD_PLACES: Final[Mapping[str, Pointer]] = {
    "Pod": ("spec",),
    "CronJob": ("spec", "jobTemplate", "spec", "template", "spec"),
}
_TEMPLATE: Final[Pointer] = ("spec", "template", "spec")


class Problem:
    """One defect of a manifest and its place in it."""

    __slots__ = ("help", "message", "pointer", "rule")

    def __init__(
        self,
        rule: Rule,
        message: str,
        pointer: Pointer,
        help: str | None = None,  # noqa: A002 - the word users read in the report
    ) -> None:
        self.rule: Final = rule
        self.message: Final = message
        self.pointer: Final = pointer
        self.help: Final = help


def problems(manifest: Mapping[str, Any]) -> Iterator[Problem]:
    """Yield KR310 to KR314 for one manifest: names, labels, reserved metadata, duplicate list entries, sizes."""
    kind = manifest["kind"]
    metadata = manifest["metadata"]
    wrong = name_problem(kind, metadata.get("name") or "")
    if wrong:
        message = f"`{metadata.get('name')}` is no name for a {kind}: {wrong}"
        yield Problem(
            INVALID_NAME, message, ("metadata", "name"), "names come from the app, or from the key it is under"
        )
    yield from _of_metadata(metadata, ("metadata",))
    if "status" in manifest:
        yield Problem(RESERVED_METADATA, "`status` belongs to the cluster", ("status",), "leave it out")
    if kind in ("ConfigMap", "Secret"):
        yield from _of_data(manifest)
    elif kind == "Service":
        yield from _of_service_ports(manifest["spec"].get("ports") or ())
    else:
        yield from _of_workload(manifest, _POD_PLACES.get(kind, _TEMPLATE))


def _of_metadata(metadata: Mapping[str, Any], place: Pointer) -> Iterator[Problem]:
    for key in _OWNED_BY_CLUSTER:
        if key in metadata:
            yield Problem(RESERVED_METADATA, f"`{key}` belongs to the cluster", (*place, key), "leave it out")
    for key, value in (metadata.get("labels") or {}).items():
        wrong = label_key_problem(key) or label_value_problem(value)
        if wrong:
            yield Problem(INVALID_LABEL, f"label `{key}` is not valid: {wrong}", (*place, "labels", key))
    annotations = metadata.get("annotations")
    if not annotations:
        return
    for key in annotations:
        wrong = annotation_key_problem(key)
        if wrong:
            yield Problem(INVALID_LABEL, f"annotation `{key}` is not valid: {wrong}", (*place, "annotations", key))
        if key in _OWNED_BY_TOOLS:
            message = f"annotation `{key}` belongs to the tool that applies the manifests"
            yield Problem(RESERVED_METADATA, message, (*place, "annotations", key), "leave it out")
    if sum(text_size(key) + text_size(value) for key, value in annotations.items()) > ANNOTATION_BYTES:
        yield Problem(TOO_LARGE_OBJECT, "the annotations have more than 256 KiB", (*place, "annotations"))


def _of_data(manifest: Mapping[str, Any]) -> Iterator[Problem]:
    for part in ("data", "binaryData", "stringData"):
        for key in manifest.get(part) or ():
            wrong = config_key_problem(key)
            if wrong:
                yield Problem(INVALID_NAME, f"`{key}` is no key of a {manifest['kind']}: {wrong}", (part, key))
    if data_size(manifest) > DATA_BYTES:
        message = f"the data of this {manifest['kind']} has more than 1 MiB"
        yield Problem(TOO_LARGE_OBJECT, message, ("metadata", "name"), "split it, or keep it in an image or a volume")


def _of_service_ports(ports: Sequence[Mapping[str, Any]]) -> Iterator[Problem]:
    place: Pointer = ("spec", "ports")
    for at, port in enumerate(ports):
        wrong = label_name_problem(port["name"]) if port.get("name") else None
        if wrong:
            yield Problem(INVALID_NAME, f"`{port['name']}` is no name for a port: {wrong}", (*place, at, "name"))
        if len(ports) > 1 and not port.get("name"):
            yield Problem(INVALID_NAME, "of several ports each needs a name", (*place, at, "port"), "give it a `name`")
    yield from _duplicates(ports, ("name",), place, "port name")
    yield from _duplicates(ports, ("port", "protocol"), place, "port")


def _of_workload(manifest: Mapping[str, Any], place: Pointer) -> Iterator[Problem]:
    inner: Any = manifest
    for step in place[:-1]:
        inner = inner.get(step) if isinstance(inner, dict) else None
    pod = inner.get(place[-1]) if isinstance(inner, dict) else None
    if not isinstance(pod, dict):
        return
    if len(place) > 1 and isinstance(inner.get("metadata"), dict):
        yield from _of_metadata(inner["metadata"], (*place[:-1], "metadata"))
    names: list[Mapping[str, Any]] = []
    for group in ("initContainers", "containers"):
        for at, container in enumerate(pod.get(group) or ()):
            yield from _of_container(container, (*place, group, at))
        names += pod.get(group) or ()
    yield from _duplicates(names, ("name",), (*place, "containers"), "container", whole=True)
    yield from _duplicates(pod.get("volumes") or (), ("name",), (*place, "volumes"), "volume")


def _of_container(container: Mapping[str, Any], place: Pointer) -> Iterator[Problem]:
    name = container.get("name") or ""
    wrong = label_name_problem(name)
    if wrong:
        yield Problem(INVALID_NAME, f"`{name}` is no name for a container: {wrong}", (*place, "name"))
    for at, port in enumerate(container.get("ports") or ()):
        wrong = port_name_problem(port["name"]) if port.get("name") else None
        if wrong:
            yield Problem(
                INVALID_NAME, f"`{port['name']}` is no name for a port: {wrong}", (*place, "ports", at, "name")
            )
    for at, variable in enumerate(container.get("env") or ()):
        wrong = env_name_problem(variable["name"])
        if wrong:
            message = f"`{variable['name']}` is no name for a variable: {wrong}"
            yield Problem(INVALID_NAME, message, (*place, "env", at, "name"))
    for part, keys, what in (
        ("ports", ("name",), "port name"),
        ("ports", ("containerPort", "protocol"), "port"),
        ("env", ("name",), "variable"),
        ("volumeMounts", ("mountPath",), "mount path"),
    ):
        yield from _duplicates(container.get(part) or (), keys, (*place, part), what)


def _duplicates(
    items: Sequence[Mapping[str, Any]], keys: tuple[str, ...], place: Pointer, what: str, *, whole: bool = False
) -> Iterator[Problem]:
    if len(items) < 2:
        return
    seen = set()
    for at, item in enumerate(items):
        identity = tuple(item.get(key) for key in keys)
        if identity[0] is None:
            continue
        if identity in seen:
            shown = "/".join(str(part) for part in identity if part is not None)
            pointer = place if whole else (*place, at, keys[0])
            yield Problem(DUPLICATE_ENTRY, f"{what} `{shown}` is given twice", pointer, "keep one of them")
        seen.add(identity)
