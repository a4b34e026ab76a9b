"""`kusion-render argocd`."""

from __future__ import annotations

import os

import click


@click.group("argocd")
def command() -> None:
    """Serve Argo CD as a config-management plug-in.

    \b
    Example:
      kusion-render argocd generate
    """


@command.command("generate")
def generate() -> int:
    """Print the manifests of the stack in this folder, as Argo CD's environment asks for them.

    Read are ARGOCD_APP_SOURCE_PATH, ARGOCD_APP_NAMESPACE, the parameters stack, workspace and set of
    ARGOCD_APP_PARAMETERS, and ARGOCD_ENV_STACK and ARGOCD_ENV_WORKSPACE. Namespaces are left to the destination.
    KUSION_RENDER_TIMEOUT is the time budget in seconds, 50 if not given.

    \b
    Example:
      kusion-render argocd generate
    """
    # Reached for --help only: the bare command is dispatched before the command-line library is imported.
    from kusion_render.integrations.argocd import main

    return main(os.environ, os.getcwd())
