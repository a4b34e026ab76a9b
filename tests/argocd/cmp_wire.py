"""The wire protocol between Argo CD's repo-server and a plug-in's sidecar: messages by field number, and a client.

The classes are built at run time from the field numbers of Argo CD's `plugin.proto`, so no compiler of protocols is
needed. gRPC runs in clear text over a socket file.
"""

from __future__ import annotations

import hashlib
import io
import os
import tarfile
from typing import TYPE_CHECKING, Any, Final

import grpc
from google.protobuf import descriptor_pool, message_factory
from google.protobuf.descriptor_pb2 import DescriptorProto, FieldDescriptorProto, FileDescriptorProto

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

SERVICE: Final = "plugin.ConfigManagementPluginService"
# Argo CD's own bound on a message, both ways; an error travels among the headers, whose bound is grpcio's alone.
CHANNEL_OPTIONS: Final = (
    ("grpc.max_receive_message_length", 100 << 20),
    ("grpc.max_send_message_length", 100 << 20),
    ("grpc.max_metadata_size", 1 << 20),
)
# What the repo-server sends at once where nobody says otherwise.
CHUNK: Final = 1024
# What it waits for where nobody says otherwise, in seconds.
DEADLINE: Final = 60

_MESSAGES: Final = {
    "Empty": (),
    "EnvEntry": ("1 name string", "2 value string"),
    "Metadata": (
        "1 appName string",
        "2 appRelPath string",
        "3 checksum string",
        "4 size int64",
        "5 env EnvEntry*",
    ),
    "File": ("1 chunk bytes",),
    "AppStreamRequest": ("1 metadata Metadata|", "2 file File|"),
    "CheckResponse": ("1 isDiscoveryConfigured bool", "2 provideGitCreds bool"),
    "MatchResponse": ("1 isSupported bool", "2 isDiscoveryEnabled bool"),
    "ManifestResponse": ("1 manifests string*", "2 sourceType string"),
    "MapEntry": ("1 key string", "2 value string"),
    "Announcement": (
        "1 name string",
        "2 title string",
        "3 tooltip string",
        "4 required bool",
        "5 itemType string",
        "6 collectionType string",
        "7 string string",
        "8 array string*",
        "9 map MapEntry*",
    ),
    "AnnouncementResponse": ("1 parameterAnnouncements Announcement*",),
}


def _descriptor() -> FileDescriptorProto:
    """Describe the messages; `*` marks a repeated field, `|` one of several of which a message has one."""
    file = FileDescriptorProto(name="plugin.proto", package="plugin", syntax="proto3")
    for name, fields in _MESSAGES.items():
        if name == "MapEntry":
            continue
        message = file.message_type.add(name=name)
        if any(text.endswith("|") for text in fields):
            message.oneof_decl.add(name="request")
        for text in fields:
            _add_field(message, text)
    return file


def _add_field(message: DescriptorProto, text: str) -> None:
    number, name, kind = text.split()
    field = message.field.add(name=name, number=int(number), label=FieldDescriptorProto.LABEL_OPTIONAL)
    if kind.endswith("*"):
        field.label = FieldDescriptorProto.LABEL_REPEATED
    if kind.endswith("|"):
        field.oneof_index = 0
    kind = kind.rstrip("*|")
    if kind not in _MESSAGES:
        field.type = FieldDescriptorProto.Type.Value(f"TYPE_{kind.upper()}")
        return
    field.type = FieldDescriptorProto.TYPE_MESSAGE
    field.type_name = f".plugin.{kind}"
    if kind == "MapEntry":
        # A map is a list of entries on the wire, and its entry a message inside the one that has it.
        field.type_name = f".plugin.{message.name}.MapEntry"
        entry = message.nested_type.add(name="MapEntry")
        entry.options.map_entry = True
        for each in _MESSAGES[kind]:
            _add_field(entry, each)


_POOL: Final = descriptor_pool.DescriptorPool()
_POOL.Add(_descriptor())


def message(name: str) -> Any:
    """Return the class of a message; it has no type that a checker could know."""
    return message_factory.GetMessageClass(_POOL.FindMessageTypeByName(f"plugin.{name}"))


def pack(root: Path, *, exclude: str = "") -> bytes:
    """Return the archive that the repo-server makes of a checkout: files, folders and links, sorted, one name left out."""
    target = io.BytesIO()
    with tarfile.open(fileobj=target, mode="w:gz", compresslevel=1) as archive:
        for folder, folders, names in os.walk(root):
            folders[:] = sorted(name for name in folders if name != exclude)
            for name in sorted([*folders, *names]):
                path = os.path.join(folder, name)
                archive.add(path, os.path.relpath(path, root), recursive=False)
    return target.getvalue()


def request_stream(archive: bytes, path: str, env: Mapping[str, str], *, chunk: int = CHUNK) -> Iterator[Any]:
    """Give the messages of one request: what is asked for, then the archive in pieces."""
    request = message("AppStreamRequest")
    head = request()
    head.metadata.appName = env.get("ARGOCD_APP_NAME", "")
    head.metadata.appRelPath = path
    head.metadata.checksum = hashlib.sha256(archive).hexdigest()
    head.metadata.size = len(archive)
    for name, value in env.items():
        head.metadata.env.add(name=name, value=value)
    yield head
    for at in range(0, len(archive), chunk):
        piece = request()
        piece.file.chunk = archive[at : at + chunk]
        yield piece


class Client:
    """Asks a sidecar what the repo-server asks; errors are `grpc.RpcError`."""

    def __init__(self, socket: str) -> None:
        self.channel: Final = grpc.insecure_channel(f"unix:{socket}", options=CHANNEL_OPTIONS)

    def check(self) -> Any:
        """Ask whether the plug-in has rules of discovery."""
        call = self.channel.unary_unary(
            f"/{SERVICE}/CheckPluginConfiguration",
            message("Empty").SerializeToString,
            message("CheckResponse").FromString,
        )
        return call(message("Empty")(), timeout=DEADLINE, wait_for_ready=True)

    def match(self, messages: Iterator[Any]) -> Any:
        """Ask whether the plug-in wants an application."""
        return self._stream("MatchRepository", "MatchResponse", messages)

    def generate(self, messages: Iterator[Any], *, timeout: float = DEADLINE) -> Sequence[str]:
        """Ask for manifests: one text of JSON an object."""
        manifests: Sequence[str] = self._stream("GenerateManifest", "ManifestResponse", messages, timeout).manifests
        return manifests

    def announcements(self, messages: Iterator[Any]) -> Sequence[Any]:
        """Ask which parameters there are."""
        answer = self._stream("GetParametersAnnouncement", "AnnouncementResponse", messages)
        return list(answer.parameterAnnouncements)

    def _stream(self, method: str, answer: str, messages: Iterator[Any], timeout: float = DEADLINE) -> Any:
        call = self.channel.stream_unary(
            f"/{SERVICE}/{method}", message("AppStreamRequest").SerializeToString, message(answer).FromString
        )
        # The socket is there a moment before the server listens on it.
        return call(messages, timeout=timeout, wait_for_ready=True)
