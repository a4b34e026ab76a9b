"""Edits of YAML text: one value set or taken out, every other byte as it was."""

from __future__ import annotations

import difflib
from textwrap import dedent
from typing import TYPE_CHECKING, Any, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kusion_render.diagnostics import Diagnostics
from kusion_render.document import MISSING, at, put
from kusion_render.edit import set_value, unset_value
from kusion_render.setting import parse as parse_setting
from kusion_render.yamlio import parse, positions

if TYPE_CHECKING:
    from collections.abc import Callable

    from kusion_render.diagnostics import Pointer

FILE: Final = "shop/prod/app.yaml"


def change(before: str, setting: str, *, text: bool = False) -> str:
    """Return a file after a setting, or the codes and places of the diagnostics."""
    pointer, value = parse_setting(setting)
    found = Diagnostics()
    after = set_value(before.encode(), FILE, pointer, value, found, text=text)
    return after.decode() if after is not None else told(found)


def take_out(before: str, path: str) -> str:
    """Return a file without a value, or the codes and places of the diagnostics."""
    found = Diagnostics()
    after = unset_value(before.encode(), FILE, parse_setting(f"{path}=null")[0], found)
    return after.decode() if after is not None else told(found)


def told(found: Diagnostics) -> str:
    """Return diagnostics as codes and lines, second places included."""
    return " ".join(
        f"{item.rule.code}:{item.span.line if item.span else 0}"
        + "".join(f"+{other.where.line}" for other in item.related if hasattr(other.where, "line"))
        for item in found.items
    )


# What a scalar's new text looks like, by what stood there. Each row: the line before, the setting's value, the line after.
SCALARS: Final = [
    ("a: 1", "2", "a: 2"),
    ("a:   1   # why", "2", "a:   2   # why"),
    ("a: 1\t# a tab", "2", "a: 2\t# a tab"),
    ('a: "x"', "v", 'a: "v"'),
    ("a: 'x'", "it's", "a: 'it''s'"),
    ('a: "x"', 'say "so"', r'a: "say \"so\""'),
    ("a: x", "y: z", 'a: "y: z"'),
    ("a: x", "y #z", 'a: "y #z"'),
    ("a: x", '"8080"', 'a: "8080"'),
    ("a: x", '"yes"', 'a: "yes"'),
    ("a: x", '"null"', 'a: "null"'),
    ("a: x", '""', 'a: ""'),
    ("a: x", '"- b"', 'a: "- b"'),
    ("a: x", '"*b"', 'a: "*b"'),
    ("a: x", r'"a\u0007b"', r'a: "a\ab"'),
    ("a: x", "héllo wörld ☃", "a: héllo wörld ☃"),
    ("a: x", "null", "a: null"),
    ("a: x", "true", "a: true"),
    ("a: x", "1.5", "a: 1.5"),
    ("a:", "1", "a: 1"),
    ("a: # none yet", "1", "a: 1 # none yet"),
    ("a: {}", "1", "a: 1"),
    ("a: [1, 2]  # two", "[3]", "a: [3]  # two"),
    ("a: {b: 1}", '{"c": "x, y"}', 'a: {c: "x, y"}'),
    ("a: &here 1", "2", "a: &here 2"),
    ("? a\n  : 1", "2", "? a\n  : 2"),
    ("a: " + "long " * 60 + "end", "short", "a: short"),
    ("a: x", "long " * 60 + "end", "a: " + "long " * 60 + "end"),
    ("a: one\n    two\n    three  # folded", "four", "a: four  # folded"),
    ('a: registry.example/web:1.0 # {"$imagepolicy": "flux-system:web"}', "registry.example/web:2.0",
     'a: registry.example/web:2.0 # {"$imagepolicy": "flux-system:web"}'),
    ('a: "1.0" # {"$imagepolicy": "flux-system:web:tag"}', '"1.1"', 'a: "1.1" # {"$imagepolicy": "flux-system:web:tag"}'),
    ("a: |  # a script\n    one\n    two", r'"three\nfour\n"', "a: |  # a script\n    three\n    four"),
    ("a: |\n    one\n    two", "three", "a: three"),
    ("a: >-\n    one\n    two", r'"three\nfour"', "a: |-\n    three\n    four"),
    ("a: x # why", r'"b\nc\n"', "a: | # why\n    b\n    c"),
    ("a: x", r'"b \nc\n"', r'a: "b \nc\n"'),
    ("a:\n    b: 1\n    # gone with it\n    c: 2", "3", "a: 3"),
    ("a: # kept\n    b: 1", "3", "a: 3 # kept"),
    ("a: 1 # kept", '{"b": {"c": 2}}', "a: # kept\n    b:\n      c: 2"),
    ("a:\n  - 1\n  - 2", "[3]", "a:\n  - 3"),
]  # fmt: skip


@pytest.mark.parametrize(("before", "value", "after"), SCALARS)
def test_a_value_is_replaced_in_its_place(before: str, value: str, after: str) -> None:
    """Only the value's own text changes: not its comment, its neighbours, its anchor or the blanks around it."""
    frame = "# above\n\nweb:\n  z: 0 # before\n  {}\n\n  # below\n  y:   9\n".replace

    assert frame("{}", after) == change(frame("{}", before), f"web.a={value}")


@pytest.mark.parametrize(("before", "value", "after"), SCALARS)
def test_line_ends_and_the_byte_order_mark_stay(before: str, value: str, after: str) -> None:
    """A file with CRLF and a mark keeps both, and new lines have the same end."""
    whole = "\ufeffweb:\n  {}\n  y: 9".replace

    assert whole("{}", after).replace("\n", "\r\n") == change(
        whole("{}", before).replace("\n", "\r\n"), f"web.a={value}"
    )


@pytest.mark.parametrize(
    ("before", "value", "after"),
    [
        ("a: 1", "2", "a: 2"),
        ("a: x", "1.10", 'a: "1.10"'),
        ("a: x", "yes", 'a: "yes"'),
        ("a: x", "0755", 'a: "0755"'),
        ("a: x", "8080", "a: 8080"),
        ('a: "1"', "2", 'a: "2"'),
        ("a: '1'", "true", "a: 'true'"),
        ('a: "1"', "null", "a: null"),
        ("", "on", 'a: "on"'),
    ],
)
def test_where_text_is_wanted_it_is_quoted_where_readers_disagree(before: str, value: str, after: str) -> None:
    """What is no plain text to some reader gets quotes, and quotes that were there stay."""
    assert f"web:\n  z: 1\n  {after}\n" == change(
        f"web:\n  z: 1\n  {before}\n".replace("  \n", ""), f"web.a={value}", text=True
    )


# Keys added: the file, the setting, and the file afterwards.
ADDED: Final = {
    "an empty file": ("", "web.a.b=1", "web:\n  a:\n    b: 1\n"),
    "only comments": ("# one\n\n# two\n", "web.a=1", "# one\n\n# two\nweb:\n  a: 1\n"),
    "only a comment, no line end": ("# one", "web.a=1", "# one\nweb:\n  a: 1"),
    "a document start": ("---\n# one\n", "web.a=1", "---\n# one\nweb:\n  a: 1\n"),
    "a document start and an app": ("---\nweb:\n  a: 1\n", "web.b=2", "---\nweb:\n  a: 1\n  b: 2\n"),
    "a document end": ("web:\n  a: 1\n...\n", "web.b=2", "web:\n  a: 1\n  b: 2\n...\n"),
    "an empty map": ("{}\n", "web.a=1", "web:\n  a: 1\n"),
    "an empty map after its mark": ("--- {}\n", "web.a=1", "--- \nweb:\n  a: 1\n"),
    "another app": ("api:\n  a: 1\n", "web.b=2", "api:\n  a: 1\nweb:\n  b: 2\n"),
    "no line end": ("web:\n  a: 1", "web.b=2", "web:\n  a: 1\n  b: 2"),
    "a comment at the end": ("web:\n  a: 1 # one\n# end\n", "web.b=2", "web:\n  a: 1 # one\n  b: 2\n# end\n"),
    "blank lines at the end": ("web:\n  a: 1\n\n\napi: {}\n", "web.b=2", "web:\n  a: 1\n  b: 2\n\n\napi: {}\n"),
    "wide indentation": ("web:\n    a:\n        b: 1\n", "web.c.d=2", "web:\n    a:\n        b: 1\n    c:\n        d: 2\n"),
    "dashes under their key": ("web:\n  l:\n  - 1\n", "web.m=[2]", "web:\n  l:\n  - 1\n  m:\n  - 2\n"),
    "dashes further in": ("web:\n  l:\n    - 1\n", "web.m=[2]", "web:\n  l:\n    - 1\n  m:\n    - 2\n"),
    "short ones on one line": ("web:\n  l: [1]\n", 'web.m={"a": ["b"]}', "web:\n  l: [1]\n  m:\n    a: [b]\n"),
    "in braces": ("web: {a: 1}\n", "web.b.c=2", "web: {a: 1, b: {c: 2}}\n"),
    "in braces with blanks": ("web: { a: 1 }\n", "web.b=2", "web: { a: 1, b: 2 }\n"),
    "in empty braces": ("web: {} # none\n", "web.b=2", "web: {b: 2} # none\n"),
    "in braces, text": ("web: {a: 1}\n", "web.b=x,y", 'web: {a: 1, b: "x,y"}\n'),
    "a comma at the end": ("web: {a: 1,}\n", "web.b=2", "web: {a: 1, b: 2,}\n"),
    "a line each": ("web: {\n  a: 1, # one\n  b: 2 # two\n}\n", "web.c=3",
                    "web: {\n  a: 1, # one\n  b: 2, # two\n  c: 3\n}\n"),
    "a line each, all with commas": ("web: {\n  a: 1,\n  b: 2, # two\n}\n", "web.c=3",
                                     "web: {\n  a: 1,\n  b: 2, # two\n  c: 3,\n}\n"),
    "as in JSON": ('{"web":{"a":1}}', "web.b=x", '{"web":{"a":1, "b": x}}'),
    "quoted keys": ('"web":\n  "a": 1\n', "web.b=2", '"web":\n  "a": 1\n  "b": 2\n'),
    "single quotes": ("web:\n  a: 'x'\n", "web.b=y: z", "web:\n  a: 'x'\n  b: 'y: z'\n"),
    "an odd key": ("web:\n  a: 1\n", 'web["on"].yes=2', 'web:\n  a: 1\n  "on":\n    "yes": 2\n'),
    "into an empty key": ("web: # to do\napi: {}\n", "web.a=1", "web: # to do\n  a: 1\napi: {}\n"),
    "into null": ("web:\n  a: ~\n", "web.a.b=1", "web:\n  a:\n    b: 1\n"),
    "into an item": ("web:\n  l:\n  - a: 1\n    b: 2\n  - c\n", "web.l[0].d=3",
                     "web:\n  l:\n  - a: 1\n    b: 2\n    d: 3\n  - c\n"),
    "an item": ("web:\n  l:\n  - a\n  - b # two\n", "web.l[1]=c", "web:\n  l:\n  - a\n  - c # two\n"),
    "an empty item": ("web:\n  l:\n  -\n  - b\n", 'web.l[0]={"x": 1, "v": 2}',
                      "web:\n  l:\n  - x: 1\n    v: 2\n  - b\n"),
    "an item that is a map": ("web:\n  l:\n  - a: 1\n    b: 2\n  - c\n", 'web.l[0]={"x": 1, "v": 2}',
                              "web:\n  l:\n  - x: 1\n    v: 2\n  - c\n"),
    "after a block": ("web:\n  a: |\n    x\n\napi: {}\n", "web.b=1", "web:\n  a: |\n    x\n  b: 1\n\napi: {}\n"),
    "after a block that keeps": ("web:\n  a: |+\n    x\n\napi: {}\n", "web.b=1",
                                 "web:\n  a: |+\n    x\n\n  b: 1\napi: {}\n"),
    "beside what << brings": ("_x: &x {a: 1}\nweb:\n  <<: *x\n", "web.a=2", "_x: &x {a: 1}\nweb:\n  <<: *x\n  a: 2\n"),
    "in the place of an alias": ("_x: &x {a: 1}\nweb:\n  b: *x # why\n", "web.b=2",
                                 "_x: &x {a: 1}\nweb:\n  b: 2 # why\n"),
    "below an anchor nobody uses": ("web: &web\n  a: 1\n", "web.b=2", "web: &web\n  a: 1\n  b: 2\n"),
    "after an alias": ("_x: &x {a: 1}\nweb:\n  b: *x\n", "web.c=2", "_x: &x {a: 1}\nweb:\n  b: *x\n  c: 2\n"),
}  # fmt: skip


@pytest.mark.parametrize("case", ADDED)
def test_a_key_is_added_in_the_file_s_own_style(case: str) -> None:
    """A new key has the indentation, the quotes and the braces of what is around it."""
    before, setting, after = ADDED[case]

    assert after == change(before, setting)


# Values taken out: the file, the path, and the file afterwards.
TAKEN: Final = {
    "a line": ("web:\n  a: 1 # one\n  # about b\n  b: 2\n", "web.a", "web:\n  # about b\n  b: 2\n"),
    "the last line": ("web:\n  a: 1\n  b: 2", "web.b", "web:\n  a: 1"),
    "with CRLF": ("web:\r\n  a: 1\r\n  b: 2", "web.b", "web:\r\n  a: 1"),
    "a map": ("web:\n  a:\n    c: 1\n    d: 2\n\n  b: 2\n", "web.a", "web:\n\n  b: 2\n"),
    "a map that it empties": ("web:\n  a:\n    c:\n      d: 1\n  b: 2\n", "web.a.c.d", "web:\n  b: 2\n"),
    "all": ("# top\nweb:\n  a: 1\n", "web.a", "# top\n"),
    "in braces, first": ("web: {a: 1, b: 2}\n", "web.a", "web: {b: 2}\n"),
    "in braces, last": ("web: {a: 1, b: 2}\n", "web.b", "web: {a: 1}\n"),
    "in braces, alone": ("web: {a: {c: 1}, b: 2}\n", "web.a.c", "web: {b: 2}\n"),
    "an item": ("web:\n  l:\n  - a\n  - b\n", "web.l[0]", "web:\n  l:\n  - b\n"),
    "of an item, first": ("web:\n  l:\n  - a: 1\n    b: 2\n", "web.l[0].a", "web:\n  l:\n  - b: 2\n"),
    "a block": ("web:\n  a: |\n    x\n    y\n  b: 2\n", "web.a", "web:\n  b: 2\n"),
    "an alias": ("_x: &x 1\nweb:\n  a: *x\n  b: 2\n", "web.a", "_x: &x 1\nweb:\n  b: 2\n"),
}  # fmt: skip


@pytest.mark.parametrize("case", TAKEN)
def test_a_value_is_taken_out_with_its_line(case: str) -> None:
    """What holds nothing afterwards goes too, for an empty key would delete what lies beneath."""
    before, path, after = TAKEN[case]

    assert after == take_out(before, path)


# What is refused: the file, the setting, and the codes with the lines of both places.
REFUSED: Final = {
    "an anchor in use": ("web:\n  a: &x 1\n  b: *x\n", "web.a=2", "KR551:2+3"),
    "in an anchor in use": ("web:\n  a: &x {c: 1}\n  b: *x\n", "web.a.c=2", "KR551:2+3"),
    "around an anchor in use": ("web:\n  a:\n    c: &x 1\n  b: *x\n", "web.a=2", "KR551:3+4"),
    "through an alias": ("_x: &x {a: 1}\nweb: {b: *x}\n", "web.b.a=2", "KR551:2+1"),
    "through <<": ("_x: &x {a: {c: 1}}\nweb:\n  <<: *x\n", "web.a.c=2", "KR551:3+1"),
    "through <<, a list": ("_x: &x {a: {c: 1}}\nweb:\n  <<: [*x]\n", "web.a.c=2", "KR551:3+1"),
    "no such item": ("web:\n  l: [1]\n", "web.l[1]=2", "KR550:2"),
    "into a scalar": ("web:\n  a: 1\n", "web.a.b=2", "KR550:2"),
    "an item of nothing": ("web:\n  a: 1\n", "web.l[0]=2", "KR550:2"),
    "a shared key": ("web:\n  &x a: 1\n  b: *x\n  c: 1\n", "web.c=3", "web:\n  &x a: 1\n  b: *x\n  c: 3\n"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_other_places_share_is_refused(case: str) -> None:
    """An edit that would change other places too, or that leads nowhere, says so, with both places."""
    before, setting, said = REFUSED[case]

    assert said == change(before, setting)


@pytest.mark.parametrize(("path", "said"), [("web.a", "KR551:2+3"), ("web.c", "KR550:2"), ("api.c", "KR550:1")])
def test_what_is_not_there_or_shared_is_not_taken_out(path: str, said: str) -> None:
    """Taking out an anchor in use would break the aliases."""
    assert said == take_out("web:\n  a: &x 1\n  b: *x\n", path)


# Random files: data written in random styles, with comments and blank lines wherever they may stand.

KEYS: Final = st.sampled_from(["a", "b", "name", "on", "8080", "x.y", "key with blanks", "ключ", "-"])
SCALAR_VALUES: Final = st.one_of(
    st.integers(-5, 10**6),
    st.booleans(),
    st.none(),
    st.sampled_from(["", "yes", "1.10", "a: b", "x # y", "'", '"', "a\nb\n", "a\n\n", " a", "tab\there", "☃", "null", "\\", "- x", "{a}", "1e3"]),
    st.text(max_size=12).filter(lambda text: text.encode("utf-8", "ignore").decode() == text),
)  # fmt: skip
VALUES: Final = st.recursive(
    SCALAR_VALUES,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(KEYS, inner, max_size=3)),
    max_leaves=6,
)
TREES: Final = st.dictionaries(
    st.sampled_from(["web", "api", "job"]), st.dictionaries(KEYS, VALUES, max_size=3), max_size=3
)


def quoted(text: str) -> str:
    """Write a text in double quotes."""
    return '"' + "".join(c if c.isprintable() and c not in '"\\' else f"\\U{ord(c):08x}" for c in text) + '"'


def in_flow(value: Any) -> str:
    """Write a value on one line."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{quoted(key)}: {in_flow(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(in_flow(item) for item in value) + "]"
    if isinstance(value, str):
        return quoted(value)
    return "null" if value is None else str(value).lower()


def in_block(value: Any, indent: int, step: int, choose: Callable[[], int]) -> list[str]:
    """Write a map or a list on lines of its own, in a style that `choose` decides line by line."""
    lines: list[str] = []
    pad = " " * indent
    entries = value.items() if isinstance(value, dict) else [(None, item) for item in value]
    for key, item in entries:
        lines += [[], [""], [f"{pad}# about it"], ["# at the margin", ""]][choose()]
        bare = key is not None and key.isalpha() and key != "on" and not choose()
        head = f"{pad}-" if key is None else f"{pad}{key if bare else quoted(key)}:"
        comment = ["", "  # why", "\t# tab", ""][choose()]
        if isinstance(item, (dict, list)) and item and choose():
            lines += [head + comment.replace("\t", " "), *in_block(item, indent + step, step, choose)]
        else:
            lines.append(f"{head} {in_flow(item)}{comment}")
    return lines


@st.composite
def files(draw: st.DrawFn) -> tuple[str, dict[str, Any]]:
    """Return a file and what it holds."""
    data = draw(TREES)
    choices = draw(st.lists(st.integers(0, 3), min_size=1, max_size=40))
    count = [0]

    def choose() -> int:
        count[0] += 1
        return choices[count[0] % len(choices)]

    lines = in_block(data, 0, draw(st.sampled_from([2, 3, 4])), choose)
    newline = draw(st.sampled_from(["\n", "\r\n"]))
    text = newline.join([*(["---"] if choose() == 1 else []), *lines, *(["# the end"] if choose() else [])])
    return ("\ufeff" if choose() == 1 else "") + text + (newline if choose() else ""), data


def read(content: bytes) -> Any:
    """Return what a file holds; it must be readable."""
    found = Diagnostics()
    parsed = parse(content, FILE, found)
    assert parsed is not None, content
    assert not found.items, [item.message for item in found.items]
    return parsed.data or {}


def all_pointers(data: Any, pointer: Pointer = ()) -> list[Pointer]:
    """Return every place in data."""
    inner = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    return [each for step, item in inner for each in ((*pointer, step), *all_pointers(item, (*pointer, step)))]


def touched(before: str, after: str) -> set[int]:
    """Return the numbers of the lines of a file that an edit has changed or removed."""
    matcher = difflib.SequenceMatcher(
        None, before.splitlines(keepends=True), after.splitlines(keepends=True), autojunk=False
    )
    return {line + 1 for tag, start, end, _, _ in matcher.get_opcodes() if tag != "equal" for line in range(start, end)}


def own_lines(text: str, pointer: Pointer) -> set[int]:
    """Return the numbers of the lines that a value and its key or dash stand on."""
    key, span = positions(text.encode(), FILE).get(pointer, (None, None))
    if span is None:
        return set()
    lines = text.removeprefix("\ufeff").splitlines()
    start = (key or span).line
    if key is None and not lines[start - 1][: span.column - 1].strip():
        start -= 1
        while lines[start - 1].strip().partition("#")[0] == "":
            start -= 1
    return set(range(start, span.end_line + 1))


@settings(max_examples=200, deadline=None)
@given(files(), st.data(), VALUES)
def test_only_what_is_meant_changes(written: tuple[str, dict[str, Any]], data: st.DataObject, value: Any) -> None:
    """After an edit the data is the old data with that change, and no other line is another."""
    text, _ = written
    content = text.encode()
    old = read(content)
    places = [place for place in all_pointers(old) if len(place) > 1]
    maps = [(name,) for name in ("web", "new")] + [place for place in places if isinstance(at(old, place), dict)]
    pointer = data.draw(st.sampled_from(places) if places and data.draw(st.booleans()) else st.sampled_from(maps))
    if len(pointer) == 1 or isinstance(at(old, pointer), dict):
        pointer = (*pointer, *data.draw(st.lists(KEYS, min_size=1, max_size=2)))
    around = [at(old, pointer[:depth]) for depth in range(1, len(pointer))]
    for each, step in zip(around, pointer[1:], strict=True):
        leads = isinstance(each, dict) or each in (None, MISSING) or (isinstance(each, list) and isinstance(step, int))
        if not leads:
            return  # into a list or a single value, which is refused
    found = Diagnostics()

    after = set_value(content, FILE, pointer, value, found)

    assert after is not None, (text, pointer, value, told(found))
    assert put(old, pointer, value) == read(after)
    others = touched(text, after.decode()) - own_lines(text, pointer)
    # A new key in braces changes their line; the last line of a file without a line end gets one.
    assert len(others) <= 1, (text, pointer, value, after.decode())


@settings(max_examples=150, deadline=None)
@given(files(), st.data())
def test_taking_out_leaves_all_else(written: tuple[str, dict[str, Any]], data: st.DataObject) -> None:
    """What is left is the old data without the place, and without what it has emptied."""
    text, _ = written
    content = text.encode()
    old = read(content)
    places = [place for place in all_pointers(old) if len(place) > 1]
    if not places:
        return
    pointer = data.draw(st.sampled_from(places))
    found = Diagnostics()

    after = unset_value(content, FILE, pointer, found)

    assert after is not None, (text, pointer, told(found))
    remaining = {place for place in all_pointers(read(after)) if not any(isinstance(step, int) for step in place)}
    gone = {place for place in all_pointers(old) if not any(isinstance(step, int) for step in place)} - remaining
    assert all(place[: len(pointer)] == pointer or pointer[: len(place)] == place for place in gone)
    assert all(
        line in text.removeprefix("\ufeff").splitlines() or "{" in line or "[" in line or "-" in line
        for line in after.decode("utf-8-sig").splitlines()
    )


def test_a_thousand_keys_stay_in_order() -> None:
    """A large file is edited as a small one, in its middle."""
    lines = [f"  k{number}: {number} # {number}" for number in range(1000)]
    before = "\n".join(["web:", *lines, ""])

    after = change(before, "web.k500=x")

    assert [line.replace(": 500 ", ": x ") for line in before.splitlines()] == after.splitlines()


def test_the_text_of_a_dedented_example() -> None:
    """Several edits of one file, one after another, are each the smallest."""
    text = dedent(
        """\
        # The shop.
        web:
          workload:
            containers:
              web:
                image: registry.example/web:1.0.0   # {"$imagepolicy": "shop:web"}
                env: {A: 1}
        """
    )
    for setting in (
        "web.workload.containers.web.image=registry.example/web:1.0.1",
        "web.workload.containers.web.env.B=2",
        "web.workload.replicas=2",
    ):
        text = change(text, setting)

    assert text == dedent(
        """\
        # The shop.
        web:
          workload:
            containers:
              web:
                image: registry.example/web:1.0.1   # {"$imagepolicy": "shop:web"}
                env: {A: 1, B: 2}
            replicas: 2
        """
    )
