"""`argocd parameters`: what Argo CD's UI offers to change, as its parameter announcements.

Argo CD never hands an announced default back, so a default here is what the render does anyway.
"""

from __future__ import annotations

import json

from kusion_render.diagnostics import Diagnostics
from kusion_render.document import MISSING, at, dotted, leaves
from kusion_render.integrations.argocd import chosen, report
from kusion_render.integrations.argocd_parameters import DEFAULT_PROFILE, options_for, read_parameters, short_places
from kusion_render.rendering import compile_stack
from kusion_render.report.masking import may_be_secret
from kusion_render.suggestion import listing
from kusion_render.text import text
from kusion_render.transformers.profile import PROFILES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from typing import Any, Final

    from kusion_render.diagnostics import Pointer
    from kusion_render.pipeline import Options
    from kusion_render.repository import Repository, Target

# More would make a page that nobody reads.
_MOST_PATHS: Final = 200


def announce(environment: Mapping[str, str], folder: str) -> str:
    """Return a JSON array of announcements: the general parameters, then the fields that the stack's apps set.

    A stack that can't be rendered has only the general ones, for a failure here would hide the Application's details;
    what is wrong goes to stderr.
    """
    found = Diagnostics()
    parameters = read_parameters(environment)
    repository, targets = chosen(parameters, environment, folder, found)
    offered = [*_general(parameters, targets)]
    if len(targets) == 1:
        options = options_for(parameters, environment, repository, targets[0])
        offered += _of_stack(options, repository, targets[0], found)
    else:
        offered.append(_one("set", "Values by path", "Such as web.workload.replicas", {}))
    if found.items:
        report(found, repository)
    return json.dumps(offered, ensure_ascii=False) + "\n"


def _one(
    name: str, title: str, tooltip: str, value: Any, *, required: bool = False, item_type: str = "string"
) -> dict[str, Any]:
    kind = "map" if isinstance(value, dict) else "string"
    return {
        "name": name,
        "title": title,
        "tooltip": tooltip,
        "required": required,
        "itemType": item_type,
        "collectionType": kind,
        kind: value,
    }


def _general(parameters: Mapping[str, Any], targets: Sequence[Target]) -> Iterator[dict[str, Any]]:
    stacks = sorted({target.stack.key for target in targets})
    workspaces = sorted({target.workspace for target in targets if target.workspace})
    several = len(stacks) > 1
    yield _one("stack", "Stack", _choice("The stack to render", stacks), _only(stacks), required=several)
    yield _one(
        "workspace",
        "Workspace",
        _choice("The workspace to render on", workspaces),
        _only(workspaces),
        required=not several and len(targets) > 1,
    )
    said = parameters.get("profile") or DEFAULT_PROFILE
    yield _one("profile", "Profile", _choice("The tool to annotate for", PROFILES), said)
    yield _one("preview", "Preview", "The name of a preview: own namespace, own hosts", parameters.get("preview") or "")


def _choice(what: str, names: Sequence[str]) -> str:
    return f"{what}; {listing(names).replace('`', '')}" if len(names) > 1 else what


def _only(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else ""


def _of_stack(
    options: Options, repository: Repository, target: Target, diagnostics: Diagnostics
) -> list[dict[str, Any]]:
    apps = compile_stack(repository, target, options, diagnostics).apps
    places = short_places(repository, target, options)
    short = [_short("image", "Image", apps, places["image"]), _short("replicas", "Replicas", apps, places["replicas"])]
    paths = [(pointer, value) for pointer, value in leaves(dict(apps)) if _is_offered(pointer, value)]
    more = f"; {len(paths) - _MOST_PATHS} fields are not listed here" if len(paths) > _MOST_PATHS else ""
    return [
        *(each for each in short if each is not None),
        _one("set", "Values by path", f"Such as web.workload.replicas{more}", {}),
        *(_field(pointer, value) for pointer, value in paths[:_MOST_PATHS]),
    ]


def _short(name: str, title: str, apps: Mapping[str, Any], places: Mapping[str, Pointer]) -> dict[str, Any] | None:
    """Return the announcement of `image` or `replicas`: a text where there is one, else a map without defaults.

    The UI sends a map as a whole, so defaults in it would freeze what nobody meant to change.
    """
    if not places:
        return None
    if len(places) > 1:
        return _one(name, title, f"By app, or app.container; {listing(places).replace('`', '')}", {})
    value = at(apps, next(iter(places.values())))
    return _one(
        name,
        title,
        f"Of {next(iter(places))}",
        "" if value is MISSING else text(value),
        item_type="number" if name == "replicas" else "string",
    )


def _is_offered(pointer: Pointer, value: Any) -> bool:
    keys = [str(step) for step in pointer]
    if isinstance(value, (dict, list)) or value is None or "_type" in keys or "patches" in keys or "=" in "".join(keys):
        return False
    return not may_be_secret(keys, text(value)) and "\n" not in text(value)


def _field(pointer: Pointer, value: Any) -> dict[str, Any]:
    path = dotted(pointer)
    kind = "boolean" if isinstance(value, bool) else "number" if isinstance(value, (int, float)) else "string"
    return _one(path, path, "Wins over all app files", text(value), item_type=kind)
