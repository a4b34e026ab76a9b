"""The ports that an app's containers offer."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any


def named_ports(app: Mapping[str, Any]) -> dict[tuple[Any, str], str]:
    """Return the names of an app's container ports by number and protocol; of two names of one port the first."""
    found: dict[tuple[Any, str], str] = {}
    workload: Mapping[str, Any] = app.get("workload") or {}
    for container in (workload.get("containers") or {}).values():
        ports = container.get("ports") or {}
        named = ports.items() if isinstance(ports, dict) else [(None, item) for item in ports]
        for name, value in named:
            details = value if isinstance(value, dict) else {"port": value}
            label = name or details.get("name")
            number = details.get("port", details.get("containerPort"))
            if label:
                found.setdefault((number, details.get("protocol") or "TCP"), label)
    return found
