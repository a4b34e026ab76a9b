"""The schema packages that come with this program, under the names of Kusion's.

Written by hand, in KCL, in `packages/`; `job`'s copies of what it shares with `service` are made by `make schemas`.
"""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final

PACKAGES: Final = (
    "inference",
    "job",
    "k8s_manifest",
    "kam",
    "monitoring",
    "mysql",
    "network",
    "opensearch",
    "opsrule",
    "postgres",
    "service",
)
FOLDER: Final = os.path.join(os.path.dirname(__file__), "packages")
# What a job's container and Secret are made of is a service's, under another name.
_SHARED: Final = (
    "container/container.k",
    "container/lifecycle/lifecycle.k",
    "container/probe/probe.k",
    "secret/secret.k",
)


def package_folder(name: str) -> str:
    """Return the folder of one of `PACKAGES`."""
    return os.path.join(FOLDER, name)


def shared_files() -> dict[str, str]:
    """Return the files of `job` that are made from those of `service`, by their path below `packages/`."""
    files = {}
    for path in _SHARED:
        with open(os.path.join(FOLDER, "service", path), encoding="utf-8") as stream:
            files[f"job/{path}"] = stream.read().replace("import service.", "import job.")
    return files
