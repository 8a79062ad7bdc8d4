"""Logging out: which users' tokens are taken no more."""

from __future__ import annotations

import asyncio

from dotscience_hub.store import ended_tokens
from dotscience_hub.store.database import Database
from jupyter_dotscience.api._base import now

from .approval import digest


class EndedTokens:
    """Knows them by their hashes, in memory, for each request asks.

    JupyterHub cannot be asked to revoke a token of `ds`: the token itself may not (with the scope for that it could
    make stronger ones), and the service may not touch users' tokens. A token of `ds` opens nothing but Dotscience, so
    it is worth nothing when Dotscience refuses it.
    """

    def __init__(self, database: Database) -> None:
        """Args: where they are kept."""
        self._database = database
        with database.read() as session:
            self._digests = ended_tokens.all_digests(session)

    def __contains__(self, token: object) -> bool:
        """Whether a token was ended."""
        return isinstance(token, str) and digest(token) in self._digests

    async def end(self, token: str) -> None:
        """Take a token no more, from now on and after every restart."""
        ended = digest(token)
        await asyncio.to_thread(self._write, ended)
        self._digests.add(ended)

    def _write(self, ended: str) -> None:
        with self._database.write() as session:
            ended_tokens.add(session, ended, now())
