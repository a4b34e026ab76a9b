"""App files in YAML: one layer a file."""

from __future__ import annotations

import posixpath

from kusion_render.diagnostics import Rule
from kusion_render.document import DIRECTIVE, put
from kusion_render.model import Layer
from kusion_render.workload.files import manifest_paths, named_files

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any, Final

    from kusion_render.diagnostics import Diagnostics, Span
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
    text = files.text(file) or ""
    if "_type" in text:
        from kusion_render.loaders.kusion_types import check_types

        check_types(files, file, data, diagnostics)
    deletes = parsed.has_null or DIRECTIVE in text
    return Layer(file, from_root(data, posixpath.dirname(file)), parsed, deletes=deletes)


def from_root(data: dict[str, Any], folder: str) -> dict[str, Any]:
    """Return apps with the paths that they name, meant relative to `folder`, relative to the root."""
    result: Mapping[str, Any] = data
    for name, app in data.items():
        if isinstance(app, dict):
            for pointer, path in (*named_files(app, (name,)), *manifest_paths(app, (name,))):
                result = put(result, pointer, posixpath.normpath(posixpath.join(folder, path)))
    return dict(result)
