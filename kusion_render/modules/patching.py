"""What modules patch: their app's workload, and objects by ID, as Kusion applies its patchers.

Unlike Kusion it reaches the pods of a CronJob, finds the workload beside ConfigMaps of inline files, and lets a JSON patch
remove a field at the top.
"""

from __future__ import annotations

from kusion_render.diagnostics import Place, Rule
from kusion_render.model import Patcher

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any, Final

    from kusion_render.diagnostics import Diagnostics, Pointer
    from kusion_render.model import Resource

    Patchers = Sequence[tuple[Pointer, Patcher]]

IDLE_PATCH: Final = Rule("KR362", "module-patches-nothing", "warning")
BAD_PATCH: Final = Rule("KR363", "bad-module-patch")

_OPERATIONS: Final = frozenset(("add", "remove", "replace", "move", "copy", "test"))


def patch_workload(workload: Resource, patchers: Patchers) -> Resource:
    """Return a workload with the labels, annotations and variables of the patchers, one after the other."""
    manifest = workload.attributes
    for _, patcher in patchers:
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
    return {**manifest, "metadata": metadata, "spec": spec}


def _patch_template(template: Mapping[str, Any], patcher: Patcher) -> dict[str, Any]:
    metadata = _patch_metadata(template.get("metadata") or {}, patcher.pod_labels, patcher.pod_annotations)
    pod = template["spec"]
    containers = [_patch_env(container, patcher.environments) for container in pod["containers"]]
    return {**template, "metadata": metadata, "spec": {**pod, "containers": containers}}


def _patch_metadata(
    metadata: Mapping[str, Any], labels: Mapping[str, str], annotations: Mapping[str, str]
) -> dict[str, Any]:
    result = dict(metadata)
    for key, said in (("labels", labels), ("annotations", annotations)):
        if said:
            merged = {**(metadata.get(key) or {}), **said}
            result[key] = {name: value for name, value in merged.items() if said.get(name) != Patcher.REMOVE}
            if not result[key]:
                del result[key]
    return result


def _patch_env(container: Mapping[str, Any], said: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Put variables before a container's own, each before the last, as Kusion does; removals come first."""
    if not said:
        return dict(container)
    removed = {variable["name"] for variable in said if variable.get("value") == Patcher.REMOVE}
    own = [variable for variable in container.get("env") or () if variable["name"] not in removed]
    new = [variable for variable in said if variable.get("value") != Patcher.REMOVE]
    result = {key: value for key, value in container.items() if key != "env"}
    return {**container, "env": [*reversed(new), *own]} if new or own else result


def patch_objects(
    resources: Sequence[Resource], patchers: Patchers, diagnostics: Diagnostics, *, known_only: bool = False
) -> list[Resource]:
    """Return the resources after the JSON patches of the patchers.

    An ID that nothing has is KR362, unless `known_only` says that not all resources are here; KR363 is a patch that can't
    be applied.
    """
    result = list(resources)
    for place, patcher in patchers:
        for identity, patch in patcher.json_patches.items():
            chosen = [at for at, resource in enumerate(result) if resource.id == identity]
            for at in chosen:
                result[at] = _patched(result[at], patch, place, diagnostics)
            if not chosen and not known_only:
                _report_idle(identity, result, place, diagnostics)
    return result


def _patched(resource: Resource, patch: Mapping[str, Any], place: Pointer, diagnostics: Diagnostics) -> Resource:
    from kusion_render.json_patch import JsonPatchError, json_patch, merge_patch
    from kusion_render.kubernetes.harm import harm

    kind: Any = patch.get("type")
    payload: Any = patch.get("payload")
    changed: Any = resource.attributes
    problem = _odd(kind, payload)
    if not problem:
        try:
            changed = (
                merge_patch(changed, payload) if kind == "MergePatch" else json_patch(changed, payload, lenient=True)
            )
        except JsonPatchError as error:
            problem = str(error)
    if not problem:
        said = harm(resource.attributes, changed)
        problem = f"it {said} the object" if said else ""
    if problem:
        diagnostics.report(
            BAD_PATCH,
            f"this module's patch of `{resource.id}` can't be applied: {problem}",
            Place(place, on_key=True),
            help="tell those who wrote the module",
        )
        return resource
    return resource.of(changed)


def _odd(kind: Any, payload: Any) -> str:
    """Say what is wrong with the form of a patch, "" if nothing is."""
    if kind == "MergePatch":
        return "" if isinstance(payload, dict) else "its payload is no map"
    if kind != "JSONPatch":
        return f"its type is `{kind}`, neither `MergePatch` nor `JSONPatch`"
    if not isinstance(payload, list):
        return "its payload is no list of operations"
    for each in payload:
        if not isinstance(each, dict) or each.get("op") not in _OPERATIONS:
            return "an operation is none of JSON Patch"
        for key in ("path", "from") if each["op"] in ("move", "copy") else ("path",):
            if not isinstance(each.get(key), str) or each[key][:1] not in ("", "/"):
                return f"the `{key}` of an operation is no JSON Pointer"
    return ""


def _report_idle(identity: str, resources: Sequence[Resource], place: Pointer, diagnostics: Diagnostics) -> None:
    from kusion_render.suggestion import listing, suggest

    known = sorted(resource.id for resource in resources)
    diagnostics.report(
        IDLE_PATCH,
        f"this module patches `{identity}`, which is not there",
        Place(place, on_key=True),
        help=suggest(identity, known, listing(known)),
    )
