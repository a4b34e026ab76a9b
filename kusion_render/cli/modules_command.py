"""`kusion-render modules`."""

from __future__ import annotations

import json
import os
import sys

import click

from kusion_render.cli.session import use_colour
from kusion_render.cli.table import print_table
from kusion_render.diagnostics import UsageError
from kusion_render.modules import load, names
from kusion_render.suggestion import suggest


@click.command("modules")
@click.argument("name", required=False)
@click.option(
    "--format", "-f", "output_format", type=click.Choice(["table", "json"]), default="table", show_default=True
)
def command(name: str | None, output_format: str) -> None:
    """List modules, or describe the one called NAME.

    \b
    Examples:
      kusion-render modules
      kusion-render modules network
    """
    if name is not None:
        click.echo(_describe(name), nl=False)
        return
    rows = [(each, *_summary(each)) for each in names()]
    if output_format == "json":
        listed = [{"name": each, "version": version, "summary": summary} for each, version, summary in rows]
        click.echo(json.dumps({"modules": listed}, indent=2))
    else:
        print_table(("MODULE", "VERSION", "MAKES"), rows, colour=use_colour(sys.stdout.isatty()))


def _summary(name: str) -> tuple[str, str]:
    module = load(name)
    text = (getattr(module, "__doc__", "") or "").strip().splitlines()
    return getattr(module, "VERSION", ""), text[0] if text else ""


def _describe(name: str) -> str:
    module = load(name)
    if module is None:
        raise UsageError(f"no module `{name}`; {suggest(name, names())}")
    readme = os.path.join(os.path.dirname(getattr(module, "__file__", "") or ""), "README.md")
    if os.path.isfile(readme):
        with open(readme, encoding="utf-8") as stream:
            return stream.read()
    return f"{name} {module.VERSION}\n"
