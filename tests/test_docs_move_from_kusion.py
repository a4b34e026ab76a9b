"""The page on leaving Kusion, typed in line by line, in a repository as Kusion has it."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Final

from pages import type_in
from pipelines import install
from sources import Sources
from workbench import NEEDS_KCL, PROJECT

if TYPE_CHECKING:
    from pathlib import Path

PAGE: Final = PROJECT / "docs/how-to/move-from-kusion.md"
EXAMPLE: Final = PROJECT / "examples/kusion"


@NEEDS_KCL
def test_the_page_is_what_happens(tmp_path: Path) -> None:
    """Each command prints what the page shows; there is nothing of ours in the repository before."""
    sources = Sources(tmp_path / "sources")
    shutil.copytree(EXAMPLE / "orders", sources.root / "orders")
    sources.git("init", "-q", "-b", "main")
    sources.git("add", ".")
    sources.git("commit", "-qm", "As Kusion has it")
    shutil.copytree(EXAMPLE / "workspaces", sources.root / "workspaces")
    install(tmp_path / "programs")

    assert type_in(PAGE, sources.root, tmp_path / "programs") > 15
