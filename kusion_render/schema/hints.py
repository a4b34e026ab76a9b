"""Next steps for mistakes that are common: Kubernetes' forms, and keys one level too high or too low."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Final

    from kusion_render.diagnostics import Pointer
    from kusion_render.schema.truth import Schema

FILES: Final = frozenset({"project", "stack", "workspace", "kusion-render"})
WORKLOADS: Final = frozenset({"modules/service", "modules/job"})
MANIFEST_KEYS: Final = frozenset({"apiVersion", "kind", "metadata", "spec"})
MANIFEST: Final = "this is a Kubernetes manifest, not an AppConfiguration"
RESOURCES: Final = frozenset({"cpu", "memory"})
CONTAINER_MAPS: Final = frozenset({"containers", "initContainers"})
# How a list of named things is written as a map here, by key; `{name}` is an item's name.
MAP_FORMS: Final = {
    "env": "{name}: …",
    "containers": "{name}: {{image: …}}",
    "initContainers": "{name}: {{image: …}}",
    "secrets": "{name}: {{type: opaque, data: …}}",
    "services": "{name}: {{ports: …}}",
    "topologySpreadConstraints": "{name}: {{maxSkew: 1, …}}",
    "configs": "{name}: {{data: …}}",
    "serviceAccounts": "{name}: {{}}",
}
VOLUMES: Final = {
    "volumeMounts": "mount folders with `dirs` and files with `files`",
    "volumes": "mount folders with `dirs` and files with `files` of a container",
    "serviceAccountName": "write `serviceAccount: NAME`",
    "securityContexts": "did you mean `securityContext`?",
}


def for_type(name: str, pointer: Pointer, path: Pointer, value: object, wanted: Sequence[str]) -> str | None:
    """Return the next step for a value of a wrong type, if it is a known mistake."""
    key = pointer[-1] if pointer else None
    if name == "app-configuration" and not path and key in MANIFEST_KEYS:
        return MANIFEST
    if isinstance(value, list) and "object" in wanted and key in MAP_FORMS:
        names = [str(item["name"]) for item in value if isinstance(item, dict) and "name" in item] or ["NAME"]
        entries = ", ".join(MAP_FORMS[str(key)].format(name=name) for name in names[:4])
        return f"write a map by name: `{key}: {{{entries}{', …' if len(names) > 4 else ''}}}`"
    if isinstance(value, dict) and wanted == ["array"] and name == "modules/network" and key == "ports":
        return "write a list: `ports: [{port: 80, targetPort: 8080}]`"
    return None


def for_missing(key: str, instance: Schema) -> str | None:
    """Return the next step for a missing key, if something else in the map explains it."""
    if key == "containers" and "image" in instance:
        return "write the image under a container: `containers: {NAME: {image: …}}`"
    return None


def for_key(name: str, pointer: Pointer, path: Pointer, key: str) -> str | None:
    """Return where an unknown key belongs, if it belongs elsewhere."""
    if name == "app-configuration" and not path:
        return MANIFEST if pointer and pointer[-1] in MANIFEST_KEYS else beside_workload(key)
    if name in WORKLOADS and not path:
        return in_workload(key)
    if name in WORKLOADS and len(path) == 2 and path[0] in CONTAINER_MAPS:
        return in_container(key)
    return ENV_FORMS.get(key)


def for_name(name: str, pointer: Pointer, key: str) -> str | None:
    """Return the name of the lint rule whose code was written, which is what reports show."""
    if name != "workspace" or pointer != ("lint",):
        return None
    known = properties("workspace")["lint"]["properties"]
    found = next((rule for rule in known if f"({key.upper()})." in known[rule]["description"]), None)
    return f"write its name, `{found}`" if found else None


ENV_FORMS: Final = {
    "valueFrom": "write `{secret: NAME, key: KEY}`, `{config: NAME, key: KEY}` or `{field: PATH}`",
    "secretKeyRef": "write `{secret: NAME, key: KEY}`",
    "configMapKeyRef": "write `{config: NAME, key: KEY}`",
    "fieldRef": "write `{field: PATH}`",
    "secretRef": "write `secret/NAME`",
    "configMapRef": "write `config/NAME`",
}


def beside_workload(key: str) -> str | None:
    """Return where a key beside `workload` belongs."""
    if key in MANIFEST_KEYS:
        return MANIFEST
    if key in properties("modules/service") or key in properties("modules/job"):
        return "belongs under `workload`"
    if key in properties("workload"):
        return "belongs under `workload.containers.<name>`"
    from kusion_render.modules.table import MODULES

    return f"belongs under `accessories`, as `accessories.{key}`" if key.lower() in MODULES else None


def in_workload(key: str) -> str | None:
    """Return where a key beside `containers` belongs."""
    if key in RESOURCES:
        return "belongs under `containers.<name>.resources`"
    if key in VOLUMES:
        return VOLUMES[key]
    if key in {"accessories", "enabled"}:
        return "belongs beside `workload`"
    return "belongs under `containers.<name>`" if key in properties("workload") else other_workload(key)


def other_workload(key: str) -> str | None:
    """Return which workload has a key that this one has not."""
    if key in properties("modules/job"):
        return "only a job has it: write `module: job`"
    return "only a service has it: write `module: service`" if key in properties("modules/service") else None


def in_container(key: str) -> str | None:
    """Return where a key beside `image` belongs."""
    if key in RESOURCES:
        return "belongs under `resources`"
    if key in VOLUMES:
        return VOLUMES[key]
    return "belongs to the workload, beside `containers`" if key in properties("modules/service") else None


def properties(name: str) -> Schema:
    """Return the known keys of a file or of a workload, or of a container (`workload`)."""
    from kusion_render.schema import truth

    if name == "workload":
        container: Schema = truth.read("workload.json")["$defs"]["Container"]["properties"]
        return container
    known: Schema = truth.load(name)["properties"]
    return known
