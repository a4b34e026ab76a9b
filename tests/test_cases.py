"""Runs every case: a repository, a command line, and what it prints.

A case is a folder below `cases/` with `case.toml` (`command`, `exit_code`, and in a comment the rule it shows), `repo/`,
and `expected/stdout.yaml` and `expected/stderr.txt`, each only where something is printed.
"""

from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING, Any, Final

import pytest
import yaml
from workbench import PROJECT

from kusion_render.cli import run
from kusion_render.modules import MODULES

if TYPE_CHECKING:
    from pathlib import Path

CASES: Final = PROJECT / "tests/cases"
FOLDERS: Final = sorted(path.parent for path in CASES.rglob("case.toml"))


def expected(case: Path, name: str) -> str:
    """Return an expected output of a case; nothing where there is no file."""
    path = case / "expected" / name
    return path.read_text(encoding="utf-8") if path.exists() else ""


def update(case: Path, name: str, text: str) -> None:
    """Rewrite an expected output of a case."""
    path = case / "expected" / name
    path.unlink(missing_ok=True)
    if text:
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")


@pytest.mark.parametrize("case", FOLDERS, ids=lambda path: path.relative_to(CASES).as_posix())
def test_case(
    case: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfdbinary: pytest.CaptureFixture[bytes],
    request: pytest.FixtureRequest,
) -> None:
    """A case prints, byte for byte, what its folder says, and ends with its exit code."""
    settings = tomllib.loads((case / "case.toml").read_text(encoding="utf-8"))
    assert (case / "repo/kusion-render.yaml").exists(), "without it the root would be this project's own"
    monkeypatch.chdir(case / "repo")
    for name in ("KUSION_RENDER_ROOT", "ARGOCD_APP_NAMESPACE", "GITHUB_ACTIONS", "CI", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)

    exit_code = run(settings["command"])
    printed = capfdbinary.readouterr()
    found = {"stdout.yaml": printed.out.decode(), "stderr.txt": printed.err.decode()}
    if request.config.getoption("--update-golden"):
        for name, text in found.items():
            update(case, name, text)

    assert (settings["exit_code"], expected(case, "stderr.txt")) == (exit_code, found["stderr.txt"])
    assert expected(case, "stdout.yaml") == found["stdout.yaml"]


@pytest.mark.parametrize("module", MODULES)
def test_every_module_has_a_case(module: str) -> None:
    """No module is without a case that shows what it makes."""
    assert any((CASES / "modules" / module).glob("*/case.toml"))


KUSION: Final = [folder for folder in FOLDERS if (folder / "kusion.yaml").exists()]
EMPTY: Final[tuple[Any, ...]] = (None, {}, [], "")
# What Go writes for fields that hold nothing, and what only the API server may fill.
NOT_OURS: Final = ("creationTimestamp", "status")


def plain(data: Any) -> Any:
    """Return data without its empty parts."""
    if isinstance(data, dict):
        pruned = {key: plain(value) for key, value in data.items() if key not in NOT_OURS}
        return {key: value for key, value in pruned.items() if value not in EMPTY}
    return [plain(item) for item in data] if isinstance(data, list) else data


def by_identity(text: str) -> dict[tuple[str, ...], Any]:
    """Return a stream's objects by what makes them one and the same."""
    objects = [plain(each) for each in yaml.safe_load_all(text)]
    return {
        (each["apiVersion"], each["kind"], each["metadata"].get("namespace", ""), each["metadata"]["name"]): each
        for each in objects
    }


@pytest.mark.parametrize("case", KUSION, ids=lambda path: path.relative_to(CASES).as_posix())
def test_kusion_makes_the_same(case: Path) -> None:
    """In kusion mode the objects are those of Kusion's generators, apart from empty fields and order."""
    wanted = by_identity((case / "kusion.yaml").read_text(encoding="utf-8"))

    assert wanted == by_identity(expected(case, "stdout.yaml"))


def test_the_worked_examples_are_there() -> None:
    """Services, stacks, jobs, Secrets, files and topology spread are each compared with Kusion."""
    assert {
        "job/kusion-cron-job",
        "job/kusion-job",
        "monitoring/kusion-annotations",
        "monitoring/kusion-operator",
        "mysql/kusion-local",
        "network/kusion-ports",
        "opsrule/kusion-collaset",
        "secrets/kusion-secrets",
        "service/kusion-inline-file",
        "service/kusion-spread",
        "service/kusion-stacks",
    } <= {folder.relative_to(CASES / "modules").as_posix() for folder in KUSION}
