"""What CI takes from us: the GitHub action, the GitLab template, the hooks of pre-commit, each run for real."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
from base64 import b64encode
from typing import TYPE_CHECKING, Any, Final

import pytest
import yaml
from pipelines import ACTION, TEMPLATE, Action, Jobs, MergeRequest, PullRequest, git_over_http, serving
from sources import GIT, Sources, app
from tools import tool
from workbench import PROJECT

from kusion_render.cli import COMMANDS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

DEFINITION: Final = yaml.safe_load((ACTION / "action.yml").read_text())
STEPS: Final = DEFINITION["runs"]["steps"]
JOBS: Final = {
    name: job for name, job in yaml.safe_load(TEMPLATE.read_text()).items() if name.startswith("kusion-render:")
}
HOOKS: Final = yaml.safe_load((PROJECT / ".pre-commit-hooks.yaml").read_text())
HOSTILE: Final = [
    "$(touch pwned)",
    "`touch pwned`",
    "'; touch pwned; '",
    '"; touch pwned; "',
    "x\n$(touch pwned)\ntouch pwned\n",
    "--output=pwned",
    "-",
    "${{ github.token }}",
    "\u202etxt.\u2066 *",
]
BROKEN: Final = "web: {workload: {replica: 1, containers: {web: {image: 'registry.example/web:1'}}}}\n"


@pytest.fixture
def sources(tmp_path: Path) -> Sources:
    """A repository with two stacks, a rendered folder, and a remote."""
    made = Sources.begin(tmp_path)
    made.commit("--output", "rendered")
    made.git("push", "-q", "origin", "main")
    return made


@pytest.fixture
def pull_request() -> Iterator[tuple[PullRequest, str]]:
    """A pull request and the address that answers for it."""
    request = PullRequest()
    with serving(request.answer) as address:
        yield request, address


def nothing_was_run(sources: Sources) -> bool:
    """Tell whether none of the hostile commands left its file."""
    return [] == [path for path in sources.root.parent.rglob("pwned") if ".git" not in path.parts]


# GitHub: the definition


def test_the_action_is_composite_and_needs_no_other() -> None:
    """Two steps of our own; inputs and outputs say what they are, and what is not required has a default."""
    assert "composite" == DEFINITION["runs"]["using"]
    assert [] == [step for step in STEPS if "uses" in step]
    for name, each in {**DEFINITION["inputs"], **DEFINITION["outputs"]}.items():
        assert each["description"], name
    assert ["command"] == [name for name, each in DEFINITION["inputs"].items() if "default" not in each]


@pytest.mark.parametrize("step", STEPS, ids=lambda step: step["name"])
def test_steps_are_strict_and_hold_no_expressions(step: dict[str, Any]) -> None:
    """An expression in a script would make whatever it holds a part of the script."""
    assert "bash" == step["shell"]
    assert step["run"].startswith("set -euo pipefail\n")
    assert "${{" not in step["run"]
    assert {"name", "id", "shell", "working-directory", "env", "run"} >= set(step)


def test_scripts_get_all_variables_they_use() -> None:
    """Each `KR_` variable of a script is set by its step, and each that is set is used."""
    for step, names in zip(STEPS, (["install.sh"], ["run.sh", "comment.py"]), strict=True):
        text = "".join((ACTION / name).read_text() for name in names)
        assert set(step["env"]) == set(re.findall(r"\bKR_[A-Z_]+", text))


@pytest.mark.parametrize("script", sorted(ACTION.glob("*.sh")), ids=lambda path: path.name)
def test_scripts_parse_and_are_strict(script: Path) -> None:
    """By bash itself."""
    assert "\nset -euo pipefail\n" in script.read_text()
    assert "${{" not in script.read_text()
    subprocess.run(["bash", "-n", str(script)], check=True)


@pytest.mark.integration
def test_shellcheck_has_nothing_to_say() -> None:
    """About the scripts of the action and those of the GitLab jobs."""
    program = tool("shellcheck")
    subprocess.run([program, *map(str, sorted(ACTION.glob("*.sh")))], check=True)
    for name, job in JOBS.items():
        script = "\n".join(job["script"])
        done = subprocess.run([program, "--shell=sh", "-"], input=script, text=True, capture_output=True, check=False)
        assert "" == done.stdout, name


# GitHub: the commands


def test_validate_annotates_lines(sources: Sources) -> None:
    """Warnings let the job go on, an error fails it; stacks can be chosen."""
    action = Action(sources)
    fine = action.run("validate")
    sources.write({"shop/prod/app.yaml": BROKEN})
    run = action.run("validate")

    assert 0 == fine.exit_code
    assert "\n::error " not in f"\n{fine.stdout}"
    assert 1 == run.exit_code
    assert "\n::error file=shop/prod/app.yaml,line=1," in f"\n{run.stdout}"
    assert 0 == action.run("validate", stacks="shop/dev\n").exit_code


def test_check_says_what_differs(sources: Sources) -> None:
    """In the log, where no line is taken for a command, in the summary, and as output `changed`."""
    action = Action(sources)
    fine = action.run("check", output="rendered")
    assert (0, "false", "") == (fine.exit_code, action.outputs["changed"], action.summary)

    sources.write({"rendered/shop/dev/service-web.yaml": "edited\n"})
    run = action.run("check", output="rendered")

    line = "rendered/shop/dev/service-web.yaml: edited by hand"
    assert (4, "true") == (run.exit_code, action.outputs["changed"])
    assert f"\n    {line}\n" in action.summary
    stopped = re.search(r"^::stop-commands::([0-9a-f]{32})\n(.*)\n::\1::$", run.stdout, re.MULTILINE | re.DOTALL)
    assert stopped is not None
    assert line in stopped[2]


def test_commit_pushes_and_tells_whether_anything_changed(sources: Sources) -> None:
    """By the runner's own identity, where the repository has none."""
    action = Action(sources)
    run = action.run("commit", branch="env/{stack}", stacks="shop/dev\nshop/prod")

    assert 0 == run.exit_code, run.stderr
    assert "true" == action.outputs["changed"]
    assert "github-actions[bot]" == sources.at_remote("log", "-1", "--format=%cn", "env/prod")
    with open(action.outputs["report"], encoding="utf-8") as report:
        assert ["env/dev", "env/prod"] == [each["branch"] for each in json.load(report)["environments"]]
    action.run("commit", branch="env/{stack}")
    assert "false" == action.outputs["changed"]


def test_commit_takes_options_one_a_line(sources: Sources) -> None:
    """And keeps the identity that git knows."""
    sources.git("config", "user.name", "Render Bot")
    sources.git("config", "user.email", "bot@shop.example")
    run = Action(sources).run("commit", branch="env/{stack}", options="--next\r\n\n--kustomization\n")

    assert 0 == run.exit_code, run.stderr
    assert "shop/prod/kustomization.yaml" in sources.at_remote("ls-tree", "-r", "--name-only", "env/prod-next")
    assert "Render Bot" == sources.at_remote("log", "-1", "--format=%cn", "env/prod-next")


def test_another_folder(tmp_path: Path) -> None:
    """The repository of stacks need not be at the top."""
    made = Sources.begin(tmp_path)
    made.write(
        {"deep/kusion-render.yaml": "{}\n", "deep/a/project.yaml": "name: a\n", "deep/a/b/stack.yaml": "name: b\n"}
    )
    made.write({"deep/a/b/app.yaml": BROKEN})

    assert 0 == Action(made).run("validate", stacks="shop/*").exit_code
    assert 1 == Action(made).run("validate", working_directory="deep").exit_code


def test_an_unknown_command_is_wrong_usage(sources: Sources) -> None:
    """As is none."""
    for command in ("", "difff", "install", "$(touch pwned)"):
        run = Action(sources).run(command)
        assert (2, "") == (run.exit_code, run.stdout)
        assert run.stderr.startswith("::error::`command` must be ")
    assert nothing_was_run(sources)


@pytest.mark.parametrize("event", [{}, {"before": "0" * 40}, {"before": "$(touch pwned)"}, {"before": "--all"}])
def test_a_comparison_needs_a_base(event: dict[str, str], sources: Sources) -> None:
    """Where neither the event nor the input says one, the message does not guess."""
    run = Action(sources, event).run("diff-comment")

    assert 2 == run.exit_code
    assert "::error::say with `base` what to compare with" in run.stderr
    assert nothing_was_run(sources)


@pytest.mark.parametrize("command", ["diff-comment", "affected"])
def test_a_base_is_a_commit_or_nothing(command: str, sources: Sources) -> None:
    """Never an option, never a command."""
    for base in (*HOSTILE, "no-such-branch"):
        run = Action(sources).run(command, base=base)
        assert 2 == run.exit_code
        assert "::error::there is no commit of the name in `base`" in run.stderr
    assert nothing_was_run(sources)


@pytest.mark.parametrize("command", ["validate", "check", "commit", "diff-comment", "affected"])
@pytest.mark.parametrize("name", ["stacks", "output", "branch", "options", "max_bytes"])
def test_nothing_given_is_executed(name: str, command: str, sources: Sources) -> None:
    """Neither by the shell nor as an option: not stacks, folders, branches or event data. Options are the user's own."""
    for text in ["".join(HOSTILE), *(HOSTILE[-4:-2] if name == "stacks" else [])]:
        event = {"before": text, "pull_request": {"number": text}}
        action = Action(sources, event, GITHUB_BASE_REF=text, GITHUB_HEAD_REF=text)
        where = {"output": "rendered"} if command in ("check", "commit") and name not in ("output", "branch") else {}
        run = action.run(command, **{"token": text, **where, name: text})

        assert run.exit_code in (0, 1, 2, 3, 4), run.stderr
        assert {"changed", "report", "matrix"} >= set(action.outputs)
    assert nothing_was_run(sources)


def test_names_of_the_repository_are_not_executed(sources: Sources) -> None:
    """Folders and branches may be called anything that git takes."""
    folder, branch = "$(touch pwned)`touch pwned`'\"", "b/$(touch${IFS}pwned)'\"`"
    sources.git("checkout", "-q", "-b", branch)
    sources.save({f"shop/{folder}/stack.yaml": "name: odd\n", f"shop/{folder}/app.yaml": app("registry.example/web:1")})
    action = Action(sources, GITHUB_HEAD_REF=branch)

    assert 0 == action.run("validate", stacks="shop/odd").exit_code
    assert 4 == action.run("check", stacks="shop/odd", output="rendered").exit_code
    assert 0 == action.run("commit", stacks="shop/odd", output=f"out {folder}").exit_code
    assert (sources.root / f"out {folder}/shop/odd/service-web.yaml").exists()
    assert nothing_was_run(sources)


def test_python_runs_no_file_of_the_repository(sources: Sources, pull_request: tuple[PullRequest, str]) -> None:
    """A module of the standard library's name, in the folder that is worked in, stays a file."""
    planted = "open('pwned', 'w').close()\n"
    names = ("json", "sys", "os", "urllib", "http", "pip", "venv", "zlib", "site", "sitecustomize", "encodings")
    sources.save({f"{name}.py": planted for name in names})
    action = Action(
        sources, {"pull_request": {"number": 1}}, GITHUB_GRAPHQL_URL=pull_request[1], GITHUB_REPOSITORY="a/b"
    )

    assert 0 == action.run("commit", branch="env/{stack}").exit_code
    action.run("diff-comment", base="HEAD", token="x")  # noqa: S106 - not a real one
    comment(action, "text", "4")
    assert nothing_was_run(sources)


@pytest.mark.integration
def test_the_action_installs_itself(sources: Sources) -> None:
    """From its own checkout, beside the job's Python, whatever lies in the working folder; a second use is quick."""
    if not os.environ.get("KR_REQUIRE_TOOLS"):
        pytest.skip("it asks the package index")
    checkout = sources.root.parent / "checkout"
    for name in ("kusion_render", "plugins/github"):
        shutil.copytree(PROJECT / name, checkout / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(PROJECT / name, checkout)
    sources.save({f"{name}.py": "open('pwned', 'w').close()\n" for name in ("venv", "pip", "setuptools", "sys")})
    action = Action(sources, GITHUB_ACTION_PATH=str(checkout / "plugins/github"))
    run = action.run("", step=0)

    assert 0 == run.exit_code, run.stderr
    assert nothing_was_run(sources)
    programs, settings = action.temporary / "kusion-render/bin", action.temporary / "kusion-render/venv/pyvenv.cfg"
    assert f"{programs}\n" == (action.temporary / "GITHUB_PATH").read_text()
    assert ["kusion-render"] == [path.name for path in programs.iterdir()]
    done = subprocess.run([programs / "kusion-render", "--version"], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("kusion-render ")
    made = settings.stat().st_mtime_ns
    assert 0 == action.run("", step=0).exit_code
    assert made == settings.stat().st_mtime_ns


# GitHub: where a comparison begins


def begin_of(sources: Sources, base_ref: str = "main", **event: str) -> str:
    """Return the commit that a job in this checkout compares with."""
    script = (ACTION / "run.sh").read_text().partition("\ncase $KR_COMMAND")[0] + "\nbase=$(base_commit)\necho $base\n"
    env = {**GIT, "RUNNER_TEMP": str(sources.root.parent), "GITHUB_BASE_REF": base_ref, "KR_BASE": ""}
    env["KR_BEFORE"] = event.get("before", "")
    done = subprocess.run(
        ["bash", "-c", script], cwd=sources.root, env=env, capture_output=True, text=True, check=False, timeout=60
    )
    return done.stdout.strip() or done.stderr


@pytest.mark.parametrize("checkout", [[], ["--depth=1"], ["--depth=2"], ["--depth=1", "--single-branch"]])
@pytest.mark.parametrize("merged", [True, False])
def test_a_pull_request_is_compared_with_where_it_begins(
    checkout: list[str], sources: Sources, *, merged: bool
) -> None:
    """However much history was checked out, and although the target branch has moved on."""
    fork = sources.git("rev-parse", "HEAD")
    sources.git("checkout", "-q", "-b", "topic")
    sources.image("2")
    sources.image("3")
    sources.git("checkout", "-q", "main")
    begin = sources.save({"other": "1"}) if merged else fork
    sources.git("checkout", "-q", "topic")
    if merged:
        sources.git("merge", "-q", "--no-ff", "-m", "merge", "main", env=GIT)
    sources.git("checkout", "-q", "main")
    sources.save({"other": "2"})
    sources.git("push", "-q", "origin", "main", "topic")
    clone = sources.clone("clone", "--branch=topic", *checkout)

    assert begin == begin_of(clone)


def test_a_push_is_compared_with_what_was_there_before(sources: Sources) -> None:
    """Fetched if the checkout has only the newest commit; said if it is nowhere."""
    before = sources.git("rev-parse", "HEAD")
    sources.image("2")
    sources.image("3")
    sources.git("push", "-q", "origin", "main")
    clone = sources.clone("clone", "--depth=1")
    sources.at_remote("config", "uploadpack.allowAnySHA1InWant", "true")

    assert before == begin_of(clone, "", before=before)
    assert "::error::what the branch held before is gone" in begin_of(clone, "", before="ab" * 20)


def test_unrelated_histories_are_said(sources: Sources) -> None:
    """They have no common commit to begin at."""
    sources.git("checkout", "-q", "--orphan", "other")
    sources.save({"x": "y"})

    assert "::error::this commit and the target branch have no history in common" in begin_of(sources)


def test_diff_comment(sources: Sources, pull_request: tuple[PullRequest, str]) -> None:
    """A changed image is in the summary, the report and the one comment; without a change there is none."""
    request, address = pull_request
    event = {"pull_request": {"number": 7}}
    action = Action(sources, event, GITHUB_BASE_REF="main", GITHUB_GRAPHQL_URL=address, GITHUB_REPOSITORY="team/cfg")
    same = action.run("diff-comment", token="secret-token")  # noqa: S106 - not a real one
    assert (0, "false", 0) == (same.exit_code, action.outputs["changed"], len(request.comments)), same.stderr

    for tag in ("2", "3"):
        sources.git("checkout", "-q", "-B", "topic")
        sources.image(tag)
        run = action.run("diff-comment", token="secret-token")  # noqa: S106 - as above
        assert (0, "true") == (run.exit_code, action.outputs["changed"]), run.stderr
        assert f"web:1 → {tag}\n" in action.summary
        assert [True] == [f"web:1 → {tag}\n" in each["body"] for each in request.comments]
        assert "secret-token" not in run.stdout + run.stderr


def test_diff_without_a_token_is_the_summary_alone(sources: Sources) -> None:
    """And a base can be said."""
    base = sources.git("rev-parse", "HEAD")
    sources.image("2")
    action = Action(sources)
    run = action.run("diff-comment", base=base, stacks="shop/prod")

    assert (0, "true") == (run.exit_code, action.outputs["changed"]), run.stderr
    assert "registry.example/web:1 → 2" in action.summary


def test_affected_gives_a_matrix(sources: Sources) -> None:
    """One line, whose lists are empty where nothing is affected."""
    before = sources.git("rev-parse", "HEAD")
    sources.image("2")
    action = Action(sources, {"before": before})
    run = action.run("affected")
    assert (0, "true") == (run.exit_code, action.outputs["changed"]), run.stderr
    assert "shop/prod" in action.outputs["matrix"]
    assert "shop/dev" not in action.outputs["matrix"]

    action.run("affected", base="HEAD")
    assert "false" == action.outputs["changed"]
    assert not any(json.loads(action.outputs["matrix"]).values())


# GitHub: the comment


def comment(action: Action, text: str, exit_code: str, **env: str) -> subprocess.CompletedProcess[str]:
    """Run comment.py as run.sh does."""
    report = action.temporary / "report"
    report.write_text(text)
    environment = {
        "PATH": os.environ["PATH"],
        "KR_TOKEN": "secret-token",
        "KR_PULL_REQUEST": "7",
        "KR_FOLDER": ".",
        "KR_STACKS": "",
        "KR_OPTIONS": "",
        "GITHUB_REPOSITORY": "team/cfg",
        **action.env,
        **env,
    }
    command = ["python3", "-I", str(ACTION / "comment.py"), str(report), exit_code, "a" * 40, "b" * 40]
    return subprocess.run(
        command, env=environment, cwd=action.sources.root, capture_output=True, text=True, check=True, timeout=60
    )


@pytest.fixture
def commented(sources: Sources, pull_request: tuple[PullRequest, str]) -> tuple[PullRequest, Action]:
    """A pull request, and an action that comments on it."""
    return pull_request[0], Action(sources, GITHUB_GRAPHQL_URL=pull_request[1])


def test_there_is_one_comment(commented: tuple[PullRequest, Action]) -> None:
    """The first run writes it, later ones change it, and it names the commits."""
    request, action = commented
    comment(action, "first", "4")
    comment(action, "second `$(touch pwned)` ${{ x }} \"'\n", "4")

    assert [True] == [each["viewerDidAuthor"] for each in request.comments]
    body = request.comments[0]["body"]
    assert body.startswith("<!-- kusion-render diff ")
    assert "\nsecond `$(touch pwned)` ${{ x }} \"'\n" in body
    assert "aaaaaaa → bbbbbbb" in body
    assert {"Bearer secret-token"} == {each.headers["Authorization"] for each in request.requests}
    assert {"owner": "team", "name": "cfg", "number": 7, "after": None} == request.requests[0].content["variables"]


def test_a_comment_of_somebody_else_is_not_ours(commented: tuple[PullRequest, Action]) -> None:
    """Even if it begins as ours; ours is found on later pages too."""
    request, action = commented
    comment(action, "first", "4")
    marker = request.comments.pop()["body"].splitlines()[0]
    for number in range(5):
        request.add(f"{marker}\nforeign {number}", ours=False)
        request.add(f"other action {number}", ours=True)
    comment(action, "second", "4")
    comment(action, "third", "4")

    assert 11 == len(request.comments)
    assert "third" in request.comments[-1]["body"]
    assert 5 == sum("foreign" in each["body"] for each in request.comments)


def test_without_a_difference_no_comment_is_begun(commented: tuple[PullRequest, Action]) -> None:
    """But one that is there is brought up to date."""
    request, action = commented
    comment(action, "", "0")
    assert [] == request.comments
    comment(action, "differs", "4")
    comment(action, "", "0")

    assert ["No manifest changes."] == [each["body"].splitlines()[1] for each in request.comments]


def test_other_stacks_have_their_own_comment(commented: tuple[PullRequest, Action]) -> None:
    """So the jobs of a matrix do not overwrite each other."""
    request, action = commented
    for _ in range(2):
        comment(action, "x", "4", KR_STACKS="shop/dev")
        comment(action, "x", "4", KR_STACKS="shop/prod")

    assert 2 == len(request.comments)


@pytest.mark.parametrize("status", [200, 401, 403, 500])
def test_a_refusal_is_a_warning(status: int, commented: tuple[PullRequest, Action]) -> None:
    """The token of a fork's pull request may only read; the job goes on. No answer can give the runner commands."""
    request, action = commented
    request.status, request.error = status, "no\n::error::100% mine"
    done = comment(action, "x", "4")

    assert done.stdout.startswith("::warning::the comment on the pull request was not written: ")
    assert 1 == done.stdout.count("\n")
    assert "secret-token" not in done.stdout + done.stderr


@pytest.mark.parametrize("env", [{"GITHUB_GRAPHQL_URL": "http://127.0.0.1:9"}, {"KR_PULL_REQUEST": "$(id)"}])
def test_no_answer_is_a_warning(env: dict[str, str], commented: tuple[PullRequest, Action]) -> None:
    """As is a number that is none."""
    request, action = commented
    done = comment(action, "x", "4", **env)

    assert done.stdout.startswith("::warning::")
    assert ([], "") == (request.comments, done.stderr)


# GitLab


@pytest.mark.parametrize("name", sorted(JOBS))
def test_jobs_are_whole(name: str) -> None:
    """A stage, rules, scripts that a POSIX shell and bash parse, and variables only as such."""
    job = JOBS[name]
    script = "\n".join(job["script"])

    assert {"extends", "stage", "rules", "script", "artifacts"} - set(job) <= {"artifacts"}
    assert all(set(rule) <= {"if", "when"} for rule in job["rules"])
    for shell in ("sh", "bash"):
        subprocess.run([shell, "-n"], input=script, text=True, check=True)
    assert script.startswith("set -eu\n")
    for python in re.findall(r"python3 -I - <<'END'\n(.*?)\nEND\n", script, re.DOTALL):
        compile(python, name, "exec")


@pytest.mark.parametrize("shell", ["sh", "bash"])
def test_gitlab_validate_reports_twice(shell: str, sources: Sources) -> None:
    """For people in the log, as JUnit for the merge request, with the exit code of the program."""
    jobs = Jobs(sources, shell)
    victim = sources.root.parent / "victim"
    victim.write_text("mine\n")
    (sources.root / "kusion-render-junit.xml").symlink_to(victim)
    assert 0 == jobs.run("validate").exit_code
    assert "mine\n" == victim.read_text()
    sources.write({"shop/prod/app.yaml": BROKEN})
    run = jobs.run("validate")

    assert 1 == run.exit_code
    assert "shop/prod/app.yaml:1:" in run.stdout
    assert "<failure" in (sources.root / "kusion-render-junit.xml").read_text()
    assert 0 == jobs.run("validate", KUSION_RENDER_STACKS="shop/dev").exit_code


@pytest.mark.parametrize("shell", ["sh", "bash"])
def test_gitlab_check_looks_at_folder_or_branches(shell: str, sources: Sources) -> None:
    """The folder always, branches on a schedule, fetched as the remote has them."""
    sources.push()
    jobs = Jobs(sources.clone("clone", "--depth=1"), shell)
    folder = {"CI_PIPELINE_SOURCE": "merge_request_event", "KUSION_RENDER_OUTPUT": "rendered"}
    branch = {"CI_PIPELINE_SOURCE": "schedule", "KUSION_RENDER_BRANCH": "env/{stack}"}

    for variables in (folder, branch):
        run = jobs.run("check", **variables)
        assert 0 == run.exit_code, run.stderr
        assert "all up to date" in run.stderr
    jobs.sources.image("2")
    for variables in (folder, branch):
        assert 4 == jobs.run("check", **variables).exit_code


@pytest.mark.parametrize("shell", ["sh", "bash"])
@pytest.mark.parametrize("token", ["", "pa'ss\"w$(touch pwned)%s"])
def test_gitlab_commit_pushes_with_a_token_that_is_nowhere_written(
    shell: str, token: str, sources: Sources, tmp_path: Path
) -> None:
    """The project's token, else the job's, given to git when it asks; options and stacks one a line."""
    sources.at_remote("config", "http.receivepack", "true")
    pair = f"kusion-render:{token}" if token else "gitlab-ci-token:job-token"
    with serving(git_over_http(tmp_path, f"Basic {b64encode(pair.encode()).decode()}")) as address:
        jobs = Jobs(sources, shell, CI_PROJECT_URL=f"{address}/remote", CI_SERVER_PROTOCOL="http")
        host, _, port = address.removeprefix("http://").partition(":")
        run = jobs.run(
            "commit",
            CI_SERVER_HOST=host,
            CI_SERVER_PORT=port,
            KUSION_RENDER_BRANCH="env/{stack}",
            KUSION_RENDER_OPTIONS="--next\n--kustomization",
            KUSION_RENDER_STACKS="shop/prod",
            **({"KUSION_RENDER_TOKEN": token} if token else {}),
        )

    assert 0 == run.exit_code, run.stderr
    assert "env/prod-next\nmain" == sources.at_remote("branch", "--format=%(refname:short)")
    assert "shop/prod/kustomization.yaml" in sources.at_remote("ls-tree", "-r", "--name-only", "env/prod-next")
    assert json.loads((sources.root / "kusion-render-commit.json").read_text())["pushed"]
    held = (sources.root / ".git/config").read_text() + run.stdout + run.stderr
    assert "job-token" not in held
    assert not token or token not in held
    assert nothing_was_run(sources)


@pytest.mark.parametrize("name", ["validate", "check", "commit", "diff"])
@pytest.mark.parametrize("variable", ["OUTPUT", "BRANCH", "STACKS", "OPTIONS", "DIFF_BYTES"])
def test_gitlab_jobs_execute_nothing_given(name: str, variable: str, sources: Sources) -> None:
    """Whatever variables hold."""
    text = "".join(HOSTILE)
    everywhere = {"CI_COMMIT_REF_NAME": text, "CI_MERGE_REQUEST_TARGET_BRANCH_NAME": text, "CI_PROJECT_URL": "file:///"}
    jobs = Jobs(sources, CI_PIPELINE_SOURCE="schedule", CI_MERGE_REQUEST_DIFF_BASE_SHA=text, **everywhere)
    run = jobs.run(name, **{"KUSION_RENDER_BRANCH": "env/{stack}", f"KUSION_RENDER_{variable}": text})

    assert run.exit_code in (0, 1, 2, 3, 4), run.stderr
    assert nothing_was_run(sources)


def note_on(jobs: Jobs, text: str, different: str, **env: str) -> subprocess.CompletedProcess[str]:
    """Run the part of the diff job that writes the note."""
    (jobs.sources.root / "kusion-render-diff.md").write_text(text)
    environment = {
        "PATH": os.environ["PATH"],
        "CI_MERGE_REQUEST_PROJECT_ID": "7",
        "CI_MERGE_REQUEST_IID": "3",
        "CI_COMMIT_SHA": "c" * 40,
        "KUSION_RENDER_DIFFERENT": different,
        **env,
    }
    script = JOBS["kusion-render:diff"]["script"][-1]
    return subprocess.run(
        ["sh", "-ec", script],
        cwd=jobs.sources.root,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def test_gitlab_has_one_note(sources: Sources) -> None:
    """Ours, found among those of others, begun only by a difference; a refusal is said without the token."""
    request, jobs = MergeRequest(), Jobs(sources)
    sources.write({"json.py": "open('pwned', 'w').close()\n"})
    with serving(request.answer) as address:
        env = {"CI_API_V4_URL": address, "KUSION_RENDER_TOKEN": "secret-token"}
        assert 0 == note_on(jobs, "same", "0", **env).returncode
        assert [] == request.notes
        request.add("<!-- kusion-render diff -->\nforeign", 2)
        request.add("by us, of something else", 1)
        for text in ("first", "second $(touch pwned)"):
            done = note_on(jobs, text, "4", **env)
            assert (0, "") == (done.returncode, done.stderr)
        note_on(jobs, "", "0", **env)
        request.status = 403
        refused = note_on(jobs, "x", "4", **env)

    assert [2, 1, 1] == [each["author"]["id"] for each in request.notes]
    assert "<!-- kusion-render diff -->\nNo manifest changes.\n\n<sub>cccccccc</sub>\n" == request.notes[2]["body"]
    assert {"secret-token"} == {each.headers["PRIVATE-TOKEN"] for each in request.requests}
    assert 1 == refused.returncode
    assert "the note on the merge request was not written: HTTP Error 403: " in refused.stderr
    assert "secret-token" not in refused.stderr
    assert "there is no note" in note_on(jobs, "x", "4").stdout
    assert nothing_was_run(sources)


def test_gitlab_diff(sources: Sources) -> None:
    """Compared with where the merge request begins, or with the target branch where that is merged in."""
    base = sources.git("rev-parse", "HEAD")
    sources.image("2")
    jobs = Jobs(sources)
    run = jobs.run("diff", CI_MERGE_REQUEST_DIFF_BASE_SHA=base)
    assert 0 == run.exit_code, run.stderr
    assert "registry.example/web:1 → 2" in (sources.root / "kusion-render-diff.md").read_text()

    head = sources.git("rev-parse", "HEAD")
    jobs.run("diff", CI_MERGE_REQUEST_DIFF_BASE_SHA=base, CI_MERGE_REQUEST_TARGET_BRANCH_SHA=head)
    assert "registry.example" not in (sources.root / "kusion-render-diff.md").read_text()


# pre-commit


@pytest.mark.parametrize("hook", HOOKS, ids=lambda hook: hook["id"])
def test_hooks_have_what_pre_commit_asks_of_them(hook: dict[str, Any]) -> None:
    """Its keys with values of their kinds, a pattern that compiles, and a command that exists."""
    kinds = {"id": str, "name": str, "description": str, "entry": str, "language": str, "pass_filenames": bool}
    kinds |= {"files": str, "args": list}

    assert {"id", "name", "entry", "language"} <= set(hook) <= set(kinds)
    assert all(isinstance(value, kinds[key]) for key, value in hook.items())
    assert ("python", False) == (hook["language"], hook["pass_filenames"])
    program, command = shlex.split(hook["entry"])
    assert "kusion-render" == program
    assert command in COMMANDS
    assert f"kusion-render-{command}" == hook["id"]


def test_hooks_run(sources: Sources) -> None:
    """All is well; then a stale folder and a broken file are found."""
    hooks = {hook["id"]: [*shlex.split(hook["entry"])[1:], *hook.get("args", [])] for hook in HOOKS}
    assert [0, 0] == [sources.run(*command).exit_code for command in hooks.values()]

    sources.write({"shop/prod/app.yaml": app("registry.example/web:2")})
    assert 4 == sources.run(*hooks["kusion-render-check"]).exit_code
    sources.write({"shop/prod/app.yaml": BROKEN})
    assert 1 == sources.run(*hooks["kusion-render-validate"]).exit_code


def test_validate_looks_at_sources() -> None:
    """At YAML and KCL, wherever they lie."""
    pattern = re.compile(next(hook for hook in HOOKS if hook["id"] == "kusion-render-validate")["files"])

    assert all(map(pattern.search, ("kusion-render.yaml", "shop/prod/app.yml", "shop/main.k", "kcl.mod", "a/kcl.mod")))
    assert not any(map(pattern.search, ("README.md", "go.mod", "x.yaml.txt", "xkcl.mod")))
