"""How long ago something was, in Docker's words."""

from __future__ import annotations

import datetime as dt

_HOUR = 3600.0


def human_duration(seconds: float) -> str:
    """A duration as ``docker ps`` writes it: "11 seconds", "About an hour", "3 days".

    The steps are those of docker/go-units (``HumanDuration``): hours are rounded, everything else is cut off; 48 hours,
    14 days, 60 days and 2 years are where the next larger unit begins.

    Args:
        seconds: A duration; a negative one, from clocks that differ, counts as none.
    """
    whole = int(max(seconds, 0))
    if whole < 60:
        return _seconds(whole)
    if whole < _HOUR:
        return "About a minute" if whole < 120 else f"{whole // 60} minutes"
    hours = int(seconds / _HOUR + 0.5)
    if hours < 48:
        return "About an hour" if hours == 1 else f"{hours} hours"
    for limit, length, unit in ((14, 1, "days"), (60, 7, "weeks"), (730, 30, "months")):
        if hours < limit * 24:
            return f"{hours // 24 // length} {unit}"
    return f"{int(seconds / _HOUR) // 24 // 365} years"


def _seconds(whole: int) -> str:
    if whole < 1:
        return "Less than a second"
    return "1 second" if whole == 1 else f"{whole} seconds"


def age(moment: dt.datetime, now: dt.datetime | None = None) -> str:
    """How long ago ``moment`` was."""
    now = now or dt.datetime.now(dt.UTC)
    return human_duration((now - moment).total_seconds())
