"""A PostgreSQL database beside the app or in a cloud, and the variables by which the app finds it."""

from __future__ import annotations

from kusion_render.modules import database

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final

    from kusion_render.diagnostics import Diagnostics
    from kusion_render.modules import GeneratorRequest, GeneratorResponse

VERSION: Final = "1.0.0"

_POSTGRES: Final = database.Engine(
    "postgres",
    "PostgreSQL",
    port=5432,
    folder="/var/lib/postgresql/data",
    username="kusion_default",
    variables=("POSTGRES_USER", "POSTGRES_PASSWORD", "POSTGRES_DB"),
    settings={"PGDATA": "/var/lib/postgresql/data"},  # the image's own choice depends on its version
)


def generate(request: GeneratorRequest, diagnostics: Diagnostics) -> GeneratorResponse:
    """Make the database and what leads to it."""
    return database.generate(_POSTGRES, request, diagnostics)
