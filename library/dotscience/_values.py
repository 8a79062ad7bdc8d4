"""What users may pass: names with values, and numbers of any numeric kind."""

from __future__ import annotations

import operator

TYPE_CHECKING = False  # `typing` would take half of the time that the import may take
if TYPE_CHECKING:
    from typing import Any, Mapping

MAX_NAME = 500
"""Characters in the name of a series, as the hub takes them."""

MAX_STEP = 2**63 - 1
"""The greatest step: 64 bits with a sign, as in the hub's table."""


def pairs(args: tuple[object, ...], named: Mapping[str, object]) -> dict[str, str]:
    """``("a", 1, "b", 2)`` and ``c=3`` as one dictionary of text; a positional name wins over a keyword.

    Raises:
        ValueError: a name has no value.
    """
    if len(args) % 2:
        raise ValueError(f"Names and values must come in pairs, but the name {args[-1]!r} has no value.")
    result = {str(name): str(value) for name, value in named.items()}
    result.update((str(args[i]), str(args[i + 1])) for i in range(0, len(args), 2))
    return result


def number(name: object, value: Any) -> float:
    """One value of a series; numpy and torch scalars, `Decimal` and `Fraction` serve as well.

    Raises:
        TypeError: it is no number, or more than one.
        ValueError: the name is empty or longer than `MAX_NAME`.
    """
    if not name or len(str(name)) > MAX_NAME:
        raise ValueError(f"The name of a series must have 1 to {MAX_NAME} characters: {str(name)[:50]!r}.")
    if type(value) is float:
        return value
    if not isinstance(value, (str, bytes, bytearray)):
        try:
            return float(value)
        except OverflowError:  # an integer beyond every float
            return float("inf") if value > 0 else float("-inf")
        except (TypeError, ValueError, RuntimeError):  # RuntimeError: torch, for a tensor of several numbers
            pass
    raise TypeError(f"The value of {str(name)!r} must be one number, not {type(value).__name__}: {value!r:.80}.")


def integer(value: Any) -> int:
    """A step: an integer of any kind, or a float without a fraction.

    Raises:
        TypeError: it is no whole number.
        ValueError: it does not fit into 64 bits.
    """
    if type(value) is not int:
        value = _index(value)
    if not -MAX_STEP - 1 <= value <= MAX_STEP:
        raise ValueError(f"A step must fit into 64 bits: {value}.")
    return int(value)


def _index(value: Any) -> int:
    try:
        return operator.index(value)
    except TypeError:
        if hasattr(value, "is_integer") and value.is_integer():
            return int(value)
        raise TypeError(f"A step must be a whole number, not {value!r:.80}.") from None
