"""Where pods run, and what they are given there: the fields of a pod beside its containers and volumes."""

from __future__ import annotations

from kusion_render.document import untyped
from kusion_render.text import text, texts

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any, Final

_AS_WRITTEN: Final = (
    "terminationGracePeriodSeconds",
    "nodeSelector",
    "tolerations",
    "affinity",
    "priorityClassName",
    "hostAliases",
    "dnsPolicy",
    "dnsConfig",
    "enableServiceLinks",
    "hostNetwork",
    "hostPID",
    "hostIPC",
    "shareProcessNamespace",
    "runtimeClassName",
)


def scheduling(config: Mapping[str, Any], own: Mapping[str, str]) -> dict[str, Any]:
    """Return the fields of a pod's spec that a workload's config gives outright, as Kubernetes wants them.

    `config` has passed the schema. Scalars at the places of text become text. `own` are the labels of the pods, which a
    spread constraint without a selector counts; none in `kusion` mode.
    """
    spec: dict[str, Any] = {}
    if config.get("securityContext"):
        spec["securityContext"] = security_context(config["securityContext"])
    for key in _AS_WRITTEN:
        value = config.get(key)
        if value is not None and value not in ({}, []):
            spec[key] = _FORMS[key](value) if key in _FORMS else value
    if config.get("imagePullSecrets"):
        spec["imagePullSecrets"] = pull_secrets(config["imagePullSecrets"])
    spread = config.get("topologySpreadConstraints")
    if spread:
        # Kusion's keys are free text and used nowhere; its order is random, ours is by key.
        spec["topologySpreadConstraints"] = [_constraint(spread[key], own) for key in sorted(spread)]
    return spec


def label_selector(selector: Mapping[str, Any]) -> dict[str, Any]:
    """Return Kubernetes' LabelSelector of one in a config: labels and values are text."""
    made = untyped(selector)
    if made.get("matchLabels"):
        made["matchLabels"] = texts(made["matchLabels"])
    if made.get("matchExpressions"):
        made["matchExpressions"] = [_condition(each) for each in made["matchExpressions"]]
    return made


def pull_secrets(items: list[Any]) -> list[dict[str, Any]]:
    """Return Kubernetes' list of Secrets with registry credentials, from names or from maps."""
    return [{"name": item} if isinstance(item, str) else untyped(item) for item in items]


def security_context(config: Mapping[str, Any]) -> dict[str, Any]:
    """Return a pod's security context; the values of kernel parameters are text."""
    made = untyped(config)
    if made.get("sysctls"):
        made["sysctls"] = [_with_text(each) for each in made["sysctls"]]
    return made


def _condition(config: Mapping[str, Any]) -> dict[str, Any]:
    made = untyped(config)
    if "values" in made:
        made["values"] = [text(value) for value in made["values"]]
    return made


def _constraint(config: Mapping[str, Any], own: Mapping[str, str]) -> dict[str, Any]:
    made = untyped(config)
    if made.get("labelSelector"):
        made["labelSelector"] = label_selector(made["labelSelector"])
    elif own:
        # Without a selector Kubernetes counts no pod, and the constraint holds always.
        made["labelSelector"] = {"matchLabels": own}
    return made


def _dns_config(config: Mapping[str, Any]) -> dict[str, Any]:
    made = untyped(config)
    if made.get("options"):
        made["options"] = [_with_text(each) for each in made["options"]]
    return made


def _with_text(config: Mapping[str, Any]) -> dict[str, Any]:
    made = untyped(config)
    if "value" in made:
        made["value"] = text(made["value"])
    return made


_FORMS: Final[dict[str, Any]] = {
    "nodeSelector": texts,
    "tolerations": lambda items: [_with_text(item) for item in items],
    "dnsConfig": _dns_config,
    "hostAliases": lambda items: [untyped(item) for item in items],
}
