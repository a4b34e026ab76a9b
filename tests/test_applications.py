"""`argocd applications`: what it writes deploys every stack, once, from its folder, and knows exactly what it reads."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from typing import TYPE_CHECKING, Any, Final

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from workbench import PROJECT, Workbench

from kusion_render.diagnostics import Diagnostics, UsageError
from kusion_render.inputs import Inputs
from kusion_render.integrations.applications import manifests
from kusion_render.integrations.applications.git import Layout
from kusion_render.integrations.applications.options import read_options
from kusion_render.integrations.applications.render import Render, branch_problem
from kusion_render.kubernetes.limits import name_problem
from kusion_render.model import Namespace, Project, Spec, Stack, Workspace

if TYPE_CHECKING:
    from pathlib import Path

GOLDEN: Final = PROJECT / "tests/applications"
URL: Final = "https://git.example/cfg.git"
PATHS: Final = "argocd.argoproj.io/manifest-generate-paths"
APP: Final = "web: {workload: {containers: {web: {image: registry.example/web:1.0.0}}}}\n"
PULLS: Final = ("-g", "pull-request", "--github", "team/cfg", "--token-secret", "github/token")
BOUTIQUE: Final[dict[str, tuple[str, ...]]] = {
    "applications": ("--automated",),
    "git-files": ("-g", "git-files"),
    "git-directories": ("-g", "git-directories", "--match", "*/*", "--delete-resources"),
    "clusters": ("-g", "clusters", "--cluster-selector", "tier=web"),
    "pull-request": ("online-boutique/dev", *PULLS),
    "hydrator": ("-g", "git-files", "--hydrate-branch", "env/{stack}", "--hydrate-next", "env/{stack}-next"),
}


def applications(bench: Workbench, *arguments: str) -> list[dict[str, Any]]:
    """Run the command, expect it to succeed, and return the manifests."""
    run = bench.run("argocd", "applications", "--repo-url", URL, *arguments)
    assert (0, "") == (run.exit_code, run.stderr)
    return run.manifests


def refusal(bench: Workbench, *arguments: str, code: int = 2) -> str:
    """Run the command, expect it to fail with nothing printed, and return what it says."""
    run = bench.run("argocd", "applications", "--repo-url", URL, *arguments)
    assert (code, "") == (run.exit_code, run.stdout)
    return run.stderr


@pytest.fixture
def boutique(workbench: Workbench) -> Workbench:
    """A copy of the example, in a repository of its own."""
    shutil.copytree(PROJECT / "examples/online-boutique", workbench.root, dirs_exist_ok=True)
    return workbench


@pytest.fixture
def estate(workbench: Workbench) -> Workbench:
    """All that makes one stack another case than the next."""
    return workbench.write(
        {
            "kusion-render.yaml": "compatibility: native\n",
            "workspaces/eu.yaml": "{}\n",
            "workspaces/us.yaml": "{}\n",
            "shared/a{{b}}\"c'd;e.app.yaml": APP,
            "apps/shop/project.yaml": "{name: Shop_v1, namespace: shop-all}\n",
            "apps/shop/base/app.yaml": APP,
            "apps/shop/dev/stack.yaml": "name: dev\nnamespace: shop\n",
            "apps/shop/test/stack.yaml": "{name: trial.1, namespace: trial}\n",
            "apps/shop/prod/stack.yaml": "workspaces: [eu, us]\n",
            "apps/shop/own/stack.yaml": "namespace: {name: own, create: true}\n",
            "bank/project.yaml": "name: bank\n",
            "bank/live/stack.yaml": 'entries: ["../../shared/a{{b}}\\"c\'d;e.app.yaml"]\n',
            'bank/a {{.b}} "c"/stack.yaml': "{name: odd, workspace: eu}\n",
            'bank/a {{.b}} "c"/app.yaml': APP,
            "bank/outer/stack.yaml": "name: outer\nnamespace: outer\n",
            "bank/outer/app.yaml": APP,
            "bank/outer/inner/stack.yaml": "name: inner\n",
            "bank/outer/inner/app.yaml": APP,
        }
    )


@pytest.mark.parametrize("name", BOUTIQUE)
def test_the_boutique_comes_out_as_before(boutique: Workbench, name: str, request: pytest.FixtureRequest) -> None:
    """The output of each generator, byte for byte."""
    run = boutique.run("argocd", "applications", "--repo-url", URL, *BOUTIQUE[name])
    assert (0, "") == (run.exit_code, run.stderr)
    golden = GOLDEN / f"{name}.yaml"
    if request.config.getoption("--update-golden"):
        golden.parent.mkdir(exist_ok=True)
        golden.write_text(run.stdout, encoding="utf-8")

    assert golden.read_text(encoding="utf-8") == run.stdout


def test_every_render_has_an_application(estate: Workbench) -> None:
    """Name, folder, namespace and parameters are what the plug-in needs to render just that."""
    found = {
        each["metadata"]["name"]: (
            each["spec"]["source"]["path"],
            each["spec"]["destination"]["namespace"],
            {one["name"]: one["string"] for one in each["spec"]["source"]["plugin"].get("parameters", [])},
        )
        for each in applications(estate)
    }

    assert {
        "shop-v1-dev": ("apps/shop/dev", "shop", {}),
        "shop-v1-trial.1": ("apps/shop/test", "trial", {}),
        "shop-v1-own": ("apps/shop/own", "own", {}),
        "shop-v1-prod-eu": ("apps/shop/prod", "shop-all", {"workspace": "eu"}),
        "shop-v1-prod-us": ("apps/shop/prod", "shop-all", {"workspace": "us"}),
        "bank-live": ("bank/live", "bank-live", {}),
        "bank-odd": ('bank/a {{.b}} "c"', "bank-odd", {}),
        "bank-outer": ("bank/outer", "outer", {"stack": "bank/outer"}),
        "bank-inner": ("bank/outer/inner", "bank-inner", {}),
    } == found


@pytest.mark.parametrize("name", ["shop-v1-dev", "shop-v1-prod-us", "bank-outer", "bank-odd"])
def test_the_plug_in_renders_what_an_application_says(estate: Workbench, name: str) -> None:
    """With an Application's path, namespace and parameters `argocd generate` renders without a warning."""
    made = {each["metadata"]["name"]: each["spec"] for each in applications(estate)}[name]
    source = made["source"]
    run = estate.run(
        "argocd",
        "generate",
        folder=source["path"],
        env={
            "ARGOCD_APP_SOURCE_PATH": source["path"],
            "ARGOCD_APP_NAMESPACE": made["destination"]["namespace"],
            "ARGOCD_APP_PARAMETERS": json.dumps(source["plugin"].get("parameters")),
        },
    )

    assert (0, "") == (run.exit_code, run.stderr)
    assert run.manifests


def test_the_annotation_is_that_of_inputs(estate: Workbench) -> None:
    """One calculation for both commands."""
    inputs = yaml.safe_load(estate.run("inputs", "-f", "argocd").stdout)

    assert sorted(inputs.values()) == sorted(each["metadata"]["annotations"][PATHS] for each in applications(estate))


def test_a_stack_that_makes_its_namespace_is_left_to_it(estate: Workbench) -> None:
    """CreateNamespace is for the others; the options given change and add."""
    own, other = (
        applications(estate, stack, "--sync-option", "Validate=false", "--sync-option", "PruneLast=false")[0]
        for stack in ("apps/shop/own", "apps/shop/dev")
    )

    assert "CreateNamespace=false" in own["spec"]["syncPolicy"]["syncOptions"]
    assert ["CreateNamespace=true", "PruneLast=false", "ServerSideApply=true", "Validate=false"] == other["spec"][
        "syncPolicy"
    ]["syncOptions"]


def test_what_folders_do_not_tell_is_listed(estate: Workbench) -> None:
    """Several workspaces, stacks below stacks and odd folders go to a list, and are taken out of the patterns."""
    found, rest = applications(estate, "-g", "git-files")

    assert ["**/stack.yaml", "apps/shop/prod/stack.yaml", 'bank/a {{.b}} "c"/stack.yaml', "bank/outer/stack.yaml"] == [
        each["path"] for each in found["spec"]["generators"][0]["git"]["files"]
    ]
    elements = {each["application"]: each for each in rest["spec"]["generators"][0]["list"]["elements"]}
    assert {"shop-v1-prod-eu", "shop-v1-prod-us", "bank-odd", "bank-outer"} == set(elements)
    assert ("eu", "") == (elements["shop-v1-prod-eu"]["workspace"], elements["bank-odd"]["workspace"])
    assert {"name": "workspace", "string": "{{.workspace}}"} in rest["spec"]["template"]["spec"]["source"]["plugin"][
        "parameters"
    ]


def test_chosen_stacks_are_the_only_ones(estate: Workbench) -> None:
    """With names on the command line the set holds those, by name."""
    (found,) = applications(estate, "apps/shop/dev", "apps/shop/test", "-g", "git-files")

    assert [{"path": "apps/shop/dev/stack.yaml"}, {"path": "apps/shop/test/stack.yaml"}] == found["spec"]["generators"][
        0
    ]["git"]["files"]


def test_previews_are_apart(estate: Workbench) -> None:
    """Each pull request has its own name, namespace, revision and preview; deleting it deletes its objects."""
    (made,) = applications(estate, "apps/shop/prod", *PULLS, "--label", "a", "--label", "b")
    spec = made["spec"]["template"]["spec"]
    stacks, pulls = made["spec"]["generators"][0]["matrix"]["generators"]

    assert "syncPolicy" not in made["spec"]
    assert ["a", "b"] == pulls["pullRequest"]["github"]["labels"]
    assert ["shop-v1-prod-eu", "shop-v1-prod-us"] == [each["application"] for each in stacks["list"]["elements"]]
    assert "{{.head_sha}}" == spec["source"]["targetRevision"]
    assert "{{.namespace}}-pr-{{.number}}" == spec["destination"]["namespace"]
    assert {"name": "preview", "string": "pr-{{.number}}"} in spec["source"]["plugin"]["parameters"]


def test_hydrated_places_are_apart(estate: Workbench) -> None:
    """A stack of several workspaces is hydrated to several folders."""
    places = {
        (
            each["spec"]["sourceHydrator"]["syncSource"]["targetBranch"],
            each["spec"]["sourceHydrator"]["syncSource"]["path"],
        )
        for each in applications(estate, "apps/shop", "--hydrate-branch", "env/{stack}")
    }

    assert {
        ("env/dev", "apps/shop/dev"),
        ("env/trial.1", "apps/shop/test"),
        ("env/own", "apps/shop/own"),
        ("env/prod", "apps/shop/prod@eu"),
        ("env/prod", "apps/shop/prod@us"),
    } == places


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--generator", "pull-request"], "needs --github OWNER/REPO"),
        (["--github", "a/b"], "--github means nothing with --generator none"),
        (["--match", "*/*"], "--match means nothing with --generator none"),
        ([*PULLS, "--revision", "main"], "--revision means nothing with --generator pull-request"),
        ([*PULLS, "--hydrate-branch", "x"], "--hydrate-branch means nothing with --generator pull-request"),
        (["--destination-server", "https://a", "--destination-name", "b"], "name the same thing; say one"),
        (["--hydrate-next", "a"], "--hydrate-next needs --hydrate-branch"),
        (["--hydrate-branch", "a", "--hydrate-next", "a"], "gives the same branch"),
        (["--hydrate-branch", "env/{workspace}"], "gives `env/` for `shop/dev`, which is no branch"),
        (["--hydrate-branch", "a b"], "blanks, control characters"),
        (["--name", "{projekt}"], "did you mean `project`?"),
        (["--name", "{{project}}"], "without `{{` and `}}`"),
        (["--name", "+"], "--name `+` gives no name"),
        (["--check"], "--check compares with a file"),
        (["--check", "--output", "-"], "--check compares with a file"),
        (["--repo-url", "cfg"], "--repo-url `cfg` is no URL"),
        (["--repo-url", "https://me:hunter2@git.example/a"], "--repo-url holds a user or a password"),
        (["--repo-url", "https://git.example/a b"], "it has a blank in it"),
        (["--repo-url", ""], "--repo-url must be a text of one line"),
        (["--destination-server", "cluster"], "--destination-server `cluster` is no URL"),
        (["--argocd-namespace", "Argo_CD"], "--argocd-namespace `Argo_CD` is no name"),
        (["--sync-option", "Validate"], "must be NAME=VALUE"),
        (["--sync-option", "CreateNamespce=true"], "did you mean `CreateNamespace`?"),
        (["-g", "clusters", "--cluster-selector", "a"], "there is no `=`"),
        (["-g", "clusters", "--cluster-selector", "a=1", "--cluster-selector", "a=2"], "gives `a` two values"),
        (["-g", "pull-request", "--github", "team"], "--github `team` must be OWNER/REPO"),
        ([*PULLS[:-1], "token"], "must be NAME/KEY of a Secret"),
        (["-g", "git-files", "--match", "app/*/stack.yaml"], "matches none of the chosen stacks"),
        (["-g", "git-files", "--match", "shop/d*"], "matches none of the chosen stacks"),
        (["-g", "git-directories", "--match", "**"], "Argo CD knows `**` for files only"),
        (["-g", "git-directories", "--match", "shop/[d]ev"], "with `*`, `?` and `**` alone"),
        (["-g", "git-directories", "--match", "*/d*"], "no --match finds `shop/prod`"),
    ],
)
def test_what_can_not_be_meant_is_refused(workbench: Workbench, arguments: list[str], said: str) -> None:
    """A wrong command line ends with 2, one sentence, and no secret in it."""
    workbench.app(APP, **{"shop/prod/stack.yaml": "{}\n", "shop/prod/app.yaml": APP})

    report = refusal(workbench, *arguments)

    assert said in report
    assert "hunter2" not in report


def test_there_must_be_stacks(workbench: Workbench) -> None:
    """Nothing at all, a name that is none, and a stack that does not render."""
    workbench.write({"kusion-render.yaml": "compatibility: native\n"})
    assert "KR506" in refusal(workbench, code=1)

    workbench.app("web: {workload: {replica: 1}}\n")
    assert "KR506" in refusal(workbench, "shop/dve", code=1)
    assert "KR203" in refusal(workbench, code=1)


def test_names_that_collide_are_told(workbench: Workbench) -> None:
    """Two Applications of one name would take turns."""
    workbench.app(APP, **{"shop/prod/stack.yaml": "{}\n", "shop/prod/app.yaml": APP})

    report = refusal(workbench, "--name", "{project}", code=1)

    assert "shop/prod/stack.yaml:1:1: error[KR520]: the Application of `shop/prod` would be called `shop`" in report
    assert "help: say another --name" in report


def test_a_stack_that_the_plug_in_can_not_name_is_told(workbench: Workbench) -> None:
    """A stack whose name is another's folder, with that other one below it."""
    workbench.app(
        APP,
        **{"shop/stack.yaml": "{name: dev2}\n", "shop/app.yaml": APP, "shop/dev2/stack.yaml": "name: x\n"},
        **{"shop/dev2/app.yaml": APP},
    )

    assert "error[KR525]: the plug-in can't tell `shop/dev2` from `shop/x`" in refusal(workbench, code=1)


def test_a_folder_with_a_line_break_is_told(workbench: Workbench) -> None:
    """An Application's path is one line."""
    workbench.app(APP, **{"shop/a\nb/stack.yaml": "name: ab\n", "shop/a\nb/app.yaml": APP})

    assert "error[KR523]: the folder of `shop/ab` has characters" in refusal(workbench, code=1)


def test_two_renders_are_not_hydrated_to_one_place(workbench: Workbench) -> None:
    """A folder may be called as another's workspace makes it."""
    workbench.app(
        APP,
        **{
            "workspaces/eu.yaml": "{}\n",
            "workspaces/us.yaml": "{}\n",
            "shop/dev/stack.yaml": "workspaces: [eu, us]\n",
            "shop/dev@eu/stack.yaml": "name: other\n",
            "shop/dev@eu/app.yaml": APP,
        },
    )

    assert "error[KR521]: `shop/other` would be hydrated to `shop/dev@eu` on branch `env`" in refusal(
        workbench, "--hydrate-branch", "env", code=1
    )


def test_a_root_below_the_git_root_is_told(workbench: Workbench) -> None:
    """Argo CD's paths begin at the Git repository's root."""
    inner = Workbench(workbench.write({".git/HEAD": ""}).root / "config/k8s")
    inner.root.mkdir(parents=True)
    run = inner.app(APP).run("argocd", "applications", "--repo-url", URL)

    assert 0 == run.exit_code
    assert "warning[KR522]" in run.stderr
    assert "this root is `config/k8s` in it" in run.stderr


def test_a_file_is_written_and_checked(boutique: Workbench) -> None:
    """Fresh: 0 and silence. A second write leaves it as it is."""
    command = ("argocd", "applications", "--repo-url", URL, "--output", "deploy/apps.yaml")
    assert (0, "") == ((run := boutique.run(*command)).exit_code, run.stdout + run.stderr)
    file = boutique.root / "deploy/apps.yaml"
    before = file.stat().st_mtime_ns

    assert 0 == boutique.run(*command).exit_code
    assert before == file.stat().st_mtime_ns
    assert (0, "") == ((run := boutique.run(*command, "--check")).exit_code, run.stdout + run.stderr)


def test_a_stale_file_is_told_and_left_alone(boutique: Workbench) -> None:
    """Which Applications differ, which stacks are missing, which are gone, and the command that mends it."""
    command = ("argocd", "applications", "--repo-url", URL, "--output", "apps.yaml")
    boutique.run(*command)
    before = (boutique.root / "apps.yaml").read_bytes()
    boutique.write(
        {"boutique/test/stack.yaml": "name: test\n", "boutique/prod/stack.yaml": "name: prod\nnamespace: p\n"}
    )
    shutil.rmtree(boutique.root / "boutique/dev")

    run = boutique.run(*command, "--check")

    assert 4 == run.exit_code
    assert [
        "Application online-boutique-prod.spec.destination.namespace differs",
        "Application online-boutique-test is missing, so stack online-boutique/test is not deployed",
        "Application online-boutique-dev is made of no stack any more",
        "",
        "apps.yaml is out of date; to mend it:",
        f"  kusion-render {' '.join(command)}",
    ] == run.stdout.splitlines()
    assert before == (boutique.root / "apps.yaml").read_bytes()
    assert 0 == boutique.run(*command).exit_code
    assert 0 == boutique.run(*command, "--check").exit_code


@pytest.mark.parametrize(
    ("generator", "said"),
    [
        (("-g", "git-directories"), "git.directories: stack online-boutique/test is missing"),
        (PULLS, "list.elements: stack online-boutique/test is missing"),
        (("-g", "git-files"), "template.spec.destination.namespace differs"),
    ],
)
def test_a_stale_set_names_stacks(boutique: Workbench, generator: tuple[str, ...], said: str) -> None:
    """A set that lists stacks lacks one; one that looks them up says where it differs."""
    command = ("argocd", "applications", "--repo-url", URL, *generator, "--output", "set.yaml")
    boutique.run(*command)
    boutique.write({"boutique/test/stack.yaml": "name: test\nnamespace: elsewhere\n"})

    run = boutique.run(*command, "--check")

    assert 4 == run.exit_code
    assert said in run.stdout


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "Application online-boutique-dev is missing"),
        (b"", "Application online-boutique-dev is missing"),
        (b"\xff\x00", "the file can't be read as YAML"),
        (b"a: [", "the file can't be read as YAML"),
        (b"- 1\n", "something else is made of no stack any more"),
        (b"kind: Application\nmetadata: 3\n", "Application None is made of no stack any more"),
    ],
)
def test_whatever_the_file_holds_is_compared(boutique: Workbench, content: bytes | None, said: str) -> None:
    """No file, an empty one, none of ours: a difference, not a failure."""
    if content is not None:
        (boutique.root / "apps.yaml").write_bytes(content)

    run = boutique.run("argocd", "applications", "--repo-url", URL, "--output", "apps.yaml", "--check")

    assert 4 == run.exit_code
    assert said in run.stdout


def test_other_line_ends_are_a_difference(boutique: Workbench) -> None:
    """The same data in other bytes are told as that."""
    command = ("argocd", "applications", "--repo-url", URL, "--output", "apps.yaml")
    boutique.run(*command)
    file = boutique.root / "apps.yaml"
    file.write_bytes(file.read_bytes().replace(b"\n", b"\r\n"))

    run = boutique.run(*command, "--check")

    assert 4 == run.exit_code
    assert "the file is written otherwise, though it says the same" in run.stdout


def test_a_file_that_is_not_ours_is_not_overwritten(boutique: Workbench) -> None:
    """Nor is anything left beside it."""
    boutique.write({"apps.yaml": "mine: true\n"})

    assert "error[KR513]: `apps.yaml` is in the way" in refusal(boutique, "--output", "apps.yaml", code=1)
    assert "mine: true\n" == (boutique.root / "apps.yaml").read_text()
    assert "error[KR518]" in refusal(boutique, "--output", "apps.yaml/below", code=1)
    os.mkfifo(boutique.root / "pipe")
    assert "`pipe` cannot be read: not a regular file" in refusal(boutique, "--output", "pipe", code=1)
    assert [] == list(boutique.root.glob("*kusion-render-new"))


def test_processes_share_the_work(estate: Workbench) -> None:
    """What several find is what one finds."""
    assert applications(estate) == applications(estate, "--jobs", "3")


NAMES: Final = st.from_regex(r"[A-Za-z0-9]([A-Za-z0-9._-]{0,80}[A-Za-z0-9])?", fullmatch=True)


@settings(max_examples=150, deadline=None)
@given(
    st.lists(
        st.tuples(NAMES, NAMES, st.lists(NAMES, max_size=3, unique=True)),
        min_size=1,
        max_size=6,
        unique_by=lambda triple: triple[:2],
    ),
    st.sampled_from(["{project}-{stack}", "{stack}", "x-{path}", "{workspace}.{project}"]),
)
def test_names_are_valid_and_unique_or_refused(triples: list[tuple[str, str, list[str]]], template: str) -> None:
    """Whatever stacks are called, no two Applications have one name, and each name is one."""
    found = Diagnostics()
    try:
        options = read_options({"repo_url": URL, "name": template})
        renders = [
            Render(spec_of(project, stack, workspaces, workspace), Inputs([], [], [f"{project}/{stack}"]), options)
            for project, stack, workspaces in triples
            for workspace in workspaces or [""]
        ]
    except UsageError:
        return
    made = manifests(renders, options, Layout([], [], whole=True), found)
    names = [each["metadata"]["name"] for each in made if isinstance(each["metadata"], dict)]

    assert found.failed or len(renders) == len(set(map(str, names)))
    assert [] == [name for name in names if name_problem("Application", str(name)) or len(str(name)) > 63]


def spec_of(project: str, stack: str, workspaces: list[str], workspace: str) -> Spec:
    """Return a render without objects."""
    home = Project(project, project, f"{project}/project.yaml", {})
    path = f"{project}/{stack}"
    return Spec(
        Stack(stack, home, path, f"{path}/stack.yaml", {}, workspaces or [""]),
        Workspace(workspace, "", {}),
        Namespace("shop"),
        [],
    )


@pytest.mark.parametrize(
    "name",
    ["", "/a", "a/", "a//b", ".a", "a/.b", "a.lock", "a..b", "a@{b", "@", "a.", "-a", "a b", "a~", "a\x7f", "a\\b"],
)
def test_names_that_git_refuses_are_refused(name: str) -> None:
    """The rules of `git check-ref-format`."""
    assert branch_problem(name)
    assert branch_problem("environments/prod") is None


GO: Final = """
package main

import ("bytes"; "encoding/json"; "fmt"; "os"; "path"; "regexp"; "strings"; "text/template")

func main() {
	var jobs []struct { Text string; Params map[string]any }
	if err := json.NewDecoder(os.Stdin).Decode(&jobs); err != nil { panic(err) }
	odd := regexp.MustCompile("[^-a-z0-9.]")
	functions := template.FuncMap{
		"dir": path.Dir, "base": path.Base,
		"toString": func(v any) string { return fmt.Sprint(v) },
		"dict": func(v ...any) map[string]any {
			d := map[string]any{}
			for i := 0; i+1 < len(v); i += 2 { d[v[i].(string)] = v[i+1] }
			return d
		},
		"get": func(d map[string]any, key string) any { if v, ok := d[key]; ok { return v }; return "" },
		"default": func(d any, given ...any) any {
			if len(given) == 0 || given[0] == nil || given[0] == "" { return d }
			return given[0]
		},
		"normalize": func(s string) string {
			return strings.Trim(odd.ReplaceAllString(strings.ToLower(s), "-"), "-.")
		},
	}
	results := []string{}
	for _, job := range jobs {
		t := template.Must(template.New("").Funcs(functions).Option("missingkey=error").Parse(job.Text))
		var out bytes.Buffer
		if err := t.Execute(&out, job.Params); err != nil { panic(err) }
		results = append(results, out.String())
	}
	json.NewEncoder(os.Stdout).Encode(results)
}
"""
needs_go = pytest.mark.skipif(
    shutil.which("go") is None and "KR_REQUIRE_TOOLS" not in os.environ, reason="go is not installed"
)
needs_kubectl = pytest.mark.skipif(
    shutil.which("kubectl") is None and "KR_REQUIRE_TOOLS" not in os.environ, reason="kubectl is not installed"
)


@pytest.fixture(scope="session")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Go's own templates with Sprig's and Argo CD's functions, as documented, as a program."""
    folder = tmp_path_factory.mktemp("go")
    (folder / "main.go").write_text(GO)
    environment = {"HOME": str(folder), **os.environ, "GO111MODULE": "off", "GOFLAGS": ""}
    subprocess.run(["go", "build", "-o", "evaluate", "main.go"], cwd=folder, env=environment, check=True)
    return folder / "evaluate"


def evaluated(program: Path, jobs: list[tuple[str, dict[str, Any]]]) -> list[str]:
    """Return what Go makes of texts."""
    jobs_text = json.dumps([{"Text": text, "Params": params} for text, params in jobs])
    ran = subprocess.run([str(program)], input=jobs_text.encode(), capture_output=True, check=False)
    assert ran.returncode == 0, ran.stderr.decode()
    return list(json.loads(ran.stdout))


def leaves(data: Any) -> list[str]:
    """Return all texts of a manifest, in order."""
    if isinstance(data, dict):
        return [text for key in sorted(data) for text in leaves(data[key])]
    if isinstance(data, list):
        return [text for item in data for text in leaves(item)]
    return [data] if isinstance(data, str) else []


def unordered(spec: dict[str, Any]) -> list[str]:
    """Return a template's or an Application's texts, with the annotation's entries sorted."""
    metadata = spec["metadata"]
    paths = ";".join(sorted(metadata["annotations"][PATHS].split(";")))
    return [metadata["name"], paths, *leaves(spec["spec"])]


@needs_go
@pytest.mark.integration
@pytest.mark.parametrize("generator", ["git-files", "git-directories"])
@pytest.mark.parametrize(
    "options", [(), ("--hydrate-branch", "env/{project}/{stack}", "--name", "{stack}.of.{project}")]
)
def test_sets_come_to_what_applications_say(
    estate: Workbench, program: Path, generator: str, options: tuple[str, ...]
) -> None:
    """For every stack that is known, Go's templates give name, paths, namespace and all else exactly."""
    plain = {
        (each["spec"].get("source") or each["spec"]["sourceHydrator"]["drySource"])["path"]: each
        for each in applications(estate, *options)
    }
    template = applications(estate, "-g", generator, *options)[0]["spec"]["template"]
    paths = ["apps/shop/dev", "apps/shop/test", "apps/shop/own", "bank/live", "bank/outer/inner"]
    jobs = []
    for path in paths:
        stack = yaml.safe_load((estate.root / path / "stack.yaml").read_text()) if generator == "git-files" else {}
        params = {**stack, "path": {"path": path, "basename": path.rpartition("/")[2], "segments": path.split("/")}}
        texts = [template["metadata"]["name"], template["metadata"]["annotations"][PATHS], *leaves(template["spec"])]
        jobs += [(text, params) for text in texts]
    found = evaluated(program, jobs)
    size = len(found) // len(paths)

    for number, path in enumerate(paths):
        made = found[number * size : (number + 1) * size]
        made[1] = ";".join(sorted(made[1].split(";")))
        assert unordered(plain[path]) == made


@needs_go
@pytest.mark.integration
def test_a_stack_to_come_gets_the_usual_form(boutique: Workbench, program: Path) -> None:
    """A new stack of a known project has its own namespace, its project's name, and the inputs that stacks have."""
    template = applications(boutique, "-g", "git-files")[0]["spec"]["template"]
    texts = [
        template["metadata"]["name"],
        template["spec"]["destination"]["namespace"],
        template["metadata"]["annotations"][PATHS],
    ]
    params = {"path": {"path": "boutique/test", "basename": "test"}}
    found = evaluated(program, [(text, params) for text in texts])
    boutique.write({"boutique/test/stack.yaml": "{}\n"})
    (made,) = applications(boutique, "boutique/test")

    assert ["online-boutique-test", "online-boutique-test"] == found[:2]
    assert set(made["metadata"]["annotations"][PATHS].split(";")) - set(found[2].split(";")) == {
        "/workspaces/default.yaml"
    }


@needs_kubectl
@pytest.mark.integration
@pytest.mark.parametrize("name", BOUTIQUE)
def test_kubectl_reads_them(name: str) -> None:
    """Kubernetes' reader of YAML finds the same data."""
    text = (GOLDEN / f"{name}.yaml").read_bytes()
    ran = subprocess.run(
        ["kubectl", "annotate", "--local", "-f", "-", "x=y", "-o", "json"], input=text, capture_output=True, check=False
    )
    assert ran.returncode == 0, ran.stderr.decode()
    decoder, rest, found = json.JSONDecoder(), ran.stdout.decode().strip(), []
    while rest:
        manifest, end = decoder.raw_decode(rest)
        found.append(manifest["spec"])
        rest = rest[end:].strip()

    assert [each["spec"] for each in yaml.safe_load_all(text)] == found
