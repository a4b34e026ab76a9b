"""`kusion-render post-render`."""

from __future__ import annotations

import os

import click

from kusion_render.integrations.post_render.options import NAMES


@click.command("post-render")
@click.option("--workspace", metavar="NAME", help="Whose policies to apply: workspaces/NAME.yaml. Required.")
@click.option("--namespace", metavar="NAME", help="The release's namespace.  [default: HELM_NAMESPACE]")
@click.option(
    "--namespace-policy",
    type=click.Choice(NAMES["namespace-policy"]),
    help="Keep namespaces as they are, set the release's where one is missing, or omit the release's.  [default: keep]",
)
@click.option("--profile", type=click.Choice(NAMES["profile"]), help="Who applies the result.  [default: plain]")
@click.option("--log", metavar="FILE", help="Append problems to this file too.")
@click.option("--allow-empty", is_flag=True, help="Accept a stream without manifests.")
def command(**options: object) -> int:
    """Apply a workspace's policies to the manifests on stdin, which may be of any Helm chart.

    Labels, annotations, images, registries and what is enforced; the order of the documents stays. Each option can
    also be said in the environment, --workspace as KUSION_RENDER_WORKSPACE.

    \b
    Examples:
      helm template shop ./chart | kusion-render post-render --workspace prod
      helm install shop ./chart --post-renderer kusion-render \\
        --post-renderer-args --workspace=prod
    """
    del options  # reached for --help only: it is dispatched before the command-line library is imported
    import sys

    from kusion_render.integrations.post_render import main

    return main(sys.argv[2:], os.environ, os.getcwd())
