"""The outside programs of tests: found, or said to be missing."""

from __future__ import annotations

import os
import shutil

import pytest
from workbench import PROJECT


def tool(name: str) -> str:
    """Return the path of a program; without it the test is skipped, or fails under KR_REQUIRE_TOOLS."""
    path = shutil.which(name) or shutil.which(name, path=str(PROJECT / ".venv/tools/bin"))
    if path is None:
        if os.environ.get("KR_REQUIRE_TOOLS"):
            pytest.fail(f"{name} is not installed; `make tools` installs it")
        pytest.skip(f"{name} is not installed; `make tools` installs it")
    return path


def tool_path(*names: str) -> dict[str, str]:
    """Return an environment whose PATH finds these programs."""
    folders = [os.path.dirname(tool(name)) for name in names]
    return {"PATH": os.pathsep.join([*dict.fromkeys(folders), os.environ.get("PATH", os.defpath)])}
