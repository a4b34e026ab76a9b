"""Other people's manifests as a stream: read, checked for being objects at all, and written back in their order."""

from __future__ import annotations

from kusion_render.diagnostics import Diagnostic, Diagnostics, Related, Rule, Span
from kusion_render.kubernetes.objects import is_list, misshape, unpacked
from kusion_render.model import Resource
from kusion_render.yamlio import dump, parse_all

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from typing import Any, Final

    from kusion_render.diagnostics import Pointer, Where
    from kusion_render.yamlio import Limits

NOT_AN_OBJECT: Final = Rule("KR531", "not-an-object")
MALFORMED_OBJECT: Final = Rule("KR532", "malformed-object")

NAME: Final = "stdin"
"""What the stream is called in places."""

FILE_ANNOTATION: Final = "postrenderer.helm.sh/postrender-filename"
"""Where Helm 4 says of each document which template it comes from, and reads it back."""

_SOURCE_MARKS: Final = (b"# Source:", FILE_ANNOTATION.encode() + b":")
_SEPARATOR: Final = b"---"
# Rules whose message repeats what may be a value: an unquoted `!x` or `*x`. The stream may hold Secrets.
_DISCREET: Final = {
    "KR104": "a tag is not supported",
    "KR105": "an alias or anchor is not right",
}


class Document:
    """One document: its content, the line before it, the comment it begins with, and the part of the stream it is in."""

    __slots__ = ("comment", "data", "line", "part")

    def __init__(self, data: dict[str, Any], comment: str, part: bytes, line: int) -> None:
        self.data: Final = data
        self.comment: Final = comment
        self.part: Final = part
        self.line: Final = line


class Item:
    """One object: its document, and its place there, which is `()` unless the document is a `List`.

    `manifest` has `metadata`, if need be an empty one.
    """

    __slots__ = ("document", "manifest", "pointer")

    def __init__(self, document: Document, pointer: Pointer, manifest: dict[str, Any]) -> None:
        self.document: Final = document
        self.pointer: Final = pointer
        self.manifest: Final = manifest

    @property
    def id(self) -> str:
        """The object's name in diagnostics, as a resource's."""
        return Resource(self.manifest, "").id

    def span(self, pointer: Pointer = ()) -> Span:
        """Return the place of a field, or of the nearest thing around it that was written; a cold path."""
        from kusion_render.origins import locate
        from kusion_render.yamlio import positions_all

        whole = (*self.pointer, *pointer)
        for positions in positions_all(self.document.part, NAME)[:1]:
            return _shifted(locate(positions, whole, NAME), self.document.line)
        return Span(NAME, self.document.line + 1)


def read_stream(content: bytes, limits: Limits, diagnostics: Diagnostics) -> list[Document]:
    """Return the documents of a stream that hold something, in order; each is a map.

    Each is read by itself, so that one broken document does not hide what is wrong with the next. Problems of reading
    name the line of the stream and the template that the document comes from, and show no value.
    """
    documents: list[Document] = []
    for part, line in _parts(content):
        found = Diagnostics()
        parsed = parse_all(part, NAME, found, limits=limits, foreign=True)
        for item in found.items:
            diagnostics.items.append(_in_stream(item, part, line))
        comment = ""
        for number, each in enumerate(parsed or ()):
            if isinstance(each.data, dict):
                comment = _comment(part) if not number else ""
                documents.append(Document(each.data, comment, part, line))
            else:
                _report_no_object("this document is no map", part, line, diagnostics)
    return documents


def items_of(documents: Sequence[Document], diagnostics: Diagnostics) -> list[Item]:
    """Return the objects of the documents, those of a `List` one by one; KR531 and KR532 for what is none."""
    found: list[Item] = []
    for document in documents:
        for pointer, manifest in unpacked(document.data):
            item = Item(document, pointer, {**manifest, "metadata": manifest.get("metadata") or {}})
            missing = [key for key in ("apiVersion", "kind") if not _is_text(manifest.get(key))]
            if missing:
                what = f"this document has no `{missing[0]}`, so it is no Kubernetes object"
                _report_no_object(what, document.part, document.line, diagnostics, _named(manifest))
            elif problem := misshape(item.manifest):
                _report_misshape(item, problem, diagnostics)
            else:
                found.append(item)
    return found


def write_stream(documents: Sequence[Document], manifests: Sequence[dict[str, Any]]) -> str:
    """Return the stream with its objects replaced by `manifests`, one for one."""
    left = iter(manifests)
    return "".join(["---\n" + document.comment + dump(_rebuilt(document.data, left)) for document in documents])


def _parts(content: bytes) -> Iterator[tuple[bytes, int]]:
    """Yield what stands between the lines `---`, its own one included, and the number of lines before it.

    No value of a YAML document can hold such a line.
    """
    start, line = 0, 0
    while start < len(content):
        end = _next_separator(content, start)
        part = content[start:end]
        if part.removeprefix(_SEPARATOR).strip():
            yield part, line
        line += part.count(b"\n")
        start = end


def _next_separator(content: bytes, start: int) -> int:
    at = start
    while (at := content.find(b"\n" + _SEPARATOR, at) + 1) > 0:
        after = at + len(_SEPARATOR)
        if not content[after : after + 1].strip():
            return at
    return len(content)


def _comment(part: bytes) -> str:
    """Return the lines of comment that a document begins with."""
    kept: list[str] = []
    start = part.find(b"\n") + 1 if part.startswith(_SEPARATOR) else 0
    while True:
        end = part.find(b"\n", start) + 1 or len(part)
        # A line of ours ends where any reader's does: what follows is content.
        lines = part[start:end].decode("utf-8", "replace").lstrip("\ufeff").splitlines()
        start = end
        if not lines or (lines[0] and not lines[0].startswith("#")):
            return "".join(kept)
        if lines[0]:
            kept.append(lines[0].rstrip() + "\n")
        if len(lines) > 1:
            return "".join(kept)


def _rebuilt(data: dict[str, Any], manifests: Iterator[dict[str, Any]]) -> dict[str, Any]:
    if is_list(data):
        return {**data, "items": [_rebuilt(item, manifests) for item in data["items"]]}
    manifest = next(manifests)
    # What was not there is not written as empty.
    if not manifest["metadata"] and not data.get("metadata"):
        manifest = {key: data.get(key) if key == "metadata" else manifest[key] for key in manifest}
        if "metadata" not in data:
            del manifest["metadata"]
    return manifest


def _is_text(value: object) -> bool:
    return isinstance(value, str) and bool(value)


def _report_misshape(item: Item, problem: tuple[Pointer, str], diagnostics: Diagnostics) -> None:
    pointer, message = problem
    diagnostics.report(
        MALFORMED_OBJECT,
        f"{message}, in {describe(item.manifest)}",
        item.span(pointer),
        help="Kubernetes would refuse it; correct the chart's values or its template",
        related=_origin(item.document.part),
    )


def _report_no_object(what: str, part: bytes, line: int, diagnostics: Diagnostics, name: str = "") -> None:
    diagnostics.report(
        NOT_AN_OBJECT,
        what + (f" (its name is `{name}`)" if name else ""),
        Span(NAME, line + 1 + _lines_before(part)),
        help="Kubernetes would refuse it; correct the chart's values or its template",
        related=_origin(part),
    )


def describe(manifest: Mapping[str, Any]) -> str:
    """Return an object's kind and name, for messages."""
    name = _named(manifest)
    return f"{manifest.get('kind')} `{name}`" if name else f"a {manifest.get('kind')} without a name"


def _named(manifest: Mapping[str, Any]) -> str:
    metadata = manifest.get("metadata")
    name = metadata.get("name") or metadata.get("generateName") if isinstance(metadata, dict) else None
    return name if isinstance(name, str) else ""


def _lines_before(part: bytes) -> int:
    """Return the number of lines before a document's first that says something."""
    lines = part.split(b"\n")
    for number, line in enumerate(lines):
        if line.strip() and not line.startswith((b"#", _SEPARATOR)):
            return number
    return 0


def _in_stream(item: Diagnostic, part: bytes, line: int) -> Diagnostic:
    """Return a problem of one part with its places in the stream, without values, and with the template's name."""
    from kusion_render.origins import resolved

    def place(where: Where) -> Where:
        return _shifted(where, line) if isinstance(where, Span) else where

    moved = resolved(item, place)
    return Diagnostic(
        moved.rule,
        _DISCREET.get(moved.rule.code, moved.message),
        moved.where,
        help=moved.help,
        related=[*moved.related, *_origin(part)],
        severity=moved.severity,
    )


def _shifted(span: Span, lines: int) -> Span:
    return Span(NAME, span.line + lines, span.column, span.end_line + lines, span.end_column)


def _origin(part: bytes) -> list[Related]:
    """Return a note that names the template which a part of the stream comes from, as Helm's marks say."""
    for mark in _SOURCE_MARKS:
        _, found, rest = part.partition(mark)
        if found:
            name = rest.partition(b"\n")[0].decode("utf-8", "replace").strip("'\",} \t\r")
            return [Related(f"the document comes from `{name}`", None)]
    return []
