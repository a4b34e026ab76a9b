"""`kusion-render doctor`."""

from __future__ import annotations

import os
import sys
from importlib import metadata
from typing import Final

import click

from kusion_render import __version__
from kusion_render.cli.session import Session, use_colour
from kusion_render.cli.table import print_table
from kusion_render.conformance import shipped
from kusion_render.diagnostics import InputError, KusionRenderError
from kusion_render.kcl import is_available

_NEEDED: Final = ("click", "PyYAML", "jsonschema")


@click.command("doctor")
def command() -> None:
    """Check this installation and this repository.

    \b
    Example:
      kusion-render doctor
    """
    rows = [*_installation(), *_repository()]
    print_table(("CHECK", "STATE", "DETAIL"), rows, colour=use_colour(sys.stdout.isatty()))
    if any(state == "WRONG" for _, state, _ in rows):
        raise InputError


def _installation() -> list[tuple[str, str, str]]:
    import yaml

    rows = [
        ("kusion-render", "ok", __version__),
        ("python", "ok", sys.version.split()[0]),
        ("libyaml", "ok" if yaml.__with_libyaml__ else "WRONG", "reads YAML; PyYAML must be built with it"),
    ]
    rows += [(name, "ok", metadata.version(name)) for name in _NEEDED]
    readable = is_available()
    detail = "reads stacks in KCL" if readable else "stacks in KCL need it; install `kusion-render[kcl]`"
    rows.append(("kcl-lib", "ok" if readable else "missing", detail))
    versions = shipped()
    rows.append(("kubernetes schemas", "ok", f"{versions[0]} to {versions[-1]}; `validate` checks against them"))
    compiled = os.path.isdir(os.path.join(os.path.dirname(os.path.dirname(__file__)), "__pycache__"))
    detail = "" if compiled else "starting is several times slower; run `python -m compileall` on the installation"
    rows.append(("compiled code", "ok" if compiled else "missing", detail))
    return rows


def _repository() -> list[tuple[str, str, str]]:
    try:
        session = Session()
    except KusionRenderError as error:
        return [("repository", "none", str(error))]
    projects = session.repository.project_folders()
    stacks = session.repository.stack_folders()
    workspaces = session.repository.workspace_names()
    counted = ", ".join(
        f"{len(found)} {name}{'s' if len(found) != 1 else ''}"
        for name, found in (("project", projects), ("stack", stacks), ("workspace", workspaces))
    )
    state = "WRONG" if session.diagnostics.failed else "ok"
    session.report()
    return [("repository", state, session.repository.files.root), ("contents", "ok" if stacks else "empty", counted)]
