"""Tables that look like Docker's, and their other forms: names only, or JSON."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import click

from .text import printable, printable_json

MIN_WIDTH = 20
GAP = 3
F = TypeVar("F", bound=Callable[..., object])


def render(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table without borders; columns are at least 20 wide, with three spaces after the longest cell.

    Args:
        headings: One per column, in capitals.
        rows: Cells as they are; they are made printable here.
    """
    lines = [list(headings), *([printable(cell) for cell in row] for row in rows)]
    widths = [max(MIN_WIDTH, *(_width(line[i]) + GAP for line in lines)) for i in range(len(headings))]
    return "\n".join(_line(line, widths) for line in lines)


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    padded = (cell + " " * (width - _width(cell)) for cell, width in zip(cells, widths, strict=True))
    return "".join(padded).rstrip(" ")


def _width(text: str) -> int:
    """Columns that a text takes on a terminal; East Asian wide characters take two, combining ones none."""
    if text.isascii():
        return len(text)
    import unicodedata

    return sum(
        0 if unicodedata.combining(char) else 2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text
    )


def listing_options(command: F) -> F:
    """The options that every listing has: ``-q`` and ``--output``."""
    output = click.option(
        "-o", "--output", type=click.Choice(["table", "json"]), default="table", help="Form of the list."
    )
    quiet = click.option("-q", "--quiet", is_flag=True, help="Names only (ids where there are none), no heading.")
    return quiet(output(command))


def show(
    items: Sequence[Any],
    headings: Sequence[str],
    row: Callable[[Any], Sequence[str]],
    name: Callable[[Any], str],
    *,
    quiet: bool,
    output: str,
) -> None:
    """Print a listing in the form that was asked for.

    Args:
        items: Structs of the contract.
        headings: Of the table.
        row: The cells of one item.
        name: What ``-q`` prints of one item.
        quiet: ``-q``.
        output: ``table`` or ``json``.

    Raises:
        click.UsageError: two forms at once.
    """
    if quiet and output == "json":
        raise click.UsageError("-q and --output json exclude each other.")
    if output == "json":
        print_json(items)
    elif quiet:
        for item in items:
            click.echo(printable(name(item)))
    else:
        click.echo(render(headings, [row(item) for item in items]))


def print_json(value: Any) -> None:
    """Structs, or lists of them, as indented JSON."""
    import json

    import msgspec

    plain = msgspec.to_builtins(value)
    click.echo(printable_json(json.dumps(plain, indent=2, ensure_ascii=False)))
