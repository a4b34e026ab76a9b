"""The page on rendered manifests, typed in line by line; the workflows it and its neighbour show fit the pieces."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

import pytest
import yaml
from pages import type_in
from pipelines import ACTION, TEMPLATE, install
from sources import Sources
from workbench import PROJECT

if TYPE_CHECKING:
    from pathlib import Path

PAGE: Final = PROJECT / "docs/how-to/rendered-manifests.md"
PAGES: Final = [PAGE, PROJECT / "docs/how-to/ci.md"]


def test_the_page_is_what_happens(tmp_path: Path) -> None:
    """Each command, in order, in one repository, prints what the page shows."""
    sources = Sources.begin(tmp_path)
    install(tmp_path / "programs")

    assert type_in(PAGE, sources.root, tmp_path / "programs") > 20


def workflows(page: Path) -> list[dict[str, Any]]:
    """Return the workflows, jobs and includes that a page shows."""
    blocks = re.findall(r"```yaml\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL)
    return [each for block in blocks for each in yaml.safe_load_all(block) if isinstance(each, dict)]


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.name)
def test_workflows_use_what_there_is(page: Path) -> None:
    """Inputs and commands of the action, outputs that are asked for, variables of the template."""
    action = yaml.safe_load((ACTION / "action.yml").read_text())
    template = TEMPLATE.read_text()
    uses = 0
    for workflow in workflows(page):
        for job in workflow.get("jobs", {}).values():
            for step in job["steps"]:
                if "/plugins/github@" in step.get("uses", ""):
                    uses += 1
                    assert set(step["with"]) <= set(action["inputs"])
                    assert f"`{step['with']['command']}`" in action["inputs"]["command"]["description"]
                assert "${{" not in step.get("run", "")
        for name in workflow.get("variables", {}):
            assert f"#   {name} " in template
    assert uses
    asked = re.findall(r"steps\.\w+\.outputs\.(\w+)", page.read_text(encoding="utf-8"))
    assert set(asked) <= set(action["outputs"])
