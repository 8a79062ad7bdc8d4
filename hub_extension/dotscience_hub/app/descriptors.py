"""How many files and connections a process may have open."""

from __future__ import annotations

import resource


def raise_descriptor_limit() -> None:
    """As many as the system lets us: the usual limit of 1024 is for programs that have a few connections."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < hard:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
