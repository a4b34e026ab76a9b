"""Helm's post-renderer: a workspace's policies on the manifests of any chart, from stdin to stdout.

Stdout gets the whole stream or nothing; stderr and the log file get the problems, since Helm 4 drops what a plug-in
writes to stderr. The command line's library is not imported: start-up is most of what one post-render costs.
"""

from __future__ import annotations

import os
import sys

from kusion_render.diagnostics import Diagnostics, InputError, KusionRenderError, Rule, UsageError
from kusion_render.integrations.post_render.options import log_file, read_options
from kusion_render.integrations.post_render.policies import apply_policies, read_policies
from kusion_render.integrations.post_render.stream import NAME, items_of, read_stream, write_stream
from kusion_render.repository import Files, Repository, find_root
from kusion_render.repository.files import TOO_LARGE
from kusion_render.repository.limits import limits_for, stream_limits

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Final

    from kusion_render.integrations.post_render.stream import Item
    from kusion_render.yamlio import Limits

EMPTY_STREAM: Final = Rule("KR530", "empty-stream")

INTERRUPTED: Final = 130
OUR_BUG: Final = 70


def main(arguments: Sequence[str], environment: Mapping[str, str], folder: str) -> int:
    """Post-render stdin to stdout and return the exit code: 0, 1 wrong input, 2 wrong usage, 70 our bug."""
    log = log_file(arguments, environment)
    try:
        text, problems = post_render(arguments, environment, folder)
        if problems:
            _say(problems, log)
        if text is None:
            return InputError.exit_code
        sys.stdout.buffer.write(text.encode())
        sys.stdout.buffer.flush()
    except KusionRenderError as error:
        _say(f"error: {error}\n", log)
        return error.exit_code
    except KeyboardInterrupt:
        _say("interrupted\n", log)
        return INTERRUPTED
    except OSError as error:
        if not isinstance(error, BrokenPipeError):  # a reader that has gone has no need of words
            _say(f"error: stdin or stdout failed: {(error.strerror or 'no reason given').lower()}\n", log)
        # Pointing stdout elsewhere keeps the interpreter's own flush quiet.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.__stdout__.fileno() if sys.__stdout__ else 1)
        return InputError.exit_code
    except Exception as error:  # noqa: BLE001 - the last line of defence; the text of the error may hold a value
        _say(f"error: a bug in kusion-render: {type(error).__name__} at {_last_line(error)}; please report it\n", log)
        return OUR_BUG
    return 0


def post_render(arguments: Sequence[str], environment: Mapping[str, str], folder: str) -> tuple[str | None, str]:
    """Return the new stream, None where the input is wrong, and the report of what was found.

    Raises:
        UsageError: for options that can't be read, or where there is no repository.
    """
    options = read_options(arguments, environment)
    limits = stream_limits(environment)
    found = Diagnostics()
    repository = Repository(Files(find_root(folder, environment), limits_for(environment)), found)
    policies = read_policies(repository, options, found)
    content = _content(limits, found)
    documents = read_stream(content, limits, found)
    items = items_of(documents, found)
    if not items and not options.allow_empty and not found.failed:
        found.report(
            EMPTY_STREAM,
            "there are no manifests on stdin",
            help="an empty result would delete what is deployed; check the chart's values, or say --allow-empty",
        )
    text: str | None = None
    try:
        found.stop_if_failed()
        if policies is not None:
            manifests = apply_policies(items, policies, found)
            found.stop_if_failed()
            text = write_stream(documents, manifests)
    except InputError:
        text = None
    if not found.items:
        return text, ""
    return text, _report(found, items, repository, policies.file if policies is not None else "")


def _content(limits: Limits, diagnostics: Diagnostics) -> bytes:
    if sys.stdin is None or sys.stdin.isatty():
        raise UsageError("manifests are read from stdin: helm template CHART | kusion-render post-render …")
    content = sys.stdin.buffer.read(limits.max_bytes + 1)
    if len(content) <= limits.max_bytes:
        return content
    diagnostics.report(
        TOO_LARGE,
        f"`{NAME}` is larger than {limits.max_bytes} bytes",
        help="render fewer charts at once, or raise KUSION_RENDER_MAX_STREAM_BYTES",
    )
    return b""


def _report(found: Diagnostics, items: Sequence[Item], repository: Repository, workspace: str) -> str:
    from kusion_render.integrations.post_render.places import placed
    from kusion_render.report import write

    def source(file: str) -> str | None:
        # Frames would show the stream's lines, and with them its Secrets.
        return None if file == NAME else repository.files.text(file)

    return write(placed(found.items, items, repository, workspace), "text", source=source)


def _say(text: str, log: str) -> None:
    sys.stderr.write(text)
    if not log:
        return
    try:
        with open(log, "a", encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        sys.stderr.write(
            f"warning: the log `{log}` cannot be written: {(error.strerror or 'no reason given').lower()}\n"
        )


def _last_line(error: BaseException) -> str:
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return f"{os.path.basename(trace.tb_frame.f_code.co_filename)}:{trace.tb_lineno}" if trace else "an unknown place"
