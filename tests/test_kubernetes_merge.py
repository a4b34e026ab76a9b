"""Strategic merge: what kubectl makes of a patch is what we make of it."""

from __future__ import annotations

import copy
import json
import shutil
import subprocess
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kusion_render.kubernetes.merge_keys import patch_problems, strategic_merge

if TYPE_CHECKING:
    from pathlib import Path

needs_kubectl = pytest.mark.skipif(shutil.which("kubectl") is None, reason="kubectl is not installed")

VERSIONS = {
    "CronJob": "batch/v1",
    "Deployment": "apps/v1",
    "PodDisruptionBudget": "policy/v1",
    "Service": "v1",
    "ServiceAccount": "v1",
    "StatefulSet": "apps/v1",
    "ValidatingWebhookConfiguration": "admissionregistration.k8s.io/v1",
}


def pod(**spec: Any) -> dict[str, Any]:  # Any: pieces of manifests
    """Put fields of a pod spec where a Deployment has them."""
    return {"spec": {"template": {"spec": spec}}}


def container(**fields: Any) -> dict[str, Any]:  # Any: as above
    """Put fields into the container `a` of a Deployment."""
    return pod(containers=[{"name": "a", **fields}])


NAMES = [{"name": "a", "image": "1"}, {"name": "b", "image": "2"}, {"name": "c", "image": "3"}]

CASES = {
    "a container is found by its name": (
        "Deployment",
        pod(containers=NAMES),
        pod(containers=[{"name": "b", "tty": True}]),
    ),
    "a new container comes first": ("Deployment", pod(containers=NAMES), pod(containers=[{"name": "d", "image": "4"}])),
    "items of the patch keep its order": (
        "Deployment",
        pod(containers=NAMES),
        pod(containers=[{"name": "c", "tty": True}, {"name": "d"}, {"name": "a", "tty": True}]),
    ),
    "an item is deleted": ("Deployment", pod(containers=NAMES), pod(containers=[{"name": "b", "$patch": "delete"}])),
    "an item that is not there is deleted in vain": (
        "Deployment",
        pod(containers=NAMES),
        pod(containers=[{"name": "x", "$patch": "delete"}, {"name": "a", "tty": True}]),
    ),
    "a list is replaced": (
        "Deployment",
        pod(containers=NAMES),
        pod(containers=[{"$patch": "replace"}, {"name": "b", "tty": True}]),
    ),
    "an item with replace is itself dropped": (
        "Deployment",
        pod(containers=NAMES),
        pod(containers=[{"name": "b", "tty": True, "$patch": "replace"}, {"name": "d"}]),
    ),
    "an empty list changes nothing": ("Deployment", pod(containers=NAMES), pod(containers=[])),
    "an atomic list is replaced": ("Deployment", container(args=["a", "b"]), container(args=["c"])),
    "an atomic list is emptied": ("Deployment", container(args=["a", "b"]), container(args=[])),
    "null deletes a field": ("Deployment", container(image="1", tty=True), container(tty=None)),
    "null deletes a list": ("Deployment", container(args=["a"]), container(args=None)),
    "null of nothing is nothing": ("Deployment", container(image="1"), container(tty=None, securityContext=None)),
    "nulls in a new map are nothing": (
        "Deployment",
        container(image="1"),
        container(securityContext={"privileged": None, "runAsUser": 1}),
    ),
    "maps merge": (
        "Deployment",
        pod(nodeSelector={"a": "1", "b": "2"}),
        pod(nodeSelector={"b": "3", "c": "4", "a": None}),
    ),
    "a map is replaced": (
        "Deployment",
        pod(nodeSelector={"a": "1"}),
        pod(nodeSelector={"$patch": "replace", "b": "2"}),
    ),
    "a map is emptied": ("Deployment", pod(nodeSelector={"a": "1"}), pod(nodeSelector={"$patch": "delete"})),
    "a map that is not there is deleted in vain": ("Deployment", pod(), pod(nodeSelector={"$patch": "delete"})),
    "retained keys keep nothing else": (
        "Deployment",
        {"spec": {"strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1}}}},
        {"spec": {"strategy": {"$retainKeys": ["type"], "type": "Recreate"}}},
    ),
    "variables merge by name": (
        "Deployment",
        container(env=[{"name": "A", "value": "1"}, {"name": "B", "value": "2"}]),
        container(env=[{"name": "B", "value": None, "valueFrom": {"fieldRef": {"fieldPath": "x"}}}, {"name": "C"}]),
    ),
    "ports of containers merge by number": (
        "Deployment",
        container(ports=[{"containerPort": 80, "name": "http"}, {"containerPort": 81}]),
        container(ports=[{"containerPort": 80, "protocol": "TCP"}, {"containerPort": 82}]),
    ),
    "one of two ports with the same number is changed": (
        "Deployment",
        container(ports=[{"containerPort": 53, "protocol": "TCP"}, {"containerPort": 53, "protocol": "UDP"}]),
        container(ports=[{"containerPort": 53, "name": "dns"}]),
    ),
    "both ports with the same number are deleted": (
        "Deployment",
        container(ports=[{"containerPort": 53, "protocol": "TCP"}, {"containerPort": 53, "protocol": "UDP"}]),
        container(ports=[{"containerPort": 53, "$patch": "delete"}]),
    ),
    "mounts merge by path": (
        "Deployment",
        container(volumeMounts=[{"name": "v", "mountPath": "/a"}, {"name": "v", "mountPath": "/b"}]),
        container(volumeMounts=[{"name": "w", "mountPath": "/b"}, {"name": "v", "mountPath": "/c"}]),
    ),
    "devices merge by path": (
        "Deployment",
        container(volumeDevices=[{"name": "v", "devicePath": "/a"}]),
        container(volumeDevices=[{"name": "w", "devicePath": "/a"}]),
    ),
    "sources of variables are atomic": (
        "Deployment",
        container(envFrom=[{"secretRef": {"name": "a"}}]),
        container(envFrom=[{"configMapRef": {"name": "b"}}]),
    ),
    "volumes merge by name": (
        "Deployment",
        pod(volumes=[{"name": "a", "emptyDir": {}}, {"name": "b", "configMap": {"name": "x"}}]),
        pod(volumes=[{"name": "b", "configMap": {"name": "y"}}, {"name": "a", "emptyDir": None, "secret": {}}]),
    ),
    "a volume changes its source by retained keys": (
        "Deployment",
        pod(volumes=[{"name": "a", "emptyDir": {}}]),
        pod(volumes=[{"name": "a", "$retainKeys": ["name", "secret"], "secret": {"secretName": "s"}}]),
    ),
    "tolerations are atomic": (
        "Deployment",
        pod(tolerations=[{"key": "a"}]),
        pod(tolerations=[{"key": "b"}]),
    ),
    "aliases merge by address, spreads by topology, secrets and gates by name": (
        "Deployment",
        pod(
            hostAliases=[{"ip": "1", "hostnames": ["a"]}],
            topologySpreadConstraints=[{"topologyKey": "zone", "maxSkew": 1}],
            imagePullSecrets=[{"name": "a"}],
            schedulingGates=[{"name": "a"}],
            resourceClaims=[{"name": "a", "resourceClaimName": "x"}],
        ),
        pod(
            hostAliases=[{"ip": "1", "hostnames": ["b"]}],
            topologySpreadConstraints=[{"topologyKey": "zone", "maxSkew": 2}, {"topologyKey": "host"}],
            imagePullSecrets=[{"name": "b"}],
            schedulingGates=[{"name": "b"}],
            resourceClaims=[{"name": "a", "resourceClaimTemplateName": "y"}],
        ),
    ),
    "init containers merge as containers": (
        "Deployment",
        pod(initContainers=[{"name": "a", "env": [{"name": "A", "value": "1"}]}]),
        pod(initContainers=[{"name": "a", "env": [{"name": "B", "value": "1"}]}]),
    ),
    "affinity terms are atomic": (
        "Deployment",
        pod(affinity={"nodeAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": [{"weight": 1}]}}),
        pod(affinity={"nodeAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": [{"weight": 2}]}}),
    ),
    "labels merge": (
        "Deployment",
        {"metadata": {"labels": {"a": "1", "b": "2"}}},
        {"metadata": {"labels": {"a": None, "c": "3"}, "annotations": {"x": "y"}}},
    ),
    "finalizers are a set": (
        "Deployment",
        {"metadata": {"finalizers": ["a", "b", "c"]}},
        {"metadata": {"finalizers": ["d", "b"]}},
    ),
    "finalizers are taken out": (
        "Deployment",
        {"metadata": {"finalizers": ["a", "b"]}},
        {"metadata": {"$deleteFromPrimitiveList/finalizers": ["a", "x"]}},
    ),
    "a map takes the place of a list": ("Deployment", pod(nodeSelector=["a"]), pod(nodeSelector={"a": "1"})),
    "jobs of a cron job have pods": (
        "CronJob",
        {"spec": {"jobTemplate": {"spec": {"template": {"spec": {"containers": NAMES}}}}}},
        {"spec": {"jobTemplate": {"spec": {"template": {"spec": {"containers": [{"name": "b", "tty": True}]}}}}}},
    ),
    "claim templates are atomic": (
        "StatefulSet",
        {"spec": {"volumeClaimTemplates": [{"metadata": {"name": "a"}}]}},
        {"spec": {"volumeClaimTemplates": [{"metadata": {"name": "b"}}]}},
    ),
    "ports of a Service merge by port": (
        "Service",
        {"spec": {"ports": [{"port": 80, "name": "a"}, {"port": 81, "name": "b"}]}},
        {"spec": {"ports": [{"port": 81, "targetPort": "x"}, {"port": 82, "name": "c"}]}},
    ),
    "secrets of an account merge, its pull secrets are atomic": (
        "ServiceAccount",
        {"secrets": [{"name": "a"}], "imagePullSecrets": [{"name": "a"}]},
        {"secrets": [{"name": "b"}], "imagePullSecrets": [{"name": "b"}]},
    ),
    "the selector of a budget is replaced": (
        "PodDisruptionBudget",
        {"spec": {"selector": {"matchLabels": {"a": "1"}}}},
        {"spec": {"selector": {"matchLabels": {"b": "1"}}}},
    ),
    "webhooks merge by name": (
        "ValidatingWebhookConfiguration",
        {"webhooks": [{"name": "a", "matchConditions": [{"name": "x", "expression": "1"}], "rules": [{"a": 1}]}]},
        {"webhooks": [{"name": "a", "matchConditions": [{"name": "y", "expression": "2"}], "rules": [{"b": 1}]}]},
    ),
}


def kubectl(folder: Path, kind: str, below: dict[str, Any], above: dict[str, Any]) -> Any:  # Any: JSON of a program
    """Ask kubectl for the patched object; it talks to no cluster."""
    head = {"apiVersion": VERSIONS[kind], "kind": kind}
    (folder / "below.json").write_text(
        json.dumps({**head, **below, "metadata": {**below.get("metadata", {}), "name": "x"}})
    )
    (folder / "above.json").write_text(json.dumps(above))
    program = shutil.which("kubectl")
    assert program is not None
    command = [program, "patch", "--local", "--type=strategic", "-o", "json"]
    run = subprocess.run(
        [*command, "-f", "below.json", "--patch-file", "above.json"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        env={"HOME": str(folder), "KUBECONFIG": "/dev/null"},
    )
    assert run.returncode == 0, run.stderr
    return {key: value for key, value in json.loads(run.stdout).items() if key not in {"apiVersion", "kind"}}


def ours(kind: str, below: dict[str, Any], above: dict[str, Any]) -> Any:
    """Merge the same input."""
    named = {**below, "metadata": {**below.get("metadata", {}), "name": "x"}}
    return strategic_merge(named, above, kind)


@needs_kubectl
@pytest.mark.parametrize(("kind", "below", "above"), CASES.values(), ids=CASES)
def test_a_patch_gives_what_kubectl_gives(
    tmp_path: Path, kind: str, below: dict[str, Any], above: dict[str, Any]
) -> None:
    """Every rule of strategic merge, one by one; the inputs stay as they were."""
    before = copy.deepcopy((below, above))

    assert kubectl(tmp_path, kind, below, above) == ours(kind, below, above)
    assert before == (below, above)


Strategies = dict[str, st.SearchStrategy[Any]]  # Any: each key has its own type of value


def named(names: str, fields: Strategies) -> st.SearchStrategy[list[dict[str, Any]]]:
    """Draw a list of maps with different names."""
    item = st.fixed_dictionaries({"name": st.sampled_from(names)}, optional=fields)
    return st.lists(item, unique_by=lambda drawn: drawn["name"], max_size=len(names))


FIELDS: Strategies = {
    "image": st.sampled_from("12"),
    "args": st.lists(st.sampled_from("xy"), max_size=2),
    "env": named("ABC", {"value": st.sampled_from("12")}),
}
items = named("abcdef", FIELDS)
patches = st.builds(
    lambda some, gone: [*some, *({"name": name, "$patch": "delete"} for name in gone)],
    items,
    st.sets(st.sampled_from("abc"), max_size=2),
)


@needs_kubectl
@given(items, patches)
@settings(derandomize=True, deadline=None, max_examples=40)
def test_lists_of_every_order_merge_as_kubectl_merges_them(
    tmp_path_factory: pytest.TempPathFactory, below: list[Any], above: list[Any]
) -> None:
    """Untouched items go between those of the patch where Kubernetes puts them."""
    folder = tmp_path_factory.mktemp("kubectl")

    assert kubectl(folder, "Deployment", pod(containers=below), pod(containers=above)) == ours(
        "Deployment", pod(containers=below), pod(containers=above)
    )


@given(items)
@settings(derandomize=True, deadline=None)
def test_a_patch_of_the_same_changes_nothing(below: list[Any]) -> None:
    """Merging is idempotent, and an empty patch is the identity."""
    spec = {"containers": below}

    assert spec == strategic_merge(spec, spec, "PodSpec")
    assert spec == strategic_merge(spec, {}, "PodSpec")


def test_directives_never_reach_the_result() -> None:
    """Kubernetes drops a new map for its directive, and keeps nulls of new items; both would surprise."""
    above = {
        "securityContext": {"$patch": "replace", "runAsUser": 1},
        "containers": [{"name": "b", "tty": None, "$setElementOrder/env": [{"name": "A"}]}],
        "$setElementOrder/containers": [{"name": "b"}],
    }

    expected = {"containers": [{"name": "b"}, {"name": "a"}], "securityContext": {"runAsUser": 1}}

    assert expected == strategic_merge({"containers": [{"name": "a"}]}, above, "PodSpec")


def test_merge_is_a_directive_for_what_happens_anyway() -> None:
    """It reads well beside `replace`."""
    above = {
        "nodeSelector": {"$patch": "merge", "b": "2"},
        "containers": [{"name": "a", "$patch": "merge", "tty": True}],
    }

    expected = {"nodeSelector": {"a": "1", "b": "2"}, "containers": [{"name": "a", "tty": True}]}

    assert expected == strategic_merge({"nodeSelector": {"a": "1"}, "containers": [{"name": "a"}]}, above, "PodSpec")


def test_lists_of_unknown_kinds_are_atomic() -> None:
    """Nobody says by what they would merge."""
    expected = {"spec": {"containers": [{"name": "b"}]}}

    assert expected == strategic_merge(
        {"spec": {"containers": [{"name": "a"}]}}, {"spec": {"containers": [{"name": "b"}]}}, "Widget"
    )


@pytest.mark.parametrize(
    ("patch", "expected"),
    [
        ({"containers": [{"name": "a"}, {"name": "b", "$patch": "delete"}, {"$patch": "replace"}]}, []),
        ({"nodeSelector": {"$patch": "remove"}}, [("nodeSelector", "$patch")]),
        ({"nodeSelector": {"$patch": ["delete"]}}, [("nodeSelector", "$patch")]),
        ({"containers": [{"image": "x"}]}, [("containers", 0)]),
        ({"containers": [{"$patch": "delete"}]}, [("containers", 0)]),
        (
            {"containers": [{"name": "a", "ports": [{"containerPort": 53}, {"containerPort": 53}]}]},
            [("containers", 0, "ports", 1)],
        ),
        ({"volumes": [{"name": "a", "$retainKeys": ["name"], "secret": {}}]}, [("volumes", 0, "secret")]),
        ({"tolerations": [{"key": "a"}, "odd"]}, []),
    ],
)
def test_a_patch_that_kubectl_refuses_is_a_problem(
    patch: dict[str, Any], expected: list[tuple[str | int, ...]]
) -> None:
    """What it takes for one item is a problem too; where, not the exact words."""
    assert expected == [pointer for pointer, _ in patch_problems(patch, "PodSpec")]
