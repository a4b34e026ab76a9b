"""Receipts: what is unchanged is not compiled, what changed in any way is, and no output is believed unseen."""

from __future__ import annotations

import os
import re
import shutil
from typing import TYPE_CHECKING, Any, Final

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from workbench import PROJECT, Workbench

from kusion_render import receipts
from kusion_render.delivery import receipt
from kusion_render.delivery.ownership import OWNERSHIP_FILE
from kusion_render.diagnostics import Diagnostics
from kusion_render.pipeline import Options
from kusion_render.receipts import Receipts
from kusion_render.repository import Files, Repository, select
from kusion_render.repository.disk import Disk
from kusion_render.setting import parse

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

APP: Final = "web: {workload: {containers: {web: {image: 'registry.example/web:1'}}}}\n"
CONFIG: Final = "web: {workload: {containers: {web: {files: {/srv/index.html: {from: ../files/index.html}}}}}}\n"
FILES: Final[dict[str, str | bytes]] = {
    "kusion-render.yaml": "compatibility: native\n",
    "shop/project.yaml": "name: shop\n",
    "shop/base/app.yaml": APP,
    "shop/files/index.html": "hello\n",
    "shop/dev/stack.yaml": "name: dev\n",
    "shop/dev/app.yaml": CONFIG,
    "shop/prod/stack.yaml": "name: prod\n",
    "shop/prod/app.yaml": "web: {workload: {replicas: 2}}\n",
    "workspaces/prod.yaml": "labels: {tier: prod}\n",
}
DEV: Final = "out/shop/dev/.kusion-render"
BOTH: Final = ["shop/dev", "shop/prod"]


@pytest.fixture
def rendered(workbench: Workbench) -> Workbench:
    """A repository with two stacks, rendered below `out`."""
    workbench.write(FILES).render("--output", "out")
    return workbench


def pending(bench: Workbench, options: Options | None = None, workspace: str | None = None) -> list[str]:
    """Return the stacks that the next `render --output out` or `check --output out` compiles."""
    top = os.path.realpath(bench.root / "out")
    repository = Repository(Files(os.path.realpath(bench.root)), Diagnostics())
    how: dict[str, Any] = {"target": "kubernetes", "options": {}}
    earlier = Receipts(repository, options or Options(), how, Disk(top), top, workspace)
    known = earlier.stacks()
    return [each.key for each in earlier.changed(select(repository, (), Diagnostics(), known=known))]


def tree(folder: Path) -> dict[str, bytes]:
    """Return all files below a folder."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()
    }


def manifests(folder: Path) -> dict[str, bytes]:
    """Return all files below a folder but for the lists of what is ours."""
    return {name: content for name, content in tree(folder).items() if not name.endswith(OWNERSHIP_FILE)}


def test_what_is_unchanged_is_not_compiled(rendered: Workbench) -> None:
    """Neither by `render` nor by `check`; what they say is as of a full run, and nothing is touched."""
    before = {path: path.stat().st_mtime_ns for path in rendered.root.rglob("*")}

    assert [] == pending(rendered)
    assert "2 stacks: 0 files written, 0 removed below out\n" == rendered.render("--output", "out").stderr
    run = rendered.run("check", "--output", "out")
    assert (0, "", "2 folders checked, all up to date\n") == (run.exit_code, run.stdout, run.stderr)
    assert before == {path: path.stat().st_mtime_ns for path in rendered.root.rglob("*")}


def test_the_same_render_has_the_same_receipt_everywhere(rendered: Workbench, tmp_path: Path) -> None:
    """No path of a machine, no clock; so another clone believes it too."""
    other = Workbench(tmp_path / "elsewhere")
    shutil.copytree(rendered.root, other.root, ignore=shutil.ignore_patterns("elsewhere"))

    assert [] == pending(other)
    other.render("--output", "again", "--jobs", "2")
    assert tree(other.root / "out") == tree(other.root / "again")


EDITS: Final[dict[str, tuple[dict[str, str | bytes], list[str]]]] = {
    "a layer": ({"shop/dev/app.yaml": CONFIG + "# a comment\n"}, ["shop/dev"]),
    "a shared layer": ({"shop/base/app.yaml": APP.replace(":1", ":2")}, BOTH),
    "other line ends": ({"shop/dev/app.yaml": CONFIG.replace("\n", "\r\n")}, ["shop/dev"]),
    "a new app file": ({"shop/dev/more.app.yaml": "web: {workload: {replicas: 3}}\n"}, ["shop/dev"]),
    "a new shared app file": ({"shop/base/more.app.yaml": "web: {workload: {replicas: 3}}\n"}, BOTH),
    "a file named by from": ({"shop/files/index.html": "other\n"}, ["shop/dev"]),
    "a workspace": ({"workspaces/prod.yaml": "labels: {tier: top}\n"}, ["shop/prod"]),
    "a new workspace": ({"workspaces/dev.yaml": "labels: {tier: dev}\n"}, ["shop/dev"]),
    "a new default workspace": ({"workspaces/default.yaml": "labels: {tier: dev}\n"}, ["shop/dev"]),
    "the project": ({"shop/project.yaml": "name: shop\nlabels: {team: a}\n"}, BOTH),
    "the stack": ({"shop/dev/stack.yaml": "name: dev\nnamespace: here\n"}, ["shop/dev"]),
    "the settings": ({"kusion-render.yaml": "compatibility: kusion\n"}, BOTH),
    "a bound": ({"kusion-render.yaml": "compatibility: native\nlimits: {maxFileBytes: 100000}\n"}, BOTH),
    "a new stack": ({"shop/test/stack.yaml": "name: test\n"}, ["shop/test"]),
}


@pytest.mark.parametrize("edit", EDITS)
def test_a_changed_input_is_compiled(edit: str, rendered: Workbench) -> None:
    """Whatever a render read, looked for or listed; the others are left alone."""
    files, expected = EDITS[edit]
    rendered.write(files)

    assert expected == pending(rendered)
    rendered.render("--output", "out", "--allow-mass-delete")
    rendered.render("--output", "full", "--no-receipts")
    assert tree(rendered.root / "full") == tree(rendered.root / "out")
    assert [] == pending(rendered)


@pytest.mark.parametrize("path", ["shop/dev/app.yaml", "workspaces/prod.yaml", "shop/base/app.yaml"])
def test_a_removed_input_is_compiled(path: str, rendered: Workbench) -> None:
    """So that what comes of it, an error too, is what a full run says."""
    (rendered.root / path).unlink()
    full = rendered.run("render", "--output", "full", "--no-receipts")
    run = rendered.run("render", "--output", "out", "--allow-mass-delete")

    assert full.exit_code == run.exit_code
    if not run.exit_code:
        assert tree(rendered.root / "full") == tree(rendered.root / "out")
    else:
        assert full.stderr == run.stderr


@pytest.mark.parametrize(
    "options",
    [
        Options(namespace_policy="omit"),
        Options(profile="argocd"),
        Options(preview="pr-1"),
        Options(compatibility="kusion"),
        Options(settings=[(("web", "workload", "replicas"), 2)]),
    ],
)
def test_another_option_is_another_render(options: Options, rendered: Workbench) -> None:
    """None that could change the output is left out."""
    assert BOTH == pending(rendered, options)


def test_a_setting_is_known_by_its_type(rendered: Workbench) -> None:
    """`0755` and `"0755"` are different values, and so are `1` and `true`."""
    repository = Repository(Files(str(rendered.root)), Diagnostics())
    options = [
        Options(settings=[parse(f"web.x={value}")]) for value in ("0755", '"0755"', "1", "true", "[1]", "[true]")
    ]

    assert len(options) == len({receipts._basis(repository, each, {}) for each in options})


def test_a_workspace_of_the_command_line_is_an_option(rendered: Workbench) -> None:
    """The same stack on another workspace is compiled, and then known."""
    assert BOTH == pending(rendered, workspace="prod")
    rendered.render("--output", "out", "--workspace", "prod")

    assert BOTH == pending(rendered)
    rendered.render("--output", "out", "--workspace", "prod")
    assert b"tier: prod" in (rendered.root / "out/shop/dev/deployment-web.yaml").read_bytes()


SPOILT: Final[dict[str, Callable[[bytes], bytes]]] = {
    "hand-edited seal": lambda text: text.replace(b"# receipt ", b"# receipt 0", 1),
    "an input left out": lambda text: text.replace(b'"shop/dev/app.yaml",', b"", 1),
    "an absence left out": lambda text: text.replace(b'"workspaces/default.yaml",', b"", 1),
    "an object left out": lambda text: re.sub(rb"# objects .*", b"# objects []", text),
    "truncated": lambda text: text[: len(text) // 2],
    "without its list": lambda text: b"".join(line for line in text.splitlines(keepends=True) if line[:1] == b"#"),
    "other line ends": lambda text: text.replace(b"\n", b"\r\n"),
    "an old form": lambda text: b"".join(
        line for line in text.splitlines(keepends=True) if not line.startswith(b"# ") or b"Written" in line
    ),
    "no JSON": lambda text: text.replace(b"# read [", b"# read [[", 1),
    "endless nesting": lambda text: text.replace(b"# read [", b"# read " + b"[" * 100_000, 1),
    "of numbers": lambda text: text.replace(b'# read ["', b'# read [1,"', 1),
    "no list": lambda text: re.sub(rb"# read .*", b'# read "shop"', text),
    "huge": lambda text: text + b"# " + b"x" * (2 << 20),
    "empty": lambda _: b"",
    "no text": lambda _: b"\xff\xfe\x00" * 100,
}


@pytest.mark.parametrize("how", SPOILT)
def test_a_spoilt_receipt_is_not_believed(how: str, rendered: Workbench) -> None:
    """The stack is compiled, and the next receipt is a good one."""
    path = rendered.root / DEV
    good = path.read_bytes()
    spoilt = SPOILT[how](good)
    assert spoilt != good
    path.write_bytes(spoilt)

    assert ["shop/dev"] == pending(rendered)
    assert rendered.run("check", "--output", "out").exit_code in (0, 4)
    rendered.render("--output", "out", "--allow-mass-delete")
    assert good == path.read_bytes()


def test_another_program_is_not_believed(rendered: Workbench, monkeypatch: pytest.MonkeyPatch) -> None:
    """Code that makes objects is a part of the receipt."""
    monkeypatch.setattr(receipts, "_VERSION", "other")

    assert BOTH == pending(rendered)


def test_the_code_that_renders_counts_and_what_only_reports_does_not(tmp_path: Path) -> None:
    """Every file of the program is in one of the two."""
    shutil.copytree(PROJECT / "kusion_render", tmp_path / "kusion_render")
    sources = {
        os.path.relpath(path, tmp_path / "kusion_render") for path in receipts._sources(str(tmp_path / "kusion_render"))
    }

    assert {"pipeline.py", "lint/objects.py", "schema/app-configuration.json", "yamlio/writer.py"} <= sources
    assert not [path for path in sources if path.split("/")[0] in receipts._APART]
    assert all((PROJECT / "kusion_render" / name).exists() for name in receipts._APART)


@pytest.mark.parametrize(
    "path", ["../../etc/passwd", "/etc/passwd", "shop/../../x", "a\\..\\b", "a\0b", "a/" * 5000, "\ud800"]
)
def test_a_hostile_receipt_leads_nowhere(path: str, rendered: Workbench) -> None:
    """A path that no render of ours could have recorded makes it none, before anything is looked at."""
    content = (rendered.root / DEV).read_bytes()
    found = receipt.read(content)
    assert found is not None
    known = found.receipt
    for kind in ("read", "absent", "listed"):
        lists = {name: [*getattr(known, name)] for name in ("read", "absent", "listed")}
        lists[kind].append(path)
        forged = receipt.Receipt(
            known.names, known.workspaces, known.workspace, known.looks, objects=known.objects, **lists
        )
        text = receipt.sealed(forged.text(), "", "")
        assert receipt.read(content[: content.index(b"# receipt")] + text.encode()) is None
    assert not receipt.is_inside(path)


@pytest.mark.parametrize("project", ["nowhere", "shop/project.yaml", "link"])
def test_a_forged_project_is_not_looked_through(
    project: str, rendered: Workbench, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """A receipt with a seal of its own names a project that is none, or that a link leads out to."""
    outside = tmp_path_factory.mktemp("outside")
    (outside / "a.app.yaml").write_text("secret: true\n")
    (rendered.root / "link").symlink_to(outside)
    content = (rendered.root / DEV).read_bytes()
    path = project.encode()
    forged = content.replace(b'["shop","shop",', b'["shop","%s",' % path).replace(b'"",""]', b'"","native"]')
    (rendered.root / DEV).write_bytes(forged)

    assert forged != content
    assert ["shop/dev"] == pending(rendered)


def test_a_link_out_of_the_root_is_not_followed(rendered: Workbench, tmp_path_factory: pytest.TempPathFactory) -> None:
    """An input that became a link to the same content elsewhere is an error, as in a full run."""
    outside = tmp_path_factory.mktemp("outside") / "app.yaml"
    outside.write_text(CONFIG)
    (rendered.root / "shop/dev/app.yaml").unlink()
    (rendered.root / "shop/dev/app.yaml").symlink_to(outside)

    assert ["shop/dev"] == pending(rendered)
    assert 1 == rendered.run("check", "--output", "out").exit_code


def test_a_folder_that_became_a_link_is_not_believed(
    rendered: Workbench, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Where its stack's output lies is told by a full run."""
    moved = tmp_path_factory.mktemp("elsewhere") / "moved"
    shutil.move(rendered.root / "out/shop/dev", moved)
    (rendered.root / "out/shop/dev").symlink_to(moved)

    assert ["shop/dev"] == pending(rendered)
    assert "error[KR514]" in rendered.fail("--output", "out")


@pytest.mark.parametrize("damage", ["edited", "removed", "link", "line ends", "folder"])
def test_output_is_never_believed_unseen(damage: str, rendered: Workbench) -> None:
    """What was edited by hand is found although no input has changed."""
    path = rendered.root / "out/shop/dev/deployment-web.yaml"
    good = path.read_bytes()
    path.unlink()
    if damage == "edited":
        path.write_bytes(good.replace(b":1", b":2"))
    elif damage == "line ends":
        path.write_bytes(good.replace(b"\n", b"\r\n"))
    elif damage == "link":
        (rendered.root / "copy").write_bytes(good)
        path.symlink_to(rendered.root / "copy")
    elif damage == "folder":
        path.mkdir()

    assert ["shop/dev"] == pending(rendered)
    run = rendered.run("check", "--output", "out")
    assert 4 == run.exit_code
    assert "out/shop/dev/deployment-web.yaml" in run.stdout
    if damage != "folder":
        rendered.render("--output", "out")
        assert good == path.read_bytes()


def test_a_receipt_in_the_wrong_folder_is_none(rendered: Workbench) -> None:
    """A copy of another stack's output is not this stack's."""
    shutil.rmtree(rendered.root / "out/shop/dev")
    shutil.copytree(rendered.root / "out/shop/prod", rendered.root / "out/shop/dev")

    assert ["shop/dev"] == pending(rendered)


def test_a_stack_that_is_gone_is_still_noticed(rendered: Workbench) -> None:
    """Its receipt names files that aren't there; the rest is unchanged."""
    shutil.rmtree(rendered.root / "shop/dev")
    run = rendered.run("check", "--output", "out")

    assert [] == pending(rendered)
    assert 4 == run.exit_code
    assert "out/shop/dev/deployment-web.yaml: no longer rendered" in run.stdout
    assert "error[KR512]" in rendered.fail("--output", "out")


def test_a_warning_comes_again(workbench: Workbench) -> None:
    """A render with one has no receipt."""
    workbench.write({**FILES, "workspaces/prod.yaml": "enforce: {workload: {replicas: 4}}\n"})
    first = workbench.render("--output", "out").stderr

    assert "warning[KR327]" in first
    assert ["shop/prod"] == pending(workbench)
    assert first.split("\n")[:-2] == workbench.render("--output", "out").stderr.split("\n")[:-2]


SHARED: Final = {
    "shop/dev/stack.yaml": "workspace: one\nnamespace: same\n",
    "shop/prod/stack.yaml": "workspace: one\nnamespace: other\n",
    "workspaces/one.yaml": "{}\n",
}


def test_an_object_made_twice_is_found(workbench: Workbench) -> None:
    """Also where the other stack is unchanged; the report is that of a full run."""
    workbench.write({**FILES, **SHARED}).render("--output", "out")
    assert [] == pending(workbench)
    workbench.write({"shop/prod/stack.yaml": "workspace: one\nnamespace: same\n"})
    report = workbench.fail("--output", "out")

    assert "error[KR515]" in report
    assert report == workbench.fail("--output", "full")


def test_an_object_made_twice_by_unchanged_stacks_is_found(workbench: Workbench) -> None:
    """They were rendered one by one, and never seen together."""
    workbench.write({**FILES, **SHARED, "shop/prod/stack.yaml": "workspace: one\nnamespace: same\n"})
    for stack in BOTH:
        workbench.render(stack, "--output", "out")

    assert BOTH == pending(workbench)
    assert workbench.fail("--output", "out") == workbench.fail("--output", "full")


def test_a_namespace_may_be_shared(workbench: Workbench) -> None:
    """Equal ones are no reason to compile, different ones are."""
    made = "namespace: {{name: same, create: true, labels: {{by: {0}}}}}\nworkspace: one\n"
    workbench.write({**FILES, **SHARED})
    workbench.write({f"{stack}/stack.yaml": made.format("all") for stack in BOTH})
    workbench.write({"shop/dev/app.yaml": "web: {enabled: false}\ndev: {workload: {containers: {c: {image: a}}}}\n"})
    workbench.render("--output", "out")
    assert [] == pending(workbench)
    workbench.write({"shop/dev/stack.yaml": made.format("dev")})

    assert workbench.fail("--output", "out") == workbench.fail("--output", "full")


def test_a_host_claimed_twice_is_found(workbench: Workbench) -> None:
    """Where the workspace makes that an error, a render depends on what others claim."""
    network = "{network: {ports: [{port: 80}], hosts: [HOST]}}"
    app = f"web: {{workload: {{containers: {{web: {{image: a, ports: {{http: 80}}}}}}}}, accessories: {network}}}\n"
    workbench.write(FILES)
    workbench.write({**SHARED, "workspaces/one.yaml": "lint: {host-clash: error}\n", "shop/base/app.yaml": "{}\n"})
    workbench.write({f"{stack}/app.yaml": app.replace("HOST", f"{stack[5:]}.example") for stack in BOTH})
    workbench.render("--output", "out")
    assert [] == pending(workbench)
    workbench.write({"shop/dev/app.yaml": app.replace("HOST", "prod.example")})
    report = workbench.fail("--output", "out")

    assert "KR619" in report
    assert report == workbench.fail("--output", "full")


def test_what_a_project_looks_like_counts(workbench: Workbench) -> None:
    """Where nobody says its compatibility, other stacks of the project decide; their other changes do not matter."""
    (workbench.write(FILES).root / "kusion-render.yaml").unlink()
    workbench.write({"kusion-render.yaml": "{}\n"}).render("--output", "shop/rendered")
    (workbench.root / "shop/rendered").rename(workbench.root / "out")
    assert [] == pending(workbench)
    assert b'"native"]' in (workbench.root / DEV).read_bytes()
    workbench.write({"shop/prod/app.yaml": "web: {workload: {replicas: 7}}\n", "shop/more/a.txt": ""})
    assert ["shop/prod"] == pending(workbench)
    workbench.write({"shop/more/kcl.mod": ""})

    assert BOTH == pending(workbench)


def test_a_stack_on_several_workspaces(workbench: Workbench) -> None:
    """Each render has its receipt; a change of one workspace is a change of one render."""
    workbench.write({**FILES, "shop/dev/stack.yaml": "workspaces: [a, b]\n", "workspaces/a.yaml": "{}\n"})
    workbench.write({"workspaces/b.yaml": "{}\n"}).render("--output", "out")
    assert [] == pending(workbench)
    workbench.write({"workspaces/b.yaml": "labels: {x: y}\n"})

    assert ["shop/dev@b"] == pending(workbench)
    workbench.write({"shop/dev/stack.yaml": "workspaces: [a]\n"})
    assert ["shop/dev"] == pending(workbench)


def test_a_module_of_another_package_has_no_receipt(workbench: Workbench) -> None:
    """Nobody knows when its output changes."""
    workbench.write(
        {
            **FILES,
            "shop/dev/app.yaml": "web: {accessories: {cache: {size: 1}}}\n",
            "packages/acme.py": '"""A cache."""\nVERSION = "1"\n\n\ndef generate(request, diagnostics):\n'
            "    from kusion_render.modules import GeneratorResponse\n    return GeneratorResponse([])\n",
            "packages/acme-1.dist-info/METADATA": "Metadata-Version: 2.1\nName: acme\nVersion: 1\n",
            "packages/acme-1.dist-info/entry_points.txt": "[kusion_render.modules]\ncache = acme\n",
        }
    )
    env = {"PYTHONPATH": f"{PROJECT}:{workbench.root / 'packages'}"}
    workbench.render("--output", "out", env=env)

    assert b"# receipt" not in (workbench.root / DEV).read_bytes()
    assert ["shop/dev"] == pending(workbench)


def test_a_folder_of_a_revision_has_receipts_too(tmp_path: Path) -> None:
    """`commit --output` writes those that `render --output` writes, and no commit comes of a receipt."""
    from sources import Sources

    made = Sources.begin(tmp_path)
    made.commit("--output", "rendered")
    committed = tree(made.root / "rendered")
    made.render("--output", "rendered")
    assert committed == tree(made.root / "rendered")
    app = (made.root / "shop/dev/app.yaml").read_text()
    made.save({"shop/dev/app.yaml": f"# a comment\n{app}"})

    assert "main: unchanged" in made.commit("--output", "rendered").stderr
    assert 0 == made.run("check", "--output", "rendered").exit_code
    assert 0 == made.run("check", "--output", "rendered", "--revision", "HEAD").exit_code


def test_what_was_rendered_here_is_no_obstacle_for_a_commit(tmp_path: Path) -> None:
    """Files that tell of the same manifests with another receipt are not somebody's edits."""
    from sources import Sources

    made = Sources.begin(tmp_path)
    made.commit("--output", "rendered")
    app = (made.root / "shop/dev/app.yaml").read_text()
    made.write({"shop/dev/app.yaml": f"# a comment\n{app}"})
    made.render("--output", "rendered")
    made.git("add", "shop")
    made.git("commit", "-qm", "comment")
    made.write({"shop/dev/app.yaml": f"# another\n{app}"})
    made.git("add", "shop")
    made.git("commit", "-qm", "comment")
    made.write({"shop/prod/app.yaml": (made.root / "shop/prod/app.yaml").read_text().replace("web:1", "web:2")})
    made.git("add", "shop")
    made.git("commit", "-qm", "image")

    assert "main: committed" in made.commit("--output", "rendered").stderr
    assert "" == made.git("status", "--porcelain")


CHOICES: Final[list[tuple[str, str]]] = [
    ("shop/dev/app.yaml", CONFIG),
    ("shop/dev/app.yaml", "web: {workload: {replicas: 3}}\n"),
    ("shop/dev/x.app.yaml", "web: {workload: {replicas: 5}}\n"),
    ("shop/dev/x.app.yaml", ""),
    ("shop/base/app.yaml", APP),
    ("shop/base/app.yaml", APP.replace(":1", ":2")),
    ("shop/files/index.html", "new\n"),
    ("workspaces/dev.yaml", "labels: {a: b}\n"),
    ("workspaces/dev.yaml", "labels: {a: wrong, \n"),
    ("workspaces/dev.yaml", ""),
    ("workspaces/default.yaml", "labels: {a: c}\n"),
    ("shop/dev/stack.yaml", "workspaces: [prod, prod2]\n"),
    ("shop/dev/stack.yaml", "name: dev\n"),
    ("workspaces/prod2.yaml", "{}\n"),
    ("out/shop/dev/deployment-web.yaml", "edited: true\n"),
    ("out/shop/prod/.kusion-render", ""),
    ("shop/new/stack.yaml", "workspace: prod\nnamespace: shop-prod\n"),
    ("shop/new/stack.yaml", ""),
]


@settings(max_examples=5, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(edits=st.lists(st.sampled_from(CHOICES), min_size=2, max_size=6))
def test_receipts_change_no_answer(edits: list[tuple[str, str]], tmp_path_factory: pytest.TempPathFactory) -> None:
    """After any edits, a run with receipts writes, says and ends as one that compiles everything."""
    bench = Workbench(tmp_path_factory.mktemp("edits"))
    bench.write(FILES).render("--output", "out")
    shutil.copytree(bench.root / "out", bench.root / "full")
    for path, content in edits:
        for place in (path, path.replace("out/", "full/", 1)):
            target = bench.root / place
            if content:
                bench.write({place: content})
            else:
                target.unlink(missing_ok=True)
        answers = [answer(bench, "out"), answer(bench, "full", "--no-receipts")]
        assert answers[0] == answers[1]
        assert tree(bench.root / "out") == tree(bench.root / "full")


def answer(bench: Workbench, output: str, *arguments: str) -> list[Any]:
    """Return what `check`, then `render`, come to with an output folder."""
    runs = [
        bench.run("check", "--output", output, *arguments),
        bench.run("render", "--output", output, "--allow-mass-delete", *arguments),
    ]
    return [(run.exit_code, run.stdout.replace(output, "out"), run.stderr.replace(output, "out")) for run in runs]
