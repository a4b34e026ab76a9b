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

    def generate(
        self, path: str = "apps/shop/dev", *, parameters: object = None, verb: str = "generate", **env: str
    ) -> Run:
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
        command = [sys.executable, "-m", "kusion_render", "argocd", verb]
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


def test_by_hand_the_root_is_found_upward(argo: Argo) -> None:
    """Without Argo CD's source path, the repository is looked for as everywhere else."""
    run = argo.generate("apps/shop/prod", ARGOCD_APP_SOURCE_PATH="", ARGOCD_ENV_WORKSPACE="eu")

    assert "eu" == run.manifest("Deployment")["metadata"]["labels"]["region"]


def test_nothing_above_the_copy_counts(argo: Argo) -> None:
    """A settings file above the root that the source path implies belongs to something else."""
    (argo.bench.root / "repo/kusion-render.yaml").rename(argo.bench.root / "kusion-render.yaml")

    run = argo.generate("apps/shop/prod", ARGOCD_ENV_WORKSPACE="eu")

    assert "eu" == run.manifest("Deployment")["metadata"]["labels"]["region"]


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


TWO_APPS: Final = """
web:
  workload:
    replicas: 2
    containers:
      web: {image: registry.example/web:1.0.0, env: {LOG: info, PASSWORD: "secret://db/password"}}
      log: {image: registry.example/log:1.0.0}
  accessories:
    secrets: {db: {type: opaque, data: {password: hunter2}}}
tidy: {workload: {schedule: "0 3 * * *", containers: {tidy: {image: registry.example/tidy:1.0.0}}}}
"""

ALLOWED: Final = "secrets: {allowLiteral: true}\n"


def announced(run: Run) -> dict[str, dict[str, object]]:
    """Return the announcements by name."""
    assert run.exit_code == 0, run.stderr
    items = json.loads(run.stdout)
    assert isinstance(items, list)
    return {each["name"]: each for each in items}


def test_parameters_are_announced_as_argo_cd_reads_them(argo: Argo) -> None:
    """The fields have Argo CD's names and types; defaults are what the render does anyway."""
    run = argo.generate(verb="parameters", ARGOCD_APP_NAMESPACE="")

    found = announced(run)
    assert {
        "name": "image",
        "title": "Image",
        "tooltip": "Of web",
        "required": False,
        "itemType": "string",
        "collectionType": "string",
        "string": "registry.example/web:1.0.0",
    } == found["image"]
    assert ["stack", "workspace", "profile", "preview", "image", "replicas", "set"] == list(found)[:7]
    assert ("shop/dev", "argocd") == (found["stack"]["string"], found["profile"]["string"])
    for each in found.values():
        kind = each["collectionType"]
        assert kind in ("string", "map")
        assert isinstance(each[str(kind)], str if kind == "string" else dict)
        assert {"name", "title", "tooltip", "required", "itemType", "collectionType", kind} == set(each)
        assert isinstance(each["required"], bool)


def test_fields_are_announced_but_for_secrets(argo: Argo) -> None:
    """Each field that an app sets is one parameter with its type; what may be a secret is none."""
    argo.bench.write(
        {
            "repo/apps/shop/qa/stack.yaml": "name: qa\n",
            "repo/apps/shop/qa/app.yaml": TWO_APPS,
            "repo/workspaces/qa.yaml": ALLOWED,
        }
    )
    run = argo.generate("apps/shop/qa", verb="parameters")

    found = announced(run)
    assert ("number", "2") == (found["web.workload.replicas"]["itemType"], found["web.workload.replicas"]["string"])
    assert "info" == found["web.workload.containers.web.env.LOG"]["string"]
    assert ({}, "map") == (found["image"]["map"], found["image"]["collectionType"])
    assert "web.web, web.log, tidy" in str(found["image"]["tooltip"])
    assert ("Of web", "2") == (found["replicas"]["tooltip"], found["replicas"]["string"])
    assert "hunter2" not in run.stdout + run.stderr


def test_a_choice_is_announced_as_required(argo: Argo) -> None:
    """A folder with several renders asks which; one stack on several workspaces asks for the workspace."""
    folder = announced(argo.generate("apps/shop", verb="parameters"))
    stack = announced(argo.generate("apps/shop/prod", verb="parameters"))

    assert folder["stack"]["required"] is True
    assert "shop/dev, shop/prod" in str(folder["stack"]["tooltip"])
    assert (False, True) == (stack["stack"]["required"], stack["workspace"]["required"])


def test_a_broken_stack_still_announces(argo: Argo) -> None:
    """A failure would hide the whole page of the Application; what is wrong goes to the log."""
    argo.bench.write(
        {"repo/apps/shop/qa/stack.yaml": "name: qa\n", "repo/apps/shop/qa/app.yaml": "web: {wrkload: {}}\n"}
    )

    run = argo.generate("apps/shop/qa", verb="parameters")

    assert "stack" in announced(run)
    assert "did you mean `workload`?" in run.stderr


def test_every_announced_value_can_be_sent_back(argo: Argo) -> None:
    """What the UI shows, set as it stands, renders to the same bytes; so does each field alone with its path."""
    argo.bench.write(
        {
            "repo/apps/shop/qa/stack.yaml": "name: qa\n",
            "repo/apps/shop/qa/app.yaml": TWO_APPS,
            "repo/workspaces/qa.yaml": ALLOWED,
        }
    )
    found = announced(argo.generate("apps/shop/qa", verb="parameters"))
    sent = [
        {"name": name, str(each["collectionType"]): each[str(each["collectionType"])]} for name, each in found.items()
    ]

    usual, again = argo.generate("apps/shop/qa"), argo.generate("apps/shop/qa", parameters=sent)

    assert (0, usual.stdout) == (again.exit_code, again.stdout), again.stderr


def test_image_and_replicas_need_no_paths(argo: Argo) -> None:
    """By app, or by app and container where there are several; a single path counts beside them."""
    argo.bench.write(
        {
            "repo/apps/shop/qa/stack.yaml": "name: qa\n",
            "repo/apps/shop/qa/app.yaml": TWO_APPS,
            "repo/workspaces/qa.yaml": ALLOWED,
        }
    )
    parameters = [
        {"name": "image", "map": {"web.log": "registry.example/log:2", "tidy": "registry.example/tidy:2"}},
        {"name": "replicas", "string": "7"},
        {"name": "web.workload.containers.web.tty", "string": "true"},
    ]
    run = argo.generate("apps/shop/qa", parameters=parameters)

    spec = run.manifest("Deployment")["spec"]
    images = [each["image"] for each in spec["template"]["spec"]["containers"]]
    assert (7, ["registry.example/web:1.0.0", "registry.example/log:2"]) == (spec["replicas"], images)
    assert spec["template"]["spec"]["containers"][0]["tty"] is True
    assert "registry.example/tidy:2" in run.stdout


@pytest.mark.parametrize(
    ("parameters", "said"),
    [
        ([{"name": "image", "string": "x"}], "error: parameter `image` must be a `map` here, for there are `web.web`,"),
        ([{"name": "image", "map": {"wbe.web": "x"}}], "nothing is called `wbe.web`; did you mean `web.web`?"),
        ([{"name": "image", "array": ["x"]}], "error: parameter `image` must be a `string` or a `map`"),
        ([{"name": "replicas", "map": {"web": 3}}], "error: parameter `replicas` must hold texts"),
        ([{"name": "replicas", "string": "many"}], "error[KR201]"),
        (
            [{"name": "profile", "string": "argo"}],
            "error: parameter `profile`: no profile `argo`; did you mean `argocd`?",
        ),
        ([{"name": "preview", "string": "A B"}], "error: parameter `preview`: `A B` can't be a preview's name"),
        ([{"name": "web.workload.replica", "string": "1"}], "error[KR203]"),
        ([{"name": "web.workload", "map": {}}], "error: parameter `web.workload` must be a `string`"),
        ([{"name": ["x"], "string": ""}], "error: unknown parameter `['x']`"),
        (["x"], "error: unknown parameter `None`"),
        ({"name": "stack"}, "error: parameter `stack` must have one of"),
    ],
)
def test_parameters_that_mean_nothing(argo: Argo, parameters: object, said: str) -> None:
    """The first line says which and what to do."""
    argo.bench.write(
        {
            "repo/apps/shop/qa/stack.yaml": "name: qa\n",
            "repo/apps/shop/qa/app.yaml": TWO_APPS,
            "repo/workspaces/qa.yaml": ALLOWED,
        }
    )

    assert said in first_line(argo.generate("apps/shop/qa", parameters=parameters))


def test_a_preview_goes_to_the_destination(argo: Argo) -> None:
    """The Application names the preview's namespace; a workspace that names another one is warned about."""
    run = argo.generate(parameters=[{"name": "preview", "string": "pr-7"}], ARGOCD_APP_NAMESPACE="shop-pr-7")

    assert (0, "") == (run.exit_code, run.stderr)
    assert "namespace" not in run.stdout

    argo.bench.write({"repo/workspaces/dev.yaml": "namespace: shop\n"})
    assert run.stdout == argo.generate(ARGOCD_ENV_PREVIEW="pr-7", ARGOCD_APP_NAMESPACE="shop-pr-7").stdout
    assert "KR510" in argo.generate(ARGOCD_ENV_PREVIEW="pr-7", ARGOCD_APP_NAMESPACE="other").stderr
