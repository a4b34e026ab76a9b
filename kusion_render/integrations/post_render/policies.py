"""What a workspace says about every object, applied to objects that are not ours."""

from __future__ import annotations

from kusion_render.integrations.post_render.stream import FILE_ANNOTATION
from kusion_render.model import Resource
from kusion_render.transformers import transform

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any, Final

    from kusion_render.diagnostics import Diagnostics
    from kusion_render.integrations.post_render.options import Options
    from kusion_render.integrations.post_render.stream import Item
    from kusion_render.model import Workspace
    from kusion_render.repository import Repository

# What of a workspace concerns objects that are there already; the rest is for making them.
_USED: Final = ("labels", "annotations", "images", "registries", "patches", "lint")
# Helm's own: hooks, weights, what to keep, and the template that a document is put back into.
_HELM: Final = ("helm.sh/", FILE_ANNOTATION)


class Policies:
    """A workspace as post-rendering needs it.

    `data` is what it says of every object, its references replaced; `variables` are the names that `enforce` may refer
    to; `cluster_scoped` are the kinds of custom resources that are declared to have no namespace.
    """

    __slots__ = ("cluster_scoped", "data", "file", "options", "variables", "workspace")

    def __init__(
        self,
        workspace: Workspace,
        data: Mapping[str, Any],
        options: Options,
        variables: Mapping[str, Any],
        cluster_scoped: Sequence[str],
    ) -> None:
        self.workspace: Final = workspace
        self.file: Final = workspace.file
        self.data: Final = data
        self.options: Final = options
        self.variables: Final = variables
        self.cluster_scoped: Final = cluster_scoped


def read_policies(repository: Repository, options: Options, diagnostics: Diagnostics) -> Policies | None:
    """Return the policies of the workspace that the options name, or None after a diagnostic."""
    workspace = repository.workspace(options.workspace, diagnostics)
    if workspace is None:
        repository.report_unknown_keys(f"workspaces/{options.workspace}.yaml", "native", diagnostics)
        return None
    compatibility = str(repository.settings.get("compatibility") or "native")
    repository.report_unknown_keys(workspace.file, compatibility, diagnostics)
    data = {key: workspace.data[key] for key in _USED if key in workspace.data}
    variables: Mapping[str, Any] = {}
    if workspace.parsed is not None and workspace.parsed.has_reference:
        from kusion_render.interpolation import Interpolation, workspace_variables

        variables = {
            **workspace_variables(workspace.name, workspace.data.get("context") or {}),
            **({"stack.namespace": options.namespace} if options.namespace else {}),
        }
        data = Interpolation(variables, diagnostics, "workspace").data(data)
    kinds = [*(workspace.data.get("clusterScopedKinds") or ()), *(repository.settings.get("clusterScopedKinds") or ())]
    return Policies(workspace, data, options, variables, kinds)


def apply_policies(items: Sequence[Item], policies: Policies, diagnostics: Diagnostics) -> list[dict[str, Any]]:
    """Return the objects as the workspace wants them, one for one.

    What must hold for Helm holds afterwards too: its annotations are those that the chart wrote.
    """
    manifests = [item.manifest for item in items]
    if policies.workspace.data.get("enforce"):
        from kusion_render.integrations.post_render.enforcement import enforce

        manifests = enforce(items, policies, diagnostics)
    resources = transform([Resource(manifest, "") for manifest in manifests], policies.data)
    manifests = [resource.attributes for resource in resources]
    if policies.data.get("patches"):
        from kusion_render.transformers.patches import apply_patches

        manifests = apply_patches(
            manifests, policies.data["patches"], diagnostics, ("patches",), document="workspace", required=False
        )
    manifests = _with_namespaces(manifests, policies)
    if policies.options.profile != "plain":
        from kusion_render.transformers.profile import with_profile

        profiled = with_profile(
            [Resource(manifest, "") for manifest in manifests], {}, policies.options.profile, diagnostics
        )
        manifests = [resource.attributes for resource in profiled]
    result = [_with_own_annotations(item.manifest, each) for item, each in zip(items, manifests, strict=True)]
    if policies.data.get("lint"):
        _lint(items, result, policies.data["lint"], diagnostics)
    return result


def _lint(
    items: Sequence[Item],
    manifests: Sequence[Mapping[str, Any]],
    levels: Mapping[str, str],
    diagnostics: Diagnostics,
) -> None:
    """Report what those rules find that the workspace names; the others are for its own apps, not for any chart."""
    from kusion_render.lint import RULES, lint

    chosen = {each.rule.name: levels.get(each.rule.name, "off") for each in RULES}
    objects = [(item.id, manifest) for item, manifest in zip(items, manifests, strict=True)]
    lint(objects, chosen, diagnostics)


def _with_namespaces(manifests: Sequence[dict[str, Any]], policies: Policies) -> list[dict[str, Any]]:
    """Return the objects with their namespaces as the policy says.

    `set` gives the release's to namespaced objects that say none. `omit` takes the release's away; an object that the
    chart puts elsewhere stays there.
    """
    policy, namespace = policies.options.namespace_policy, policies.options.namespace
    if policy == "omit":
        return [_omitted(manifest, namespace) for manifest in manifests]
    if policy != "set":
        return list(manifests)
    from kusion_render.kubernetes.scopes import is_cluster_scoped

    cluster_scoped = [*policies.cluster_scoped, *_declared(manifests)]
    return [
        manifest
        if manifest["metadata"].get("namespace")
        or is_cluster_scoped(manifest["apiVersion"], manifest["kind"], cluster_scoped)
        else _placed(manifest, namespace)
        for manifest in manifests
    ]


def _placed(manifest: dict[str, Any], namespace: str) -> dict[str, Any]:
    metadata = {key: value for key, value in manifest["metadata"].items() if key != "namespace"}
    named = {key: metadata.pop(key) for key in ("name", "generateName") if key in metadata}
    return {**manifest, "metadata": {**named, "namespace": namespace, **metadata}}


def _omitted(manifest: dict[str, Any], namespace: str) -> dict[str, Any]:
    metadata = manifest["metadata"]
    if metadata.get("namespace") != namespace:
        return manifest
    return {**manifest, "metadata": {key: value for key, value in metadata.items() if key != "namespace"}}


def _declared(manifests: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return the kinds that custom resource definitions of the stream say to live in no namespace."""
    found = []
    for manifest in manifests:
        spec = manifest.get("spec") if manifest["kind"] == "CustomResourceDefinition" else None
        names = spec.get("names") if isinstance(spec, dict) and spec.get("scope") == "Cluster" else None
        if isinstance(names, dict) and isinstance(spec, dict):
            found.append(f"{spec.get('group')}/{names.get('kind')}")
    return found


def _with_own_annotations(before: Mapping[str, Any], after: dict[str, Any]) -> dict[str, Any]:
    """Return the object with Helm's annotations as the chart wrote them."""
    own = before["metadata"].get("annotations") or {}
    kept = {key: value for key, value in own.items() if str(key).startswith(_HELM)}
    now = after["metadata"].get("annotations") or {}
    if all(key in now and now[key] == value for key, value in kept.items()):
        return after
    return {**after, "metadata": {**after["metadata"], "annotations": {**now, **kept}}}
