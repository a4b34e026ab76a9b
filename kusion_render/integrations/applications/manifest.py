"""The manifests themselves; texts may be plain or, in a set, Go templates."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from kusion_render.diagnostics import Json
    from kusion_render.integrations.applications.options import Options

API_VERSION: Final = "argoproj.io/v1alpha1"
PATHS_ANNOTATION: Final = "argocd.argoproj.io/manifest-generate-paths"
FINALIZER: Final = "resources-finalizer.argocd.argoproj.io"


def application(say: Mapping[str, str], options: Options) -> dict[str, Any]:
    """Return one Application; `say` is as `values` of a render, with `revision` and `preview` where they differ."""
    metadata: dict[str, Json] = {
        "name": say["name"],
        "namespace": options.argocd_namespace,
        "annotations": {PATHS_ANNOTATION: say["paths"]},
    }
    if options.delete_resources and options.generator == "none":
        metadata["finalizers"] = [FINALIZER]
    return {"apiVersion": API_VERSION, "kind": "Application", "metadata": metadata, "spec": _spec(say, options)}


def _spec(say: Mapping[str, str], options: Options) -> dict[str, Json]:
    plugin: dict[str, Json] = {"name": options.plugin_name}
    parameters: list[Json] = [
        {"name": name, "string": say[name]} for name in ("preview", "stack", "workspace") if name in say
    ]
    if parameters:
        plugin["parameters"] = parameters
    source: dict[str, Json] = {
        "repoURL": options.repo_url,
        "targetRevision": say.get("revision", options.revision),
        "path": say["path"],
        "plugin": plugin,
    }
    policy: dict[str, Json] = {
        "syncOptions": [
            f"{name}={value}"
            for name, value in sorted({"CreateNamespace": say["createNamespace"], **options.sync_options}.items())
        ]
    }
    if options.automated:
        policy["automated"] = {"prune": True, "selfHeal": True}
    return {
        "project": options.project,
        **({"sourceHydrator": _hydrator(say, source)} if options.hydrate_branch else {"source": source}),
        "destination": {**options.destination, "namespace": say["namespace"]},
        "syncPolicy": policy,
    }


def _hydrator(say: Mapping[str, str], source: dict[str, Json]) -> dict[str, Json]:
    found: dict[str, Json] = {
        "drySource": source,
        "syncSource": {"targetBranch": say["branch"], "path": say["hydratedPath"]},
    }
    if "next" in say:
        found["hydrateTo"] = {"targetBranch": say["next"]}
    return found


def application_set(name: str, generators: Sequence[Json], say: Mapping[str, str], options: Options) -> dict[str, Json]:
    """Return one ApplicationSet whose template says `say`."""
    made = application(say, options)
    # The set's own namespace is its Applications' too.
    del made["metadata"]["namespace"]
    spec: dict[str, Json] = {
        "goTemplate": True,
        "goTemplateOptions": ["missingkey=error"],
        "generators": [*generators],
        "template": {"metadata": made["metadata"], "spec": made["spec"]},
    }
    if not (options.delete_resources or options.generator == "pull-request"):
        # A stack that moves or is renamed would lose all it runs; with this its objects outlive the Application.
        spec["syncPolicy"] = {"preserveResourcesOnDeletion": True}
    metadata: dict[str, Json] = {"name": name, "namespace": options.argocd_namespace}
    return {"apiVersion": API_VERSION, "kind": "ApplicationSet", "metadata": metadata, "spec": spec}
