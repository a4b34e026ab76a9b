"""Who collects an app's metrics: ServiceMonitor or PodMonitor, or Prometheus' annotations; PrometheusRule for `rules`."""

from __future__ import annotations

from kusion_render.diagnostics import Place, Rule
from kusion_render.model import Patcher
from kusion_render.modules import GeneratorResponse, module_name, workload_kind
from kusion_render.suggestion import suggest
from kusion_render.text import text, texts
from kusion_render.workload.ports import named_ports

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any, Final

    from kusion_render.diagnostics import Diagnostics
    from kusion_render.model import Resource
    from kusion_render.modules import GeneratorRequest

VERSION: Final = "1.0.0"

NOTHING_TO_MONITOR: Final = Rule("KR350", "nothing-to-monitor")
METRICS_PORT: Final = Rule("KR351", "metrics-port")
BAD_INTERVAL: Final = Rule("KR352", "bad-interval")

_API: Final = "monitoring.coreos.com/v1"
# Kusion's label, by which its monitors are to find what they select.
_APP_LABEL: Final = "kusion_monitoring_appname"
_UNITS: Final = {
    "ms": 1,
    "s": 1000,
    "m": 60_000,
    "h": 3_600_000,
    "d": 86_400_000,
    "w": 604_800_000,
    "y": 31_536_000_000,
}


def generate(request: GeneratorRequest, diagnostics: Diagnostics) -> GeneratorResponse:
    """Make the monitor of `operatorMode`, or annotate, and pass on `rules`.

    An app without pods, or without Services for a ServiceMonitor, is KR350, a port that can't be told KR351, a timeout
    above the interval KR352.
    """
    config = request.config
    _check_interval(request, diagnostics)
    rules = [_rules(request)] if config.get("rules") else []
    if request.kusion:
        return _as_kusion(request, rules)
    if not workload_kind(request.app_config):
        _report_nothing(request, "no workload, so nothing to monitor", "give the app a `workload`", diagnostics)
        return GeneratorResponse(rules)
    if not config.get("operatorMode"):
        return GeneratorResponse(rules, Patcher(pod_annotations=_annotations(request, _number(request, diagnostics))))
    kind = config.get("monitorType") or "Service"
    if kind == "Service" and not _has_services(request):
        _report_nothing(
            request,
            "no Service that a ServiceMonitor could find",
            "give the app `ports` or `services`, or say `monitorType: Pod`",
            diagnostics,
        )
    endpoint = _endpoint(config, _name(request, diagnostics))
    return GeneratorResponse([_monitor(request, kind, request.name, request.labels, endpoint), *rules])


def _as_kusion(request: GeneratorRequest, rules: list[Resource]) -> GeneratorResponse:
    """Return what Kusion makes: label and annotations are on the workload's object alone (its quirk Q11)."""
    config = request.config
    port = text(config["port"]) if config.get("port") is not None else ""
    if not config.get("operatorMode"):
        return GeneratorResponse(rules, Patcher(annotations={**_EMPTY, **_annotations(request, port)}))
    kind = config.get("monitorType") or "Service"
    labels = {_APP_LABEL: request.app}
    name = f"{request.name}-{kind.lower()}-monitor"
    return GeneratorResponse(
        [_monitor(request, kind, name, labels, _endpoint(config, port)), *rules], Patcher(labels=labels)
    )


_EMPTY: Final = {"prometheus.io/path": "", "prometheus.io/port": ""}


def _monitor(
    request: GeneratorRequest, kind: str, name: str, selected: Mapping[str, str], endpoint: Mapping[str, Any]
) -> Resource:
    field = "endpoints" if kind == "Service" else "podMetricsEndpoints"
    return request.resource(
        _API,
        f"{kind}Monitor",
        name,
        {"spec": {"selector": {"matchLabels": selected}, field: [endpoint]}},
        labels=texts(request.config.get("labels")),
        bare=request.kusion,
    )


def _endpoint(config: Mapping[str, Any], port: str) -> dict[str, Any]:
    endpoint = {"port": port} if port else {}
    if config.get("path"):
        endpoint["path"] = config["path"]
    interval, timeout = _interval(config)
    return {**endpoint, "interval": interval, "scrapeTimeout": timeout, "scheme": config.get("scheme") or "http"}


def _annotations(request: GeneratorRequest, port: str) -> dict[str, str]:
    config = request.config
    found = {"prometheus.io/scrape": "true", "prometheus.io/scheme": config.get("scheme") or "http"}
    if config.get("path"):
        found["prometheus.io/path"] = config["path"]
    if port:
        found["prometheus.io/port"] = port
    return found


def _rules(request: GeneratorRequest) -> Resource:
    """Return a PrometheusRule; rules that are in no group form one named as the app."""
    rules: list[Mapping[str, Any]] = request.config["rules"]
    groups = [rule for rule in rules if "rules" in rule]
    single = [rule for rule in rules if "rules" not in rule]
    if single:
        groups.insert(0, {"name": request.app, "rules": single})
    return request.resource(
        _API,
        "PrometheusRule",
        request.name,
        {"spec": {"groups": groups}},
        labels=texts(request.config.get("labels")),
        place=(*request.place, "rules"),
    )


def _name(request: GeneratorRequest, diagnostics: Diagnostics) -> str:
    """Return the name of the port that is asked: given, or by its number, or the only one, or `metrics`."""
    ports = named_ports(request.app_config)
    names = list(dict.fromkeys(ports.values()))
    given = request.config.get("port")
    if isinstance(given, str) and not given.isdigit():
        return given
    if given is not None:
        found = ports.get((int(given), "TCP"), "")
    else:
        found = "metrics" if "metrics" in names else names[0] if len(names) == 1 else ""
    if not found:
        _report_port(request, f"{given} has no name" if given is not None else "is not said", names, diagnostics)
    return found


def _number(request: GeneratorRequest, diagnostics: Diagnostics) -> str:
    """Return the number of the port that is asked, "" where none is said: then all ports are."""
    given = request.config.get("port")
    if given is None or not isinstance(given, str) or given.isdigit():
        return "" if given is None else str(given)
    numbers = {name: str(number) for (number, _), name in named_ports(request.app_config).items()}
    if given not in numbers:
        _report_port(request, f"`{given}` is no container's", list(numbers), diagnostics)
    return numbers.get(given, "")


def _has_services(request: GeneratorRequest) -> bool:
    accessories: Mapping[str, Any] = request.app_config.get("accessories") or {}
    return any(
        config.get("ports") or config.get("services")
        for key, config in accessories.items()
        if module_name(key, config) == "network"
    )


def _interval(config: Mapping[str, Any]) -> tuple[str, str]:
    return config.get("interval") or "30s", config.get("timeout") or "15s"


def _check_interval(request: GeneratorRequest, diagnostics: Diagnostics) -> None:
    interval, timeout = _interval(request.config)
    if _milliseconds(timeout) > _milliseconds(interval):
        field = "timeout" if "timeout" in request.config else "interval"
        diagnostics.report(
            BAD_INTERVAL,
            f"the `timeout` {timeout} is longer than the `interval` {interval}",
            Place((*request.place, field)),
            help="make the interval at least as long",
        )


def _milliseconds(duration: str) -> int:
    """Return how long a duration of Prometheus is, such as `1m30s`."""
    total = 0
    number = unit = ""
    for char in duration + "0":
        if char.isdigit() and unit:
            total += int(number) * _UNITS[unit]
            number = unit = ""
        number, unit = (number + char, unit) if char.isdigit() else (number, unit + char)
    return total


def _report_nothing(request: GeneratorRequest, what: str, advice: str, diagnostics: Diagnostics) -> None:
    diagnostics.report(
        NOTHING_TO_MONITOR, f"`{request.app}` has {what}", Place(request.place, on_key=True), help=advice
    )


def _report_port(request: GeneratorRequest, what: str, names: list[str], diagnostics: Diagnostics) -> None:
    given = "port" in request.config
    diagnostics.report(
        METRICS_PORT,
        f"the metrics' port {what}",
        Place((*request.place, "port")) if given else Place(request.place, on_key=True),
        help=suggest(str(request.config.get("port", "")), names)
        if names
        else "name the container's port: `ports: {metrics: 9090}`",
    )
