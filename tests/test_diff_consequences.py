"""Each consequence of a change: when it is said, and when it is not."""

from __future__ import annotations

import re
from copy import deepcopy
from typing import Any, Final

import pytest
import yaml
from workbench import PROJECT

from kusion_render.diff import compare
from kusion_render.diff.consequences import EFFECTS

DEPLOYMENT: Final = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop}
spec:
  replicas: 3
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web, tier: front}}
    spec:
      securityContext: {runAsNonRoot: true}
      containers:
        - name: web
          image: registry.example/web:1.0.0
          envFrom: [{configMapRef: {name: web}}]
          securityContext:
            readOnlyRootFilesystem: true
            allowPrivilegeEscalation: false
            capabilities: {drop: [ALL]}
      volumes:
        - {name: data, persistentVolumeClaim: {claimName: data}}
"""
STATEFUL_SET: Final = """
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: db, namespace: shop}
spec:
  serviceName: db
  selector: {matchLabels: {app: db}}
  template:
    metadata: {labels: {app: db}}
    spec: {containers: [{name: db, image: "registry.example/db:1"}]}
  volumeClaimTemplates:
    - metadata: {name: data}
      spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 10Gi}}}
"""
JOB: Final = """
apiVersion: batch/v1
kind: Job
metadata: {name: migrate, namespace: shop}
spec:
  template: {spec: {restartPolicy: Never, containers: [{name: m, image: "registry.example/m:1"}]}}
"""
CRON_JOB: Final = """
apiVersion: batch/v1
kind: CronJob
metadata: {name: report, namespace: shop}
spec:
  schedule: "0 4 * * *"
  jobTemplate: {spec: {template: {spec: {restartPolicy: Never, containers: [{name: m, image: "registry.example/m:1"}]}}}}
"""
CLAIM: Final = """
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: data, namespace: shop}
spec: {accessModes: [ReadWriteOnce], storageClassName: fast, resources: {requests: {storage: 10Gi}}}
"""
SERVICE: Final = """
apiVersion: v1
kind: Service
metadata: {name: web, namespace: shop}
spec: {selector: {app: web}, ports: [{port: 80, targetPort: 8080}]}
"""
INGRESS: Final = """
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: web, namespace: shop}
spec:
  rules:
    - host: shop.example
      http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: web, port: {number: 80}}}}]}
"""
ROUTE: Final = """
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: web, namespace: shop}
spec: {hostnames: [shop.example], rules: [{backendRefs: [{name: web, port: 80}]}]}
"""
POLICY: Final = """
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: web, namespace: shop}
spec: {podSelector: {matchLabels: {app: web}}, policyTypes: [Ingress], ingress: [{from: [{podSelector: {matchLabels: {app: a}}}]}]}
"""
BUDGET: Final = """
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: {name: web, namespace: shop}
spec: {minAvailable: 2, selector: {matchLabels: {app: web}}}
"""
AUTOSCALER: Final = """
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {name: web, namespace: shop}
spec: {scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}, minReplicas: 3, maxReplicas: 9}
"""
ROLE: Final = """
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: reader, namespace: shop}
rules: [{apiGroups: [""], resources: [pods, pods/log], verbs: [get, list]}]
"""
BINDING: Final = """
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: reader}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: view}
subjects: [{kind: ServiceAccount, name: web, namespace: shop}]
"""
CONFIG: Final = """
apiVersion: v1
kind: ConfigMap
metadata: {name: web, namespace: shop}
data: {GREETING: hello}
"""
NAMESPACE: Final = """
apiVersion: v1
kind: Namespace
metadata: {name: shop, labels: {pod-security.kubernetes.io/enforce: restricted}}
"""
DEFINITION: Final = """
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: things.shop.example}
spec: {group: shop.example, scope: Namespaced, names: {kind: Thing, plural: things}}
"""
STORAGE_CLASS: Final = """
apiVersion: storage.k8s.io/v1
kind: StorageClass
metadata: {name: fast}
provisioner: disk.example
parameters: {type: ssd}
"""
POD: Final = "spec.template.spec"
CONTAINER: Final = f"{POD}.containers.0"

# Manifests, what is done to the first of them as `path = value` (nothing: it is removed; `null`: the field is), and
# the ids of what follows.
CASES: Final[list[tuple[str, list[str], str | None, str]]] = [
    ("image", [DEPLOYMENT], f"{CONTAINER}.image = registry.example/web:2", "restarts-pods"),
    ("replicas up", [DEPLOYMENT], "spec.replicas = 5", ""),
    ("labels of the workload", [DEPLOYMENT], "metadata.labels = {a: b}", ""),
    ("paused", [DEPLOYMENT], f"spec.paused = true; {CONTAINER}.image = x", ""),
    ("on delete", [STATEFUL_SET], f"spec.updateStrategy = {{type: OnDelete}}; {CONTAINER}.image = x", ""),
    ("image of a cron job", [CRON_JOB], "spec.jobTemplate.spec.template.spec.containers.0.image = x", ""),
    ("image of a job", [JOB], f"{CONTAINER}.image = x", "recreates"),
    (
        "image of a hook",
        [JOB],
        f"metadata.annotations = {{argocd.argoproj.io/hook: PreSync}}; {CONTAINER}.image = x",
        "runs-again",
    ),
    ("parallelism of a job", [JOB], "spec.parallelism = 2", ""),
    ("completion mode", [JOB], "spec.completionMode = Indexed", "recreates"),
    ("selector", [DEPLOYMENT], "spec.selector.matchLabels = {app: web, tier: front}", "recreates"),
    ("selector of nothing", [DEPLOYMENT], "spec.selector.matchLabels = {app: other}", "recreates selects-nothing"),
    ("service name", [STATEFUL_SET], "spec.serviceName = other", "recreates"),
    ("pod management", [STATEFUL_SET], "spec.podManagementPolicy = Parallel", "recreates"),
    ("replicas of a set", [STATEFUL_SET], "spec.replicas = 2", ""),
    (
        "claim grows",
        [STATEFUL_SET],
        "spec.volumeClaimTemplates.0.spec.resources.requests.storage = 20Gi",
        "recreates",
    ),
    (
        "claim shrinks",
        [STATEFUL_SET],
        "spec.volumeClaimTemplates.0.spec.resources.requests.storage = 5Gi",
        "recreates shrinks-volume",
    ),
    ("claim template goes", [STATEFUL_SET], "spec.volumeClaimTemplates = null", "detaches-data recreates"),
    ("stateful set goes", [STATEFUL_SET], None, "detaches-data stops-pods"),
    ("volume grows", [CLAIM], "spec.resources.requests.storage = 20Gi", ""),
    ("volume the same", [CLAIM], "spec.resources.requests.storage = 10240Mi", ""),
    ("volume shrinks", [CLAIM], "spec.resources.requests.storage = 5Gi", "shrinks-volume"),
    ("storage class of a claim", [CLAIM], "spec.storageClassName = slow", "loses-data recreates"),
    ("claim goes", [CLAIM], None, "loses-data"),
    ("claim renamed", [CLAIM], "metadata.name = other", "loses-data recreates"),
    ("empty dir", [DEPLOYMENT], f"{POD}.volumes.0 = {{name: data, emptyDir: {{}}}}", "loses-data restarts-pods"),
    (
        "other claim",
        [DEPLOYMENT],
        f"{POD}.volumes.0 = {{name: data, persistentVolumeClaim: {{claimName: x}}}}",
        "restarts-pods",
    ),
    ("role", [BINDING], "roleRef.name = admin", "recreates widens-access"),
    ("address", [SERVICE], "spec.clusterIP = None", "recreates"),
    ("ports", [SERVICE], "spec.ports.0.targetPort = 9090", ""),
    ("external name", [SERVICE], "spec = {type: ExternalName, externalName: db.example, clusterIP: ''}", ""),
    ("sealed config", [CONFIG.replace("\ndata:", "\nimmutable: true\ndata:")], "data.GREETING = bye", "recreates"),
    ("parameters", [STORAGE_CLASS], "parameters.type = hdd", "recreates"),
    ("expansion", [STORAGE_CLASS], "allowVolumeExpansion = true", ""),
    ("workload renamed", [DEPLOYMENT], "metadata.name = shop-web", "recreates"),
    ("config renamed", [CONFIG], "metadata.name = web-2", ""),
    ("other namespace", [SERVICE], "metadata.namespace = other", "recreates"),
    ("workload goes", [DEPLOYMENT], None, "stops-pods"),
    ("service goes", [SERVICE], None, ""),
    ("labels of pods", [DEPLOYMENT, SERVICE], f"{POD[:-5]}.metadata.labels.tier = back", "restarts-pods"),
    (
        "label that a service wants",
        [DEPLOYMENT.replace("matchLabels: {app: web}", "matchLabels: {tier: front}"), SERVICE],
        f"{POD[:-5]}.metadata.labels.app = other",
        "restarts-pods selects-nothing",
    ),
    ("service of other pods", [SERVICE, DEPLOYMENT], "spec.selector.app = other", "selects-nothing"),
    ("service that never found any", [SERVICE], "spec.selector.app = other", ""),
    ("narrower service", [SERVICE, DEPLOYMENT], "spec.selector.tier = front", ""),
    ("budget of other pods", [BUDGET, DEPLOYMENT], "spec.selector.matchLabels.app = other", "selects-nothing"),
    ("workload of a service goes", [DEPLOYMENT, SERVICE], None, "selects-nothing stops-pods"),
    ("zero", [DEPLOYMENT], "spec.replicas = 0", "scales-to-zero"),
    ("one", [DEPLOYMENT], "spec.replicas = 1", ""),
    ("no replicas", [DEPLOYMENT], "spec.replicas = null", "drops-replicas"),
    ("no replicas, one before", [DEPLOYMENT.replace("replicas: 3", "replicas: 1")], "spec.replicas = null", ""),
    ("budget as strict as can be", [BUDGET, DEPLOYMENT], "spec.minAvailable = 3", "blocks-eviction"),
    ("budget of all", [BUDGET, DEPLOYMENT], "spec.minAvailable = 100%", "blocks-eviction"),
    ("budget of most", [BUDGET, DEPLOYMENT], "spec.minAvailable = 66%", ""),
    ("budget of none", [BUDGET, DEPLOYMENT], "spec = {maxUnavailable: 0, selector: {}}", "blocks-eviction"),
    ("too few for a budget", [DEPLOYMENT, BUDGET], "spec.replicas = 2", "blocks-eviction"),
    ("too few at night", [AUTOSCALER, DEPLOYMENT, BUDGET], "spec.minReplicas = 2", "blocks-eviction"),
    ("inverted", [AUTOSCALER], "spec.maxReplicas = 2", "inverted-range"),
    ("range", [AUTOSCALER], "spec.maxReplicas = 3", ""),
    ("load balancer", [SERVICE], "spec.type = LoadBalancer", "exposes"),
    ("node port", [SERVICE], "spec.type = NodePort", "exposes"),
    ("cluster", [SERVICE], "spec.type = ClusterIP", ""),
    ("host", [INGRESS], "spec.rules.0.host = new.example", "exposes"),
    ("path", [INGRESS], "spec.rules.0.http.paths.0.path = /admin", "exposes"),
    ("class", [INGRESS], "spec.ingressClassName = nginx", ""),
    ("ingress goes", [INGRESS], None, ""),
    ("host of a route", [ROUTE], "spec.hostnames = [shop.example, api.example]", "exposes"),
    ("fewer hosts", [ROUTE.replace("[shop.example]", "[a.example, b.example]")], "spec.hostnames = [a.example]", ""),
    ("policy goes", [POLICY], None, "exposes"),
    ("policy allows more", [POLICY], "spec.ingress = [{}]", "exposes"),
    ("policy allows nothing", [POLICY], "spec.ingress = []", ""),
    ("policy of another direction", [POLICY], "spec.policyTypes = [Egress]", "exposes"),
    ("network of the node", [DEPLOYMENT], f"{POD}.hostNetwork = true", "exposes restarts-pods"),
    (
        "port of the node",
        [DEPLOYMENT],
        f"{CONTAINER}.ports = [{{containerPort: 80, hostPort: 80}}]",
        "exposes restarts-pods",
    ),
    ("port", [DEPLOYMENT], f"{CONTAINER}.ports = [{{containerPort: 80}}]", "restarts-pods"),
    ("verb", [ROLE], "rules.0.verbs = [get, list, watch]", "widens-access"),
    ("fewer verbs", [ROLE], "rules.0.verbs = [get]", ""),
    ("wildcard", [ROLE], "rules.0.resources = ['*']", "widens-access"),
    (
        "less than the wildcard",
        [ROLE.replace("[pods, pods/log]", "['*']")],
        "rules.0.resources = [secrets, pods/exec]",
        "",
    ),
    (
        "one object",
        [ROLE],
        "rules = [{apiGroups: [''], resources: [pods], resourceNames: [a], verbs: [get]}]",
        "",
    ),
    ("subject", [BINDING], "subjects.0.name = other", "widens-access"),
    ("no subject", [BINDING], "subjects = []", ""),
    ("privileged", [DEPLOYMENT], f"{CONTAINER}.securityContext.privileged = true", "loosens-security restarts-pods"),
    ("as root", [DEPLOYMENT], f"{POD}.securityContext = null", "loosens-security restarts-pods"),
    (
        "said at the container",
        [DEPLOYMENT],
        f"{POD}.securityContext = null; {CONTAINER}.securityContext.runAsNonRoot = true",
        "restarts-pods",
    ),
    (
        "capability",
        [DEPLOYMENT],
        f"{CONTAINER}.securityContext.capabilities = {{drop: [ALL], add: [NET_ADMIN]}}",
        "loosens-security restarts-pods",
    ),
    (
        "files of the node",
        [DEPLOYMENT],
        f"{POD}.volumes.0 = {{name: data, hostPath: {{path: /etc}}}}",
        "loosens-security restarts-pods",
    ),
    ("stricter", [DEPLOYMENT], f"{POD}.securityContext.runAsUser = 1000", "restarts-pods"),
    ("level", [NAMESPACE], "metadata.labels = {}", "loosens-security"),
    ("namespace goes", [NAMESPACE], None, "deletes-namespace"),
    ("namespace labelled", [NAMESPACE], "metadata.labels.a = b", ""),
    ("definition goes", [DEFINITION], None, "deletes-custom-resources"),
    ("scope", [DEFINITION], "spec.scope = Cluster", "recreates"),
    ("config of running pods", [CONFIG, DEPLOYMENT], "data.GREETING = bye", "needs-restart"),
    ("config that nobody reads", [CONFIG], "data.GREETING = bye", ""),
    ("labels of a config", [CONFIG, DEPLOYMENT], "metadata.labels = {a: b}", ""),
    (
        "protected claim goes",
        [CLAIM.replace("shop}", "shop, annotations: {argocd.argoproj.io/sync-options: 'Prune=false,Delete=false'}}")],
        None,
        "stays",
    ),
]


def change(manifest: dict[str, Any], edits: str | None) -> list[dict[str, Any]]:
    """Return a manifest with the edits applied, or none."""
    if edits is None:
        return []
    changed = deepcopy(manifest)
    for edit in edits.split("; "):
        path, text = edit.split(" = ", 1)
        value: Any = yaml.safe_load(text)
        node: Any = changed
        *steps, last = [int(step) if step.isdigit() else step for step in path.split(".")]
        for step in steps:
            node = node[step]
        if value is None:
            del node[last]
        else:
            node[last] = value
    return [changed]


def follow(old: list[dict[str, Any]], new: list[dict[str, Any]]) -> list[tuple[str, str]]:
    """Return ids and texts of what follows from a change of one render."""
    comparison = compare({"shop/prod": old}, {"shop/prod": new})
    return [(each.effect.id, each.text) for found in comparison.changes for each in found.consequences]


@pytest.mark.parametrize(("manifests", "edits", "expected"), [case[1:] for case in CASES], ids=[c[0] for c in CASES])
def test_what_follows(manifests: list[str], edits: str | None, expected: str) -> None:
    """A change of the first manifest has these consequences, and no others."""
    first, *others = [yaml.safe_load(text) for text in manifests]

    found = follow([first, *others], [*change(first, edits), *others])

    assert set(expected.split()) == {effect for effect, _ in found}
    assert all(text for _, text in found)


def test_every_effect_has_a_case() -> None:
    """No effect is in the table that no change has; two of them need two changes at once."""
    tested = {effect for case in CASES for effect in case[3].split()} | {"fights-autoscaler"}

    assert {effect.id for effect in EFFECTS} == tested


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (SERVICE.replace("spec: {", "spec: {type: LoadBalancer, "), "exposes"),
        (SERVICE, ""),
        (INGRESS, "exposes"),
        (ROUTE, "exposes"),
        (POLICY, ""),
        (ROLE, "widens-access"),
        (BINDING, "widens-access"),
        (DEPLOYMENT, ""),
        (DEPLOYMENT.replace("allowPrivilegeEscalation: false", "privileged: true"), "loosens-security"),
        (AUTOSCALER.replace("maxReplicas: 9", "maxReplicas: 1"), "inverted-range"),
        (CLAIM, ""),
        (NAMESPACE, ""),
    ],
)
def test_new_objects(text: str, expected: str) -> None:
    """A new object has consequences as well, where it gives away something."""
    assert expected == " ".join(effect for effect, _ in follow([], [yaml.safe_load(text)]))


def test_autoscaler_that_appears() -> None:
    """With a new autoscaler replicas fight it where they stay, and may drop to one where they go."""
    workload, autoscaler = yaml.safe_load(DEPLOYMENT), yaml.safe_load(AUTOSCALER)
    without = change(workload, "spec.replicas = null")

    assert [("fights-autoscaler", "each apply sets `replicas` back, against the autoscaler")] == follow(
        [workload], [workload, autoscaler]
    )
    assert [("drops-replicas", "from 3 to 1 pod, until the autoscaler has scaled it up again")] == follow(
        [workload], [*without, autoscaler]
    )
    assert [] == follow([workload, autoscaler], [workload, *change(autoscaler, "spec.maxReplicas = 12")])


def test_host_that_moves_to_a_route() -> None:
    """A host that an Ingress gives to a route was there before."""
    assert [] == follow([yaml.safe_load(INGRESS)], [yaml.safe_load(ROUTE)])


def test_config_with_a_restart() -> None:
    """Pods whose template changes with their config read the new one."""
    config, workload = yaml.safe_load(CONFIG), yaml.safe_load(DEPLOYMENT)
    restarted = change(workload, f"{POD[:-5]}.metadata.annotations = {{checksum/config: abc}}")

    assert [("restarts-pods", "the pod template changes")] == follow(
        [config, workload], [*change(config, "data.GREETING = bye"), *restarted]
    )


def test_config_of_new_pods() -> None:
    """Pods that are made anew read the new config, whether their workload is new or can't be changed in place."""
    config, workload = yaml.safe_load(CONFIG), yaml.safe_load(DEPLOYMENT)
    changed = change(config, "data.GREETING = bye")
    anew = change(workload, "spec.selector.matchLabels.tier = front")

    assert [] == follow([config], [*changed, workload])
    assert ["recreates"] == [effect for effect, _ in follow([config, workload], [*changed, *anew])]


def test_config_of_a_folder() -> None:
    """A mounted folder follows its ConfigMap, a single file of it does not."""
    config, workload = yaml.safe_load(CONFIG), yaml.safe_load(DEPLOYMENT)
    mounts = (
        f"{CONTAINER}.envFrom = []; {POD}.volumes = [{{name: c, configMap: {{name: web}}}}]; {CONTAINER}.volumeMounts"
    )
    [folder] = change(workload, f"{mounts} = [{{name: c, mountPath: /c}}]")
    [file] = change(workload, f"{mounts} = [{{name: c, mountPath: /c/x, subPath: x}}]")
    changed = change(config, "data.GREETING = bye")

    assert [] == follow([config, folder], [*changed, folder])
    assert ["needs-restart"] == [effect for effect, _ in follow([config, file], [*changed, file])]


def test_stateful_set_that_deletes_its_claims() -> None:
    """Claims are deleted with their set only where it says so."""
    stateful = yaml.safe_load(STATEFUL_SET)
    stateful["spec"]["persistentVolumeClaimRetentionPolicy"] = {"whenDeleted": "Delete"}

    assert ["loses-data", "stops-pods"] == [effect for effect, _ in follow([stateful], [])]


def test_consequences_name_the_field() -> None:
    """The reason says which field can't be changed."""
    stateful = yaml.safe_load(STATEFUL_SET)

    found = follow([stateful], change(stateful, "spec.serviceName = x; spec.podManagementPolicy = Parallel"))

    assert [("recreates", "`spec.podManagementPolicy`, `spec.serviceName` can't be changed in place")] == found


def test_reference_holds_the_table() -> None:
    """The page lists each effect with its label, severity and text, in the order of the code."""
    page = (PROJECT / "docs/reference/diff.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `([a-z-]+)` \| ([^|]+) \| (danger|warning|note) \| ([^|]+) \|$", page, re.MULTILINE)

    assert [(each.id, each.label, each.severity, each.text) for each in EFFECTS] == rows
