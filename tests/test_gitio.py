"""Reading commits: the same as a clean checkout, clear refusals, and nothing of the repository's own is run."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING

import pytest
from sources import GIT, Sources, app
from workbench import EXAMPLES

from kusion_render.diagnostics import Diagnostics, KusionRenderError, ToolError, UsageError
from kusion_render.gitio import Git, Tree, open_repository
from kusion_render.gitio.tree import changed
from kusion_render.pipeline import Options
from kusion_render.rendering import render_all
from kusion_render.repository import Files, Repository, select
from kusion_render.targets import kubernetes

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from kusion_render.repository.disk import Source


@pytest.fixture
def sources(tmp_path: Path) -> Sources:
    """A repository with two stacks and a remote."""
    return Sources.begin(tmp_path)


@pytest.fixture
def git(sources: Sources) -> Iterator[Git]:
    """That repository, read."""
    with open_repository(str(sources.root), GIT) as found:
        yield found


def rendered(root: str, source: Source | None = None, jobs: int = 1) -> dict[str, str | bytes]:
    """Render everything in a folder, or in what stands for it."""
    found = Diagnostics()
    repository = Repository(Files(root, source=source), found)
    targets = select(repository, [], found)
    made = render_all(
        repository, targets, Options(), found, lambda spec, said: dict(kubernetes.emit([spec], {}, said)), jobs=jobs
    )
    assert not found.failed, [item.message for item in found.items]
    return {path: content for each in made for path, content in each.items()}


@pytest.mark.parametrize("example", EXAMPLES)
def test_a_commit_renders_as_its_clean_checkout(example: Path, tmp_path: Path) -> None:
    """Byte for byte, also with several processes, without a work tree, and from a folder inside the repository."""
    sources = Sources.begin(tmp_path)
    shutil.copytree(example, sources.root / "deep" / example.name)
    commit = sources.save({})
    sources.git("push", "-q", "origin", "main")
    checkout = sources.clone("checkout")
    shutil.rmtree(sources.root / "deep")
    root = str(sources.root / "deep" / example.name)
    expected = rendered(str(checkout.root / "deep" / example.name))

    with open_repository(str(sources.root), GIT) as git:
        assert expected == rendered(root, Tree(git, commit, f"deep/{example.name}", root))
        assert expected == rendered(root, Tree(git, commit, f"deep/{example.name}", root), jobs=2)
    assert expected


def test_links_submodules_and_odd_names_are_as_on_a_disk(sources: Sources, git: Git) -> None:
    """Links inside are followed, links outside lead nowhere, a submodule is an empty folder."""
    sources.write({"shop/shared/one.txt": "one\n", "shop/prod/ü ö.txt": "two\n", "shop/crlf.txt": b"a\r\nb\r\n"})
    for name, target in {
        "shop/inside": "shared/one.txt",
        "shop/folder": "shared",
        "shop/chain": "folder/one.txt",
        "shop/up": "../shop/prod/../shared/one.txt",
        "shop/outside": "../../elsewhere",
        "shop/absolute": "/etc/hostname",
        "shop/round": "round",
        "shop/nothing": "missing.txt",
    }.items():
        os.symlink(target, sources.root / name)
    sources.git("update-index", "--add", "--cacheinfo", f"160000,{'1' * 40},shop/module")
    sources.git("add", "-A", ":!shop/module")
    sources.git("commit", "-q", "-m", "links")
    root = str(sources.root)
    tree = Tree(git, "HEAD", "", root)

    assert b"one\n" == tree.read(f"{root}/shop/inside", 100)
    assert b"one\n" == tree.read(f"{root}/shop/chain", 100)
    assert b"one\n" == tree.read(f"{root}/shop/up", 100)
    assert b"two\n" == tree.read(f"{root}/shop/prod/ü ö.txt", 100)
    assert b"a\r\nb\r\n" == tree.read(f"{root}/shop/crlf.txt", 100)
    assert b"a\r\n" == tree.read(f"{root}/shop/crlf.txt", 2)
    assert b"one\n" == tree.read(f"{root}/shop/inside", 100)
    assert "shop/shared/one.txt" == tree.canonical(f"{root}/shop/chain")
    assert tree.is_folder(f"{root}/shop/folder")
    assert ("folder", False) in tree.entries(f"{root}/shop")
    assert [("one.txt", False)] == tree.entries(f"{root}/shop/folder")
    assert [] == tree.entries(f"{root}/shop/module")
    for name in ("outside", "absolute", "round"):
        assert tree.canonical(f"{root}/shop/{name}") is None
        assert not tree.is_there(f"{root}/shop/{name}")
        with pytest.raises(OSError, match="No such file"):
            tree.read(f"{root}/shop/{name}", 100)
    assert not tree.is_file(f"{root}/shop/nothing")
    assert tree.own(f"{root}/shop/inside") is None
    assert tree.canonical("/etc") is None


def test_a_file_that_leads_outside_is_refused_as_on_a_disk(sources: Sources, git: Git) -> None:
    """The same diagnostics, whatever the files come from."""
    (sources.root / "shop/prod/app.yaml").unlink()
    os.symlink("/etc/hostname", sources.root / "shop/prod/app.yaml")
    sources.save({})
    said = []
    for source in (None, Tree(git, "HEAD", "", str(sources.root))):
        found = Diagnostics()
        Files(str(sources.root), source=source).content("shop/prod/app.yaml", found)
        said.append([(item.rule.code, item.message, item.help) for item in found.items])

    assert said[0] == said[1]
    assert "KR111" == said[0][0][0]


def test_revisions_are_found_in_all_their_forms(sources: Sources, git: Git) -> None:
    """Names, parents, tags with a message, short ids."""
    second = sources.image("2")
    sources.git("tag", "-a", "-m", "a tag", "v2")

    assert second == git.resolve("HEAD") == git.resolve("main") == git.resolve("v2") == git.resolve(second[:8])
    assert git.resolve("HEAD~1") == git.resolve("main^")
    assert "web 2" == git.commit(second).subject
    assert "2023-11-16T00:13:20+02:00" == git.commit(second).author.date
    assert ["shop/prod/app.yaml"] == list(changed(Tree(git, "HEAD~1"), Tree(git, "HEAD")))


@pytest.mark.parametrize("revision", ["nope", "", "-h", "--all", "HEAD~9", "HEAD:shop", "a\nb", "@{u}", "main..dev"])
def test_what_names_no_commit_is_said(revision: str, git: Git) -> None:
    """As wrong usage."""
    with pytest.raises(UsageError):
        git.resolve(revision)


def test_an_ambiguous_name_is_said(sources: Sources, git: Git) -> None:
    """A tag and a branch of one name, whatever the repository's settings say of warnings."""
    sources.git("tag", "twice", "HEAD")
    sources.image("2")
    sources.git("branch", "twice")
    sources.git("config", "core.warnAmbiguousRefs", "false")

    with pytest.raises(UsageError, match="refs/heads/twice"):
        git.resolve("twice")


def test_what_a_shallow_clone_lacks_is_said(sources: Sources) -> None:
    """With the command that gets it, as a matter of the tool, not of the repository."""
    sources.image("2")
    sources.git("push", "-q", "origin", "main")
    shallow = sources.clone("shallow", "--depth=1")
    with open_repository(str(shallow.root), GIT) as git:
        assert git.is_shallow()
        assert "web 2" == git.commit(git.resolve("HEAD")).subject
        with pytest.raises(ToolError, match="git fetch --unshallow"):
            git.resolve("HEAD~1")


def test_no_repository_and_no_commit_are_said(tmp_path: Path) -> None:
    """Each in its words."""
    with pytest.raises(UsageError, match="no Git repository"):
        open_repository(str(tmp_path), GIT)
    Sources(tmp_path).git("init", "-q")
    with open_repository(str(tmp_path), GIT) as git, pytest.raises(UsageError, match="no commit yet"):
        git.resolve("HEAD")


def test_a_missing_object_is_an_error_and_no_empty_tree(sources: Sources, git: Git) -> None:
    """An empty tree would render to nothing, and nothing would delete what is deployed."""
    tree = sources.git("rev-parse", "HEAD:shop")
    (sources.root / ".git/objects" / tree[:2] / tree[2:]).unlink()

    with pytest.raises(ToolError, match="git fsck"):
        Tree(git, "HEAD")


def traps(sources: Sources) -> Path:
    """Lay every trap that a repository's own settings can lay; each leaves a mark when it springs."""
    mark = sources.root.parent / "sprung"
    mark.mkdir()
    trap = sources.root.parent / "trap"
    trap.write_text(f'#!/bin/sh\necho "$0 $@" >> "{mark}/$(basename "$0").$$"\nexit 1\n')
    trap.chmod(0o755)
    hooks = sources.root / ".git/hooks"
    shutil.rmtree(hooks, ignore_errors=True)
    hooks.mkdir()
    for hook in (
        "pre-commit",
        "post-commit",
        "pre-push",
        "post-index-change",
        "reference-transaction",
        "post-checkout",
    ):
        shutil.copy(trap, hooks / hook)
    sources.write({".git/info/attributes": "* filter=x diff=x merge=x\n"})
    settings = {
        "core.fsmonitor": trap,
        "core.sshCommand": trap,
        "core.pager": trap,
        "core.editor": trap,
        "core.askPass": trap,
        "core.gitProxy": trap,
        "core.alternateRefsCommand": trap,
        "credential.helper": trap,
        "diff.external": trap,
        "diff.x.textconv": trap,
        "diff.x.command": trap,
        "filter.x.clean": trap,
        "filter.x.smudge": trap,
        "filter.x.process": trap,
        "filter.x.required": "true",
        "gpg.program": trap,
        "log.showSignature": "true",
        "pager.cat-file": trap,
        "remote.origin.url": f"ext::{trap} %S",
        "remote.origin.uploadpack": trap,
        "remote.origin.promisor": "true",
        "remote.origin.partialclonefilter": "blob:none",
        "protocol.ext.allow": "always",
        "protocol.allow": "always",
        "uploadpack.packObjectsHook": trap,
        **{f"alias.{name}": f"!{trap}" for name in ("rev-parse", "ls-tree", "cat-file", "for-each-ref", "merge-base")},
    }
    for key, value in settings.items():
        sources.git("config", key, str(value))
    sources.git("config", "core.repositoryFormatVersion", "1")
    sources.git("config", "extensions.partialClone", "origin")
    return mark


def test_nothing_of_the_repositorys_own_is_run(sources: Sources) -> None:
    """Neither monitor, hook, filter, text conversion, alias nor remote, not even for objects that are missing."""
    sources.commit("--branch", "env/{stack}")
    sources.commit("--output", "rendered")
    mark = traps(sources)
    with open_repository(str(sources.root), GIT) as git:
        assert git.is_ancestor("HEAD~1", "HEAD")
        assert git.object_type("0" * 39 + "1") is None
        assert rendered(str(sources.root), Tree(git, git.resolve("HEAD"), "", str(sources.root)))
    assert 0 == sources.run("check", "--output", "rendered").exit_code
    assert 0 == sources.run("check", "--output", "rendered", "--revision", "HEAD").exit_code
    assert 0 == sources.run("check", "--branch", "env/{stack}").exit_code
    assert 0 == sources.run("affected", "--base", "HEAD^", "--merge-base").exit_code
    assert 0 == sources.run("diff", "--base", "HEAD^", "--head", "HEAD").exit_code
    assert "Ann" in sources.run("explain", "shop/prod", "deployment/web", "--format", "json").stdout
    blob = sources.git("rev-parse", "env/prod:shop/prod/deployment-web.yaml", ok=False)
    (sources.root / ".git/objects" / blob[:2] / blob[2:]).unlink()
    assert 3 == sources.run("check", "--branch", "env/{stack}").exit_code
    assert [] == [path.name for path in mark.iterdir()]

    # The traps are real.
    sources.git("cat-file", "-e", blob, ok=False)
    (sources.root / "shop/prod/app.yaml").touch()
    sources.git("status", ok=False)
    assert len([path.name for path in mark.iterdir()]) >= 2


def test_a_hostile_environment_does_not_count(sources: Sources) -> None:
    """Git's variables of a hook that calls us would lead to another index or store."""
    other = {"GIT_DIR": "/nowhere", "GIT_INDEX_FILE": "/nowhere/index", "GIT_OBJECT_DIRECTORY": "/nowhere/objects"}
    run = sources.commit("--branch", "env/{stack}", env=other)

    assert "env/prod: committed" in run.stderr


def test_replaced_objects_do_not_count(sources: Sources, git: Git) -> None:
    """A commit is what its id says."""
    first = git.resolve("HEAD")
    second = sources.image("2")
    sources.git("replace", second, first)

    assert second == git.resolve("HEAD")
    assert "web 2" == git.commit(second).subject


def test_what_a_commit_says_survives_odd_input(sources: Sources, git: Git) -> None:
    """Other encodings, impossible dates, a person without a name."""
    tree = sources.git("rev-parse", "HEAD^{tree}")
    texts = [
        f"tree {tree}\nauthor A <> 99999999999999 +9999\ncommitter <x> 1 +0000\nencoding no-such\n\n\xfc subject\nmore\n\nbody\n",
        f"tree {tree}\nauthor no mail at all\ncommitter B <b> -5 -0030\n\n",
    ]
    for text in texts:
        name = sources.git("hash-object", "-w", "-t", "commit", "--literally", "--stdin", stdin=text)
        commit = git.commit(name)
        assert isinstance(commit.subject, str)
        assert isinstance(commit.author.date, str)
    assert [("Key", "one two"), ("Other", "x")] == git.commit(
        sources.save({}, "subject\n\nbody: no trailer\n\nKey: one\n two\nOther: x")
    ).trailers


def test_missing_git_is_said(sources: Sources) -> None:
    """As a tool that is missing."""
    run = sources.run("commit", "--branch", "x", env={"PATH": "/nowhere"})

    assert 3 == run.exit_code
    assert "`git` is not installed" in run.stderr


def test_errors_are_ours(sources: Sources, git: Git) -> None:
    """A commit that is not there ends the run with the next step, and no traceback."""
    with pytest.raises(KusionRenderError, match="not in this repository"):
        git.commit("1" * 40)
    assert app("x") != sources.git("show", "HEAD:shop/prod/app.yaml")
