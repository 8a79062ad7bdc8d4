"""Entries survive in the spool exactly as far as their records are whole."""

from __future__ import annotations

from pathlib import Path

import pytest
from dotscience_runner.agent import logspool
from dotscience_runner.agent.journal import Journal
from dotscience_runner.agent.logspool import LogSpool, entries_of
from dotscience_runner.agent.spool import TaskFolder
from dotscience_runner.backends.base import Chunk

from jupyter_dotscience.api.logs import LogStream

OUT = LogStream.STDOUT


def data(spool: LogSpool, number: int = 0) -> list[tuple[int, bytes]]:
    entries = [entry for _, batch in spool.read(None, number) for entry in entries_of(batch)]
    return [(entry.seq, entry.data) for entry in entries if entry.seq >= number]


def test_a_record_cut_anywhere_takes_its_cursor_with_it(tmp_path: Path) -> None:
    """After a crash in the middle of a write, entries and cursor are those of the write before."""
    spool = LogSpool(tmp_path)
    spool.append([(OUT, 1, b"a\n"), (OUT, 2, b"b\n")], [10, 0], None)
    spool.close()
    [segment] = tmp_path.glob("*.log")
    first = segment.read_bytes()
    again = LogSpool(tmp_path)
    again.append([(OUT, 3, b"c\n")], [20, 0], 2)
    again.close()
    whole = segment.read_bytes()
    for length in range(len(first), len(whole)):
        segment.write_bytes(whole[:length])
        torn = LogSpool(tmp_path)
        assert (torn.next, torn.cursor, torn.scan_from) == (2, [10, 0], None)
        torn.append([(OUT, 3, b"c\n")], [20, 0], 2)
        assert data(torn) == [(0, b"a\n"), (1, b"b\n"), (2, b"c\n")]
        torn.close()


def test_a_damaged_record_is_cut_off(tmp_path: Path) -> None:
    """A machine that crashed may leave zeros where data was to be."""
    spool = LogSpool(tmp_path)
    spool.append([(OUT, 1, b"a\n")], 1, None)
    spool.append([(OUT, 2, b"b\n")], 2, None)
    spool.close()
    [segment] = tmp_path.glob("*.log")
    content = segment.read_bytes()
    segment.write_bytes(content[:-3] + b"\0\0\0")
    again = LogSpool(tmp_path)
    assert (again.next, again.cursor) == (1, 1)
    again.close()


def test_old_segments_go_and_the_cursor_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the hub has is removed; the place in the backend's log is never lost with it."""
    monkeypatch.setattr(logspool, "SEGMENT_BYTES", 200)
    spool = LogSpool(tmp_path)
    for number in range(100):
        spool.append([(OUT, number, b"line %d\n" % number)], number, None)
    assert len(list(tmp_path.glob("*.log"))) > 10
    assert data(spool, 57)[0] == (57, b"line 57\n")
    spool.release(100)
    assert len(list(tmp_path.glob("*.log"))) == 1
    spool.close()
    again = LogSpool(tmp_path)
    assert (again.next, again.cursor) == (100, 99)
    again.close()


def test_an_empty_segment_is_no_obstacle(tmp_path: Path) -> None:
    """A crash right after a segment was begun."""
    spool = LogSpool(tmp_path)
    spool.append([(OUT, 1, b"a\n")], 1, None)
    spool.close()
    (tmp_path / f"{1:020d}.log").touch()
    again = LogSpool(tmp_path)
    again.append([(OUT, 2, b"b\n")], 2, None)
    assert data(again) == [(0, b"a\n"), (1, b"b\n")]
    again.close()


def test_a_hub_that_is_ahead_moves_the_numbers(tmp_path: Path) -> None:
    """Numbers that the hub has already are not given again to other entries."""
    spool = LogSpool(tmp_path)
    spool.append([(OUT, 1, b"a\n")], 1, None)
    spool.skip_to(7)
    spool.append([(OUT, 2, b"b\n")], 2, None)
    assert data(spool, 7) == [(7, b"b\n")]
    spool.close()


def folder(path: Path) -> TaskFolder:
    (path / "log").mkdir(parents=True, exist_ok=True)
    return TaskFolder(path)


def chunk(text: bytes, cursor: int) -> Chunk:
    return Chunk(OUT, cursor, text, cursor)


def test_a_marker_in_pieces_survives_the_agent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its beginning was sent and acknowledged, the agent died, its end comes to the next one."""
    monkeypatch.setattr(logspool, "SEGMENT_BYTES", 100)
    journal = Journal(folder(tmp_path))
    for number, text in enumerate(
        [b"noise\n", b"[[DOTSCIENCE-RUN:r", b'1]]{"summary":\n', b' {"a": "1"}\n', b"}[[/DOT"]
    ):
        journal.take(chunk(text, number))
        journal.take(Chunk(LogStream.STDERR, 0, b"e" * 50, number))
        journal.flush()
    journal.release(journal.spool.next)
    journal.close()
    again = Journal(folder(tmp_path))
    assert again.cursor == 4
    again.take(chunk(b"SCIENCE-RUN:r1]]\n", 5))
    again.flush()
    assert [(run.id, run.summary) for run in again.runs.reports()] == [("r1", {"a": "1"})]
    assert again.spool.scan_from is None
    again.release(again.spool.next)
    again.close()


def test_a_bad_marker_is_said_once_and_the_next_is_found(tmp_path: Path) -> None:
    """A run that cannot be recorded costs a line in the log, no more."""
    journal = Journal(folder(tmp_path))
    bad = b"[[DOTSCIENCE-RUN:bad]]{not json[[/DOTSCIENCE-RUN:bad]]\n"
    good = b"[[DOTSCIENCE-RUN:good]]{}[[/DOTSCIENCE-RUN:good]]\n"
    journal.take(chunk(bad + bad + good, 1))
    journal.flush()
    entries = [entry for _, batch in journal.spool.read(None, 0) for entry in entries_of(batch)]
    said = [entry.data for entry in entries if entry.stream != OUT]
    assert len(said) == 1
    assert b"bad does not hold valid JSON" in said[0]
    assert [run.id for run in journal.runs.reports()] == ["good"]
    journal.close()


def test_a_torn_line_of_found_runs_is_found_again(tmp_path: Path) -> None:
    """The file of runs was being written when the agent died; the output is scanned again."""
    journal = Journal(folder(tmp_path))
    journal.take(chunk(b"[[DOTSCIENCE-RUN:a]]{}[[/DOTSCIENCE-RUN:a]]\n", 1))
    journal.flush()
    journal.close()
    runs = tmp_path / "runs.jsonl"
    runs.write_bytes(runs.read_bytes()[:-5])
    for segment in (tmp_path / "log").glob("*"):
        segment.unlink()  # the record of the output comes after the run
    again = Journal(folder(tmp_path))
    again.take(chunk(b"[[DOTSCIENCE-RUN:a]]{}[[/DOTSCIENCE-RUN:a]]\n", 1))
    again.flush()
    assert [run.id for run in again.runs.reports()] == ["a"]
    again.close()
