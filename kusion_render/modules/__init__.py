"""Modules turn one part of an app, its workload or an accessory, into resources and a patcher.

A module is a folder here: `__init__.py` with `VERSION` and `generate(request, diagnostics)`, `schema.json`, `README.md`.
Built-ins are found through a generated table; third parties through the entry-point group `kusion_render.modules`, with
the same protocol. A generator is pure: no clock, randomness, environment, network or file.
"""

from __future__ import annotations

import sys

from kusion_render.generator import Context, GeneratorRequest, GeneratorResponse
from kusion_render.modules.table import MODULES

__all__ = [
    "MODULES",
    "Context",
    "GeneratorRequest",
    "GeneratorResponse",
    "Module",
    "entries",
    "load",
    "module_name",
    "names",
    "schema_of",
    "workload_kind",
]

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any, Final, Protocol

    from kusion_render.diagnostics import Diagnostics

    class Module(Protocol):
        """What every module offers."""

        VERSION: str

        def generate(self, request: GeneratorRequest, diagnostics: Diagnostics) -> GeneratorResponse:
            """Make the resources and the patcher for one config."""


ENTRY_POINTS: Final = "kusion_render.modules"


def module_name(key: str, config: Any) -> str:
    """Return the module of a workload or accessory: by `_type`, else by `module`, else by its key.

    Keys find modules whatever their case, so `opsRule` finds `opsrule`.
    """
    if isinstance(config, dict):
        kind = config.get("_type")
        if kind is not None:
            return str(kind).partition(".")[0]
        named = config.get("module")
        if named is not None:
            return str(named)
        if key == "workload":
            return "job" if config.get("schedule") is not None else "service"
    return key.lower() if key not in MODULES else key


def workload_kind(app: Mapping[str, Any]) -> str:
    """Return the kind of object that an app's workload becomes, "" where the app has none."""
    workload = app.get("workload")
    if not workload:
        return ""
    if module_name("workload", workload) == "job":
        return "CronJob" if workload.get("schedule") else "Job"
    return str(workload.get("type") or "Deployment")


def load(name: str) -> Module | None:
    """Return the module called `name`, or None. A built-in's name can't be taken over."""
    path = MODULES.get(name)
    if path is None:
        return _third_party(name)
    module: Any = sys.modules.get(path) or __import__(path, fromlist=["generate"])
    return module  # type: ignore[no-any-return]  # a package satisfies the protocol; its tests say so


def _third_party(name: str) -> Module | None:
    from importlib.metadata import entry_points

    found = entry_points(group=ENTRY_POINTS, name=name)
    for point in found:
        module: Module = point.load()
        return module
    return None


def schema_of(name: str) -> dict[str, Any] | None:
    """Return the JSON Schema of a third party's module, which lies beside it; None for a built-in, whose is generated.

    A module without a schema accepts every map.
    """
    if name in MODULES:
        return None
    import json
    import os

    module = load(name)
    place = os.path.dirname(getattr(module, "__file__", None) or "")
    path = os.path.join(place, "schema.json")
    if module is None or not os.path.isfile(path):
        return {"type": "object"}
    with open(path, encoding="utf-8") as stream:
        schema: dict[str, Any] = json.load(stream)
    return schema


def names() -> list[str]:
    """Return the names of all modules that can be used here, built-in ones first."""
    from importlib.metadata import entry_points

    return [*MODULES, *sorted(point.name for point in entry_points(group=ENTRY_POINTS) if point.name not in MODULES)]


def entries(config: Mapping[str, Any]) -> list[tuple[str, Mapping[str, Any]]]:
    """Return the named entries of an accessory that is a map of names, without what only names its module."""
    return [(name, value or {}) for name, value in config.items() if name not in ("module", "_type")]
