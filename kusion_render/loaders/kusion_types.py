"""The `_type`s that Kusion's evaluation writes, and what of them nobody can have meant."""

from __future__ import annotations

from kusion_render.diagnostics import Rule
from kusion_render.suggestion import suggest

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any, Final

    from kusion_render.diagnostics import Diagnostics, Pointer
    from kusion_render.repository import Files

UNKNOWN_TYPE: Final = Rule("KR125", "unknown-type")

_CONTAINER: Final = (
    "container.Container",
    "container.FileSpec",
    "container.lifecycle.Lifecycle",
    "container.probe.Exec",
    "container.probe.Http",
    "container.probe.Probe",
    "container.probe.Tcp",
    "secret.Secret",
)
# By package, as a table: asking the packages themselves would take longer than all the rest of a render.
TYPES: Final = {
    "inference": ("v1.inference.Inference", "v1.Inference"),
    "job": ("Job", *_CONTAINER),
    "k8s_manifest": ("K8sManifest",),
    "kam": ("v1.app_configuration.AppConfiguration", "v1.AppConfiguration", "v1.workload.Workload"),
    "monitoring": ("Prometheus",),
    "mysql": ("MySQL",),
    "network": (
        "Network",
        "Port",
        "ingress.HTTPIngressPath",
        "ingress.HTTPIngressRuleValue",
        "ingress.Ingress",
        "ingress.IngressBackend",
        "ingress.IngressClass",
        "ingress.IngressClassParametersReference",
        "ingress.IngressRule",
        "ingress.IngressServiceBackend",
        "ingress.IngressTLS",
        "ingress.ServiceBackendPort",
        "ingress.TypedLocalObjectReference",
    ),
    "opensearch": ("OpenSearch",),
    "opsrule": ("OpsRule",),
    "postgres": ("PostgreSQL",),
    "service": (
        "Service",
        *_CONTAINER,
        "topologyspreadconstraint.LabelSelector",
        "topologyspreadconstraint.LabelSelectorRequirement",
        "topologyspreadconstraint.TopologySpreadConstraint",
    ),
}
"""The schemas of each of Kusion's packages, as they are usually imported."""


def check_types(files: Files, file: str, data: Any, diagnostics: Diagnostics) -> None:
    """Report each `_type` of an app file that belongs to one of Kusion's packages and is no schema of it: KR125.

    Types of other packages are left alone: a company's own schemas may lie between an app and Kusion's.
    """
    for pointer, kind in _types(data, ()):
        if not is_known(kind):
            package = kind.partition(".")[0]
            known = [f"{package}.{each}" for each in TYPES[package]]
            where = files.span(file, pointer)
            diagnostics.report(UNKNOWN_TYPE, f"Kusion has no type `{kind}`", where, help=suggest(kind, known))


def is_known(kind: str) -> bool:
    """Tell whether a `_type` may be: of another package, or a schema of Kusion's, imported by its folder or its file."""
    package, *steps = kind.split(".")
    by_folder = ".".join((*steps[:-2], *steps[-1:]))
    return package not in TYPES or not {".".join(steps), by_folder}.isdisjoint(TYPES[package])


def _types(data: Any, pointer: Pointer) -> Iterator[tuple[Pointer, str]]:
    if isinstance(data, dict):
        for key, value in data.items():
            if key == "_type" and isinstance(value, str):
                yield (*pointer, key), value
            elif isinstance(value, (dict, list)):
                yield from _types(value, (*pointer, key))
    elif isinstance(data, list):
        for number, value in enumerate(data):
            yield from _types(value, (*pointer, number))
