"""The target `spec`: what Kusion's generators make of the same input, and what they get wrong.

A case with `spec.yaml` holds the Spec that Kusion makes of its `repo/`, written down from Kusion's rules and not by this
program. Both the Spec and the plain manifests are compared with it, apart from order, empty fields, and what only the
API server may fill in.
"""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Any, Final

import pytest
import yaml
from test_cases import CASES
from workbench import Workbench

if TYPE_CHECKING:
    from pathlib import Path

KUSION: Final = sorted(path.parent for path in CASES.rglob("spec.yaml"))
EMPTY: Final[tuple[Any, ...]] = (None, {}, [], "")
NOT_OURS: Final = ("creationTimestamp", "status")
# Where Kusion's output is a slip, we make what was meant: the quirk, and what an ID has more.
INTENDED: Final = {
    "service/kusion-inline-file": (
        "Q3: with files beside it, Kusion does not see which object is the workload",
        "apps/v1:Deployment:vaultdemo:vaultdemo-dev-gate",
        {"kusion.io/is-workload": True},
    )
}


def name_of(case: Path) -> str:
    """Return a case's module and name."""
    return case.relative_to(CASES / "modules").as_posix()


def plain(data: Any) -> Any:
    """Return a manifest without its empty parts."""
    if isinstance(data, dict):
        pruned = {key: plain(value) for key, value in data.items() if key not in NOT_OURS}
        return {key: value for key, value in pruned.items() if value not in EMPTY}
    return [plain(item) for item in data] if isinstance(data, list) else data


def by_id(spec: dict[str, Any]) -> dict[str, Any]:
    """Return a Spec's resources by ID; what a provider gets stays as it is, empty or not."""
    found = {}
    for resource in spec["resources"]:
        kubernetes = resource["type"] == "Kubernetes"
        found[resource["id"]] = {
            **resource,
            "attributes": plain(resource["attributes"]) if kubernetes else resource["attributes"],
        }
    assert len(found) == len(spec["resources"]), "an ID stands for one resource"
    return found


def wanted(case: Path) -> list[dict[str, Any]]:
    """Return the Specs that Kusion makes, one for each stack."""
    return list(yaml.safe_load_all((case / "spec.yaml").read_text(encoding="utf-8")))


def needs_engine(resource: dict[str, Any]) -> bool:
    """Tell whether only an engine that makes cloud resources can fill a resource in."""
    return resource["type"] == "Terraform" or "$kusion_path." in str(resource["attributes"])


@pytest.fixture
def copy(tmp_path: Path, request: pytest.FixtureRequest) -> Workbench:
    """A case's repository, to be rendered in other ways than the case does."""
    shutil.copytree(request.param / "repo", tmp_path / "repo")
    return Workbench(tmp_path / "repo")


BOTH: Final = pytest.mark.parametrize(
    ("case", "copy"), [pytest.param(case, case, id=name_of(case)) for case in KUSION], indirect=["copy"]
)


@BOTH
def test_the_spec_is_kusions(case: Path, copy: Workbench) -> None:
    """Resources, IDs, dependencies, extensions, store and context are those of Kusion's Spec."""
    expected = wanted(case)
    _, changed, more = INTENDED.get(name_of(case), ("", "", {}))
    found = copy.render("--target", "spec").stdout

    specs = list(yaml.safe_load_all(found))
    assert len(expected) == len(specs)
    for one, other in zip(expected, specs, strict=True):
        resources = by_id(one)
        if changed:
            assert not more.keys() & resources[changed]["extensions"].keys()
            resources[changed]["extensions"].update(more)
        assert resources == by_id(other)
        assert (one["secretStore"], one["context"]) == (other["secretStore"], other["context"])
        assert "Namespace" == other["resources"][0]["attributes"]["kind"]


@BOTH
def test_the_manifests_are_kusions(case: Path, copy: Workbench) -> None:
    """Plain manifests are the Spec's objects, less those that only an engine can fill in."""
    resources = [resource for spec in wanted(case) for resource in spec["resources"] if not needs_engine(resource)]
    expected = [plain(resource["attributes"]) for resource in resources]

    manifests = [plain(each) for each in copy.render().manifests]

    assert len(expected) == len(manifests)
    assert all(each in manifests for each in expected)


def test_the_worked_examples_are_there() -> None:
    """Services, stacks, jobs, databases, monitors, Secrets, files and topology spread are each compared with Kusion."""
    assert {
        "inference/kusion-ollama",
        "job/kusion-cron-job",
        "job/kusion-job",
        "monitoring/kusion-annotations",
        "monitoring/kusion-operator",
        "mysql/kusion-aws",
        "mysql/kusion-local",
        "mysql/kusion-local-unnamed",
        "network/kusion-ports",
        "opsrule/kusion-collaset",
        "postgres/kusion-alicloud",
        "secrets/kusion-secrets",
        "service/kusion-inline-file",
        "service/kusion-spread",
        "service/kusion-stacks",
    } == {name_of(case) for case in KUSION}
