"""What KCL says is wrong: its texts taken apart into places and messages, without the values it quotes."""

from __future__ import annotations

import re

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import Final

_COLOUR: Final = re.compile(r"\x1b\[[0-9;]*m")
_LINE: Final = re.compile(r"^(/.*?):(\d+):(\d+) - (error|warning)\[\w+\]: (\w+) - (.*)$")
_PLACE: Final = re.compile(r"^ *--+> (?:File )?(/.*?):(\d+)(?::(\d+))?(?:: (.*))?$")
_SOURCE: Final = re.compile(r"^ *\d+ \|")
_MARGIN: Final = re.compile(r"^ *\| *\^* ?")
_RELATED: Final = "; related: "
# Types that carry the value they were found with, as in `expected int, got str(hunter2)`.
_LITERAL: Final = re.compile(r"\b(str|int|float|bool)\(.*\)(?=$|[,;}\]|])")
_CONFLICT: Final = re.compile(r"^conflicting values on the attribute '(.*?)'.*", re.DOTALL)
_UNION_PATH: Final = re.compile(r"with union path :\n *(\S+)\n")
_SPELLING: Final = re.compile(r", did you mean '\[\"?(.*?)\"?\]'\?.*|; replacement: .*", re.DOTALL)
# The parser quotes what it meets: words of the file, which may stand in a text.
_TOKEN: Final = re.compile(r"(?<=\]) got (?!(?:eof|newline|indent|dedent|identifier|literal)$)(?=.*\w).*$", re.DOTALL)
_PREFIX: Final = re.compile(r"^error\[\w+\]: \w+ - ")
_QUOTED: Final = re.compile(r"(?<![\w`])'([^']*)'(?!\w)")
_SYNTAX: Final = "InvalidSyntax"


class Complaint:
    """One thing that is wrong: what, and where, as a path, a line and a column from 1; `kind` is KCL's word.

    `related` are places that have to do with it, each a complaint of its own. `meant` is the word that KCL suggests, or several,
    `value` the dotted path, below an app, of the value that it is about; "" where it says none.
    """

    __slots__ = ("column", "file", "kind", "line", "meant", "message", "related", "value")

    def __init__(
        self, kind: str, text: str, file: str, line: int, column: int, related: Sequence[Complaint] = ()
    ) -> None:
        self.kind: Final = kind
        spelling = _SPELLING.search(text)
        path = _UNION_PATH.search(text)
        # KCL puts several words as `a", "b`.
        self.meant: Final = (spelling[1] or "").replace('", "', "` or `") if spelling else ""
        self.value: Final = path[1] if path else ""
        self.message: Final = without_values(text)
        self.file: Final = file
        self.line: Final = line
        self.column: Final = column
        self.related: Final = tuple(related)

    @property
    def is_syntax(self) -> bool:
        """Whether the file could not be parsed."""
        return self.kind == _SYNTAX

    def key(self) -> tuple[str, int, int, str]:
        """What tells two complaints apart; KCL repeats some."""
        return self.file, self.line, self.column, self.message


def complaints(text: str) -> list[Complaint]:
    """Return what a text of KCL's complains of: one-line messages of its compiler, or a report of its evaluator."""
    plain = _COLOUR.sub("", text)
    found: dict[tuple[str, int, int, str], Complaint] = {}
    for each in _compiled(plain) if " - error[" in plain else _evaluated(plain):
        found.setdefault(each.key(), each)
    if found:
        return list(found.values())
    return [Complaint("", _PREFIX.sub("", " ".join(plain.split())) or "KCL gives no reason", "", 1, 1)]


def without_values(message: str) -> str:
    """Return a message in one line, without the values it quotes: one of them may be a secret."""
    message = _SPELLING.sub("", message)
    message = _TOKEN.sub("", message)
    message = _CONFLICT.sub(r"`\1` is given two different values; write `=` to override the first", message)
    message = _QUOTED.sub(r"`\1`", _LITERAL.sub(r"\1", " ".join(message.split())))
    return message[:1].lower() + message[1:]


def _compiled(text: str) -> Iterator[Complaint]:
    entry: list[str] = []
    for line in [*text.splitlines(), "/:0:0 - error[E]: End - "]:
        if _LINE.match(line):
            yield from _one("\n".join(entry))
            entry = [line]
        elif entry and line and not line.startswith(("suggestion", "note:")):
            entry.append(line)


def _one(entry: str) -> Iterator[Complaint]:
    first, *rest = entry.split("\n")
    match = _LINE.match(first)
    if match and match[4] == "error":
        message = "\n".join([match[6], *rest]).partition(_RELATED)[0]
        yield Complaint(match[5], message, match[1], int(match[2]), max(1, int(match[3])))


def _evaluated(text: str) -> Iterator[Complaint]:
    """Read the evaluator's report: the first place is where it happened, others explain it."""
    kind = text.partition("\n")[0].strip()
    places: list[tuple[str, int, int, list[str]]] = []
    for line in text.splitlines()[1:]:
        match = _PLACE.match(line)
        if match:
            said = [match[4]] if match[4] else []
            places.append((match[1], int(match[2]), max(1, int(match[3] or 1)), said))
        elif places and line.strip() not in ("", "|") and not _SOURCE.match(line):
            places[-1][3].append(_MARGIN.sub("", line) if _MARGIN.match(line) else line)
    read = [Complaint(kind, "\n".join(said), file, line, column) for file, line, column, said in places]
    if read:
        first, *others = read
        yield Complaint(kind, "\n".join(places[0][3]), first.file, first.line, first.column, others)
