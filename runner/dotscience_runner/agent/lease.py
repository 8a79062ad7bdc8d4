"""The leases this agent holds, and the heartbeat that keeps them."""

from __future__ import annotations

import logging
import threading
import time

from jupyter_dotscience.api.problems import DotscienceError, NotLoggedIn
from jupyter_dotscience.api.protocol import Held, Lease, LeaseState, Sync
from jupyter_dotscience.client import Client

from .patience import Backoff, hub_away
from .wishes import Wishes

log = logging.getLogger(__name__)
STOPPING_SECONDS = 0.5
"""Pause between heartbeats while the hub wants a task stopped: its long poll answers at once then."""
SHORTEST_SECONDS = 0.2


class Leases:
    """Held leases by task."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._held: dict[str, tuple[int, Wishes]] = {}

    def hold(self, task: str, fence: int, wishes: Wishes) -> None:
        """Begin to hold a lease."""
        with self._lock:
            self._held[task] = (fence, wishes)

    def release(self, task: str, fence: int) -> None:
        """Stop holding it, unless a newer one has taken its place."""
        with self._lock:
            if self._held.get(task, (None,))[0] == fence:
                del self._held[task]

    def named(self) -> list[Held]:
        """What a heartbeat names: all but those that are lost already."""
        with self._lock:
            return [Held(task=task, fence=fence) for task, (fence, wishes) in self._held.items() if not wishes.lost]

    def stopping(self) -> bool:
        """Whether the hub is known to want something of a held task."""
        with self._lock:
            return any(wishes.stop for _, wishes in self._held.values())

    def note(self, lease: Lease) -> None:
        """Take what the hub says about one lease; about an older one it says nothing that matters."""
        with self._lock:
            fence, wishes = self._held.get(lease.task, (None, None))
        if wishes is None or fence != lease.fence:
            return
        if lease.state is LeaseState.STOP:
            wishes.ask_stop()
        elif lease.state is LeaseState.LOST:
            wishes.lose()

    def lose_all(self) -> None:
        """The hub does not know this runner any more: nothing it holds can be saved."""
        with self._lock:
            for _, wishes in self._held.values():
                wishes.lose()


class Heartbeat:
    """Long polls ``sync`` while leases are held.

    A running poll knows nothing of a lease that came later, so each new lease begins a new poll on a new thread; the
    old one ends when it is answered.

    Args:
        client: As the runner.
        leases: What to keep.
        seconds: How long to let the hub wait, so that all leases are extended in time.
        rejected: Called when the hub does not accept the runner's token any more.
    """

    def __init__(self, client: Client, leases: Leases, seconds: float, rejected: threading.Event) -> None:
        self._client, self._leases, self._seconds, self._rejected = client, leases, seconds, rejected
        self._closing = threading.Event()
        self._lock = threading.Lock()
        self._generation = 0

    def renew(self) -> None:
        """Begin a poll for the leases that are held now."""
        with self._lock:
            self._generation += 1
            generation = self._generation
        threading.Thread(target=self._run, args=(generation,), name=f"sync-{generation}", daemon=True).start()

    def close(self) -> None:
        """Begin no more polls."""
        self._closing.set()

    def _run(self, generation: int) -> None:
        backoff = Backoff(longest=self._seconds)
        while generation == self._generation and not self._closing.is_set():
            held = self._leases.named()
            if not held:
                return
            try:
                pause = self._beat(held)
                backoff.reset()
            except NotLoggedIn as error:
                log.error("The hub does not accept this runner's token any more: %s", error)  # noqa: TRY400
                self._leases.lose_all()
                self._rejected.set()
                return
            except DotscienceError as error:
                hub_away.away(error)
                pause = backoff.next()
            except Exception:
                # A heart that stops would lose every lease.
                log.exception("A heartbeat failed")
                pause = backoff.next()
            self._closing.wait(pause)

    def _beat(self, held: list[Held]) -> float:
        """One heartbeat; answers the seconds to wait before the next."""
        stopping = self._leases.stopping()
        begin = time.monotonic()
        answer = self._client.sync(Sync(leases=held, wait=0 if stopping else self._seconds))
        hub_away.back()
        for lease in answer.leases:
            self._leases.note(lease)
        if stopping:
            return STOPPING_SECONDS
        # A hub that answers at once, for whatever reason, must not be asked thousands of times a second.
        return max(0.0, SHORTEST_SECONDS - (time.monotonic() - begin))
