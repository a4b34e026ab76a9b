"""Selectors that reach further than meant."""

from __future__ import annotations

from kusion_render.diagnostics import Rule
from kusion_render.kubernetes.pods import items
from kusion_render.lint.rule import Finding, LintRule
from kusion_render.lint.view import matches, table, words

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any, Final

    from kusion_render.lint.view import View, Workload


def overlapping_selector(view: View) -> Iterator[Finding]:
    """Find workloads whose selector matches the pods of another: each takes the other's pods for its own."""
    told: set[tuple[str, str]] = set()
    for workload in view.workloads:
        selector = table(workload.manifest, "spec", "selector")
        if not (table(selector, "matchLabels") or selector.get("matchExpressions")):
            continue
        for other in view.workloads:
            if other is workload or other.namespace != workload.namespace or (other.id, workload.id) in told:
                continue
            if matches(selector, other.labels):
                told.add((workload.id, other.id))
                yield Finding(
                    workload.id,
                    ("spec", "selector"),
                    f"the selector of {workload.title} also matches the pods of {other.title}",
                    "give each of them a label of its own, and select by it",
                    other=(other.id, ("metadata", "name")),
                    note="the other one",
                )


def misrouted_service(view: View) -> Iterator[Finding]:
    """Find Services that also send to pods without the port: jobs, or other workloads, that share the labels.

    Several workloads behind one Service are no mistake by themselves: that is how canaries work.
    """
    for name, service in view.of("Service"):
        served = view.served(service)
        if len(served) < 2:
            continue
        for pointer, port in items(table(service, "spec"), "ports", ("spec",)):
            target = port.get("targetPort", port.get("port"))
            answering = [each for each in served if _has_port(each, target)]
            for other in (each for each in served if each not in answering and (_ports(each) or not each.serves)):
                if answering:
                    yield Finding(
                        name,
                        (*pointer, "targetPort" if "targetPort" in port else "port"),
                        f"Service `{words(table(service, 'metadata').get('name'))}` also sends to the pods of "
                        f"{other.title}, which have no port `{target}`",
                        "let the Service select a label that only the right pods have",
                        other=(other.id, ("metadata", "name")),
                        note="the workload that is selected as well",
                    )


def _ports(workload: Workload) -> list[Mapping[str, Any]]:
    return [port for each in workload.running for _, port in items(each.manifest, "ports", ())]


def _has_port(workload: Workload, target: Any) -> bool:
    field = "containerPort" if isinstance(target, int) else "name"
    return any(port.get(field) == target for port in _ports(workload))


RULES: Final = (
    LintRule(Rule("KR617", "overlapping-selector", "warning"), "warn", overlapping_selector),
    LintRule(Rule("KR618", "misrouted-service", "warning"), "warn", misrouted_service),
)
