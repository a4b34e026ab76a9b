"""Names of the files that objects are written to, safe on any file system."""

from __future__ import annotations

from kusion_render.kubernetes.limits import shorten
from kusion_render.kubernetes.scopes import KNOWN_KINDS, group

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Container, Mapping
    from typing import Any, Final

SUFFIX: Final = ".yaml"
_LONGEST: Final = 255 - len(SUFFIX)


def file_name(manifest: Mapping[str, Any], taken: Container[str]) -> str:
    """Return `<kind>[.<group>]-<name>.yaml` for an object, or a longer name where that one is taken."""
    kind, metadata = manifest["kind"], manifest["metadata"]
    api_group = group(manifest["apiVersion"])
    sort = kind if (api_group, kind) in KNOWN_KINDS else f"{kind}.{api_group}"
    name = metadata.get("name") or ""
    for parts in ((sort, name), (sort, metadata.get("namespace") or "", name), (f"{kind}.{api_group}", "", name)):
        wish = safe("-".join(part for part in parts if part)) + SUFFIX
        if wish not in taken:
            return wish
    return shorten(safe(f"{kind}.{api_group}-{manifest['apiVersion']}-{name}-again"), _LONGEST) + SUFFIX


def safe(name: str) -> str:
    """Return a file name that no file system takes for another: lower case, no separator or drive sign."""
    plain = "".join(char if char.isalnum() or char in "-._" else "-" for char in name.lower())
    return plain if len(plain) <= _LONGEST else shorten(plain, _LONGEST)
