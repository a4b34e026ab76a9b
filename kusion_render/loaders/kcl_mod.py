"""`kcl.mod`: which files a stack's program is made of, and where its packages are."""

from __future__ import annotations

import posixpath

from kusion_render.diagnostics import Rule, Span
from kusion_render.suggestion import suggest

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any, Final

    from kusion_render.diagnostics import Diagnostics
    from kusion_render.repository import Files

KCL_MOD: Final = "kcl.mod"
MAIN: Final = "main.k"
BAD_MOD: Final = Rule("KR131", "kcl-mod")
_HERE: Final = "${KCL_MOD}/"
_PROFILE: Final = ("entries", "options", "arguments", "overrides", "disable_none", "sort_keys")
_LISTS: Final = ("entries", "options", "arguments", "overrides")
_OF_PATHS: Final = '_.-"[]/'
_KCL_WORDS: Final = ("True", "False", "None")
# What comes of them is no map of apps, or stands in further files.
_UNSUPPORTED: Final = ("selectors", "path_selector", "settings")


class KclMod:
    """One `kcl.mod`, or what holds where there is none.

    `entries` are paths from the root, `arguments` are options, `overrides` are KCL's, such as `web.workload.replicas=2`;
    `paths` are folders of packages by name, from the root, `versions` the versions of others.
    """

    __slots__ = ("_places", "arguments", "entries", "file", "folder", "overrides", "paths", "versions")

    def __init__(self, folder: str, data: Mapping[str, Any], text: str = "", *, there: bool = True) -> None:
        self.folder: Final = folder
        self._places: Final[dict[str, Span]] = {}
        self.file: Final = join(folder, KCL_MOD) if there else ""
        profile = _map(data, "profile")
        said = {each: join(folder, each.removeprefix(_HERE)) for each in profile.get("entries") or ()}
        self.entries: Final = tuple(said.values())
        self._places.update({path: place(self.file, text, f'"{each}"') for each, path in said.items()})
        options = [each.partition("=") for key in ("options", "arguments") for each in profile.get(key) or ()]
        self.arguments: Final = {name: value for name, _, value in options}
        self.overrides: Final[tuple[str, ...]] = tuple(profile.get("overrides") or ())
        paths, versions = {}, {}
        for name, wish in _map(data, "dependencies").items():
            if isinstance(wish, dict) and "path" in wish:
                paths[name] = join(folder, str(wish["path"]))
            else:
                versions[name] = str((wish.get("tag") or wish.get("version") or "") if isinstance(wish, dict) else wish)
        self.paths: Final[Mapping[str, str]] = paths
        self.versions: Final[Mapping[str, str]] = versions

    def place(self, entry: str) -> Span:
        """Return where an entry is named."""
        return self._places[entry]


def place(file: str, text: str, words: str) -> Span:
    """Return where a TOML text first has some words, its beginning where it has them in another spelling."""
    for number, line in enumerate(text.splitlines(), 1):
        if words in line:
            at = line.index(words) + 1
            return Span(file, number, at, number, at + len(words))
    return Span(file)


def join(folder: str, path: str) -> str:
    """Return a path relative to `folder` as one from the root; it begins with `..` or `/` where it leads outside."""
    joined = posixpath.normpath(posixpath.join(folder, path.replace("\\", "/").replace("\0", "\ufffd")))
    return "" if joined == "." else joined


def read_mod(files: Files, folder: str, diagnostics: Diagnostics) -> KclMod:
    """Return the `kcl.mod` of a folder, an empty one where there is none or after KR131."""
    file = join(folder, KCL_MOD)
    if not files.exists(file):
        return KclMod(folder, {}, there=False)
    lock = file + ".lock"
    if files.exists(lock):
        files.content(lock, diagnostics)
    content = files.content(file, diagnostics)
    if content is None:
        return KclMod(folder, {})
    import tomllib

    text = content.decode("utf-8-sig", "replace").replace("\r\n", "\n")
    try:
        data = tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        diagnostics.report(BAD_MOD, f"`{file}` is no TOML: {_reason(error)}", Span(file), help="write it as KCL does")
        return KclMod(folder, {})
    _check(file, text, data, diagnostics)
    return KclMod(folder, data, text)


def _reason(error: Exception) -> str:
    return (str(error).splitlines() or ["nested too deeply"])[0].rstrip(".").lower()


def _map(data: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    value = data.get(key)
    return value if isinstance(value, dict) else {}


def _check(file: str, text: str, data: Mapping[str, Any], diagnostics: Diagnostics) -> None:
    """Report what would be passed over; what has the wrong type is taken for empty."""
    for key in ("package", "profile", "dependencies"):
        if key in data and not isinstance(data[key], dict):
            diagnostics.report(
                BAD_MOD, f"`{key}` must be a table", place(file, text, key), help=f"write `[{key}]` above its keys"
            )
    profile = _map(data, "profile")
    for key, value in profile.items():
        if key in _UNSUPPORTED:
            help_ = "say it in the program, or with `--set`"
            diagnostics.report(BAD_MOD, f"`{key}` of `[profile]` is not supported", place(file, text, key), help=help_)
        elif key not in _PROFILE:
            help_ = suggest(key, _PROFILE)
            diagnostics.report(BAD_MOD, f"unknown key `{key}` in `[profile]`", place(file, text, key), help=help_)
        elif key in _LISTS and not (isinstance(value, list) and all(isinstance(each, str) for each in value)):
            diagnostics.report(
                BAD_MOD, f"`{key}` must be a list of texts", place(file, text, key), help='such as ["main.k"]'
            )
            data["profile"][key] = []
    for each in profile.get("overrides") or ():
        if not _is_plain(each):
            help_ = "write `app.path.to.field=VALUE`, where the value is as in JSON, or `app.path.to.field-`"
            diagnostics.report(BAD_MOD, f"the override `{each}` is no plain value", place(file, text, each), help=help_)


def _is_plain(override: str) -> bool:
    """Tell whether an override computes nothing: what would is not seen by those who look for what programs may not do."""
    import json

    path, sign, value = override.partition("=")
    if not all(each.isalnum() or each in _OF_PATHS for each in path.rstrip("+")) or "${" in override:
        return False
    if not sign:
        return path.endswith("-")
    try:
        json.loads(value)
    except (ValueError, RecursionError):
        return value in _KCL_WORDS
    return True
