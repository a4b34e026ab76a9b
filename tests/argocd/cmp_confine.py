"""Run a command as a hardened container does: as user 999, below a root that nobody may write to, but for one folder.

`unshare --mount python cmp_confine.py FOLDER COMMAND…`, as root. What a machine keeps in folders closed to others, such as
an interpreter below /root, is shown to the command at its usual place.
"""

from __future__ import annotations

import os
import subprocess
import sys
from typing import Final

USER: Final = 999


def main() -> None:
    """Mount, give up all rights, and become the command."""
    writable, *command = sys.argv[1:]
    _mount("--make-rprivate", "/")
    _mount("--bind", writable, writable)
    project = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    needed = [path for path in (sys.base_prefix, sys.prefix, project) if _closed(path)]
    kept = [os.open(path, os.O_PATH) for path in needed]
    for closed in sorted({_closed(path) for path in needed}):
        _mount("-t", "tmpfs", "-o", "mode=755", "none", closed)
    for path, handle in zip(needed, kept, strict=True):
        os.makedirs(path, exist_ok=True)
        # The handle still leads to what the empty folder hides; its name would not.
        _mount("--no-canonicalize", "--bind", f"/proc/{os.getpid()}/fd/{handle}", path)
    _mount("-o", "remount,bind,ro", "/")
    os.chdir(writable)
    os.setgroups([])
    os.setgid(USER)
    os.setuid(USER)
    os.execvp(command[0], command)  # noqa: S606 - the command is the tests' own


def _closed(path: str) -> str:
    """Return the topmost folder above a path that others may not enter, or nothing."""
    at = ""
    for step in path.strip(os.sep).split(os.sep):
        at += os.sep + step
        if not os.stat(at).st_mode & 0o001:
            return at
    return ""


def _mount(*arguments: str) -> None:
    subprocess.run(["mount", *arguments], check=True, stdin=subprocess.DEVNULL)


if __name__ == "__main__":
    main()
