"""Names of people as they are typed."""

from __future__ import annotations

import click


def named(user: str) -> str:
    """A user's name, which becomes a segment of an address.

    Raises:
        click.UsageError: No user has such a name.
    """
    if user in ("", ".", ".."):
        raise click.UsageError(f"{user!r} is not the name of a user.")
    return user
