"""`kusion-render inputs`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import click

from kusion_render.cli.session import SHARD, Session, argument_option
from kusion_render.diagnostics import InputError
from kusion_render.inputs import Recorder
from kusion_render.pipeline import Options
from kusion_render.rendering import render_all
from kusion_render.setting import parse_arguments

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kusion_render.diagnostics import Diagnostics
    from kusion_render.inputs import Inputs
    from kusion_render.model import Spec


class _Row:
    """One render with its inputs."""

    def __init__(self, spec: Spec, inputs: Inputs) -> None:
        self.key: Final = spec.key
        self.path: Final = spec.stack.path
        self.inputs: Final = inputs


@click.command("inputs")
@click.argument("stacks", nargs=-1, metavar="[STACK]...")
@click.option(
    "--format",
    "-f",
    "output_format",
    type=click.Choice(["paths", "argocd", "github", "json"]),
    default="paths",
    show_default=True,
)
@SHARD
@argument_option
def command(stacks: tuple[str, ...], output_format: str, part: str | None, arguments: tuple[str, ...]) -> None:
    """List what the renders of stacks depend on, and nothing else.

    That is each file read, each file or folder looked for in vain, and each folder listed (with a slash behind), by path
    from the root. `argocd` is each stack's manifest-generate-paths annotation, `github` a `paths` filter for all of them.

    \b
    Examples:
      kusion-render inputs shop/prod
      kusion-render inputs '*/prod' --format github
    """
    session = Session()
    repository = session.repository
    recorder = Recorder(repository)

    def row(spec: Spec, diagnostics: Diagnostics) -> _Row:
        del diagnostics  # the render has reported all there is
        return _Row(spec, recorder.inputs(spec.stack, spec.workspace.name))

    targets = session.select(stacks, part=part)
    options = Options(namespace_policy="omit", arguments=parse_arguments(arguments))
    rows: list[_Row] = render_all(repository, targets, options, session.diagnostics, row)
    session.report()
    if session.diagnostics.failed:
        raise InputError
    click.echo(_FORMATS[output_format](rows), nl=False)


def _paths(rows: Sequence[_Row]) -> str:
    found: set[str] = set()
    for row in rows:
        found.update(row.inputs.read, row.inputs.absent, (f"{path or '.'}/" for path in row.inputs.listed))
    return "".join(f"{_line(path)}\n" for path in sorted(found))


def _line(path: str) -> str:
    """Return a path on a line of its own; as a JSON string where it holds a line break or bytes that are no text."""
    if path.isprintable():
        return path
    import json

    return json.dumps(path)


def _argocd(rows: Sequence[_Row]) -> str:
    from kusion_render.integrations.path_filters import argocd_paths
    from kusion_render.yamlio import dump

    return dump({row.key: ";".join(argocd_paths(row.inputs, row.path)) for row in rows})


def _github(rows: Sequence[_Row]) -> str:
    from kusion_render.integrations.path_filters import github_patterns
    from kusion_render.yamlio import dump

    return dump({"paths": [*github_patterns([row.inputs for row in rows])]})


def _json(rows: Sequence[_Row]) -> str:
    import json

    stacks = [
        {
            "stack": row.key,
            "path": row.path or ".",
            "read": row.inputs.read,
            "absent": row.inputs.absent,
            "listed": [path or "." for path in row.inputs.listed],
        }
        for row in rows
    ]
    return json.dumps({"stacks": stacks}, indent=2) + "\n"


_FORMATS: Final = {"paths": _paths, "argocd": _argocd, "github": _github, "json": _json}
