"""`requiredVersion`: which versions of this program may render a repository."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Final

    Version = tuple[int, ...]

_OPERATORS: Final = (">=", "<=", "==", "!=", "~=", ">", "<", "=", "^", "~")


def satisfies(version: str, requirement: str) -> bool | None:
    """Tell whether `version` meets `requirement`, such as `>=1.2, <2`, `^1.2`, `~1.2.3` or `1.2.3`.

    All parts, set apart by commas, must hold. None: the requirement can't be read.
    """
    have = _parse(version)
    if have is None:
        return None
    for part in requirement.split(","):
        text = part.strip()
        operator = next((candidate for candidate in _OPERATORS if text.startswith(candidate)), "")
        want = _parse(text[len(operator) :].strip().removeprefix("v"))
        if want is None:
            return None
        if not _TESTS[operator](have, want):
            return False
    return True


def _parse(text: str) -> Version | None:
    release = text.split("+", 1)[0].split("-", 1)[0]
    pieces = release.split(".")
    if not all(piece.isascii() and piece.isdigit() for piece in pieces) or len(pieces) > 4:
        return None
    return tuple(int(piece) for piece in pieces) + (0,) * (3 - len(pieces))


def _compatible(have: Version, want: Version) -> bool:
    # Below 1.0 a minor version may break, as semantic versioning says.
    fixed = next((at for at, number in enumerate(want) if number), len(want) - 1)
    return have >= want and have[: fixed + 1] == want[: fixed + 1]


def _patch_level(have: Version, want: Version) -> bool:
    return have >= want and have[:2] == want[:2]


_TESTS: Final[dict[str, Callable[[Version, Version], bool]]] = {
    "": lambda have, want: have == want,
    "=": lambda have, want: have == want,
    "==": lambda have, want: have == want,
    "!=": lambda have, want: have != want,
    ">=": lambda have, want: have >= want,
    "<=": lambda have, want: have <= want,
    ">": lambda have, want: have > want,
    "<": lambda have, want: have < want,
    "^": _compatible,
    "~": _patch_level,
    "~=": _patch_level,
}
