"""Where a program's values are written, told from its parsed files; for diagnostics, when somebody must be shown a line.

What is written out is found: configs, schemas, lists, private variables they name, conditions. What is computed has the
place of the nearest thing around it.
"""

from __future__ import annotations

from kusion_render.diagnostics import Span

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from typing import Any, Final

    from kusion_render.diagnostics import Pointer
    from kusion_render.origins import Positions

_DEEPEST: Final = 100
_OVERRIDE: Final = "Override"
_INSERT: Final = "Insert"


def positions_of(files: Sequence[tuple[str, Any]]) -> Positions:
    """Return the places of a program's keys and values; `files` are names and trees, in the order they are run."""
    finder = _Finder(files)
    for file, tree in files:
        finder.statements(file, tree.get("body") or [])
    return finder.found


class _Finder:
    """Walks over statements in their order, later ones over earlier ones."""

    def __init__(self, files: Sequence[tuple[str, Any]]) -> None:
        first = files[0][0] if files else ""
        self.found: Final[dict[Pointer, tuple[Span | None, Span]]] = {(): (None, Span(first))}
        self._variables: Final[Mapping[str, tuple[str, Any]]] = {
            name: (file, value) for file, tree in files for name, value in _private(tree.get("body") or [])
        }

    def statements(self, file: str, body: Sequence[Any]) -> None:
        """Walk over the statements of one file."""
        for statement in body:
            inner = statement["node"]
            kind = inner.get("type")
            if kind == "If":
                self.statements(file, inner.get("body") or [])
                self.statements(file, inner.get("orelse") or [])
            elif kind in ("Unification", "Assign", "AugAssign"):
                override = kind == "Assign" and inner.get("ty") is None
                for target in inner.get("targets") or [inner["target"]]:
                    pointer = _target(target["node"])
                    if pointer and not pointer[0].startswith("_"):
                        self._put(file, pointer, _span(file, target), inner["value"], override=override)

    def _put(
        self, file: str, pointer: Pointer, key: Span, value: Any, *, override: bool = False, depth: int = 0
    ) -> None:
        if override and pointer in self.found:
            for known in [each for each in self.found if each[: len(pointer)] == pointer]:
                del self.found[known]
        self.found[pointer] = (key, _span(file, value))
        for length in range(1, len(pointer)):
            self.found.setdefault(pointer[:length], (key, key))
        self._value(file, pointer, value["node"], depth + 1)

    def _value(self, file: str, pointer: Pointer, node: Any, depth: int) -> None:
        if depth > _DEEPEST:
            return
        if "config" in node:
            node = node["config"]["node"]
        kind = node.get("type")
        if kind == "Identifier" and len(node["names"]) == 1:
            name = node["names"][0]["node"]
            if name in self._variables:
                home, value = self._variables[name]
                # A variable that names itself would go round for ever.
                self._value(home, pointer, value["node"], depth + 10)
        elif kind == "Config":
            self._items(file, pointer, node["items"], depth)
        elif kind == "List":
            for number, item in enumerate(node["elts"]):
                place = _span(file, item)
                self._put(file, (*pointer, number), place, item, depth=depth)
        else:
            for part in ("left", "right", "orelse", "body", "expr"):
                if isinstance(node.get(part), dict):
                    self._value(file, pointer, node[part]["node"], depth + 1)

    def _items(self, file: str, pointer: Pointer, items: Sequence[Any], depth: int) -> None:
        for item in items:
            inner = item["node"]
            if inner["key"] is None:
                # `**other`, or an `if` with items of its own.
                value = inner["value"]["node"]
                if value.get("type") == "ConfigIfEntry":
                    self._conditional(file, pointer, value, depth)
                else:
                    self._value(file, pointer, value, depth + 1)
                continue
            steps = _steps(inner["key"]["node"])
            if steps and inner["operation"] == _INSERT:
                place = _span(file, inner["key"])
                self.found[(*pointer, *steps)] = (place, place)
            elif steps:
                override = inner["operation"] == _OVERRIDE
                place = _span(file, inner["key"])
                self._put(file, (*pointer, *steps), place, inner["value"], override=override, depth=depth)

    def _conditional(self, file: str, pointer: Pointer, node: Any, depth: int) -> None:
        self._items(file, pointer, node["items"], depth + 1)
        other = node.get("orelse")
        if isinstance(other, dict):
            inner = other["node"]
            if inner.get("type") == "ConfigIfEntry":
                self._conditional(file, pointer, inner, depth + 1)
            else:
                self._value(file, pointer, inner, depth + 1)


def _private(body: Sequence[Any]) -> Iterator[tuple[str, Any]]:
    for statement in body:
        inner = statement["node"]
        for target in inner.get("targets") or ([inner["target"]] if "target" in inner else []):
            pointer = _target(target["node"])
            if len(pointer) == 1:
                yield pointer[0], inner["value"]


def _target(node: Any) -> tuple[str, ...]:
    """Return the steps that a statement assigns to; none where one of them is computed."""
    if "names" in node:
        return tuple(part["node"].lstrip("$") for part in node["names"])
    steps = [node["name"]["node"].lstrip("$")]
    for path in node["paths"]:
        value = path["value"]["node"]
        if path["type"] == "Member":
            steps.append(value.lstrip("$"))
        elif isinstance(value, dict) and isinstance(value.get("value"), str):
            steps.append(value["value"])
        else:
            return ()
    return tuple(steps)


def _steps(key: Any) -> tuple[str, ...]:
    if key.get("type") == "Identifier":
        return tuple(part["node"].lstrip("$") for part in key["names"])
    return (key["value"],) if key.get("type") == "StringLit" else ()


def _span(file: str, node: Any) -> Span:
    return Span(file, node["line"], node["column"] + 1, node["end_line"], node["end_column"] + 1)
