"""`${{ name }}` in values: what it becomes, where it stays as it is, and the namespace that uses it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kusion_render.diagnostics import Diagnostics, Place
from kusion_render.interpolation import Interpolation

if TYPE_CHECKING:
    from workbench import Workbench

KNOWN: Final[dict[str, Any]] = {
    "project.name": "shop",
    "stack.name": "dev",
    "context.replicas": 3,
    "context.flag": True,
    "context.map": {"a": 1},
    "project.labels.team/x": "blue",
}


def filled(data: Any) -> Any:
    """Fill the references of data, and expect no problem."""
    found = Diagnostics()
    result = Interpolation(KNOWN, found).data(data, ("web",))
    assert [] == [item.message for item in found.items]
    return result


def refused(text: str) -> tuple[str, str, str | None]:
    """Return code, message and help of the one problem of a text."""
    found = Diagnostics()
    Interpolation(KNOWN, found).text(text, Place(("web", "x")))
    assert 1 == len(found.items)
    return found.items[0].rule.code, found.items[0].message, found.items[0].help


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("${{ project.name }}", "shop"),
        ("${{project.name}}", "shop"),
        ("a-${{ project.name }}-${{ stack.name }}-z", "a-shop-dev-z"),
        ("${{ project.labels.team/x }}", "blue"),
        ("${{ context.replicas }}", 3),
        ("${{ context.flag }}", True),
        ("${{ context.map }}", {"a": 1}),
        ("x${{ context.replicas }}", "x3"),
        ("x${{ context.flag }}", "xtrue"),
        (" ${{ context.replicas }}", " 3"),
        ("$${{ project.name }}", "${{ project.name }}"),
        ("a $${{ b }} ${{ stack.name }}", "a ${{ b }} dev"),
    ],
)
def test_references_are_filled(text: str, expected: object) -> None:
    """A reference becomes its value; a text that is one whole reference keeps the type; `$${{` stands for itself."""
    assert expected == filled(text)


@pytest.mark.parametrize(
    "text", ["${HOME}", "$(POD)", "{{ .Values.x }}", "<path:a#b>", "$", "$$", "${", "}}", "$ {{ x }}"]
)
def test_everything_else_passes(text: str) -> None:
    """Other tools' references are none of ours."""
    assert text == filled(text)


@given(st.text("${} a", max_size=12).filter(lambda text: "${{" not in text))
def test_text_without_a_reference_is_itself(text: str) -> None:
    """Whatever holds no `${{` is not touched."""
    assert text == filled(text)


def test_keys_and_secret_data_stay() -> None:
    """No reference is filled in a key, in the data of a Secret, or in the path of a file."""
    reference = "${{ nothing }}"
    data = {
        reference: "x",
        "workload": {
            "secrets": {"db": {"data": {"a": reference}}},
            "containers": {"web": {"files": {"/a": {"from": reference}}}},
        },
        "accessories": {
            "secrets": {"db": {"data": {"a": reference}}},
            "creds": {"module": "secrets", "db": {"data": {"a": reference}}},
            "configs": {"app": {"files": {"a": reference}}},
        },
    }

    assert data == filled(data)


def test_config_data_and_lists_are_filled() -> None:
    """Everything else that is a value is filled, however deep."""
    data = {"accessories": {"configs": {"app": {"data": {"a": "${{ stack.name }}"}}}}, "l": [["${{ stack.name }}"]]}

    assert {"accessories": {"configs": {"app": {"data": {"a": "dev"}}}}, "l": [["dev"]]} == filled(data)


def test_an_unknown_name_is_told() -> None:
    """With a near match, else with what there is."""
    assert (
        "KR120",
        "`project.nam` is nothing that can be referred to here",
        "did you mean `project.name`?",
    ) == refused("${{ project.nam }}")
    assert (refused("${{ zzz }}")[2] or "").startswith("there are `context.flag`, ")


def test_a_reference_that_is_not_closed_is_told() -> None:
    """It needs its `}}`."""
    assert ("KR121", "a reference is not closed") == refused("a ${{ project.name }")[:2]


@pytest.mark.parametrize("text", ["x ${{ context.map }}"])
def test_a_map_within_text_is_told(text: str) -> None:
    """Only a scalar can stand within text."""
    assert ("KR121", "`context.map` is no text, so it can't stand within one") == refused(text)[:2]


APP: Final = """
web:
  workload:
    replicas: ${{ context.replicas }}
    containers:
      web:
        image: registry.example/${{ app.name }}:${{ context.tag }}
        env:
          WHERE: ${{ workspace.name }}/${{ stack.namespace }}
          SHELL: ${HOME}
          TEAM: ${{ project.labels.team }}
"""


def test_references_reach_the_output(workbench: Workbench) -> None:
    """Names, labels and the workspace's context; a number stays one, a version its text."""
    run = workbench.app(
        APP,
        **{
            "shop/project.yaml": "name: shop\nlabels: {team: blue}\n",
            "workspaces/dev.yaml": "context: {replicas: 3, tag: '1.10'}\nlabels: {at: '${{ workspace.name }}'}\n",
        },
    ).render()
    deployment = run.manifest("Deployment")
    container = deployment["spec"]["template"]["spec"]["containers"][0]

    assert 3 == deployment["spec"]["replicas"]
    assert "registry.example/web:1.10" == container["image"]
    assert {"WHERE": "dev/shop-dev", "SHELL": "${HOME}", "TEAM": "blue"} == {
        variable["name"]: variable["value"] for variable in container["env"]
    }
    assert "dev" == deployment["metadata"]["labels"]["at"]


def test_the_workspaces_credentials_cannot_be_referred_to(workbench: Workbench) -> None:
    """Kusion's credential keys of `context` must not reach a manifest, nor their values a message."""
    report = workbench.app(
        "web: {labels: {a: '${{ context.AWS_SECRET_ACCESS_KEY }}'}, workload: {containers: {web: {image: 'a:1'}}}}",
        **{"workspaces/dev.yaml": "context: {AWS_SECRET_ACCESS_KEY: hunter2hunter2}\n"},
    ).fail()

    assert "shop/dev/app.yaml:1:19: error[KR120]" in report
    assert "hunter2" not in report


def test_a_reference_of_the_workspace_is_told_at_its_line(workbench: Workbench) -> None:
    """A default of a module that refers to nothing is told where the workspace says it."""
    report = workbench.app(
        "web: {workload: {containers: {web: {image: 'a:1'}}}}",
        **{
            "workspaces/dev.yaml": "modules:\n  service:\n    configs:\n      default:\n        labels: {a: '${{ x }}'}\n"
        },
    ).fail()

    assert "workspaces/dev.yaml:5:21: error[KR120]: `x` is nothing that can be referred to here" in report


# The namespace, which may hold references.


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({}, "shop-dev"),
        ({"workspaces/dev.yaml": "namespace: from-workspace"}, "from-workspace"),
        (
            {"workspaces/dev.yaml": "namespace: w", "shop/project.yaml": "name: shop\nnamespace: from-project"},
            "from-project",
        ),
        (
            {"shop/project.yaml": "name: shop\nnamespace: p", "shop/dev/stack.yaml": "namespace: from-stack"},
            "from-stack",
        ),
        (
            {"workspaces/dev.yaml": "namespace: '${{ stack.name }}-${{ context.region }}'\ncontext: {region: eu}"},
            "dev-eu",
        ),
        (
            {
                "shop/project.yaml": "name: shop\nextensions:\n- kind: kubernetesNamespace\n"
                "  kubernetesNamespace: {namespace: extended}"
            },
            "extended",
        ),
        ({"kusion-render.yaml": "compatibility: kusion"}, "shop"),
    ],
)
def test_who_says_the_namespace(workbench: Workbench, files: dict[str, str], expected: str) -> None:
    """Stack, project, workspace, else the default of the mode; Kusion's extension counts."""
    run = workbench.app("web: {workload: {containers: {web: {image: 'a:1'}}}}", **files).render()

    assert expected == run.manifest("Deployment")["metadata"]["namespace"]


def test_the_namespace_object(workbench: Workbench) -> None:
    """`create: true` makes the object, with its labels; `omit` leaves the namespace to who applies."""
    workbench.app(
        "web: {workload: {containers: {web: {image: 'a:1'}}}}",
        **{"shop/project.yaml": "name: shop\nnamespace: {name: ns, create: true, labels: {a: b}}\n"},
    )

    assert {"name": "ns", "labels": {"a": "b"}} == workbench.render().manifest("Namespace")["metadata"]
    assert "namespace" not in workbench.render("--namespace-policy", "omit").manifest("Deployment")["metadata"]


def test_the_default_namespace_can_be_made(workbench: Workbench) -> None:
    """Stack, project and workspace each may say a part; the name may be the default."""
    workbench.app(
        "web: {workload: {containers: {web: {image: 'a:1'}}}}",
        **{
            "shop/dev/stack.yaml": "namespace: {create: true}\n",
            "workspaces/dev.yaml": "namespace: {labels: {a: b}, create: false}\n",
        },
    )

    assert {"name": "shop-dev", "labels": {"a": "b"}} == workbench.render().manifest("Namespace")["metadata"]


@pytest.mark.parametrize("name", ["${{ project.name }}-Big", "${{ project.name }}_x"])
def test_a_namespace_that_kubernetes_refuses_is_told(workbench: Workbench, name: str) -> None:
    """What a reference makes of it must be a name."""
    report = workbench.app(
        "web: {workload: {containers: {web: {image: 'a:1'}}}}", **{"workspaces/dev.yaml": f"namespace: '{name}'\n"}
    ).fail()

    assert "workspaces/dev.yaml:1:12: error[KR509]" in report
