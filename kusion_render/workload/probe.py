"""Probes and lifecycle hooks, in Kusion's and in Kubernetes' own form."""

from __future__ import annotations

from kusion_render.diagnostics import Place, Rule
from kusion_render.document import untyped
from kusion_render.text import text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
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


def probe(
    config: Mapping[str, Any],
    place: Pointer,
    diagnostics: Diagnostics,
    *,
    ports: Sequence[Mapping[str, Any]] = (),
    kusion: bool = False,
) -> dict[str, Any]:
    """Return a Kubernetes Probe; times are whole seconds, 0 means Kubernetes' own default and is left out.

    `ports` are the container's, as Kubernetes has them. Without exactly one handler, or with a URL that can't be read, it
    reports KR305. `kusion` drops what Kusion drops.
    """
    result = handler(config, place, diagnostics, kusion=kusion)
    if "grpc" in result and isinstance(result["grpc"]["port"], str):
        # The one port of a probe that Kubernetes takes no name for; a name that no port has is reported with all others.
        numbers = {port.get("name"): port["containerPort"] for port in ports}
        result["grpc"]["port"] = numbers.get(result["grpc"]["port"], result["grpc"]["port"])
    result.update({key: config[key] for key in _NUMBERS if config.get(key)})
    if config.get("terminationGracePeriod") and not kusion:
        result.setdefault("terminationGracePeriodSeconds", config["terminationGracePeriod"])
    return result


def lifecycle(
    config: Mapping[str, Any], place: Pointer, diagnostics: Diagnostics, *, kusion: bool = False
) -> dict[str, Any]:
    """Return a Kubernetes Lifecycle from `preStop` and `postStart`, each a handler in either form."""
    result = {}
    for hook in ("preStop", "postStart"):
        if config.get(hook):
            made = handler(config[hook], (*place, hook), diagnostics, kusion=kusion)
            if made:
                result[hook] = made
    return result


def handler(
    config: Mapping[str, Any], place: Pointer, diagnostics: Diagnostics, *, kusion: bool = False
) -> dict[str, Any]:
    """Return the one handler of a probe or hook; none or several is KR305."""
    asked = [key for key in _HANDLERS if config.get(key) is not None]
    short = config.get("probeHandler")
    if short is None and ("url" in config or "command" in config):
        short = config  # a lifecycle hook is its handler
    if len(asked) + (short is not None) != 1:
        diagnostics.report(
            BAD_PROBE,
            f"`{place[-1]}` needs exactly one way to probe",
            Place(place, on_key=True),
            help=f"give one of {', '.join(f'`{key}`' for key in _HANDLERS)}",
        )
        return {}
    if short is not None:
        return _kusion_handler(short, place, diagnostics, kusion=kusion)
    value = config[asked[0]]
    if asked[0] == "httpGet":
        value = _http_get(value)
    return {asked[0]: untyped(value)}


def _http_get(config: Mapping[str, Any]) -> dict[str, Any]:
    result = {key: value for key, value in config.items() if key != "httpHeaders"}
    headers = config.get("httpHeaders")
    if isinstance(headers, dict):
        result["httpHeaders"] = [{"name": name, "value": text(value)} for name, value in headers.items()]
    elif headers:
        result["httpHeaders"] = [{"name": item["name"], "value": text(item["value"])} for item in headers]
    return result


def _kusion_handler(
    config: Mapping[str, Any], place: Pointer, diagnostics: Diagnostics, *, kusion: bool
) -> dict[str, Any]:
    if "command" in config:
        return {"exec": {"command": list(config["command"])}}
    url = config.get("url") or ""
    if "://" in url and not url.startswith("tcp://"):
        return {"httpGet": _from_url(url, config.get("headers") or {}, place, diagnostics)}
    host, _, port = url.removeprefix("tcp://").rpartition(":")
    if not port.isascii() or not port.isdigit():
        _report_url(place, "`host:port`", diagnostics)
        return {}
    # Kusion keeps the host even where it is the node's own, which hardly anyone means.
    named = host if kusion else _other_host(host)
    return {"tcpSocket": {"host": named, "port": int(port)} if named else {"port": int(port)}}


def _from_url(url: str, headers: Mapping[str, Any], place: Pointer, diagnostics: Diagnostics) -> dict[str, Any]:
    scheme, _, rest = url.partition("://")
    authority, slash, tail = rest.partition("/")
    host, colon, port = authority.rpartition(":")
    if not colon:
        host, port = authority, ""
    if scheme not in ("http", "https") or not port.isascii() or not port.isdigit():
        _report_url(place, "`http://localhost:8080/healthz`, port included", diagnostics)
        return {}
    path = (slash + tail).partition("?")[0].partition("#")[0]
    result: dict[str, Any] = {"path": path, "port": int(port)} if path else {"port": int(port)}
    if _other_host(host):
        result["host"] = host
    result["scheme"] = scheme.upper()
    if headers:
        result["httpHeaders"] = [{"name": name, "value": text(headers[name])} for name in sorted(headers)]
    return result


def _other_host(host: str) -> str:
    # The kubelet probes from the node: to it "here" is itself, not the pod, which it probes when no host is said.
    return "" if host in ("localhost", "127.0.0.1") else host


def _report_url(place: Pointer, wanted: str, diagnostics: Diagnostics) -> None:
    diagnostics.report(BAD_PROBE, f"the `url` of `{place[-1]}` can't be read", Place(place), help=f"write {wanted}")
