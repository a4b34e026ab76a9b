"""What `inputs` lists is what a render asks of the file system, as the operating system saw it."""

from __future__ import annotations

import json
import os
import posixpath
import subprocess
import sys
from typing import TYPE_CHECKING, Any, Final

import pytest
import yaml
from workbench import PROJECT

from kusion_render.inputs import Inputs, covering
from kusion_render.integrations.path_filters import argocd_paths, github_patterns

if TYPE_CHECKING:
    from workbench import Workbench

APP: Final = "web: {workload: {containers: {web: {image: registry.example/web:1.0.0}}}}\n"
SPY: Final = """
import json, os, sys
root, seen = os.environ["SPY_ROOT"], set()

def note(path):
    if isinstance(path, (str, bytes)):
        full = os.path.abspath(os.fsdecode(path))
        if full == root or full.startswith(root + os.sep):
            seen.add(os.path.relpath(full, root))

sys.addaudithook(lambda event, arguments: note(arguments[0]) if event in ("open", "os.listdir", "os.scandir") else None)
for name in ("stat", "lstat", "readlink"):
    def asked(path, *rest, _real=getattr(os, name), **more):
        note(path)
        return _real(path, *rest, **more)
    setattr(os, name, asked)

from kusion_render.__main__ import main
sys.argv = ["kusion-render", "argocd", "generate"]
code = main()
print(json.dumps(sorted(seen)), file=sys.stderr)
sys.exit(code)
"""


def spied(bench: Workbench, path: str, parameters: object = None) -> set[str]:
    """Render as Argo CD does and return every path below the root that the process asked for."""
    run = subprocess.run(
        [sys.executable, "-c", SPY],
        cwd=bench.root / path,
        env={
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(PROJECT),
            "PYTHONDONTWRITEBYTECODE": "1",
            "SPY_ROOT": str(bench.root.resolve()),
            "ARGOCD_APP_SOURCE_PATH": path,
            "ARGOCD_APP_PARAMETERS": json.dumps(parameters),
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    seen = set(json.loads(run.stderr.splitlines()[-1]))
    assert seen
    return seen


def listed(bench: Workbench, *arguments: str) -> dict[str, dict[str, Any]]:
    """Return what `inputs --format json` says, by stack."""
    run = bench.run("inputs", *arguments, "--format", "json")
    assert (0, "") == (run.exit_code, run.stderr)
    return {each["stack"]: each for each in json.loads(run.stdout)["stacks"]}


def all_of(row: dict[str, Any]) -> set[str]:
    """Return the paths of one render, without the slashes of folders."""
    return {path.rstrip("/") for kind in ("read", "absent", "listed") for path in row[kind]}


def way_up(path: str) -> set[str]:
    """Return a path and the folders above it."""
    found = {path}
    while path:
        path = posixpath.dirname(path)
        found.add(path)
    return {each or "." for each in found}


@pytest.fixture
def estate(workbench: Workbench) -> Workbench:
    """A repository with all that a render may ask for: links, named files, entries, workspaces, stacks in stacks."""
    workbench.write(
        {
            "kusion-render.yaml": "compatibility: native\n",
            "workspaces/eu.yaml": "labels: {region: eu}\n",
            "workspaces/us.yaml": "labels: {region: us}\n",
            "workspaces/default.yaml": "labels: {a: b}\n",
            "shared/base/app.yaml": APP,
            "shared/site.conf": "hello\n",
            "apps/shop/project.yaml": "name: shop\n",
            "apps/shop/dev/stack.yaml": "name: dev\n",
            "apps/shop/dev/app.yaml": "web: {workload: {containers: {web: {files: {/etc/site.conf: {from: site.conf}}}}}}\n",
            "apps/shop/prod/stack.yaml": "workspaces: [eu, us]\n",
            "apps/shop/parts/stack.yaml": "entries: [../../../shared/base/app.yaml]\n",
            "apps/bank/project.yaml": "name: bank\n",
            "apps/bank/base/app.yaml": APP,
            "apps/bank/outer/stack.yaml": "name: outer\nnamespace: outer\n",
            "apps/bank/outer/inner/stack.yaml": "name: inner\nnamespace: inner\n",
            "unrelated/project.yaml": "name: unrelated\n",
        }
    )
    (workbench.root / "apps/shop/base").symlink_to("../../shared/base")
    (workbench.root / "apps/shop/dev/site.conf").symlink_to("first.conf")
    (workbench.root / "apps/shop/dev/first.conf").symlink_to("../../../shared/site.conf")
    return workbench


RENDERS: Final = [
    ("shop/dev", "apps/shop/dev", None),
    ("shop/prod@us", "apps/shop/prod", [{"name": "workspace", "string": "us"}]),
    ("shop/parts", "apps/shop/parts", None),
    ("bank/inner", "apps/bank/outer/inner", None),
    ("bank/outer", "apps/bank/outer", [{"name": "stack", "string": "bank/outer"}]),
]


@pytest.mark.parametrize(("key", "path", "parameters"), RENDERS, ids=[key for key, _, _ in RENDERS])
@pytest.mark.parametrize("settings", ["compatibility: native\n", ""], ids=["native", "unsaid"])
def test_every_question_to_the_file_system_is_listed(
    estate: Workbench, key: str, path: str, parameters: object, settings: str
) -> None:
    """Whatever the plug-in's process opens, lists or looks at below the root is an input, or a folder above one."""
    estate.write({"kusion-render.yaml": settings or "{}\n"})
    inputs = all_of(listed(estate)[key])
    known = {up for each in inputs for up in way_up(each)} | {"."}
    root = estate.root.resolve()

    missed = {
        each
        for each in spied(estate, path, parameters)
        if each not in known and os.path.relpath(os.path.realpath(root / each), root) not in known
    }

    assert set() == missed


@pytest.mark.parametrize(("key", "path", "parameters"), RENDERS, ids=[key for key, _, _ in RENDERS])
def test_a_run_over_all_lists_the_same_as_a_run_over_one(
    estate: Workbench, key: str, path: str, parameters: object
) -> None:
    """Files that an earlier stack had read already are inputs of a later one too."""
    del path, parameters
    assert listed(estate)[key] == listed(estate, key)[key]


def test_a_render_of_others_is_no_input(estate: Workbench) -> None:
    """Neither other stacks of the project nor other projects nor other workspaces."""
    inputs = all_of(listed(estate)["shop/prod@us"])

    assert not {each for each in inputs if each.startswith(("apps/bank", "apps/shop/dev", "unrelated"))}
    assert "workspaces/eu.yaml" not in inputs
    assert "workspaces/us.yaml" in inputs


def test_links_are_inputs_with_what_they_lead_to(estate: Workbench) -> None:
    """To Git a link is a file, so its change and its target's change are two things."""
    read = listed(estate)["shop/dev"]["read"]

    assert {
        "apps/shop/base",
        "shared/base/app.yaml",
        "apps/shop/dev/site.conf",
        "apps/shop/dev/first.conf",
        "shared/site.conf",
    } <= set(read)
    assert "apps/shop/base/app.yaml" not in read


def test_links_out_of_the_repository_are_refused(workbench: Workbench) -> None:
    """A folder of app files that lies elsewhere is not listed, so no input lies outside the root."""
    workbench.write({"elsewhere/app.yaml": APP})
    inner = type(workbench)(workbench.root / "repo")
    inner.root.mkdir()
    inner.app(APP)
    (inner.root / "shop/base").symlink_to("../../elsewhere")

    run = inner.run("inputs")

    assert (1, "") == (run.exit_code, run.stdout)
    assert "error[KR111]: `shop/base` leads outside the repository" in run.stderr


def test_links_in_a_circle_end(workbench: Workbench) -> None:
    """A link that leads to itself is told, and asks for no more than itself."""
    workbench.app(APP)
    (workbench.root / "shop/dev/more.app.yaml").symlink_to("more.app.yaml")

    run = workbench.run("inputs")

    assert 1 == run.exit_code
    assert "KR110" in run.stderr


@pytest.mark.parametrize("stack", ["shop/dev", "bank/outer"])
def test_what_changes_a_render_is_an_input(estate: Workbench, stack: str) -> None:
    """Without any one file, a render comes out as before, or the file was listed."""
    inputs = all_of(listed(estate)[stack])
    before = estate.render(stack).stdout
    files = [path for path in sorted(estate.root.rglob("*")) if path.is_file() or path.is_symlink()]
    causes = set()
    for path in files:
        aside = estate.root / ".aside"
        path.rename(aside)
        if estate.run("render", stack).stdout != before:
            causes.add(path.relative_to(estate.root).as_posix())
        aside.rename(path)

    assert causes
    assert causes <= inputs


def test_paths_are_one_a_line(workbench: Workbench) -> None:
    """Files as they are, folders with a slash, also those that are not there."""
    workbench.app(APP)

    assert [
        "kusion-render.yaml",
        "project.yaml",
        "shop/base/",
        "shop/dev/",
        "shop/dev/app.yaml",
        "shop/dev/kusion-render.yaml",
        "shop/dev/project.yaml",
        "shop/dev/stack.yaml",
        "shop/kusion-render.yaml",
        "shop/project.yaml",
        "workspaces/default.yaml",
        "workspaces/dev.yaml",
    ] == workbench.run("inputs").stdout.splitlines()


def test_argocd_is_the_shortest_list(workbench: Workbench) -> None:
    """The stack's folder is a dot and covers what it holds; the rest is from the root."""
    workbench.app(APP)

    run = workbench.run("inputs", "--format", "argocd")

    expected = ".;/kusion-render.yaml;/project.yaml;/shop/base;/shop/kusion-render.yaml;/shop/project.yaml"
    assert {"shop/dev": f"{expected};/workspaces/default.yaml;/workspaces/dev.yaml"} == yaml.safe_load(run.stdout)


def test_github_is_a_filter(workbench: Workbench) -> None:
    """Folders with all below them; one that is not there also by itself, for a link may come."""
    workbench.app(APP)

    assert {
        "paths": [
            "kusion-render.yaml",
            "project.yaml",
            "shop/base",
            "shop/base/**",
            "shop/dev/**",
            "shop/kusion-render.yaml",
            "shop/project.yaml",
            "workspaces/default.yaml",
            "workspaces/dev.yaml",
        ]
    } == yaml.safe_load(workbench.run("inputs", "--format", "github").stdout)


def test_what_a_list_cannot_say_is_covered_by_its_folder() -> None:
    """Semicolons, blanks at the ends and line breaks: the folder above is said, never less than the inputs."""
    inputs = Inputs(["a/b;c/d.yaml", "e/f ", "g\nh", "i/j.yaml"], ["k;l/"], ["i/m"])

    assert ["/"] == argocd_paths(inputs, "i/m")
    assert [".", "/a", "/e", "/i/j.yaml"] == argocd_paths(Inputs(inputs.read[:2] + inputs.read[3:], [], ["i/m"]), "i/m")


def test_signs_of_patterns_are_escaped() -> None:
    """A path with them means itself alone."""
    assert ["c\\+\\+/\\[a\\]\\*.yaml", "x\\!/**"] == github_patterns([Inputs(["c++/[a]*.yaml"], [], ["x!"])])


def test_a_listed_folder_covers_what_lies_below() -> None:
    """Nothing is said twice, and the root covers all."""
    inputs = [Inputs(["a/b/c", "a/d"], ["a/b/e/"], ["a/b"]), Inputs(["a/b"], [], [])]

    assert (["a/b"], ["a/d"]) == covering(inputs, lambda _: True)
    assert ([""], []) == covering([*inputs, Inputs([], [], [""])], lambda _: True)


def test_names_that_are_no_text_are_printed_as_json(workbench: Workbench) -> None:
    """A line break or bytes that are not UTF-8 in a name leave each path on its line."""
    workbench.app(APP)
    folder = os.fsencode(workbench.root / "shop/dev")
    for name in (b"b\xff.app.yaml", b"a\nb.app.yaml"):
        with open(os.path.join(folder, name), "w", encoding="utf-8") as stream:
            stream.write("{}\n")

    run = workbench.run("inputs")

    assert 0 == run.exit_code, run.stderr
    assert '"shop/dev/a\\nb.app.yaml"' in run.stdout.splitlines()
    assert '"shop/dev/b\\udcff.app.yaml"' in run.stdout.splitlines()
    assert 0 == workbench.run("inputs", "--format", "json").exit_code
    assert 0 == workbench.run("inputs", "--format", "argocd").exit_code


def test_a_broken_stack_lists_nothing(workbench: Workbench) -> None:
    """What can't be rendered has no exact inputs."""
    run = workbench.app("web: {workload: {replica: 1}}\n").run("inputs")

    assert (1, "") == (run.exit_code, run.stdout)
    assert "KR203" in run.stderr
