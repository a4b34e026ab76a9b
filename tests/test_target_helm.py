"""The target `helm`: charts that come to the plain manifests, and that people can set."""

from __future__ import annotations

import hashlib
import json
import re
import subprocess
import tarfile
from io import BytesIO
from typing import TYPE_CHECKING, Any, Final

import jsonschema
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from specs import manifest, spec
from test_target_texts import NASTY, PLAIN, PROFILE, TEXTS
from tools import tool
from workbench import PROJECT, Workbench

from kusion_render.diagnostics import Diagnostics, UsageError
from kusion_render.targets.helm import charts, emit
from kusion_render.targets.helm.template import Field, Fields, Literal, template
from kusion_render.targets.helm.union import merged_order
from kusion_render.targets.helm.values import camel, documented
from kusion_render.targets.helm.workload import image_parts

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

EXAMPLES: Final = sorted(path.parent for path in (PROJECT / "examples").glob("*/kusion-render.yaml"))
CASES: Final = sorted(
    path.parent
    for path in (PROJECT / "tests/cases").glob("**/repo/kusion-render.yaml")
    if (path.parent.parent / "expected/stdout.yaml").is_file()
)

BASE: Final = """
web:
  protect: true
  workload:
    containers:
      web:
        image: registry.example/web:1.0.0
        ports: {http: 8080}
        env: {FIRST: "1", SECOND: $(FIRST), TOKEN: {secret: login, key: token}}
        resources: {cpu: 50m-200m, memory: 64Mi-128Mi}
        dirs: {/etc/web: config://settings}
      side: {image: registry.example/side}
  accessories:
    configs: {settings: {data: {level: info, theme: "{{ dark }}"}}}
    secrets: {login: {data: {token: hush}}}
    network: {ports: [{port: 80, targetPort: http}], hosts: [web.example.com]}
worker:
  workload:
    type: StatefulSet
    containers: {worker: {image: registry.example/worker:1, dirs: {/data: {volume: {size: 1Gi}}}}}
nightly:
  workload: {schedule: "0 3 * * *", containers: {nightly: {image: registry.example/nightly:1}}}
before:
  workload: {module: job, phase: before, containers: {before: {image: registry.example/before:1}}}
after:
  workload: {module: job, phase: after, containers: {after: {image: registry.example/after:1}}}
with:
  workload: {module: job, phase: with, containers: {with: {image: registry.example/with:1}}}
"""
PROD: Final = """
web:
  workload:
    nodeSelector: {disk: ssd}
    strategy: {type: Recreate}
    containers:
      web: {image: registry.example/web:2.0.0, env: {SECOND: null, THIRD: "3"}, livenessProbe: {tcpSocket: {port: 8080}}}
      third: {image: registry.example/third:3, env: {A: b}}
  accessories:
    configs: {settings: {data: {level: warn}}}
    autoscaling: {min: 2, max: 5, cpu: 50}
    network: {hosts: [web.example.org, www.example.org]}
worker: {workload: {containers: {worker: {dirs: {/data: {volume: {size: 9Gi}}}}}}}
extra: {workload: {containers: {extra: {image: registry.example/extra:1}}}}
"""


@pytest.fixture
def shop(workbench: Workbench) -> Workbench:
    """Two stacks, of which prod differs in values and in structure."""
    return workbench.write(
        {
            "kusion-render.yaml": "compatibility: native\n",
            "shop/project.yaml": "name: shop\n",
            "shop/base/app.yaml": BASE,
            "shop/dev/stack.yaml": "name: dev\n",
            "shop/prod/stack.yaml": "name: prod\n",
            "shop/prod/app.yaml": PROD,
            "workspaces/dev.yaml": "secrets: {allowLiteral: true}\nlabels: {tier: dev}\n",
            "workspaces/prod.yaml": "secrets: {allowLiteral: true}\nlabels: {tier: prod}\n",
        }
    )


def render(bench: Workbench, *arguments: str) -> Path:
    """Render charts and return their folder."""
    run = bench.run("render", "--target", "helm", "--output", "charts", *arguments)
    assert run.exit_code == 0, run.stderr
    return bench.root / "charts"


def values(chart: Path, stack: str) -> Any:
    """Return the values of a stack, merged as Helm merges them."""
    base = yaml.safe_load((chart / "values.yaml").read_text(encoding="utf-8"))
    return merged(base, yaml.safe_load((chart / f"values-{stack}.yaml").read_text(encoding="utf-8")))


def merged(below: Any, above: Any) -> Any:
    """Lay values over others: maps merge, null takes away, all else replaces."""
    if not (isinstance(below, dict) and isinstance(above, dict)):
        return above
    result = {key: value for key, value in below.items() if above.get(key, value) is not None or key not in above}
    for key, value in above.items():
        if value is not None:
            result[key] = merged(below.get(key), value)
    return result


def helm(chart: Path, *arguments: str, ok: bool = True) -> str:
    """Run `helm template` and return what it prints, stderr where it fails."""
    done = subprocess.run(
        [tool("helm"), "template", "release", str(chart), "--namespace", "shop-dev", *arguments],
        capture_output=True,
        check=False,
        timeout=60,
    )
    assert (done.returncode == 0) is ok, done.stderr.decode()
    return (done.stdout if ok else done.stderr).decode()


# What a chart holds.


def test_a_chart_for_each_app(shop: Workbench) -> None:
    """Each app has a chart of its own, with the files that Helm's users expect."""
    folder = render(shop)
    chart = folder / "shop/web"

    assert {"after", "before", "extra", "nightly", "web", "with", "worker"} == {
        each.name for each in (folder / "shop").iterdir()
    }
    assert {
        ".helmignore", "Chart.yaml", "templates", "values-dev.yaml", "values-prod.yaml", "values.schema.json", "values.yaml",
    } == {each.name for each in chart.iterdir()} - {".kusion-render"}  # fmt: skip
    assert {
        "_helpers.tpl", "configmap-settings.yaml", "deployment-web.yaml", "horizontalpodautoscaler-web.yaml",
        "ingress-web.yaml", "NOTES.txt", "secret-login.yaml", "service-web.yaml", "tests",
    } == {each.name for each in (chart / "templates").iterdir()} - {".kusion-render"}  # fmt: skip
    assert {
        "apiVersion": "v2",
        "name": "web",
        "description": "web of the project shop",
        "type": "application",
        "version": "0.1.0",
        "appVersion": "1.0.0",
    } == yaml.safe_load((chart / "Chart.yaml").read_text())


def test_a_chart_for_the_project(shop: Workbench) -> None:
    """`--chart-per project` puts all apps into one chart, each with values of its own."""
    chart = render(shop, "--chart-per", "project") / "shop"
    base = yaml.safe_load((chart / "values.yaml").read_text())

    assert "shop" == yaml.safe_load((chart / "Chart.yaml").read_text())["name"]
    assert "registry.example/web" == base["web"]["image"]["repository"]
    assert {"tier": "dev"} == base["commonLabels"]
    assert base["extra"]["workload"] == {"enabled": False}


def test_values_are_few_and_told(shop: Workbench) -> None:
    """values.yaml is the first stack's, a stack's file holds only what differs, and each value has a comment."""
    chart = render(shop) / "shop/web"
    text = (chart / "values.yaml").read_text(encoding="utf-8")
    base, prod = yaml.safe_load(text), yaml.safe_load((chart / "values-prod.yaml").read_text(encoding="utf-8"))

    assert {"FIRST": "1", "SECOND": "$(FIRST)", "TOKEN": {"secretKeyRef": {"name": "login", "key": "token"}}} == base[
        "env"
    ]
    assert {"SECOND": None, "THIRD": "3"} == prod["env"]
    assert {"image": {"tag": "2.0.0"}, "strategy": {"enabled": True}} == {
        key: prod[key] for key in ("image", "strategy")
    }
    assert {} == yaml.safe_load((chart / "values-dev.yaml").read_text())
    assert "# -- How many pods." in text
    assert ["web.example.com"] == base["ingress"]["hosts"]


def test_what_is_literal_is_not_a_template(shop: Workbench) -> None:
    """`{{` of a user stays text, in values and in templates."""
    shop.write({"shop/dev/app.yaml": 'web: {annotations: {note: "{{ fail \\"x\\" }}"}}\n'})
    chart = render(shop, "shop/dev") / "shop/web"

    assert '"{{ "{{" }} fail \\"x\\" }}"' in (chart / "templates/deployment-web.yaml").read_text()
    assert "{{ dark }}" == yaml.safe_load((chart / "values.yaml").read_text())["configMap"]["data"]["theme"]
    assert "lookup" not in "".join(path.read_text() for path in chart.rglob("*.yaml"))


def test_protect_and_phases_are_helms(shop: Workbench) -> None:
    """`protect` keeps objects when the release goes; a Job with a phase is a hook."""
    folder = render(shop) / "shop"

    assert "helm.sh/resource-policy: keep" in (folder / "web/templates/deployment-web.yaml").read_text()
    before = (folder / "before/templates/job-before.yaml").read_text()
    assert "helm.sh/hook: pre-install,pre-upgrade\n" in before
    assert "helm.sh/hook-delete-policy: before-hook-creation,hook-succeeded\n" in before
    assert "helm.sh/hook: post-install,post-upgrade\n" in (folder / "after/templates/job-after.yaml").read_text()
    assert "helm.sh/hook: post-install,post-upgrade\n" in (folder / "with/templates/job-with.yaml").read_text()


def test_our_labels_stay_out_of_selectors(shop: Workbench) -> None:
    """The labels that a chart adds are in the metadata of objects alone."""
    text = (render(shop) / "shop/web/templates/deployment-web.yaml").read_text()

    assert 1 == text.count('include "web.labels"')
    assert "include" not in text.partition("selector:")[2].partition("template:")[0]


def test_an_object_keeps_its_own_labels() -> None:
    """A label that an object has already is not written a second time."""
    mine = manifest("ConfigMap", data={"a": "b"}, metadata={"labels": {"app.kubernetes.io/version": "9"}})
    files = emit([spec("dev", mine)], {}, Diagnostics())

    assert "version" not in str(files["shop/web/templates/_helpers.tpl"])
    assert {"app.kubernetes.io/version": "9"} == yaml.safe_load(str(files["shop/web/values.yaml"]))["commonLabels"]


# Options.


def test_packages_are_the_same_bytes(shop: Workbench) -> None:
    """`--package` writes an archive whose bytes depend on its files alone; Chart.yaml is its first entry."""
    folder = render(shop, "--package", "--chart-version", "1.2.3", "--app-version", "2026.1")
    first = (folder / "packages/shop/web-1.2.3.tgz").read_bytes()
    digest = hashlib.sha256(first).hexdigest()
    run = shop.run("render", "-t", "helm", "-o", "other", "--package", "--chart-version", "1.2.3", "--app-version", "2026.1",
                   env={"PYTHONHASHSEED": "7", "TZ": "Asia/Tokyo"})  # fmt: skip

    assert 0 == run.exit_code
    assert digest == hashlib.sha256((shop.root / "other/packages/shop/web-1.2.3.tgz").read_bytes()).hexdigest()
    with tarfile.open(fileobj=BytesIO(first)) as archive:
        entries = archive.getmembers()
        content = archive.extractfile("web/Chart.yaml")
        assert content is not None
        assert "2026.1" == yaml.safe_load(content.read())["appVersion"]
    assert "web/Chart.yaml" == entries[0].name
    assert [entry.name for entry in entries[1:]] == sorted(entry.name for entry in entries[1:])
    assert {(0, 0, 0, 0o644)} == {(entry.mtime, entry.uid, entry.gid, entry.mode) for entry in entries}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--package"], "--package is for --target helm, not for `kubernetes`"),
        (["--chart-per", "app"], "--chart-per is for --target helm, not for `kubernetes`"),
        (
            ["--target", "helm", "--kustomization", "-o", "out"],
            "--kustomization is for --target kubernetes, not for `helm`",
        ),
        (["--target", "helm", "--chart-version", "1.2", "-o", "out"], "`1.2` is no semantic version"),
        (["--target", "helm"], "target `helm` makes files; say --output DIR"),
    ],
)
def test_wrong_usage(shop: Workbench, arguments: list[str], said: str) -> None:
    """An option of another target is refused, as is a version that Helm would refuse."""
    run = shop.run("render", *arguments)

    assert (2, "") == (run.exit_code, run.stdout)
    assert said in run.stderr


def test_charts_are_the_same_with_jobs(shop: Workbench) -> None:
    """Several processes make the same files."""
    one = {
        path.relative_to(shop.root / "charts"): path.read_bytes() for path in render(shop).rglob("*") if path.is_file()
    }
    shop.run("render", "--target", "helm", "--output", "two", "--jobs", "2")

    assert one == {
        path.relative_to(shop.root / "two"): path.read_bytes()
        for path in (shop.root / "two").rglob("*")
        if path.is_file()
    }


# Values, schema and the pieces.


def test_the_schema_takes_the_values_and_refuses_wrong_ones(shop: Workbench) -> None:
    """Each stack's values fit values.schema.json; wrong types and unknown keys do not."""
    for chart in sorted((render(shop) / "shop").iterdir()):
        schema = json.loads((chart / "values.schema.json").read_text())
        jsonschema.Draft7Validator.check_schema(schema)
        for stack in ("dev", "prod"):
            jsonschema.validate(values(chart, stack), schema)
        for wrong in ({"replicas": "two"}, {"image": "web"}, {"imag": {}}, {"env": {"A": 1}}, {"commonLabels": {"a": 1}},
                      {"commonLabels": {"helm.sh/chart": "x"}}):  # fmt: skip
            with pytest.raises(jsonschema.ValidationError):
                jsonschema.validate({**values(chart, "dev"), **wrong}, schema)
        jsonschema.validate({**values(chart, "dev"), "global": {"x": 1}, "enabled": True}, schema)


@pytest.mark.parametrize(
    ("image", "parts"),
    [
        ("web", ("web", "", "")),
        ("web:1", ("web", "1", "")),
        ("localhost:5000/web", ("localhost:5000/web", "", "")),
        ("localhost:5000/a/web:1@sha256:ab", ("localhost:5000/a/web", "1", "sha256:ab")),
        ("web@sha256:ab", ("web", "", "sha256:ab")),
        ("web@", ("web@", "", "")),
        (":1", (":1", "", "")),
        ("web:", ("web:", "", "")),
        ("", ("", "", "")),
    ],
)
def test_images_come_apart(image: str, parts: tuple[str, str, str]) -> None:
    """Repository, tag and digest are the image again when they are put together."""
    repository, tag, digest = image_parts(image)

    assert parts == (repository, tag, digest)
    assert image == repository + (f":{tag}" if tag else "") + (f"@{digest}" if digest else "")


@pytest.mark.parametrize(
    ("orders", "expected"),
    [
        ([["a", "b"], ["a", "c", "b"]], ["a", "c", "b"]),
        ([["a", "b"], ["b", "a"]], None),
        ([["a"], ["b"]], ["a", "b"]),
        ([[], ["a"]], ["a"]),
    ],
)
def test_orders_are_merged(orders: list[list[str]], expected: list[str] | None) -> None:
    """One order holds all orders, or there is none."""
    assert expected == merged_order(orders)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("redis-cart", "redisCart"),
        ("web", "web"),
        ("A.B_c", "ABC"),
        ("9x", "n9x"),
        ("ünï", "n"),
        ("-", "value"),
        ("on", "onValue"),
    ],
)
def test_names_of_values(name: str, expected: str) -> None:
    """A name becomes a key that templates can write after a dot, and that no YAML reader takes for something else."""
    assert expected.isidentifier()
    assert camel(name).isidentifier()
    if name not in ("A.B_c", "ünï"):
        assert expected == camel(name)


def printed(text: str) -> str:
    """Return what a template prints that holds nothing but texts: Go's strings, bare or quoted."""

    def show(match: re.Match[str]) -> str:
        text = json.loads(re.sub(r"\\U([0-9a-f]{8})", lambda code: json.dumps(chr(int(code[1], 16)))[1:-1], match[1]))
        return json.dumps(text) if match[2] else str(text)

    return re.sub(r'\{\{ ("(?:[^"\\]|\\.)*")( \| quote)? \}\}', show, text)


@PROFILE
@given(PLAIN | st.lists(TEXTS), TEXTS)
def test_literals_read_back(content: Any, key: str) -> None:
    """Whatever stands in a template as it is, Helm prints as it is."""
    data = {key or "k": content}
    text = template(Fields([Field(Literal(value), name) for name, value in data.items()]))

    assert data == yaml.load(printed(text), Loader=yaml.CSafeLoader)


@PROFILE
@given(st.lists(st.tuples(TEXTS, TEXTS), min_size=1, max_size=4))
def test_values_files_merge_to_each_stacks_values(pairs: list[tuple[str, str]]) -> None:
    """values.yaml reads back as the defaults, and laid over it a stack's file gives that stack's texts."""
    both = [{f"k{at}": pair[number] for at, pair in enumerate(pairs) if pair[number] != "a"} for number in (0, 1)]
    specs = [
        spec(stack, manifest("ConfigMap", stack=stack, **({"data": data} if data else {})))
        for stack, data in zip(("dev", "prod"), both, strict=True)
    ]
    ((_, _, chart),) = charts(specs, "app", Diagnostics())
    base = yaml.load(documented(chart.values, ["A title."]), Loader=yaml.CSafeLoader)

    assert chart.values.defaults() == base
    if any(both):
        assert both == [merged(base, chart.values.differences(at))["configMap"]["data"] for at in (0, 1)]


def test_nasty_texts_are_in_the_list() -> None:
    """The list keeps what other renderers broke on."""
    assert {"{{", "yes", "0755", "a\n\n", "\u2028"} <= set(NASTY)


# What a chart can't hold.


def problems(*specs: Any) -> list[tuple[str, str]]:
    """Return the diagnostics of rendering charts."""
    found = Diagnostics()
    emit(specs, {}, found)
    assert all(item.help for item in found.items)
    return [(item.rule.code, item.message) for item in found.items]


def thing(stack: str, content: Any) -> dict[str, Any]:
    """Return a custom resource."""
    return manifest("Thing", api="example.com/v1", stack=stack, spec={"content": content, "size": 1})


def test_what_no_value_can_be() -> None:
    """Null, large numbers and control characters can't differ between stacks; where all stacks have them they stay."""
    for wrong in (None, 1 << 60, ["\x7f"]):
        (found,) = problems(spec("dev", thing("dev", wrong)), spec("prod", thing("prod", "x")))
        assert "KR411" == found[0]
        assert found[1].startswith(
            "`spec.content` of Thing web differs between stacks and can't be a value of a chart: "
        )
        assert [] == problems(spec("dev", thing("dev", wrong)), spec("prod", thing("prod", wrong)))


def test_objects_that_are_not_for_charts() -> None:
    """No name, and SOPS' encryption, are refused; the namespace of the release is warned of."""
    nameless = {"apiVersion": "v1", "kind": "Pod", "metadata": {"generateName": "x-"}, "spec": {}}
    encrypted = manifest("Secret", sops={"mac": "x"})

    assert ["KR410"] == [code for code, _ in problems(spec("dev", nameless))]
    assert ["KR412"] == [code for code, _ in problems(spec("dev", encrypted))]
    assert ["KR413"] == [code for code, _ in problems(spec("dev", manifest("Namespace", "shop-dev")))]


def test_a_hook_that_comes_too_early() -> None:
    """A hook before the install can't use what the same chart installs."""
    pod = {"containers": [{"name": "a", "image": "a", "envFrom": [{"configMapRef": {"name": "web"}}]}]}
    job = manifest(
        "Job",
        api="batch/v1",
        metadata={"annotations": {"helm.sh/hook": "pre-install"}},
        spec={"template": {"spec": pod}},
    )

    assert ["KR414"] == [code for code, _ in problems(spec("dev", job, manifest("ConfigMap", data={"a": "b"})))]
    assert [] == problems(spec("dev", job))


def test_a_chart_that_is_too_large() -> None:
    """A release is a Secret of at most a megabyte."""
    noise = "".join(hashlib.sha256(str(number).encode()).hexdigest() for number in range(30_000))

    assert ["KR415"] == [code for code, _ in problems(spec("dev", manifest("ConfigMap", data={"a": noise})))]


def test_a_wrong_version_is_refused() -> None:
    """Helm takes semantic versions alone."""
    for version in ("1", "v1.0.0", "1.0", "01.0.0", "1.0.0\n"):
        with pytest.raises(UsageError):
            emit([], {"chart_version": version}, Diagnostics())


# Against real Helm.


def set_value(chart: Path, path: str, value: Any) -> str:
    """Render a chart with everything switched on and one value changed."""
    known = switches(yaml.safe_load((chart / "values.yaml").read_text()))
    on = [f"--set={each}=true" for each in known if each != path]
    return helm(
        chart,
        "--values",
        str(chart / "values-prod.yaml"),
        *on,
        *([f"--set-json={path}={json.dumps(value)}"] if path else []),
    )


def switches(data: Mapping[str, Any], path: str = "") -> list[str]:
    """Return the paths of all `enabled`."""
    found = [f"{path}enabled"] if "enabled" in data else []
    for key, value in data.items():
        if isinstance(value, dict):
            found += switches(value, f"{path}{key}.")
    return found


def changed(value: Any, path: tuple[str, ...], schema: Mapping[str, Any]) -> Any:
    """Return another value of the same type."""
    kind = schema["type"][0] if isinstance(schema["type"], list) else schema["type"]
    if kind == "boolean":
        return not value
    if kind == "integer":
        return 7 if value != 7 else 8
    if kind == "array":
        return [{"key": "other", "operator": "Exists"}] if path[-1] == "tolerations" else [*reversed(value), "other"]
    return {"object": {"other": "other"}, "string": "other"}[kind]


@pytest.mark.integration
def test_each_value_changes_the_render(shop: Workbench) -> None:
    """No value is there for nothing."""
    folder = render(shop)
    tried = 0
    for chart in (folder / "shop/web", folder / "shop/nightly", folder / "shop/worker"):
        plain = set_value(chart, "", None)
        schema = json.loads((chart / "values.schema.json").read_text())
        for path, value, about in documented_values(values(chart, "prod"), schema):
            if path == ("replicas",) and chart.name == "web":
                continue  # the autoscaler, switched on here, says how many
            assert plain != set_value(chart, ".".join(path), changed(value, path, about)), (chart.name, path)
            tried += 1
    assert tried > 50


def documented_values(
    data: Any, schema: Mapping[str, Any], path: tuple[str, ...] = ()
) -> list[tuple[tuple[str, ...], Any, Any]]:
    """Return the values that the schema describes, each with its path and its part of the schema."""
    found = []
    for key, about in schema["properties"].items():
        if not path and key in ("global", "enabled"):
            continue
        value = data.get(key) if isinstance(data, dict) else None
        if "properties" in about:
            found += documented_values(value, about, (*path, key))
        else:
            found.append(((*path, key), value, about))
    return found


@pytest.mark.integration
def test_helm_refuses_wrong_types(shop: Workbench) -> None:
    """The schema works in Helm, with the place of what is wrong."""
    chart = render(shop) / "shop/web"

    assert "at '/replicas': got string, want " in helm(chart, "--set-string", "replicas=two", ok=False)
    assert "additional properties 'imag' not allowed" in helm(chart, "--set", "imag.tag=2", ok=False)


@pytest.mark.integration
def test_variables_keep_their_order(shop: Workbench) -> None:
    """One variable changed, one taken away, one added: the order is kept, and new ones come last."""
    chart = render(shop) / "shop/web"
    shop.write({"mine.yaml": "env: {ZERO: $(FIRST), FIRST: other, TOKEN: null}\n"})
    text = helm(chart, "--values", str(shop.root / "mine.yaml"), "--show-only", "templates/deployment-web.yaml")
    container = yaml.safe_load(text)["spec"]["template"]["spec"]["containers"][0]

    assert [("FIRST", "other"), ("SECOND", "$(FIRST)"), ("ZERO", "$(FIRST)")] == [
        (each["name"], each["value"]) for each in container["env"]
    ]


@pytest.mark.integration
def test_pods_restart_when_config_changes(shop: Workbench) -> None:
    """The digest of ConfigMaps follows the values."""
    chart = render(shop) / "shop/web"
    only = ("--show-only", "templates/deployment-web.yaml")
    digests = [
        yaml.safe_load(helm(chart, *only, *more))["spec"]["template"]["metadata"]["annotations"]["checksum/config"]
        for more in ((), ("--set", "configMap.data.level=other"))
    ]

    assert digests[0] != digests[1]


@pytest.mark.integration
def test_helm_packages_and_reads_the_archive(shop: Workbench) -> None:
    """Helm takes our archive for the chart that the folder is."""
    folder = render(shop, "--package")

    assert helm(folder / "shop/web") == helm(folder / "packages/shop/web-0.1.0.tgz")


@pytest.mark.integration
@pytest.mark.parametrize("per", ["app", "project"])
@pytest.mark.parametrize(
    "repository", [*EXAMPLES, *CASES], ids=lambda path: path.name if path in EXAMPLES else path.parent.name
)
def test_lint_has_no_finding(repository: Path, tmp_path: Path, per: str) -> None:
    """`helm lint --strict` has nothing to say of any chart with any stack's values, but that an icon would be nice."""
    Workbench(repository).render("--target", "helm", "--output", str(tmp_path), "--chart-per", per)
    charts = [path.parent for path in sorted(tmp_path.rglob("Chart.yaml"))]
    assert charts
    for chart in charts:
        for stack in sorted(chart.glob("values-*.yaml")):
            done = subprocess.run(
                [tool("helm"), "lint", "--strict", str(chart), "--values", str(stack)],
                capture_output=True, check=False, timeout=60,
            )  # fmt: skip
            lines = [
                line
                for line in done.stdout.decode().splitlines()
                if line.startswith("[") and "icon is recommended" not in line
            ]
            assert ([], 0) == (lines, done.returncode), done.stdout.decode() + done.stderr.decode()
