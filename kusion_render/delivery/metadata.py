"""What a rendered commit says about where it comes from, in the words of Argo CD's hydrator and gitops-promoter.

`hydrator.metadata` is JSON with two blanks and a line end; empty fields are left out, since a reader parses each `date`.
The note under `refs/notes/hydrator.metadata` says which dry commit a branch is up to date with, also when nothing changed.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from kusion_render import __version__

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from kusion_render.gitio.commit import Commit

METADATA_FILE: Final = "hydrator.metadata"
NOTES_REF: Final = "refs/notes/hydrator.metadata"
ATTRIBUTES: Final = b"* linguist-generated=true\n"
README: Final = (
    b"# Rendered manifests\n\n"
    b"kusion-render writes this branch. Do not edit it: change the sources, and render again.\n"
    b"`hydrator.metadata` names the commit of the sources.\n"
)
RENDERED_BY: Final = f"kusion-render/{__version__}"
_REFERENCE: Final = "argocd-reference-commit-"


def root_metadata(dry: Commit, address: str, *, dirty: bool, commands: Sequence[str] = ()) -> bytes:
    """Return `hydrator.metadata` of a branch's root."""
    return _json(
        {
            "repoURL": public_address(address),
            "drySha": dry.name,
            "commands": list(commands),
            "author": dry.author.signature,
            "date": dry.author.date,
            "subject": dry.subject,
            "body": dry.body,
            "references": _references(dry),
            "renderedBy": RENDERED_BY,
            "dirty": dirty,
        }
    )


def path_metadata(dry: Commit, address: str, command: str, *, dirty: bool) -> bytes:
    """Return `hydrator.metadata` of one stack's folder."""
    return _json(
        {
            "repoURL": public_address(address),
            "drySha": dry.name,
            "commands": [command],
            "renderedBy": RENDERED_BY,
            "dirty": dirty,
        }
    )


def public_address(address: str) -> str:
    """Return a remote's address without user and password; empty for a path of this machine."""
    scheme, marks, rest = address.partition("://")
    if marks:
        host, slash, path = rest.partition("/")
        plain = host.rpartition("@")[2] if scheme.startswith("http") else host.rpartition("@")[0].partition(":")[0]
        if not scheme.startswith("http"):
            plain = f"{plain}@{host.rpartition('@')[2]}" if plain else host.rpartition("@")[2]
        return "" if scheme == "file" else f"{scheme}://{plain}{slash}{path}"
    before, colon, _ = address.partition(":")
    return address if colon and "/" not in before and "\\" not in address and len(before) > 1 else ""


def message(dry: Commit, *, skip_ci: bool, dirty: bool) -> str:
    """Return the message of a rendered commit: the dry one's, and trailers that name it."""
    subject = f"{dry.name[:7]}: {dry.subject}{' [skip ci]' if skip_ci else ''}".strip()
    trailers = [f"Dry-Sha: {dry.name}", f"Rendered-By: {RENDERED_BY}"]
    if dirty:
        trailers.append("Dry-State: work tree with changes that are in no commit")
    if dry.author.name and dry.author.mail:
        trailers.append(f"Co-authored-by: {dry.author.signature}")
    return "\n\n".join(part for part in (subject, dry.body, "\n".join(trailers)) if part) + "\n"


def dry_sha(content: bytes | None) -> str:
    """Return the `drySha` that metadata or a note names; empty when it names none."""
    found = _read(content).get("drySha")
    return found if isinstance(found, str) and is_id(found) else ""


def is_id(text: str) -> bool:
    """Tell whether a text is a commit's full id."""
    return len(text) in (40, 64) and all(char in "0123456789abcdef" for char in text)


def note(newest: str, paths: Mapping[str, str]) -> bytes:
    """Return a note: the dry commit, and where a branch's paths are not all rendered from it, each one's own."""
    if all(each == newest for each in paths.values()):
        return json.dumps({"drySha": newest}, separators=(",", ":")).encode()
    return json.dumps({"drySha": newest, "paths": dict(sorted(paths.items()))}, separators=(",", ":")).encode()


def note_paths(content: bytes | None) -> dict[str, str] | None:
    """Return the dry commits that a note names for single paths; None when it speaks of all."""
    found = _read(content).get("paths")
    if not isinstance(found, dict):
        return None
    return {path: each for path, each in found.items() if isinstance(each, str) and is_id(each)}


def _read(content: bytes | None) -> dict[str, Any]:  # Any: whatever others have written
    try:
        found = json.loads(content or b"{}")
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _json(fields: Mapping[str, Any]) -> bytes:
    """Serialise what is not empty."""
    text = json.dumps({key: value for key, value in fields.items() if value}, indent=2, ensure_ascii=False)
    return text.encode(errors="replace") + b"\n"


def _references(dry: Commit) -> list[dict[str, Any]]:
    """Return the commit that the dry one's `Argocd-reference-commit-*` trailers name; of two, the later counts."""
    given = {
        key.lower().removeprefix(_REFERENCE): value
        for key, value in dry.trailers
        if key.lower().startswith(_REFERENCE) and value
    }
    if "body" in given:
        try:
            body = json.loads(given["body"])
        except ValueError:
            body = None
        given["body"] = body if isinstance(body, str) else ""
    if not _is_date(given.get("date", "")):
        given.pop("date", None)
    keys = {
        "author": "author",
        "date": "date",
        "subject": "subject",
        "body": "body",
        "sha": "sha",
        "repourl": "repoURL",
    }
    commit = {name: given[key] for key, name in keys.items() if given.get(key)}
    return [{"commit": commit}] if commit else []


def _is_date(text: str) -> bool:
    from datetime import datetime

    try:
        return datetime.fromisoformat(text).tzinfo is not None and "T" in text
    except ValueError:
        return False
