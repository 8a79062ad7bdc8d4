"""The Range header."""

from __future__ import annotations

import pytest
from dotscience_hub.web.problems import RangeNotSatisfiable
from dotscience_hub.web.ranges import parse_range


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("bytes=0-0", (0, 1)),
        ("bytes=2-4", (2, 3)),
        ("bytes=2-", (2, 8)),
        ("bytes=-3", (7, 3)),
        ("bytes=-300", (0, 10)),
        ("bytes=4-99999999", (4, 6)),
        (None, None),
        ("bytes=-", None),
        ("bytes=4-2", None),
        ("bytes=0-1,3-4", None),
        ("lines=0-1", None),
        ("bytes=" + "9" * 400 + "-", None),
        ("bytes=\u0663-", None),
    ],
)
def test_a_range_of_ten_bytes(header: str | None, expected: tuple[int, int] | None) -> None:
    """Offset and length as RFC 9110 has them; what makes no sense means the whole."""
    assert parse_range(header, 10) == expected


@pytest.mark.parametrize("header", ["bytes=10-", "bytes=12-13", "bytes=-0"])
def test_a_range_behind_the_end_is_refused(header: str) -> None:
    """There is nothing to send, and the caller must hear so."""
    with pytest.raises(RangeNotSatisfiable):
        parse_range(header, 10)


def test_an_empty_content_has_no_range() -> None:
    """Not even its first byte."""
    with pytest.raises(RangeNotSatisfiable):
        parse_range("bytes=0-", 0)
