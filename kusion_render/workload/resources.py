"""Requests and limits of a container."""

from __future__ import annotations

from kusion_render.diagnostics import Place, Rule
from kusion_render.kubernetes.quantities import canonical, compare, is_quantity
from kusion_render.text import text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any, Final

    from kusion_render.diagnostics import Diagnostics, Pointer

BAD_QUANTITY: Final = Rule("KR304", "bad-quantity")


_OF_TWO: Final = "i"  # the last letter of binary suffixes


def resources(
    config: Mapping[str, Any], place: Pointer, diagnostics: Diagnostics, *, kusion: bool = False
) -> dict[str, Any]:
    """Return Kubernetes ResourceRequirements.

    A value is a limit (`500m`), a request and a limit (`100m-500m`), `{request, limit}`, or the whole is Kubernetes'
    own `{requests, limits}`. Quantities keep the text as written, only `kusion` rewrites fractions of binary units as
    Kusion does; one that Kubernetes can't read is KR304.
    """
    found = _amounts(config)
    for amounts in found.values():
        for name, amount in amounts.items():
            _check(name, amount, place, diagnostics)
            if kusion and "." in amount and amount.endswith(_OF_TWO):
                amounts[name] = canonical(amount) or amount
    _check_order(found, place, diagnostics)
    result: dict[str, Any] = {kind: amounts for kind, amounts in found.items() if amounts}
    if config.get("claims"):
        result["claims"] = config["claims"]
    return result


def _amounts(config: Mapping[str, Any]) -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = {"requests": {}, "limits": {}}
    for name, value in config.items():
        if name in found:
            found[name].update({key: text(item) for key, item in value.items()})
        elif name == "claims":
            continue
        elif isinstance(value, dict):
            found["requests"].update({name: text(value["request"])} if "request" in value else {})
            found["limits"].update({name: text(value["limit"])} if "limit" in value else {})
        else:
            request, dash, limit = text(value).rpartition("-")
            found["limits"][name] = limit.strip()
            if dash:
                found["requests"][name] = request.strip()
    return found


def _check_order(found: Mapping[str, Mapping[str, str]], place: Pointer, diagnostics: Diagnostics) -> None:
    """Report requests above their limits, which Kubernetes refuses."""
    for name, request in found["requests"].items():
        limit = found["limits"].get(name)
        if limit is not None and compare(request, limit) == 1:
            diagnostics.report(
                BAD_QUANTITY,
                f"the request `{request}` for `{name}` is greater than the limit `{limit}`",
                Place((*place, name)),
                help="write the request first, then the limit: `100m-200m`",
            )


def _check(name: str, amount: str, place: Pointer, diagnostics: Diagnostics) -> None:
    if not is_quantity(amount):
        diagnostics.report(
            BAD_QUANTITY,
            f"`{amount}` is no quantity for `{name}`",
            Place((*place, name)),
            help="write an amount such as `100m`, `0.5`, `64Mi` or `1Gi`, or `REQUEST-LIMIT`",
        )
