"""Amounts of CPU, memory and storage: what is one, how large it is, and how the API server writes it back.

After apimachinery's `resource.Quantity`, without its caps at the edge of 64-bit numbers except where they show in the
canonical form. Values are whole numbers of nano-units: Kubernetes itself rounds finer fractions up to one.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final

NANO: Final = 10**9
"""How many of the units that `parse` counts make a whole."""

_POWERS_OF_TEN: Final = {"n": -9, "u": -6, "m": -3, "": 0, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18}
_POWERS_OF_TWO: Final = {"Ki": 10, "Mi": 20, "Gi": 30, "Ti": 40, "Pi": 50, "Ei": 60}
_SUFFIX_OF_TEN: Final = {power: suffix for suffix, power in _POWERS_OF_TEN.items()}
_SUFFIXES_OF_TWO: Final = ("", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei")

_DIGITS: Final = "0123456789"
_EXPONENT_LIMIT: Final = 100
_LARGEST: Final = 2**63 - 1


def is_quantity(text: object) -> bool:
    """Tell whether the API server reads a value as a quantity; numbers are, booleans are not."""
    return _split(_written(text)) is not None


def parse(text: object) -> int | None:
    """Return a quantity in nano-units, finer fractions rounded away from zero, or `None` for what is none."""
    parts = _split(_written(text))
    return None if parts is None else _value(*parts)


def compare(left: object, right: object) -> int | None:
    """Return -1, 0 or 1 as one quantity is below, equal to or above the other, `None` if one is no quantity."""
    one, other = parse(left), parse(right)
    return None if one is None or other is None else (one > other) - (one < other)


def canonical(text: object) -> str | None:
    """Write a quantity as the API server stores it: `0.5` is `500m`, `1024Mi` is `1Gi`, `1.5Gi` is `1536Mi`.

    The kind of suffix stays: decimal, binary or exponent. Binary amounts that are small or not whole become decimal.
    Where Kubernetes keeps a text that is no shorter in canonical form (`1.125`, `1.001G`), so does this.
    """
    written = _written(text)
    parts = _split(written)
    if parts is None:
        return None
    value, suffix = _value(*parts), parts[3]
    if _kept(value, *parts[1:]):
        return written
    if suffix in _POWERS_OF_TWO:
        value = max(-_LARGEST * NANO, min(value, _LARGEST * NANO))
        if abs(value) >= 1024 * NANO and value % NANO == 0:
            return _binary(value // NANO)
    return _decimal(value, with_exponent=_exponent(suffix) is not None)


def _written(text: object) -> str:
    # Go trims quantities when it reads them from JSON; Python writes small floats with an exponent, which is one too.
    if isinstance(text, str):
        return text.strip()
    return str(text) if isinstance(text, int | float) and not isinstance(text, bool) else ""


def _split(text: str) -> tuple[str, str, str, str] | None:
    """Return sign, digits before and after the point, and the suffix."""
    sign = text[:1] if text[:1] in {"-", "+"} else ""
    rest = text[len(sign) :]
    suffix = rest.lstrip(_DIGITS)
    whole = rest[: len(rest) - len(suffix)]
    fraction = ""
    if suffix[:1] == ".":
        rest = suffix[1:]
        suffix = rest.lstrip(_DIGITS)
        fraction = rest[: len(rest) - len(suffix)]
    if not whole and not fraction:
        return None
    if suffix in _POWERS_OF_TEN or suffix in _POWERS_OF_TWO or _exponent(suffix) is not None:
        return sign, whole, fraction, suffix
    return None


def _exponent(suffix: str) -> int | None:
    if suffix[:1] not in {"e", "E"}:
        return None
    digits = suffix[2:] if suffix[1:2] in {"-", "+"} else suffix[1:]
    if not digits or digits.strip(_DIGITS):
        return None
    # Beyond this nothing is a resource any more, and a huge power would take all memory.
    size = _EXPONENT_LIMIT if len(digits.lstrip("0")) > 3 else min(int(digits), _EXPONENT_LIMIT)
    return -size if suffix[1] == "-" else size


def _kept(value: int, whole: str, fraction: str, suffix: str) -> bool:
    """Tell whether apimachinery stores the text it read: its short cut for amounts it takes to be canonical."""
    digits = (whole.lstrip("0") or "0") + fraction
    if suffix in _POWERS_OF_TWO:
        power = _POWERS_OF_TWO[suffix]
        return not fraction and len(digits) + power * 3 // 10 < 15 and (abs(value) // NANO >> power) % 8 != 0
    power = _power(suffix) - len(fraction)
    short = len(digits) <= 18 and power >= -9
    return short and power % 3 == 0 and digits[0] != "0" and not digits.endswith("000")


def _power(suffix: str) -> int:
    power = _POWERS_OF_TEN.get(suffix)
    return power if power is not None else _exponent(suffix) or 0


def _value(sign: str, whole: str, fraction: str, suffix: str) -> int:
    digits = int((whole + fraction) or "0")
    power = 9 - len(fraction)
    if suffix in _POWERS_OF_TWO:
        digits <<= _POWERS_OF_TWO[suffix]
    else:
        power += _power(suffix)
    scale: int = 10 ** abs(power)
    value = digits * scale if power >= 0 else -(-digits // scale)
    return -value if sign == "-" else value


def _binary(value: int) -> str:
    step = 0
    while value % 1024 == 0 and step < len(_SUFFIXES_OF_TWO) - 1:
        value //= 1024
        step += 1
    return f"{value}{_SUFFIXES_OF_TWO[step]}"


def _decimal(value: int, *, with_exponent: bool) -> str:
    if value == 0:
        return "0"
    power = -9
    while value % 1000 == 0 and (with_exponent or power < 18):
        value //= 1000
        power += 3
    if with_exponent:
        return f"{value}e{power}" if power else str(value)
    return f"{value}{_SUFFIX_OF_TEN[power]}"
