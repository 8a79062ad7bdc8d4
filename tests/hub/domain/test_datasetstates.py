"""What a task that waits for a dataset does next."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from dotscience_hub.domain.datasetstates import Next, after_sync, waiting_for

from jupyter_dotscience.api.datasets import SyncState, SyncStatus

QUEUED = dt.datetime(2030, 1, 1, tzinfo=dt.UTC)
BEFORE, AFTER = QUEUED - dt.timedelta(seconds=1), QUEUED + dt.timedelta(seconds=1)


@pytest.mark.parametrize(
    ("status", "has_version", "then"),
    [
        ({"state": "waiting"}, True, Next.WAIT),
        ({"state": "ready", "started": BEFORE, "succeeded": BEFORE}, True, Next.WAIT),
        ({"state": "syncing", "started": AFTER, "succeeded": BEFORE}, True, Next.WAIT),
        ({"state": "ready", "started": AFTER, "succeeded": AFTER}, True, Next.TAKE),
        ({"state": "ready", "started": QUEUED, "succeeded": QUEUED}, False, Next.TAKE),
        ({"state": "syncing", "started": AFTER, "succeeded": AFTER}, True, Next.TAKE),
        ({"state": "failed", "started": BEFORE}, False, Next.WAIT),
        ({"state": "failed", "started": AFTER, "succeeded": BEFORE}, True, Next.TAKE_OLDER),
        ({"state": "failed", "started": AFTER}, False, Next.GIVE_UP),
        ({"state": "failed", "started": None}, False, Next.WAIT),
    ],
)
def test_only_attempts_that_began_later_count(status: dict[str, Any], has_version: bool, then: Next) -> None:
    """So that a task sees what the bucket held when it was queued, or something newer."""
    found = SyncStatus(**{**status, "state": SyncState(status["state"])})
    assert after_sync(found, QUEUED, has_version=has_version) is then


def test_what_it_waits_for_is_said() -> None:
    """With the progress of what is going on."""
    going = SyncStatus(state=SyncState.SYNCING, objects_done=3, objects_total=10, bytes_done=5, bytes_total=100)
    assert waiting_for([("a", going)]) == ("Waiting for the synchronisation of the dataset a (3 of 10 objects, 5 %).")
    other = SyncStatus(state=SyncState.WAITING)
    assert waiting_for([("a", other), ("b", other)]) == "Waiting for the synchronisation of the datasets a, b."
