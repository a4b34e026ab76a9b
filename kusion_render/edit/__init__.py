"""Small edits of YAML files: one value set, one line taken out, everything else byte for byte as it was.

Comments, order, quotes, blank lines, line ends and the byte order mark stay, for only the stretch that is meant is
replaced. Afterwards the file is read again: it must hold the old data with that one change, or the edit is refused.
"""

from __future__ import annotations

from kusion_render.diagnostics import Diagnostics, Related, Rule, Span
from kusion_render.document import at, dotted, put
from kusion_render.edit.source import Source, merged, pairs, reach, walk
from kusion_render.edit.splicing import Splicing, spliced
from kusion_render.text import text as as_text
from kusion_render.yamlio import DEFAULT, Plain, parse
from kusion_render.yamlio.scalars import scalar

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any, Final

    from kusion_render.diagnostics import Pointer
    from kusion_render.edit.source import Step
    from kusion_render.edit.splicing import Splice
    from kusion_render.yamlio import Limits, Written

EDIT_PATH: Final = Rule("KR550", "edit-path")
EDIT_SHARED: Final = Rule("KR551", "edit-shared")
EDIT_LAYOUT: Final = Rule("KR553", "edit-layout")

_BY_HAND: Final = "edit this place by hand"


def set_value(
    content: bytes,
    file: str,
    pointer: Pointer,
    value: Any,  # Any: plain data as `setting.parse` gives it
    diagnostics: Diagnostics,
    *,
    text: bool = False,
    limits: Limits = DEFAULT,
) -> bytes | None:
    """Return a file with `value` at a place, maps on the way made; None after KR550, KR551 or KR553.

    `content` is of one document that `yamlio.parse` reads, a map or nothing. `None` is written as `null`. `text` says
    that the place holds text, so that a number may stand there in quotes. List items on the way must exist.
    """
    source = Source(content, file, limits)
    way = [] if source.root is None else reach(source.root, pointer)
    value, quote = _as_written(value, way[-1].value if len(way) > len(pointer) else None, text=text)
    if not _may_set(source, way, pointer, diagnostics):
        return None
    splices = _setting(source, way, pointer, value, quote)
    data = _data(content, file, limits)
    return _checked(source, splices, put(data, pointer, value), pointer, diagnostics, limits)


def unset_value(
    content: bytes, file: str, pointer: Pointer, diagnostics: Diagnostics, *, limits: Limits = DEFAULT
) -> bytes | None:
    """Return a file without what it writes at a place; None after KR550, KR551 or KR553.

    Maps and lists that hold nothing afterwards go too, for an empty key would delete what lies beneath.
    """
    source = Source(content, file, limits)
    way = [] if source.root is None else reach(source.root, pointer)
    if len(way) <= len(pointer):
        inner = way[-1].value if way else None
        where = source.span(inner) if inner is not None else Span(file)
        diagnostics.report(
            EDIT_PATH,
            f"`{dotted(pointer)}` is not written in {file}",
            where,
            help="`kusion-render explain` says where a value comes from",
        )
        return None
    if not _is_alone(source, way, diagnostics):
        return None
    while len(way) > 2 and len(_entries(way[-2].value)) == 1:
        way.pop()
    splices = Splicing(source).remove(way[-1], way[-2].value)
    expected = _less(_data(content, file, limits), pointer[: len(way) - 1])
    return _checked(source, splices, expected, pointer, diagnostics, limits)


def _entries(written: Written) -> Sequence[object]:
    return pairs(written) if written.kind == "map" else written.items


def _setting(source: Source, way: list[Step], pointer: Pointer, value: Any, quote: str) -> list[Splice]:
    splicing = Splicing(source)
    if source.root is None:
        return splicing.append(_nested(pointer, value))
    rest = pointer[len(way) - 1 :]
    if not rest:
        return splicing.replace(way, value, quote)
    around = way[-1].value
    if around.kind == "scalar":
        return splicing.replace(way, _nested(rest, value), "")
    if len(way) == 1 and not around.items:
        return splicing.fill(around, _nested(pointer, value))
    return splicing.insert(around, str(rest[0]), _nested(rest[1:], value))


def _nested(pointer: Pointer, value: Any) -> Any:
    for step in reversed(pointer):
        value = {str(step): value}
    return value


def _as_written(value: Any, old: Written | None, *, text: bool) -> tuple[Any, str]:
    """Return a value as it will be read back, and the quotes for it: those of the text that it replaces."""
    quote = old.style if old is not None and old.style in ("'", '"') and old.alias is None else ""
    if isinstance(value, Plain):
        return (str(value), quote) if text else (value, "")
    if isinstance(value, str):
        return value, quote
    return (as_text(value), quote) if text and quote and isinstance(value, (bool, int, float)) else (value, "")


def _may_set(source: Source, way: list[Step], pointer: Pointer, diagnostics: Diagnostics) -> bool:
    """Report a place that can't be reached, or that other places share."""
    rest = pointer[len(way) - 1 :] if way else pointer
    if not way:
        return _has_keys_only(source, rest, None, diagnostics)
    last = way[-1].value
    if rest and last.alias is not None:
        return _report_alias(source, last, last.alias, pointer, diagnostics)
    if len(rest) > 1 and last.kind == "map":
        brought = merged(last, rest[0])
        if brought is not None:
            return _report_alias(source, last, brought, pointer, diagnostics)
    if rest and not (last.kind == "map" or _is_null(last)):
        diagnostics.report(
            EDIT_PATH,
            f"`{dotted(pointer)}` leads into {'a list without such an item' if last.kind == 'list' else 'a single value'}",
            source.span(last),
            help="set the whole list, as `PATH=[…]`"
            if last.kind == "list"
            else "set this value itself, or unset it first",
        )
        return False
    return _has_keys_only(source, rest, last, diagnostics) and _is_alone(source, way, diagnostics, whole=not rest)


def _has_keys_only(source: Source, rest: Pointer, last: Written | None, diagnostics: Diagnostics) -> bool:
    if all(isinstance(step, str) for step in rest):
        return True
    diagnostics.report(
        EDIT_PATH,
        f"`{dotted(rest)}` asks for an item of a list that is not written in {source.file}",
        source.span(last) if last is not None else Span(source.file),
        help="set the whole list, as `PATH=[…]`",
    )
    return False


def _is_null(written: Written) -> bool:
    return written.kind == "scalar" and written.plain and scalar(written.text) is None


def _report_alias(source: Source, place: Written, target: Written, pointer: Pointer, diagnostics: Diagnostics) -> bool:
    diagnostics.report(
        EDIT_SHARED,
        f"`{dotted(pointer)}` lies in a value that other places of the file share",
        source.span(place),
        help="edit the anchor by hand if all are meant, else write the value out here",
        related=[Related("it is written here", source.span(target))],
    )
    return False


def _is_alone(source: Source, way: list[Step], diagnostics: Diagnostics, *, whole: bool = True) -> bool:
    """Report a change of what an alias elsewhere repeats; `whole`: the last value goes, with all in it."""
    shared = source.shared()
    changed = [step.value for step in way]
    if whole and way[-1].value.alias is None:
        changed += walk(way[-1].value)
    for written in changed:
        if written.alias is None and written.anchor in shared:
            diagnostics.report(
                EDIT_SHARED,
                f"the anchor `&{written.anchor}` makes this value that of other places too",
                source.span(written),
                help="edit it by hand if all of them are meant, else write the value out where the alias stands",
                related=[Related("used here", source.span(shared[written.anchor]))],
            )
            return False
    return True


def _data(content: bytes, file: str, limits: Limits) -> Any:
    parsed = parse(content, file, Diagnostics(), limits=limits)
    return parsed.data if parsed is not None and parsed.data is not None else {}


def _less(data: Any, pointer: Pointer) -> Any:
    """Return data without what stands at a place."""
    inside, step = at(data, pointer[:-1]), pointer[-1]
    left: Any = (
        [item for number, item in enumerate(inside) if number != step]
        if isinstance(inside, list)
        else {key: value for key, value in inside.items() if key != step}
    )
    return put(data, pointer[:-1], left)


def _checked(
    source: Source,
    splices: Sequence[Splice],
    expected: Any,
    pointer: Pointer,
    diagnostics: Diagnostics,
    limits: Limits,
) -> bytes | None:
    """Return the new content if it reads as expected, else None after KR553."""
    content = source.encoded(spliced(source.text, splices))
    found = Diagnostics()
    parsed = parse(content, source.file, found, limits=limits)
    data = parsed.data if parsed is not None and parsed.data is not None else {}
    if parsed is not None and not found.failed and _alike(data, expected):
        return content
    way = reach(source.root, pointer) if source.root is not None else []
    diagnostics.report(
        EDIT_LAYOUT,
        f"`{dotted(pointer)}` can't be changed without writing more of the file anew",
        source.span(way[-1].value) if way else Span(source.file),
        help=_BY_HAND,
    )
    return None


def _alike(one: Any, other: Any) -> bool:
    """Tell whether two values are the same, and of the same types."""
    if type(one) is not type(other):
        return False
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(_alike(one[key], other[key]) for key in one)
    if isinstance(one, list):
        return len(one) == len(other) and all(map(_alike, one, other))
    return bool(one == other)
