"""Front ends: from a stack's files to its layers, in merge order."""

from __future__ import annotations

from kusion_render.diagnostics import Rule, Span
from kusion_render.loaders.yaml import load_layer

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final

    from kusion_render.diagnostics import Diagnostics
    from kusion_render.model import Layer, Stack
    from kusion_render.repository import Repository

UNSUPPORTED_SOURCE: Final = Rule("KR113", "unsupported-source")
NO_LAYERS: Final = Rule("KR504", "no-layers")


def load(repository: Repository, stack: Stack, diagnostics: Diagnostics) -> list[Layer]:
    """Return the layers of a stack; files that can't be read are reported and left out."""
    layers = []
    files = repository.app_files(stack, diagnostics)
    for file, where in files:
        if file.endswith(".k"):
            diagnostics.report(
                UNSUPPORTED_SOURCE,
                f"`{file}` is KCL, which this version does not read",
                where or Span(file),
                help="write the app in app.yaml, or evaluate the KCL to YAML",
            )
            continue
        layer = load_layer(repository.files, file, diagnostics, where)
        if layer is not None:
            layers.append(layer)
    if not files:
        diagnostics.report(
            NO_LAYERS,
            f"stack `{stack.key}` has no app file",
            Span(stack.file),
            help=f"add app.yaml beside stack.yaml or in {stack.project.path or '.'}/base/, or list `entries`",
        )
    return layers
