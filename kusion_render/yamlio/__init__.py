"""The only door to YAML: bytes to plain data and back.

Reading refuses what readers of YAML understand differently; writing emits only what all of them read back the same.
"""

from __future__ import annotations

from kusion_render.yamlio.positions import SourceText, Written, compose, introducers, positions, positions_all
from kusion_render.yamlio.reader import DEFAULT, Limits, Parsed, parse, parse_all
from kusion_render.yamlio.scalars import AMBIGUOUS, Bare, Plain
from kusion_render.yamlio.writer import dump, dump_all

__all__ = [
    "AMBIGUOUS",
    "DEFAULT",
    "Bare",
    "Limits",
    "Parsed",
    "Plain",
    "SourceText",
    "Written",
    "compose",
    "dump",
    "dump_all",
    "introducers",
    "parse",
    "parse_all",
    "positions",
    "positions_all",
]
