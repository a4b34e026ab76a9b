"""One YAML file as it is written: where values, their lines and their columns are, and how a place is reached."""

from __future__ import annotations

from bisect import bisect_right

from kusion_render.yamlio import DEFAULT, SourceText, compose, introducers
from kusion_render.yamlio.reader import NULL_TEXTS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Final

    from kusion_render.diagnostics import Pointer, Span
    from kusion_render.yamlio import Limits, Written

_MARK: Final = "\ufeff"


class Source:
    """A file that `yamlio.parse` reads; `root` is None when it holds nothing but comments.

    Indices are characters of `text`, which has no byte order mark.
    """

    __slots__ = ("_introducers", "_places", "file", "marked", "newline", "root", "text")

    def __init__(self, content: bytes, file: str, limits: Limits = DEFAULT) -> None:
        decoded = content.decode("utf-8")
        self.file: Final = file
        self.marked: Final = decoded.startswith(_MARK)
        self.text: Final = decoded.removeprefix(_MARK)
        self.newline: Final = _newline(self.text)
        self.root: Final = next((root for root in compose(content, limits) if not root.is_empty()), None)
        self._introducers: Final = introducers(content)
        self._places: Final = SourceText(content, file)

    def encoded(self, text: str) -> bytes:
        """Return a new text of this file as bytes."""
        return ((_MARK if self.marked else "") + text).encode("utf-8")

    def span(self, written: Written) -> Span:
        """Return the place of a value."""
        return self._places.span(written.start, written.end)

    def column(self, index: int) -> int:
        """Return how many characters stand before one on its line."""
        return index - self.line_start(index)

    def line_start(self, index: int) -> int:
        """Return where the line of a character starts."""
        return max(self.text.rfind("\n", 0, index), self.text.rfind("\r", 0, index)) + 1

    def line_end(self, index: int) -> int:
        """Return where the line of a character ends, before its line end."""
        found = [at for at in (self.text.find("\n", index), self.text.find("\r", index)) if at >= 0]
        return min(found, default=len(self.text))

    def next_line(self, index: int) -> int:
        """Return where the line after that of a character starts; the text's end after the last one."""
        end = self.line_end(index)
        return end + (2 if self.text[end : end + 2] == "\r\n" else 1 if end < len(self.text) else 0)

    def introducer(self, written: Written) -> int:
        """Return the end of the `:` or `-` before a value in block style."""
        number = bisect_right(self._introducers, written.start)
        return self._introducers[number - 1] if number else 0

    def own_start(self, written: Written) -> int:
        """Return where a value starts after its anchor."""
        start = written.start
        if not written.anchor:
            return start
        start += 1 + len(written.anchor)
        if written.block:
            first = written.items[0]
            return first.start if written.kind == "map" else self.introducer(first) - 1
        while start < written.end and self.text[start] in " \t\r\n":
            start += 1
        return start

    def last(self, written: Written) -> int:
        """Return where a value ends, white space after it left out."""
        end = max(written.start, self._last_leaf(written).end)
        return written.start + len(self.text[written.start : end].rstrip())

    def keeps_blank_lines(self, written: Written) -> int | None:
        """Return the end of a value that ends in a block which keeps its blank lines (`|+`), else None."""
        leaf = self._last_leaf(written)
        header = self.text[leaf.start : self.line_end(leaf.start)].partition("#")[0]
        return leaf.end if leaf.style in ("|", ">") and "+" in header else None

    def _last_leaf(self, written: Written) -> Written:
        while written.block and written.items and written.alias is None:
            written = written.items[-1]
        return written

    def shared(self) -> dict[str, Written]:
        """Return the anchors that are used, each with the first place that uses it."""
        found: dict[str, Written] = {}
        for written in walk(self.root) if self.root is not None else ():
            if written.alias is not None:
                found.setdefault(written.alias.anchor, written)
        return found


class Step:
    """A value on the way to a place: the value, its key, and its number among the items or keys around it."""

    __slots__ = ("key", "number", "value")

    def __init__(self, value: Written, key: Written | None = None, number: int = 0) -> None:
        self.value: Final = value
        self.key: Final = key
        self.number: Final = number


def reach(root: Written, pointer: Pointer) -> list[Step]:
    """Return the way to a place from the root on, as far as it is written: not through aliases or what `<<` brings."""
    way = [Step(root)]
    for step in pointer:
        around = way[-1].value
        found = None if around.alias is not None else _own(around, step)
        if found is None:
            break
        way.append(found)
    return way


def _own(around: Written, step: str | int) -> Step | None:
    if around.kind == "list":
        fits = isinstance(step, int) and step < len(around.items)
        return Step(around.items[step], None, step) if fits and isinstance(step, int) else None
    for number, (key, value) in enumerate(pairs(around)):
        if key.text == step and not (key.plain and (key.text == "<<" or key.text in NULL_TEXTS)):
            return Step(value, key, number)
    return None


def merged(around: Written, step: str | int) -> Written | None:
    """Return what `<<` brings to a key of a map, which has none of its own."""
    for key, value in pairs(around):
        if key.plain and key.text == "<<":
            for source in value.items if value.kind == "list" else (value,):
                found = _own(source, step) if source.kind == "map" else None
                if found is not None:
                    return found.value
    return None


def pairs(written: Written) -> list[tuple[Written, Written]]:
    """Return the keys and values of a map, as written."""
    return list(zip(written.items[::2], written.items[1::2], strict=True)) if written.kind == "map" else []


def walk(written: Written) -> Iterator[Written]:
    """Yield a value and all that is written in it; an alias, but not what it repeats."""
    yield written
    if written.alias is None:
        for inner in written.items:
            yield from walk(inner)


def _newline(text: str) -> str:
    """Return the line end that a file uses: that of its first line."""
    for at, character in enumerate(text):
        if character == "\n":
            return "\n"
        if character == "\r":
            return "\r\n" if text[at + 1 : at + 2] == "\n" else "\r"
    return "\n"
