"""A preview: the same render once more beside the first, in a namespace of its own.

Names and selectors stay, for the namespace keeps them apart. What namespaces do not keep apart is told apart by the
preview's name: hosts get it before them, cluster-scoped objects after theirs, also where they are referred to.
"""

from __future__ import annotations

from kusion_render.kubernetes.limits import LABEL_LENGTH, SUBDOMAIN_LENGTH, label_name_problem, shorten
from kusion_render.kubernetes.pods import pod_template
from kusion_render.kubernetes.scopes import is_cluster_scoped

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any, Final

    from kusion_render.model import Resource

# Room for the names it is joined to.
_LONGEST: Final = 40
_ITEMS: Final = "*"

# Where hosts stand; the last are for controllers that make DNS records.
_ROUTE: Final = (("spec", "hostnames", _ITEMS),)
_HOSTS: Final[Mapping[str, Sequence[tuple[str, ...]]]] = {
    "GRPCRoute": _ROUTE,
    "Gateway": (("spec", "listeners", _ITEMS, "hostname"),),
    "HTTPRoute": _ROUTE,
    "Ingress": (("spec", "rules", _ITEMS, "host"), ("spec", "tls", _ITEMS, "hosts", _ITEMS)),
    "TLSRoute": _ROUTE,
}
_HOST_ANNOTATIONS: Final = tuple(
    ("metadata", "annotations", f"external-dns.alpha.kubernetes.io/{name}")
    for name in ("hostname", "internal-hostname")
)
# Where objects name cluster-scoped ones: by kind, or in a pod's spec, the path and the kind that is meant.
_REFERENCES: Final[Mapping[str, Sequence[tuple[tuple[str, ...], str]]]] = {
    "ClusterRoleBinding": ((("roleRef", "name"), "ClusterRole"),),
    "Ingress": ((("spec", "ingressClassName"), "IngressClass"),),
    "PersistentVolume": ((("spec", "storageClassName"), "StorageClass"),),
    "PersistentVolumeClaim": (
        (("spec", "storageClassName"), "StorageClass"),
        (("spec", "volumeName"), "PersistentVolume"),
    ),
    "RoleBinding": ((("roleRef", "name"), "ClusterRole"),),
    "StatefulSet": ((("spec", "volumeClaimTemplates", _ITEMS, "spec", "storageClassName"), "StorageClass"),),
}
_POD_REFERENCES: Final = (
    (("spec", "priorityClassName"), "PriorityClass"),
    (("spec", "runtimeClassName"), "RuntimeClass"),
)


def check_preview(name: str) -> str:
    """Return the name of a preview if it may be called so.

    Raises:
        ValueError: with the reason and a name that is like it, when it can't be part of a namespace's name.
    """
    problem = label_name_problem(name)
    if len(name) > _LONGEST:
        problem = f"it has {len(name)} characters, {_LONGEST} are allowed"
    if problem is None:
        return name
    like = _like(name)
    raise ValueError(f"`{name}` can't be a preview's name: {problem}" + (f"; try `{like}`" if like else ""))


def _like(text: str) -> str:
    """Return a name that is like a text, such as a branch's: lower case, digits and `-`; "" if nothing is left."""
    plain = "".join(char if char.isascii() and char.isalnum() else "-" for char in text.lower())
    while "--" in plain:
        plain = plain.replace("--", "-")
    return plain.strip("-")[:_LONGEST].rstrip("-")


def with_preview(resources: Sequence[Resource], preview: str, kinds: Sequence[str] = ()) -> list[Resource]:
    """Return the resources of one render as those of a preview; their namespaces are the preview's already.

    `kinds` are the custom ones that live in no namespace.
    """
    renamed = {}
    for resource in resources:
        manifest = resource.attributes
        name = manifest["metadata"]["name"]
        if manifest["kind"] != "Namespace" and is_cluster_scoped(manifest["apiVersion"], manifest["kind"], kinds):
            renamed[manifest["kind"], name] = shorten(f"{name}-{preview}", SUBDOMAIN_LENGTH)
    return [resource.of(_previewed(resource.attributes, preview, renamed)) for resource in resources]


def _previewed(manifest: dict[str, Any], preview: str, renamed: Mapping[tuple[str, str], str]) -> dict[str, Any]:
    kind = manifest["kind"]
    result: Any = manifest
    for path in _HOSTS.get(kind, ()):
        result = _changed(result, path, lambda host: preview_host(host, preview))
    for path in _HOST_ANNOTATIONS:
        result = _changed(result, path, lambda text: _each_host(text, preview))
    return dict(_renamed(result, renamed) if renamed else result)


def _renamed(manifest: dict[str, Any], renamed: Mapping[tuple[str, str], str]) -> Any:
    """Return an object with the new names of cluster-scoped ones, its own and those that it refers to."""
    kind = manifest["kind"]
    paths = [(("metadata", "name"), kind), *_REFERENCES.get(kind, ())]
    template = pod_template(manifest)
    if template is not None:
        paths += [((*map(str, template[0]), *path), meant) for path, meant in _POD_REFERENCES]
    result: Any = manifest
    for path, meant in paths:
        names = {name: new for (other, name), new in renamed.items() if other == meant}
        if names:
            result = _changed(result, path, _lookup(names))
    return result


def _lookup(names: Mapping[str, str]) -> Callable[[str], str]:
    return lambda name: names.get(name, name)


def _changed(value: Any, path: Sequence[str], change: Callable[[str], str]) -> Any:
    """Return a value with every text that `path` leads to changed; the value itself where it leads to none."""
    if not path:
        return change(value) if isinstance(value, str) else value
    step, rest = path[0], path[1:]
    if step == _ITEMS:
        return [_changed(item, rest, change) for item in value] if isinstance(value, list) else value
    if isinstance(value, dict) and step in value:
        return {**value, step: _changed(value[step], rest, change)}
    return value


def preview_host(host: str, preview: str) -> str:
    """Return a host's name in a preview: one that the certificate and the DNS wildcard of its domain cover.

    `shop.example.com` becomes `NAME-shop.example.com`, `*.example.com` becomes `*.NAME.example.com`.
    """
    first, dot, domain = host.partition(".")
    if not host:
        return host
    if first == "*":
        return f"*.{preview}{dot}{domain}"
    return f"{shorten(f'{preview}-{first}', LABEL_LENGTH)}{dot}{domain}"


def _each_host(text: str, preview: str) -> str:
    return ",".join(preview_host(host.strip(), preview) for host in text.split(","))
