"""`kusion-render completion`."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

from kusion_render.diagnostics import UsageError


@click.command("completion")
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def command(shell: str) -> None:
    """Print the completion script of a shell.

    \b
    Examples:
      source <(kusion-render completion bash)
      kusion-render completion fish > ~/.config/fish/completions/kusion-render.fish
    """
    from kusion_render.cli import group

    found = get_completion_class(shell)
    if found is None:
        raise UsageError(f"no completion for {shell}")
    click.echo(found(group, {}, "kusion-render", "_KUSION_RENDER_COMPLETE").source())
