"""The filter language of run tables."""

from __future__ import annotations

import pytest
from dotscience_hub.domain.runfilter import Column, Kind, parse_filter, parse_sort, to_number

from jupyter_dotscience.api.problems import BadRequest


def test_conditions_are_read_in_order() -> None:
    """Columns, operators and values come out as written, with quotes taken off and numbers recognised."""
    found = parse_filter("""parameters.lr<0.1 AND labels."model type" = 'a b' and status != failed""")
    assert [(c.column, c.operator, c.value, c.number) for c in found] == [
        (Column(Kind.PARAMETERS, "lr"), "<", "0.1", 0.1),
        (Column(Kind.LABELS, "model type"), "=", "a b", None),
        (Column(None, "status"), "!=", "failed", None),
    ]


def test_empty_filter_has_no_conditions() -> None:
    """No text and only spaces both mean: all runs."""
    assert parse_filter(None) == parse_filter("   ") == []


@pytest.mark.parametrize(
    "text",
    [
        "parameters.lr",
        "parameters.lr <",
        "< 3",
        "lr < 0.1",
        "parameters.lr < 0.1 or summary.a > 1",
        "parameters.lr < 0.1 and",
        "parameters.lr = 'open",
        "series.loss > 1",
        "parameters.a = 1; drop table runs",
        "((((",
    ],
)
def test_unreadable_filter_is_refused_with_a_sentence(text: str) -> None:
    """What cannot be read is a bad request that says where, never a guess."""
    with pytest.raises(BadRequest) as caught:
        parse_filter(text)
    assert str(caught.value).endswith(".") or "'" in str(caught.value)


def test_sort_by_attribute_is_refused() -> None:
    """Only the time of recording and recorded values have an index to sort by."""
    assert parse_sort("-created").column is None
    assert parse_sort("summary.acc").column == Column(Kind.SUMMARY, "acc")
    with pytest.raises(BadRequest):
        parse_sort("status")


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("1", 1.0),
        ("-0.5e-3", -0.0005),
        ("inf", float("inf")),
        ("nan", None),
        ("True", None),
        ("1_000", None),
        ("[1, 2]", None),
        ("9" * 500, None),
        ("", None),
    ],
)
def test_numbers_are_what_people_write_as_numbers(text: str, number: float | None) -> None:
    """Only decimal numbers and infinities sort as numbers."""
    assert to_number(text) == number
