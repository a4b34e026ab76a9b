"""Which object of the old render is which object of the new one."""

from __future__ import annotations

from collections import Counter

from kusion_render.diff.lookup import group_of, name_of, namespace_of, text_at

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from typing import Any, Final, TypeAlias

    from kusion_render.diff.lookup import Manifest
    from kusion_render.diff.model import Action

    Key: TypeAlias = tuple[str, str, str, str, int]
    Content: TypeAlias = tuple[Counter[str], Counter[str]]

# Kinds that have moved to another group: the same objects under both names.
_MOVED: Final = {
    "DaemonSet": "apps",
    "Deployment": "apps",
    "ReplicaSet": "apps",
    "Ingress": "networking.k8s.io",
    "NetworkPolicy": "networking.k8s.io",
    "PodSecurityPolicy": "policy",
}
# Two objects are one that was renamed if at least this share of their content is the same.
_ALIKE: Final = 0.8
# Beyond so many pairs of a kind only equal content is looked for.
_MOST_PAIRS: Final = 2500


class Pair:
    """An object before and after; one side is missing where it is added or removed."""

    __slots__ = ("action", "new", "old")

    def __init__(self, action: Action, old: Manifest | None, new: Manifest | None) -> None:
        self.action: Final[Action] = action
        self.old: Final = old
        self.new: Final = new

    @property
    def manifest(self) -> Manifest:
        """The object as it will be, or as it was."""
        found = self.old if self.new is None else self.new
        return {} if found is None else found


def match(old: Sequence[Manifest], new: Sequence[Manifest]) -> list[Pair]:
    """Pair the objects of a render that are not written the same on both sides.

    Group, kind, namespace and name make an object one and the same, whatever its version; kinds that left the group
    `extensions` are followed. What is then left over and alike is one object that was renamed.
    """
    before, after = _index(old), _index(new)
    pairs = [
        Pair("changed", before[key], after[key])
        for key in before
        # Python takes `True`, `1` and `1.0` for equal, the API server does not.
        if key in after and repr(before[key]) != repr(after[key])
    ]
    removed = {key: each for key, each in before.items() if key not in after}
    added = {key: each for key, each in after.items() if key not in before}
    for gone, come in list(_renamed(removed, added)):
        pairs.append(Pair("renamed", removed.pop(gone), added.pop(come)))
    pairs += [Pair("removed", each, None) for each in removed.values()]
    pairs += [Pair("added", None, each) for each in added.values()]
    return pairs


def _index(manifests: Sequence[Manifest]) -> dict[Key, Manifest]:
    """Index by identity; objects without a name of their own are told apart by their order."""
    found: dict[Key, Manifest] = {}
    for each in manifests:
        kind, group = text_at(each, "kind"), group_of(each)
        if group == "extensions":
            group = _MOVED.get(kind, group)
        number = 0
        while (group, kind, namespace_of(each), name_of(each), number) in found:
            number += 1
        found[group, kind, namespace_of(each), name_of(each), number] = each
    return found


def _renamed(removed: dict[Key, Manifest], added: dict[Key, Manifest]) -> Iterator[tuple[Key, Key]]:
    """Yield pairs of the same kind whose content is alike, each object once."""
    for kind in sorted({key[:2] for key in removed} & {key[:2] for key in added}):
        gone = {key: _content(each) for key, each in removed.items() if key[:2] == kind}
        come = {key: _content(each) for key, each in added.items() if key[:2] == kind}
        if len(gone) * len(come) > _MOST_PAIRS:
            yield from _equal_ones(gone, come)
        else:
            yield from _alike_ones(gone, come)


def _equal_ones(gone: Mapping[Key, Content], come: Mapping[Key, Content]) -> Iterator[tuple[Key, Key]]:
    """Pair objects of equal content, in the order of their names."""
    waiting: dict[tuple[str, ...], list[Key]] = {}
    for key in sorted(come):
        waiting.setdefault(tuple(sorted(come[key][0].elements())), []).append(key)
    for key in sorted(gone):
        same = waiting.get(tuple(sorted(gone[key][0].elements())))
        if same and gone[key][0]:
            yield key, same.pop(0)


def _alike_ones(gone: Mapping[Key, Content], come: Mapping[Key, Content]) -> Iterator[tuple[Key, Key]]:
    """Pair objects whose content is alike, the most alike first."""
    candidates: list[tuple[float, int, Key, Key, Key, Key]] = []
    for one, leaves in gone.items():
        for other, others in come.items():
            likeness = _likeness(leaves, others)
            # Without content only the same name in another namespace tells that it is the same.
            if likeness >= _ALIKE and (leaves[0] or (one[3] and one[3] == other[3])):
                # The same whichever side is the old one, so that comparing backwards gives the same pairs.
                first, last = sorted((one, other))
                candidates.append((-likeness, -_shared(one[3], other[3]), first, last, one, other))
    taken: set[Key] = set()
    for *_, one, other in sorted(candidates):
        if one not in taken and other not in taken:
            taken |= {one, other}
            yield one, other


def _likeness(one: Content, other: Content) -> float:
    """Return the share of equal leaves, names that follow the object's own taken for equal or not, as fits better."""
    total = one[0].total() + other[0].total()
    if not total:
        return 1
    return max(2 * (left & right).total() / total for left, right in zip(one, other, strict=True))


def _shared(one: str, other: str) -> int:
    """Count the characters with which both names begin and end."""
    length = min(len(one), len(other))
    first = next((at for at in range(length) if one[at] != other[at]), length)
    last = next((at for at in range(length) if one[-1 - at] != other[-1 - at]), length)
    return first + last


def _content(manifest: Manifest) -> Content:
    """Return all leaves outside the metadata, as they are and with the object's own name made the same for all."""
    body = {key: value for key, value in manifest.items() if key not in {"apiVersion", "kind", "metadata"}}
    name = name_of(manifest)
    leaves = list(_leaves(body, ""))
    plain = Counter(f"{path}={value!r}" for path, value in leaves)
    return plain, Counter(f"{path}=(own)" if name and value == name else f"{path}={value!r}" for path, value in leaves)


def _leaves(value: Any, path: str) -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        for key, child in value.items():
            yield from _leaves(child, f"{path}/{key}")
    elif isinstance(value, list):
        for item in value:
            yield from _leaves(item, f"{path}/-")
    else:
        yield path, value
