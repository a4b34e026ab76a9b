"""`kusion-render targets`."""

from __future__ import annotations

import json
import sys

import click

from kusion_render.cli.session import use_colour
from kusion_render.cli.table import print_table
from kusion_render.targets import load, names


@click.command("targets")
@click.option(
    "--format", "-f", "output_format", type=click.Choice(["table", "json"]), default="table", show_default=True
)
def command(output_format: str) -> None:
    """List what stacks can be rendered to.

    \b
    Example:
      kusion-render targets
    """
    rows = []
    for name in names():
        target = load(name)
        text = (getattr(target, "__doc__", "") or "").strip().splitlines()
        rows.append((name, getattr(target, "SCOPE", ""), text[0] if text else ""))
    if output_format == "json":
        listed = [{"name": name, "scope": scope, "summary": summary} for name, scope, summary in rows]
        click.echo(json.dumps({"targets": listed}, indent=2))
    else:
        print_table(("TARGET", "FOR EACH", "MAKES"), rows, colour=use_colour(sys.stdout.isatty()))
