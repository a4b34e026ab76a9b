"""The namespace of a render: who says it, and the object when it is to be made."""

from __future__ import annotations

from kusion_render.diagnostics import Place, Rule, Span
from kusion_render.interpolation import OPEN, Interpolation
from kusion_render.kubernetes.limits import name_problem
from kusion_render.model import Namespace, Resource
from kusion_render.text import texts

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any, Final

    from kusion_render.diagnostics import Diagnostics
    from kusion_render.model import Stack, Workspace

BAD_NAMESPACE: Final = Rule("KR509", "bad-namespace")
OTHER_NAMESPACE: Final = Rule("KR510", "other-namespace", "warning")


def effective_namespace(
    stack: Stack,
    workspace: Workspace,
    compatibility: str,
    variables: Mapping[str, Any],
    diagnostics: Diagnostics,
    destination: str = "",
) -> Namespace:
    """Return the namespace that stack, project or workspace say, else the destination's, else the default.

    Kusion's `kubernetesNamespace` extension counts as said. `destination` is what the environment names; saying
    another one is a warning, for it is the destination where Argo CD puts what names none.
    """
    kusion = compatibility == "kusion"
    for file, data in (
        (stack.file, stack.data),
        (stack.project.file, stack.project.data),
        (workspace.file, workspace.data),
    ):
        said = data.get("namespace") or _extension(data)
        if not said:
            continue
        config: Mapping[str, Any] = {"name": said} if isinstance(said, str) else said
        if not config.get("name"):
            continue
        found = _interpolated(config["name"], variables, file, diagnostics)
        if destination and found != destination:
            diagnostics.report(
                OTHER_NAMESPACE,
                f"the namespace `{found}` is not the destination's, `{destination}`",
                Span(file),
                help="make them the same, or leave it out here",
            )
        return Namespace(
            found,
            explicit=True,
            create=bool(config.get("create", kusion)),
            labels=texts(config.get("labels")),
            annotations=texts(config.get("annotations")),
            partial=kusion and not data.get("namespace"),
        )
    default = stack.project.name if kusion else f"{stack.project.name}-{stack.name}"
    name = _checked(destination or default, stack.file, diagnostics)
    return Namespace(name, create=kusion)


def _extension(data: Mapping[str, Any]) -> str:
    """Return what Kusion's extension says; the first of its kind counts."""
    for extension in data.get("extensions") or ():
        if extension.get("kind") == "kubernetesNamespace":
            return str((extension.get("kubernetesNamespace") or {}).get("namespace") or "")
    return ""


def _interpolated(text: str, variables: Mapping[str, Any], file: str, diagnostics: Diagnostics) -> str:
    if OPEN in text:
        text = str(Interpolation(variables, diagnostics).text(text, Place(("namespace",), document=file)))
    return _checked(text, file, diagnostics)


def _checked(name: str, file: str, diagnostics: Diagnostics) -> str:
    problem = name_problem("Namespace", name)
    if problem:
        diagnostics.report(
            BAD_NAMESPACE, f"`{name}` is no name for a namespace: {problem}", Span(file), help="say `namespace: NAME`"
        )
    return name


def namespace_object(namespace: Namespace) -> Resource:
    """Return the Namespace object of a render."""
    metadata: dict[str, Any] = {"name": namespace.name}
    if namespace.labels:
        metadata["labels"] = dict(namespace.labels)
    if namespace.annotations:
        metadata["annotations"] = dict(namespace.annotations)
    return Resource({"apiVersion": "v1", "kind": "Namespace", "metadata": metadata}, "namespace")
