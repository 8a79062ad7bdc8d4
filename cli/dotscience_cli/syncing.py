"""How far the copy of a bucket is: in words, and waiting for it."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from .guard import Failure, say
from .progress import human_size
from .text import printable
from .waiting import Waiting

if TYPE_CHECKING:
    import datetime as dt

    from jupyter_dotscience.api.datasets import Dataset, SyncStatus
    from jupyter_dotscience.client import Client

PAUSE = 0.5
"""Seconds between two looks."""
_UNITS = {"B": 1.0, "kB": 1e3, "MB": 1e6, "GB": 1e9, "TB": 1e12}


def words(sync: SyncStatus | None) -> str:
    """``1,204 of 20,000 objects (12 %, 1.2 of 9.8 GB)``, ``ready``, ``failed: why``; nothing without a bucket."""
    from jupyter_dotscience.api.datasets import SyncState

    if sync is None:
        return ""
    if sync.state is SyncState.WAITING:
        return "waiting to begin"
    if sync.state is SyncState.SYNCING:
        return _progress(sync)
    return f"{sync.state.value}: {sync.message}" if sync.message else sync.state.value


def _progress(sync: SyncStatus) -> str:
    if sync.objects_total is None:
        return "listing the bucket"
    done, total = sync.objects_done, sync.objects_total
    part, whole = (sync.bytes_done, sync.bytes_total) if sync.bytes_total else (done, total)
    share = 100 * min(part, whole) // whole if whole else 100
    sizes = f", {_sizes(sync.bytes_done, sync.bytes_total)}" if sync.bytes_total else ""
    return f"{done:,} of {total:,} objects ({share} %{sizes})"


def _sizes(done: int, total: int) -> str:
    """``1.2 of 9.8 GB``: both in the unit of the whole."""
    whole, unit = human_size(total).split()
    return f"{done / _UNITS[unit]:.{unit != 'B':d}f} of {whole} {unit}"


def wait(client: Client, asked: Dataset) -> Dataset:
    """Wait for the synchronisation that was asked for, and show how far it is.

    Args:
        client: Of somebody who sees the dataset.
        asked: The dataset as the hub answered when it was asked.

    Raises:
        Failure: it failed.
    """
    from jupyter_dotscience.api.datasets import SyncState

    since = asked.sync.requested if asked.sync else None
    waiting = Waiting()
    found = asked
    try:
        while not _is_over(found.sync, since):
            assert found.sync is not None
            waiting.tell(f"Synchronising {found.name}: {words(found.sync)}")
            _rest(waiting)
            found = client.get_dataset(dataset=asked.id)
    except KeyboardInterrupt:
        waiting.say("The hub goes on with it; `ds dataset ls` shows how far it is.")
        raise
    finally:
        waiting.tell(None)
    if found.sync is not None and found.sync.state is SyncState.FAILED:
        raise Failure(f"Dataset {printable(found.name)} could not be synchronised: {printable(found.sync.message)}")
    if found.sync is not None and found.sync.message:
        say(f"Warning: {printable(found.sync.message)}")
    return found


def _rest(waiting: Waiting) -> None:
    """A pause in which what is waited for is shown when its time has come."""
    end = time.monotonic() + PAUSE
    while (left := end - time.monotonic()) > 0:
        due = waiting.seconds()
        time.sleep(left if due is None else min(left, due))
        waiting.show()


def _is_over(sync: SyncStatus | None, since: dt.datetime | None) -> bool:
    """Whether one has ended that began at ``since`` or later; one that was under way by then does not count."""
    from jupyter_dotscience.api.datasets import SyncState

    if sync is None:
        return True
    if sync.state not in (SyncState.READY, SyncState.FAILED):
        return False
    return since is None or (sync.started is not None and sync.started >= since)
