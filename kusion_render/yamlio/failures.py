"""Why a file cannot be read, in words for its author; libyaml's speak of tokens and contexts."""

from __future__ import annotations

import re

from kusion_render.diagnostics import Related, Rule
from kusion_render.yamlio.libyaml import ComposerError, MarkedYAMLError, ReaderError, TagToken, YAMLError
from kusion_render.yamlio.positions import SourceText
from kusion_render.yamlio.reader import ALIAS, SEVERAL_DOCUMENTS, TAG, Composer

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final

    from kusion_render.diagnostics import Diagnostics
    from kusion_render.yamlio.libyaml import Mark, Node

SYNTAX: Final = Rule("KR101", "yaml-syntax")
ENCODING: Final = Rule("KR106", "encoding")

_LOOK: Final = "look at this place and at the line above it"
# libyaml's problem: what it means, and the next step where one cause is typical.
_PROBLEMS: Final[dict[str, tuple[str, str | None]]] = {
    "mapping values are not allowed in this context": (
        "a `:` starts a value where none can stand",
        "quote text that holds `: `, and indent keys of one map alike",
    ),
    "found character that cannot start any token": ("a value cannot start with this character", "quote the value"),
    "found a tab character that violates indentation": ("a tab is used for indentation", "indent with spaces"),
    "found a tab character where an indentation space is expected": (
        "a tab is used for indentation",
        "indent with spaces",
    ),
    "could not find expected ':'": ("a key has no `:` after it", "write `key: value`, with a space after the colon"),
    "found unexpected end of stream": ("a quote is not closed", "close the quote"),
    "found unexpected document indicator": ("a quote is not closed before the document ends", "close the quote"),
    "did not find expected key": (
        "this does not continue the map above it",
        "indent keys of one map alike, and quote text after a closing quote or bracket",
    ),
    "did not find expected '-' indicator": (
        "this does not continue the list above it",
        "start each item with `- `, all indented alike",
    ),
    "did not find expected ',' or ']'": ("a `[` is not closed", "put `,` between items and `]` at the end"),
    "did not find expected ',' or '}'": ("a `{` is not closed", "put `,` between entries and `}` at the end"),
    "did not find expected node content": ("a value is missing inside `[` or `{`", "quote text that holds `,` or `]`"),
    "block sequence entries are not allowed in this context": (
        "a list item starts where none can stand",
        "put the list on lines of its own below its key",
    ),
    "mapping keys are not allowed in this context": ("a `?` starts a key where none can stand", "quote the text"),
    "did not find expected <document start>": (
        "text follows the end of the document",
        "indent it alike with what is above, or start the file with a map",
    ),
    "did not find expected alphabetic or numeric character": (
        "an anchor or alias has no valid name",
        "quote a value that starts with `*` or `&`",
    ),
    "did not find expected comment or line break": (
        "text follows a `|` or `>` on its line",
        "start the text on the next line, or quote a value that starts with `|` or `>`",
    ),
    "found unknown escape character": (
        "a double-quoted text holds an unknown escape",
        "double the backslash, or use single quotes",
    ),
    "found undefined tag handle": ("an unknown tag is used", "remove it; quote a value that starts with `!`"),
}
_QUOTE_CONTEXT: Final = "while scanning a quoted scalar"
# U+FEFF is the byte order mark, and belongs to the start of a file alone.
_NOT_PRINTABLE: Final = "[^\t\n\r -~\x85\xa0-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]"
_BARE_TAG: Final = re.compile(rb"!(?:[\s,\]}]|$)")


def report_failure(failure: YAMLError | None, content: bytes, file: str, diagnostics: Diagnostics) -> None:
    """Report what made libyaml give up; None for a file in another encoding that it would read."""
    if failure is None or isinstance(failure, ReaderError):
        _report_encoding(content, file, diagnostics)
        return
    source = SourceText(content, file)
    if isinstance(failure, ComposerError):
        _report_anchor(failure, source, diagnostics)
    elif isinstance(failure, MarkedYAMLError):
        _report_syntax(failure, source, diagnostics)
    else:
        diagnostics.report(SYNTAX, str(failure).lower(), source.span(0, 0), help=_LOOK)


def _report_syntax(failure: MarkedYAMLError, source: SourceText, diagnostics: Diagnostics) -> None:
    problem = failure.problem or "the file is no valid YAML"
    message, advice = _PROBLEMS.get(problem, (problem[:1].lower() + problem[1:], _LOOK))
    mark = failure.problem_mark
    if failure.context_mark is not None and (
        (failure.context == _QUOTE_CONTEXT and "unexpected" in problem) or problem == "could not find expected ':'"
    ):
        # What is wrong is where the quote or the key starts, however far libyaml read on.
        mark = failure.context_mark
    index = _index(mark)
    character = source.text[index : index + 1]
    column = source.line_and_column(index)[1]
    if problem == "found character that cannot start any token":
        if character == "\t":
            message, advice = "a tab is used for indentation", "indent with spaces"
        else:
            message = f"a value cannot start with {'a backtick' if character == '`' else f'`{character}`'}"
    elif character == ":" and problem == "did not find expected key":
        message, advice = "there is no key before this `:`", "write `key: value`"
    elif "{{" in source.text[index - column + 1 : index]:
        advice = "quote a value that holds `{{`"
    diagnostics.report(SYNTAX, message, source.span(index, index + 1), help=advice)


def _report_anchor(failure: ComposerError, source: SourceText, diagnostics: Diagnostics) -> None:
    index = _index(failure.problem_mark)
    name = re.match(r"[*&]?[\w-]*", source.text[index:])
    span = source.span(index, index + (name.end() if name else 1))
    text = name.group().lstrip("*&") if name else ""
    if failure.context_mark is None:
        advice = "define it earlier in this file with `&`, or quote a value that starts with `*`"
        diagnostics.report(ALIAS, f"the alias `*{text}` has no anchor `&{text}` before it", span, help=advice)
        return
    first = _index(failure.context_mark)
    related = [Related("first defined here", source.span(first, first + len(text) + 1))]
    diagnostics.report(
        ALIAS, f"the anchor `&{text}` is defined twice", span, help="rename one of the two", related=related
    )


def _report_encoding(content: bytes, file: str, diagnostics: Diagnostics) -> None:
    source = SourceText(content, file)
    wide = _wide_encoding(content)
    if wide is not None:
        diagnostics.report(ENCODING, f"the file is {wide}", source.span(0, 0), help="save it as UTF-8")
        return
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        index = len(content[: error.start].decode("utf-8-sig"))
        message = f"the byte 0x{content[error.start]:02x} is not valid UTF-8"
        diagnostics.report(ENCODING, message, source.span(index, index + 1), help="save the file as UTF-8")
        return
    found = re.search(_NOT_PRINTABLE, text)
    index = found.start() if found else 0
    message = f"the character U+{ord(text[index]):04X} cannot stand in YAML" if found else "the file cannot be read"
    advice = 'remove it, or write it as an escape in double quotes, as in `"\\u001b"`'
    diagnostics.report(ENCODING, message, source.span(index, index + 1), help=advice)


def _wide_encoding(content: bytes) -> str | None:
    """Name UTF-16 or UTF-32, told by the byte order mark or by where the zero bytes are."""
    if content.startswith((b"\xff\xfe\0\0", b"\0\0\xfe\xff", b"\0\0\0")) or content[1:4] == b"\0\0\0":
        return "UTF-32"
    head = content[:64]
    half = len(head) // 2
    zeros = max(head[::2].count(0), head[1::2].count(0))
    if head.startswith((b"\xff\xfe", b"\xfe\xff")) or (half and zeros > half // 2):
        return "UTF-16"
    return None


def report_second_document(node: Node, content: bytes, file: str, diagnostics: Diagnostics) -> None:
    """Report the line that starts the second document of a file that takes one."""
    source = SourceText(content, file)
    start = int(node.start_mark.index)
    separators = [match for match in re.finditer(r"(?m)^---(?=\s|$)", source.text) if match.start() <= start]
    span = source.span(*separators[-1].span()) if separators else source.span_of(node)
    advice = "move the second document to a file of its own"
    diagnostics.report(SEVERAL_DOCUMENTS, "the file holds more than one document", span, help=advice)


def report_bare_tags(content: bytes, file: str, diagnostics: Diagnostics) -> None:
    """Report tags without a name, which leave no trace on libyaml's nodes."""
    if not _BARE_TAG.search(content):
        return
    source: SourceText | None = None
    scanner = Composer(content)
    while (token := scanner.get_token()) is not None:
        if type(token) is TagToken and token.value in ((None, "!"), ("!", "")):
            source = source or SourceText(content, file)
            span = source.span(_index(token.start_mark), _index(token.end_mark))
            diagnostics.report(
                TAG, "the tag `!` is not supported", span, help="remove it; quote a value to make it text"
            )


def _index(mark: Mark | None) -> int:
    return int(mark.index) if mark is not None else 0
