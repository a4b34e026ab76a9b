"""Probes and lifecycle hooks, in Kusion's and in Kubernetes' own form."""

from __future__ import annotations

from kusion_render.diagnostics import Place, Rule
from kusion_render.text import text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any, Final

    from kusion_render.diagnostics import Diagnostics, Pointer

BAD_PROBE: Final = Rule("KR305", "bad-probe")

PROBES: Final = ("livenessProbe", "readinessProbe", "startupProbe")
_NUMBERS: Final = (
    "initialDelaySeconds",
    "timeoutSeconds",
    "periodSeconds",
    "successThreshold",
    "failureThreshold",
    "terminationGracePeriodSeconds",
)
_HANDLERS: Final = ("httpGet", "tcpSocket", "grpc", "exec", "sleep")


def probe(config: Mapping[str, Any], place: Pointer, diagnostics: Diagnostics) -> dict[str, Any]:
    """Return a Kubernetes Probe; times are whole seconds, 0 means Kubernetes' own default and is left out.

    Without exactly one handler, or with a URL that can't be read, it reports KR305.
    """
    result = handler(config, place, diagnostics)
    numbers = {**config, "terminationGracePeriodSeconds": config.get("terminationGracePeriodSeconds")}
    if numbers["terminationGracePeriodSeconds"] is None:
        numbers["terminationGracePeriodSeconds"] = config.get("terminationGracePeriod")
    result.update({key: numbers[key] for key in _NUMBERS if numbers.get(key)})
    return result


def lifecycle(config: Mapping[str, Any], place: Pointer, diagnostics: Diagnostics) -> dict[str, Any]:
    """Return a Kubernetes Lifecycle from `preStop` and `postStart`, each a handler in either form."""
    result = {}
    for hook in ("preStop", "postStart"):
        if config.get(hook):
            made = handler(config[hook], (*place, hook), diagnostics)
            if made:
                result[hook] = made
    return result


def handler(config: Mapping[str, Any], place: Pointer, diagnostics: Diagnostics) -> dict[str, Any]:
    """Return the one handler of a probe or hook; none or several is KR305."""
    asked = [key for key in _HANDLERS if config.get(key) is not None]
    kusion = config.get("probeHandler")
    if kusion is None and ("url" in config or "command" in config):
        kusion = config  # a lifecycle hook is its handler
    if len(asked) + (kusion is not None) != 1:
        diagnostics.report(
            BAD_PROBE,
            f"`{place[-1]}` needs exactly one way to probe",
            Place(place, on_key=True),
            help=f"give one of {', '.join(f'`{key}`' for key in _HANDLERS)}",
        )
        return {}
    if kusion is not None:
        return _kusion_handler(kusion, place, diagnostics)
    value = config[asked[0]]
    if asked[0] == "httpGet":
        value = _http_get(value)
    return {asked[0]: {key: item for key, item in value.items() if key != "_type"}}


def _http_get(config: Mapping[str, Any]) -> dict[str, Any]:
    result = {key: value for key, value in config.items() if key not in ("headers", "httpHeaders")}
    headers = config.get("headers") or config.get("httpHeaders")
    if isinstance(headers, dict):
        result["httpHeaders"] = [{"name": name, "value": text(value)} for name, value in headers.items()]
    elif headers:
        result["httpHeaders"] = [{"name": item["name"], "value": text(item["value"])} for item in headers]
    return result


def _kusion_handler(config: Mapping[str, Any], place: Pointer, diagnostics: Diagnostics) -> dict[str, Any]:
    if "command" in config:
        return {"exec": {"command": list(config["command"])}}
    url = config.get("url") or ""
    if "://" in url and not url.startswith("tcp://"):
        return {"httpGet": _from_url(url, config.get("headers") or {}, place, diagnostics)}
    host, _, port = url.removeprefix("tcp://").rpartition(":")
    if not port.isascii() or not port.isdigit():
        _report_url(place, "`host:port`", diagnostics)
        return {}
    return {"tcpSocket": {"host": host, "port": int(port)} if host else {"port": int(port)}}


def _from_url(url: str, headers: Mapping[str, Any], place: Pointer, diagnostics: Diagnostics) -> dict[str, Any]:
    scheme, _, rest = url.partition("://")
    authority, slash, path = rest.partition("/")
    host, colon, port = authority.rpartition(":")
    if not colon:
        host, port = authority, ""
    if scheme not in ("http", "https") or not port.isascii() or not port.isdigit():
        _report_url(place, "`http://localhost:8080/healthz`, port included", diagnostics)
        return {}
    result: dict[str, Any] = {"path": (slash + path).partition("?")[0].partition("#")[0] or "/", "port": int(port)}
    if host not in ("", "localhost", "127.0.0.1"):
        result["host"] = host
    result["scheme"] = scheme.upper()
    if headers:
        result["httpHeaders"] = [{"name": name, "value": text(headers[name])} for name in sorted(headers)]
    return result


def _report_url(place: Pointer, wanted: str, diagnostics: Diagnostics) -> None:
    diagnostics.report(BAD_PROBE, f"the `url` of `{place[-1]}` can't be read", Place(place), help=f"write {wanted}")
