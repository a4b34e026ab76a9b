"""The records every stage passes on: projects, stacks, workspaces, and the Spec that modules make."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from typing import Any, Final, Literal, TypeAlias

    from kusion_render.diagnostics import Json, Pointer, Span

    Compatibility: TypeAlias = Literal["native", "kusion"]
    NamespacePolicy: TypeAlias = Literal["set", "omit"]

    from kusion_render.origins import Positions
    from kusion_render.yamlio import Parsed


class Layer:
    """One source document before merging: the apps of one file, and where the file lies in the repository.

    `deletes` says that it may hold a `null` or a `$patch`, which must be settled after merging.
    """

    __slots__ = ("data", "deletes", "file", "parsed")

    def __init__(self, file: str, data: Mapping[str, Any], parsed: Parsed, *, deletes: bool) -> None:
        self.file: Final = file
        self.data: Final = data  # Any: the apps, not yet checked
        self.parsed: Final = parsed
        self.deletes: Final = deletes


class Namespace:
    """The Kubernetes namespace of a render, and whether its object is made.

    `partial` is the namespace of Kusion's extension: it holds the workloads' Secrets, all else stays in the project's.
    """

    __slots__ = ("annotations", "create", "explicit", "labels", "name", "partial")

    def __init__(
        self,
        name: str,
        *,
        explicit: bool = False,
        create: bool = False,
        labels: Mapping[str, str] | None = None,
        annotations: Mapping[str, str] | None = None,
        partial: bool = False,
    ) -> None:
        self.name: Final = name
        self.explicit: Final = explicit
        self.create: Final = create
        self.partial: Final = partial
        self.labels: Final = labels or {}
        self.annotations: Final = annotations or {}

    def of(self, name: str) -> Namespace:
        """Return the same namespace under another name."""
        return Namespace(
            name,
            explicit=self.explicit,
            create=self.create,
            labels=self.labels,
            annotations=self.annotations,
            partial=self.partial,
        )


class Project:
    """A folder with `project.yaml`. `path` and `file` are relative to the root; `data` is the file's content."""

    __slots__ = ("data", "file", "labels", "name", "path")

    def __init__(self, name: str, path: str, file: str, data: Mapping[str, Any]) -> None:
        self.name: Final = name
        self.path: Final = path
        self.file: Final = file
        self.data: Final = data  # Any: checked by the schema, read by key
        self.labels: Final[Mapping[str, Json]] = data.get("labels") or {}


class Stack:
    """A folder with `stack.yaml`: one deployable variant of its project.

    `workspaces` are the names of the workspaces it is rendered on, never empty; `""` stands for the empty workspace.
    """

    __slots__ = ("data", "file", "labels", "name", "path", "project", "workspaces")

    def __init__(
        self, name: str, project: Project, path: str, file: str, data: Mapping[str, Any], workspaces: Sequence[str]
    ) -> None:
        self.name: Final = name
        self.project: Final = project
        self.path: Final = path
        self.file: Final = file
        self.data: Final = data  # Any: checked by the schema, read by key
        self.labels: Final[Mapping[str, Json]] = data.get("labels") or {}
        self.workspaces: Final = tuple(workspaces)

    @property
    def key(self) -> str:
        """The name users say: `project/stack`."""
        return f"{self.project.name}/{self.name}"


class Workspace:
    """What the platform says about one deploy target; `file` is empty and `parsed` None for the one that has none.

    `deletes` is as in `Layer`.
    """

    __slots__ = ("data", "deletes", "file", "modules", "name", "parsed")

    def __init__(
        self, name: str, file: str, data: Mapping[str, Any], parsed: Parsed | None = None, *, deletes: bool = False
    ) -> None:
        self.name: Final = name
        self.file: Final = file
        self.data: Final = data  # Any: checked by the schema, read by key
        self.parsed: Final = parsed
        self.deletes: Final = deletes
        self.modules: Final[Mapping[str, Any]] = data.get("modules") or {}


class WrittenManifest:
    """One object of a file of manifests: `document` is the number of the one that holds it, `pointer` its place there.

    `data` is what stands there, if all is well a map; `content` is the whole file. `places` is an empty list that all
    objects of a file share: the first that is asked for a place keeps there what all of them need.
    """

    __slots__ = ("content", "data", "document", "file", "places", "pointer")

    def __init__(
        self, file: str, content: bytes, document: int, pointer: Pointer, data: Any, places: list[Positions]
    ) -> None:
        self.file: Final = file
        self.content: Final = content
        self.document: Final = document
        self.pointer: Final = pointer
        self.data: Final = data  # Any: a file's content, not yet checked
        self.places: Final = places

    def span(self, pointer: Pointer = (), *, on_key: bool = False) -> Span:
        """Return the place of a field in the file, or of the nearest thing around it; a cold path."""
        from kusion_render.origins import locate
        from kusion_render.yamlio import positions_all

        if not self.places:
            self.places.extend(positions_all(self.content, self.file))
        return locate(self.places[self.document], (*self.pointer, *pointer), self.file, on_key=on_key)


def resource_id(api_version: str, kind: str, namespace: str | None, name: str) -> str:
    """Return Kusion's ID of a Kubernetes object: `apiVersion:kind[:namespace]:name`."""
    return ":".join(part for part in (api_version, kind, namespace, name) if part)


class Resource:
    """One object of the Spec, with the module that made it and the place of the input that asked for it.

    `attributes` is a Kubernetes manifest. `source` is what it was written as, where a file of the repository holds it
    whole.
    """

    __slots__ = ("app", "attributes", "module", "place", "source", "workload")

    def __init__(
        self,
        attributes: dict[str, Any],
        module: str,
        *,
        app: str = "",
        place: Pointer = (),
        workload: bool = False,
        source: WrittenManifest | None = None,
    ) -> None:
        self.attributes: Final = attributes  # Any: a manifest's own shape
        self.module: Final = module
        self.app: Final = app
        self.place: Final = place
        self.workload: Final = workload
        self.source: Final = source

    @property
    def id(self) -> str:
        """Kusion's resource ID: `apiVersion:kind[:namespace]:name`."""
        metadata = self.attributes["metadata"]
        name, namespace = metadata.get("name"), metadata.get("namespace")
        return resource_id(self.attributes["apiVersion"], self.attributes["kind"], namespace, name)

    def of(self, attributes: dict[str, Any]) -> Resource:
        """Return the same resource with other attributes."""
        return Resource(
            attributes, self.module, app=self.app, place=self.place, workload=self.workload, source=self.source
        )


class CloudResource:
    """One resource of a cloud: what a Terraform provider makes, and no manifest can hold.

    `provider` is an address with a version, `registry.terraform.io/<namespace>/<name>/<version>`, `settings` are the
    provider's own, `type` is Terraform's, as `aws_db_instance`; `attributes` are its arguments.
    """

    __slots__ = ("app", "attributes", "module", "name", "place", "provider", "settings", "type")

    def __init__(
        self,
        provider: str,
        type: str,  # noqa: A002 - Terraform's word
        name: str,
        attributes: Mapping[str, Any],
        module: str,
        *,
        settings: Mapping[str, Json] | None = None,
        app: str = "",
        place: Pointer = (),
    ) -> None:
        self.provider: Final = provider
        self.type: Final = type
        self.name: Final = name
        self.attributes: Final = attributes  # Any: a provider's own shape
        self.module: Final = module
        self.settings: Final = settings or {}
        self.app: Final = app
        self.place: Final = place

    @property
    def id(self) -> str:
        """Kusion's resource ID: `namespace:provider:type:name`."""
        namespace, provider, _ = self.provider.split("/")[-3:]
        return f"{namespace}:{provider}:{self.type}:{self.name}"

    def reference(self, attribute: str) -> str:
        """Return the text that Kusion replaces by an attribute of this resource, once it has been made."""
        return f"$kusion_path.{self.id}.{attribute}"


class Patcher:
    """What an accessory adds to its app's workload, and to objects by their IDs (Kusion's patcher).

    In `labels`, `annotations`, `pod_labels`, `pod_annotations` and the values of `environments`, `REMOVE` takes away what
    is there by that name. `json_patches` are `{"type": "MergePatch" | "JSONPatch", "payload": …}` by the ID of the object:
    a merge patch (RFC 7396) or a list of operations (RFC 6902). They come after all others of the app.
    """

    __slots__ = ("annotations", "environments", "json_patches", "labels", "pod_annotations", "pod_labels")

    REMOVE: Final = "ops://kusionstack.io/remove"

    def __init__(
        self,
        *,
        environments: Sequence[Mapping[str, Json]] = (),
        labels: Mapping[str, str] | None = None,
        annotations: Mapping[str, str] | None = None,
        pod_labels: Mapping[str, str] | None = None,
        pod_annotations: Mapping[str, str] | None = None,
        json_patches: Mapping[str, Mapping[str, Any]] | None = None,
    ) -> None:
        self.json_patches: Final = json_patches or {}  # Any: parts of manifests
        self.environments: Final = environments
        self.labels: Final = labels or {}
        self.annotations: Final = annotations or {}
        self.pod_labels: Final = pod_labels or {}
        self.pod_annotations: Final = pod_annotations or {}


class Provision:
    """What is for an engine that makes cloud resources, and stands in no manifest.

    `extensions` are what the workspace says to it of resources, by their IDs; `secret_store` and `context` are the
    workspace's, as they stand there but for references.
    """

    __slots__ = ("context", "extensions", "resources", "secret_store")

    def __init__(
        self,
        resources: Sequence[CloudResource] = (),
        extensions: Mapping[str, Mapping[str, Json]] | None = None,
        secret_store: Mapping[str, Json] | None = None,
        context: Mapping[str, Json] | None = None,
    ) -> None:
        self.resources: Final = tuple(resources)
        self.extensions: Final = extensions or {}
        self.secret_store: Final = secret_store
        self.context: Final = context or {}


class Spec:
    """The intermediate form every target starts from: the resources of one stack on one workspace.

    `modules` are the names of those that ran. `provision` is empty but for a target that asks for it with `CLOUD`.
    """

    __slots__ = ("compatibility", "modules", "namespace", "provision", "resources", "stack", "workspace")

    def __init__(
        self,
        stack: Stack,
        workspace: Workspace,
        namespace: Namespace,
        resources: Sequence[Resource],
        modules: Iterable[str] = (),
        provision: Provision | None = None,
        compatibility: str = "native",
    ) -> None:
        self.compatibility: Final = compatibility
        self.stack: Final = stack
        self.workspace: Final = workspace
        self.namespace: Final = namespace
        self.resources: Final = tuple(resources)
        self.modules: Final = frozenset(modules)
        self.provision: Final = provision or Provision()

    @property
    def key(self) -> str:
        """The name users say: `project/stack`, with `@workspace` where the stack has several."""
        return f"{self.stack.key}@{self.workspace.name}" if len(self.stack.workspaces) > 1 else self.stack.key
