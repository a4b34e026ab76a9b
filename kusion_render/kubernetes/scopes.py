"""Which built-in kinds exist, at which version, and which of them live outside namespaces.

Taken from the types of Kubernetes 1.34; kinds that only the API server writes (reviews, Binding, Eviction) are left
out, because nobody keeps them in Git. Custom resources are unknown here: users declare their cluster-scoped kinds.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Final

CLUSTER_SCOPED: Final = frozenset(
    {
        ("", "ComponentStatus"),
        ("", "Namespace"),
        ("", "Node"),
        ("", "PersistentVolume"),
        ("admissionregistration.k8s.io", "MutatingAdmissionPolicy"),
        ("admissionregistration.k8s.io", "MutatingAdmissionPolicyBinding"),
        ("admissionregistration.k8s.io", "MutatingWebhookConfiguration"),
        ("admissionregistration.k8s.io", "ValidatingAdmissionPolicy"),
        ("admissionregistration.k8s.io", "ValidatingAdmissionPolicyBinding"),
        ("admissionregistration.k8s.io", "ValidatingWebhookConfiguration"),
        ("apiextensions.k8s.io", "CustomResourceDefinition"),
        ("apiregistration.k8s.io", "APIService"),
        ("certificates.k8s.io", "CertificateSigningRequest"),
        ("certificates.k8s.io", "ClusterTrustBundle"),
        ("flowcontrol.apiserver.k8s.io", "FlowSchema"),
        ("flowcontrol.apiserver.k8s.io", "PriorityLevelConfiguration"),
        ("internal.apiserver.k8s.io", "StorageVersion"),
        ("networking.k8s.io", "IPAddress"),
        ("networking.k8s.io", "IngressClass"),
        ("networking.k8s.io", "ServiceCIDR"),
        ("node.k8s.io", "RuntimeClass"),
        ("policy", "PodSecurityPolicy"),
        ("rbac.authorization.k8s.io", "ClusterRole"),
        ("rbac.authorization.k8s.io", "ClusterRoleBinding"),
        ("resource.k8s.io", "DeviceClass"),
        ("resource.k8s.io", "DeviceTaintRule"),
        ("resource.k8s.io", "ResourceSlice"),
        ("scheduling.k8s.io", "PriorityClass"),
        ("storage.k8s.io", "CSIDriver"),
        ("storage.k8s.io", "CSINode"),
        ("storage.k8s.io", "StorageClass"),
        ("storage.k8s.io", "VolumeAttachment"),
        ("storage.k8s.io", "VolumeAttributesClass"),
        ("storagemigration.k8s.io", "StorageVersionMigration"),
    }
)

KNOWN_KINDS: Final = {
    ("", "ConfigMap"): "v1",
    ("", "Endpoints"): "v1",
    ("", "LimitRange"): "v1",
    ("", "Namespace"): "v1",
    ("", "Node"): "v1",
    ("", "PersistentVolume"): "v1",
    ("", "PersistentVolumeClaim"): "v1",
    ("", "Pod"): "v1",
    ("", "PodTemplate"): "v1",
    ("", "ReplicationController"): "v1",
    ("", "ResourceQuota"): "v1",
    ("", "Secret"): "v1",
    ("", "Service"): "v1",
    ("", "ServiceAccount"): "v1",
    ("admissionregistration.k8s.io", "MutatingAdmissionPolicy"): "admissionregistration.k8s.io/v1beta1",
    ("admissionregistration.k8s.io", "MutatingAdmissionPolicyBinding"): "admissionregistration.k8s.io/v1beta1",
    ("admissionregistration.k8s.io", "MutatingWebhookConfiguration"): "admissionregistration.k8s.io/v1",
    ("admissionregistration.k8s.io", "ValidatingAdmissionPolicy"): "admissionregistration.k8s.io/v1",
    ("admissionregistration.k8s.io", "ValidatingAdmissionPolicyBinding"): "admissionregistration.k8s.io/v1",
    ("admissionregistration.k8s.io", "ValidatingWebhookConfiguration"): "admissionregistration.k8s.io/v1",
    ("apiextensions.k8s.io", "CustomResourceDefinition"): "apiextensions.k8s.io/v1",
    ("apiregistration.k8s.io", "APIService"): "apiregistration.k8s.io/v1",
    ("apps", "ControllerRevision"): "apps/v1",
    ("apps", "DaemonSet"): "apps/v1",
    ("apps", "Deployment"): "apps/v1",
    ("apps", "ReplicaSet"): "apps/v1",
    ("apps", "StatefulSet"): "apps/v1",
    ("autoscaling", "HorizontalPodAutoscaler"): "autoscaling/v2",
    ("batch", "CronJob"): "batch/v1",
    ("batch", "Job"): "batch/v1",
    ("certificates.k8s.io", "CertificateSigningRequest"): "certificates.k8s.io/v1",
    ("certificates.k8s.io", "ClusterTrustBundle"): "certificates.k8s.io/v1beta1",
    ("coordination.k8s.io", "Lease"): "coordination.k8s.io/v1",
    ("discovery.k8s.io", "EndpointSlice"): "discovery.k8s.io/v1",
    ("flowcontrol.apiserver.k8s.io", "FlowSchema"): "flowcontrol.apiserver.k8s.io/v1",
    ("flowcontrol.apiserver.k8s.io", "PriorityLevelConfiguration"): "flowcontrol.apiserver.k8s.io/v1",
    ("networking.k8s.io", "IPAddress"): "networking.k8s.io/v1",
    ("networking.k8s.io", "Ingress"): "networking.k8s.io/v1",
    ("networking.k8s.io", "IngressClass"): "networking.k8s.io/v1",
    ("networking.k8s.io", "NetworkPolicy"): "networking.k8s.io/v1",
    ("networking.k8s.io", "ServiceCIDR"): "networking.k8s.io/v1",
    ("node.k8s.io", "RuntimeClass"): "node.k8s.io/v1",
    ("policy", "PodDisruptionBudget"): "policy/v1",
    ("rbac.authorization.k8s.io", "ClusterRole"): "rbac.authorization.k8s.io/v1",
    ("rbac.authorization.k8s.io", "ClusterRoleBinding"): "rbac.authorization.k8s.io/v1",
    ("rbac.authorization.k8s.io", "Role"): "rbac.authorization.k8s.io/v1",
    ("rbac.authorization.k8s.io", "RoleBinding"): "rbac.authorization.k8s.io/v1",
    ("resource.k8s.io", "DeviceClass"): "resource.k8s.io/v1",
    ("resource.k8s.io", "ResourceClaim"): "resource.k8s.io/v1",
    ("resource.k8s.io", "ResourceClaimTemplate"): "resource.k8s.io/v1",
    ("resource.k8s.io", "ResourceSlice"): "resource.k8s.io/v1",
    ("scheduling.k8s.io", "PriorityClass"): "scheduling.k8s.io/v1",
    ("storage.k8s.io", "CSIDriver"): "storage.k8s.io/v1",
    ("storage.k8s.io", "CSINode"): "storage.k8s.io/v1",
    ("storage.k8s.io", "CSIStorageCapacity"): "storage.k8s.io/v1",
    ("storage.k8s.io", "StorageClass"): "storage.k8s.io/v1",
    ("storage.k8s.io", "VolumeAttachment"): "storage.k8s.io/v1",
    ("storage.k8s.io", "VolumeAttributesClass"): "storage.k8s.io/v1",
    ("storagemigration.k8s.io", "StorageVersionMigration"): "storagemigration.k8s.io/v1alpha1",
}
"""(group, kind) of a built-in to its current `apiVersion`, for messages about kinds and versions that do not exist."""


def group(api_version: str) -> str:
    """Take the group out of an `apiVersion`; the core group is the empty string."""
    return api_version.rpartition("/")[0]


def is_cluster_scoped(api_version: str, kind: str, extra: Iterable[str] = ()) -> bool:
    """Tell whether objects of a kind have no namespace.

    Args:
        api_version: As written in the manifest, such as `apps/v1`.
        kind: As written in the manifest.
        extra: What users declare of their custom resources: `Kind`, or `group/Kind` where a kind exists twice.
    """
    api_group = group(api_version)
    return (api_group, kind) in CLUSTER_SCOPED or any(entry in (kind, f"{api_group}/{kind}") for entry in extra)
