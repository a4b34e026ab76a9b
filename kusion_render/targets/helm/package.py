"""A chart as the archive that Helm installs: the same files give the same bytes."""

from __future__ import annotations

import gzip
import io
import tarfile
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


def package(name: str, files: Mapping[str, str]) -> bytes:
    """Return the `.tgz` of a chart's files: `Chart.yaml` first, as Helm writes it, then by name; no times, no owners."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for path in sorted(files, key=lambda each: (each != "Chart.yaml", each)):
            content = files[path].encode()
            entry = tarfile.TarInfo(f"{name}/{path}")
            entry.size, entry.mode = len(content), 0o644
            archive.addfile(entry, io.BytesIO(content))
    result = io.BytesIO()
    # Level 9 and neither name nor time: what differs between machines stays out of the header.
    with gzip.GzipFile(filename="", mode="wb", compresslevel=9, fileobj=result, mtime=0) as stream:
        stream.write(packed.getvalue())
    return result.getvalue()
