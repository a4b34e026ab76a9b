"""`commit`: what lands on branches and in folders, what is left alone, and who gives way to whom."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from typing import TYPE_CHECKING, Any, Final

import pytest
from sources import GIT, Sources, app

if TYPE_CHECKING:
    from pathlib import Path

FILES: Final = [
    ".gitattributes",
    "README.md",
    "hydrator.metadata",
    "shop/prod/.kusion-render",
    "shop/prod/deployment-web.yaml",
    "shop/prod/hydrator.metadata",
    "shop/prod/service-web.yaml",
]


@pytest.fixture
def sources(tmp_path: Path) -> Sources:
    """A repository with two stacks and a remote."""
    return Sources.begin(tmp_path)


def metadata(sources: Sources, place: str) -> dict[str, Any]:
    """Return what a metadata file of the remote says."""
    found: dict[str, Any] = json.loads(sources.show(f"{place}hydrator.metadata"))
    return found


# Onto branches


def test_each_environment_gets_its_branch(sources: Sources) -> None:
    """Manifests as `render` writes them, metadata, and a note; a new branch has no parents."""
    dry = sources.git("rev-parse", "HEAD")
    run = sources.push()
    sources.render("--output", "../rendered")

    assert "env/dev: committed" in run.stderr
    assert FILES == sources.at_remote("ls-tree", "-r", "--name-only", "env/prod").split("\n")
    for name in ("deployment-web.yaml", "service-web.yaml", ".kusion-render"):
        expected = (sources.root.parent / "rendered/shop/prod" / name).read_text().strip("\n").split("\n")
        # A branch does without the receipt.
        without = [line for line in expected if not line.startswith("#") or line.startswith("# Written")]
        assert without == sources.show(f"env/prod:shop/prod/{name}").split("\n")
    assert "" == sources.at_remote("log", "-1", "--format=%P", "env/prod")
    assert f'{{"drySha":"{dry}"}}' == sources.note("env/prod") == sources.note("env/dev")


def test_metadata_is_the_hydrators(sources: Sources) -> None:
    """Key order, two blanks, a line end, no empty fields, nothing escaped for HTML; the URL without its password."""
    sources.git("remote", "set-url", "origin", "https://bot:pa55@git.example/shop.git")
    sources.git("config", "remote.origin.pushurl", str(sources.root.parent / "remote.git"))
    dry = sources.save(
        {}, "ship <it> & go\n\nBecause.\n\nArgocd-reference-commit-sha: abc\nArgocd-reference-commit-date: no"
    )
    sources.commit("--branch", "env/{stack}")
    text = sources.git("show", "env/prod:hydrator.metadata") + "\n"
    raw = subprocess.run(
        ["git", "cat-file", "blob", "env/prod:hydrator.metadata"], cwd=sources.root, capture_output=True, check=True
    )

    assert raw.stdout.decode() == text
    assert ["repoURL", "drySha", "author", "date", "subject", "body", "references", "renderedBy"] == list(
        json.loads(text)
    )
    assert text.startswith('{\n  "repoURL": "https://git.example/shop.git",\n  "drySha": "' + dry)
    assert '"author": "Ann <ann@shop.example>"' in text
    assert '"date": "2023-11-16T00:13:20+02:00"' in text
    assert '"subject": "ship <it> & go"' in text
    assert [{"commit": {"sha": "abc"}}] == json.loads(text)["references"]
    per_path = json.loads(sources.git("show", "env/prod:shop/prod/hydrator.metadata"))
    assert ["repoURL", "drySha", "commands", "renderedBy"] == list(per_path)
    assert ["kusion-render render shop/prod --output ."] == per_path["commands"]


def test_the_message_names_the_sources(sources: Sources) -> None:
    """Subject and body of the rendered commit, then trailers that git reads."""
    dry = sources.git("rev-parse", "HEAD")
    sources.push("--skip-ci")
    lines = sources.at_remote("log", "-1", "--format=%B", "env/prod").split("\n")

    assert [f"{dry[:7]}: first: all of it [skip ci]", "", "Why it is there.", "", f"Dry-Sha: {dry}"] == lines[:5]
    assert "Rendered-By: kusion-render/" in lines[5]
    assert "Co-authored-by: Ann <ann@shop.example>" == lines[6]
    assert dry == sources.at_remote("log", "-1", "--format=%(trailers:key=Dry-Sha,valueonly)", "env/prod").strip()


def test_the_same_commit_gives_the_same_commit(sources: Sources, tmp_path: Path) -> None:
    """Dates are those of the rendered commit, so that another machine makes the same id; --commit-date now is now."""
    clone = sources.clone("elsewhere")
    sources.commit("--branch", "env/{stack}")
    clone.commit("--branch", "env/{stack}")

    assert sources.git("rev-parse", "env/prod") == clone.git("rev-parse", "env/prod")
    assert "1700000000" == sources.git("log", "-1", "--format=%ct", "env/prod")
    sources.image("2")
    sources.commit("--branch", "env/{stack}", "--commit-date", "now", "--author", "Eve <eve@shop.example>")
    assert "1700000000" < sources.git("log", "-1", "--format=%ct", "env/prod")
    assert "Eve <eve@shop.example> Bot" == sources.git("log", "-1", "--format=%an <%ae> %cn", "env/prod")
    del tmp_path


def test_the_users_work_tree_index_and_hooks_are_left_alone(sources: Sources) -> None:
    """Whatever is staged, changed or new there."""
    mark = sources.root.parent / "hook"
    for hook in ("post-commit", "pre-push", "reference-transaction", "post-index-change", "pre-commit"):
        path = sources.root / ".git/hooks" / hook
        path.write_text(f"#!/bin/sh\ntouch {mark}\n")
        path.chmod(0o755)
    sources.write({"shop/dev/app.yaml": app("registry.example/web:9"), "notes.txt": "new\n"})
    sources.git(
        "add",
        "notes.txt",
        env={"GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": "core.hooksPath", "GIT_CONFIG_VALUE_0": "/dev/null"},
    )
    before = sources.state()
    sources.push("--revision", "HEAD")

    assert before == sources.state()
    assert "web:1" in sources.show("env/dev:shop/dev/deployment-web.yaml")
    assert not mark.exists()


def test_nothing_changes_nothing_is_committed_and_the_note_moves(sources: Sources) -> None:
    """Promoters wait for the note; a change of metadata alone is no commit."""
    sources.push()
    tips = sources.at_remote("for-each-ref", "refs/heads/env")
    dry = sources.save({"README.md": "unrelated\n"})
    run = sources.push()

    assert tips == sources.at_remote("for-each-ref", "refs/heads/env")
    assert f'{{"drySha":"{dry}"}}' == sources.note("env/prod")
    assert "env/prod: unchanged\n" in run.stderr
    notes = sources.at_remote("rev-parse", "refs/notes/hydrator.metadata")
    sources.push()
    assert notes == sources.at_remote("rev-parse", "refs/notes/hydrator.metadata")


def test_only_changed_branches_get_a_commit(sources: Sources) -> None:
    """On top of what they had."""
    sources.push()
    dev, prod = (sources.at_remote("rev-parse", f"env/{stack}") for stack in ("dev", "prod"))
    sources.image("2")
    sources.push()

    assert dev == sources.at_remote("rev-parse", "env/dev")
    assert prod == sources.at_remote("rev-parse", "env/prod^")
    assert [
        "hydrator.metadata",
        "shop/prod/.kusion-render",
        "shop/prod/deployment-web.yaml",
        "shop/prod/hydrator.metadata",
    ] == (sources.at_remote("diff", "--name-only", "env/prod^", "env/prod").split("\n"))


def test_the_result_is_json(sources: Sources) -> None:
    """One environment a branch, with what changed of each app."""
    sources.push()
    dry = sources.image("2")
    run = sources.push("--format", "json")
    answer = json.loads(run.stdout)
    prod = answer["environments"][1]

    assert (1, dry, True) == (answer["version"], answer["drySha"], answer["pushed"])
    assert ["env/dev", "env/prod"] == [each["branch"] for each in answer["environments"]]
    assert [False, True] == [each["changed"] for each in answer["environments"]]
    assert prod["hydratedSha"] == sources.at_remote("rev-parse", "env/prod")
    assert prod["drySha"] == dry
    assert [
        {"name": "shop/prod", "path": "shop/prod", "added": [], "changed": ["deployment-web.yaml"], "removed": []}
    ] == prod["apps"]


def test_a_staging_branch_grows_from_the_active_one(sources: Sources) -> None:
    """As promoters expect it: NAME-next, begun at NAME."""
    sources.push()
    active = sources.at_remote("rev-parse", "env/prod")
    sources.image("2")
    run = sources.push("--next", "--format", "json")

    assert active == sources.at_remote("rev-parse", "env/prod") == sources.at_remote("rev-parse", "env/prod-next^")
    assert sources.at_remote("rev-parse", "env/dev") == sources.at_remote("rev-parse", "env/dev-next")
    told = json.loads(run.stdout)["environments"][1]
    assert ("env/prod", "env/prod-next") == (told["environment"], told["branch"])


def test_stacks_on_one_branch_are_one_commit_with_their_own_folders(sources: Sources) -> None:
    """Siblings are kept; a note tells them apart where they are not rendered from one commit."""
    first = sources.git("rev-parse", "HEAD")
    sources.commit("--branch", "all", "--push")
    second = sources.save(
        {"shop/dev/app.yaml": app("registry.example/web:2"), "shop/prod/app.yaml": app("registry.example/web:2")}
    )
    sources.commit("shop/prod", "--branch", "all", "--push")

    assert "2" == sources.at_remote("rev-list", "--count", "all")
    assert "web:1" in sources.show("all:shop/dev/deployment-web.yaml")
    assert {"drySha": second, "paths": {"shop/dev": first, "shop/prod": second}} == json.loads(sources.note("all"))
    assert [first, second] == [metadata(sources, f"all:shop/{stack}/")["drySha"] for stack in ("dev", "prod")]
    sources.commit("shop/dev", "--branch", "all", "--push")
    assert {"drySha": second} == json.loads(sources.note("all"))


def test_two_stacks_at_one_path_are_refused(sources: Sources) -> None:
    """Before anything is made, also where one would lie inside the other."""
    for path in ("same", "same/{project}", "."):
        run = sources.run("commit", "--branch", "all", "--path", path)

        assert 1 == run.exit_code
        assert "error[KR562]: `shop/prod` and `shop/dev` would share a folder of branch `all`" in run.stderr
    run = sources.commit("--branch", "{project}/{stack}", "--path", ".")
    assert "shop/prod: committed" in run.stderr
    assert "service-web.yaml" in sources.git("ls-tree", "-r", "--name-only", "shop/prod").split("\n")


def test_one_broken_stack_stops_all(sources: Sources) -> None:
    """Nothing is committed, nothing pushed."""
    sources.save({"shop/dev/app.yaml": "web: {workload: {replicas: two}}\n"})
    run = sources.run("commit", "--branch", "env/{stack}", "--push")

    assert 1 == run.exit_code
    assert "KR201" in run.stderr
    assert "" == sources.at_remote("for-each-ref", "refs/heads/env", "refs/notes")


def test_what_is_no_longer_made_is_removed_and_nothing_else(sources: Sources) -> None:
    """A foreign file stays; a removal of most of a stack wants leave."""
    sources.push()
    clone = sources.clone("hand", "--branch=env/prod")
    clone.save({"shop/prod/mine.txt": "mine\n", "other/file": "x\n"}, "by hand")
    clone.git("push", "-q", "origin", "env/prod")
    sources.save({"shop/prod/app.yaml": "web: {workload: {containers: {web: {image: 'registry.example/web:1'}}}}\n"})
    sources.push("--allow-mass-delete")

    names = sources.at_remote("ls-tree", "-r", "--name-only", "env/prod").split("\n")
    assert "shop/prod/service-web.yaml" not in names
    assert {"shop/prod/mine.txt", "other/file", "shop/prod/deployment-web.yaml"} <= set(names)


def test_a_renamed_stack_and_a_deleted_workspace(sources: Sources) -> None:
    """A whole run removes the folder of the old name, with leave; a run of one stack doesn't look."""
    sources.save(
        {
            "shop/dev/stack.yaml": "name: dev\nworkspaces: [eu, us]\n",
            "workspaces/eu.yaml": "{}\n",
            "workspaces/us.yaml": "{}\n",
        }
    )
    sources.commit("--branch", "all", "--push")
    assert "shop/dev@us/deployment-web.yaml" in sources.at_remote("ls-tree", "-r", "--name-only", "all")
    (sources.root / "workspaces/us.yaml").unlink()
    sources.save({"shop/dev/stack.yaml": "name: dev\nworkspaces: [eu]\n", "shop/prod/stack.yaml": "name: live\n"})
    run = sources.run("commit", "--branch", "all", "--push")

    assert 1 == run.exit_code
    assert "this would remove all 2 objects of `shop/dev@us`" in run.stderr
    assert "this would remove all 2 objects of `shop/prod`" in run.stderr
    sources.commit("shop/live", "--branch", "all", "--push")
    assert "shop/prod/" in sources.at_remote("ls-tree", "-r", "--name-only", "all")
    sources.commit("--branch", "all", "--push", "--allow-mass-delete")
    folders = sources.at_remote("ls-tree", "-r", "-d", "--name-only", "all").split("\n")
    assert ["shop", "shop/dev", "shop/live"] == folders


def test_a_branch_that_is_not_ours_is_refused(sources: Sources) -> None:
    """That of the sources above all; --adopt lays renders beside what is there."""
    sources.git("push", "-q", "origin", "HEAD:refs/heads/pages")
    for branch in ("main", "pages"):
        run = sources.run("commit", "--branch", branch, "--push")

        assert 1 == run.exit_code
        assert f"error[KR561]: branch `{branch}` holds files, and none of them is a render" in run.stderr
    sources.commit("--branch", "pages", "--path", "out/{stack}", "--push", "--adopt")
    assert "name: shop" == sources.show("pages:shop/project.yaml")
    assert "out/prod/service-web.yaml" in sources.at_remote("ls-tree", "-r", "--name-only", "pages")


def test_a_foreign_file_or_link_in_the_way_is_refused(sources: Sources) -> None:
    """Nothing that we have not written is overwritten."""
    sources.push()
    clone = sources.clone("hand", "--branch=env/prod")
    shutil.rmtree(clone.root / "shop")
    os.symlink("elsewhere", clone.root / "shop")
    clone.save({}, "a link")
    clone.git("push", "-q", "origin", "env/prod")
    run = sources.run("commit", "--branch", "env/{stack}", "--push")

    assert "error[KR513]: `shop` is in the way and not ours" in run.stderr


def test_a_checked_out_branch_is_refused(sources: Sources) -> None:
    """It would change under the work tree, here or in another one."""
    sources.commit("--branch", "env/{stack}")
    sources.git("worktree", "add", "-q", "../tree", "env/prod")
    sources.image("2")
    run = sources.run("commit", "--branch", "env/{stack}")

    assert 1 == run.exit_code
    assert "error[KR563]: branch `env/prod` is checked out" in run.stderr
    assert "env/dev" in sources.git("branch", "--list", "env/dev")


@pytest.mark.parametrize("branch", ["env/{stack}/", "a..b", "-x", "env/{workspace}", "a b", "x.lock"])
def test_bad_names_of_branches_are_refused(branch: str, sources: Sources) -> None:
    """By git's own rules."""
    run = sources.run("commit", f"--branch={branch}")

    assert 1 == run.exit_code
    assert "error[KR564]" in run.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["--branch", "a", "--output", "b"],
        ["--branch", "env/{app}"],
        ["--branch", "a", "--path", "../x"],
        ["--branch", "a", "--path", "x/.git"],
        ["--output", "x", "--next"],
        ["--output", "x", "--allow-dirty"],
        ["--output", "../x"],
        ["--output", ".git/x"],
        ["--branch", "a", "--allow-dirty", "--revision", "HEAD"],
        ["--branch", "a", "--author", "nobody"],
        ["--branch", "a", "--push", "--remote", "nowhere"],
        ["--branch", "a", "--revision", "nope"],
    ],
)
def test_wrong_usage_is_said(arguments: list[str], sources: Sources) -> None:
    """With exit code 2, and nothing is committed."""
    assert 2 == sources.run("commit", *arguments).exit_code
    assert "refs/heads/main" == sources.git("for-each-ref", "--format=%(refname)", "refs/heads", "refs/notes")


# What is rendered


def test_a_dirty_work_tree_is_refused(sources: Sources) -> None:
    """Unless a commit is named, or the work tree is meant; new files count if they may be inputs."""
    sources.write({"notes.txt": "no input\n"})
    sources.commit("--branch", "env/{stack}")
    sources.write({"shop/prod/app.yaml": app("registry.example/web:dirty"), "shop/prod/new.app.yaml": "{}\n"})
    run = sources.run("commit", "--branch", "env/{stack}")

    assert 1 == run.exit_code
    assert (
        "error[KR560]: the work tree has changes that are in no commit: `shop/prod/app.yaml` and 1 more" in run.stderr
    )
    assert "env/prod: unchanged" in sources.commit("--branch", "env/{stack}", "--revision", "HEAD").stderr
    sources.commit("--branch", "env/{stack}", "--allow-dirty")
    assert "web:dirty" in sources.git("show", "env/prod:shop/prod/deployment-web.yaml")
    assert json.loads(sources.git("show", "env/prod:hydrator.metadata"))["dirty"] is True
    assert "Dry-State: work tree" in sources.git("log", "-1", "--format=%B", "env/prod")
    assert "" == sources.git("notes", "--ref=hydrator.metadata", "list", "env/prod", ok=False)


def test_a_detached_head_will_do(sources: Sources) -> None:
    """As CI checks out."""
    sources.image("2")
    sources.git("checkout", "-q", "--detach", "HEAD~1")
    sources.push()

    assert "web:1" in sources.show("env/prod:shop/prod/deployment-web.yaml")


def test_line_ends_are_committed_as_rendered(sources: Sources) -> None:
    """Whatever the user's settings and attributes do to line ends on the way to and from a disk."""
    sources.git("config", "core.autocrlf", "true")
    sources.save({".gitattributes": "* text eol=crlf\n"})
    sources.push()
    sources.commit("--output", "rendered")

    for place in ("env/prod:shop/prod", "HEAD:rendered/shop/prod"):
        git = sources.at_remote if place.startswith("env") else sources.git
        assert "\r" not in git("cat-file", "blob", f"{place}/deployment-web.yaml")
    assert "" == sources.git("status", "--porcelain", "--untracked-files=no")


def test_commits_are_signed_where_the_user_signs(sources: Sources) -> None:
    """`commit.gpgSign` counts, --no-sign overrules it; a signing program that fails ends the run."""
    signer = sources.root.parent / "signer"
    signer.write_text("#!/bin/sh\ncat >/dev/null\nprintf '\\n[GNUPG:] SIG_CREATED ' >&2\necho 'MY SIGNATURE'\n")
    signer.chmod(0o755)
    sources.git("config", "commit.gpgSign", "true")
    sources.git("config", "gpg.program", str(signer))
    sources.push()

    assert "gpgsig MY SIGNATURE" in sources.at_remote("cat-file", "commit", "env/prod")
    sources.git("config", "commit.gpgSign", "false")
    sources.image("2")
    sources.push()
    assert "gpgsig" not in sources.at_remote("cat-file", "commit", "env/prod")
    sources.git("config", "gpg.program", "false")
    sources.image("3")
    run = sources.run("commit", "--branch", "env/{stack}", "--push", "--sign")
    assert 3 == run.exit_code
    assert "web:2" in sources.show("env/prod:shop/prod/deployment-web.yaml")


# Others


def test_an_older_run_gives_way(sources: Sources) -> None:
    """Whether the newer one changed the branch, or found it as it should be and moved its note alone."""
    older = sources.git("rev-parse", "HEAD")
    sources.push()
    middle = sources.image("2")
    sources.image("1")
    sources.push()
    tip = sources.at_remote("rev-parse", "env/prod")
    for revision in (middle, older):
        run = sources.push("--revision", revision)

        assert "env/prod: superseded\n" in run.stderr
    assert tip == sources.at_remote("rev-parse", "env/prod")
    sources.image("3")
    sources.push()
    told = json.loads(sources.push("--revision", middle, "--format", "json").stdout)["environments"]
    assert ["superseded", "superseded"] == [each["status"] for each in told]
    assert "web:3" in sources.show("env/prod:shop/prod/deployment-web.yaml")


def test_an_older_run_does_not_bring_back_what_a_newer_one_removed(sources: Sources) -> None:
    """Nor does it remove what a newer one added."""
    older = sources.git("rev-parse", "HEAD")
    sources.commit("--branch", "all", "--push")
    sources.save({"shop/new/stack.yaml": "name: new\n", "shop/new/app.yaml": app("registry.example/web:1")})
    shutil.rmtree(sources.root / "shop/dev")
    sources.save({})
    sources.commit("--branch", "all", "--push", "--allow-mass-delete")
    run = sources.commit("--branch", "all", "--push", "--revision", older, "--allow-mass-delete")

    assert "all: superseded" in run.stderr
    assert ["shop", "shop/new", "shop/prod"] == sources.at_remote("ls-tree", "-r", "-d", "--name-only", "all").split(
        "\n"
    )


def test_runs_of_single_stacks_do_not_supersede_each_other(sources: Sources) -> None:
    """Each folder knows its own commit: the older job of another stack is still wanted."""
    older = sources.save({f"shop/{stack}/app.yaml": app("registry.example/web:2") for stack in ("dev", "prod")})
    sources.git("checkout", "-q", "-b", "x", "HEAD~1")
    sources.commit("--branch", "all", "--push")
    sources.git("checkout", "-q", "main")
    sources.image("3")
    sources.commit("shop/prod", "--branch", "all", "--push")
    sources.commit("shop/dev", "--branch", "all", "--push", "--revision", older)

    assert "web:2" in sources.show("all:shop/dev/deployment-web.yaml")
    assert "web:3" in sources.show("all:shop/prod/deployment-web.yaml")


def test_a_shallow_clone_is_enough(sources: Sources) -> None:
    """The commit, the branch's tip and the notes; history is fetched only to learn who is newer."""
    sources.push()
    for tag in ("2", "3"):
        sources.image(tag)
    sources.git("push", "-q", "origin", "main")
    shallow = sources.clone("shallow", "--depth=1")
    shallow.push()

    assert "web:3" in sources.show("env/prod:shop/prod/deployment-web.yaml")
    older = sources.clone("older", "--depth=1")
    sources.image("4")
    sources.git("push", "-q", "origin", "main")
    sources.push()
    run = older.push()
    assert "env/prod: superseded" in run.stderr
    assert "web:4" in sources.show("env/prod:shop/prod/deployment-web.yaml")


def test_unknown_ancestry_is_no_guess(sources: Sources) -> None:
    """If the commit a branch is rendered from is gone for good, a person must say so."""
    sources.push()
    gone = "1" * 40
    tip = sources.at_remote("rev-parse", "env/prod")
    sources.git("fetch", "-q", "origin", "refs/notes/*:refs/notes/*", "env/prod")
    sources.git("notes", "--ref=hydrator.metadata", "add", "-f", "-m", f'{{"drySha":"{gone}"}}', tip)
    sources.git("push", "-q", "origin", "refs/notes/hydrator.metadata")
    sources.image("2")
    run = sources.run("commit", "--branch", "env/{stack}", "--push")

    assert 3 == run.exit_code
    assert gone in run.stderr
    assert "--adopt" in run.stderr
    sources.push("--adopt")
    assert "web:2" in sources.show("env/prod:shop/prod/deployment-web.yaml")


def test_a_remote_that_rejects_is_said_with_its_words(sources: Sources) -> None:
    """Once, not as a race; nothing is left behind here or there."""
    hook = sources.root.parent / "remote.git/hooks/pre-receive"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\necho 'only on Mondays' >&2\nexit 1\n")
    hook.chmod(0o755)
    run = sources.run("commit", "--branch", "env/{stack}", "--push")

    assert 3 == run.exit_code
    assert "only on Mondays" in run.stderr
    assert "help: " in run.stderr
    assert "" == sources.at_remote("for-each-ref", "refs/heads/env")
    assert "refs/heads/main" == sources.git("for-each-ref", "--format=%(refname)", "refs/heads", "refs/notes")


@pytest.mark.parametrize("way", [[], ["--push"]])
def test_a_branch_in_the_folder_of_another_is_said(way: list[str], sources: Sources) -> None:
    """It is no race, and not tried again."""
    sources.commit("--branch", "env", *way)
    run = sources.run("commit", "--branch", "env/{stack}", *way)

    assert 3 == run.exit_code
    assert "cannot create" in run.stderr
    assert "others moved" not in run.stderr


def test_one_protected_branch_keeps_all_back(sources: Sources) -> None:
    """Branches move together or not at all."""
    hook = sources.root.parent / "remote.git/hooks/update"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text('#!/bin/sh\n[ "$1" != refs/heads/env/prod ]\n')
    hook.chmod(0o755)

    assert 3 == sources.run("commit", "--branch", "env/{stack}", "--push").exit_code
    assert "" == sources.at_remote("for-each-ref", "refs/heads/env", "refs/notes")


def test_a_remote_without_atomic_pushes_will_do(sources: Sources) -> None:
    """Branches first, notes last."""
    sources.at_remote("config", "receive.advertiseAtomic", "false")
    sources.push()

    assert sources.git("rev-parse", "HEAD") in sources.note("env/prod")


def test_an_unreachable_remote_is_said(sources: Sources) -> None:
    """As a tool's failure, with the way out and no password."""
    sources.git("remote", "set-url", "origin", "https://bot:pa55word@127.0.0.1:1/x.git")
    run = sources.run("commit", "--branch", "env/{stack}", "--push")

    assert 3 == run.exit_code
    assert "pa55word" not in run.stderr
    assert "help: " in run.stderr


def test_a_commit_without_identity_says_how_to_get_one(sources: Sources) -> None:
    """With git's own commands."""
    nobody = dict.fromkeys(("GIT_AUTHOR_NAME", "GIT_COMMITTER_NAME", "GIT_AUTHOR_EMAIL", "GIT_COMMITTER_EMAIL"), "")
    run = sources.run("commit", "--branch", "env/{stack}", env={**nobody, "HOME": "/nowhere"})

    assert 3 == run.exit_code
    assert "git config user.name" in run.stderr


def test_notes_that_git_has_fanned_out_are_read_and_written(sources: Sources) -> None:
    """A note has one place, however deep; others stay."""
    sources.push()
    sources.git("fetch", "-q", "origin", "refs/notes/*:refs/notes/*")
    folder = sources.root.parent / "things"
    folder.mkdir()
    for number in range(700):
        (folder / str(number)).write_text(str(number))
    paths = "".join(f"{folder / str(number)}\n" for number in range(700))
    things = sources.git("hash-object", "-w", "--stdin-paths", stdin=paths).split("\n")
    tip = sources.at_remote("rev-parse", "env/prod")
    copies = "".join(f"{tip} {thing}\n" for thing in things)
    sources.git("notes", "--ref=hydrator.metadata", "copy", "--stdin", stdin=copies)
    sources.git("push", "-q", "origin", "refs/notes/hydrator.metadata")
    dry = sources.save({})
    sources.push()

    assert f'{{"drySha":"{dry}"}}' == sources.note("env/prod")
    assert 702 == sources.at_remote("notes", "--ref=hydrator.metadata", "list").count("\n") + 1


# Into a folder of the same branch


def test_the_folder_is_committed_on_top_and_the_work_tree_follows(sources: Sources) -> None:
    """Index and work tree are clean afterwards; other changes and staged files stay as they were."""
    head = sources.git("rev-parse", "HEAD")
    sources.write({"notes.txt": "mine\n"})
    sources.git("add", "notes.txt")
    run = sources.commit("--output", "rendered", "--revision", "HEAD")

    assert "main: committed" in run.stderr
    assert head == sources.git("rev-parse", "HEAD~1")
    assert "A  notes.txt" == sources.git("status", "--porcelain")
    changed = sources.git("diff", "--name-only", "HEAD~1", "HEAD").split("\n")
    assert 6 == len(changed)
    assert all(name.startswith("rendered/shop/") for name in changed)
    assert 0 == sources.run("check", "--output", "rendered").exit_code


def test_a_second_run_commits_nothing(sources: Sources) -> None:
    """Also when the sources change without an effect."""
    sources.commit("--output", "rendered")
    sources.save({"README.md": "x\n"})
    head = sources.git("rev-parse", "HEAD")
    run = sources.commit("--output", "rendered", "--format", "json")

    assert head == sources.git("rev-parse", "HEAD")
    assert "unchanged" == json.loads(run.stdout)["environments"][0]["status"]


def test_what_was_rendered_before_is_committed(sources: Sources) -> None:
    """`render --output` then `commit --output`: the files that lie there are the render, staged or not."""
    sources.render("--output", "rendered")
    sources.git("add", "rendered/shop/dev")
    sources.commit("--output", "rendered")

    assert "" == sources.git("status", "--porcelain")


def test_edits_of_the_output_that_nobody_committed_are_refused(sources: Sources) -> None:
    """In the work tree or in the index, if the commit would overwrite them."""
    sources.commit("--output", "rendered")
    sources.image("2")
    file = "rendered/shop/prod/deployment-web.yaml"
    before = (sources.root / file).read_text()
    sources.write({file: "edited: by hand\n"})
    run = sources.run("commit", "--output", "rendered")

    assert 1 == run.exit_code
    assert f"error[KR566]: `{file}` differs" in run.stderr
    sources.git("add", file)
    (sources.root / file).write_text(before)
    assert "KR566" in sources.run("commit", "--output", "rendered").stderr
    assert "edited: by hand" == sources.git("show", f":{file}")
    sources.git("restore", "--staged", "--worktree", file)
    sources.commit("--output", "rendered")
    assert "" == sources.git("status", "--porcelain")


def test_a_detached_head_has_no_branch_to_take_the_commit(sources: Sources) -> None:
    """Which is said, before anything is written."""
    sources.git("checkout", "-q", "--detach")
    run = sources.run("commit", "--output", "rendered")

    assert 1 == run.exit_code
    assert "error[KR565]" in run.stderr
    assert not (sources.root / "rendered").exists()


def test_a_push_of_the_folder_that_comes_too_late_gives_way(sources: Sources) -> None:
    """Newer sources are on the remote; their own run renders them. Nothing moves here."""
    clone = sources.clone("late")
    sources.image("2")
    sources.git("push", "-q", "origin", "main")
    before = clone.git("rev-parse", "HEAD")
    run = clone.commit("--output", "rendered", "--push")

    assert "main: superseded" in run.stderr
    assert before == clone.git("rev-parse", "HEAD")
    assert not (clone.root / "rendered").exists()
    sources.commit("--output", "rendered", "--push")
    assert sources.git("rev-parse", "HEAD") == sources.at_remote("rev-parse", "main")
    clone.save({"own.txt": "x\n"})
    assert 3 == clone.run("commit", "--output", "rendered", "--push").exit_code


def test_a_repository_inside_a_repository(tmp_path: Path) -> None:
    """The root may be a folder of what git tracks; changes elsewhere are none of its business."""
    sources = Sources.begin(tmp_path)
    sources.save({f"deep/{name}": (sources.root / name).read_bytes() for name in sources.git("ls-files").split("\n")})
    sources.write({"shop/prod/app.yaml": "dirty\n"})
    sources.commit("--branch", "deep/{stack}", folder="deep")
    sources.commit("--output", "out", folder="deep")

    assert "web:1" in sources.git("show", "deep/prod:shop/prod/deployment-web.yaml")
    assert "deep/out/shop/prod/service-web.yaml" in sources.git("ls-tree", "-r", "--name-only", "HEAD")


def test_other_hash_and_linked_work_tree(tmp_path: Path) -> None:
    """SHA-256 repositories and `git worktree` are repositories like others."""
    sources = Sources(tmp_path / "sha256")
    sources.root.mkdir()
    sources.git("init", "-q", "-b", "main", "--object-format=sha256")
    sources.app(app("registry.example/web:1"))
    sources.save({})
    sources.git("worktree", "add", "-q", "-b", "side", "../side")
    side = Sources(tmp_path / "side")
    side.commit("--branch", "env/{stack}")
    side.commit("--output", "rendered")
    side.save({"shop/dev/app.yaml": app("registry.example/web:2")})
    side.commit("--branch", "env/{stack}")

    assert 64 == len(sources.git("rev-parse", "env/dev"))
    assert sources.git("rev-parse", "side") in sources.git("notes", "--ref=hydrator.metadata", "show", "env/dev")
    assert 0 == side.run("check", "--branch", "env/{stack}").exit_code
    assert GIT["GIT_AUTHOR_NAME"] in sources.git("log", "-1", "--format=%an", "env/dev")
