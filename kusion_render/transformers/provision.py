"""What a workspace says to an engine that makes cloud resources: imports, health policies, its store and its context.

`importedResources` and `healthPolicy` are keys of a module's config that Kusion reads itself; here they count in every
block that holds for the project (in Kusion only in `default`, its quirk Q20).
"""

from __future__ import annotations

from kusion_render.assembly import platform_blocks
from kusion_render.diagnostics import Place, Related, Rule
from kusion_render.document import merge
from kusion_render.model import Provision
from kusion_render.suggestion import suggest

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping
    from typing import Any, Final

    from kusion_render.assembly import Sources
    from kusion_render.diagnostics import Diagnostics, Pointer
    from kusion_render.generator import Generated
    from kusion_render.interpolation import Interpolation
    from kusion_render.model import CloudResource, Resource

UNKNOWN_IMPORT: Final = Rule("KR472", "import-matches-nothing")
CONFLICTING_IMPORTS: Final = Rule("KR473", "conflicting-imports")

IMPORT_ID: Final = "kusionstack.io/import-id"
_IMPORTS: Final = "importedResources"
_HEALTH: Final = "healthPolicy"


def provision(
    made: Generated,
    used: Collection[str],
    sources: Sources,
    workspace: Mapping[str, Any],
    replace: Interpolation,
    diagnostics: Diagnostics,
    *,
    preview: bool = False,
) -> Provision:
    """Return what an engine gets of one render beside its objects; `used` are the modules that ran.

    A preview imports nothing, for what is there already belongs to what it previews. An ID that is imported twice is
    KR473; natively one that no cloud resource has is KR472, Kusion passes it by.
    """
    imports = {} if preview else _imports(sources, replace, diagnostics)
    native = sources.deep
    if native:
        _refuse_unknown(imports, made.cloud, diagnostics)
    extensions: dict[str, dict[str, Any]] = {}
    for module in sorted(used):
        policy = _health(sources, module, replace)
        for resource in made.resources if policy else ():
            if _is_meant(policy, resource, module):
                extensions.setdefault(resource.id, {})[_HEALTH] = policy
    for resource_id, (cloud_id, _) in imports.items():
        extensions.setdefault(resource_id, {})[IMPORT_ID] = cloud_id
    return Provision(made.cloud, extensions, workspace.get("secretStore"), workspace.get("context"))


def _imports(sources: Sources, replace: Interpolation, diagnostics: Diagnostics) -> dict[str, tuple[str, Pointer]]:
    """Return the cloud's IDs by resource ID, each with its place; they are told by all modules of the workspace."""
    found: dict[str, tuple[str, Pointer]] = {}
    for module in sources.modules:
        for resource_id, (cloud_id, pointer) in _imports_of(sources, module, replace).items():
            known, other = found.setdefault(resource_id, (cloud_id, pointer))
            if known != cloud_id:
                diagnostics.report(
                    CONFLICTING_IMPORTS,
                    f"`{resource_id}` is imported as `{cloud_id}` and as `{known}`",
                    Place(pointer, document="workspace"),
                    help="leave it in one of the modules",
                    related=[Related("the other one", Place(other, document="workspace"))],
                )
    return found


def _imports_of(sources: Sources, module: str, replace: Interpolation) -> dict[str, tuple[str, Pointer]]:
    found: dict[str, tuple[str, Pointer]] = {}
    for pointer, imported in _said(sources, module, _IMPORTS, replace):
        if not sources.deep:
            found = {}  # a block replaces whole keys, as in Kusion
        found.update({key: (str(value), (*pointer, key)) for key, value in imported.items()})
    return found


def _said(sources: Sources, module: str, key: str, replace: Interpolation) -> Iterator[tuple[Pointer, dict[str, Any]]]:
    """Yield what the blocks of a module say under one key, with its place in the workspace."""
    for name, block in platform_blocks(sources, module):
        pointer = ("modules", module, "configs", name, key)
        if isinstance(block.get(key), dict):
            yield pointer, replace.data(block[key], pointer)


def _health(sources: Sources, module: str, replace: Interpolation) -> dict[str, Any]:
    policy: dict[str, Any] = {}
    for _, block in _said(sources, module, _HEALTH, replace):
        policy = merge(policy, block) if sources.deep else block
    return policy


def _is_meant(policy: Mapping[str, Any], resource: Resource, module: str) -> bool:
    """Tell whether a module's policy is for an object: the module's own workload, or one of the kind that it names."""
    if resource.workload and resource.module == module:
        return True
    return all(
        str(policy.get(key) or "").lower() == str(resource.attributes[key]).lower() for key in ("apiVersion", "kind")
    )


def _refuse_unknown(
    imports: Mapping[str, tuple[str, Pointer]], cloud: Iterable[CloudResource], diagnostics: Diagnostics
) -> None:
    known = sorted(resource.id for resource in cloud)
    for resource_id, (_, pointer) in imports.items():
        if resource_id not in known:
            diagnostics.report(
                UNKNOWN_IMPORT,
                f"no cloud resource of this stack has the ID `{resource_id}`",
                Place(pointer, on_key=True, document="workspace"),
                help=suggest(
                    resource_id, known, "name it in a block whose `projectSelector` selects the projects that have it"
                ),
            )
