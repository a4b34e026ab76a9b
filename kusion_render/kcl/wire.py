"""Messages of KCL's interface (`spec.proto`), to bytes and back, as protobuf writes them.

Only what this interface uses: texts, flags, and messages inside messages. Fields are known by their numbers.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Final

_LENGTH_DELIMITED: Final = 2


def message(*fields: bytes) -> bytes:
    """Return a message of encoded fields."""
    return b"".join(fields)


def texts(number: int, values: Iterable[str]) -> bytes:
    """Encode a field of texts."""
    return b"".join(_delimited(number, value.encode("utf-8", "surrogatepass")) for value in values)


def messages(number: int, values: Iterable[bytes]) -> bytes:
    """Encode a field of messages."""
    return b"".join(_delimited(number, value) for value in values)


def flag(number: int) -> bytes:
    """Encode a field that is true."""
    return _varint(number << 3) + b"\x01"


def fields(content: bytes) -> dict[int, list[bytes]]:
    """Return a message's texts and messages by the number of their field; numbers are left out.

    Raises:
        ValueError: when these bytes are no message.
    """
    found: dict[int, list[bytes]] = {}
    at = 0
    while at < len(content):
        tag, at = _read_varint(content, at)
        if tag & 7 == _LENGTH_DELIMITED:
            length, at = _read_varint(content, at)
            if at + length > len(content):
                raise ValueError("the message ends too early")
            found.setdefault(tag >> 3, []).append(content[at : at + length])
            at += length
        elif tag & 7 == 0:
            _, at = _read_varint(content, at)
        else:
            raise ValueError("a kind of field that this interface does not have")
    return found


def numbers(content: bytes) -> tuple[int, int]:
    """Return the first two numbers of a message, 0 for one that is left out."""
    found = {1: 0, 2: 0}
    at = 0
    while at < len(content):
        tag, at = _read_varint(content, at)
        value, at = _read_varint(content, at)
        if tag & 7:
            at += value  # a text
        else:
            found[tag >> 3] = value
    return found[1], found[2]


def _delimited(number: int, content: bytes) -> bytes:
    return _varint(number << 3 | _LENGTH_DELIMITED) + _varint(len(content)) + content


def _varint(value: int) -> bytes:
    result = bytearray()
    while value > 0x7F:
        result.append(value & 0x7F | 0x80)
        value >>= 7
    result.append(value)
    return bytes(result)


def _read_varint(content: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while at < len(content):
        value |= (content[at] & 0x7F) << shift
        shift += 7
        at += 1
        if content[at - 1] < 0x80:
            return value, at
    raise ValueError("the message ends too early")
