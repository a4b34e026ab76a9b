"""From layers to apps: platform defaults, app layers in order, `"*"`, `--set`, and what the platform enforces.

Pure, and it looks at scalars only to compare them, so a traced run can put tokens in their place.
"""

from __future__ import annotations

from kusion_render.document import DIRECTIVE, EVERY, GONE, MISSING, at, lay, merge, put
from kusion_render.modules import MODULES, module_name
from kusion_render.schema import merge_keys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from typing import Any, Final

    from kusion_render.diagnostics import Pointer

# Keys of a module's configs that Kusion reads itself, whatever the module.
_KUSION_OWN: Final = frozenset(("projectSelector", "importedResources", "healthPolicy"))
_JOINED: Final = {"k8s_manifest": ("paths",)}
# Modules of Kusion in which the platform has the last word: it lays their config over the developers'.
_PLATFORM_LAST: Final = frozenset(("inference", "opensearch"))
_GROUPS: Final = ("containers", "initContainers")


class Sources:
    """Everything the apps of one render are made from.

    `layers` are the app documents in merge order, `modules` and `enforce` come from the workspace, `settings` are
    places and values given on the command line. `deep` merges a workspace's patcher block deeply into its default
    block; Kusion's own way is to replace whole keys.
    """

    __slots__ = ("deep", "enforce", "layers", "modules", "project", "settings")

    def __init__(
        self,
        layers: Sequence[Mapping[str, Any]],
        *,
        project: str = "",
        modules: Mapping[str, Any] | None = None,
        enforce: Mapping[str, Any] | None = None,
        settings: Sequence[tuple[Pointer, Any]] = (),
        deep: bool = True,
    ) -> None:
        self.layers: Final = layers
        self.project: Final = project
        self.modules: Final = modules or {}
        self.enforce: Final = enforce or {}
        self.settings: Final = settings
        self.deep: Final = deep

    def of(self, modules: Mapping[str, Any]) -> Sources:
        """Return the same sources with other module configs."""
        return Sources(
            self.layers,
            project=self.project,
            modules=modules,
            enforce=self.enforce,
            settings=self.settings,
            deep=self.deep,
        )


def assemble(sources: Sources) -> dict[str, Any]:
    """Return the stack's apps by name, deletions not yet settled."""
    merged: dict[str, Any] = {}
    for layer in sources.layers:
        merged = _merge_apps({} if layer.get(DIRECTIVE) == "replace" else merged, layer)
    # One that is no map stays for the schema to refuse.
    every = merged.pop(EVERY) if isinstance(merged.get(EVERY), dict) else None
    for pointer, value in sources.settings:
        merged = _set(merged, pointer, value)
    return {name: _complete(app, every, sources) for name, app in merged.items() if app is not GONE}


def _set(apps: dict[str, Any], pointer: Pointer, value: Any) -> dict[str, Any]:
    if at(apps, pointer[:1]) is MISSING:
        return apps  # `unsettable` tells
    below = at(apps, numbered(apps, pointer))
    try:
        changed: dict[str, Any] = put(apps, pointer, lay(below, None) if value is None else value)
    except IndexError:
        return apps
    return changed


def unsettable(sources: Sources) -> list[Pointer]:
    """Return the places of settings that could not be set: an unknown app, or a list without such an item."""
    bare = Sources(sources.layers, settings=sources.settings)
    apps = assemble(bare)
    return [pointer for pointer, value in sources.settings if not _is_set(at(apps, numbered(apps, pointer)), value)]


def _is_set(found: Any, value: Any) -> bool:
    return found is value or (value is None and found is GONE)


def numbered(data: Any, pointer: Pointer) -> Pointer:
    """Return the place with the steps into lists as numbers."""
    result: Pointer = ()
    for step in pointer:
        inner = at(data, result)
        number = isinstance(inner, list) and str(step).isdigit()
        result = (*result, int(step) if number else step)
    return result


def is_app(name: str) -> bool:
    """Tell whether a top-level key names an app; the others are a place for anchors and editors' settings."""
    return not name.startswith(("_", "x-")) and name not in ("$schema", DIRECTIVE)


def _merge_apps(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    result = dict(below)
    for name, app in above.items():
        if not is_app(name) and (name != DIRECTIVE or app == "replace"):
            continue  # a directive that is no word stays, for `settle` to tell
        known = result.get(name, MISSING)
        result[name] = merge_app(known, app) if _merges(known, app) else lay(known, app)
    return result


def _merges(below: Any, above: Any) -> bool:
    """Tell whether two apps are maps to be merged, neither of which replaces or deletes."""
    if not isinstance(below, dict) or not isinstance(above, dict) or below.get(DIRECTIVE) == "delete":
        return False
    return above.get(DIRECTIVE) not in ("replace", "delete")


def merge_app(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """Return one app laid over another; lists merge by the keys of the module that each part belongs to."""
    keys: dict[str, Any] = {}
    if "workload" in above and "workload" in below:
        keys["workload"] = merge_keys("modules/service")
    accessories = above.get("accessories")
    if isinstance(accessories, dict) and isinstance(below.get("accessories"), dict):
        keys["accessories"] = {
            key: _module_keys(_module(key, config, below["accessories"].get(key)))
            for key, config in accessories.items()
        }
    return merge(below, above, keys)


def _module(key: str, above: Any, below: Any) -> str:
    for config in (above, below):
        if isinstance(config, dict) and ("_type" in config or "module" in config):
            return module_name(key, config)
    return module_name(key, None)


def _module_keys(module: str) -> Mapping[str, Any]:
    # A module that is not ours, or not there at all, names no merge keys: its lists replace.
    return merge_keys(f"modules/{module}") if module in MODULES else {}


def _complete(app: Any, every: Any, sources: Sources) -> Any:
    if not isinstance(app, dict):
        return app
    if isinstance(every, dict):
        app = _fill_app(every, app)
    if sources.modules:
        app = _lay_platform(app, sources)
    app = _fill_containers(app)
    if sources.enforce:
        app = merge_app(app, _enforced(app, sources.enforce))
    return app


def _fill_app(every: Mapping[str, Any], app: Mapping[str, Any]) -> dict[str, Any]:
    """Lay an app over the app called `"*"`, which adds no workload, accessory or container."""
    if app.get(DIRECTIVE) == "replace":
        return dict(app)
    beneath = dict(every)
    for group in ("workload", "accessories"):
        if not isinstance(app.get(group), dict):
            beneath.pop(group, None)
    if "accessories" in beneath and isinstance(beneath["accessories"], dict):
        beneath["accessories"] = {
            key: value for key, value in beneath["accessories"].items() if key in app["accessories"]
        }
    if isinstance(beneath.get("workload"), dict):
        beneath["workload"] = _without_new_containers(beneath["workload"], app["workload"])
    return merge_app(beneath, app)


def _without_new_containers(beneath: Mapping[str, Any], workload: Mapping[str, Any]) -> dict[str, Any]:
    result = dict(beneath)
    for group in _GROUPS:
        shared = beneath.get(group)
        own = workload.get(group)
        if isinstance(shared, dict):
            known = own if isinstance(own, dict) else {}
            result[group] = {key: value for key, value in shared.items() if key == EVERY or key in known}
            if not known:
                del result[group]
    return result


def _fill_containers(app: Mapping[str, Any]) -> dict[str, Any]:
    workload = app.get("workload")
    if not isinstance(workload, dict):
        return dict(app)
    filled: dict[str, Any] = {}
    for group in _GROUPS:
        containers = workload.get(group)
        every = containers.get(EVERY) if isinstance(containers, dict) else None
        if isinstance(containers, dict) and isinstance(every, dict):
            keys = (merge_keys("modules/service").get(group) or {}).get(EVERY)
            filled[group] = {
                name: lay(every, config, keys) if isinstance(config, dict) else config
                for name, config in containers.items()
                if name != EVERY
            }
    return {**app, "workload": {**workload, **filled}} if filled else dict(app)


def _lay_platform(app: Mapping[str, Any], sources: Sources) -> dict[str, Any]:
    beneath: dict[str, Any] = {}
    workload = app.get("workload")
    if isinstance(workload, dict):
        shared = platform_config(sources, "workload")
        own = platform_config(sources, module_name("workload", workload))
        beneath["workload"] = merge(shared, own, merge_keys("modules/service")) if shared else own
        if not sources.deep:
            app = {**app, "workload": _without_unset(workload, beneath["workload"])}
    accessories = app.get("accessories")
    if isinstance(accessories, dict):
        beneath["accessories"] = {
            key: platform_config(sources, module_name(key, config))
            for key, config in accessories.items()
            if isinstance(config, dict)
        }
        if not sources.deep:
            app = {**app, "accessories": _as_kusion_lays(accessories, beneath["accessories"])}
    return _fill_app(beneath, app)


def _without_unset(workload: Mapping[str, Any], beneath: Mapping[str, Any]) -> dict[str, Any]:
    """Return a workload without the empty labels and annotations that the platform says: Kusion takes them for unset."""
    result = dict(workload)
    for field in ("labels", "annotations"):
        own, platform = workload.get(field), beneath.get(field)
        if isinstance(own, dict) and isinstance(platform, dict):
            result[field] = {key: value for key, value in own.items() if not (value == "" and platform.get(key))}
    return result


def _as_kusion_lays(accessories: Mapping[str, Any], beneath: Mapping[str, Any]) -> dict[str, Any]:
    """Return accessories with what Kusion does not lay beneath them: lists that it joins, and what the platform wins."""
    result = dict(accessories)
    for key, platform in beneath.items():
        module = module_name(key, accessories[key])
        if module in _PLATFORM_LAST:
            result[key] = merge(accessories[key], platform)
        for field in _JOINED.get(module, ()):
            own, more = accessories[key].get(field), platform.get(field)
            if isinstance(own, list) and isinstance(more, list):
                result[key] = {**result[key], field: [*own, *(item for item in more if item not in own)]}
    return result


def platform_config(sources: Sources, module: str) -> dict[str, Any]:
    """Return what the workspace says about a module for this project: `default`, and over it the patcher block."""
    merged: dict[str, Any] = {}
    for _, block in platform_blocks(sources, module):
        plain = {key: value for key, value in block.items() if key not in _KUSION_OWN}
        merged = merge(merged, plain, _module_keys(module)) if sources.deep else {**merged, **plain}
    return merged


def platform_blocks(sources: Sources, module: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield the blocks of a module's config that hold for this project, by name: `default` first."""
    configs = (sources.modules.get(module) or {}).get("configs") or {}
    for name in ("default", *(name for name in configs if name != "default")):
        block = configs.get(name)
        if isinstance(block, dict) and _holds(name, block, sources.project):
            yield name, block


def _holds(name: str, block: Mapping[str, Any], project: str) -> bool:
    return name == "default" or project in (block.get("projectSelector") or ())


def overruled(sources: Sources) -> list[Pointer]:
    """Return the places of values that the apps themselves say and the platform enforces otherwise."""
    own = assemble(Sources(sources.layers, settings=sources.settings))
    found: list[Pointer] = []
    for name, app in own.items():
        if isinstance(app, dict):
            above = _enforced(app, sources.enforce)
            found += _differences(above, app, merge_app(app, above), (name,))
    return found


def _differences(
    above: Mapping[str, Any], before: Mapping[str, Any], after: Mapping[str, Any], pointer: Pointer
) -> Iterator[Pointer]:
    for key, value in above.items():
        old, new = before.get(key), after.get(key)
        if old is None or old is GONE or old == new:
            continue
        if isinstance(value, dict) and isinstance(old, dict) and isinstance(new, dict):
            yield from _differences(value, old, new, (*pointer, key))
        elif not (isinstance(old, list) and isinstance(new, list) and all(item in new for item in old)):
            yield (*pointer, key)


def _enforced(app: Mapping[str, Any], enforce: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the platform enforces upon an app; like `"*"` it adds no workload, accessory or container."""
    above = _fill_containers_of(enforce, app)
    for group in ("workload", "accessories"):
        if not isinstance(app.get(group), dict):
            above.pop(group, None)
    if isinstance(above.get("accessories"), dict):
        above["accessories"] = {
            key: config for key, config in above["accessories"].items() if key in app["accessories"]
        }
    return above


def _fill_containers_of(enforce: Mapping[str, Any], app: Mapping[str, Any]) -> dict[str, Any]:
    """Spell out the `"*"` of enforced containers for the containers that the app has."""
    workload = enforce.get("workload")
    own = app.get("workload")
    if not isinstance(workload, dict) or not isinstance(own, dict):
        return dict(enforce)
    result = dict(workload)
    for group in _GROUPS:
        if not isinstance(workload.get(group), dict):
            continue
        names = own.get(group) if isinstance(own.get(group), dict) else {}
        every = workload[group].get(EVERY) or {}
        spelled = {name: merge(every, workload[group].get(name) or {}) for name in names or {}}
        result[group] = {name: config for name, config in spelled.items() if config}
    return {**enforce, "workload": result}
