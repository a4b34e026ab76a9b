"""The parameters of an Argo CD Application's plug-in source, and what they make of a render.

A name is one of `PARAMETERS` or the path of a field, such as `web.workload.replicas`, as `argocd parameters` announces
both; everything arrives as text.
"""

from __future__ import annotations

from kusion_render.assembly import assemble, is_app
from kusion_render.diagnostics import Diagnostics, InputError, UsageError
from kusion_render.document import EVERY
from kusion_render.pipeline import Options, read
from kusion_render.setting import parse, parse_arguments, read_value
from kusion_render.suggestion import listing, suggest

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any, Final, TypeAlias

    from kusion_render.diagnostics import Pointer
    from kusion_render.repository import Repository, Target

    Setting: TypeAlias = tuple[Pointer, Any]

# Those that are one text can be said in the plug-in's `env` too.
_TEXTS: Final = ("stack", "workspace", "profile", "preview")
PARAMETERS: Final = (*_TEXTS, "image", "replicas", "set", "arguments")
DEFAULT_PROFILE: Final = "argocd"


def read_parameters(environment: Mapping[str, str]) -> dict[str, Any]:
    """Return what the Application says by name: a text, a list of texts, or a map of texts.

    A parameter wins over `ARGOCD_ENV_<NAME>`, which counts for stack, workspace, profile and preview.

    Raises:
        UsageError: when the JSON can't be read, a name is unknown, or a parameter has not exactly one kind of value.
    """
    found: dict[str, Any] = {}
    said: dict[str, Any] = {}
    for text in _TEXTS:
        if environment.get(f"ARGOCD_ENV_{text.upper()}"):
            found[text] = environment[f"ARGOCD_ENV_{text.upper()}"]
    raw = environment.get("ARGOCD_APP_PARAMETERS")
    if not raw or raw in ("null", "[]"):
        return found
    import json

    try:
        items = json.loads(raw)
    except ValueError as error:
        raise UsageError("ARGOCD_APP_PARAMETERS is no JSON") from error
    for item in items if isinstance(items, list) else [items]:
        name: Any = item.get("name") if isinstance(item, dict) else None
        kinds = [kind for kind in ("string", "array", "map") if isinstance(item, dict) and item.get(kind) is not None]
        if not isinstance(name, str) or not (name in PARAMETERS or _is_path(name)):
            raise UsageError(f"unknown parameter `{name}`; {suggest(str(name), PARAMETERS)}")
        if name in said:
            raise UsageError(f"parameter `{name}` is given twice")
        if len(kinds) != 1:
            raise UsageError(f"parameter `{name}` must have one of `string`, `array` and `map`")
        said[name] = item[kinds[0]]
    found.update(said)
    for name, value in found.items():
        if not isinstance(value, str) and (name in _TEXTS or name not in PARAMETERS):
            raise UsageError(f"parameter `{name}` must be a `string`")
    return found


def _is_path(name: str) -> bool:
    return name.startswith("/") or "." in name


def options_for(
    parameters: Mapping[str, Any], environment: Mapping[str, str], repository: Repository, target: Target
) -> Options:
    """Return the options of the render that parameters and environment ask for.

    Raises:
        UsageError: for a value that means nothing here.
    """
    profile = parameters.get("profile") or DEFAULT_PROFILE
    preview = parameters.get("preview") or ""
    if profile != DEFAULT_PROFILE:
        from kusion_render.transformers.profile import PROFILES

        if profile not in PROFILES:
            raise UsageError(f"parameter `profile`: no profile `{profile}`; {suggest(profile, PROFILES)}")
    if preview:
        from kusion_render.transformers.preview import check_preview

        try:
            check_preview(preview)
        except ValueError as error:
            raise UsageError(f"parameter `preview`: {error}") from error
    arguments = parse_arguments(_assignments("arguments", parameters.get("arguments")))
    settings = [*(_parsed("set", text) for text in _assignments("set", parameters.get("set"))), *_paths(parameters)]
    if "image" in parameters or "replicas" in parameters:
        places = short_places(repository, target, Options(settings=settings, arguments=arguments))
        settings = [*_short(parameters, places), *settings]
    return Options(
        settings=settings,
        namespace_policy="omit",
        namespace=environment.get("ARGOCD_APP_NAMESPACE", ""),
        profile=profile,
        preview=preview,
        arguments=arguments,
    )


def _assignments(name: str, said: Any) -> list[str]:
    """Return what a parameter says as texts with `=`, from a map, a list or a single one."""
    if isinstance(said, dict):
        said = [f"{key}={value}" for key, value in sorted(said.items())]
    texts = said if isinstance(said, list) else [] if said is None else [said]
    if not all(isinstance(text, str) for text in texts):
        raise UsageError(f"parameter `{name}` must hold texts")
    return texts


def _paths(parameters: Mapping[str, Any]) -> Iterator[Setting]:
    for name, value in parameters.items():
        if name not in PARAMETERS:
            yield _parsed(name, f"{name}={value}")


def _parsed(name: str, text: str) -> Setting:
    try:
        return parse(text)
    except ValueError as error:
        raise UsageError(f"parameter `{name}`, `{text.partition('=')[0]}`: {error}") from error


def _short(parameters: Mapping[str, Any], places: Mapping[str, Mapping[str, Pointer]]) -> Iterator[Setting]:
    """Yield what `image` and `replicas` mean: a text for the only place there is, or a map of places to texts."""
    for name in ("image", "replicas"):
        said = parameters.get(name)
        known = places[name]
        if said is None or not known:
            continue  # a stack that can't be read: the render says why
        if isinstance(said, str):
            if len(known) > 1:
                raise UsageError(f"parameter `{name}` must be a `map` here, for {listing(known)}")
            said = {next(iter(known)): said}
        elif not isinstance(said, dict):
            raise UsageError(f"parameter `{name}` must be a `string` or a `map`")
        for key, value in said.items():
            pointer = known.get(key)
            if pointer is None:
                raise UsageError(f"parameter `{name}`: nothing is called `{key}`; {suggest(key, known)}")
            if not isinstance(value, str):
                raise UsageError(f"parameter `{name}` must hold texts")
            yield pointer, value if name == "image" else read_value(value)


def short_places(repository: Repository, target: Target, options: Options) -> dict[str, dict[str, Pointer]]:
    """Return what `image` and `replicas` can be said for, and where that stands: `APP`, or `APP.CONTAINER`.

    Both are empty when the stack can't be read.
    """
    found: dict[str, dict[str, Pointer]] = {"image": {}, "replicas": {}}
    try:
        apps = assemble(read(repository, target, options, Diagnostics()).sources)
    except InputError:
        return found
    for app, config in apps.items():
        workload = config.get("workload") if isinstance(config, dict) else None
        if not is_app(app) or app == EVERY or not isinstance(workload, dict):
            continue
        containers = [name for name in workload.get("containers") or () if name != EVERY]
        for name in containers:
            key = app if len(containers) == 1 else f"{app}.{name}"
            found["image"][key] = (app, "workload", "containers", name, "image")
        if "schedule" not in workload and workload.get("module") != "job":
            found["replicas"][app] = (app, "workload", "replicas")
    return found
