"""`post-render`: a workspace's policies on a stream of manifests that somebody else made."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from textwrap import dedent
from typing import TYPE_CHECKING, Any, Final

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from test_startup import HEAVY
from workbench import PROJECT, Run, Workbench

from kusion_render.diagnostics import Diagnostics
from kusion_render.integrations.post_render.options import NAMES
from kusion_render.integrations.post_render.stream import items_of, read_stream, write_stream
from kusion_render.repository.limits import stream_limits
from kusion_render.yamlio import dump

if TYPE_CHECKING:
    from pathlib import Path

DEPLOYMENT: Final = """\
---
# Source: shop/templates/web.yaml
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
  labels: {app: web, team: chart}
spec:
  replicas: 1
  strategy: {type: RollingUpdate, rollingUpdate: {maxSurge: 1}}
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      initContainers: [{name: wait, image: busybox}]
      containers:
      - name: web
        image: registry.example/web:1.0.0
        env: [{name: MODE, value: fast}, {name: KEEP, value: "1"}]
        livenessProbe: {exec: {command: [live]}, periodSeconds: 3}
"""
HOOK: Final = """\
apiVersion: batch/v1
kind: Job
metadata:
  name: migrate
  annotations: {helm.sh/hook: pre-install, postrenderer.helm.sh/postrender-filename: shop/templates/job.yaml}
spec:
  template:
    spec:
      restartPolicy: Never
      containers: [{name: migrate, image: busybox}]
"""


class Renderer:
    """A repository with one workspace, and the program that reads a stream in it."""

    def __init__(self, bench: Workbench) -> None:
        self.bench: Final = bench.write({"kusion-render.yaml": "compatibility: native\n"})
        self.workspace("{}\n")

    def workspace(self, text: str) -> Renderer:
        """Write the workspace `prod`."""
        self.bench.write({"workspaces/prod.yaml": text})
        return self

    def run(self, stream: str | bytes, *arguments: str, **env: str) -> Run:
        """Post-render a stream on the workspace `prod`."""
        content = stream if isinstance(stream, bytes) else stream.encode()
        env = {"KUSION_RENDER_WORKSPACE": "prod", **env}
        return self.bench.run("post-render", *arguments, stdin=content, env=env)

    def done(self, stream: str | bytes, *arguments: str, **env: str) -> Run:
        """Post-render, and expect it to succeed."""
        run = self.run(stream, *arguments, **env)
        assert run.exit_code == 0, run.stderr
        return run

    def fail(self, stream: str | bytes, *arguments: str, code: int = 1, **env: str) -> str:
        """Post-render, expect no output, and return the report."""
        run = self.run(stream, *arguments, **env)
        assert (code, "") == (run.exit_code, run.stdout), run.stderr
        return run.stderr


@pytest.fixture
def renderer(workbench: Workbench) -> Renderer:
    """A repository with an empty workspace `prod`."""
    return Renderer(workbench)


def config(name: str = "settings", **fields: Any) -> str:  # Any: pieces of manifests
    """Return a ConfigMap as one document."""
    metadata = {"name": name, **fields.pop("metadata", {})}
    return yaml.safe_dump({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, **fields})


# --- what is applied


def test_labels_and_annotations_give_way_to_an_object_s_own(renderer: Renderer) -> None:
    """A workspace's labels and annotations are for every object, selectors and pods stay."""
    renderer.workspace("{labels: {team: platform, tier: 1.10}, annotations: {owner: us}}\n")

    made = renderer.done(DEPLOYMENT).manifest("Deployment")

    assert {"app": "web", "team": "chart", "tier": "1.10"} == made["metadata"]["labels"]
    assert {"owner": "us"} == made["metadata"]["annotations"]
    assert {"matchLabels": {"app": "web"}} == made["spec"]["selector"]
    assert {"app": "web"} == made["spec"]["template"]["metadata"]["labels"]


def test_images_and_registries_reach_every_pod(renderer: Renderer) -> None:
    """Images are replaced by name and by registry, in hooks and initial containers too."""
    renderer.workspace(
        """
        images: [{name: registry.example/web, newTag: 2.0.0}]
        registries: {docker.io: mirror.example/hub}
        """
    )
    run = renderer.done(DEPLOYMENT + "---\n" + HOOK)

    pod = run.manifest("Deployment")["spec"]["template"]["spec"]
    assert "registry.example/web:2.0.0" == pod["containers"][0]["image"]
    assert "mirror.example/hub/library/busybox" == pod["initContainers"][0]["image"]
    job = run.manifest("Job")
    assert "mirror.example/hub/library/busybox" == job["spec"]["template"]["spec"]["containers"][0]["image"]


def test_patches_change_what_they_name(renderer: Renderer) -> None:
    """A chart's objects can be patched like our own; a patch for another chart does nothing here."""
    renderer.workspace(
        """
        patches:
          - target: {kind: Deployment, name: web}
            merge: {spec: {template: {spec: {containers: [{name: web, tty: true}]}}}}
          - {target: {kind: StatefulSet}, json6902: [{op: remove, path: /spec/replicas}]}
        """
    )
    run = renderer.done(DEPLOYMENT)

    (container,) = run.manifest("Deployment")["spec"]["template"]["spec"]["containers"]
    assert (True, "registry.example/web:1.0.0") == (container["tty"], container["image"])
    assert run.stderr == ""


def test_a_patch_that_can_not_be_is_placed_in_the_workspace(renderer: Renderer) -> None:
    """Nothing is printed, and the patch's line is named."""
    renderer.workspace("patches:\n  - {target: {kind: Deployment}, json6902: [{op: remove, path: /spec/none}]}\n")

    assert "workspaces/prod.yaml:2:64: error[KR333]: `/spec/none` leads nowhere" in renderer.fail(DEPLOYMENT)


def test_the_profile_marks_a_chart_s_objects(renderer: Renderer) -> None:
    """Namespaces and what is large for Argo CD, what Flux would substitute in for Flux; hooks of Helm stay."""
    stream = config("shell", data={"run": "echo ${HOME}"}) + "---\n" + config("big", data={"a": "x" * 210_000})
    argo = renderer.done(stream + "---\n" + HOOK, "--profile", "argocd")
    flux = renderer.done(stream, "--profile=flux")

    assert "ServerSideApply=true" in str(argo.manifest("ConfigMap", "big")["metadata"])
    assert "annotations" not in argo.manifest("ConfigMap", "shell")["metadata"]
    assert "pre-install" == argo.manifest("Job")["metadata"]["annotations"]["helm.sh/hook"]
    guard = {"kustomize.toolkit.fluxcd.io/substitute": "disabled"}
    assert guard == flux.manifest("ConfigMap", "shell")["metadata"]["annotations"]


def test_lint_rules_that_the_workspace_names(renderer: Renderer) -> None:
    """They look at the finished objects, and say the stream's line; rules that are not named are silent."""
    quiet = renderer.done(DEPLOYMENT)
    renderer.workspace("lint: {missing-requests: warn}\n")
    warned = renderer.done(DEPLOYMENT)
    refused = renderer.workspace("lint: {floating-image: error}\n").fail(DEPLOYMENT)
    pinned = renderer.workspace("{lint: {floating-image: error}, images: [{name: busybox, newTag: 1.36}]}\n").done(
        DEPLOYMENT
    )

    assert ("", "") == (quiet.stderr, pinned.stderr)
    assert "warning[KR602]" in warned.stderr
    assert "stdin:15:44: error[KR601]" in refused


def test_helm_s_annotations_stay_whatever_is_enforced(renderer: Renderer) -> None:
    """A hook stays the hook that it is, and keeps the file that Helm puts it back into."""
    renderer.workspace("enforce: {annotations: {helm.sh/hook: post-delete, mine: yes}}\n")

    annotations = renderer.done(HOOK).manifest("Job")["metadata"]["annotations"]

    assert {
        "helm.sh/hook": "pre-install",
        "postrenderer.helm.sh/postrender-filename": "shop/templates/job.yaml",
        "mine": "yes",
    } == annotations


def test_references_of_the_workspace_are_replaced(renderer: Renderer) -> None:
    """`${{ }}` refers to the workspace, its context and the release's namespace; `app.name` is the object's."""
    renderer.workspace(
        """
        context: {zone: eu}
        labels: {zone: "${{ context.zone }}", space: "${{ stack.namespace }}", on: "${{ workspace.name }}"}
        enforce: {labels: {part: "${{ app.name }}"}}
        """
    )
    labels = renderer.done(config(), "--namespace", "shop").manifest("ConfigMap")["metadata"]["labels"]

    assert {"zone": "eu", "space": "shop", "on": "prod", "part": "settings"} == labels


def test_a_reference_to_a_stack_is_an_error(renderer: Renderer) -> None:
    """A chart has no stack, so what refers to one has its line."""
    renderer.workspace('labels:\n  on: "${{ stack.name }}"\n')

    assert "workspaces/prod.yaml:2:7: error[KR120]: `stack.name` is nothing" in renderer.fail(config())


# --- namespaces


SCOPES: Final = """\
apiVersion: x.example/v1
kind: Thing
metadata: {name: a}
---
apiVersion: x.example/v1
kind: Realm
metadata: {name: b}
---
apiVersion: x.example/v1
kind: World
metadata: {name: c}
---
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: worlds.x.example}
spec: {scope: Cluster, group: x.example, names: {kind: World}}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: d, namespace: kube-system}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: e, namespace: shop}
"""


@pytest.mark.parametrize(
    ("policy", "expected"),
    [
        ("keep", [None, None, None, None, "kube-system", "shop"]),
        ("set", ["shop", None, None, None, "kube-system", "shop"]),
        ("omit", [None, None, None, None, "kube-system", None]),
    ],
)
def test_the_namespace_policy(renderer: Renderer, policy: str, expected: list[str | None]) -> None:
    """`set` fills, `omit` takes the release's away; cluster-scoped kinds are known, declared, or defined in the stream."""
    renderer.workspace("clusterScopedKinds: [x.example/Realm]\n")

    run = renderer.done(SCOPES, "--namespace-policy", policy, HELM_NAMESPACE="shop")

    assert expected == [each["metadata"].get("namespace") for each in run.manifests]


def test_a_policy_without_a_namespace_is_wrong_usage(renderer: Renderer) -> None:
    """What is to be set or omitted must be known."""
    said = renderer.fail(config(), "--namespace-policy=set", code=2)

    assert "needs the release's namespace: --namespace NAME" in said
    assert "no name for a namespace" in renderer.fail(config(), "--namespace=A_B", code=2)


# --- enforce


ENFORCE: Final = """
    enforce:
      labels: {cost: "17"}
      workload:
        replicas: 3
        security: restricted
        strategy: {type: Recreate}
        podAnnotations: {scrape: true}
        nodeSelector: {pool: apps}
        containers:
          "*":
            env: {TZ: UTC, MODE: {config: modes, key: mode}}
            resources: {cpu: 100m-200m}
            livenessProbe: {httpGet: {path: /live, port: 80}}
          absent: {image: registry.example/absent:1}
        initContainers:
          "*": {resources: {cpu: 1m-2m}}
        podSpec: {hostNetwork: false}
    """


def test_enforce_wins_on_a_deployment(renderer: Renderer) -> None:
    """What is enforced is laid over a foreign object: pods, containers by name or all, and the object's own spec."""
    run = renderer.workspace(ENFORCE).done(DEPLOYMENT)
    made = run.manifest("Deployment")
    spec, pod = made["spec"], made["spec"]["template"]["spec"]
    web = pod["containers"][0]

    assert (3, {"type": "Recreate"}) == (spec["replicas"], spec["strategy"])
    assert {"app": "web", "team": "chart", "cost": "17"} == made["metadata"]["labels"]
    assert {"labels": {"app": "web", "cost": "17"}, "annotations": {"scrape": "true"}} == spec["template"]["metadata"]
    assert ["web"] == [each["name"] for each in pod["containers"]]
    assert {"TZ", "MODE", "KEEP"} == {each["name"] for each in web["env"]}
    assert {"name": "MODE", "valueFrom": {"configMapKeyRef": {"name": "modes", "key": "mode"}}} in web["env"]
    assert {"httpGet": {"path": "/live", "port": 80}, "periodSeconds": 3} == web["livenessProbe"]
    assert {"cpu": "2m"} == pod["initContainers"][0]["resources"]["limits"]
    assert web["securityContext"]["runAsNonRoot"] is True
    assert pod["initContainers"][0]["securityContext"]["runAsNonRoot"] is True
    assert ({"pool": "apps"}, False) == (pod["nodeSelector"], pod["hostNetwork"])


def test_enforce_reaches_jobs_pods_and_unknown_kinds(renderer: Renderer) -> None:
    """What a kind has not, such as a Job's strategy, is left out; what its pods have is not."""
    renderer.workspace(ENFORCE)
    pods = "spec: {containers: [{name: a, image: a}]}"
    kinds = [
        f"{{apiVersion: v1, kind: Pod, metadata: {{name: p}}, {pods}}}",
        f"{{apiVersion: argoproj.io/v1alpha1, kind: Rollout, metadata: {{name: r}}, spec: {{template: {{{pods}}}}}}}",
        f"{{apiVersion: batch/v1, kind: CronJob, metadata: {{name: c}}, spec: {{jobTemplate: {{spec: {{template: {{{pods}}}}}}}}}}}",
        f"{{apiVersion: apps/v1, kind: DaemonSet, metadata: {{name: d}}, spec: {{template: {{{pods}}}}}}}",
        f"{{apiVersion: apps/v1, kind: StatefulSet, metadata: {{name: s}}, spec: {{template: {{{pods}}}}}}}",
    ]
    run = renderer.done("\n---\n".join([*kinds, HOOK]))
    job = run.manifest("Job")

    assert "strategy" not in job["spec"]
    assert "replicas" not in run.manifest("Rollout")["spec"]
    assert "schedule" not in run.manifest("CronJob")["spec"]
    assert "replicas" not in run.manifest("DaemonSet")["spec"]
    assert 3 == run.manifest("StatefulSet")["spec"]["replicas"]
    for made in run.manifests:
        owner = made["spec"]["jobTemplate"] if made["kind"] == "CronJob" else made
        pod = made["spec"] if made["kind"] == "Pod" else owner["spec"]["template"]["spec"]
        assert {"pool": "apps"} == pod["nodeSelector"], made["kind"]
        assert pod["containers"][0]["securityContext"]["runAsNonRoot"] is True
        assert "17" == made["metadata"]["labels"]["cost"]
    assert "Never" == job["spec"]["template"]["spec"]["restartPolicy"]


def test_own_values_that_are_overruled_are_said(renderer: Renderer) -> None:
    """One warning an object, with the line in the stream and the place that enforces, and without the values."""
    report = renderer.workspace(ENFORCE).done(DEPLOYMENT).stderr

    assert "stdin:9:13: warning[KR534]: `spec.replicas`, `spec.strategy.type`" in report
    assert "of Deployment `web` are set by the platform" in report
    assert "--> workspaces/prod.yaml:1:1" in report
    assert "fast" not in report


def test_labels_that_something_selects_by_stay(renderer: Renderer) -> None:
    """Changed labels would part a Service from its pods, or a monitor from its Service."""
    renderer.workspace("enforce: {labels: {app: other, part: other, free: other}}\n")
    service = """\
---
apiVersion: v1
kind: Service
metadata: {name: web, labels: {app: web, part: web, free: web}}
spec: {selector: {app: web}, ports: [{port: 80}]}
---
apiVersion: monitoring.coreos.com/v1
kind: ServiceMonitor
metadata: {name: web}
spec: {selector: {matchLabels: {part: web}}}
"""
    run = renderer.done(DEPLOYMENT + service)

    assert {"app": "web", "part": "web", "free": "other"} == run.manifest("Service")["metadata"]["labels"]
    pods = run.manifest("Deployment")["spec"]["template"]
    assert {"app": "web", "part": "other", "free": "other"} == pods["metadata"]["labels"]


def test_what_is_scaled_keeps_its_replicas(renderer: Renderer) -> None:
    """An autoscaler and an enforced number would fight."""
    renderer.workspace("enforce: {workload: {replicas: 5}}\n")
    scaler = """\
---
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {name: web}
spec: {maxReplicas: 9, scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}}
"""
    assert 5 == renderer.done(DEPLOYMENT).manifest("Deployment")["spec"]["replicas"]
    assert 1 == renderer.done(DEPLOYMENT + scaler).manifest("Deployment")["spec"]["replicas"]


def test_an_enforced_volume_takes_no_other_one_s_place(renderer: Renderer) -> None:
    """A pod's own volume keeps its name and its source; an equal one is shared."""
    renderer.workspace(
        'enforce: {workload: {containers: {"*": {dirs: {/srv/tmp: emptyDir, /etc/all: "config://all", /run: emptyDir}}}}}\n'
    )
    made = yaml.safe_load(DEPLOYMENT)
    made["spec"]["template"]["spec"]["volumes"] = [
        {"name": "tmp", "hostPath": {"path": "/data"}},
        {"name": "tmp-2", "emptyDir": {}},
        {"name": "run", "emptyDir": {}},
    ]
    pod = renderer.done(dump(made)).manifest("Deployment")["spec"]["template"]["spec"]
    volumes = {each["name"]: each for each in pod["volumes"]}
    mounts = {each["mountPath"]: each["name"] for each in pod["containers"][0]["volumeMounts"]}

    assert {"name": "tmp", "hostPath": {"path": "/data"}} == volumes["tmp"]
    assert {"tmp", "tmp-2", "tmp-3", "run", "all"} == set(volumes)
    assert {"/srv/tmp": "tmp-3", "/etc/all": "all", "/run": "run"} == mounts


def test_what_cannot_be_enforced_is_said_once(renderer: Renderer) -> None:
    """Accessories, deletions and the like have no effect on a chart's objects; that is a warning, for each once."""
    renderer.workspace(
        """
        enforce:
          accessories: {network: {ports: [{port: 80}]}}
          workload:
            type: DaemonSet
            containers: {"*": {livenessProbe: null}}
        """
    )
    run = renderer.done(DEPLOYMENT + "---\n" + HOOK)

    assert 3 == run.stderr.count("warning[KR533]")
    assert "workspaces/prod.yaml:2:3: warning[KR533]: `accessories` in `enforce`" in run.stderr
    assert {"exec", "periodSeconds"} == {
        *run.manifest("Deployment")["spec"]["template"]["spec"]["containers"][0]["livenessProbe"]
    }


def test_an_enforced_object_is_refused(renderer: Renderer) -> None:
    """A file that needs a ConfigMap would leave pods waiting for it."""
    renderer.workspace('enforce: {workload: {containers: {"*": {files: {/etc/a: {content: hello}}}}}}\n')

    assert "error[KR535]: what is enforced would make a ConfigMap" in renderer.fail(DEPLOYMENT)


def test_a_mistake_in_enforce_has_its_line(renderer: Renderer) -> None:
    """A typo is found where it is written, also under `"*"`, and said once for all objects."""
    renderer.workspace(
        """
        enforce:
          workload:
            replicaz: 3
            containers:
              "*": {imagePullPolicy: Allways}
        """
    )
    report = renderer.fail(DEPLOYMENT + DEPLOYMENT.replace("name: web", "name: api"))

    assert "workspaces/prod.yaml:3:5: error[KR203]: unknown key `replicaz`" in report
    assert "workspaces/prod.yaml:5:30: error[KR204]: `imagePullPolicy` must be" in report
    assert "2 errors" in report


def test_objects_without_pods_get_only_labels_and_annotations(renderer: Renderer) -> None:
    """A ConfigMap is not made a workload."""
    before = yaml.safe_load(config(data={"a": "1"}))
    after = renderer.workspace(ENFORCE).done(config(data={"a": "1"})).manifest("ConfigMap")

    assert {**before, "metadata": {"name": "settings", "labels": {"cost": "17"}}} == after


# --- the stream


def test_order_comments_and_lists_stay(renderer: Renderer) -> None:
    """Documents keep their order and the comment they begin with; a List stays one; empty documents go."""
    renderer.workspace("labels: {team: a}\n")
    stream = (
        "# Source: a.yaml\r\n# more\r\n\r\n"
        + config("z").replace("\n", "\r\n")
        + "---\r\n\r\n--- # nothing\n# only this\n"
        "---\napiVersion: v1\nkind: List\nitems:\n- {apiVersion: v1, kind: ConfigMap, metadata: {name: b}}\n"
        "- {apiVersion: v1, kind: List, items: [{apiVersion: v1, kind: Secret, metadata: {name: c}}]}\n"
        '---\n{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}} # last\n...\n---\n'
    )
    run = renderer.done(stream)
    first, bundle, last = run.manifests

    assert run.stdout.startswith("---\n# Source: a.yaml\n# more\napiVersion: v1\n")
    assert 3 == run.stdout.count("---\n")
    assert ("z", "List", "a") == (first["metadata"]["name"], bundle["kind"], last["metadata"]["name"])
    assert {"name": "b", "labels": {"team": "a"}} == bundle["items"][0]["metadata"]
    assert {"name": "c", "labels": {"team": "a"}} == bundle["items"][1]["items"][0]["metadata"]
    assert "metadata" not in bundle


def test_a_line_within_a_value_ends_no_document(renderer: Renderer) -> None:
    """`-----BEGIN` is no separator, nor is an indented `---`."""
    data = {"cert": "-----BEGIN X\n---\n-----END\n", "b": "--- x\n"}
    stream = config(data=data) + "---\n" + config("other")

    assert data == renderer.done(stream).manifest("ConfigMap", "settings")["data"]


def test_scalars_mean_to_helm_what_they_meant_before(renderer: Renderer) -> None:
    """What YAML's versions read differently is passed on as it was typed."""
    stream = (
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n"
        "data: {a: yes, b: 0644, c: 1e3, d: 'yes', e: \"0644\", f: 12:30, g: 2024-01-01, h: True, i: 1.10, j: 0x1F}\n"
    )
    lines = renderer.done(stream).stdout.partition("\ndata:\n")[2].split("\n")

    assert ["a: yes", "b: 0644", "c: 1e3", 'd: "yes"', 'e: "0644"', "f: 12:30", "g: 2024-01-01"] == [
        line.strip() for line in lines[:7]
    ]
    assert ["h: true", "i: 1.1", "j: 31"] == [line.strip() for line in lines[7:10]]


def test_what_go_s_yaml_takes_is_taken(renderer: Renderer) -> None:
    """Of two equal keys the last counts, with a warning; YAML's own tags are obeyed; anchors are written out."""
    stream = (
        "# Source: shop/a.yaml\napiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\n  name: b\n"
        'data: {s: !!str 12, n: !!int "12", x: &x {k: v}, y: *x, !!str k: v}\n'
    )
    run = renderer.done(stream)

    assert ("b", {"s": "12", "n": 12, "x": {"k": "v"}, "y": {"k": "v"}, "k": "v"}) == (
        run.manifests[0]["metadata"]["name"],
        run.manifests[0]["data"],
    )
    assert "stdin:6:3: warning[KR102]: the key `name` is set twice" in run.stderr
    assert "the document comes from `shop/a.yaml`" in run.stderr


def test_all_broken_documents_are_said(renderer: Renderer) -> None:
    """Each problem names the line of the stream and the template, and nothing is written."""
    stream = (
        "---\n# Source: shop/templates/a.yaml\napiVersion: v1\nkind: [\n"
        "---\napiVersion: v1\nmetadata:\n  name: b\n  annotations: {postrenderer.helm.sh/postrender-filename: 'shop/b.yaml'}\n"
        "---\n- 1\n---\n# Source: shop/c.yaml\n\nkind: ConfigMap\nmetadata: {name: c}\n"
        "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: d, labels: [x]}\n"
    )
    report = renderer.fail(stream)

    assert "stdin:5:1: error[KR101]" in report
    assert "the document comes from `shop/templates/a.yaml`" in report
    assert (
        "stdin:6:1: error[KR531]: this document has no `kind`, so it is no Kubernetes object (its name is `b`)"
        in report
    )
    assert "the document comes from `shop/b.yaml`" in report
    assert "stdin:11:1: error[KR531]: this document is no map" in report
    assert "stdin:15:1: error[KR531]: this document has no `apiVersion`" in report
    assert "stdin:20:29: error[KR532]: `metadata.labels` must be a map, in ConfigMap `d`" in report


@pytest.mark.parametrize(
    "broken", ["containers: [x]", "containers: [{name: a, image: 5}]", "containers: [], initContainers: {}"]
)
def test_malformed_pods_are_refused(renderer: Renderer, broken: str) -> None:
    """What can't be a pod is said, not crashed on; what Kubernetes takes for nothing is."""
    run = renderer.run(
        f"apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: a}}\nspec: {{template: {{spec: {{{broken}}}}}}}\n"
    )
    assert "KR532" in run.stderr or "initContainers" in broken
    assert 70 != run.exit_code


@pytest.mark.parametrize(
    "line",
    [
        "  password: *hunter2",
        "  password: !hunter2 x",
        "  password: 'hunter2",
        "  password: hunter2: x",
        "  password: @hunter2",
        '  password: "\\hunter2"',
    ],
)
def test_no_secret_is_ever_said(renderer: Renderer, line: str) -> None:
    """Whatever breaks a Secret, its value is in no message."""
    report = renderer.fail(f"apiVersion: v1\nkind: Secret\nmetadata: {{name: s}}\nstringData:\n{line}\n")

    assert "stdin:5:" in report or "stdin:6:" in report
    assert "hunter2" not in report


def test_an_empty_stream_is_an_error(renderer: Renderer) -> None:
    """Nothing with success would delete what is deployed; who means it says so."""
    assert "error[KR530]: there are no manifests on stdin" in renderer.fail("# only a comment\n---\n")
    assert "" == renderer.done("", "--allow-empty").stdout
    assert "" == renderer.done("", KUSION_RENDER_ALLOW_EMPTY="true").stdout
    assert "" != renderer.done(config(), "--allow-empty=false").stdout


def test_the_stream_has_a_bound(renderer: Renderer) -> None:
    """Only the operator's environment changes it; a bomb of aliases is no way around it."""
    assert "error[KR109]: `stdin` is larger than 10 bytes" in renderer.fail(
        config(), KUSION_RENDER_MAX_STREAM_BYTES="10"
    )
    assert "must be a positive whole number" in renderer.fail(config(), code=2, KUSION_RENDER_MAX_STREAM_BYTES="x")
    bomb = "a: &a [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
        f"{new}: &{new} [{', '.join([f'*{old}'] * 10)}]\n" for old, new in zip("abcdefg", "bcdefgh", strict=True)
    )
    assert "error[KR109]" in renderer.fail("apiVersion: v1\nkind: A\n" + bomb)


def test_ten_megabytes_pass(renderer: Renderer) -> None:
    """Thousands of objects are no problem, and come out as they went in."""
    renderer.workspace("labels: {team: a}\n")
    one = yaml.safe_load(DEPLOYMENT)
    documents = [dump({**one, "metadata": {"name": f"web-{number}"}}) for number in range(3000)]
    documents += [config("large", data={"text": "x" * 70 + "\n"})] * 10
    filler = config("filler", data={"text": "line of text\n" * 80_000})
    stream = "---\n".join([*documents, *[filler] * 8])
    assert len(stream) > 10 << 20

    run = renderer.done(stream)

    assert 3018 == run.stdout.count("---\n")
    assert 640_000 == run.stdout.count("line of text\n")


def test_reading_and_writing_is_what_it_was() -> None:
    """Whatever the manifests, without policies the stream parses to the same, in order."""
    scalars = (
        st.none() | st.booleans() | st.integers(-(2**40), 2**40) | st.floats(allow_nan=False, allow_infinity=False)
    )
    texts = st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), max_size=8)
    values = st.recursive(
        scalars | texts,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
        max_leaves=8,
    )
    objects = st.fixed_dictionaries(
        {"apiVersion": st.just("v1"), "kind": st.sampled_from(["ConfigMap", "Thing", "Pod"])},
        optional={"metadata": st.fixed_dictionaries({"name": texts}) | st.none() | st.just({}), "data": values},
    )
    lists = st.fixed_dictionaries(
        {"apiVersion": st.just("v1"), "kind": st.just("List"), "items": st.lists(objects, max_size=3)}
    )

    @settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.lists(objects | lists, max_size=4), st.booleans())
    def check(manifests: list[dict[str, Any]], as_json: bool) -> None:  # noqa: FBT001 - hypothesis calls it
        parts = [json.dumps(each, ensure_ascii=True) if as_json else dump(each) for each in manifests]
        if any("\\ud" in part for part in parts):
            return  # JSON's surrogate pairs are no YAML
        found = Diagnostics()
        documents = read_stream("\n---\n".join(parts).encode(), stream_limits({}), found)
        items = items_of(documents, found)
        assert [] == [item.message for item in found.items]
        assert manifests == list(yaml.safe_load_all(write_stream(documents, [item.manifest for item in items])))

    check()


# --- the program


def test_typos_get_a_suggestion(renderer: Renderer) -> None:
    """Unknown options, values and workspaces are wrong usage or input, each with what may have been meant."""
    assert "unknown argument `--workspce`; did you mean `--workspace`?" in renderer.fail(
        config(), "--workspce=a", code=2
    )
    assert "can't be `sett`; did you mean `set`?" in renderer.fail(config(), "--namespace-policy", "sett", code=2)
    assert "did you mean `prod`?" in renderer.fail(config(), "--workspace", "prd")
    assert "--log needs a value" in renderer.fail(config(), "--log", code=2)
    assert "unknown argument `x`" in renderer.fail(config(), "x", code=2)
    assert "say which workspace's policies" in renderer.fail(config(), code=2, KUSION_RENDER_WORKSPACE="")


def test_the_log_gets_what_stderr_gets(renderer: Renderer, tmp_path: Path) -> None:
    """Helm 4 drops stderr; the log grows with each failure, wrong options included, and is not made for nothing."""
    log = tmp_path / "problems.log"
    renderer.done(config(), "--log", str(log))
    assert not log.exists()

    said = renderer.fail("kind: [", KUSION_RENDER_LOG=str(log))
    said += renderer.fail(config(), "--wrkspace=a", f"--log={log}", code=2)

    assert said == log.read_text()
    assert "the log `/nowhere/log` cannot be written" in renderer.fail("", "--log", "/nowhere/log")


def test_the_second_name_does_the_same(renderer: Renderer) -> None:
    """Helm 3 calls an executable by its name alone."""
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(PROJECT), "KUSION_RENDER_WORKSPACE": "prod"}
    script = "import sys; from kusion_render.__main__ import post_render; sys.exit(post_render())"
    run = subprocess.run(
        [sys.executable, "-c", script, "--namespace", "shop"],
        cwd=renderer.bench.root,
        env=environment,
        input=config().encode(),
        capture_output=True,
        check=False,
    )
    assert (0, b"") == (run.returncode, run.stderr)
    assert yaml.safe_load(config()) == yaml.safe_load(run.stdout)


def test_a_reader_that_has_gone_is_no_bug(renderer: Renderer) -> None:
    """`| head` ends quietly."""
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(PROJECT), "KUSION_RENDER_WORKSPACE": "prod"}
    with subprocess.Popen(
        [sys.executable, "-m", "kusion_render", "post-render"],
        cwd=renderer.bench.root,
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        assert process.stdin
        assert process.stdout
        assert process.stderr
        process.stdout.close()
        process.stdin.write((config(data={"a": "x" * 100_000}) + "---\n").encode() * 20)
        process.stdin.close()
        assert b"" == process.stderr.read()
    assert 1 == process.returncode


def test_help_and_completion_know_every_option(renderer: Renderer) -> None:
    """The command that click shows has the options that are read without it."""
    text = renderer.bench.run("post-render", "--help").stdout

    assert [] == [name for name in NAMES if f"--{name}" not in text]


def test_it_imports_nothing_heavy(renderer: Renderer, tmp_path: Path) -> None:
    """Neither the command-line library nor anything that costs start-up time, with `enforce` and without."""
    script = tmp_path / "run.py"
    script.write_text(
        dedent(
            """
            import sys
            before = set(sys.modules)
            from kusion_render.__main__ import post_render
            code = post_render()
            print('\\n'.join(sorted(set(sys.modules) - before)), file=sys.stderr)
            sys.exit(code)
            """
        )
    )
    for workspace in ("labels: {a: b}\n", 'enforce: {workload: {containers: {"*": {env: {A: b}}}}}\n'):
        renderer.workspace(workspace)
        run = subprocess.run(
            [sys.executable, str(script), "--workspace=prod"],
            cwd=renderer.bench.root,
            env={"PATH": os.environ["PATH"], "PYTHONPATH": str(PROJECT)},
            input=DEPLOYMENT.encode(),
            capture_output=True,
            text=False,
            check=False,
        )
        assert 0 == run.returncode, run.stderr
        modules = set(run.stderr.decode().split())
        assert set() == {name for name in modules if name in HEAVY or name.partition(".")[0] in HEAVY}
        cold = {"report", "placement", "pipeline"} - ({"pipeline"} if "enforce" in workspace else set())
        assert set() == modules & {f"kusion_render.{name}" for name in cold}
