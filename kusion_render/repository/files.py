"""The one door to the repository's files: nothing outside the root is read, nothing is read twice."""

from __future__ import annotations

import os

from kusion_render.diagnostics import Diagnostics, Rule
from kusion_render.origins import locate
from kusion_render.repository.disk import Disk
from kusion_render.repository.limits import lowered
from kusion_render.yamlio import Limits, parse, positions

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any, Final, TypeAlias

    from kusion_render.diagnostics import Diagnostic, Pointer, Span, Where
    from kusion_render.origins import Positions
    from kusion_render.repository.disk import Source
    from kusion_render.yamlio import Parsed

    # The names of a folder's files, and of its folders.
    Entries: TypeAlias = tuple[frozenset[str], Sequence[str]]

UNREADABLE: Final = Rule("KR110", "unreadable-file")
OUTSIDE_ROOT: Final = Rule("KR111", "outside-root")
TOO_LARGE: Final = Rule("KR109", "too-large")
NOT_A_MAPPING: Final = Rule("KR108", "not-a-mapping")


class Record:
    """What was asked of the file system, by path from the root; `""` is the root itself.

    `read` are files that are there, `listed` folders, `absent` what was looked for in vain, a folder with a slash behind.
    `looks` tells of projects that were looked through, by folder: whether they look like Kusion's, and what that asked.
    """

    __slots__ = ("absent", "listed", "looks", "read")

    def __init__(self) -> None:
        self.read: Final[set[str]] = set()
        self.absent: Final[set[str]] = set()
        self.listed: Final[set[str]] = set()
        self.looks: Final[dict[str, tuple[bool, Record]]] = {}

    def whole(self) -> Record:
        """Return the record with the questions that looking through projects has asked."""
        every = Record()
        for record in (self, *(asked for _, asked in self.looks.values())):
            every.read.update(record.read)
            every.absent.update(record.absent)
            every.listed.update(record.listed)
        return every


class Files:
    """Reads files below `root` (an absolute, resolved path); paths are relative to it, with forward slashes.

    They come from the disk, or from another `source`, such as a commit that is laid out as if it were checked out at `root`.
    `record` remembers every question, also those that an earlier answer served: they are the inputs of a render.
    """

    __slots__ = (
        "_bytes",
        "_digests",
        "_entries",
        "_homes",
        "_locators",
        "_parsed",
        "_positions",
        "limits",
        "record",
        "root",
        "source",
    )

    def __init__(self, root: str, limits: Limits | None = None, source: Source | None = None) -> None:
        self.root: Final = root
        self.source: Final[Source] = source or Disk(root)
        self.limits = limits or Limits()
        self.record = Record()
        self._digests: Final[dict[str, str | None]] = {}
        self._homes: Final[dict[str, bool]] = {}
        self._entries: Final[dict[str, Entries]] = {}
        self._positions: Final[dict[str, Positions]] = {}
        self._locators: Final[dict[str, Callable[[], Positions]]] = {}
        self._bytes: Final[dict[str, bytes | None]] = {}
        self._parsed: Final[dict[str, tuple[Parsed | None, Sequence[Diagnostic]]]] = {}

    def lower_limits(self, wanted: Mapping[str, Any]) -> None:
        """Take a repository's own bounds where they are lower than the operator's; called once, before its other files."""
        self.limits = lowered(self.limits, wanted)

    def start_record(self) -> None:
        """Forget the questions so far, not their answers; called before each render."""
        self.record = Record()

    def path(self, file: str) -> str:
        """Return the absolute path of a file of the repository."""
        return os.path.join(self.root, *file.split("/")) if file else self.root

    def relative(self, path: str) -> str | None:
        """Return an absolute path relative to the root, or None when it lies outside."""
        relative = os.path.relpath(path, self.root).replace(os.sep, "/")
        if relative == ".":
            return ""
        return None if relative == ".." or relative.startswith("../") or os.path.isabs(relative) else relative

    def exists(self, file: str) -> bool:
        """Tell whether a file is there, and remember the question: its appearance would change the render."""
        found = self.source.is_file(self.path(file))
        (self.record.read if found else self.record.absent).add(file)
        return found

    def entries(self, folder: str) -> Entries:
        """Return the names of a folder's files, and of its folders, sorted; a link counts as a file.

        Raises:
            OSError: when it is not there, no folder, or can't be listed.
        """
        known = self._entries.get(folder)
        if known is None:
            try:
                known = self._entries[folder] = self._list(folder)
            except FileNotFoundError:
                self.record.absent.add(folder + "/")
                raise
            except OSError:
                self.record.listed.add(folder)
                raise
        self.record.listed.add(folder)
        return known

    def _list(self, folder: str) -> Entries:
        files = set()
        folders = []
        for name, is_folder in self.source.entries(self.path(folder)):
            if is_folder:
                folders.append(name)
            else:
                files.add(name)
        return frozenset(files), sorted(folders)

    def inside(self, path: str) -> bool:
        """Tell whether what a path leads to, links followed, lies inside the root."""
        return self.source.canonical(path) is not None

    def content(self, file: str, diagnostics: Diagnostics, where: Where = None) -> bytes | None:
        """Return a file's bytes, or None after KR109, KR110 or KR111.

        `where` is the place that named the file, for the diagnostic.
        """
        known = self._bytes.get(file)
        if known is not None:
            self.record.read.add(file)
            return known
        path = self.path(file)
        below = not file.startswith("/") and self.relative(path) is not None
        if below:
            there = self.source.is_there(path) or self.source.link(path) is not None
            (self.record.read if there else self.record.absent).add(file)
        if not below or not self.inside(path):
            diagnostics.report(
                OUTSIDE_ROOT,
                f"`{file}` leads outside the repository",
                where,
                help="keep every file a render reads inside the repository; links must stay inside too",
            )
            return None
        content = self._read(path, file, diagnostics, where)
        self._bytes[file] = content
        self._digests.pop(file, None)
        return content

    def _read(self, path: str, file: str, diagnostics: Diagnostics, where: Where) -> bytes | None:
        limit = self.limits.max_bytes
        content = b""
        # Opening a pipe would wait for ever.
        strange = self.source.is_there(path) and not self.source.is_file(path)
        reason = "not a regular file" if strange else ""
        try:
            if not reason:
                content = self.source.read(path, limit)
        except OSError as error:
            reason = (error.strerror or "unknown reason").lower()
        if reason:
            diagnostics.report(
                UNREADABLE, f"`{file}` cannot be read: {reason}", where, help="check its path and its mode"
            )
            return None
        if len(content) > limit:
            diagnostics.report(
                TOO_LARGE,
                f"`{file}` is larger than {limit} bytes",
                where,
                help="split it; the bound is `limits.maxFileBytes` of kusion-render.yaml",
            )
            return None
        return content

    def yaml(self, file: str, diagnostics: Diagnostics, where: Where = None) -> Parsed | None:
        """Return a file's one document, read once a run; its problems are reported each time it is asked for."""
        known = self._parsed.get(file)
        if known is None:
            known = self._parsed[file] = self._parse(file, where)
        elif self._bytes.get(file) is not None:
            self.record.read.add(file)
        else:
            self.content(file, Diagnostics(), where)
        diagnostics.items.extend(known[1])
        return known[0]

    def _parse(self, file: str, where: Where) -> tuple[Parsed | None, Sequence[Diagnostic]]:
        found = Diagnostics()
        content = self.content(file, found, where)
        if content is None:
            return None, found.items
        parsed = parse(content, file, found, limits=self.limits)
        if parsed is not None and parsed.data is not None and not isinstance(parsed.data, dict):
            found.report(
                NOT_A_MAPPING,
                "a map of keys to values is expected here",
                self.positions(file)[()][1],
                help="write `key: value` lines",
            )
            parsed = None
        return (None if found.failed else parsed), found.items

    def locate_by(self, file: str, locator: Callable[[], Positions]) -> None:
        """Take a file that is not YAML for the name of what `locator` knows the places of, until told otherwise."""
        self._positions.pop(file, None)
        self._locators[file] = locator

    def positions(self, file: str) -> Positions:
        """Return where every key and value of a readable file stands."""
        known = self._positions.get(file)
        if known is None:
            content = self._bytes.get(file)
            if file in self._locators:
                known = self._locators[file]()
            else:
                known = positions(content, file) if content is not None else {}
            self._positions[file] = known
        return known

    def span(self, file: str, pointer: Pointer, *, on_key: bool = False) -> Span:
        """Return the place of `pointer` in a file that was read."""
        return locate(self.positions(file), pointer, file, on_key=on_key)

    def text(self, file: str) -> str | None:
        """Return a file's text for a code frame, or None when it can't be read.

        Where worker processes did the reading, this one reads what it is asked for now.
        """
        content = self._bytes[file] if file in self._bytes else self.content(file, Diagnostics())
        return None if content is None else content.decode("utf-8", errors="replace")

    # What receipts and `affected` compare. Nothing of it is an input of a render, so that no record is kept.

    def digest(self, file: str) -> str | None:
        """Return the digest of a file's bytes, None for what no render could read; the bytes are not kept."""
        if file not in self._digests:
            content = self._bytes.get(file)
            self._digests[file] = _digest(self._seen(file) if content is None else content)
        return self._digests[file]

    def _seen(self, file: str) -> bytes | None:
        path = self.path(file)
        content = self.source.own(path) if self._is_home(file.rpartition("/")[0]) else None
        if content is None and self.source.is_file(path) and self.inside(path):
            try:
                content = self.source.read(path, self.limits.max_bytes)
            except OSError:
                return None
        return content if content is None or len(content) <= self.limits.max_bytes else None

    def _is_home(self, folder: str) -> bool:
        known = self._homes.get(folder)
        if known is None:
            known = self._homes[folder] = self.inside(self.path(folder))
        return known

    def listing(self, folder: str) -> str | None:
        """Return the digest of the names in a folder, None where it can't be listed."""
        record, self.record = self.record, Record()
        try:
            names, inner = self.entries(folder) if self._is_home(folder) else (None, ())
        except OSError:
            names, inner = None, ()
        self.record = record
        return (
            None if names is None else _digest("\0".join([*sorted(names), "", *inner]).encode(errors="surrogateescape"))
        )

    def lacks(self, path: str) -> bool:
        """Tell whether nothing is there, neither file nor folder; a slash may stand behind the path."""
        folder, _, name = path.rstrip("/").rpartition("/")
        known = self._entries.get(folder)
        if known is not None and name not in known[0] and name not in known[1]:
            return True
        return not self.source.is_there(self.path(path.rstrip("/")))


def _digest(content: bytes | None) -> str | None:
    if content is None:
        return None
    from hashlib import sha256

    return sha256(content).hexdigest()
