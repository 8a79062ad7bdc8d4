"""The spawner of the all-in-one hub, which starts nothing."""

from __future__ import annotations

from typing import NoReturn

from jupyterhub.spawner import Spawner, SpawnException


class NoServersSpawner(Spawner):  # type: ignore[misc]  # JupyterHub has no types
    """Refuses to start a server on the hub itself."""

    async def start(self) -> NoReturn:
        """Refuse, saying what to do."""
        raise SpawnException(
            "This hub starts no servers on its own machine; run work on a runner with `ds run`.", reason="no-servers"
        )

    async def poll(self) -> int:
        """It never runs."""
        return 0

    async def stop(self, now: bool = False) -> None:
        """Nothing to stop."""
