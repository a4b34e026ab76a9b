"""Restarts pods when their config changes: a hash of the ConfigMaps that a pod reads, as an annotation of it.

Never of Secrets: a hash of a short value gives it away.
"""

from __future__ import annotations

import sys

from kusion_render.kubernetes.references import references

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any, Final

    from kusion_render.model import Resource

ANNOTATION: Final = "checksum/config"

# A Job's template can't be changed, and each run of a CronJob reads its config anew.
_KINDS: Final = frozenset(("Deployment", "StatefulSet", "DaemonSet", "CollaSet"))


def with_config_hash(resources: Sequence[Resource], apps: Mapping[str, Any]) -> list[Resource]:
    """Return the resources with the annotation on each workload's pods that read ConfigMaps of this render.

    `restartOnConfigChange: false` in the workload keeps its pods as they are, as does an annotation of that name.
    """
    configs = {
        resource.attributes["metadata"]["name"]: resource.attributes
        for resource in resources
        if resource.attributes["kind"] == "ConfigMap"
    }
    if not configs:
        return list(resources)
    return [_annotated(each, configs) if _restarts(each, apps) else each for each in resources]


def _restarts(resource: Resource, apps: Mapping[str, Any]) -> bool:
    if not resource.workload or resource.attributes["kind"] not in _KINDS:
        return False
    return bool(apps[resource.app]["workload"].get("restartOnConfigChange", True))


def _annotated(resource: Resource, configs: Mapping[str, Mapping[str, Any]]) -> Resource:
    manifest = resource.attributes
    names = sorted({each.name for each in references(manifest) if each.kind == "ConfigMap" and each.name in configs})
    template = manifest["spec"]["template"]
    metadata = template.get("metadata") or {}
    annotations = metadata.get("annotations") or {}
    if not names or ANNOTATION in annotations:
        return resource
    annotations = {**annotations, ANNOTATION: config_digest([configs[name] for name in names])}
    template = {**template, "metadata": {**metadata, "annotations": annotations}}
    return resource.of({**manifest, "spec": {**manifest["spec"], "template": template}})


def config_digest(configs: Sequence[Mapping[str, Any]]) -> str:
    """Return the digest of the data of ConfigMaps."""
    parts = []
    for config in configs:
        for field in ("data", "binaryData"):
            values: Mapping[str, str] = config.get(field) or {}
            parts += [config["metadata"]["name"], field]
            parts += [part for key in sorted(values) for part in (key, values[key])]
    # With their lengths before them, no two lists of texts look the same.
    return sha256("".join(f"{len(part)}:{part}" for part in parts).encode("utf-8", "surrogatepass"))


def sha256(content: bytes) -> str:
    """Return the SHA-256 digest of bytes, in hexadecimal."""
    # hashlib loads OpenSSL, a third of Python's own start; the interpreter has the algorithm built in.
    try:
        digest = __import__("_sha2" if sys.version_info >= (3, 12) else "_sha256").sha256
    except ImportError:
        from hashlib import sha256 as digest
    return str(digest(content).hexdigest())
