"""Bounds on what is read: the repository may lower them, only the operator's environment raises them."""

from __future__ import annotations

from kusion_render.diagnostics import UsageError
from kusion_render.yamlio import Limits

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any, Final

_PREFIX: Final = "KUSION_RENDER_"
# The settings file's names, the environment's, and ours.
_NAMES: Final = (
    ("maxFileBytes", "MAX_FILE_BYTES", "max_bytes"),
    ("maxNesting", "MAX_NESTING", "depth"),
    ("maxNodes", "MAX_NODES", "nodes"),
    ("maxDocuments", "MAX_DOCUMENTS", "documents"),
    ("maxKclSeconds", "MAX_KCL_SECONDS", "kcl_seconds"),
    ("maxKclBytes", "MAX_KCL_BYTES", "kcl_bytes"),
)


# A stream is handed over by the operator's own tools; one document of it may be a `List` of all objects.
_STREAM_NAMES: Final = (
    ("MAX_STREAM_BYTES", "max_bytes"),
    ("MAX_NESTING", "depth"),
    ("MAX_STREAM_NODES", "nodes"),
)
_STREAM_BYTES: Final = 100 << 20
_STREAM_NODES: Final = 2_000_000


def limits_for(environment: Mapping[str, str]) -> Limits:
    """Return the operator's bounds: ours, changed by `KUSION_RENDER_MAX_FILE_BYTES` and its like.

    Raises:
        UsageError: when a variable holds no positive whole number.
    """
    return Limits(**_chosen(environment, [(variable, name) for _, variable, name in _NAMES]))


def stream_limits(environment: Mapping[str, str]) -> Limits:
    """Return the operator's bounds on manifests read from a stream: `max_bytes` of all, `nodes` of a document.

    Raises:
        UsageError: as `limits_for`.
    """
    return Limits(**{"max_bytes": _STREAM_BYTES, "nodes": _STREAM_NODES, **_chosen(environment, _STREAM_NAMES)})


def _chosen(environment: Mapping[str, str], names: Sequence[tuple[str, str]]) -> dict[str, int]:
    chosen = {}
    for variable, name in names:
        text = environment.get(_PREFIX + variable)
        if text:
            if not (text.isascii() and text.isdigit() and int(text)):
                raise UsageError(f"{_PREFIX}{variable} must be a positive whole number")
            chosen[name] = int(text)
    return chosen


def lowered(limits: Limits, wanted: Mapping[str, Any]) -> Limits:
    """Return bounds lowered to what a repository's `limits` asks for; a greater wish changes nothing."""
    return Limits(
        **{
            name: min(getattr(limits, name), wanted.get(setting) or getattr(limits, name))
            for setting, _, name in _NAMES
        }
    )
