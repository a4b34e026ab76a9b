"""What the API server, or the next apply, would refuse in one finished manifest: names, labels, duplicates, sizes.

Runs on every object of every render, so the good case only looks; sentences are built when something is wrong.
Types and unknown fields are the schemas' business: a value of an unexpected type is skipped here.
"""

from __future__ import annotations

from kusion_render.diagnostics import Rule
from kusion_render.kubernetes import limits
from kusion_render.kubernetes.pods import containers, items, pod_template
from kusion_render.kubernetes.reserved import reserved

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any, Final

    from kusion_render.diagnostics import Pointer

INVALID_NAME: Final = Rule("KR310", "invalid-name")
INVALID_LABEL: Final = Rule("KR311", "invalid-label")
RESERVED_METADATA: Final = Rule("KR312", "reserved-metadata")
DUPLICATE_ENTRY: Final = Rule("KR313", "duplicate-entry")
TOO_LARGE_OBJECT: Final = Rule("KR314", "too-large-object")

_POD_KEYS: Final = {
    "hostAliases": ("ip",),
    "imagePullSecrets": ("name",),
    "topologySpreadConstraints": ("topologyKey", "whenUnsatisfiable"),
    "volumes": ("name",),
}
_CONTAINER_KEYS: Final = {
    "env": ("name",),
    "ports": ("containerPort", "protocol"),
    "volumeDevices": ("devicePath",),
    "volumeMounts": ("mountPath",),
}
# What the API server takes for a key that is not written.
_DEFAULTS: Final = {"protocol": "TCP"}


# What to do where nothing more particular can be said.
_NEXT_STEPS: Final = {
    "KR310": "rename it",
    "KR311": "write letters, digits, `-`, `_` and `.`, at most 63 of them",
    "KR312": "remove it",
    "KR313": "remove one of them",
    "KR314": "make it smaller",
}


class Problem:
    """One thing wrong with a manifest: a rule, where in the manifest, a sentence, and the next step."""

    __slots__ = ("help", "message", "pointer", "rule")

    def __init__(self, rule: Rule, pointer: Pointer, message: str, help: str | None = None) -> None:  # noqa: A002 - as in Diagnostic
        self.rule: Final = rule
        self.pointer: Final = pointer
        self.message: Final = message
        self.help: Final = help or _NEXT_STEPS[rule.code]

    def __repr__(self) -> str:
        return f"Problem({self.rule.code}, {self.pointer!r}, {self.message!r})"


def problems(manifest: Mapping[str, Any]) -> list[Problem]:
    """Return what is wrong with a manifest, without looking at any other one."""
    found: list[Problem] = []
    kind = manifest.get("kind")
    _check_identity(manifest, kind, found)
    template = pod_template(manifest)
    if template is not None:
        pointer, pod = template
        if pointer:
            _check_labels(pod.get("metadata"), (*pointer, "metadata"), found)
        _check_pod(pod["spec"], (*pointer, "spec"), found)
    elif kind == "Service":
        _check_service(manifest.get("spec"), found)
    elif kind in {"ConfigMap", "Secret"}:
        _check_data(manifest, found)
    elif len(repr(manifest)) > limits.OBJECT_BYTES // 4:  # no character takes more than four bytes
        _check_size(manifest, found)
    return found


def _check_identity(manifest: Mapping[str, Any], kind: object, found: list[Problem]) -> None:
    metadata = manifest.get("metadata")
    name = metadata.get("name") if isinstance(metadata, dict) else None
    if isinstance(name, str):
        problem = limits.name_problem(str(kind), name)
        if problem:
            found.append(Problem(INVALID_NAME, ("metadata", "name"), f"`{name}` is no name for a {kind}: {problem}"))
    elif name is None and not (isinstance(metadata, dict) and "generateName" in metadata):
        found.append(Problem(INVALID_NAME, ("metadata",), f"the {kind} has no name", "set `metadata.name`"))
    _check_labels(metadata, ("metadata",), found)
    for pointer, message in reserved(manifest):
        found.append(Problem(RESERVED_METADATA, pointer, message, "remove it from the manifest"))


def _check_labels(metadata: object, pointer: Pointer, found: list[Problem]) -> None:
    if not isinstance(metadata, dict):
        return
    labels = metadata.get("labels")
    if isinstance(labels, dict):
        _check_label_map(labels, (*pointer, "labels"), found)
    annotations = metadata.get("annotations")
    if isinstance(annotations, dict):
        _check_annotations(annotations, (*pointer, "annotations"), found)


def _check_label_map(labels: Mapping[str, Any], pointer: Pointer, found: list[Problem]) -> None:
    for key, value in labels.items():
        problem = limits.label_key_problem(key)
        if problem:
            found.append(Problem(INVALID_LABEL, (*pointer, key), f"`{key}` is no key for a label: {problem}"))
        if not isinstance(value, str):
            found.append(_not_text("label", key, pointer))
            continue
        problem = limits.label_value_problem(value)
        if problem:
            message = f"label `{key}` cannot have the value `{value}`: {problem}"
            found.append(Problem(INVALID_LABEL, (*pointer, key), message))


def _check_annotations(annotations: Mapping[str, Any], pointer: Pointer, found: list[Problem]) -> None:
    size = 0
    for key, value in annotations.items():
        problem = limits.annotation_key_problem(key)
        if problem:
            found.append(Problem(INVALID_LABEL, (*pointer, key), f"`{key}` is no key for an annotation: {problem}"))
        if isinstance(value, str):
            size += limits.text_size(key) + limits.text_size(value)
        else:
            found.append(_not_text("annotation", key, pointer))
    if size > limits.ANNOTATION_BYTES:
        found.append(_too_large("annotations", size, limits.ANNOTATION_BYTES, pointer))


def _check_pod(spec: Mapping[str, Any], pointer: Pointer, found: list[Problem]) -> None:
    for field, keys in _POD_KEYS.items():
        if field in spec:
            _check_unique(spec, field, keys, pointer, found)
    if "volumes" in spec:
        _check_names(spec, "volumes", limits.label_name_problem, pointer, found)
    if "nodeName" in spec:
        message = "`nodeName` passes over the scheduler"
        help_ = "choose nodes by `nodeSelector` or `affinity`"
        found.append(Problem(RESERVED_METADATA, (*pointer, "nodeName"), message, help_))
    names: set[str] = set()
    for place, container in containers(spec, pointer):
        name = container.get("name")
        if isinstance(name, str):
            _check_container_name(name, names, place, found)
            names.add(name)
        _check_container(container, place, found)


def _check_container_name(name: str, taken: set[str], pointer: Pointer, found: list[Problem]) -> None:
    problem = limits.label_name_problem(name)
    if problem:
        message = f"`{name}` is no name for a container: {problem}"
        found.append(Problem(INVALID_NAME, (*pointer, "name"), message))
    if name in taken:
        message = f"two containers of the pod have the name `{name}`"
        found.append(Problem(DUPLICATE_ENTRY, (*pointer, "name"), message, "rename one; init containers count too"))


def _check_container(container: Mapping[str, Any], pointer: Pointer, found: list[Problem]) -> None:
    for field, keys in _CONTAINER_KEYS.items():
        if field in container:
            _check_unique(container, field, keys, pointer, found)
    if "env" in container:
        _check_names(container, "env", limits.env_name_problem, pointer, found)
    if "ports" in container:
        _check_unique(container, "ports", ("name",), pointer, found)
        _check_names(container, "ports", limits.port_name_problem, pointer, found)


def _check_service(spec: object, found: list[Problem]) -> None:
    if not isinstance(spec, dict):
        return
    if isinstance(spec.get("selector"), dict):
        _check_label_map(spec["selector"], ("spec", "selector"), found)
    _check_unique(spec, "ports", ("port", "protocol"), ("spec",), found)
    _check_unique(spec, "ports", ("name",), ("spec",), found)
    _check_names(spec, "ports", limits.label_name_problem, ("spec",), found)


def _check_data(manifest: Mapping[str, Any], found: list[Problem]) -> None:
    for field in ("data", "binaryData", "stringData"):
        values = manifest.get(field)
        if not isinstance(values, dict):
            continue
        for key in values:
            problem = limits.config_key_problem(key)
            if problem:
                message = f"`{key}` is no key for a {manifest['kind']}: {problem}"
                found.append(Problem(INVALID_NAME, (field, key), message))
    both = _shared_key(manifest.get("data"), manifest.get("binaryData"))
    if both is not None:
        message = f"`{both}` is in `data` and in `binaryData`"
        found.append(Problem(DUPLICATE_ENTRY, ("binaryData", both), message, "rename one of them"))
    size = limits.data_size(manifest)
    if size > limits.DATA_BYTES:
        found.append(_too_large("data", size, limits.DATA_BYTES, ()))


def _shared_key(data: object, binary: object) -> str | None:
    if not isinstance(data, dict) or not isinstance(binary, dict):
        return None
    return next((key for key in binary if key in data), None)


def _check_size(manifest: Mapping[str, Any], found: list[Problem]) -> None:
    size = limits.object_size(manifest)
    if size > limits.OBJECT_BYTES:
        found.append(_too_large("object", size, limits.OBJECT_BYTES, ()))


def _check_names(
    owner: Mapping[str, Any], field: str, rule: Callable[[str], str | None], pointer: Pointer, found: list[Problem]
) -> None:
    value = owner.get(field)
    for at, item in enumerate(value if isinstance(value, list) else ()):
        name = item.get("name") if isinstance(item, dict) else None
        problem = rule(name) if isinstance(name, str) else None
        if problem:
            message = f"`{name}` is no name for an item of `{field}`: {problem}"
            found.append(Problem(INVALID_NAME, (*pointer, field, at, "name"), message))


def _check_unique(
    owner: Mapping[str, Any], field: str, keys: tuple[str, ...], pointer: Pointer, found: list[Problem]
) -> None:
    """Report items of a list that Kubernetes takes for the same one."""
    value = owner.get(field)
    if not isinstance(value, list) or len(value) < 2:
        return
    seen = set()
    for place, item in items(owner, field, pointer):
        identity = tuple(item.get(key, _DEFAULTS.get(key)) for key in keys)
        if identity[0] is None or any(isinstance(part, dict | list) for part in identity):
            continue
        if identity in seen:
            words = " and ".join(f"`{key}` `{part}`" for key, part in zip(keys, identity, strict=True))
            message = f"two items of `{field}` have {words}"
            help_ = "Kubernetes takes them for one; remove or change the second"
            found.append(Problem(DUPLICATE_ENTRY, place, message, help_))
        seen.add(identity)


def _not_text(what: str, key: str, pointer: Pointer) -> Problem:
    return Problem(INVALID_LABEL, (*pointer, key), f"the value of {what} `{key}` is no text", "put it in quotes")


def _too_large(what: str, size: int, limit: int, pointer: Pointer) -> Problem:
    message = f"the {what} takes {size // 1024} KiB, Kubernetes allows {limit // 1024}"
    return Problem(TOO_LARGE_OBJECT, pointer, message, "split it into several objects")
