"""Argo CD's config-management plug-in: `argocd generate`.

Everything comes from the environment that Argo CD sets; stdout gets manifests or nothing; stderr gets what its UI shows.
The command line's library is not imported: start-up is most of what one render costs.
"""

from __future__ import annotations

import os
import sys

from kusion_render.diagnostics import Diagnostics, InputError, KusionRenderError, UsageError
from kusion_render.pipeline import Options
from kusion_render.rendering import compile_all
from kusion_render.repository import Files, Repository, find_root, select
from kusion_render.repository.limits import limits_for
from kusion_render.repository.root import ROOT_VARIABLE
from kusion_render.setting import parse
from kusion_render.suggestion import suggest
from kusion_render.targets.kubernetes import stream

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from types import FrameType
    from typing import Any, Final

    from kusion_render.diagnostics import Pointer

# Argo CD gives up after 60 s and then kills without a word; ours must come before.
BUDGET_VARIABLE: Final = "KUSION_RENDER_TIMEOUT"
BUDGET_SECONDS: Final = 50
# More of it would only be cut off on its way to the UI.
LONGEST_ERROR: Final = 4096
_PARAMETERS: Final = ("stack", "workspace", "set")
OUR_BUG: Final = 70


class OutOfTimeError(KusionRenderError):
    """The budget is used up."""

    exit_code = 1


def main(environment: Mapping[str, str], folder: str) -> int:
    """Render the one stack that Argo CD asks for to stdout and return the exit code.

    `folder` is the working folder, Argo's source path. Problems go to stderr: the first line says the first of them, in
    all at most 4 KiB, paths relative to the repository.
    """
    try:
        budget = _budget(environment)
        _start_clock(budget)
        text = generate(environment, folder)
    except InputError:
        return InputError.exit_code
    except KusionRenderError as error:
        _say(f"error: {error}\n")
        return error.exit_code
    except Exception as error:  # noqa: BLE001 - the last line of defence, told short enough for the UI
        _say(
            f"error: a bug in kusion-render: {type(error).__name__}; run `kusion-render render` on it for the details\n"
        )
        return OUR_BUG
    sys.stdout.write(text)
    return 0


def generate(environment: Mapping[str, str], folder: str) -> str:
    """Return the manifests of the one stack that the environment and the working folder name.

    Raises:
        InputError: after the problems were printed.
        UsageError: for parameters that can't be read.
    """
    parameters = read_parameters(environment)
    found = Diagnostics()
    root = _root(environment, folder)
    repository = Repository(Files(root, limits_for(environment)), found)
    options = Options(
        settings=_settings(parameters.get("set")),
        namespace_policy="omit",
        namespace=environment.get("ARGOCD_APP_NAMESPACE", ""),
    )
    here = repository.files.relative(os.path.realpath(folder)) or ""
    stack = _said("stack", parameters, environment)
    workspace = _said("workspace", parameters, environment)
    targets = select(repository, [stack] if stack else [], found, folder=here, workspace=workspace or None)
    if len(targets) > 1:
        raise UsageError(
            f"this folder holds {len(targets)} renders: {', '.join(target.key for target in targets[:8])}; "
            "point the Application at one stack's folder, or set the parameter `stack`"
        )
    specs = compile_all(repository, targets, options, found)
    if found.items:
        _report(found, repository)
    if found.failed or not specs:
        raise InputError
    return "".join(stream(specs))


def read_parameters(environment: Mapping[str, str]) -> dict[str, Any]:
    """Return the Application's plug-in parameters by name: a text, a list of texts, or a map of texts.

    Raises:
        UsageError: when the JSON can't be read, a name is unknown, or a parameter has not exactly one kind of value.
    """
    raw = environment.get("ARGOCD_APP_PARAMETERS")
    if not raw or raw in ("null", "[]"):
        return {}
    import json

    try:
        items = json.loads(raw)
    except ValueError as error:
        raise UsageError("ARGOCD_APP_PARAMETERS is no JSON") from error
    found: dict[str, Any] = {}
    for item in items if isinstance(items, list) else [items]:
        name = item.get("name") if isinstance(item, dict) else None
        kinds = [kind for kind in ("string", "array", "map") if isinstance(item, dict) and item.get(kind) is not None]
        if name not in _PARAMETERS:
            raise UsageError(f"unknown parameter `{name}`; {suggest(str(name), _PARAMETERS)}")
        if len(kinds) != 1:
            raise UsageError(f"parameter `{name}` must have one of `string`, `array` and `map`")
        found[name] = item[kinds[0]]
    return found


def _said(name: str, parameters: Mapping[str, Any], environment: Mapping[str, str]) -> str:
    """Return a text that the Application says, as a parameter or in the plug-in's `env`; the parameter wins."""
    said = parameters.get(name, environment.get(f"ARGOCD_ENV_{name.upper()}", ""))
    if not isinstance(said, str):
        raise UsageError(f"parameter `{name}` must be a `string`")
    return said


def _settings(said: Any) -> Sequence[tuple[Pointer, Any]]:
    if said is None:
        return ()
    if isinstance(said, dict):
        texts = [f"{path}={value}" for path, value in sorted(said.items())]
    else:
        texts = [said] if isinstance(said, str) else said
    result = []
    for text in texts:
        try:
            result.append(parse(text))
        except ValueError as error:
            raise UsageError(f"parameter `set`, `{text.partition('=')[0]}`: {error}") from error
    return result


def _root(environment: Mapping[str, str], folder: str) -> str:
    """Return the repository's root: the working folder less Argo's source path, unless a variable says it outright."""
    here = os.path.realpath(folder)
    path = os.path.normpath(environment.get("ARGOCD_APP_SOURCE_PATH") or "")
    if not environment.get(ROOT_VARIABLE) and path:
        tail = os.sep + path
        if path == ".":
            return here
        if here.endswith(tail):
            return here[: -len(tail)] or os.sep
    return find_root(here, environment)


def _budget(environment: Mapping[str, str]) -> int:
    text = environment.get(BUDGET_VARIABLE, "")
    if text and not (text.isascii() and text.isdigit() and int(text)):
        raise UsageError(f"{BUDGET_VARIABLE} must be a positive whole number of seconds")
    return int(text or BUDGET_SECONDS)


def _start_clock(seconds: int) -> None:
    import signal

    def stop(number: int, frame: FrameType | None) -> None:
        del number, frame  # the handler's signature is Python's
        raise OutOfTimeError(
            f"the render took longer than {seconds} s; render fewer apps in one Application, "
            f"or raise {BUDGET_VARIABLE} and Argo CD's own time-outs"
        )

    signal.signal(signal.SIGALRM, stop)
    signal.alarm(seconds)


def _report(found: Diagnostics, repository: Repository) -> None:
    from kusion_render.report import write

    _say(write(found.items, "text", source=repository.files.text))


def _say(text: str) -> None:
    content = text.encode()
    if len(content) > LONGEST_ERROR:
        note = "\n… and more; run `kusion-render validate` for all of it\n".encode()
        content = content[: LONGEST_ERROR - len(note)].rpartition(b"\n")[0] + note
    sys.stderr.write(content.decode("utf-8", errors="ignore"))
