"""The whole way on one page: a stack on a workspace, from its files to its Spec."""

from __future__ import annotations

from kusion_render.assembly import Sources, assemble, is_app, overruled, unsettable
from kusion_render.contents import Contents, read_contents
from kusion_render.diagnostics import Diagnostics, InputError, Place, Related, Rule
from kusion_render.document import DIRECTIVE, dotted, settle
from kusion_render.generator import Generated
from kusion_render.interpolation import Interpolation, variables
from kusion_render.kubernetes.objects import is_encrypted
from kusion_render.loaders import load
from kusion_render.loaders.workspace import check_workspace, workspace_from_root
from kusion_render.model import Spec
from kusion_render.modules import Context, module_name, schema_of
from kusion_render.modules.running import check_parts, generate, parts
from kusion_render.namespace import effective_namespace, namespace_object, preview_name
from kusion_render.schema import check, typed
from kusion_render.suggestion import listing, suggest
from kusion_render.transformers import transform
from kusion_render.transformers.config_hash import with_config_hash
from kusion_render.transformers.profile import with_profile
from kusion_render.verification import verify

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from typing import Any, Final

    from kusion_render.diagnostics import Pointer, Span
    from kusion_render.model import Layer, Namespace, Provision, Resource, Stack, Workspace
    from kusion_render.repository import Repository, Target

USELESS_NULL: Final = Rule("KR122", "null-deletes-nothing")
PATCH_DIRECTIVE: Final = Rule("KR123", "patch-directive")
IDLE_APP: Final = Rule("KR329", "idle-app")
SET_PATH: Final = Rule("KR124", "set-path")
ENFORCED_VALUE: Final = Rule("KR327", "enforced-value", "warning")


class Options:
    """What the command line says about a render.

    `arguments` answer `option("k")` of programs in KCL, `cloud` says that the target takes cloud resources, `settings` are
    places and values of `--set`. `compatibility` counts only where no file says it, `namespace` is the one that the
    environment names, as Argo CD does. `profile` is one of `transformers.profile.PROFILES`, `preview` the name of a
    preview or "". `lint` asks for every lint rule that the workspace leaves on, instead of only those that it makes errors.
    """

    __slots__ = (
        "arguments",
        "cloud",
        "compatibility",
        "lint",
        "namespace",
        "namespace_policy",
        "preview",
        "profile",
        "settings",
    )

    def __init__(
        self,
        *,
        settings: Sequence[tuple[Pointer, Any]] = (),
        compatibility: str | None = None,
        namespace_policy: str = "set",
        namespace: str = "",
        profile: str = "plain",
        preview: str = "",
        lint: bool = False,
        arguments: Mapping[str, str] | None = None,
        cloud: bool = False,
    ) -> None:
        self.cloud: Final = cloud
        self.arguments: Final[Mapping[str, str]] = arguments or {}
        self.settings: Final = settings
        self.lint: Final = lint
        self.compatibility: Final = compatibility
        self.namespace_policy: Final = namespace_policy
        self.namespace: Final = namespace
        self.profile: Final = profile
        self.preview: Final = preview


class Input:
    """One render's files, read and checked: everything that compiling needs.

    `workspace_data` is the workspace file with its references replaced; the names are those the modules see;
    `cluster_scoped` are the kinds of custom resources that live in no namespace.
    """

    __slots__ = (
        "cluster_scoped",
        "compatibility",
        "layers",
        "namespace",
        "options",
        "project_name",
        "stack",
        "stack_name",
        "variables",
        "workspace",
        "workspace_data",
    )

    def __init__(
        self,
        stack: Stack,
        workspace: Workspace,
        layers: Sequence[Layer],
        compatibility: str,
        options: Options,
        namespace: Namespace,
        variables: Mapping[str, Any],
        workspace_data: Mapping[str, Any],
        project_name: str = "",
        stack_name: str = "",
        cluster_scoped: Sequence[str] = (),
    ) -> None:
        self.stack: Final = stack
        self.cluster_scoped: Final = cluster_scoped
        self.workspace: Final = workspace
        self.layers: Final = layers
        self.compatibility: Final = compatibility
        self.options: Final = options
        self.namespace: Final = namespace
        self.variables: Final = variables
        self.workspace_data: Final = workspace_data
        self.project_name: Final = project_name or stack.project.name
        self.stack_name: Final = stack_name or stack.name

    @property
    def sources(self) -> Sources:
        """What the apps are assembled from."""
        return Sources(
            [layer.data for layer in self.layers],
            project=self.stack.project.name,
            modules=self.workspace.modules,
            enforce=self.workspace.data.get("enforce"),
            settings=self.options.settings,
            deep=self.compatibility == "native",
        )

    def of(
        self,
        *,
        workspace_data: Mapping[str, Any] | None = None,
        project_name: str = "",
        stack_name: str = "",
        namespace_name: str = "",
    ) -> Input:
        """Return the same input with something else in one place: what experiments of `attribution` change."""
        return Input(
            self.stack,
            self.workspace,
            self.layers,
            self.compatibility,
            self.options,
            self.namespace.of(namespace_name) if namespace_name else self.namespace,
            self.variables,
            self.workspace_data if workspace_data is None else workspace_data,
            project_name or self.project_name,
            stack_name or self.stack_name,
            self.cluster_scoped,
        )


class Compilation:
    """How far a render came: its input, its apps, the files they name, its objects; `spec` is None when it failed."""

    __slots__ = ("apps", "contents", "resources", "source", "spec")

    def __init__(self) -> None:
        self.source: Input | None = None
        self.apps: Mapping[str, Any] = {}
        self.contents = Contents({}, {})
        self.resources: Sequence[Resource] = ()
        self.spec: Spec | None = None


def compile_stack(repository: Repository, target: Target, options: Options, diagnostics: Diagnostics) -> Compilation:
    """Compile one stack on one workspace, as far as it goes; `placement` turns the diagnostics' places into spans."""
    result = Compilation()
    try:
        _compile(repository, target, options, result, diagnostics)
    except InputError:
        result.spec = None
    return result


def _compile(
    repository: Repository, target: Target, options: Options, result: Compilation, diagnostics: Diagnostics
) -> None:
    source = result.source = read(repository, target, options, diagnostics)
    diagnostics.stop_if_failed()
    result.apps = apps_of(source, diagnostics)
    diagnostics.stop_if_failed()
    result.contents = read_contents(repository.files, result.apps, diagnostics)
    made = resources_of(source, result.apps, result.contents, diagnostics)
    result.resources = made.resources
    diagnostics.stop_if_failed()
    verify(made.resources, made.existing, diagnostics, made.cloud)
    diagnostics.stop_if_failed()
    used = {module_name(key, config) for name, app in result.apps.items() for key, config, _ in parts(app, name)}
    provision = _provision(source, made, used, diagnostics) if options.cloud else None
    diagnostics.stop_if_failed()
    result.spec = Spec(
        source.stack, source.workspace, source.namespace, made.resources, used, provision, source.compatibility
    )


def _provision(source: Input, made: Generated, used: Collection[str], diagnostics: Diagnostics) -> Provision:
    from kusion_render.transformers.provision import provision

    replace = Interpolation(source.variables, diagnostics, "workspace")
    preview = bool(source.options.preview)
    return provision(made, used, source.sources, source.workspace_data, replace, diagnostics, preview=preview)


def read(repository: Repository, target: Target, options: Options, diagnostics: Diagnostics) -> Input:
    """Read and check what a render is made from.

    Raises:
        InputError: when files are missing or can't be read; the diagnostics say which.
    """
    stack = target.stack
    named = _workspace_place(repository, stack, target.workspace)
    workspace = repository.workspace(target.workspace, diagnostics, named)
    layers = load(repository, stack, diagnostics, options.arguments)
    compatibility = compatibility_of(repository, stack, layers, options)
    for file in (stack.project.file, stack.file, f"workspaces/{target.workspace}.yaml"):
        repository.report_unknown_keys(file, compatibility, diagnostics)
    if workspace is not None and not diagnostics.failed:
        check_workspace(workspace, repository.files, compatibility, diagnostics)
    diagnostics.stop_if_failed()
    if workspace is None:
        raise InputError
    workspace = workspace_from_root(workspace, stack.path if compatibility == "kusion" else None)
    known = variables(stack.project, stack, workspace.name, workspace.data.get("context") or {})
    namespace = effective_namespace(
        stack, workspace, compatibility, known, diagnostics, options.namespace, options.preview
    )
    known = {**known, "stack.namespace": namespace.name}
    data = workspace.data
    if workspace.file and "${{" in (repository.files.text(workspace.file) or ""):
        keep = {key: data[key] for key in ("modules", "enforce", "context") if key in data}
        rest = {key: value for key, value in data.items() if key not in keep}
        data = {**Interpolation(known, diagnostics, "workspace").data(rest), **keep}
    kinds = [*(data.get("clusterScopedKinds") or ()), *(repository.settings.get("clusterScopedKinds") or ())]
    return Input(stack, workspace, layers, compatibility, options, namespace, known, data, cluster_scoped=tuple(kinds))


def _workspace_place(repository: Repository, stack: Stack, name: str) -> Span | None:
    for at, given in enumerate(stack.data.get("workspaces") or ()):
        if given == name:
            return repository.files.span(stack.file, ("workspaces", at))
    return repository.files.span(stack.file, ("workspace",)) if stack.data.get("workspace") == name else None


def compatibility_of(repository: Repository, stack: Stack, layers: Sequence[Layer], options: Options) -> str:
    """Return `native` or `kusion`: as the project, the repository or the command line says, else as its files look."""
    said = stack.project.data.get("compatibility") or repository.settings.get("compatibility") or options.compatibility
    if said:
        return str(said)
    apps = [app for layer in layers for app in layer.data.values() if isinstance(app, dict)]
    evaluated = any(str(app.get("_type", "")).startswith("kam.") for app in apps)
    return "kusion" if evaluated or repository.looks_like_kusion(stack.project.path) else "native"


def apps_of(source: Input, diagnostics: Diagnostics) -> dict[str, Any]:
    """Return the apps of a render: assembled, interpolated, typed and checked."""
    sources = source.sources
    apps: dict[str, Any] = assemble(sources)
    _check_settings(sources, diagnostics)
    _report_overruled(sources, diagnostics)
    parsed = [layer.parsed for layer in source.layers]
    if source.workspace.parsed is not None:
        parsed.append(source.workspace.parsed)
    said = bool(source.options.settings)
    deletes = source.workspace.deletes or any(layer.deletes for layer in source.layers)
    if said or deletes:
        apps = _settled(apps, diagnostics)
    referring = said or any(item.has_reference for item in parsed)
    plain = said or any(item.has_plain for item in parsed)
    result = {}
    prepared = dict(apps)
    for name, written in apps.items():
        app = written
        if referring:
            app = Interpolation({**source.variables, "app.name": name}, diagnostics).data(app, (name,))
        if plain:
            app = _typed_app(name, app, diagnostics)
        prepared[name] = app
        if check(app, "app-configuration", diagnostics, pointer=(name,)) and app.get("enabled") is not False:
            result[name] = app
            if not app.get("workload") and not app.get("accessories"):
                _report_idle(name, apps, diagnostics)
    if len(result) < len(apps) and diagnostics.failed:
        # No module will run, so what is wrong with its part is told here.
        for name, app in prepared.items():
            if isinstance(app, dict) and app.get("enabled") is not False:
                check_parts(app, name, diagnostics)
    return result


def _report_idle(name: str, apps: Mapping[str, Any], diagnostics: Diagnostics) -> None:
    others = [other for other in apps if other != name]
    diagnostics.report(
        IDLE_APP,
        f"`{name}` has neither a workload nor accessories, so nothing comes of it",
        Place((name,), on_key=True),
        help=suggest(name, others, "give it a `workload`, or say `enabled: false`"),
    )


def _settled(apps: dict[str, Any], diagnostics: Diagnostics) -> dict[str, Any]:
    settled, wrong = settle(apps)
    for pointer in wrong:
        if pointer[-1] == DIRECTIVE:
            diagnostics.report(
                PATCH_DIRECTIVE,
                "`$patch` is neither `replace` nor `delete`",
                Place(pointer),
                help="say `$patch: replace` or `$patch: delete`, or leave it out to merge",
            )
        else:
            diagnostics.report(
                USELESS_NULL,
                f"`{dotted(pointer[-1:])}` is to be deleted, but nothing beneath sets it",
                Place(pointer, on_key=True),
                help="remove the line, or write `{}` for an empty map",
            )
    result: dict[str, Any] = settled
    return result


def _report_overruled(sources: Sources, diagnostics: Diagnostics) -> None:
    for pointer in overruled(sources) if sources.enforce else ():
        diagnostics.report(
            ENFORCED_VALUE,
            f"`{pointer[-1]}` of `{pointer[0]}` is set by the platform",
            Place(pointer),
            help="remove it from the app; what the workspace enforces wins",
            related=[Related("the app's own value", Place(pointer, document="layers"))],
        )


def _check_settings(sources: Sources, diagnostics: Diagnostics) -> None:
    for pointer in unsettable(sources) if sources.settings else ():
        known = sorted({name for layer in sources.layers for name in layer if is_app(name) and name != "*"})
        diagnostics.report(
            SET_PATH,
            f"--set {dotted(pointer)} leads nowhere",
            help="the list on the way has no such item"
            if pointer[0] in known
            else suggest(str(pointer[0]), known, f"begin with an app of this stack; {listing(known)}"),
        )


def _typed_app(name: str, app: Any, diagnostics: Diagnostics) -> Any:
    app = typed(app, "app-configuration", diagnostics, pointer=(name,))
    if not isinstance(app, dict) or not all(isinstance(app.get(key, {}), dict) for key in ("workload", "accessories")):
        return app
    result = dict(app)
    for key, config, place in parts(app, name):
        module = module_name(key, config)
        done = typed(config, f"modules/{module}", diagnostics, pointer=place, schema=schema_of(module))
        if key == "workload" and len(place) == 2:
            result["workload"] = done
        else:
            result["accessories"] = {**result["accessories"], key: done}
    return result


def resources_of(
    source: Input,
    apps: Mapping[str, Any],
    files: Contents,
    diagnostics: Diagnostics,
    only: str | None = None,
) -> Generated:
    """Return what checked apps come to, objects generated and transformed. Pure.

    `only` asks for one app's objects; its siblings are still seen by its modules.
    """
    context = Context(
        project=source.project_name,
        stack=source.stack_name,
        namespace=source.namespace.name,
        compatibility=source.compatibility,
        workspace=source.workspace_data,
        apps=apps,
        contents=files.files,
        manifests=files.manifests,
        cluster_scoped=source.cluster_scoped,
        preview=source.options.preview,
        object_namespace=_object_namespace(source),
        written=lambda: assemble(source.sources.of({})),
        cloud=source.options.cloud,
    )
    before = [namespace_object(source.namespace)] if source.namespace.create and only is None else []
    generated = generate(context, diagnostics, only, before)
    shown = apps if only is None else {only: apps[only]}
    return Generated(_transformed(source, shown, generated.resources, diagnostics), generated.existing, generated.cloud)


def _transformed(
    source: Input, apps: Mapping[str, Any], made: Sequence[Resource], diagnostics: Diagnostics
) -> list[Resource]:
    """Return the modules' objects of `apps` after all that apps, workspace and options say about finished objects."""
    workspace, options = source.workspace_data, source.options
    encrypted = [each for each in made if is_encrypted(each.attributes)]
    if encrypted:
        made = [each for each in made if not is_encrypted(each.attributes)]
    for name, app in apps.items():
        if app.get("patches"):
            made = _patched(made, app["patches"], (name, "patches"), diagnostics, app=name)
    made = transform(made, workspace, omitted=_omitted(source))
    if workspace.get("patches"):
        made = _patched(made, workspace["patches"], ("patches",), diagnostics, document="workspace")
    if source.compatibility != "kusion":
        made = with_config_hash(made, apps)
    if options.preview:
        from kusion_render.transformers.preview import with_preview

        made = with_preview(made, options.preview, source.cluster_scoped)
    # A preview is to go away with what it previews.
    made = with_profile(made, apps, options.profile, diagnostics, keeps=not options.preview)
    return [*made, *encrypted]


def _omitted(source: Input) -> tuple[str, ...]:
    """Return the namespaces that the objects do not say, for whoever applies them knows; others they must say."""
    if source.options.namespace_policy != "omit":
        return ()
    return (source.namespace.name, _object_namespace(source) or source.namespace.name)


def _object_namespace(source: Input) -> str:
    """Return the namespace of what modules make where it is not the effective one, else ""."""
    return preview_name(source.project_name, source.options.preview) if source.namespace.partial else ""


def _patched(
    made: Sequence[Resource],
    patches: Sequence[Mapping[str, Any]],
    pointer: Pointer,
    diagnostics: Diagnostics,
    *,
    app: str = "",
    document: str = "apps",
) -> list[Resource]:
    """Return the objects after an app's patches on its own, or after the workspace's on all."""
    from kusion_render.transformers.patches import apply_patches

    own = [each for each in made if not app or each.app == app]
    # A workspace's patches are for all stacks; not each has all that they are for.
    changed = apply_patches(
        [each.attributes for each in own], patches, diagnostics, pointer, document=document, required=bool(app)
    )
    done = {id(each): each.of(manifest) for each, manifest in zip(own, changed, strict=True)}
    return [done.get(id(each), each) for each in made]
