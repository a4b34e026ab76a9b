"""`set`: which file is edited, what it does to the render, and when it refuses."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

import pytest

from kusion_render.diagnostics import Diagnostics
from kusion_render.edit.writing import Edited, write

if TYPE_CHECKING:
    from pathlib import Path

    from workbench import Run, Workbench

BASE = """
    # All stacks.
    web:
      workload:
        replicas: 1 # one is enough
        containers:
          web:
            image: registry.example/web:1.0.0 # {"$imagepolicy": "shop:web"}
            env: {A: "1"}
      accessories:
        network:
          ports:
            - {port: 80, targetPort: 8080}
            - {port: 81, targetPort: 8081}
"""
PROD = """
    # Production.
    web:
      workload:
        containers:
          web:
            env:
              B: two
      accessories:
        network:
          ports:
            - {port: 81, targetPort: 9091}
"""


@pytest.fixture
def shop(workbench: Workbench) -> Workbench:
    """Project `shop` with a base, stacks dev (nothing of its own) and prod, each on its workspace."""
    return workbench.write(
        {
            "kusion-render.yaml": "compatibility: native\n",
            "workspaces/dev.yaml": "{}\n",
            "workspaces/prod.yaml": "modules:\n  service:\n    configs:\n      default:\n        minReadySeconds: 5\n",
            "shop/project.yaml": "name: shop\n",
            "shop/base/app.yaml": BASE,
            "shop/dev/stack.yaml": "name: dev\n",
            "shop/prod/stack.yaml": "name: prod\n",
            "shop/prod/app.yaml": PROD,
        }
    )


def contents(root: Path) -> dict[str, bytes]:
    """Return every file by its path."""
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in sorted(root.rglob("*")) if path.is_file()}


def lines_changed(before: dict[str, bytes], after: dict[str, bytes]) -> list[str]:
    """Return what differs as `file: -line` and `file: +line`."""
    from difflib import ndiff

    return [
        f"{file}: {line[0]}{line[2:].rstrip()}"
        for file in sorted({*before, *after})
        for line in ndiff(before.get(file, b"").decode().splitlines(), after.get(file, b"").decode().splitlines())
        if line[0] in "+-"
    ]


def done(shop: Workbench, *arguments: str) -> tuple[Run, list[str]]:
    """Run `set` and return what it said and which lines are others."""
    before = contents(shop.root)
    run = shop.run("set", *arguments)
    return run, lines_changed(before, contents(shop.root))


@pytest.mark.parametrize(
    ("arguments", "changed"),
    [
        (["web.workload.containers.web.env.B=three"],
         ["shop/prod/app.yaml: -          B: two", "shop/prod/app.yaml: +          B: three"]),
        (["web.workload.replicas=3"], ["shop/prod/app.yaml: +    replicas: 3"]),
        (["--base", "web.workload.replicas=3"],
         ["shop/base/app.yaml: -    replicas: 1 # one is enough", "shop/base/app.yaml: +    replicas: 3 # one is enough"]),
        (["--workspace", "web.workload.minReadySeconds=9"],
         ["workspaces/prod.yaml: -        minReadySeconds: 5", "workspaces/prod.yaml: +        minReadySeconds: 9"]),
        (["--workspace", "web.workload.progressDeadlineSeconds=90"],
         ["workspaces/prod.yaml: +        progressDeadlineSeconds: 90"]),
        (["--base", "web.workload.containers.web.image=registry.example/web:2"],
         ['shop/base/app.yaml: -        image: registry.example/web:1.0.0 # {"$imagepolicy": "shop:web"}',
          'shop/base/app.yaml: +        image: registry.example/web:2 # {"$imagepolicy": "shop:web"}']),
        (["--unset", "web.workload.containers.web.env.B"],
         ["shop/prod/app.yaml: -  workload:", "shop/prod/app.yaml: -    containers:", "shop/prod/app.yaml: -      web:",
          "shop/prod/app.yaml: -        env:", "shop/prod/app.yaml: -          B: two"]),
        (["web.accessories.network.ports[1].targetPort=9092"],
         ["shop/prod/app.yaml: -        - {port: 81, targetPort: 9091}",
          "shop/prod/app.yaml: +        - {port: 81, targetPort: 9092}"]),
        (["web.workload.containers.web.env.A=null"], ["shop/prod/app.yaml: +          A: null"]),
        (["/web/workload/replicas=4"], ["shop/prod/app.yaml: +    replicas: 4"]),
        (["web.workload.containers.web.env.C=1.10"], ['shop/prod/app.yaml: +          C: "1.10"']),
        (["--base", "web.workload.containers.web.env.A=2"],
         ['shop/base/app.yaml: -        env: {A: "1"}', 'shop/base/app.yaml: +        env: {A: "2"}']),
    ],
)  # fmt: skip
def test_the_smallest_edit_in_the_right_file(shop: Workbench, arguments: list[str], changed: list[str]) -> None:
    """Each scope edits its own file, at the place that sets the value already if there is one."""
    run, lines = done(shop, "shop/prod", *arguments)

    assert (0, "") == (run.exit_code, run.stderr)
    assert sorted(changed) == sorted(lines)


def test_it_says_what_the_edit_changes(shop: Workbench) -> None:
    """The place of the edit, the fields of the render that are others, and the other stacks that it reaches."""
    run, _ = done(shop, "shop/prod", "--base", "web.workload.replicas=3")

    assert run.stdout == (
        "shop/base/app.yaml:4:15: web.workload.replicas\n"
        "1 stack changes\n\n"
        "~ Deployment web   shop/prod\n"
        "    spec.replicas   1 → 3\n"
        "also changes shop/dev\n"
    )


def test_a_missing_app_file_is_made(shop: Workbench) -> None:
    """A stack without a file of its own gets one that holds nothing but the value."""
    run, lines = done(shop, "shop/dev", "web.workload.replicas=2")

    assert (0, "") == (run.exit_code, run.stderr)
    assert lines == [f"shop/dev/app.yaml: +{line}" for line in ("web:", "  workload:", "    replicas: 2")]
    assert 2 == shop.render("shop/dev").manifest("Deployment")["spec"]["replicas"]


def test_the_file_that_says_most_about_it(shop: Workbench) -> None:
    """A value that is new goes beside what is there, and the last file that sets one is the one to edit."""
    shop.write({"shop/dev/web.app.yaml": "web: {workload: {revisionHistoryLimit: 3}}\n"})

    _, lines = done(shop, "shop/dev", "web.workload.replicas=2")

    assert lines == [
        "shop/dev/web.app.yaml: -web: {workload: {revisionHistoryLimit: 3}}",
        "shop/dev/web.app.yaml: +web: {workload: {revisionHistoryLimit: 3, replicas: 2}}",
    ]


@pytest.mark.parametrize(
    ("setting", "place"),
    [
        ("web.workload.containers.web.env.B=two", "shop/prod/app.yaml:7:14"),
        ("web.workload.replicas=1", "shop/base/app.yaml:4:15"),
        ("web.workload.containers.web.env.A=1", "shop/base/app.yaml:8:18"),
        ("web.workload.minReadySeconds=5", "workspaces/prod.yaml:5:26"),
    ],
)
def test_what_is_so_already_is_not_written(shop: Workbench, setting: str, place: str) -> None:
    """The value that a stack has, wherever it comes from, is no reason to touch a file."""
    run, lines = done(shop, "shop/prod", setting)

    assert (0, "", []) == (run.exit_code, run.stderr, lines)
    assert run.stdout == f"unchanged: {setting.partition('=')[0]} has this value already ({place})\n"


REFUSED = {
    "an empty map over a full one": (["web.workload.containers={}"], "KR552", "$patch"),
    "an empty list that merges by key": (["web.accessories.network.ports=[]"], "KR552", "no effect"),
    "an unknown app": (["wbe.workload.replicas=2"], "KR550", "did you mean `web`?"),
    "an unknown field": (["web.workload.replica=2"], "shop/prod/app.yaml:8:5: error[KR203]", "did you mean `replicas`?"),
    "a wrong type": (["web.workload.replicas=two"], "KR201", "whole number"),
    "text readers disagree about": (["web.workload.replicas=0o7"], "KR103", "read differently"),
    "a value that is overridden": (
        ["--base", "web.workload.containers.web.env.B=1"], "shop/prod/app.yaml:7:14: error[KR552]", "no effect"),
    "a workspace's that is overridden": (
        ["--workspace", "web.workload.replicas=1"], "shop/base/app.yaml:4:15: error[KR552]", "no effect"),
    "a null that deletes nothing": (["web.workload.strategy=null"], "KR122", "nothing beneath"),
    "an item of the base": (["web.accessories.network.ports[0].port=8"], "shop/base/app.yaml:12:18: error[KR550]", "list"),
    "no such item": (["web.accessories.network.ports[7].port=8"], "KR550", "list"),
    "a list in the workspace": (["--workspace", "web.accessories.network.ports[0].port=8"], "KR550", "no default"),
    "no default of a workspace": (["--workspace", "web.labels.x=y"], "KR550", "no default"),
    "nothing to take out": (["--unset", "web.workload.replicas"], "shop/base/app.yaml:4:15: error[KR550]", "--base"),
    "nothing anywhere": (["--unset", "web.workload.strategy"], "KR550", "no file sets it"),
    "into a single value": (["--base", "web.workload.replicas.max=2"], "KR550", "single value"),
    "one of two": (["web.workload.minReadySeconds=7", "web.workload.replica=2"], "KR203", "nothing was written"),
    "a reference to nothing": (['web.workload.containers.web.env.D={"config": "x", "key": "y"}'], "KR3", "nothing was written"),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_wrong_is_refused_before_anything_is_written(shop: Workbench, case: str) -> None:
    """A refusal has a diagnostic with a next step, and leaves every file as it was."""
    arguments, *said = REFUSED[case]

    run, lines = done(shop, "shop/prod", *arguments)

    assert (1, "", []) == (run.exit_code, run.stdout, lines)
    assert all(each in run.stderr for each in said), run.stderr
    assert "help: " in run.stderr


def test_what_the_platform_enforces_can_t_be_set(shop: Workbench) -> None:
    """The line of the workspace is named."""
    shop.write({"workspaces/prod.yaml": "enforce:\n  workload:\n    replicas: 4\n"})

    run, lines = done(shop, "shop/prod", "web.workload.replicas=2")

    assert (1, []) == (run.exit_code, lines)
    assert "workspaces/prod.yaml:3:15: error[KR552]" in run.stderr
    assert "enforce" in run.stderr


def test_shared_values_are_refused_with_both_places(shop: Workbench) -> None:
    """An anchor that others use is not changed behind their backs."""
    shop.write(
        {
            "shop/prod/app.yaml": """
                _small: &small {cpu: 100m}
                web:
                  workload:
                    containers:
                      web: {resources: *small}
            """
        }
    )

    run, lines = done(shop, "shop/prod", "web.workload.containers.web.resources.cpu=1")

    assert (1, []) == (run.exit_code, lines)
    assert "shop/prod/app.yaml:5:24: error[KR551]" in run.stderr
    assert "shop/prod/app.yaml:1:9" in run.stderr


def test_a_dry_run_writes_nothing(shop: Workbench) -> None:
    """It shows the difference of the file and of the render."""
    run, lines = done(shop, "shop/prod", "web.workload.containers.web.env.B=three", "--dry-run")

    assert (0, []) == (run.exit_code, lines)
    assert run.stdout == (
        "--- a/shop/prod/app.yaml\n+++ b/shop/prod/app.yaml\n@@ -4,7 +4,7 @@\n"
        "     containers:\n       web:\n         env:\n-          B: two\n+          B: three\n"
        "   accessories:\n     network:\n       ports:\n"
        "1 stack changes\n\n~ Deployment web   shop/prod   restarts pods\n    env[B].value   two → three\n"
    )
    assert "nothing was written" in run.stderr


@pytest.mark.parametrize("flag", [[], ["--dry-run"]])
def test_no_secret_is_shown(shop: Workbench, flag: list[str]) -> None:
    """A value that looks secret is masked in the difference of the file and of the render, old and new."""
    shop.write({"shop/prod/app.yaml": "web: {workload: {containers: {web: {env: {\n  DB_PASSWORD: hunter2\n}}}}}\n"})

    run, _ = done(shop, "shop/prod", "web.workload.containers.web.env.DB_PASSWORD=correct-horse", *flag)

    assert 0 == run.exit_code, run.stderr
    assert "env[DB_PASSWORD].value   ‹secret 1› → ‹secret 2›" in run.stdout
    assert not {"hunter2", "correct-horse"} & set(run.stdout.replace(",", " ").split())


def test_secrets_of_a_secret_are_masked(shop: Workbench) -> None:
    """The data of a Secret is never shown."""
    shop.write(
        {
            "workspaces/prod.yaml": "secrets: {allowLiteral: true}\n",
            "shop/prod/app.yaml": "web:\n  accessories:\n    secrets:\n      s: {type: opaque, data: {k: old-value}}\n",
        }
    )

    run, _ = done(shop, "shop/prod", "web.accessories.secrets.s.data.k=new-value")

    assert 0 == run.exit_code, run.stderr
    assert "data.k   ‹secret 1› → ‹secret 2›" in run.stdout
    assert "value" not in run.stdout.replace("has this value", "")


def test_a_stack_that_failed_before_may_be_mended(shop: Workbench) -> None:
    """An edit that takes one of two mistakes away is written; one that adds a third is not."""
    shop.write({"shop/prod/app.yaml": "web:\n  workload:\n    replicas: two\n    type: Nothing\n"})

    added, none = done(shop, "shop/prod", "web.workload.replica=2")
    mended, some = done(shop, "shop/prod", "web.workload.replicas=2")
    whole, _ = done(shop, "shop/prod", "--unset", "web.workload.type")

    assert (1, []) == (added.exit_code, none)
    assert 0 == mended.exit_code
    assert ["shop/prod/app.yaml: +    replicas: 2", "shop/prod/app.yaml: -    replicas: two"] == sorted(some)
    assert "shop/prod does not render, with the edit or without it" in mended.stderr
    assert 0 == whole.exit_code
    assert "+ Deployment web" in whole.stdout


def test_another_stack_must_not_break(shop: Workbench) -> None:
    """An edit of the base that one stack can live with and another can't is refused."""
    shop.write({"shop/dev/app.yaml": "web: {workload: {containers: {web: {env: {A: null}}}}}\n"})

    run, lines = done(shop, "shop/prod", "--base", "--unset", "web.workload.containers.web.env.A")

    assert (1, []) == (run.exit_code, lines)
    assert "shop/dev/app.yaml:1:43: error[KR122]" in run.stderr


def test_several_assignments_are_one(shop: Workbench) -> None:
    """They build on each other, and the file is written once."""
    run, lines = done(
        shop, "shop/prod", "web.workload.replicas=3", 'web.workload.containers.side={"image": "a:1"}',
        "web.workload.containers.side.env.X=1", "--unset", "web.accessories",
    )  # fmt: skip

    assert (0, "") == (run.exit_code, run.stderr)
    assert [line for line in lines if ": +" in line] == [
        "shop/prod/app.yaml: +      side:", "shop/prod/app.yaml: +        image: a:1",
        "shop/prod/app.yaml: +        env:", "shop/prod/app.yaml: +          X: 1",
        "shop/prod/app.yaml: +    replicas: 3",
    ]  # fmt: skip


@pytest.mark.parametrize(
    "arguments",
    [
        ["shop/prod"],
        ["shop/prod", "web.workload.replicas"],
        ["shop/prod", "web=1"],
        ["shop/prod", "--unset", "web.a=1"],
        ["shop/prod", "--unset", "web"],
        ["shop/prod", "--base", "--workspace", "web.workload.replicas=1"],
        ["shop/*", "web.workload.replicas=1"],
        ["shop/prod", "web.workload[replicas=1"],
        ["shop/prod", b"web.labels.x=\xff"],
        ["shop/prod", b"web.\xff=1"],
        ["shop/prod", r'web.labels.x="\ud800"'],
        ["shop/prod", "web.labels.x=[NaN]"],
        ["shop/prod", "web.labels.x=" + "[" * 5000],
    ],
)
def test_wrong_usage(shop: Workbench, arguments: list[str]) -> None:
    """A command line that says too little or two things has exit code 2."""
    run, lines = done(shop, *arguments)

    assert (2, "", []) == (run.exit_code, run.stdout, lines)
    assert "rror: " in run.stderr


def test_several_workspaces(shop: Workbench) -> None:
    """An app file is edited for all of a stack's workspaces; of the workspaces, one is to be named."""
    shop.write({"shop/prod/stack.yaml": "workspaces: [dev, prod]\n"})

    app, _ = done(shop, "shop/prod", "web.workload.replicas=2")
    both, _ = done(shop, "shop/prod", "--workspace", "web.workload.minReadySeconds=6")
    one, lines = done(shop, "shop/prod@prod", "--workspace", "web.workload.minReadySeconds=6")

    assert (0, 2, 0) == (app.exit_code, both.exit_code, one.exit_code)
    assert "~ Deployment web   shop/prod@dev, shop/prod@prod (× 2)\n" in app.stdout
    assert "workspaces/prod.yaml: +        minReadySeconds: 6" in lines


def test_entries_decide_what_is_read(shop: Workbench) -> None:
    """A file that the stack would not read is not made."""
    shop.write({"shop/dev/stack.yaml": "name: dev\nentries: [../base/app.yaml]\n"})

    run, lines = done(shop, "shop/dev", "web.workload.replicas=2")

    assert (1, []) == (run.exit_code, lines)
    assert "shop/dev/stack.yaml:2:1: error[KR554]" in run.stderr


def test_no_base_and_no_workspace(workbench: Workbench) -> None:
    """A scope that the stack does not have is said so."""
    workbench.app("web: {workload: {containers: {web: {image: 'a:1'}}}}\n")

    for scope in ("--base", "--workspace"):
        run, lines = done(workbench, "shop/dev", scope, "web.workload.replicas=2")
        assert (1, []) == (run.exit_code, lines)
        assert "KR554" in run.stderr


def test_a_file_that_can_t_be_read_is_not_edited(shop: Workbench) -> None:
    """A stack whose files are no YAML says so, and stays as it is."""
    shop.write({"shop/prod/app.yaml": "web: {\n"})

    run, lines = done(shop, "shop/prod", "web.workload.replicas=2")

    assert (1, []) == (run.exit_code, lines)
    assert "KR101" in run.stderr


def test_mode_and_links_stay(shop: Workbench) -> None:
    """A link inside the repository is followed and stays one; the mode of what it leads to stays too."""
    real, link = shop.root / "shared.yaml", shop.root / "shop/prod/app.yaml"
    real.write_bytes(link.read_bytes())
    real.chmod(0o640)
    link.unlink()
    link.symlink_to("../../shared.yaml")

    run = shop.run("set", "shop/prod", "web.workload.replicas=3")

    assert 0 == run.exit_code, run.stderr
    assert link.is_symlink()
    assert 0o640 == stat.S_IMODE(real.stat().st_mode)
    assert "replicas: 3" in real.read_text()
    assert [] == [path for path in shop.root.rglob(".kusion*") if path.is_file()]


def test_a_read_only_file_is_not_written(shop: Workbench) -> None:
    """Its mode is somebody's wish."""
    (shop.root / "shop/prod/app.yaml").chmod(0o444)

    for flag in ([], ["--dry-run"]):
        run, lines = done(shop, "shop/prod", "web.workload.replicas=3", *flag)

        assert (1, "", []) == (run.exit_code, run.stdout, lines)
        assert "error[KR555]" in run.stderr
        assert "read-only" in run.stderr


def test_nothing_outside_the_repository_is_written(shop: Workbench, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Neither through a linked file nor through a linked folder."""
    outside = tmp_path_factory.mktemp("outside")
    (outside / "app.yaml").write_text("web: {workload: {replicas: 2}}\n")
    (shop.root / "shop/dev/app.yaml").symlink_to(outside / "app.yaml")
    (shop.root / "shop/prod/app.yaml").unlink()
    (shop.root / "shop/prod/app.yaml").symlink_to(outside / "new.yaml")

    runs = [shop.run("set", f"shop/{stack}", "web.workload.replicas=3") for stack in ("dev", "prod")]

    assert [1, 1] == [run.exit_code for run in runs]
    assert "web: {workload: {replicas: 2}}\n" == (outside / "app.yaml").read_text()
    assert ["app.yaml"] == os.listdir(outside)


def test_all_files_or_none(tmp_path: Path) -> None:
    """When one file has been changed meanwhile, those already written get their old content back."""
    (tmp_path / "a").write_bytes(b"old a")
    (tmp_path / "b").write_bytes(b"somebody else's b")
    found = Diagnostics()

    written = write(
        [Edited("a", b"old a", b"new a"), Edited("c", None, b"new c"), Edited("b", b"old b", b"new b")],
        os.path.realpath(tmp_path),
        found,
    )

    assert not written
    assert ["KR555"] == [item.rule.code for item in found.items]
    assert {"a": b"old a", "b": b"somebody else's b"} == contents(tmp_path)


def test_two_names_of_one_file_are_not_written_twice(tmp_path: Path) -> None:
    """Two edits of one file under two names would lose one of them."""
    (tmp_path / "a").write_bytes(b"old")
    (tmp_path / "b").symlink_to("a")
    found = Diagnostics()

    assert not write([Edited("a", b"old", b"one"), Edited("b", b"old", b"two")], os.path.realpath(tmp_path), found)
    assert b"old" == (tmp_path / "a").read_bytes()
