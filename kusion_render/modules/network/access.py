"""Who may reach an app: a NetworkPolicy of `access`."""

from __future__ import annotations

from kusion_render.diagnostics import Place, Rule
from kusion_render.document import untyped
from kusion_render.generator import GeneratorRequest
from kusion_render.suggestion import listing, suggest
from kusion_render.workload.scheduling import label_selector

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from typing import Any, Final

    from kusion_render.diagnostics import Diagnostics, Pointer
    from kusion_render.model import Resource

UNKNOWN_APP: Final = Rule("KR347", "unknown-app")
NO_PORTS: Final = Rule("KR348", "access-without-ports")
BAD_RANGE: Final = Rule("KR370", "bad-port-range")


def policy(request: GeneratorRequest, services: Sequence[Resource], diagnostics: Diagnostics) -> Resource:
    """Return the NetworkPolicy of `access`, a rule or a list of rules; an empty list lets nobody in.

    A rule without `from` is for anyone, one without `ports` for the ports of containers that the app's `services` send
    to. An app that is not in the stack is KR347, a rule that finds no port KR348, one whose `endPort` ends no range KR370.
    """
    access = request.config["access"]
    place = (*request.place, "access")
    rules = [((*place, at), rule) for at, rule in enumerate(access)] if isinstance(access, list) else [(place, access)]
    spec: dict[str, Any] = {"podSelector": {"matchLabels": request.labels}, "policyTypes": ["Ingress"]}
    if rules:
        spec["ingress"] = [_rule(request, rule, where, services, diagnostics) for where, rule in rules]
    return request.resource("networking.k8s.io/v1", "NetworkPolicy", request.name, {"spec": spec}, place=place)


def _rule(
    request: GeneratorRequest,
    rule: Mapping[str, Any],
    place: Pointer,
    services: Sequence[Resource],
    diagnostics: Diagnostics,
) -> dict[str, Any]:
    made: dict[str, Any] = {}
    if "from" in rule:
        made["from"] = [
            _peer(request, peer, (*place, "from", at), diagnostics) if isinstance(peer, str) else _plain(peer)
            for at, peer in enumerate(rule["from"])
        ]
    said = (
        _said(rule["ports"], (*place, "ports"), diagnostics) if "ports" in rule else _behind(services, request.labels)
    )
    made["ports"] = list(said)
    if not made["ports"]:
        diagnostics.report(
            NO_PORTS,
            f"`{request.app}` has no Service whose ports could be reached",
            Place(place, on_key=True),
            help="list the container's `ports` here, or give the app `ports` or `services`",
        )
    return made


def _plain(peer: Mapping[str, Any]) -> dict[str, Any]:
    return {key: untyped(value) if key == "ipBlock" else label_selector(value) for key, value in untyped(peer).items()}


def _peer(request: GeneratorRequest, name: str, place: Pointer, diagnostics: Diagnostics) -> dict[str, Any]:
    apps = request.context.apps
    running = sorted(app for app, config in apps.items() if config.get("workload"))
    if name not in running:
        found = f"`{name}` has no workload" if name in apps else f"there is no app `{name}` in this stack"
        diagnostics.report(
            UNKNOWN_APP,
            f"{found}, so it has no pods to let in",
            Place(place),
            help=suggest(name, running, f"{listing(running)}; what is elsewhere has a `podSelector`"),
        )
    other = GeneratorRequest(request.context, name, {}, request.module, ()) if name in apps else request
    return {"podSelector": {"matchLabels": other.labels}}


def _said(ports: Sequence[Any], place: Pointer, diagnostics: Diagnostics) -> Iterator[dict[str, Any]]:
    for at, port in enumerate(ports):
        details = port if isinstance(port, dict) else {"port": port}
        first, last = details["port"], details.get("endPort")
        made = {"port": first, "protocol": details.get("protocol") or "TCP"}
        if last is not None and (isinstance(first, str) or last < first):
            diagnostics.report(
                BAD_RANGE,
                f"the ports from `{first}` to {last} are no range",
                Place((*place, at, "endPort")),
                help="name the first port by its number"
                if isinstance(first, str)
                else "let `endPort` be the greater one",
            )
        yield {**made, "endPort": last} if last is not None else made


def _behind(services: Sequence[Resource], labels: Mapping[str, str]) -> Iterator[dict[str, Any]]:
    """Yield the ports of the app's containers that its Services send to, each once; others' pods do not count."""
    seen = set()
    for service in services:
        spec = service.attributes["spec"]
        for port in spec.get("ports") or () if spec.get("selector") == labels else ():
            target = port.get("targetPort", port["port"])
            if (target, port["protocol"]) not in seen:
                seen.add((target, port["protocol"]))
                yield {"port": target, "protocol": port["protocol"]}
