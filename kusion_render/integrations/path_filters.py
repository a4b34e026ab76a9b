"""A render's inputs in the words of those who watch files: Argo CD's annotation and GitHub's `paths`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from kusion_render.inputs import covering

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kusion_render.inputs import Inputs

# Characters with a meaning in GitHub's filter patterns.
_GITHUB_SIGNS: Final = "\\*?+[]!"


def argocd_paths(inputs: Inputs, folder: str) -> list[str]:
    """Return the entries of `argocd.argoproj.io/manifest-generate-paths` of an Application with this source path.

    `.` is the source path, all else is `/path/from/root`. An entry stands for the file, and for all below the folder, of
    that name; Argo CD compares them before it takes the text for a pattern, so signs of patterns need no escape.
    """
    folders, files = covering([inputs], _in_a_list)
    return sorted("." if path == folder else f"/{path}" for path in (*folders, *files))


def _in_a_list(path: str) -> bool:
    # Semicolons part the entries, and blanks around one are cut off.
    return path.isprintable() and ";" not in path and path == path.strip()


def github_patterns(renders: Sequence[Inputs]) -> list[str]:
    """Return patterns for `on.push.paths` and the like of a GitHub workflow that match the inputs of any of the renders."""
    folders, files = covering(renders, str.isprintable)
    # A link may come to stand where a folder was looked for, and to Git it is a file.
    missing = {path[:-1] for each in renders for path in each.absent if path.endswith("/")}.intersection(folders)
    whole = {f"{_escaped(path)}/**" if path else "**" for path in folders}
    return sorted(whole.union(_escaped(path) for path in (*missing, *files)))


def _escaped(path: str) -> str:
    return "".join("\\" + char if char in _GITHUB_SIGNS else char for char in path)
