"""Kusion's Spec: every resource with its ID and what it depends on, those of clouds too."""

from __future__ import annotations

from kusion_render.diagnostics import OutputPlace, Place, Rule
from kusion_render.interpolation import CREDENTIALS
from kusion_render.kubernetes.order import ordered, sort_key
from kusion_render.targets.spec.dependencies import Dependencies
from kusion_render.transformers.provision import IMPORT_ID
from kusion_render.yamlio import dump

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from typing import Any, Final

    from kusion_render.diagnostics import Diagnostics, Json
    from kusion_render.model import CloudResource, Provision, Resource, Spec

SCOPE: Final = "stack"
CLOUD: Final = True

CONTEXT_CREDENTIAL: Final = Rule("KR470", "context-credential")
NOT_FOR_SPEC: Final = Rule("KR471", "not-for-spec")


def emit(specs: Sequence[Spec], options: Mapping[str, Json], diagnostics: Diagnostics) -> dict[str, str | bytes]:
    """Return `<project>/<stack>[@<workspace>]/spec.yaml` for every stack; problems are as with `stream`."""
    del options  # there are none
    return {f"{spec.key}/spec.yaml": text for spec, text in zip(specs, _texts(specs, diagnostics), strict=True)}


def stream(specs: Sequence[Spec], diagnostics: Diagnostics) -> Iterator[str]:
    """Yield one document for each Spec, each with its leading `---` but the first.

    A resource without an ID of its own is KR471. A credential that the context holds is KR470, a warning in `kusion`
    mode; where the workspace allows literal Secrets it is none.
    """
    for number, text in enumerate(_texts(specs, diagnostics)):
        yield f"---\n{text}" if number else text


def _texts(specs: Sequence[Spec], diagnostics: Diagnostics) -> Iterator[str]:
    for spec in specs:
        _check(spec, diagnostics)
        yield dump(document(spec))


def document(spec: Spec) -> dict[str, Any]:
    """Return a Spec as data: objects in the order to apply them, namespaces first, then the cloud's resources."""
    resources = sorted(
        spec.resources, key=lambda each: (each.attributes["kind"] != "Namespace", sort_key(each.attributes))
    )
    dependencies = Dependencies(resources)
    provision = spec.provision
    listed = [_kubernetes(each, dependencies.of(each), provision.extensions.get(each.id, {})) for each in resources]
    listed += [_terraform(each, provision.extensions.get(each.id, {})) for each in provision.resources]
    return {"resources": listed, "secretStore": _store(provision), "context": dict(provision.context)}


def _kubernetes(resource: Resource, depends_on: Sequence[str], said: Mapping[str, Json]) -> dict[str, Any]:
    entry: dict[str, Any] = {
        "id": resource.id,
        "type": "Kubernetes",
        "attributes": {} if IMPORT_ID in said else ordered(resource.attributes),
    }
    if depends_on:
        entry["dependsOn"] = [*depends_on]
    extensions = {**_extensions(resource), **said}
    if extensions:
        entry["extensions"] = extensions
    return entry


def _extensions(resource: Resource) -> dict[str, Any]:
    """Return what tells the engine of a module's object; Kusion says nothing of manifests as they stand."""
    if resource.module == "k8s_manifest":
        return {}
    group, _, version = resource.attributes["apiVersion"].rpartition("/")
    extensions: dict[str, Any] = {"GVK": f"{group}/{version}, Kind={resource.attributes['kind']}"}
    if resource.workload:
        extensions["kusion.io/is-workload"] = True
    return extensions


def _terraform(resource: CloudResource, said: Mapping[str, Json]) -> dict[str, Any]:
    return {
        "id": resource.id,
        "type": "Terraform",
        "attributes": {} if IMPORT_ID in said else ordered(dict(resource.attributes)),
        "extensions": {
            "provider": resource.provider,
            "providerMeta": dict(resource.settings),
            "resourceType": resource.type,
            **said,
        },
    }


def _store(provision: Provision) -> dict[str, Any] | None:
    # The rest of a workspace's `secretStore` is ours, and Kusion refuses keys that it does not know.
    found = (provision.secret_store or {}).get("provider")
    return {"provider": found} if found else None


def _check(spec: Spec, diagnostics: Diagnostics) -> None:
    for resource in spec.resources:
        kind, name = resource.attributes["kind"], resource.attributes["metadata"].get("name")
        if not name:
            _report_id(f"a {kind}", "it has no name", OutputPlace(resource.id, ("metadata",)), diagnostics)
        elif resource.id.count(":") > 3:
            where = OutputPlace(resource.id, ("metadata", "name"))
            _report_id(f"{kind} `{name}`", "a `:` in its name splits its ID", where, diagnostics)
    for made in spec.provision.resources:
        if "." in made.id or made.id.count(":") > 3:
            # A reference ends at the first dot.
            reason = "a `.` or `:` in its name splits references to it"
            _report_id(f"{made.type} `{made.name}`", reason, Place(made.place, on_key=True), diagnostics)
    _check_context(spec, diagnostics)


def _report_id(what: str, reason: str, where: Place | OutputPlace, diagnostics: Diagnostics) -> None:
    diagnostics.report(
        NOT_FOR_SPEC,
        f"a Spec can't hold {what}: {reason}",
        where,
        help="give it another name, or render it to `kubernetes`",
    )


def _check_context(spec: Spec, diagnostics: Diagnostics) -> None:
    allowed = (spec.workspace.data.get("secrets") or {}).get("allowLiteral")
    for key in sorted(CREDENTIALS & spec.provision.context.keys()):
        value = spec.provision.context[key]
        if not value or str(value).startswith("ref://") or allowed is True or key in (allowed or ()):
            continue
        diagnostics.report(
            CONTEXT_CREDENTIAL,
            f"`{key}` of the context is written out, and the Spec would hold it",
            Place(("context", key), document="workspace"),
            help=f"refer to it with `ref://NAME/PROPERTY`, or allow it in the workspace: `secrets: {{allowLiteral: [{key}]}}`",
            severity="warning" if spec.compatibility == "kusion" else None,
        )
