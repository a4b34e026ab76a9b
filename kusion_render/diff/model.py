"""The records of a comparison: what differs, and what follows from it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import TypeAlias

    from kusion_render.diagnostics import Json

    Severity: TypeAlias = Literal["danger", "warning", "note"]
    Action: TypeAlias = Literal["added", "removed", "changed", "renamed"]
    # A key of a map, a position in a list, or `[key]` of an item of a list that Kubernetes merges by key.
    Steps: TypeAlias = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Effect:
    """A kind of consequence.

    `danger` is loss of data or service, or an apply that the API server refuses; `warning` is more access, less
    protection or a surprise; `note` is what usually follows. Labels of dangers are in capitals.
    """

    id: str
    label: str
    severity: Severity
    text: str


@dataclass(frozen=True, slots=True)
class Consequence:
    """What follows from the change of one object; `reason` is the particular, if there is more to say than the text."""

    effect: Effect
    reason: str = ""

    @property
    def text(self) -> str:
        """The sentence for a reader."""
        return self.reason or self.effect.text


@dataclass(frozen=True, slots=True)
class FieldChange:
    """One field that differs; values are masked, and `None` on the side that has none.

    `path` is complete, as `spec.template.spec.containers[web].image`; `label` is as short as its object allows.
    """

    steps: Steps
    path: str
    label: str
    action: Literal["added", "removed", "changed"]
    old: Json
    new: Json

    def key(self) -> str:
        """Text that is the same for equal changes only."""
        return json.dumps([self.path, self.action, self.old, self.new], sort_keys=True)


@dataclass(frozen=True, slots=True)
class ObjectName:
    """Which object of a render it is; `namespace` is empty where the manifest says none."""

    api_version: str
    kind: str
    namespace: str
    name: str


@dataclass(frozen=True, slots=True)
class ObjectChange:
    """What happens to one object of one render.

    `before` is its name in the old render, `after` in the new one; one of them is missing where it is added or removed.
    `fields` of an added or removed object are the parts it consists of.
    """

    render: str
    action: Action
    before: ObjectName | None
    after: ObjectName | None
    fields: tuple[FieldChange, ...]
    consequences: tuple[Consequence, ...]

    @property
    def name(self) -> ObjectName:
        """The name to show: the new one, unless the object goes."""
        found = self.after or self.before
        assert found is not None  # noqa: S101 - one side is always there
        return found


@dataclass(frozen=True, slots=True)
class Comparison:
    """All differences, sorted by render and then as objects are applied; `renders` tells how each render fared."""

    renders: Mapping[str, Literal["added", "removed", "changed", "unchanged"]]
    changes: tuple[ObjectChange, ...]

    def __bool__(self) -> bool:
        """Tell whether anything differs."""
        return bool(self.changes) or any(state != "unchanged" for state in self.renders.values())

    def count_renders(self) -> dict[str, int]:
        """Count the renders by how they fared."""
        states = list(self.renders.values())
        return {state: states.count(state) for state in ("added", "removed", "changed", "unchanged")}

    def count_objects(self) -> dict[str, int]:
        """Count the differing objects by what happens to them."""
        actions = [change.action for change in self.changes]
        return {action: actions.count(action) for action in ("added", "removed", "changed", "renamed")}

    def count_effects(self) -> dict[str, int]:
        """Count the objects that have each effect, by the effect's id; only effects that occur."""
        counts: dict[str, int] = {}
        for change in self.changes:
            for effect in sorted({each.effect.id for each in change.consequences}):
                counts[effect] = counts.get(effect, 0) + 1
        return counts
