"""The plug-in behind a sidecar, over the real wire: everything that Argo CD may send, and what must come back."""

from __future__ import annotations

import io
import json
import os
import shutil
import subprocess
import sys
import tarfile
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, Final

import grpc
import pytest
import yaml
from cmp_sidecar import PLUGIN, REAL_VARIABLE, Sidecar, bare_environment, refusal, request_environment, variant
from cmp_wire import pack, request_stream
from workbench import PROJECT

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from workbench import Workbench

EXAMPLES: Final = PROJECT / "examples"
FAILED: Final = "error generating manifests: `kusion-render argocd generate` failed exit status "
# What fits the condition of an Application.
LONGEST: Final = 4096
APP: Final = "web: {workload: {containers: {web: {image: registry.example/web:1.0.0}}}}\n"
STACKS: Final = [
    ("hello", "hello/dev"),
    ("hello", "hello/prod"),
    ("online-boutique", "boutique/dev"),
    ("online-boutique", "boutique/prod"),
]


def read(manifests: Sequence[str]) -> list[Any]:
    """Return objects of their texts."""
    return [json.loads(each) for each in manifests]


def run(source: Path, path: str, **env: str | None) -> bytes:
    """Return what the command prints by itself, for the app in a folder of a checkout."""
    return subprocess.run(
        ["kusion-render", "argocd", "generate"],
        cwd=source / path,
        env={**bare_environment(), **request_environment(path, **env)},
        executable=shutil.which("kusion-render", path=bare_environment()["PATH"]),
        stdout=subprocess.PIPE,
        check=True,
    ).stdout


def said(text: str) -> str:
    """Return what the plug-in said of a failure, as short and as clean as people need it."""
    assert text.startswith(FAILED)
    own = text.removeprefix(FAILED).partition(": ")[2]
    assert 0 < len(own.encode()) <= LONGEST
    for word in ("Traceback", "_cmp_server", "a bug in"):
        assert word not in own
    return own


def deployment(manifests: Sequence[str]) -> Any:
    """Return the one Deployment."""
    (found,) = [each for each in read(manifests) if each["kind"] == "Deployment"]
    return found


@pytest.fixture(scope="module")
def hello(sidecar: Sidecar) -> Sequence[str]:
    """The objects of the stack hello/prod."""
    return sidecar.generate(EXAMPLES / "hello", "hello/prod")


@pytest.mark.parametrize(("example", "path"), STACKS)
def test_the_examples_arrive(sidecar: Sidecar, example: str, path: str) -> None:
    """Argo CD gets the objects that the command prints, read by Go's rules as by Python's, in the same order."""
    expected = [each for each in yaml.safe_load_all(run(EXAMPLES / example, path)) if each]

    assert expected
    assert expected == read(sidecar.generate(EXAMPLES / example, path))


@pytest.mark.parametrize(("example", "path"), STACKS)
def test_nothing_of_the_machine_is_needed(confined_sidecar: Sidecar, example: str, path: str) -> None:
    """User 999, no HOME, and nowhere to write but the work folder: the same objects."""
    source = EXAMPLES / example

    assert [each for each in yaml.safe_load_all(run(source, path)) if each] == read(
        confined_sidecar.generate(source, path, HOME="/nonexistent")
    )


@pytest.mark.usefixtures("confinement")
def test_the_copy_may_be_read_only(server: str, hello: Sequence[str]) -> None:
    """The render writes nothing beside its input."""
    freeze = "import os, subprocess, sys; subprocess.run(['chmod', '-R', 'a-w', '../..'], check=True); "
    init = [sys.executable, "-I", "-c", f"{freeze}sys.exit('it may be written to' if os.access('.', os.W_OK) else 0)"]
    with Sidecar(variant(init={"command": init}), real=server, confine=True) as sidecar:
        assert hello == sidecar.generate(EXAMPLES / "hello", "hello/prod")


def test_the_same_bytes_every_time(sidecar: Sidecar, server: str, tmp_path: Path) -> None:
    """Twice the same from one sidecar, from one with another work folder, and from a copy elsewhere."""
    source = EXAMPLES / "online-boutique"
    elsewhere = tmp_path / "a rather different place"
    shutil.copytree(source, elsewhere)

    first = sidecar.generate(source, "boutique/prod")

    assert first == sidecar.generate(source, "boutique/prod")
    assert first == sidecar.generate(elsewhere, "boutique/prod")
    with Sidecar(PLUGIN, real=server) as other:
        assert first == other.generate(source, "boutique/prod")
    assert run(source, "boutique/prod") == run(elsewhere, "boutique/prod")


def test_git_s_folder_may_come_or_not(sidecar: Sidecar, workbench: Workbench) -> None:
    """With `.git` in the archive, without it, and with one that would harm a git command: the same objects."""
    workbench.app(APP, **{".git/HEAD": "ref: refs/heads/main\n", ".git/config": "[core]\n\tfsmonitor = /bin/false\n"})

    whole = sidecar.generate(pack(workbench.root), "shop/dev")

    assert "web" == deployment(whole)["metadata"]["name"]
    assert whole == sidecar.generate(pack(workbench.root, exclude=".git"), "shop/dev")


def test_the_repository_may_be_one_stack(sidecar: Sidecar, workbench: Workbench) -> None:
    """A path of `.` is the root of the copy."""
    workbench.write({"kusion-render.yaml": "compatibility: native\n", "project.yaml": "name: shop\n"})
    workbench.write({"stack.yaml": "name: dev\n", "app.yaml": APP})

    assert "web" == deployment(sidecar.generate(workbench.root, "."))["metadata"]["name"]


def test_the_repository_may_lie_in_a_folder(sidecar: Sidecar, hello: Sequence[str], tmp_path: Path) -> None:
    """Below the root of the copy, the folder with kusion-render.yaml counts, with its workspaces."""
    shutil.copytree(EXAMPLES / "hello", tmp_path / "deep/down/config")

    assert hello == sidecar.generate(tmp_path, "deep/down/config/hello/prod")


def test_only_a_part_of_the_repository_may_come(sidecar: Sidecar, hello: Sequence[str]) -> None:
    """Argo CD may send the common folder of the annotated paths: the source path is then longer than the copy's."""
    assert hello == sidecar.generate(EXAMPLES / "hello", "config/hello/prod", rel="hello/prod")


@pytest.mark.parametrize(
    "env",
    [
        {"KUBE_VERSION": "", "KUBE_API_VERSIONS": ""},
        {"KUBE_VERSION": None, "KUBE_API_VERSIONS": None},
        {"KUBE_API_VERSIONS": ",".join(f"group{number}.example/v1/Kind{number}" for number in range(3000))},
        {"ARGOCD_APP_NAME": "team-a_shop-dev"},
        {"ARGOCD_APP_REVISION": "sha256:" + "0" * 64, "ARGOCD_APP_REVISION_SHORT": None},
        {"ARGOCD_APP_SOURCE_REPO_URL": "oci://registry.example/config", "ARGOCD_APP_PROJECT_NAME": None},
        {"ARGOCD_APP_PARAMETERS": "null"},
        {"ARGOCD_APP_PARAMETERS": "[]"},
        {"ARGOCD_APP_PARAMETERS": ""},
        {"ARGOCD_ENV_UNKNOWN": "x", "PARAM_SET": "x", "ARGOCD_ENV_STACK": ""},
        {"HOME": "/nonexistent", "LC_ALL": "C", "PYTHONIOENCODING": "ascii", "TZ": "Asia/Tokyo"},
    ],
)
def test_what_changes_nothing(sidecar: Sidecar, hello: Sequence[str], env: dict[str, str | None]) -> None:
    """The hydrator sends no facts of a cluster, namespaced Applications an odd name: none of it reaches the output."""
    assert hello == sidecar.generate(EXAMPLES / "hello", "hello/prod", **env)


def test_texts_arrive_as_they_are(sidecar: Sidecar, workbench: Workbench) -> None:
    """Every script, and what Go's YAML library would take for another type."""
    texts = "Grüße 🚀 漢字 y no 1e3 0o14 0x1F 010 1_000 2026-01-02 12:30 ~ null ' \" {} = << .5 +1 ---".split()  # noqa: SIM905 - reads best
    texts += ["", " ", "\u202f", "- a", "a: b", "# c", "line\n\nline\n", "\ttab"]
    notes = {f"note-{number}": text for number, text in enumerate(texts)}
    app = {"web": {"annotations": notes, "workload": {"containers": {"web": {"image": "registry.example/web:1"}}}}}
    workbench.app(json.dumps(app, ensure_ascii=False))

    made = deployment(sidecar.generate(workbench.root, "shop/dev", PYTHONIOENCODING="ascii"))

    assert notes == made["metadata"]["annotations"]


def test_a_name_may_be_unicode(sidecar: Sidecar, workbench: Workbench) -> None:
    """Folders may have any name; what is said of them is readable."""
    files = {"kusion-render.yaml": "compatibility: native\n", "Läden 漢/project.yaml": "name: shop\n"}
    workbench.write({**files, "Läden 漢/dev/stack.yaml": "name: dev\n", "Läden 漢/dev/app.yaml": APP})

    assert deployment(sidecar.generate(workbench.root, "Läden 漢/dev"))
    workbench.write({"Läden 漢/dev/app.yaml": "web: {workloda: {}}\n"})
    assert said(sidecar.refuse(workbench.root, "Läden 漢/dev")).startswith("Läden 漢/dev/app.yaml:1:")


def test_a_large_repository(sidecar: Sidecar, workbench: Workbench) -> None:
    """2,000 files of other stacks change nothing, sent in the small pieces that are Argo CD's default."""
    workbench.app(APP)
    alone = sidecar.generate(workbench.root, "shop/dev")
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w:gz", compresslevel=1) as target:
        target.add(workbench.root, "")
        for number in range(1000):
            for name, text in (("stack.yaml", f"name: stack{number}\n"), ("app.yaml", APP)):
                entry = tarfile.TarInfo(f"shop/stack{number}/{name}")
                entry.size = len(text)
                target.addfile(entry, io.BytesIO(text.encode()))

    messages = request_stream(archive.getvalue(), "shop/dev", request_environment("shop/dev"))

    assert alone == sidecar.client.generate(messages)


@pytest.mark.parametrize("number", [10, 20])
def test_many_at_once(sidecar: Sidecar, number: int) -> None:
    """A push to a repository of many apps starts as many processes; each answers its own request."""
    archive = pack(EXAMPLES / "hello")
    alone = {path: sidecar.generate(archive, path) for path in ("hello/dev", "hello/prod")}
    wanted = [*alone] * (number // len(alone))

    with ThreadPoolExecutor(number) as pool:
        made = list(pool.map(lambda path: sidecar.generate(archive, path), wanted))

    assert [alone[path] for path in wanted] == made
    assert [] == sidecar.copies()


def test_wrong_input_is_told_with_its_place(sidecar: Sidecar, workbench: Workbench) -> None:
    """The first line is `file:line:column: …`, relative to the repository; it is all that many people see."""
    workbench.app("web:\n  workload: {containers: {web: {image: a}}}\n  replica: 3\n")

    own = said(sidecar.refuse(workbench.root, "shop/dev"))

    assert own.startswith("shop/dev/app.yaml:3:3: error[KR")
    assert "help: " in own


def test_a_hundred_mistakes_fit(sidecar: Sidecar, workbench: Workbench) -> None:
    """A report is cut, and says how to have all of it."""
    workbench.app("".join(f"web{number}: {{workload: {{replica: 1}}}} # ✗\n" for number in range(100)))

    own = said(sidecar.refuse(workbench.root, "shop/dev"))

    assert own.startswith("shop/dev/app.yaml:1:")
    assert own.endswith("run `kusion-render validate` for all of it")


def test_a_secret_is_in_no_error(sidecar: Sidecar, workbench: Workbench) -> None:
    """Everyone who sees the Application sees its errors."""
    workbench.app("web: {accessories: {secrets: {db: {type: opaque, data: {password: hunter2hunter2}, dta: {}}}}}\n")

    assert "hunter2" not in said(sidecar.refuse(workbench.root, "shop/dev"))


@pytest.mark.parametrize("text", ["", "web: {enabled: false, workload: {containers: {web: {image: a}}}}\n"])
def test_an_empty_result_is_refused(sidecar: Sidecar, workbench: Workbench, text: str) -> None:
    """Nothing, with success, would have Argo CD delete the app."""
    workbench.app(text)

    assert "error[KR" in said(sidecar.refuse(workbench.root, "shop/dev"))


@pytest.mark.parametrize("path", ["shop", ".", "shop/base"])
def test_a_folder_that_is_no_stack_is_refused(sidecar: Sidecar, workbench: Workbench, path: str) -> None:
    """Neither several stacks nor none are one Application."""
    workbench.app(
        APP, **{"shop/prod/stack.yaml": "name: prod\n", "shop/prod/app.yaml": APP, "shop/base/app.yaml": "{}"}
    )

    assert said(sidecar.refuse(workbench.root, path)).startswith("error")


def test_our_own_budget_comes_first(sidecar: Sidecar, workbench: Workbench) -> None:
    """A render that takes too long ends with a message of ours, long before the caller would kill it without a word."""
    archive = pack(slow(workbench).root)

    own = said(sidecar.refuse(archive, "shop/dev", KUSION_RENDER_TIMEOUT="1"))

    assert own.startswith("error: the render took longer than 1 s; ")
    assert [] == sidecar.strays()
    assert [] == sidecar.copies()


def test_a_caller_that_gives_up_leaves_nothing_behind(sidecar: Sidecar, workbench: Workbench) -> None:
    """Killed at the caller's deadline, the plug-in has no process and no file left."""
    messages = request_stream(pack(slow(workbench).root), "shop/dev", request_environment("shop/dev"), chunk=1 << 20)

    with pytest.raises(grpc.RpcError) as caught:
        sidecar.client.generate(messages, timeout=1)

    # On a busy machine the caller's end can come before the sidecar's error, which is sent 100 ms earlier.
    if caught.value.code() is not grpc.StatusCode.DEADLINE_EXCEEDED:
        assert "failed signal: killed" in refusal(caught.value)
    assert sidecar.quiet(), (sidecar.strays(), sidecar.copies())
    assert sidecar.generate(EXAMPLES / "hello", "hello/prod")


def slow(workbench: Workbench) -> Workbench:
    """Write a stack that takes seconds to render: 60,000 apps, each different."""
    line = "app{0}: {{workload: {{containers: {{web: {{image: registry.example/web:{0}}}}}}}}}\n"
    files = {
        f"shop/dev/part{part}.app.yaml": "".join(line.format(part * 1000 + each) for each in range(1000))
        for part in range(60)
    }
    return workbench.app("{}\n").write(files)


@pytest.mark.parametrize(
    ("name", "target"), [("shop/dev/app.yaml", "/etc/passwd"), ("shop/dev/app.yaml", "../../../../../secret.yaml")]
)
def test_a_link_out_never_reaches_us(sidecar: Sidecar, workbench: Workbench, name: str, target: str) -> None:
    """The sidecar refuses it; the plug-in would, too, as it is told by the copy's root alone."""
    workbench.app(APP)
    (workbench.root / name).unlink()
    (workbench.root / name).symlink_to(target)

    assert "illegal filepath in symlink" in sidecar.refuse(workbench.root, "shop/dev")


def test_a_link_inside_is_followed(sidecar: Sidecar, workbench: Workbench) -> None:
    """Even to the app's folder itself."""
    workbench.app(APP)
    (workbench.root / "current").symlink_to("shop/dev")

    assert sidecar.generate(workbench.root, "shop/dev") == sidecar.generate(workbench.root, "current")


def parameters(*items: dict[str, Any]) -> str:
    """Write parameters as Argo CD does, keys sorted."""
    return json.dumps(items, sort_keys=True)


def test_parameters_change_values(sidecar: Sidecar, workbench: Workbench) -> None:
    """A map, a list or one text; quotes, line ends and all else arrive as they are."""
    workbench.app(APP)
    note = 'it\'s "so"\n$HOME `id` $(id) \\ Grüße\n'
    ways: list[dict[str, Any]] = [
        {"map": {"web.annotations.note": note, "web.workload.replicas": "3"}},
        {"array": [f"web.annotations.note={note}", "web.workload.replicas=3"]},
    ]
    for way in ways:
        made = deployment(
            sidecar.generate(workbench.root, "shop/dev", ARGOCD_APP_PARAMETERS=parameters({"name": "set", **way}))
        )
        assert (3, note) == (made["spec"]["replicas"], made["metadata"]["annotations"]["note"])


@pytest.mark.parametrize("stack", ["hello/prod", "../prod"])
@pytest.mark.parametrize("how", ["parameter", "env", "both"])
def test_another_stack_of_the_repository_may_be_named(
    sidecar: Sidecar, hello: Sequence[str], stack: str, how: str
) -> None:
    """By name or by folder, as a parameter or in the plug-in's `env`; the parameter counts where both are said."""
    env = {"ARGOCD_ENV_STACK": stack} if how == "env" else {"ARGOCD_ENV_STACK": "nonsense"} if how == "both" else {}
    if how != "env":
        env["ARGOCD_APP_PARAMETERS"] = parameters({"name": "stack", "string": stack})

    assert hello == sidecar.generate(EXAMPLES / "hello", "hello/dev", **env)


@pytest.mark.parametrize("stack", ["../../..", "/", "/etc", "../../../*", "~"])
def test_nothing_outside_the_repository_may_be_named(sidecar: Sidecar, stack: str) -> None:
    """Another request's copy, the machine's files: neither is reached by a parameter."""
    given = parameters({"name": "stack", "string": stack})

    assert said(sidecar.refuse(EXAMPLES / "hello", "hello/dev", ARGOCD_APP_PARAMETERS=given)).startswith("error[KR506]")


@pytest.mark.parametrize(
    ("given", "first"),
    [
        ('[{"name": "stak", "string": "dev"}]', "error: unknown parameter `stak`; did you mean `stack`?"),
        ('[{"name": "st\\nack\\u001b[2J", "string": "a"}]', "error: unknown parameter `st ack␛[2J`; did you mean"),
        (json.dumps([{"name": "x" * 9000, "string": "a"}]), "error: unknown parameter `xxxx"),
        ('[{"name": "stack"}]', "error: parameter `stack` must have one of"),
        ('[{"name": "stack", "string": "a", "array": []}]', "error: parameter `stack` must have one of"),
        ('[{"name": "stack", "array": ["hello/dev"]}]', "error: parameter `stack` must be a `string`"),
        ('[{"name": "set", "array": [1]}]', "error: parameter `set` must hold texts"),
        ('[{"name": "set", "string": 1}]', "error: parameter `set` must hold texts"),
        ('[{"name": "set", "map": {"web.workload.replica": "3"}}]', "error[KR"),
        ('[{"name": "set", "array": []}, {"name": "set", "map": {}}]', "error: parameter `set` is given twice"),
        ("{", "error: ARGOCD_APP_PARAMETERS is no JSON"),
        ('"set"', "error: unknown parameter `None`"),
        ("7", "error: unknown parameter `None`"),
    ],
)
def test_a_wrong_parameter_is_told(sidecar: Sidecar, given: str, first: str) -> None:
    """Each says what is wrong and what may have been meant, in its first line."""
    own = said(sidecar.refuse(EXAMPLES / "hello", "hello/dev", ARGOCD_APP_PARAMETERS=given))

    assert own.splitlines()[0].startswith(first)


def test_an_unset_workspace_is_told(sidecar: Sidecar) -> None:
    """What `env` names must be there, too."""
    assert "`nowhere`" in said(sidecar.refuse(EXAMPLES / "hello", "hello/dev", ARGOCD_ENV_WORKSPACE="nowhere"))


def test_a_warning_is_for_the_log_alone(sidecar: Sidecar, workbench: Workbench) -> None:
    """A success with a warning is a success; what is said goes to the sidecar's log."""
    workbench.app(APP, **{"shop/dev/stack.yaml": "{name: dev, namespace: elsewhere}\n"})

    assert deployment(sidecar.generate(workbench.root, "shop/dev"))
    assert "warning[KR510]" in sidecar.log


def test_discovery_by_a_file_s_name(server: str, workbench: Workbench) -> None:
    """With the rule that we ship, an app that names no plug-in is ours if its folder is a stack."""
    file = PROJECT / "plugins/argocd/plugin-discover.yaml"
    plugin = file if file.is_file() else variant(discover={"fileName": "stack.yaml"})
    workbench.app(APP)
    archive = pack(workbench.root)
    with Sidecar(plugin, real=server) as sidecar:
        assert sidecar.client.check().isDiscoveryConfigured
        assert sidecar.client.match(request_stream(archive, "shop/dev", {})).isSupported
        assert not sidecar.client.match(request_stream(archive, "shop", {})).isSupported
        assert deployment(sidecar.generate(archive, "shop/dev"))


def test_without_rules_nobody_else_s_app_is_taken(sidecar: Sidecar) -> None:
    """As the repo-server asks: is there any rule, and would it match."""
    assert not sidecar.client.check().isDiscoveryConfigured
    found = sidecar.client.match(request_stream(pack(EXAMPLES / "hello"), "hello/dev", {}))
    assert (False, False) == (found.isSupported, found.isDiscoveryEnabled)


def test_the_plug_in_that_we_ship(server: str) -> None:
    """`plugins/argocd/plugin.yaml` starts, and is what these tests use."""
    file = PROJECT / "plugins/argocd/plugin.yaml"
    shipped = yaml.safe_load(file.read_text(encoding="utf-8"))
    assert {**PLUGIN, "metadata": None} == {**shipped, "metadata": None}
    assert PLUGIN["metadata"]["name"] == shipped["metadata"]["name"]
    with Sidecar(file, real=server) as sidecar:
        assert sidecar.generate(EXAMPLES / "hello", "hello/prod")


@pytest.fixture(scope="module")
def announced(sidecar: Sidecar) -> list[Any]:
    """What the plug-in announces for a stack, with as little environment as the user interface sends."""
    few = ("ARGOCD_APP_NAME", "ARGOCD_APP_SOURCE_")
    env = {name: value for name, value in request_environment("hello/prod").items() if name.startswith(few)}
    return list(sidecar.client.announcements(request_stream(pack(EXAMPLES / "hello"), "hello/prod", env)))


def test_every_parameter_is_announced(announced: list[Any]) -> None:
    """Those that `generate` reads, each with what the user interface shows, and with the type of its value."""
    names = [each.name for each in announced]

    assert {"stack", "workspace", "set"} <= set(names)
    assert len(names) == len(set(names))
    for each in announced:
        assert each.title
        assert each.tooltip
        assert each.itemType in ("", "string", "number", "boolean")
        assert each.collectionType in ("", "string", "array", "map")


def test_an_announced_value_has_its_type(announced: list[Any]) -> None:
    """The type of a list or a map is never inferred, so it must be said."""
    for each in announced:
        assert not each.array or each.collectionType == "array"
        assert not each.map or each.collectionType == "map"
        assert not each.string or each.collectionType in ("", "string")


def test_every_announced_parameter_may_be_given(announced: list[Any], sidecar: Sidecar) -> None:
    """`generate` knows each of them by its name and its kind of value."""
    empty: dict[str, Any] = {"string": "", "array": [], "map": {}}
    given = [
        {"name": each.name, each.collectionType or "string": empty[each.collectionType or "string"]}
        for each in announced
    ]
    # The last one is unknown; were another, it would be told first.
    given.append({"name": "unknown", "string": ""})

    own = said(sidecar.refuse(EXAMPLES / "hello", "hello/prod", ARGOCD_APP_PARAMETERS=parameters(*given)))

    assert own.startswith("error: unknown parameter `unknown`")


@pytest.mark.integration
def test_argo_cd_s_own_server_takes_part() -> None:
    """Where its program is named, every test here ran against it too; there is no package to install it from."""
    path = os.environ.get(REAL_VARIABLE)
    if not path:
        pytest.skip(f"{REAL_VARIABLE} names no argocd program")
    with Sidecar(PLUGIN, real=path) as sidecar:
        assert not sidecar.client.check().provideGitCreds
