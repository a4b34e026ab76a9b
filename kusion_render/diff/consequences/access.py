"""Who may do what in the cluster: roles and their bindings."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING, Final

from kusion_render.diff.consequences.effects import WIDENS_ACCESS
from kusion_render.diff.lookup import map_at, maps_at, namespace_of, text_at, words_at
from kusion_render.diff.model import Consequence

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import TypeAlias

    from kusion_render.diff.consequences.scene import Change
    from kusion_render.diff.lookup import Manifest

    # Verb, API group, resource (or an address, with the group `/`), name of one object or `*`.
    Grant: TypeAlias = tuple[str, str, str, str]

_ALL: Final = "*"
_ADDRESS: Final = "/"
_MOST_NAMED: Final = 3


def check_roles(change: Change) -> Iterator[Consequence]:
    """Say what a role allows that it did not; a part of what a wildcard allowed is nothing new."""
    if change.kind not in {"Role", "ClusterRole"} or not change.new:
        return
    old, new = _grants(change.old), _grants(change.new)
    widened = sorted(grant for grant in new if not any(_covers(each, grant) for each in old))
    if widened:
        yield Consequence(WIDENS_ACCESS, f"allows {_listed([_say(grant) for grant in widened])}")
    if change.new.get("aggregationRule") not in (None, change.old.get("aggregationRule")):
        yield Consequence(WIDENS_ACCESS, "gathers the rules of other roles")


def check_bindings(change: Change) -> Iterator[Consequence]:
    """Say who gets a role: new subjects, or all of them where the role is another one."""
    if change.kind not in {"RoleBinding", "ClusterRoleBinding"} or not change.new:
        return
    before = _subjects(change.old) if change.old.get("roleRef") == change.new.get("roleRef") else set()
    new = sorted(_subjects(change.new) - before)
    if new:
        role = map_at(change.new, "roleRef")
        where = "in the whole cluster" if change.kind == "ClusterRoleBinding" else "in its namespace"
        named = f"{text_at(role, 'kind')} `{text_at(role, 'name')}`"
        yield Consequence(WIDENS_ACCESS, f"gives {named} to {_listed([f'{k} `{n}`' for k, n in new])} {where}")


def _grants(role: Manifest) -> set[Grant]:
    found: set[Grant] = set()
    for rule in maps_at(role, "rules"):
        verbs = words_at(rule, "verbs")
        names = words_at(rule, "resourceNames") or [_ALL]
        found |= set(product(verbs, words_at(rule, "apiGroups"), words_at(rule, "resources"), names))
        found |= set(product(verbs, [_ADDRESS], words_at(rule, "nonResourceURLs"), [_ALL]))
    return found


def _covers(wide: Grant, narrow: Grant) -> bool:
    verb, group, resource, name = wide
    if (group == _ADDRESS) != (narrow[1] == _ADDRESS):
        return False
    if group == _ADDRESS:
        prefix = resource[:-1] if resource.endswith(_ALL) else None
        reached = resource == narrow[2] or (prefix is not None and narrow[2].startswith(prefix))
        return verb in {_ALL, narrow[0]} and reached
    sub = "*/" + narrow[2].partition("/")[2] if "/" in narrow[2] else narrow[2]
    return (
        verb in {_ALL, narrow[0]}
        and group in {_ALL, narrow[1]}
        and resource in {_ALL, narrow[2], sub}
        and name in {_ALL, narrow[3]}
    )


def _say(grant: Grant) -> str:
    verb, group, resource, name = grant
    suffix = f".{group}" if group not in {"", _ADDRESS} else ""
    return f"`{verb} {resource}{suffix}`" + (f" of `{name}`" if name != _ALL else "")


def _subjects(binding: Manifest) -> set[tuple[str, str]]:
    own = namespace_of(binding)
    found = set()
    for each in maps_at(binding, "subjects"):
        kind, name = text_at(each, "kind"), text_at(each, "name")
        namespace = text_at(each, "namespace") or own
        found.add((kind, f"{namespace}/{name}" if kind == "ServiceAccount" and namespace else name))
    return found


def _listed(words: list[str]) -> str:
    if len(words) > _MOST_NAMED:
        return f"{', '.join(words[:_MOST_NAMED])} and {len(words) - _MOST_NAMED} more"
    return ", ".join(words)
