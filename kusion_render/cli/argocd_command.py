"""`kusion-render argocd`."""

from __future__ import annotations

import os

import click


class _Commands(click.Group):
    """The group's own commands, and those with a file of their own, imported when they are asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the commands' names."""
        return sorted([*super().list_commands(ctx), "applications"])

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return a command, importing its file."""
        if cmd_name == "applications":
            from kusion_render.cli.argocd_applications import command as applications

            return applications
        return super().get_command(ctx, cmd_name)


@click.group("argocd", cls=_Commands)
def command() -> None:
    """Serve Argo CD as a config-management plug-in.

    \b
    Example:
      kusion-render argocd generate
    """


@command.command("generate")
def generate() -> int:
    """Print the manifests of the stack in this folder, as Argo CD's environment asks for them.

    Read are ARGOCD_APP_SOURCE_PATH, ARGOCD_APP_NAMESPACE and the parameters of ARGOCD_APP_PARAMETERS: stack, workspace,
    profile, preview, image, replicas, set, and paths such as web.workload.replicas. The first four may also be said in
    the plug-in's env. Namespaces are left to the destination, the profile is argocd if not given.
    KUSION_RENDER_TIMEOUT is the time budget in seconds, 50 if not given.

    \b
    Example:
      kusion-render argocd generate
    """
    # Reached for --help only: the bare command is dispatched before the command-line library is imported.
    from kusion_render.integrations.argocd import main

    return main("generate", os.environ, os.getcwd())


@command.command("parameters")
def parameters() -> int:
    """Print the parameters that an Application of the stack in this folder can set, as Argo CD's announcements.

    \b
    Example:
      kusion-render argocd parameters
    """
    from kusion_render.integrations.argocd import main

    return main("parameters", os.environ, os.getcwd())
