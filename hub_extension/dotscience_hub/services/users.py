"""Finding the hub's users by name, to share a project with them."""

from __future__ import annotations

from jupyter_dotscience.api import users as api

from .caller import Caller
from .ports import People

LOOKED_AT = 100
"""Names that the hub is asked for, of which those that begin with the text come first."""


class Users:
    """Serves the route that looks for users. Whoever is logged in may; they are told names and nothing else."""

    def __init__(self, people: People) -> None:
        """Args: who knows the hub's users."""
        self._people = people

    def find_users(self, caller: Caller, *, query: api.UserQuery) -> api.UserList:
        """Up to ten names that hold a text, in upper or lower case; those that begin with it first."""
        text = query.name.casefold()
        if not text.isprintable():
            return api.UserList(items=[])
        # The hub takes % and _ for any characters; here they stand for themselves.
        names = [name for name in self._people.find(query.name, LOOKED_AT) if text in name.casefold()]
        names.sort(key=lambda name: (not name.casefold().startswith(text), name))
        return api.UserList(items=[api.User(name=name) for name in names[: api.FOUND]])
