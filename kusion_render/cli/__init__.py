"""The command line: finds commands when they are called, and turns what happens into exit codes."""

from __future__ import annotations

import os
import sys
from importlib import import_module
from typing import TYPE_CHECKING, Final

import click

from kusion_render import __version__
from kusion_render.diagnostics import InputError, KusionRenderError

if TYPE_CHECKING:
    from collections.abc import Sequence

# Name, and the sentence of the overview: it must not cost the import of the command.
COMMANDS: Final = {
    "init": "Make a repository or a project that renders at once.",
    "list": "List projects, stacks, apps and workspaces.",
    "validate": "Report every problem, with its place.",
    "render": "Render stacks to manifests.",
    "inputs": "List what a render reads.",
    "commit": "Render stacks, and commit what changed.",
    "check": "Tell whether what is committed is what would be rendered.",
    "diff": "Show what a change does to the rendered objects.",
    "affected": "Tell which stacks a change touches.",
    "prove": "Prove that charts and overlays come to the manifests.",
    "explain": "Say where each value of an object comes from.",
    "set": "Change a value in the source file it belongs to.",
    "argocd": "Serve Argo CD as a config-management plug-in.",
    "post-render": "Apply a workspace's policies to a Helm chart's manifests.",
    "schema": "Print the JSON Schema of a file.",
    "modules": "List modules, or describe one.",
    "targets": "List what stacks can be rendered to.",
    "doctor": "Check this installation and this repository.",
    "completion": "Print the completion script of a shell.",
}
INTERRUPTED: Final = 130
OUR_BUG: Final = 70


class Commands(click.Group):
    """A group whose commands are imported when they are asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the commands in the order a newcomer meets them."""
        del ctx
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return a command, importing its file."""
        del ctx
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = import_module(f"kusion_render.cli.{cmd_name.replace('-', '_')}_command").command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command, or say which one may have been meant."""
        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            from difflib import get_close_matches

            close = get_close_matches(args[0], COMMANDS, 1)
            hint = f" Did you mean '{close[0]}'?" if close else ""
            raise click.UsageError(f"No such command '{args[0]}'.{hint}", ctx)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the overview without importing the commands."""
        del ctx
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, "-V", "--version", prog_name="kusion-render", message="%(prog)s %(version)s")
def group() -> None:
    """Compile Kusion AppConfigurations in Git into plain Kubernetes YAML.

    \b
    Example:
      kusion-render init shop && cd shop
      kusion-render render
    """


def run(arguments: Sequence[str]) -> int:
    """Run a command line and return its exit code.

    0 done, 1 wrong input, 2 wrong usage, 3 an outside tool failed, 4 a difference was found, 70 our bug, 130 interrupted.
    """
    try:
        result = group.main(list(arguments), prog_name="kusion-render", standalone_mode=False)
    except click.exceptions.Exit as error:
        return error.exit_code
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except (click.Abort, KeyboardInterrupt):
        click.echo("interrupted", err=True)
        return INTERRUPTED
    except InputError as error:
        return error.exit_code
    except KusionRenderError as error:
        click.echo(f"error: {error}", err=True)
        return error.exit_code
    except BrokenPipeError:
        # The reader has gone (`| head`); pointing stdout elsewhere keeps the interpreter's own flush quiet.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except Exception:  # noqa: BLE001 - the last line of defence, which says that it is our fault
        return _our_bug()
    return result if isinstance(result, int) else 0


def _our_bug() -> int:
    import traceback

    click.echo(traceback.format_exc(), err=True)
    click.echo(
        f"This is a bug in kusion-render {__version__} (Python {sys.version.split()[0]}).\n"
        "Please report it with the text above and the command you ran.",
        err=True,
    )
    return OUR_BUG
