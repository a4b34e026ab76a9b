"""What reports say: the exact text for people, and documents that other programs can read."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kusion_render import __version__
from kusion_render.diagnostics import Diagnostic, OutputPlace, Place, Related, Rule, Span
from kusion_render.report import FORMATS, write
from kusion_render.report.display import measure

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

UNKNOWN_KEY = Rule("KR203", "unknown-key")
DUPLICATE_KEY = Rule("KR102", "duplicate-key")
WITHOUT_EFFECT = Rule("KR302", "app-without-effect", "warning")
HINT = Rule("KR601", "hint", "note")
APP = "shop/prod/app.yaml"


def report(
    diagnostics: Sequence[Diagnostic],
    files: Mapping[str, str] | None = None,
    *,
    format: str = "text",  # noqa: A002 - the name of the option
    colour: bool = False,
) -> str:
    """Write a report over files in memory."""
    return write(diagnostics, format, source=(files or {}).get, colour=colour)


def draw(text: str, span: Span) -> list[str]:
    """Give the lines of a code frame."""
    lines = report([Diagnostic(UNKNOWN_KEY, "m", span)], {span.file: text}).split("\n")
    return [line.removeprefix("    1 | ").removeprefix("      | ") for line in lines[1:-3]]


def lines_of(*lines: str) -> str:
    """Join the lines that a report should consist of."""
    return "".join(f"{line}\n" for line in lines)


# Text


def test_a_clean_run_prints_nothing() -> None:
    """Text without problems is empty, without even a summary."""
    assert report([]) == ""


def test_a_problem_shows_place_frame_and_help() -> None:
    """The first line is place, severity, code and message; the source line, underlined, and the next step follow."""
    text = "\n" * 13 + "    replica: 3\n"
    problem = Diagnostic(
        UNKNOWN_KEY, "unknown key `replica` in `workload`", Span(APP, 14, 5, 14, 12), help="did you mean `replicas`?"
    )
    assert report([problem], {APP: text}) == lines_of(
        "shop/prod/app.yaml:14:5: error[KR203]: unknown key `replica` in `workload`",
        "   14 |     replica: 3",
        "      |     ^^^^^^^",
        "help: did you mean `replicas`?",
        "",
        "1 error",
    )


def test_related_places_have_their_own_frames() -> None:
    """A second place is a note with its position and frame; one that is in no file is a note alone."""
    related = [Related("first written here", Span(APP, 1, 1, 1, 4)), Related("generated", OutputPlace("v1:Pod", ()))]
    problem = Diagnostic(DUPLICATE_KEY, "duplicate key `web`", Span(APP, 2, 1, 2, 4), related=related, help="remove it")
    assert report([problem], {APP: "web: 1\nweb: 2\n"}) == lines_of(
        "shop/prod/app.yaml:2:1: error[KR102]: duplicate key `web`",
        "    2 | web: 2",
        "      | ^^^",
        "note: first written here",
        "  --> shop/prod/app.yaml:1:1",
        "    1 | web: 1",
        "      | ^^^",
        "note: generated",
        "help: remove it",
        "",
        "1 error",
    )


def test_problems_are_sorted_and_counted() -> None:
    """Problems without a place come first, then by file and position; a blank line parts them, a summary ends them."""
    problems = [
        Diagnostic(HINT, "hint", Span("b.yaml", 1, 1)),
        Diagnostic(UNKNOWN_KEY, "second", Span("a.yaml", 10, 1)),
        Diagnostic(UNKNOWN_KEY, "first", Span("a.yaml", 2, 1)),
        Diagnostic(WITHOUT_EFFECT, "nowhere", Place(("web",))),
    ]
    expected = lines_of(
        "warning[KR302]: nowhere",
        "",
        "a.yaml:2:1: error[KR203]: first",
        "",
        "a.yaml:10:1: error[KR203]: second",
        "",
        "b.yaml:1:1: note[KR601]: hint",
        "",
        "2 errors, 1 warning, 1 note",
    )
    assert report(problems) == expected
    assert report(problems[::-1]) == expected


@pytest.mark.parametrize(
    ("stacks", "line"),
    [
        (["shop/prod"], "   = in shop/prod"),
        (["shop/prod", "shop/dev"], "   = in shop/dev and shop/prod"),
        (["c/c", "a/a", "b/b", "a/a"], "   = in a/a, b/b and c/c"),
        (["shop/prod", "shop/dev", "c/c", "d/d", "e/e"], "   = in c/c, d/d and 3 more stacks"),
    ],
)
def test_one_problem_of_several_stacks_is_said_once(stacks: list[str], line: str) -> None:
    """Equal rule, message and span make one problem, which names its stacks."""
    span = Span("shop/base/app.yaml", 1, 1, 1, 4)
    problems = [Diagnostic(UNKNOWN_KEY, "m", span, stack=stack, help="h") for stack in stacks]
    assert report(problems, {span.file: "web: 1"}) == lines_of(
        "shop/base/app.yaml:1:1: error[KR203]: m", "    1 | web: 1", "      | ^^^", line, "help: h", "", "1 error"
    )


def test_a_stack_is_not_named_beside_its_own_file() -> None:
    """The path says it already; a workspace of the stack, or a file without problems elsewhere, is said."""
    assert "= in" not in report([Diagnostic(HINT, "m", Span(APP), stack="shop/prod")])
    assert "= in shop/prod@eu\n" in report([Diagnostic(HINT, "m", Span(APP), stack="shop/prod@eu")])
    assert "= in shop/prod\n" in report([Diagnostic(HINT, "m", stack="shop/prod")])


def test_merging_keeps_what_differs() -> None:
    """Another severity is another problem; related places of all stacks are kept, equal ones once."""
    one, two = Related("here", Span("a.yaml", 1, 1)), Related("here", Span("b.yaml", 1, 1))
    problems = [
        Diagnostic(HINT, "m", stack="a/a", related=[one]),
        Diagnostic(HINT, "m", stack="b/b", related=[one, two]),
        Diagnostic(HINT, "m", stack="c/c", severity="warning"),
    ]
    assert report(problems) == lines_of(
        "note[KR601]: m",
        "   = in a/a and b/b",
        "note: here",
        "  --> a.yaml:1:1",
        "note: here",
        "  --> b.yaml:1:1",
        "",
        "warning[KR601]: m",
        "   = in c/c",
        "",
        "1 warning, 1 note",
    )


def test_colour_marks_severity_gutter_and_help() -> None:
    """Severities are bold red, yellow and blue, the gutter is dim, help is cyan; only on demand."""
    problem = Diagnostic(UNKNOWN_KEY, "m", Span("a.yaml", 1, 1, 1, 2), help="h", related=[Related("r", None)])
    assert report([problem], {"a.yaml": "k: v"}, colour=True) == lines_of(
        "a.yaml:1:1: \x1b[1;31merror[KR203]\x1b[0m: m",
        "\x1b[2m    1 |\x1b[0m k: v",
        "\x1b[2m      |\x1b[0m \x1b[1;31m^\x1b[0m",
        "\x1b[1;34mnote\x1b[0m: r",
        "\x1b[36mhelp\x1b[0m: h",
        "",
        "1 error",
    )
    assert "\x1b[1;33mwarning[KR302]\x1b[0m" in report([Diagnostic(WITHOUT_EFFECT, "m")], colour=True)
    assert "\x1b[1;34mnote[KR601]\x1b[0m" in report([Diagnostic(HINT, "m")], colour=True)


# Frames


@pytest.mark.parametrize(
    ("text", "span", "frame"),
    [
        ("a: b\n", Span("f", 1, 4), ["a: b", "   ^"]),
        ("a: b\n", Span("f", 1, 5), ["a: b", "    ^"]),
        ("a: b\n", Span("f", 1, 99, 1, 120), ["a: b", "    ^"]),
        ("a: b\n", Span("f", 1, 4, 1, 99), ["a: b", "   ^"]),
        ("a:  \n  b: c\n", Span("f", 1, 1, 2, 3), ["a:", "^^"]),
        ("\n", Span("f", 1, 1), ["    1 |", "^"]),
        ("\ta:\tb", Span("f", 1, 5, 1, 6), ["    a:    b", "          ^"]),
        ("名前: 値", Span("f", 1, 5, 1, 6), ["名前: 値", "      ^^"]),
        ("🚀: x", Span("f", 1, 4, 1, 5), ["🚀: x", "    ^"]),
        ("e\u0301: x", Span("f", 1, 5, 1, 6), ["e\u0301: x", "   ^"]),
        ("a\u200bb: x", Span("f", 1, 3, 1, 4), ["a\u200bb: x", " ^"]),
        ("\ufeffa: b", Span("f", 1, 1, 1, 2), ["a: b", "^"]),
        ("a: b\r\nc: d\r\n", Span("f", 1, 1, 1, 2), ["a: b", "^"]),
        ("a: \x1b[31mred\x07\x7f\x9b", Span("f", 1, 1, 1, 2), ["a: ␛[31mred␇␡\ufffd", "^"]),
        ("a: \u202eb\u2066", Span("f", 1, 5, 1, 6), ["a: \ufffdb\ufffd", "    ^"]),
        ("a: \udc80", Span("f", 1, 4, 1, 5), ["a: \ufffd", "   ^"]),
    ],
)
def test_frame_underlines_its_span(text: str, span: Span, frame: list[str]) -> None:
    """The underline stands below its span, whatever characters come before it."""
    assert draw(text, span) == frame


@pytest.mark.parametrize("span", [Span("f", 3, 1), Span("f", 99, 9), Span("f", 0, 0), Span("other", 1, 1)])
def test_a_line_that_does_not_exist_has_no_frame(span: Span) -> None:
    """A place beyond the end of the file, or in a file that can't be had, is named without a frame."""
    assert report([Diagnostic(UNKNOWN_KEY, "m", span)], {"f": "a\nb\n"}) == lines_of(
        f"{span!r}: error[KR203]: m", "", "1 error"
    )


def test_lines_are_those_the_reader_counts() -> None:
    """Carriage returns and Unicode's line ends end a line, form feeds do not."""
    text = "a\rb\x85c\u2028d\x0ce\r\nf\n"
    assert "    5 | f\n" in report([Diagnostic(UNKNOWN_KEY, "m", Span("f", 5, 1))], {"f": text})


@pytest.mark.parametrize(
    ("text", "span", "frame"),
    [
        ("x" * 120, Span("f", 1, 120, 1, 121), ["x" * 120, " " * 119 + "^"]),
        ("ab" + "x" * 200, Span("f", 1, 1, 1, 3), ["ab" + "x" * 116 + "…", "^^"]),
        ("x" * 200 + "ab", Span("f", 1, 201, 1, 203), ["…" + "x" * 116 + "ab", " " * 117 + "^^"]),
        (
            "x" * 5000 + "ab" + "y" * 5000,
            Span("f", 1, 5001, 1, 5003),
            ["…" + "x" * 58 + "ab" + "y" * 58 + "…", " " * 59 + "^^"],
        ),
        (
            "x" * 5000 + "a" * 500 + "y" * 5000,
            Span("f", 1, 5001, 1, 5501),
            ["…" + "x" * 20 + "a" * 98 + "…", " " * 21 + "^" * 98],
        ),
    ],
)
def test_long_lines_are_cut_around_the_span(text: str, span: Span, frame: list[str]) -> None:
    """No line is longer than 120 columns, and the span stays in sight."""
    assert draw(text, span) == frame


@given(st.text(max_size=300), st.tuples(*[st.integers(0, 9), st.integers(0, 300)] * 2), st.sampled_from([1, 5]))
def test_no_source_breaks_the_report(text: str, place: tuple[int, ...], times: int) -> None:
    """Any text with any span gives printable lines, at most 130 columns wide."""
    line, column, more, end = place
    source = text * times
    output = report([Diagnostic(HINT, "m", Span("f", line, column, line + more, end))], {"f": source})
    assert output.endswith("1 note\n")
    for shown in output.splitlines():
        assert measure(shown) <= 130
        assert not any(character < " " or "\x7f" <= character < "\xa0" for character in shown)


# Injection


def test_messages_cannot_control_the_terminal() -> None:
    """Escapes in messages, helps, stacks and file names are shown, not sent; further lines are indented."""
    problem = Diagnostic(
        UNKNOWN_KEY,
        "bad \x1b]0;x\x07\nb.yaml:1:1: error[KR000]: made up",
        Span("a\x1b.yaml\n", 1, 1),
        help="try\t\x9b2J\r\nthis\n",
        stack="s/\x1b",
        related=[Related("r\x00", None)],
    )
    assert report([problem]) == lines_of(
        "a␛.yaml :1:1: error[KR203]: bad ␛]0;x␇",
        "      b.yaml:1:1: error[KR000]: made up",
        "   = in s/␛",
        "note: r␀",
        "help: try \ufffd2J",
        "      this",
        "",
        "1 error",
    )


# JSON


def test_json_has_every_key_in_order() -> None:
    """A problem has all keys, null for what is unknown, and the summary counts by severity."""
    problems = [
        Diagnostic(
            UNKNOWN_KEY,
            "unbekannt: ü",
            Span(APP, 14, 5, 15, 1),
            help="h",
            related=[Related("r", Span(APP, 1, 1, 1, 2))],
            stack="shop/prod",
        ),
        Diagnostic(WITHOUT_EFFECT, "m"),
    ]
    output = report(problems, format="json")
    nothing = {"file": None, "line": None, "column": None, "endLine": None, "endColumn": None}
    assert json.loads(output) == {
        "version": 1,
        "diagnostics": [
            {
                "code": "KR302",
                "name": "app-without-effect",
                "severity": "warning",
                "message": "m",
                **nothing,
                "help": None,
                "related": [],
                "stacks": [],
            },
            {
                "code": "KR203",
                "name": "unknown-key",
                "severity": "error",
                "message": "unbekannt: ü",
                "file": APP,
                "line": 14,
                "column": 5,
                "endLine": 15,
                "endColumn": 1,
                "help": "h",
                "related": [{"message": "r", "file": APP, "line": 1, "column": 1, "endLine": 1, "endColumn": 2}],
                "stacks": ["shop/prod"],
            },
        ],
        "summary": {"errors": 1, "warnings": 1, "notes": 0},
    }
    assert list(json.loads(output)["diagnostics"][0])[:5] == ["code", "name", "severity", "message", "file"]
    assert "ü" in output
    assert output.endswith("}\n")


def test_json_escapes_what_a_terminal_obeys() -> None:
    """Control characters and broken file names survive as escapes, so the document is safe to print and to encode."""
    message = "\x1b\x9b\x7f\u202e\udc80"
    output = report([Diagnostic(HINT, message)], format="json")
    assert json.loads(output)["diagnostics"][0]["message"] == message
    assert output.encode().isascii()


# GitHub


def test_github_commands_carry_place_title_and_help() -> None:
    """A problem is one command whose message ends with the help."""
    problem = Diagnostic(UNKNOWN_KEY, "m", Span(APP, 14, 5, 14, 12), help="h")
    assert report([problem], format="github") == (
        "::error file=shop/prod/app.yaml,line=14,endLine=14,col=5,endColumn=12,title=KR203 unknown-key::m%0Ahelp: h\n"
    )


def test_github_commands_are_escaped() -> None:
    """No text of the repository can end a property, a command or a line."""
    related = [Related("r", Span("b.yaml", 2, 1))]
    problem = Diagnostic(HINT, "100%\r\n::error::x", Span("a:b,c%.yaml", 1, 1, 2, 1), related=related, stack="s/t")
    assert report([problem], format="github") == (
        "::notice file=a%3Ab%2Cc%25.yaml,line=1,endLine=2,title=KR601 hint"
        "::100%25%0A::error::x%0Ain s/t%0Anote: r (b.yaml:2:1)\n"
    )


def test_github_knows_problems_without_a_place() -> None:
    """A problem without a file is an annotation of the run."""
    assert report([Diagnostic(WITHOUT_EFFECT, "m")], format="github") == (
        "::warning title=KR302 app-without-effect::m\n"
    )


# SARIF


def run_of(diagnostics: Sequence[Diagnostic]) -> Any:  # the shape is what the tests are about
    """Parse a SARIF report, check its frame, and give its only run."""
    log = json.loads(report(diagnostics, format="sarif"))
    assert log["version"] == "2.1.0"
    assert log["$schema"].endswith("sarif-2.1.0.json")
    (run,) = log["runs"]
    driver = run["tool"]["driver"]
    assert (driver["name"], driver["version"]) == ("kusion-render", __version__)
    for result in run["results"]:
        assert driver["rules"][result["ruleIndex"]]["id"] == result["ruleId"]
    return run


def test_sarif_of_a_clean_run_has_an_empty_result() -> None:
    """No problem is a run with no result, which closes earlier alerts."""
    run = run_of([])
    assert run["results"] == []
    assert run["tool"]["driver"]["rules"] == []


def test_sarif_lists_rules_once_by_code() -> None:
    """Results point at the rule by index; a rule carries its default severity, a result its own."""
    problems = [
        Diagnostic(UNKNOWN_KEY, "a", Span("a.yaml", 1, 1)),
        Diagnostic(UNKNOWN_KEY, "b", Span("a.yaml", 2, 1), severity="note"),
        Diagnostic(DUPLICATE_KEY, "c", Span("a.yaml", 3, 1)),
    ]
    run = run_of(problems)
    assert run["tool"]["driver"]["rules"] == [
        {
            "id": "KR102",
            "name": "duplicate-key",
            "shortDescription": {"text": "duplicate key"},
            "defaultConfiguration": {"level": "error"},
        },
        {
            "id": "KR203",
            "name": "unknown-key",
            "shortDescription": {"text": "unknown key"},
            "defaultConfiguration": {"level": "error"},
        },
    ]
    assert [(result["ruleIndex"], result["level"]) for result in run["results"]] == [
        (1, "error"),
        (1, "note"),
        (0, "error"),
    ]


def test_sarif_places_are_relative_and_encoded() -> None:
    """A place is a percent-encoded path below the source root with an exclusive end; the help ends the message."""
    problem = Diagnostic(
        UNKNOWN_KEY,
        "m",
        Span("a b/ü:#.yaml", 1, 2, 3, 4),
        help="h",
        stack="s/t",
        related=[Related("r", Span("b.yaml", 5, 6)), Related("nowhere", None)],
    )
    place = {
        "artifactLocation": {"uri": "a%20b/%C3%BC%3A%23.yaml", "uriBaseId": "%SRCROOT%"},
        "region": {"startLine": 1, "startColumn": 2, "endLine": 3, "endColumn": 4},
    }
    second = {
        "artifactLocation": {"uri": "b.yaml", "uriBaseId": "%SRCROOT%"},
        "region": {"startLine": 5, "startColumn": 6, "endLine": 5, "endColumn": 6},
    }
    assert run_of([problem])["results"] == [
        {
            "ruleId": "KR203",
            "ruleIndex": 0,
            "level": "error",
            "message": {"text": "m\nhelp: h"},
            "locations": [{"physicalLocation": place}],
            "relatedLocations": [{"id": 1, "physicalLocation": second, "message": {"text": "r"}}],
            "properties": {"stacks": ["s/t"]},
        }
    ]


def test_sarif_takes_problems_without_a_place() -> None:
    """A problem without a file has no location."""
    (result,) = run_of([Diagnostic(WITHOUT_EFFECT, "m")])["results"]
    assert (result["level"], result["locations"]) == ("warning", [])


# JUnit


def suite_of(diagnostics: Sequence[Diagnostic], files: Mapping[str, str] | None = None) -> ET.Element:
    """Parse a JUnit report."""
    return ET.fromstring(report(diagnostics, files, format="junit"))  # noqa: S314 - our own output


def test_junit_of_a_clean_run_passes() -> None:
    """No problem is one test case that passes."""
    suite = suite_of([])
    assert suite.tag == "testsuite"
    assert (suite.get("tests"), suite.get("failures"), suite.get("errors")) == ("1", "0", "0")
    assert [list(case) for case in suite.findall("testcase")] == [[]]


def test_junit_has_a_case_for_each_file() -> None:
    """Errors are failures, with the text report; warnings and notes are output of a case that passes."""
    problems = [
        Diagnostic(UNKNOWN_KEY, "a", Span("a.yaml", 1, 1, 1, 2), help="<h>"),
        Diagnostic(UNKNOWN_KEY, "b", Span("a.yaml", 2, 1)),
        Diagnostic(WITHOUT_EFFECT, "c", Span("a.yaml", 3, 1)),
        Diagnostic(WITHOUT_EFFECT, "d", Span("b.yaml", 1, 1)),
        Diagnostic(DUPLICATE_KEY, "e"),
    ]
    suite = suite_of(problems, {"a.yaml": "k: v"})
    assert (suite.get("tests"), suite.get("failures")) == ("3", "2")
    cases = {case.get("name"): case for case in suite}
    assert list(cases) == ["repository", "a.yaml", "b.yaml"]
    assert [child.tag for child in cases["a.yaml"]] == ["failure", "failure", "system-out"]
    first = cases["a.yaml"][0]
    assert (first.get("message"), first.get("type")) == ("a", "KR203 unknown-key")
    assert first.text == "a.yaml:1:1: error[KR203]: a\n    1 | k: v\n      | ^\nhelp: <h>\n"
    assert [(child.tag, child.text) for child in cases["b.yaml"]] == [
        ("system-out", "b.yaml:1:1: warning[KR302]: d\n"),
    ]


def test_junit_is_xml_whatever_the_messages_hold() -> None:
    """Characters that XML can't carry are left out."""
    problem = Diagnostic(UNKNOWN_KEY, "<&\"'\x00\x1b\ufffe\udc80]]>\x9b", Span("a\x01<.yaml", 1, 1))
    (case,) = suite_of([problem])
    assert case.get("name") == "a<.yaml"
    assert case[0].get("message") == "<&\"']]>"


# All formats


def test_an_unknown_format_is_refused() -> None:
    """A format that does not exist is the caller's mistake."""
    with pytest.raises(ValueError, match="no report format 'html'"):
        report([], format="html")


@pytest.mark.parametrize("name", FORMATS)
def test_order_of_reporting_does_not_matter(name: str) -> None:
    """The same problems in another order are the same report."""
    problems = [
        Diagnostic(rule, message, span, stack=stack, help=stack)
        for rule in (UNKNOWN_KEY, WITHOUT_EFFECT)
        for message in ("a", "b")
        for span in (None, Span("a.yaml", 1, 1), Span("b.yaml", 1, 1))
        for stack in ("x/dev", "x/prod")
    ]
    assert report(problems, format=name) == report(problems[::-1], format=name)
    assert report(problems, format=name).count("in x/dev and x/prod") in (0, 12)
