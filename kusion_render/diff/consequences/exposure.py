"""What can be reached from where: Services, hosts, network policies, ports of nodes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from kusion_render.diff.consequences.effects import EXPOSES
from kusion_render.diff.consequences.scene import pod_of
from kusion_render.diff.consequences.storage import goes
from kusion_render.diff.lookup import at, list_at, map_at, maps_at, of_kind, text_at, words_at
from kusion_render.diff.model import Consequence
from kusion_render.kubernetes.pods import containers

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kusion_render.diff.consequences.scene import Change, Scene
    from kusion_render.diff.lookup import Manifest

_REACH: Final = {"ExternalName": 0, "ClusterIP": 0, "NodePort": 1, "LoadBalancer": 2}
_ROUTES: Final = ("Ingress", "HTTPRoute", "GRPCRoute", "TLSRoute", "TCPRoute", "UDPRoute", "Gateway")
# What an object that names no host answers to.
_ANY: Final = "*"


def check_services(change: Change) -> Iterator[Consequence]:
    """Say that a Service can be reached from outside, or from more addresses."""
    if change.kind != "Service" or not change.new:
        return
    old, new = map_at(change.old, "spec"), map_at(change.new, "spec")
    kind = text_at(new, "type")
    if _REACH.get(kind, 0) > _REACH.get(text_at(old, "type"), 0):
        yield Consequence(EXPOSES, f"type `{kind}` can be reached from outside the cluster")
    addresses = sorted(set(words_at(new, "externalIPs")) - set(words_at(old, "externalIPs")))
    if addresses:
        yield Consequence(EXPOSES, f"it answers to the external {_listed(addresses)}")
    before, after = (set(words_at(spec, "loadBalancerSourceRanges")) for spec in (old, new))
    if kind == "LoadBalancer" and before and (not after or after - before):
        yield Consequence(EXPOSES, f"it accepts clients of {_listed(sorted(after - before)) if after else 'anywhere'}")


def check_hosts(change: Change, scene: Scene) -> Iterator[Consequence]:
    """Say which hosts and paths no Ingress, route or Gateway of the render answered to before."""
    if change.kind not in _ROUTES or not change.new:
        return
    known = {place for each in of_kind(scene.old, *_ROUTES) for place in _places(each)}
    new = sorted(_places(change.new) - known)
    hosts = sorted({host for host, _ in new} - {host for host, _ in known})
    if hosts:
        yield Consequence(EXPOSES, f"new {'host' if len(hosts) == 1 else 'hosts'} {_listed(hosts)}")
    paths = [f"{host}{path}" for host, path in new if host not in hosts]
    if paths:
        yield Consequence(EXPOSES, f"new {'path' if len(paths) == 1 else 'paths'} {_listed(paths)}")


def check_policies(change: Change) -> Iterator[Consequence]:
    """Say that a network policy goes, or allows what it did not."""
    if change.kind != "NetworkPolicy":
        return
    if goes(change) and change.action == "removed":
        yield Consequence(EXPOSES, "what it kept from the pods may reach them, unless another policy does the same")
    if change.action == "added" or not change.new:
        return
    if at(change.old, "spec", "podSelector") != at(change.new, "spec", "podSelector"):
        yield Consequence(EXPOSES, "it applies to other pods; those that it leaves are open")
    for direction, word in (("ingress", "into"), ("egress", "out of")):
        if _directed(change.old, direction) and not _directed(change.new, direction):
            yield Consequence(EXPOSES, f"it no longer limits what goes {word} the pods")
        elif _directed(change.old, direction):
            old, new = (list_at(side, "spec", direction) for side in (change.old, change.new))
            if any(rule not in old for rule in new):
                yield Consequence(EXPOSES, f"it has new rules for what may go {word} the pods")


def check_host_ports(change: Change) -> Iterator[Consequence]:
    """Say that pods use the network or a port of their node."""
    if not change.new:
        return
    old, new = (pod_of(side) for side in (change.old, change.new))
    if at(new, "spec", "hostNetwork") is True and at(old, "spec", "hostNetwork") is not True:
        yield Consequence(EXPOSES, "its pods use their node's network")
    ports = sorted(_host_ports(new) - _host_ports(old))
    if ports:
        yield Consequence(EXPOSES, f"its pods listen on their node's port {_listed([str(port) for port in ports])}")


def _listed(words: list[str]) -> str:
    shown = ", ".join(f"`{word}`" for word in words[:3])
    return f"{shown} and {len(words) - 3} more" if len(words) > 3 else shown


def _places(manifest: Manifest) -> set[tuple[str, str]]:
    """Return the hosts, each with its paths, to which an object answers."""
    spec = map_at(manifest, "spec")
    kind = manifest.get("kind")
    if kind == "Gateway":
        return {(text_at(each, "hostname") or _ANY, "") for each in maps_at(spec, "listeners")}
    if kind == "Ingress":
        found = {
            (text_at(rule, "host") or _ANY, text_at(path, "path") or "/")
            for rule in maps_at(spec, "rules")
            for path in maps_at(rule, "http", "paths") or [{}]
        }
        return found | ({(_ANY, "/")} if at(spec, "defaultBackend") is not None else set())
    matches = [each for rule in maps_at(spec, "rules") for each in maps_at(rule, "matches") or [{}]]
    paths = {text_at(each, "path", "value") or "/" for each in matches} or {"/"}
    return {(host, path) for host in words_at(spec, "hostnames") or [_ANY] for path in paths}


def _directed(policy: Manifest, direction: str) -> bool:
    """Tell whether a policy limits a direction; without `policyTypes` what has rules decides."""
    types = words_at(policy, "spec", "policyTypes")
    if types:
        return direction in [each.lower() for each in types]
    return direction == "ingress" or bool(list_at(policy, "spec", "egress"))


def _host_ports(pod: Manifest) -> set[int]:
    return {
        port["hostPort"]
        for _, container in containers(map_at(pod, "spec"), ())
        for port in maps_at(container, "ports")
        if isinstance(port.get("hostPort"), int) and port["hostPort"]
    }
