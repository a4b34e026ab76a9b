"""Where in the repository a value belongs: which file of a scope, and which place in it."""

from __future__ import annotations

import os

from kusion_render.assembly import is_app, numbered, platform_config
from kusion_render.diagnostics import Diagnostics, Rule, Span
from kusion_render.document import EVERY, MISSING, at, dotted
from kusion_render.edit import EDIT_PATH
from kusion_render.modules import module_name, schema_of
from kusion_render.origins import Token, Void, tokens, witness
from kusion_render.pipeline import Options, read
from kusion_render.repository.discovery import APP_FILE
from kusion_render.schema import typed
from kusion_render.suggestion import listing, suggest
from kusion_render.tracing import Trace
from kusion_render.yamlio import AMBIGUOUS, Plain

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import Any, Final, Literal, TypeAlias

    from kusion_render.diagnostics import Pointer
    from kusion_render.repository import Repository, Target

    Scope: TypeAlias = Literal["stack", "base", "workspace"]

NO_EDIT_FILE: Final = Rule("KR554", "no-file-to-edit")


class Site:
    """A place to write at: a file and a pointer in it; `found` is what stands there, or `MISSING`."""

    __slots__ = ("file", "found", "pointer")

    def __init__(self, file: str, pointer: Pointer, found: Any = MISSING) -> None:
        self.file: Final = file
        self.pointer: Final = pointer
        self.found: Final = found  # Any: plain data of a file


class View:
    """One render's files as they are, read and merged with their origins; for a render whose files can be read."""

    __slots__ = ("repository", "source", "trace")

    def __init__(self, repository: Repository, target: Target) -> None:
        self.repository: Final = repository
        self.source: Final = read(repository, target, Options(), Diagnostics())
        self.trace: Final = Trace(repository, self.source)

    def data(self, file: str) -> Any:
        """Return what an app file holds, or `{}`."""
        parsed = self.repository.files.yaml(file, Diagnostics()) if self.repository.files.exists(file) else None
        return parsed.data if parsed is not None and parsed.data is not None else {}

    def numbers(self, file: str) -> set[int]:
        """Return the numbers that a file's values have in the trace."""
        if file == self.source.workspace.file:
            return {-1}
        return {number for number, layer in enumerate(self.source.layers) if layer.file == file}


def find(view: View, pointer: Pointer, scope: Scope, diagnostics: Diagnostics) -> Site | None:
    """Return where a value of the apps is to be written; None after KR550 or KR554.

    In scope `stack` it is the last file of the stack's own folder that sets it, in `base` that of the project's `base/`;
    else the file that says most of what is around it, else `app.yaml`. In scope `workspace` it is the workspace's word
    about the module, the one that counts for the project.
    """
    if not _is_known_app(view, pointer, diagnostics):
        return None
    if scope == "workspace":
        return _in_workspace(view, pointer, diagnostics)
    stack = view.source.stack
    program = next((layer.file for layer in view.source.layers if layer.file.endswith(".k")), "")
    if program:
        where = view.trace.span(pointer) or Span(program)
        help_ = "edit the line by hand, or set what the platform says with `--workspace`"
        diagnostics.report(
            NO_EDIT_FILE, f"`{stack.key}` is written in KCL, which is not edited here", where, help=help_
        )
        return None
    base = f"{stack.project.path}/base" if stack.project.path else "base"
    folder = base if scope == "base" else stack.path
    files = [
        file
        for file, _ in view.repository.app_files(stack, Diagnostics())
        if _inside(file, folder) and (scope == "base" or folder == base or not _inside(file, base))
    ]
    for file in reversed(files):
        local = _local(view, pointer, view.numbers(file))
        found = MISSING if local is None else at(view.data(file), local)
        if local is not None and found is not MISSING:
            return Site(file, local, found)
    return _fallback(view, pointer, files, folder, diagnostics)


def _inside(file: str, folder: str) -> bool:
    return not folder or file.startswith(f"{folder}/")


def _is_known_app(view: View, pointer: Pointer, diagnostics: Diagnostics) -> bool:
    known = sorted({name for layer in view.source.layers for name in layer.data if is_app(name) and name != EVERY})
    name = str(pointer[0])
    if name in known:
        return True
    diagnostics.report(
        EDIT_PATH,
        f"there is no app `{name}` in `{view.source.stack.key}`",
        help=suggest(name, known, f"begin with an app of this stack; {listing(known)}"),
    )
    return False


def _local(view: View, pointer: Pointer, layers: set[int]) -> Pointer | None:
    """Return a place of the merged apps as one layer writes it; None where it writes no such list item.

    Lists that merge by key number their items anew.
    """
    last = max((depth for depth, step in enumerate(pointer, 1) if isinstance(step, int)), default=0)
    if not last:
        return pointer
    for token, depth in _tokens(at(view.trace.merged, pointer[:last])):
        if token.layer in layers:
            return (*token.pointer[: len(token.pointer) - depth], *pointer[last:])
    return None


def _tokens(data: Any, depth: int = 0) -> Iterator[tuple[Token | Void, int]]:
    if isinstance(data, (Token, Void)):
        yield data, depth
    elif isinstance(data, (dict, list)):
        for inner in data.values() if isinstance(data, dict) else data:
            yield from _tokens(inner, depth + 1)


def _fallback(view: View, pointer: Pointer, files: Sequence[str], folder: str, diagnostics: Diagnostics) -> Site | None:
    """Return where a value goes that no file of the scope sets yet."""
    best, known = "", 0
    for file in files:
        local = _local(view, pointer, view.numbers(file))
        depth = 0 if local is None else _depth(view.data(file), local)
        if depth and depth >= known:
            best, known = file, depth
    if any(isinstance(step, int) for step in pointer):
        diagnostics.report(
            EDIT_PATH,
            f"`{dotted(pointer)}` is in a list that no file in `{folder or '.'}` writes",
            view.trace.span(pointer),
            help="edit that file (--base, --workspace), or set the whole list as `PATH=[…]`",
        )
        return None
    return Site(best, pointer) if best else _app_file(view, pointer, files, folder, diagnostics)


def _app_file(view: View, pointer: Pointer, files: Sequence[str], folder: str, diagnostics: Diagnostics) -> Site | None:
    """Return `app.yaml` of a folder, there or still to be made, where the stack would read it."""
    repository, stack = view.repository, view.source.stack
    file = f"{folder}/{APP_FILE}" if folder else APP_FILE
    if file in files:
        return Site(file, pointer)
    if "entries" in stack.data:
        where = repository.files.span(stack.file, ("entries",), on_key=True)
        help_ = f"add {file} to `entries`, or edit another file of the list by hand"
        diagnostics.report(NO_EDIT_FILE, f"`{stack.key}` reads no {file}", where, help=help_)
        return None
    path = repository.files.path(folder)
    if not repository.files.inside(path) or not os.path.isdir(path):
        help_ = f"make the folder {folder}/ with an {APP_FILE}, or edit the stack's own file"
        diagnostics.report(NO_EDIT_FILE, f"there is no folder `{folder}`", Span(stack.file), help=help_)
        return None
    return Site(file, pointer)


def _depth(data: Any, pointer: Pointer) -> int:
    """Return how much of a place data has."""
    return next((depth for depth in range(len(pointer), 0, -1) if at(data, pointer[:depth]) is not MISSING), 0)


def _in_workspace(view: View, pointer: Pointer, diagnostics: Diagnostics) -> Site | None:
    workspace, sources = view.source.workspace, view.source.sources
    if not workspace.file:
        diagnostics.report(
            NO_EDIT_FILE,
            f"`{view.source.stack.key}` runs on no workspace",
            Span(view.source.stack.file),
            help="add workspaces/NAME.yaml and say `workspace: NAME` in stack.yaml",
        )
        return None
    modules, inner = _modules(view, pointer)
    for module in modules if inner else ():
        configs = (sources.modules.get(module) or {}).get("configs") or {}
        marked = {module: {"configs": tokens(configs, -1, ("modules", module, "configs"))}}
        known = platform_config(sources.of(marked), module)
        found = None if at(known, inner) is MISSING else witness(known, inner)
        if found is not None:
            return Site(workspace.file, found[1], at(view.data(workspace.file), found[1]))
    if not inner or any(isinstance(step, int) for step in inner):
        diagnostics.report(
            EDIT_PATH,
            f"a workspace has no default for `{dotted(pointer)}`",
            help="it has defaults for what is in `workload` and in an accessory; leave --workspace out for the app's own",
        )
        return None
    return Site(workspace.file, ("modules", modules[0], "configs", "default", *inner))


def _modules(view: View, pointer: Pointer) -> tuple[list[str], Pointer]:
    """Return the modules whose config reaches a place, the strongest first, and the place in their config."""
    app = at(view.trace.merged, pointer[:1])
    if pointer[1] == "workload":
        return [module_name("workload", at(app, ("workload",))), "workload"], pointer[2:]
    if pointer[1] == "accessories" and len(pointer) > 2:
        key = str(pointer[2])
        return [module_name(key, at(app, ("accessories", key)))], pointer[3:]
    return [], ()


def resolve(view: View, pointer: Pointer) -> Pointer:
    """Return a place with the steps into lists as numbers."""
    return numbered(view.trace.merged, pointer)


def holds_text(view: View, pointer: Pointer) -> bool:
    """Tell whether the schema wants text at a place of the apps, where a plain scalar counts as it is typed."""
    modules, inner = _modules(view, pointer)
    name = f"modules/{modules[0]}" if modules and inner else "app-configuration"
    inside = inner if modules and inner else pointer[1:]
    data: Any = Plain("text", AMBIGUOUS)
    for step in reversed(inside):
        data = [*[None] * step, data] if isinstance(step, int) else {step: data}
    found = Diagnostics()
    try:
        data = typed(data, name, found, schema=schema_of(modules[0]) if modules and inner else None)
    except ImportError:  # no such module; the render says so
        return False
    return type(at(data, inside)) is str and not found.items
