"""Kusion's quirks, one test each: what it emits, we emit in kusion mode; where it crashes, drops or rolls dice, we don't.

The table with all of them is in docs/reference/kusion-compatibility.md.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, Final

import pytest
from workbench import PROJECT

if TYPE_CHECKING:
    from workbench import Run, Workbench

PAGE: Final = PROJECT / "docs/reference/kusion-compatibility.md"
# What databases in a cloud and the Spec bring along is tested in test_cloud.py.
ELSEWHERE: Final = {9, 10, 15, 19, 20}
SELECTOR: Final = {"app.kubernetes.io/name": "web", "app.kubernetes.io/part-of": "shop"}


def app(workload: dict[str, Any] | None = None, container: dict[str, Any] | None = None, **accessories: Any) -> str:
    """Return an app file, in JSON: a service, or what the workload says, with one container."""
    main = {"_type": "service.container.Container", "image": "acme/web:1", **(container or {})}
    whole = {"_type": "service.Service", "containers": {"main": main}, **(workload or {})}
    return json.dumps({"web": {"workload": whole, "accessories": accessories}})


def render(workbench: Workbench, text: str, **files: str) -> Run:
    """Render the stack `dev` of the project `shop` as Kusion would."""
    return workbench.app(text, **{"kusion-render.yaml": "compatibility: kusion\n", **files}).render()


def test_each_quirk_has_a_row_and_a_test() -> None:
    """The page has Q1 to Q20 in order, each with a decision; each decided here has its test."""
    rows = re.findall(r"^\| Q(\d+) \|.+\|.+\|$", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    tests = {int(name.split("_")[1][1:]) for name in globals() if re.match(r"test_q\d+_", name)}

    assert [str(number) for number in range(1, 21)] == rows
    assert set(range(1, 21)) - ELSEWHERE == tests


def test_q1_the_extension_reaches_the_namespace_and_the_secrets(workbench: Workbench) -> None:
    """As Kusion: all else stays in the project's namespace."""
    extension = """
        name: shop
        extensions:
        - {kind: kubernetesNamespace, kubernetesNamespace: {namespace: apart}}
        """
    files = {"shop/project.yaml": extension, "workspaces/dev.yaml": "secrets: {allowLiteral: true}\n"}
    secrets = {"token": {"_type": "service.secret.Secret", "type": "token", "data": {"token": "x"}}}

    made = render(workbench, app({"secrets": secrets}, network={"ports": [{"port": 80}]}), **files)

    found = {each["kind"]: each["metadata"].get("namespace") for each in made.manifests}
    assert {"Namespace": None, "Secret": "apart", "Service": "shop", "Deployment": "shop"} == found
    assert "apart" == made.manifest("Namespace")["metadata"]["name"]


def test_q2_two_accessories_of_a_module_both_count(workbench: Workbench) -> None:
    """Kusion keeps one of them, at random; ours makes both, and an object that comes of both is an error."""
    both = {"a": {"_type": "network.Network", "ports": [{"port": 80}]}}
    workbench.write({"shop/dev/role.yaml": "{apiVersion: v1, kind: ConfigMap, metadata: {name: a, namespace: shop}}\n"})
    raw = {"_type": "k8s_manifest.K8sManifest", "paths": ["role.yaml"]}

    assert render(workbench, app(**both, raw=raw)).manifest("ConfigMap", "a")

    workbench.app(app(**both, b=both["a"]), **{"kusion-render.yaml": "compatibility: kusion\n"})
    assert "Service `shop-dev-web-private` is made twice" in workbench.fail()


def test_q3_a_workload_with_inline_files_is_patched(workbench: Workbench) -> None:
    """Kusion takes no object for the workload then, and applies no patcher."""
    container = {"files": {"/etc/web/a.conf": {"content": "x", "mode": "0644"}}}

    made = render(workbench, app(container=container, metrics={"_type": "monitoring.Prometheus", "path": "/m"}))

    assert "true" == made.manifest("Deployment")["metadata"]["annotations"]["prometheus.io/scrape"]
    assert made.manifest("ConfigMap", "shop-dev-web-main-0")


def test_q4_a_mode_without_a_zero_is_decimal(workbench: Workbench) -> None:
    """As Kusion, which reads it as Go does; what Kubernetes then refuses, above 511, is read as it was meant."""
    files = {f"/etc/{mode}": {"content": "x", "mode": mode} for mode in ("0644", "400", "644")}

    made = render(workbench, app(container={"files": files})).manifest("Deployment")

    modes = [each["configMap"]["defaultMode"] for each in made["spec"]["template"]["spec"]["volumes"]]
    assert [0o644, 400, 0o644] == modes


def test_q5_a_volume_is_there_once(workbench: Workbench) -> None:
    """Kusion repeats a Secret's volume, which Kubernetes refuses."""
    files = {f"/etc/{key}": {"contentFrom": f"secret://keys/{key}"} for key in ("a", "b")}
    secrets = {"keys": {"type": "opaque", "data": {"a": "1", "b": "2"}}}
    two = {name: {"image": "acme/web:1", "files": files} for name in ("one", "two")}

    made = render(workbench, app({"containers": two, "secrets": secrets})).manifest("Deployment")

    pod = made["spec"]["template"]["spec"]
    assert ["keys"] == [each["name"] for each in pod["volumes"]]
    assert [2, 2] == [len(each["volumeMounts"]) for each in pod["containers"]]


def test_q6_a_jobs_probes_are_read(workbench: Workbench) -> None:
    """Kusion knows handlers by the names of `service` alone, and fails for a job's."""
    handler = {"_type": "job.container.probe.Http", "url": "http://localhost:80/x"}
    probe = {"_type": "job.container.probe.Probe", "probeHandler": handler}
    hook = {"preStop": {"_type": "job.container.probe.Exec", "command": ["true"]}}

    made = render(workbench, app({"_type": "job.Job"}, {"readinessProbe": probe, "lifecycle": hook})).manifest("Job")

    container = made["spec"]["template"]["spec"]["containers"][0]
    assert {"path": "/x", "port": 80, "scheme": "HTTP"} == container["readinessProbe"]["httpGet"]
    assert {"command": ["true"]} == container["lifecycle"]["preStop"]["exec"]


def test_q7_labels_of_a_workload_reach_its_services(workbench: Workbench) -> None:
    """Kusion crashes on them; meant are those of the app, without the platform's."""
    workspace = "modules: {service: {configs: {default: {labels: {by: platform}, annotations: {by: platform}}}}}\n"
    workload = {"labels": {"tier": "front"}, "annotations": {"note": "n"}}

    made = render(workbench, app(workload, network={"ports": [{"port": 80}]}), **{"workspaces/dev.yaml": workspace})

    service, deployment = made.manifest("Service")["metadata"], made.manifest("Deployment")["metadata"]
    assert {**SELECTOR, "tier": "front"} == service["labels"]
    assert {"note": "n"} == service["annotations"]
    assert {**SELECTOR, "tier": "front", "by": "platform"} == deployment["labels"]


@pytest.mark.parametrize(("user", "variables"), [("root", ["ROOT_PASSWORD"]), ("ann", ["USER", "PASSWORD"])])
def test_q8_a_local_database_is_kusions_with_a_valid_port_name(
    workbench: Workbench, user: str, variables: list[str]
) -> None:
    """A port name that ends in `-` is cut; that another user than root gets no password of root is as Kusion has it."""
    database = {"_type": "mysql.MySQL", "type": "local", "version": "8.0"}
    workspace = f"modules: {{mysql: {{configs: {{default: {{databaseName: shop-databases-a, username: {user}}}}}}}}}\n"

    made = render(workbench, app(db=database), **{"workspaces/dev.yaml": workspace})

    pod = made.manifest("Deployment", "shop-databases-a-db-local-deployment")["spec"]["template"]["spec"]
    assert "shop-databases" == pod["containers"][0]["ports"][0]["name"]
    assert [f"MYSQL_{name}" for name in variables] == [each["name"] for each in pod["containers"][0]["env"]]


def test_q11_monitoring_marks_the_workload_alone(workbench: Workbench) -> None:
    """As Kusion, though neither a monitor nor Prometheus finds the pods by it."""
    workspace = "modules: {monitoring: {configs: {default: {operatorMode: true, monitorType: Pod}}}}\n"
    accessory = {"_type": "monitoring.Prometheus", "path": "/m", "port": "http"}

    made = render(workbench, app(metrics=accessory), **{"workspaces/dev.yaml": workspace}).manifest("Deployment")

    assert "web" == made["metadata"]["labels"]["kusion_monitoring_appname"]
    assert SELECTOR == made["spec"]["template"]["metadata"]["labels"]


def test_q12_the_effective_kind_counts_for_a_rule(workbench: Workbench) -> None:
    """Kusion overlooks a CollaSet of the platform's; for a Deployment it makes nothing, and ours says so."""
    rule = {"_type": "opsrule.OpsRule", "maxUnavailable": "30%"}

    plain = render(workbench, app(rule=rule))
    assert ["Namespace", "Deployment"] == [each["kind"] for each in plain.manifests]
    assert "warning[KR341]" in plain.stderr

    platform = {"workspaces/dev.yaml": "modules: {service: {configs: {default: {type: CollaSet}}}}\n"}
    made = render(workbench, app(rule=rule), **platform).manifest("PodTransitionRule")
    assert "30%" == made["spec"]["rules"][0]["availablePolicy"]["maxUnavailableValue"]


MODULE: Final = '''
    """A patch that removes a field at the top."""

    VERSION = "1.0.0"


    def generate(request, diagnostics):
        from kusion_render.model import Patcher
        from kusion_render.modules import GeneratorResponse

        data = request.resource("v1", "ConfigMap", request.name, {"data": {"a": "b"}, "immutable": True})
        operations = [{"op": "remove", "path": "/immutable"}]
        return GeneratorResponse([data], Patcher(json_patches={data.id: {"type": "JSONPatch", "payload": operations}}))
'''


def test_q13_a_patch_removes_a_field_at_the_top(workbench: Workbench) -> None:
    """Kusion lays the result over what was there, so that the field stays."""
    entry = "[kusion_render.modules]\ntop = acme_top\n"
    workbench.write(
        {
            "packages/acme_top/__init__.py": MODULE,
            "packages/acme_top-1.dist-info/METADATA": "Metadata-Version: 2.1\nName: acme-top\nVersion: 1\n",
            "packages/acme_top-1.dist-info/entry_points.txt": entry,
        }
    )
    workbench.app(app(x={"_type": "top.Top"}), **{"kusion-render.yaml": "compatibility: kusion\n"})

    made = workbench.render(env={"PYTHONPATH": f"{PROJECT}:{workbench.root / 'packages'}"}).manifest("ConfigMap")

    assert {"apiVersion", "kind", "metadata", "data"} == made.keys()


def test_q14_a_cron_jobs_pods_are_patched(workbench: Workbench) -> None:
    """Kusion looks for the containers where a Deployment has them, and fails."""
    model = {"_type": "inference.v1.inference.Inference", "model": "llama3", "framework": "Ollama"}

    made = render(workbench, app({"_type": "job.Job", "schedule": "0 3 * * *"}, model=model)).manifest("CronJob")

    assert "template" not in made["spec"]
    pod = made["spec"]["jobTemplate"]["spec"]["template"]["spec"]
    assert [{"name": "INFERENCE_URL", "value": "proxy-infer-service"}] == pod["containers"][0]["env"]


def test_q16_what_kusion_ignores_is_accepted_and_ignored(workbench: Workbench) -> None:
    """An app's labels, a probe's grace period, parameters of a Secret, metadata of an extension; a workload has no `dirs`."""
    metadata = {"labels": {"a": "b"}, "annotations": {"c": "d"}}
    project = {"name": "shop", "extensions": [{"kind": "kubernetesMetadata", "kubernetesMetadata": metadata}]}
    files = {"shop/project.yaml": json.dumps(project), "workspaces/dev.yaml": "secrets: {allowLiteral: true}\n"}
    handler = {"_type": "service.container.probe.Exec", "command": ["true"]}
    probe = {"probeHandler": handler, "periodSeconds": 3}
    secret = {"type": "opaque", "data": {"a": "1"}}
    plain = render(workbench, app({"secrets": {"s": secret}}, {"livenessProbe": probe}), **files).stdout

    ignored = json.loads(
        app(
            {"secrets": {"s": {**secret, "params": {"p": "q"}}}},
            {"livenessProbe": {**probe, "terminationGracePeriod": 9}},
        )
    )
    ignored["web"].update(metadata)

    assert plain == render(workbench, json.dumps(ignored), **files).stdout

    workbench.app(app({"dirs": {"/a": "secret://s"}}), **{"kusion-render.yaml": "compatibility: kusion\n"})
    assert "help: belongs under `containers.<name>`" in workbench.fail()


def test_q17_nothing_is_random(workbench: Workbench) -> None:
    """Kusion makes up missing values and shuffles; ours asks for the values, and has one order."""
    names = ("c", "a", "b")
    headers = {f"X-{name}": "1" for name in names}
    probe = {"probeHandler": {"_type": "service.container.probe.Http", "url": "http://a:1/", "headers": headers}}
    spread = {name: {"maxSkew": 1, "topologyKey": name, "whenUnsatisfiable": "DoNotSchedule"} for name in names}
    secrets = {name: {"type": "opaque", "data": {"k": name}} for name in names}
    workload = {"secrets": secrets, "topologySpreadConstraints": spread}

    made = render(workbench, app(workload, {"readinessProbe": probe}))

    pod = made.manifest("Deployment")["spec"]["template"]["spec"]
    assert ["a", "b", "c"] == [each["metadata"]["name"] for each in made.manifests if each["kind"] == "Secret"]
    assert ["a", "b", "c"] == [each["topologyKey"] for each in pod["topologySpreadConstraints"]]
    found = pod["containers"][0]["readinessProbe"]["httpGet"]["httpHeaders"]
    assert ["X-a", "X-b", "X-c"] == [each["name"] for each in found]

    workbench.app(app({"secrets": {"s": {"type": "token"}}}), **{"kusion-render.yaml": "compatibility: kusion\n"})
    assert "error[KR321]" in workbench.fail()


def test_q18_stacks_share_namespace_and_selectors(workbench: Workbench) -> None:
    """As Kusion: only names tell dev and prod apart; a `namespace` of each stack parts them."""
    text = app(network={"ports": [{"port": 80}]})
    made = render(workbench, text, **{"shop/prod/stack.yaml": "name: prod\n", "shop/prod/app.yaml": text})

    services = [each for each in made.manifests if each["kind"] == "Service"]
    assert ["shop-dev-web-private", "shop-prod-web-private"] == sorted(each["metadata"]["name"] for each in services)
    assert [SELECTOR, SELECTOR] == [each["spec"]["selector"] for each in services]
    assert ["shop", "shop"] == [each["metadata"]["namespace"] for each in services]

    workbench.write({"shop/prod/stack.yaml": "name: prod\nnamespace: shop-prod\n"})
    apart = [each["metadata"]["namespace"] for each in workbench.render().manifests if each["kind"] == "Service"]
    assert ["shop", "shop-prod"] == sorted(apart)
