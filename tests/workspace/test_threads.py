"""Threads for what blocks."""

from __future__ import annotations

import contextlib
import subprocess
import sys
import threading

import pytest

from jupyter_dotscience.workspace.threads import Threads


def test_what_is_submitted_is_done_in_order_and_whole_before_the_end_of_the_block() -> None:
    """By one thread; an answer and an error reach whoever asked."""
    done: list[int] = []
    with Threads(1, "test") as threads:
        futures = [threads.submit(done.append, number) for number in range(5)]
        wrong = threads.submit(int, "x")
    assert done == [0, 1, 2, 3, 4]
    assert all(future.done() for future in futures)
    with pytest.raises(ValueError, match="invalid literal"):
        wrong.result()


def test_an_error_in_the_block_waits_for_what_is_under_way_and_drops_the_rest() -> None:
    """Whoever handles it finds nobody at work any more."""
    begun, free = threading.Event(), threading.Event()
    with contextlib.suppress(ZeroDivisionError), Threads(1, "test") as threads:
        first, second = threads.submit(lambda: (begun.set(), free.wait(20))), threads.submit(int)
        assert begun.wait(20)
        threading.Timer(0.1, free.set).start()
        raise ZeroDivisionError
    assert first.result() == (None, True)
    assert second.cancelled()


def test_a_process_ends_while_its_threads_are_at_work() -> None:
    """As they are at the end of a server whose hub says nothing."""
    program = """
from threading import Event
from jupyter_dotscience.workspace.threads import Threads
Threads(2, "test").submit(Event().wait)
print("end")
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, timeout=60, check=True)
    assert done.stdout == b"end\n"
