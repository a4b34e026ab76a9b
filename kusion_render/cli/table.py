"""Tables for people: aligned, without lines."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from collections.abc import Sequence


def print_table(head: Sequence[str], rows: Sequence[Sequence[str]], *, colour: bool = False) -> None:
    """Print rows below a head, each column as wide as its widest cell."""
    widths = [max(len(row[at]) for row in (head, *rows)) for at in range(len(head))]

    def line(row: Sequence[str]) -> str:
        return "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()

    title = line(head)
    click.echo(click.style(title, bold=True) if colour else title, color=colour)
    for row in rows:
        click.echo(line(row))
