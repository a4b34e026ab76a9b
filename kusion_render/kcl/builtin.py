"""The schema packages that come with this program, under the names of Kusion's or of our modules.

`make schemas` writes those that follow a JSON Schema into `packages/`; `schema.kcl_layout` says which.
"""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final

# Packages that Kusion has under the same names.
KUSIONS: Final = (
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
# What a package of ours imports from another one.
BENEATH: Final = {"job": "service"}
PACKAGES: Final = (*KUSIONS, "autoscaling", "configs", "disruptionbudget", "secrets", "serviceaccounts")
FOLDER: Final = os.path.join(os.path.dirname(__file__), "packages")


def package_folder(name: str) -> str:
    """Return the folder of one of `PACKAGES`."""
    return os.path.join(FOLDER, name)
