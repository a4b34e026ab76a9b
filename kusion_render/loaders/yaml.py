"""App files in YAML: one layer a file."""

from __future__ import annotations

import posixpath

from kusion_render.diagnostics import Rule
from kusion_render.document import DIRECTIVE, put
from kusion_render.model import Layer, Workspace
from kusion_render.workload.files import manifest_paths, named_files

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any, Final

    from kusion_render.diagnostics import Diagnostics, Pointer, Span
    from kusion_render.repository import Files

KUBERNETES_MANIFEST: Final = Rule("KR114", "kubernetes-manifest")


def load_layer(files: Files, file: str, diagnostics: Diagnostics, where: Span | None) -> Layer | None:
    """Return one file's layer, or None when it is empty or after a diagnostic.

    Paths that it names with `from` come out relative to the root, for they are meant relative to this file.
    """
    parsed = files.yaml(file, diagnostics, where)
    if parsed is None or not isinstance(parsed.data, dict):
        return None
    data: dict[str, Any] = parsed.data
    if "apiVersion" in data and "kind" in data:
        diagnostics.report(
            KUBERNETES_MANIFEST,
            "this is a Kubernetes manifest, not an AppConfiguration",
            files.span(file, ("apiVersion",), on_key=True),
            help="write apps here, as `NAME: {workload: …}`",
        )
        return None
    deletes = parsed.has_null or DIRECTIVE in (files.text(file) or "")
    return Layer(file, from_root(data, posixpath.dirname(file)), parsed, deletes=deletes)


def workspace_from_root(workspace: Workspace) -> Workspace:
    """Return a workspace whose modules and `enforce` name files relative to the root, instead of to its own file."""
    folder = posixpath.dirname(workspace.file)
    data = workspace.data
    for place, app in _apps_of(workspace):
        for pointer, path in (*named_files(app), *manifest_paths(app)):
            # The key of an accessory is the module's name, which the place has already.
            inner = pointer if place == ("enforce",) else pointer[2 if pointer[0] == "accessories" else 1 :]
            data = put(data, (*place, *inner), posixpath.normpath(posixpath.join(folder, path)))
    if data is workspace.data:
        return workspace
    return Workspace(workspace.name, workspace.file, data, workspace.parsed, deletes=workspace.deletes)


def _apps_of(workspace: Workspace) -> Iterator[tuple[Pointer, Mapping[str, Any]]]:
    """Yield the places where a workspace says parts of apps, and what they say, as an app says it."""
    if isinstance(workspace.data.get("enforce"), dict):
        yield ("enforce",), workspace.data["enforce"]
    for module, config in workspace.modules.items():
        for name, block in (config.get("configs") or {}).items():
            part = {"workload": block} if module in ("service", "job", "workload") else {"accessories": {module: block}}
            yield ("modules", module, "configs", name), part


def from_root(data: dict[str, Any], folder: str) -> dict[str, Any]:
    """Return apps with the paths that they name, meant relative to `folder`, relative to the root."""
    result: Mapping[str, Any] = data
    for name, app in data.items():
        if isinstance(app, dict):
            for pointer, path in (*named_files(app, (name,)), *manifest_paths(app, (name,))):
                result = put(result, pointer, posixpath.normpath(posixpath.join(folder, path)))
    return dict(result)
