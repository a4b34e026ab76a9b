"""A MySQL database beside the app or in a cloud, and the variables by which the app finds it."""

from __future__ import annotations

from kusion_render.modules import database

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final

    from kusion_render.diagnostics import Diagnostics
    from kusion_render.modules import GeneratorRequest, GeneratorResponse

VERSION: Final = "1.0.0"

_MYSQL: Final = database.Engine(
    "mysql",
    "MySQL",
    port=3306,
    folder="/var/lib/mysql",
    username="root",
    variables=("MYSQL_USER", "MYSQL_PASSWORD", "MYSQL_DATABASE"),
    root="MYSQL_ROOT_PASSWORD",
    settings={"MYSQL_RANDOM_ROOT_PASSWORD": "yes"},  # without a password of `root` the image does not start
)


def generate(request: GeneratorRequest, diagnostics: Diagnostics) -> GeneratorResponse:
    """Make the database and what leads to it."""
    return database.generate(_MYSQL, request, diagnostics)
