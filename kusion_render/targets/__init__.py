"""Targets turn Specs into files: one folder each, with `SCOPE` and `emit(specs, options, diagnostics)`.

Nothing is written here. Built-ins are found by folder, third parties' through the entry-point group
`kusion_render.targets`.
"""

from __future__ import annotations

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any, Final, Protocol

    from kusion_render.diagnostics import Diagnostics, Json
    from kusion_render.model import Spec

    class Target(Protocol):
        """What every target offers: files by their path below the output folder."""

        SCOPE: str

        def emit(
            self, specs: Sequence[Spec], options: Mapping[str, Json], diagnostics: Diagnostics
        ) -> Mapping[str, str | bytes]:
            """Return files by path, with forward slashes, relative to the output folder."""


ENTRY_POINTS: Final = "kusion_render.targets"


def load(name: str) -> Target | None:
    """Return the target called `name`, or None. A built-in's name can't be taken over."""
    path = f"{__name__}.{name}"
    if path in sys.modules or name in built_in():
        module: Any = sys.modules.get(path) or __import__(path, fromlist=["emit"])
        return module  # type: ignore[no-any-return]  # a package satisfies the protocol; its tests say so
    from importlib.metadata import entry_points

    for point in entry_points(group=ENTRY_POINTS, name=name):
        target: Target = point.load()
        return target
    return None


def takes_cloud(target: Target) -> bool:
    """Tell whether a target says, with `CLOUD = True`, that it can express cloud resources."""
    return bool(getattr(target, "CLOUD", False))


def built_in() -> list[str]:
    """Return the names of the targets that come along, sorted."""
    import os

    with os.scandir(os.path.dirname(__file__)) as entries:
        return sorted(entry.name for entry in entries if entry.is_dir() and not entry.name.startswith(("_", ".")))


def names() -> list[str]:
    """Return the names of all targets that can be used here, built-in ones first."""
    from importlib.metadata import entry_points

    known = built_in()
    return [*known, *sorted(point.name for point in entry_points(group=ENTRY_POINTS) if point.name not in known)]
