"""Sets whose stacks Argo CD finds in Git, by folders or by `stack.yaml`: a new stack deploys without a new set."""

from __future__ import annotations

import posixpath
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Final

from kusion_render.diagnostics import UsageError
from kusion_render.integrations.applications.options import PLACEHOLDER
from kusion_render.integrations.applications.stacks import clusters, matrix, with_cluster
from kusion_render.integrations.applications.template import (
    FOLDER,
    Formula,
    exact,
    literal,
    most_common,
    project_of,
    quoted,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kusion_render.diagnostics import Json
    from kusion_render.integrations.applications.options import Options
    from kusion_render.integrations.applications.render import Render
    from kusion_render.integrations.applications.stacks import Set

STACK_FILE: Final = "stack.yaml"
ANY_STACK: Final = f"**/{STACK_FILE}"


class Layout:
    """All visible folders of the repository, and those among them that are stacks.

    `whole` says that no stacks were chosen by name, so that stacks to come are meant too.
    """

    def __init__(self, folders: Sequence[str], stacks: Sequence[str], *, whole: bool) -> None:
        self.folders: Final = folders
        self.stacks: Final = stacks
        self.whole: Final = whole


def git_set(renders: Sequence[Render], options: Options, layout: Layout) -> Set:
    """Return the set of plain stacks. What differs from what their folders tell is looked up in its template."""
    files = options.generator == "git-files"
    items = _items([render.path for render in renders], options.match, layout, files=files)
    generator: Json = {
        "git": {
            "repoURL": options.repo_url,
            "revision": options.revision,
            "files" if files else "directories": items,
        }
    }
    say = _say(renders, options, by_file=files)
    if options.generator != "clusters":
        return options.set_name, [generator], say
    return options.set_name, [matrix(generator, clusters(options))], with_cluster(say)


def _say(renders: Sequence[Render], options: Options, *, by_file: bool) -> dict[str, str]:
    project = project_of(renders)
    stack = _stack(by_file=by_file)
    say = {
        "name": exact(renders, "name", [_name(options.name, project, stack)]),
        "path": "{{.path.path}}",
        "namespace": exact(renders, "namespace", _namespaces(project, stack)),
        "paths": exact(renders, "paths", _paths(renders)),
        "createNamespace": exact(
            renders, "createNamespace", [most_common(render.values["createNamespace"] for render in renders)]
        ),
    }
    if options.hydrate_branch:
        say["hydratedPath"] = "{{.path.path}}"
        say["branch"] = exact(renders, "branch", [_filled(options.hydrate_branch, project, stack)])
    if options.hydrate_next:
        say["next"] = exact(renders, "next", [_filled(options.hydrate_next, project, stack)])
    return say


def _namespaces(project: Formula, stack: Formula) -> list[Formula]:
    """Return the namespaces of stacks that say none, native ones and Kusion's; never one that a stack has for itself."""
    both = Formula(
        f"{{{{{project.text}}}}}-{{{{{stack.text}}}}}", lambda render: f"{project.value(render)}-{stack.value(render)}"
    )
    return [both, Formula(f"{{{{{project.text}}}}}", project.value)]


def _stack(*, by_file: bool) -> Formula:
    """Return the expression of a stack's name: `name` of its file where that is read, else its folder."""
    if by_file:
        return Formula('(toString (default .path.basename (get . "name")))', lambda render: render.stack)
    return Formula(".path.basename", lambda render: posixpath.basename(render.path))


def _filled(template: str, project: Formula, stack: Formula) -> Formula:
    """Return a template of the command line as one of Go."""
    parts = _parts(template, project, stack)
    text = "".join(part if isinstance(part, str) else f"{{{{{part.text}}}}}" for part in parts)
    return Formula(text, lambda render: _joined(parts, render))


def _name(template: str, project: Formula, stack: Formula) -> Formula:
    """Return the formula of names: what the template says, with the characters that no name may have made dashes."""
    parts = _parts(template, project, stack)
    form = "".join(part.replace("%", "%%") if isinstance(part, str) else "%s" for part in parts)
    arguments = "".join(f" {part.text}" for part in parts if not isinstance(part, str))
    text = f"{{{{normalize (printf {quoted(form)}{arguments})}}}}"
    return Formula(text, lambda render: _normalized(_joined(parts, render)))


def _parts(template: str, project: Formula, stack: Formula) -> list[str | Formula]:
    """Split a template at its placeholders; the workspace of a stack in a set of folders is not said."""
    path = Formula(".path.path", lambda render: render.path)
    words: dict[str, str | Formula] = {"{project}": project, "{stack}": stack, "{path}": path, "{workspace}": ""}
    return [words.get(part, part) for part in PLACEHOLDER.split(template)]


def _joined(parts: Sequence[str | Formula], render: Render) -> str:
    return "".join(part if isinstance(part, str) else part.value(render) for part in parts)


def _normalized(text: str) -> str:
    """Return what Argo CD's `normalize` makes of an ASCII text."""
    plain = "".join(char if (char.isascii() and char.isalnum()) or char in "-." else "-" for char in text.lower())
    return plain[:253].strip("-.")


def _paths(renders: Sequence[Render]) -> list[Formula]:
    """Return the formula of the annotation that fits most renders."""
    forms = {render.path: _forms(render) for render in renders}
    counts: dict[tuple[str, ...], int] = {}
    for form in forms.values():
        counts[form] = counts.get(form, 0) + 1
    best = min(counts, key=lambda form: (-counts[form], form))
    # The order of entries says nothing, so the same ones are the same value.
    return [Formula(";".join(best), lambda render: render.values["paths"] if forms[render.path] == best else "")]


def _forms(render: Render) -> tuple[str, ...]:
    return tuple(sorted(_form(entry, render.path) for entry in render.values["paths"].split(";")))


def _form(entry: str, path: str) -> str:
    """Return an entry as a text over the stack's folder."""
    folder, name = posixpath.split(path)
    if entry == f"/workspaces/{name}.yaml":
        return "/workspaces/{{.path.basename}}.yaml"
    if folder and (entry == f"/{folder}" or entry.startswith(f"/{folder}/")):
        return f"/{{{{{FOLDER[1:-1]}}}}}{literal(entry[len(folder) + 1 :])}"
    return literal(entry)


def _items(paths: Sequence[str], patterns: Sequence[str], layout: Layout, *, files: bool) -> list[Json]:
    """Return the items of a Git generator: patterns, or each stack by name, and what they match beside the stacks."""
    wanted = {f"{path}/{STACK_FILE}" if files else path for path in paths}
    there = [f"{path}/{STACK_FILE}" if path else STACK_FILE for path in layout.stacks] if files else layout.folders
    if not patterns and files and layout.whole:
        patterns = [ANY_STACK]
    _check_patterns(patterns, wanted, files=files)
    if not patterns:
        return [{"path": path} for path in sorted(wanted)]
    extra = [path for path in there if path not in wanted and any(_may_match(path, each) for each in patterns)]
    items: list[Json] = [{"path": pattern} for pattern in patterns]
    items.extend({"path": _escaped(path), "exclude": True} for path in sorted(extra))
    return items


def _check_patterns(patterns: Sequence[str], wanted: set[str], *, files: bool) -> None:
    for pattern in patterns:
        if any(sign in pattern for sign in "[]\\^{}") or pattern.startswith(("/", ":")):
            raise UsageError(f"--match `{pattern}` must be a path from the root with `*`, `?` and `**` alone")
        if "**" in pattern and not files:
            raise UsageError(f"--match `{pattern}`: Argo CD knows `**` for files only; say one `*` for each folder")
        if not any(_matches(path, pattern) for path in wanted):
            form = f"such as `*/*/{STACK_FILE}`" if files else "such as `*/*`"
            raise UsageError(
                f"--match `{pattern}` matches none of the chosen stacks; write folders from the root, {form}"
            )
    missed = sorted(path for path in wanted if patterns and not any(_matches(path, each) for each in patterns))
    if missed:
        more = f" and {len(missed) - 1} more" if len(missed) > 1 else ""
        raise UsageError(f"no --match finds `{missed[0]}`{more}; add a pattern, or choose stacks without it")


def _matches(path: str, pattern: str) -> bool:
    """Tell whether a pattern surely matches: `*` within a folder, `**` for any folders."""
    return _match(path.split("/"), pattern.split("/"))


def _match(names: Sequence[str], patterns: Sequence[str]) -> bool:
    if not patterns:
        return not names
    if patterns[0] == "**":
        return any(_match(names[at:], patterns[1:]) for at in range(len(names) + 1))
    return bool(names) and fnmatchcase(names[0], patterns[0]) and _match(names[1:], patterns[1:])


def _may_match(path: str, pattern: str) -> bool:
    """Tell whether a pattern may match: in Argo CD's older globbing of files `*` crosses folders."""
    return _matches(path, pattern) or (pattern.endswith(STACK_FILE) and fnmatchcase(path, pattern))


def _escaped(path: str) -> str:
    return "".join("\\" + char if char in "\\*?[" else char for char in path)
