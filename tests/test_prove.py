"""`prove`: charts and overlays come to the plain manifests, and a difference is shown."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from specs import manifest
from test_target_helm import CASES, EXAMPLES, shop  # noqa: F401 - a fixture
from tools import tool_path
from workbench import Workbench

from kusion_render.proving import differences

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.integration
@pytest.mark.parametrize(
    "repository", [*EXAMPLES, *CASES], ids=lambda path: path.name if path in EXAMPLES else path.parent.name
)
def test_every_case_and_example_is_proved(repository: Path) -> None:
    """Whatever modules make, Helm and kustomize come to it."""
    run = Workbench(repository).run("prove", env=tool_path("helm", "kubectl"))

    assert 0 == run.exit_code, run.stdout + run.stderr
    lines = run.stdout.splitlines()
    assert lines
    assert all(line.endswith(", equal") for line in lines)


@pytest.mark.integration
@pytest.mark.parametrize("per", ["app", "project"])
def test_stacks_that_differ_in_structure_are_proved(shop: Workbench, per: str) -> None:  # noqa: F811 - the fixture
    """Objects, containers and blocks of one stack alone, other orders and other hosts."""
    run = shop.run("prove", "--chart-per", per, env=tool_path("helm", "kubectl"))

    assert (0, 4) == (run.exit_code, run.stdout.count(", equal\n")), run.stdout + run.stderr


@pytest.mark.integration
def test_names_that_hold_the_stacks_are_proved(workbench: Workbench) -> None:
    """Kusion's names differ by the stack's; a chart makes them of one value."""
    app = "web: {workload: {containers: {web: {image: 'web:1'}}}, accessories: {network: {ports: [{port: 80}]}}}\n"
    workbench.app(
        app,
        **{
            "kusion-render.yaml": "compatibility: kusion\n",
            "shop/prod/stack.yaml": "name: prod\n",
            "shop/prod/app.yaml": app,
        },
    )
    run = workbench.run("prove", env=tool_path("helm", "kubectl"))
    workbench.run("render", "--target", "helm", "--output", "out")

    assert 0 == run.exit_code, run.stdout + run.stderr
    assert (
        '(printf "shop-%s-web" .Values.stack) | quote'
        in (workbench.root / "out/shop/web/templates/deployment-shop-dev-web.yaml").read_text()
    )


def test_missing_tools_are_named(workbench: Workbench) -> None:
    """Without Helm and kubectl nothing can be proved: exit code 3, before any work."""
    run = workbench.app("web: {}\n").run("prove", env={"PATH": "/nowhere"})

    assert (3, "") == (run.exit_code, run.stdout)
    assert "error: `helm` and `kubectl` are not installed, or not in PATH" in run.stderr


def test_a_difference_is_exit_code_4(workbench: Workbench) -> None:
    """What Helm prints is compared, not believed; programs are found by PATH alone."""
    workbench.app("web: {workload: {replicas: 2, containers: {web: {image: 'web:1'}}}}\n")
    fake = workbench.root / "bin/helm"
    workbench.write(
        {
            "bin/helm": "#!/bin/sh\necho 'apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web, namespace: shop-dev}\n'\n"
        }
    )
    fake.chmod(0o755)
    run = workbench.run("prove", "--target", "helm", env={"PATH": f"{fake.parent}:/usr/bin:/bin"})

    assert 4 == run.exit_code, run.stderr
    assert run.stdout.startswith("helm  shop/dev  1 object, 1 differ\n  Deployment shop-dev/web (apps/v1)\n")
    assert "    spec: " in run.stdout


def test_a_tool_that_fails_is_exit_code_3(workbench: Workbench) -> None:
    """The program's last words are shown, without what a Secret holds."""
    workbench.app(
        "web: {accessories: {secrets: {s: {data: {a: hush-hush}}}}}\n",
        **{"workspaces/default.yaml": "secrets: {allowLiteral: true}\n"},
    )
    workbench.write({"bin/kubectl": "#!/bin/sh\necho 'cannot read aHVzaC1odXNo' >&2\nexit 9\n"})
    (workbench.root / "bin/kubectl").chmod(0o755)
    run = workbench.run("prove", "--target", "kustomize", env={"PATH": f"{workbench.root}/bin:/usr/bin:/bin"})

    assert (3, "") == (run.exit_code, run.stdout)
    assert "`kubectl kustomize` fails on `shop/overlays/dev`: cannot read (hidden)" in run.stderr


def one(**fields: Any) -> dict[str, Any]:
    """Return a ConfigMap."""
    return manifest("ConfigMap", **fields)


@pytest.mark.parametrize(
    ("plain", "other", "expected"),
    [
        ([one()], [], ["is missing"]),
        ([], [one()], ["is too much"]),
        ([one()], [one(), one()], ["is there 2 times"]),
        ([one(x=1)], [one(x=1)], []),
        ([one(x=1)], [one(x=1.0)], []),
        ([one(x=1)], [one(x=True)], ["x: 1 in the manifest, True here"]),
        ([one(x="1")], [one(x=1)], ["x: '1' in the manifest, 1 here"]),
        ([one(x=[1, 2])], [one(x=[1])], ["x.1: 2 in the manifest, nothing here"]),
        ([one(data={"a": "b"})], [one(data={"a": "c"})], ["data.a: (hidden) in the manifest, (hidden) here"]),
        ([one(x=None)], [one()], ["x: None in the manifest, nothing here"]),
    ],
)
def test_differences_are_told_by_field(plain: list[Any], other: list[Any], expected: list[str]) -> None:
    """Each field that differs is a line; numbers are equal by value, a text is no number, nothing is not null."""
    found = list(differences(plain, other, labelled=False))

    assert expected == [line for _, lines in found for line in lines]


def test_only_the_labels_of_charts_may_differ() -> None:
    """The four labels are left aside in charts, and nowhere else."""
    labelled = one(metadata={"labels": {"helm.sh/chart": "x"}})

    assert [] == list(differences([one()], [one()], labelled=True))
    assert [] != list(differences([one()], [labelled], labelled=False))
