"""The runner protocol, from the first word of an agent to the end of its leases (results: see `results`)."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from dotscience_hub.domain import states
from dotscience_hub.domain.matching import Offer
from dotscience_hub.pubsub import Notifier, runner_topic
from dotscience_hub.queue.claims import Claimed
from dotscience_hub.queue.queue import Queue
from dotscience_hub.store.base import clean
from dotscience_hub.store.database import Database
from dotscience_hub.store.datasets import datasets_of
from dotscience_hub.store.runners import RunnerRow
from jupyter_dotscience import _version
from jupyter_dotscience.api import protocol as api
from jupyter_dotscience.api.datasets import DatasetMount
from jupyter_dotscience.api.problems import BadRequest, NotLoggedIn
from jupyter_dotscience.api.tasks import JupyterWorkload, TaskStatus

from .caller import Caller
from .ports import TaskLogs

# A waiting runner looks again by itself after so many seconds, should a wake have been lost.
LOOK_AGAIN = 10.0
LARGE_FILE_THRESHOLD = 10 * 1024 * 1024
_Taken = tuple[Claimed, api.Assignment]


class Agents:
    """Serves hello, claim, sync and report."""

    def __init__(
        self,
        database: Database,
        notifier: Notifier,
        queue: Queue,
        logs: TaskLogs,
        git_url: Callable[[str], str],
        large_file_threshold: int = LARGE_FILE_THRESHOLD,
    ) -> None:
        """Make the service.

        Args:
            database: Where runners and tasks are.
            notifier: Tells of the hub's wishes.
            queue: Where tasks come from.
            logs: Tells where a new attempt's log goes on.
            git_url: Where `git` finds a project's history, below the hub's address, by the project's id.
            large_file_threshold: Files above this many bytes are kept as large objects.
        """
        self._database = database
        self._notifier = notifier
        self._queue = queue
        self._logs = logs
        self._git_url = git_url
        self._large_file_threshold = large_file_threshold
        # Claims take turns in the store anyway; more threads only get into each other's way, and into that of others.
        self._line = ThreadPoolExecutor(max_workers=2, thread_name_prefix="claim")
        self._told: dict[str, dict[api.Held, api.LeaseState]] = {}

    def hello(self, caller: Caller, *, body: api.Hello) -> api.Welcome:
        """An agent starts.

        Raises:
            BadRequest: It speaks another version of the protocol.
        """
        if body.protocol != api.PROTOCOL:
            raise BadRequest(
                f"This hub speaks version {api.PROTOCOL} of the runner protocol, this agent {body.protocol}; "
                f"use the runner of Dotscience {_version.__version__}.",
                code="protocol_version",
            )
        self._told.pop(caller.name, None)
        with self._database.write() as session:
            row = session.get(RunnerRow, caller.name)
            if row is None:
                raise NotLoggedIn("This runner was removed from the hub.")
            row.version, row.backend, row.isolation = clean(body.version), clean(body.backend), clean(body.isolation)
            row.agent_labels, row.machine = dict(body.labels), body.machine
            row.last_seen = self._queue.clock()
            return api.Welcome(
                runner=row.id,
                name=row.name,
                lease_seconds=self._queue.terms.lease_seconds,
                heartbeat_seconds=self._queue.terms.heartbeat_seconds,
                storage=row.storage,
            )

    async def claim(self, caller: Caller, *, body: api.Claim) -> api.Claimed:
        """Wait for a task and take its lease."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + body.wait
        offer = await asyncio.to_thread(self._offer, caller.name, body.gpus)
        with self._queue.waiters.enter(offer) as waiter:
            while True:
                assignment = await self._take(caller.name, offer)
                if assignment is not None:
                    self._queue.waiters.used(waiter, assignment.task)
                    return api.Claimed(assignment=assignment)
                self._queue.waiters.looked_in_vain(waiter)
                remaining = deadline - loop.time()
                if remaining <= 0:
                    return api.Claimed(assignment=None)
                # Not all at once, should many have lost their wakes.
                await waiter.wait(min(remaining, LOOK_AGAIN * random.uniform(0.5, 1.5)))  # noqa: S311 - no secret

    async def sync(self, caller: Caller, *, body: api.Sync) -> api.Synced:
        """Renew leases; answer at once when the agent does not know yet how one stands, else once that changes."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + min(body.wait, self._queue.terms.longest_wait)
        with self._notifier.subscribe(runner_topic(caller.name)) as changes:
            leases = await asyncio.to_thread(self._renew, caller.name, body.leases)
            while not self._is_news(caller.name, leases) and (remaining := deadline - loop.time()) > 0:
                if await changes.wait(remaining):
                    leases = await asyncio.to_thread(self._look, caller.name, body.leases)
        self._told[caller.name] = _states(leases)
        return api.Synced(leases=leases)

    def report(self, caller: Caller, *, task: str, body: api.Report) -> api.Lease:
        """Where the agent is with a task.

        Raises:
            LeaseLost: The task is not this runner's any more.
            BadRequest: It reports a state that is not its to report.
        """
        with self._database.write() as session:
            row = self._queue.leases.hold(session, caller.name, task, body.fence)
            status = states.reported(TaskStatus(row.status), body.status)
            if body.execution is not None:
                row.execution = body.execution
            message = clean(body.message)
            if status is body.status and (status.value, message) != (row.status, row.message):
                self._queue.transitions.move(session, row, status, message)
            elif body.execution is not None:
                self._queue.transitions.noted(session, row)
            state = api.LeaseState.STOP if row.stop_requested else api.LeaseState.HELD
            return api.Lease(task=task, fence=body.fence, state=state)

    def _offer(self, runner: str, gpus: int) -> Offer:
        self._queue.presence.seen(runner)
        return self._queue.claims.offer_of(runner, gpus)

    async def _take(self, runner: str, offer: Offer) -> api.Assignment | None:
        """Take a task. When the call is given up meanwhile, what was taken goes back at once."""
        taking = asyncio.get_running_loop().run_in_executor(self._line, self._claim, runner, offer)
        try:
            taken = await asyncio.shield(taking)
        except asyncio.CancelledError:
            taking.add_done_callback(self._give_back)
            raise
        return None if taken is None else taken[1]

    def _claim(self, runner: str, offer: Offer) -> _Taken | None:
        claimed = self._queue.claims.take(runner, offer)
        return None if claimed is None else (claimed, self._assignment(claimed))

    def _give_back(self, taking: asyncio.Future[_Taken | None]) -> None:
        taken = None if taking.cancelled() or taking.exception() else taking.result()
        if taken is not None:
            # What goes wrong here is what an expired lease is for.
            self._line.submit(self._queue.claims.give_back, taken[0])

    def _assignment(self, claimed: Claimed) -> api.Assignment:
        row = claimed.row
        # A JupyterLab goes on where it was saved last; a command begins anew.
        again = isinstance(row.workload, JupyterWorkload) and row.result_commit is not None
        return api.Assignment(
            task=row.id,
            project=row.project_id,
            fence=row.fence,
            attempt=row.attempts,
            workload=row.workload,
            resources=row.resources,
            commit=row.result_commit if again else row.commit,
            task_token=claimed.token,
            git_path=self._git_url(row.project_id),
            large_file_threshold=self._large_file_threshold,
            author=row.creator,
            project_name=claimed.project_name,
            # Asked for after the lease was given: from then on nobody else can append.
            logs_next=self._logs.next(row.id) if row.fence > 1 else 0,
            datasets=self._mounts(row.id),
            conflicts=list(row.conflicts or ()) if again else [],
        )

    def _mounts(self, task: str) -> list[DatasetMount]:
        with self._database.read() as session:
            rows = datasets_of(session, [task])[task]
        return [
            DatasetMount(
                dataset=row.dataset_id,
                name=row.name,
                path=row.path,
                commit=row.commit,
                git_path=self._git_url(row.dataset_id),
                size=row.size,
                files=row.files,
            )
            for row in rows
        ]

    def _renew(self, runner: str, held: list[api.Held]) -> list[api.Lease]:
        self._queue.presence.seen(runner)
        if not held:
            return []
        with self._database.write() as session:
            return self._queue.leases.renew(session, runner, held)

    def _look(self, runner: str, held: list[api.Held]) -> list[api.Lease]:
        with self._database.read() as session:
            return self._queue.leases.look(session, runner, held)

    def _is_news(self, runner: str, leases: list[api.Lease]) -> bool:
        """Whether some lease stands otherwise than the agent was last told; what it was never told of, it holds."""
        told = self._told.get(runner, {})
        return any(state is not told.get(held, api.LeaseState.HELD) for held, state in _states(leases).items())


def _states(leases: list[api.Lease]) -> dict[api.Held, api.LeaseState]:
    return {api.Held(task=lease.task, fence=lease.fence): lease.state for lease in leases}
