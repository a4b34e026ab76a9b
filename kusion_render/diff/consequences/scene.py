"""What a check looks at: one object's change, and the render around it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from kusion_render.diff.lookup import NOTHING, namespace_of, text_at
from kusion_render.kubernetes.pods import pod_template

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import Any

    from kusion_render.diff.lookup import Manifest
    from kusion_render.diff.model import Action, FieldChange


@dataclass(frozen=True, slots=True, eq=False)
class Change:
    """One object before and after, unmasked; the missing side is an empty map.

    What checks say of it names fields and objects, never values of Secrets or of variables.
    """

    action: Action
    old: Manifest
    new: Manifest
    fields: Sequence[FieldChange]

    @property
    def manifest(self) -> Manifest:
        """The object as it will be, or as it was."""
        return self.new or self.old

    @property
    def kind(self) -> str:
        """The kind, empty if it is no text."""
        return text_at(self.manifest, "kind")

    def touches(self, *steps: str) -> bool:
        """Tell whether a field at or under a path differs, or one above it as a whole."""
        return any(_overlap(field.steps, steps) for field in self.fields)


@dataclass(frozen=True, slots=True, eq=False)
class Scene:
    """A render before and after, with all changes in it."""

    old: Sequence[Manifest]
    new: Sequence[Manifest]
    changes: Sequence[Change]


def pods(manifests: Sequence[Manifest]) -> Iterator[tuple[Manifest, dict[str, Any]]]:
    """Yield every object that starts pods, with its pod template."""
    for each in manifests:
        found = pod_template(each)
        if found is not None and each.get("kind") != "PodTemplate":
            yield each, dict(found[1])


def pod_of(manifest: Manifest) -> Manifest:
    """Return the pod template of a manifest, an empty one for none."""
    found = pod_template(manifest) if manifest else None
    return found[1] if found else NOTHING


def same_namespace(one: Manifest, other: Manifest) -> bool:
    """Tell whether two objects share a namespace."""
    return namespace_of(one) == namespace_of(other)


def _overlap(one: Sequence[Any], other: Sequence[Any]) -> bool:
    length = min(len(one), len(other))
    return tuple(one[:length]) == tuple(other[:length])
