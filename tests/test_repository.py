"""Finding the root, projects, stacks and workspaces, and what users type for them."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import pytest
from workbench import Workbench

from kusion_render.diagnostics import Diagnostics, UsageError
from kusion_render.repository import Files, Repository, find_root, select
from kusion_render.repository.limits import limits_for
from kusion_render.repository.version import satisfies

if TYPE_CHECKING:
    from pathlib import Path

APP = "web: {workload: {containers: {web: {image: 'a:1'}}}}\n"


def opened(bench: Workbench) -> tuple[Repository, Diagnostics]:
    """Open the repository of a workbench."""
    found = Diagnostics()
    return Repository(Files(os.path.realpath(bench.root)), found), found


def told(found: Diagnostics) -> list[str]:
    """Return the codes and places of what was reported."""
    return [f"{item.rule.code} {item.span}" for item in found.items]


def selected(bench: Workbench, *patterns: str, **options: Any) -> list[str]:
    """Return the keys of what patterns name, and expect no problem."""
    repository, found = opened(bench)
    targets = select(repository, patterns, found, **options)
    assert [] == [item.message for item in found.items]
    return [target.key for target in targets]


def refused(bench: Workbench, *patterns: str, **options: Any) -> tuple[str, str | None]:
    """Return the message and the help of the one problem of patterns."""
    repository, found = opened(bench)
    assert [] == select(repository, patterns, found, **options)
    assert [("KR506", None)] == [(item.rule.code, item.span) for item in found.items]
    return found.items[0].message, found.items[0].help


@pytest.fixture
def shop(workbench: Workbench) -> Workbench:
    """Two projects: `shop` with stacks dev and prod, on several workspaces, and `pay` with one stack."""
    return workbench.write(
        {
            "kusion-render.yaml": "compatibility: native\n",
            "workspaces/eu.yaml": "{}\n",
            "workspaces/us.yaml": "{}\n",
            "teams/shop/project.yaml": "name: shop\n",
            "teams/shop/base/app.yaml": APP,
            "teams/shop/dev/stack.yaml": "name: dev\n",
            "teams/shop/prod/stack.yaml": "workspaces: [eu, us]\n",
            "teams/pay/project.yaml": "name: pay\n",
            "teams/pay/prod/stack.yaml": "workspace: eu\n",
            "teams/pay/prod/app.yaml": APP,
        }
    )


# The root.


def test_the_settings_file_marks_the_root(tmp_path: Path) -> None:
    """The nearest folder upward with kusion-render.yaml is the root, even inside a Git repository."""
    Workbench(tmp_path).write({"a/kusion-render.yaml": "{}", "a/b/c/x": "", ".git/HEAD": ""})

    assert str(tmp_path / "a") == find_root(str(tmp_path / "a/b/c"), {})


def test_git_marks_the_root(tmp_path: Path) -> None:
    """Without kusion-render.yaml it is the Git root; in a worktree .git is a file."""
    Workbench(tmp_path).write({".git": "gitdir: elsewhere", "a/project.yaml": "name: a", "a/b/x": ""})

    assert str(tmp_path) == find_root(str(tmp_path / "a/b"), {})


def test_the_topmost_project_or_workspaces_marks_the_root(tmp_path: Path) -> None:
    """Without either it is the topmost folder upward with project.yaml or workspaces/."""
    Workbench(tmp_path).write({"a/workspaces/x.yaml": "", "a/b/project.yaml": "name: b", "a/b/c/x": ""})

    assert str(tmp_path / "a") == find_root(str(tmp_path / "a/b/c"), {})


def test_the_environment_says_the_root_outright(tmp_path: Path) -> None:
    """KUSION_RENDER_ROOT wins; it must be a folder."""
    assert str(tmp_path) == find_root("/", {"KUSION_RENDER_ROOT": str(tmp_path)})
    with pytest.raises(UsageError, match="names no folder"):
        find_root("/", {"KUSION_RENDER_ROOT": str(tmp_path / "nothing")})


def test_no_repository_is_a_usage_error() -> None:
    """Where nothing marks a root, the message says how to make one."""
    with pytest.raises(UsageError, match="kusion-render init"):
        find_root("/", {})


# Selection.


def test_no_pattern_means_all_below_the_folder(shop: Workbench) -> None:
    """Nothing typed is everything at and below the current folder."""
    assert ["pay/prod", "shop/dev", "shop/prod@eu", "shop/prod@us"] == selected(shop)
    assert ["shop/dev", "shop/prod@eu", "shop/prod@us"] == selected(shop, folder="teams/shop")
    assert ["shop/dev"] == selected(shop, ".", folder="teams/shop/dev")


@pytest.mark.parametrize(
    ("pattern", "folder"),
    [
        ("shop/dev", ""),
        ("teams/shop/dev", ""),
        ("./teams/shop/dev/", ""),
        ("teams/shop/dev/stack.yaml", ""),
        ("teams\\shop\\dev", ""),
        ("shop\\dev", ""),
        ("dev", "teams/shop"),
        ("../dev", "teams/shop/prod"),
        (".", "teams/shop/dev"),
        ("d*", "teams/shop"),
        ("*/dev", ""),
        ("shop/d?v", "teams/pay"),
        ("teams/*/dev", ""),
    ],
)
def test_a_stack_has_many_names(shop: Workbench, pattern: str, folder: str) -> None:
    """A path from the current folder, `project/stack`, and globs of either name a stack; both slashes do."""
    assert ["shop/dev"] == selected(shop, pattern, folder=folder)


def test_an_absolute_path_names_a_stack(shop: Workbench) -> None:
    """A path may be absolute, and lead through links."""
    (shop.root / "link").symlink_to(shop.root / "teams")

    assert ["shop/dev"] == selected(shop, str(shop.root / "teams/shop/dev"))
    assert ["shop/dev"] == selected(shop, str(shop.root / "link/shop/dev"))


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("shop/prod", ["shop/prod@eu", "shop/prod@us"]),
        ("shop/prod@eu", ["shop/prod@eu"]),
        ("teams/shop/prod@us", ["shop/prod@us"]),
        ("*@eu", ["pay/prod", "shop/prod@eu"]),
        ("shop/prod@u*", ["shop/prod@us"]),
        ("*/prod", ["pay/prod", "shop/prod@eu", "shop/prod@us"]),
    ],
)
def test_a_workspace_can_be_named(shop: Workbench, pattern: str, expected: list[str]) -> None:
    """`@workspace` chooses among the workspaces of a stack."""
    assert expected == selected(shop, pattern)


def test_what_is_named_twice_is_rendered_once(shop: Workbench) -> None:
    """Patterns that overlap choose each render once, in a stable order."""
    assert ["shop/prod@eu", "shop/prod@us"] == selected(shop, "shop/prod@us", "*/prod@eu", "shop/prod")[1:]


def test_the_workspace_option_replaces_the_stacks_own(shop: Workbench) -> None:
    """--workspace renders on that one alone."""
    repository, found = opened(shop)

    assert ["us"] == [target.workspace for target in select(repository, ["shop/dev"], found, workspace="us")]
    with pytest.raises(UsageError, match="say it once"):
        select(repository, ["shop/prod@eu"], found, workspace="us")


def test_a_near_miss_is_guessed(shop: Workbench) -> None:
    """A pattern that names nothing is answered with the nearest name, else with those that are there."""
    assert ("`shop/def` names no stack", "did you mean `shop/dev`?") == refused(shop, "shop/def")
    assert ("`x` names no stack", "there are `pay/prod`, `shop/dev`, `shop/prod`") == refused(shop, "x")


def test_another_workspace_is_not_the_stacks(shop: Workbench) -> None:
    """A workspace that the stack does not use is told with those that it uses."""
    assert (
        "`shop/prod@de` names a workspace its stack does not use",
        "`shop/prod` is rendered on `eu`, `us`",
    ) == refused(shop, "shop/prod@de")


def test_a_path_outside_the_repository_is_told(shop: Workbench) -> None:
    """A folder that exists, but elsewhere, is no stack of this repository."""
    message, _ = refused(shop, "..")
    assert "`..` lies outside the repository" == message
    (shop.root / "out").symlink_to("/")
    assert "`out/tmp` lies outside the repository" == refused(shop, "out/tmp")[0]


def test_a_folder_without_stacks_is_told(shop: Workbench) -> None:
    """Nothing typed in a folder without stacks is an error, not an empty render."""
    assert "there is no stack at or below this folder" == refused(shop, folder="workspaces")[0]


def test_an_empty_name_is_a_usage_error(shop: Workbench) -> None:
    """An unset shell variable must not render everything."""
    repository, found = opened(shop)
    with pytest.raises(UsageError, match="an empty name"):
        select(repository, [""], found)


def test_others_mistakes_do_not_hide_the_stack_that_is_named(shop: Workbench) -> None:
    """A stack named outright renders though another project is broken; all of them do not."""
    shop.write({"teams/pay/project.yaml": "nam: pay\n"})
    assert ["shop/dev"] == selected(shop, "shop/dev")

    repository, found = opened(shop)
    select(repository, [], found)
    assert ["KR203", "KR508"] == sorted({item.rule.code for item in found.items})


# Projects and stacks.


def test_two_stacks_of_one_name_are_refused(shop: Workbench) -> None:
    """Names tell objects and folders apart, also where file systems ignore case."""
    shop.write({"other/project.yaml": "name: Shop\n", "other/dev/stack.yaml": "{}\n"})
    repository, found = opened(shop)
    select(repository, [], found)

    assert ["KR503 teams/shop/dev/stack.yaml:1:1"] == told(found)
    assert "`shop/dev` and `Shop/dev` differ in upper and lower case alone" == found.items[0].message
    assert ["other/dev/stack.yaml:1:1"] == [str(other.where) for other in found.items[0].related]


@pytest.mark.parametrize(
    ("files", "place"),
    [
        ({"shop/project.yaml": "name: ..\n"}, "KR508 shop/project.yaml:1:7"),
        ({"shop/project.yaml": "name: .git\n"}, "KR508 shop/project.yaml:1:7"),
        ({"shop/project.yaml": "name: a/b\n"}, "KR205 shop/project.yaml:1:7"),
        ({"shop/project.yaml": 'name: "a b"\n'}, "KR205 shop/project.yaml:1:7"),
        ({"shop/dev/stack.yaml": "name: ../../x\n"}, "KR205 shop/dev/stack.yaml:1:7"),
        ({"shop/dev/stack.yaml": "name: '.'\n"}, "KR508 shop/dev/stack.yaml:1:7"),
        ({"shop/my dev/stack.yaml": "{}\n"}, "KR508 shop/my dev/stack.yaml:1:1"),
        ({"stack.yaml": "{}\n", "project.yaml": "name: all\n"}, "KR508 stack.yaml:1:1"),
    ],
)
def test_a_name_that_is_no_folder_is_refused(workbench: Workbench, files: dict[str, str | bytes], place: str) -> None:
    """Names become folders of the output, so they hold no separator and are not `..`, hidden or empty."""
    given: dict[str, str | bytes] = {"shop/project.yaml": "name: shop\n", "shop/dev/stack.yaml": "name: dev\n"}
    workbench.write({**given, **files} if "stack.yaml" not in files else files)
    repository, found = opened(workbench)
    select(repository, [], found)

    assert [place] == told(found)[:1]


def test_a_stack_is_called_as_its_folder(shop: Workbench) -> None:
    """Without `name` the folder's name is the stack's."""
    repository, found = opened(shop)
    stack = repository.stack("teams/shop/prod", found)

    assert stack is not None
    assert ("prod", ("eu", "us")) == (stack.name, stack.workspaces)


def test_a_stack_without_a_project_is_told(workbench: Workbench) -> None:
    """A stack.yaml needs a project.yaml above it."""
    repository, found = opened(workbench.write({"kusion-render.yaml": "{}", "a/stack.yaml": "{}"}))

    assert repository.stack("a", found) is None
    assert ["KR501 a/stack.yaml:1:1"] == told(found)


def test_a_project_in_a_project_is_told(workbench: Workbench) -> None:
    """Projects lie side by side."""
    workbench.write({"a/project.yaml": "name: a", "a/b/project.yaml": "name: b", "a/b/c/stack.yaml": "{}"})
    repository, found = opened(workbench)
    select(repository, [], found)

    assert ["KR502 a/b/project.yaml:1:1"] == told(found)


def test_hidden_folders_and_links_hold_no_stacks(shop: Workbench) -> None:
    """Folders that begin with a dot and links to folders are passed by."""
    shop.write({".cache/project.yaml": "name: c", ".cache/x/stack.yaml": "{}"})
    (shop.root / "again").symlink_to(shop.root / "teams")

    assert ["teams/pay/prod", "teams/shop/dev", "teams/shop/prod"] == opened(shop)[0].stack_folders()


@pytest.mark.parametrize(
    ("workspaces", "stack", "expected"),
    [
        (["dev", "default"], "{}", ["dev"]),
        (["default"], "{}", ["default"]),
        ([], "{}", [""]),
        (["dev", "x"], "workspace: x", ["x"]),
        (["dev", "x"], "workspaces: [x, dev]", ["x", "dev"]),
    ],
)
def test_the_workspaces_of_a_stack(
    workbench: Workbench, workspaces: list[str], stack: str, expected: list[str]
) -> None:
    """Those it names, else the one named as the stack, else `default`, else an empty one."""
    workbench.app(APP, **{f"workspaces/{name}.yaml": "{}" for name in workspaces})
    workbench.write({"shop/dev/stack.yaml": stack})
    repository, found = opened(workbench)
    found_stack = repository.stack("shop/dev", found)

    assert found_stack is not None
    assert expected == list(found_stack.workspaces)


@pytest.mark.parametrize("name", ["../workspaces/eu", "..", "eu/../us", ".eu"])
def test_a_workspace_is_no_path(shop: Workbench, name: str) -> None:
    """A workspace's name leads nowhere but into workspaces/."""
    repository, found = opened(shop)

    assert repository.workspace(name, found) is None
    assert ["KR505 None"] == told(found)


# Layers.


def layers(bench: Workbench, folder: str = "shop/dev") -> list[str]:
    """Return the files of a stack's layers."""
    repository, found = opened(bench)
    stack = repository.stack(folder, found)
    assert stack is not None
    return [file for file, _ in repository.app_files(stack, found)]


def test_layers_are_base_then_stack(workbench: Workbench) -> None:
    """app.yaml, then *.app.yaml by name, of base and then of the stack; nothing else is read."""
    names = ["base/z.app.yaml", "base/app.yaml", "base/a.app.yaml", "dev/b.app.yaml", "dev/app.yaml"]
    workbench.app(APP, **{f"shop/{name}": "{}" for name in names})
    workbench.write({"shop/dev/values.yaml": "a: b", "shop/dev/.hidden.app.yaml": "a: b"})

    assert [
        "shop/base/app.yaml",
        "shop/base/a.app.yaml",
        "shop/base/z.app.yaml",
        "shop/dev/app.yaml",
        "shop/dev/b.app.yaml",
    ] == layers(workbench)


def test_entries_say_the_layers(workbench: Workbench) -> None:
    """`entries` are relative to stack.yaml and may lie anywhere in the repository."""
    workbench.app(APP).write({"shop/dev/stack.yaml": "entries: [../../parts/x.yaml, app.yaml]"})

    assert ["parts/x.yaml", "shop/dev/app.yaml"] == layers(workbench)


def test_a_project_at_the_root_has_layers(workbench: Workbench) -> None:
    """A repository may be one project."""
    workbench.write({"project.yaml": "name: a", "base/app.yaml": APP, "dev/stack.yaml": "{}", "dev/app.yaml": "{}"})

    assert ["base/app.yaml", "dev/app.yaml"] == layers(workbench, "dev")


# Versions and limits.


@pytest.mark.parametrize(
    ("requirement", "expected"),
    [
        (">=1.2, <2", True),
        (">=1.2,<1.3", False),
        ("^1.2", True),
        ("^2", False),
        ("~1.4.1", True),
        ("~1.3", False),
        ("~=1.4.0", True),
        ("!=1.4.2", False),
        ("1.4.2", True),
        ("v1.4.2", True),
        ("=1.4", False),
        ("", None),
        ("latest", None),
        (">=1.x", None),
        (">=1,", None),
    ],
)
def test_required_versions(requirement: str, expected: bool | None) -> None:  # noqa: FBT001 - a table of cases
    """All parts must hold; None is a requirement that can't be read."""
    assert expected is satisfies("1.4.2", requirement)


def test_below_one_a_minor_version_may_break() -> None:
    """`^0.2` means 0.2.x, as semantic versioning has it."""
    assert [True, False] == [satisfies(version, "^0.2.1") for version in ("0.2.9", "0.3.0")]


@pytest.mark.parametrize("text", ["1 or 2", '">="', "latest"])
def test_a_requirement_that_cannot_be_read_is_told(workbench: Workbench, text: str) -> None:
    """An unreadable `requiredVersion` is not taken for another version's."""
    _, found = opened(workbench.write({"kusion-render.yaml": f"requiredVersion: {text}\n"}))

    assert ["KR517 kusion-render.yaml:1:18"] == told(found)
    assert "write such as `>=1.2, <2`, `^1.2`, `~1.2.3` or `1.2.3`" == found.items[0].help


def test_another_version_is_told(workbench: Workbench) -> None:
    """`requiredVersion` refuses a version that does not fit."""
    _, found = opened(workbench.write({"kusion-render.yaml": "requiredVersion: '>=99'\n"}))

    assert ["KR507 kusion-render.yaml:1:18"] == told(found)


def test_the_operator_raises_limits_and_the_repository_lowers_them(workbench: Workbench) -> None:
    """A repository's greater wish changes nothing."""
    workbench.write({"kusion-render.yaml": "limits: {maxFileBytes: 999999999, maxNesting: 20}\n"})
    found = Diagnostics()
    files = Files(str(workbench.root), limits_for({"KUSION_RENDER_MAX_FILE_BYTES": "5000"}))
    Repository(files, found)

    assert (5000, 20) == (files.limits.max_bytes, files.limits.depth)


@pytest.mark.parametrize("text", ["0", "-1", "1e3", "x", "٣"])
def test_a_limit_is_a_positive_whole_number(text: str) -> None:
    """A variable that holds anything else is a usage error."""
    with pytest.raises(UsageError, match="KUSION_RENDER_MAX_NESTING"):
        limits_for({"KUSION_RENDER_MAX_NESTING": text})


def test_what_was_read_and_looked_for_is_remembered(shop: Workbench) -> None:
    """Files read and files that are absent are together the inputs of a render."""
    repository, found = opened(shop)
    repository.stack("teams/shop/dev", found)

    record = repository.files.record
    assert {"kusion-render.yaml", "teams/shop/dev/stack.yaml", "teams/shop/project.yaml"} == record.read
    assert {"workspaces/dev.yaml", "workspaces/default.yaml"} <= record.absent


def test_one_evaluated_layer_makes_the_whole_project_kusion(workbench: Workbench) -> None:
    """Where nobody says the compatibility, a `_type` of Kusion in any stack of the project decides for all."""
    workbench.write(
        {
            ".git/HEAD": "",
            "shop/project.yaml": "name: shop\n",
            "shop/dev/stack.yaml": "name: dev\n",
            "shop/dev/app.yaml": "web: {workload: {containers: {web: {image: a}}}}\n",
            "shop/prod/stack.yaml": "name: prod\n",
            "shop/prod/app.yaml": "web: {_type: kam.v1.app_configuration.AppConfiguration, workload: {replicas: 2}}\n",
        }
    )

    run = workbench.render("shop/dev")

    assert "shop-dev-web" == run.manifest("Deployment")["metadata"]["name"]
