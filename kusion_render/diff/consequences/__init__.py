"""What follows from the changes of a render, told from the manifests alone, without a cluster."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kusion_render.diff.consequences.access import check_bindings, check_roles
from kusion_render.diff.consequences.effects import EFFECTS, RANKS
from kusion_render.diff.consequences.exposure import check_host_ports, check_hosts, check_policies, check_services
from kusion_render.diff.consequences.immutable import check_immutable
from kusion_render.diff.consequences.running import check_config, check_owners, check_restarts, check_stops
from kusion_render.diff.consequences.scaling import check_autoscaled, check_budgets, check_range, check_replicas
from kusion_render.diff.consequences.scene import Change, Scene
from kusion_render.diff.consequences.security import check_level, check_security
from kusion_render.diff.consequences.selectors import check_selectors
from kusion_render.diff.consequences.storage import check_claims, check_protection, check_sizes, check_volumes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Final

    from kusion_render.diff.model import Consequence

__all__ = ["EFFECTS", "RANKS", "Change", "Scene", "follow"]

# What looks at one object alone, and what looks at those around it as well.
_ALONE: Final[tuple[Callable[[Change], Iterator[Consequence]], ...]] = (
    check_immutable,
    check_claims,
    check_sizes,
    check_volumes,
    check_protection,
    check_restarts,
    check_stops,
    check_owners,
    check_range,
    check_services,
    check_policies,
    check_host_ports,
    check_roles,
    check_bindings,
    check_security,
    check_level,
)
_TOGETHER: Final[tuple[Callable[[Change, Scene], Iterator[Consequence]], ...]] = (
    check_config,
    check_selectors,
    check_replicas,
    check_autoscaled,
    check_budgets,
    check_hosts,
)


def follow(change: Change, scene: Scene) -> tuple[Consequence, ...]:
    """Return what follows from one change of a render, each once, the worst first."""
    found = [each for check in _ALONE for each in check(change)]
    found += [each for check in _TOGETHER for each in check(change, scene)]
    return tuple(sorted(set(found), key=lambda each: (RANKS[each.effect.id], each.reason)))
