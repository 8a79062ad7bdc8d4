"""HTML and SVG made of parts. Text is text: whatever is not :class:`Markup` is escaped."""

from __future__ import annotations

import html
import math
from collections.abc import Iterable, Sequence


class Markup(str):
    """Text that is markup already; made here only."""

    __slots__ = ()


def element(tag: str, *children: str | Iterable[str], **attributes: object) -> Markup:
    """An element.

    Args:
        tag: Its name.
        children: Text, markup, or several of them.
        attributes: ``class_`` stands for ``class``, ``stroke_width`` for ``stroke-width``; None leaves one out.
    """
    written = "".join(
        f' {name.rstrip("_").replace("_", "-")}="{html.escape(_attribute(value))}"'
        for name, value in attributes.items()
        if value is not None
    )
    return Markup(f"<{tag}{written}>{joined(children)}</{tag}>")


def joined(children: Iterable[str | Iterable[str]]) -> Markup:
    """Several, one after the other."""
    parts = []
    for child in children:
        if isinstance(child, str):
            parts.append(child if isinstance(child, Markup) else html.escape(child))
        else:
            parts.append(joined(child))
    return Markup("".join(parts))


def table(headings: Sequence[str], rows: Iterable[Sequence[str]], caption: str) -> Markup:
    """A table of text."""
    head = element("tr", [element("th", heading, scope="col") for heading in headings])
    body = [element("tr", [element("td", cell) for cell in row]) for row in rows]
    return element("table", element("caption", caption), element("thead", head), element("tbody", body))


def text_table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """The same with columns of spaces. Control characters, which could move a terminal's cursor, are shown as ``?``."""
    lines = [[_printable(cell) for cell in row] for row in [headings, *rows]]
    widths = [max(len(line[place]) for line in lines) for place in range(len(headings))]
    return "\n".join("  ".join(map(str.ljust, line, widths)).rstrip() for line in lines)


def shown(value: float) -> str:
    """A number for people."""
    return f"{value:.6g}" if math.isfinite(value) else str(value)


def _printable(text: str) -> str:
    return "".join(character if character.isprintable() else "?" for character in text)


def _attribute(value: object) -> str:
    return f"{value:.2f}" if isinstance(value, float) else str(value)
