"""The stand-in keeps to the contract of Argo CD's sidecar; whoever has the real one holds that to the same tests."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import tarfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import grpc
import pytest
import yaml
from cmp_objects import split
from cmp_sidecar import PLUGIN, Sidecar, bare_environment, comes_true, interrupt, refusal, request_environment, variant
from cmp_unpacking import RefusedError
from cmp_wire import message, pack, request_stream

if TYPE_CHECKING:
    from collections.abc import Iterator

# A plug-in that does what the file `todo` in the app's folder says: Python, so that no shell is needed.
DO: Final = [sys.executable, "-I", "-c", "exec(open('todo').read())"]
OBJECT: Final = "import os, sys\nprint('kind: ConfigMap')\n"


@pytest.fixture(scope="module")
def doer(server: str) -> Iterator[Sidecar]:
    """A sidecar whose plug-in does what an app's file says, with a variable of its own, and announces parameters."""
    announced = [{"name": "stack", "title": "Stack", "required": True, "itemType": "string", "string": "dev"}]
    show = [sys.executable, "-I", "-c", "print(open('announced').read())"]
    with Sidecar(
        variant(generate={"command": DO}, parameters={"static": announced, "dynamic": {"command": show}}),
        real=server,
        OWN="sidecar",
        TWICE="sidecar",
    ) as made:
        yield made


def app(folder: Path, todo: str = OBJECT, **files: str) -> Path:
    """Write an app's folder."""
    for name, text in {"todo": todo, **files}.items():
        path = folder / "app" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return folder


def tarball(*entries: tuple[str, bytes, str]) -> bytes:
    """Return an archive with entries of any name, type and content (or target) below `app`, which does nothing wrong."""
    target = io.BytesIO()
    with tarfile.open(fileobj=target, mode="w:gz") as archive:
        for name, kind, content in [("app/todo", tarfile.REGTYPE, OBJECT), *entries]:
            entry = tarfile.TarInfo(name)
            entry.type = kind
            if kind in (tarfile.SYMTYPE, tarfile.LNKTYPE):
                entry.linkname = content
            entry.size = len(content) if kind == tarfile.REGTYPE else 0
            archive.addfile(entry, io.BytesIO(content.encode()))
    return target.getvalue()


def refuse(sidecar: Sidecar, messages: Iterator[Any]) -> str:
    """Send messages that must be refused, and return the text."""
    with pytest.raises(grpc.RpcError) as caught:
        sidecar.client.generate(messages)
    return refusal(caught.value)


def test_a_command_sees_the_unpacked_copy(doer: Sidecar, tmp_path: Path) -> None:
    """It runs in the app's folder of a copy with plain modes, without input, and in a process group of its own."""
    todo = (
        "import json, os, sys\n"
        "print(json.dumps({'kind': 'Seen', 'folder': os.getcwd(), 'group': os.getpgrp() == os.getpid(),"
        " 'input': sys.stdin.read(), 'modes': [oct(os.stat(name).st_mode & 0o777) for name in ('run', '.', '../link')]}))"
    )
    app(tmp_path, todo, run="").joinpath("link").symlink_to("app/run")
    (tmp_path / "app/run").chmod(0o755)

    seen = json.loads(doer.generate(tmp_path, "app")[0])

    assert os.path.join(os.path.realpath(doer.folder / "work/_cmp_server"), "") in seen["folder"]
    assert seen["folder"].endswith("/app")
    assert (True, "", ["0o644", "0o755", "0o644"]) == (seen["group"], seen["input"], seen["modes"])
    assert [] == doer.copies()


def test_modes_are_kept_on_request(server: str, tmp_path: Path) -> None:
    """With `preserveFileMode` a program of the repository can be run."""
    app(tmp_path, "import os\nprint('kind: mode', oct(os.stat('run').st_mode & 0o777))", run="")
    (tmp_path / "app/run").chmod(0o755)
    with Sidecar(variant(generate={"command": DO}, preserveFileMode=True), real=server) as sidecar:
        assert {"kind": "mode 0o755"} == json.loads(sidecar.generate(tmp_path, "app")[0])


def test_the_request_s_environment_wins(doer: Sidecar, tmp_path: Path) -> None:
    """A command has the sidecar's environment, and over it the request's."""
    app(tmp_path, "import os\nprint('kind:', os.environ['OWN'], os.environ['TWICE'], os.environ['ARGOCD_APP_NAME'])")

    made = doer.generate(tmp_path, "app", TWICE="request")

    assert ["sidecar request shop-dev"] == [json.loads(each)["kind"] for each in made]


@pytest.mark.parametrize(
    ("todo", "said"),
    [
        ("import sys\nsys.exit('a.yaml:1: wrong\\nmore\\n')", "failed exit status 1: a.yaml:1: wrong\nmore"),
        ("import os\nprint('kind: A', flush=True)\nos._exit(70)", "failed exit status 70: "),
        ("import os\nos.kill(os.getpid(), 9)", "failed signal: killed: "),
    ],
)
def test_a_failure_is_told(doer: Sidecar, tmp_path: Path, todo: str, said: str) -> None:
    """The command, how it ended and its stderr are the caller's; its stdout is not, and its folder is gone."""
    text = doer.refuse(app(tmp_path, todo), "app")

    assert text.startswith(f"error generating manifests: `{sys.executable} -I -c ")
    assert text.rstrip().endswith(said.rstrip())
    assert [] == doer.copies()


def test_a_warning_goes_to_the_log(doer: Sidecar, tmp_path: Path) -> None:
    """What a successful command says on stderr is in the sidecar's log alone."""
    app(tmp_path, OBJECT + "print('mind the gap', file=sys.stderr)")

    assert 1 == len(doer.generate(tmp_path, "app"))
    assert "mind the gap" in doer.log


def test_a_wrong_first_message_is_refused(doer: Sidecar, tmp_path: Path) -> None:
    """A stream begins with what is asked for."""
    _, *files = request_stream(pack(app(tmp_path)), "app", {})

    assert "metadata is nil" in refuse(doer, iter(files))


def test_a_wrong_checksum_is_refused(doer: Sidecar, tmp_path: Path) -> None:
    """An archive that is not the announced one is not unpacked."""
    head, *files = request_stream(pack(app(tmp_path)), "app", {})
    head.metadata.checksum = "0" * 64

    assert "file checksum validation error" in refuse(doer, iter([head, *files]))
    assert [] == doer.copies()


@pytest.mark.parametrize("content", [b"", b"no archive", b"\x1f\x8b\x08 cut"])
def test_what_is_no_archive_is_refused(doer: Sidecar, content: bytes) -> None:
    """A broken archive fails the request and not the server."""
    assert "error" in refuse(doer, request_stream(content, "app", {}))


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        (("../out.yaml", tarfile.REGTYPE, "bad"), "illegal filepath in archive"),
        (("app/../../out.yaml", tarfile.REGTYPE, "bad"), "illegal filepath in archive"),
        (("out", tarfile.SYMTYPE, "/etc"), "illegal filepath in symlink"),
        (("app/out", tarfile.SYMTYPE, "../../out"), "illegal filepath in symlink"),
    ],
)
def test_a_hostile_archive_is_refused(doer: Sidecar, entry: tuple[str, bytes, str], said: str) -> None:
    """No entry and no link leads out of the copy."""
    assert said in doer.refuse(tarball(entry), "app")
    assert [] == doer.copies()
    assert not (doer.folder / "work/_cmp_server/out.yaml").exists()


def test_odd_entries_do_no_harm(doer: Sidecar) -> None:
    """An absolute name counts from the copy's root; what is no file, folder or link is passed over."""
    entries = [
        ("/etc/cmp.yaml", tarfile.REGTYPE, "good"),
        ("pipe", tarfile.FIFOTYPE, ""),
        ("hard", tarfile.LNKTYPE, "/etc/passwd"),
    ]

    assert 1 == len(doer.generate(tarball(*entries), "app"))
    assert not os.path.exists("/etc/cmp.yaml")


def test_no_folder_outside_the_copy_is_rendered(doer: Sidecar, tmp_path: Path) -> None:
    """The app's folder lies in the copy."""
    assert "illegal appPath" in doer.refuse(app(tmp_path), "../..")


def test_the_deadline_kills_the_whole_group(doer: Sidecar, tmp_path: Path) -> None:
    """A command that takes too long is killed with what it started, and the copy goes."""
    todo = (
        "import subprocess, sys, time\n"
        "subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'])\n"
        "time.sleep(600)\n"
    )
    messages = request_stream(pack(app(tmp_path, todo)), "app", request_environment("app"))

    with pytest.raises(grpc.RpcError) as caught:
        doer.client.generate(messages, timeout=1)

    # A busy machine may eat up what is left between the sidecar's end and the caller's.
    if caught.value.code() is not grpc.StatusCode.DEADLINE_EXCEEDED:
        assert "failed signal: killed" in refusal(caught.value)
    assert doer.quiet(), (doer.strays(), doer.copies())


def test_a_helper_does_not_outlive_its_request(doer: Sidecar, tmp_path: Path) -> None:
    """What a command left in its group is asked to end with the request."""
    todo = OBJECT + (
        "import subprocess\n"
        "quiet = subprocess.DEVNULL\n"
        "subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'], stdout=quiet, stderr=quiet)\n"
    )

    assert 1 == len(doer.generate(app(tmp_path, todo), "app"))
    assert doer.quiet(), doer.strays()


def test_init_runs_before(server: str, tmp_path: Path) -> None:
    """`init` leaves files for `generate`, its output counts for nothing, its failure ends the request."""
    init = [sys.executable, "-I", "-c", "import sys; print('lost'); open('todo', 'a').write(open('first').read())"]
    with Sidecar(
        variant(init={"command": init[:3], "args": init[3:]}, generate={"command": DO}), real=server
    ) as sidecar:
        assert ["Late"] == [
            json.loads(each)["kind"] for each in sidecar.generate(app(tmp_path, "", first="print('kind: Late')"), "app")
        ]
        (tmp_path / "app/first").unlink()
        assert "FileNotFoundError" in sidecar.refuse(tmp_path, "app")


def test_a_command_that_is_not_there(server: str, tmp_path: Path) -> None:
    """It is looked for on PATH, without a shell."""
    with Sidecar(variant(generate={"command": ["kusion-rendre", "$(true)"]}), real=server) as sidecar:
        assert "executable file not found" in sidecar.refuse(app(tmp_path), "app")


@pytest.mark.parametrize(
    ("discover", "wanted"),
    [
        ({"fileName": "*.appconfig.yaml"}, ["app"]),
        ({"fileName": "../kusion-render.yaml"}, ["app", "other"]),
        ({"find": {"glob": "**/web.appconfig.yaml"}}, ["app"]),
        ({"find": {"command": ["ls"], "args": ["-A"]}}, ["app"]),
        ({"find": {"command": ["true"]}}, []),
        ({}, []),
    ],
)
def test_discovery_looks_in_the_app_s_folder(server: str, tmp_path: Path, discover: Any, wanted: list[str]) -> None:
    """The first rule decides: a file's name, a glob, or whether a command prints anything."""
    app(tmp_path, **{"web.appconfig.yaml": ""}).joinpath("kusion-render.yaml").touch()
    (tmp_path / "other").mkdir()
    with Sidecar(variant(discover=discover), real=server) as sidecar:
        found = {path: sidecar.client.match(request_stream(pack(tmp_path), path, {})) for path in ("app", "other")}
        assert bool(discover) == sidecar.client.check().isDiscoveryConfigured
    assert wanted == [path for path, answer in found.items() if answer.isSupported]
    assert {bool(discover)} == {answer.isDiscoveryEnabled for answer in found.values()}


def test_discovery_by_a_command_that_fails(server: str, tmp_path: Path) -> None:
    """It is an error, and does not mean no."""
    rule = {"find": {"command": ["ls", "web.appconfig.yaml"]}}
    with (
        Sidecar(variant(discover=rule), real=server) as sidecar,
        pytest.raises(grpc.RpcError, match="failed exit status"),
    ):
        sidecar.client.match(request_stream(pack(app(tmp_path)), "app", {}))


def test_parameters_are_those_of_the_command_and_the_file(doer: Sidecar, tmp_path: Path) -> None:
    """First what the command prints, then what plugin.yaml says; what nobody knows is passed over."""
    printed = [{"name": "set", "collectionType": "map", "map": {"a": "1"}, "new": 1}, {"name": "l", "array": ["x"]}]
    app(tmp_path, announced=json.dumps(printed))

    first, second, third = doer.client.announcements(request_stream(pack(tmp_path), "app", {}))

    assert ("set", "map", {"a": "1"}) == (first.name, first.collectionType, dict(first.map))
    assert ("l", ["x"]) == (second.name, list(second.array))
    assert ("stack", "Stack", True, "string", "dev") == (
        third.name,
        third.title,
        third.required,
        third.itemType,
        third.string,
    )


@pytest.mark.parametrize("text", ["{}", "no JSON", '[{"name": 1}]'])
def test_parameters_are_an_array(doer: Sidecar, tmp_path: Path, text: str) -> None:
    """Anything else is an error of the plug-in."""
    with pytest.raises(grpc.RpcError, match="unmarshal"):
        doer.client.announcements(request_stream(pack(app(tmp_path, announced=text)), "app", {}))


@pytest.mark.parametrize(
    ("text", "kinds"),
    [
        ("", []),
        ("# nothing\n---\n---\nnull\n", []),
        ("kind: A\n---\n# c\nkind: B\n---\n", ["A", "B"]),
        ("---   \nkind: A\n", ["A"]),
        (' {"kind": "A"}{"kind": "B"}\n{"kind": "C"}', ["A", "B", "C"]),
    ],
)
def test_output_is_split_into_objects(doer: Sidecar, tmp_path: Path, text: str, kinds: list[str]) -> None:
    """Documents of YAML or objects of JSON, one after the other; what has no content is passed over."""
    made = doer.generate(app(tmp_path, f"print({text!r}, end='')"), "app")

    assert kinds == [json.loads(each)["kind"] for each in made]


@pytest.mark.parametrize("text", ["kind: A\n\tb: c\n", "a: [\n", "--- kind: A\n", '{"kind": "A"'])
def test_output_that_is_no_yaml_is_refused(doer: Sidecar, tmp_path: Path, text: str) -> None:
    """Nothing is guessed."""
    assert "error generating manifests: " in doer.refuse(app(tmp_path, f"print({text!r}, end='')"), "app")


@pytest.mark.parametrize("text", ["a log line\n", "- kind: A\n", "metadata: {name: a}\n"])
def test_output_that_is_no_object_is_refused(text: str) -> None:
    """Who reads it, sidecar or repo-server, differs by version; that it fails does not."""
    with pytest.raises(RefusedError, match="Object 'Kind' is missing"):
        split(text)


def test_scalars_are_those_of_go() -> None:
    """What Python takes for a text can be another type to Argo CD."""
    text = "kind: A\nv: [y, off, 1e3, 0o14, 0x1F, 010, 1_000, 08, 1:30, 2026-01-02, 1.2.3, '5', ~, '', .5]\n"

    values = json.loads(split(text)[0])["v"]

    assert [True, False, 1e3, 12, 31, 8, 1000, 8.0, "1:30", "2026-01-02", "1.2.3", "5", None, "", 0.5] == values


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"kind": "Plugin"}, "kind should be ConfigManagementPlugin"),
        ({"metadata": {}}, "metadata.name should be non-empty"),
        ({"spec": {"generate": {}}}, "spec.generate command should be non-empty"),
    ],
)
def test_a_wrong_plugin_yaml_is_not_served(server: str, changes: Any, said: str) -> None:
    """The server says so and ends."""
    with pytest.raises(RuntimeError, match=said):
        Sidecar({**PLUGIN, **changes}, real=server)


def test_the_socket_has_the_version_in_its_name(server: str) -> None:
    """An Application names `<name>-<version>`, or `<name>` where there is no version."""
    for plugin, name in ((PLUGIN, "kusion-render-v0.sock"), (variant(version=""), "kusion-render.sock")):
        with Sidecar(plugin, real=server) as sidecar:
            assert [name] == os.listdir(sidecar.folder / "sockets")


def test_the_first_signal_takes_the_socket_away(server: str) -> None:
    """Requests under way go on; the second signal ends the server."""
    with Sidecar(PLUGIN, real=server) as sidecar:
        sidecar.client.check()
        interrupt(sidecar)
        assert comes_true(lambda: not os.listdir(sidecar.folder / "sockets"))
        sidecar.client.check()
        interrupt(sidecar)
        assert comes_true(lambda: sidecar.process.poll() is not None)


def test_the_messages_have_argo_cd_s_field_numbers() -> None:
    """Bytes written by hand from the protocol's table are read as the message that they mean."""
    head = b"\x0a\x11" + b"\x0a\x01a" + b"\x12\x01." + b"\x1a\x01c" + b"\x20\x05" + b"\x2a\x04\x0a\x02KV"
    request = message("AppStreamRequest").FromString(head)

    assert ("a", ".", "c", 5) == tuple(
        getattr(request.metadata, name) for name in ("appName", "appRelPath", "checksum", "size")
    )
    assert ["KV"] == [each.name for each in request.metadata.env]
    assert b"xy" == message("AppStreamRequest").FromString(b"\x12\x04\x0a\x02xy").file.chunk
    assert b"\x0a\x02{}" == message("ManifestResponse")(manifests=["{}"]).SerializeToString()


def test_the_server_needs_nothing_of_ours(tmp_path: Path) -> None:
    """It stands for a foreign program: it imports none of the package, and reads the file with Argo CD's fields."""
    (tmp_path / "plugin.yaml").write_text(yaml.safe_dump(PLUGIN), encoding="utf-8")
    code = "import sys, cmp_server; sys.exit(any(name.startswith('kusion') for name in sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], cwd=Path(__file__).parent, env=bare_environment(), check=False)

    assert 0 == done.returncode
