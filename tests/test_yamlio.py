"""Reading YAML: data, problems with their places, limits, and positions."""

from __future__ import annotations

import copy
import pickle
import re
import subprocess
import sys
from textwrap import dedent
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from workbench import PROJECT

from kusion_render.diagnostics import Diagnostic, Diagnostics, Span
from kusion_render.yamlio import AMBIGUOUS, Limits, Parsed, Plain, dump, parse, parse_all, positions, positions_all

if TYPE_CHECKING:
    from kusion_render.diagnostics import Json, Pointer


def read(content: str | bytes, **limits: int) -> tuple[Parsed | None, list[Diagnostic]]:
    """Return a document and what was reported about it."""
    diagnostics = Diagnostics()
    content = content if isinstance(content, bytes) else content.encode()
    return parse(content, "app.yaml", diagnostics, limits=Limits(**limits)), diagnostics.items


def data(content: str | bytes) -> Any:  # Any: tests know what they wrote
    """Return the data of content that nothing is wrong with."""
    parsed, problems = read(content)
    assert [problem.message for problem in problems] == []
    assert parsed is not None
    return parsed.data


def problem(content: str | bytes, **limits: int) -> Diagnostic:
    """Return the only problem of some content."""
    (only,) = read(content, **limits)[1]
    return only


def place(found: Diagnostic) -> tuple[str, int, int]:
    """Return code, line and column."""
    assert isinstance(found.where, Span)
    return found.rule.code, found.where.line, found.where.column


@pytest.mark.parametrize("content", ["", "# nothing\n", "---\n", "---\n...\n", "\n\n---\n# x\n---\n", b"\xef\xbb\xbf"])
def test_empty_file_has_no_data_and_no_problem(content: str | bytes) -> None:
    """A file without content is a document that is None; what that means is the caller's business."""
    assert data(content) is None


@pytest.mark.parametrize("content", ["---\na: 1\n", "a: 1\n...\n", "---\na: 1\n---\n", "---\n---\na: 1\n---\n# end\n"])
def test_empty_documents_around_the_one_do_not_count(content: str) -> None:
    """`---` and `...` before and after a document are fine."""
    assert data(content) == {"a": 1}


def test_keys_are_their_source_text() -> None:
    """A key is always a str, whatever it would be as a value."""
    assert data("8080: a\nyes: b\n1.10: c\n'null': d\n\"<<\": e\ntrue: f\n") == {
        "8080": "a", "yes": "b", "1.10": "c", "null": "d", "<<": "e", "true": "f",
    }  # fmt: skip


def test_plain_scalars_keep_their_text() -> None:
    """A scalar that is not its canonical spelling equals its text and knows its value."""
    version, mode, quoted = data("- 1.10\n- 0644\n- '0644'\n")
    assert (version, version.value, type(version)) == ("1.10", 1.1, Plain)
    assert (mode, mode.value) == ("0644", AMBIGUOUS)
    assert type(quoted) is str
    for twin in (copy.deepcopy(mode), pickle.loads(pickle.dumps(mode))):  # noqa: S301 - our own bytes
        assert (twin, twin.value, type(twin)) == ("0644", AMBIGUOUS, Plain)


@pytest.mark.parametrize(
    ("content", "flags"),
    [
        ("a: 1\n", (False, False, False)),
        ("a:\n", (True, False, False)),
        ("a: [~]\n", (True, False, False)),
        ("a: yes\n", (False, True, False)),
        ("- True\n", (False, True, False)),
        ("a: ${{ app.name }}\n", (False, False, True)),
        ("a: 'null'\nyes: b\n", (False, False, False)),
    ],
)
def test_parsed_says_what_need_not_be_looked_for(content: str, flags: tuple[bool, bool, bool]) -> None:
    """Nulls, `Plain` scalars and references are announced."""
    parsed, _ = read(content)
    assert parsed is not None
    assert (parsed.has_null, parsed.has_plain, parsed.has_reference) == flags


def test_aliases_share_their_value() -> None:
    """An alias is its anchor's value itself."""
    found = data("a: &x {b: [1]}\nc: *x\nd: [*x]\ne: &s text\nf: *s\n*s : key\n")
    assert found["c"] is found["a"]
    assert found["d"][0] is found["a"]
    assert (found["f"], found["text"]) == ("text", "key")


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("base: &b {x: 1, y: 2}\na:\n  y: 3\n  <<: *b\n", {"x": 1, "y": 3}),
        ("base: [&b {x: 1}, &c {x: 2, y: 2}]\na:\n  <<: [*b, *c]\n  z: 3\n", {"x": 1, "y": 2, "z": 3}),
        ("a:\n  <<: {x: 1}\n", {"x": 1}),
        ("b: &b {<<: {x: 1, y: 1}, y: 2}\na: {<<: *b, z: 3}\n", {"x": 1, "y": 2, "z": 3}),
    ],
)
def test_merge_keys_fill_what_is_missing(content: str, expected: Json) -> None:
    """Of what `<<` brings, the map's own keys win, then the earlier map, as in YAML 1.1."""
    assert data(content)["a"] == expected == yaml.safe_load(content)["a"]


DEEP = "maps and lists are nested more than 100 levels deep"


@pytest.mark.parametrize(
    ("content", "expected", "message"),
    [
        ("a: 'b\nc: 1\n", ("KR101", 1, 4), "a quote is not closed"),
        ('a: 1\nb: "c\n', ("KR101", 2, 4), "a quote is not closed"),
        ("a:\n\tb: 1\n", ("KR101", 2, 1), "a tab is used for indentation"),
        ("a: @x\n", ("KR101", 1, 4), "a value cannot start with `@`"),
        ("a: `x`\n", ("KR101", 1, 4), "a value cannot start with a backtick"),
        ("a: {{ x }}-y\n", ("KR101", 1, 11), "this does not continue the map above it"),
        ("a: b: c\n", ("KR101", 1, 5), "a `:` starts a value where none can stand"),
        ("a: 1\nb\nc: 2\n", ("KR101", 2, 1), "a key has no `:` after it"),
        ("a: * * * *\n", ("KR101", 1, 5), "an anchor or alias has no valid name"),
        ("a: [1\nb: 2\n", ("KR101", 2, 2), "a `[` is not closed"),
        (": 1\n", ("KR101", 1, 1), "there is no key before this `:`"),
        ("# é😀\r\na: 1\rb: 'é😀' c\r\n", ("KR101", 3, 9), "this does not continue the map above it"),
        ("a: !x 1\n", ("KR104", 1, 4), "the tag `!x` is not supported"),
        ("a: !!str 1\n", ("KR104", 1, 4), "the tag `!!str` is not supported"),
        ("a:\n- ! x\n", ("KR104", 2, 3), "the tag `!` is not supported"),
        ("!!str a: 1\n", ("KR104", 1, 1), "the tag `!!str` is not supported"),
        ("a: !!map {b: 1}\n", ("KR104", 1, 4), "the tag `!!map` is not supported"),
        ("a: *b\n", ("KR105", 1, 4), "the alias `*b` has no anchor `&b` before it"),
        ("a: &b 1\nc: &b 2\n", ("KR105", 2, 4), "the anchor `&b` is defined twice"),
        ("a: &b [1, *b]\n", ("KR105", 1, 4), "an alias stands inside the value that it repeats"),
        ("a:\n  <<: 1\n", ("KR105", 2, 7), "`<<` takes a map or a list of maps"),
        ("a:\n  <<: [{b: 1}, ~]\n", ("KR105", 2, 16), "`<<` takes a map or a list of maps"),
        ("a: 1\n".encode("utf-16"), ("KR106", 1, 1), "the file is UTF-16"),
        ("a: 1\n".encode("utf-16-le"), ("KR106", 1, 1), "the file is UTF-16"),
        ("a: 1\n".encode("utf-16-be"), ("KR106", 1, 1), "the file is UTF-16"),
        ("a: 1\n".encode("utf-32"), ("KR106", 1, 1), "the file is UTF-32"),
        ("a: 1\n".encode("utf-32-be"), ("KR106", 1, 1), "the file is UTF-32"),
        (b"a: 1\nb: \xc3\xa9\xe9\n", ("KR106", 2, 5), "the byte 0xe9 is not valid UTF-8"),
        (b"a: 1\nb: x\0y and more text\n", ("KR106", 2, 5), "the character U+0000 cannot stand in YAML"),
        ("a: 1\nb: \x1b[1m\n", ("KR106", 2, 4), "the character U+001B cannot stand in YAML"),
        ("a: 1\n---\nb: 2\n", ("KR107", 2, 1), "the file holds more than one document"),
        ("---\na: 1\n---\n# x\n\nb: 2\n", ("KR107", 3, 1), "the file holds more than one document"),
        ("a: 1\n...\nb: 2\n", ("KR101", 3, 1), "text follows the end of the document"),
        ("a:\n  ~: 1\n", ("KR112", 2, 3), "a key is empty or null"),
        ("? [a]\n: 1\n", ("KR112", 1, 3), "a key is a list"),
        ("a: {{ x }}\n", ("KR112", 1, 5), "a key is a map"),
        ("[" * 100_000, ("KR109", 1, 101), DEEP),
        ("- " * 100_000, ("KR109", 1, 201), DEEP),
        ("? " * 100_000, ("KR109", 1, 201), DEEP),
        ("{a: " * 50_000, ("KR109", 1, 401), DEEP),
        ("[" * 101 + "]" * 101, ("KR109", 1, 101), DEEP),
        ("[" * 900 + "'*'" + "]" * 900, ("KR109", 1, 101), DEEP),
        ("".join(" " * n + "a:\n" for n in range(1500)), ("KR109", 101, 101), DEEP),
    ],
)  # fmt: skip
def test_problem_names_its_place(content: str | bytes, expected: tuple[str, int, int], message: str) -> None:
    """Each problem of a file is one diagnostic with code, line and column."""
    found = problem(content)
    assert (place(found), found.message) == (expected, message)


@pytest.mark.parametrize("content", ["a: {{ x }}-y\n", "a: @x\n", "a: {{ x }}\n", "a: * * *\n", "a: %x\n", "a: *x\n"])
def test_unquoted_special_values_get_the_advice_to_quote(content: str) -> None:
    """A value that starts with a character of YAML's own is to be quoted."""
    assert "quote a" in str(problem(content).help) or "quote the" in str(problem(content).help)


def test_every_duplicate_key_points_at_the_first() -> None:
    """All repeated keys are reported, and reading goes on with the first value."""
    parsed, problems = read("a: 1\nb:\n  c: 1\n  c: 2\na: 2\n'a': {d: 1, d: 2}\n")
    assert parsed is not None
    assert parsed.data == {"a": 1, "b": {"c": 1}}
    assert sorted(place(found) for found in problems) == [
        ("KR102", 4, 3), ("KR102", 5, 1), ("KR102", 6, 1), ("KR102", 6, 13),
    ]  # fmt: skip
    related = {place(found)[1:]: str(found.related[0].where) for found in problems}
    assert related == {
        (4, 3): "app.yaml:3:3", (5, 1): "app.yaml:1:1", (6, 1): "app.yaml:1:1", (6, 13): "app.yaml:6:7",
    }  # fmt: skip


def test_reading_goes_on_after_problems_of_single_values() -> None:
    """Tags, bad keys and a bad `<<` leave the rest readable."""
    parsed, problems = read("a: !x [!y 1]\n~: 1\nb: {<<: 2, c: 3}\n")
    assert parsed is not None
    assert parsed.data == {"a": ["1"], "b": {"c": 3}}
    assert sorted(found.rule.code for found in problems) == ["KR104", "KR104", "KR105", "KR112"]


@pytest.mark.parametrize("breaks", ["\n", "\r\n", "\r"])
def test_all_line_ends_read_alike(breaks: str) -> None:
    """Unix, Windows and old Mac line ends give the same data and places."""
    text = "a: 1\nb: |\n  x\n  y\nc:\n- d: 2\n".replace("\n", breaks)
    assert data(text) == {"a": 1, "b": "x\ny\n", "c": [{"d": 2}]}
    assert str(positions(text.encode(), "f")["c", 0, "d"][1]) == "f:6:6"


def test_a_hundred_levels_are_read() -> None:
    """The limit of nesting is what is allowed."""
    assert read("[" * 100 + "]" * 100)[1] == []
    assert read("- " * 199 + "x", depth=200)[1] == []


@pytest.mark.parametrize(
    ("content", "limits", "message"),
    [
        ("a: 1234\n", {"max_bytes": 7}, "the file is larger than 7 bytes"),
        ("[1, 2, 3]\n", {"nodes": 3}, "the document holds more than 3 values, aliases expanded"),
        ("- &a [1, 2, 3]\n- [*a, *a, *a]\n", {"nodes": 17}, "the document holds more than 17 values, aliases expanded"),
        ("- &a [1]\n- &b [*a]\n- &c [*b]\n", {"depth": 3}, "maps and lists are nested more than 3 levels deep"),
        ("a: &a [[1]]\nb: [[*a]]\n", {"depth": 4}, "maps and lists are nested more than 4 levels deep"),
        ("---\n" * 4, {"documents": 3}, "the file holds more than 3 documents"),
    ],
)
def test_limits_are_kr109(content: str, limits: dict[str, int], message: str) -> None:
    """Beyond a limit a file is not read; at the limit it is."""
    found = problem(content, **limits)
    assert (found.rule.code, found.message) == ("KR109", message)
    assert read(content, **{name: limit + 1 for name, limit in limits.items()})[1] == []


def test_an_alias_bomb_is_refused_in_linear_time() -> None:
    """Values are counted after expansion, without expanding them."""
    lines = ["a0: &a0 [x]", *(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 90))]
    found = problem("\n".join(lines))
    assert (found.rule.code, "200000 values" in found.message) == ("KR109", True)


def test_documents_of_a_manifest_are_read_apart() -> None:
    """Several documents keep their anchors apart, and empty ones are left out."""
    content = b"---\na: &x 1\n---\n---\n- &x 2\n- *x\n---\n~\n"
    diagnostics = Diagnostics()
    documents = parse_all(content, "f", diagnostics)
    assert diagnostics.items == []
    assert documents is not None
    everything: Any = [document.data for document in documents]
    assert everything == [{"a": 1}, [2, 2], None]
    assert [str(found[()][1]) for found in positions_all(content, "f")] == ["f:2:1", "f:5:1", "f:8:1"]
    assert parse_all(b"a: 1\n---\nb: *x\n", "f", diagnostics) is None
    assert parse_all(b"", "f", diagnostics) == []
    assert [place(found) for found in diagnostics.items] == [("KR105", 3, 4)]


def test_without_libyaml_nothing_is_read() -> None:
    """The slow parser of PyYAML is never used in silence."""
    code = (
        "import sys; sys.modules['yaml._yaml'] = None\n"
        "from kusion_render.diagnostics import ToolError\n"
        "try:\n    import kusion_render.yamlio\n"
        "except ToolError as error:\n    print(error)"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "PyYAML was installed without libyaml" in ran.stdout


TEXT = """\
# comment
app: &app
  image: "é😀"   # tail
  ports: [80, {a: b}]
  text: |
    one
    two

  empty:
other:
  <<: *app
  image: x
  again: *app
"""


def test_positions_of_everything() -> None:
    """Keys and values have spans with an end; aliases are where they stand, merged values where they are written."""
    found = positions(TEXT.encode(), "f")
    spans = {
        "/".join(map(str, pointer)): (key and key.key()[1:], value.key()[1:]) for pointer, (key, value) in found.items()
    }
    assert spans["app"] == ((2, 1, 2, 4), (2, 6, 9, 9))
    assert spans["app/image"] == ((3, 3, 3, 8), (3, 10, 3, 14))
    assert spans["app/ports"] == ((4, 3, 4, 8), (4, 10, 4, 22))
    assert spans["app/ports/1/a"] == ((4, 16, 4, 17), (4, 19, 4, 20))
    assert spans["app/text"] == ((5, 3, 5, 7), (5, 9, 7, 8))
    assert spans["app/empty"] == ((9, 3, 9, 8), (9, 9, 9, 9))
    assert spans["other/image"] == ((12, 3, 12, 8), (12, 10, 12, 11))
    assert spans["other/again"] == ((13, 3, 13, 8), (13, 10, 13, 14))
    assert spans["other/again/image"] == spans["app/image"]
    assert spans["other/text"] == spans["app/text"]


def pointers(value: Json, pointer: Pointer = ()) -> set[Pointer]:
    """Return the pointers of everything in some data."""
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return {pointer}.union(*(pointers(part, (*pointer, step)) for step, part in inside))


@pytest.mark.parametrize(
    "text", [TEXT, "a: [{<<: [{x: 1}, {y: 2}], x: 3}]\n'<<': 1\n? b\n: *c\n".replace("*c", "&c 1")]
)
def test_positions_agree_with_aliases_and_merges(text: str) -> None:
    """What `<<` and aliases bring has positions under the same pointers as the data."""
    assert set(positions(text.encode(), "f")) == pointers(data(text))


SCALARS = st.none() | st.booleans() | st.integers(-99, 99) | st.text("ab\n é\u2028😀:#-", max_size=6)
TREES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("abc: é\n", max_size=3), inner, max_size=3),
    max_leaves=12,
)


@given(TREES, st.sampled_from(["block", "flow", "stock"]))
@settings(derandomize=True, deadline=None, max_examples=200)
def test_positions_agree_with_the_data(tree: Json, style: str) -> None:
    """Positions have exactly the pointers of the data, and a plain value's span holds its text."""
    text = dump(tree) if style == "block" else yaml.dump(tree, default_flow_style=style == "flow", allow_unicode=True)
    parsed, problems = read(text)
    assert problems == []
    assert parsed is not None
    found = positions(text.encode(), "f")
    if text.strip():
        assert set(found) == pointers(parsed.data)
    lines = re.split(r"\r\n|\r|\n", text)
    for key, value in found.values():
        for span in (key, value) if key else (value,):
            assert 1 <= span.line <= span.end_line <= len(lines)
            assert span.column <= len(lines[span.line - 1]) + 1


@pytest.mark.parametrize("content", [b"[" * 100_000, b"a: &a [*a, *a]", b"a: 'x", b"\xff", b"- " * 100_000, b""])
def test_positions_of_bad_content_end(content: bytes) -> None:
    """Content that does not parse has positions as far as it goes, and never an exception."""
    assert len(positions(content, "f")) <= 200


@given(st.binary(max_size=40) | st.text("ab:-?[]{},&*!|>'\"%@` \n\t#<~1.é\r", max_size=40).map(str.encode))
@settings(derandomize=True, deadline=None, max_examples=1500)
def test_any_bytes_are_read_or_reported(content: bytes) -> None:
    """Reading never raises: there is a document, or a problem with a place, and then nothing else hides it."""
    parsed, problems = read(content)
    positions(content, "f")
    assert parsed is not None or problems
    for found in problems:
        assert isinstance(found.where, Span)
        assert re.match(r"KR1\d\d", found.rule.code)
        assert not found.message.endswith(".")


def test_the_whole_of_pyyaml_is_still_there() -> None:
    """Only its C part is imported by us; who imports PyYAML later gets all of it, with one parser and one base of errors."""
    script = """
        import sys
        from kusion_render.yamlio import parse
        from kusion_render.diagnostics import Diagnostics
        assert parse(b"a: 1", "f", Diagnostics()).data == {"a": 1}
        assert "yaml" not in sys.modules and "yaml.resolver" not in sys.modules
        import yaml
        assert yaml.safe_load("a: [1, 2020-01-01]")["a"][0] == 1
        assert yaml.load("a: [yes]", yaml.CSafeLoader) == {"a": [True]}
        assert yaml.dump({"a": 1}, Dumper=yaml.CSafeDumper) == "a: 1\\n"
        for text in ("a: [", "a: \\x01", "a: *x"):
            for loader in (yaml.SafeLoader, yaml.CSafeLoader):
                try:
                    yaml.load(text, loader)
                except yaml.YAMLError as error:
                    assert str(error)
                else:
                    raise AssertionError(text)
        found = Diagnostics()
        assert parse(b"a: [", "f", found) is None and found.items[0].rule.code == "KR101"
    """
    run = subprocess.run(
        [sys.executable, "-c", dedent(script)], capture_output=True, text=True, check=False, cwd=PROJECT
    )

    assert (0, "", "") == (run.returncode, run.stdout, run.stderr)
