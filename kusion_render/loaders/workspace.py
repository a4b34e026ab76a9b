"""What a workspace says about modules: checked beyond its schema, and with its files relative to the root."""

from __future__ import annotations

import posixpath

from kusion_render.diagnostics import Related, Rule
from kusion_render.document import put
from kusion_render.model import Workspace
from kusion_render.modules import MODULES
from kusion_render.workload.files import manifest_paths, named_files

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any, Final

    from kusion_render.diagnostics import Diagnostics, Pointer
    from kusion_render.repository import Files

UNKNOWN_MODULE: Final = Rule("KR126", "unknown-workspace-module")
TWO_BLOCKS: Final = Rule("KR127", "project-in-two-blocks")
IDLE_BLOCK: Final = Rule("KR128", "idle-block")

_WORKLOADS: Final = ("service", "job", "workload")


def check_workspace(workspace: Workspace, files: Files, compatibility: str, diagnostics: Diagnostics) -> None:
    """Report what Kusion refuses of a workspace and a schema can't say, and modules that nobody can have meant.

    KR126 is a module that is not there, in `kusion` a warning; one with a `path` may be used by Kusion elsewhere. KR127 is a
    project that two blocks of a module select, KR128 a block that says nothing but whom it is for.
    """
    for name, module in workspace.modules.items():
        if name not in MODULES and name not in _WORKLOADS and not (module or {}).get("path"):
            _check_module(name, workspace, files, compatibility, diagnostics)
        selected: dict[str, Pointer] = {}
        for block, config in ((module or {}).get("configs") or {}).items():
            if block != "default":
                _check_block(("modules", name, "configs", block), config, selected, workspace, files, diagnostics)


def _check_module(name: str, workspace: Workspace, files: Files, compatibility: str, diagnostics: Diagnostics) -> None:
    from kusion_render.modules import names
    from kusion_render.suggestion import listing, suggest

    known = names()
    if name not in known:
        diagnostics.report(
            UNKNOWN_MODULE,
            f"there is no module `{name}`, so this has no effect",
            files.span(workspace.file, ("modules", name), on_key=True),
            help=suggest(name, [*known, "workload"], listing(known)),
            severity="warning" if compatibility == "kusion" else None,
        )


def _check_block(
    place: Pointer,
    config: Mapping[str, Any],
    selected: dict[str, Pointer],
    workspace: Workspace,
    files: Files,
    diagnostics: Diagnostics,
) -> None:
    if set(config) == {"projectSelector"}:
        diagnostics.report(
            IDLE_BLOCK,
            f"`{place[-1]}` says nothing but whom it is for",
            files.span(workspace.file, place, on_key=True),
            help="write the settings beside `projectSelector`, or remove the block",
        )
    for number, project in enumerate(config["projectSelector"]):
        here = (*place, "projectSelector", number)
        other = selected.setdefault(project, here)
        if other is not here:
            diagnostics.report(
                TWO_BLOCKS,
                f"project `{project}` is selected by two blocks of `{place[1]}`, `{other[3]}` and `{place[3]}`",
                files.span(workspace.file, here),
                help="keep it in one of them, and write there all that holds for it",
                related=[Related("the other one", files.span(workspace.file, other))],
            )


def workspace_from_root(workspace: Workspace, manifests: str | None = None) -> Workspace:
    """Return a workspace whose modules and `enforce` name files relative to the root, instead of to its own file.

    `manifests` is the folder that `paths` of modules are relative to, where that is another: Kusion's is the stack's.
    """
    own = posixpath.dirname(workspace.file)
    data = workspace.data
    for place, app in _apps_of(workspace):
        enforced = place == ("enforce",)
        folder = own if enforced or manifests is None else manifests
        named = [(each, own) for each in named_files(app)] + [(each, folder) for each in manifest_paths(app)]
        for (pointer, path), base in named:
            # The key of an accessory is the module's name, which the place has already.
            inner = pointer if enforced else pointer[2 if pointer[0] == "accessories" else 1 :]
            data = put(data, (*place, *inner), posixpath.normpath(posixpath.join(base, path)))
    if data is workspace.data:
        return workspace
    return Workspace(workspace.name, workspace.file, data, workspace.parsed, deletes=workspace.deletes)


def _apps_of(workspace: Workspace) -> Iterator[tuple[Pointer, Mapping[str, Any]]]:
    """Yield the places where a workspace says parts of apps, and what they say, as an app says it."""
    if isinstance(workspace.data.get("enforce"), dict):
        yield ("enforce",), workspace.data["enforce"]
    for module, config in workspace.modules.items():
        for name, block in ((config or {}).get("configs") or {}).items():
            part = {"workload": block} if module in _WORKLOADS else {"accessories": {module: block}}
            yield ("modules", module, "configs", name), part
