"""`affected` and `diff`: what a change touches, and what it does, between commits and the work tree."""

from __future__ import annotations

import json
import random
import shutil
from typing import TYPE_CHECKING, Any, Final

import pytest
from sources import Sources, app
from workbench import Workbench

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def sources(tmp_path: Path) -> Sources:
    """A repository with the stacks `shop/dev` and `shop/prod`."""
    return Sources.begin(tmp_path)


def touched(sources: Sources, *arguments: str) -> dict[str, tuple[str, list[str]]]:
    """Return what `affected` says: kind and causes by stack."""
    run = sources.run("affected", *arguments, "--format", "json")
    assert run.exit_code == 0, run.stderr
    return {each["stack"]: (each["change"], each["because"]) for each in json.loads(run.stdout)["stacks"]}


NEW_IMAGE: Final = app("registry.example/web:2")


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({}, {}),
        ({"README.md": "x\n", "shop/dev/notes.txt": "x\n"}, {"shop/dev": ("changed", ["shop/dev/"])}),
        ({"shop/dev/app.yaml": NEW_IMAGE}, {"shop/dev": ("changed", ["shop/dev/app.yaml"])}),
        (
            {"shop/base/app.yaml": "{}\n"},
            {
                "shop/dev": ("changed", ["shop/base/", "shop/base/app.yaml"]),
                "shop/prod": ("changed", ["shop/base/", "shop/base/app.yaml"]),
            },
        ),
        ({"workspaces/prod.yaml": "labels: {a: b}\n"}, {"shop/prod": ("changed", ["workspaces/prod.yaml"])}),
        ({"shop/dev/more.app.yaml": "{}\n"}, {"shop/dev": ("changed", ["shop/dev/", "shop/dev/more.app.yaml"])}),
        ({"shop/qa/stack.yaml": "{}\n", "shop/qa/app.yaml": NEW_IMAGE}, {"shop/qa": ("added", None)}),
        ({"shop/dev/app.yaml": "web: {wrkload: {}}\n"}, {"shop/dev": ("failing", ["shop/dev/app.yaml"])}),
        (
            {"kusion-render.yaml": "compatibility: native\nlimits: {maxNodes: 5000}\n"},
            {"shop/dev": ("changed", ["kusion-render.yaml"]), "shop/prod": ("changed", ["kusion-render.yaml"])},
        ),
    ],
)
def test_a_change_touches_whom_it_concerns(sources: Sources, files: dict[str, str | bytes], expected: Any) -> None:
    """Every input counts, also one that was not there; what nobody reads touches nobody."""
    sources.write(files)

    found = touched(sources)

    assert {key: kind for key, (kind, _) in expected.items()} == {key: kind for key, (kind, _) in found.items()}
    for key, (_, causes) in expected.items():
        assert causes is None or causes == found[key][1]
    # The same between commits as in the work tree.
    sources.git("add", "-A")
    sources.git("commit", "-q", "--allow-empty", "-m", "change")
    assert found == touched(sources, "--base", "HEAD^", "--head", "HEAD")


def test_a_stack_that_goes_is_named(sources: Sources) -> None:
    """It is in the list, but not in a matrix of what there is to do."""
    shutil.rmtree(sources.root / "shop/dev")

    assert {"shop/dev": ("removed", [])} == touched(sources)
    run = sources.run("affected", "--format", "github-matrix")
    assert {"include": []} == json.loads(run.stdout)
    assert {"shop/dev": ("removed", [])} == touched(sources, "shop/dev")


def test_a_matrix_is_one_line(sources: Sources) -> None:
    """As a workflow reads it: stack and folder."""
    sources.write({"shop/dev/app.yaml": NEW_IMAGE})
    run = sources.run("affected", "--format", "github-matrix", "--exit-code")

    assert 4 == run.exit_code
    assert '{"include": [{"stack": "shop/dev", "path": "shop/dev"}]}\n' == run.stdout


def test_a_table_is_aligned(sources: Sources) -> None:
    """One row a stack, with the first cause."""
    sources.write({"shop/dev/app.yaml": NEW_IMAGE, "shop/dev/x.app.yaml": "{}\n"})

    assert [
        "STACK     CHANGE   BECAUSE OF",
        "shop/dev  changed  shop/dev/ and 2 more",
    ] == sources.run("affected").stdout.splitlines()
    assert "no stack is affected\n" == sources.run("affected", "shop/prod").stderr


def test_the_merge_base_leaves_out_what_others_did(sources: Sources) -> None:
    """A branch is compared with where it left, not with what happened since."""
    sources.git("checkout", "-q", "-b", "feature")
    sources.save({"shop/dev/app.yaml": NEW_IMAGE})
    sources.git("checkout", "-q", "main")
    sources.save({"shop/prod/app.yaml": NEW_IMAGE})
    sources.git("checkout", "-q", "feature")

    assert {"shop/dev", "shop/prod"} == set(touched(sources, "--base", "main"))
    assert {"shop/dev"} == set(touched(sources, "--base", "main", "--merge-base"))
    assert {"shop/dev"} == set(touched(sources, "--base", "main", "--head", "HEAD", "--merge-base"))


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["--base", "nope"], 2, "`nope` names no commit of this repository"),
        (["--base=--upload-pack=x"], 2, "can't be a revision"),
        (["shop/none"], 1, "`shop/none` names no stack"),
    ],
)
@pytest.mark.parametrize("command", ["affected", "diff"])
def test_what_can_not_be_compared(sources: Sources, command: str, arguments: list[str], code: int, said: str) -> None:
    """The revision or the pattern is named, and nothing is printed."""
    run = sources.run(command, *arguments)

    assert (code, "") == (run.exit_code, run.stdout)
    assert said in run.stderr


def test_outside_git_it_says_so(workbench: Workbench) -> None:
    """There is nothing to compare with."""
    run = workbench.app(NEW_IMAGE).run("affected", env={"GIT_CEILING_DIRECTORIES": str(workbench.root.parent)})

    assert run.exit_code in (2, 3)
    assert "git" in run.stderr.lower()


def test_a_shallow_clone_says_what_is_missing(sources: Sources, tmp_path: Path) -> None:
    """Without history there is no old side: exit code 3 and the way out."""
    sources.save({"shop/dev/app.yaml": NEW_IMAGE})
    sources.git("clone", "-q", "--depth", "1", f"file://{sources.root}", str(tmp_path / "shallow"))
    run = Workbench(tmp_path / "shallow").run("diff", "--base", "HEAD^")

    assert 3 == run.exit_code
    assert "shallow" in run.stderr


def test_never_a_stack_too_few(sources: Sources) -> None:
    """Seeded edits of all kinds: whatever renders differently is affected, and is in the diff."""
    generator = random.Random(7)  # noqa: S311 - a seeded schedule, no secret
    files: dict[str, str | bytes] = {
        "shop/base/app.yaml": app("registry.example/web:0"),
        "workspaces/dev.yaml": "labels: {region: eu}\n",
        "shop/dev/site.conf": "one\n",
        "shop/dev/file.app.yaml": "web: {workload: {containers: {web: {files: {/etc/site: {from: site.conf}}}}}}\n",
    }
    sources.save(files)
    edits = [
        {"shop/base/app.yaml": app("registry.example/web:1")},
        {"workspaces/dev.yaml": "labels: {region: us}\n"},
        {"workspaces/prod.yaml": "annotations: {a: b}\n"},
        {"shop/dev/site.conf": "two\n"},
        {"shop/prod/z.app.yaml": "web: {labels: {a: b}}\n"},
        {"shop/project.yaml": "name: shop\nlabels: {a: b}\n"},
        {"shop/dev/stack.yaml": "name: dev\nnamespace: other\n"},
        {"shop/dev/notes.md": "nothing\n"},
    ]
    for _ in range(12):
        before = {stack: sources.render(f"shop/{stack}").stdout for stack in ("dev", "prod")}
        for edit in generator.sample(edits, generator.randint(1, 3)):
            sources.write({path: text.replace("one", str(generator.random())) for path, text in edit.items()})
        after = {stack: sources.render(f"shop/{stack}").stdout for stack in ("dev", "prod")}
        different = {f"shop/{stack}" for stack in before if before[stack] != after[stack]}
        assert different <= set(touched(sources))
        report = json.loads(sources.run("diff", "--format", "json").stdout)
        assert different == {each["render"] for each in report["changes"]}
        sources.git("checkout", "-q", ".")
        sources.git("clean", "-fdq")


# --- diff


def test_the_work_tree_is_compared_with_the_commit(sources: Sources) -> None:
    """What is not committed is what `diff` shows without options."""
    clean = sources.run("diff", "--exit-code")
    sources.write({"shop/dev/app.yaml": NEW_IMAGE})
    run = sources.run("diff", "--exit-code")

    assert (0, "0 stacks change, 2 do not\n") == (clean.exit_code, clean.stdout)
    assert 4 == run.exit_code
    assert "1 stack changes, 1 does not" in run.stdout
    assert "~ Deployment web" in run.stdout
    assert "restarts pods" in run.stdout
    assert "registry.example/web:1 → 2" in run.stdout


def test_dangers_are_named(sources: Sources) -> None:
    """A change of compatibility makes all objects anew; the markdown says so in its first table."""
    sources.write({"kusion-render.yaml": "compatibility: kusion\n"})
    run = sources.run("diff", "--format", "markdown")

    assert "RECREATES" in run.stdout.split("<details>")[0]


def test_a_broken_side(sources: Sources) -> None:
    """A new side that does not render is an error; an old one only makes its objects new."""
    sources.write({"shop/dev/app.yaml": "web: {wrkload: {}}\n"})
    broken = sources.run("diff")
    sources.save({})
    sources.write({"shop/dev/app.yaml": NEW_IMAGE})
    mended = sources.run("diff", "shop/dev")

    assert (1, "") == (broken.exit_code, broken.stdout)
    assert "did you mean `workload`?" in broken.stderr
    assert 0 == mended.exit_code
    assert "the old side of shop/dev does not render" in mended.stderr
    assert "+ Deployment web" in mended.stdout


def test_secrets_are_not_shown(sources: Sources) -> None:
    """Neither side's value is in any format."""
    text = "{web: {accessories: {secrets: {db: {type: opaque, data: {password: %s}}}}}}\n"
    sources.save({"shop/dev/app.yaml": text % "hunter2", "workspaces/dev.yaml": "secrets: {allowLiteral: true}\n"})
    sources.write({"shop/dev/app.yaml": text % "correct-horse"})

    for output_format in ("text", "markdown", "json"):
        run = sources.run("diff", "--format", output_format)
        assert "Secret" in run.stdout
        for value in ("hunter2", "correct-horse", "aHVudGVyMg", "Y29ycmVjdC1ob3JzZQ"):
            assert value not in run.stdout + run.stderr


def test_a_three_file_change_fits_a_page(tmp_path: Path) -> None:
    """A hundred stacks: at most 40 lines of markdown that name every consequence, and never more bytes than allowed."""
    sources = Sources.begin(tmp_path)
    files: dict[str, str | bytes] = {"shop/base/app.yaml": app("registry.example/web:1")}
    for number in range(98):
        files[f"shop/s{number:02}/stack.yaml"] = "{}\n"
    files["shop/s00/app.yaml"] = "web: {workload: {replicas: 2, type: StatefulSet}}\n"
    files["shop/s01/app.yaml"] = "web: {workload: {replicas: 2}}\n"
    sources.save(files)
    sources.write(
        {
            "shop/base/app.yaml": app("registry.example/web:2"),
            "shop/s00/app.yaml": "web: {workload: {replicas: 2}}\n",
            "shop/s01/app.yaml": "web: {workload: {replicas: 0}}\n",
        }
    )
    page = sources.run("diff", "--format", "markdown").stdout
    short = sources.run("diff", "--format", "markdown", "--max-bytes", "1500").stdout

    assert len(page.splitlines()) <= 40, page
    assert len(short.encode()) <= 1500
    for text in (page, short):
        assert "98 stacks change" in text
        for effect in ("SCALES TO ZERO", "restarts pods"):
            assert effect in text


# --- explain


def test_explain_names_the_commit_of_the_winning_line(sources: Sources) -> None:
    """The last one that touched it; a line that is not committed has none, and others move with the edit."""
    second = sources.save({"shop/dev/app.yaml": app("registry.example/web:2")}, "scale up: for sale\n\nbody")
    (field,) = json.loads(explained(sources, "spec.template.spec.containers[0].image", "--format", "json"))["fields"]

    assert (second, "scale up: for sale", "Ann <ann@shop.example>") == (
        field["commit"]["id"],
        field["commit"]["subject"],
        field["commit"]["author"],
    )
    assert f'{second[:7]} "scale up: for sale" (2023-11-' in explained(
        sources, "spec.template.spec.containers[0].image"
    )

    text = (sources.root / "shop/dev/app.yaml").read_text(encoding="utf-8")
    sources.write({"shop/dev/app.yaml": f"# more above\n{text}"})
    assert second[:7] in explained(sources, "spec.template.spec.containers[0].image")
    sources.write({"shop/dev/app.yaml": text.replace("web:2", "web:3")})
    assert second[:7] not in explained(sources, "spec.template.spec.containers[0].image")


def test_github_takes_a_matrix_of_256_jobs(sources: Sources) -> None:
    """More would fail in GitHub with words that say nothing of stacks."""
    files: dict[str, str | bytes] = {}
    for number in range(254):
        files[f"shop/s{number}/stack.yaml"] = f"name: s{number}\n"
        files[f"shop/s{number}/app.yaml"] = app("registry.example/web:1")
    sources.save(files)
    sources.write({"shop/base/app.yaml": "web: {labels: {team: shop}}\n"})
    most = sources.run("affected", "--format", "github-matrix")
    sources.write({"shop/more/stack.yaml": "name: more\n", "shop/more/app.yaml": app("registry.example/web:1")})
    more = sources.run("affected", "--format", "github-matrix")

    assert 256 == len(json.loads(most.stdout)["include"])
    assert (2, "") == (more.exit_code, more.stdout)
    assert "257 stacks are affected" in more.stderr


def explained(sources: Sources, *arguments: str) -> str:
    """Return what `explain` says of the Deployment of `shop/dev`."""
    run = sources.run("explain", "shop/dev", "deployment/web", *arguments)
    assert run.exit_code == 0, run.stderr
    return run.stdout


def test_explain_a_shallow_clone_blames_nobody(sources: Sources, tmp_path: Path) -> None:
    """There the oldest commit seems to have written everything."""
    sources.image("2")
    sources.git("clone", "-q", "--depth", "1", f"file://{sources.root}", str(tmp_path / "shallow"))
    run = Workbench(tmp_path / "shallow").run("explain", "shop/dev", "deployment/web", "--format", "json")

    assert {None} == {each["commit"] for each in json.loads(run.stdout)["fields"]}


def test_explain_a_line_of_a_rendered_file(sources: Sources) -> None:
    """Its folder says the stack; elsewhere the stack is said before it."""
    sources.render("--output", "rendered")
    lines = (sources.root / "rendered/shop/prod/deployment-web.yaml").read_text(encoding="utf-8").splitlines()
    number = next(at for at, line in enumerate(lines, 1) if "image:" in line)
    (sources.root / "all.yaml").write_text(sources.render("shop/prod").stdout, encoding="utf-8")
    stream = (sources.root / "all.yaml").read_text(encoding="utf-8").splitlines()
    port = next(at for at, line in enumerate(stream, 1) if "targetPort:" in line)

    image = sources.run("explain", f"rendered/shop/prod/deployment-web.yaml:{number}")
    service = sources.run("explain", "shop/prod", f"all.yaml:{port}")

    assert image.stdout.startswith("spec.template.spec.containers[0].image = registry.example/web:1\n")
    assert "shop/prod/app.yaml:2:" in image.stdout
    assert service.stdout.startswith("spec.ports[0].targetPort = http\n")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["none.yaml:3"], "`none.yaml` can't be read: no such file or directory"),
        (["shop:3"], "names no stack"),
        (["broken.yaml:1"], "`broken.yaml` is no YAML that could be rendered"),
        (["list.yaml:1"], "`list.yaml` holds no Kubernetes object"),
        (["shop/dev", "stale.yaml:6"], "no `paused` in spec"),
        (["shop:1.yaml:2"], "can't be read"),
    ],
)
def test_lines_that_say_nothing(sources: Sources, arguments: list[str], said: str) -> None:
    """What is wrong is named: the file, its content, or that it is out of date."""
    sources.write(
        {
            "broken.yaml": "a: [\n",
            "list.yaml": "- a\n",
            "stale.yaml": "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: web\nspec:\n  paused: true\n",
        }
    )
    run = sources.run("explain", *arguments)

    assert run.exit_code in (1, 2)
    assert said in run.stderr
