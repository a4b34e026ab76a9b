"""What the tool that applies the manifests wants written on them: `argocd`, `flux`, `helm`, or `plain` for any other.

Only annotations, and the name of a Job with a `phase`, depend on the profile; what runs never does. An annotation that
the object has already stands, but for Argo CD's sync options, of which all are joined.
"""

from __future__ import annotations

from kusion_render.diagnostics import Place, Rule
from kusion_render.kubernetes.limits import LABEL_LENGTH, object_size, shorten
from kusion_render.kubernetes.order import ordered
from kusion_render.transformers.config_hash import sha256
from kusion_render.yamlio import dump

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any, Final

    from kusion_render.diagnostics import Diagnostics
    from kusion_render.model import Resource

PHASE_UNORDERED: Final = Rule("KR401", "phase-unordered", "warning")

PROFILES: Final = ("plain", "argocd", "flux", "helm")

SYNC_OPTIONS: Final = "argocd.argoproj.io/sync-options"
_SYNC_WAVE: Final = "argocd.argoproj.io/sync-wave"
_HOOK: Final = "argocd.argoproj.io/hook"
_HOOK_DELETION: Final = "argocd.argoproj.io/hook-delete-policy"
_PRUNE: Final = "kustomize.toolkit.fluxcd.io/prune"
_FORCE: Final = "kustomize.toolkit.fluxcd.io/force"
_SUBSTITUTE: Final = "kustomize.toolkit.fluxcd.io/substitute"
_RELEASE_HOOK: Final = "helm.sh/hook"
_RELEASE_HOOK_DELETION: Final = "helm.sh/hook-delete-policy"
_RESOURCE_POLICY: Final = "helm.sh/resource-policy"
# Helm applies all objects at once; what runs with them starts as soon as that is done.
_RELEASE_HOOKS: Final = {
    "before": "pre-install,pre-upgrade",
    "with": "post-install,post-upgrade",
    "after": "post-install,post-upgrade",
}

# Client-side apply keeps a copy in an annotation, of which all may have 256 KiB together.
_SERVER_SIDE_BYTES: Final = 200 * 1024
_FIRST_WAVE: Final = "-10"
_FIRST: Final = frozenset(("Namespace", "CustomResourceDefinition"))
_PROTECTED: Final = ("Prune=false", "Delete=false")
# What a Job before the deployment may need; it must be there when the Job starts.
_CONFIG_KINDS: Final = frozenset(
    (
        "ConfigMap",
        "ExternalSecret",
        "NetworkPolicy",
        "PersistentVolumeClaim",
        "Role",
        "RoleBinding",
        "SealedSecret",
        "Secret",
        "SecretProviderClass",
        "ServiceAccount",
    )
)


def with_profile(
    resources: Sequence[Resource],
    apps: Mapping[str, Any],
    profile: str,
    diagnostics: Diagnostics,
    *,
    keeps: bool = True,
) -> list[Resource]:
    """Return the resources of one render with what `profile` adds; KR401 warns of an order it can't give.

    `argocd`: Namespaces and CRDs in an early wave, `phase` as hooks, `protect` and large objects as sync options.
    `flux`: `phase` as replaced Jobs, `protect` as excepted from pruning, objects with `${` excepted from substitution.
    `helm`: `phase` as hooks of releases, `protect` as kept when its release goes.
    `plain`: a Job with a `phase` gets a name that changes with it. Without `keeps` nothing is excepted from pruning.
    """
    phases = [_phase(resource, apps) for resource in resources]
    if profile not in ("argocd", "helm"):
        _report_unordered(resources, phases, profile, diagnostics)
    early = "before" in phases
    result = []
    for resource, phase in zip(resources, phases, strict=True):
        kept = keeps and (
            resource.attributes["kind"] == "Namespace" or bool((apps.get(resource.app) or {}).get("protect"))
        )
        if profile == "argocd":
            result.append(_for_argocd(resource, phase, early=early, kept=kept))
        elif profile == "flux":
            result.append(_annotated(resource, _for_flux(resource.attributes, phase, kept=kept)))
        elif profile == "helm":
            result.append(_for_helm(resource, phase, kept=kept))
        else:
            result.append(_renamed(resource) if phase else resource)
    return result


def _phase(resource: Resource, apps: Mapping[str, Any]) -> str:
    if not resource.workload or resource.attributes["kind"] != "Job":
        return ""
    return str(apps[resource.app]["workload"].get("phase") or "")


def _report_unordered(
    resources: Sequence[Resource], phases: Sequence[str], profile: str, diagnostics: Diagnostics
) -> None:
    for resource, phase in zip(resources, phases, strict=True):
        if phase in ("before", "after"):
            diagnostics.report(
                PHASE_UNORDERED,
                f"the profile `{profile}` can't say that this Job runs {phase} the deployment; it is applied with it",
                Place((resource.app, "workload", "phase")),
                help="render with `--profile argocd`, or say `phase: with` and let the workloads wait themselves",
            )


def _for_argocd(resource: Resource, phase: str, *, early: bool, kept: bool) -> Resource:
    manifest = resource.attributes
    kind = manifest["kind"]
    annotations = {}
    if kind in _FIRST:
        annotations[_SYNC_WAVE] = _FIRST_WAVE
    elif phase:
        # A PreSync hook would start before the ConfigMaps and Secrets of its first deployment are there.
        annotations[_HOOK] = "PostSync" if phase == "after" else "Sync"
        annotations[_HOOK_DELETION] = "BeforeHookCreation"
        if phase == "before":
            annotations[_SYNC_WAVE] = "-1"
    elif early and kind in _CONFIG_KINDS:
        annotations[_SYNC_WAVE] = "-2"
    options = list(_PROTECTED) if kept else []
    if object_size(manifest) > _SERVER_SIDE_BYTES:
        options.append("ServerSideApply=true")
    own = (manifest["metadata"].get("annotations") or {}).get(SYNC_OPTIONS) or ""
    return _annotated(resource, annotations, {SYNC_OPTIONS: _joined(own, options)} if options else {})


def _joined(own: str, options: Sequence[str]) -> str:
    """Return all sync options as one text; what an object says itself of an option stands."""
    said = [option.strip() for option in own.split(",") if option.strip()]
    names = {option.partition("=")[0] for option in said}
    return ",".join([*said, *(option for option in options if option.partition("=")[0] not in names)])


def _for_flux(manifest: Mapping[str, Any], phase: str, *, kept: bool) -> dict[str, str]:
    annotations = {}
    if phase:
        annotations[_FORCE] = "Enabled"
    if kept:
        annotations[_PRUNE] = "disabled"
    if substitutable(manifest):
        annotations[_SUBSTITUTE] = "disabled"
    return annotations


def _for_helm(resource: Resource, phase: str, *, kept: bool) -> Resource:
    annotations = {_RESOURCE_POLICY: "keep"} if kept else {}
    if phase:
        annotations[_RELEASE_HOOK] = _RELEASE_HOOKS[phase]
        # A hook that failed stays to be looked at; the next release begins with a new one.
        annotations[_RELEASE_HOOK_DELETION] = "before-hook-creation,hook-succeeded"
    return _annotated(resource, annotations)


def substitutable(value: Any) -> bool:
    """Tell whether Flux's post-build substitution would read something into a value: `${…}`, or `$$`, which it halves."""
    if isinstance(value, str):
        return "$" in value and ("${" in value or "$$" in value)
    if isinstance(value, dict):
        return any(substitutable(key) or substitutable(inner) for key, inner in value.items())
    return isinstance(value, list) and any(substitutable(item) for item in value)


def _annotated(resource: Resource, beneath: Mapping[str, str], above: Mapping[str, str] | None = None) -> Resource:
    """Return the resource with annotations laid beneath and above its own."""
    if not beneath and not above:
        return resource
    manifest = resource.attributes
    metadata = manifest["metadata"]
    annotations = {**beneath, **(metadata.get("annotations") or {}), **(above or {})}
    return resource.of({**manifest, "metadata": {**metadata, "annotations": annotations}})


def _renamed(resource: Resource) -> Resource:
    """Return a Job under a name that changes when the Job does, for a Job's own fields can't be changed."""
    manifest = resource.attributes
    metadata = manifest["metadata"]
    digest = sha256(dump(ordered(manifest)).encode("utf-8", "surrogatepass"))[:8]
    name = shorten(metadata["name"], LABEL_LENGTH - len(digest) - 1)
    return resource.of({**manifest, "metadata": {**metadata, "name": f"{name}-{digest}"}})
