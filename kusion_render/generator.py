"""What the pipeline asks of a module, and what a module answers (Kusion's generator request and response)."""

from __future__ import annotations

from kusion_render.diagnostics import Place, Rule
from kusion_render.model import CloudResource, Resource, resource_id
from kusion_render.text import texts

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from typing import Any, Final

    from kusion_render.diagnostics import Diagnostics, Pointer
    from kusion_render.model import Patcher, WrittenManifest

NAME_LABEL: Final = "app.kubernetes.io/name"
PART_OF_LABEL: Final = "app.kubernetes.io/part-of"

FIELD_WITHOUT_EFFECT: Final = Rule("KR331", "field-without-effect")


class Context:
    """What is the same for all apps of one render.

    `apps` is the read-only index of the stack's apps; `contents` holds the files of the repository that they name with
    `from`, by path, `manifests` the objects of those that are manifests, by the path that an app names, a file or a
    folder; `cluster_scoped` are the kinds of custom resources that live in no namespace; `preview` is the name of a
    preview or ""; `namespace` is the effective one, `object_namespace` the one of what modules make, which differs
    only where Kusion's does; `workspace` is the workspace file's content. `written` returns the apps without what the
    platform adds. `cloud` says whether cloud resources can be made of what comes out.
    """

    __slots__ = (
        "apps",
        "cloud",
        "cluster_scoped",
        "compatibility",
        "contents",
        "manifests",
        "namespace",
        "object_namespace",
        "preview",
        "project",
        "stack",
        "workspace",
        "written",
    )

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
        object_namespace: str = "",
        written: Callable[[], Mapping[str, Any]] | None = None,
        manifests: Mapping[str, Sequence[WrittenManifest]] | None = None,
        cluster_scoped: Sequence[str] = (),
        preview: str = "",
        cloud: bool = False,
    ) -> None:
        self.cloud: Final = cloud
        self.project: Final = project
        self.stack: Final = stack
        self.namespace: Final = namespace
        self.compatibility: Final = compatibility
        self.workspace: Final = workspace
        self.apps: Final = apps
        self.contents: Final = contents
        self.object_namespace: Final = object_namespace or namespace
        self.written: Final = written or (lambda: apps)
        self.manifests: Final = manifests or {}
        self.cluster_scoped: Final = cluster_scoped
        self.preview: Final = preview


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
        return {} if self.kusion else texts(self.app_config.get("labels"))

    @property
    def app_annotations(self) -> Mapping[str, str]:
        """The annotations that the app gives to all its objects; Kusion accepts them and uses them nowhere."""
        return {} if self.kusion else texts(self.app_config.get("annotations"))

    @property
    def labels(self) -> dict[str, str]:
        """The two labels that tell the app's objects from others: also its selector."""
        own = self.app_labels
        return {NAME_LABEL: own.get(NAME_LABEL, self.app), PART_OF_LABEL: own.get(PART_OF_LABEL, self.context.project)}

    def refuse(self, fields: Iterable[str], kind: str, diagnostics: Diagnostics) -> None:
        """Report the fields of the config that objects of `kind` do not have, so that none is dropped silently."""
        for field in fields:
            if self.config.get(field) is not None:
                diagnostics.report(
                    FIELD_WITHOUT_EFFECT,
                    f"a {kind} has no `{field}`",
                    Place((*self.place, field), on_key=True),
                    help="remove it, or delete with `null` what lies beneath",
                )

    def id(self, api_version: str, kind: str, name: str) -> str:
        """Return the ID of an object in the namespace of what modules make, by which a patcher names it."""
        return resource_id(api_version, kind, self.context.object_namespace, name)

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
        namespace: str = "",
    ) -> Resource:
        """Return a Kubernetes object of this app.

        `bare` leaves out the app's own labels, as Kusion does in places; `namespace` is another than that of the
        app's objects.
        """
        metadata: dict[str, Any] = {"name": name}
        if not cluster_scoped:
            metadata["namespace"] = namespace or self.context.object_namespace
        merged = {**({} if bare else {**self.app_labels, **self.labels}), **(labels or {})}
        if merged:
            metadata["labels"] = merged
        noted = {**self.app_annotations, **(annotations or {})}
        if noted:
            metadata["annotations"] = noted
        attributes = {"apiVersion": api_version, "kind": kind, "metadata": metadata, **fields}
        return Resource(attributes, self.module, app=self.app, place=place or self.place, workload=workload)

    def cloud_resource(
        self,
        provider: str,
        type: str,  # noqa: A002 - Terraform's word
        name: str,
        attributes: Mapping[str, Any],
        settings: Mapping[str, Any] | None = None,
    ) -> CloudResource:
        """Return a resource of a cloud; asked for only where the context says `cloud`."""
        return CloudResource(
            provider, type, name, attributes, self.module, settings=settings, app=self.app, place=self.place
        )


class GeneratorResponse:
    """What a module answers: resources in the order to be made, and what to patch into the app's workload.

    `existing` names objects (kind, name) that live elsewhere, so that references to them are no mistake. `cloud` are
    resources that only an engine makes.
    """

    __slots__ = ("cloud", "existing", "patcher", "resources")

    def __init__(
        self,
        resources: Sequence[Resource],
        patcher: Patcher | None = None,
        existing: Sequence[tuple[str, str]] = (),
        cloud: Sequence[CloudResource] = (),
    ) -> None:
        self.cloud: Final = cloud
        self.resources: Final = resources
        self.patcher: Final = patcher
        self.existing: Final = existing


class Generated:
    """What the modules of a render, or of one app, made: objects, cloud resources, and what they say lives elsewhere."""

    __slots__ = ("cloud", "existing", "resources")

    def __init__(
        self, resources: list[Resource], existing: set[tuple[str, str]], cloud: Sequence[CloudResource] = ()
    ) -> None:
        self.resources: Final = resources
        self.existing: Final = existing
        self.cloud: Final = cloud
