"""The commands as users run them: what goes to stdout, what to stderr, and the exit code."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Final

import pytest
from workbench import PROJECT

if TYPE_CHECKING:
    from pathlib import Path

    from workbench import Workbench

COMMANDS: Final = (
    "init", "list", "validate", "render", "inputs", "commit", "check", "diff", "affected", "prove", "explain", "set", "argocd", "post-render", "schema", "modules", "targets", "doctor",
    "completion",
)  # fmt: skip
APP: Final = "web: {workload: {replicas: 1, containers: {web: {image: 'a:1', resources: {cpu: 1, memory: 1Gi}}}}}\n"
BROKEN: Final = "web: {workload: {replica: 1, containers: {web: {image: 'a:1'}}}}\n"


@pytest.fixture
def shop(workbench: Workbench) -> Workbench:
    """Project `shop` with stacks dev and prod, prod on two workspaces."""
    return workbench.app(
        APP,
        **{
            "shop/prod/stack.yaml": "workspaces: [eu, us]\n",
            "shop/prod/app.yaml": APP,
            "workspaces/eu.yaml": "labels: {at: eu}\n",
            "workspaces/us.yaml": "labels: {at: us}\n",
        },
    )


# The command line itself.


@pytest.mark.parametrize("flag", ["--version", "-V"])
def test_the_version(workbench: Workbench, flag: str) -> None:
    """One line, on stdout."""
    run = workbench.run(flag)

    assert (0, "") == (run.exit_code, run.stderr)
    assert run.stdout.startswith("kusion-render ")
    assert 1 == run.stdout.count("\n")


def test_the_overview_lists_every_command(workbench: Workbench) -> None:
    """`--help` and no argument at all show the commands; none is imported for it."""
    run = workbench.run("--help")

    assert 0 == run.exit_code
    assert list(COMMANDS) == [
        line.split()[0] for line in run.stdout.partition("Commands:")[2].splitlines() if line.strip()
    ]


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_shows_an_example(workbench: Workbench, command: str) -> None:
    """`--help` of each command holds a line to copy."""
    run = workbench.run(command, "--help")

    assert (0, "") == (run.exit_code, run.stderr)
    assert f"kusion-render {command}" in run.stdout.partition("Example")[2]


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["rendr"], "No such command 'rendr'. Did you mean 'render'?"),
        (["render", "--outputs", "x"], "Did you mean '--output'?"),
        (["render", "--target", "kubernets"], "no target `kubernets`; did you mean `kubernetes`?"),
        (["render", "--set", "web"], "there is no `=`"),
        (["render", "--jobs", "0"], "0 is not in the range"),
        (["render", ""], "an empty name is no stack"),
        (["render", "shop/prod@eu", "-w", "us"], "say it once"),
        (["modules", "netwrk"], "no module `netwrk`; did you mean `network`?"),
        (["schema", "projekt"], "no schema `projekt`; did you mean `project`?"),
        (["completion", "tcsh"], "'tcsh' is not one of"),
        (["init", "x", "--project", "Not Good"], "`Not Good` can't be a project's name"),
        (["validate", "--format", "xml"], "'xml' is not one of"),
    ],
)
def test_wrong_usage(shop: Workbench, arguments: list[str], expected: str) -> None:
    """A wrong command line is exit code 2, with the reason on stderr and nothing on stdout."""
    run = shop.run(*arguments)

    assert (2, "") == (run.exit_code, run.stdout)
    assert expected in run.stderr
    assert "Traceback" not in run.stderr


@pytest.mark.parametrize("command", ["list", "validate", "render"])
def test_outside_a_repository(workbench: Workbench, command: str) -> None:
    """Without a repository the message says how to make one."""
    run = workbench.run(command)

    assert (2, "") == (run.exit_code, run.stdout)
    assert "`kusion-render init` makes one" in run.stderr


def test_a_reader_that_stops_is_no_error_text(shop: Workbench) -> None:
    """`| head` closes the pipe; nothing is said about it."""
    process = subprocess.Popen(
        [sys.executable, "-m", "kusion_render", "schema", "app-configuration"],
        cwd=shop.root,
        env={"PYTHONPATH": str(PROJECT), "PATH": os.environ["PATH"]},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.close()
    error = process.stderr.read()
    process.stderr.close()
    process.wait()

    assert b"" == error


# init.


def test_a_new_repository_renders_at_once(workbench: Workbench) -> None:
    """What `init` writes is valid, and its stacks render."""
    run = workbench.run("init", "shop")

    assert (0, "") == (run.exit_code, run.stdout)
    assert "cd shop && kusion-render render" in run.stderr
    assert "2 renders checked, no problems\n" == workbench.run("validate", folder="shop").stderr
    assert 2 == [each["kind"] for each in workbench.render(folder="shop").manifests].count("Deployment")


def test_init_overwrites_nothing(workbench: Workbench) -> None:
    """A file that is there already stops it before it writes."""
    workbench.write({"shop/shop/project.yaml": "mine"})
    run = workbench.run("init", "shop")

    assert 2 == run.exit_code
    assert "`shop/shop/project.yaml` is there already; nothing was written" in run.stderr
    assert ["shop", "shop/shop", "shop/shop/project.yaml"] == sorted(
        path.relative_to(workbench.root).as_posix() for path in workbench.root.rglob("*")
    )


def test_init_where_nothing_can_be_written(workbench: Workbench) -> None:
    """A file that stands where a folder should."""
    workbench.write({"shop": "a file\n"})
    run = workbench.run("init", "shop/new")

    assert 2 == run.exit_code
    assert "cannot be written: not a directory; choose another folder" in run.stderr


def test_init_adds_a_project(workbench: Workbench) -> None:
    """`--only-project` adds one to a repository, and both render."""
    workbench.run("init", ".", "--project", "shop")
    run = workbench.run("init", ".", "--project", "pay", "--only-project")

    assert 0 == run.exit_code, run.stderr
    stacks = json.loads(workbench.run("list", "--format", "json").stdout)["stacks"]
    assert ["pay/dev", "pay/prod", "shop/dev", "shop/prod"] == [each["stack"] for each in stacks]


def test_init_takes_the_folders_name(workbench: Workbench) -> None:
    """Upper case, `_` and blanks become what a name may hold."""
    workbench.run("init", "My_Shop two")

    assert (workbench.root / "My_Shop two/my-shop-two/project.yaml").is_file()


# list.


def test_list_shows_stacks(shop: Workbench) -> None:
    """A table with the workspaces and apps of each stack."""
    run = shop.run("list")

    assert (0, "") == (run.exit_code, run.stderr)
    assert [
        ["STACK", "WORKSPACES", "APPS", "PATH"],
        ["shop/dev", "-", "web", "shop/dev"],
        ["shop/prod", "eu,", "us", "web", "shop/prod"],
    ] == [line.split() for line in run.stdout.splitlines()]


def test_list_for_programs(shop: Workbench) -> None:
    """The same as JSON."""
    run = shop.run("list", "*/prod", "--format", "json")

    assert [
        {
            "stack": "shop/prod",
            "project": "shop",
            "name": "prod",
            "path": "shop/prod",
            "workspaces": ["eu", "us"],
            "apps": ["web"],
        }
    ] == json.loads(run.stdout)["stacks"]


# validate.


def test_validate_says_when_all_is_well(shop: Workbench) -> None:
    """Exit code 0, nothing on stdout, the count on stderr."""
    run = shop.run("validate")

    assert (0, "", "3 renders checked, no problems\n") == (run.exit_code, run.stdout, run.stderr)


def test_validate_reports_to_stdout(shop: Workbench) -> None:
    """The report is what was asked for, so it goes to stdout."""
    shop.write({"shop/dev/app.yaml": BROKEN})
    run = shop.run("validate")

    assert (1, "") == (run.exit_code, run.stderr)
    assert run.stdout.startswith("shop/dev/app.yaml:1:18: error[KR203]: ")


@pytest.mark.parametrize("output_format", ["json", "github", "sarif", "junit"])
def test_validate_in_every_format(shop: Workbench, output_format: str) -> None:
    """The code and the file are in each; the JSON ones parse, with problems and without."""
    good = shop.run("validate", "--format", output_format)
    shop.write({"shop/dev/app.yaml": BROKEN})
    run = shop.run("validate", "--format", output_format)

    assert (0, 1) == (good.exit_code, run.exit_code)
    assert "KR203" in run.stdout
    assert "shop/dev/app.yaml" in run.stdout
    if output_format in ("json", "sarif"):
        json.loads(good.stdout)
        json.loads(run.stdout)


def test_warnings_alone_leave_zero(shop: Workbench) -> None:
    """A warning is told, and does not fail."""
    shop.write({"kusion-render.yaml": "compatibility: kusion\n", "shop/dev/stack.yaml": "name: dev\nowner: me\n"})
    run = shop.run("validate", "shop/dev")

    assert 0 == run.exit_code
    assert "shop/dev/stack.yaml:2:1: warning[KR203]" in run.stdout


@pytest.mark.parametrize("output_format", ["text", "json", "sarif"])
def test_validate_of_no_stack_fails_in_the_format(shop: Workbench, output_format: str) -> None:
    """A name that names nothing is a problem like any other: on stdout, in the format, exit code 1."""
    run = shop.run("validate", "shop/nothing", "--format", output_format)

    assert (1, "") == (run.exit_code, run.stderr)
    assert "KR506" in run.stdout
    if output_format != "text":
        json.loads(run.stdout)


def test_a_shared_file_is_told_once(shop: Workbench) -> None:
    """A mistake in a layer or a workspace that many stacks share is one problem that names them."""
    shop.write(
        {
            "shop/base/app.yaml": BROKEN,
            "shop/prod/stack.yaml": "workspace: eu",
            "shop/dev/stack.yaml": "workspace: eu",
            "workspaces/eu.yaml": "labels: 3\n",
        }
    )
    report = shop.run("validate").stdout

    assert 1 == report.count("workspaces/eu.yaml:1:9: error[KR201]")
    assert "in shop/dev and shop/prod" in report
    shop.write({"workspaces/eu.yaml": "{}\n"})
    report = shop.run("validate").stdout
    assert 1 == report.count("shop/base/app.yaml:1:18: error[KR203]")
    assert "in shop/dev and shop/prod" in report


# render.


def test_render_prints_one_stream(shop: Workbench) -> None:
    """Objects of all stacks on stdout, parted by `---`, and nothing else anywhere."""
    run = shop.render()

    assert "" == run.stderr
    assert not run.stdout.startswith("---")
    assert ["shop-dev", "shop-prod", "shop-prod"] == [each["metadata"]["namespace"] for each in run.manifests]
    assert [None, "eu", "us"] == [each["metadata"]["labels"].get("at") for each in run.manifests]


def test_render_is_the_same_from_anywhere(shop: Workbench, tmp_path: Path) -> None:
    """The current folder, the hash seed and a second place on the disk change no byte."""
    first = shop.render("shop/prod")
    inside = shop.render(folder="shop/prod", env={"PYTHONHASHSEED": "7"})
    outside = shop.run("render", "shop/prod", folder="/", env={"KUSION_RENDER_ROOT": str(tmp_path)})

    assert first.stdout == inside.stdout == outside.stdout


def test_render_sets_values(shop: Workbench) -> None:
    """--set wins over the files; a path that leads nowhere fails."""
    run = shop.render("shop/dev", "--set", "web.workload.replicas=4", "--set", 'web.labels["a.b/c"]=01')

    assert 4 == run.manifest("Deployment")["spec"]["replicas"]
    assert "01" == run.manifest("Deployment")["metadata"]["labels"]["a.b/c"]
    report = shop.fail("shop/dev", "--set", "wep.workload.replicas=4")
    assert "error[KR124]: --set wep.workload.replicas leads nowhere" in report
    assert "help: did you mean `web`?" in report
    assert "error[KR201]" in shop.fail("shop/dev", "--set", "web.workload.replicas=many")


def test_render_on_another_workspace(shop: Workbench) -> None:
    """--workspace replaces the stack's own; one that is not there fails."""
    assert "us" == shop.render("shop/dev", "-w", "us").manifest("Deployment")["metadata"]["labels"]["at"]
    report = shop.fail("shop/dev", "-w", "eux")
    assert "error[KR505]: workspace `eux` does not exist" in report
    assert "help: did you mean `eu`?" in report


def test_a_failing_stack_prints_nothing(shop: Workbench) -> None:
    """One broken stack among good ones leaves stdout empty."""
    shop.write({"shop/dev/app.yaml": BROKEN})

    assert "shop/dev/app.yaml:1:18: error[KR203]" in shop.fail()


def test_nothing_rendered_is_an_error(workbench: Workbench) -> None:
    """A stack without objects would delete what is deployed; `allowEmpty: true` means it."""
    workbench.app("web: {enabled: false, workload: {containers: {web: {image: 'a:1'}}}}\n")

    assert "error[KR516]: stack `shop/dev` renders to nothing" in workbench.fail()
    workbench.write({"shop/dev/stack.yaml": "allowEmpty: true\n"})
    assert "" == workbench.render().stdout


def test_reports_are_annotations_on_github(shop: Workbench) -> None:
    """In GitHub's continuous integration the report takes its form by itself."""
    shop.write({"shop/dev/app.yaml": BROKEN})
    run = shop.run("render", env={"GITHUB_ACTIONS": "true"})

    assert run.stderr.startswith("::error file=shop/dev/app.yaml,line=1,")


def test_there_is_no_colour_in_a_pipe(shop: Workbench) -> None:
    """Escape sequences are for terminals."""
    shop.write({"shop/dev/app.yaml": BROKEN})

    assert "\x1b" not in shop.fail()


# render --jobs.


@pytest.fixture
def many(workbench: Workbench) -> Workbench:
    """Eleven stacks that share a base, the third and the ninth of which may be broken."""
    for number in range(11):
        workbench.write({f"shop/s{number:02}/stack.yaml": "{}\n", f"shop/s{number:02}/app.yaml": "{}\n"})
    return workbench.write({"project.yaml": "name: shop\n", "base/app.yaml": APP})


@pytest.mark.parametrize("jobs", ["2", "5", "64"])
def test_jobs_change_no_byte(many: Workbench, jobs: str) -> None:
    """Several processes print what one prints."""
    many.run("render", "--jobs", jobs)

    assert many.render().stdout == many.render("--jobs", jobs).stdout


def test_jobs_write_the_same_files(many: Workbench) -> None:
    """So they do into folders."""
    many.render("--output", "one")
    many.render("--output", "two", "--jobs", "3")
    files = [
        {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
        for folder in (many.root / "one", many.root / "two")
    ]

    assert 22 == len(files[0])
    assert files[0] == files[1]


def test_jobs_report_the_same(many: Workbench) -> None:
    """Problems come in the same order with the same code frames."""
    many.write({"shop/s02/app.yaml": BROKEN, "shop/s08/app.yaml": "web: {a: [}\n", "base/x.app.yaml": "b: {x: 1}\n"})
    one = many.run("validate")
    several = many.run("validate", "--jobs", "3")

    assert 1 == one.exit_code == several.exit_code
    assert 3 <= one.stdout.count("error[")
    assert one.stdout == several.stdout


def test_a_worker_that_dies_is_our_bug(many: Workbench) -> None:
    """A process that is killed is told as exit code 70, with nothing printed."""
    killer = "import os, kusion_render.pipeline as p; parent = os.getpid(); known = p.verify\n"
    killer += "def verify(*a):\n    if os.getpid() != parent: os._exit(9)\n    known(*a)\np.verify = verify\n"
    many.write({"patch/sitecustomize.py": killer})
    run = many.run("render", "--jobs", "2", env={"PYTHONPATH": f"{many.root / 'patch'}:{PROJECT}"})

    assert (70, "") == (run.exit_code, run.stdout)
    assert "a worker process ended before its work was done" in run.stderr
    assert "This is a bug in kusion-render" in run.stderr


# Interrupts.


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_an_interrupt_is_130(many: Workbench, jobs: str) -> None:
    """Ctrl-C ends the run at once, without a traceback and without output."""
    slow = "import time, kusion_render.pipeline as p\nknown = p.verify\n"
    slow += "def verify(*a):\n    open('started', 'a').close()\n    time.sleep(20)\n    known(*a)\np.verify = verify\n"
    many.write({"patch/sitecustomize.py": slow})
    process = subprocess.Popen(
        [sys.executable, "-m", "kusion_render", "render", "--jobs", jobs],
        cwd=many.root,
        env={"PYTHONPATH": f"{many.root / 'patch'}:{PROJECT}", "PATH": os.environ["PATH"]},
        # A shell's job in the background ignores it, and so would its children.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),  # noqa: PLW1509 - no threads here
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    for _ in range(500):
        if (many.root / "started").exists():
            break
        time.sleep(0.02)
    os.killpg(process.pid, signal.SIGINT)
    stdout, stderr = process.communicate(timeout=15)

    assert (130, b"", b"\ninterrupted\n") == (process.returncode, stdout, stderr)


# schema, modules, targets, doctor, completion.


def test_schemas_are_printed(workbench: Workbench) -> None:
    """Each name that is listed prints a JSON Schema."""
    names = workbench.run("schema").stdout.split()

    assert {"app-configuration", "project", "stack", "workspace", "kusion-render", "modules/network"} <= set(names)
    for name in ("app-configuration", "modules/network"):
        run = workbench.run("schema", name)
        assert 0 == run.exit_code
        assert json.loads(run.stdout)["$schema"].startswith("https://json-schema.org/")


def test_modules_are_listed_and_described(workbench: Workbench) -> None:
    """A table, JSON, and the README of one."""
    listed = json.loads(workbench.run("modules", "--format", "json").stdout)["modules"]

    assert {"service", "job", "network", "configs", "secrets", "autoscaling", "serviceaccounts"} <= {
        each["name"] for each in listed
    }
    assert all(each["summary"] and each["version"] for each in listed)
    assert workbench.run("modules").stdout.startswith("MODULE")
    assert "network" in workbench.run("modules", "network").stdout.splitlines()[0].lower()


def test_targets_are_listed(workbench: Workbench) -> None:
    """A table, or JSON."""
    listed = json.loads(workbench.run("targets", "--format", "json").stdout)["targets"]

    assert {"name": "kubernetes", "scope": "stack"}.items() <= listed[1].items()
    assert workbench.run("targets").stdout.startswith("TARGET")


def test_the_doctor_looks_at_installation_and_repository(shop: Workbench) -> None:
    """Exit code 0 where nothing is wrong, within a repository and outside."""
    run = shop.run("doctor")

    assert (0, "") == (run.exit_code, run.stderr)
    assert "1 project, 2 stacks, 2 workspaces" in run.stdout
    assert "libyaml" in run.stdout


def test_the_doctor_outside_of_a_repository(workbench: Workbench) -> None:
    """No repository is nothing wrong."""
    run = workbench.run("doctor")

    assert 0 == run.exit_code
    assert "no repository here" in run.stdout


def test_the_doctor_finds_a_broken_repository(shop: Workbench) -> None:
    """Settings that cannot be read are told, exit code 1."""
    shop.write({"kusion-render.yaml": "compatibility: natve\n"})
    run = shop.run("doctor")

    assert 1 == run.exit_code
    assert "WRONG" in run.stdout
    assert "kusion-render.yaml:1:16: error[KR204]" in run.stderr


@pytest.mark.parametrize(("shell", "word"), [("bash", "complete"), ("zsh", "compdef"), ("fish", "complete")])
def test_completion_scripts(workbench: Workbench, shell: str, word: str) -> None:
    """A script for the shell, on stdout."""
    run = workbench.run("completion", shell)

    assert 0 == run.exit_code, run.stderr
    assert word in run.stdout
    assert "kusion-render" in run.stdout


def test_completion_completes(workbench: Workbench) -> None:
    """What the script asks the program for is answered."""
    environment = {"_KUSION_RENDER_COMPLETE": "bash_complete", "COMP_WORDS": "kusion-render re", "COMP_CWORD": "1"}
    run = workbench.run(env=environment)

    assert "plain,render" in run.stdout
