"""`kusion-render schema`."""

from __future__ import annotations

import click

from kusion_render.diagnostics import UsageError
from kusion_render.suggestion import suggest


@click.command("schema")
@click.argument("name", required=False)
def command(name: str | None) -> None:
    """Print the JSON Schema of a file or a module, for editors; without NAME list them.

    \b
    Examples:
      kusion-render schema
      kusion-render schema app-configuration > app-configuration.json
      kusion-render schema modules/network
    """
    from kusion_render.schema.publish import published_names, published_text

    names = published_names()
    if name is None:
        click.echo("\n".join(names))
        return
    if name not in names:
        raise UsageError(f"no schema `{name}`; {suggest(name, names)}")
    click.echo(published_text(name), nl=False)
