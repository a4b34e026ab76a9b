"""One render as an Application deploys it: names, places and parameters, all of them plain text."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING, Final

from kusion_render.diagnostics import UsageError
from kusion_render.integrations.applications.options import PLACEHOLDER
from kusion_render.integrations.path_filters import argocd_paths
from kusion_render.kubernetes.limits import LABEL_LENGTH, name_problem, shorten

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kusion_render.inputs import Inputs
    from kusion_render.integrations.applications.options import Options
    from kusion_render.model import Spec

_NAME: Final = frozenset("abcdefghijklmnopqrstuvwxyz0123456789-.")
_PATH: Final = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_./")


class Render:
    """A stack on a workspace, and what its Application says.

    `values` are `name`, `path`, `namespace`, `paths` (the annotation), `createNamespace`, and where they are needed
    `stack` and `workspace` (the plug-in's parameters), `branch`, `next` and `hydratedPath` (the hydrator's places).
    """

    def __init__(self, spec: Spec, inputs: Inputs, options: Options) -> None:
        stack = spec.stack
        self.key: Final = spec.key
        self.project: Final = stack.project.name
        self.stack: Final = stack.name
        # Without a choice the plug-in finds the workspace by itself.
        self.workspace: Final = spec.workspace.name if len(stack.workspaces) > 1 else ""
        self.path: Final = stack.path
        self.file: Final = stack.file
        self.rivals: Final = inputs.rivals
        self._named: Final = inputs.needs_name
        self.values: Final[Mapping[str, str]] = {
            "name": application_name(self, options.name),
            "path": stack.path or ".",
            "namespace": spec.namespace.name,
            "paths": ";".join(argocd_paths(inputs, stack.path)),
            "createNamespace": "false" if _makes_namespace(spec) else "true",
            **self._parameters(),
            **self._places(options),
        }

    @property
    def is_plain(self) -> bool:
        """Whether a generator that looks for folders can find it, and nothing but its folder need be said."""
        segments = self.path.split("/")
        plain = bool(self.path) and _PATH.issuperset(self.path) and not any(name.startswith(".") for name in segments)
        return plain and not self._named and not self.workspace

    def filled(self, template: str) -> str:
        """Return a template of the command line with this render's names in it."""
        known = {"project": self.project, "stack": self.stack, "workspace": self.workspace, "path": self.path}
        return "".join(
            known[part[1:-1]] if PLACEHOLDER.fullmatch(part) else part for part in PLACEHOLDER.split(template)
        )

    def _parameters(self) -> dict[str, str]:
        found = {"stack": f"{self.project}/{self.stack}"} if self._named else {}
        return {**found, "workspace": self.workspace} if self.workspace else found

    def _places(self, options: Options) -> dict[str, str]:
        if not options.hydrate_branch:
            return {}
        # The hydrator refuses the root of a branch.
        path = self.path or f"{self.project}/{self.stack}"
        found = {"hydratedPath": f"{path}@{self.workspace}" if self.workspace else path}
        for name, option, template in (
            ("branch", "--hydrate-branch", options.hydrate_branch),
            ("next", "--hydrate-next", options.hydrate_next),
        ):
            if template:
                found[name] = self.filled(template)
                problem = branch_problem(found[name])
                if problem:
                    raise UsageError(f"{option} gives `{found[name]}` for `{self.key}`, which is no branch: {problem}")
        if found.get("next") == found["branch"]:
            raise UsageError("--hydrate-next gives the same branch as --hydrate-branch; say another one")
        return found


def _makes_namespace(spec: Spec) -> bool:
    return any(
        resource.attributes["kind"] == "Namespace" and resource.attributes["metadata"]["name"] == spec.namespace.name
        for resource in spec.resources
    )


def application_name(render: Render, template: str) -> str:
    """Return the name of a render's Application: at most 63 characters, since Argo CD may use it as a label's value."""
    text = render.filled(template)
    if render.workspace and "{workspace}" not in template:
        text += f"-{render.workspace}"
    name = "".join(char if char in _NAME else "-" for char in text.lower()).strip("-.")
    if name_problem("Application", name):
        name = name.replace(".", "-").strip("-")
    if name_problem("Application", name[:LABEL_LENGTH].rstrip("-.")):
        raise UsageError(f"--name `{template}` gives no name for the Application of `{render.key}`")
    return shorten(name, LABEL_LENGTH)


def branch_problem(name: str) -> str | None:
    """Tell why a text is no name of a branch, by the rules of `git check-ref-format`."""
    parts = name.split("/")
    if not name or any(not part for part in parts):
        return "a part of it is empty"
    if any(part.startswith(".") or part.endswith(".lock") for part in parts) or name.startswith("-"):
        return "no part may start with `.` or end with `.lock`, and it may not start with `-`"
    if ".." in name or "@{" in name or name.endswith(".") or name == "@":
        return "`..`, `@{`, a `.` at the end and a bare `@` are not allowed"
    if any(char in " ~^:?*[\\" or not char.isprintable() for char in name):
        return "blanks, control characters and any of ~^:?*[\\ are not allowed"
    return None


def parent(path: str) -> str:
    """Return the folder above, as Go's `path.Dir` does: `.` above a first-level folder."""
    return posixpath.dirname(path) or "."
