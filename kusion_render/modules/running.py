"""Runs an app's modules and applies their patchers to its workload."""

from __future__ import annotations

from kusion_render.diagnostics import Place, Rule
from kusion_render.generator import Generated
from kusion_render.modules import GeneratorRequest, load, module_name, names, schema_of
from kusion_render.modules.patching import patch_objects, patch_workload
from kusion_render.schema import check
from kusion_render.suggestion import listing, suggest

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from typing import Any, Final

    from kusion_render.diagnostics import Diagnostics, Pointer
    from kusion_render.model import CloudResource, Resource
    from kusion_render.modules import Context, GeneratorResponse

UNKNOWN_MODULE: Final = Rule("KR301", "unknown-module")


def generate(
    context: Context, diagnostics: Diagnostics, only: str | None = None, before: Sequence[Resource] = ()
) -> Generated:
    """Return the resources of all apps of a render, or of one, and the objects (kind, name) they say live elsewhere.

    Apps are taken in order of their names, the workload first, then accessories as written. `before` are resources that
    come before all others; an app's modules may patch them, and those of the apps before it. Cloud resources that a
    module makes although the context says that nobody can take them are KR353.
    """
    resources: list[Resource] = list(before)
    cloud: list[CloudResource] = []
    existing: set[tuple[str, str]] = set()
    for app in sorted(context.apps) if only is None else (only,):
        answers = list(_run_app(context, app, diagnostics))
        made = [resource for _, response in answers for resource in response.resources]
        patchers = [(place, response.patcher) for place, response in answers if response.patcher is not None]
        resources += [patch_workload(each, patchers) if each.workload and patchers else each for each in made]
        if any(patcher.json_patches for _, patcher in patchers):
            resources = patch_objects(resources, patchers, diagnostics, known_only=only is not None)
        existing.update(known for _, response in answers for known in response.existing)
        cloud += [resource for _, response in answers for resource in response.cloud]
    if cloud and not context.cloud:
        from kusion_render.modules.cloud import report_not_rendered

        for resource in cloud:
            report_not_rendered(
                f"the cloud resource `{resource.id}` is", Place(resource.place, on_key=True), diagnostics
            )
        cloud = []
    return Generated(resources, existing, cloud)


def _run_app(context: Context, app: str, diagnostics: Diagnostics) -> Iterator[tuple[Pointer, GeneratorResponse]]:
    for key, config, place in parts(context.apps[app], app):
        name = module_name(key, config)
        module = load(name)
        if module is None:
            _report_unknown(name, place, diagnostics)
            continue
        request = GeneratorRequest(context, app, config, name, place)
        if check(config, f"modules/{name}", diagnostics, pointer=place, schema=schema_of(name)):
            yield place, module.generate(request, diagnostics)


def check_parts(app: Mapping[str, Any], name: str, diagnostics: Diagnostics) -> None:
    """Report what in the parts of an app does not fit the schemas of their modules; `generate` does so by itself."""
    accessories = app.get("accessories")
    for key, config, place in parts({**app, "accessories": accessories if isinstance(accessories, dict) else {}}, name):
        module = module_name(key, config)
        written: object = config  # nothing has checked yet that it is a map
        if not isinstance(written, dict):
            continue
        if load(module) is None:
            _report_unknown(module, place, diagnostics)
        else:
            check(config, f"modules/{module}", diagnostics, pointer=place, schema=schema_of(module))


def parts(app: Mapping[str, Any], name: str) -> Iterator[tuple[str, dict[str, Any], Pointer]]:
    """Yield the workload and each accessory of an app: its key, its config, and its place in the stack's apps."""
    if app.get("workload") is not None:
        yield "workload", app["workload"], (name, "workload")
    for key, config in (app.get("accessories") or {}).items():
        yield key, config, (name, "accessories", key)


def _report_unknown(name: str, place: Pointer, diagnostics: Diagnostics) -> None:
    known = names()
    diagnostics.report(
        UNKNOWN_MODULE,
        f"there is no module `{name}`",
        Place(place, on_key=True),
        help=suggest(name, known, f"{listing(known)}; under a key of your own say `module: NAME`"),
    )
