"""`post-render` under a real Helm 4: the plug-in installed, a chart of our own rendered."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

import pytest
import yaml
from workbench import PROJECT, Run

from kusion_render import __version__

CHART: Final = PROJECT / "tests/charts/shop"
PLUGIN: Final = PROJECT / "plugins/helm/kusion-render"
TOOLS: Final = Path(sys.prefix) / "tools/bin"
WORKSPACE: Final = """\
labels: {team: platform}
registries: {docker.io: mirror.example/hub}
enforce:
  workload:
    containers: {"*": {resources: {memory: 64Mi-128Mi}}}
"""


class Helm:
    """Helm with a home of its own, the plug-in installed, and a repository around the working folder."""

    def __init__(self, program: str, folder: Path) -> None:
        self.program: Final = program
        self.folder: Final = folder
        self.log: Final = folder / "log"
        programs = folder / "bin"
        programs.mkdir()
        # What `pip install` makes of the entry points, wherever the tests run.
        for name, entry in (("kusion-render", "main"), ("kusion-render-post", "post_render")):
            path = programs / name
            path.write_text(
                f"#!{sys.executable}\nimport sys\nsys.path.insert(0, {str(PROJECT)!r})\n"
                f"from kusion_render.__main__ import {entry}\nsys.exit({entry}())\n"
            )
            path.chmod(0o755)
        self.environment: Final = {
            "PATH": f"{programs}:{os.environ['PATH']}",
            "HOME": str(folder),
            "HELM_CACHE_HOME": str(folder / "cache"),
            "HELM_CONFIG_HOME": str(folder / "config"),
            "HELM_DATA_HOME": str(folder / "data"),
            "KUBECONFIG": "/dev/null",
            "KUSION_RENDER_WORKSPACE": "prod",
            "KUSION_RENDER_LOG": str(self.log),
        }
        (folder / "kusion-render.yaml").write_text("compatibility: native\n")
        (folder / "workspaces").mkdir()
        (folder / "workspaces/prod.yaml").write_text(WORKSPACE)

    def run(self, *arguments: str, program: str = "", stdin: bytes = b"", **env: str) -> Run:
        """Run Helm, or another program in its surroundings."""
        command = [program or self.program, *arguments]
        environment = {**self.environment, **env}
        done = subprocess.run(
            command, cwd=self.folder, env=environment, input=stdin, capture_output=True, check=False, timeout=120
        )
        return Run(done)

    def template(self, *arguments: str, **env: str) -> Run:
        """Render the chart."""
        return self.run("template", "rel", str(CHART), "--namespace", "shop", *arguments, **env)


@pytest.fixture
def helm(tmp_path: Path) -> Helm:
    """A real Helm 4 with the plug-in installed."""
    program = shutil.which("helm") or shutil.which("helm", path=str(TOOLS))
    if program is None:
        if os.environ.get("KR_REQUIRE_TOOLS"):
            pytest.fail("helm is not installed; `make tools` installs it")
        pytest.skip("helm is not installed; `make tools` installs it")
    found = Helm(program, tmp_path)
    version = found.run("version", "--template", "{{.Version}}").stdout
    if not version.startswith("v4."):
        pytest.skip(f"the plug-in is for Helm 4, found {version}")
    installed = found.run("plugin", "install", str(PLUGIN))
    assert installed.exit_code == 0, installed.stderr
    return found


def by_id(run: Run) -> dict[str, dict[str, Any]]:
    """Return the objects of a run by kind and name."""
    assert run.exit_code == 0, run.stderr
    return {f"{each['kind']}/{each['metadata']['name']}": each for each in run.manifests}


def test_the_plug_in_has_our_version() -> None:
    """Helm takes the plug-in for what it says to be."""
    assert __version__ == yaml.safe_load((PLUGIN / "plugin.yaml").read_text())["version"]


@pytest.mark.integration
def test_helm_gets_the_policies(helm: Helm) -> None:
    """Every object but those of `crds/` is changed, hooks and tests included, and nothing else is."""
    before = by_id(helm.template())
    after = by_id(helm.template("--post-renderer", "kusion-render"))

    assert set(before) == set(after)
    assert 6 == len(after)
    for name, made in after.items():
        assert "platform" == made["metadata"]["labels"]["team"], name
        assert "postrenderer.helm.sh/postrender-filename" not in (made["metadata"].get("annotations") or {})
    database = after["StatefulSet/rel-database"]["spec"]
    pod = database["template"]["spec"]
    assert "mirror.example/hub/library/postgres:17" == pod["containers"][0]["image"]
    assert {"limits": {"memory": "128Mi"}, "requests": {"memory": "64Mi"}} == pod["containers"][0]["resources"]
    assert 0o640 == pod["volumes"][0]["configMap"]["defaultMode"]
    assert before["StatefulSet/rel-database"]["spec"]["volumeClaimTemplates"] == database["volumeClaimTemplates"]
    assert before["ConfigMap/rel"]["data"] == after["ConfigMap/rel"]["data"]
    hook = after["Job/rel-migrate"]
    assert before["Job/rel-migrate"]["metadata"]["annotations"] == hook["metadata"]["annotations"]
    assert "limits" in hook["spec"]["template"]["spec"]["containers"][0]["resources"]
    assert "mirror.example/hub/library/busybox" == after["Pod/rel-smoke"]["spec"]["containers"][0]["image"]


@pytest.mark.integration
def test_documents_go_back_into_their_files(helm: Helm) -> None:
    """Helm finds the template of each document again, so `--show-only` and the like work."""
    run = helm.template("--post-renderer", "kusion-render")

    assert "# Source: shop/templates/database.yaml" in run.stdout
    assert "generated-by-postrender" not in run.stdout


@pytest.mark.integration
def test_options_reach_the_plug_in(helm: Helm) -> None:
    """`--post-renderer-args` adds options; Helm 4 does not say the namespace, so they must."""
    args = [f"--post-renderer-args={each}" for each in ("--namespace=shop", "--namespace-policy=set")]

    made = by_id(helm.template("--post-renderer", "kusion-render", *args))

    assert {"shop"} == {each["metadata"]["namespace"] for each in made.values()}


@pytest.mark.integration
def test_a_failure_is_in_the_log(helm: Helm) -> None:
    """Helm 4 says only that the plug-in failed; the log says why."""
    run = helm.template("--post-renderer", "kusion-render", KUSION_RENDER_WORKSPACE="prd")

    assert (1, "") == (run.exit_code, run.stdout)
    assert "exited with error" in run.stderr
    assert "KR505" not in run.stderr
    assert "error[KR505]: workspace `prd` does not exist\nhelp: did you mean `prod`?" in helm.log.read_text()


@pytest.mark.integration
def test_a_missing_program_is_helm_s_to_say(helm: Helm) -> None:
    """Without kusion-render on PATH Helm names what it looked for."""
    run = helm.template("--post-renderer", "kusion-render", PATH=str(TOOLS))

    assert 1 == run.exit_code
    assert '"kusion-render": executable file not found' in run.stderr


@pytest.mark.integration
def test_a_pipe_does_the_same(helm: Helm) -> None:
    """`helm template | kusion-render post-render`, and Helm 3's executable, give what the plug-in gives."""
    piped = helm.run(program="kusion-render-post", stdin=helm.template().stdout.encode())

    assert by_id(helm.template("--post-renderer", "kusion-render")) == by_id(piped)
    assert "# Source: shop/templates/database.yaml\n# The database.\napiVersion: apps/v1" in piped.stdout
