"""What is given on the command line: places and values as `APP.path.to.field=VALUE`, arguments as `NAME=VALUE`."""

from __future__ import annotations

from kusion_render.diagnostics import UsageError
from kusion_render.document import json_pointer
from kusion_render.yamlio.scalars import scalar

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    from kusion_render.diagnostics import Pointer


def parse_arguments(texts: Iterable[str]) -> dict[str, str]:
    """Read each `NAME=VALUE` that answers `option(NAME)` of programs in KCL.

    Raises:
        UsageError: when there is no `=`, no name, or two values for one.
    """
    found: dict[str, str] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not (name and equals):
            raise UsageError(f"-D {name or text}: write NAME=VALUE")
        if name in found:
            raise UsageError(f"-D {name}: said twice")
        found[name] = value
    return found


def parse(text: str) -> tuple[Pointer, Any]:
    """Return the place and the value of a setting.

    The place has dots, with `["a.b"]` for keys that have some themselves, or is a JSON Pointer (RFC 6901) when it
    begins with `/`. The value is JSON when it looks like a map, a list or a quoted text; else it is read as YAML reads a
    plain scalar, so that the schema decides about its type.

    Raises:
        ValueError: with the reason, in words for the user.
    """
    if text.startswith("/"):
        place, equals, value = text.partition("=")
        pointer: Pointer = json_pointer(place)
    else:
        pointer, equals, value = _dotted(text)
    if not equals:
        raise ValueError("there is no `=`; write APP.path.to.field=VALUE")
    if len(pointer) < 2 or "" in pointer:
        raise ValueError("the path must lead from an app to one of its fields, such as web.workload.replicas")
    return pointer, read_value(value)


def dotted_pointer(text: str) -> Pointer:
    """Return the place that a dotted path names, such as `spec.containers[0].env`.

    Raises:
        ValueError: when a bracket is not closed.
    """
    return _dotted(text)[0]


def _dotted(text: str) -> tuple[Pointer, str, str]:
    steps: list[str | int] = []
    step = ""
    at = 0
    while at < len(text) and text[at] != "=":
        char = text[at]
        if char == ".":
            steps.append(step)
            step = ""
        elif char == "[":
            inside, at = _bracket(text, at)
            if step:
                steps.append(step)
            steps.append(inside)
            step = ""
            at += 1 if text[at + 1 : at + 2] == "." else 0
        else:
            step += char
        at += 1
    if step:
        steps.append(step)
    return tuple(steps), text[at : at + 1], text[at + 1 :]


def _bracket(text: str, at: int) -> tuple[str | int, int]:
    """Return what stands in the bracket at `at`, and where it is closed."""
    quote = text[at + 1 : at + 2]
    if quote in ('"', "'") and quote:
        end = text.find(quote + "]", at + 2)
        if end < 0:
            raise ValueError("a bracket is not closed")
        return text[at + 2 : end], end + 1
    end = text.find("]", at)
    if end < 0:
        raise ValueError("a bracket is not closed")
    inside = text[at + 1 : end]
    return (int(inside) if inside.isascii() and inside.isdigit() else inside), end


def read_value(text: str) -> Any:
    """Return what a value means: JSON for a map, a list or a quoted text, else a plain scalar of YAML."""
    if text[:1] in ("{", "[", '"'):
        import json

        try:
            return json.loads(text)
        except ValueError:
            return text
    return scalar(text)
