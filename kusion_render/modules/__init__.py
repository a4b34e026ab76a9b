"""Modules turn one part of an app, its workload or an accessory, into resources and a patcher.

A module is a folder here: `__init__.py` with `VERSION` and `generate(request, diagnostics)`, `schema.json`, `README.md`.
Built-ins are found through a generated table; third parties through the entry-point group `kusion_render.modules`, with
the same protocol. A generator is pure: no clock, randomness, environment, network or file.
"""

from __future__ import annotations

import sys

from kusion_render.model import Resource
from kusion_render.modules.table import MODULES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any, Final, Protocol

    from kusion_render.diagnostics import Diagnostics, Pointer
    from kusion_render.model import Patcher

    class Module(Protocol):
        """What every module offers."""

        VERSION: str

        def generate(self, request: GeneratorRequest, diagnostics: Diagnostics) -> GeneratorResponse:
            """Make the resources and the patcher for one config."""


NAME_LABEL: Final = "app.kubernetes.io/name"
PART_OF_LABEL: Final = "app.kubernetes.io/part-of"
ENTRY_POINTS: Final = "kusion_render.modules"


class Context:
    """What is the same for all apps of one render.

    `apps` is the read-only index of the stack's apps; `contents` holds the files of the repository that they name with
    `from`, by path; `namespace` is the effective one, `workspace` the workspace file's content.
    """

    __slots__ = ("apps", "compatibility", "contents", "namespace", "project", "stack", "workspace")

    def __init__(
        self,
        *,
        project: str,
        stack: str,
        namespace: str,
        compatibility: str,
        workspace: Mapping[str, Any],
        apps: Mapping[str, Any],
        contents: Mapping[str, bytes],
    ) -> None:
        self.project: Final = project
        self.stack: Final = stack
        self.namespace: Final = namespace
        self.compatibility: Final = compatibility
        self.workspace: Final = workspace
        self.apps: Final = apps
        self.contents: Final = contents


class GeneratorRequest:
    """What a module is asked: its config, merged and checked, and the app around it.

    `place` is where the config stands in the stack's apps, for diagnostics.
    """

    __slots__ = ("app", "config", "context", "module", "place")

    def __init__(self, context: Context, app: str, config: Mapping[str, Any], module: str, place: Pointer) -> None:
        self.context: Final = context
        self.app: Final = app
        self.config: Final = config
        self.module: Final = module
        self.place: Final = place

    @property
    def kusion(self) -> bool:
        """Whether names and quirks are Kusion's."""
        return self.context.compatibility == "kusion"

    @property
    def name(self) -> str:
        """The name of the app's objects."""
        return f"{self.context.project}-{self.context.stack}-{self.app}" if self.kusion else self.app

    @property
    def app_config(self) -> Mapping[str, Any]:
        """The whole app, workload and accessories included."""
        config: Mapping[str, Any] = self.context.apps[self.app]
        return config

    @property
    def app_labels(self) -> Mapping[str, str]:
        """The labels that the app gives to all its objects; Kusion accepts them and uses them nowhere."""
        return {} if self.kusion else labels_of(self.app_config)

    @property
    def labels(self) -> dict[str, str]:
        """The two labels that tell the app's objects from others: also its selector."""
        own = self.app_labels
        return {NAME_LABEL: own.get(NAME_LABEL, self.app), PART_OF_LABEL: own.get(PART_OF_LABEL, self.context.project)}

    def resource(
        self,
        api_version: str,
        kind: str,
        name: str,
        fields: Mapping[str, Any],
        *,
        labels: Mapping[str, str] | None = None,
        annotations: Mapping[str, str] | None = None,
        bare: bool = False,
        cluster_scoped: bool = False,
        workload: bool = False,
        place: Pointer | None = None,
    ) -> Resource:
        """Return a Kubernetes object of this app; `bare` leaves out the app's own labels, as Kusion does in places."""
        metadata: dict[str, Any] = {"name": name}
        if not cluster_scoped:
            metadata["namespace"] = self.context.namespace
        merged = {**({} if bare else {**self.app_labels, **self.labels}), **(labels or {})}
        if merged:
            metadata["labels"] = merged
        if annotations:
            metadata["annotations"] = dict(annotations)
        attributes = {"apiVersion": api_version, "kind": kind, "metadata": metadata, **fields}
        return Resource(attributes, self.module, app=self.app, place=place or self.place, workload=workload)


class GeneratorResponse:
    """What a module answers: resources in the order to be made, and what to patch into the app's workload.

    `existing` names objects (kind, name) that live elsewhere, so that references to them are no mistake.
    """

    __slots__ = ("existing", "patcher", "resources")

    def __init__(
        self,
        resources: Sequence[Resource],
        patcher: Patcher | None = None,
        existing: Sequence[tuple[str, str]] = (),
    ) -> None:
        self.resources: Final = resources
        self.patcher: Final = patcher
        self.existing: Final = existing


def labels_of(app: Mapping[str, Any]) -> dict[str, str]:
    """Return an app's own labels as texts."""
    from kusion_render.workload.text import texts

    return texts(app.get("labels"))


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


def names() -> list[str]:
    """Return the names of all modules that can be used here, built-in ones first."""
    from importlib.metadata import entry_points

    return [*MODULES, *sorted(point.name for point in entry_points(group=ENTRY_POINTS) if point.name not in MODULES)]


def entries(config: Mapping[str, Any]) -> list[tuple[str, Mapping[str, Any]]]:
    """Return the named entries of an accessory that is a map of names, without what only names its module."""
    return [(name, value or {}) for name, value in config.items() if name not in ("module", "_type")]
