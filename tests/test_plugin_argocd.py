"""The folder plugins/argocd: what Argo CD, kustomize and Helm are given, and what its README says of it."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from typing import TYPE_CHECKING, Any, Final

import pytest
import yaml
from workbench import PROJECT, Workbench

from kusion_render import __version__
from kusion_render.cli.argocd_command import command as argocd

if TYPE_CHECKING:
    from pathlib import Path

PLUGIN: Final = PROJECT / "plugins/argocd"
MAJOR: Final = f"v{__version__.partition('.')[0]}"
NAME: Final = f"kusion-render-{MAJOR}"
NEXT: Final = str(int(MAJOR[1:]) + 1)
README: Final = (PLUGIN / "README.md").read_text(encoding="utf-8")
BLOCKS: Final = [
    yaml.safe_load(block) for block in re.findall(r"^ *```yaml\n(.*?)```", README, re.DOTALL | re.MULTILINE)
]
# What the component patches, cut down to what it touches: Argo CD's own Deployment has these names.
REPO_SERVER: Final = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: argocd-repo-server}
spec:
  selector: {matchLabels: {app.kubernetes.io/name: argocd-repo-server}}
  template:
    metadata: {labels: {app.kubernetes.io/name: argocd-repo-server}}
    spec:
      automountServiceAccountToken: false
      initContainers:
        - name: copyutil
          image: registry.example/argocd:v3
          volumeMounts: [{name: var-files, mountPath: /var/run/argocd}]
      containers:
        - name: argocd-repo-server
          image: registry.example/argocd:v3
          args: [/usr/local/bin/argocd-repo-server]
          volumeMounts:
            - {name: tmp, mountPath: /tmp}
            - {name: plugins, mountPath: /home/argocd/cmp-server/plugins}
      volumes:
        - {name: var-files, emptyDir: {}}
        - {name: plugins, emptyDir: {}}
        - {name: tmp, emptyDir: {}}
"""


def load(name: str) -> Any:
    """Return a YAML file of the plug-in."""
    return yaml.safe_load((PLUGIN / name).read_text(encoding="utf-8"))


def named(items: list[dict[str, Any]], name: str) -> dict[str, Any]:
    """Return the one item of a list that has a name."""
    found = [item for item in items if item["name"] == name]
    assert len(found) == 1, (name, items)
    return found[0]


def test_the_plug_in_s_file_is_what_argo_cd_reads() -> None:
    """Kind and names are Argo CD's, the version is our major version, and nothing makes it ask before it renders."""
    file = load("plugin.yaml")

    assert ("argoproj.io/v1alpha1", "ConfigManagementPlugin") == (file["apiVersion"], file["kind"])
    assert {"name": "kusion-render"} == file["metadata"]
    assert {
        "version": MAJOR,
        "generate": {"command": ["kusion-render", "argocd", "generate"]},
        "parameters": {"dynamic": {"command": ["kusion-render", "argocd", "parameters"]}},
    } == file["spec"]


def test_the_variants_differ_by_discover_alone() -> None:
    """The rule looks into the Application's own folder and nowhere else, for a file that only a stack has."""
    plain, discovering = load("plugin.yaml"), load("plugin-discover.yaml")

    assert {"fileName": "stack.yaml"} == discovering["spec"].pop("discover")
    assert plain == discovering


def test_the_command_exists() -> None:
    """The program knows what the plug-in calls. `parameters` is tested where it is made."""
    assert "generate" in argocd.commands


def test_the_chart_s_plug_in_is_the_file_s() -> None:
    """The values hold plugin.yaml once more, in the chart's form: the name is the key."""
    file = load("plugin.yaml")

    assert {"create": True, "plugins": {file["metadata"]["name"]: file["spec"]}} == load("values.yaml")["configs"][
        "cmp"
    ]


def test_the_chart_s_sidecar_is_the_component_s() -> None:
    """Both ways give the same container, the same `/tmp`, no token, and plugin.yaml under the same name."""
    patch = load("sidecar.yaml")["spec"]["template"]["spec"]
    values = load("values.yaml")["repoServer"]
    config = named(values["volumes"], f"{NAME}-plugin")["configMap"]

    assert named(patch["containers"], NAME) == named(values["extraContainers"], NAME)
    assert named(patch["volumes"], f"{NAME}-tmp") == named(values["volumes"], f"{NAME}-tmp")
    assert patch["automountServiceAccountToken"] is values["automountServiceAccountToken"] is False
    # The chart calls its ConfigMap so, and each key after the plug-in.
    assert {"name": "argocd-cmp-cm", "items": [{"key": "kusion-render.yaml", "path": "plugin.yaml"}]} == config


def test_the_component_adds_a_locked_up_sidecar() -> None:
    """The patch asks for every protection, and for a `/tmp` that is not the repo-server's."""
    check_sidecar(named(load("sidecar.yaml")["spec"]["template"]["spec"]["containers"], NAME), NAME)


def check_sidecar(container: dict[str, Any], name: str) -> None:
    """Check what must hold of a sidecar, whoever made it."""
    security = container["securityContext"]
    mounts = {mount["mountPath"]: mount["name"] for mount in container["volumeMounts"]}

    assert ["/var/run/argocd/argocd-cmp-server"] == container["command"]
    assert (999, 999, True) == (security["runAsUser"], security["runAsGroup"], security["runAsNonRoot"])
    assert security["readOnlyRootFilesystem"] is True
    assert security["allowPrivilegeEscalation"] is security["privileged"] is False
    assert {"drop": ["ALL"]} == security["capabilities"]
    assert {"type": "RuntimeDefault"} == security["seccompProfile"]
    assert {"requests", "limits"} == set(container["resources"])
    assert [{"name": "PYTHONDONTWRITEBYTECODE", "value": "1"}] == container["env"]
    assert {
        "/var/run/argocd": "var-files",
        "/home/argocd/cmp-server/plugins": "plugins",
        "/home/argocd/cmp-server/config": f"{name}-plugin",
        "/tmp": f"{name}-tmp",  # noqa: S108 - a path in a container
    } == mounts


def test_every_place_says_this_version() -> None:
    """Image tags and Git references are this release, names end in its major version; one file shows the next major."""
    texts = {path.name: path.read_text(encoding="utf-8") for path in PLUGIN.iterdir() if path.is_file()}
    tags = {tag for text in texts.values() for tag in re.findall(r"/kusion-render:(\S+?)[`\s]", text)}
    references = set(re.findall(r"\?ref=v(\S+)", README))

    assert {__version__} == tags
    assert {__version__, f"{NEXT}.0.0"} == references
    for name, text in texts.items():
        assert {MAJOR[1:], NEXT} >= set(re.findall(r"kusion-render-v(\d+)", text)), name


def kubectl() -> str:
    """Return the path of kubectl."""
    found = shutil.which("kubectl")
    if found is None:
        if os.environ.get("KR_REQUIRE_TOOLS"):
            pytest.fail("kubectl is not installed")
        pytest.skip("kubectl is not installed")
    return found


def overlay(
    folder: Path, kustomization: dict[str, Any], deployment: str = REPO_SERVER
) -> subprocess.CompletedProcess[str]:
    """Build an overlay of the README on the stand-in, its Git addresses replaced by copies of the component."""
    local = []
    for address in kustomization["components"]:
        version = address.partition("?ref=v")[2]
        copy = folder / version
        shutil.copytree(PLUGIN, copy)
        for path in copy.rglob("*.yaml"):
            text = path.read_text(encoding="utf-8").replace(NAME, f"kusion-render-v{version.partition('.')[0]}")
            path.write_text(text.replace(f":{__version__}", f":{version}"), encoding="utf-8")
        local.append(f"../{version}")
    Workbench(folder).write(
        {
            "argo-cd/kustomization.yaml": "resources: [repo-server.yaml]\n",
            "argo-cd/repo-server.yaml": deployment,
            "mine/kustomization.yaml": json.dumps({**kustomization, "components": local}),
        }
    )
    return subprocess.run(
        [kubectl(), "kustomize", str(folder / "mine")], capture_output=True, text=True, check=False, timeout=60
    )


def overlays() -> list[dict[str, Any]]:
    """Return the overlays of the README: with one version, and with two."""
    found = [block for block in BLOCKS if block.get("kind") == "Kustomization"]
    assert [1, 2] == [len(block["components"]) for block in found]
    return found


@pytest.mark.integration
@pytest.mark.parametrize("count", [1, 2])
def test_the_overlay_of_the_readme_adds_sidecars(tmp_path: Path, count: int) -> None:
    """Each version is a sidecar with its own file and `/tmp`, the image from the user's registry at its own tag."""
    built = overlay(tmp_path, overlays()[count - 1])
    assert built.returncode == 0, built.stderr
    objects = list(yaml.safe_load_all(built.stdout))
    maps = {each["metadata"]["name"] for each in objects if each["kind"] == "ConfigMap"}
    pod = next(each for each in objects if each["kind"] == "Deployment")["spec"]["template"]["spec"]

    assert {"argocd"} == {each["metadata"]["namespace"] for each in objects}
    assert "argocd-repo-server" == pod["containers"][0]["name"]
    assert ["/usr/local/bin/argocd-repo-server"] == pod["containers"][0]["args"]
    assert count + 1 == len(pod["containers"])
    assert len(pod["volumes"]) == len({volume["name"] for volume in pod["volumes"]}) == 3 + 2 * count
    for name, version in [(NAME, __version__), (f"kusion-render-v{NEXT}", f"{NEXT}.0.0")][:count]:
        sidecar = named(pod["containers"], name)
        check_sidecar(sidecar, name)
        assert f"your-registry.example/kusion-render:{version}" == sidecar["image"]
        assert {"sizeLimit": "2Gi"} == named(pod["volumes"], f"{name}-tmp")["emptyDir"]
        hashed = named(pod["volumes"], f"{name}-plugin")["configMap"]["name"]
        assert re.fullmatch(rf"{name}-plugin-\w+", hashed)
        assert hashed in maps


@pytest.mark.integration
def test_the_component_fails_without_its_deployment(tmp_path: Path) -> None:
    """A repo-server of another name is an error, never an overlay without the sidecar."""
    built = overlay(tmp_path, overlays()[0], REPO_SERVER.replace("name: argocd-repo-server}", "name: elsewhere}"))

    assert built.returncode != 0
    assert "no matches for Id Deployment" in built.stderr


def test_the_readme_s_applications_name_the_plug_in() -> None:
    """Every Application names it as Argo CD addresses it: `<metadata.name>-<spec.version>`."""
    file = load("plugin.yaml")
    sources = [
        block["spec"].get("source") or block["spec"]["sourceHydrator"]["drySource"]
        for block in BLOCKS
        if block.get("kind") == "Application"
    ]

    assert len(sources) == 2
    for source in [*sources, next(block for block in BLOCKS if "plugin" in block)]:
        assert f"{file['metadata']['name']}-{file['spec']['version']}" == source["plugin"]["name"]


def test_the_readme_s_parameters_render(workbench: Workbench) -> None:
    """The example of parameters is one that the plug-in takes, on the Application's path of the same page."""
    parameters = next(block for block in BLOCKS if "plugin" in block)["plugin"]["parameters"]
    path = next(block for block in BLOCKS if block.get("kind") == "Application")["spec"]["source"]["path"]
    workbench.app(
        "{}\n",
        **{
            f"{path}/stack.yaml": "{name: prod, workspaces: [prod-eu, prod-us]}\n",
            f"{path}/app.yaml": "web: {workload: {containers: {web: {image: registry.example/web:1.0.0}}}}\n",
            "workspaces/prod-eu.yaml": "{}\n",
            "workspaces/prod-us.yaml": "{}\n",
        },
    )
    env = {"ARGOCD_APP_SOURCE_PATH": path, "ARGOCD_APP_PARAMETERS": json.dumps(parameters)}

    run = workbench.run("argocd", "generate", folder=path, env=env)

    assert (0, "") == (run.exit_code, run.stderr)
    made = run.manifest("Deployment")
    assert (3, "front") == (made["spec"]["replicas"], made["metadata"]["labels"]["tier"])


def test_the_readme_s_codes_exist() -> None:
    """The table of symptoms names rules that there are."""
    reference = (PROJECT / "docs/reference/diagnostics.md").read_text(encoding="utf-8")
    codes = set(re.findall(r"KR\d+", README))

    assert len(codes) > 3
    assert [] == [code for code in sorted(codes) if f"\n## {code} " not in reference]
