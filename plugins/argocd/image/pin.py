"""Pin what the plug-in's image installs: every wheel by version and digest.

`make requirements` runs it. pip itself resolves and says the digests (`pip install --dry-run --report`), once for each
Python and machine the image may be built for, so one file serves them all. Only wheels: a source package would run its
own code in the build.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

PLUGIN: Final = Path(__file__).resolve().parent.parent
PROJECT: Final = PLUGIN.parent.parent
PYTHONS: Final = ("3.11", "3.12", "3.13", "3.14")
MACHINES: Final = ("x86_64", "aarch64")
# The C library of the oldest Debian that the slim images of these Pythons stand on; it runs wheels made for older ones.
NEWEST_GLIBC: Final = 36
OLDEST_GLIBC: Final = 17
HEAD: Final = "# Written by `make requirements`: {what}.\n"


class Pin:
    """One package: the version that all Pythons get, and the digest of each wheel that one of them may install."""

    def __init__(self, version: str) -> None:
        self.version: Final = version
        self.digests: Final[set[str]] = set()


def main() -> int:
    """Write all requirements files anew."""
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))
    wanted = {
        "requirements.txt": ("what runs in the image", project["project"]["dependencies"]),
        "requirements-kcl.txt": ("what evaluates KCL", project["project"]["optional-dependencies"]["kcl"]),
        "requirements-build.txt": ("what builds the image", project["build-system"]["requires"]),
    }
    for name, (what, requirements) in wanted.items():
        text = HEAD.format(what=what) + "".join(lines(pins(requirements)))
        (PLUGIN / name).write_text(text, encoding="utf-8")
    return 0


def pins(requirements: Iterable[str]) -> dict[str, Pin]:
    """Return the pins of the requirements and all that they require, by package name.

    The first Python decides the versions: the oldest one, which the fewest releases support. A package that only some
    Pythons need is pinned for all; it does no harm elsewhere.
    """
    found: dict[str, Pin] = {}
    for python in PYTHONS:
        for machine in MACHINES:
            for item in resolve(requirements, python, machine, found):
                name = item["metadata"]["name"].lower().replace("_", "-").replace(".", "-")
                pin = found.setdefault(name, Pin(item["metadata"]["version"]))
                pin.digests.add(item["download_info"]["archive_info"]["hashes"]["sha256"])
    return found


def resolve(requirements: Iterable[str], python: str, machine: str, fixed: Mapping[str, Pin]) -> list[dict[str, Any]]:
    """Return pip's report on what it would install for a Python and a machine, within the versions already fixed.

    Raises:
        CalledProcessError: when there is no such set of wheels; pip has said why.
    """
    platforms = [f"manylinux_2_{minor}_{machine}" for minor in range(NEWEST_GLIBC, OLDEST_GLIBC - 1, -1)]
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as constraints:
        constraints.writelines(f"{name}=={pin.version}\n" for name, pin in fixed.items())
        constraints.flush()
        command = [
            *(sys.executable, "-m", "pip", "install", "--dry-run", "--ignore-installed", "--quiet", "--report", "-"),
            *("--only-binary=:all:", "--implementation=cp", f"--python-version={python}", "--target=unused"),
            *(f"--platform={each}" for each in [*platforms, f"manylinux2014_{machine}"]),
            *("--constraint", constraints.name, *requirements),
        ]
        done = subprocess.run(command, stdout=subprocess.PIPE, check=True)
    report: dict[str, list[dict[str, Any]]] = json.loads(done.stdout)
    return report["install"]


def lines(found: Mapping[str, Pin]) -> Iterable[str]:
    """Return the lines of a requirements file, sorted."""
    for name, pin in sorted(found.items()):
        digests = "".join(f" \\\n    --hash=sha256:{digest}" for digest in sorted(pin.digests))
        yield f"{name}=={pin.version}{digests}\n"


if __name__ == "__main__":
    sys.exit(main())
