"""Front ends: from a stack's files to its layers, in merge order."""

from __future__ import annotations

from kusion_render.diagnostics import Related, Rule, Span
from kusion_render.loaders.yaml import load_layer

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Final

    from kusion_render.diagnostics import Diagnostics
    from kusion_render.model import Layer, Stack
    from kusion_render.repository import Repository

    Entries = Sequence[tuple[str, Span | None]]

UNSUPPORTED_SOURCE: Final = Rule("KR113", "unsupported-source")
NO_LAYERS: Final = Rule("KR504", "no-layers")
MIXED: Final = Rule("KR130", "mixed-layers")
IDLE_ARGUMENT: Final = Rule("KR138", "kcl-argument", "warning")
KCL: Final = ".k"


def load(
    repository: Repository, stack: Stack, diagnostics: Diagnostics, arguments: Mapping[str, str] | None = None
) -> list[Layer]:
    """Return the layers of a stack; files that can't be read are reported and left out.

    `arguments` are for programs in KCL.
    """
    files = repository.app_files(stack, diagnostics)
    programs = [entry for entry in files if entry[0].endswith(KCL)]
    if programs:
        return _load_kcl(repository, stack, files, programs, diagnostics, arguments or {})
    layers = []
    for file, where in files:
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
    for name in arguments or ():
        diagnostics.report(
            IDLE_ARGUMENT,
            f"-D {name}: stack `{stack.key}` is not written in KCL",
            help="name the stacks that it is for, or use `--set`",
        )
    return layers


def _load_kcl(
    repository: Repository,
    stack: Stack,
    files: Entries,
    programs: Entries,
    diagnostics: Diagnostics,
    arguments: Mapping[str, str],
) -> list[Layer]:
    others = [(file, where) for file, where in files if not file.endswith(KCL)]
    file, where = programs[0]
    if others:
        other, place = others[0]
        diagnostics.report(
            MIXED,
            f"stack `{stack.key}` mixes KCL and YAML",
            where or Span(file),
            help="keep one of the two, or list in `entries` of stack.yaml what counts",
            related=[Related("this one is YAML", place or Span(other))],
        )
        return []
    # Imported where it is used: a stack in YAML has nothing to do with it.
    from kusion_render.kcl import is_available

    if not is_available():
        diagnostics.report(
            UNSUPPORTED_SOURCE,
            f"`{file}` is KCL, which this installation does not read",
            where or Span(file),
            help="install `kusion-render[kcl]`, or write the app in app.yaml",
        )
        return []
    from kusion_render.loaders.kcl import load_program

    layer = load_program(repository, stack, programs if "entries" in stack.data else None, arguments, diagnostics)
    return [layer] if layer is not None else []
