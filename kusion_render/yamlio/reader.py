"""Bytes to plain data, by an own walk over the nodes that libyaml composes.

PyYAML's constructors and resolvers cost more than parsing and guess at scalars; here a node is looked at once.
Positions are not kept: nodes carry them while problems are reported, and `positions` reads a file again
when somebody must be shown a place.
"""

from __future__ import annotations

from kusion_render.diagnostics import Related, Rule, Span
from kusion_render.yamlio.libyaml import CParser, MappingNode, ScalarNode, YAMLError
from kusion_render.yamlio.scalars import Plain, as_typed, scalar

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Final

    from kusion_render.diagnostics import Diagnostics, Json, Severity
    from kusion_render.yamlio.libyaml import Node
    from kusion_render.yamlio.positions import SourceText

DUPLICATE_KEY: Final = Rule("KR102", "duplicate-key")
TAG: Final = Rule("KR104", "yaml-tag")
ALIAS: Final = Rule("KR105", "yaml-alias")
SEVERAL_DOCUMENTS: Final = Rule("KR107", "several-documents")
TOO_LARGE: Final = Rule("KR109", "too-large")
BAD_KEY: Final = Rule("KR112", "bad-key")

# What `resolve` leaves on a node in place of a tag; an explicit tag stays a string.
_PLAIN: Final = object()
_QUOTED: Final = object()
_MAPPING: Final = object()
_SEQUENCE: Final = object()

# Tags of YAML's own types, which foreign documents may spell out, and what they make of a scalar.
_OWN_TAGS: Final = {
    "tag:yaml.org,2002:str": _QUOTED,
    "tag:yaml.org,2002:int": _PLAIN,
    "tag:yaml.org,2002:float": _PLAIN,
    "tag:yaml.org,2002:bool": _PLAIN,
    "tag:yaml.org,2002:null": _PLAIN,
    "tag:yaml.org,2002:map": _MAPPING,
    "tag:yaml.org,2002:seq": _SEQUENCE,
}

NULL_TEXTS: Final = frozenset(("", "~", "null", "Null", "NULL"))
_ODD_KEYS: Final = NULL_TEXTS | {"<<"}
# Measured: libyaml's composer recurses in C and overflows an 8 MiB stack between 20,000 and 40,000 levels.
_HARMLESS_INDICATORS: Final = 1000


class Limits:
    """What a file may cost; beyond it is KR109.

    `max_bytes` of a file, `depth` of nested maps and lists (at most 200, as reading and writing recurse),
    `nodes` of a document after aliases are expanded, `documents` of a file. A program in KCL may take `kcl_seconds`, and
    `kcl_bytes` of memory.
    """

    __slots__ = ("depth", "documents", "kcl_bytes", "kcl_seconds", "max_bytes", "nodes")

    def __init__(
        self,
        *,
        max_bytes: int = 4 << 20,
        depth: int = 100,
        nodes: int = 200_000,
        documents: int = 10_000,
        kcl_seconds: int = 20,
        kcl_bytes: int = 512 << 20,
    ) -> None:
        self.kcl_seconds: Final = kcl_seconds
        self.kcl_bytes: Final = kcl_bytes
        self.max_bytes: Final = max_bytes
        self.depth: Final = min(depth, 200)
        self.nodes: Final = nodes
        self.documents: Final = documents


DEFAULT: Final = Limits()


class Parsed:
    """One document: its `data`, and what in it later stages need not look for when it is absent.

    `has_null`: some map value or list item is null. `has_plain`: some scalar is a `Plain`.
    `has_reference`: the file holds `${{`.
    """

    __slots__ = ("data", "has_null", "has_plain", "has_reference")

    def __init__(self, data: Json, *, has_null: bool, has_plain: bool, has_reference: bool) -> None:
        self.data: Final = data
        self.has_null: Final = has_null
        self.has_plain: Final = has_plain
        self.has_reference: Final = has_reference


def parse(content: bytes, file: str, diagnostics: Diagnostics, *, limits: Limits = DEFAULT) -> Parsed | None:
    """Read a file of one document; empty documents before and after it do not count.

    Reports KR101, KR102, KR104 to KR107, KR109 and KR112. After a duplicate key, a tag, a bad key or a bad `<<`
    the rest is still returned.

    Returns:
        The document, with `data` None for an empty file; None if there is nothing to go on with.
    """
    reading = _Reading(content, file, diagnostics, limits)
    documents = reading.documents(several=False)
    if documents is None:
        return None
    return documents[0] if documents else reading.parsed(None)


def parse_all(
    content: bytes, file: str, diagnostics: Diagnostics, *, limits: Limits = DEFAULT, foreign: bool = False
) -> list[Parsed] | None:
    """Read a file of several documents, less the empty ones; otherwise as `parse`.

    `foreign` documents are made by other programs for Go's YAML, and their readers can't mend them. They are read as
    there: the last of two equal keys counts, which is only a warning, and the tags of YAML's own types are obeyed.
    What readers disagree about becomes `Bare`; there is no `Plain`.
    """
    return _Reading(content, file, diagnostics, limits, foreign=foreign).documents(several=True)


class Composer(CParser):
    """libyaml's composer, with marks of our own in place of tags, which it asks for by the methods below."""

    def resolve(self, kind: type[Node], value: str | None, implicit: tuple[bool, bool]) -> object:  # noqa: ARG002 - libyaml's call
        """Mark a node without an explicit tag; `implicit` says of a scalar whether it is plain."""
        if kind is ScalarNode:
            return _PLAIN if implicit[0] else _QUOTED
        return _MAPPING if kind is MappingNode else _SEQUENCE

    def descend_resolver(self, parent: Node | None, index: object) -> None:
        """Do nothing on the way into a node."""

    def ascend_resolver(self) -> None:
        """Do nothing on the way out of a node."""


class _Bounds(Exception):  # noqa: N818 - not an error of the program, and never seen outside this file
    """A document is too large or too deep, at `node`."""

    def __init__(self, what: str, node: Node | None) -> None:
        super().__init__(what)
        self.node: Final = node


class _BoundedComposer(Composer):
    """A composer that stops before a hostile file overflows the stack or fills the memory."""

    def __init__(self, content: bytes, limits: Limits) -> None:
        super().__init__(content)
        self.levels_left = limits.depth + 1
        self.nodes_left = limits.nodes
        self.limits: Final = limits

    def descend_resolver(self, parent: Node | None, index: object) -> None:  # noqa: ARG002 - libyaml's call
        """Count a node on the way in."""
        self.levels_left -= 1
        self.nodes_left -= 1
        if self.levels_left < 0:
            raise _Bounds(_too_deep(self.limits), parent)
        if self.nodes_left < 0:
            raise _Bounds(_too_many(self.limits), parent)

    def ascend_resolver(self) -> None:
        """Leave a level."""
        self.levels_left += 1


def _composer(content: bytes, limits: Limits) -> Composer:
    """Choose the cheapest composer that is safe for a file."""
    # Each level of nesting takes one of these characters, and each byte makes at most two nodes.
    count = content.count
    indicators = count(b":") + count(b"-") + count(b"[") + count(b"{") + count(b"?")
    if indicators <= _HARMLESS_INDICATORS and 2 * len(content) < limits.nodes:
        return Composer(content)
    return _BoundedComposer(content, limits)


class _Reading:
    """One file being read."""

    __slots__ = ("content", "diagnostics", "file", "foreign", "limits", "source")

    def __init__(
        self, content: bytes, file: str, diagnostics: Diagnostics, limits: Limits, *, foreign: bool = False
    ) -> None:
        self.content: Final = content
        self.file: Final = file
        self.diagnostics: Final = diagnostics
        self.limits: Final = limits
        self.foreign: Final = foreign
        self.source: SourceText | None = None

    def documents(self, *, several: bool) -> list[Parsed] | None:
        """Return all documents that hold something; None if the file cannot be read."""
        try:
            return self._documents(several=several)
        except _Bounds as bounds:
            if isinstance(bounds, _Cycle):
                self.report(ALIAS, str(bounds), bounds.node, help="write out what is meant")
            else:
                advice = "split the file; the bounds are `limits` of kusion-render.yaml"
                self.report(TOO_LARGE, str(bounds), bounds.node, help=advice)
        except YAMLError as failure:
            self._fail(failure)
        return None

    def _documents(self, *, several: bool) -> list[Parsed] | None:
        content, limits = self.content, self.limits
        if len(content) > limits.max_bytes:
            raise _Bounds(f"the file is larger than {limits.max_bytes} bytes", None)
        if content.startswith((b"\xff\xfe", b"\xfe\xff")):  # libyaml would read it
            self._fail(None)
            return None
        found: list[Parsed] = []
        number = 0
        composer = _composer(content, limits)
        while composer.check_node():
            node = composer.get_node()
            number += 1
            if number > limits.documents:
                raise _Bounds(f"the file holds more than {limits.documents} documents", node)
            if node is None or (node.value == "" and node.tag is _PLAIN):
                continue
            if found and not several:
                self._second(node)
                return None
            found.append(self._document(node))
            if isinstance(composer, _BoundedComposer):
                composer.nodes_left = limits.nodes
        if b"!" in content:
            self._report_bare_tags()
        return found

    def _document(self, node: Node) -> Parsed:
        """Turn one composed document into data."""
        walk = _Walk(self)
        if b"*" in self.content:
            walk.shared = {}
            _Expansion(self.limits).measure(node, 0)
        data = walk.value(node, 0)
        return self.parsed(as_typed(data) if self.foreign and walk.has_plain else data, walk)

    def parsed(self, data: Json, walk: _Walk | None = None) -> Parsed:
        """Wrap a document's data."""
        return Parsed(
            data,
            has_null=walk is not None and walk.has_null,
            has_plain=walk is not None and walk.has_plain and not self.foreign,
            has_reference=b"${{" in self.content,
        )

    def report(
        self,
        rule: Rule,
        message: str,
        node: Node | None,
        *,
        help: str | None = None,  # noqa: A002 - as `Diagnostics.report`
        related: Sequence[Related] = (),
        severity: Severity | None = None,
    ) -> None:
        """Report a problem at a node."""
        self.diagnostics.report(rule, message, self.span(node), help=help, related=related, severity=severity)

    def span(self, node: Node | None) -> Span:
        """Return the place of a node, or the file's start."""
        if self.source is None:
            from kusion_render.yamlio.positions import SourceText

            self.source = SourceText(self.content, self.file)
        return self.source.span_of(node)

    def _fail(self, failure: YAMLError | None) -> None:
        from kusion_render.yamlio.failures import report_failure

        report_failure(failure, self.content, self.file, self.diagnostics)

    def _second(self, node: Node) -> None:
        from kusion_render.yamlio.failures import report_second_document

        report_second_document(node, self.content, self.file, self.diagnostics)

    def _report_bare_tags(self) -> None:
        from kusion_render.yamlio.failures import report_bare_tags

        report_bare_tags(self.content, self.file, self.diagnostics)


class _Cycle(_Bounds):
    """An alias inside the value that it stands for."""


class _Expansion:
    """Counts what a document holds once every alias is replaced by its value, each node looked at once."""

    __slots__ = ("limits", "sizes")

    def __init__(self, limits: Limits) -> None:
        self.limits: Final = limits
        self.sizes: Final[dict[int, tuple[int, int] | None]] = {}

    def measure(self, node: Node, level: int) -> tuple[int, int]:
        """Return the number of nodes and the depth of a value that is `level` deep, or raise `_Bounds`."""
        if type(node) is ScalarNode:
            return 1, 0
        known = self.sizes.get(id(node), ())
        if known is None:
            raise _Cycle("an alias stands inside the value that it repeats", node)
        if known:
            size, depth = known
        else:
            self._check_depth(level, node)
            self.sizes[id(node)] = None
            size, depth = self._measure_parts(node, level + 1)
            self.sizes[id(node)] = (size, depth)
        # A value seen before may now stand deeper.
        self._check_depth(level + depth - 1, node)
        return size, depth

    def _measure_parts(self, node: Node, level: int) -> tuple[int, int]:
        size, depth = 1, 0
        for child in node.value:
            for part in child if type(child) is tuple else (child,):
                part_size, part_depth = self.measure(part, level)
                size += part_size
                depth = max(depth, part_depth)
        if size > self.limits.nodes:
            raise _Bounds(_too_many(self.limits), node)
        return size, depth + 1

    def _check_depth(self, level: int, node: Node) -> None:
        if level >= self.limits.depth:
            raise _Bounds(_too_deep(self.limits), node)


class _Walk:
    """Builds the data of one document and reports what is wrong in it."""

    __slots__ = ("depth_limit", "has_null", "has_plain", "reading", "shared")

    def __init__(self, reading: _Reading) -> None:
        self.reading: Final = reading
        self.depth_limit: Final = reading.limits.depth
        self.has_null = False
        self.has_plain = False
        # Values by the id of their node where aliases may share them; the nodes outlive the walk.
        self.shared: dict[int, Json] | None = None

    def value(self, node: Node, depth: int) -> Json:
        """Build any value."""
        tag = node.tag
        if tag is _QUOTED:
            return node.value  # type: ignore[no-any-return]  # PyYAML's nodes are untyped
        if tag is _PLAIN:
            return self.plain(node.value)
        if tag is not _MAPPING and tag is not _SEQUENCE:
            return self._tagged(node, depth)
        shared = self.shared
        if shared is not None and id(node) in shared:
            return shared[id(node)]
        if depth >= self.depth_limit:
            raise _Bounds(_too_deep(self.reading.limits), node)
        built: Json = self.mapping(node, depth + 1) if tag is _MAPPING else self.sequence(node, depth + 1)
        if shared is not None:
            shared[id(node)] = built
        return built

    def plain(self, text: str) -> Json:
        """Resolve a plain scalar and remember what kinds there are."""
        resolved = scalar(text)
        if resolved is None:
            self.has_null = True
        elif type(resolved) is Plain:
            self.has_plain = True
        return resolved

    def sequence(self, node: Node, depth: int) -> list[Json]:
        """Build a list."""
        value = self.value
        return [value(child, depth) for child in node.value]

    def mapping(self, node: Node, depth: int) -> dict[str, Json]:
        """Build a map; the first of two equal keys stays."""
        data: dict[str, Json] = {}
        merges: list[Node] = []
        duplicates: list[Node] = []
        for key_node, value_node in node.value:
            tag = key_node.tag
            key = key_node.value
            if tag is not _QUOTED and (tag is not _PLAIN or key in _ODD_KEYS):
                if tag is _PLAIN and key == "<<":
                    if merges:
                        duplicates.append(key_node)
                    merges.append(value_node)
                    continue
                if not self._key(key_node):
                    continue
            if key in data:
                duplicates.append(key_node)
                built = self.value(value_node, depth)
                if self.reading.foreign:
                    data[key] = built
                continue
            tag = value_node.tag
            # As `value` does; a call less for two thirds of all nodes.
            if tag is _PLAIN:
                resolved = scalar(value_node.value)
                if resolved is None:
                    self.has_null = True
                elif type(resolved) is Plain:
                    self.has_plain = True
                data[key] = resolved
            elif tag is _QUOTED:
                data[key] = value_node.value
            else:
                data[key] = self.value(value_node, depth)
        if duplicates:
            self._duplicates(duplicates, node)
        return data if not merges else self._merged(merges[0], data, depth)

    def _merged(self, node: Node, data: dict[str, Json], depth: int) -> dict[str, Json]:
        """Put what stands under `<<` below the map's own keys: of a list, the earlier map wins."""
        merged: dict[str, Json] = {}
        for source in reversed(node.value if node.tag is _SEQUENCE else [node]):
            if source.tag is _MAPPING:
                built = self.value(source, depth)
                if isinstance(built, dict):
                    merged.update(built)
            else:
                self.reading.report(ALIAS, "`<<` takes a map or a list of maps", source, help="write `<<: *name`")
        merged.update(data)
        return merged

    def _key(self, node: Node) -> bool:
        """Report a key that is no plain text; return whether its text can be used all the same."""
        if node.tag is _PLAIN:
            self.reading.report(BAD_KEY, "a key is empty or null", node, help="quote it if it is meant as text")
            return False
        if type(node) is ScalarNode:
            if not (self.reading.foreign and node.tag in _OWN_TAGS):
                self._report_tag(node)
            return True
        kind = "map" if type(node) is MappingNode else "list"
        self.reading.report(
            BAD_KEY, f"a key is a {kind}", node, help="quote a value that starts with `{` or `[`, as templates do"
        )
        return False

    def _tagged(self, node: Node, depth: int) -> Json:
        """Report an explicit tag and read on without it."""
        if self.reading.foreign and node.tag in _OWN_TAGS:
            node.tag = _OWN_TAGS[node.tag]  # type: ignore[assignment]  # a mark in place of a tag, as below
            return self.value(node, depth)
        self._report_tag(node)
        # Told once, though aliases may lead here again.
        if type(node) is ScalarNode:
            node.tag = _QUOTED  # type: ignore[assignment]  # a mark in place of a tag, as `resolve` leaves them
            return node.value  # type: ignore[no-any-return]  # PyYAML's nodes are untyped
        node.tag = _MAPPING if type(node) is MappingNode else _SEQUENCE  # type: ignore[assignment]  # as above
        return self.value(node, depth)

    def _report_tag(self, node: Node) -> None:
        tag = str(node.tag).replace("tag:yaml.org,2002:", "!!", 1)
        self.reading.report(
            TAG, f"the tag `{tag}` is not supported", node, help="remove it; quote a value to make it text"
        )

    def _duplicates(self, duplicates: list[Node], node: Node) -> None:
        firsts: dict[str, Node] = {}
        for key, _ in node.value:
            if type(key) is ScalarNode:
                firsts.setdefault(key.value, key)
        for key in duplicates:
            related = [Related("first set here", self.reading.span(firsts[key.value]))]
            message = f"the key `{key.value}` is set twice"
            advice, severity = "remove one of the two", DUPLICATE_KEY.severity
            if self.reading.foreign:
                advice, severity = "remove one of the two; the last one counts", "warning"
            self.reading.report(DUPLICATE_KEY, message, key, help=advice, related=related, severity=severity)


def _too_deep(limits: Limits) -> str:
    return f"maps and lists are nested more than {limits.depth} levels deep"


def _too_many(limits: Limits) -> str:
    return f"the document holds more than {limits.nodes} values, aliases expanded"
