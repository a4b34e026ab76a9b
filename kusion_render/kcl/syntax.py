"""A parsed KCL file: what it imports, which names it uses, which options it asks for."""

from __future__ import annotations

import json

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import Any, Final

    from kusion_render.kcl.messages import Complaint

_IMPORT: Final = '"Import"'
_OPTION: Final = '"option"'


class Import:
    """One import: the path as written, the name it has in the file, its line and column from 1."""

    __slots__ = ("column", "line", "name", "path")

    def __init__(self, path: str, name: str, line: int, column: int) -> None:
        self.path: Final = path
        self.name: Final = name
        self.line: Final = line
        self.column: Final = column


class Syntax:
    """One file's tree as KCL's parser writes it, and what is wrong with its form."""

    __slots__ = ("_text", "complaints", "imports", "options")

    def __init__(self, text: str, complaints: Sequence[Complaint]) -> None:
        self._text: Final = text
        self.complaints: Final = complaints
        body = self.tree().get("body") or []
        found = [node for node in body if node["node"].get("type") == "Import"]
        if text.count(_IMPORT) != len(found):
            # One that does not stand at the top; KCL has no use for it, but who knows.
            found = [node for node in walk(body) if _type(node) == "Import"]
        self.imports: Final = [_import(node) for node in found]
        self.options: Final = list(_options(body)) if _OPTION in text else []

    def tree(self) -> Any:
        """Return the tree: plain maps and lists, a node with its place as `{node, line, column, …}`.

        Raises:
            RecursionError: when it is nested too deeply.
        """
        return json.loads(self._text) if self._text else {}

    def names(self) -> Iterator[tuple[str, str, int, int]]:
        """Yield each name that is used, what follows its first dot or "", its line and column from 1."""
        for node in walk(self.tree().get("body")):
            if isinstance(node.get("names"), list) and node["names"]:
                first, *rest = node["names"]
                member = rest[0]["node"] if rest else ""
                yield first["node"].lstrip("$"), member.lstrip("$"), first["line"], first["column"] + 1


def walk(tree: Any) -> Iterator[Any]:
    """Yield every map of a tree, outer ones first, in no other order."""
    pending = [tree]
    while pending:
        each = pending.pop()
        if isinstance(each, dict):
            yield each
            pending.extend(each.values())
        elif isinstance(each, list):
            pending.extend(each)


def _type(node: Any) -> object:
    inner = node.get("node")
    return inner.get("type") if isinstance(inner, dict) else None


def _import(node: Any) -> Import:
    inner = node["node"]
    return Import(inner["rawpath"], inner["name"].lstrip("$"), node["line"], inner["path"]["column"] + 1)


def _options(body: Any) -> Iterator[tuple[str, bool, int, int]]:
    """Yield each `option("name")`: its name, whether it has a default, its line and column from 1."""
    for node in walk(body):
        inner = node.get("node")
        if not isinstance(inner, dict) or inner.get("type") != "Call":
            continue
        called = inner["func"]["node"].get("names") or []
        arguments = inner["args"]
        if [part["node"] for part in called] == ["option"] and arguments and "value" in arguments[0]["node"]:
            words = {part["node"]["arg"]["node"]["names"][0]["node"] for part in inner["keywords"]}
            yield str(arguments[0]["node"]["value"]), "default" in words, node["line"], node["column"] + 1
