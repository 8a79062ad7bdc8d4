"""What to do when a test needs something that this machine does not have.

On a person's machine the test is skipped with the reason. Where `DOTSCIENCE_REQUIRE_SERVICES=1` is set (`.ci/run`)
the same situation is a failure: a test that silently stopped running must not look like one that passed.
"""

from __future__ import annotations

import os
from collections.abc import Callable

import pytest

VARIABLE = "DOTSCIENCE_REQUIRE_SERVICES"


def services_are_required() -> bool:
    """Tell whether a missing service fails the test instead of skipping it."""
    return os.environ.get(VARIABLE, "") not in ("", "0")


def require(condition: bool | Callable[[], bool], what: str) -> None:
    """Skip the current test, or fail it under `DOTSCIENCE_REQUIRE_SERVICES=1`, unless the condition holds.

    Args:
        condition: A truth value, or a function without arguments that returns one.
        what: What the test needs and how to get it, as the reader of a skip reason wants to see it.
    """
    if condition() if callable(condition) else condition:
        return
    missing(what)


def missing(what: str) -> None:
    """Skip or fail the current test because `what` is not there (see `require`)."""
    __tracebackhide__ = True
    if services_are_required():
        pytest.fail(f"needs {what} ({VARIABLE} is set, so this is a failure)", pytrace=False)
    pytest.skip(f"needs {what}")
