"""A stand-in for `argocd-cmp-server`: the same service on the same socket, started by the same options and variables.

It is no copy of Argo CD's program but of its contract, so that tests of the plug-in need no Argo CD. `test_cmp_server.py`
holds it to that contract; with `KR_CMP_SERVER_BIN` the tests of the plug-in run against the real one too.
"""

from __future__ import annotations

import argparse
import contextlib
import glob
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any, Final

import grpc
import yaml
from cmp_objects import split
from cmp_unpacking import RefusedError, app_folder, receive
from cmp_wire import CHANNEL_OPTIONS, SERVICE, message
from google.protobuf.json_format import ParseDict, ParseError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

# The sidecar gives up this much before its caller, in seconds, so that an error can still travel.
BUFFER: Final = 0.1
# What is left of a command's process group may end by itself for so long.
GRACE: Final = 5
# The real server has no bound; nothing here asks for more at once.
MOST_AT_ONCE: Final = 64


class Plugin:
    """What plugin.yaml says.

    Raises:
        SystemExit: when it says nothing that can be served.
    """

    def __init__(self, path: str) -> None:
        with open(path, encoding="utf-8") as stream:
            said: dict[str, Any] = yaml.safe_load(stream) or {}
        if said.get("kind") != "ConfigManagementPlugin":
            sys.exit("invalid plugin configuration file. kind should be ConfigManagementPlugin")
        self.spec: Final[dict[str, Any]] = said.get("spec") or {}
        name = (said.get("metadata") or {}).get("name")
        if not name:
            sys.exit("invalid plugin configuration file. metadata.name should be non-empty.")
        if not (self.spec.get("generate") or {}).get("command"):
            sys.exit("invalid plugin configuration file. spec.generate command should be non-empty")
        version = self.spec.get("version")
        self.address: Final = f"{name}-{version}" if version else name

    def command(self, *keys: str) -> list[str]:
        """Return a command with its arguments; nothing where none is configured."""
        said = self.spec
        for key in keys:
            said = said.get(key) or {}
        return [*said["command"], *(said.get("args") or [])] if said.get("command") else []

    @property
    def discovers(self) -> bool:
        """Whether any rule of discovery is configured."""
        discover = self.spec.get("discover") or {}
        find = discover.get("find") or {}
        return bool(discover.get("fileName") or find.get("glob") or find.get("command"))


class Call:
    """One request: its bounds in time, and the process groups that it started."""

    def __init__(self, context: grpc.ServicerContext) -> None:
        left = context.time_remaining()
        self._deadline: Final = None if left is None else time.monotonic() + left - BUFFER
        self._started: Final[list[subprocess.Popen[bytes]]] = []
        self._ended = False
        # However the request ends, its processes end with it.
        context.add_callback(self.end)

    def run(self, command: Sequence[str], folder: str, env: Mapping[str, str]) -> str:
        """Run a command in a process group of its own and return what it printed, less one line end.

        Raises:
            RefusedError: when it can't be started, fails, or takes too long.
        """
        program = shutil.which(command[0])
        if program is None:
            raise RefusedError(f'exec: "{command[0]}": executable file not found in $PATH')
        process = subprocess.Popen(
            command,
            executable=program,
            cwd=folder,
            env=dict(env),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            process_group=0,
        )
        self._started.append(process)
        if self._ended:
            self.end()
        try:
            output, errors = process.communicate(timeout=self._left())
        except subprocess.TimeoutExpired:
            self.end()
            output, errors = process.communicate()
        said = errors.decode(errors="replace").strip()
        if process.returncode:
            raise RefusedError(f"`{_shown(command)}` failed {_cause(process.returncode)}: {said}")
        if said:
            sys.stderr.write(f"{said}\n")
        return output.decode(errors="replace").removesuffix("\n")

    def _left(self) -> float | None:
        return None if self._deadline is None else max(0, self._deadline - time.monotonic())

    def end(self) -> None:
        """Kill the commands that still run, and ask the rest of their groups to end."""
        self._ended = True
        for process in self._started:
            process.kill()
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGTERM)
                timer = threading.Timer(GRACE, _kill, [process.pid])
                timer.daemon = True
                timer.start()


def _kill(group: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(group, signal.SIGKILL)


def _shown(command: Sequence[str]) -> str:
    return " ".join(f'"{word}"' if " " in word else word for word in command)


def _cause(code: int) -> str:
    return f"exit status {code}" if code > 0 else f"signal: {signal.strsignal(-code).lower()}"  # type: ignore[union-attr] # a signal that came has a name


def _array(value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise ValueError(f"cannot unmarshal {type(value).__name__} into an array")  # noqa: TRY004 - wrong JSON, told as such
    return value


class Service:
    """The four calls of the protocol."""

    def __init__(self, plugin: Plugin, folder: str) -> None:
        self._plugin: Final = plugin
        self._folder: Final = folder

    def handlers(self) -> grpc.GenericRpcHandler:
        """Return the calls by name, each with the messages that it takes and gives."""
        streams: dict[str, tuple[Callable[[Call, str, Mapping[str, str]], Any], str]] = {
            "MatchRepository": (self._match, "MatchResponse"),
            "GenerateManifest": (self._generate, "ManifestResponse"),
            "GetParametersAnnouncement": (self._announce, "AnnouncementResponse"),
        }
        found = {
            name: grpc.stream_unary_rpc_method_handler(
                self._with_copy(answer), message("AppStreamRequest").FromString, message(kind).SerializeToString
            )
            for name, (answer, kind) in streams.items()
        }
        found["CheckPluginConfiguration"] = grpc.unary_unary_rpc_method_handler(
            self._check, message("Empty").FromString, message("CheckResponse").SerializeToString
        )
        return grpc.method_handlers_generic_handler(SERVICE, found)

    def _check(self, request: Any, context: grpc.ServicerContext) -> Any:
        del request, context  # the answer is always the same
        return message("CheckResponse")(
            isDiscoveryConfigured=self._plugin.discovers,
            provideGitCreds=bool(self._plugin.spec.get("provideGitCreds")),
        )

    def _with_copy(self, answer: Callable[[Call, str, Mapping[str, str]], Any]) -> Callable[..., Any]:
        """Wrap an answer: unpack the request into a folder that lives as long as it, and tell what went wrong."""

        def handle(messages: Iterator[Any], context: grpc.ServicerContext) -> Any:
            call = Call(context)
            folder = os.path.join(self._folder, str(uuid.uuid4()))
            os.mkdir(folder)
            try:
                metadata = receive(messages, folder, keep_modes=bool(self._plugin.spec.get("preserveFileMode")))
                env = {**os.environ, **{each.name: each.value for each in metadata.env}}
                return answer(call, app_folder(folder, metadata.appRelPath), env)
            except (RefusedError, OSError) as error:
                context.abort(grpc.StatusCode.UNKNOWN, str(error))
            finally:
                shutil.rmtree(folder, ignore_errors=True)

        return handle

    def _generate(self, call: Call, here: str, env: Mapping[str, str]) -> Any:
        try:
            if init := self._plugin.command("init"):
                call.run(init, here, env)
            return message("ManifestResponse")(manifests=split(call.run(self._plugin.command("generate"), here, env)))
        except RefusedError as error:
            raise RefusedError(f"error generating manifests: {error}") from error

    def _match(self, call: Call, here: str, env: Mapping[str, str]) -> Any:
        discover = self._plugin.spec.get("discover") or {}
        find = discover.get("find") or {}
        if discover.get("fileName"):
            found = bool(glob.glob(os.path.join(here, discover["fileName"])))
        elif find.get("glob"):
            found = bool(glob.glob(os.path.join(here, find["glob"]), recursive=True, include_hidden=True))
        else:
            command = self._plugin.command("discover", "find")
            found = bool(command and call.run(command, here, env))
        return message("MatchResponse")(isSupported=found, isDiscoveryEnabled=self._plugin.discovers)

    def _announce(self, call: Call, here: str, env: Mapping[str, str]) -> Any:
        said = self._plugin.spec.get("parameters") or {}
        command = self._plugin.command("parameters", "dynamic")
        try:
            found = json.loads(call.run(command, here, env)) if command else []
            answer = {"parameterAnnouncements": [*_array(found), *(said.get("static") or [])]}
            return ParseDict(answer, message("AnnouncementResponse")(), ignore_unknown_fields=True)
        except (ValueError, ParseError) as error:
            raise RefusedError(f"error unmarshaling dynamic parameter output: {error}") from error


def main() -> None:
    """Serve until the second signal: the first one only takes the socket away, as with the real server."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--config-dir-path", default="/home/argocd/cmp-server/config")
    plugin = Plugin(os.path.join(parser.parse_args().config_dir_path, "plugin.yaml"))
    folder = os.path.realpath(os.path.join(os.environ.get("ARGOCD_CMP_WORKDIR", "/tmp"), "_cmp_server"))  # noqa: S108
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder)
    sockets = os.environ.get("ARGOCD_PLUGINSOCKFILEPATH", "/home/argocd/cmp-server/plugins")
    socket = os.path.join(sockets, f"{plugin.address}.sock")
    with contextlib.suppress(FileNotFoundError):
        os.unlink(socket)
    signals: SimpleQueue[int] = SimpleQueue()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda received, _: signals.put(received))
    server = grpc.server(
        ThreadPoolExecutor(MOST_AT_ONCE), [Service(plugin, folder).handlers()], options=CHANNEL_OPTIONS
    )
    server.add_insecure_port(f"unix:{socket}")
    server.start()
    sys.stderr.write(f"serving on {socket}\n")
    signals.get()
    with contextlib.suppress(FileNotFoundError):
        os.unlink(socket)
    signals.get()
    server.stop(0)


if __name__ == "__main__":
    main()
