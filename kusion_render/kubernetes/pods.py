"""Where manifests keep their pod templates."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any, Final

    from kusion_render.diagnostics import Pointer

POD_TEMPLATES: Final[Mapping[str, Pointer]] = {
    "CronJob": ("spec", "jobTemplate", "spec", "template"),
    "Pod": (),
    "PodTemplate": ("template",),
}
"""Kinds whose template is elsewhere than under `spec.template`."""

CONTAINER_LISTS: Final = ("initContainers", "containers", "ephemeralContainers")

_USUAL: Final[Pointer] = ("spec", "template")


def pod_template(manifest: Mapping[str, Any]) -> tuple[Pointer, Mapping[str, Any]] | None:
    """Return where a manifest keeps its pod template, and the template; `None` for what starts no pods.

    Custom resources count as soon as they have containers at the usual place: CollaSet, Rollout, CloneSet.
    """
    kind = manifest.get("kind")
    pointer = POD_TEMPLATES.get(kind, _USUAL) if isinstance(kind, str) else _USUAL
    template: Any = manifest
    for step in pointer:
        template = template.get(step)
        if not isinstance(template, dict):
            return None
    spec = template.get("spec")
    return (pointer, template) if isinstance(spec, dict) and isinstance(spec.get("containers"), list) else None


def containers(spec: Mapping[str, Any], pointer: Pointer) -> Iterator[tuple[Pointer, Mapping[str, Any]]]:
    """Yield every container of a pod spec at `pointer` with its own pointer, in the order in which they start."""
    for field in CONTAINER_LISTS:
        if field in spec:
            yield from items(spec, field, pointer)


def items(owner: Mapping[str, Any], field: str, pointer: Pointer) -> Iterator[tuple[Pointer, Mapping[str, Any]]]:
    """Yield the maps in a list, each with its pointer; `pointer` is the owner's."""
    value = owner.get(field)
    if isinstance(value, list):
        for at, item in enumerate(value):
            if isinstance(item, dict):
                yield (*pointer, field, at), item
