"""Scalars at string positions: what was typed, as the text Kubernetes wants."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from kusion_render.diagnostics import Json


def text(value: Json) -> str:
    """Return a scalar as its YAML source text; scalars with another spelling were resolved on reading."""
    if type(value) is str:
        return value
    if value is True:
        return "true"
    if value is False:
        return "false"
    return str(value)


def texts(data: Mapping[str, Json] | None) -> dict[str, str]:
    """Return a map of labels, annotations or data with every value as text."""
    return {key: text(value) for key, value in data.items()} if data else {}


def reference(value: str, scheme: str) -> tuple[str, str] | None:
    """Split `secret://NAME/KEY` or `config://NAME/KEY`; the key is empty in `secret://NAME`, None: not such a value."""
    prefix = scheme + "://"
    if not value.startswith(prefix):
        return None
    name, _, key = value[len(prefix) :].partition("/")
    return name, key
