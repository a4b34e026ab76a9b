"""Paths to fields as people read them."""

from __future__ import annotations

import re

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final

    from kusion_render.diff.model import Steps

_PLAIN_KEY: Final = re.compile(r"[A-Za-z_$][\w$-]*\Z")


def write_path(steps: Steps) -> str:
    """Write `spec.ports[80/TCP]`, and `annotations["a.b/c"]` for keys with other characters than words have."""
    text = ""
    for step in steps:
        if isinstance(step, int):
            text += f"[{step}]"
        elif step.startswith("["):
            text += step
        elif _PLAIN_KEY.match(step):
            text += f".{step}" if text else step
        else:
            text += '["' + step.replace("\\", "\\\\").replace('"', '\\"') + '"]'
    return text


class Shortener:
    """Leaves out of a path what goes without saying: where the pod template is, and which container if it has one."""

    def __init__(self, prefix: Steps, *, only: bool) -> None:
        self._prefix: Final = prefix
        self._only: Final = only

    def __call__(self, steps: Steps) -> Steps:
        """Return the shortened path."""
        size = len(self._prefix)
        if not size or steps[:size] != self._prefix or len(steps) == size:
            return steps
        rest = steps[size:]
        return rest[2:] if self._only and rest[0] == "containers" and len(rest) > 2 else rest
