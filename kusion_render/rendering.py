"""Many stacks in one run: all or nothing, and no object made twice on one workspace."""

from __future__ import annotations

from kusion_render.diagnostics import Diagnostics, Related, Rule, Span
from kusion_render.pipeline import compile_stack as compile_bare
from kusion_render.verification import identity

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Final

    from kusion_render.model import Spec
    from kusion_render.pipeline import Compilation, Options
    from kusion_render.repository import Repository, Target

SHARED_OBJECT: Final = Rule("KR515", "shared-object")
NOTHING_RENDERED: Final = Rule("KR516", "nothing-rendered")


def compile_stack(repository: Repository, target: Target, options: Options, diagnostics: Diagnostics) -> Compilation:
    """Compile one stack on one workspace; every problem is reported with its place in a file."""
    found = Diagnostics()
    result = compile_bare(repository, target, options, found)
    if found.items:
        from kusion_render.placement import placed

        diagnostics.items.extend(placed(found.items, repository, result, target.key))
    return result


def compile_all(
    repository: Repository,
    targets: Sequence[Target],
    options: Options,
    diagnostics: Diagnostics,
    progress: Callable[[str], None] | None = None,
) -> list[Spec]:
    """Return the Specs of all targets; one stack's problems never hide another's.

    An object made twice on one workspace is KR515, a stack without objects KR516 unless it says `allowEmpty: true`.
    """
    specs = []
    for target in targets:
        if progress is not None:
            progress(target.key)
        spec = compile_stack(repository, target, options, diagnostics).spec
        if spec is None:
            continue
        if not spec.resources and not target.stack.data.get("allowEmpty"):
            diagnostics.report(
                NOTHING_RENDERED,
                f"stack `{spec.key}` renders to nothing",
                Span(target.stack.file),
                help="an empty render would delete what is deployed; if it is meant, say `allowEmpty: true` in stack.yaml",
            )
        specs.append(spec)
    refuse_shared(specs, diagnostics)
    return specs


def refuse_shared(specs: Sequence[Spec], diagnostics: Diagnostics) -> None:
    """Report objects that two renders on one workspace both make; equal Namespaces may be shared."""
    first: dict[tuple[str, ...], tuple[Spec, object]] = {}
    for spec in specs:
        for resource in spec.resources:
            group, kind, namespace, name = identity(resource)
            key = (spec.workspace.name, group, kind, namespace or spec.namespace.name, name)
            other, content = first.setdefault(key, (spec, resource.attributes))
            if other is spec or (kind == "Namespace" and content == resource.attributes):
                continue
            where = f" in namespace `{key[3]}`" if kind != "Namespace" else ""
            diagnostics.report(
                SHARED_OBJECT,
                f"{kind} `{name}`{where} is made by `{other.key}` and by `{spec.key}`",
                Span(spec.stack.file),
                help="give the stacks different namespaces or workspaces, or one of the apps another name",
                related=[Related("the other stack", Span(other.stack.file))],
            )
