"""Which API an object is written for: whether a version of Kubernetes serves it, and what takes its place.

What was removed since the oldest version we know is told by the schemas. What was removed before stands here. Source:
Kubernetes' deprecated API migration guide.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from kusion_render.conformance.catalogue import is_stable
from kusion_render.diagnostics import Rule
from kusion_render.kubernetes.scopes import group
from kusion_render.schema.objects import Finding
from kusion_render.suggestion import suggest

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from kusion_render.conformance.catalogue import Catalogue, Version

REMOVED_API: Final = Rule("KR644", "removed-api")
UNKNOWN_API: Final = Rule("KR645", "unknown-api")
DEPRECATED_API: Final = Rule("KR646", "deprecated-api", "warning")

_WEBHOOKS: Final = ("MutatingWebhookConfiguration", "ValidatingWebhookConfiguration")
_ROLES: Final = ("ClusterRole", "ClusterRoleBinding", "Role", "RoleBinding")
_STORAGE: Final = ("CSIDriver", "CSINode", "StorageClass", "VolumeAttachment")
_FLOWS: Final = ("FlowSchema", "PriorityLevelConfiguration")
_GONE: Final = (
    ("1.16", "extensions/v1beta1", ("DaemonSet", "Deployment", "NetworkPolicy", "PodSecurityPolicy", "ReplicaSet")),
    ("1.16", "apps/v1beta1", ("Deployment", "StatefulSet")),
    ("1.16", "apps/v1beta2", ("DaemonSet", "Deployment", "ReplicaSet", "StatefulSet")),
    ("1.22", "admissionregistration.k8s.io/v1beta1", _WEBHOOKS),
    ("1.22", "apiextensions.k8s.io/v1beta1", ("CustomResourceDefinition",)),
    ("1.22", "apiregistration.k8s.io/v1beta1", ("APIService",)),
    ("1.22", "certificates.k8s.io/v1beta1", ("CertificateSigningRequest",)),
    ("1.22", "coordination.k8s.io/v1beta1", ("Lease",)),
    ("1.22", "extensions/v1beta1", ("Ingress",)),
    ("1.22", "networking.k8s.io/v1beta1", ("Ingress", "IngressClass")),
    ("1.22", "rbac.authorization.k8s.io/v1alpha1", _ROLES),
    ("1.22", "rbac.authorization.k8s.io/v1beta1", _ROLES),
    ("1.22", "scheduling.k8s.io/v1alpha1", ("PriorityClass",)),
    ("1.22", "scheduling.k8s.io/v1beta1", ("PriorityClass",)),
    ("1.22", "storage.k8s.io/v1beta1", _STORAGE),
    ("1.25", "autoscaling/v2beta1", ("HorizontalPodAutoscaler",)),
    ("1.25", "batch/v1beta1", ("CronJob",)),
    ("1.25", "discovery.k8s.io/v1beta1", ("EndpointSlice",)),
    ("1.25", "events.k8s.io/v1beta1", ("Event",)),
    ("1.25", "node.k8s.io/v1beta1", ("RuntimeClass",)),
    ("1.25", "policy/v1beta1", ("PodDisruptionBudget", "PodSecurityPolicy")),
    ("1.26", "autoscaling/v2beta2", ("HorizontalPodAutoscaler",)),
    ("1.26", "flowcontrol.apiserver.k8s.io/v1beta1", _FLOWS),
    ("1.27", "storage.k8s.io/v1beta1", ("CSIStorageCapacity",)),
)
_REMOVED: Final = {f"{api} {kind}": version for version, api, kinds in _GONE for kind in kinds}
# What is to be used instead of a kind that is gone, or going, as a whole; and since when it is going.
_INSTEAD: Final[Mapping[str, tuple[str, str]]] = {
    "PodSecurityPolicy": ("", "label the namespaces for Pod Security Admission instead"),
    "Endpoints": ("1.33", "write an EndpointSlice of `discovery.k8s.io/v1` instead"),
}


def examine(manifest: Mapping[str, Any], version: Version, catalogue: Catalogue) -> Finding | None:
    """Return what is wrong with an object's `apiVersion` and `kind` in one version of Kubernetes: KR644 to KR646.

    Groups that Kubernetes does not bring along are nobody's business here.
    """
    api, kind = manifest["apiVersion"], manifest["kind"]
    if not is_built_in(api, catalogue):
        return None
    key = f"{api} {kind}"
    metadata = manifest.get("metadata")
    name = metadata.get("name") if isinstance(metadata, dict) else None
    who = f"`{api}` of {kind}" + (f" `{name}`" if name else "")
    having = catalogue.having(key)
    if key in version.kinds:
        return _deprecated(who, api, kind, version, having, catalogue)
    if key in _REMOVED or (having and _place(having[-1], catalogue) < _place(version.name, catalogue)):
        since = _REMOVED.get(key) or catalogue.names[_place(having[-1], catalogue) + 1]
        return Finding(
            REMOVED_API, f"{who} was removed in Kubernetes {since}", ("apiVersion",), _instead(kind, api, version)
        )
    if having:
        advice = _instead(kind, api, version, f"raise the version, or leave the {kind} out")
        return Finding(UNKNOWN_API, f"{who} comes only with Kubernetes {having[0]}", ("apiVersion",), advice)
    return _unknown(who, api, kind, version)


def is_built_in(api: str, catalogue: Catalogue) -> bool:
    """Tell whether only Kubernetes itself can serve an API: a custom resource's group has a dot."""
    found = group(api)
    return found in catalogue.groups or "." not in found


def _place(name: str, catalogue: Catalogue) -> int:
    return catalogue.names.index(name)


def _deprecated(
    who: str, api: str, kind: str, version: Version, having: Sequence[str], catalogue: Catalogue
) -> Finding | None:
    here, last = _place(version.name, catalogue), _place(having[-1], catalogue)
    since, advice = _INSTEAD.get(kind, ("", ""))
    if since and here >= _place(since, catalogue):
        return Finding(DEPRECATED_API, f"{who} is deprecated since Kubernetes {since}", ("apiVersion",), advice)
    better = [each for each in version.homes(kind) if group(each) == group(api) and is_stable(each)]
    if last < len(catalogue.names) - 1:
        gone = catalogue.version(catalogue.names[last + 1])
        advice = f"write `apiVersion: {better[0]}`" if better else _instead(kind, api, gone)
        return Finding(
            DEPRECATED_API, f"{who} is deprecated, Kubernetes {gone.name} removes it", ("apiVersion",), advice
        )
    if better and not is_stable(api):
        advice = f"write `apiVersion: {better[0]}`"
        return Finding(DEPRECATED_API, f"{who} is deprecated: `{better[0]}` is stable", ("apiVersion",), advice)
    return None


def _instead(kind: str, api: str, version: Version, otherwise: str = "nothing has taken its place; remove it") -> str:
    homes = version.homes(kind)
    near = [each for each in homes if group(each) == group(api)] or homes
    if near:
        return f"write `apiVersion: {near[0]}`, and see whether its fields are the same"
    return _INSTEAD.get(kind, ("", otherwise))[1]


def _unknown(who: str, api: str, kind: str, version: Version) -> Finding:
    kinds = [each.partition(" ")[2] for each in version.kinds if each.startswith(f"{api} ")]
    homes = version.homes(kind)
    if homes:
        known = " or ".join(f"`apiVersion: {each}`" for each in homes[:2])
        return Finding(UNKNOWN_API, f"{who} is no API of Kubernetes", ("apiVersion",), f"write {known}")
    if kinds:
        return Finding(UNKNOWN_API, f"{who} is no API of Kubernetes", ("kind",), suggest(kind, kinds))
    apis = sorted({each.partition(" ")[0] for each in version.kinds})
    return Finding(
        UNKNOWN_API, f"{who} is no API of Kubernetes", ("apiVersion",), suggest(api, apis, "correct the `apiVersion`")
    )
