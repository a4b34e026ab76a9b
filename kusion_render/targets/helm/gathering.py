"""Which objects of several renders are one object of a chart."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kusion_render.kubernetes.order import ordered, sort_key
from kusion_render.targets.helm.union import Variant, present
from kusion_render.targets.helm.values import UNSET

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from kusion_render.model import Resource, Spec
    from kusion_render.targets.helm.union import Vector


@dataclass(frozen=True)
class Entry:
    """One object: what each variant has of it, `UNSET` where it has none; `resource` is the first's."""

    resource: Resource
    vector: Vector

    @property
    def manifest(self) -> dict[str, Any]:
        """The object as the first variant has it."""
        found: dict[str, Any] = present(self.vector)[0]
        return found

    @property
    def kind(self) -> str:
        """The object's kind."""
        return str(self.manifest["kind"])

    @property
    def name(self) -> str:
        """The object's name."""
        return str(self.manifest["metadata"]["name"])

    @property
    def title(self) -> str:
        """What people call it."""
        return f"{self.kind} {self.name}"


def variants_of(specs: Sequence[Spec]) -> list[Variant]:
    """Return the variants of one project, in the order of its renders."""
    return [Variant(spec.key.partition("/")[2], spec) for spec in specs]


def entries_of(variants: Sequence[Variant], app: str | None = None) -> list[Entry]:
    """Return the objects of an app, or of all, in the order to apply them.

    An object is the same in two stacks if kind and name are, where a name may differ by the stack's and namespace's.
    """
    found: dict[object, tuple[Resource, list[Any]]] = {}
    for number, variant in enumerate(variants):
        for resource in variant.spec.resources:
            if app is not None and resource.app != app:
                continue
            key = _identity(resource.attributes, variant if len(variants) > 1 else None)
            if key in found and found[key][1][number] is not UNSET:
                key = (key, resource.attributes["metadata"].get("name"))
            entry = found.setdefault(key, (resource, [UNSET] * len(variants)))
            entry[1][number] = ordered(resource.attributes)
    entries = [Entry(resource, vector) for resource, vector in found.values()]
    return sorted(entries, key=lambda entry: sort_key(entry.manifest))


def _identity(manifest: Mapping[str, Any], variant: Variant | None) -> object:
    metadata = manifest["metadata"]
    name, namespace = metadata.get("name") or "", metadata.get("namespace") or ""
    if variant is None:
        return (manifest["apiVersion"], manifest["kind"], namespace, name)
    if namespace == variant.namespace:
        namespace = ""
    return (manifest["apiVersion"], manifest["kind"], variant.pattern(namespace), variant.pattern(name))
