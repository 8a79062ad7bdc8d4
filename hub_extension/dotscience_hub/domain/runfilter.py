"""The filter and sort language of run tables, as data.

``parameters.lr < 0.1 and labels."model type" = 'a b' and status = failed``: conditions joined by ``and``, each a
column, an operator and a value. Names and values with other characters than letters, digits and ``_ . - + / : @ %`` are
quoted.
"""

from __future__ import annotations

import enum
import math
import re
from dataclasses import dataclass

from jupyter_dotscience.api.problems import BadRequest


class Kind(enum.IntEnum):
    """What a recorded value is; stored as a number."""

    PARAMETERS = 0
    SUMMARY = 1
    LABELS = 2
    SERIES = 3


ATTRIBUTES = ("status", "authority", "author", "task", "description", "workload_file", "commit")
OPERATORS = ("=", "!=", "<=", ">=", "<", ">", "~")


@dataclass(frozen=True)
class Column:
    """A column of the table: a recorded value (kind and name) or an attribute of the run (kind None)."""

    kind: Kind | None
    name: str


@dataclass(frozen=True)
class Condition:
    """``column operator value``; ``number`` is the value as a number when it is one."""

    column: Column
    operator: str
    value: str
    number: float | None


@dataclass(frozen=True)
class Sort:
    """An order; column None stands for the time of recording."""

    column: Column | None
    descending: bool


_TOKEN = re.compile(r"""\s*(?:(?P<op><=|>=|!=|=|<|>|~)|(?P<quoted>"[^"]*"|'[^']*')|(?P<word>[\w.\-+/:@%]+))""")
_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?|[+-]?inf(inity)?", re.IGNORECASE)


def to_number(text: str) -> float | None:
    """``text`` as a number, or None when it is none (also for NaN, which has no place in an order)."""
    if len(text) > 400 or not _NUMBER.fullmatch(text.strip()):
        return None
    number = float(text)
    return None if math.isnan(number) else number


def parse_filter(text: str | None) -> list[Condition]:
    """The conditions of a filter; all of them must hold.

    Raises:
        BadRequest: with the place where it cannot be read.
    """
    tokens = _tokens(text or "")
    conditions = []
    while tokens:
        conditions.append(_condition(tokens))
        if tokens:
            joiner = tokens.pop(0)
            if joiner.lower() != "and" or not tokens:
                raise BadRequest(
                    f"The filter has {joiner!r} where 'and' and a condition should follow.", code="bad_filter"
                )
    return conditions


def _condition(tokens: list[str]) -> Condition:
    column = _take_column(tokens)
    if not tokens or tokens[0] not in OPERATORS:
        raise BadRequest(f"The filter needs one of {' '.join(OPERATORS)} after a column.", code="bad_filter")
    operator = tokens.pop(0)
    if not tokens or tokens[0] in OPERATORS:
        raise BadRequest(f"The filter needs a value after {operator!r}.", code="bad_filter")
    value = _unquote(tokens.pop(0))
    return Condition(column, operator, value, to_number(value))


def _take_column(tokens: list[str]) -> Column:
    text = tokens.pop(0)
    if text.endswith(".") and tokens and tokens[0][0] in "\"'":
        text += _unquote(tokens.pop(0))
    return parse_column(text)


def parse_column(text: str) -> Column:
    """``summary.accuracy``, ``parameters."learning rate"`` or an attribute such as ``status``.

    Raises:
        BadRequest: no such column.
    """
    kind, dot, name = text.partition(".")
    if dot and name and kind.upper() in Kind.__members__ and kind != "series":
        return Column(Kind[kind.upper()], _unquote(name))
    if text in ATTRIBUTES:
        return Column(None, text)
    choices = f"parameters.NAME, summary.NAME, labels.NAME, {', '.join(ATTRIBUTES)}"
    raise BadRequest(f"There is no column {text!r}; columns are {choices}.", code="bad_column")


def parse_sort(text: str) -> Sort:
    """``-summary.accuracy``, ``created``...

    Raises:
        BadRequest: no such column, or one that cannot be sorted by.
    """
    descending = text.startswith("-")
    name = text.removeprefix("-")
    if name == "created":
        return Sort(None, descending)
    column = parse_column(name)
    if column.kind is None:
        raise BadRequest(f"Runs cannot be sorted by {name!r}; sort by created or a recorded value.", code="bad_column")
    return Sort(column, descending)


def _tokens(text: str) -> list[str]:
    found, position = [], 0
    end = len(text.rstrip())
    while position < end:
        match = _TOKEN.match(text, position)
        if match is None:
            raise BadRequest(f"The filter cannot be read at {text[position : position + 20]!r}.", code="bad_filter")
        found.append(match.group().strip())
        position = match.end()
    return found


def _unquote(text: str) -> str:
    return text[1:-1] if len(text) > 1 and text[0] in "\"'" and text[-1] == text[0] else text
