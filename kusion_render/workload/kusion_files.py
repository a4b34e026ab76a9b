"""Files of containers as Kusion mounts them: a ConfigMap for each, and a mount that hides the folder it lies in."""

from __future__ import annotations

from kusion_render.text import text
from kusion_render.workload.volume import content, content_from

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any, Final

    from kusion_render.diagnostics import Diagnostics, Pointer
    from kusion_render.workload.volume import Volumes

_DEFAULT_MODE: Final = "0644"
_LARGEST_MODE: Final = 0o777


def mount_files(
    files: Mapping[str, Any], container: str, volumes: Volumes, place: Pointer, diagnostics: Diagnostics
) -> list[dict[str, Any]]:
    """Return the volume mounts of a container's files, by path; ConfigMaps count all files, those without content too.

    A second file of one folder is mounted by itself: Kubernetes refuses two mounts at one place.
    """
    mounts: list[dict[str, Any]] = []
    folders: set[str] = set()
    for number, path in enumerate(sorted(files)):
        config = files[path]
        mode = go_mode(config.get("mode"))
        where = "/" + path.lstrip("/")
        folder, _, key = where.rpartition("/")
        mount: dict[str, Any] = {"mountPath": where, "subPath": key}
        if config.get("contentFrom") is not None:
            found = content_from(config["contentFrom"], (*place, path, "contentFrom"), diagnostics)
            if found is None:
                continue
            kind, name, mount["subPath"] = found
        else:
            inside = content(config, volumes.contents)
            if not inside:
                continue
            kind, name = "config", f"{volumes.owner}-{container}-{number}"
            volumes.configs[name] = {key: inside}
            if folder not in folders:
                folders.add(folder)
                mount = {"mountPath": folder or "/"}
        mounts.append({"name": volumes.object_volume(kind, name, mode, say_mode=True), **mount})
    return mounts


def go_mode(value: Any) -> int:
    """Return a file mode as Go reads a number: octal after a leading 0, else decimal, where Kubernetes takes that."""
    written = text(value if value is not None else _DEFAULT_MODE)
    decimal = int(written)
    return int(written, 8) if written.startswith("0") or decimal > _LARGEST_MODE else decimal
