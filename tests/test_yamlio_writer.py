"""Plain scalars and written YAML, read by PyYAML, ruamel.yaml (YAML 1.2) and kubectl (Go)."""

from __future__ import annotations

import json
import math
import os
import random
import shutil
import subprocess
from typing import TYPE_CHECKING, Any

import pytest
import ruamel.yaml
import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st

from kusion_render.diagnostics import Diagnostics
from kusion_render.yamlio import AMBIGUOUS, Plain, dump, dump_all, parse, parse_all
from kusion_render.yamlio.scalars import scalar

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from kusion_render.diagnostics import Json

    Reader = Callable[[str], list[Any]]

needs_kubectl = pytest.mark.skipif(
    shutil.which("kubectl") is None and "KR_REQUIRE_TOOLS" not in os.environ, reason="kubectl is not installed"
)


def written(data: Any) -> str:  # Any: lists of texts are no `Json` to a type checker
    """Write data of any type."""
    return dump(data)


def by_pyyaml(text: str) -> list[Any]:
    """Read a list as YAML 1.1."""
    return list(yaml.load(text, yaml.CSafeLoader))


def by_ruamel(text: str) -> list[Any]:
    """Read a list as YAML 1.2."""
    return list(ruamel.yaml.YAML(typ="safe", pure=True).load(text))


def by_kubectl(text: str) -> list[Any]:
    """Read a list as Kubernetes does: in a ConfigMap, by Go's YAML."""
    head = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: x\ndata:\n"
    command = ["kubectl", "annotate", "--local", "-f", "-", "x=y", "-o", "json"]
    ran = subprocess.run(command, input=head.encode() + text.encode(), capture_output=True, check=False)
    assert ran.returncode == 0, ran.stderr.decode()
    return list(json.loads(ran.stdout)["data"])


READERS = [pytest.param(by_pyyaml, id="1.1"), pytest.param(by_ruamel, id="1.2")]
ALL_READERS = [*READERS, pytest.param(by_kubectl, id="go", marks=needs_kubectl)]


def words(text: str) -> list[str]:
    """Return a table's entries."""
    return text.split()


NULLS = ["~", "null", "Null", "NULL"]
CANONICAL = words(
    """0 1 -1 42 8080 9223372036854775807 -9223372036854775808 1.5 -1.5 0.1 100.0 1.5e+300 0.0 true false"""
)
AGREED = {
    "True": True, "TRUE": True, "False": False, "FALSE": False, "1.10": 1.1, ".5": 0.5, "5.": 5.0, "+5": 5, "0x1F": 31,
    "1.5e+3": 1500.0, "+1.5": 1.5, "-0": 0, "01.5": 1.5, "0.0e+5": 0.0, "1.0E+2": 100.0,
}  # fmt: skip
DISPUTED = words("""y Y n N yes Yes YES no No NO on On ON off Off OFF = << 0755 08 00 -07 0o17 0O17 0b1 0B1 0X1F -0x1F 1_000 -_1 0_x1 -_ 0b_ ._ 0b+1 0o-7
    1e3 1.5e3 12e4 1e-3 -.5 +.5 12:30:45 1:30 1:30.5 2001-01-01 2001-1-1 2001-01-01T00:00:00Z 2001-01-01t1:02:03.5+01:00
    .inf -.inf +.INF .nan .NaN 9223372036854775808 -9223372036854775809 99999999999999999999999 0xFFFFFFFFFFFFFFFFF 1.0e+999
    1.0e-999""")
TEXTS = words("""a yEs nO tRUE nULL none None inf nan NaN Infinity 1.2.3 10m 100Mi 0x 0xg 0b2 0o8 - + . .. ... 1- 1/2 5% 10.0.0.1 ::1 1:60
    1:2:3:x 1e 1e+ e3 .e3 1.5e _1 _ +a -a .a 1a 2001-01 2001-01-011 20010101T x1F +- \u0663 1\u0663 v1 sha256:12ab nginx:1.10 /a /1""")


@pytest.mark.parametrize("text", CANONICAL)
def test_canonical_scalars_are_their_value(text: str) -> None:
    """A number or bool in its one canonical spelling is just that."""
    assert type(scalar(text)) in (int, float, bool)
    assert json.dumps(scalar(text)) == text


@pytest.mark.parametrize(("text", "value"), AGREED.items())
def test_other_spellings_keep_their_text(text: str, value: float) -> None:
    """What all readers take for the same number, spelled unusually, keeps its text beside the number."""
    found = scalar(text)
    assert isinstance(found, Plain)
    assert (found, found.value, type(found.value)) == (text, value, type(value))


@pytest.mark.parametrize("text", DISPUTED)
def test_disputed_spellings_are_ambiguous(text: str) -> None:
    """Where readers may differ, only the text is known."""
    found = scalar(text)
    assert isinstance(found, Plain)
    assert (found, found.value) == (text, AMBIGUOUS)


def test_texts_and_nulls() -> None:
    """Everything else is text, or null."""
    assert [scalar(text) for text in TEXTS] == TEXTS
    assert {type(scalar(text)) for text in TEXTS} == {str}
    assert [scalar(text) for text in ["", *NULLS]] == [None] * 5


def scalar_samples(count: int) -> list[str]:
    """Return plain scalars made of what numbers and dates are made of."""
    source = random.Random(7)  # noqa: S311 - the same samples each time
    made = {"".join(source.choices("0011289+-._:eExXobBTZ", k=source.randint(1, 7))) for _ in range(count)}
    return sorted(text for text in made if not text.endswith(":") and text != "-" and not text.startswith("---"))


def meaning(text: str) -> Any:  # Any: a scalar of any type, or AMBIGUOUS
    """Return what all readers should see in a plain scalar."""
    found = scalar(text)
    return found.value if isinstance(found, Plain) else found


@pytest.mark.parametrize("reader", ALL_READERS)
def test_readers_agree_where_we_say_so(reader: Reader) -> None:
    """Whatever is not marked as ambiguous is the same to each reader."""
    samples = [*TEXTS, *NULLS, *CANONICAL, *AGREED, *scalar_samples(2_500 if reader is by_ruamel else 25_000)]
    samples = [text for text in samples if text not in ("-", "...") and meaning(text) is not AMBIGUOUS]
    seen = reader("".join(f"- {text}\n" for text in samples))
    differing = [
        (text, theirs)
        for text, theirs in zip(samples, seen, strict=True)
        if theirs != meaning(text)
        or any(isinstance(theirs, kind) != isinstance(meaning(text), kind) for kind in (bool, str))
    ]
    assert differing == []


TRICKY = [
    *NULLS, *CANONICAL, *AGREED, *DISPUTED, *TEXTS, "", " ", "  a", "a ", "\ta", "a\t", "a: b", "a:", ":a", "a #b", "#a", "a#",
    "- a", "? a", "[a", "{a", "a, b", "*a", "&a", "!a", "|", ">", "%a", "@a", "`a", "'a'", '"a"', "a'b", 'a"b', "a\\b", "\\",
    "---", "--- a", "a\n", "a\nb", "a\nb\n", "a\nb\n\n\n", "\n", "\n\n", "\na", " a\nb", "a\n b\n", "a \nb", "a\nb ", "a\n\tb\n",
    "a\tb\nc\n", "a\n\nb\n", "a\n \nb\n", "a\n---\nb\n", "a\n...\n", "# a\nb\n", "- a\n- b\n", "a: |\n  b\n", "a\r\nb\r\n", "a\rb",
    "\r", "\x00", "\x07\x1b", "\x7f", "a\x85b", "a\nb\x85c\n", "a\xa0b", "a\u2028b", "a\u2029\nb", "\ufeffa", "a\n\ufeffb\n",
    "é", "日本\n語\n", "😀", "😀\na\n", "\u200b", "\u202eabc", "\ufffe", "\uffff", "\ufffd", "\U0001fffe", "\U0010ffff", "\ue000", "\xad",
    "x" * 5000, "word " * 400, ("word " * 30 + "\n") * 3, "a\n" + "b " * 300 + "\n", "{{ a }}", "${{ a }}", "$(A)", "<path:a#b>",
]  # fmt: skip


def text_samples(count: int) -> list[str]:
    """Return texts made of what YAML reads something into."""
    source = random.Random(11)  # noqa: S311 - the same samples each time
    alphabet = "aayn019eEx+-._:#,&*!|>%@'\"\\[]{}?~=</ \t\n\n\r\x85\xa0\u2028\ufeffé😀\x1b"
    return ["".join(source.choices(alphabet, k=source.randint(1, 9))) for _ in range(count)]


@pytest.mark.parametrize("reader", ALL_READERS)
def test_texts_read_back_the_same(reader: Reader) -> None:
    """Every string is the same string to every reader, as a list's item, a map's value and a map's key."""
    texts = [*TRICKY, *text_samples(400 if reader is by_ruamel else 15_000)]
    assert reader(written(texts)) == texts
    assert [entry["k"] for entry in reader(dump([{"k": text, "z": 1} for text in texts]))] == texts
    assert [
        [key for key in entry if key != "zz"] for entry in reader(dump([{text: [1], "zz": {}} for text in texts]))
    ] == [[text] for text in texts]


@pytest.mark.parametrize("reader", ALL_READERS)
def test_numbers_and_shapes_read_back_the_same(reader: Reader) -> None:
    """Numbers, empty collections, nested lists and long keys are the same to every reader."""
    data: list[Any] = [
        0, -1, 2**63 - 1, -(2**63), 1.5, 1e20, 1e16, 1e-7, -2.5e-300, 1.7976931348623157e308, 5e-324, True, False, None,
        [], {}, [[]], [[[1], 2], [{}]], {"a": {"b": [{"c": [], "d": {}}]}, "e": [[{"f": 1, "g": "x\ny\n"}]]},
        {"k" * 1100: {"a": ["x\ny", {"b" * 1100: 1}]}, "l" * 1100: [1, [2]], "é" * 1030: "x\n\ny\n\n"}, "end",
    ]  # fmt: skip
    assert reader(dump(data)) == data


JSON_TREES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False, allow_infinity=False)
    | st.text() | st.text("ab \n\t:#-", max_size=8) | st.sampled_from(TRICKY),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8).filter(lambda key: key != "<<"), inner, max_size=4),
    max_leaves=15,
)  # fmt: skip


@given(JSON_TREES)
@settings(derandomize=True, deadline=None, max_examples=600)
@example({"a": -0.0})
def test_what_is_written_is_read(tree: Json) -> None:
    """Our reader and PyYAML return what was written, types and order of keys included."""
    text = dump(tree)
    diagnostics = Diagnostics()
    parsed = parse(text.encode(), "f", diagnostics)
    assert diagnostics.items == []
    assert parsed is not None
    # Exponents in a spelling of our own are no canonical numbers.
    assert json.dumps(resolved(parsed.data)) == json.dumps(tree) == json.dumps(yaml.safe_load(text))
    assert dump(tree) == text


def resolved(data: Json) -> Json:
    """Return data with the numbers of its `Plain` scalars."""
    if isinstance(data, dict):
        return {key: resolved(value) for key, value in data.items()}
    if isinstance(data, list):
        return [resolved(value) for value in data]
    return data.value if isinstance(data, Plain) else data  # type: ignore[return-value]  # nothing is ambiguous here


def test_plain_scalars_are_written_as_their_text() -> None:
    """A `Plain` is text to whoever writes it, and so are other strings' subclasses."""

    class Name(str):
        __slots__ = ()

    mode = scalar("0644")
    assert dump({"mode": mode, Name("a"): Name("yes"), "b": [Plain("True", True), Name("x\ny\n")]}) == (
        'mode: "0644"\na: "yes"\nb:\n- "True"\n- |\n  x\n  y\n'
    )


def test_subclasses_of_collections_and_numbers_are_written_plainly() -> None:
    """Tuples, and dict, list, int and float of any make, are written as what they are."""
    kinds: Sequence[Any] = [type("Kind", (kind,), {}) for kind in (dict, list, int, float)]
    made = {"d": kinds[0](a=1), "l": kinds[1]([1]), "i": kinds[2](3), "f": kinds[3](1.5), "t": (1, ()), "e": kinds[0]()}
    assert dump(made) == "d:\n  a: 1\nl:\n- 1\ni: 3\nf: 1.5\nt:\n- 1\n- []\ne: {}\n"
    assert written((kinds[0](a=1), kinds[1]())) == "- a: 1\n- []\n"


def test_layout_is_what_people_write() -> None:
    """Lists stand below their key without indentation, clean text with lines is a literal block, nothing is folded."""
    data = {
        "a": {"list": [{"b": 1, "c": ["x", "y"]}, [1, 2]], "text": "#!/bin/sh\n\tset -e\n\nexit 0\n"},
        "long": "w " * 99 + "w",
    }
    assert written(data) == (
        'a:\n  list:\n  - b: 1\n    c:\n    - x\n    - "y"\n  - - 1\n    - 2\n'
        "  text: |\n    #!/bin/sh\n    \tset -e\n\n    exit 0\n"
        f'long: "{"w " * 99}w"\n'
    )  # fmt: skip


@pytest.mark.parametrize(
    ("data", "text"),
    [
        ({}, "{}\n"),
        ([], "[]\n"),
        ("", '""\n'),
        ("a\nb", "|-\n  a\n  b\n"),
        (None, "null\n"),
        ({"b": 1, "a": 2}, "b: 1\na: 2\n"),
    ],
)
def test_roots_of_all_kinds(data: Json, text: str) -> None:
    """Any value can be a document; keys keep their order."""
    assert dump(data) == text
    assert yaml.safe_load(text) == data


def test_repeated_values_have_no_anchors() -> None:
    """A value used twice is written twice."""
    shared: Json = {"a": [1]}
    assert dump([shared, shared]) == "- a:\n  - 1\n- a:\n  - 1\n"


def test_documents_are_separated() -> None:
    """Several documents stand apart by `---`, whatever they hold."""
    documents: list[Json] = [{"a": "x\n\n"}, [], "a\n---\nb\n\n", None, [1], {"---": "..."}]
    text = dump_all(documents)
    assert list(yaml.safe_load_all(text)) == documents
    assert dump_all([]) == ""
    found = parse_all(text.encode(), "f", Diagnostics())
    assert found is not None
    assert [document.data for document in found] == documents


@pytest.mark.parametrize("text", ["\ud800", "a\udfffb", "é\n\ud83d\n", "\ude00\ud83d"])
def test_lone_surrogates_are_refused(text: str) -> None:
    """What no encoding can hold is a ValueError, as value and as key, and tells nothing of the text around it."""
    for data in (text, {text: 1}, [{"a": text}]):
        with pytest.raises(ValueError, match="lone surrogate U\\+D"):
            written(data)


@pytest.mark.parametrize("data", [math.inf, [-math.inf], {"a": math.nan}, 2**63, {"a": -(2**63) - 1}, [2**64]])
def test_numbers_without_a_common_form_are_refused(data: Json) -> None:
    """Infinity, not-a-number and integers beyond 64 bits differ from reader to reader."""
    with pytest.raises(ValueError, match="cannot be written as YAML"):
        dump(data)


@pytest.mark.parametrize("data", [b"a", {1: 2}, {None: 1}, {True: 1}, [{"a": {1, 2}}], object()])
def test_other_types_are_refused(data: Any) -> None:  # Any: wrong on purpose
    """Only what JSON knows can be written, with text as keys."""
    with pytest.raises(TypeError, match="of the type"):
        dump(data)


def nested(levels: int, *, by: str) -> Json:
    """Return maps or lists inside one another."""
    data: Json = "x"
    for _ in range(levels):
        data = {"a": data} if by == "map" else [data]
    return data


@pytest.mark.parametrize("by", ["map", "list"])
def test_deep_data_is_written_or_refused(by: str) -> None:
    """Two hundred levels are fine; a nesting beyond Python's recursion is a ValueError."""
    assert yaml.safe_load(dump(nested(200, by=by))) == nested(200, by=by)
    with pytest.raises(ValueError, match="nested too deeply"):
        dump(nested(5000, by=by))


def test_memory_of_known_words_is_bounded(tmp_path: Path) -> None:
    """Writing ever new words does not grow the process."""
    from kusion_render.yamlio import writer

    (tmp_path / "words.yaml").write_text(dump([f"word-{number}" for number in range(10_000)]), encoding="utf-8")
    assert len(writer._known) <= writer._MOST_KNOWN
