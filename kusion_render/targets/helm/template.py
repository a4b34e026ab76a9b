"""A manifest with holes, and the text of the Helm template that it is.

Objects are written as YAML and Go's template actions stand between or in place of their lines. What comes from users
is never read as an action: `{{` is escaped in one place, here.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from kusion_render.yamlio import dump

if TYPE_CHECKING:
    from collections.abc import Sequence

OPENING: Final = "{{"
_STEP: Final = "  "
_WIDTH: Final = 60


@dataclass(frozen=True)
class Literal:
    """Plain data, the same for all values."""

    value: Any


@dataclass(frozen=True)
class Expression:
    """Go template code that prints one scalar of YAML."""

    code: str


@dataclass(frozen=True)
class Block:
    """Go template code that prints a whole map or list of YAML, which is then indented.

    `condition` counts where it is one of several parts of a map.
    """

    code: str
    condition: str = ""


@dataclass(frozen=True)
class Field:
    """A field of a map, or an item of a list without a key; it is there if `condition` holds, or is empty."""

    node: Node
    key: str = ""
    condition: str = ""


@dataclass(frozen=True)
class Fields:
    """A map; what `blocks` print stands before its fields."""

    fields: Sequence[Field]
    blocks: Sequence[Block] = field(default=())


@dataclass(frozen=True)
class Items:
    """A list."""

    items: Sequence[Field]


@dataclass(frozen=True)
class Loop:
    """A list with an item for each value of a list; `variable` stands for the value in the item."""

    code: str
    variable: str
    item: Node


Node: TypeAlias = Literal | Expression | Block | Fields | Items | Loop


def template(node: Node, condition: str = "") -> str:
    """Return the text of the template file of one object."""
    lines = _guarded(condition, "", _value(node, ""))
    return "".join(f"{line}\n" for line in lines)


def escaped(text: str) -> str:
    """Return text that a Go template prints as it is."""
    return text.replace(OPENING, '{{ "{{" }}')


def go_text(text: str) -> str:
    """Return a string as Go writes it."""
    return '"' + "".join(_go_character(character) for character in text) + '"'


def go_list(texts: Sequence[str]) -> str:
    """Return a list of strings as Go's templates write it, on several lines where it is long."""
    line = f"(list {' '.join(map(go_text, texts))})"
    if len(line) <= _WIDTH:
        return line
    return "(list\n" + "\n".join(f"    {go_text(text)}" for text in texts) + ")"


def _go_character(character: str) -> str:
    code = ord(character)
    if character in '"\\':
        return f"\\{character}"
    if 0x20 <= code < 0x7F:
        return character
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def _guarded(condition: str, pad: str, lines: list[str]) -> list[str]:
    return [f"{pad}{{{{- if {condition} }}}}", *lines, f"{pad}{{{{- end }}}}"] if condition else lines


def _value(node: Node, pad: str) -> list[str]:
    """Return the lines of a map or list that begins at `pad`."""
    if isinstance(node, Literal):
        return _literal(node.value, pad)
    if isinstance(node, Fields):
        lines = [line for each in node.blocks for line in _guarded(each.condition, pad, [_block(each, pad)])]
        for each in node.fields:
            lines += _guarded(each.condition, pad, _field(each, pad))
        return lines
    if isinstance(node, Items):
        lines = []
        for each in node.items:
            lines += _guarded(each.condition, pad, _item(each.node, pad))
        return lines
    if isinstance(node, Loop):
        start = f"{pad}{{{{- range ${node.variable} := {node.code} }}}}"
        return [start, *_item(node.item, pad), f"{pad}{{{{- end }}}}"]
    assert isinstance(node, Block), node  # noqa: S101 - an expression is no map or list
    return [_block(node, pad)]


def _block(block: Block, pad: str) -> str:
    return f"{pad}{{{{- {block.code} | nindent {len(pad)} }}}}"


def _field(each: Field, pad: str) -> list[str]:
    node = each.node
    if isinstance(node, Literal) and (_fits(node.value) or not isinstance(node.value, (dict, list, str))):
        return _literal({each.key: node.value}, pad)
    key = _literal({each.key: 0}, pad)[0].removesuffix("0").rstrip()
    if isinstance(node, Literal) and isinstance(node.value, str):
        node = Expression(f"{go_text(node.value)} | quote")
    if isinstance(node, Expression):
        return [f"{key} {{{{ {node.code} }}}}"]
    # A list may begin where its key does; kubectl and our own manifests write it so.
    listed = isinstance(node, (Items, Loop)) or (isinstance(node, Literal) and isinstance(node.value, list))
    return [key, *_value(node, pad if listed else pad + _STEP)]


def _item(node: Node, pad: str) -> list[str]:
    if isinstance(node, Literal) and isinstance(node.value, str) and not _fits(node.value):
        node = Expression(f"{go_text(node.value)} | quote")
    if isinstance(node, Expression):
        return [f"{pad}- {{{{ {node.code} }}}}"]
    if isinstance(node, Literal) and (_fits(node.value) or not isinstance(node.value, (dict, list))):
        return _literal([node.value], pad)
    lines = _value(node, pad + _STEP)
    first = lines[0].removeprefix(pad + _STEP)
    return [f"{pad}-", *lines] if first.startswith(OPENING) else [f"{pad}- {first}", *lines[1:]]


def _literal(value: Any, pad: str) -> list[str]:
    if not _fits(value):
        if isinstance(value, dict):
            return _value(Fields([Field(Literal(inner), key) for key, inner in value.items()]), pad)
        return _value(Items([Field(Literal(inner)) for inner in value]), pad)
    text = escaped(dump(value))
    return [pad + line if line else line for line in text.removesuffix("\n").split("\n")]


def _fits(value: Any) -> bool:
    """Tell whether no text in it ends in blank lines, which a `{{-` behind it would eat."""
    if isinstance(value, str):
        return not value.endswith("\n\n")
    if isinstance(value, dict):
        return all(_fits(inner) for inner in value.values())
    return all(_fits(inner) for inner in value) if isinstance(value, list) else True
