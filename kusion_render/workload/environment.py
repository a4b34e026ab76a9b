"""Environment variables of a container."""

from __future__ import annotations

from kusion_render.diagnostics import Place, Rule
from kusion_render.text import reference, text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any, Final

    from kusion_render.diagnostics import Diagnostics, Json, Pointer

BAD_REFERENCE: Final = Rule("KR303", "bad-reference")

_SOURCES: Final = {"secret": "secretKeyRef", "config": "configMapKeyRef"}


def variables(
    env: Mapping[str, Any], place: Pointer, diagnostics: Diagnostics, *, kusion: bool = False
) -> list[dict[str, Any]]:
    """Return Kubernetes EnvVars for a map of name to scalar or source, in the order written.

    A value is a scalar, `secret://NAME/KEY`, `{secret, key, optional}`, `{config, key, optional}`, `{field}`, or
    `{resource, container, divisor}`. A reference without a key is KR303. An empty text is written out but in `kusion`.
    """
    result = []
    for name, value in env.items():
        if isinstance(value, dict):
            result.append({"name": name, "valueFrom": _source(value)})
            continue
        words = text(value)
        found = reference(words, "secret")
        if found is None:
            result.append({"name": name} if kusion and not words else {"name": name, "value": words})
        elif found[1] and "/" not in found[1]:
            result.append({"name": name, "valueFrom": {"secretKeyRef": {"name": found[0], "key": found[1]}}})
        else:
            diagnostics.report(
                BAD_REFERENCE,
                f"the reference in `{name}` does not name one key of one Secret",
                Place((*place, name)),
                help="write `secret://NAME/KEY`, or `{secret: NAME, key: KEY}`",
            )
    return result


def _source(value: Mapping[str, Any]) -> dict[str, Any]:
    for kind, field in _SOURCES.items():
        if kind in value:
            source: dict[str, Any] = {"name": value[kind], "key": value["key"]}
            if value.get("optional") is not None:
                source["optional"] = value["optional"]
            return {field: source}
    if "field" in value:
        return {"fieldRef": {"fieldPath": value["field"]}}
    resource: dict[str, Any] = {"resource": value["resource"]}
    if "container" in value:
        resource["containerName"] = value["container"]
    if "divisor" in value:
        resource["divisor"] = text(value["divisor"])
    return {"resourceFieldRef": resource}


def sources(env_from: Sequence[Any], place: Pointer, diagnostics: Diagnostics) -> list[dict[str, Any]]:
    """Return Kubernetes EnvFromSources for `config/NAME`, `secret/NAME`, or `{config | secret, prefix, optional}`."""
    result = []
    for at, value in enumerate(env_from):
        entry = value
        if isinstance(value, str):
            kind, _, name = value.replace("://", "/").partition("/")
            entry = {kind: name}
            if kind not in _SOURCES or not name or "/" in name:
                diagnostics.report(
                    BAD_REFERENCE,
                    f"`{value}` names neither a ConfigMap nor a Secret",
                    Place((*place, at)),
                    help="write `config/NAME` or `secret/NAME`",
                )
                continue
        source: dict[str, Any] = {"name": entry.get("config") or entry.get("secret")}
        if entry.get("optional") is not None:
            source["optional"] = entry["optional"]
        made = {"configMapRef" if "config" in entry else "secretRef": source}
        result.append({"prefix": entry["prefix"], **made} if entry.get("prefix") else made)
    return result


def kusion_order(env: Mapping[str, Json]) -> list[str]:
    """Return variable names in Kusion's order: symbols < digits < letters, runs of digits as numbers.

    The order of the Go map sort that Kusion's generators go through, which `$(VAR)` references depend on.
    """
    return sorted(env, key=_kusion_key)


def _kusion_key(name: str) -> list[tuple[int, int]]:
    key: list[tuple[int, int]] = []
    digits = ""
    for char in name + "\0":
        if char.isascii() and char.isdigit():
            digits += char
            continue
        if digits:
            key.append((1, int(digits)))
            digits = ""
        if char != "\0":
            key.append((2 if char.isalpha() else 0, ord(char)))
    return key
