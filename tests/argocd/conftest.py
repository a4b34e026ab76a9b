"""Sidecars that tests of the plug-in share: starting one takes longer than most requests."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest

sys.path.insert(0, str(Path(__file__).parent))

# What gRPC does in a process that forks would start threads in the children of other tests.
os.environ.setdefault("GRPC_ENABLE_FORK_SUPPORT", "0")

from cmp_sidecar import PLUGIN, REAL_VARIABLE, Sidecar, bare_environment, confined

if TYPE_CHECKING:
    from collections.abc import Iterator

# Argo CD's own server comes beside the stand-in where someone has one; no package carries it.
REAL: Final = os.environ.get(REAL_VARIABLE, "")
SERVERS: Final = ["stand-in", *([pytest.param("argocd", marks=pytest.mark.integration)] if REAL else [])]
# Nobody may write to the root, the user is the sidecar's, and the program starts.
PROBE: Final = (
    "import os, subprocess, sys; "
    "assert os.statvfs('/').f_flag & os.ST_RDONLY and os.getuid() == 999; "
    "sys.exit(subprocess.run(['kusion-render', '--version'], stdout=-3).returncode)"
)


@pytest.fixture(scope="session", params=SERVERS)
def server(request: pytest.FixtureRequest) -> str:
    """Return the path of Argo CD's own program, or nothing for the stand-in."""
    return REAL if request.param == "argocd" else ""


@pytest.fixture(scope="session")
def sidecar(server: str) -> Iterator[Sidecar]:
    """A sidecar with our plug-in."""
    with Sidecar(PLUGIN, real=server) as made:
        yield made


@pytest.fixture(scope="session")
def confined_sidecar(server: str, confinement: None) -> Iterator[Sidecar]:  # noqa: ARG001 - it skips
    """A sidecar with our plug-in whose user is 999 and whose root is read-only."""
    with Sidecar(PLUGIN, real=server, confine=True) as made:
        yield made


@pytest.fixture(scope="session")
def confinement() -> None:
    """Skip where a test can't give up its rights, as where it has none to begin with."""
    with tempfile.TemporaryDirectory(prefix="cmp-") as folder:
        try:
            done = subprocess.run(
                [*confined(folder), sys.executable, "-c", PROBE],
                env=bare_environment(),
                capture_output=True,
                text=True,
                check=False,
            )
        except FileNotFoundError as error:
            pytest.skip(f"needs unshare: {error}")
    if done.returncode:
        pytest.skip(f"this machine lets no test give up its rights: {done.stderr.strip()[-200:]}")
