"""`kusion-render init`."""

from __future__ import annotations

import os
import shlex

import click

from kusion_render.diagnostics import UsageError
from kusion_render.repository.root import SETTINGS_FILE
from kusion_render.scaffold import NAME_RULE, is_name, project_files, repository_files


@click.command("init")
@click.argument("folder", default=".", type=click.Path(file_okay=False))
@click.option("--project", "-p", help="The project's name; the folder's if not given.")
@click.option("--only-project", is_flag=True, help="Add a project to a repository that is there already.")
def command(folder: str, project: str | None, only_project: bool) -> None:  # noqa: FBT001 - click passes options by name
    """Make a repository or a project that renders at once.

    Nothing that is there already is overwritten.

    \b
    Examples:
      kusion-render init shop
      kusion-render init . --project payments --only-project
    """
    name = project or _folder_name(folder)
    if not is_name(name):
        raise UsageError(f"`{name}` can't be a project's name: {NAME_RULE}; say another with --project")
    if not only_project:
        _refuse_nesting(folder)
    files = project_files(name) if only_project else repository_files(name)
    taken = [path for path in files if os.path.lexists(os.path.join(folder, path))]
    if taken:
        raise UsageError(f"`{os.path.join(folder, taken[0])}` is there already; nothing was written")
    for path, text in files.items():
        _write(os.path.join(folder, *path.split("/")), text)
        click.echo(f"  wrote {os.path.join(folder, path) if folder != '.' else path}", err=True)
    enter = "" if folder == "." else f"cd {shlex.quote(folder)} && "
    click.echo(f"\nNow try:\n  {enter}kusion-render render", err=True)


def _write(path: str, text: str) -> None:
    try:
        os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
        with open(path, "x", encoding="utf-8", newline="\n") as stream:
            stream.write(text)
    except OSError as error:
        reason = (error.strerror or "no reason given").lower()
        raise UsageError(f"`{path}` cannot be written: {reason}; choose another folder") from error


def _refuse_nesting(folder: str) -> None:
    """Refuse a repository inside another: the outer one would take its projects for its own."""
    above = os.path.realpath(folder)
    while above != os.path.dirname(above):
        if os.path.isfile(os.path.join(above, SETTINGS_FILE)):
            raise UsageError(f"`{above}` is a repository already; add a project to it with --only-project")
        above = os.path.dirname(above)


def _folder_name(folder: str) -> str:
    return os.path.basename(os.path.abspath(folder)).lower().replace("_", "-").replace(" ", "-")
