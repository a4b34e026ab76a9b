"""Requests and limits of a container."""

from __future__ import annotations

from kusion_render.diagnostics import Place, Rule
from kusion_render.kubernetes.quantities import canonical, is_quantity
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
    for amounts in found.values():
        for name, amount in amounts.items():
            _check(name, amount, place, diagnostics)
            if kusion and "." in amount and amount.endswith(_OF_TWO):
                amounts[name] = canonical(amount) or amount
    result: dict[str, Any] = {kind: amounts for kind, amounts in found.items() if amounts}
    if config.get("claims"):
        result["claims"] = config["claims"]
    return result


def _check(name: str, amount: str, place: Pointer, diagnostics: Diagnostics) -> None:
    if not is_quantity(amount):
        diagnostics.report(
            BAD_QUANTITY,
            f"`{amount}` is no quantity for `{name}`",
            Place((*place, name)),
            help="write an amount such as `100m`, `0.5`, `64Mi` or `1Gi`, or `REQUEST-LIMIT`",
        )
