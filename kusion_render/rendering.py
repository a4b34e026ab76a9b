"""Many stacks in one run: all or nothing, and no object made twice on one workspace."""

from __future__ import annotations

from kusion_render.diagnostics import Diagnostics, OutputPlace, Related, Rule, Span
from kusion_render.pipeline import compile_stack as compile_bare
from kusion_render.verification import identity

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from typing import Any, Final, TypeAlias

    from kusion_render.attribution import Attribution
    from kusion_render.conformance import Conformance
    from kusion_render.diagnostics import Diagnostic, Where
    from kusion_render.lint.clashes import Claim
    from kusion_render.model import Spec
    from kusion_render.pipeline import Compilation, Options
    from kusion_render.repository import Repository, Target

    # What a target makes of a Spec, with the problems it met on the way.
    Produce: TypeAlias = Callable[[Spec, Diagnostics], Any]
    # What one target came to: None where it failed, and the problems that it met.
    Outcome: TypeAlias = "tuple[Rendered | None, list[Diagnostic]]"
    # What is known of the causes of fields, so that a thousand stacks like each other cost one experiment.
    Known: TypeAlias = "dict[object, Attribution]"

SHARED_OBJECT: Final = Rule("KR515", "shared-object")
NOTHING_RENDERED: Final = Rule("KR516", "nothing-rendered")


class Rendered:
    """One finished render: its name, the file of its stack, its workspace, and what was produced from its Spec.

    `objects` are the identities of what it makes, each with the content where equal ones may be shared, `claims` what
    these claim of their cluster, where lint asks.
    """

    __slots__ = ("claims", "file", "key", "objects", "output", "workspace")

    def __init__(self, spec: Spec, output: Any, claims: Sequence[Claim] = ()) -> None:
        self.key: Final = spec.key
        self.file: Final = spec.stack.file
        self.workspace: Final = spec.workspace.name
        self.objects: Final = list(objects_of(spec))
        self.output: Final = output  # Any: the caller's own
        self.claims: Final = claims


def objects_of(spec: Spec) -> Iterator[tuple[tuple[str, ...], object]]:
    """Yield the identity of each object, with its content where equal ones of several renders may be one, else None."""
    for resource in spec.resources:
        group, kind, namespace, name = identity(resource)
        content = resource.attributes if kind == "Namespace" else None
        yield (group, kind, namespace or spec.namespace.name, name), content
    for made in spec.provision.resources:
        yield identity(made), None


def compile_stack(repository: Repository, target: Target, options: Options, diagnostics: Diagnostics) -> Compilation:
    """Compile one stack on one workspace; every problem is reported with its place in a file.

    The record of the repository's files holds afterwards what this one compilation asked for.
    """
    return _compile(repository, target, options, diagnostics, {})[0]


def _compile(
    repository: Repository,
    target: Target,
    options: Options,
    diagnostics: Diagnostics,
    known: Known,
    *,
    linted: bool = False,
    conformance: Conformance | None = None,
) -> tuple[Compilation, Sequence[Claim]]:
    repository.files.start_record()
    found = Diagnostics()
    result = compile_bare(repository, target, options, found)
    claims: Sequence[Claim] = ()
    if linted and result.spec is not None:
        claims = _lint(result.spec, options, found)
        if conformance is not None:
            conformance.check(result.spec, found)
        if found.failed:
            result.spec = None
    if found.items:
        from kusion_render.placement import placed

        diagnostics.items.extend(placed(found.items, repository, result, target.key, known))
    return result, claims


def _lint(spec: Spec, options: Options, diagnostics: Diagnostics) -> Sequence[Claim]:
    """Report what the workspace's lint rules find, and return what the objects claim of their cluster.

    Without `options.lint` only the rules that are errors there are looked at, and mostly nothing needs to be imported.
    """
    levels = spec.workspace.data.get("lint") or {}
    if not options.lint and "error" not in levels.values():
        return ()
    from kusion_render.lint import claims_of, gate, lint

    objects = [(resource.id, resource.attributes) for resource in spec.resources]
    levels = levels if options.lint else gate(levels)
    lint(objects, levels, diagnostics)
    return claims_of(objects, levels)


def compile_all(
    repository: Repository, targets: Sequence[Target], options: Options, diagnostics: Diagnostics
) -> list[Spec]:
    """Return the Specs of all targets; problems are as with `render_all`."""
    return render_all(repository, targets, options, diagnostics, _unchanged)


def _unchanged(spec: Spec, diagnostics: Diagnostics) -> Spec:
    del diagnostics  # nothing is made
    return spec


def render_all(
    repository: Repository,
    targets: Sequence[Target],
    options: Options,
    diagnostics: Diagnostics,
    produce: Produce,
    *,
    progress: Callable[[str], None] | None = None,
    jobs: int = 1,
    conformance: Conformance | None = None,
) -> list[Any]:
    """Return what `produce` makes of each target's Spec, in their order; one stack's problems never hide another's.

    With `conformance` the objects are checked against schemas of Kubernetes, which may be KR640 to KR647.
    `jobs` processes share the work; what they find is the same in the same order. An object made twice on one
    workspace is KR515, a stack without objects KR516 unless it says `allowEmpty: true`.
    """
    known: Known = {}

    def render(target: Target) -> Outcome:
        found = Diagnostics()
        rendered = _render(repository, target, options, produce, found, known, conformance)
        return rendered, found.items

    outcomes: Iterable[Outcome] = map(render, targets)
    if jobs > 1 and len(targets) > 1:
        from kusion_render.workers import spread

        outcomes = spread(render, targets, jobs)
    finished: list[Rendered] = []
    claiming: list[tuple[Target, Rendered]] = []
    for target, (rendered, problems) in zip(targets, outcomes, strict=True):
        if progress is not None:
            progress(target.key)
        diagnostics.items.extend(problems)
        if rendered is not None:
            finished.append(rendered)
            if rendered.claims:
                claiming.append((target, rendered))
    refuse_shared(finished, diagnostics)
    if len(claiming) > 1:
        _lint_together(repository, claiming, options, diagnostics, known)
    return [rendered.output for rendered in finished]


def _lint_together(
    repository: Repository,
    claiming: Sequence[tuple[Target, Rendered]],
    options: Options,
    diagnostics: Diagnostics,
    known: Known,
) -> None:
    from kusion_render.lint import lint_together

    def place(number: int, claim: Claim) -> Where:
        from kusion_render.placement import placer

        # Compiled again, for nothing was kept of a render that went well, or it was another process's.
        again = compile_bare(repository, claiming[number][0], options, Diagnostics())
        return placer(repository, again, known)(OutputPlace(claim.resource_id, claim.pointer))

    lint_together([(each.key, each.workspace, each.claims) for _, each in claiming], place, diagnostics)


def _render(
    repository: Repository,
    target: Target,
    options: Options,
    produce: Produce,
    diagnostics: Diagnostics,
    known: Known,
    conformance: Conformance | None,
) -> Rendered | None:
    compilation, claims = _compile(
        repository, target, options, diagnostics, known, linted=True, conformance=conformance
    )
    spec = compilation.spec
    if spec is None:
        return None
    if not spec.resources and not spec.provision.resources and not target.stack.data.get("allowEmpty"):
        diagnostics.report(
            NOTHING_RENDERED,
            f"stack `{spec.key}` renders to nothing",
            Span(target.stack.file),
            help="an empty render would delete what is deployed; if it is meant, say `allowEmpty: true` in stack.yaml",
        )
    before = len(diagnostics.items)
    output = produce(spec, diagnostics)
    if len(diagnostics.items) > before:
        from kusion_render.placement import placed

        told = diagnostics.items[before:]
        diagnostics.items[before:] = placed(told, repository, compilation, target.key, known)
    return Rendered(spec, output, claims)


def refuse_shared(finished: Sequence[Rendered], diagnostics: Diagnostics) -> None:
    """Report objects that two renders on one workspace both make, once for two renders; equal Namespaces may be shared."""
    first: dict[tuple[str, ...], tuple[Rendered, object]] = {}
    shared: dict[tuple[str, str], tuple[Rendered, Rendered, list[str]]] = {}
    for rendered in finished:
        for known, content in rendered.objects:
            _, kind, namespace, name = known
            other, others = first.setdefault((rendered.workspace, *known), (rendered, content))
            # Two stacks of one name are told apart by nobody, and KR503 has said so.
            if other.key == rendered.key or (kind == "Namespace" and content == others):
                continue
            where = f" in namespace `{namespace}`" if namespace and kind != "Namespace" else ""
            names = shared.setdefault((rendered.key, other.key), (rendered, other, []))[2]
            names.append(f"{kind} `{name}`{where}")
    for rendered, other, names in shared.values():
        more = "" if len(names) == 1 else f" and {len(names) - 1} more object{'s' if len(names) > 2 else ''}"
        diagnostics.report(
            SHARED_OBJECT,
            f"{names[0]}{more} {'is' if not more else 'are'} made by `{other.key}` and by `{rendered.key}`",
            Span(rendered.file),
            help="give the stacks different namespaces or workspaces, or one of the apps another name",
            related=[Related("the other stack", Span(other.file))],
        )
