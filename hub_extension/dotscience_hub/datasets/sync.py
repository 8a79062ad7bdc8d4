"""The process of one synchronisation: ``python -m dotscience_hub.datasets.sync``.

Its job comes as a line of JSON on standard input, which stays open as long as the service lives: at its end this
process ends too. It claims the dataset itself, so that two services never do the same.
"""

from __future__ import annotations

import logging
import os
import signal
import sys
import threading
from typing import NoReturn

import msgspec

from dotscience_hub.store import syncs
from dotscience_hub.store.datasets import DatasetRow, SourceRow, keep_dataset
from dotscience_hub.store.keyring import KeyMissing, KeyringError
from dotscience_hub.store.sealing import about
from jupyter_dotscience.api._base import now
from jupyter_dotscience.api.problems import DotscienceError, NotFound

from .bucket import Bucket
from .errors import Lost, SyncError
from .large import staging
from .location import Location
from .place import Hub, Job, opened
from .round import Done, Round
from .tally import Tally, Teller

log = logging.getLogger("dotscience.datasets")
NICENESS = 5
"""The service answers people; this can wait a little."""
_ROTATIONS = 3


class Stopped(BaseException):
    """The service ends, and this process with it."""


def main() -> None:
    """See the module's description."""
    logging.basicConfig(format="[%(levelname)1.1s %(asctime)s %(name)s] %(message)s", level=logging.INFO)
    job = msgspec.json.decode(sys.stdin.buffer.readline(), type=Job)
    signal.signal(signal.SIGTERM, _stop)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the service, which says what is to be done
    threading.Thread(target=_end_with_parent, daemon=True).start()
    os.nice(NICENESS)
    try:
        with opened(job.place) as hub:
            synchronise(hub, job.dataset, job.holder)
    except (Stopped, Lost):
        log.info("the synchronisation of dataset %s was stopped", job.dataset)
    _leave()


def synchronise(hub: Hub, dataset: str, holder: str) -> None:
    """Claim a dataset, synchronise it, and say what became of it.

    Raises:
        Lost: another has it, or it is gone.
    """
    with hub.database.write() as session:
        if not syncs.claim(session, dataset, holder, now()):
            raise Lost(dataset)
    try:
        done = _do(hub, dataset, holder)
    except SyncError as error:
        _finish(hub, dataset, holder, None, str(error))
    except (Stopped, Lost):
        with hub.database.write() as session:
            syncs.give_back(session, dataset, holder)
        raise
    except Exception:
        log.exception("the synchronisation of dataset %s failed", dataset)
        _finish(hub, dataset, holder, None, "The synchronisation failed in the hub itself; its log has more.")
    else:
        _finish(hub, dataset, holder, done, done.message)
        _tidy(hub, dataset)


def _do(hub: Hub, dataset: str, holder: str) -> Done:
    tally = Tally()

    def tell(progress: syncs.Progress | None) -> bool:
        try:
            with hub.database.write() as session:
                return syncs.note(session, dataset, holder, progress)
        except Exception:
            log.exception("the progress of dataset %s could not be noted", dataset)
            return True  # the next time will tell

    try:
        with staging(hub.staging / dataset) as folder:
            teller = Teller(tally, tell, _interrupt)
            try:
                owner, location = _source(hub, dataset)
                place = hub.place
                bucket = Bucket(
                    location, connections=place.connections, patience=place.patience, allowed=place.allowed,
                    read=place.read,
                )  # fmt: skip
                return Round(hub, dataset, owner, bucket, tally).run(folder)
            finally:
                teller.stop()
                tell(tally.now())
    except BlockingIOError:
        # The one that was taken for dead is at it yet; whoever looks next finds it waiting.
        raise Lost(dataset) from None


def _source(hub: Hub, dataset: str) -> tuple[str, Location]:
    """Whose dataset it is, and where it comes from.

    Raises:
        Lost: it was deleted.
        SyncError: its secret cannot be opened.
    """
    for attempt in range(_ROTATIONS):
        with hub.database.read() as session:
            row, source = session.get(DatasetRow, dataset), session.get(SourceRow, dataset)
        if row is None or source is None:
            raise Lost(dataset)
        try:
            sealed_as = about("dataset_sources", dataset, "secret_access_key")
            secret = hub.keyring.open(source.secret_access_key, sealed_as).decode()
        except KeyMissing as error:
            if attempt == _ROTATIONS - 1:
                raise SyncError(str(error)) from error
        except KeyringError as error:
            raise SyncError(str(error)) from error
        else:
            place = (source.bucket, source.prefix, source.endpoint_url, source.region, source.access_key_id)
            return row.owner, Location(*place, secret)
    raise AssertionError


def _finish(hub: Hub, dataset: str, holder: str, done: Done | None, message: str) -> None:
    with hub.database.write() as session:
        keep_dataset(session, dataset)  # before the row of its rounds, as everywhere
        good = done is not None
        if syncs.finish(session, dataset, holder, now(), good=good, message=message) and done is not None:
            syncs.note_head(session, dataset, done.head, done.files, done.size)


def _tidy(hub: Hub, dataset: str) -> None:
    """Pack what has gathered; nobody waits for it any more."""
    try:
        hub.commits.repositories.open(dataset).maintain()
    except NotFound:
        return  # deleted meanwhile
    except DotscienceError:
        log.exception("the repository of dataset %s could not be packed", dataset)


def _stop(_number: int, _frame: object) -> None:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)  # what cleans up now is not to be interrupted again
    raise Stopped


def _interrupt() -> None:
    """End the work of the main thread: a signal is all that reaches it in a wait."""
    os.kill(os.getpid(), signal.SIGTERM)


def _end_with_parent() -> None:
    while sys.stdin.buffer.read(1):
        pass
    _interrupt()


def _leave() -> NoReturn:
    """Without waiting for threads that wait for a server."""
    sys.stderr.flush()
    os._exit(0)


if __name__ == "__main__":
    main()
