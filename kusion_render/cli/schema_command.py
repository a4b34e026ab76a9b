"""`kusion-render schema`."""

from __future__ import annotations

import click

from kusion_render.diagnostics import UsageError


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
        from difflib import get_close_matches

        close = get_close_matches(name, names, 1)
        raise UsageError(
            f"no schema `{name}`; " + (f"did you mean `{close[0]}`?" if close else f"there are {', '.join(names)}")
        )
    click.echo(published_text(name), nl=False)
