"""`kusion-render explain`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from kusion_render.cli.rendered_line import read_line
from kusion_render.cli.session import Session, argument_option, use_colour
from kusion_render.diagnostics import Diagnostics, InputError, KusionRenderError, UsageError
from kusion_render.document import dotted
from kusion_render.kubernetes.order import sort_key
from kusion_render.pipeline import Options
from kusion_render.rendering import compile_stack
from kusion_render.report.display import neutralise
from kusion_render.setting import parse_arguments
from kusion_render.suggestion import suggest

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from kusion_render.diagnostics import Pointer
    from kusion_render.explain import Explanation, Origin
    from kusion_render.gitio.commit import Commit
    from kusion_render.model import Resource


@click.command("explain")
@click.argument("stack", metavar="STACK|FILE:LINE")
@click.argument("object_name", metavar="[OBJECT]", required=False)
@click.argument("field", required=False)
@click.option("--format", "-f", "output_format", type=click.Choice(["text", "json"]), default="text", show_default=True)
@click.option("--workspace", "-w", help="Explain the render on this workspace.")
@argument_option
def command(
    stack: str,
    object_name: str | None,
    field: str | None,
    output_format: str,
    workspace: str | None,
    arguments: tuple[str, ...],
) -> None:
    """Say where each value of an object comes from, and whom it overrode.

    OBJECT is kind/name, FIELD a path such as spec.replicas or 'spec.template.spec.containers[0].env'. Without FIELD every
    value is explained, without OBJECT the objects are listed. FILE:LINE is a line of a rendered file, in its folder
    alone, elsewhere after its STACK. In a Git repository the commit that last touched the winning line is named.

    \b
    Examples:
      kusion-render explain shop/prod
      kusion-render explain shop/prod deployment/web spec.replicas
      kusion-render explain rendered/shop/prod/deployment-web.yaml:12
    """
    options = Options(arguments=parse_arguments(arguments))
    session = Session()
    line = read_line(object_name or stack)
    if line is not None:
        stack = line.stack if object_name is None else stack
        object_name, field = line.object_name, field or dotted(line.pointer)
    targets = session.select([stack], workspace)
    if len(targets) > 1:
        raise UsageError(f"`{stack}` names several renders: {', '.join(target.key for target in targets)}")
    compilation = compile_stack(session.repository, targets[0], options, session.diagnostics)
    session.report()
    if compilation.spec is None:
        raise InputError
    if object_name is None:
        for resource in sorted(compilation.resources, key=lambda each: sort_key(each.attributes)):
            click.echo(_name(resource))
        return
    resource = _find(compilation.resources, object_name)
    pointer = _pointer(resource.attributes, field) if field else ()
    from kusion_render.explain import explain

    explanations = list(explain(session.repository, compilation, resource, pointer))
    commits = _commits(session, explanations)
    if output_format == "json":
        _print_json(_name(resource), explanations, commits)
    else:
        _print_text(explanations, commits)


def _commits(session: Session, explanations: Sequence[Explanation]) -> Mapping[int, Commit]:
    """Return the commit that last touched the line of each explanation's winner, by number; none outside of Git."""
    from kusion_render.cli.outputs import open_git
    from kusion_render.gitio.blame import Blame

    spans = {number: each.origins[-1].span for number, each in enumerate(explanations) if each.origins}
    files = session.repository.files
    try:
        git, root = open_git()
    except KusionRenderError:
        return {}  # a repository without Git, or a machine without it, has no commits to tell of
    with git:
        blame = Blame(git, root)
        found = {
            number: blame.commit(span.file, span.line, files.content(span.file, Diagnostics()) or b"")
            for number, span in spans.items()
            if span is not None and span.line
        }
    return {number: commit for number, commit in found.items() if commit is not None}


def _name(resource: Resource) -> str:
    return f"{resource.attributes['kind'].lower()}/{resource.attributes['metadata']['name']}"


def _find(resources: Sequence[Resource], wanted: str) -> Resource:
    found = [resource for resource in resources if _name(resource) == wanted.lower()]
    if len(found) == 1:
        return found[0]
    names = [_name(resource) for resource in resources]
    raise UsageError(f"no object `{wanted}` in this render; {suggest(wanted.lower(), sorted(names))}")


def _pointer(data: Any, text: str) -> Pointer:
    """Read a dotted path against the object, so that keys with dots need no brackets where they are clear."""
    from kusion_render.setting import dotted_pointer

    pointer = dotted_pointer(text)
    from kusion_render.document import MISSING, at

    if at(data, pointer) is MISSING:
        inner = data
        for depth, step in enumerate(pointer):
            known = at(inner, (step,))
            if known is MISSING:
                where = dotted(pointer[:depth]) or "the object"
                raise UsageError(f"no `{step}` in {where}; {_offered(inner)}")
            inner = known
    return pointer


def _offered(data: Any) -> str:
    if isinstance(data, dict):
        return f"there is {', '.join(data)}"
    if isinstance(data, list):
        return f"it has the items 0 to {len(data) - 1}"
    return "it is a single value"


def _print_text(explanations: Sequence[Explanation], commits: Mapping[int, Commit]) -> None:
    import sys

    from kusion_render.document import GONE

    colour = use_colour(sys.stdout.isatty())
    for index, explanation in enumerate(explanations):
        title = f"{dotted(explanation.pointer)} = {_shown(explanation.value)}"
        click.echo(click.style(title, bold=True) if colour else title, color=colour)
        rows = [
            (
                str(origin.span or "command line"),
                "deleted" if origin.value is GONE else _shown(origin.value),
                origin.note,
                "overridden" if not at_last else _told(commits.get(index)),
            )
            for at_last, origin in _with_last(explanation.origins)
        ]
        rows += [(str(each.span), _shown(each.value), "changes it too", "") for each in explanation.others]
        if not rows:
            click.echo(f"  > module {explanation.module} decides it")
        widths = [max((len(row[column]) for row in rows), default=0) for column in range(3)]
        for number, row in enumerate(rows):
            mark = ">" if number == len(explanation.origins) - 1 else " "
            cells = "   ".join(cell.ljust(width) for cell, width in zip(row, [*widths, 0], strict=True))
            click.echo(f"  {mark} {cells}".rstrip())


def _told(commit: Commit | None) -> str:
    if commit is None:
        return ""
    subject = commit.subject if len(commit.subject) <= 50 else commit.subject[:49] + "…"
    return f'{commit.name[:7]} "{neutralise(subject)}" ({commit.author.date[:10]})'


def _with_last(items: Sequence[Any]) -> list[tuple[bool, Any]]:
    return [(number == len(items) - 1, item) for number, item in enumerate(items)]


def _shown(value: Any) -> str:
    text = str(value).lower() if isinstance(value, bool) else str(value)
    line = text.replace("\n", "\\n")
    return line if len(line) <= 60 else line[:57] + "…"


def _place(origin: Origin) -> dict[str, Any]:
    from kusion_render.document import GONE

    span = origin.span
    return {
        "file": span.file if span else None,
        "line": span.line if span else None,
        "column": span.column if span else None,
        "value": None if origin.value is GONE else origin.value,
        "deleted": origin.value is GONE,
        "note": origin.note,
    }


def _print_json(name: str, explanations: Sequence[Explanation], commits: Mapping[int, Commit]) -> None:
    import json

    def commit(number: int) -> dict[str, str] | None:
        found = commits.get(number)
        if found is None:
            return None
        return {
            "id": found.name,
            "subject": found.subject,
            "author": found.author.signature,
            "date": found.author.date,
        }

    document = {
        "object": name,
        "fields": [
            {
                "field": dotted(each.pointer),
                "value": each.value,
                "kind": each.kind,
                "module": each.module,
                "origins": [{**_place(origin), "wins": last} for last, origin in _with_last(each.origins)],
                "others": [_place(other) for other in each.others],
                "commit": commit(number),
            }
            for number, each in enumerate(explanations)
        ],
    }
    click.echo(json.dumps(document, indent=2, ensure_ascii=False, default=str))
