"""Fixtures of all tests."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from workbench import Workbench


@pytest.fixture
def workbench(tmp_path: Path) -> Workbench:
    """An empty folder to build a repository in."""
    return Workbench(tmp_path)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option that rewrites golden files; what it changed is read in review like code."""
    parser.addoption("--update-golden", action="store_true", help="rewrite expected output")
