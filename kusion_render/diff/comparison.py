"""From two sets of renders to everything that differs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kusion_render.diff.consequences import Change, Scene, follow
from kusion_render.diff.lookup import NOTHING, name_of, namespace_of, text_at
from kusion_render.diff.matching import match
from kusion_render.diff.model import Comparison, FieldChange, ObjectChange, ObjectName
from kusion_render.diff.secrecy import Secrecy
from kusion_render.kubernetes.order import sort_key

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Final, Literal

    from kusion_render.diff.lookup import Manifest
    from kusion_render.diff.matching import Pair


def compare(old: Mapping[str, Sequence[Manifest]], new: Mapping[str, Sequence[Manifest]]) -> Comparison:
    """Compare the objects of two revisions, render by render.

    Args:
        old: the manifests of each render, by its key: `project/stack` or `project/stack@workspace`.
        new: the same of the other side; a key that one side lacks is a render that was added or removed.

    Returns:
        What differs, with masked values. The same input gives the same result, whatever the order of keys or objects.
    """
    differ = _Differ()
    changes: list[ObjectChange] = []
    states: dict[str, Literal["added", "removed", "changed", "unchanged"]] = {}
    for render in sorted({*old, *new}):
        found = differ.compare(render, old.get(render, ()), new.get(render, ()))
        if render not in old:
            states[render] = "added"
        elif render not in new:
            states[render] = "removed"
        else:
            states[render] = "changed" if found else "unchanged"
        changes += found
    return Comparison(states, tuple(changes))


class _Differ:
    """Compares renders with one set of numbers for secret values, and each pair of contents only once."""

    def __init__(self) -> None:
        self._secrecy: Final = Secrecy()
        self._known: Final[dict[str, tuple[FieldChange, ...]]] = {}

    def compare(self, render: str, old: Sequence[Manifest], new: Sequence[Manifest]) -> list[ObjectChange]:
        pairs = sorted(match(old, new), key=lambda pair: (*sort_key(dict(pair.manifest)), pair.action))
        changes = [
            Change(pair.action, pair.old or NOTHING, pair.new or NOTHING, fields)
            for pair in pairs
            if (fields := self._fields(pair)) or pair.action != "changed"
        ]
        scene = Scene(old, new, changes)
        return [
            ObjectChange(
                render,
                change.action,
                None if change.action == "added" else _name(change.old),
                None if change.action == "removed" else _name(change.new),
                tuple(change.fields),
                follow(change, scene),
            )
            for change in changes
        ]

    def _fields(self, pair: Pair) -> tuple[FieldChange, ...]:
        # deepdiff takes as long to import as everything else, and is not needed where nothing differs.
        from kusion_render.diff.fields import contents, differences

        old, new = (NOTHING if side is None else self._secrecy.hide(side) for side in (pair.old, pair.new))
        key = repr((_anonymous(old), _anonymous(new)))
        if key not in self._known:
            if pair.old is not None and pair.new is not None:
                self._known[key] = differences(old, new)
            elif pair.new is not None:
                self._known[key] = contents(new, "added")
            else:
                self._known[key] = contents(old, "removed")
        return self._known[key]


def _anonymous(manifest: Manifest) -> dict[str, object]:
    """Return the manifest without name and namespace, which are the same on both sides or told apart elsewhere."""
    metadata = manifest.get("metadata")
    if not isinstance(metadata, dict):
        return dict(manifest)
    return {**manifest, "metadata": {key: each for key, each in metadata.items() if key not in {"name", "namespace"}}}


def _name(manifest: Manifest) -> ObjectName:
    return ObjectName(
        text_at(manifest, "apiVersion"), text_at(manifest, "kind"), namespace_of(manifest), name_of(manifest)
    )
