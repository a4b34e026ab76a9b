"""What Argo CD, Flux, Helm and Kubernetes ask of every renderer, one test a behaviour.

The numbers are those of the checklist that the output of every target obeys.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

import pytest
import yaml
from workbench import PROJECT, Workbench

from kusion_render.diagnostics import Diagnostics
from kusion_render.kubernetes.limits import shorten
from kusion_render.kubernetes.scopes import is_cluster_scoped
from kusion_render.model import Namespace, Project, Resource, Spec, Stack, Workspace
from kusion_render.targets.kubernetes import emit

GOLDEN: Final = sorted(
    [*(PROJECT / "tests/cases").rglob("expected/stdout.yaml"), *(PROJECT / "examples").glob("*/rendered/**/*.yaml")]
)
STREAMS: Final = {path.relative_to(PROJECT).as_posix(): path.read_text(encoding="utf-8") for path in GOLDEN}
# What is encrypted passes as it stands, for its checksum covers every field.
OBJECTS: Final = [
    (f"{name} {each['kind']}/{each['metadata']['name']}", each)
    for name, text in STREAMS.items()
    for each in yaml.safe_load_all(text)
    if "sops" not in each
]
# Cluster-scoped kinds that cases declare.
DECLARED: Final = ["Realm", "Tenant"]
SMALL: Final = """
web:
  workload: {containers: {web: {image: registry.example/web:1}}}
  accessories: {network: {ports: [{port: 80}]}}
"""
FIRST_KEYS: Final = ["apiVersion", "kind", "metadata", "spec"]
FIRST_METADATA: Final = ["name", "namespace", "labels", "annotations"]
# Lists that server-side apply merges, and by what.
MERGED_BY: Final = {
    "containers": ("name",),
    "initContainers": ("name",),
    "volumes": ("name",),
    "env": ("name",),
    "volumeMounts": ("mountPath",),
    "imagePullSecrets": ("name",),
}


def walk(data: Any, path: tuple[str | int, ...] = ()) -> list[tuple[tuple[str | int, ...], Any]]:
    """Return every part of plain data with its path."""
    found = [(path, data)]
    if isinstance(data, dict):
        found += [part for key, value in data.items() for part in walk(value, (*path, key))]
    elif isinstance(data, list):
        found += [part for at, item in enumerate(data) for part in walk(item, (*path, at))]
    return found


def ordered(keys: list[str], first: list[str]) -> list[str]:
    """Return keys as they ought to stand: the known ones first, then the alphabet."""
    known = [key for key in first if key in keys]
    return known + sorted(key for key in keys if key not in known)


def everything(workbench: Workbench) -> Workbench:
    """Copy the larger example into the workbench."""
    shutil.copytree(PROJECT / "examples/online-boutique", workbench.root, dirs_exist_ok=True)
    return workbench


def test_01_same_bytes_everywhere(workbench: Workbench, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Hash seed, locale, time zone, working folder and place on the disk change nothing."""
    wanted = everything(workbench).render(env={"PYTHONHASHSEED": "0"}).stdout
    other = everything(Workbench(tmp_path_factory.mktemp("elsewhere")))

    for env in ({"PYTHONHASHSEED": "1", "LC_ALL": "C"}, {"LC_ALL": "tr_TR.UTF-8", "TZ": "Asia/Tokyo"}):
        assert wanted == workbench.render(env=env).stdout
    assert wanted == other.render(folder="boutique").stdout


def test_02_nothing_of_the_moment_or_the_machine() -> None:
    """No timestamp, host name, absolute path or version of ours is in any output."""
    host = os.uname().nodename
    for name, text in STREAMS.items():
        assert not re.search(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d", text), name
        assert str(PROJECT) not in text, name
        assert "kusion-render" not in text, name
        assert not re.search(rf"\b{re.escape(host)}\b", text), name


def test_03_pure(workbench: Workbench) -> None:
    """A render opens no socket and starts no program."""
    workbench.app(SMALL)
    hook = (
        "import sys\n"
        "def refuse(event, arguments):\n"
        "    if event.startswith(('socket.', 'subprocess.', 'os.system', 'os.exec', 'os.fork', 'os.posix_spawn')):\n"
        "        raise SystemExit('refused: ' + event)\n"
        "sys.addaudithook(refuse)\n"
        "from kusion_render.cli import run\n"
        "raise SystemExit(run(['render']))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", hook],
        cwd=workbench.root,
        env={"PYTHONPATH": str(PROJECT)},
        capture_output=True,
        check=False,
    )

    assert (done.returncode, done.stderr) == (0, b"")


def test_04_needs_nothing_around_it(workbench: Workbench) -> None:
    """It works without `.git`, HOME and the cluster's versions, and writes nothing into the repository."""
    workbench.app(SMALL)
    before = sorted(workbench.root.rglob("*"))

    run = workbench.render(env={"KUBE_VERSION": "", "KUBE_API_VERSIONS": "", "HOME": ""})
    assert len(run.manifests) == 2
    assert before == sorted(workbench.root.rglob("*"))


@pytest.mark.parametrize(
    "app",
    [
        "web: [",
        "web: {workload: {contaners: {}}}",
        "web: {accessories: {netwrk: {}}}",
        "web: {workload: {containers: {web: {image: a, envFrom: [config/none]}}}}",
        "web: {workload: {containers: {web: {image: a}}, labels: {a: '-'}}}",
    ],
)
def test_05_stdout_holds_manifests_only(workbench: Workbench, app: str) -> None:
    """Whatever stage fails, stdout stays empty and the report is on stderr."""
    workbench.app(f"{app}\n", **{"shop/good/stack.yaml": "name: good\n", "shop/good/app.yaml": SMALL})

    assert "error[KR" in workbench.fail()


def test_06_empty_output_is_an_error(workbench: Workbench) -> None:
    """Nothing rendered is an error, unless the stack says that it is meant."""
    workbench.app("web: {enabled: false}\n")
    assert "KR516" in workbench.fail()

    workbench.write({"shop/dev/stack.yaml": "name: dev\nallowEmpty: true\n"})
    assert workbench.render().stdout == ""


def test_07_all_problems_or_all_objects(workbench: Workbench) -> None:
    """One bad part fails the run, and all bad parts are told at once."""
    workbench.app("web: {workload: {contaners: {}}}\nother: {workload: {containers: {a: {}}}}\n")
    workbench.write({"shop/prod/stack.yaml": "name: prod\n", "shop/prod/app.yaml": "web: [\n"})

    report = workbench.fail()
    assert "shop/dev/app.yaml:1:" in report
    assert "shop/dev/app.yaml:2:" in report
    assert "shop/prod/app.yaml:" in report


def test_08_errors_are_short_and_placed(workbench: Workbench) -> None:
    """A message begins with a relative path, line and column, holds no traceback, and fits a user interface."""
    report = workbench.app("web:\n  workload:\n    replica: 3\n    containers: {a: {image: b}}\n").fail()

    assert report.startswith("shop/dev/app.yaml:3:5: error[KR203]: ")
    assert "Traceback" not in report
    assert str(workbench.root) not in report
    assert len(report.encode()) < 4096


def test_09_objects_in_one_order(workbench: Workbench) -> None:
    """The order of apps and accessories in the files does not reach the output."""
    first = (
        "a: {workload: {containers: {c: {image: i}}}, accessories: {network: {ports: [{port: 80}]}, configs: {x: {}}}}"
    )
    same = (
        "a: {accessories: {configs: {x: {}}, network: {ports: [{port: 80}]}}, workload: {containers: {c: {image: i}}}}"
    )
    second = "b: {workload: {containers: {c: {image: i}}}}"
    wanted = workbench.app(f"{first}\n{second}\n").render()

    assert [each["kind"] for each in wanted.manifests] == ["ConfigMap", "Service", "Deployment", "Deployment"]
    assert wanted.stdout == workbench.app(f"{second}\n{same}\n").render().stdout


def test_10_keys_in_one_order() -> None:
    """Objects begin with apiVersion, kind, metadata and spec, metadata with name, namespace, labels, annotations."""
    for name, manifest in OBJECTS:
        assert ordered(list(manifest), FIRST_KEYS) == list(manifest), name
        assert ordered(list(manifest["metadata"]), FIRST_METADATA) == list(manifest["metadata"]), name


WORDS: Final = [
    "y",
    "n",
    "yes",
    "no",
    "on",
    "off",
    "true",
    "False",
    "null",
    "~",
    "1e3",
    "0o7",
    "012",
    "1_000",
    "12:30",
    "2024-01-01",
    "=",
    "<<",
    ".5",
    "0x1F",
    "08",
    "+1",
    "1.",
    ".inf",
    "-",
    "?",
    ":",
    "#",
    "%",
    "@",
    "`",
    "!",
    "&",
    "*",
    "|",
    ">",
    "[a]",
    "{a}",
    "a:",
    "'a'",
    "a#b",
]


def test_11_scalars_safe_for_every_reader(workbench: Workbench) -> None:
    """What one reader of YAML could take for something else than text is quoted."""
    container = {"image": "a", "env": {f"W{at}": word for at, word in enumerate(WORDS)}}
    text = yaml.safe_dump({"web": {"workload": {"containers": {"web": container}}}}, default_style='"')
    run = workbench.app(text).render()

    found = run.manifest("Deployment")["spec"]["template"]["spec"]["containers"][0]["env"]
    assert sorted(WORDS) == sorted(each["value"] for each in found)
    for word in WORDS[:24]:
        assert f'value: "{word}"' in run.stdout, word


def test_12_text_of_many_lines_survives(workbench: Workbench) -> None:
    """Clean text is a literal block, anything else is quoted, and both read back as they were."""
    texts = {
        "clean": "a\nb\n",
        "no-end": "a\nb",
        "spaces": "a \nb\n",
        "tab": "\ta\n",
        "cr": "a\r\nb\n",
        "high": "\U0001f600",
    }
    data = yaml.safe_dump({"web": {"accessories": {"configs": {"texts": {"data": texts}}}}})
    run = workbench.app(data).render()

    assert texts == run.manifest("ConfigMap")["data"]
    assert "  clean: |\n    a\n    b\n" in run.stdout


@pytest.mark.parametrize("name", STREAMS)
def test_13_plain_yaml(name: str) -> None:
    """There are no anchors, aliases, tags or merge keys."""
    special = (yaml.AnchorToken, yaml.AliasToken, yaml.TagToken)
    assert not any(isinstance(token, special) for token in yaml.scan(STREAMS[name]))
    assert not re.search(r"^\s*<<:", STREAMS[name], re.MULTILINE)


@pytest.mark.parametrize("name", STREAMS)
def test_14_one_document_one_object(name: str) -> None:
    """Every document is one object, none is a List or empty."""
    for document in yaml.safe_load_all(STREAMS[name]):
        assert isinstance(document, dict)
        assert not document["kind"].endswith("List")
        assert {"apiVersion", "kind", "metadata"} <= set(document)


def test_15_no_object_twice(workbench: Workbench) -> None:
    """The same object from two apps, or from two stacks on one workspace, is an error that names both."""
    one = "a: {accessories: {configs: {x: {}}}}\n"
    report = workbench.app(one + one.replace("a:", "b:")).fail()
    assert "KR511" in report
    assert "app.yaml:1:" in report
    assert "app.yaml:2:" in report

    stacks = {f"shop/{name}/stack.yaml": f"name: {name}\nworkspace: eu\nnamespace: shop\n" for name in ("dev", "prod")}
    workbench.app(one, **{**stacks, "shop/prod/app.yaml": one, "workspaces/eu.yaml": "{}\n"})
    report = workbench.fail()
    assert "KR515" in report
    assert "shop/dev" in report
    assert "shop/prod" in report


@pytest.mark.parametrize("policy", ["set", "omit"])
def test_16_namespace_policy(workbench: Workbench, policy: str) -> None:
    """`set` writes the namespace on every namespaced object, `omit` on none; cluster-scoped ones never have it."""
    app = SMALL.replace("network: {", "network: {ingressClass: {controller: a/b}, ")
    for manifest in workbench.app(app).render("--namespace-policy", policy).manifests:
        scoped = is_cluster_scoped(manifest["apiVersion"], manifest["kind"])
        wanted = None if scoped or policy == "omit" else "shop-dev"
        assert wanted == manifest["metadata"].get("namespace"), manifest["kind"]


def test_16_namespaced_or_not() -> None:
    """Exactly the namespaced kinds carry a namespace."""
    for name, manifest in OBJECTS:
        scoped = is_cluster_scoped(manifest["apiVersion"], manifest["kind"], DECLARED)
        assert scoped is ("namespace" not in manifest["metadata"]), name


def test_17_namespace_object_on_request(workbench: Workbench) -> None:
    """No Namespace object is made unless the stack asks for it."""
    workbench.app(SMALL)
    assert "Namespace" not in {each["kind"] for each in workbench.render().manifests}

    workbench.write({"shop/dev/stack.yaml": "name: dev\nnamespace: {name: live, create: true}\n"})
    assert workbench.render().manifest("Namespace")["metadata"] == {"name": "live"}


def test_18_cluster_scoped_objects_only_when_asked() -> None:
    """The only cluster-scoped kinds are those that users write out: Namespace, IngressClass, rights, raw manifests."""
    found = {
        each["kind"]
        for name, each in OBJECTS
        if is_cluster_scoped(each["apiVersion"], each["kind"]) and "/k8s_manifest/" not in name
    }
    assert found == {"Namespace", "IngressClass", "ClusterRole", "ClusterRoleBinding"}


def test_19_selectors_of_two_labels() -> None:
    """Selectors use the app's two labels, never the instance label, which Argo CD may overwrite."""
    for name, manifest in OBJECTS:
        spec = manifest.get("spec") or {}
        selector = spec.get("selector")
        if selector:
            keys = set(selector.get("matchLabels", selector))
            # Kusion's own monitors and databases, which are to stay what they are.
            kusion = ("/kusion-" in name or "/kusion/" in name) and keys in (
                {"kusion_monitoring_appname"},
                {"accessory"},
            )
            # Selectors that somebody wrote out.
            written = "/network/selectors/" in name or name.endswith((" Service/seats", " Service/front-all"))
            assert kusion or written or keys == {"app.kubernetes.io/name", "app.kubernetes.io/part-of"}, name
        assert "app.kubernetes.io/instance" not in yaml.safe_dump(manifest), name


FOREIGN: Final = (
    "argocd.argoproj.io/tracking-id",
    "argocd.argoproj.io/instance",
    "kustomize.toolkit.fluxcd.io/name",
    "meta.helm.sh/release-name",
    "kubectl.kubernetes.io/last-applied-configuration",
)


def test_20_37_nothing_that_tools_own() -> None:
    """No status, server-side metadata, owner, finalizer, node name, or other tool's bookkeeping is written."""
    for name, manifest in OBJECTS:
        assert "status" not in manifest, name
        owned = {
            "creationTimestamp",
            "managedFields",
            "resourceVersion",
            "uid",
            "ownerReferences",
            "finalizers",
            "selfLink",
        }
        for path, value in walk(manifest):
            if path and path[-1] == "metadata":
                assert not owned & set(value), name
        assert not any(key in yaml.safe_dump(manifest) for key in FOREIGN), name
        assert "nodeName" not in {path[-1] for path, _ in walk(manifest) if path}, name


@pytest.mark.parametrize("key", FOREIGN)
def test_20_refuses_what_tools_own(workbench: Workbench, key: str) -> None:
    """Writing another tool's bookkeeping is an error."""
    report = workbench.app(SMALL.replace("workload: {", f"workload: {{annotations: {{{key}: x}}, ")).fail()
    assert "KR312" in report


@pytest.mark.parametrize(
    ("where", "code"),
    [
        ("labels: {a: 'x y'}", "KR311"),
        (f"labels: {{a: {'x' * 64}}}", "KR311"),
        ("labels: {'-a': x}", "KR311"),
        ("annotations: {'a b': x}", "KR311"),
    ],
)
def test_21_labels_and_annotations_are_valid(workbench: Workbench, where: str, code: str) -> None:
    """What the API server would refuse is refused here, with the place it was written at."""
    report = workbench.app(SMALL.replace("workload: {", f"workload: {{{where}, ")).fail()
    assert code in report
    assert "shop/dev/app.yaml:2:" in report


def test_21_annotations_have_a_limit(workbench: Workbench) -> None:
    """All annotations of an object together hold at most 256 KiB."""
    app = SMALL.replace("workload: {", f"workload: {{annotations: {{a: {'x' * 262144}}}, ")
    assert "KR314" in workbench.app(app).fail()


def test_22_waves_are_opt_in(workbench: Workbench) -> None:
    """No object has a sync wave of ours; one that users write stays text and decides the order."""
    assert not any("sync-wave" in text for text in STREAMS.values())
    run = workbench.app(
        "late: {accessories: {configs: {a: {annotations: {argocd.argoproj.io/sync-wave: 1}}}}}\n"
        "soon: {workload: {annotations: {argocd.argoproj.io/sync-wave: -1}, containers: {c: {image: i}}}}\n"
    ).render()

    assert [each["kind"] for each in run.manifests] == ["Deployment", "ConfigMap"]
    assert run.manifests[0]["metadata"]["annotations"] == {"argocd.argoproj.io/sync-wave": "-1"}


FOREIGN_SYNTAX: Final = [
    "${HOME}",
    "$(VAR)",
    "$$(VAR)",
    "{{ .Values.a }}",
    "<path:kv/data#key>",
    "<key>",
    "%s",
    "$",
    "#{x}",
]


def test_27_foreign_syntax_passes(workbench: Workbench) -> None:
    """Placeholders of other tools reach the manifest as they were typed."""
    env = {f"A{at}": text for at, text in enumerate(FOREIGN_SYNTAX)}
    container = {"image": "a", "env": env, "args": FOREIGN_SYNTAX}
    data = {f"k{at}": text for at, text in enumerate(FOREIGN_SYNTAX)}
    app = {
        "workload": {"containers": {"web": container}, "annotations": env},
        "accessories": {"configs": {"c": {"data": data}}},
    }
    run = workbench.app(yaml.safe_dump({"web": app})).render()

    deployment = run.manifest("Deployment")
    made = deployment["spec"]["template"]["spec"]["containers"][0]
    assert sorted(FOREIGN_SYNTAX) == sorted(each["value"] for each in made["env"])
    assert made["args"] == FOREIGN_SYNTAX
    assert data == run.manifest("ConfigMap")["data"]
    assert env == deployment["metadata"]["annotations"]


def test_28_autoscaled_workloads_have_no_replicas() -> None:
    """Who has an autoscaler has no replicas that would fight it."""
    scaled = {
        (name.split()[0], each["spec"]["scaleTargetRef"]["kind"], each["spec"]["scaleTargetRef"]["name"])
        for name, each in OBJECTS
        if each["kind"] == "HorizontalPodAutoscaler" and "cases" in name
    }
    assert scaled
    for name, each in OBJECTS:
        if (name.split()[0], each["kind"], each["metadata"]["name"]) in scaled:
            assert "replicas" not in each["spec"], name


def test_29_no_empty_fields() -> None:
    """There are no nulls, empty maps or empty lists, but where an empty map is the value itself."""
    for name, manifest in OBJECTS:
        for path, value in walk(manifest):
            if value in (None, {}, []):
                # A role without rules grants nothing, which may be meant.
                assert path[-1] in {"emptyDir", "nodeAffinity", "podSelector", "rules"}, (name, path)


def test_30_values_stay_as_they_were_typed(workbench: Workbench) -> None:
    """Quantities keep their text, ports say their protocol, numbers stay numbers and names stay names."""
    run = workbench.app(
        "web: {workload: {containers: {web: {image: i, ports: {http: 80}, resources: {cpu: 0.5, memory: 1024Mi}}}},\n"
        "  accessories: {network: {ports: [{port: 80, targetPort: http}, {port: 81, targetPort: 8081}]}}}\n"
    ).render()

    container = run.manifest("Deployment")["spec"]["template"]["spec"]["containers"][0]
    assert container["resources"] == {"limits": {"cpu": "0.5", "memory": "1024Mi"}}
    assert container["ports"] == [{"name": "http", "containerPort": 80, "protocol": "TCP"}]
    ports = run.manifest("Service")["spec"]["ports"]
    assert [(port["protocol"], port["targetPort"]) for port in ports] == [("TCP", "http"), ("TCP", 8081)]


def test_31_lists_with_keys_have_unique_ones() -> None:
    """No two items of a list that server-side apply merges are the same one."""
    for name, manifest in OBJECTS:
        for path, value in walk(manifest):
            keys = MERGED_BY.get(str(path[-1])) if path else None
            if keys and isinstance(value, list):
                found = [tuple(item[key] for key in keys) for item in value]
                assert len(found) == len(set(found)), (name, path)
            if path and path[-1] == "ports" and isinstance(value, list):
                found = [(item.get("containerPort", item.get("port")), item.get("protocol", "TCP")) for item in value]
                assert len(found) == len(set(found)), (name, path)


def test_34_objects_have_a_limit(workbench: Workbench) -> None:
    """A ConfigMap of more than a mebibyte is refused before the API server does."""
    workbench.app("web: {accessories: {configs: {big: {files: {a: big.txt}}}}}\n")
    workbench.write({"shop/dev/big.txt": b"x" * (1024 * 1024 + 1)})
    assert "KR314" in workbench.fail()

    workbench.write({"shop/dev/big.txt": b"x" * (1024 * 1024)})
    assert len(workbench.render().manifest("ConfigMap")["data"]["a"]) == 1024 * 1024


def test_36_60_names_and_notes_are_text() -> None:
    """Every object has a name of its own, and labels, annotations and data hold strings."""
    for name, manifest in OBJECTS:
        assert "generateName" not in manifest["metadata"], name
        for path, value in walk(manifest):
            if (
                path
                and path[-1] in ("labels", "annotations", "matchLabels", "nodeSelector")
                and path[-2] != "hostDefaults"
            ):
                assert all(isinstance(text, str) for text in value.values()), (name, path)
        if manifest["kind"] in ("ConfigMap", "Secret"):
            assert all(isinstance(text, str) for text in manifest.get("data", {}).values()), name


@pytest.mark.parametrize(
    ("app", "limit"),
    [
        ("{workload: {schedule: '@daily', containers: {c: {image: i}}}}", 52),
        ("{workload: {module: job, containers: {c: {image: i}}}}", 63),
        ("{workload: {type: StatefulSet, containers: {c: {image: i}}}}", 52),
        ("{workload: {containers: {c: {image: i}}}, accessories: {network: {ports: [{port: 80}]}}}", 63),
    ],
)
def test_40_names_fit_their_kind(workbench: Workbench, app: str, limit: int) -> None:
    """The longest name of a kind renders, one character more is an error."""
    workbench.app(f"{'a' * limit}: {app}\n").render()
    report = workbench.app(f"{'a' * (limit + 1)}: {app}\n").fail()
    assert "KR31" in report


def test_40_made_names_are_shortened(workbench: Workbench) -> None:
    """A name that we put together keeps its beginning and ends in a hash where it would be too long."""
    name = "a" * 63
    app = f"{name}: {{workload: {{containers: {{c: {{image: i}}}}}},\n"
    app += "  accessories: {network: {ports: [{port: 80}, {port: 81, public: true}]}}}\n"
    names = {each["metadata"]["name"] for each in workbench.app(app).render().manifests if each["kind"] == "Service"}

    assert {name, shorten(f"{name}-public", 63)} == names


@pytest.mark.parametrize(
    "use",
    [
        "containers: {c: {image: i, envFrom: [config/none]}}",
        "containers: {c: {image: i, env: {A: secret://none/key}}}",
        "containers: {c: {image: i, files: {/a: {contentFrom: config://none/key}}}}",
        "containers: {c: {image: i, dirs: {/a: secret://none}}}",
        "containers: {c: {image: i}}, serviceAccount: none",
        "containers: {c: {image: i}}, imagePullSecrets: [none]",
        "containers: {c: {image: i, dirs: {/a: {source: {persistentVolumeClaim: {claimName: none}}}}}}",
    ],
)
def test_42_references_lead_somewhere(workbench: Workbench, use: str) -> None:
    """A ConfigMap, Secret, ServiceAccount or claim that is used must exist or be said to live elsewhere."""
    report = workbench.app(f"web: {{workload: {{{use}}}}}\n").fail()
    assert "error[KR326]" in report
    assert "`none` is not in this stack" in report


def files_of(*manifests: dict[str, Any]) -> list[str]:
    """Return the names of the files that these objects are written to."""
    project = Project("shop", "shop", "shop/project.yaml", {})
    stack = Stack("dev", project, "shop/dev", "shop/dev/stack.yaml", {}, ("",))
    resources = [Resource(manifest, "test") for manifest in manifests]
    return [
        Path(path).name
        for path in emit([Spec(stack, Workspace("", "", {}), Namespace("shop"), resources)], {}, Diagnostics())
    ]


def test_50_file_names_for_every_file_system() -> None:
    """File names are lower-case, free of `:` and `%`, short enough, and no two are one on macOS or Windows."""
    role = {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole"}
    names = ["system:view", "System-View", "system%view", "x" * 300]
    made = files_of(
        *({**role, "metadata": {"name": name}} for name in names),
        {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "web", "namespace": "a"}},
        {"apiVersion": "serving.knative.dev/v1", "kind": "Service", "metadata": {"name": "web", "namespace": "a"}},
    )

    assert len({name.lower() for name in made}) == 6
    for name in made:
        assert name == name.lower()
        assert re.fullmatch(r"[a-z0-9._-]+\.yaml", name), name
        assert len(name.encode()) <= 255
    assert {"service-web.yaml", "service.serving.knative.dev-web.yaml"} <= set(made)


def test_50_files_hold_what_the_stream_holds(workbench: Workbench) -> None:
    """Folder and stream hold the same objects, one a file."""
    everything(workbench)
    stream = workbench.render("boutique/prod").manifests
    workbench.render("boutique/prod", "--output", "out")
    written = [yaml.safe_load(path.read_text(encoding="utf-8")) for path in (workbench.root / "out").rglob("*.yaml")]

    key = lambda each: (each["kind"], each["metadata"]["name"])  # noqa: E731 - a name for two uses in one line each
    assert sorted(stream, key=key) == sorted(written, key=key)


@pytest.mark.integration
def test_kubectl_reads_everything(tmp_path: Path) -> None:
    """Kubectl takes every object of cases and examples for one it knows, or at least for an object."""
    kubectl = shutil.which("kubectl")
    if kubectl is None:
        if os.environ.get("KR_REQUIRE_TOOLS"):
            pytest.fail("kubectl is not installed")
        pytest.skip("kubectl is not installed")
    for number, text in enumerate(STREAMS.values()):
        (tmp_path / f"{number:04}.yaml").write_text(text, encoding="utf-8")
    done = subprocess.run(
        [kubectl, "annotate", "--local", "-f", str(tmp_path), "-o", "name", "read=yes"],
        env={"KUBECONFIG": "/dev/null", "HOME": str(tmp_path), "PATH": os.environ["PATH"]},
        capture_output=True,
        check=False,
        timeout=120,
    )

    assert done.returncode == 0, done.stderr.decode()
    assert sum(len([*yaml.safe_load_all(text)]) for text in STREAMS.values()) == len(done.stdout.split())
