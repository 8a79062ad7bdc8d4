"""What a task that waits for a dataset does next, from how the dataset's synchronisation stands."""

from __future__ import annotations

import datetime as dt
import enum

from jupyter_dotscience.api.datasets import SyncState, SyncStatus


class Next(enum.Enum):
    """What becomes of the wait."""

    WAIT = enum.auto()
    TAKE = enum.auto()
    """The newest version is what the bucket held after the task was queued."""
    TAKE_OLDER = enum.auto()
    """The attempt failed; there is a version from before."""
    GIVE_UP = enum.auto()
    """The attempt failed, and there is no version."""


def after_sync(status: SyncStatus, queued: dt.datetime, *, has_version: bool) -> Next:
    """What to do.

    Args:
        status: How the synchronisation stands.
        queued: When the task was queued: only attempts that began later count.
        has_version: Whether the dataset has any version.
    """
    if status.succeeded is not None and status.succeeded >= queued:
        return Next.TAKE
    failed = status.state is SyncState.FAILED and status.started is not None and status.started >= queued
    if not failed:
        return Next.WAIT
    return Next.TAKE_OLDER if has_version else Next.GIVE_UP


def waiting_for(names_and_states: list[tuple[str, SyncStatus]]) -> str:
    """What a task waits for, in one sentence."""
    parts = [f"{name}{_progress(status)}" for name, status in names_and_states]
    many = "datasets" if len(parts) > 1 else "dataset"
    return f"Waiting for the synchronisation of the {many} {', '.join(parts)}."


def _progress(status: SyncStatus) -> str:
    if status.state is not SyncState.SYNCING or status.objects_total is None:
        return ""
    done, total = status.objects_done, status.objects_total
    part, whole = (status.bytes_done, status.bytes_total) if status.bytes_total else (done, total)
    share = 100 * min(part, whole) // whole if whole else 100
    return f" ({done:,} of {total:,} objects, {share} %)"
