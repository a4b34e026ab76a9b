"""What every command does first and last: open the repository, choose stacks, report, choose the exit code."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Final, NoReturn

import click

from kusion_render.diagnostics import Diagnostics, InputError, UsageError
from kusion_render.repository import Files, Repository, find_root, select, shard
from kusion_render.repository.limits import limits_for

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from kusion_render.conformance import Conformance
    from kusion_render.model import Stack
    from kusion_render.repository import Target
    from kusion_render.repository.disk import Source

SLOW_SECONDS: Final = 1.0
DIFFERENT: Final = 4
"""The exit code of commands that found a difference."""
argument_option: Final = click.option(
    "-D", "arguments", multiple=True, metavar="NAME=VALUE", help="Answer option(NAME) of programs in KCL."
)


class Session:
    """One command's repository, the folder it was called in, and the problems found so far.

    The files are those on the disk, or those of `source`, laid out as if they were.
    """

    def __init__(self, source: Source | None = None) -> None:
        self.diagnostics: Final = Diagnostics()
        here = os.getcwd()
        root = find_root(here, os.environ)
        self.repository: Final = Repository(Files(root, limits_for(os.environ), source), self.diagnostics)
        # Called from elsewhere (KUSION_RENDER_ROOT), patterns are meant from the root.
        self.folder: Final = self.repository.files.relative(os.path.realpath(here)) or ""

    def select(
        self,
        patterns: Sequence[str],
        workspace: str | None = None,
        part: str | None = None,
        known: Mapping[str, Stack] | None = None,
    ) -> list[Target]:
        """Return the targets that patterns name, or the shard `part` of them; a pattern that names nothing ends the run."""
        targets = select(
            self.repository, patterns, self.diagnostics, folder=self.folder, workspace=workspace, known=known
        )
        if not targets:
            self.stop()
        return targets if part is None else shard(targets, part)

    def stop(self) -> NoReturn:
        """Report and end the run with exit code 1."""
        self.report()
        raise InputError

    def report(
        self,
        output_format: str | None = None,
        *,
        to_stdout: bool = False,
        source: Callable[[str], str | None] | None = None,
    ) -> None:
        """Print what was found: to stderr, as text or, on GitHub, as annotations; or as asked.

        `source` gives the text of files for code frames, where it is not what the repository holds.
        """
        chosen = output_format or ("github" if os.environ.get("GITHUB_ACTIONS") == "true" else "text")
        if not self.diagnostics.items and chosen in ("text", "github"):
            return
        from kusion_render.report import write

        stream = sys.stdout if to_stdout else sys.stderr
        colour = use_colour(stream.isatty())
        text = write(self.diagnostics.items, chosen, source=source or self.repository.files.text, colour=colour)
        click.echo(text, nl=False, err=not to_stdout, color=colour)


SHARD: Final = click.option(
    "--shard", "part", metavar="I/N", help="Take only part I of N; each stack is in one of them."
)


KUBERNETES_VERSION: Final = click.option(
    "--kubernetes-version",
    "versions",
    multiple=True,
    metavar="V",
    help="Check against this version of Kubernetes instead of the configured ones.",
)


def conformance(session: Session, versions: Sequence[str]) -> Conformance:
    """Return the schemas of Kubernetes to check with: those of `versions`, else the configured ones.

    Raises:
        UsageError: when there are none of a version.
    """
    from kusion_render.conformance import Conformance, minor, shipped
    from kusion_render.suggestion import listing

    wanted = sorted({minor(each) for each in versions})
    known = shipped()
    for each in wanted:
        if each not in known:
            raise UsageError(f"--kubernetes-version {each}: its schemas are not known here; {listing(known)}")
    return Conformance(session.repository, [each for each in known if each in wanted], session.diagnostics)


def use_colour(terminal: bool) -> bool:  # noqa: FBT001 - the one thing it depends on
    """Tell whether to colour: on a terminal, unless NO_COLOR or a dumb terminal says no."""
    return terminal and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def progress(total: int) -> tuple[Callable[[str], None] | None, Callable[[], None]]:
    """Return a function to call before each of `total` steps, and one to call at the end.

    On a terminal a bar appears when the work takes longer than a second; elsewhere there is none.
    """
    if total < 2 or not sys.stderr.isatty() or os.environ.get("TERM") == "dumb":
        return None, lambda: None
    import time

    start = time.monotonic()
    done = [0, 0.0]

    def step(name: str) -> None:
        now = time.monotonic()
        if now - start > SLOW_SECONDS and now - done[1] > 0.1:
            width = 24
            filled = int(width * done[0] / total)
            line = f"\r\x1b[K{'█' * filled}{'░' * (width - filled)} {done[0]}/{total} {name}"
            sys.stderr.write(line[: os.get_terminal_size(sys.stderr.fileno()).columns + 4])
            sys.stderr.flush()
            done[1] = now
        done[0] += 1

    def finish() -> None:
        if done[1]:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()

    return step, finish


def parse_setting(text: str) -> tuple[tuple[str | int, ...], object]:
    """Read `APP.path=VALUE`, or `/APP/path=VALUE` as a JSON Pointer, of `--set`.

    Raises:
        UsageError: when there is no `=`, no path below the app, or a bracket is not closed.
    """
    from kusion_render.setting import parse

    try:
        return parse(text)
    except ValueError as error:
        raise UsageError(f"--set {text.partition('=')[0]}: {error}") from error
