"""Containers, from AppConfiguration to Kubernetes."""

from __future__ import annotations

from kusion_render.text import text
from kusion_render.workload.environment import kusion_order, sources, variables
from kusion_render.workload.probe import PROBES, lifecycle, probe
from kusion_render.workload.resources import resources
from kusion_render.workload.volume import mount_files, mount_folders

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any, Final

    from kusion_render.diagnostics import Diagnostics, Pointer
    from kusion_render.workload.volume import Volumes

# Pod Security Standards, profile "restricted", the fields a container must set.
RESTRICTED: Final[dict[str, Any]] = {
    "allowPrivilegeEscalation": False,
    "capabilities": {"drop": ["ALL"]},
    "runAsNonRoot": True,
    "seccompProfile": {"type": "RuntimeDefault"},
}
_AS_WRITTEN: Final = ("imagePullPolicy", "stdin", "tty", "restartPolicy", "terminationMessagePolicy")


def container(
    name: str,
    config: Mapping[str, Any],
    volumes: Volumes,
    place: Pointer,
    diagnostics: Diagnostics,
    *,
    restricted: bool = False,
    kusion: bool = False,
) -> dict[str, Any]:
    """Return a Kubernetes Container.

    `config` has passed the schema; `place` is where it stands in the app. `restricted` adds what Pod Security's
    profile of that name asks for unless the container says `security: none`. `kusion` sorts env as Kusion does.
    """
    result: dict[str, Any] = {"name": name, "image": config.get("image", "")}
    for key in ("command", "args"):
        if config.get(key):
            result[key] = [text(word) for word in config[key]]
    if config.get("workingDir"):
        result["workingDir"] = config["workingDir"]
    if config.get("ports"):
        result["ports"] = list(ports(config["ports"]))
    if config.get("envFrom"):
        result["envFrom"] = sources(config["envFrom"], (*place, "envFrom"), diagnostics)
    if config.get("env"):
        env = {key: config["env"][key] for key in kusion_order(config["env"])} if kusion else config["env"]
        result["env"] = variables(env, (*place, "env"), diagnostics, kusion=kusion)
    if config.get("resources"):
        result["resources"] = resources(config["resources"], (*place, "resources"), diagnostics, kusion=kusion)
    mounts = _mounts(name, config, volumes, place, diagnostics, kusion=kusion)
    if mounts:
        result["volumeMounts"] = mounts
    for key in PROBES:
        if config.get(key):
            known = result.get("ports", ())
            result[key] = probe(config[key], (*place, key), diagnostics, ports=known, kusion=kusion)
    if config.get("lifecycle"):
        result["lifecycle"] = lifecycle(config["lifecycle"], (*place, "lifecycle"), diagnostics, kusion=kusion)
    result.update({key: config[key] for key in _AS_WRITTEN if config.get(key) not in (None, False)})
    context = security_context(config, restricted=restricted)
    if context:
        result["securityContext"] = context
    return result


def _mounts(
    name: str, config: Mapping[str, Any], volumes: Volumes, place: Pointer, diagnostics: Diagnostics, *, kusion: bool
) -> list[dict[str, Any]]:
    files, folders = config.get("files") or {}, config.get("dirs") or {}
    mounts = []
    if kusion:
        from kusion_render.workload.kusion_files import mount_files as mount_kusion_files

        mounts += mount_kusion_files(files, name, volumes, (*place, "files"), diagnostics)
        folders = {path: folders[path] for path in sorted(folders)}
    elif files:
        mounts += mount_files(files, name, volumes, (*place, "files"), diagnostics)
    if folders:
        mounts += mount_folders(folders, volumes, (*place, "dirs"), diagnostics)
    return mounts


def security_context(config: Mapping[str, Any], *, restricted: bool) -> Mapping[str, Any]:
    """Return a container's security context: what the profile asks for, and over it what is written.

    `restricted` is what the workload says; a container's own `security` wins.
    """
    written: Mapping[str, Any] = config.get("securityContext") or {}
    said = config.get("security")
    if said == "none" or not (restricted or said):
        return written
    merged = {**RESTRICTED, **written}
    capabilities = written.get("capabilities")
    if capabilities:
        merged["capabilities"] = {**RESTRICTED["capabilities"], **capabilities}
    return merged


def ports(config: Mapping[str, Any] | list[Any]) -> Iterator[dict[str, Any]]:
    """Yield Kubernetes ContainerPorts for a map of name to number or details, or for Kubernetes' own list.

    The protocol is always written: with the port it is the key that server-side apply merges by.
    """
    named = config.items() if isinstance(config, dict) else [(None, item) for item in config]
    for name, value in named:
        details = value if isinstance(value, dict) else {"port": value}
        result = {"name": name or details.get("name")} if name or details.get("name") else {}
        result["containerPort"] = details.get("port", details.get("containerPort"))
        result["protocol"] = details.get("protocol") or "TCP"
        for key in ("hostPort", "hostIP"):
            if details.get(key):
                result[key] = details[key]
        yield result
