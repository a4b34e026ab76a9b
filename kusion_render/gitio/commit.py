"""What a commit says: who, when, what, and the trailers at its end."""

from __future__ import annotations

from typing import Final


class Person:
    """An author or committer; `seconds` count from 1970, `zone` is as `+0200`."""

    __slots__ = ("mail", "name", "seconds", "zone")

    def __init__(self, name: str, mail: str, seconds: int, zone: str) -> None:
        self.name: Final = name
        self.mail: Final = mail
        self.seconds: Final = seconds
        self.zone: Final = zone

    @property
    def signature(self) -> str:
        """`Name <mail>`."""
        return f"{self.name} <{self.mail}>"

    @property
    def date(self) -> str:
        """The moment as RFC 3339 writes it, in the person's own zone; empty when it is no date of that form."""
        from datetime import UTC, datetime, timedelta, timezone

        digits = self.zone[1:]
        if len(digits) != 4 or not digits.isdigit() or int(digits[2:]) > 59 or int(digits[:2]) > 23:
            return ""
        away = timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))
        zone = timezone(-away if self.zone[0] == "-" else away)
        try:
            text = datetime.fromtimestamp(self.seconds, UTC).astimezone(zone).isoformat()
        except (OverflowError, ValueError, OSError):
            return ""
        return text.removesuffix("+00:00") + "Z" if text.endswith("+00:00") else text


class Commit:
    """A commit's own words; `message` is with plain line ends, without blank lines at its end."""

    __slots__ = ("author", "committer", "message", "name", "parents", "tree")

    def __init__(
        self, name: str, tree: str, parents: tuple[str, ...], author: Person, committer: Person, message: str
    ) -> None:
        self.name: Final = name
        self.tree: Final = tree
        self.parents: Final = parents
        self.author: Final = author
        self.committer: Final = committer
        self.message: Final = message

    @property
    def subject(self) -> str:
        """The first paragraph on one line, as git shows it."""
        return " ".join(self.message.split("\n\n", 1)[0].split("\n")).strip()

    @property
    def body(self) -> str:
        """What follows the subject."""
        return self.message.partition("\n\n")[2].strip("\n")

    @property
    def trailers(self) -> list[tuple[str, str]]:
        """The `Key: value` lines of the last paragraph, in order; a line that begins with a blank goes on."""
        found: list[tuple[str, str]] = []
        for line in self.body.rpartition("\n\n")[2].split("\n"):
            key, colon, value = line.partition(":")
            if line[:1] in (" ", "\t") and found:
                found[-1] = (found[-1][0], f"{found[-1][1]} {line.strip()}")
            elif colon and key and all(char.isascii() and (char.isalnum() or char == "-") for char in key):
                found.append((key, value.strip()))
        return found


def parse_commit(name: str, content: bytes) -> Commit:
    """Return what a commit object's bytes say."""
    head, _, message = content.partition(b"\n\n")
    fields: dict[str, list[bytes]] = {}
    for line in head.split(b"\n"):
        key, _, value = line.partition(b" ")
        if key:  # a line that begins with a blank belongs to a signature
            fields.setdefault(key.decode(errors="replace"), []).append(value)
    encoding = fields.get("encoding", [b"utf-8"])[0].decode(errors="replace")

    def text(raw: bytes) -> str:
        try:
            return raw.decode(encoding, errors="replace")
        except LookupError:
            return raw.decode(errors="replace")

    nobody = [b"unknown <> 0 +0000"]
    return Commit(
        name,
        text(fields.get("tree", [b""])[0]),
        tuple(text(parent) for parent in fields.get("parent", [])),
        _person(text(fields.get("author", nobody)[0])),
        _person(text(fields.get("committer", nobody)[0])),
        text(message).replace("\r\n", "\n").replace("\0", "").strip("\n"),
    )


def _person(text: str) -> Person:
    who, _, when = text.rpartition("> ")
    name, _, mail = who.partition("<")
    seconds, _, zone = when.partition(" ")
    number = int(seconds) if seconds.isascii() and seconds.lstrip("-").isdigit() else 0
    return Person(name.strip(), mail.strip(), number, zone or "+0000")
