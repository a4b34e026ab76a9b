"""Where every value of a file is written; read again from libyaml's events when somebody must be shown a place."""

from __future__ import annotations

from bisect import bisect_right

from kusion_render.diagnostics import Span
from kusion_render.yamlio.libyaml import (
    AliasEvent,
    BlockEntryToken,
    DocumentEndEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
    ValueToken,
    YAMLError,
)
from kusion_render.yamlio.reader import DEFAULT, NULL_TEXTS, Composer

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Final, Literal, TypeAlias

    from kusion_render.diagnostics import Pointer
    from kusion_render.yamlio.libyaml import Node
    from kusion_render.yamlio.reader import Limits

    Positions: TypeAlias = dict[Pointer, tuple[Span | None, Span]]


def positions(content: bytes, file: str, *, limits: Limits = DEFAULT) -> Positions:
    """Return the spans of the key and of the value of everything in a file of one document.

    The pointers are those of `parse`'s data, for content that it accepts; the root, and list items, have no key.
    A value that is an alias is at the alias, and what is inside it where it is written, as is what `<<` brings.
    """
    documents = positions_all(content, file, limits=limits)
    return documents[0] if documents else {}


def positions_all(content: bytes, file: str, *, limits: Limits = DEFAULT) -> list[Positions]:
    """Return the positions of each document, in step with `parse_all`."""
    source = SourceText(content, file)
    return [_Expansion(source, limits).found_in(root) for root in compose(content, limits) if not root.is_empty()]


class SourceText:
    """A file's text by index; libyaml's own lines also end at U+0085, U+2028 and U+2029, an editor's do not."""

    __slots__ = ("file", "starts", "text")

    def __init__(self, content: bytes, file: str) -> None:
        import re

        self.file: Final = file
        self.text: Final = content.decode("utf-8-sig", "replace")
        self.starts: Final = [0, *(match.end() for match in re.finditer(r"\r\n|\r|\n", self.text))]

    def line_and_column(self, index: int) -> tuple[int, int]:
        """Return the position of a character, counted from 1."""
        line = bisect_right(self.starts, index)
        return line, index - self.starts[line - 1] + 1

    def span(self, start: int, end: int) -> Span:
        """Return the span of a stretch of text, less white space at its end."""
        end = max(start, start + len(self.text[start:end].rstrip()))
        return Span(self.file, *self.line_and_column(start), *self.line_and_column(end))

    def span_of(self, node: Node | None) -> Span:
        """Return the span of a composed node, or the file's start."""
        if node is None:
            return Span(self.file)
        start = int(node.start_mark.index)
        # A collection that is still being composed has no end yet.
        return self.span(start, start if node.end_mark is None else int(node.end_mark.index))


class Written:
    """A value as written: `scalar` text, or the `items` of a list, or keys and values by turns of a map.

    `start` and `end` are characters of the text, an anchor included; `style` is the mark of a scalar: a quote, `|`, `>`
    or nothing. One that is written as an alias has what it repeats as `alias`.
    """

    __slots__ = ("alias", "anchor", "block", "closed", "end", "items", "kind", "plain", "start", "style", "text")

    def __init__(self, kind: Literal["scalar", "list", "map"], start: int, end: int, text: str = "") -> None:
        self.kind: Final = kind
        self.start: Final = start
        self.end = end
        self.text: Final = text
        self.items: list[Written] = []
        self.plain = False
        self.block = False
        self.style = ""
        self.anchor = ""
        self.alias: Written | None = None
        self.closed = kind == "scalar"

    def is_empty(self) -> bool:
        """Whether this is a document without content."""
        return self.plain and self.text == ""

    def repeated(self, start: int, end: int) -> Written:
        """Return this value as seen through an alias."""
        # An alias inside its own value ends there; `parse` refuses it.
        copy = Written(self.kind if self.closed else "scalar", start, end, self.text)
        copy.items = self.items
        copy.plain = self.plain
        copy.closed = True
        copy.alias = self
        return copy


def compose(content: bytes, limits: Limits) -> list[Written]:
    """Compose all documents without recursion, as far as the file can be read."""
    roots: list[Written] = []
    parser = Composer(content)
    builder = _Builder(roots)
    try:
        while builder.is_within(limits) and (event := parser.get_event()) is not None:
            builder.take(event)
    except YAMLError:
        pass
    if builder.open:
        roots.pop()
    return roots


def introducers(content: bytes) -> list[int]:
    """Return where each `:` and each `-` ends that a value follows, in order, of a file that can be read."""
    found = []
    scanner = Composer(content)
    while (token := scanner.get_token()) is not None:
        if type(token) in (ValueToken, BlockEntryToken):
            found.append(int(token.end_mark.index))
    return found


class _Builder:
    """Turns a stream of events into values."""

    __slots__ = ("anchors", "nodes", "open", "roots")

    def __init__(self, roots: list[Written]) -> None:
        self.roots: Final = roots
        self.open: Final[list[Written]] = []
        self.anchors: dict[str, Written] = {}
        self.nodes = 0

    def is_within(self, limits: Limits) -> bool:
        """Tell whether the file is worth going on with; libyaml's time grows with the square of the depth."""
        return len(self.open) <= limits.depth and self.nodes <= limits.nodes and len(self.roots) <= limits.documents

    def take(self, event: Any) -> None:  # PyYAML's events are untyped
        """Go on by one event."""
        kind = type(event)
        if kind is ScalarEvent:
            written = Written("scalar", event.start_mark.index, event.end_mark.index, event.value)
            written.plain = event.implicit[0]
            written.style = event.style or ""
            self._add(written, event.anchor)
        elif kind is AliasEvent:
            if (target := self.anchors.get(event.anchor)) is not None:
                self._add(target.repeated(event.start_mark.index, event.end_mark.index), None)
        elif kind is MappingStartEvent or kind is SequenceStartEvent:
            written = Written("map" if kind is MappingStartEvent else "list", event.start_mark.index, -1)
            written.block = not event.flow_style
            self._add(written, event.anchor)
            self.open.append(written)
        elif kind is MappingEndEvent or kind is SequenceEndEvent:
            self._close(event.end_mark.index)
        elif kind is DocumentEndEvent:
            self.anchors = {}
            self.nodes = 0

    def _add(self, written: Written, anchor: str | None) -> None:
        (self.open[-1].items if self.open else self.roots).append(written)
        self.nodes += 1
        if anchor is not None:
            written.anchor = anchor
            self.anchors[anchor] = written

    def _close(self, end: int) -> None:
        written = self.open.pop()
        written.closed = True
        # libyaml ends a collection in block style where the next token starts, after comments.
        written.end = written.items[-1].end if written.block and written.items else end


class _Expansion:
    """Follows aliases and `<<` from one document's root, within the limits of reading."""

    __slots__ = ("found", "limits", "source")

    def __init__(self, source: SourceText, limits: Limits) -> None:
        self.source: Final = source
        self.limits: Final = limits
        self.found: Final[Positions] = {}

    def found_in(self, root: Written) -> Positions:
        """Return the positions of a whole document."""
        self._visit(root, (), None)
        return self.found

    def _visit(self, written: Written, pointer: Pointer, key: Span | None) -> None:
        if len(pointer) > self.limits.depth or len(self.found) >= self.limits.nodes:
            return
        self.found[pointer] = (key, self._span(written))
        if written.kind == "list":
            for number, item in enumerate(written.items):
                self._visit(item, (*pointer, number), None)
        elif written.kind == "map":
            for name, (key_written, value) in _entries(written).items():
                self._visit(value, (*pointer, name), self._span(key_written))

    def _span(self, written: Written) -> Span:
        return self.source.span(written.start, written.end)


def _entries(written: Written) -> dict[str, tuple[Written, Written]]:
    """Return the keys of a map as `parse` has them: the first of equals, then what `<<` brings."""
    found: dict[str, tuple[Written, Written]] = {}
    merge: Written | None = None
    pairs = iter(written.items)
    for key, value in zip(pairs, pairs, strict=False):
        if key.kind != "scalar" or (key.plain and key.text in NULL_TEXTS):
            continue
        if key.plain and key.text == "<<":
            merge = merge or value
        else:
            found.setdefault(key.text, (key, value))
    for source in () if merge is None else merge.items if merge.kind == "list" else (merge,):
        if source.kind == "map":
            for name, pair in _entries(source).items():
                found.setdefault(name, pair)
    return found
