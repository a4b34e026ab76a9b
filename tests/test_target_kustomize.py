"""The target `kustomize`: a base of what stacks share, an overlay for each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import yaml
from hypothesis import given
from specs import manifest, spec
from test_target_helm import shop  # noqa: F401 - a fixture
from test_target_texts import PLAIN, PROFILE, check

from kusion_render.diagnostics import Diagnostics
from kusion_render.json_patch import json_patch
from kusion_render.kubernetes.merge_keys import strategic_merge
from kusion_render.targets.kustomize import emit
from kusion_render.targets.kustomize.patch import operations, patch_between

if TYPE_CHECKING:
    from workbench import Workbench


def files(*specs: Any) -> dict[str, Any]:
    """Return the files of project `shop`, read as YAML."""
    found = Diagnostics()
    made = emit(specs, {}, found)
    assert [] == found.items
    return {path.removeprefix("shop/"): yaml.safe_load(text) for path, text in made.items()}


def config(stack: str, value: str, name: str = "web", **metadata: Any) -> dict[str, Any]:
    """Return a ConfigMap of some size."""
    data = {"value": value, **{f"key{number}": "same" for number in range(5)}}
    return manifest("ConfigMap", name, stack=stack, metadata=metadata, data=data)


def test_what_stacks_share_is_in_the_base() -> None:
    """An object of all stacks is in the base once, a difference is a patch, and the namespace is said once."""
    made = files(spec("dev", config("dev", "1")), spec("prod", config("prod", "2")))

    assert {
        "base/configmap-web.yaml", "base/kustomization.yaml", "overlays/dev/kustomization.yaml",
        "overlays/prod/configmap-web.patch.yaml", "overlays/prod/kustomization.yaml",
    } == set(made)  # fmt: skip
    assert "namespace" not in made["base/configmap-web.yaml"]["metadata"]
    assert ("shop-dev", ["../../base"]) == (
        made["overlays/dev/kustomization.yaml"]["namespace"],
        made["overlays/dev/kustomization.yaml"]["resources"],
    )
    assert [{"path": "configmap-web.patch.yaml"}] == made["overlays/prod/kustomization.yaml"]["patches"]
    assert {
        "apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "web"}, "data": {"value": "2"},
    } == made["overlays/prod/configmap-web.patch.yaml"]  # fmt: skip


def test_what_one_stack_has_is_in_its_overlay() -> None:
    """An object that some stacks lack is written whole where it is."""
    made = files(spec("dev", config("dev", "1")), spec("prod", config("prod", "1"), config("prod", "1", "extra")))

    assert ["../../base", "configmap-extra.yaml"] == made["overlays/prod/kustomization.yaml"]["resources"]
    assert "overlays/dev/configmap-extra.yaml" not in made


def test_labels_that_differ_are_said_once() -> None:
    """A label that all objects of a stack have, and that differs between stacks, is the overlay's."""
    made = files(
        *(
            spec(
                stack,
                config(stack, "1", labels={"tier": stack, "a": "b"}),
                config(stack, "1", "two", labels={"tier": stack, "a": "b"}),
            )
            for stack in ("dev", "prod")
        )
    )

    assert {"a": "b"} == made["base/configmap-web.yaml"]["metadata"]["labels"]
    assert [{"pairs": {"tier": "prod"}}] == made["overlays/prod/kustomization.yaml"]["labels"]


@pytest.mark.parametrize(
    "odd",
    [
        manifest("ConfigMap", "other", metadata={"namespace": "elsewhere"}),
        manifest("Thing", "other", api="example.com/v1"),
        manifest("Namespace", "another"),
        manifest("RoleBinding", "b", api="rbac.authorization.k8s.io/v1", stack="dev",
                 subjects=[{"kind": "ServiceAccount", "name": "default", "namespace": "other"}]),
    ],
    ids=lambda each: each["kind"],
)  # fmt: skip
def test_a_namespace_is_said_once_only_where_that_is_right(odd: dict[str, Any]) -> None:
    """Kustomize would give these the overlay's namespace, so all objects keep their own."""
    made = files(spec("dev", config("dev", "1"), odd))

    assert "namespace" not in made["overlays/dev/kustomization.yaml"]
    assert "shop-dev" == made["overlays/dev/configmap-web.yaml"]["metadata"]["namespace"]


@PROFILE
@given(PLAIN, PLAIN)
def test_patches_make_one_of_the_other(one: Any, two: Any) -> None:
    """Whatever differs, the operations lead from one to the other, and so does the patch that is chosen."""
    below, wanted = ({"apiVersion": "v1", "kind": "X", "metadata": {"name": "x"}, "spec": each} for each in (one, two))
    patch = patch_between(below, wanted)

    assert wanted == json_patch(below, list(operations(below, wanted)))
    if patch is None:
        assert below == wanted
        return
    read = yaml.load(patch.text, Loader=yaml.CSafeLoader)
    assert wanted == (strategic_merge(below, read, "X") if patch.merges else json_patch(below, read))


@pytest.mark.parametrize(
    ("odd", "said"),
    [
        ({"apiVersion": "v1", "kind": "Pod", "metadata": {"generateName": "x-"}}, "it has no name"),
        (
            manifest("Pod", metadata={"annotations": {"config.kubernetes.io/local-config": "true"}}),
            "is kustomize's own",
        ),
        (manifest("ConfigMap", data={"a": "\x7f"}), "it holds a control character"),
    ],
)
def test_what_kustomize_would_drop(odd: dict[str, Any], said: str) -> None:
    """What kustomize would leave out, change or refuse is said before."""
    found = Diagnostics()
    emit([spec("dev", odd)], {}, found)

    assert ["KR420"] == [item.rule.code for item in found.items]
    assert said in found.items[0].message


def test_a_stack_without_objects() -> None:
    """Kustomize refuses an empty overlay, so an empty stack has none, and the others share on."""
    made = files(spec("dev"), spec("prod", config("prod", "1")), spec("qa", config("qa", "2")))

    assert {"base", "overlays/prod", "overlays/qa"} == {path.rpartition("/")[0] for path in made}


@pytest.mark.integration
def test_kustomize_gives_bindings_back() -> None:
    """Role bindings, accounts and cluster-scoped objects come through as they are."""
    account = {"kind": "ServiceAccount", "name": "web"}
    role = {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "view"}
    api = "rbac.authorization.k8s.io/v1"
    check(
        "kustomize",
        *(
            spec(
                stack,
                manifest("Namespace", f"shop-{stack}"),
                manifest("ServiceAccount", stack=stack),
                manifest("ServiceAccount", "default", stack=stack),
                manifest("RoleBinding", "b", api=api, stack=stack, roleRef=role,
                         subjects=[{**account, "namespace": f"shop-{stack}"}, {**account, "name": "default", "namespace": f"shop-{stack}"}]),
                manifest("ClusterRoleBinding", f"b-{stack}", api=api, roleRef=role, subjects=[{**account, "namespace": f"shop-{stack}"}]),
                config(stack, stack),
            )
            for stack in ("dev", "prod")
        ),
    )  # fmt: skip


def test_written_below_the_output(shop: Workbench) -> None:  # noqa: F811 - the fixture
    """The layout is one that Flux and Argo CD take: a kustomization in each folder, nothing else."""
    run = shop.run("render", "--target", "kustomize", "--output", "out")

    assert 0 == run.exit_code, run.stderr
    assert {"base", "overlays"} == {each.name for each in (shop.root / "out/shop").iterdir()}
    assert {"dev", "prod"} == {each.name for each in (shop.root / "out/shop/overlays").iterdir()}
