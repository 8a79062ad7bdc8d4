"""What tasks used over time: told by their agents, read by people."""

from __future__ import annotations

from dotscience_hub.queue.leases import Leases
from dotscience_hub.store.database import Database
from dotscience_hub.store.samples import append_samples, read_samples
from jupyter_dotscience.api import resources as api

from .caller import Caller


class ResourceSamples:
    """Serves the routes about what tasks used."""

    def __init__(self, database: Database, leases: Leases) -> None:
        """Make the service.

        Args:
            database: Where samples are.
            leases: Says which agent may tell of a task.
        """
        self._database = database
        self._leases = leases

    def append_resources(self, caller: Caller, *, task: str, body: api.ResourcesAppend) -> api.ResourcesAck:
        """Store samples; those that are there already are left out.

        Raises:
            LeaseLost: The task is not this runner's any more.
        """
        with self._database.write() as session:
            self._leases.hold(session, caller.name, task, body.fence)
            return api.ResourcesAck(step=append_samples(session, task, body.step, body.samples))

    def get_resources(self, caller: Caller, *, task: str, query: api.ResourcesQuery) -> api.ResourcesUsed:
        """What a task used up to now, in at most so many points; none for one that did not run yet."""
        with self._database.read() as session:
            step, samples = read_samples(session, task)
        return api.columns(*api.fewer(samples, step, query.points))
