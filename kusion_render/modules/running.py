"""Runs an app's modules and applies their patchers to its workload."""

from __future__ import annotations

from kusion_render.diagnostics import Place, Rule
from kusion_render.document import merge
from kusion_render.generator import Generated
from kusion_render.modules import GeneratorRequest, load, module_name, names, schema_of
from kusion_render.schema import check
from kusion_render.suggestion import listing, suggest

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from typing import Any, Final

    from kusion_render.diagnostics import Diagnostics, Pointer
    from kusion_render.model import CloudResource, Patcher, Resource
    from kusion_render.modules import Context, GeneratorResponse

UNKNOWN_MODULE: Final = Rule("KR301", "unknown-module")

REMOVE: Final = "ops://kusionstack.io/remove"


def generate(context: Context, diagnostics: Diagnostics, only: str | None = None) -> Generated:
    """Return the resources of all apps of a render, or of one, and the objects (kind, name) they say live elsewhere.

    Apps are taken in order of their names, the workload first, then accessories as written. Cloud resources that a
    module makes although the context says that nobody can take them are KR353.
    """
    resources: list[Resource] = []
    cloud: list[CloudResource] = []
    existing: set[tuple[str, str]] = set()
    for app in sorted(context.apps) if only is None else (only,):
        responses = list(_run_app(context, app, diagnostics))
        made = [resource for response in responses for resource in response.resources]
        patchers = [response.patcher for response in responses if response.patcher is not None]
        resources += [_patched(resource, patchers) if resource.workload and patchers else resource for resource in made]
        existing.update(known for response in responses for known in response.existing)
        cloud += [resource for response in responses for resource in response.cloud]
    if cloud and not context.cloud:
        from kusion_render.modules.cloud import report_not_rendered

        for resource in cloud:
            report_not_rendered(f"the cloud resource `{resource.id}` is", Place(resource.place), diagnostics)
        cloud = []
    return Generated(resources, existing, cloud)


def _run_app(context: Context, app: str, diagnostics: Diagnostics) -> Iterator[GeneratorResponse]:
    for key, config, place in parts(context.apps[app], app):
        name = module_name(key, config)
        module = load(name)
        if module is None:
            _report_unknown(name, place, diagnostics)
            continue
        request = GeneratorRequest(context, app, config, name, place)
        if check(config, f"modules/{name}", diagnostics, pointer=place, schema=schema_of(name)):
            yield module.generate(request, diagnostics)


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


def _patched(workload: Resource, patchers: Sequence[Patcher]) -> Resource:
    manifest = workload.attributes
    for patcher in patchers:
        manifest = _patch(manifest, patcher)
    return workload.of(manifest)


def _patch(manifest: dict[str, Any], patcher: Patcher) -> dict[str, Any]:
    metadata = _patch_metadata(manifest["metadata"], patcher.labels, patcher.annotations)
    spec = manifest["spec"]
    if "jobTemplate" in spec:
        job = spec["jobTemplate"]
        template = _patch_template(job["spec"]["template"], patcher)
        spec = {**spec, "jobTemplate": {**job, "spec": {**job["spec"], "template": template}}}
    else:
        spec = {**spec, "template": _patch_template(spec["template"], patcher)}
    return merge({**manifest, "metadata": metadata, "spec": spec}, patcher.manifest)


def _patch_template(template: Mapping[str, Any], patcher: Patcher) -> dict[str, Any]:
    metadata = _patch_metadata(template.get("metadata") or {}, patcher.pod_labels, patcher.pod_annotations)
    pod = template["spec"]
    containers = [_patch_env(container, patcher.environments) for container in pod["containers"]]
    return {**template, "metadata": metadata, "spec": {**pod, "containers": containers}}


def _patch_metadata(
    metadata: Mapping[str, Any], labels: Mapping[str, str], annotations: Mapping[str, str]
) -> dict[str, Any]:
    result = dict(metadata)
    for key, added in (("labels", labels), ("annotations", annotations)):
        if added:
            merged = {**(metadata.get(key) or {}), **added}
            result[key] = {name: value for name, value in merged.items() if value != REMOVE}
    return result


def _patch_env(container: Mapping[str, Any], added: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Put variables before a container's own, each before the last, as Kusion does; removals come first."""
    if not added:
        return dict(container)
    removed = {variable["name"] for variable in added if variable.get("value") == REMOVE}
    own = [variable for variable in container.get("env") or () if variable["name"] not in removed]
    new = [variable for variable in added if variable["name"] not in removed]
    return {**container, "env": [*reversed(new), *own]}
