"""Checks of finished manifests, and what they refer to."""

from __future__ import annotations

from typing import Any

import pytest

from kusion_render.kubernetes.checks import problems
from kusion_render.kubernetes.pods import pod_template
from kusion_render.kubernetes.references import references
from kusion_render.kubernetes.reserved import without_reserved

KIBI = 1024


def deployment(**spec: Any) -> dict[str, Any]:  # Any: pieces of manifests
    """Write a good Deployment with more in its pod spec."""
    labels = {"app.kubernetes.io/name": "cart"}
    pod = {"containers": [{"name": "cart", "image": "cart:1"}], **spec}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "cart", "namespace": "shop", "labels": labels},
        "spec": {"selector": {"matchLabels": labels}, "template": {"metadata": {"labels": labels}, "spec": pod}},
    }


def container(**fields: Any) -> dict[str, Any]:  # Any: as above
    """Write a good Deployment with more in its container."""
    return deployment(containers=[{"name": "cart", **fields}])


def other(kind: str, /, name: str = "cart", **fields: Any) -> dict[str, Any]:  # Any: as above
    """Write another object."""
    return {"apiVersion": "v1", "kind": kind, "metadata": {"name": name}, **fields}


def described(metadata: dict[str, Any], kind: str = "ConfigMap") -> dict[str, Any]:
    """Write an object with more metadata."""
    return {"apiVersion": "v1", "kind": kind, "metadata": {"name": "cart", **metadata}}


def found(manifest: dict[str, Any]) -> list[tuple[str, str]]:
    """Return code and dotted pointer of what is wrong."""
    return [(each.rule.code, ".".join(map(str, each.pointer))) for each in problems(manifest)]


POD = "spec.template.spec"
CART = f"{POD}.containers.0"


@pytest.mark.parametrize(
    "manifest",
    [
        deployment(),
        deployment(volumes=[{"name": "a"}, {"name": "b"}], imagePullSecrets=[{"name": "a"}, {"name": "b"}]),
        deployment(
            topologySpreadConstraints=[
                {"topologyKey": "zone", "whenUnsatisfiable": "DoNotSchedule"},
                {"topologyKey": "zone", "whenUnsatisfiable": "ScheduleAnyway"},
            ]
        ),
        container(
            ports=[
                {"containerPort": 53, "protocol": "TCP", "name": "dns"},
                {"containerPort": 53, "protocol": "UDP", "name": "dns-udp"},
                {"containerPort": 80},
                {"containerPort": 81},
            ],
            env=[{"name": "A"}, {"name": "B"}],
            volumeMounts=[{"name": "a", "mountPath": "/a"}, {"name": "a", "mountPath": "/b"}],
        ),
        other(
            "Service", spec={"ports": [{"port": 53, "protocol": "UDP"}, {"port": 53, "name": "a-long-name-of-a-port"}]}
        ),
        other("ConfigMap", data={"a.yaml": "x", ".env": ""}, binaryData={"b": "AAAA"}),
        other("ClusterRole", "system:reader"),
        other("Widget", spec={"anything": [1, 2, None]}),
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "cart"}, "data": None},
        described({"generateName": "a-", "annotations": {"argocd.argoproj.io/hook": "PreSync"}}, "Job"),
        {**described({"finalizers": ["resources-finalizer.argocd.argoproj.io"]}), "apiVersion": "argoproj.io/v1alpha1"},
    ],
)
def test_a_good_manifest_has_no_problem(manifest: dict[str, Any]) -> None:
    """What the API server takes passes."""
    assert found(manifest) == []


@pytest.mark.parametrize(
    ("manifest", "expected"),
    [
        (other("ConfigMap", "A"), [("KR310", "metadata.name")]),
        (other("Service", "0"), [("KR310", "metadata.name")]),
        ({"kind": "ConfigMap", "metadata": {}}, [("KR310", "metadata")]),
        ({"kind": "ConfigMap"}, [("KR310", "metadata")]),
        (deployment(containers=[{"name": "A"}]), [("KR310", f"{CART}.name")]),
        (deployment(volumes=[{"name": "a.b"}]), [("KR310", f"{POD}.volumes.0.name")]),
        (container(ports=[{"containerPort": 1, "name": "a-very-long-name"}]), [("KR310", f"{CART}.ports.0.name")]),
        (container(env=[{"name": "A B"}]), [("KR310", f"{CART}.env.0.name")]),
        (other("Service", spec={"ports": [{"port": 1, "name": "A"}]}), [("KR310", "spec.ports.0.name")]),
        (other("ConfigMap", data={"a/b": ""}), [("KR310", "data.a/b")]),
        (other("Secret", stringData={"a b": ""}), [("KR310", "stringData.a b")]),
        (described({"labels": {"-a": "1"}}), [("KR311", "metadata.labels.-a")]),
        (described({"labels": {"a": "b c"}}), [("KR311", "metadata.labels.a")]),
        (described({"labels": {"a": True}}), [("KR311", "metadata.labels.a")]),
        (described({"annotations": {"a": 1}}), [("KR311", "metadata.annotations.a")]),
        (described({"annotations": {"a": None}}), [("KR311", "metadata.annotations.a")]),
        (described({"annotations": {"a b": ""}}), [("KR311", "metadata.annotations.a b")]),
        (other("Service", spec={"selector": {"a": 1}}), [("KR311", "spec.selector.a")]),
        (
            {
                "kind": "Job",
                "metadata": {"name": "a"},
                "spec": {"template": {"metadata": {"labels": {"a": "-"}}, "spec": {"containers": []}}},
            },
            [("KR311", "spec.template.metadata.labels.a")],
        ),
        (other("ConfigMap", status={}), [("KR312", "status")]),
        (described({"creationTimestamp": None}), [("KR312", "metadata.creationTimestamp")]),
        (described({"ownerReferences": []}), [("KR312", "metadata.ownerReferences")]),
        (described({"finalizers": ["a"]}), [("KR312", "metadata.finalizers")]),
        (described({"generateName": "a-"}), [("KR312", "metadata.generateName")]),
        ({"kind": "Job", "metadata": {"generateName": "a-"}}, [("KR312", "metadata.generateName")]),
        (
            described({"annotations": {"argocd.argoproj.io/tracking-id": "x"}}),
            [("KR312", "metadata.annotations.argocd.argoproj.io/tracking-id")],
        ),
        (described({"annotations": {"meta.helm.sh/x": "x"}}), [("KR312", "metadata.annotations.meta.helm.sh/x")]),
        (
            described({"labels": {"kustomize.toolkit.fluxcd.io/name": "x"}}),
            [("KR312", "metadata.labels.kustomize.toolkit.fluxcd.io/name")],
        ),
        (deployment(nodeName="a"), [("KR312", f"{POD}.nodeName")]),
        (deployment(initContainers=[{"name": "cart"}]), [("KR313", f"{CART}.name")]),
        (deployment(volumes=[{"name": "a"}, {"name": "a"}]), [("KR313", f"{POD}.volumes.1")]),
        (
            container(ports=[{"containerPort": 1}, {"containerPort": 1, "protocol": "TCP"}]),
            [("KR313", f"{CART}.ports.1")],
        ),
        (
            container(ports=[{"containerPort": 1, "name": "a"}, {"containerPort": 2, "name": "a"}]),
            [("KR313", f"{CART}.ports.1")],
        ),
        (container(env=[{"name": "A"}, {"name": "B"}, {"name": "A"}]), [("KR313", f"{CART}.env.2")]),
        (container(volumeMounts=[{"mountPath": "/a"}, {"mountPath": "/a"}]), [("KR313", f"{CART}.volumeMounts.1")]),
        (other("Service", spec={"ports": [{"port": 1}, {"port": 1, "protocol": "TCP"}]}), [("KR313", "spec.ports.1")]),
        (
            other("Service", spec={"ports": [{"port": 1, "name": "a"}, {"port": 2, "name": "a"}]}),
            [("KR313", "spec.ports.1")],
        ),
        (other("ConfigMap", data={"a": ""}, binaryData={"a": ""}), [("KR313", "binaryData.a")]),
        (other("ConfigMap", data={"a": "x" * KIBI * KIBI}), []),
        (other("ConfigMap", data={"a": "x" * (KIBI * KIBI + 1)}), [("KR314", "")]),
        (other("Secret", data={"a": "x" * (KIBI * KIBI + 1)}), []),
        (other("Widget", spec={"a": "x" * 1536 * KIBI}), [("KR314", "")]),
        (other("Widget", spec={"a": "x" * 1400 * KIBI}), []),
        (described({"annotations": {"a": "x" * 256 * KIBI}}), [("KR314", "metadata.annotations")]),
    ],
)
def test_what_a_cluster_would_refuse_is_found(manifest: dict[str, Any], expected: list[tuple[str, str]]) -> None:
    """Each rule alone, with the place of the culprit."""
    assert expected == found(manifest)


@pytest.mark.parametrize(
    "manifest",
    [
        {},
        {"kind": "Deployment", "metadata": {"name": "a", "labels": [], "annotations": ""}, "spec": []},
        deployment(
            containers=["a", {"name": {}, "env": {}, "ports": ["a", {"containerPort": [], "name": 1}, {}]}], volumes="a"
        ),
        container(env=[{"name": []}, {"name": []}], ports=[{"containerPort": 1, "protocol": []}] * 2),
        other("Service", spec=None),
        other("Secret", data=[]),
        other("Ingress", spec={"rules": [{}, {"http": []}, None], "tls": "a", "defaultBackend": 1}),
        other("HorizontalPodAutoscaler", spec={"scaleTargetRef": []}),
        other("RoleBinding", subjects={}, roleRef=[]),
        container(env=[{"valueFrom": {"secretKeyRef": []}}, {"valueFrom": 1}], envFrom=[{"secretRef": None}]),
        deployment(volumes=[{"configMap": None}, {"projected": {"sources": [{"secret": 1}]}}, {"csi": {}}]),
    ],
)
def test_odd_shapes_are_somebody_elses_business(manifest: dict[str, Any]) -> None:
    """Schemas report wrong types; nothing here stumbles over them."""
    assert {"KR310"} >= {code for code, _ in found(manifest)}
    assert references(manifest) == []


def test_messages_say_what_and_why() -> None:
    """A sentence with the user's words and the next step, never a value of a variable."""
    (name,) = problems(other("Service", "0cart"))
    (twice,) = problems(container(env=[{"name": "TOKEN", "value": "s3cret"}, {"name": "TOKEN", "value": "s3cret"}]))

    assert name.message == "`0cart` is no name for a Service: it must start with a letter"
    assert twice.message == "two items of `env` have `name` `TOKEN`"
    assert twice.help == "Kubernetes takes them for one; remove or change the second"


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("Deployment", ("spec", "template")),
        ("StatefulSet", ("spec", "template")),
        ("CollaSet", ("spec", "template")),  # custom workloads look alike
        ("Rollout", ("spec", "template")),
    ],
)
def test_workloads_of_every_kind_have_a_pod_template(kind: str, expected: tuple[str, ...]) -> None:
    """Custom resources count when they have containers where Deployments have them."""
    template = pod_template({**deployment(), "kind": kind})

    assert template is not None
    assert expected == template[0]


def test_pods_and_cron_jobs_keep_theirs_elsewhere() -> None:
    """A Pod is its own template."""
    pod: dict[str, Any] = {"spec": {"containers": []}}

    assert pod_template({"kind": "Pod", **pod}) == ((), {"kind": "Pod", **pod})
    assert pod_template({"kind": "PodTemplate", "template": pod}) == (("template",), pod)
    assert pod_template({"kind": "CronJob", "spec": {"jobTemplate": {"spec": {"template": pod}}}}) == (
        ("spec", "jobTemplate", "spec", "template"),
        pod,
    )
    assert pod_template({"kind": "Widget", "spec": {"template": {"spec": {}}}}) is None


def test_what_a_cluster_wrote_is_dropped() -> None:
    """What was exported becomes what one would write; finalizers are a wish and stay."""
    exported = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {
            "name": "a",
            "uid": "x",
            "creationTimestamp": None,
            "finalizers": ["f"],
            "annotations": {"kubectl.kubernetes.io/last-applied-configuration": "{}"},
            "labels": {"a": "1", "argocd.argoproj.io/instance": "x"},
        },
        "status": {},
    }
    clean = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "a", "finalizers": ["f"], "labels": {"a": "1"}},
    }

    assert clean == without_reserved(exported)
    assert without_reserved(clean) is clean


def used(manifest: dict[str, Any]) -> list[tuple[str, str, str | None, bool, str]]:
    """Return what a manifest refers to, pointers dotted."""
    return [(*each.values()[:4], ".".join(map(str, each.pointer))) for each in references(manifest)]


def test_pods_refer_to_accounts_secrets_configs_and_claims() -> None:
    """Every place of a pod spec that names another object, with its key and whether it may be missing."""
    manifest = deployment(
        serviceAccountName="sa",
        imagePullSecrets=[{"name": "pull"}],
        initContainers=[
            {
                "name": "i",
                "envFrom": [{"configMapRef": {"name": "c1"}}, {"secretRef": {"name": "s1", "optional": True}}],
            }
        ],
        containers=[
            {
                "name": "c",
                "env": [
                    {"name": "A", "value": "x"},
                    {"name": "B", "valueFrom": {"secretKeyRef": {"name": "s2", "key": "k"}}},
                    {"name": "C", "valueFrom": {"configMapKeyRef": {"name": "c2", "key": "k", "optional": True}}},
                    {"name": "D", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}},
                ],
            }
        ],
        volumes=[
            {"name": "a", "configMap": {"name": "c3", "items": [{"key": "x"}, {"key": "y"}]}},
            {"name": "b", "secret": {"secretName": "s3"}},
            {"name": "c", "persistentVolumeClaim": {"claimName": "p"}},
            {"name": "d", "projected": {"sources": [{"secret": {"name": "s4"}}, {"serviceAccountToken": {}}]}},
            {"name": "e", "csi": {"nodePublishSecretRef": {"name": "s5"}}},
            {"name": "f", "emptyDir": {}},
        ],
    )

    assert used(manifest) == [
        ("ServiceAccount", "sa", None, False, f"{POD}.serviceAccountName"),
        ("Secret", "pull", None, False, f"{POD}.imagePullSecrets.0.name"),
        ("ConfigMap", "c1", None, False, f"{POD}.initContainers.0.envFrom.0.configMapRef.name"),
        ("Secret", "s1", None, True, f"{POD}.initContainers.0.envFrom.1.secretRef.name"),
        ("Secret", "s2", "k", False, f"{CART}.env.1.valueFrom.secretKeyRef.name"),
        ("ConfigMap", "c2", "k", True, f"{CART}.env.2.valueFrom.configMapKeyRef.name"),
        ("ConfigMap", "c3", "x", False, f"{POD}.volumes.0.configMap.name"),
        ("ConfigMap", "c3", "y", False, f"{POD}.volumes.0.configMap.name"),
        ("Secret", "s3", None, False, f"{POD}.volumes.1.secret.secretName"),
        ("PersistentVolumeClaim", "p", None, False, f"{POD}.volumes.2.persistentVolumeClaim.claimName"),
        ("Secret", "s4", None, False, f"{POD}.volumes.3.projected.sources.0.secret.name"),
        ("Secret", "s5", None, False, f"{POD}.volumes.4.csi.nodePublishSecretRef.name"),
    ]


def test_routes_scalers_accounts_and_bindings_refer_too() -> None:
    """Other kinds name Services, workloads, Secrets, Roles and accounts; those of other namespaces do not count."""
    path = {"backend": {"service": {"name": "b"}}}
    ingress = {
        "defaultBackend": {"service": {"name": "a"}},
        "rules": [{"http": {"paths": [path]}}],
        "tls": [{"secretName": "t"}],
    }
    backends = [{"name": "a"}, {"name": "b", "namespace": "else"}, {"name": "c", "kind": "Bucket"}]
    binding: dict[str, Any] = {
        "subjects": [{"kind": "ServiceAccount", "name": "a"}, {"kind": "User", "name": "u"}],
        "roleRef": {"kind": "Role", "name": "r"},
    }

    assert used(other("Ingress", spec=ingress)) == [
        ("Service", "a", None, False, "spec.defaultBackend.service.name"),
        ("Service", "b", None, False, "spec.rules.0.http.paths.0.backend.service.name"),
        ("Secret", "t", None, True, "spec.tls.0.secretName"),
    ]
    assert used(other("HTTPRoute", spec={"rules": [{"backendRefs": backends}]})) == [
        ("Service", "a", None, False, "spec.rules.0.backendRefs.0.name")
    ]
    assert used(other("HorizontalPodAutoscaler", spec={"scaleTargetRef": {"kind": "Deployment", "name": "a"}})) == [
        ("Deployment", "a", None, False, "spec.scaleTargetRef.name")
    ]
    assert used(other("StatefulSet", spec={"serviceName": "a"})) == [("Service", "a", None, True, "spec.serviceName")]
    assert used(other("ServiceAccount", secrets=[{"name": "s"}], imagePullSecrets=[{"name": "p"}])) == [
        ("Secret", "s", None, False, "secrets.0.name"),
        ("Secret", "p", None, False, "imagePullSecrets.0.name"),
    ]
    assert used(other("RoleBinding", **binding)) == [
        ("ServiceAccount", "a", None, False, "subjects.0.name"),
        ("Role", "r", None, False, "roleRef.name"),
    ]
