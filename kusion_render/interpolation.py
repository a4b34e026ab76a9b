"""`${{ name }}` in string values; every other `$` passes untouched."""

from __future__ import annotations

from kusion_render.diagnostics import Place, Rule
from kusion_render.modules import module_name
from kusion_render.suggestion import suggest

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any, Final

    from kusion_render.diagnostics import Diagnostics, Pointer
    from kusion_render.model import Project, Stack

UNKNOWN_REFERENCE: Final = Rule("KR120", "unknown-reference")
REFERENCE_SYNTAX: Final = Rule("KR121", "reference-syntax")

OPEN: Final = "${{"
_CLOSE: Final = "}}"


class Verbatim(str):
    """A text in which `${{` begins no reference, for it was not written in YAML."""

    __slots__ = ()


# Kusion's five credential keys of a workspace's context; what they hold must not reach a manifest.
CREDENTIALS: Final = frozenset(
    (
        "KUBECONFIG_CONTENT",
        "AWS_ACCESS_KEY_ID",
        "AWS_SECRET_ACCESS_KEY",
        "ALICLOUD_ACCESS_KEY",
        "ALICLOUD_SECRET_KEY",
    )
)

_SECRET_FIELDS: Final = frozenset(("data", "stringData"))


def variables(project: Project, stack: Stack, workspace: str, context: Mapping[str, Any]) -> dict[str, Any]:
    """Return the names that can be referred to, and their values; `app.name` and `stack.namespace` come later."""
    found: dict[str, Any] = {
        "project.name": project.name,
        "stack.name": stack.name,
        **workspace_variables(workspace, context),
    }
    for owner, labels in (("project", project.labels), ("stack", stack.labels)):
        found.update({f"{owner}.labels.{key}": value for key, value in labels.items()})
    return found


def workspace_variables(workspace: str, context: Mapping[str, Any]) -> dict[str, Any]:
    """Return the names that refer to a workspace, and their values."""
    known = {f"context.{key}": value for key, value in context.items() if key not in CREDENTIALS}
    return {"workspace.name": workspace, **known}


class Interpolation:
    """Replaces references in one document, and reports those that lead nowhere."""

    __slots__ = ("_diagnostics", "_document", "_variables")

    def __init__(self, variables: Mapping[str, Any], diagnostics: Diagnostics, document: str = "apps") -> None:
        self._variables: Final = variables
        self._diagnostics: Final = diagnostics
        self._document: Final = document

    def data(self, data: Any, pointer: Pointer = ()) -> Any:
        """Return `data` with the references of every string value replaced; keys and secret data stay as they are."""
        if isinstance(data, dict):
            secret = _holds_secrets(pointer, data)
            kept = _SECRET_FIELDS if _is_secret(pointer, data) else ()
            return {
                key: value
                if key in kept or _keeps(key, value, pointer)
                else self._entry(value, (*pointer, key), secret=secret)
                for key, value in data.items()
            }
        if isinstance(data, list):
            return [self.data(item, (*pointer, at)) for at, item in enumerate(data)]
        if type(data) is Verbatim:
            return str(data)
        if isinstance(data, str) and OPEN in data:
            return self.text(data, Place(pointer, document=self._document))
        return data

    def _entry(self, value: Any, pointer: Pointer, *, secret: bool) -> Any:
        if not secret or not isinstance(value, dict):
            return self.data(value, pointer)
        return {key: each if key == "data" else self.data(each, (*pointer, key)) for key, each in value.items()}

    def text(self, text: str, place: Place) -> Any:
        """Return a text with its references replaced; a text that is one whole reference becomes its value."""
        result = ""
        rest = text
        while True:
            before, mark, after = rest.partition(OPEN)
            if not mark:
                return result + rest
            if before.endswith("$"):
                result += before[:-1] + OPEN  # `$${{` stands for itself
                rest = after
                continue
            name, close, tail = after.partition(_CLOSE)
            if not close:
                self._diagnostics.report(
                    REFERENCE_SYNTAX,
                    "a reference is not closed",
                    place,
                    help="write `${{ name }}`, or `$${{` for the text",
                )
                return text
            value = self._value(name.strip(), place)
            if not before and not result and not tail:
                return value
            if isinstance(value, (dict, list)):
                self._diagnostics.report(
                    REFERENCE_SYNTAX,
                    f"`{name.strip()}` is no text, so it can't stand within one",
                    place,
                    help="let the reference be the whole value, or refer to a scalar",
                )
                return text
            result += before + _written(value)
            rest = tail

    def _value(self, name: str, place: Place) -> Any:
        if name in self._variables:
            return self._variables[name]
        self._diagnostics.report(
            UNKNOWN_REFERENCE,
            f"`{name}` is nothing that can be referred to here",
            place,
            help=suggest(name, sorted(self._variables)),
        )
        return ""


def _written(value: Any) -> str:
    from kusion_render.text import text

    return text(value)


def _holds_secrets(pointer: Pointer, data: Mapping[str, Any]) -> bool:
    """Tell whether a map is one of Secrets by name: `secrets` of a workload, or an accessory of that module."""
    if len(pointer) != 3:
        return False
    group, key = pointer[1:]
    return (group == "workload" and key == "secrets") or (
        group == "accessories" and module_name(str(key), data) == "secrets"
    )


def _is_secret(pointer: Pointer, data: Mapping[str, Any]) -> bool:
    """Tell whether a map is a Secret among the `resources` of an accessory."""
    return data.get("kind") == "Secret" and len(pointer) == 5 and pointer[1] == "accessories"


def _keeps(key: str | int, value: Any, pointer: Pointer) -> bool:
    """Tell whether a value is the path of a file, whose name no reference may change."""
    if key == "paths" and isinstance(value, list) and len(pointer) == 3:
        return pointer[1] == "accessories"
    return "files" in pointer and isinstance(value, str) and (key == "from" or pointer[1] == "accessories")
