"""Patches on finished objects: strategic merge, JSON merge patch, JSON Patch; of apps and of workspaces."""

from __future__ import annotations

from copy import deepcopy
from typing import TYPE_CHECKING, Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kusion_render.diagnostics import Diagnostics, Place
from kusion_render.json_patch import JsonPatchError, json_patch, merge_patch
from kusion_render.model import Resource
from kusion_render.transformers.config_hash import with_config_hash
from kusion_render.transformers.patches import apply_patches
from kusion_render.transformers.preview import with_preview
from kusion_render.transformers.profile import with_profile
from kusion_render.verification import verify
from kusion_render.yamlio import dump

if TYPE_CHECKING:
    from workbench import Workbench

APP: Final = """
    web:
      workload:
        replicas: 2
        containers:
          web: {image: "registry.example/web:1.0.0", ports: {http: 8080}}
          log: {image: "registry.example/log:1.0.0"}
      patches:
        %s
    """


def patched(patch: str) -> str:
    """Return an app with one patch."""
    return APP % patch


def test_a_merge_keeps_the_other_items_of_a_list(workbench: Workbench) -> None:
    """Containers merge by name; `null` deletes."""
    patch = (
        "- {target: {kind: Deployment, name: web}, "
        "merge: {spec: {replicas: null, template: {spec: {containers: [{name: log, tty: true}]}}}}}"
    )
    spec = workbench.app(patched(patch)).render().manifest("Deployment")["spec"]

    containers = {each["name"]: each for each in spec["template"]["spec"]["containers"]}
    assert "replicas" not in spec
    assert {"web", "log"} == set(containers)
    assert containers["log"]["tty"] is True
    assert containers["log"]["image"] == "registry.example/log:1.0.0"


def test_a_json_patch_is_applied_in_order(workbench: Workbench) -> None:
    """Later operations see what earlier ones did; `~1` is a slash."""
    patch = (
        "- {target: {kind: Deployment}, json6902: [{op: add, path: /metadata/annotations, value: {}}, "
        "{op: add, path: /metadata/annotations/example.com~1owner, value: shop}, {op: test, path: /spec/replicas, value: 2}]}"
    )
    made = workbench.app(patched(patch)).render().manifest("Deployment")

    assert {"example.com/owner": "shop"} == made["metadata"]["annotations"]


def test_a_patch_reaches_its_own_app_only(workbench: Workbench) -> None:
    """Another app's Deployment stays; a workspace's patch reaches both, and needs to match none."""
    other = "\napi: {workload: {containers: {api: {image: registry.example/api:1.0.0}}}}\n"
    workspace = (
        "patches: [{target: {kind: Deployment}, merge: {spec: {paused: true}}}, {target: {kind: Job}, merge: {x: 1}}]\n"
    )
    text = "web: {workload: {containers: {web: {image: w}}}, patches: [{target: {kind: Deployment}, merge: {spec: {minReadySeconds: 3}}}]}"
    run = workbench.app(text + other, **{"workspaces/dev.yaml": workspace}).render()

    specs = {each["metadata"]["name"]: each["spec"] for each in run.manifests}
    assert (3, None) == (specs["web"].get("minReadySeconds"), specs["api"].get("minReadySeconds"))
    assert specs["web"]["paused"] is specs["api"]["paused"] is True


@pytest.mark.parametrize(
    ("patch", "said"),
    [
        ("- {target: {kind: Deploymnt}, merge: {}}", "KR332]: no object is a `Deploymnt`"),
        ("- {target: {kind: Deployment, name: wbe}, merge: {}}", "did you mean `Deployment/web`?"),
        ("- {target: {kind: Deployment, group: batch}, merge: {}}", "KR332]"),
        ("- {target: {kind: Deployment}, merge: {kind: DaemonSet}}", "KR333]: the patch changes the kind of"),
        ("- {target: {kind: Deployment}, merge: {metadata: {name: x}}}", "KR333]: the patch changes the name of"),
        ("- {target: {kind: Deployment}, merge: {spec: null}}", "KR333]: the patch leaves no map in `spec` of"),
        ("- {target: {kind: Deployment}, merge: {spec: [1]}}", "KR333]: the patch leaves no map in `spec` of"),
        (
            "- {target: {kind: Deployment}, merge: {spec: {template: null}}}",
            "KR333]: the patch leaves no pod template in",
        ),
        (
            "- {target: {kind: Deployment}, merge: {spec: {template: {spec: {containers: [{tty: true}]}}}}}",
            "KR333]: the item has no `name`",
        ),
        ("- {target: {kind: Deployment}, json6902: [{op: remove, path: /spec/paused}]}", "there is no `paused`"),
        ("- {target: {kind: Deployment}, json6902: [{op: remove, path: spec}]}", "a JSON Pointer such as"),
        ("- {target: {kind: Deployment}, json6902: [{op: add, path: /a}]}", "error[KR202]"),
        ("- {target: {kind: Deployment}, json6902: [{op: move, path: /a}]}", "error[KR202]"),
        ("- {target: {kind: Deployment}, json6902: [{op: ad, path: /a}]}", "did you mean `add`?"),
        ("- {target: {kind: Deployment}}", "error[KR2"),
        ("- {target: {kind: Deployment}, merge: {}, json6902: []}", "error[KR2"),
        ("- {target: {nam: web}, merge: {}}", "did you mean `name`?"),
    ],
)
def test_a_patch_that_can_not_be(workbench: Workbench, patch: str, said: str) -> None:
    """It is refused at its own place."""
    report = workbench.app(patched(patch)).fail()

    assert said in report
    assert "shop/dev/app.yaml:8:" in report


def test_what_a_patch_makes_is_verified(workbench: Workbench) -> None:
    """A patch can't bring in what Kubernetes would refuse; the place is the patch's line."""
    report = workbench.app(patched('- {target: {kind: Deployment}, merge: {metadata: {labels: {team: "a b"}}}}')).fail()

    assert "shop/dev/app.yaml:8:" in report
    assert "KR311" in report


def test_explain_names_the_patch(workbench: Workbench) -> None:
    """A field that a patch sets comes from the patch's value, in an app and in a workspace."""
    workspace = "patches:\n  - target: {kind: Deployment}\n    merge: {spec: {paused: true}}\n"
    workbench.app(
        patched("- {target: {kind: Deployment}, merge: {spec: {minReadySeconds: 3}}}"),
        **{"workspaces/dev.yaml": workspace},
    )

    assert (
        "shop/dev/app.yaml:8:68"
        in workbench.run("explain", "shop/dev", "deployment/web", "spec.minReadySeconds").stdout
    )
    assert "workspaces/dev.yaml:3:28" in workbench.run("explain", "shop/dev", "deployment/web", "spec.paused").stdout


DATA: Final[dict[str, Any]] = {"a": {"b": [1, 2, 3]}, "": 0, "m~n": 1, "x/y": 2}


@pytest.mark.parametrize(
    ("operation", "result"),
    [
        ({"op": "add", "path": "/a/b/1", "value": 9}, {"a": {"b": [1, 9, 2, 3]}}),
        ({"op": "add", "path": "/a/b/-", "value": 9}, {"a": {"b": [1, 2, 3, 9]}}),
        ({"op": "add", "path": "/a/b/3", "value": 9}, {"a": {"b": [1, 2, 3, 9]}}),
        ({"op": "add", "path": "/a/b", "value": 9}, {"a": {"b": 9}}),
        ({"op": "remove", "path": "/a/b/0"}, {"a": {"b": [2, 3]}}),
        ({"op": "replace", "path": "/a/b/2", "value": None}, {"a": {"b": [1, 2, None]}}),
        ({"op": "move", "from": "/a/b", "path": "/c"}, {"a": {}, "c": [1, 2, 3]}),
        ({"op": "copy", "from": "/a/b/0", "path": "/a/c"}, {"a": {"b": [1, 2, 3], "c": 1}}),
        ({"op": "replace", "path": "/m~0n", "value": 3}, {"m~n": 3}),
        ({"op": "replace", "path": "/x~1y", "value": 3}, {"x/y": 3}),
        ({"op": "replace", "path": "/", "value": 3}, {"": 3}),
        ({"op": "replace", "path": "", "value": {"": 0, "m~n": 1, "x/y": 2, "a": 1}}, {"a": 1}),
    ],
)
def test_json_patch_operations(operation: dict[str, Any], result: dict[str, Any]) -> None:
    """Each operation of RFC 6902 does what it says, and the input stays as it was."""
    before = deepcopy(DATA)

    assert {**DATA, **result} == json_patch(DATA, [operation])
    assert before == DATA


@pytest.mark.parametrize(
    ("operation", "said"),
    [
        ({"op": "add", "path": "/a/b/4", "value": 9}, "no item `4`"),
        ({"op": "replace", "path": "/a/b/-", "value": 9}, "no item `-`"),
        ({"op": "replace", "path": "/a/b/01x", "value": 9}, "no item `01x`"),
        ({"op": "remove", "path": "/c"}, "there is no `c`"),
        ({"op": "add", "path": "/c/d", "value": 1}, "there is no `c`"),
        ({"op": "add", "path": "/a/b/0/z", "value": 1}, "in what is no map or list"),
        ({"op": "move", "from": "/a", "path": "/a/b"}, "into itself"),
        ({"op": "test", "path": "/a/b/0", "value": 7}, "the test at `/a/b/0` fails"),
    ],
)
def test_json_patch_refusals(operation: dict[str, Any], said: str) -> None:
    """What leads nowhere is refused, with the operation's number."""
    with pytest.raises(JsonPatchError, match=said) as caught:
        json_patch(DATA, [{"op": "test", "path": "/a/b/0", "value": 1}, operation])

    assert caught.value.pointer[0] == 1
    assert caught.value.help


JSON: Final = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 3) | st.text("ab", max_size=2),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("abc", max_size=2), inner, max_size=3),
    max_leaves=8,
)


@given(JSON, JSON)
def test_merge_patch_is_idempotent(below: Any, above: Any) -> None:
    """RFC 7396: laid over its own result, a patch changes nothing; `{}` changes no map."""
    once = merge_patch(below, above)

    assert once == merge_patch(once, above)
    if isinstance(below, dict):
        assert below == merge_patch(below, {})


OBJECTS: Final[list[dict[str, Any]]] = [
    {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "web", "labels": {"app": "web"}, "annotations": {"a": "b"}},
        "spec": {
            "selector": {"matchLabels": {"app": "web"}},
            "template": {
                "metadata": {"labels": {"app": "web"}},
                "spec": {"containers": [{"name": "web", "ports": [{"name": "http", "containerPort": 80}]}]},
            },
        },
    },
    {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "web"},
        "spec": {"selector": {"app": "web"}, "ports": [{"port": 80, "targetPort": "http"}]},
    },
    {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "web"}, "data": {"a": "b"}},
]
PATHS: Final = (
    "/metadata", "/metadata/labels", "/metadata/annotations", "/metadata/labels/app", "/data", "/data/a", "/kind", "/spec",
    "/spec/selector", "/spec/ports", "/spec/ports/0", "/spec/template", "/spec/template/metadata", "/spec/template/spec",
    "/spec/template/spec/containers", "/spec/template/spec/containers/0", "/spec/template/spec/containers/0/ports",
)  # fmt: skip


@given(st.lists(st.tuples(st.sampled_from(PATHS), JSON), min_size=1, max_size=3), JSON)
def test_no_patch_breaks_the_run(changes: list[tuple[str, Any]], merge: Any) -> None:
    """Whatever a patch holds, the objects keep their identity and all later stages can take them, or it is refused."""
    patches: list[dict[str, Any]] = [
        {"target": {"kind": manifest["kind"]}, "json6902": [{"op": "add", "path": path, "value": value}]}
        for path, value in changes
        for manifest in OBJECTS
    ]
    patches += [{"target": {"kind": each["kind"]}, "merge": {"spec": merge, "metadata": merge}} for each in OBJECTS]

    made = apply_patches(OBJECTS, patches, Diagnostics(), ("web", "patches"))

    assert [(each["kind"], "web") for each in OBJECTS] == [(each["kind"], each["metadata"]["name"]) for each in made]
    resources = [
        Resource(manifest, "service", app="web", workload=manifest["kind"] == "Deployment") for manifest in made
    ]
    apps = {"web": {"workload": {}, "protect": True}}
    finished = with_profile(with_preview(with_config_hash(resources, apps), "x"), apps, "argocd", Diagnostics())
    verify(finished, (), Diagnostics())
    assert len(OBJECTS) == len([dump(each.attributes) for each in finished])


def test_custom_resources_merge_as_json() -> None:
    """Lists of a kind that nobody knows are replaced, as RFC 7396 says."""
    found = Diagnostics()
    manifest = {
        "apiVersion": "example.com/v1",
        "kind": "Thing",
        "metadata": {"name": "a"},
        "spec": {"l": [{"name": 1}]},
    }
    patch = {"target": {"kind": "Thing"}, "merge": {"spec": {"l": [{"name": 2}], "$patch": "x"}}}

    (made,) = apply_patches([manifest], [patch], found, ("patches",), document="workspace")

    assert {"l": [{"name": 2}], "$patch": "x"} == made["spec"]
    assert not found.items


def test_the_places_of_problems_are_those_of_the_document() -> None:
    """A workspace's patch is placed in the workspace."""
    found = Diagnostics()
    apply_patches([], [{"target": {"kind": "Thing"}, "merge": {}}], found, ("patches",), document="workspace")

    assert isinstance(found.items[0].where, Place)
    assert ("workspace", ("patches", 0, "target")) == (found.items[0].where.document, found.items[0].where.pointer)
