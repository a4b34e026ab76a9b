"""Modules that other packages bring: found by entry point, checked by their own schema."""

from __future__ import annotations

import json
from textwrap import dedent
from typing import TYPE_CHECKING, Final

import pytest
from workbench import PROJECT

if TYPE_CHECKING:
    from workbench import Run, Workbench

MODULE: Final = '''
    """A cache beside the workload."""

    VERSION = "0.3.0"


    def generate(request, diagnostics):
        from kusion_render.modules import GeneratorResponse

        data = {"size": str(request.config["size"])}
        made = request.resource("v1", "ConfigMap", f"{request.name}-cache", {"data": data})
        provider = "registry.terraform.io/acme/store/1.0.0"
        cloud = [request.cloud_resource(provider, "store", "a", data)] if request.config["size"] > 100 else []
        return GeneratorResponse([made], cloud=cloud)
'''
SCHEMA: Final = {
    "type": "object",
    "additionalProperties": False,
    "required": ["size"],
    "properties": {"size": {"type": "integer", "minimum": 1}, "module": {"type": "string"}},
}
APP: Final = """
    web:
      workload: {{containers: {{web: {{image: registry.example/web:1.0.0}}}}}}
      accessories:
        {accessory}
"""


@pytest.fixture
def packages(workbench: Workbench) -> Workbench:
    """A package with a module called `cache`, and one that claims a built-in's name."""
    workbench.write(
        {
            "packages/acme_cache/__init__.py": MODULE,
            "packages/acme_cache/schema.json": json.dumps(SCHEMA),
            "packages/acme_cache-0.3.dist-info/METADATA": "Metadata-Version: 2.1\nName: acme-cache\nVersion: 0.3\n",
            "packages/acme_cache-0.3.dist-info/entry_points.txt": dedent(
                """
                [kusion_render.modules]
                cache = acme_cache
                network = acme_cache
                """
            ),
        }
    )
    return workbench


def run(bench: Workbench, accessory: str, command: str = "render") -> Run:
    """Render an app with one accessory, with the package at hand."""
    bench.app(APP.format(accessory=accessory))
    return bench.run(command, env={"PYTHONPATH": f"{PROJECT}:{bench.root / 'packages'}"})


def test_a_module_of_another_package_renders(packages: Workbench) -> None:
    """An accessory's key finds it; so does `module:`."""
    assert {"size": "16"} == run(packages, "cache: {size: 0x10}").manifest("ConfigMap")["data"]
    assert {"size": "3"} == run(packages, "sessions: {module: cache, size: 3}").manifest("ConfigMap")["data"]


def test_its_schema_is_checked(packages: Workbench) -> None:
    """Problems have the line, and a typo a suggestion."""
    report = run(packages, "cache: {sise: 3}")

    assert (1, "") == (report.exit_code, report.stdout)
    assert "shop/dev/app.yaml:4:13: error[KR203]: unknown key `sise`" in report.stderr
    assert "did you mean `size`?" in report.stderr


def test_a_built_in_name_cannot_be_taken_over(packages: Workbench) -> None:
    """`network` stays ours whoever claims it."""
    rendered = run(packages, "network: {ports: [{port: 80}]}")

    assert 80 == rendered.manifest("Service")["spec"]["ports"][0]["port"]


def test_modules_lists_it(packages: Workbench) -> None:
    """`modules` names it with its version and its first line."""
    listed = run(packages, "cache: {size: 1}", "modules").stdout

    assert ["cache", "0.3.0", "A", "cache", "beside", "the", "workload."] in [
        line.split() for line in listed.splitlines()
    ]


def test_no_cloud_resource_is_dropped_silently(packages: Workbench) -> None:
    """A module's cloud resource is in a Spec, and a warning in manifests."""
    plain = run(packages, "cache: {size: 101}")
    spec = packages.run("render", "--target", "spec", env={"PYTHONPATH": f"{PROJECT}:{packages.root / 'packages'}"})

    assert "app.yaml:4:5: warning[KR353]: the cloud resource `acme:store:store:a` is not rendered" in plain.stderr
    assert "store" not in plain.stdout
    assert ("", 1) == (spec.stderr, spec.stdout.count("- id: acme:store:store:a\n  type: Terraform"))
