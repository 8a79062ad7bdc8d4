"""A task's log reaches the hub whole, whatever the hub has lost or refused."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import pytest
from dotscience_runner.agent import logspool, taskloop
from dotscience_runner.agent.journal import Journal
from dotscience_runner.agent.shipper import Shipper
from dotscience_runner.agent.spool import Phase, TaskFolder
from dotscience_runner.agent.taskloop import TaskLoop
from dotscience_runner.agent.wishes import Wishes
from dotscience_runner.backends.base import Chunk

from jupyter_dotscience.api.logs import LogAck, LogAppend, LogEntry, LogStream
from jupyter_dotscience.api.problems import BadRequest, TooEarly


class Hub:
    """Takes entries in order, as the hub does; it can lose the last ones, and refuse."""

    def __init__(self) -> None:
        self.entries: list[LogEntry] = []
        self.refuse = False
        self.requests = 0
        self.changed = threading.Condition()

    def append_logs(self, body: LogAppend, task: str) -> LogAck:
        with self.changed:
            self.requests += 1
            if self.refuse:
                self.refuse = False
                raise BadRequest("no")
            for entry in body.entries:
                if entry.seq > len(self.entries):
                    raise TooEarly("There is a gap.", detail={"next": len(self.entries)})
                if entry.seq == len(self.entries):
                    self.entries.append(entry)
            self.changed.notify_all()
            return LogAck(next=len(self.entries))

    def wait_for(self, count: int) -> None:
        with self.changed:
            assert self.changed.wait_for(lambda: len(self.entries) >= count, 60)


class Nothing:
    """Points and samples of a task that has none."""

    def follow(self, last: bool = False) -> None:
        pass


@pytest.fixture
def journal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Journal]:
    """A log in segments of a few lines."""
    monkeypatch.setattr(logspool, "SEGMENT_BYTES", 300)
    (tmp_path / "log").mkdir()
    made = Journal(TaskFolder(tmp_path))
    yield made
    made.close()


def shipper(hub: Hub, journal: Journal) -> Shipper:
    nothing = cast("Any", Nothing())
    return Shipper(cast("Any", hub), "t", 1, journal, nothing, nothing, Wishes(), lambda lease: None)


def say(journal: Journal, count: int) -> None:
    for number in range(count):
        journal.take(Chunk(LogStream.STDOUT, number, b"line %d\n" % number, number))
        journal.flush()


def test_what_a_hub_lost_in_a_power_cut_is_told_and_the_rest_comes(journal: Journal) -> None:
    """Lines that the hub had taken and lost are gone from here too; in their place is a word about it."""
    hub = Hub()
    sending = shipper(hub, journal)
    sending.start()
    say(journal, 60)
    hub.wait_for(60)
    journal.release(60)
    del hub.entries[5:]
    say(journal, 3)
    sending.drain()
    data = [entry.data for entry in hub.entries]
    assert [entry.seq for entry in hub.entries] == list(range(63))
    assert data[:5] == [b"line %d\n" % number for number in range(5)]
    assert (hub.entries[5].stream, data[5][:16]) == (LogStream.AGENT, b"The hub has lost")
    assert data[-3:] == [b"line 0\n", b"line 1\n", b"line 2\n"]
    assert hub.requests < 200


def test_a_refused_line_is_tried_again_with_the_rest(journal: Journal) -> None:
    """After a failure the next wait for the end sends what is left; the failure is told once."""
    hub = Hub()
    hub.refuse = True
    sending = shipper(hub, journal)
    say(journal, 3)
    sending.start()
    with pytest.raises(BadRequest):
        sending.drain()
    sending.drain()
    assert [entry.data for entry in hub.entries] == [b"line 0\n", b"line 1\n", b"line 2\n"]


def test_results_are_tried_for_as_long_as_it_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    """The last step of a task is never given up: the lease is kept, and nobody else runs the task again."""
    waits: list[float] = []

    class Patient(Wishes):
        def wait(self, seconds: float) -> None:
            waits.append(seconds)

    loop = TaskLoop.__new__(TaskLoop)
    loop._wishes = Patient()
    loop._folder = cast("Any", type("Folder", (), {"task": "t"}))
    loop._record = cast("Any", type("Record", (), {"phase": Phase.ENDED}))
    failures = [OSError("a broken disk")] * (3 * taskloop.TRIES)

    def finish() -> None:
        if failures:
            raise failures.pop()

    loop._try(finish)
    assert len(waits) == 3 * taskloop.TRIES
    assert max(waits) <= taskloop.LONGEST_SECONDS
