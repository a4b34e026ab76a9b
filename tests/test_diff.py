"""Comparing two sets of rendered objects, and the reports of it."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from copy import deepcopy
from typing import Any, Final

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from test_diff_consequences import CLAIM, CONFIG, DEPLOYMENT, SERVICE, STATEFUL_SET, change
from workbench import PROJECT, Workbench

from kusion_render.diff import FORMATS, Comparison, compare, write

WEB: Final = yaml.safe_load(DEPLOYMENT)
SECRET: Final = yaml.safe_load(
    """
    apiVersion: v1
    kind: Secret
    metadata: {name: db, namespace: shop}
    type: Opaque
    data: {password: aHVudGVyMg==, user: YWRtaW4=}
    """
)


def one(old: Any, new: Any) -> Comparison:
    """Compare one object of one render."""
    return compare({"shop/prod": [old]}, {"shop/prod": [new]})


def fields(old: Any, new: Any) -> list[tuple[str, Any, Any]]:
    """Return path and values of each field that differs."""
    return [(each.path, each.old, each.new) for found in one(old, new).changes for each in found.fields]


def pod(**spec: Any) -> dict[str, Any]:
    """Return a Deployment with this pod spec."""
    return {**WEB, "spec": {**WEB["spec"], "template": {**WEB["spec"]["template"], "spec": spec}}}


def container(**parts: Any) -> dict[str, Any]:
    """Return a Deployment with one container."""
    return pod(containers=[{"name": "web", **parts}])


def test_the_report_that_the_design_shows() -> None:
    """Equal changes of two stacks are one line, with what follows; data that go come first."""
    [new] = change(WEB, "spec.template.spec.containers.0.image = registry.example/web:1.0.1")
    claim = yaml.safe_load(CLAIM)

    comparison = compare(
        {"shop/prod": [WEB], "shop/prod-us": [WEB], "ledger/prod": [claim], "ledger/dev": [claim]},
        {"shop/prod": [new], "shop/prod-us": [new], "ledger/prod": [], "ledger/dev": [claim]},
    )

    assert (
        "3 stacks change, 1 does not\n"
        "\n"
        "- PersistentVolumeClaim data   ledger/prod                     LOSES DATA\n"
        "~ Deployment web               shop/prod, shop/prod-us (× 2)   restarts pods\n"
        "    image   registry.example/web:1.0.0 → 1.0.1\n"
    ) == write(comparison, "text")


def test_items_are_named_by_their_keys() -> None:
    """Items of lists that merge by key are named by it, ports with their protocol, keys with dots in quotes."""
    old = container(
        image="a:1",
        env=[{"name": "PORT", "value": "1"}],
        ports=[{"containerPort": 53, "protocol": "UDP"}, {"containerPort": 53}],
    )
    new = container(
        image="a:2",
        env=[{"name": "PORT", "value": "2"}],
        ports=[{"containerPort": 53, "protocol": "UDP"}, {"containerPort": 53, "name": "dns"}],
    )
    new["metadata"] = {**new["metadata"], "annotations": {"a.example/b": "c"}}
    prefix = "spec.template.spec.containers[web]"

    assert [
        ("metadata.annotations", None, {"a.example/b": "c"}),
        (f"{prefix}.env[PORT].value", "1", "2"),
        (f"{prefix}.image", "a:1", "a:2"),
        (f"{prefix}.ports[53/TCP].name", None, "dns"),
    ] == fields(old, new)
    assert ('metadata.annotations["a.example/b"]', "c", "d") == fields(
        new, {**new, "metadata": {**new["metadata"], "annotations": {"a.example/b": "d"}}}
    )[0]


def test_items_come_and_go_one_by_one() -> None:
    """A list with keys that appears is its items, and items that replace all others are not one change."""
    prefix = "spec.template.spec.containers[web]"
    env = [{"name": "A", "value": "1"}, {"name": "B", "value": "2"}]

    assert [(f"{prefix}.env[A]", None, {"value": "1"}), (f"{prefix}.env[B]", None, {"value": "2"})] == fields(
        container(), container(env=env)
    )
    assert [(f"{prefix}.env[A]", {"value": "1"}, None), (f"{prefix}.env[B]", None, {"value": "2"})] == fields(
        container(env=env[:1]), container(env=env[1:])
    )


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (container(resources={"limits": {"cpu": "0.5"}}), container(resources={"limits": {"cpu": "500m"}})),
        (container(resources={"limits": {"memory": "1Gi"}}), container(resources={"limits": {"memory": "1024Mi"}})),
        (container(resources={"limits": {"cpu": 1}}), container(resources={"limits": {"cpu": "1"}})),
        (container(env=[]), container(env=None)),
        (container(env=[], resources={}), container()),
        (container(ports=[{"containerPort": 80}]), container(ports=[{"containerPort": 80, "protocol": "TCP"}])),
        (
            container(env=[{"name": "A", "value": "1"}, {"name": "B", "value": "2"}]),
            container(env=[{"name": "B", "value": "2"}, {"name": "A", "value": "1"}]),
        ),
        (
            {**SECRET, "data": {"password": "aHVudGVyMg=="}},
            {**SECRET, "data": None, "stringData": {"password": "hunter2"}},
        ),
        ({**WEB, "apiVersion": "apps/v1"}, dict(reversed(WEB.items()))),
    ],
)
def test_what_means_the_same_is_no_change(old: Any, new: Any) -> None:
    """Other spellings of an amount, empty fields, and the order of keyed lists are no differences."""
    assert not one(old, new)
    assert "0 stacks change, 1 does not\n" == write(one(old, new), "text")


@pytest.mark.parametrize(
    ("old", "new", "path"),
    [
        (container(args=["a", "b"]), container(args=["b", "a"]), "containers[web].args[0]"),
        (container(stdin=True), container(stdin=1), "containers[web].stdin"),
        (container(a=1), container(a=1.0), "containers[web].a"),
        (
            {**WEB, "spec": {"strategy": {"rollingUpdate": {"maxSurge": 1}}}},
            {**WEB, "spec": {"strategy": {"rollingUpdate": {"maxSurge": "1"}}}},
            "maxSurge",
        ),
        (
            container(env=[{"name": "A", "value": "1"}, {"name": "B", "value": "$(A)"}]),
            container(env=[{"name": "B", "value": "$(A)"}, {"name": "A", "value": "1"}]),
            "env[B][order]",
        ),
        (
            pod(containers=[], initContainers=[{"name": "a"}, {"name": "b"}]),
            pod(containers=[], initContainers=[{"name": "b"}, {"name": "a"}]),
            "initContainers[order]",
        ),
        (
            pod(containers=[], volumes=[{"name": "a", "emptyDir": {}}]),
            pod(containers=[], volumes=[{"name": "a"}]),
            "volumes[a].emptyDir",
        ),
        ({**WEB, "apiVersion": "apps/v1beta2"}, WEB, "apiVersion"),
        ({**WEB, "apiVersion": "extensions/v1beta1"}, WEB, "apiVersion"),
        (
            {"apiVersion": "a.example/v1", "kind": "Issuer", "metadata": {"name": "x"}, "spec": {"selfSigned": {}}},
            {"apiVersion": "a.example/v1", "kind": "Issuer", "metadata": {"name": "x"}, "spec": {}},
            "spec.selfSigned",
        ),
        ({**SECRET, "__proto__": 1}, {**SECRET, "__proto__": 2}, "__proto__"),
    ],
)
def test_what_counts_is_a_change(old: Any, new: Any, path: str) -> None:
    """Order counts where Kubernetes heeds it, a number is no text, and an empty map may say something."""
    [found] = one(old, new).changes

    assert "changed" == found.action
    assert any(each.path.endswith(path) for each in found.fields), found.fields


def test_other_groups_are_other_objects() -> None:
    """Kinds of the same name in other groups are not taken for each other."""
    service = yaml.safe_load(SERVICE)

    comparison = one(service, {**service, "apiVersion": "serving.example/v1", "spec": {"template": {}}})

    assert ["added", "removed"] == sorted(each.action for each in comparison.changes)


def test_renamed_objects() -> None:
    """The same content under another name is one object; what is merely of the same kind is not."""
    old = [{**WEB, "metadata": {"name": name}, "spec": {"replicas": count}} for count, name in enumerate("abc")]
    new = [{**each, "metadata": {"name": f"shop-{each['metadata']['name']}"}} for each in old]

    comparison = compare({"x": old}, {"x": list(reversed(new))})

    assert [("a", "shop-a"), ("b", "shop-b"), ("c", "shop-c")] == [
        (each.before.name, each.after.name) for each in comparison.changes if each.before and each.after
    ]
    other = {**yaml.safe_load(CONFIG), "metadata": {"name": "other"}, "data": {"a": "b"}}
    assert {"added", "removed"} == {each.action for each in one(yaml.safe_load(CONFIG), other).changes}


def test_many_renamed_objects() -> None:
    """Among many objects those of equal content are found, each once."""
    old = [{**yaml.safe_load(CONFIG), "metadata": {"name": f"a{n}"}, "data": {"k": str(n // 2)}} for n in range(120)]
    new = [{**each, "metadata": {"name": f"b-{each['metadata']['name']}"}} for each in old]

    assert 120 == compare({"x": old}, {"x": new}).count_objects()["renamed"]


def test_texts_are_compared_by_line() -> None:
    """A long text is shown by the lines that differ, with one around them."""
    config = yaml.safe_load(CONFIG)
    text = "".join(f"line {number}\n" for number in range(200))
    old, new = ({**config, "data": {"a.txt": each}} for each in (text, text.replace("line 100", "other")))

    report = write(one(old, new), "text")

    assert 'data["a.txt"]   1 line → 1 line\n       line 99\n      -line 100\n      +other\n       line 101\n' in report
    assert "line 98" not in report
    assert text == json.loads(write(one(old, new), "json"))["changes"][0]["fields"][0]["old"]


def test_line_ends_are_shown() -> None:
    """A text that differs in its line ends only says so."""
    config = yaml.safe_load(CONFIG)
    old, new = ({**config, "data": {"a": each}} for each in ("x\ny\n", "x\r\ny\n"))

    assert "-x\n      +x␍\n" in write(one(old, new), "text")


HIDDEN: Final = "hunter2"


@pytest.mark.parametrize(
    "place",
    [
        lambda value: {**SECRET, "data": {"password": value}},
        lambda value: {**SECRET, "stringData": {"x": value}},
        lambda value: {**SECRET, "stringData": value},
        lambda value: {**SECRET, "stringData": None, "data": [value]},
        lambda value: container(env=[{"name": "DB_PASSWORD", "value": value}]),
        lambda value: container(env=[{"name": "URL", "value": f"postgres://admin:{value}@db.example/x"}]),
        lambda value: container(args=[f"--password={value}"]),
        lambda value: container(args=["--token", value]),
        lambda value: {**yaml.safe_load(CONFIG), "data": {"app.ini": f"[db]\nuser = x\npassword = {value}\n"}},
        lambda value: {**yaml.safe_load(CONFIG), "data": {"app.yaml": f"db:\n  apiKey: {value}\n"}},
        lambda value: {**yaml.safe_load(CONFIG), "data": {"tls.key": value}},
        lambda value: {**yaml.safe_load(CONFIG), "data": {"a": f"-----BEGIN PRIVATE KEY-----\n{value}\n-----END"}},
        lambda value: {"apiVersion": "a.example/v1", "kind": "Db", "metadata": {"name": "x"}, "adminPassword": value},
        lambda value: {
            **yaml.safe_load(CONFIG),
            "metadata": {
                "name": "web",
                "annotations": {"kubectl.kubernetes.io/last-applied-configuration": f'{{"a":"{value}"}}'},
            },
        },
    ],
)
def test_no_report_holds_a_secret(place: Any) -> None:
    """Secret values are numbers in every report of an object that changes, appears or goes, in the old and new render."""
    old, new = place(HIDDEN), place("correct-horse")

    for comparison in (one(old, new), compare({"a": [old]}, {"a": []}), compare({}, {"a": [new]})):
        reports = [write(comparison, each) for each in FORMATS]
        assert comparison
        assert [] == [each for each in reports if HIDDEN in each or "correct-horse" in each]
    assert re.search("‹secret [23]›", write(one(old, new), "json"))


def test_equal_secrets_show_as_equal() -> None:
    """The numbers tell which values are equal, over all renders, and nothing else."""
    old, new = {**SECRET, "data": {"a": "eA==", "b": "eQ=="}}, {**SECRET, "data": {"a": "eQ==", "b": "eA=="}}

    comparison = compare({"x": [old], "y": [new]}, {"x": [new], "y": [old]})

    assert [("‹secret 1›", "‹secret 2›"), ("‹secret 2›", "‹secret 1›")] * 1 == [
        (each.old, each.new) for each in comparison.changes[0].fields
    ]
    others = [{**each, "data": {key: f"{value}!" for key, value in each["data"].items()}} for each in (old, new)]
    assert write(comparison, "json") == write(
        compare({"x": [others[0]], "y": [others[1]]}, {"x": [others[1]], "y": [others[0]]}), "json"
    )


def hundred(image: str, *, apps: int = 3) -> dict[str, list[dict[str, Any]]]:
    """Return a hundred stacks in ten projects, whose objects have names and values of their own."""
    renders = {}
    for number in range(100):
        project = f"project{number % 10}"
        names = [f"app{number % 10}{letter}" for letter in "abcdefgh"[:apps]]
        objects: list[dict[str, Any]] = []
        for name in names:
            workload = deepcopy(WEB)
            workload["metadata"] = {"name": name, "namespace": project}
            workload["spec"]["template"]["spec"]["containers"][0]["image"] = f"registry.example/{name}:{image}"
            objects += [workload, {**yaml.safe_load(SERVICE), "metadata": {"name": name, "namespace": project}}]
        objects.append({**yaml.safe_load(STATEFUL_SET), "metadata": {"name": "db", "namespace": project}})
        renders[f"{project}/stack{number // 10}"] = objects
    return renders


def test_three_files_of_a_hundred_stacks() -> None:
    """A new image everywhere, a Service's type in one project and a set that goes: few lines, each consequence named."""
    new = hundred("2")
    for render, objects in new.items():
        if render.startswith("project3/"):
            for each in objects:
                if each["kind"] == "Service":
                    each["spec"] = {**each["spec"], "type": "LoadBalancer"}
        if render.endswith("stack7"):
            objects.pop()

    comparison = compare(hundred("1"), new)
    report = write(comparison, "text")

    assert report.startswith("100 stacks change\n")
    assert len(report.splitlines()) <= 40
    assert max(map(len, report.splitlines())) <= 100
    for label in ("DETACHES DATA", "stops pods", "exposes", "restarts pods", "× 300 in 10 projects"):
        assert label in report
    assert report.index("DETACHES DATA") < report.index("exposes") < report.index("restarts pods")


def test_a_flood_is_counted() -> None:
    """Where each object changes in its own way, objects are told by kind and consequence; beyond that, by their number."""
    new = hundred("1")
    for number, objects in enumerate(new.values()):
        objects[0]["spec"] = {**objects[0]["spec"], f"field{number}": number, "replicas": 0}
        objects += [{"apiVersion": f"v{number}", "kind": f"Kind{number}", "metadata": {"name": "x"}}]
    comparison = compare(hundred("1"), new)

    lines = write(comparison, "text").splitlines()

    assert len(lines) == 40
    assert "  100 SCALES TO ZERO" == lines[1]
    assert "× 100 in 10 projects" in lines[3]
    shown = sum(line.startswith("+") for line in lines)
    assert f"… and {100 - shown} more objects in {100 - shown} stacks" == lines[-1]


def test_each_line_says_what_follows() -> None:
    """However little room there is, a line that is shown has its consequences."""
    new = [{**each, "metadata": {"name": f"shop-{number}"}} for number, each in enumerate([yaml.safe_load(CLAIM)] * 3)]
    comparison = compare(
        {f"project/stack-{n}": [yaml.safe_load(CLAIM), WEB] for n in range(3)}, {"project/stack-0": new}
    )

    shown = [line for line in write(comparison, "text", max_lines=8).splitlines() if line.startswith(("- ", "> "))]

    assert shown
    assert [] == [line for line in shown if "LOSES DATA" not in line and "stops pods" not in line]


def test_colour_changes_no_text() -> None:
    """Colours stand around words, and only where they are asked for."""
    comparison = compare(hundred("1"), hundred("2"))

    coloured = write(comparison, "text", colour=True)

    assert "\x1b[" in coloured
    assert write(comparison, "text") == re.sub(r"\x1b\[[0-9;]*m", "", coloured)


def test_json_is_complete() -> None:
    """The JSON report has the documented keys, each change of each render, and the parts of what is added."""
    claim = yaml.safe_load(CLAIM)

    document = json.loads(write(compare({"a/b": [WEB], "gone": []}, {"a/b": [claim]}), "json"))

    assert {"version", "summary", "renders", "changes"} == set(document)
    assert {"a/b": "changed", "gone": "removed"} == document["renders"]
    assert {"added": 1, "removed": 1, "changed": 0, "renamed": 0} == document["summary"]["objects"]
    assert {"stops-pods": 1} == document["summary"]["consequences"]
    added = next(each for each in document["changes"] if each["action"] == "added")
    assert added["before"] is None
    assert {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "namespace": "shop", "name": "data"} == added["after"]
    assert {"path": "spec.storageClassName", "action": "added", "old": None, "new": "fast"} in added["fields"]


HOSTILE: Final = (
    "@team ping",
    "```\n</details>\n<script>alert(1)</script>",
    "`x` | y | <img src=x> [a](http://b.example) #1 \x1b[31m \u202e",
    "</code><b>",
    "\n\n# heading",
)


@pytest.mark.parametrize("value", HOSTILE)
def test_values_stay_values_in_markdown(value: str) -> None:
    """Whatever a name or value holds, it stays inside code: no mention, tag, table or fence of its own."""
    config = yaml.safe_load(CONFIG)
    old = {**config, "data": {"a": value, value: "x"}}
    new = {**config, "data": {"a": value + "!", value: "y"}}
    renamed = {**config, "metadata": {"name": value}, "kind": f"Kind{value}"}

    report = write(compare({f"p/{value}": [old]}, {f"p/{value}": [new, renamed]}), "markdown")

    outside = re.sub(r"(?ms)^(`{3,})text\n.*?^\1$", "", report)
    outside = re.sub(r"<code>[^<>`|@]*</code>", "", outside)
    assert not re.search(r"[@`#]|<(?!/?(details|summary|b)>)|\x1b|\u202e", outside), outside
    assert outside.count("<details>") == outside.count("</details>") == 1


def test_what_markdown_counts() -> None:
    """The tables count every object, also those that have no room below."""
    comparison = compare({}, hundred("1"))

    report = write(comparison, "markdown", max_bytes=900)

    assert len(report.encode()) <= 900
    assert "| **all** | 700 |" in report
    assert "100 are new" in report


def test_nothing_differs() -> None:
    """Without a difference every format says so."""
    comparison = compare(hundred("1"), hundred("1"))

    assert not comparison
    assert "**No rendered object changes.**\n" == write(comparison, "markdown")
    assert [] == json.loads(write(comparison, "json"))["changes"]


def test_equal_renders_do_without_deepdiff() -> None:
    """Only objects that differ make deepdiff be imported."""
    script = (
        "import sys; from kusion_render.diff import compare, write\n"
        "renders = {'a': [{'apiVersion': 'v1', 'kind': 'ConfigMap', 'metadata': {'name': 'x'}}]}\n"
        "write(compare(renders, renders), 'text'); write(compare(renders, renders), 'markdown')\n"
        "assert 'deepdiff' not in sys.modules"
    )
    run = subprocess.run([sys.executable, "-c", script], cwd=PROJECT, capture_output=True, text=True, check=False)

    assert "" == run.stderr


def test_two_revisions_of_an_example(workbench: Workbench) -> None:
    """What the program renders can be compared: other values of an app, seen in its objects."""
    app = "web: {{workload: {{replicas: {}, containers: {{web: {{image: 'registry.example/web:{}'}}}}}}}}\n"
    sides = [workbench.app(app.format(*values)).render().manifests for values in ((1, "1"), (2, "2"))]

    report = write(compare(*({"shop/dev": side} for side in sides)), "text")

    assert "~ Deployment web   shop/dev   restarts pods\n" in report
    assert "    spec.replicas   1 → 2\n    image           registry.example/web:1 → 2\n" in report


TEXTS: Final = st.text(alphabet=st.sampled_from("ab-/.:@`<>|*\n ‹é\x1b\u202e$()#_1"), max_size=12)
LEAVES: Final = st.none() | st.booleans() | st.integers(-3, 3) | st.floats(allow_nan=False) | TEXTS
LISTS: Final = st.lists(LEAVES, max_size=3)
VALUES: Final = LEAVES | LISTS | st.dictionaries(TEXTS, LEAVES | LISTS, max_size=3) | st.lists(LISTS, max_size=2)
KINDS: Final = st.sampled_from(
    [WEB, yaml.safe_load(SERVICE), yaml.safe_load(STATEFUL_SET), yaml.safe_load(CLAIM), yaml.safe_load(CONFIG), SECRET]
)


@st.composite
def manifests(draw: st.DrawFn) -> dict[str, Any]:
    """Draw an object of a known kind with a few of its values, at any depth, replaced by anything."""
    manifest = deepcopy(draw(KINDS))
    manifest["metadata"]["name"] = draw(st.sampled_from("ab") | TEXTS)
    for _ in range(draw(st.integers(0, 3))):
        node: Any = manifest
        while True:
            keys = list(node) if isinstance(node, dict) else list(range(len(node)))
            if not keys:
                break
            key = draw(st.sampled_from(keys))
            if not isinstance(node[key], (dict, list)) or draw(st.booleans()):
                if key not in {"kind", "apiVersion"}:
                    node[key] = draw(VALUES)
                break
            node = node[key]
    return manifest


ODD: Final[list[Any]] = [
    {},
    {"kind": 1, "apiVersion": 2, "metadata": 3, "spec": [1]},
    {
        "kind": "Deployment",
        "metadata": {"name": "x"},
        "spec": {
            "template": {
                "metadata": [],
                "spec": {"containers": [None, 3, {"name": 4, "env": "x", "ports": [None]}], "volumes": {}},
            }
        },
    },
    {"kind": "Role", "metadata": {"name": None, "annotations": []}, "rules": [1, {"verbs": "x", "resources": [{}]}]},
    {"kind": "Ingress", "apiVersion": "networking.k8s.io/v1", "spec": {"rules": [{"http": 1}, 2], "tls": 3}},
]


@pytest.mark.parametrize("manifest", ODD)
def test_odd_objects(manifest: Any) -> None:
    """Whatever an object looks like, it can be added, removed, replaced and reported."""
    for old, new in (([manifest], []), ([], [manifest]), ([manifest], [WEB]), ([manifest, manifest], [manifest])):
        comparison = compare({"a": old}, {"a": new})

        assert comparison
        assert all(write(comparison, each) for each in FORMATS)


RENDERS: Final = st.dictionaries(
    st.sampled_from(["a/x", "a/y", "b/x", "b/@"]), st.lists(manifests(), max_size=3), max_size=4
)


@given(RENDERS)
@settings(deadline=None, max_examples=60)
def test_nothing_differs_from_itself(renders: Any) -> None:
    """A comparison with a copy, its keys in another order, is empty."""
    assert not compare(renders, deepcopy(renders))
    assert not compare(renders, dict(reversed(renders.items())))


@given(RENDERS, RENDERS, st.integers(0, 4000))
@settings(deadline=None, max_examples=150)
def test_reports_of_anything(old: Any, new: Any, room: int) -> None:
    """Any two sets can be compared both ways and reported; counts agree, and no report exceeds its limit."""
    before = deepcopy((old, new))
    comparison, backwards = compare(old, new), compare(new, old)

    assert before == (old, new)
    swapped = {"added": "removed", "removed": "added", "changed": "changed", "renamed": "renamed"}
    there = sorted((each.render, each.action, str(each.before), str(each.after)) for each in comparison.changes)
    back = sorted((each.render, swapped[each.action], str(each.after), str(each.before)) for each in backwards.changes)
    assert there == back
    assert sum(comparison.count_objects().values()) == len(comparison.changes)
    markdown = write(comparison, "markdown", max_bytes=room)
    assert len(markdown.encode()) <= room
    assert len(write(comparison, "text", max_lines=12).splitlines()) <= 12
    document = json.loads(write(comparison, "json"))
    assert len(comparison.changes) == len(document["changes"])
    if "| **all** |" in markdown:
        total = re.findall(r"\d+", markdown.partition("| **all** |")[2].partition("\n")[0])
        assert len(comparison.changes) == sum(map(int, total))
    assert markdown == write(compare(old, new), "markdown", max_bytes=room)


@given(st.lists(manifests(), min_size=1, max_size=4), st.integers(300, 3000))
@settings(deadline=None, max_examples=60)
def test_shown_and_left_out_add_up(objects: Any, room: int) -> None:
    """The objects of the groups that are shown and those that are counted at the end are all of them."""
    comparison = compare({}, {f"p{number}/s": objects for number in range(5)})

    markdown = write(comparison, "markdown", max_bytes=room)
    shown = [line for line in markdown.splitlines() if line.startswith(("<code>+", "<details><summary><code>+"))]
    counts = [int(found[1]) if (found := re.search(r"× (\d+)", line)) else 1 for line in shown]
    rest = re.search(r"^and (\d+) more object", markdown, re.MULTILINE)

    assert len(comparison.changes) == sum(counts) + (int(rest[1]) if rest else 0)


def test_reference_shows_the_json() -> None:
    """The page's JSON has the keys, in the order, that the program writes."""
    page = (PROJECT / "docs/reference/diff.md").read_text(encoding="utf-8")
    shown = json.loads(re.findall(r"```json\n(.*?)```", page, re.DOTALL)[0])
    [new] = change(WEB, "spec.template.spec.containers.0.image = registry.example/web:1.4.2")

    written = json.loads(write(one(WEB, new), "json"))

    assert keys(shown) == keys(written)


def keys(value: Any) -> Any:
    """Return a document with its scalars left out."""
    if isinstance(value, dict):
        return {key: keys(child) for key, child in value.items()}
    return [keys(item) for item in value] if isinstance(value, list) else None
