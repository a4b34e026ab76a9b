"""Notes: blobs that a tree holds under the ids of the commits they belong to, the longer the tree, the deeper."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kusion_render.gitio.reading import Git
    from kusion_render.gitio.writing import Writer

_FLAT: Final = 256  # so many notes lie side by side


def read_note(git: Git, notes: str | None, commit: str) -> bytes | None:
    """Return the note of a commit in the notes commit `notes`, or None."""
    for path in _paths(commit) if notes else ():
        content = git.blob(f"{notes}:{path}")
        if content is not None:
            return content
    return None


def write_notes(writer: Writer, notes: str | None, texts: Mapping[str, bytes], identity: Mapping[str, str]) -> str:
    """Return a notes commit on top of `notes` in which commits have new notes."""
    git = writer.git
    deep = notes is not None and git.run("ls-tree", "-r", "--name-only", notes).output.count(b"\n") > _FLAT
    places = {commit: _paths(commit)[1 if deep else 0] for commit in texts}
    blobs = dict(zip(places.values(), writer.blobs([texts[commit] for commit in places]), strict=True))
    others = [path for commit, place in places.items() for path in _paths(commit) if path != place]
    tree = writer.tree(notes, blobs, others if notes else ())
    return writer.commit(tree, [notes] if notes else [], "Notes added by kusion-render\n", identity)


def _paths(commit: str) -> list[str]:
    """Return where git may keep a commit's note: at the top, or one, two or three folders deep."""
    cut = [commit[at : at + 2] for at in range(0, 6, 2)]
    return ["/".join([*cut[:depth], commit[2 * depth :]]) for depth in range(4)]
