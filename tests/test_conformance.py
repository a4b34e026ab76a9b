"""Objects against Kubernetes' own schemas: what is found, in which versions, and where it was written."""

from __future__ import annotations

import copy
import json
from typing import TYPE_CHECKING, Any, Final

import pytest
import yaml
from workbench import EXAMPLES, PROJECT

from kusion_render.conformance import build, shipped
from kusion_render.conformance.catalogue import DATA, Catalogue
from kusion_render.schema.objects import _explained
from kusion_render.schema.quick import Quick

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from workbench import Workbench

VERSIONS: Final = list(shipped())
# Only what the schemas say is looked at here.
QUIET: Final = """
    lint:
      floating-image: "off"
      missing-requests: "off"
      missing-readiness-probe: "off"
"""
WORKLOAD: Final = """
web:
  workload:
    containers:
      web: {image: registry.example/web:1.0.0, ports: {http: 8080}}
"""
MANIFESTS: Final = "raw: {accessories: {k8s_manifest: {paths: [objects.yaml]}}}\n"
DEFINITION: Final = """
    apiVersion: apiextensions.k8s.io/v1
    kind: CustomResourceDefinition
    metadata: {name: widgets.example.com}
    spec:
      group: example.com
      scope: Namespaced
      names: {plural: widgets, singular: widget, kind: Widget}
      versions:
        - name: v1beta1
          served: true
          storage: false
          deprecated: true
          schema: {openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}}
        - name: v1
          served: true
          storage: true
          schema:
            openAPIV3Schema:
              type: object
              required: [spec]
              properties:
                spec:
                  type: object
                  required: [size, colour]
                  properties:
                    size: {x-kubernetes-int-or-string: true, pattern: "^[0-9]+%?$"}
                    colour: {type: string, enum: [red, green], default: red}
                    nick: {type: string, nullable: true, maxLength: 5}
                    free: {type: object, x-kubernetes-preserve-unknown-fields: true}
                    count: {type: integer, minimum: 0, exclusiveMinimum: true}
                    either: {type: object, properties: {a: {type: string}, b: {type: string}}, oneOf: [{required: [a]}, {required: [b]}]}
                    pod: {type: object, x-kubernetes-embedded-resource: true, x-kubernetes-preserve-unknown-fields: true}
"""
WIDGET: Final = "apiVersion: example.com/v1\nkind: Widget\nmetadata: {name: a}\n"


def wanted(*versions: str) -> list[str]:
    """Return the options that ask for versions."""
    return [word for version in versions for word in ("--kubernetes-version", version)]


def report(workbench: Workbench, app: str, *versions: str, exit_code: int = 1, **files: str) -> str:
    """Validate one app as stack `shop/dev`, and return the report."""
    workbench.app(app.lstrip("\n"), **{"workspaces/dev.yaml": QUIET, **files})
    run = workbench.run("validate", *wanted(*versions))
    assert exit_code == run.exit_code, run.stdout + run.stderr
    return run.stdout


def raw(workbench: Workbench, objects: str, *versions: str, exit_code: int = 1, **files: str) -> str:
    """Validate manifests of the stack `shop/dev`, and return the report."""
    return report(workbench, MANIFESTS, *versions, exit_code=exit_code, **{"shop/dev/objects.yaml": objects, **files})


@pytest.mark.parametrize("example", EXAMPLES)
def test_the_schemas_take_the_examples(example: Path, workbench: Workbench) -> None:
    """What an example renders to fits the schemas of the versions that it is for: of all, where it names none."""
    settings = yaml.safe_load((example / "kusion-render.yaml").read_text(encoding="utf-8")) or {}
    asked = () if "kubernetesVersions" in settings else VERSIONS
    run = workbench.run("validate", "--format", "json", *wanted(*asked), folder=str(example))

    assert 0 == run.exit_code, run.stdout
    assert [] == [each for each in json.loads(run.stdout)["diagnostics"] if each["code"].startswith("KR64")]


FINDINGS: Final = [
    (
        "podSpec: {hostNetwrk: true}",
        "5:15: error[KR640]: unknown field `hostNetwrk` in `spec.template.spec`",
        "`hostNetwork`",
    ),
    (
        "podSpec: {overhead: [1]}",
        "5:26: error[KR641]: `spec.template.spec.overhead` of Deployment `web` must be a map",
        "",
    ),
    (
        "podSpec: {priority: high}",
        "5:25: error[KR641]: `spec.template.spec.priority` of Deployment `web` must be a whole",
        "",
    ),
    (
        "podSpec: {volumes: [{emptyDir: {}}]}",
        "5:25: error[KR642]: `spec.template.spec.volumes[0]` of Deployment `web` has",
        "",
    ),
    ("strategy: {type: Recrate}", "5:22: error[KR643]: `spec.strategy.type` of Deployment `web` must be", "`Recreate`"),
    (
        "strategy: {rollingUpdate: {maxSurg: 1}}",
        "5:32: error[KR640]: unknown field `maxSurg` in `spec.strategy.rollingUpdate` of Deployment `web`",
        "did you mean `maxSurge`?",
    ),
    (
        "podSpec: {containers: [{name: web, resources: {limits: {cpu: 1 core}}}]}",
        "5:66: error[KR643]: `spec.template.spec.containers[0].resources.limits.cpu` of Deployment `web` must be a quantity",
        "",
    ),
    (
        "podSpec: {priority: 3000000000}",
        "5:25: error[KR643]: `spec.template.spec.priority` of Deployment `web` must be at",
        "",
    ),
]


@pytest.mark.parametrize(("line", "said", "advice"), FINDINGS, ids=[line for line, _, _ in FINDINGS])
def test_a_finding_is_at_the_line_to_edit(workbench: Workbench, line: str, said: str, advice: str) -> None:
    """What a workload passes on as it stands is told where it was written, with object and field."""
    found = report(workbench, WORKLOAD + f"    {line}\n")

    assert f"shop/dev/app.yaml:{said}" in found
    assert advice in found


def test_patches_and_services_are_traced_too(workbench: Workbench) -> None:
    """A patch, and what a Service is given beside ports, are told in their own lines."""
    found = report(
        workbench,
        WORKLOAD
        + """
  accessories:
    network:
      services:
        web: {ports: {http: 8080}, sessionAffinityConfig: {clientIP: {timeout: 5}}}
  patches:
    - target: {kind: Deployment}
      merge:
        spec:
          paused: "yes"
""",
    )

    assert (
        "shop/dev/app.yaml:9:71: error[KR640]: unknown field `timeout` in `spec.sessionAffinityConfig.clientIP` of Service `web`"
        in found
    )
    assert "shop/dev/app.yaml:14:19: error[KR641]: `spec.paused` of Deployment `web` must be true or false" in found
    assert "2 errors" in found


def test_a_manifest_is_told_in_its_own_file(workbench: Workbench) -> None:
    """The place is that of the manifest, also for a key."""
    found = raw(workbench, "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {a: b}\ndate:\n  c: d\n")

    assert "shop/dev/objects.yaml:5:1: error[KR640]: unknown field `date` in ConfigMap `a`" in found


def test_null_is_nothing(workbench: Workbench) -> None:
    """Where a field must be, null does not stand for it; where it need not, null is as good as no field."""
    objects = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: a, labels: null}\nspec: null\n"

    found = raw(workbench, objects)

    assert "objects.yaml:4:7: error[KR641]: `spec` of Deployment `a` must be a map, found null" in found
    assert "1 error\n" in found


def test_versions_are_merged(workbench: Workbench) -> None:
    """A finding is told once, with the versions in which it holds, and who knows the field."""
    found = report(
        workbench, WORKLOAD + "    podSpec: {hostnameOverride: a}\n", "1.30", "1.31", "v1.32.5", "1.34", exit_code=1
    )

    assert "(Kubernetes 1.30–1.32)" in found
    assert f"it is a field only in Kubernetes 1.34–{VERSIONS[-1]}" in found
    assert "1 error\n" in found


def test_who_says_the_version(workbench: Workbench) -> None:
    """The option wins over the workspace, the workspace over the repository; else it is the newest."""
    app = WORKLOAD + "    podSpec: {hostNetwrk: true}\n"
    settings = {"kusion-render.yaml": 'kubernetesVersions: [1.30, "1.31", v1.31.4]\n'}
    workspace = {"workspaces/dev.yaml": "kubernetesVersion: 1.33\n"}

    assert f"(Kubernetes {VERSIONS[-1]})" in report(workbench, app)
    assert "(Kubernetes 1.30–1.31)" in report(workbench, app, **settings)
    assert "(Kubernetes 1.33)" in report(workbench, app, **settings, **workspace)
    assert "(Kubernetes 1.29)" in report(workbench, app, "1.29", **settings, **workspace)


def test_unknown_versions(workbench: Workbench) -> None:
    """A version without schemas is an error of the settings, once for each, or of usage; both list what is known."""
    found = report(workbench, WORKLOAD, **{"kusion-render.yaml": 'kubernetesVersions: ["1.24", "1.31"]\n'})
    both = {
        "shop/prod/stack.yaml": "name: prod\nworkspace: dev\n",
        "workspaces/dev.yaml": "kubernetesVersion: '1.99'\n",
    }
    other = report(
        workbench,
        WORKLOAD,
        **both,
        **{"shop/prod/app.yaml": "web: {annotations: {a: b}}\n", "kusion-render.yaml": "{}\n"},
    )
    usage = workbench.run("validate", "--kubernetes-version", "1.2")

    assert "kusion-render.yaml:1:22: error[KR647]: the schemas of Kubernetes 1.24 are not known here\n" in found
    assert f"there are `{VERSIONS[-1]}`" in found
    assert 1 == other.count("error[KR647]")
    assert "workspaces/dev.yaml:1:20: error[KR647]: the schemas of Kubernetes 1.99" in other
    assert (2, True) == (usage.exit_code, "--kubernetes-version 1.2: its schemas are not known here" in usage.stderr)


APIS: Final = [
    ("policy/v1beta1", "PodDisruptionBudget", "error[KR644]: `policy/v1beta1` of PodDisruptionBudget `a` was removed in Kubernetes 1.25", "`apiVersion: policy/v1`"),
    ("autoscaling/v2beta2", "HorizontalPodAutoscaler", "was removed in Kubernetes 1.26", "write `apiVersion: autoscaling/v2`,"),
    ("policy/v1beta1", "PodSecurityPolicy", "error[KR644]", "Pod Security Admission"),
    ("extensions/v1beta1", "Ingress", "error[KR644]: `extensions/v1beta1` of Ingress `a` was removed in Kubernetes 1.22", "networking.k8s.io/v1"),
    ("networking.k8s.io/v1alpha1", "ClusterCIDR", "error[KR644]", "nothing has taken its place"),
    ("flowcontrol.apiserver.k8s.io/v1beta3", "FlowSchema", "warning[KR646]: `flowcontrol.apiserver.k8s.io/v1beta3` of FlowSchema `a` is deprecated, Kubernetes 1.32 removes it", "flowcontrol.apiserver.k8s.io/v1`"),
    ("resource.k8s.io/v1", "DeviceClass", "error[KR645]: `resource.k8s.io/v1` of DeviceClass `a` comes only with Kubernetes 1.34 (Kubernetes 1.31)", "resource.k8s.io/v1alpha3"),
    ("apps/v1", "Deploymnt", "error[KR645]: `apps/v1` of Deploymnt `a` is no API of Kubernetes", "did you mean `Deployment`?"),
    ("v1", "Deployment", "error[KR645]", "write `apiVersion: apps/v1`"),
    ("aps/v1", "Thing", "error[KR645]", "did you mean `apps/v1`?"),
]  # fmt: skip


@pytest.mark.parametrize(("api", "kind", "said", "advice"), APIS, ids=[f"{api} {kind}" for api, kind, _, _ in APIS])
def test_apis_that_come_and_go(workbench: Workbench, api: str, kind: str, said: str, advice: str) -> None:
    """An API that a version has no more, not yet or never is an error, one that will go a warning."""
    spec = {"PodDisruptionBudget": "spec: {}\n", "FlowSchema": "spec: {priorityLevelConfiguration: {name: a}}\n"}.get(
        kind, ""
    )
    objects = f"apiVersion: {api}\nkind: {kind}\nmetadata: {{name: a}}\n{spec}"

    found = raw(workbench, objects, "1.31", exit_code=0 if "KR646" in said else 1)

    assert f"shop/dev/objects.yaml:{2 if kind == 'Deploymnt' else 1}:" in found
    assert said in found
    assert advice in found


def test_endpoints_are_deprecated(workbench: Workbench) -> None:
    """A kind may go as a whole, with another in its place."""
    objects = "apiVersion: v1\nkind: Endpoints\nmetadata: {name: a}\n"

    assert "" == raw(workbench, objects, "1.32", exit_code=0)
    assert "use" not in raw(workbench, objects, "1.33", exit_code=0).partition("EndpointSlice")[0]
    assert "write an EndpointSlice" in raw(workbench, objects, "1.33", exit_code=0)


def test_custom_resources_of_the_repository(workbench: Workbench) -> None:
    """Objects are checked with the definitions below `customResourceDefinitions`."""
    files = {"kusion-render.yaml": "customResourceDefinitions: [crds/]\n", "crds/all/widget.yaml": DEFINITION}
    good = (
        WIDGET
        + "spec: {size: 5%, nick: null, colour: null, free: {a: 1}, count: 1, either: {a: x}, pod: {kind: Pod, spec: {}}}\n"
        "---\napiVersion: example.com/v1\nkind: Widget\nmetadata: {name: b}\nspec: {size: 5}\n"
    )
    bad = WIDGET + "spec: {size: 5x, nick: tootoolong, colour: blue, count: 0, either: {a: x, b: x}, sise: 1}\n"

    assert "" == raw(workbench, good, exit_code=0, **files)
    found = raw(workbench, bad, **files)
    for said in (
        "4:14: error[KR643]: `spec.size` of Widget `a` must be of the form `^[0-9]+%?$`, found `5x`\n",
        "4:24: error[KR643]: `spec.nick` of Widget `a` must have at most 5 characters\n",
        "4:44: error[KR643]: `spec.colour` of Widget `a` must be `red` or `green`, found `blue`\n",
        "4:57: error[KR643]: `spec.count` of Widget `a` must be more than 0\n",
        "4:75: error[KR643]: `a` and `b` exclude each other in `spec.either` of Widget `a`\n",
        "4:82: error[KR640]: unknown field `sise` in `spec` of Widget `a`\n",
    ):
        assert f"shop/dev/objects.yaml:{said}" in found
    assert "6 errors" in found


def test_versions_of_custom_resources(workbench: Workbench) -> None:
    """A version that the definition does not serve is an error, a deprecated one a warning; the rest is nobody's business."""
    files = {"kusion-render.yaml": "customResourceDefinitions: [crds/widget.yaml]\n", "crds/widget.yaml": DEFINITION}
    old = WIDGET.replace("example.com/v1", "example.com/v1beta1") + "any: thing\n"
    never = WIDGET.replace("example.com/v1", "example.com/v3")
    other = WIDGET.replace("example.com/v1", "other.example/v1") + "any: thing\n"

    assert "warning[KR646]: `example.com/v1beta1` of Widget is deprecated" in raw(workbench, old, exit_code=0, **files)
    assert "error[KR645]: the definition of Widget serves no `example.com/v3`" in raw(workbench, never, **files)
    assert "" == raw(workbench, other, exit_code=0, **files)


def test_a_rendered_definition_counts(workbench: Workbench) -> None:
    """A stack that brings its own definition has its objects checked with it."""
    from textwrap import dedent

    objects = dedent(DEFINITION).lstrip() + "---\n" + WIDGET + "spec: {size: 1, sise: 1}\n"

    assert "error[KR640]: unknown field `sise`" in raw(workbench, objects)


BAD_DEFINITIONS: Final = [
    (
        "kind: Other\napiVersion: v1\nmetadata: {name: a}\n",
        "kusion-render.yaml:1:29: error[KR648]: `crds` holds no Custom",
    ),
    ("apiVersion: apiextensions.k8s.io/v1beta1\nkind: CustomResourceDefinition\n", "crds/a.yaml:1:13: error[KR648]"),
    ("apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\n", "crds/a.yaml:1:1: error[KR648]"),
    (DEFINITION.replace("type: string", "type: [string]"), "error[KR648]: `spec.versions[1].schema.openAPIV3Schema"),
    (DEFINITION.replace("- name: v1beta1", "- null\n        - name: v1beta1"), "crds/a.yaml:9:7: error[KR648]"),
    ("a: [", "crds/a.yaml"),
]


@pytest.mark.parametrize(("text", "said"), BAD_DEFINITIONS, ids=range(len(BAD_DEFINITIONS)))
def test_bad_definitions(workbench: Workbench, text: str, said: str) -> None:
    """What Kubernetes would not take as a definition is told, not used."""
    files = {"kusion-render.yaml": "customResourceDefinitions: [crds]\n", "crds/a.yaml": text}

    assert said in report(workbench, WORKLOAD, **files)


@pytest.mark.parametrize(("path", "code"), [("../outside", "KR111"), ("nowhere", "KR110")])
def test_definitions_are_read_below_the_root(workbench: Workbench, path: str, code: str) -> None:
    """A path that leads out, or nowhere, is an error at the setting."""
    found = report(workbench, WORKLOAD, **{"kusion-render.yaml": f"customResourceDefinitions: [{path}]\n"})

    assert f"kusion-render.yaml:1:29: error[{code}]" in found


def test_odd_definitions_do_no_harm(workbench: Workbench) -> None:
    """A schema may hold patterns of another language, unknown types, and bounds that bind nothing."""
    odd = DEFINITION.replace(
        "count: {",
        r'deep: {type: strang, pattern: "\\p{Greek}(", multipleOf: 0, not: {enum: [x]}, items: [1]}, '
        "\n" + " " * 20 + "count: {",
    ).replace(", \n", "\n")
    files = {"kusion-render.yaml": "customResourceDefinitions: [crds]\n", "crds/a.yaml": odd}

    assert "" == raw(workbench, WIDGET + "spec: {size: 1, deep: 5}\n", exit_code=0, **files)
    assert "`not`" in raw(workbench, WIDGET + "spec: {size: 1, deep: x}\n", **files)


def test_what_others_fill_in_is_of_any_type(workbench: Workbench) -> None:
    """Flux's variables and the paths of a vault stand for values that nobody knows yet."""
    objects = """
        apiVersion: apps/v1
        kind: Deployment
        metadata: {name: a}
        spec:
          replicas: ${REPLICAS}
          paused: <path:secret/data/a#paused>
          strategy: {type: "${STRATEGY:=Recreate}"}
          selector: {matchLabels: {a: b}}
          template:
            metadata: {labels: {a: b}}
            spec:
              containers: [{name: a, image: "a:1", resources: {limits: {cpu: "${CPU}"}}}]
              terminationGracePeriodSeconds: some ${OTHER} text
        """

    assert "" == raw(workbench, objects, *VERSIONS, exit_code=0)
    assert "KR641" in raw(workbench, objects.replace("${REPLICAS}", '"$REPLICAS"'))


def test_secrets_stay_secret(workbench: Workbench) -> None:
    """What a Secret holds is not in a finding, and what SOPS has encrypted is not looked at."""
    settings = {"workspaces/dev.yaml": "secrets: {allowLiteral: true}\n"}
    objects = "apiVersion: v1\nkind: Secret\nmetadata: {name: a, namespace: x}\ndata: {a: hunter2!}\n"

    found = raw(workbench, objects, **settings)
    encrypted = raw(workbench, objects.replace("hunter2!", '"ENC[a]"') + "sops: {mac: a}\n", exit_code=0, **settings)

    assert "error[KR643]: `data.a` of Secret `a` must be base64" in found
    assert "hunter2" not in found
    assert "" == encrypted


def test_render_checks_on_request(workbench: Workbench) -> None:
    """`render` looks at schemas only if it is told to; then it prints no manifest that does not fit, receipt or not."""
    workbench.app(WORKLOAD + "    podSpec: {hostNetwrk: true}\n")
    output = ["--output", "out"]

    assert "hostNetwrk" in workbench.render().stdout
    assert "error[KR640]" in workbench.fail("--validate")
    assert 0 == workbench.run("render", *output).exit_code
    assert "error[KR640]" in workbench.fail("--validate", *wanted("1.30"), *output)
    assert "goes with --validate" in workbench.run("render", *wanted("1.30")).stderr


def test_several_processes_find_the_same(workbench: Workbench) -> None:
    """The report does not depend on who does the work."""
    workbench.app(WORKLOAD + "    podSpec: {hostNetwrk: true}\n")
    workbench.write({f"shop/s{number}/stack.yaml": f"name: s{number}\n" for number in range(4)})
    workbench.write({f"shop/s{number}/app.yaml": WORKLOAD + "    strategy: {type: a}\n" for number in range(4)})

    assert workbench.run("validate").stdout == workbench.run("validate", "-j", "3").stdout


def objects_of_examples() -> list[dict[str, Any]]:
    """Return one rendered object of each kind of the examples."""
    files = sorted((PROJECT / "examples").rglob("rendered/**/*.yaml"))
    found = [each for path in files for each in yaml.safe_load_all(path.read_text(encoding="utf-8")) if each]
    return list({(each["apiVersion"], each["kind"]): each for each in found}.values())


def broken(value: Any) -> Iterator[Any]:
    """Yield a value with one thing in it changed, in every place and several ways."""
    for other in (None, "x", 7, 1.5, True, [], {}, ["x"], {"x": 1}, "${X}"):
        if other != value or type(other) is not type(value):
            yield other
    if isinstance(value, dict):
        yield {**value, "unheard": 1}
        for key in value:
            yield {other: item for other, item in value.items() if other != key}
            for item in broken(value[key]):
                yield {**value, key: item}
    elif isinstance(value, list) and value:
        for item in broken(value[0]):
            yield [item, *value[1:]]


def test_both_ways_to_look_agree() -> None:
    """What is answered fast is what jsonschema says: for one broken object each, and for the whole one."""
    version = Catalogue().version(VERSIONS[-1])
    quick = Quick(version.definitions)
    counted = 0
    for manifest in objects_of_examples():
        name = version.kinds.get(f"{manifest['apiVersion']} {manifest['kind']}")
        # Some of all, for jsonschema takes its time.
        for other in [manifest, *list(broken(manifest))[::17]] if name else ():
            if isinstance(other, dict) and "kind" in other:
                before = copy.deepcopy(other)
                assert quick.fits(name, other) == (not _explained(name, other, version.definitions)), other
                assert before == other
                counted += 1
    assert counted > 100


def test_what_comes_along_is_whole_and_small() -> None:
    """Every reference leads somewhere in every version, every kind has a definition, and the licence is named."""
    catalogue = Catalogue()
    for name in catalogue.names:
        version = catalogue.version(name)
        referred = {each for schema in version.definitions.values() for each in build.references(schema)}
        assert set() == referred - set(version.definitions)
        assert {"apps/v1 Deployment", "v1 Service"} <= set(version.kinds)
    with open(DATA, encoding="utf-8") as stream:
        text = stream.read()

    assert "1.27" == VERSIONS[0]
    assert len(text) < 2_000_000
    assert "description" not in json.loads(text)["definitions"]["core.v1.Container"][0][1]
    assert "kubernetes.json" in (PROJECT / "NOTICE").read_text(encoding="utf-8")


def test_the_file_is_built_from_schemas(tmp_path: Path) -> None:
    """Versions share what is equal; a definition that goes is marked; what nobody writes is left out."""
    prefix = "io.k8s.api.core.v1."
    metadata = {"$ref": "#/$defs/io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta", "description": "Long."}
    of_kind = {"x-kubernetes-group-version-kind": [{"group": "", "version": "v1", "kind": "Thing"}]}
    for version, size in (("v1.26.0", "string"), ("v1.30.0", "string"), ("v1.31.0", "integer"), ("v1.32.0", None)):
        spec = {"type": "object", "description": "Long.", "properties": {"size": {"type": size, "format": "int32"}}}
        properties = {"metadata": metadata, "spec": {"$ref": f"#/$defs/{prefix}Spec"}, "status": {"type": "object"}}
        thing = {**of_kind, "type": "object", "properties": properties, "required": ["spec"]}
        definitions = {"io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta": {"type": "object"}, f"{prefix}Unused": {}}
        if size:
            definitions.update({f"{prefix}Spec": spec, f"{prefix}Thing": thing})
        folder = tmp_path / f"{version}-local"
        folder.mkdir()
        (folder / "_definitions.json").write_text(json.dumps({"$defs": definitions}))

    found = build.sources(str(tmp_path))
    made = json.loads(build.written({version: build.pruned(each) for version, each in found.items()}))

    assert ["1.30", "1.31", "1.32"] == made["versions"]
    assert {"v1 Thing": "core.v1.Thing"} == made["kinds"]
    assert ["1.30", "1.31", "1.32"] == [since for since, _ in made["definitions"]["core.v1.Spec"]]
    assert [None, "integer"] == [
        made["definitions"]["core.v1.Spec"][2][1],
        made["definitions"]["core.v1.Spec"][1][1]["properties"]["size"]["type"],
    ]
    assert {} == made["definitions"]["core.v1.Thing"][0][1]["properties"]["status"]
    assert "core.v1.Unused" not in made["definitions"]
