"""How an app is reached, and by whom: Services, Ingress or HTTPRoute, IngressClass, NetworkPolicy."""

from __future__ import annotations

from kusion_render.diagnostics import Place, Rule
from kusion_render.modules import GeneratorResponse
from kusion_render.modules.network.access import policy
from kusion_render.modules.network.hosts import hosts
from kusion_render.modules.network.ingress import ingress, ingress_class
from kusion_render.modules.network.services import reaches_elsewhere, services

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any, Final

    from kusion_render.diagnostics import Diagnostics
    from kusion_render.modules import GeneratorRequest

VERSION: Final = "1.0.0"

NO_WORKLOAD: Final = Rule("KR302", "no-workload")
NO_PLATFORM: Final = Rule("KR309", "no-platform-config")


def generate(request: GeneratorRequest, diagnostics: Diagnostics) -> GeneratorResponse:
    """Make the Services, then what routes to them."""
    config = request.config
    _check(request, diagnostics)
    made = services(request)
    routes = []
    if config.get("ingressClass"):
        routes.append(ingress_class(request))
    if config.get("ingress"):
        routes.append(ingress(request, diagnostics))
    if config.get("hosts"):
        routes += hosts(request, made, diagnostics)
    if "access" in config:
        routes.append(policy(request, made, diagnostics))
    return GeneratorResponse([*made, *routes])


def _exposed(config: Mapping[str, Any]) -> Iterator[str]:
    """Yield the fields that say how to reach the app's own pods."""
    if config.get("ports"):
        yield "ports"
    if not all(reaches_elsewhere(entry) for entry in (config.get("services") or {}).values()):
        yield "services"
    if "access" in config:
        yield "access"


def _check(request: GeneratorRequest, diagnostics: Diagnostics) -> None:
    config = request.config
    exposed = next(_exposed(config), "")
    if exposed and not request.app_config.get("workload"):
        diagnostics.report(
            NO_WORKLOAD,
            f"`{request.app}` has network `{exposed}` but no workload for {'it' if exposed == 'access' else 'them'} to reach",
            Place((*request.place, exposed), on_key=True),
            help=f"give the app a `workload`, or move {'it' if exposed == 'access' else 'the ports'} to the app that has one",
        )
    public = next((at for at, port in enumerate(config.get("ports") or ()) if port.get("public")), None)
    # Kusion makes no public port without knowing the cloud; natively a plain LoadBalancer is what was asked for.
    if request.kusion and public is not None and (config.get("port") or {}).get("type") not in ("aws", "alicloud"):
        diagnostics.report(
            NO_PLATFORM,
            "a public port needs the platform's `port.type`",
            Place((*request.place, "ports", public)),
            help="set `modules.network.configs.default.port.type` to `aws` or `alicloud` in the workspace",
        )
