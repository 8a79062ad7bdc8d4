"""Live points: what a call wrote stays, whatever happens to the process."""

from __future__ import annotations

import io
import os
import signal
import subprocess
import sys
import threading
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from dotscience import Dotscience

from tests.library import python
from tests.library.recorded import markers, points

LIBRARY = str(python.PACKAGE.parent)


def only(folder: Path) -> Path:
    """The one file of the folder."""
    [file] = folder.iterdir()
    return file


def run(code: str, points_folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run code in a process of its own."""
    return subprocess.run(
        [sys.executable, "-c", code, *arguments],
        env=python.environment(LIBRARY, {"DOTSCIENCE_POINTS_DIR": str(points_folder)}),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_the_file_is_as_documented(
    points_folder: Path, ds: Dotscience, monkeypatch: pytest.MonkeyPatch, workspace: Path
) -> None:
    """Header first, then step, time and values per call, under the id that the run is published with."""
    monkeypatch.setenv("DOTSCIENCE_WORKLOAD_TYPE", "command")
    monkeypatch.setattr("sys.argv", [str(workspace / "train.py")])
    ds.log(loss=0.5, acc=1)
    ds.log({"fit %": float("nan"), 7: float("inf")}, step=40, low=float("-inf"))
    ds.log(loss=1e-300)
    stream = io.StringIO()
    published = ds.publish(stream=stream)
    file = only(points_folder)
    assert file.name == f"{published}.points"
    header, rows = points(file)
    assert header == {
        "dotscience_points": 1,
        "run": published,
        "started": markers(stream.getvalue())[0][1]["start"],
        "workload_file": "train.py",
    }
    assert [(step, values) for step, _, values in rows] == [
        (0, {"loss": 0.5, "acc": 1.0}),
        (40, {"fit %": "NaN", "7": "Infinity", "low": "-Infinity"}),
        (41, {"loss": 1e-300}),
    ]
    times = [time for _, time, _ in rows]
    assert times == sorted(times)


def test_points_after_a_publish_belong_to_the_next_run(points_folder: Path, ds: Dotscience) -> None:
    """Each run has a file of its own, with steps of its own, named as the marker names the run."""
    published = []
    for value in (1, 2):
        ds.log(value=value)
        published.append(ds.publish(stream=io.StringIO()))
    assert {file.stem for file in points_folder.iterdir()} == set(published)
    for value, run_id in enumerate(published, 1):
        assert [(row[0], row[2]) for row in points(points_folder / f"{run_id}.points")[1]] == [(0, {"value": value})]


def test_a_run_without_points_has_no_file(points_folder: Path, ds: Dotscience) -> None:
    """Only `log` makes a file: a run that was only started is nothing that could have failed."""
    ds.add_label("a", 1)
    ds.publish(stream=io.StringIO())
    assert list(points_folder.iterdir()) == []


def test_outside_a_task_nothing_is_written(workspace: Path, ds: Dotscience, capfd: pytest.CaptureFixture[str]) -> None:
    """Without a folder to write to, `log` is silent, and still refuses what it would refuse in a task."""
    ds.log(loss=1)
    with pytest.raises(TypeError):
        ds.log(loss="much")
    assert list(workspace.iterdir()) == []
    assert capfd.readouterr() == ("", "")


class Scalar:
    """What numpy and torch scalars have in common."""

    def __init__(self, value: float) -> None:
        self.value = value

    def __float__(self) -> float:
        return float(self.value)

    def __index__(self) -> int:
        return int(self.value)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (True, 1.0),
        (Decimal("0.25"), 0.25),
        (Fraction(1, 4), 0.25),
        (Scalar(0.25), 0.25),
        (-0.0, 0.0),
        (10**400, "Infinity"),
        (-(10**400), "-Infinity"),
        (2**60, float(2**60)),
    ],
)
def test_every_kind_of_number_serves(points_folder: Path, ds: Dotscience, value: Any, expected: object) -> None:
    """Whatever `float` takes is recorded as a float; integers beyond every float are infinite."""
    ds.log(value=value)
    assert points(only(points_folder))[1][0][2] == {"value": expected}


def test_numpy_scalars_serve(points_folder: Path, ds: Dotscience) -> None:
    """Steps and values may come from numpy."""
    numpy = pytest.importorskip("numpy")
    ds.log(step=numpy.int64(3), loss=numpy.float32(0.5))
    ds.log(step=4.0, loss=numpy.float64("nan"))
    assert [(row[0], row[2]) for row in points(only(points_folder))[1]] == [(3, {"loss": 0.5}), (4, {"loss": "NaN"})]


@pytest.mark.parametrize("value", [None, "0.5", b"1", [1.0], 1j, object()])
def test_what_is_no_number_is_refused(points_folder: Path, ds: Dotscience, value: object) -> None:
    """The message names the series, and nothing is written, not even the good values beside it."""
    with pytest.raises(TypeError, match="'loss' must be one number"):
        ds.log(good=1, loss=value)
    assert list(points_folder.iterdir()) == []


@pytest.mark.parametrize(
    ("step", "error"),
    [(0.5, TypeError), ("1", TypeError), (float("nan"), TypeError), (2**63, ValueError), (-(2**63) - 1, ValueError)],
)
def test_what_is_no_step_is_refused(points_folder: Path, ds: Dotscience, step: object, error: type[Exception]) -> None:
    """A step is a whole number of 64 bits."""
    with pytest.raises(error, match="step"):
        ds.log(step=step, loss=1)
    assert list(points_folder.iterdir()) == []


def test_the_greatest_step_stays_within_its_bits(points_folder: Path, ds: Dotscience) -> None:
    """After the last possible step the automatic one stays there."""
    ds.log(step=2**63 - 1, loss=1)
    ds.log(loss=2)
    assert [row[0] for row in points(only(points_folder))[1]] == [2**63 - 1, 2**63 - 1]


@pytest.mark.parametrize("name", ["", "x" * 501])
def test_a_name_that_the_hub_would_refuse_is_refused_here(points_folder: Path, ds: Dotscience, name: str) -> None:
    """A bad name is an error where it is made, not a point that is lost later."""
    with pytest.raises(ValueError, match="1 to 500 characters"):
        ds.log({name: 1})


@pytest.mark.parametrize("name", ['a "b"\n', "é漢", "x" * 500, "step", "\udcff"])
def test_a_name_may_be_any_text(points_folder: Path, ds: Dotscience, name: str) -> None:
    """Names are escaped as JSON; a lone surrogate, which no UTF-8 has, becomes a question mark."""
    ds.log({name: 1})
    assert points(only(points_folder))[1][0][2] == {name.replace("\udcff", "?"): 1.0}


KILLED = """
import os, dotscience as ds
ds.start()
step = 0
while True:
    ds.log(step=step, loss=1 / (step + 1), rate=0.1)
    step += 1
    os.write(1, b".")
"""


def test_every_call_that_returned_survives_sigkill(points_folder: Path) -> None:
    """After kill -9 in the middle of the loop, the file has every row whose call came back, whole and in order."""
    environment = python.environment(LIBRARY, {"DOTSCIENCE_POINTS_DIR": str(points_folder)})
    with subprocess.Popen([sys.executable, "-c", KILLED], env=environment, stdout=subprocess.PIPE) as process:
        assert process.stdout
        returned = len(process.stdout.read(3000))
        process.send_signal(signal.SIGKILL)
        returned += len(process.stdout.read())
    assert process.returncode == -signal.SIGKILL
    steps = [row[0] for row in points(only(points_folder))[1]]
    assert steps == list(range(len(steps)))
    assert returned <= len(steps) <= returned + 1


def test_threads_share_a_run(points_folder: Path, ds: Dotscience) -> None:
    """Eight threads at once: one file, no row torn, no automatic step twice."""
    barrier = threading.Barrier(8)

    def work() -> None:
        barrier.wait()
        for _ in range(250):
            ds.log(loss=1)

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    _, rows = points(only(points_folder))
    assert [row[0] for row in rows] == list(range(2000))


FORKED = """
import os, dotscience as ds
ds.start()
ds.log(rank=-1)
children = []
for rank in range(4):
    child = os.fork()
    if not child:
        for step in range(300):
            ds.log(step=step, rank=rank, filler=1 / 3)
        ds.publish()
        os._exit(0)
    children.append(child)
for child in children:
    assert os.waitpid(child, 0)[1] == 0
ds.publish()
"""


def test_forked_children_write_whole_rows_and_publish_runs_of_their_own(points_folder: Path) -> None:
    """Children go on in the file that their parent had opened, but no two processes publish the same run."""
    done = run(FORKED, points_folder)
    assert done.returncode == 0, done.stderr
    file = only(points_folder)
    published = [run_id for run_id, _ in markers(done.stdout)]
    assert len(set(published)) == 5
    assert file.stem == published[-1]
    rows = [(row[2]["rank"], row[0]) for row in points(file)[1]]
    assert sorted(rows) == [(-1, 0)] + [(rank, step) for rank in range(4) for step in range(300)]


LOCKED = """
import os, threading, dotscience as ds
from dotscience import _lock
ds.start()
held, done = threading.Event(), threading.Event()
def hold():
    with _lock.LOCK:
        held.set()
        done.wait()
threading.Thread(target=hold).start()
held.wait()
child = os.fork()
if not child:
    ds.log(loss=1)
    os._exit(0)
status = os.waitpid(child, 0)[1]
done.set()
assert status == 0
"""


def test_a_fork_while_another_thread_logs_does_not_hang(points_folder: Path) -> None:
    """The lock that a thread of the parent held at the fork is free in the child."""
    done = run(LOCKED, points_folder)
    assert done.returncode == 0, done.stderr
    assert len(points(only(points_folder))[1]) == 1


SIGNALLED = """
import signal, dotscience as ds
ds.start()
signal.signal(signal.SIGALRM, lambda *_: ds.log(from_handler=1))
signal.setitimer(signal.ITIMER_REAL, 0.0005, 0.0005)
for step in range(20000):
    ds.log(loss=1)
signal.setitimer(signal.ITIMER_REAL, 0)
"""


def test_a_signal_handler_may_log(points_folder: Path) -> None:
    """A handler that runs in the middle of `log` neither hangs nor tears a row."""
    done = run(SIGNALLED, points_folder)
    assert done.returncode == 0, done.stderr
    names = [name for row in points(only(points_folder))[1] for name in row[2]]
    assert names.count("loss") == 20000
    assert "from_handler" in names


FULL = """
import resource, dotscience as ds
ds.start()
ds.log(value=0)
resource.setrlimit(resource.RLIMIT_FSIZE, (200, resource.RLIM_INFINITY))
for value in range(1, 6):
    ds.log(value=value)
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY,) * 2)
ds.log(value=6)
print("trained")
"""


def test_a_full_disk_costs_a_warning_and_not_the_training(points_folder: Path) -> None:
    """Rows that do not fit are lost, one of them half written; the next ones are whole again."""
    done = run(FULL, points_folder)
    assert done.stdout.endswith("trained\n")
    assert done.stderr.startswith("<string>:7: ")  # where the user's code called
    assert done.stderr.count("RuntimeWarning: Dotscience cannot write live points") == 1
    header, first, *rest = only(points_folder).read_text().splitlines()
    assert header.startswith('{"dotscience_points":1,')
    assert first.startswith("[0,")
    assert first.endswith('{"value":0.0}]')
    assert rest[-1].startswith("[6,")
    assert rest[-1].endswith('{"value":6.0}]')


def test_a_folder_that_is_not_there_costs_a_warning(
    tmp_path: Path, ds: Dotscience, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A wrong folder is told once per run, and training goes on."""
    monkeypatch.setenv("DOTSCIENCE_POINTS_DIR", str(tmp_path / "missing"))
    with pytest.warns(RuntimeWarning, match="cannot write live points"):
        ds.log(loss=1)
    ds.log(loss=2)
    printed = io.StringIO()
    run = ds.publish(stream=printed)
    assert run in printed.getvalue()


def test_a_descriptor_that_others_closed_is_not_written_to(points_folder: Path, tmp_path: Path, ds: Dotscience) -> None:
    """Code that closes all descriptors, as daemons do, and then opens a file, finds no points in that file."""
    ds.log(loss=1)
    points_file = only(points_folder)
    [descriptor] = [
        int(link.name) for link in Path("/proc/self/fd").iterdir() if link.exists() and link.samefile(points_file)
    ]
    mine = tmp_path / "mine.txt"
    with mine.open("w") as stream:
        os.dup2(stream.fileno(), descriptor)
        with pytest.warns(RuntimeWarning, match="closed by other code"):
            ds.log(loss=2)
        ds.log(loss=3)
        ds.publish(stream=io.StringIO())
        os.fstat(descriptor)  # raises if the library had closed a descriptor that is not its own
        os.close(descriptor)
    assert mine.read_text() == ""
    assert len(points(points_file)[1]) == 1


def test_a_new_start_closes_the_file_of_the_old_run(points_folder: Path) -> None:
    """A thousand runs in one process, published or not, keep no more than one file open."""
    code = """
import os, dotscience as ds
for _ in range(1000):
    ds.start()
    ds.log(loss=1)
print(len(os.listdir("/proc/self/fd")))
"""
    done = run(code, points_folder)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) < 20


POOL = """
import multiprocessing, os, sys, dotscience as ds
if sys.argv[1] == "again":
    ds.publish()
    ds.add_label("again", 1)
else:
    ds.start()
fork = multiprocessing.get_context("fork")
barrier = fork.Barrier(8)
def work(rank):
    barrier.wait()
    for step in range(200):
        ds.log(step=step, rank=rank, filler=1 / 3)
workers = [fork.Process(target=work, args=(rank,)) for rank in range(8)]
for worker in workers:
    worker.start()
for worker in workers:
    worker.join()
    assert worker.exitcode == 0
if sys.argv[1] == "late":
    ds.log(step=7, rank=-1)
ds.publish()
"""


@pytest.mark.parametrize("parent", ["silent", "late", "again"])
def test_workers_log_the_curves_of_the_run_that_their_parent_began(points_folder: Path, parent: str) -> None:
    """Eight forked workers that only log, all at once, before their parent: one file, one header, whole rows."""
    done = run(POOL, points_folder, parent)
    assert done.returncode == 0, done.stderr
    published = [run_id for run_id, _ in markers(done.stdout)]
    file = only(points_folder)
    assert file.stem == published[-1]
    header, rows = points(file)
    assert header["run"] == published[-1]
    expected = [(rank, step) for rank in range(8) for step in range(200)]
    assert sorted((row[2]["rank"], row[0]) for row in rows) == [(-1, 7)] * (parent == "late") + expected


OWN = """
import os, dotscience as ds
ds.start()
child = os.fork()
if not child:
    ds.log(of=1)  # the parent's
    ds.publish()
    ds.log(of=2)  # after it has published: the child's next one
    ds.publish()
    ds.start()
    ds.log(of=3)
    ds.publish()
    os._exit(0)
assert os.waitpid(child, 0)[1] == 0
ds.publish()
"""


def test_a_child_that_publishes_or_starts_has_runs_of_its_own(points_folder: Path) -> None:
    """Four runs have four ids; the curves are the parent's until the child has begun a run itself."""
    done = run(OWN, points_folder)
    assert done.returncode == 0, done.stderr
    first, second, third, parents = [run_id for run_id, _ in markers(done.stdout)]
    logged = {file.stem: [row[2]["of"] for row in points(file)[1]] for file in points_folder.iterdir()}
    assert logged == {parents: [1], second: [2], third: [3]}
    assert first not in logged


INTERRUPTED = """
import os, dotscience as ds
from dotscience import _points
ds.start()
header = _points._header
def forked(*args):
    _points._header = header
    if not os.fork():
        ds.log(step=1, of=1)
        os._exit(0)
    assert os.wait()[1] == 0
    return header(*args)
_points._header = forked
ds.log(step=0, of=0)
ds.publish()
"""


def test_a_fork_while_the_file_is_being_made_loses_no_row(points_folder: Path) -> None:
    """A child that was made in the middle of its parent's first call writes to the file, too, under one header."""
    done = run(INTERRUPTED, points_folder)
    assert done.returncode == 0, done.stderr
    assert sorted(row[0] for row in points(only(points_folder))[1]) == [0, 1]


HELD = """
import fcntl, os, sys, dotscience as ds
ds.start()
path = os.path.join(os.environ["DOTSCIENCE_POINTS_DIR"], ds._default._run.claim_id() + ".points")
file = os.open(path, os.O_WRONLY | os.O_CREAT, 0o644)
fcntl.lockf(file, fcntl.LOCK_EX)
if not os.fork():
    ds.log(loss=1)
    os._exit(0)
print("forked", flush=True)
sys.stdin.read()
"""


def test_the_header_is_written_by_another_when_its_writer_is_killed(points_folder: Path) -> None:
    """Kill -9 between the file and its header: the worker that waited for the header writes it."""
    environment = python.environment(LIBRARY, {"DOTSCIENCE_POINTS_DIR": str(points_folder)})
    with subprocess.Popen(
        [sys.executable, "-c", HELD], env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout
        assert process.stdout.readline() == b"forked\n"
        process.kill()
        assert process.stdout.read() == b""  # until the worker has ended as well
    header, rows = points(only(points_folder))
    assert header["run"] == only(points_folder).stem
    assert [row[2] for row in rows] == [{"loss": 1.0}]
