"""Assignments turned into edits of files, and the repository as it would be with them."""

from __future__ import annotations

import os

from kusion_render.assembly import assemble
from kusion_render.assignment.hiding import hidden, report_hidden
from kusion_render.assignment.site import View, find, holds_text, resolve
from kusion_render.diagnostics import Diagnostics
from kusion_render.document import MISSING, at, dotted
from kusion_render.edit import EDIT_PATH, set_value, unset_value
from kusion_render.edit.writing import Edited
from kusion_render.pipeline import Options
from kusion_render.rendering import compile_stack
from kusion_render.repository import Files, Repository
from kusion_render.repository.disk import EditedDisk
from kusion_render.text import text as as_text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any, Final

    from kusion_render.assignment.site import Scope, Site
    from kusion_render.diagnostics import Pointer, Span
    from kusion_render.repository import Target


class Assignment:
    """A place of the apps and the value it is to have; without `unset` a `None` is the `null` that deletes."""

    __slots__ = ("pointer", "unset", "value")

    def __init__(self, pointer: Pointer, value: Any = None, *, unset: bool = False) -> None:
        self.pointer: Final = pointer
        self.value: Final = value  # Any: plain data as `setting.parse` gives it
        self.unset: Final = unset


def plan(
    repository: Repository,
    targets: Sequence[Target],
    assignments: Sequence[Assignment],
    scope: Scope,
    diagnostics: Diagnostics,
) -> Plan | None:
    """Return the edits that give the renders of one stack other values; None after a diagnostic.

    Reports KR550 to KR554, and what makes the stack's files unreadable; other faults that the stack has already do not
    matter here.
    """
    for target in targets:
        found = Diagnostics()
        if compile_stack(repository, target, Options(), found).source is None:
            diagnostics.items.extend(found.items)
            return None
    made = Plan(repository, targets)
    for assignment in assignments:
        made.add(assignment, scope, diagnostics)
    if diagnostics.failed:
        return None
    made.report_hidden(diagnostics)
    return made


class Plan:
    """Edits ready to be written.

    `edits` are the new contents, `after` is the repository as it would be with them, `written` are the assignments that
    change a file, each with its site, and `unchanged` those whose value is there already, each with its place.
    """

    __slots__ = ("_before", "_targets", "after", "edits", "unchanged", "written")

    def __init__(self, repository: Repository, targets: Sequence[Target]) -> None:
        self._before: Final = repository
        self._targets: Final = targets
        self.after = repository
        self.edits: list[Edited] = []
        self.written: Final[list[tuple[Assignment, Site]]] = []
        self.unchanged: Final[list[tuple[Assignment, Span | None]]] = []

    def add(self, assignment: Assignment, scope: Scope, diagnostics: Diagnostics) -> None:
        """Take an assignment in; those that follow see its edit."""
        views = [View(self.after, target) for target in self._targets]
        pointer = resolve(views[0], assignment.pointer)
        site = find(views[0], pointer, scope, diagnostics)
        if site is None:
            return
        if assignment.unset and site.found is MISSING:
            _report_unwritten(views[0], site, pointer, diagnostics)
            return
        resolved = Assignment(pointer, assignment.value, unset=assignment.unset)
        text = holds_text(views[0], pointer)
        if not assignment.unset and _is_so(views, site, resolved, scope, text=text):
            self.unchanged.append((resolved, _place(views[0], site, pointer)))
            return
        new = self._edited(site, resolved, diagnostics, text=text)
        if new is not None:
            self.written.append((resolved, site))
            self._take(site.file, new)

    def _edited(self, site: Site, assignment: Assignment, diagnostics: Diagnostics, *, text: bool) -> bytes | None:
        files = self.after.files
        content = (files.content(site.file, diagnostics) or b"") if files.exists(site.file) else b""
        file, pointer, limits = site.file, site.pointer, files.limits
        if assignment.unset:
            return unset_value(content, file, pointer, diagnostics, limits=limits)
        return set_value(content, file, pointer, assignment.value, diagnostics, text=text, limits=limits)

    def _take(self, file: str, new: bytes) -> None:
        """Go on from the repository with a file's new content."""
        files = self._before.files
        before = files.content(file, Diagnostics()) if files.exists(file) else None
        self.edits = [*(edit for edit in self.edits if edit.file != file), Edited(file, before, new)]
        edited = {os.path.realpath(files.path(edit.file)): edit.after for edit in self.edits}
        self.after = Repository(Files(files.root, files.limits, EditedDisk(files.root, edited)), Diagnostics())

    def report_hidden(self, diagnostics: Diagnostics) -> None:
        """Report values that count on none of the stack's workspaces, as KR552."""
        views = [View(self.after, target) for target in self._targets]
        for assignment, site in self.written:
            if assignment.unset:
                continue
            winners = [hidden(view, site, assignment.pointer, assignment.value) for view in views]
            if winners[0] is not None and all(winners):
                report_hidden(views[0], site, winners[0], diagnostics)

    def span(self, assignment: Assignment, site: Site) -> Span:
        """Return the place of an edit in its file as it will be; where it stood, if it was taken out."""
        files = (self._before if assignment.unset else self.after).files
        files.content(site.file, Diagnostics())
        return files.span(site.file, site.pointer, on_key=assignment.unset)

    def touches(self, span: Span | None) -> bool:
        """Tell whether a place is on a line that an edit has written."""
        return span is not None and any(
            edit.file == span.file and span.line in _new_lines(edit.before or b"", edit.after) for edit in self.edits
        )


def _report_unwritten(view: View, site: Site, pointer: Pointer, diagnostics: Diagnostics) -> None:
    known = view.trace.history(pointer) or at(view.trace.merged, pointer) is not MISSING
    diagnostics.report(
        EDIT_PATH,
        f"`{dotted(pointer)}` is not written in {site.file}",
        view.trace.span(pointer) if known else None,
        help="to take it out of this file, name its scope: --base or --workspace, or the stack alone"
        if known
        else "no file sets it; check the path",
    )


def _new_lines(before: bytes, after: bytes) -> range:
    """Return the numbers of the lines from the first that differs to the last, counted from 1."""
    old, new = before.splitlines(), after.splitlines()
    start = next(
        (at for at, (one, other) in enumerate(zip(old, new, strict=False)) if one != other), min(len(old), len(new))
    )
    end = len(new)
    while end > start and end - len(new) + len(old) > start and new[end - 1] == old[end - 1 - len(new) + len(old)]:
        end -= 1
    return range(start + 1, end + 1)


def _is_so(views: Sequence[View], site: Site, assignment: Assignment, scope: Scope, *, text: bool) -> bool:
    """Tell whether the value stands there, or, where the stack itself says nothing, has come from beneath."""
    if site.found is not MISSING:
        return _same(site.found, assignment.value, text=text)
    return scope == "stack" and all(
        _same(at(assemble(view.source.sources), assignment.pointer), assignment.value, text=text) for view in views
    )


def _same(found: Any, wanted: Any, *, text: bool) -> bool:
    if isinstance(wanted, dict):
        return (
            isinstance(found, dict)
            and found.keys() == wanted.keys()
            and all(_same(found[key], wanted[key], text=False) for key in wanted)
        )
    if isinstance(wanted, list):
        return (
            isinstance(found, list)
            and len(found) == len(wanted)
            and all(_same(one, other, text=False) for one, other in zip(found, wanted, strict=True))
        )
    if text and isinstance(found, (str, bool, int, float)) and isinstance(wanted, (str, bool, int, float)):
        return _typed(found) == _typed(wanted)
    return type(found) is type(wanted) and bool(found == wanted)


def _typed(value: Any) -> str:
    return str(value) if isinstance(value, str) else as_text(value)


def _place(view: View, site: Site, pointer: Pointer) -> Span | None:
    if site.found is MISSING:
        return view.trace.span(pointer)
    return view.repository.files.span(site.file, site.pointer)
