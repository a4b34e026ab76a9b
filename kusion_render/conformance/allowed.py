"""Which words a field of Kubernetes takes, where its schema says no more than that it is text.

Only fields whose words the API server checks. Source: the reference of Kubernetes' API, and the descriptions in its schemas.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Final

_PULL: Final = ("Always", "IfNotPresent", "Never")
_PROTOCOL: Final = ("TCP", "UDP", "SCTP")

ALLOWED: Final[Mapping[str, Mapping[str, Sequence[str]]]] = {
    "apps.v1.DaemonSetUpdateStrategy": {"type": ("RollingUpdate", "OnDelete")},
    "apps.v1.DeploymentStrategy": {"type": ("RollingUpdate", "Recreate")},
    "apps.v1.StatefulSetUpdateStrategy": {"type": ("RollingUpdate", "OnDelete")},
    "apps.v1.StatefulSetSpec": {"podManagementPolicy": ("OrderedReady", "Parallel")},
    "autoscaling.v2.HPAScalingRules": {"selectPolicy": ("Max", "Min", "Disabled")},
    "autoscaling.v2.MetricSpec": {"type": ("Resource", "Pods", "Object", "External", "ContainerResource")},
    "batch.v1.CronJobSpec": {"concurrencyPolicy": ("Allow", "Forbid", "Replace")},
    "core.v1.Container": {"imagePullPolicy": _PULL},
    "core.v1.ContainerPort": {"protocol": _PROTOCOL},
    "core.v1.PersistentVolumeSpec": {"persistentVolumeReclaimPolicy": ("Retain", "Delete", "Recycle")},
    "core.v1.PodSecurityContext": {"fsGroupChangePolicy": ("OnRootMismatch", "Always")},
    "core.v1.PodSpec": {
        "dnsPolicy": ("ClusterFirst", "ClusterFirstWithHostNet", "Default", "None"),
        "restartPolicy": ("Always", "OnFailure", "Never"),
    },
    "core.v1.SeccompProfile": {"type": ("Localhost", "RuntimeDefault", "Unconfined")},
    "core.v1.ServicePort": {"protocol": _PROTOCOL},
    "core.v1.ServiceSpec": {
        "externalTrafficPolicy": ("Cluster", "Local"),
        "ipFamilyPolicy": ("SingleStack", "PreferDualStack", "RequireDualStack"),
        "sessionAffinity": ("None", "ClientIP"),
        "type": ("ClusterIP", "NodePort", "LoadBalancer", "ExternalName"),
    },
    "core.v1.Toleration": {
        "effect": ("NoSchedule", "PreferNoSchedule", "NoExecute"),
        "operator": ("Exists", "Equal", "Lt", "Gt"),
    },
    "core.v1.TopologySpreadConstraint": {"whenUnsatisfiable": ("DoNotSchedule", "ScheduleAnyway")},
    "networking.v1.HTTPIngressPath": {"pathType": ("Exact", "Prefix", "ImplementationSpecific")},
    "policy.v1.PodDisruptionBudgetSpec": {"unhealthyPodEvictionPolicy": ("IfHealthyBudget", "AlwaysAllow")},
}
LATER: Final = frozenset(("Lt", "Gt"))
"""Words that a field took on later: they count from the version whose description names them."""
