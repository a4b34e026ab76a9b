"""Bounds on what is read: the repository may lower them, only the operator's environment raises them."""

from __future__ import annotations

from kusion_render.diagnostics import UsageError
from kusion_render.yamlio import Limits

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any, Final

_PREFIX: Final = "KUSION_RENDER_"
# The settings file's names, the environment's, and ours.
_NAMES: Final = (
    ("maxFileBytes", "MAX_FILE_BYTES", "max_bytes"),
    ("maxNesting", "MAX_NESTING", "depth"),
    ("maxNodes", "MAX_NODES", "nodes"),
    ("maxDocuments", "MAX_DOCUMENTS", "documents"),
)


def limits_for(environment: Mapping[str, str]) -> Limits:
    """Return the operator's bounds: ours, changed by `KUSION_RENDER_MAX_FILE_BYTES` and its like.

    Raises:
        UsageError: when a variable holds no positive whole number.
    """
    chosen = {}
    for _, variable, name in _NAMES:
        text = environment.get(_PREFIX + variable)
        if text:
            if not (text.isascii() and text.isdigit() and int(text)):
                raise UsageError(f"{_PREFIX}{variable} must be a positive whole number")
            chosen[name] = int(text)
    return Limits(**chosen)


def lowered(limits: Limits, wanted: Mapping[str, Any]) -> Limits:
    """Return bounds lowered to what a repository's `limits` asks for; a greater wish changes nothing."""
    return Limits(
        **{
            name: min(getattr(limits, name), wanted.get(setting) or getattr(limits, name))
            for setting, _, name in _NAMES
        }
    )
