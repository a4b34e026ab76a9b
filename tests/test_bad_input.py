"""Wrong files: each problem has its code, its place and a next step, and none hides another."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

import pytest
from workbench import PROJECT

if TYPE_CHECKING:
    from workbench import Workbench

APP: Final = "web: {workload: {containers: {web: {image: 'a:1'}}}}\n"
REST: Final = "workload: {containers: {web: {image: 'a:1'}}}"


def told(report: str) -> list[str]:
    """Return the first lines of the problems of a report."""
    return [line for line in report.splitlines() if "error[KR" in line or "warning[KR" in line]


def only(report: str) -> tuple[str, str]:
    """Return place and code of the only problem of a report, and its help."""
    assert report.endswith("\n1 error\n"), report
    assert "Traceback" not in report
    (line,) = told(report)
    helps = [each.removeprefix("help: ") for each in report.splitlines() if each.startswith("help: ")]
    assert 1 == len(helps), report
    return line.partition("]: ")[0] + "]", helps[0]


# What cannot be read.

MALFORMED: Final[dict[str, tuple[str | bytes, str, str]]] = {
    "an indentation": ("web:\n  a: 1\n b: 2\n", "3:2: error[KR101]", "indent keys of one map alike"),
    "a tab": ("web:\n\tworkload: {}\n", "2:1: error[KR101]", "indent with spaces"),
    "an open quote": ("web:\n  a: 'x\n", "2:6: error[KR101]", "close the quote"),
    "an open bracket": ("web: {a: [1\n", "2:1: error[KR101]", "`,` between items"),
    "no colon": ("web:\n  a\n  b: 1\n", "3:4: error[KR101]", "quote text that holds `: `"),
    "a template": ("web: {{ .Values.x }}\n", "1:7: error[KR112]", "quote a value that starts with `{`"),
    "a key twice": ("web:\n  a: 1\n  a: 2\n", "3:3: error[KR102]", "remove one of the two"),
    "a tag": (f"web: !!python/object:os.system\n  {REST}\n", "1:6: error[KR104]", "remove it"),
    "an unknown alias": ("web: *nothing\n", "1:6: error[KR105]", "define it earlier in this file with `&`"),
    "a cyclic alias": ("web: &a\n  x: *a\n", "1:6: error[KR105]", "write out what is meant"),
    "UTF-16": ("web: {}\n".encode("utf-16"), "1:1: error[KR106]", "save it as UTF-8"),
    "UTF-32": ("web: {}\n".encode("utf-32"), "1:1: error[KR106]", "save it as UTF-8"),
    "a NUL": (b"web:\n  a: x\0y\n", "2:7: error[KR106]", "remove it"),
    "Latin-1": (b"web:\n  a: caf\xe9\n", "2:9: error[KR106]", "save the file as UTF-8"),
    "two documents": (f"web:\n  {REST}\n---\nb: {{}}\n", "3:1: error[KR107]", "a file of its own"),
    "a list": ("- web\n", "1:1: error[KR108]", "write `key: value` lines"),
    "a scalar": ("web\n", "1:1: error[KR108]", "write `key: value` lines"),
    "a null key": ("~: 1\n", "1:1: error[KR112]", "quote it"),
    "a manifest": ("apiVersion: v1\nkind: Pod\n", "1:1: error[KR114]", "write apps here"),
}


@pytest.mark.parametrize("name", MALFORMED)
def test_a_malformed_app_file(workbench: Workbench, name: str) -> None:
    """Code, file, line, column and a next step; exit code 1 and nothing on stdout."""
    content, place, advice = MALFORMED[name]
    report = workbench.app("").write({"shop/dev/app.yaml": content}).fail()
    found, helped = only(report)

    assert f"shop/dev/app.yaml:{place}" == found
    assert advice in helped


@pytest.mark.parametrize(
    "file", ["kusion-render.yaml", "shop/project.yaml", "shop/dev/stack.yaml", "workspaces/dev.yaml"]
)
@pytest.mark.parametrize(
    ("content", "place"),
    [
        (b"a: [\n", ":2:1: error[KR101]"),
        (b"- a\n", ":1:1: error[KR108]"),
        (b"name: dev\nnam: x\n", ":2:1: error[KR203]"),
        ("name: dev\n".encode("utf-16"), ":1:1: error[KR106]"),
    ],
)
def test_every_kind_of_file_is_read_alike(workbench: Workbench, file: str, content: bytes, place: str) -> None:
    """Settings, projects, stacks and workspaces are told as apps are."""
    report = workbench.app(APP).write({file: content}).fail()

    assert f"{file}{place}" in report
    assert "help: " in report


def test_a_huge_file_is_refused_unread(workbench: Workbench) -> None:
    """A file beyond the bound is not parsed."""
    (only_one, helped) = only(workbench.app("#" * (5 << 20)).fail())

    assert "error[KR109]" in only_one
    assert "shop/dev/app.yaml" in workbench.fail()
    assert "`limits.maxFileBytes`" in helped


def test_aliases_do_not_explode(workbench: Workbench) -> None:
    """A few lines that stand for millions of values are refused at once."""
    lines = ["_a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"]
    lines += [f"_a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 9)]

    assert "error[KR109]" in workbench.app("".join(lines) + APP).fail()


def test_deep_nesting_is_refused(workbench: Workbench) -> None:
    """A hundred thousand brackets neither crash nor hang."""
    place, _ = told(workbench.app("web: " + "[" * 100_000).fail())[0].split(": error")

    assert place.startswith("shop/dev/app.yaml:1:")


@pytest.mark.parametrize(
    "content", [b"\xef\xbb\xbf" + APP.encode(), APP.replace("\n", "\r\n").encode(), b"---\n" + APP.encode() + b"...\n"]
)
def test_marks_and_line_ends_do_not_matter(workbench: Workbench, content: bytes) -> None:
    """A byte order mark, Windows' line ends and document marks give the same output."""
    expected = workbench.app(APP).render().stdout

    assert expected == workbench.write({"shop/dev/app.yaml": content}).render().stdout


def test_windows_line_ends_do_not_move_places(workbench: Workbench) -> None:
    """Lines and columns are right, and the code frame shows no carriage return."""
    report = workbench.app("").write({"shop/dev/app.yaml": b"web:\r\n  workload:\r\n    replica: 1\r\n"}).fail()

    assert "shop/dev/app.yaml:3:5: error[KR203]: unknown key `replica`" in report
    assert "\r" not in report


def test_a_byte_order_mark_does_not_move_places(workbench: Workbench) -> None:
    """The mark is no column."""
    report = workbench.app("").write({"shop/dev/app.yaml": b"\xef\xbb\xbfweb: {replica: 1}\n"}).fail()

    assert "shop/dev/app.yaml:1:7: error[KR203]" in report


@pytest.mark.parametrize("content", ["", "# nothing\n", "---\n", "~\n", "{}\n"])
def test_an_empty_layer_is_none(workbench: Workbench, content: str) -> None:
    """An empty file adds nothing; that nothing is rendered then is told."""
    workbench.app(content)

    assert "error[KR516]" in workbench.fail()
    assert 0 == workbench.write({"shop/base/app.yaml": APP}).run("render").exit_code


def test_a_stack_without_app_files_is_told(workbench: Workbench) -> None:
    """With the places where they are looked for."""
    workbench.app(APP)
    (workbench.root / "shop/dev/app.yaml").unlink()

    assert (
        "shop/dev/stack.yaml:1:1: error[KR504]",
        "add app.yaml beside stack.yaml or in shop/base/, or list `entries`",
    ) == only(workbench.fail())


def test_kcl_without_its_library_is_told(workbench: Workbench) -> None:
    """A stack in KCL is no empty stack where `kcl-lib` is not installed."""
    workbench.write({"project.yaml": "name: shop", "dev/stack.yaml": "{}", "dev/main.k": "a = 1", "dev/kcl.mod": ""})
    # A package of that name without its compiled part, found before any other.
    workbench.write({"empty/kcl_lib/__init__.py": ""})

    report = workbench.fail("dev", env={"PYTHONPATH": f"{workbench.root / 'empty'}:{PROJECT}"})

    assert "dev/main.k:1:1: error[KR113]" == only(report)[0]
    assert "install `kusion-render[kcl]`" in report


# What must not be read.


@pytest.mark.parametrize("link", ["shop/dev/app.yaml", "shop/dev/x.app.yaml"])
def test_a_link_out_of_the_repository_is_refused(workbench: Workbench, link: str) -> None:
    """What a link leads to must lie inside, and its content reaches no report."""
    workbench.app(APP)
    outside = workbench.root / "outside"
    outside.mkdir()
    (outside / "secret.yaml").write_text("password: hunter2\n")
    inside = workbench.root / "repository"
    inside.mkdir()
    for name in ("shop", "kusion-render.yaml"):
        (workbench.root / name).rename(inside / name)
    (inside / link).unlink(missing_ok=True)
    (inside / link).symlink_to(outside / "secret.yaml")
    report = workbench.fail(folder="repository")

    assert f"error[KR111]: `{link}` leads outside the repository" in report
    assert "hunter2" not in report


def test_a_link_inside_the_repository_is_followed(workbench: Workbench) -> None:
    """Links within the root are files like others."""
    workbench.app(APP).write({"parts/web.yaml": APP})
    (workbench.root / "shop/dev/app.yaml").unlink()
    (workbench.root / "shop/dev/app.yaml").symlink_to("../../parts/web.yaml")

    assert "web" == workbench.render().manifest("Deployment")["metadata"]["name"]


@pytest.mark.parametrize(
    ("entry", "code"),
    [
        ("../../../etc/passwd", "KR111"),
        ("/etc/passwd", "KR111"),
        ("../nothing.yaml", "KR110"),
        ("../base", "KR110"),
        ("..", "KR110"),
    ],
)
def test_an_entry_that_leads_nowhere(workbench: Workbench, entry: str, code: str) -> None:
    """`entries` outside the root, absent or a folder are told where they are written."""
    workbench.app(APP, **{"shop/base/app.yaml": APP}).write(
        {"shop/dev/stack.yaml": f"entries:\n  - app.yaml\n  - {entry}\n"}
    )

    assert f"shop/dev/stack.yaml:3:5: error[{code}]" == only(workbench.fail())[0]


@pytest.mark.parametrize(
    ("path", "code"), [("../../../etc/passwd", "KR111"), ("/etc/passwd", "KR111"), ("nothing.txt", "KR110")]
)
def test_a_file_that_an_app_names(workbench: Workbench, path: str, code: str) -> None:
    """`from` obeys the same rules, and is told where it is written."""
    report = workbench.app(
        f"""
        web:
          workload:
            containers:
              web:
                image: a:1
                files:
                  /etc/a: {{from: {path}}}
        """
    ).fail()

    assert f"shop/dev/app.yaml:7:26: error[{code}]" in report


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_an_unreadable_file_is_told(workbench: Workbench) -> None:
    """A file without leave to read."""
    workbench.app(APP)
    (workbench.root / "shop/dev/app.yaml").chmod(0)

    assert "error[KR110]: `shop/dev/app.yaml` cannot be read: permission denied" in workbench.fail()


def test_a_pipe_is_not_waited_for(workbench: Workbench) -> None:
    """What is no regular file is told, not read forever."""
    workbench.app(APP)
    (workbench.root / "shop/dev/app.yaml").unlink()
    os.mkfifo(workbench.root / "shop/dev/app.yaml")

    assert "error[KR110]: `shop/dev/app.yaml` cannot be read: not a regular file" in workbench.fail()


def test_a_broken_link_is_told(workbench: Workbench) -> None:
    """A link to nothing, and one to itself."""
    workbench.app(APP)
    for target in ("nothing.yaml", "app.yaml"):
        (workbench.root / "shop/dev/app.yaml").unlink()
        (workbench.root / "shop/dev/app.yaml").symlink_to(target)
        assert "error[KR110]: `shop/dev/app.yaml` cannot be read" in workbench.fail()


# What is read, and wrong.


def test_a_missing_workspace_is_told(workbench: Workbench) -> None:
    """Where the stack names it, with the nearest that exists."""
    workbench.app(APP, **{"workspaces/prod-eu.yaml": "{}"}).write({"shop/dev/stack.yaml": "workspaces: [prod-ue]\n"})

    assert ("shop/dev/stack.yaml:1:14: error[KR505]", "did you mean `prod-eu`?") == only(workbench.fail())


def test_unknown_keys_are_warnings_for_kusion(workbench: Workbench) -> None:
    """In `kusion` mode project, stack and workspace files may hold keys of others; natively they may not."""
    files = {
        "shop/project.yaml": "name: shop\ngenerator: {type: AppConfiguration}\n",
        "shop/dev/stack.yaml": "name: dev\nowner: me\n",
        "workspaces/dev.yaml": "cloud: x\n",
    }
    workbench.app(APP, **files)
    native = told(workbench.fail())
    kusion = workbench.write({"kusion-render.yaml": "compatibility: kusion\n"}).render()

    places = ["shop/dev/stack.yaml:2:1: ", "shop/project.yaml:2:1: ", "workspaces/dev.yaml:1:1: "]
    assert [f"{place}error[KR203]" for place in places] == [line.partition("]")[0] + "]" for line in native]
    assert [f"{place}warning[KR203]" for place in places] == [
        line.partition("]")[0] + "]" for line in told(kusion.stderr)
    ]
    assert kusion.manifests


def test_a_dangling_reference_is_told(workbench: Workbench) -> None:
    """A Secret that is nowhere, with the nearest that is there."""
    report = workbench.app(
        """
        web:
          workload:
            containers:
              web:
                image: a:1
                env:
                  TOKEN: {secret: tokn, key: a}
          accessories:
            secrets: {token: {existing: true}}
        """
    ).fail()
    place, helped = only(report)

    assert place.startswith("shop/dev/app.yaml:7:")
    assert "error[KR326]" in place
    assert "did you mean `token`?" == helped


def test_two_stacks_that_make_one_object_are_told(workbench: Workbench) -> None:
    """On one workspace an object has one source; on two it may have two."""
    workbench.app(
        APP,
        **{
            "shop/project.yaml": "name: shop\nnamespace: one\n",
            "shop/prod/stack.yaml": "workspace: eu\n",
            "shop/prod/app.yaml": APP,
            "shop/dev/stack.yaml": "workspace: eu\n",
            "workspaces/eu.yaml": "{}\n",
            "workspaces/us.yaml": "{}\n",
        },
    )
    report = workbench.fail()

    assert [
        "shop/prod/stack.yaml:1:1: error[KR515]: Deployment `web` in namespace `one` is made by `shop/dev` and by `shop/prod`"
    ] == told(report)
    assert "  --> shop/dev/stack.yaml:1:1" in report
    assert 2 == len(workbench.write({"shop/dev/stack.yaml": "workspace: us\n"}).render().manifests)


def test_every_problem_is_told_at_once(workbench: Workbench) -> None:
    """Several files, several kinds, in order of their places; one of a kind does not hide the others."""
    report = workbench.app(
        """
        a: {lable: {x: z}, workload: {containers: {web: {image: "a:1"}}}}
        b: {workload: {replica: 1, containers: {web: {imag: "a:1"}}}}
        c: {workload: {replicas: many, containers: {web: {image: "a:1"}}}, accessories: {netwrk: {}, network: {prt: []}}}
        """,
        **{
            "shop/prod/stack.yaml": "workspace: nothing\nspare: 1\n",
            "shop/prod/app.yaml": "web: {\n",
            "shop/test/stack.yaml": "name: test\n",
            "shop/test/app.yaml": "web: {workload: {containers: {web: {image: [1]}}}}\n",
        },
    ).fail()

    assert [
        "shop/dev/app.yaml:1:5: error[KR203]",
        "shop/dev/app.yaml:2:16: error[KR203]",
        "shop/dev/app.yaml:2:47: error[KR203]",
        "shop/dev/app.yaml:3:26: error[KR201]",
        "shop/dev/app.yaml:3:82: error[KR301]",
        "shop/dev/app.yaml:3:104: error[KR203]",
        "shop/prod/app.yaml:2:1: error[KR101]",
        "shop/prod/stack.yaml:1:12: error[KR505]",
        "shop/prod/stack.yaml:2:1: error[KR203]",
        "shop/test/app.yaml:1:44: error[KR201]",
    ] == [line.partition("]")[0] + "]" for line in told(report)]
    assert report.endswith("\n10 errors\n")


@pytest.mark.parametrize("name", ["../../out", "..", "a/../../b"])
def test_a_project_writes_nowhere_else(workbench: Workbench, name: str) -> None:
    """A name that is a path is refused before anything is written."""
    workbench.app(APP).write({"shop/project.yaml": f"name: {name}\n"})
    before = sorted(workbench.root.parent.rglob("*"))
    report = workbench.fail("--output", "out")

    assert "shop/project.yaml:1:7: error[KR" in report
    assert before == sorted(workbench.root.parent.rglob("*"))


def test_control_characters_do_not_reach_the_terminal(workbench: Workbench) -> None:
    """A repository cannot paint on the reader's terminal."""
    report = workbench.app('"web\\u001b[31m": {workload: 3}\n').fail()

    assert "\x1b" not in report
