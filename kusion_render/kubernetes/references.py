"""Which other objects of its namespace a manifest needs, by kind and name, and where it says so."""

from __future__ import annotations

from kusion_render.kubernetes.pods import containers, items, pod_template

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any, Final

    from kusion_render.diagnostics import Pointer

ALWAYS_PRESENT: Final = frozenset({("ServiceAccount", "default"), ("ConfigMap", "kube-root-ca.crt")})
"""Objects that every namespace has without anybody writing them."""


class Reference:
    """The use of an object: its kind and name, the key in it if one is named, and where the name is written.

    `optional` says that Kubernetes goes on without the object.
    """

    __slots__ = ("key", "kind", "name", "optional", "pointer")

    def __init__(
        self, kind: str, name: str, pointer: Pointer, *, key: str | None = None, optional: bool = False
    ) -> None:
        self.kind: Final = kind
        self.name: Final = name
        self.pointer: Final = pointer
        self.key: Final = key
        self.optional: Final = optional

    def __repr__(self) -> str:
        return f"Reference{self.values()!r}"

    def values(self) -> tuple[str, str, str | None, bool, Pointer]:
        """Return kind, name, key, whether it is optional, and the pointer, to compare and to sort."""
        return (self.kind, self.name, self.key, self.optional, self.pointer)


def references(manifest: Mapping[str, Any]) -> list[Reference]:
    """Return what a manifest refers to, in the order of its fields; other namespaces' objects do not count."""
    found: list[Reference] = []
    template = pod_template(manifest)
    if template is not None:
        pointer, pod = template
        _add_pod(pod["spec"], (*pointer, "spec"), found)
    add = _BY_KIND.get(manifest.get("kind") or "")
    if add is not None:
        add(manifest, found)
    return found


def _add(
    found: list[Reference], kind: str, owner: object, field: str, pointer: Pointer, *, optional: bool = False
) -> None:
    """Add the object whose name is in `field` of the map at `pointer`."""
    name = owner.get(field) if isinstance(owner, dict) else None
    if isinstance(name, str) and name:
        found.append(Reference(kind, name, (*pointer, field), optional=optional))


def _add_pod(spec: Mapping[str, Any], pointer: Pointer, found: list[Reference]) -> None:
    _add(found, "ServiceAccount", spec, "serviceAccountName", pointer)
    if "imagePullSecrets" in spec:
        for place, secret in items(spec, "imagePullSecrets", pointer):
            # The kubelet pulls without credentials when the Secret is missing, but then mostly in vain.
            _add(found, "Secret", secret, "name", place)
    for place, container in containers(spec, pointer):
        _add_environment(container, place, found)
    if "volumes" in spec:
        for place, volume in items(spec, "volumes", pointer):
            _add_volume(volume, place, found)


def _add_environment(container: Mapping[str, Any], pointer: Pointer, found: list[Reference]) -> None:
    if "envFrom" in container:
        for place, source in items(container, "envFrom", pointer):
            for field, kind in (("configMapRef", "ConfigMap"), ("secretRef", "Secret")):
                if field in source:
                    _add_keys(source[field], kind, "name", (*place, field), found)
    env = container.get("env")
    if not isinstance(env, list):
        return
    for at, variable in enumerate(env):
        value = variable.get("valueFrom") if isinstance(variable, dict) else None
        if isinstance(value, dict):
            for field, kind in (("configMapKeyRef", "ConfigMap"), ("secretKeyRef", "Secret")):
                if field in value:
                    _add_keys(value[field], kind, "name", (*pointer, "env", at, "valueFrom", field), found)


def _add_keys(source: Any, kind: str, field: str, pointer: Pointer, found: list[Reference]) -> None:
    """Add a ConfigMap or Secret: the `key` of it that is used, one reference for each of `items`, or all of it."""
    name = source.get(field) if isinstance(source, dict) else None
    if not isinstance(name, str) or not name:
        return
    optional = source.get("optional") is True
    keys = [source.get("key")]
    if isinstance(source.get("items"), list):
        keys = [item.get("key") for item in source["items"] if isinstance(item, dict)] or keys
    for key in keys:
        known = key if isinstance(key, str) else None
        found.append(Reference(kind, name, (*pointer, field), key=known, optional=optional))


def _add_volume(volume: Mapping[str, Any], pointer: Pointer, found: list[Reference]) -> None:
    if "configMap" in volume:
        _add_keys(volume["configMap"], "ConfigMap", "name", (*pointer, "configMap"), found)
    elif "secret" in volume:
        _add_keys(volume["secret"], "Secret", "secretName", (*pointer, "secret"), found)
    elif "persistentVolumeClaim" in volume:
        place = (*pointer, "persistentVolumeClaim")
        _add(found, "PersistentVolumeClaim", volume["persistentVolumeClaim"], "claimName", place)
    elif isinstance(volume.get("projected"), dict):
        for place, source in items(volume["projected"], "sources", (*pointer, "projected")):
            for field, kind in (("configMap", "ConfigMap"), ("secret", "Secret")):
                if field in source:
                    _add_keys(source[field], kind, "name", (*place, field), found)
    elif isinstance(volume.get("csi"), dict):
        secret = volume["csi"].get("nodePublishSecretRef")
        _add(found, "Secret", secret, "name", (*pointer, "csi", "nodePublishSecretRef"))


def _spec(manifest: Mapping[str, Any]) -> Mapping[str, Any]:
    spec = manifest.get("spec")
    return spec if isinstance(spec, dict) else {}


def _add_stateful_set(manifest: Mapping[str, Any], found: list[Reference]) -> None:
    # Without its governing Service a StatefulSet runs; its pods only have no names in DNS.
    _add(found, "Service", _spec(manifest), "serviceName", ("spec",), optional=True)


def _add_ingress(manifest: Mapping[str, Any], found: list[Reference]) -> None:
    spec = _spec(manifest)
    _add_backend(spec.get("defaultBackend"), ("spec", "defaultBackend"), found)
    for place, rule in items(spec, "rules", ("spec",)):
        if isinstance(rule.get("http"), dict):
            for path_place, path in items(rule["http"], "paths", (*place, "http")):
                _add_backend(path.get("backend"), (*path_place, "backend"), found)
    for place, tls in items(spec, "tls", ("spec",)):
        # Controllers serve their own certificate until somebody, often cert-manager, has made the Secret.
        _add(found, "Secret", tls, "secretName", place, optional=True)


def _add_backend(backend: Any, pointer: Pointer, found: list[Reference]) -> None:
    if isinstance(backend, dict):
        _add(found, "Service", backend.get("service"), "name", (*pointer, "service"))


def _add_route(manifest: Mapping[str, Any], found: list[Reference]) -> None:
    own = _namespace(manifest)
    for place, rule in items(_spec(manifest), "rules", ("spec",)):
        for backend_place, backend in items(rule, "backendRefs", place):
            if backend.get("kind", "Service") == "Service" and backend.get("namespace", own) == own:
                _add(found, "Service", backend, "name", backend_place)


def _add_autoscaler(manifest: Mapping[str, Any], found: list[Reference]) -> None:
    target = _spec(manifest).get("scaleTargetRef")
    if isinstance(target, dict) and isinstance(target.get("kind"), str):
        _add(found, target["kind"], target, "name", ("spec", "scaleTargetRef"))


def _add_service_account(manifest: Mapping[str, Any], found: list[Reference]) -> None:
    for field in ("secrets", "imagePullSecrets"):
        for place, secret in items(manifest, field, ()):
            _add(found, "Secret", secret, "name", place)


def _add_binding(manifest: Mapping[str, Any], found: list[Reference]) -> None:
    own = _namespace(manifest)
    for place, subject in items(manifest, "subjects", ()):
        if subject.get("kind") == "ServiceAccount" and subject.get("namespace", own) == own:
            _add(found, "ServiceAccount", subject, "name", place)
    role = manifest.get("roleRef")
    if isinstance(role, dict) and role.get("kind") == "Role":
        _add(found, "Role", role, "name", ("roleRef",))


def _namespace(manifest: Mapping[str, Any]) -> object:
    metadata = manifest.get("metadata")
    return metadata.get("namespace") if isinstance(metadata, dict) else None


_BY_KIND: Final[Mapping[str, Callable[[Mapping[str, Any], list[Reference]], None]]] = {
    "GRPCRoute": _add_route,
    "HTTPRoute": _add_route,
    "HorizontalPodAutoscaler": _add_autoscaler,
    "Ingress": _add_ingress,
    "RoleBinding": _add_binding,
    "ServiceAccount": _add_service_account,
    "StatefulSet": _add_stateful_set,
}
