"""Labels that all objects of a chart have, those that a chart adds, and what is left for each object."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from kusion_render.targets.helm.defines import LABELS, VERSION_LABEL
from kusion_render.targets.helm.surface import texts_schema
from kusion_render.targets.helm.template import Block, Field, Fields, escaped
from kusion_render.targets.helm.union import present
from kusion_render.targets.helm.values import ABSENT, UNSET, same
from kusion_render.yamlio import dump

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from kusion_render.targets.helm.gathering import Entry
    from kusion_render.targets.helm.union import Pointer, Union, Vector
    from kusion_render.targets.helm.values import Values

# These say what an application is; they stand in selectors too, so they are no values.
_FIXED: Final = ("app.kubernetes.io/name", "app.kubernetes.io/part-of", "app.kubernetes.io/component")


class Labels:
    """The labels of one chart; `ours` are those it adds, `lines` those of the template that all objects call."""

    def __init__(self, chart: str, entries: Sequence[Entry], values: Values) -> None:
        self._chart: Final = chart
        own = {key for entry in entries for manifest in present(entry.vector) for key in labels_of(manifest)}
        self.ours: Final = tuple(name for name in (*LABELS, VERSION_LABEL) if name not in own)
        self._common: Final = _common(entries, values.variants)
        maps = present(self._common)
        fixed = {
            key: value
            for key, value in (maps[0] if maps else {}).items()
            if key in _FIXED and all(each.get(key) == value for each in maps)
        }
        self.lines: Final = escaped(dump(dict(fixed))).splitlines() if fixed else []
        rest = [
            each if each is UNSET else {key: value for key, value in each.items() if key not in fixed}
            for each in self._common
        ]
        if entries:
            read = values.add(("commonLabels",), rest, "Labels of all objects.", texts_schema([*fixed, *self.ours]))
            self.lines.append(f'{{{{- include "{chart}.texts" {read} }}}}')

    def slot(self, union: Union, vector: Vector, pointer: Pointer) -> Field:
        """Make the labels of an object: those of all, and its own."""
        shares = all(
            all((each if isinstance(each, dict) else {}).get(key) == value for key, value in common.items())
            for each, common in zip(vector, self._common, strict=True)
            if each is not UNSET
        )
        rests: list[Any] = []
        for each, common in zip(vector, self._common, strict=True):
            taken = common if shares and each is not UNSET else {}
            own = each if isinstance(each, dict) else {}
            rests.append(UNSET if each is UNSET else {key: text for key, text in own.items() if key not in taken})
        keys = sorted({key for each in present(rests) for key in each})
        made = []
        for key in keys:
            entries = [each if each is UNSET else each.get(key, ABSENT) for each in rests]
            field = union.field(entries, (*pointer, key), key)
            if field is not None:
                made.append(field)
        return Field(Fields(made, [Block(f'include "{self._chart}.{"labels" if shares else "ours"}" .')]))


def labels_of(manifest: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the labels of an object, none where they are no map."""
    labels = manifest["metadata"].get("labels")
    return labels if isinstance(labels, dict) else {}


def _common(entries: Sequence[Entry], variants: int) -> list[Any]:
    labelled = [entry for entry in entries if all(labels_of(each) for each in present(entry.vector))]
    result: list[Any] = []
    for number in range(variants):
        maps = [labels_of(entry.vector[number]) for entry in labelled if entry.vector[number] is not UNSET]
        shared = {
            key: value
            for key, value in (maps[0] if maps else {}).items()
            if isinstance(value, str) and all(same(each.get(key), value) for each in maps)
        }
        there = any(entry.vector[number] is not UNSET for entry in entries)
        result.append(shared if there else UNSET)
    return result
