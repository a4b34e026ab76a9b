"""The way in: what needs no command-line library is answered before one is imported."""

from __future__ import annotations

import os
import sys


def main() -> int:
    """Run the command line and return its exit code."""
    arguments = sys.argv[1:]
    if arguments in (["--version"], ["-V"]):
        from kusion_render import __version__

        sys.stdout.write(f"kusion-render {__version__}\n")
        return 0
    if arguments in (["argocd", "generate"], ["argocd", "parameters"]):
        from kusion_render.integrations.argocd import main as argocd

        return argocd(arguments[1], os.environ, os.getcwd())
    if arguments[:1] == ["post-render"] and not {"-h", "--help"} & {*arguments}:
        from kusion_render.integrations.post_render import main as post_render_main

        return post_render_main(arguments[1:], os.environ, os.getcwd())
    from kusion_render.cli import run

    return run(arguments)


def post_render() -> int:
    """Run `kusion-render post-render`, for tools that call a program by its name alone."""
    sys.argv.insert(1, "post-render")
    return main()


if __name__ == "__main__":
    sys.exit(main())
