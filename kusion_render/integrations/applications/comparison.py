"""What a file with Applications lacks, has too much, and says otherwise than a fresh one would."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kusion_render.diagnostics import Diagnostics
from kusion_render.yamlio import parse_all

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from kusion_render.diagnostics import Json
    from kusion_render.integrations.applications.render import Render


def differences(content: bytes, fresh: Sequence[Mapping[str, Json]], renders: Sequence[Render]) -> list[str]:
    """Return a line for each difference between a file's content and fresh manifests, those of stacks first."""
    documents = parse_all(content, "", Diagnostics())
    if documents is None:
        return ["the file can't be read as YAML"]
    old = {_identity(each.data): each.data for each in documents if each.data is not None}
    new = {_identity(each): each for each in fresh}
    stacks = _labels(renders)
    lines: list[str] = []
    for identity, manifest in new.items():
        if identity in old:
            lines += _compare(old[identity], manifest, " ".join(identity), stacks)
        else:
            name = stacks.get(identity[1]) if identity[0] == "Application" else None
            lines.append(f"{' '.join(identity)} is missing" + (f", so stack {name} is not deployed" if name else ""))
    lines += [f"{' '.join(identity)} is made of no stack any more" for identity in old if identity not in new]
    # The same data in another form: comments, order, line ends.
    return lines or ["the file is written otherwise, though it says the same"]


def _identity(manifest: Any) -> tuple[str, str]:
    if not isinstance(manifest, dict):
        return "something", "else"
    metadata = manifest.get("metadata")
    return str(manifest.get("kind")), str(metadata.get("name") if isinstance(metadata, dict) else None)


def _labels(renders: Sequence[Render]) -> dict[str, str]:
    """Return the stacks' keys by what names them in a manifest: the Application, the folder, the file."""
    found: dict[str, str] = {}
    for render in renders:
        for label in (render.values["name"], render.path, f"{render.path}/stack.yaml"):
            found[label] = render.key
    return found


def _compare(old: Any, new: Any, where: str, stacks: Mapping[str, str]) -> Iterator[str]:
    """Yield what is different at a place; items of lists are told apart by what names them."""
    if old == new:
        return
    if isinstance(old, list) and isinstance(new, list):
        old, new = _by_label(old), _by_label(new)
    if not (isinstance(old, dict) and isinstance(new, dict)):
        yield f"{where} differs"
        return
    for key in dict.fromkeys([*new, *old]):
        place = f"{where}.{key}"
        if key not in old:
            yield f"{where}: stack {stacks[key]} is missing" if key in stacks else f"{place} is missing"
        elif key not in new:
            yield f"{place} is there no more"
        else:
            yield from _compare(old[key], new[key], place, stacks)


def _by_label(items: Sequence[Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for number, item in enumerate(items):
        label = (
            next((item[key] for key in ("application", "path", "name") if item.get(key)), None)
            if isinstance(item, dict)
            else item
        )
        found[str(label if label is not None else number)] = item
    return found
