"""Texts of Go templates that give each known stack exactly its value, and stacks to come what is likely.

Only what both `text/template` and Sprig have had for long is used: `printf`, `default`, `get`, `dict`, `dir`, `base`,
`toString`, and Argo CD's own `normalize`.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

from kusion_render.integrations.applications.render import parent

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from kusion_render.integrations.applications.render import Render

FOLDER: Final = "(dir .path.path)"


class Formula:
    """A template's text, and what it comes to for a render."""

    def __init__(self, text: str, value: Callable[[Render], str]) -> None:
        self.text: Final = text
        self.value: Final = value


def literal(text: str) -> str:
    """Return a text that a template gives back as it is."""
    return text.replace("{{", '{{"{{"}}')


def quoted(text: str) -> str:
    """Return a string literal of Go for a printable text."""
    return json.dumps(text, ensure_ascii=False)


def lookup(values: Mapping[str, str], key: str) -> str:
    """Return an expression: the value of a key, "" for one that is not there."""
    pairs = " ".join(f"{quoted(name)} {quoted(value)}" for name, value in sorted(values.items()))
    return f"(get (dict {pairs}) {key})"


def exact(renders: Sequence[Render], field: str, candidates: Sequence[Formula]) -> str:
    """Return the text that gives every render its value of `field`, none of which is empty.

    Of the candidates it is the one that fits most renders. Those it doesn't fit are looked up by their path.
    """

    def misfits(formula: Formula) -> dict[str, str]:
        return {each.path: each.values[field] for each in renders if formula.value(each) != each.values[field]}

    best = min(candidates, key=lambda formula: len(misfits(formula)))
    others = misfits(best)
    if not others:
        return best.text
    return f"{{{{with {lookup(others, '.path.path')}}}}}{{{{.}}}}{{{{else}}}}{best.text}{{{{end}}}}"


def most_common(values: Iterable[str]) -> Formula:
    """Return the value that most renders have, of equals the first in the alphabet."""
    counts: dict[str, int] = {}
    for value in values:
        counts[value] = counts.get(value, 0) + 1
    best = min(counts, key=lambda value: (-counts[value], value))
    return Formula(literal(best), lambda _: best)


def project_of(renders: Sequence[Render]) -> Formula:
    """Return the expression of a stack's project: what stacks beside it say, else the name of the folder above."""
    known: dict[str, str] = {}
    for render in renders:
        known.setdefault(parent(render.path), render.project)
    known = {folder: name for folder, name in known.items() if name != folder.rpartition("/")[2]}

    def value(render: Render) -> str:
        folder = parent(render.path)
        return known.get(folder) or folder.rpartition("/")[2]

    base = f"base {FOLDER}"
    return Formula(f"(default ({base}) {lookup(known, FOLDER)})" if known else f"({base})", value)
