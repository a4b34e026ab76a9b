"""What the API server accepts as names, labels and sizes, and how names that are too long are shortened.

Each `…_problem` function returns why a text is refused, as the end of a sentence without a full stop, or `None`.
The rules are those of apimachinery's validation; the tighter lengths of CronJob, Job and StatefulSet are those beyond
which the objects that a controller derives from the name are refused.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any, Final

SUBDOMAIN_LENGTH: Final = 253
LABEL_LENGTH: Final = 63
PORT_NAME_LENGTH: Final = 15
ANNOTATION_BYTES: Final = 256 * 1024
DATA_BYTES: Final = 1024 * 1024
OBJECT_BYTES: Final = 1536 * 1024
CLIENT_SIDE_APPLY_BYTES: Final = 256 * 1024
"""`kubectl apply` copies the object into an annotation; beyond this only server-side apply works."""

NAME_LENGTH: Final = {
    "CronJob": 52,  # a Job is named `<name>-<minutes since 1970>`
    "Job": LABEL_LENGTH,  # the name becomes a label of its pods
    "Namespace": LABEL_LENGTH,
    "Service": LABEL_LENGTH,
    "StatefulSet": 52,  # its pods carry `<name>-<hash>` as a label
}
"""Kinds with a tighter limit than 253 characters."""

_LABEL_KINDS: Final = frozenset({"Namespace", "Service"})
_PATH_SEGMENT_KINDS: Final = frozenset({"APIService", "ClusterRole", "ClusterRoleBinding", "Role", "RoleBinding"})

_LOWER: Final = "abcdefghijklmnopqrstuvwxyz"
_UPPER: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_DIGITS: Final = "0123456789"
_EDGES: Final = frozenset(_LOWER + _DIGITS)
_QUALIFIED_EDGES: Final = frozenset(_LOWER + _UPPER + _DIGITS)
_LABEL_CHARS: Final = _LOWER + _DIGITS + "-"
_SUBDOMAIN_CHARS: Final = _LABEL_CHARS + "."
_QUALIFIED_CHARS: Final = _LOWER + _UPPER + _DIGITS + "-_."

_HASH_LENGTH: Final = 8


def name_problem(kind: str, name: str) -> str | None:
    """Tell why an object of `kind` cannot have this name."""
    if kind in _PATH_SEGMENT_KINDS:
        return _segment_problem(name)
    if kind == "Service":
        return service_name_problem(name)
    if kind in _LABEL_KINDS:
        return label_name_problem(name)
    return _subdomain_problem(name, NAME_LENGTH.get(kind, SUBDOMAIN_LENGTH))


def label_name_problem(name: str) -> str | None:
    """Tell why a text is no DNS label, the form of names of namespaces, containers, volumes and Service ports."""
    if len(name) > LABEL_LENGTH:
        return _too_long(name, LABEL_LENGTH)
    # Stripping all allowed characters leaves nothing only if there is no other one inside.
    if name.strip(_LABEL_CHARS):
        return "only lower-case letters, digits and `-` are allowed"
    return _edge_problem(name)


def service_name_problem(name: str) -> str | None:
    """Tell why a Service cannot have this name: a DNS label that starts with a letter."""
    return label_name_problem(name) or ("it must start with a letter" if name[0] in _DIGITS else None)


def port_name_problem(name: str) -> str | None:
    """Tell why a container port cannot have this name (the IANA form of service names)."""
    if len(name) > PORT_NAME_LENGTH:
        return _too_long(name, PORT_NAME_LENGTH)
    problem = label_name_problem(name)
    if problem:
        return problem
    if "--" in name:
        return "`--` is not allowed"
    return None if name.strip(_DIGITS + "-") else "it must contain a letter"


def env_name_problem(name: str) -> str | None:
    """Tell why an environment variable cannot have this name.

    The rule that all versions share; since 1.34 every cluster takes any printable ASCII but `=`.
    """
    if not name:
        return "it is empty"
    if name[0] in _DIGITS:
        return "it must not start with a digit"
    return _file_like_problem(name)


def config_key_problem(key: str) -> str | None:
    """Tell why a ConfigMap or Secret cannot have this key."""
    if not key:
        return "it is empty"
    return _too_long(key, SUBDOMAIN_LENGTH) if len(key) > SUBDOMAIN_LENGTH else _file_like_problem(key)


def label_key_problem(key: str) -> str | None:
    """Tell why a label cannot have this key: `name` or `prefix/name`, the prefix a DNS subdomain."""
    prefix, slash, name = key.rpartition("/")
    if slash:
        problem = _subdomain_problem(prefix, SUBDOMAIN_LENGTH)
        if problem:
            return f"of its prefix: {problem}"
    return label_value_problem(name) if name else "it has no name after the `/`" if slash else "it is empty"


def annotation_key_problem(key: str) -> str | None:
    """Tell why an annotation cannot have this key: as for labels, but the prefix may have upper-case letters."""
    return label_key_problem(key.lower())


def label_value_problem(value: str) -> str | None:
    """Tell why a label cannot have this value; the empty one is fine."""
    if len(value) > LABEL_LENGTH:
        return _too_long(value, LABEL_LENGTH)
    if value.strip(_QUALIFIED_CHARS):
        return "only letters, digits, `-`, `_` and `.` are allowed"
    if value and not (value[0] in _QUALIFIED_EDGES and value[-1] in _QUALIFIED_EDGES):
        return "it must start and end with a letter or digit"
    return None


def shorten(name: str, budget: int) -> str:
    """Fit a valid name into `budget` characters: its beginning, `-` and eight hex digits of the whole name's SHA-256.

    A name that fits comes back as it is. The same name always gives the same result, and a valid name a valid one.

    Raises:
        ValueError: if `budget` leaves no room for a letter before the hash, that is below 10.
    """
    if len(name) <= budget:
        return name
    if budget < _HASH_LENGTH + 2:
        raise ValueError(f"a shortened name needs {_HASH_LENGTH + 2} characters, not {budget}")
    from hashlib import sha256

    digest = sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:_HASH_LENGTH]
    return f"{name[: budget - _HASH_LENGTH - 1].rstrip('-._')}-{digest}"


def data_size(manifest: Mapping[str, Any]) -> int:
    """Count the bytes of a ConfigMap's or Secret's values as the API server does: base64 counts decoded."""
    encoded = ("binaryData", "data") if manifest.get("kind") == "Secret" else ("binaryData",)
    size = 0
    for field in ("data", "binaryData", "stringData"):
        values = manifest.get(field)
        if isinstance(values, dict):
            length = sum(text_size(value) for value in values.values() if isinstance(value, str))
            size += length * 3 // 4 if field in encoded else length
    return size


def object_size(value: Any) -> int:  # Any: plain data of every shape
    """Estimate the bytes of plain data as compact JSON, within a few per cent."""
    if isinstance(value, str):
        return text_size(value) + 2
    if isinstance(value, dict):
        return 1 + sum(object_size(key) + object_size(child) + 2 for key, child in value.items())
    if isinstance(value, list):
        return 1 + sum(object_size(item) + 1 for item in value)
    return len(str(value))


def text_size(text: str) -> int:
    """Count the UTF-8 bytes of a text."""
    return len(text) if text.isascii() else len(text.encode("utf-8", "surrogatepass"))


def _too_long(text: str, limit: int) -> str:
    return f"it has {len(text)} characters, {limit} are allowed"


def _edge_problem(name: str) -> str | None:
    if not name:
        return "it is empty"
    if name[0] in _EDGES and name[-1] in _EDGES:
        return None
    return "it must start and end with a letter or digit"


def _subdomain_problem(name: str, limit: int) -> str | None:
    if len(name) > limit:
        return _too_long(name, limit)
    if name.strip(_SUBDOMAIN_CHARS):
        return "only lower-case letters, digits, `-` and `.` are allowed"
    if "." in name and (".." in name or ".-" in name or "-." in name):
        return "around each `.` there must be a letter or digit"
    return _edge_problem(name)


def _segment_problem(name: str) -> str | None:
    if not name:
        return "it is empty"
    if name in {".", ".."}:
        return "`.` and `..` are not allowed"
    return "`/` and `%` are not allowed" if "/" in name or "%" in name else None


def _file_like_problem(key: str) -> str | None:
    if key.strip(_QUALIFIED_CHARS):
        return "only letters, digits, `-`, `_` and `.` are allowed"
    if key == "." or key.startswith(".."):
        return "it must not be `.` or start with `..`"
    return None
