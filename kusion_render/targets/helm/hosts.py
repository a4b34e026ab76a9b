"""The hosts of an Ingress: one value, wherever rules and certificates name them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from kusion_render.targets.helm.template import Block, Expression, Field, Fields, Items, Literal, Loop
from kusion_render.targets.helm.union import ItemKey, present
from kusion_render.targets.helm.values import ABSENT, UNSET, camel, same

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from kusion_render.targets.helm.union import Pointer, Slot, Union, Vector
    from kusion_render.targets.helm.values import Path

RULES: Final = ("spec", "rules")
CERTIFICATES: Final = ("spec", "tls")
_VARIABLE: Final = "host"


class Hosts:
    """The slots of one Ingress. `reads` tells, once made, what reads all hosts, or each by its number."""

    def __init__(self, home: Path) -> None:
        self._home: Final = home
        self._all = ""
        self._each: list[str] = []
        self._hosts: list[Any] = []

    @property
    def slots(self) -> dict[Pointer, Slot]:
        """The slots, rules first, for certificates refer to them."""
        return {RULES: self._rules, CERTIFICATES: self._certificates}

    @property
    def notes(self) -> list[str]:
        """Lines of NOTES.txt that name the hosts."""
        if self._all:
            return [f"{{{{- range {self._all} }}}}", "  {{ . }}", "{{- end }}"]
        return [f"  {{{{ {each} }}}}" for each in self._each]

    def _rules(self, union: Union, vector: Vector, pointer: Pointer) -> Field | None:
        known = present(vector)
        if ABSENT in vector or not all(_are_rules(each) for each in known):
            return None
        self._hosts = [each if each is UNSET else [rule["host"] for rule in each] for each in vector]
        bodies = [[_body(rule) for rule in rules] for rules in known]
        first = bodies[0][0]
        about = f"Hosts of {union.name}."
        if all(same(first, body) for each in bodies for body in each):
            schema = {"type": "array", "items": {"type": "string"}}
            self._all = union.values.add((*self._home, "hosts"), self._hosts, about, schema)
            fields = [Field(Literal(value), key) for key, value in first.items()]
            rule = Fields([Field(Expression(f"${_VARIABLE} | quote"), "host"), *fields])
            return Field(Loop(self._all, _VARIABLE, rule))
        if len({len(each) for each in bodies}) > 1:
            return None
        items = []
        for number, host in enumerate(next(each for each in self._hosts if each is not UNSET)):
            entries = [each if each is UNSET else each[number] for each in self._hosts]
            read = union.values.add((*self._home, "hosts", camel(host)), entries, about, {"type": "string"})
            self._each.append(read)
            rests = [each if each is UNSET else _body(each[number]) for each in vector]
            body = union.fields(rests, (*pointer, ItemKey(host)))
            made = [] if body is None else list(body.fields)
            items.append(Field(Fields([Field(Expression(f"{read} | quote"), "host"), *made])))
        return Field(Items(items))

    def _certificates(self, union: Union, vector: Vector, pointer: Pointer) -> Field | None:
        known = present(vector)
        if not known or not (self._all or self._each) or not all(_are_certificates(each) for each in known):
            return None
        if len({len(each) for each in known}) > 1:
            return None
        condition = ""
        if ABSENT in vector:
            entries = [UNSET if each is UNSET else each is not ABSENT for each in vector]
            about = f"Whether {union.name} has certificates."
            condition = union.values.add((*self._home, "tls", "enabled"), entries, about, {"type": "boolean"})
        items = []
        for number in range(len(known[0])):
            each = [entry if entry in (ABSENT, UNSET) else entry[number] for entry in vector]
            node = self._names(each)
            rests = [UNSET if entry in (ABSENT, UNSET) else _body(entry, "hosts") for entry in each]
            body = union.fields(rests, (*pointer, ItemKey(f"certificate{number or ''}")))
            if node is None or body is None:
                return None
            items.append(Field(Fields([Field(node, "hosts"), *body.fields])))
        return Field(Items(items), condition=condition)

    def _names(self, vector: Vector) -> Any:
        pairs = [
            (hosts, each["hosts"]) for hosts, each in zip(self._hosts, vector, strict=True) if isinstance(each, dict)
        ]
        if self._all:
            return Block(f"toYaml {self._all}") if all(hosts == named for hosts, named in pairs) else None
        places = {tuple(hosts.index(name) if name in hosts else -1 for name in named) for hosts, named in pairs}
        if len(places) > 1 or -1 in next(iter(places)):
            return None
        return Items([Field(Expression(f"{self._each[at]} | quote")) for at in places.pop()])


def _body(rule: Mapping[str, Any], key: str = "host") -> dict[str, Any]:
    return {name: value for name, value in rule.items() if name != key}


def _are_rules(rules: Any) -> bool:
    if not isinstance(rules, list) or not rules or not all(isinstance(rule, dict) for rule in rules):
        return False
    hosts = [rule.get("host") for rule in rules]
    return all(isinstance(host, str) for host in hosts) and len(set(hosts)) == len(hosts) and all(map(_body, rules))


def _are_certificates(entries: Any) -> bool:
    return (
        isinstance(entries, list)
        and bool(entries)
        and all(isinstance(each, dict) and isinstance(each.get("hosts"), list) and len(each) > 1 for each in entries)
    )


def listed(hosts: Sequence[Hosts]) -> list[str]:
    """Return the lines of NOTES.txt for all hosts of a chart."""
    return [line for each in hosts for line in each.notes]
