"""A stack's program in KCL: its entries, run as one, make one layer."""

from __future__ import annotations

import json

from kusion_render.diagnostics import Diagnostics, Related, Rule, Span
from kusion_render.document import DIRECTIVE
from kusion_render.interpolation import OPEN, Verbatim
from kusion_render.kcl import Evaluator, Failure, positions_of
from kusion_render.loaders import IDLE_ARGUMENT, KCL
from kusion_render.loaders.kcl_mod import MAIN, join, read_mod
from kusion_render.loaders.kcl_packages import LIMIT, SYNTAX, collect, members
from kusion_render.loaders.kcl_stage import Stage
from kusion_render.loaders.yaml import from_root
from kusion_render.model import Layer
from kusion_render.suggestion import suggest
from kusion_render.yamlio import Parsed

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any, Final

    from kusion_render.diagnostics import Where
    from kusion_render.kcl import Complaint
    from kusion_render.loaders.kcl_mod import KclMod
    from kusion_render.loaders.kcl_packages import Program
    from kusion_render.model import Stack
    from kusion_render.origins import Positions
    from kusion_render.repository import Files, Repository

    Entries = Sequence[tuple[str, Span | None]]

EVALUATION: Final = Rule("KR133", "kcl-evaluation")
RESULT: Final = Rule("KR137", "kcl-result")
_CHECK: Final = "check failed on the condition"


def load_program(
    repository: Repository,
    stack: Stack,
    entries: Entries | None,
    arguments: Mapping[str, str],
    diagnostics: Diagnostics,
) -> Layer | None:
    """Return the one layer that a stack's program makes, or None after a diagnostic.

    `entries` are files from the root, None for those that `kcl.mod` says. `arguments` answer the program's `option`.
    """
    files = repository.files
    found = Diagnostics()
    mod = read_mod(files, stack.path, found)
    if entries is None:
        entries = _said(files, mod) or _usual(files, stack.path)
    evaluator = _evaluator(repository)
    evaluator.begin()
    program = collect(files, entries, evaluator, found)
    _check_arguments(program, arguments, found)
    last = entries[-1][0]
    arguments = {**mod.arguments, **arguments}
    text = None if found.failed else _run(stack, entries, program, evaluator, arguments, mod.overrides, found)
    diagnostics.items.extend(found.items)
    if text is None:
        return None
    files.locate_by(last, lambda: _positions(program, entries))
    data = _data(text, last, repository, diagnostics)
    if data is None:
        return None
    if not data and not stack.data.get("allowEmpty"):
        help_ = "write `NAME: ac.AppConfiguration {…}`, or say `allowEmpty: true` in stack.yaml"
        diagnostics.report(RESULT, "the program makes no app", Span(last), help=help_)
    deletes = "null" in text or DIRECTIVE in text
    parsed = Parsed(data, has_null=deletes, has_plain=False, has_reference=OPEN in text)
    return Layer(last, from_root(data, stack.path), parsed, deletes=deletes)


def _said(files: Files, mod: KclMod) -> list[tuple[str, Span | None]]:
    """Return the entries of a `kcl.mod`; a folder stands for its files, as a package does."""
    found: list[tuple[str, Span | None]] = []
    for path in mod.entries:
        inside = not path.startswith(("/", "..")) and files.inside(files.path(path))
        listed = members(files, path) if inside and not path.endswith(KCL) else []
        found += [(file, mod.place(path)) for file in listed or (path,)]
    return list({file: (file, where) for file, where in reversed(found)}.values())[::-1]


def _usual(files: Files, folder: str) -> list[tuple[str, Span | None]]:
    """Return the entries where nobody says any: `main.k`, without one all of the folder, as KCL takes it."""
    main = join(folder, MAIN)
    found = [main] if files.exists(main) else members(files, folder)
    return [(file, None) for file in found or (main,)]


def _evaluator(repository: Repository) -> Evaluator:
    if repository.evaluator is None:
        limits = repository.files.limits
        repository.evaluator = Evaluator(seconds=limits.kcl_seconds, memory=limits.kcl_bytes, output=limits.max_bytes)
    evaluator: Evaluator = repository.evaluator
    return evaluator


def _run(
    stack: Stack,
    entries: Entries,
    program: Program,
    evaluator: Evaluator,
    arguments: Mapping[str, str],
    overrides: Sequence[str],
    diagnostics: Diagnostics,
) -> str | None:
    """Return what the program evaluates to, as JSON, or None after KR133 or KR136."""
    last = entries[-1][0]
    names = [file for file, _ in entries]
    with Stage(program, names) as stage:
        sources = {stage.path(file): source for file, source in zip(names, stage.sources, strict=True)}
        try:
            outcome = evaluator.run(stage.path(stack.path), sources, stage.packages, arguments, overrides)
        except Failure as failure:
            help_ = "look for recursion and for lists that grow; the operator can raise the bounds"
            diagnostics.report(LIMIT, f"the program {failure.what}", Span(last), help=help_)
            return None
        for each in outcome.complaints:
            _report(each, stage, program, entries, arguments, diagnostics)
    return None if outcome.complaints else outcome.result


def _report(
    complaint: Complaint,
    stage: Stage,
    program: Program,
    entries: Entries,
    arguments: Mapping[str, str],
    diagnostics: Diagnostics,
) -> None:
    """Report one complaint at the first of its places that lies in the repository."""
    last = entries[-1][0]
    places = [complaint, *complaint.related]
    spans = [_span(each, stage) for each in places]
    where = _written(complaint, program, entries) or next((span for span in spans if span is not None), Span(last))
    said = next((each.message for each in places if each.message.startswith(_CHECK)), "")
    message = f"a check fails: {said[len(_CHECK) :].lstrip(': ')}" if said else complaint.message
    related = [
        Related(each.message, span)
        for each, span in zip(places, spans, strict=True)
        if span is not None and span != where and each.message != complaint.message
    ]
    missing: list[tuple[str, Where]] = [
        (name, Span(file, line, column))
        for file, syntax in sorted(program.syntax.items())
        for name, has_default, line, column in syntax.options
        if name not in arguments and not has_default
    ]
    related += [Related(f"option `{name}` has no value", place) for name, place in missing]
    help_ = "change the value, or what asks for another"
    if complaint.meant or missing:
        help_ = f"did you mean `{complaint.meant}`?" if complaint.meant else f"say `-D {missing[0][0]}=VALUE`"
    elif hidden := _hidden(program, entries, where):
        help_ = hidden
    rule = SYNTAX if complaint.is_syntax else EVALUATION
    diagnostics.report(rule, stage.without_paths(message), where, help=help_, related=related)


def _hidden(program: Program, entries: Entries, where: Span) -> str:
    """Say so where an app of a file is called as a package that the file imports: KCL then sees the app alone."""
    syntax = program.syntax.get(where.file)
    apps = {pointer[0] for pointer in _positions(program, entries) if pointer}
    for each in syntax.imports if syntax is not None else ():
        if each.name in apps:
            return f"`{each.name}` is an app and a package here; give the package a name: `import {each.path} as NAME`"
    return ""


def _written(complaint: Complaint, program: Program, entries: Entries) -> Span | None:
    """Return the place of the value that a complaint names, the last that was written."""
    if not complaint.value:
        return None
    steps = tuple(complaint.value.split("."))
    found = [span for pointer, (_, span) in _positions(program, entries).items() if pointer[1:] == steps]
    return found[-1] if found else None


def _span(complaint: Complaint, stage: Stage) -> Span | None:
    file = stage.file(complaint.file)
    if file is None:
        return None
    line = max(1, complaint.line)
    # The evaluator knows lines alone.
    return Span(file, line, complaint.column if complaint.column > 1 else stage.first_column(file, line))


def _check_arguments(program: Program, arguments: Mapping[str, str], diagnostics: Diagnostics) -> None:
    asked = sorted({name for syntax in program.syntax.values() for name, *_ in syntax.options})
    for name in arguments if not diagnostics.failed else ():
        if name not in asked:
            message = f"-D {name}: the program does not ask for option `{name}`"
            diagnostics.report(IDLE_ARGUMENT, message, help=suggest(name, asked))


def _data(text: str, file: str, repository: Repository, diagnostics: Diagnostics) -> dict[str, Any] | None:
    """Return a program's result as plain data, within the bounds of files, or None after KR137."""
    try:
        data = json.loads(text) if text else {}
    except (ValueError, RecursionError):
        data = None
    if not isinstance(data, dict):
        help_ = "write `NAME: ac.AppConfiguration {…}`; helper variables begin with `_`"
        diagnostics.report(RESULT, "the program makes no map of apps", Span(file), help=help_)
        return None
    limits = repository.files.limits
    wrong = _beyond(data, limits.depth, limits.nodes)
    if wrong:
        help_ = "the bounds are those of files, `limits` of kusion-render.yaml"
        diagnostics.report(RESULT, f"the program's result {wrong}", Span(file), help=help_)
        return None
    return _verbatim(data) if OPEN in text else data


def _beyond(data: Any, depth: int, nodes: int) -> str:
    level: list[Any] = [data]
    count = 0
    while level:
        depth -= 1
        count += len(level)
        if depth < 0:
            return "is nested too deeply"
        if count > nodes:
            return f"has more than {nodes} values"
        inner = []
        for each in level:
            values = each.values() if isinstance(each, dict) else each
            inner += [value for value in values if isinstance(value, (dict, list))]
            count += len(each)
        level = inner
    return ""


def _verbatim(data: Any) -> Any:
    """Return data whose texts keep a `${{`: what KCL has evaluated holds no references of ours."""
    if isinstance(data, dict):
        return {key: _verbatim(value) for key, value in data.items()}
    if isinstance(data, list):
        return [_verbatim(item) for item in data]
    return Verbatim(data) if isinstance(data, str) and OPEN in data else data


def _positions(program: Program, entries: Entries) -> Positions:
    return positions_of([(file, program.syntax[file].tree()) for file, _ in entries])
