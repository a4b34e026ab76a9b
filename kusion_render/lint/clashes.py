"""What only one object of a cluster can have: the host and path of a route, the port of every node.

Two objects of one render can clash, and so can those of two stacks on one workspace, which no render by itself sees.
"""

from __future__ import annotations

from kusion_render.diagnostics import Related, Rule
from kusion_render.kubernetes.pods import items
from kusion_render.lint.rule import Finding, LintRule
from kusion_render.lint.view import table, words

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from typing import Any, Final, TypeAlias

    from kusion_render.diagnostics import Diagnostics, Pointer, Severity, Where
    from kusion_render.lint.view import View

    # Turns a claim of the render with this number into the place that it was written at.
    Place: TypeAlias = "Callable[[int, Claim], Where]"

HOST_CLASH: Final = Rule("KR619", "host-clash", "warning")
NODE_PORT_CLASH: Final = Rule("KR620", "node-port-clash", "warning")

_HELP: Final = {
    "KR619": "give one of them another host or path",
    "KR620": "leave `nodePort` out, and the cluster chooses a free one",
}
# nginx sends a part of a host's requests to a second Ingress that says so.
_CANARY: Final = "nginx.ingress.kubernetes.io/canary"
_CLASS: Final = "kubernetes.io/ingress.class"


class Claim:
    """The use of something of which a cluster has one: the rule about it, what it is, who uses it, and where.

    `key` tells two things apart, `words` names the thing and `owner` the object; `severity` is what the claim's
    workspace makes of a clash.
    """

    __slots__ = ("key", "owner", "pointer", "resource_id", "rule", "severity", "words")

    def __init__(
        self,
        rule: Rule,
        key: tuple[object, ...],
        words: str,
        owner: str,
        resource_id: str,
        pointer: Pointer,
        severity: Severity = "warning",
    ) -> None:
        self.rule: Final = rule
        self.key: Final = key
        self.words: Final = words
        self.owner: Final = owner
        self.resource_id: Final = resource_id
        self.pointer: Final = pointer
        self.severity: Final = severity

    def of(self, severity: Severity) -> Claim:
        """Return the same claim with another severity."""
        return Claim(self.rule, self.key, self.words, self.owner, self.resource_id, self.pointer, severity)


def claims(view: View) -> Iterator[Claim]:
    """Yield what the objects of a render claim, in their order."""
    for name, manifest in view.objects:
        kind = manifest.get("kind")
        if kind == "Ingress":
            yield from _ingress_claims(name, manifest)
        elif kind == "HTTPRoute":
            yield from _route_claims(name, manifest)
        elif kind == "Service":
            yield from _node_port_claims(name, manifest)


def _owner(manifest: Mapping[str, Any]) -> str:
    return f"{manifest['kind']} `{words(table(manifest, 'metadata').get('name'))}`"


def _ingress_claims(name: str, manifest: Mapping[str, Any]) -> Iterator[Claim]:
    annotations = table(manifest, "metadata", "annotations")
    if annotations.get(_CANARY) == "true":
        return
    spec = table(manifest, "spec")
    chosen = words(spec.get("ingressClassName")) or words(annotations.get(_CLASS))
    for pointer, rule in items(spec, "rules", ("spec",)):
        host = words(rule.get("host"))
        for place, path in items(table(rule, "http"), "paths", (*pointer, "http")) if host else ():
            value, sort = words(path.get("path")) or "/", words(path.get("pathType"))
            # By its host: a path is mostly the module's own, and the host is what the two must agree about.
            yield Claim(
                HOST_CLASH,
                ("Ingress", chosen, host.lower(), value, sort),
                f"`{host}{value}`",
                _owner(manifest),
                name,
                (*pointer, "host") if value == "/" else (*place, "path"),
            )


def _route_claims(name: str, manifest: Mapping[str, Any]) -> Iterator[Claim]:
    spec = table(manifest, "spec")
    namespace = words(table(manifest, "metadata").get("namespace"))
    parents = [
        (words(each.get("namespace")) or namespace, words(each.get("name")), words(each.get("sectionName")))
        for _, each in items(spec, "parentRefs", ())
    ]
    hosts = spec.get("hostnames")
    for at, host in enumerate(hosts if isinstance(hosts, list) else ()):
        for value, sort in sorted(_paths(spec)) if isinstance(host, str) else ():
            for parent in parents:
                key = ("HTTPRoute", parent, host.lower(), value, sort)
                yield Claim(HOST_CLASH, key, f"`{host}{value}`", _owner(manifest), name, ("spec", "hostnames", at))


def _paths(spec: Mapping[str, Any]) -> set[tuple[str, str]]:
    """Return the paths that a route takes whole; one that also looks at headers shares its path on purpose."""
    found = set()
    for _, rule in items(spec, "rules", ()):
        matches = [each for _, each in items(rule, "matches", ())] or [{}]
        for each in matches:
            path = table(each, "path")
            if not set(each) - {"path"}:
                found.add((words(path.get("value")) or "/", words(path.get("type")) or "PathPrefix"))
    return found


def _node_port_claims(name: str, manifest: Mapping[str, Any]) -> Iterator[Claim]:
    for pointer, port in items(table(manifest, "spec"), "ports", ("spec",)):
        number = port.get("nodePort")
        if type(number) is int and number:
            key = (number, words(port.get("protocol")) or "TCP")
            where = (*pointer, "nodePort")
            yield Claim(NODE_PORT_CLASH, key, f"port {number} of every node", _owner(manifest), name, where)


def _within(rule: Rule) -> Callable[[View], Iterator[Finding]]:
    def find(view: View) -> Iterator[Finding]:
        """Find clashes among the objects of one render."""
        first: dict[tuple[object, ...], Claim] = {}
        for claim in claims(view):
            other = first.setdefault(claim.key, claim) if claim.rule is rule else claim
            if other is not claim:
                yield Finding(
                    claim.resource_id,
                    claim.pointer,
                    f"{claim.owner} claims {claim.words}, and so does {other.owner}",
                    _HELP[rule.code],
                    other=(other.resource_id, other.pointer),
                    note="the other one",
                )

    return find


RULES: Final = (
    LintRule(HOST_CLASH, "warn", _within(HOST_CLASH)),
    LintRule(NODE_PORT_CLASH, "warn", _within(NODE_PORT_CLASH)),
)


def lint_together(renders: Iterable[tuple[str, str, Sequence[Claim]]], place: Place, diagnostics: Diagnostics) -> None:
    """Report what several renders on one workspace claim: each render's name, its workspace, and its claims.

    Two renders that share many things are told once for each rule. `place` finds where the claim of the render with
    that number was written.
    """
    first: dict[tuple[object, ...], tuple[int, str, Claim]] = {}
    shared: dict[tuple[str, int, int], dict[object, tuple[Claim, Claim, str]]] = {}
    for number, (key, workspace, claimed) in enumerate(renders):
        for claim in claimed:
            known = first.setdefault((workspace, claim.rule.code, *claim.key), (number, key, claim))
            # Two stacks of one name are told apart by nobody, and what one render does by itself has been told.
            if known[1] != key:
                pair = shared.setdefault((claim.rule.code, number, known[0]), {})
                pair.setdefault(claim.key, (claim, known[2], known[1]))
    for (code, number, other_number), found in shared.items():
        claim, other, other_key = next(iter(found.values()))
        more = "" if len(found) == 1 else f" (and {len(found) - 1} more)"
        diagnostics.report(
            claim.rule,
            f"{claim.owner} claims {claim.words}{more}, and so does {other.owner} of `{other_key}`",
            place(number, claim),
            help=_HELP[code],
            related=[Related("the other one", place(other_number, other))],
            severity=claim.severity,
        )
