"""What modules patch: a module of another package hands on as its patcher what the app says."""

from __future__ import annotations

import json
from textwrap import dedent
from typing import TYPE_CHECKING, Any, Final

import pytest
from workbench import PROJECT

if TYPE_CHECKING:
    from workbench import Run, Workbench

MODULE: Final = '''
    """Whatever the app says, as a patcher; in a text, where a `null` is left alone."""

    import json

    VERSION = "1.0.0"


    def generate(request, diagnostics):
        from kusion_render.model import Patcher
        from kusion_render.modules import GeneratorResponse

        return GeneratorResponse([], Patcher(**json.loads(request.config["patcher"])))
'''
REMOVE: Final = "ops://kusionstack.io/remove"
DEPLOYMENT: Final = "apps/v1:Deployment:shop:shop-dev-web"


@pytest.fixture
def modules(workbench: Workbench) -> Workbench:
    """A package with a module called `patch`."""
    return workbench.write(
        {
            "packages/acme_patch/__init__.py": MODULE,
            "packages/acme_patch-1.dist-info/METADATA": "Metadata-Version: 2.1\nName: acme-patch\nVersion: 1\n",
            "packages/acme_patch-1.dist-info/entry_points.txt": dedent(
                """
                [kusion_render.modules]
                patch = acme_patch
                """
            ),
        }
    )


def patch(patcher: dict[str, Any]) -> dict[str, str]:
    """Return an accessory that patches."""
    return {"_type": "patch.Patch", "patcher": json.dumps(patcher)}


def run(bench: Workbench, *patchers: dict[str, Any], workload: dict[str, Any] | None = None, **apps: Any) -> Run:
    """Render an app with these patchers in Kusion's mode; the text is JSON, which is YAML."""
    app = {
        "workload": workload or {"_type": "service.Service", "containers": {"web": {"image": "acme/web:1"}}},
        "accessories": {f"p{number}": patch(each) for number, each in enumerate(patchers)},
    }
    bench.app(json.dumps({"web": app, **apps}), **{"kusion-render.yaml": "compatibility: kusion\n"})
    return bench.run("render", env={"PYTHONPATH": f"{PROJECT}:{bench.root / 'packages'}"})


def container(**fields: Any) -> dict[str, Any]:
    """Return a workload with one container that has these fields."""
    return {"_type": "service.Service", "containers": {"web": {"image": "acme/web:1", **fields}}}


def test_variables_come_first_each_before_the_last(modules: Workbench) -> None:
    """Kusion prepends them one by one to every container, without asking whether the name is taken."""
    two = {"a": {"image": "acme/a:1"}, "web": {"image": "acme/web:1", "env": {"OWN": "x"}}}
    added = [{"name": "A", "value": "1"}, {"name": "B", "value": "2"}]

    made = run(modules, {"environments": added}, workload={"_type": "service.Service", "containers": two})

    pods = made.manifest("Deployment")["spec"]["template"]["spec"]["containers"]
    assert [["B", "A"], ["B", "A", "OWN"]] == [[each["name"] for each in pod["env"]] for pod in pods]


def test_what_is_said_to_be_removed_is_removed_first(modules: Workbench) -> None:
    """The word for removal takes away what is there; what the same patcher adds stays."""
    said = [{"name": "OWN", "value": REMOVE}, {"name": "OWN", "value": "new"}, {"name": "GONE", "value": REMOVE}]
    patcher = {"environments": said, "labels": {"tier": REMOVE, "team": "a"}, "pod_annotations": {"note": REMOVE}}
    workload = {**container(env={"OWN": "old", "GONE": "x"}), "labels": {"tier": "front"}, "annotations": {"note": "y"}}

    made = run(modules, patcher, workload=workload).manifest("Deployment")

    template = made["spec"]["template"]
    assert [{"name": "OWN", "value": "new"}] == template["spec"]["containers"][0]["env"]
    assert ({"note": "y"}, "a") == (made["metadata"]["annotations"], made["metadata"]["labels"]["team"])
    assert "tier" not in made["metadata"]["labels"]
    assert "front" == template["metadata"]["labels"]["tier"]
    assert "annotations" not in template["metadata"]


def test_removing_the_last_variable_leaves_no_empty_list(modules: Workbench) -> None:
    """A container without variables has no `env`."""
    made = run(modules, {"environments": [{"name": "A", "value": REMOVE}]}, workload=container(env={"A": "1"}))

    assert "env" not in made.manifest("Deployment")["spec"]["template"]["spec"]["containers"][0]


def test_labels_go_to_the_object_or_to_its_pods(modules: Workbench) -> None:
    """Each of the four maps has one place; the selector stays as it is."""
    patcher = {
        "labels": {"on": "object"},
        "annotations": {"a.example/on": "object"},
        "pod_labels": {"on": "pods"},
        "pod_annotations": {"a.example/on": "pods"},
    }

    made = run(modules, patcher).manifest("Deployment")

    found = [made["metadata"], made["spec"]["template"]["metadata"]]
    assert ["object", "pods"] == [each["labels"]["on"] for each in found]
    assert ["object", "pods"] == [each["annotations"]["a.example/on"] for each in found]
    assert "on" not in made["spec"]["selector"]["matchLabels"]


def test_patches_by_id_merge_or_operate(modules: Workbench) -> None:
    """A merge patch deletes with `null`; `add` makes its parents, `remove` of what is not there does nothing."""
    operations = [
        {"op": "add", "path": "/spec/strategy/rollingUpdate/maxSurge", "value": 1},
        {"op": "remove", "path": "/spec/paused"},
        {"op": "add", "path": "/spec/template/spec/tolerations/-", "value": {"operator": "Exists"}},
    ]
    merged = {"spec": {"replicas": None, "minReadySeconds": 5}}
    workload = {**container(), "replicas": 3}

    made = run(
        modules,
        {"json_patches": {DEPLOYMENT: {"type": "MergePatch", "payload": merged}}},
        {"json_patches": {DEPLOYMENT: {"type": "JSONPatch", "payload": operations}}},
        workload=workload,
    ).manifest("Deployment")

    assert (5, {"rollingUpdate": {"maxSurge": 1}}) == (made["spec"]["minReadySeconds"], made["spec"]["strategy"])
    assert "replicas" not in made["spec"]
    assert [{"operator": "Exists"}] == made["spec"]["template"]["spec"]["tolerations"]


def test_the_namespace_and_the_apps_before_can_be_patched(modules: Workbench) -> None:
    """The resources of a Spec have one list, in which an app finds what came before it."""
    label = {"metadata": {"labels": {"seen": "yes"}}}
    ids = ("v1:Namespace:shop", "apps/v1:Deployment:shop:shop-dev-api")
    api = {"workload": {"_type": "service.Service", "containers": {"api": {"image": "acme/api:1"}}}}

    made = run(modules, {"json_patches": {each: {"type": "MergePatch", "payload": label} for each in ids}}, api=api)

    found = [made.manifest("Namespace"), made.manifest("Deployment", "shop-dev-api")]
    assert ["yes", "yes"] == [each["metadata"]["labels"]["seen"] for each in found]


def test_patches_by_id_need_no_workload(modules: Workbench) -> None:
    """Labels and variables of a patcher without a workload are for nobody, as in Kusion; patches by ID hold."""
    label = {"metadata": {"labels": {"seen": "yes"}}}
    patcher = {"labels": {"a": "b"}, "json_patches": {"v1:Namespace:shop": {"type": "MergePatch", "payload": label}}}
    modules.app(
        json.dumps({"web": {"accessories": {"p": patch(patcher)}}}),
        **{"kusion-render.yaml": "compatibility: kusion\n"},
    )

    made = modules.run("render", env={"PYTHONPATH": f"{PROJECT}:{modules.root / 'packages'}"})

    assert {"seen": "yes"} == made.manifest("Namespace")["metadata"]["labels"]


def test_an_id_of_nothing_is_a_warning(modules: Workbench) -> None:
    """Kusion skips such a patch with a warning; ours names what there is."""
    made = run(modules, {"json_patches": {DEPLOYMENT + "s": {"type": "MergePatch", "payload": {}}}})

    assert 0 == made.exit_code
    assert f"shop/dev/app.yaml:1:116: warning[KR362]: this module patches `{DEPLOYMENT}s`" in made.stderr
    assert f"did you mean `{DEPLOYMENT}`?" in made.stderr


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"type": "Strategic", "payload": {}}, "its type is `Strategic`"),
        ({"type": "MergePatch", "payload": []}, "its payload is no map"),
        ({"type": "JSONPatch", "payload": {}}, "its payload is no list"),
        ({"type": "JSONPatch", "payload": [{"op": "set", "path": "/a"}]}, "an operation is none of JSON Patch"),
        ({"type": "JSONPatch", "payload": ["remove"]}, "an operation is none of JSON Patch"),
        ({"type": "JSONPatch", "payload": [{"op": "remove", "path": "spec"}]}, "the `path` of an operation"),
        ({"type": "JSONPatch", "payload": [{"op": "copy", "path": "/a"}]}, "the `from` of an operation"),
        ({"type": "JSONPatch", "payload": [{"op": "replace", "path": "/spec/x/y", "value": 1}]}, "leads nowhere"),
        ({"type": "JSONPatch", "payload": [{"op": "add", "path": "/kind/x", "value": 1}]}, "leads nowhere"),
        (
            {"type": "JSONPatch", "payload": [{"op": "remove", "path": "/metadata"}]},
            "it changes the name of the object",
        ),
        ({"type": "MergePatch", "payload": {"spec": {"template": None}}}, "it leaves no pod template in the object"),
        ({}, "its type is `None`"),
    ],
)
def test_what_cannot_be_applied_is_said(modules: Workbench, wrong: dict[str, Any], said: str) -> None:
    """A patch in no form, or that would break the object, is an error at the accessory."""
    made = run(modules, {"json_patches": {DEPLOYMENT: wrong}})

    assert (1, "") == (made.exit_code, made.stdout)
    assert "error[KR363]" in made.stderr
    assert said in made.stderr
