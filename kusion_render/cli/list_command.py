"""`kusion-render list`."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

import click

from kusion_render.assembly import is_app
from kusion_render.cli.session import Session, use_colour
from kusion_render.cli.table import print_table
from kusion_render.diagnostics import InputError
from kusion_render.loaders import load

if TYPE_CHECKING:
    from kusion_render.model import Stack


@click.command("list")
@click.argument("stacks", nargs=-1, metavar="[STACK]...")
@click.option(
    "--format", "-f", "output_format", type=click.Choice(["table", "json"]), default="table", show_default=True
)
def command(stacks: tuple[str, ...], output_format: str) -> None:
    """List projects, stacks, apps and workspaces.

    \b
    Examples:
      kusion-render list
      kusion-render list '*/prod' --format json
    """
    session = Session()
    found: dict[str, Stack] = {target.stack.path: target.stack for target in session.select(stacks)}
    rows = [(stack, _apps(session, stack)) for stack in found.values()]
    if session.diagnostics.items:
        session.report()
    if output_format == "json":
        _print_json(rows)
    else:
        print_table(
            ("STACK", "WORKSPACES", "APPS", "PATH"),
            [
                (
                    stack.key,
                    ", ".join(name or "-" for name in stack.workspaces),
                    ", ".join(apps) or "-",
                    stack.path or ".",
                )
                for stack, apps in rows
            ],
            colour=use_colour(sys.stdout.isatty()),
        )
    if session.diagnostics.failed:
        raise InputError


def _apps(session: Session, stack: Stack) -> list[str]:
    layers = load(session.repository, stack, session.diagnostics)
    names = {name for layer in layers for name in layer.data if is_app(name) and name != "*"}
    return sorted(names)


def _print_json(rows: list[tuple[Stack, list[str]]]) -> None:
    document = {
        "stacks": [
            {
                "stack": stack.key,
                "project": stack.project.name,
                "name": stack.name,
                "path": stack.path,
                "workspaces": [name for name in stack.workspaces if name],
                "apps": apps,
            }
            for stack, apps in rows
        ]
    }
    click.echo(json.dumps(document, indent=2, ensure_ascii=False))
