"""Pods: what service and job have in common."""

from __future__ import annotations

import binascii

from kusion_render.diagnostics import Place
from kusion_render.generator import FIELD_WITHOUT_EFFECT
from kusion_render.kubernetes.merge_keys import strategic_merge
from kusion_render.text import texts
from kusion_render.workload.account import account
from kusion_render.workload.container import container
from kusion_render.workload.probe import PROBES
from kusion_render.workload.scheduling import scheduling
from kusion_render.workload.volume import Volumes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any, Final

    from kusion_render.diagnostics import Diagnostics
    from kusion_render.generator import GeneratorRequest
    from kusion_render.model import Resource


class Pod:
    """A pod template, and the objects it brings along: ConfigMaps, claims, a service account.

    `templates` are a StatefulSet's claim templates; `existing` names the objects (kind, name) that live elsewhere.
    """

    __slots__ = ("existing", "objects", "template", "templates")

    def __init__(
        self,
        template: dict[str, Any],
        objects: list[Resource],
        templates: list[dict[str, Any]],
        existing: list[tuple[str, str]],
    ) -> None:
        self.template: Final = template
        self.objects: Final = objects
        self.templates: Final = templates
        self.existing: Final = existing


def pod(
    request: GeneratorRequest, diagnostics: Diagnostics, *, restart_policy: str = "", stateful: bool = False
) -> Pod:
    """Return the pod template for a workload's config, with its labels and annotations."""
    config = request.config
    volumes = Volumes(request.name, request.context.contents, stateful=stateful)
    spec: dict[str, Any] = {}
    account_name, objects = _service_account(request)
    if account_name:
        spec["serviceAccountName"] = account_name
    if config.get("automountToken") is not None:
        spec["automountServiceAccountToken"] = config["automountToken"]
    policy = config.get("restartPolicy") or restart_policy
    if policy:
        spec["restartPolicy"] = policy
    _add_containers(spec, request, volumes, diagnostics)
    if volumes.volumes:
        spec["volumes"] = volumes.volumes
    spec.update(scheduling(config, {} if request.kusion else request.labels))
    if config.get("podSpec"):
        spec = strategic_merge(spec, config["podSpec"], "PodSpec")
    objects += [_config_map(request, name, data) for name, data in volumes.configs.items()]
    objects += [_claim(request, name, claim) for name, claim in volumes.claims.items()]
    templates = [{"metadata": {"name": name}, "spec": claim} for name, claim in volumes.templates.items()]
    existing = [("PersistentVolumeClaim", name) for name in volumes.existing]
    return Pod({"metadata": _metadata(request), "spec": spec}, objects, templates, existing)


def _metadata(request: GeneratorRequest) -> dict[str, Any]:
    config = request.config
    labels = {**request.app_labels, **request.labels, **texts(config.get("labels")), **texts(config.get("podLabels"))}
    metadata: dict[str, Any] = {"labels": labels}
    annotations = {**texts(config.get("annotations")), **texts(config.get("podAnnotations"))}
    if annotations:
        metadata["annotations"] = annotations
    return metadata


def _add_containers(
    spec: dict[str, Any], request: GeneratorRequest, volumes: Volumes, diagnostics: Diagnostics
) -> None:
    restricted = request.config.get("security") == "restricted"
    for key in ("initContainers", "containers"):
        configs = request.config.get(key)
        if not configs:
            continue
        _refuse_out_of_place(configs, key, request, diagnostics)
        # Kusion sorts containers by name; we keep the order that was written.
        names = sorted(configs) if request.kusion and key == "containers" else configs
        spec[key] = [
            container(
                name,
                configs[name],
                volumes,
                (*request.place, key, name),
                diagnostics,
                restricted=restricted,
                kusion=request.kusion,
            )
            for name in names
        ]


def _refuse_out_of_place(
    configs: Mapping[str, Any], group: str, request: GeneratorRequest, diagnostics: Diagnostics
) -> None:
    """Report what the API server refuses: restart policies of containers, probes and hooks of what runs to its end."""
    fields: tuple[str, ...]
    for name, config in configs.items():
        if group == "containers":
            fields, kind = ("restartPolicy",), "a container that is no init container"
        elif config.get("restartPolicy"):
            continue
        else:
            fields, kind = (*PROBES, "lifecycle"), "an init container that is no sidecar"
        for field in fields:
            if config.get(field):
                diagnostics.report(
                    FIELD_WITHOUT_EFFECT,
                    f"{kind} has no `{field}`",
                    Place((*request.place, group, name, field), on_key=True),
                    help="remove it" if group == "containers" else "remove it, or say `restartPolicy: Always`",
                )


def _service_account(request: GeneratorRequest) -> tuple[str, list[Resource]]:
    asked = request.config.get("serviceAccount")
    if not asked:
        return "", []
    if isinstance(asked, str):
        return asked, []
    config: Mapping[str, Any] = {} if asked is True else asked
    name = config.get("name") or request.name
    return name, account(request, name, config, (*request.place, "serviceAccount"))


def object_data(files: Mapping[str, str | bytes]) -> Iterator[tuple[str, dict[str, str]]]:
    """Yield the `data` and `binaryData` of a ConfigMap, each only when it holds something."""
    plain = {key: value for key, value in files.items() if isinstance(value, str)}
    binary = {key: base64(value) for key, value in files.items() if isinstance(value, bytes)}
    if plain:
        yield "data", plain
    if binary:
        yield "binaryData", binary


def base64(content: bytes) -> str:
    """Return base64 text without line ends."""
    return binascii.b2a_base64(content, newline=False).decode("ascii")


def _config_map(request: GeneratorRequest, name: str, files: Mapping[str, str | bytes]) -> Resource:
    return request.resource("v1", "ConfigMap", name, dict(object_data(files)), bare=request.kusion)


def _claim(request: GeneratorRequest, name: str, spec: dict[str, Any]) -> Resource:
    return request.resource("v1", "PersistentVolumeClaim", name, {"spec": spec})
