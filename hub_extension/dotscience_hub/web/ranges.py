"""The Range header (RFC 9110, section 14)."""

from __future__ import annotations

import re

from .problems import RangeNotSatisfiable

_ONE = re.compile(r"bytes=([0-9]{0,18})-([0-9]{0,18})$")


def parse_range(header: str | None, size: int) -> tuple[int, int] | None:
    """The part of a content that is asked for.

    Args:
        header: The Range header; None without one.
        size: Bytes of the whole content.

    Returns:
        First byte and length; None for the whole (no header, one that makes no sense, or several ranges, all of which
        a server may answer with the whole).

    Raises:
        RangeNotSatisfiable: The range lies behind the end.
    """
    match = _ONE.match(header.replace(" ", "")) if header else None
    if match is None or match.group(1, 2) == ("", ""):
        return None
    first, last = match.groups()
    if not first:
        length = min(int(last), size)
        start, stop = size - length, size
    else:
        start, stop = int(first), min(int(last) + 1, size) if last else size
        if last and int(last) < int(first):
            return None
    if start >= stop:
        raise RangeNotSatisfiable(f"The content has {size} bytes.", detail={"size": size})
    return start, stop - start
