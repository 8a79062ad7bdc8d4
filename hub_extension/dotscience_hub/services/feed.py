"""The feed of changes: who of those who listen hears of what.

Changes come in from any thread, once they are durable, and each is kept once, however often it comes: many within a
moment are told together. How far a listener is, is a number: whoever comes back after a cut, or opens a page, says
theirs and is told what came since. Who has been away for too long, or was told by another process of the hub, hears
that everything changed.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
import threading
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from typing import Protocol

from dotscience_hub.store.audience import Audience, audiences
from dotscience_hub.store.database import Database
from dotscience_hub.store.telling import Told
from jupyter_dotscience.api.changes import LIFE_SECONDS, Notice, NoticeKind
from jupyter_dotscience.api.problems import Unavailable

from .caller import Caller

log = logging.getLogger("dotscience.feed")
GATHER_SECONDS = 0.05
REST_SECONDS = 0.4
"""Between two rounds: a few messages a second at the most, whatever happens."""
KEPT = 2_000
"""Different changes that are remembered for those who come back."""
ONE_BY_ONE = 20
"""Of more tasks or runs of one project at a time only the project is told."""
PER_PERSON = 100
EVERYTHING = Notice(kind=NoticeKind.EVERYTHING)
_SLICES = 20
_STOP_SECONDS = 1.0


class Listener(Protocol):
    """An open connection."""

    @property
    def caller(self) -> Caller | None:
        """Whose it is."""

    def tell(self, notices: Iterable[Notice], at: str) -> None:
        """Pass notices on, as soon as its other side takes them; none for a mere sign of life. Never waits."""

    def end(self) -> None:
        """Close it: the service stops."""


Shares = Mapping[Listener, Iterable[Notice]]
"""What there is to tell to whom."""


class Feed:
    """All of it. `publish` may be called from any thread, everything else on the event loop."""

    def __init__(self, database: Database, rest: float = REST_SECONDS) -> None:
        """Args: the store, which says who may see what; and seconds between two rounds."""
        self._database = database
        self._rest = rest
        self._epoch = secrets.token_hex(4)
        self._lock = threading.Lock()
        self._kept: dict[Told, int] = {}
        self._number = self._forgotten = 0
        self._spread = self._heard = 0  # how far rounds have begun, and how far listeners were told
        self._listeners: dict[Listener, int] = {}
        self._joining: dict[Listener, str] = {}
        self._joined = 0
        self._loop: asyncio.AbstractEventLoop | None = None
        self._woken = asyncio.Event()
        self._empty = asyncio.Event()
        self.stopping = False

    @property
    def position(self) -> str:
        """Where the feed is now: whoever is told what comes after it misses nothing that is not on the page yet."""
        return self._position(self._number)

    def __len__(self) -> int:
        """How many listen."""
        return len(self._listeners)

    def publish(self, told: Collection[Told]) -> None:
        """Something changed, and is durable."""
        with self._lock:
            for each in _folded(told):
                self._number += 1
                self._kept.pop(each, None)
                self._kept[each] = self._number
            while len(self._kept) > KEPT:
                self._forgotten = self._kept.pop(next(iter(self._kept)))
            loop = self._loop
        if told and loop is not None:
            try:
                loop.call_soon_threadsafe(self._woken.set)
            except RuntimeError:
                return  # the loop is closed: nobody listens any more

    def check_room(self, name: str) -> None:
        """Whether one more connection of a person may be opened.

        Raises:
            Unavailable: They have too many, or the service stops.
        """
        if self.stopping:
            raise Unavailable("The hub is stopping; try again in a moment.")
        if sum(1 for each in self._listeners if each.caller is not None and each.caller.name == name) >= PER_PERSON:
            raise Unavailable(f"{name} has {PER_PERSON} live connections already; close some pages.")

    async def join(self, listener: Listener, since: str | None) -> None:
        """Tell a listener what came since it was here, and from now on what comes."""
        with self._lock:
            at, found = self._number, self._after(self._number_of(since))
        self._joined += 1
        self._listeners[listener] = self._joined
        if since is not None:
            self._joining[listener] = since
        notices = await self._shares([listener], found) if found != [] else {}
        self._joining.pop(listener, None)
        if listener in self._listeners:
            listener.tell(notices.get(listener, ()), self._position(at))

    def leave(self, listener: Listener) -> None:
        """A listener is gone. May be told twice."""
        self._listeners.pop(listener, None)
        self._joining.pop(listener, None)
        if not self._listeners:
            self._empty.set()

    async def run(self) -> None:
        """Tell the listeners, until cancelled."""
        self._loop = asyncio.get_running_loop()
        self._woken.set()
        await asyncio.gather(self._rounds(), self._signs_of_life())

    async def stop(self) -> None:
        """Close all connections, and let no more in."""
        self.stopping = True
        self._empty.clear()
        for listener in list(self._listeners):
            listener.end()
        if self._listeners:
            try:
                await asyncio.wait_for(self._empty.wait(), _STOP_SECONDS)
            except TimeoutError:
                log.info("%d connections did not close", len(self._listeners))

    async def _rounds(self) -> None:
        while True:
            await self._woken.wait()
            await asyncio.sleep(GATHER_SECONDS)
            self._woken.clear()
            await self._round()
            await asyncio.sleep(self._rest)

    async def _round(self) -> None:
        with self._lock:
            number, found = self._number, self._after(self._spread)
            self._spread = number
        listeners = list(self._listeners)
        if listeners and found != []:
            self._tell(await self._shares(listeners, found), number)
        self._heard = number

    async def _shares(self, listeners: Collection[Listener], found: list[Told] | None) -> Shares:
        """What each listener is told; None stands for what is not known any more."""
        if found is not None:
            try:
                return _shares(listeners, found, await self._audiences(found))
            except Exception:
                # It must not get lost: they ask for everything, and see for themselves what is wrong.
                log.exception("who may see what changed is not known; all are told to look")
        return dict.fromkeys(listeners, (EVERYTHING,))

    def _tell(self, shares: Shares, number: int) -> None:
        """Pass on what there is for each. Who is still to be told what it missed has got no further than it said."""
        at = self._position(number)
        for listener, notices in shares.items():
            if listener in self._listeners:
                listener.tell(notices, self._joining.get(listener, at))

    async def _signs_of_life(self) -> None:
        """Not all at once: a thousand writes in a row would hold up everybody else."""
        for turn in range(1 << 62):
            await asyncio.sleep(LIFE_SECONDS / _SLICES)
            # Not how far the round is that still asks who may see its changes: who is cut now must hear of them later.
            due = (each for each, number in self._listeners.items() if number % _SLICES == turn % _SLICES)
            self._tell(dict.fromkeys(due, ()), self._heard)

    async def _audiences(self, found: list[Told]) -> list[Audience]:
        def ask() -> list[Audience]:
            with self._database.read() as session:
                return audiences(session, found)

        return await asyncio.to_thread(ask)

    def _position(self, number: int) -> str:
        return f"{self._epoch}.{number}"

    def _after(self, number: int | None) -> list[Told] | None:
        """What came after a number, oldest first; None when that is not known any more."""
        if number is None or number < self._forgotten:
            return None
        found = []
        for told, at in reversed(self._kept.items()):
            if at <= number:
                break
            found.append(told)
        return found[::-1]

    def _number_of(self, since: str | None) -> int | None:
        """The number in a position; None for one of another process of the hub, or of nobody's."""
        if since is None:
            return self._number
        epoch, _, number = since.partition(".")
        if epoch != self._epoch or not number.isdecimal() or len(number) > 18:
            return None
        return int(number) if int(number) <= self._number else None


def _folded(told: Collection[Told]) -> Iterable[Told]:
    """The changes, those of many runs or tasks of one project at a time as one."""
    if len(told) <= ONE_BY_ONE:
        return told
    groups: defaultdict[Told, list[Told]] = defaultdict(list)
    for each in told:
        groups[replace(each, notice=Notice(kind=each.notice.kind, project=each.notice.project))].append(each)
    many = {whole for whole, group in groups.items() if len(group) > ONE_BY_ONE and whole.notice.project is not None}
    return [each for whole, group in groups.items() for each in ([whole] if whole in many else group)]


def _shares(
    listeners: Iterable[Listener], told: Collection[Told], found: Collection[Audience]
) -> dict[Listener, set[Notice]]:
    """What each of the listeners may hear; who may hear nothing is left out."""
    everybody = [each.notice for each, audience in zip(told, found, strict=True) if audience.everybody]
    named: defaultdict[str, set[Notice]] = defaultdict(set)
    personal = [each for each in told if each.notice.kind is NoticeKind.EVERYTHING]
    for each, audience in zip(told, found, strict=True):
        for name in audience.people:
            named[name].add(each.notice)
    # What is addressed to one person is nothing that an admin could see.
    for_admins = {each.notice for each in told if each not in personal}
    shares: dict[Listener, set[Notice]] = {}
    for listener in listeners:
        caller = listener.caller
        if caller is not None:
            mine = named[caller.name].union(everybody, for_admins if caller.admin else ())
            if mine:
                shares[listener] = mine
    return shares
