"""New YAML in the style of the file around it: indentation, quotes, maps and lists on one line or on several.

The only place that knows ruamel.yaml. It writes fragments, never a whole file: its round trip of a whole file would
align comments, fold lines and indent lists anew, and a one-word edit would change lines that nobody meant.
"""

from __future__ import annotations

from collections import Counter
from io import StringIO

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.nodes import ScalarNode
from ruamel.yaml.scalarstring import DoubleQuotedScalarString, LiteralScalarString, SingleQuotedScalarString

from kusion_render.yamlio import Plain, dump
from kusion_render.yamlio.scalars import scalar

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any, Final

    from kusion_render.edit.source import Source
    from kusion_render.yamlio import Written

_NEVER_FOLD: Final = 1 << 30
_NOT_FIRST: Final = frozenset("-?:,[]{}#&*!|>'\"%@`=<~.\t ")
_NOT_IN_FLOW: Final = frozenset(",[]{}")


class Style:
    """How a file is written, by what most of it does.

    `indent` is that of a map in a map, `dash` that of a list's dashes below their key, `quote` the preferred quotes,
    `flow` says that maps and lists which hold only scalars stand on one line.
    """

    __slots__ = ("dash", "flow", "indent", "quote")

    def __init__(self, source: Source) -> None:
        seen: Counter[tuple[str, object]] = Counter()
        for written, above in _walk(source.root, None) if source.root is not None else ():
            _note(written, above, source, seen)
        self.indent: Final = int(str(_most(seen, "indent", 2)))
        self.dash: Final = int(str(_most(seen, "dash", 2)))
        self.quote: Final = str(_most(seen, "quote", '"'))
        self.flow: Final = bool(_most(seen, "flow", otherwise=False))


def _walk(written: Written, above: Written | None) -> Iterator[tuple[Written, Written | None]]:
    """Yield each value as it is written, with the key or the list around it."""
    yield written, above
    if written.alias is None:
        for number, inner in enumerate(written.items):
            keyed = written.kind == "map" and number % 2 == 1
            yield from _walk(inner, written.items[number - 1] if keyed else written)


def _note(written: Written, above: Written | None, source: Source, seen: Counter[tuple[str, object]]) -> None:
    if written.kind == "scalar":
        if written.style in ("'", '"'):
            seen["quote", written.style] += 1
        return
    if written.items and all(item.kind == "scalar" for item in written.items):
        seen["flow", not written.block] += 1
    if not written.block or written.anchor or above is None or above.kind != "scalar":
        return
    deeper = source.column(written.start) - source.column(above.start)
    if written.kind == "list" and deeper >= 0:
        seen["dash", deeper] += 1
    elif written.kind == "map" and deeper > 0:
        seen["indent", deeper] += 1


def _most(seen: Counter[tuple[str, object]], what: str, otherwise: object) -> object:
    """Return what is seen most; of several the smallest, so that the answer is always the same."""
    counts = {answer: count for (kind, answer), count in seen.items() if kind == what}
    return min(counts, key=lambda answer: (-counts[answer], str(answer))) if counts else otherwise


class Pen:
    """Writes values in a style."""

    __slots__ = ("_style", "_yaml")

    def __init__(self, style: Style) -> None:
        self._style: Final = style
        self._yaml: Final = YAML()
        self._yaml.width = _NEVER_FOLD
        self._yaml.indent(mapping=style.indent, sequence=style.dash + 2, offset=style.dash)
        for kind in (Plain, float, type(None)):
            self._yaml.representer.add_representer(kind, _as_typed)

    def entry(self, key: str, value: Any, *, flow: bool, quote: str = "", key_quote: str = "") -> list[str]:
        """Return the lines of `key: value`; one line in flow style. A text takes the quotes given."""
        styled = CommentedMap()
        styled[self._text(key, key_quote, flow=True)] = self._styled(value, quote, flow=flow)
        if flow:
            styled.fa.set_flow_style()
        lines = self._dumped(styled)
        return [lines[0][1:-1]] if flow else lines

    def value(self, value: Any, *, flow: bool, quote: str = "", block: bool = False) -> tuple[str, list[str]]:
        """Return what follows the `:` on the key's line, and the lines below it, relative to the key.

        With `block` a map or a list has lines of its own, even where the file's short ones stand on one line.
        """
        styled = CommentedMap()
        styled["k"] = self._styled(value, quote, flow=flow)
        if flow:
            styled.fa.set_flow_style()
        elif block and isinstance(styled["k"], (CommentedMap, CommentedSeq)) and value:
            styled["k"].fa.set_block_style()
        lines = self._dumped(styled)
        return (lines[0][len("{k: ") : -1], []) if flow else (lines[0][len("k:") :].strip(" "), lines[1:])

    def lines(self, value: Any) -> list[str]:
        """Return the lines of a map in block style."""
        styled = self._styled(value, "", flow=False)
        styled.fa.set_block_style()
        return self._dumped(styled)

    def _dumped(self, styled: Any) -> list[str]:
        stream = StringIO()
        self._yaml.dump(styled, stream)
        return stream.getvalue().removesuffix("\n").split("\n")

    def _styled(self, value: Any, quote: str, *, flow: bool) -> Any:
        if not isinstance(value, (dict, list)):
            is_text = isinstance(value, str) and not isinstance(value, Plain)
            return self._text(value, quote, flow=flow) if is_text else value
        items = list(value.values()) if isinstance(value, dict) else value
        flow = flow or (self._style.flow and bool(items) and not any(isinstance(item, (dict, list)) for item in items))
        styled = [self._styled(item, "", flow=flow) for item in items]
        made: Any = CommentedSeq(styled)
        if isinstance(value, dict):
            made = CommentedMap(zip((self._text(key, "", flow=True) for key in value), styled, strict=True))
        if flow:
            made.fa.set_flow_style()
        return made

    def _text(self, text: str, quote: str, *, flow: bool) -> Any:  # Any: ruamel's kinds of text
        if "\n" in text and not flow and _fits_a_block(text):
            return LiteralScalarString(text)
        if not quote and _is_plain(text, flow=flow):
            return text
        quote = quote or self._style.quote
        return SingleQuotedScalarString(text) if quote == "'" and text.isprintable() else DoubleQuotedScalarString(text)


def _as_typed(representer: Any, value: Any) -> Any:
    """Write a scalar that is no text as it was typed, or as `dump` does; ruamel's own forms differ."""
    text = str(value) if isinstance(value, Plain) else dump(value).strip()
    tag = representer.serializer.resolver.resolve(ScalarNode, text, (True, False))
    return representer.represent_scalar(tag, text)


def _is_plain(text: str, *, flow: bool) -> bool:
    """Tell whether every reader takes a text without quotes for that text."""
    return (
        type(scalar(text)) is str
        and text.isprintable()
        and text[0] not in _NOT_FIRST
        and text[-1] not in " :"
        and ": " not in text
        and " #" not in text
        and not (flow and _NOT_IN_FLOW.intersection(text))
    )


def _fits_a_block(text: str) -> bool:
    """Tell whether a text with several lines can stand below `|` and show all that it holds."""
    return (
        text[0] not in " \n\t"
        and not text.endswith("\n\n")
        and all(line.isprintable() and line == line.rstrip() for line in text.replace("\t", "").split("\n"))
    )
