"""A sidecar as a process: the stand-in, or Argo CD's own server, started alike in the bare surroundings of a container."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Self

import grpc
import yaml
from cmp_wire import Client, pack, request_stream
from workbench import PROJECT

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

REAL_VARIABLE: Final = "KR_CMP_SERVER_BIN"
HERE: Final = Path(__file__).resolve().parent
# What plugins/argocd/plugin.yaml says too; a test compares them.
PLUGIN: Final[dict[str, Any]] = {
    "apiVersion": "argoproj.io/v1alpha1",
    "kind": "ConfigManagementPlugin",
    "metadata": {"name": "kusion-render"},
    "spec": {
        "version": "v0",
        "generate": {"command": ["kusion-render", "argocd", "generate"]},
        "parameters": {"dynamic": {"command": ["kusion-render", "argocd", "parameters"]}},
    },
}
START_SECONDS: Final = 30


def variant(**spec: Any) -> dict[str, Any]:
    """Return the plug-in with other parts."""
    return {**PLUGIN, "spec": {**PLUGIN["spec"], **spec}}


def bare_environment() -> dict[str, str]:
    """Return what a container's environment has: the program on PATH, and no HOME."""
    return {
        "PATH": f"{os.path.dirname(sys.executable)}:{os.environ['PATH']}",
        "PYTHONPATH": str(PROJECT),
        "PYTHONDONTWRITEBYTECODE": "1",
    }


def request_environment(path: str, **changes: str | None) -> dict[str, str]:
    """Return what the repo-server sends with `generate` for the app in a folder; None takes a variable away."""
    env: dict[str, str | None] = {
        "ARGOCD_APP_NAME": "shop-dev",
        "ARGOCD_APP_NAMESPACE": "shop",
        "ARGOCD_APP_PROJECT_NAME": "team-a",
        "ARGOCD_APP_REVISION": "9f2c1ab3" * 5,
        "ARGOCD_APP_REVISION_SHORT": "9f2c1ab",
        "ARGOCD_APP_REVISION_SHORT_8": "9f2c1ab3",
        "ARGOCD_APP_SOURCE_REPO_URL": "https://git.example/cfg.git",
        "ARGOCD_APP_SOURCE_PATH": path,
        "ARGOCD_APP_SOURCE_TARGET_REVISION": "main",
        "KUBE_VERSION": "1.34.1",
        "KUBE_API_VERSIONS": "v1,v1/ConfigMap,apps/v1,apps/v1/Deployment",
        **changes,
    }
    return {name: value for name, value in env.items() if value is not None}


def confined(folder: str) -> list[str]:
    """Return the words before a command that take every right from it but to write below `folder`."""
    return ["unshare", "--mount", sys.executable, str(HERE / "cmp_confine.py"), folder]


class Sidecar:
    """A server with one plug-in, its socket and its work folder in a folder with a short path that all may enter."""

    def __init__(self, plugin: Mapping[str, Any] | Path, *, real: str = "", confine: bool = False, **env: str) -> None:
        # A socket's path has 107 bytes at most, and pytest's own folders are closed to other users.
        self.folder: Final = Path(tempfile.mkdtemp(prefix="cmp-"))
        for name in ("config", "sockets", "work"):
            (self.folder / name).mkdir()
        content = plugin.read_text(encoding="utf-8") if isinstance(plugin, Path) else yaml.safe_dump(dict(plugin))
        (self.folder / "config/plugin.yaml").write_text(content, encoding="utf-8")
        self._log: Final = self.folder / "log"
        prefix = confined(str(self.folder)) if confine else []
        if confine:
            self._open()
        with self._log.open("wb") as log:
            self.process: Final = subprocess.Popen(
                [*prefix, *self._command(real), "--config-dir-path", str(self.folder / "config")],
                env={**bare_environment(), **self._addresses(), **env},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self.client: Final = Client(self._socket())

    def _open(self) -> None:
        for path in (self.folder, *self.folder.iterdir()):
            path.chmod(0o777)
        (self.folder / "config/plugin.yaml").chmod(0o644)

    def _command(self, real: str) -> list[str]:
        if not real:
            return [sys.executable, str(HERE / "cmp_server.py")]
        # One binary of many roles: the name it is called by says which.
        link = self.folder / "argocd-cmp-server"
        link.symlink_to(os.path.realpath(real))
        return [str(link)]

    def _addresses(self) -> dict[str, str]:
        return {
            "ARGOCD_PLUGINSOCKFILEPATH": str(self.folder / "sockets"),
            "ARGOCD_CMP_WORKDIR": str(self.folder / "work"),
        }

    def _socket(self) -> str:
        until = time.monotonic() + START_SECONDS
        while time.monotonic() < until:
            if found := list((self.folder / "sockets").glob("*.sock")):
                return str(found[0])
            if self.process.poll() is not None:
                break
            time.sleep(0.02)
        text = self.log
        self.stop()
        raise RuntimeError(f"the server did not start: {text}")

    @property
    def log(self) -> str:
        """What the server and the plug-in's warnings say."""
        return self._log.read_text(encoding="utf-8", errors="replace")

    def generate(self, source: Path | bytes, path: str, *, rel: str | None = None, **env: str | None) -> Sequence[str]:
        """Ask for the manifests of the app in a folder of a checkout (or its archive); `rel` where only a part is sent."""
        archive = source if isinstance(source, bytes) else pack(source)
        return self.client.generate(
            request_stream(archive, path if rel is None else rel, request_environment(path, **env), chunk=1 << 16)
        )

    def refuse(self, source: Path | bytes, path: str, *, rel: str | None = None, **env: str | None) -> str:
        """Ask for manifests, expect an error, and return its text."""
        try:
            made = self.generate(source, path, rel=rel, **env)
        except grpc.RpcError as error:
            return refusal(error)
        raise AssertionError(f"{len(made)} manifests were made")

    def strays(self) -> list[str]:
        """Return the commands of processes that run in the work folder, or in what was one of its folders."""
        work = os.path.realpath(self.folder / "work")
        found = []
        for each in Path("/proc").glob("[0-9]*"):
            try:
                if os.readlink(each / "cwd").startswith(work):
                    found.append((each / "cmdline").read_bytes().replace(b"\0", b" ").decode())
            except OSError:  # it has ended
                continue
        return found

    def copies(self) -> list[str]:
        """Return the unpacked copies that are left."""
        return sorted(os.listdir(self.folder / "work/_cmp_server"))

    def quiet(self) -> bool:
        """Tell whether all processes and copies of requests go."""
        return comes_true(lambda: not self.strays() and not self.copies())

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.stop()

    def stop(self) -> None:
        """End the server, and take away all that it left."""
        if hasattr(self, "client"):
            self.client.channel.close()
        self.process.kill()
        self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)


def refusal(error: grpc.RpcError) -> str:
    """Return the text of an error that a server meant, not one of the connexion."""
    assert error.code() is grpc.StatusCode.UNKNOWN, error
    return str(error.details())


def comes_true(fact: Callable[[], bool], seconds: int = 20) -> bool:
    """Tell whether something comes true; how soon is no matter."""
    until = time.monotonic() + seconds
    while not fact():
        if time.monotonic() > until:
            return False
        time.sleep(0.05)
    return True


def interrupt(sidecar: Sidecar) -> None:
    """Ask a server to end, as a container's runtime does."""
    sidecar.process.send_signal(signal.SIGTERM)
