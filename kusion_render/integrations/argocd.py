"""Argo CD's config-management plug-in: `argocd generate`, and the way to `argocd parameters`.

Everything comes from the environment that Argo CD sets; stdout gets manifests or nothing; stderr gets what its UI shows.
The command line's library is not imported: start-up is most of what one render costs.
"""

from __future__ import annotations

import gc
import os
import sys

from kusion_render.diagnostics import Diagnostics, InputError, KusionRenderError, UsageError
from kusion_render.integrations.argocd_parameters import options_for, read_parameters
from kusion_render.rendering import compile_all
from kusion_render.repository import Files, Repository, find_root, select
from kusion_render.repository.limits import limits_for
from kusion_render.targets.kubernetes import stream

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from types import FrameType
    from typing import Any, Final

    from kusion_render.repository import Target

# Argo CD gives up after 60 s and then kills without a word; ours must come before.
BUDGET_VARIABLE: Final = "KUSION_RENDER_TIMEOUT"
BUDGET_SECONDS: Final = 50
# More of it would only be cut off on its way to the UI.
LONGEST_ERROR: Final = 4096
OUR_BUG: Final = 70


class OutOfTimeError(KusionRenderError):
    """The budget is used up."""

    exit_code = 1


def main(verb: str, environment: Mapping[str, str], folder: str) -> int:
    """Do what Argo CD asks for, `generate` or `parameters`, and return the exit code.

    `folder` is the working folder, Argo's source path. The answer goes to stdout, or nothing. Problems go to stderr:
    the first line says the first of them, in all at most 4 KiB, paths relative to the repository.
    """
    # One stack leaves no garbage worth the time to look for it.
    gc.disable()
    try:
        budget = _budget(environment)
        _start_clock(budget)
        text = _answer(verb)(environment, folder)
        _stop_clock()
    except InputError:
        return InputError.exit_code
    except KusionRenderError as error:
        from kusion_render.report.display import neutralise

        _say(f"error: {neutralise(str(error))}\n")
        return error.exit_code
    except Exception as error:  # noqa: BLE001 - the last line of defence, told short enough for the UI
        _say(
            f"error: a bug in kusion-render: {type(error).__name__}; run `kusion-render render` on it for the details\n"
        )
        return OUR_BUG
    # As bytes: a container's locale may know no other letters than ASCII.
    sys.stdout.buffer.write(text.encode())
    return 0


def _answer(verb: str) -> Callable[[Mapping[str, str], str], str]:
    if verb == "generate":
        return generate
    from kusion_render.integrations.argocd_announcement import announce

    return announce


def generate(environment: Mapping[str, str], folder: str) -> str:
    """Return the manifests of the one stack that the environment and the working folder name.

    Raises:
        InputError: after the problems were printed.
        UsageError: for parameters that can't be read.
    """
    parameters = read_parameters(environment)
    found = Diagnostics()
    repository, targets = chosen(parameters, environment, folder, found)
    if len(targets) > 1:
        raise UsageError(
            f"this folder holds {len(targets)} renders: {', '.join(target.key for target in targets[:8])}; "
            "point the Application at one stack's folder, or set the parameter `stack`"
        )
    specs = []
    if targets:
        options = options_for(parameters, environment, repository, targets[0])
        specs = compile_all(repository, targets, options, found)
    if found.items:
        report(found, repository)
    if found.failed or not specs:
        raise InputError
    return "".join(stream(specs, found))


def chosen(
    parameters: Mapping[str, Any], environment: Mapping[str, str], folder: str, diagnostics: Diagnostics
) -> tuple[Repository, list[Target]]:
    """Return the repository, and the renders that parameters and working folder name."""
    files = Files(_root(environment, folder), limits_for(environment))
    repository = Repository(files, diagnostics)
    stack, workspace = parameters.get("stack"), parameters.get("workspace")
    here = files.relative(os.path.realpath(folder)) or ""
    return repository, select(
        repository, [stack] if stack else [], diagnostics, folder=here, workspace=workspace or None
    )


def _root(environment: Mapping[str, str], folder: str) -> str:
    """Return the repository's root: at or below the working folder less Argo's source path, if it is known.

    Argo CD may send a part of the repository only, and its folder of Git is often left out.
    """
    here = os.path.realpath(folder)
    path = environment.get("ARGOCD_APP_SOURCE_PATH")
    top = ""
    if path:
        path = os.path.normpath(path)
        tail = "" if path == "." else os.sep + path
        if here.endswith(tail):
            top = here.removesuffix(tail) or os.sep
    return find_root(here, environment, top)


def _budget(environment: Mapping[str, str]) -> int:
    text = environment.get(BUDGET_VARIABLE, "")
    if text and not (text.isascii() and text.isdigit() and int(text)):
        raise UsageError(f"{BUDGET_VARIABLE} must be a positive whole number of seconds")
    return int(text or BUDGET_SECONDS)


def _start_clock(seconds: int) -> None:
    # `signal` wraps this in enums, which costs a tenth of the interpreter's own start.
    signal = __import__("_signal")

    def stop(number: int, frame: FrameType | None) -> None:
        del number, frame  # the handler's signature is Python's
        raise OutOfTimeError(
            f"the render took longer than {seconds} s; render fewer apps in one Application, "
            f"or raise {BUDGET_VARIABLE} and Argo CD's own time-outs"
        )

    signal.signal(signal.SIGALRM, stop)
    signal.alarm(seconds)


def _stop_clock() -> None:
    __import__("_signal").alarm(0)


def report(found: Diagnostics, repository: Repository) -> None:
    """Print problems to stderr, cut to what Argo CD's UI can show."""
    from kusion_render.report import write

    _say(write(found.items, "text", source=repository.files.text))


def _say(text: str) -> None:
    content = text.encode()
    if len(content) > LONGEST_ERROR:
        note = "\n… and more; run `kusion-render validate` for all of it\n".encode()
        content = content[: LONGEST_ERROR - len(note)]
        # A first line that is too long by itself is cut; only those after it are left out.
        content = (content.rpartition(b"\n")[0] or content) + note
    sys.stderr.write(content.decode("utf-8", errors="ignore"))
