"""Log files: appended once, in order, read from anywhere."""

from __future__ import annotations

import threading
from pathlib import Path

import msgspec
import pytest
from dotscience_hub.logs.files import LogFiles, LogReader, read

from jupyter_dotscience.api.logs import LogEntry, LogStream
from jupyter_dotscience.api.problems import TooEarly

TASK = "0199a000-0000-7000-8000-000000000001"


def entries(first: int, count: int, size: int = 10) -> list[LogEntry]:
    return [LogEntry(seq, LogStream.STDOUT, seq, b"x" * size + b"\n") for seq in range(first, first + count)]


def stored(logs: LogFiles, after: int = -1) -> list[LogEntry]:
    data = b"".join(read(logs.path(TASK), after))
    return [msgspec.json.decode(line, type=LogEntry) for line in data.splitlines()]


def test_repeated_batch_is_stored_once(tmp_path: Path) -> None:
    """A batch that is sent again, whole or with new entries behind it, adds only what is new."""
    logs = LogFiles(tmp_path)
    assert logs.append(TASK, entries(0, 5)) == 5
    assert logs.append(TASK, entries(0, 5)) == 5
    assert logs.append(TASK, entries(3, 4)) == 7
    assert [entry.seq for entry in stored(logs)] == list(range(7))


def test_gap_is_refused_with_the_place_to_go_on(tmp_path: Path) -> None:
    """An entry that does not follow what is stored is refused, and the answer says which one should come."""
    logs = LogFiles(tmp_path)
    logs.append(TASK, entries(0, 2))
    with pytest.raises(TooEarly) as caught:
        logs.append(TASK, entries(3, 1))
    assert caught.value.detail == {"next": 2}
    assert len(stored(logs)) == 2


def test_torn_line_is_dropped_and_sent_again(tmp_path: Path) -> None:
    """After a write that was cut short, a new process stores the lost entries again and nothing twice."""
    LogFiles(tmp_path).append(TASK, entries(0, 3))
    path = LogFiles(tmp_path).path(TASK)
    path.write_bytes(path.read_bytes()[:-7])
    logs = LogFiles(tmp_path)
    assert logs.next(TASK) == 2
    logs.append(TASK, entries(2, 2))
    assert [entry.seq for entry in stored(logs)] == [0, 1, 2, 3]


@pytest.mark.parametrize("size", [0, 3_000, 200_000])
def test_reading_starts_behind_any_number(tmp_path: Path, size: int) -> None:
    """Whatever the length of lines, reading after N answers exactly the entries above N."""
    logs = LogFiles(tmp_path)
    logs.append(TASK, entries(0, 23, size))
    for after in range(-1, 24):
        assert [entry.seq for entry in stored(logs, after)] == list(range(after + 1, 23))


def test_reader_follows_a_growing_file(tmp_path: Path) -> None:
    """A reader that starts before the first entry sees each entry once as the file grows."""
    logs = LogFiles(tmp_path)
    reader = LogReader(logs.path(TASK))
    assert reader.read() == b""
    logs.append(TASK, entries(0, 2))
    first = reader.read()
    logs.append(TASK, entries(2, 1))
    second = reader.read()
    reader.close()
    assert (first.count(b"\n"), second.count(b"\n")) == (2, 1)


def test_two_senders_of_the_same_entries(tmp_path: Path) -> None:
    """An agent and its successor that send the same entries at once store each of them once."""
    logs = LogFiles(tmp_path)
    threads = [
        threading.Thread(target=lambda: [logs.append(TASK, entries(n, 10)) for n in range(0, 500, 10)])
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [entry.seq for entry in stored(logs)] == list(range(500))


def test_deleted_log_is_empty(tmp_path: Path) -> None:
    """After a log is deleted nothing of it is read, and a new one starts at 0."""
    logs = LogFiles(tmp_path)
    logs.append(TASK, entries(0, 2))
    logs.delete(TASK)
    assert stored(logs) == []
    assert logs.next(TASK) == 0
