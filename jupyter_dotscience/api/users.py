"""The hub's users, as far as people who share projects must know of each other: their names and nothing else."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from ._base import Model, Request

FOUND = 10
"""Names that one search answers at the most."""


class User(Model, frozen=True, kw_only=True):
    """Somebody who was on the hub, or was added to it."""

    name: str


class UserList(Model, frozen=True, kw_only=True):
    """Those found: names that begin with the text first. Ten at the most, and no word on how many more there are."""

    items: list[User]


class UserQuery(Request, frozen=True, kw_only=True):
    """A part of a name, in upper or lower case."""

    name: Annotated[str, Meta(min_length=2, max_length=255)]
