"""`argocd generate` in exactly the surroundings that Argo CD gives it: an unpacked, read-only copy and a bare environment."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING, Final

import pytest
from test_startup import HEAVY
from workbench import PROJECT, Run

if TYPE_CHECKING:
    from pathlib import Path

    from workbench import Workbench

APP: Final = "web: {workload: {containers: {web: {image: registry.example/web:1.0.0}}}}\n"


class Argo:
    """An unpacked source, and the environment of a request."""

    def __init__(self, bench: Workbench) -> None:
        self.bench: Final = bench.write(
            {
                "repo/kusion-render.yaml": "compatibility: native\n",
                "repo/workspaces/eu.yaml": "labels: {region: eu}\n",
                "repo/workspaces/us.yaml": "labels: {region: us}\n",
                "repo/apps/shop/project.yaml": "name: shop\n",
                "repo/apps/shop/dev/stack.yaml": "name: dev\n",
                "repo/apps/shop/dev/app.yaml": APP,
                "repo/apps/shop/prod/stack.yaml": "{name: prod, workspaces: [eu, us]}\n",
                "repo/apps/shop/prod/app.yaml": APP,
            }
        )
        for folder, _, names in os.walk(bench.root / "repo"):
            for name in names:
                (bench.root / folder / name).chmod(0o444)

    def generate(self, path: str = "apps/shop/dev", *, parameters: object = None, **env: str) -> Run:
        """Run the plug-in's command as the sidecar does: no HOME, no .git, another root for the repository."""
        environment = {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(PROJECT),
            "PYTHONDONTWRITEBYTECODE": "1",
            "ARGOCD_APP_NAME": "argocd_shop-dev",
            "ARGOCD_APP_NAMESPACE": "shop",
            "ARGOCD_APP_PROJECT_NAME": "team-a",
            "ARGOCD_APP_REVISION": "9f2c" * 10,
            "ARGOCD_APP_SOURCE_REPO_URL": "https://git.example/cfg.git",
            "ARGOCD_APP_SOURCE_PATH": path,
            "ARGOCD_APP_SOURCE_TARGET_REVISION": "main",
            "KUBE_VERSION": "",
            "KUBE_API_VERSIONS": "",
            **({} if parameters is None else {"ARGOCD_APP_PARAMETERS": json.dumps(parameters)}),
            **env,
        }
        command = [sys.executable, "-m", "kusion_render", "argocd", "generate"]
        folder = self.bench.root / "repo" / path
        return Run(subprocess.run(command, cwd=folder, env=environment, capture_output=True, check=False, timeout=60))


@pytest.fixture
def argo(workbench: Workbench) -> Argo:
    """A repository as Argo CD unpacks it."""
    return Argo(workbench)


def first_line(run: Run) -> str:
    """Return what people read in the UI, of a run that failed and printed no manifest."""
    assert run.exit_code != 0
    assert run.stdout == ""
    assert len(run.stderr.encode()) <= 4096
    return run.stderr.splitlines()[0]


def test_the_folder_says_the_stack(argo: Argo) -> None:
    """The stack of the source path is rendered, its namespace left to the destination."""
    run = argo.generate()

    assert (0, "") == (run.exit_code, run.stderr)
    assert ["Deployment"] == [each["kind"] for each in run.manifests]
    assert "namespace" not in run.manifest("Deployment")["metadata"]


def test_parameters_choose_and_change(argo: Argo) -> None:
    """`workspace` chooses one of several, `set` changes values, with quotes and line ends in them."""
    parameters = [
        {"name": "workspace", "string": "us"},
        {"name": "set", "map": {"web.workload.replicas": "3", "web.annotations.note": 'it\'s "so"\n'}},
    ]

    made = argo.generate("apps/shop/prod", parameters=parameters).manifest("Deployment")

    assert "us" == made["metadata"]["labels"]["region"]
    assert 3 == made["spec"]["replicas"]
    assert 'it\'s "so"\n' == made["metadata"]["annotations"]["note"]


def test_the_environment_of_the_plug_in_counts_too(argo: Argo) -> None:
    """`spec.source.plugin.env` arrives with a prefix; no parameters may arrive as null."""
    run = argo.generate("apps/shop", parameters=None, ARGOCD_ENV_STACK="shop/dev", ARGOCD_APP_PARAMETERS="null")

    assert "web" == run.manifest("Deployment")["metadata"]["name"]


@pytest.mark.parametrize(
    ("path", "parameters", "said"),
    [
        ("apps/shop", None, "error: this folder holds 3 renders: shop/dev, shop/prod@eu, shop/prod@us; point the"),
        ("apps/shop/dev", [{"name": "stak", "string": "a"}], "error: unknown parameter `stak`; did you mean `stack`?"),
        ("apps/shop/dev", [{"name": "set"}], "error: parameter `set` must have one of `string`, `array` and `map`"),
        ("apps/shop/dev", [{"name": "set", "string": "web"}], "error: parameter `set`, `web`: there is no `=`"),
        ("apps/shop/dev", [{"name": "stack", "map": {}}], "error: parameter `stack` must be a `string`"),
        ("apps/shop/dev", [{"name": "stack", "string": "shop/dve"}], "error[KR506]: `shop/dve` names no stack"),
        ("apps/shop/dev", [{"name": "set", "string": "wbe.workload.replicas=1"}], "error[KR124]: --set wbe."),
    ],
)
def test_the_first_line_says_it_all(argo: Argo, path: str, parameters: object, said: str) -> None:
    """Whatever is wrong, nothing is printed, and the first line of the error is enough."""
    assert first_line(argo.generate(path, parameters=parameters)).startswith(said)


def test_errors_name_the_repository_s_files(argo: Argo) -> None:
    """A broken app gives its line relative to the repository, and a hundred of them fit the UI."""
    broken = "".join(f"app{number}: {{workload: {{replica: 1}}}}\n" for number in range(100))
    path = argo.bench.root / "repo/apps/shop/dev/app.yaml"
    path.chmod(0o644)
    path.write_text(broken)

    run = argo.generate()

    assert "apps/shop/dev/app.yaml:1:" in first_line(run)
    assert run.stderr.endswith("run `kusion-render validate` for all of it\n")


def test_an_empty_render_fails(argo: Argo) -> None:
    """Nothing with success would delete what is deployed."""
    path = argo.bench.root / "repo/apps/shop/dev/app.yaml"
    path.chmod(0o644)
    path.write_text("web: {enabled: false, workload: {containers: {web: {image: a}}}}\n")

    assert "KR516" in first_line(argo.generate())


def test_another_namespace_than_the_destination_s_warns(argo: Argo) -> None:
    """A stack that says a namespace of its own is rendered, with a warning for the log."""
    path = argo.bench.root / "repo/apps/shop/dev/stack.yaml"
    path.chmod(0o644)
    path.write_text("{name: dev, namespace: elsewhere}\n")

    run = argo.generate()

    assert 0 == run.exit_code
    assert "warning[KR510]: the namespace `elsewhere` is not the destination's, `shop`" in run.stderr


@pytest.mark.parametrize("value", ["0", "soon", "-1"])
def test_the_budget_is_a_number(argo: Argo, value: str) -> None:
    """A time budget that can't be read is said, not guessed."""
    assert "KUSION_RENDER_TIMEOUT must be a positive whole number" in first_line(
        argo.generate(KUSION_RENDER_TIMEOUT=value)
    )


def test_it_imports_nothing_heavy(argo: Argo, tmp_path: Path) -> None:
    """Neither the command-line library nor anything that costs start-up time."""
    script = tmp_path / "run.py"
    script.write_text(
        "import os, sys\n"
        "before = set(sys.modules)\n"
        "from kusion_render.__main__ import main\n"
        "sys.argv = ['kusion-render', 'argocd', 'generate']\n"
        "code = main()\n"
        "print('\\n'.join(sorted(set(sys.modules) - before)), file=sys.stderr)\n"
        "sys.exit(code)\n"
    )
    run = subprocess.run(
        [sys.executable, str(script)],
        cwd=argo.bench.root / "repo/apps/shop/dev",
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(PROJECT), "ARGOCD_APP_SOURCE_PATH": "apps/shop/dev"},
        capture_output=True,
        text=True,
        check=False,
    )

    assert 0 == run.returncode
    assert set() == {name for name in run.stderr.split() if name in HEAVY or name.partition(".")[0] in HEAVY}
