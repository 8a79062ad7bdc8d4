"""Live points reach the hub once each, whatever is in the folder that the task writes."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from dotscience_runner.agent import points
from dotscience_runner.agent.points import Header, PointsFollower

from jupyter_dotscience.api.problems import BadRequest, TooEarly
from jupyter_dotscience.api.runs import PointRow, PointsAck


class Receiver:
    """Keeps rows by index, as a hub does."""

    def __init__(self) -> None:
        self.rows: dict[str, list[PointRow]] = {}
        self.said: list[str] = []
        self.refuses = False

    def send(self, header: Header, first: int, rows: list[PointRow]) -> PointsAck:
        if self.refuses:
            raise BadRequest("no")
        known = self.rows.setdefault(header.run, [])
        if first > len(known):
            raise TooEarly("gap")
        known.extend(rows[len(known) - first :])
        return PointsAck(next=len(known))


@pytest.fixture
def receiver() -> Receiver:
    return Receiver()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "points").mkdir()
    return tmp_path / "points"


@pytest.fixture
def follower(folder: Path, receiver: Receiver) -> Callable[[], PointsFollower]:
    """A new follower, as a new agent makes it."""
    return lambda: PointsFollower(folder, folder.parent / "points.json", receiver.send, receiver.said.append)


def header(run: str = "r") -> bytes:
    return (
        json.dumps(
            {"dotscience_points": 1, "run": run, "started": "20260101T000000.5", "workload_file": "t.py"}
        ).encode()
        + b"\n"
    )


def row(step: int) -> bytes:
    return b'[%d,%d,{"loss":0.5,"bad":"NaN"}]\n' % (step, step + 1)


def steps(receiver: Receiver, run: str = "r") -> list[int]:
    return [row.step for row in receiver.rows[run]]


def test_a_growing_file_is_followed(folder: Path, receiver: Receiver, follower: Callable[[], PointsFollower]) -> None:
    """Rows go when their line is complete, by the same agent and by the next."""
    path = folder / "r.points"
    first = follower()
    path.write_bytes(header()[:10])
    first.follow()
    assert receiver.rows == {}
    path.write_bytes(header())
    first.follow()
    assert receiver.rows == {"r": []}, "a run is known as soon as it has begun"
    path.write_bytes(header() + row(0) + row(1)[:-1])
    first.follow()
    assert steps(receiver) == [0]
    path.write_bytes(header() + row(0) + row(1) + row(2))
    second = follower()
    second.follow()
    assert steps(receiver) == [0, 1, 2]
    assert receiver.said == []


def test_positions_that_were_lost_cost_a_repetition(
    folder: Path, receiver: Receiver, follower: Callable[[], PointsFollower]
) -> None:
    """Sending again doubles nothing; a hub that lost rows gets them again."""
    (folder / "r.points").write_bytes(header() + b"".join(row(n) for n in range(10)))
    follower().follow()
    (folder.parent / "points.json").write_bytes(b"")
    follower().follow()
    assert steps(receiver) == list(range(10))
    del receiver.rows["r"][4:]
    with (folder / "r.points").open("ab") as file:
        file.write(row(10))
    follower().follow()
    assert steps(receiver) == list(range(11))


def test_large_files_go_in_parts(
    folder: Path, receiver: Receiver, follower: Callable[[], PointsFollower], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Memory is bounded by a part, not by the file."""
    monkeypatch.setattr(points, "READ_BYTES", 1000)
    monkeypatch.setattr(points, "MOST_ROWS", 7)
    (folder / "r.points").write_bytes(header() + b"".join(row(n) for n in range(500)))
    follower().follow()
    assert steps(receiver) == list(range(500))


def test_lines_that_are_no_points_are_left_out(
    folder: Path, receiver: Receiver, follower: Callable[[], PointsFollower]
) -> None:
    """The index of a row does not depend on them when it is sent again."""
    bad = [
        b"junk\n",
        b"[1]\n",
        b'["x",1,{}]\n',
        b'[1,2,{"a":"text"}]\n',
        b"[99999999999999999999,1,{}]\n",
        b"\n",
        b"[" * 5000 + b"\n",
    ]
    (folder / "r.points").write_bytes(header() + b"".join(row(n) + line for n, line in enumerate(bad)))
    follower().follow()
    (folder.parent / "points.json").unlink()
    follower().follow()
    assert steps(receiver) == list(range(len(bad)))
    assert receiver.said[0].startswith(f"{len(bad)} lines")


@pytest.mark.parametrize("begin", [b'{"dotscience_poi\n', b"\n", b""])
def test_points_without_a_header_are_of_the_run_that_the_file_names(
    folder: Path, receiver: Receiver, follower: Callable[[], PointsFollower], begin: bytes
) -> None:
    """A disk that was full at the header costs the facts in it, and no point."""
    (folder / "torn.points").write_bytes(begin + row(1) + row(2))
    follower().follow()
    assert [point.step for point in receiver.rows["torn"]] == [1, 2]


def test_what_is_no_file_of_points_is_left_alone(
    folder: Path, receiver: Receiver, follower: Callable[[], PointsFollower]
) -> None:
    """Links, pipes, folders and foreign files neither block nor leak (B7)."""
    secret = folder.parent / "secret"
    secret.write_bytes(header("link") + row(1))
    (folder / "link.points").symlink_to(secret)
    os.mkfifo(folder / "pipe.points")
    (folder / "dir.points").mkdir()
    (folder / "other.points").write_bytes(header("somebody-else") + row(1))
    (folder / "text.points").write_bytes(b"hello\n")
    (folder / "notes.txt").write_bytes(header("notes") + row(1))
    one = follower()
    one.follow()
    one.follow()
    assert receiver.rows == {}
    assert len(receiver.said) == 2, receiver.said
    assert one.unpublished(set()) == []


def test_a_line_without_end_is_given_up(
    folder: Path, receiver: Receiver, follower: Callable[[], PointsFollower], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file that is one endless line is not read again and again."""
    monkeypatch.setattr(points, "READ_BYTES", 100)
    monkeypatch.setattr(points, "LONGEST_LINE", 1000)
    (folder / "r.points").write_bytes(header() + b"[" * 5000)
    one = follower()
    one.follow()
    one.follow()
    assert len(receiver.said) == 1


def test_what_the_hub_refuses_is_given_up_and_said(
    folder: Path, receiver: Receiver, follower: Callable[[], PointsFollower]
) -> None:
    """One run's points must not hold up a task."""
    receiver.refuses = True
    (folder / "r.points").write_bytes(header() + row(1))
    one = follower()
    one.follow()
    one.follow()
    assert len(receiver.said) == 1


def test_runs_that_were_never_published_have_failed(
    folder: Path, receiver: Receiver, follower: Callable[[], PointsFollower]
) -> None:
    """Points without a marker become a failed run with the facts of the header."""
    (folder / "r.points").write_bytes(header() + row(1))
    (folder / "s.points").write_bytes(header("s") + row(1))
    one = follower()
    one.follow()
    [report] = one.unpublished({"s"})
    assert (report.id, report.status, report.error) == ("r", "failed", "The task ended before the run was published.")
    assert report.workload_file == "t.py"
    assert report.started is not None
    assert report.started.isoformat() == "2026-01-01T00:00:00.500000+00:00"


def test_a_folder_of_very_many_names_is_not_read_to_its_end(
    folder: Path, follower: Callable[[], PointsFollower], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A task that makes names without end costs the agent a bounded look each time (F13)."""
    monkeypatch.setattr(points, "MOST_LISTED", 10)
    for number in range(100):
        (folder / f"{number}.points").touch()
    looked: list[str] = []
    monkeypatch.setattr(PointsFollower, "_advance", lambda _self, name, _position: bool(looked.append(name)))
    follower().follow()
    assert len(looked) == 10
