"""What git is told before it runs: nothing of the repository's own when reading, the user's own when writing."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

# Settings of a repository that would make git run a program, or look at other places than its objects. They are laid
# over `.git/config`, whoever wrote it.
_NEUTRAL: Final = (
    "core.fsmonitor=false",
    f"core.hooksPath={os.devnull}",
    f"core.attributesFile={os.devnull}",
    f"core.excludesFile={os.devnull}",
    "core.untrackedCache=false",
    "core.splitIndex=false",
    "core.commitGraph=false",
    "core.warnAmbiguousRefs=true",
    "core.sshCommand=false",
    "core.gitProxy=false",
    "core.askPass=false",
    "core.pager=cat",
    "core.editor=false",
    "credential.helper=",
    "gpg.program=false",
    "log.showSignature=false",
    "protocol.allow=never",
    "gc.auto=0",
    "maintenance.auto=false",
    "submodule.recurse=false",
    "fetch.recurseSubmodules=false",
    "advice.graftFileDeprecated=false",
    # Who owns the folder matters to git because of what its settings could run; here they run nothing.
    "safe.directory=*",
)
_NO_SIDE_EFFECTS: Final = (
    f"core.hooksPath={os.devnull}",
    "gc.auto=0",
    "maintenance.auto=false",
    "submodule.recurse=false",
    "fetch.recurseSubmodules=false",
    "push.recurseSubmodules=no",
    "push.followTags=false",
    "fetch.prune=false",
    "fetch.pruneTags=false",
)
# What `git rev-parse --local-env-vars` names: set by git where it calls us from a hook, they mean another index or store.
_LOCAL: Final = frozenset(
    {
        "GIT_ALTERNATE_OBJECT_DIRECTORIES",
        "GIT_COMMON_DIR",
        "GIT_DIR",
        "GIT_GRAFT_FILE",
        "GIT_IMPLICIT_WORK_TREE",
        "GIT_INDEX_FILE",
        "GIT_INTERNAL_SUPER_PREFIX",
        "GIT_NAMESPACE",
        "GIT_NO_REPLACE_OBJECTS",
        "GIT_OBJECT_DIRECTORY",
        "GIT_PREFIX",
        "GIT_QUARANTINE_PATH",
        "GIT_REPLACE_REF_BASE",
        "GIT_SHALLOW_FILE",
        "GIT_WORK_TREE",
    }
)


def reading(outer: Mapping[str, str], folder: str) -> dict[str, str]:
    """Return the environment of a git that reads the repository whose `.git` lies in `folder`, and runs nothing.

    Neither the user's nor the system's configuration counts, no hook, filter, monitor or remote is reached, no object is
    fetched that is missing, none is replaced by another.
    """
    return {
        "PATH": outer.get("PATH", os.defpath),
        "LC_ALL": "C",
        "HOME": os.devnull,
        "GIT_DIR": os.path.join(folder, ".git"),
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_SYSTEM": os.devnull,
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_ATTR_NOSYSTEM": "1",
        "GIT_OPTIONAL_LOCKS": "0",
        "GIT_NO_REPLACE_OBJECTS": "1",
        "GIT_NO_LAZY_FETCH": "1",
        "GIT_GRAFT_FILE": os.devnull,
        "GIT_TERMINAL_PROMPT": "0",
        # For a git before 2.45, which knows no GIT_NO_LAZY_FETCH: no way of fetching is allowed.
        "GIT_ALLOW_PROTOCOL": "none",
        **_settings(_NEUTRAL),
    }


def writing(outer: Mapping[str, str]) -> dict[str, str]:
    """Return the environment of a git that commits and pushes: the user's own, with identity, signing, credentials.

    No hook runs, and nothing is tidied up in passing. `GIT_DIR` is not said outright, so that git refuses the settings of
    a repository that belongs to somebody else.
    """
    mine = {name: value for name, value in outer.items() if name not in _LOCAL}
    taken = int(mine.get("GIT_CONFIG_COUNT") or 0)
    return {
        **mine,
        "LC_ALL": "C",
        "GIT_NO_REPLACE_OBJECTS": "1",
        **_settings(_NO_SIDE_EFFECTS, taken),
    }


def _settings(settings: tuple[str, ...], taken: int = 0) -> dict[str, str]:
    """Return settings as the environment holds them, after `taken` others: shorter than `-c` for each, and inherited."""
    found = {"GIT_CONFIG_COUNT": str(taken + len(settings))}
    for number, setting in enumerate(settings, taken):
        key, _, value = setting.partition("=")
        found[f"GIT_CONFIG_KEY_{number}"] = key
        found[f"GIT_CONFIG_VALUE_{number}"] = value
    return found
