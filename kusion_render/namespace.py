"""The namespace of a render: who says it, and the object when it is to be made."""

from __future__ import annotations

from kusion_render.diagnostics import Place, Rule, Span
from kusion_render.interpolation import OPEN, Interpolation
from kusion_render.kubernetes.limits import LABEL_LENGTH, name_problem, shorten
from kusion_render.model import Namespace, Resource
from kusion_render.text import texts

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any, Final

    from kusion_render.diagnostics import Diagnostics, Pointer, Where
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
    preview: str = "",
) -> Namespace:
    """Return the namespace that stack, project or workspace say, else the destination's, else the default.

    A preview has a namespace of its own, called after both; a destination is the preview's already.

    Kusion's `kubernetesNamespace` extension counts as said. `destination` is what the environment names; saying
    another one is a warning, for it is the destination where Argo CD puts what names none.
    """
    kusion = compatibility == "kusion"
    sources = documents(stack, workspace)
    settings = _settings([data for _, data in sources], create=kusion)
    for file, data in sources:
        said, pointer = _said(data)
        if not said:
            continue
        place = Place(pointer, document=file)
        found = preview_name(_interpolated(said, variables, place, diagnostics), preview)
        if destination and found != destination:
            diagnostics.report(
                OTHER_NAMESPACE,
                f"the namespace `{found}` is not the destination's, `{destination}`",
                place,
                help="make them the same, or leave it out here",
            )
        return Namespace(found, explicit=True, partial=kusion and pointer[0] == "extensions", **settings)
    default = preview_name(stack.project.name if kusion else f"{stack.project.name}-{stack.name}", preview)
    return Namespace(_checked(destination or default, Span(stack.file), diagnostics), **settings)


def preview_name(name: str, preview: str) -> str:
    """Return what a namespace is called in a preview; its own name where there is none."""
    return shorten(f"{name}-{preview}", LABEL_LENGTH) if preview else name


def documents(stack: Stack, workspace: Workspace) -> list[tuple[str, Mapping[str, Any]]]:
    """Return the files that may say the namespace, with their contents; the first that says it counts."""
    return [(stack.file, stack.data), (stack.project.file, stack.project.data), (workspace.file, workspace.data)]


def namespace_place(stack: Stack, workspace: Workspace) -> tuple[str, Pointer] | None:
    """Return the file that says the namespace's name and the place in it, None where the name is the default."""
    for file, data in documents(stack, workspace):
        said, pointer = _said(data)
        if said:
            return file, pointer
    return None


def _said(data: Mapping[str, Any]) -> tuple[str, Pointer]:
    """Return the name that a file says and its place, "" if it says none; of Kusion's extensions the first counts."""
    said = data.get("namespace")
    if isinstance(said, str):
        return said, ("namespace",)
    if said and said.get("name"):
        return str(said["name"]), ("namespace", "name")
    for number, extension in enumerate(data.get("extensions") or ()):
        if extension.get("kind") == "kubernetesNamespace":
            name = (extension.get("kubernetesNamespace") or {}).get("namespace")
            return str(name or ""), ("extensions", number, "kubernetesNamespace", "namespace")
    return "", ()


def _settings(documents: Sequence[Mapping[str, Any]], *, create: bool) -> dict[str, Any]:
    """Return what is said about the namespace beside its name, each by the first that says it."""
    found: dict[str, Any] = {}
    for data in documents:
        if isinstance(data.get("namespace"), dict):
            found = {**data["namespace"], **found}
    return {
        "create": bool(found.get("create", create)),
        "labels": texts(found.get("labels")),
        "annotations": texts(found.get("annotations")),
    }


def _interpolated(text: str, variables: Mapping[str, Any], place: Place, diagnostics: Diagnostics) -> str:
    if OPEN in text:
        text = str(Interpolation(variables, diagnostics).text(text, place))
    return _checked(text, place, diagnostics)


def _checked(name: str, where: Where, diagnostics: Diagnostics) -> str:
    problem = name_problem("Namespace", name)
    if problem:
        diagnostics.report(
            BAD_NAMESPACE, f"`{name}` is no name for a namespace: {problem}", where, help="say `namespace: NAME`"
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
