"""No field of the published schemas is forgotten: each is used in `cases/fields`, rendered in both modes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import pytest
import yaml
from field_page import NOTHING, PAGE, page
from fields import DOCUMENTS, EVERYWHERE, fields_of, published, used_in
from workbench import PROJECT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

REPOSITORY: Final = PROJECT / "tests/cases/fields/repo"


def files_of(document: str) -> Iterator[Path]:
    """Yield the files of the repository that hold a document of that name."""
    if document == "workspace":
        yield from REPOSITORY.glob("workspaces/*.yaml")
    elif document == "app-configuration":
        yield from REPOSITORY.glob("shared/*.yaml")
        yield from REPOSITORY.rglob("*app.yaml")
    else:
        yield from REPOSITORY.rglob(f"{document}.yaml")


def read(path: Path) -> Any:
    """Return the data of a file."""
    return yaml.safe_load(path.read_text(encoding="utf-8"))


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_field_is_rendered(document: str) -> None:
    """A field that no file of the repository uses has no test: use it there, and read what it renders to."""
    used = {field for path in files_of(document) for field in used_in(read(path), document)}

    assert [] == sorted(fields_of(document).keys() - used)


def test_the_published_schemas_hold_no_field_of_their_own() -> None:
    """What a module's own schema has, the one of app files has, too: that is the one the test above walks."""
    known = set(fields_of("app-configuration"))
    for path in sorted((PROJECT / "schemas/v1/modules").glob("*.json")):
        name = f"Module{path.stem.capitalize()}"
        own = {
            f"{name}.{key}" for key in published(f"modules/{path.stem}").get("properties", {}) if key not in EVERYWHERE
        }

        assert own <= known


@pytest.mark.parametrize(
    ("data", "document", "expected"),
    [
        ({"web": {"enabled": True}}, "app-configuration", {"App.enabled"}),
        ({"web": {"enable": True}}, "app-configuration", set()),
        ({"namespace": {"name": "a"}}, "project", {"project.namespace", "NamespaceSettings.name"}),
        ({"namespace": "a"}, "project", {"project.namespace"}),
    ],
)
def test_a_field_counts_where_its_schema_takes_it(data: Any, document: str, expected: set[str]) -> None:
    """Only a value that one of the forms allows uses the fields of that form."""
    assert expected == used_in(data, document)


def test_every_field_has_its_line_in_the_reference(request: pytest.FixtureRequest) -> None:
    """The page of all fields is what the schemas, the examples and their render say today; `make golden` rewrites it."""
    made = page()
    if request.config.getoption("--update-golden"):
        PAGE.write_text(made, encoding="utf-8")

    assert made == PAGE.read_text(encoding="utf-8")


def test_what_makes_nothing_is_a_field() -> None:
    """The list of fields that make nothing by themselves names no field that is gone."""
    assert NOTHING.keys() <= fields_of("app-configuration").keys()
