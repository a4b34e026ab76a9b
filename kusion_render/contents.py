"""What the files that apps name hold: the bytes of some, the objects of others, which are manifests."""

from __future__ import annotations

from kusion_render.diagnostics import Place, Rule
from kusion_render.kubernetes.objects import unpacked
from kusion_render.model import WrittenManifest
from kusion_render.repository.files import UNREADABLE
from kusion_render.workload.files import manifest_paths, named_files
from kusion_render.yamlio import parse_all

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from typing import Any, Final

    from kusion_render.diagnostics import Diagnostics, Where
    from kusion_render.origins import Positions
    from kusion_render.repository import Files

NO_MANIFEST: Final = Rule("KR343", "no-manifest")

_SUFFIXES: Final = (".yaml", ".yml", ".json")


class Contents:
    """What a render's apps name: `files` holds bytes by path from the root, `manifests` objects by the path that is named.

    The path of manifests is a file's or a folder's.
    """

    __slots__ = ("files", "manifests")

    def __init__(self, files: Mapping[str, bytes], manifests: Mapping[str, Sequence[WrittenManifest]]) -> None:
        self.files: Final = files
        self.manifests: Final = manifests


def read_contents(files: Files, apps: Mapping[str, Any], diagnostics: Diagnostics) -> Contents:
    """Return what every file holds that the apps name; what can't be read is reported and left out."""
    found: dict[str, bytes] = {}
    manifests: dict[str, Sequence[WrittenManifest]] = {}
    for name, app in apps.items():
        for pointer, file in named_files(app, (name,)):
            content = files.content(file, diagnostics, Place(pointer))
            if content is not None:
                found[file] = content
        for pointer, path in manifest_paths(app, (name,)):
            if path not in manifests:
                manifests[path] = read_manifests(files, path, Place(pointer), diagnostics)
    return Contents(found, manifests)


def read_manifests(files: Files, path: str, place: Where, diagnostics: Diagnostics) -> list[WrittenManifest]:
    """Return the objects of the file, or of all files below the folder, at a path from the root; `place` names the path.

    What can't be read is reported, and a path without any manifest is KR343.
    """
    found: list[WrittenManifest] = []
    before = len(diagnostics.items)
    for file in _manifest_files(files, path, place, diagnostics):
        content = files.content(file, diagnostics, place)
        # As their readers in Kubernetes read them: nothing in them is for us to settle.
        documents = parse_all(content, file, diagnostics, limits=files.limits, foreign=True) if content else []
        places: list[Positions] = []
        for number, document in enumerate(documents or ()):
            found += [
                WrittenManifest(file, content or b"", number, at, data, places) for at, data in unpacked(document.data)
            ]
    if not found and len(diagnostics.items) == before:
        diagnostics.report(
            NO_MANIFEST,
            f"`{path}` holds no manifest",
            place,
            help=f"name a file of manifests, or a folder with {', '.join(f'`*{suffix}`' for suffix in _SUFFIXES)}",
        )
    return found


def _manifest_files(files: Files, path: str, place: Where, diagnostics: Diagnostics) -> Sequence[str]:
    """Return the file of a path, whatever its name, or the manifests below a folder, by name."""
    folder = "" if path == "." else path
    full = files.path(folder)
    below = not path.startswith("/") and files.relative(full) is not None and files.inside(full)
    if below and files.source.is_there(full) and not files.source.is_file(full):
        try:
            return list(_walk(files, folder))
        except OSError as error:
            message = f"`{path}` cannot be listed: {(error.strerror or 'unknown reason').lower()}"
            diagnostics.report(UNREADABLE, message, place, help="check its path and its mode")
            return []
    return [path]  # asking for its content says what is wrong with it


def _walk(files: Files, folder: str) -> Iterator[str]:
    names, folders = files.entries(folder)
    prefix = f"{folder}/" if folder else ""
    for name in sorted([*names, *folders]):
        if name not in names:
            yield from _walk(files, prefix + name)
        elif name.lower().endswith(_SUFFIXES):
            yield prefix + name
