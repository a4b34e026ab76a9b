"""Finding the root of a repository, without git."""

from __future__ import annotations

import os

from kusion_render.diagnostics import UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Final

SETTINGS_FILE: Final = "kusion-render.yaml"
ROOT_VARIABLE: Final = "KUSION_RENDER_ROOT"


def find_root(start: str, environment: Mapping[str, str], top: str = "") -> str:
    """Return the absolute, resolved root of the repository that `start` lies in.

    `KUSION_RENDER_ROOT` says it outright; else it is the nearest folder upward with `kusion-render.yaml`, else the Git
    root, else the topmost folder upward that holds `workspaces/` or `project.yaml`. Who knows the Git root without
    Git's folder says it as `top`, a folder above `start`; nothing higher is looked at.

    Raises:
        UsageError: when there is none, or the variable names no folder.
    """
    outright = environment.get(ROOT_VARIABLE)
    if outright:
        if not os.path.isdir(outright):
            raise UsageError(f"{ROOT_VARIABLE} names no folder: `{outright}`")
        return os.path.realpath(outright)
    folders = list(_upward(os.path.realpath(start), top))
    for mark in (SETTINGS_FILE, ".git"):
        for folder in folders:
            if os.path.exists(os.path.join(folder, mark)):
                return folder
        if top:
            return top
    for folder in reversed(folders):
        if os.path.isfile(os.path.join(folder, "project.yaml")) or os.path.isdir(os.path.join(folder, "workspaces")):
            return folder
    raise UsageError(
        "no repository here: neither kusion-render.yaml, .git, workspaces/ nor project.yaml upward of this folder; "
        "`kusion-render init` makes one"
    )


def below_git_root(root: str) -> str | None:
    """Return the path of a root from the root of the Git repository around it, None where they are one or none is there."""
    if os.path.exists(os.path.join(root, ".git")):
        return None
    for folder in _upward(root, ""):
        if os.path.exists(os.path.join(folder, ".git")):
            return os.path.relpath(root, folder).replace(os.sep, "/")
    return None


def _upward(folder: str, top: str) -> Iterator[str]:
    while True:
        yield folder
        parent = os.path.dirname(folder)
        if folder in (top, parent):
            return
        folder = parent
