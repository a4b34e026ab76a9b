"""Kustomize base of what stacks share, and one overlay for each stack."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from kusion_render.diagnostics import Rule, Span
from kusion_render.kubernetes.file_names import file_name
from kusion_render.kubernetes.order import ordered, sort_key
from kusion_render.targets.kustomize.patch import Patch, patch_between
from kusion_render.targets.kustomize.transformed import (
    common_labels,
    overlay_namespace,
    without_labels,
    without_namespace,
)
from kusion_render.yamlio import dump

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from kusion_render.diagnostics import Diagnostics, Json
    from kusion_render.model import Spec

SCOPE: Final = "project"

NOT_FOR_KUSTOMIZE: Final = Rule("KR420", "not-for-kustomize")

_KUSTOMIZATION: Final = "kustomization.yaml"
_HEAD: Final = {"apiVersion": "kustomize.config.k8s.io/v1beta1", "kind": "Kustomization"}
# Kustomize reads these as its own, and takes them away or leaves the object out.
# It reads JSON as YAML, which has no such characters.
_CONTROLS: Final = re.compile("[\x7f-\x9f\ufffe\uffff]")
_LONGEST_KEY: Final = 1000
_OWN_ANNOTATIONS: Final = (
    "config.kubernetes.io/",
    "internal.config.kubernetes.io/",
    "config.k8s.io/",
    "kustomize.config.k8s.io/",
)


class _Overlay:
    """One stack's objects by identity, less the namespace and the `labels` that the overlay sets for all."""

    def __init__(self, spec: Spec) -> None:
        manifests: list[dict[str, Any]] = sorted((ordered(each.attributes) for each in spec.resources), key=sort_key)
        self.name: Final = spec.key.partition("/")[2]
        self.namespace: Final = overlay_namespace(manifests, spec.namespace.name)
        bare = [without_namespace(each) if self.namespace else each for each in manifests]
        self.objects: Final = {_identity(each): each for each in bare}
        self.common: Final = common_labels(bare)
        self.labels: Final[dict[str, str]] = {}
        # Without a namespace for all, objects of one name in two namespaces may not be told apart from the base's.
        self.shares: Final = self.namespace != "" or not any(_namespace(each) for each in manifests)

    def say_labels(self, labels: Mapping[str, str]) -> None:
        """Take labels that all objects have from them, for the overlay to say."""
        self.labels.update(labels)
        self.objects.update({identity: without_labels(each, labels) for identity, each in self.objects.items()})


def emit(specs: Sequence[Spec], options: Mapping[str, Json], diagnostics: Diagnostics) -> dict[str, str | bytes]:
    """Return `<project>/base/…` and `<project>/overlays/<stack>[@<workspace>]/…` for every project.

    Objects that all stacks have are in the base, with patches in the overlays; the others are in the overlays alone.
    A stack without objects has no overlay.
    Reports KR420 for what kustomize would drop.
    """
    del options  # there are none
    files: dict[str, str | bytes] = {}
    projects: dict[str, list[Spec]] = {}
    for spec in specs:
        projects.setdefault(spec.stack.project.name, []).append(spec)
        _check(spec, diagnostics)
    for project, renders in projects.items():
        # Kustomize refuses a kustomization without anything in it.
        overlays = [_Overlay(spec) for spec in renders if spec.resources]
        files |= {f"{project}/{path}": text for path, text in _project_files(overlays).items()}
    return files


def _identity(manifest: Mapping[str, Any]) -> tuple[str, ...]:
    metadata = manifest["metadata"]
    return (manifest["apiVersion"], manifest["kind"], _namespace(manifest), metadata.get("name") or "")


def _namespace(manifest: Mapping[str, Any]) -> str:
    return manifest["metadata"].get("namespace") or ""


def _project_files(overlays: Sequence[_Overlay]) -> dict[str, str]:
    sharing = [overlay for overlay in overlays if overlay.shares]
    for overlay in sharing:
        # What differs between stacks, and what a stack has on all its objects, is said once.
        differing = {
            key: value
            for key, value in overlay.common.items()
            if not all(other.common.get(key) == value for other in sharing)
        }
        overlay.say_labels(differing)
    base = _base(overlays)
    files: dict[str, str] = {}
    names = _write("base", base, files)
    if base:
        files[f"base/{_KUSTOMIZATION}"] = dump({**_HEAD, "resources": [*sorted(names.values())]})
    for overlay in overlays:
        files |= _overlay_files(overlay, base if overlay.shares else {}, names)
    return files


def _base(overlays: Sequence[_Overlay]) -> dict[tuple[str, ...], dict[str, Any]]:
    """Return the objects that all sharing stacks have, as the first has them, where patches are less than copies."""
    sharing = [overlay for overlay in overlays if overlay.shares]
    result = {}
    for identity, manifest in (sharing[0].objects if sharing else {}).items():
        if not all(identity in overlay.objects for overlay in sharing):
            continue
        patches = [patch_between(manifest, overlay.objects[identity]) for overlay in sharing]
        needed = [patch for patch in patches if patch is not None]
        if sum(len(patch.text) for patch in needed) <= len(dump(manifest)) * max(1, len(sharing) - 1):
            result[identity] = manifest
    return result


def _write(
    folder: str, objects: Mapping[tuple[str, ...], dict[str, Any]], files: dict[str, str]
) -> dict[tuple[str, ...], str]:
    names: dict[tuple[str, ...], str] = {}
    for identity, manifest in objects.items():
        name = names[identity] = file_name(manifest, set(names.values()))
        files[f"{folder}/{name}"] = dump(manifest)
    return names


def _overlay_files(
    overlay: _Overlay, base: Mapping[tuple[str, ...], dict[str, Any]], base_names: Mapping[tuple[str, ...], str]
) -> dict[str, str]:
    folder = f"overlays/{overlay.name}"
    files: dict[str, str] = {}
    own = {identity: manifest for identity, manifest in overlay.objects.items() if identity not in base}
    names = _write(folder, own, files)
    patches = []
    for identity, manifest in base.items():
        patch = patch_between(manifest, overlay.objects[identity])
        if patch is not None:
            path = f"{base_names[identity].removesuffix('.yaml')}.patch.yaml"
            files[f"{folder}/{path}"] = patch.text
            patches.append(_entry(path, patch, identity))
    kustomization: dict[str, Any] = dict(_HEAD)
    if overlay.namespace and any(not _namespace(each) for each in overlay.objects.values()):
        kustomization["namespace"] = overlay.namespace
    if overlay.labels:
        kustomization["labels"] = [{"pairs": dict(overlay.labels)}]
    resources = [*(["../../base"] if base else []), *sorted(names.values())]
    if resources:
        kustomization["resources"] = resources
    if patches:
        kustomization["patches"] = patches
    files[f"{folder}/{_KUSTOMIZATION}"] = dump(kustomization)
    return files


def _entry(path: str, patch: Patch, identity: tuple[str, ...]) -> dict[str, Any]:
    if patch.merges:
        return {"path": path}
    group, _, version = identity[0].rpartition("/")
    # Kustomize takes these for patterns.
    target = {"version": _exactly(version), "kind": _exactly(identity[1]), "name": _exactly(identity[3])}
    return {"path": path, "target": {"group": _exactly(group), **target} if group else target}


def _exactly(text: str) -> str:
    return text.replace(".", r"\.")


def _unreadable(value: Any) -> Iterator[str]:
    """Yield what kustomize's YAML refuses in an object."""
    if isinstance(value, str) and _CONTROLS.search(value):
        yield "it holds a control character"
    elif isinstance(value, dict):
        for key, inner in value.items():
            if len(key) > _LONGEST_KEY:
                yield f"it has a key of more than {_LONGEST_KEY} characters"
            yield from _unreadable(key)
            yield from _unreadable(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _unreadable(inner)


def _check(spec: Spec, diagnostics: Diagnostics) -> None:
    for resource in spec.resources:
        manifest = resource.attributes
        metadata = manifest["metadata"]
        annotations = metadata.get("annotations")
        reason = "" if metadata.get("name") else "it has no name"
        for key in annotations if isinstance(annotations, dict) else ():
            if key.startswith(_OWN_ANNOTATIONS):
                reason = f"its annotation `{key}` is kustomize's own"
        reason = next(_unreadable(manifest), reason)
        if reason:
            diagnostics.report(
                NOT_FOR_KUSTOMIZE,
                f"kustomize can't carry {manifest['kind']} `{metadata.get('name') or ''}` of `{spec.key}`: {reason}",
                Span(spec.stack.file),
                help="take that away, or render it to `kubernetes`",
            )
