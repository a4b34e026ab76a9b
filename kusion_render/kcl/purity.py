"""Which modules of KCL itself may be imported: those whose functions depend on their arguments alone.

What is not known to be pure is refused, so that a later version of KCL brings nothing in unseen. It is told from the
parsed program: from its imports, and from the names behind them.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from typing import Final

    from kusion_render.kcl.syntax import Syntax

# Modules of which every function is pure.
_PURE: Final = frozenset(("base32", "base64", "collection", "math", "regex", "runtime", "template", "units"))
# Modules that have others too; these are the pure ones.
_PURE_PARTS: Final[Mapping[str, frozenset[str]]] = {
    "crypto": frozenset(("blake3", "md5", "sha1", "sha224", "sha256", "sha384", "sha512")),
    "datetime": frozenset(
        (
            "duration_add",
            "duration_add_to_datetime",
            "duration_day",
            "duration_from_seconds",
            "duration_hour",
            "duration_is_valid",
            "duration_minute",
            "duration_parse",
            "duration_second",
            "duration_sub",
            "duration_sub_from_datetime",
            "duration_to_seconds",
            "is_iso8601",
            "is_rfc3339",
            "validate",
        )
    ),
    "json": frozenset(("decode", "encode", "merge", "validate")),
    "net": frozenset(
        (
            "CIDR_host",
            "CIDR_netmask",
            "CIDR_subnet",
            "CIDR_subnets",
            "IP_string",
            "is_IP",
            "is_IP_in_CIDR",
            "is_IPv4",
            "is_IPv6",
            "is_global_unicast_IP",
            "is_interface_local_multicast_IP",
            "is_link_local_multicast_IP",
            "is_link_local_unicast_IP",
            "is_loopback_IP",
            "is_multicast_IP",
            "is_unspecified_IP",
            "join_host_port",
            "parse_CIDR",
            "parse_IP",
            "split_host_port",
            "to_IP16",
            "to_IP4",
        )
    ),
    "yaml": frozenset(("decode", "decode_all", "encode", "encode_all", "validate")),
}
_REFUSED: Final[Mapping[str, str]] = {
    "file": "reads and writes files",
    "kcl_plugin": "runs programs of this machine",
    "manifests": "prints manifests of its own instead of apps",
}
_WHY: Final[Mapping[str, str]] = {
    "crypto": "reads files, or answers at random",
    "datetime": "asks the clock",
    "json": "writes files",
    "net": "asks the network",
    "yaml": "writes files",
}


class Refusal:
    """What must not be used: `what` in the user's words, `why` as a clause, and where it stands in `file`."""

    __slots__ = ("column", "file", "line", "what", "why")

    def __init__(self, what: str, why: str, file: str, line: int, column: int) -> None:
        self.what: Final = what
        self.why: Final = why
        self.file: Final = file
        self.line: Final = line
        self.column: Final = column


def is_system_module(path: str) -> bool:
    """Tell whether an import's path names a module of KCL itself, or one that a plug-in would bring."""
    first = path.lstrip(".").split(".", 1)[0]
    plain = path.lstrip(".")
    return plain in _PURE or plain in _PURE_PARTS or plain in _REFUSED or first == "kcl_plugin"


def refusals(package: Iterable[tuple[str, Syntax]]) -> Iterator[Refusal]:
    """Yield what the files of one package, each with its name, must not use.

    Files of a package see each other's imports.
    """
    files = list(package)
    partly: dict[str, str] = {}
    for file, syntax in files:
        for each in syntax.imports:
            # KCL takes `.file` at a package's root for the module, too.
            module = each.path.lstrip(".")
            top = module.split(".", 1)[0]
            if module in _REFUSED or top == "kcl_plugin":
                yield Refusal(f"import {each.path}", _REFUSED[top], file, each.line, each.column)
            elif module in _PURE_PARTS:
                partly[each.name] = module
    for file, syntax in files if partly else ():
        for name, member, line, column in syntax.names():
            module = partly.get(name, "")
            if module and member not in _PURE_PARTS[module]:
                yield Refusal(f"{module}.{member}".rstrip("."), _WHY[module], file, line, column)
