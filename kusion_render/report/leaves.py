"""A reading of YAML that never fails: which text of which line is a value, and under which keys.

Code frames are drawn of files that do not parse, so the real reader can't say where their secrets are. This one takes
YAML, JSON and, with `=` beside `:`, KCL for nested keys, and guesses on: a wrong guess masks or shows a word too many.
Line and column numbers count from 0 here.
"""

from __future__ import annotations

import re

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Final, TypeAlias

    # The keys above a value, outermost first, each with a number of the map that holds it; a list's items have none.
    Path: TypeAlias = tuple[tuple[int, str], ...]

# Deeper flow collections are read as this deep; no real file has them, and hostile ones must not take forever.
DEEPEST: Final = 32
_DASH: Final = r"-(?:[ \t]+|$)"
_SCALAR: Final = r"(?:[&!]\S*[ \t]+)*[|>][-+0-9]*[ \t]*(?:#.*)?$"
_QUOTED: Final = {'"': r'(?:[^"\\]|\\.)*"', "'": r"(?:[^']|'')*'"}


class Leaf:
    """A value, or the part of it on one line; comments count as values of the key before them."""

    __slots__ = ("end", "line", "path", "start")

    def __init__(self, line: int, start: int, end: int, path: Path) -> None:
        self.line: Final = line
        self.start: Final = start
        self.end: Final = end
        self.path: Final = path


def read_leaves(lines: Sequence[str], *, by_line: bool, equals: bool) -> list[Leaf]:
    """Read a file.

    Args:
        lines: the file's lines without their ends.
        by_line: end quotes and brackets that are still open with their line, so that one that is never closed can't
            hide the keys of the lines below.
        equals: `=` parts a key from its value as `:` does.
    """
    reader = _Reader(equals=equals)
    for number, text in enumerate(lines):
        reader.read(number, text)
        if by_line:
            reader.forget()
    return reader.leaves


class _Reader:
    def __init__(self, *, equals: bool) -> None:
        self.leaves: Final[list[Leaf]] = []
        self._block: Final[list[tuple[int, int, str]]] = []  # column, number of the map, key
        self._flow: Final[list[tuple[int, str]]] = []  # number of the map, key or nothing
        self._deeper = 0
        self._maps = 0
        self._quote = ""
        self._scalar: int | None = None  # the column that a block scalar's lines must exceed
        self._line = 0
        self._equals: Final = equals
        parts = ":=" if equals else ":"
        self._key: Final = re.compile(
            rf""""(?:[^"\\]|\\.)*"[ \t]*[{parts}]|'(?:[^']|'')*'[ \t]*[{parts}]"""
            rf"""|[^\s#{{\["'](?:[^{parts}#]|[{parts}](?=\S)|(?<=\S)\#)*?[{parts}](?=\s|$)"""
        )
        self._plain: Final = re.compile(rf"""(?:[^,\[\]{{}}#{parts}]|[{parts}](?=[^\s,\[\]{{}}"'])|(?<=\S)\#)+""")
        self._after_key: Final = re.compile(rf"[ \t]*[{parts}]")

    def forget(self) -> None:
        """End quotes and brackets."""
        self._flow.clear()
        self._deeper, self._quote = 0, ""

    def read(self, number: int, text: str) -> None:
        """Read the next line."""
        self._line = number
        column = len(text) - len(text.lstrip(" \t"))
        if self._scalar is not None and (column > self._scalar or column == len(text)):
            self._add(text, column, len(text))
            return
        self._scalar = None
        if self._quote:
            self._read_on(text, self._read_quoted(text, 0))
        elif re.match(r"(?:---|\.\.\.)(?:\s|$)", text):
            self._block.clear()
            self.forget()
            self._read_value(text, 3, -1)
        elif self._flow:
            self._read_flow(text, column)
        elif column < len(text):
            self._read_block(text, column)

    def _read_on(self, text: str, position: int) -> None:
        """Read what follows a quoted value."""
        if self._flow:
            self._read_flow(text, position)
        else:
            self._add(text, position, len(text))

    def _read_block(self, text: str, column: int) -> None:
        parent = self._block[-1][0] if self._block else -1
        while match := re.compile(_DASH).match(text, column):
            self._close(column + 1)
            parent, column = column, match.end()
        if explicit := re.compile(r"\?[ \t]+(?=\S)").match(text, column):
            self._enter(column, text[explicit.end() :])
        elif key := self._key.match(text, column):
            self._enter(column, key.group()[:-1])
            self._read_value(text, key.end(), column)
        elif re.compile(r":\s").match(text, column):
            self._close(column + 1)
            self._read_value(text, column + 1, column)
        else:
            # No key: it goes on with what came before, even where it is indented too little for that.
            self._read_value(text, column, parent)

    def _close(self, column: int) -> None:
        while self._block and self._block[-1][0] >= column:
            self._block.pop()

    def _enter(self, column: int, key: str) -> None:
        self._close(column + 1)
        same_map = bool(self._block) and self._block[-1][0] == column
        self._block.append((column, self._block.pop()[1] if same_map else self._next_map(), _unquote(key)))

    def _next_map(self) -> int:
        self._maps += 1
        return self._maps

    def _read_value(self, text: str, position: int, column: int) -> None:
        position = _skip_spaces(text, position)
        if re.compile(_SCALAR).match(text, position):
            self._scalar = column
        elif opening := re.compile(r"(?:[&!]\S*[ \t]+)*([\[{\"'])").match(text, position):
            if (mark := opening.group(1)) in _QUOTED:
                self._quote = mark
                self._read_on(text, self._read_quoted(text, opening.end(), position))
            else:
                self._read_flow(text, opening.start(1))
        elif self._opens_schema(text, position):
            self._read_flow(text, position)
        else:
            self._add(text, position, len(text))

    def _opens_schema(self, text: str, position: int) -> bool:
        """Tell whether KCL's `schema {` begins here, whose fields follow."""
        return self._equals and text.rstrip()[position:].endswith("{")

    def _read_quoted(self, text: str, position: int, start: int | None = None) -> int:
        """Read to the closing quote or the line's end, and give the position after it."""
        match = re.compile(_QUOTED[self._quote]).match(text, position)
        end = match.end() if match else len(text)
        if match:
            self._quote = ""
        self._add(text, position if start is None else start, end)
        return end

    def _read_flow(self, text: str, position: int) -> None:
        while (position := _skip_spaces(text, position)) < len(text):
            character = text[position]
            if character in "{[":
                self._open_flow()
            elif character in "}]":
                self._close_flow()
                if not self._flow:
                    self._add(text, position + 1, len(text))
                    return
            elif character == ",":
                self._name_flow("")
            elif character == "#":
                self._add(text, position, len(text))
                return
            elif mark := re.compile(r"[&!][^\s,\[\]{}]*").match(text, position):
                # What follows may be quoted; and it may be no tag but a password that somebody forgot to quote.
                self._add(text, position, mark.end())
                position = mark.end() - 1
            else:
                position = self._read_entry(text, position) - 1
            position += 1

    def _open_flow(self) -> None:
        if len(self._flow) < DEEPEST:
            self._flow.append((self._next_map(), ""))
        else:
            self._deeper += 1

    def _close_flow(self) -> None:
        if self._deeper:
            self._deeper -= 1
        elif self._flow:
            self._flow.pop()

    def _name_flow(self, key: str) -> None:
        if self._flow:
            self._flow[-1] = (self._flow[-1][0], key)

    def _read_entry(self, text: str, position: int) -> int:
        """Read a key with its colon, or a value, and give the position after it; it always moves on."""
        quote = text[position]
        if quote in _QUOTED:
            match = re.compile(_QUOTED[quote]).match(text, position + 1)
            if match is None or not self._after_key.match(text, match.end()):
                self._quote = quote
                return self._read_quoted(text, position + 1, position)
        else:
            match = self._plain.match(text, position)
        end = match.end() if match else position
        if after := self._after_key.match(text, end):
            self._name_flow(_unquote(text[position:end]))
            return after.end()
        end = max(end, position + 1)
        self._add(text, position, end)
        return end

    def _add(self, text: str, start: int, end: int) -> None:
        start = _skip_spaces(text, start)
        end = start + len(text[start:end].rstrip())
        if text[start:end].strip(" ,[]{}"):
            path = (*((number, key) for _, number, key in self._block), *((n, key) for n, key in self._flow if key))
            self.leaves.append(Leaf(self._line, start, end, path))


def _skip_spaces(text: str, position: int) -> int:
    while position < len(text) and text[position] in " \t":
        position += 1
    return position


def _unquote(key: str) -> str:
    return key.strip().strip("\"'")
