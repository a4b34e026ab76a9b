"""Changes that are the same over many renders, said once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from kusion_render.diff.consequences.effects import RANKS
from kusion_render.diff.lookup import group_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from kusion_render.diff.model import Comparison, Effect, FieldChange, ObjectChange

# So many groups that differ in nothing but values become one.
_MOST_VARIANTS: Final = 3
_ACTION_ORDER: Final = ("removed", "renamed", "changed", "added")


@dataclass(frozen=True, slots=True)
class Group:
    """Changes that are alike; `varies` says that their values, or the particulars of what follows, are not all equal."""

    changes: tuple[ObjectChange, ...]
    varies: bool

    @property
    def first(self) -> ObjectChange:
        """The change that stands for all."""
        return self.changes[0]

    @property
    def effects(self) -> list[Effect]:
        """What follows, the worst first, each once."""
        return list(dict.fromkeys(each.effect for each in self.first.consequences))

    @property
    def renders(self) -> list[str]:
        """The renders in which it happens, sorted."""
        return sorted({change.render for change in self.changes})

    @property
    def names(self) -> list[str]:
        """The names of the objects, sorted."""
        return sorted({change.name.name for change in self.changes})

    def values(self, index: int) -> list[FieldChange]:
        """Return the different changes of the field with this number, in the order of their renders."""
        found = {change.fields[index].key(): change.fields[index] for change in self.changes}
        return list(found.values())


def group(comparison: Comparison, *, coarse: bool = False) -> list[Group]:
    """Return all changes in groups, the most dangerous first, then those of the same kind together.

    Objects are grouped over names and renders: first where the changes are equal, then, where there are more than
    three groups that differ in values only, these. Coarse groups are of the same kind, action and consequences, whatever
    their fields.
    """
    groups: list[Group] = []
    for similar in _bucket(comparison.changes, _outline if coarse else _shape):
        variants = _bucket(similar, _content)
        if len(variants) > (1 if coarse else _MOST_VARIANTS):
            groups.append(Group(tuple(similar), varies=True))
        else:
            groups += [Group(tuple(same), varies=False) for same in variants]
    return sorted(groups, key=_urgency)


def _bucket(
    changes: Iterable[ObjectChange], key: Callable[[ObjectChange], tuple[object, ...]]
) -> list[list[ObjectChange]]:
    found: dict[tuple[object, ...], list[ObjectChange]] = {}
    for change in changes:
        found.setdefault(key(change), []).append(change)
    return list(found.values())


def _outline(change: ObjectChange) -> tuple[object, ...]:
    name = change.name
    effects = tuple(dict.fromkeys(each.effect.id for each in change.consequences))
    return (change.action, group_of({"apiVersion": name.api_version}), name.kind, effects)


def _shape(change: ObjectChange) -> tuple[object, ...]:
    fields = tuple((field.label, field.action) for field in change.fields) if _shows_fields(change) else ()
    return (*_outline(change), fields)


def _content(change: ObjectChange) -> tuple[object, ...]:
    fields = tuple(field.key() for field in change.fields) if _shows_fields(change) else ()
    return (fields, tuple((each.effect.id, each.reason) for each in change.consequences))


def _shows_fields(change: ObjectChange) -> bool:
    return change.action in {"changed", "renamed"}


def _urgency(found: Group) -> tuple[object, ...]:
    first = found.first
    worst = min((RANKS[effect.id] for effect in found.effects), default=len(RANKS))
    return (worst, _ACTION_ORDER.index(first.action), first.name.kind, -len(found.changes), first.render, _names(found))


def _names(found: Group) -> Sequence[str]:
    return [*found.names, *(field.key() for field in found.first.fields)]
