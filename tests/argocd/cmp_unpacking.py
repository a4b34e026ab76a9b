"""What a sidecar does with a request's stream: receive the archive, check it, unpack it, and nothing outside its folder."""

from __future__ import annotations

import hashlib
import io
import os
import tarfile
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator


class RefusedError(Exception):
    """A request fails; the text reaches the caller with the status UNKNOWN."""


def receive(messages: Iterator[Any], folder: str, *, keep_modes: bool = False) -> Any:
    """Unpack the archive of a request into `folder` and return its metadata.

    Raises:
        RefusedError: with Argo CD's words, when the stream or the archive is not right.
    """
    head = next(messages, None)
    if head is None or head.WhichOneof("request") != "metadata":
        raise RefusedError("error getting stream metadata: metadata is nil")
    content = b"".join(each.file.chunk for each in messages)
    if hashlib.sha256(content).hexdigest() != head.metadata.checksum:
        raise RefusedError("error receiving tgz file: file checksum validation error")
    try:
        with tarfile.open(fileobj=io.BytesIO(content), mode="r:gz") as archive:
            for entry in archive:
                _unpack(archive, entry, folder, keep_modes=keep_modes)
    except (tarfile.TarError, EOFError, OSError) as error:
        raise RefusedError(f"error decompressing tgz file: {error}") from error
    return head.metadata


def app_folder(folder: str, path: str) -> str:
    """Return the folder of the app in an unpacked copy.

    Raises:
        RefusedError: when it lies outside.
    """
    found = os.path.normpath(f"{folder}/{path}")
    if not _inside(found, folder):
        raise RefusedError("illegal appPath: out of workDir bound")
    return found


def _inside(path: str, folder: str) -> bool:
    return path == folder or path.startswith(folder + os.sep)


def _unpack(archive: tarfile.TarFile, entry: tarfile.TarInfo, folder: str, *, keep_modes: bool) -> None:
    # Joined as text: an absolute name counts from the folder.
    target = os.path.normpath(f"{folder}/{entry.name}")
    if not _inside(target, folder):
        raise RefusedError(f"error decompressing tgz file: illegal filepath in archive: {target}")
    if entry.isdir():
        os.makedirs(target, exist_ok=True)
        os.chmod(target, entry.mode if keep_modes else 0o755)
    elif entry.issym():
        link = os.path.join(os.path.dirname(target), entry.linkname)
        real = os.path.realpath(link)
        if not _inside(real, folder):
            raise RefusedError(f"error decompressing tgz file: illegal filepath in symlink: {link}")
        os.symlink(os.path.relpath(real, os.path.dirname(target)), target)
    elif entry.isreg():
        os.makedirs(os.path.dirname(target), exist_ok=True)
        with open(target, "wb") as stream:
            stream.write(archive.extractfile(entry).read())  # type: ignore[union-attr] # a regular file has content
        os.chmod(target, entry.mode if keep_modes else 0o644)
