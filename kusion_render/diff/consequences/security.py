"""What pods may do on their node: rights that they gain, protections that they lose."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from kusion_render.diff.consequences.effects import LOOSENS_SECURITY
from kusion_render.diff.consequences.scene import pod_of
from kusion_render.diff.lookup import at, map_at, maps_at, text_at, words_at
from kusion_render.diff.model import Consequence
from kusion_render.kubernetes.pods import containers

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kusion_render.diff.consequences.scene import Change
    from kusion_render.diff.lookup import Manifest

_LEVELS: Final = {"privileged": 0, "baseline": 1, "restricted": 2}
_ENFORCE: Final = "pod-security.kubernetes.io/enforce"


def check_security(change: Change) -> Iterator[Consequence]:
    """Say which rights the pods gain, and which protections of containers that were there they lose."""
    if not change.new:
        return
    old, new = pod_of(change.old), pod_of(change.new)
    for right in sorted(set(_rights(new)) - set(_rights(old))):
        yield Consequence(LOOSENS_SECURITY, right)
    guards = _guards(new)
    for container, before in _guards(old).items():
        for guard in sorted(before - guards.get(container, before)):
            yield Consequence(LOOSENS_SECURITY, f"container `{container}` loses {guard}")


def check_level(change: Change) -> Iterator[Consequence]:
    """Say that a namespace enforces a lower Pod Security level."""
    if change.kind != "Namespace" or not change.old or not change.new:
        return
    levels = [text_at(side, "metadata", "labels", _ENFORCE) for side in (change.old, change.new)]
    if _LEVELS.get(levels[0], 0) > _LEVELS.get(levels[1], 0):
        now = f"`{levels[1]}`" if levels[1] else "nothing"
        yield Consequence(LOOSENS_SECURITY, f"its pods had to be `{levels[0]}`; now {now} is enforced")


def _rights(pod: Manifest) -> Iterator[str]:
    spec = map_at(pod, "spec")
    for field, what in (("hostPID", "processes"), ("hostIPC", "memory of processes")):
        if spec.get(field) is True:
            yield f"its pods see the {what} of their node"
    for volume in maps_at(spec, "volumes"):
        path = at(volume, "hostPath", "path")
        if isinstance(path, str):
            yield f"its pods mount `{path}` of their node"
    if text_at(spec, "securityContext", "seccompProfile", "type") == "Unconfined":
        yield "its pods may make any system call"
    for _, container in containers(spec, ()):
        yield from _container_rights(container)


def _container_rights(container: Manifest) -> Iterator[str]:
    name, context = text_at(container, "name"), map_at(container, "securityContext")
    if context.get("privileged") is True:
        yield f"container `{name}` is privileged"
    for capability in words_at(context, "capabilities", "add"):
        yield f"container `{name}` gains the capability `{capability}`"
    if context.get("procMount") == "Unmasked":
        yield f"container `{name}` sees all of `/proc`"
    if text_at(context, "seccompProfile", "type") == "Unconfined":
        yield f"container `{name}` may make any system call"


def _guards(pod: Manifest) -> dict[str, set[str]]:
    """Return the protections of each container, its own or its pod's."""
    spec = map_at(pod, "spec")
    whole = map_at(spec, "securityContext")
    return {text_at(each, "name"): set(_container_guards(each, whole)) for _, each in containers(spec, ())}


def _container_guards(container: Manifest, whole: Manifest) -> Iterator[str]:
    own = map_at(container, "securityContext")
    both = {**whole, **{key: value for key, value in own.items() if value is not None}}
    for field, wanted in (
        ("runAsNonRoot", True),
        ("readOnlyRootFilesystem", True),
        ("allowPrivilegeEscalation", False),
    ):
        if both.get(field) is wanted:
            yield f"`{field}: {str(wanted).lower()}`"
    if isinstance(both.get("runAsUser"), int) and both["runAsUser"] > 0:
        yield "a `runAsUser` other than root"
    if text_at(both, "seccompProfile", "type") not in {"", "Unconfined"}:
        yield "its `seccompProfile`"
    for capability in words_at(own, "capabilities", "drop"):
        yield f"the drop of the capability `{capability}`"
