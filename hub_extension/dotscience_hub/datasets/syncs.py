"""What the service has to do with synchronisations: it takes requests, starts a process for each, and watches them."""

from __future__ import annotations

import contextlib
import logging
import secrets
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import msgspec

from dotscience_hub.store import datasets, syncs
from dotscience_hub.store.database import Database, after_commit
from jupyter_dotscience.api._base import now
from jupyter_dotscience.api.changes import Notice, NoticeKind
from jupyter_dotscience.api.datasets import S3Create
from jupyter_dotscience.api.problems import BadRequest

from .bucket import Bucket
from .errors import SyncError
from .location import Location
from .place import Job, Place

log = logging.getLogger("dotscience.datasets")
POLL_SECONDS = 1.0
"""How often the store is looked at: another service may have taken a request, or died."""
DEAD_SECONDS = 20.0
"""A process whose heartbeat stands still for so long is taken for dead; it beats every 3 seconds."""
STOP_SECONDS = 5.0
CRASHES = 3
"""After so many deaths of its process in a row a synchronisation has failed."""
_CHECK_PATIENCE = 5.0


@dataclass
class _Child:
    """A process at work."""

    holder: str
    process: subprocess.Popen[bytes]


class Syncs:
    """Synchronisations of all datasets; `start` and `close` are called by the program, all else by its services."""

    def __init__(self, database: Database, place: Place, ended: Callable[[str], None], *, at_once: int = 2) -> None:
        """Make it; nothing runs yet.

        Args:
            database: The store.
            place: What the processes need to know.
            ended: Called with a dataset after each of its rounds, in the thread that watches; also after rounds that
                another service did, as long as this one was asked for the dataset.
            at_once: Processes at most.
        """
        self._database, self._place, self._ended, self._at_once = database, place, ended, at_once
        self._children: dict[str, _Child] = {}
        self._crashes: dict[str, int] = {}
        self._beats: dict[str, tuple[syncs.Held, float]] = {}
        self._rounds: dict[str, syncs.Held] = {}
        self._watched: dict[str, object] = {}
        self._woken, self._stopped = threading.Event(), False
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._run, name="syncs", daemon=True)

    def start(self) -> None:
        """Go on with what an earlier service left, and take requests."""
        with self._database.read() as session:
            known = [*syncs.waiting(session), *(held.dataset for held in syncs.held(session))]
            left = [path for path in self._staging.glob("*") if not datasets.exists(session, path.name)]
        for path in left:  # of datasets that were deleted while nobody was there to see it
            shutil.rmtree(path, ignore_errors=True)
        self._watch(known)
        self._thread.start()

    def close(self) -> None:
        """End all processes; what they did not finish waits for the next start."""
        self._stopped = True
        self._woken.set()
        if self._thread.is_alive():
            self._thread.join()
        children, self._children = self._children, {}
        for child in children.values():
            child.process.terminate()
        for dataset, child in children.items():
            self._end(dataset, child)

    def request(self, dataset: str) -> None:
        """Have a round begin after this call. When one runs, another follows it. May be called in a transaction."""
        self._watch([dataset])
        with self._database.write() as session:
            syncs.request(session, dataset, now())
            after_commit(session, self._woken.set)

    def check(self, source: S3Create) -> None:
        """Try the keys and the bucket.

        Raises:
            BadRequest: they do not work; one sentence says why.
        """
        location = Location(
            source.bucket, source.prefix, source.endpoint_url, source.region, source.access_key_id,
            source.secret_access_key,
        )  # fmt: skip
        try:
            patience = _CHECK_PATIENCE
            bucket = Bucket(location, connections=1, patience=patience, allowed=self._place.allowed, read=2 * patience)
            with contextlib.closing(bucket):
                bucket.page(1)
        except SyncError as error:
            raise BadRequest(str(error), code="bad_source") from error

    def forget(self, dataset: str) -> None:
        """A dataset was deleted: end its process, and remove what it has begun to fetch. Called after the deletion."""
        with self._lock:
            self._watched.pop(dataset, None)
            child = self._children.pop(dataset, None)
        if child is not None:
            child.process.terminate()
            self._end(dataset, child)
        shutil.rmtree(self._staging / dataset, ignore_errors=True)

    @property
    def _staging(self) -> Path:
        folder = Path(self._place.data_dir)
        return (folder / "objects" / "tmp" if self._place.objects is None else folder / "incoming") / "datasets"

    def _watch(self, found: list[str]) -> None:
        with self._lock, self._database.read() as session:
            new = [dataset for dataset in found if dataset not in self._watched]
            ends = syncs.ends(session, new)
            self._watched.update({dataset: ends.get(dataset) for dataset in new})

    def _run(self) -> None:
        while not self._stopped:
            self._woken.wait(POLL_SECONDS)
            self._woken.clear()
            try:
                self._step()
            except Exception:
                log.exception("synchronisations could not be looked after")
                time.sleep(POLL_SECONDS)

    def _step(self) -> None:
        self._reap()
        self._bury()
        self._tell()
        with self._database.read() as session:
            waiting = syncs.waiting(session)
        for dataset in waiting:
            if self._stopped or len(self._children) >= self._at_once:
                return
            if dataset not in self._children:
                self._begin(dataset)

    def _begin(self, dataset: str) -> None:
        holder = secrets.token_hex(16)
        process = subprocess.Popen(
            [sys.executable, "-m", f"{__package__}.sync"], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL
        )
        assert process.stdin is not None
        with contextlib.suppress(BrokenPipeError):  # it died at once: that is seen when it is reaped
            process.stdin.write(msgspec.json.encode(Job(self._place, dataset, holder)) + b"\n")
            process.stdin.flush()
        with self._lock:
            self._children[dataset] = _Child(holder, process)
        self._watch([dataset])

    def _reap(self) -> None:
        """See to processes that have ended, also those that were killed."""
        with self._lock:
            over = {dataset: child for dataset, child in self._children.items() if child.process.poll() is not None}
            for dataset in over:
                del self._children[dataset]
        for dataset, child in over.items():
            if child.process.returncode == 0:
                self._crashes.pop(dataset, None)
            self._end(dataset, child)

    def _end(self, dataset: str, child: _Child) -> None:
        """Wait for a process, and have its round begin anew when it did not end it."""
        try:
            child.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            child.process.kill()
            child.process.wait()
        if child.process.stdin is not None:
            with contextlib.suppress(OSError):
                child.process.stdin.close()
        if child.process.returncode != 0 and not self._stopped:
            self._crashed(dataset, child)
        else:
            with self._database.write() as session:
                syncs.give_back(session, dataset, child.holder)

    def _crashed(self, dataset: str, child: _Child) -> None:
        code = child.process.returncode
        log.warning("the process that synchronises dataset %s ended with %d", dataset, code)
        count = self._crashes[dataset] = self._crashes.get(dataset, 0) + 1
        with self._database.write() as session:
            if count < CRASHES:
                syncs.give_back(session, dataset, child.holder)
                return
            self._crashes.pop(dataset)
            # One that dies before it has claimed the dataset would be started for ever.
            syncs.claim(session, dataset, child.holder, now())
            sentence = f"The hub's process for it was killed {CRASHES} times; the hub's log has more."
            syncs.finish(session, dataset, child.holder, now(), good=False, message=sentence)

    def _bury(self) -> None:
        """Have rounds begin anew whose process died with its service: their heartbeats stand still."""
        with self._database.read() as session:
            held = syncs.held(session)
        self._notice(held)
        moment = time.monotonic()
        beats, self._beats = self._beats, {}
        for round_ in held:
            seen, since = beats.get(round_.dataset, (round_, moment))
            self._beats[round_.dataset] = (round_, since if seen == round_ else moment)
            if seen == round_ and moment - since > DEAD_SECONDS:
                log.warning("the synchronisation of dataset %s shows no life; it begins anew", round_.dataset)
                with self._database.write() as session:
                    syncs.give_back(session, round_.dataset, round_.holder)

    def _notice(self, held: list[syncs.Held]) -> None:
        """Tell pages of rounds that go on, or are over: the processes that do them can tell nobody."""
        rounds = {each.dataset: each for each in held}
        seen, self._rounds = self._rounds, rounds
        moved = [dataset for dataset in rounds.keys() | seen.keys() if rounds.get(dataset) != seen.get(dataset)]
        self._database.tell(*map(_notice, moved))

    def _tell(self) -> None:
        """Say which rounds have ended, whoever did them."""
        with self._lock:
            watched = dict(self._watched)
        with self._database.read() as session:
            ends = syncs.ends(session, list(watched)) if watched else {}
            gone = [dataset for dataset in watched if dataset not in ends and not datasets.exists(session, dataset)]
        for dataset, ended in ends.items():
            if ended is not None and ended != watched[dataset]:
                try:
                    self._ended(dataset)
                except Exception:
                    log.exception("nobody could be told that the synchronisation of dataset %s has ended", dataset)
                    continue  # they are told at the next look
                self._database.tell(_notice(dataset), Notice(kind=NoticeKind.FILES, dataset=dataset))
                with self._lock:
                    self._watched[dataset] = ended
        with self._lock:
            for dataset in gone:
                self._watched.pop(dataset, None)


def _notice(dataset: str) -> Notice:
    return Notice(kind=NoticeKind.DATASETS, dataset=dataset)
