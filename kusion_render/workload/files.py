"""Files of the repository that an app names, and their content."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any

    from kusion_render.diagnostics import Pointer


def named_files(app: Mapping[str, Any], pointer: Pointer = ()) -> Iterator[tuple[Pointer, str]]:
    """Yield the place and the text of every path that an app names.

    Paths stand in `files` of containers (`{from: PATH}`), and in `files` of the accessories `configs` and `secrets`
    (`KEY: PATH`).
    """
    workload = app.get("workload")
    for group in ("containers", "initContainers"):
        for name, container in _maps(workload, group):
            for path, config in _maps(container, "files"):
                if isinstance(config.get("from"), str):
                    yield (*pointer, "workload", group, name, "files", path, "from"), config["from"]
    for key, accessory in _maps(app, "accessories"):
        for name in accessory:
            for entry, path in _items(_value(accessory, name), "files"):
                if isinstance(path, str):
                    yield (*pointer, "accessories", key, name, "files", entry), path


def manifest_paths(app: Mapping[str, Any], pointer: Pointer = ()) -> Iterator[tuple[Pointer, str]]:
    """Yield the place and the text of every path of files or folders of manifests: `paths` of `k8s_manifest`."""
    for key, accessory in _maps(app, "accessories"):
        paths = accessory.get("paths")
        # By the rules of `modules.module_name`, which this part may not ask.
        named = accessory.get("_type") or accessory.get("module") or key
        if isinstance(paths, list) and str(named).partition(".")[0].lower() == "k8s_manifest":
            for number, path in enumerate(paths):
                if isinstance(path, str):
                    yield (*pointer, "accessories", key, "paths", number), path


def _value(data: Any, key: str) -> Any:
    return data.get(key) if isinstance(data, dict) else None


def _items(data: Any, key: str) -> Iterator[tuple[str, Any]]:
    inner = _value(data, key)
    if isinstance(inner, dict):
        yield from inner.items()


def _maps(data: Any, key: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for name, value in _items(data, key):
        if isinstance(value, dict):
            yield name, value


def load_files(config: Mapping[str, Any], contents: Mapping[str, bytes]) -> dict[str, str | bytes]:
    """Return the content of `files`, a map of key to path: text where it is UTF-8, bytes otherwise."""
    return {key: readable(contents.get(path, b"")) for key, path in (config.get("files") or {}).items()}


def readable(content: bytes) -> str | bytes:
    """Return a file's content as text where it is UTF-8, else as it is."""
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        return content
