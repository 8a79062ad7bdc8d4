"""Listings read page by page, up to a limit."""

from __future__ import annotations

from collections.abc import Iterator

from jupyter_dotscience.api.commits import Commit
from jupyter_dotscience.api.runs import RunRow

from .finding import Source

_PAGE = 200


def newest_runs(source: Source, limit: int) -> tuple[list[RunRow], bool]:
    """Runs, newest first, and whether there are more than ``limit``."""
    rows: list[RunRow] = []
    cursor: str | None = None
    while len(rows) < limit:
        page = source.runs(min(_PAGE, limit - len(rows)), cursor)
        rows += page.items
        cursor = page.next
        if cursor is None:
            return rows, False
    return rows, True


def versions(source: Source, path: str, limit: int) -> Iterator[Commit]:
    """Versions that changed a file, newest first; at most ``limit`` are looked at."""
    cursor: str | None = None
    seen = 0
    while seen < limit:
        page = source.history(path, min(_PAGE, limit - seen), cursor)
        yield from page.items
        seen += len(page.items)
        cursor = page.next
        if cursor is None or not page.items:
            return
