"""`ds run` from the first byte to the exit status."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
from collections.abc import Iterator

import pytest

from jupyter_dotscience.api.logs import LogStream
from jupyter_dotscience.api.tasks import MergeState, TaskStatus
from tests.client.samples import TASK_ID

from .fakehub import TaskHub
from .program import Program

PATIENCE = 60.0


@pytest.fixture
def running(ds: Program, task_hub: TaskHub) -> Iterator[subprocess.Popen[bytes]]:
    """A `ds run` that follows a running task."""
    task_hub.become(TaskStatus.RUNNING)
    process = ds.start("run", "-p", "p", "sleep", "9")
    assert task_hub.following.wait(PATIENCE)
    yield process
    process.kill()
    process.communicate()


def test_the_jobs_bytes_and_exit_code_are_ours(ds: Program, task_hub: TaskHub) -> None:
    """Standard output is the job's to the byte; the metadata is on standard error; the exit status is the job's."""
    task_hub.out(b"\xff\x00 10%\r")
    task_hub.out(b"20%\rdone")
    task_hub.log(LogStream.STDERR, b"warned\n")
    task_hub.log(LogStream.AGENT, b"not shown\n")
    task_hub.become(TaskStatus.FAILED, exit_code=7, merge=MergeState.CONFLICT, conflicts=["a"], result_commit="1" * 40)
    done = ds("run", "-p", "p", "--", "sh", "-c", "exit 7")
    assert done.returncode == 7
    assert done.stdout == b"\xff\x00 10%\r20%\rdone"
    assert done.stderr.startswith(b"warned\n")
    assert b"not shown" not in done.stderr
    for words in (TASK_ID, "failed (exit code 7)", "Conflicts:     a: changed here and in main"):
        assert words.encode() in done.stderr
    assert task_hub.created is not None
    assert task_hub.created.workload.command == ["sh", "-c", "exit 7"]  # type: ignore[union-attr]


def test_output_comes_as_it_is_written(running: subprocess.Popen[bytes], task_hub: TaskHub) -> None:
    """A part of a line is seen while the job goes on."""
    assert running.stdout is not None
    for part in (b"10%\r", b"20%\r"):
        task_hub.out(part)
        assert os.read(running.stdout.fileno(), 100) == part
    task_hub.become(TaskStatus.SUCCEEDED, exit_code=0)
    assert running.wait(PATIENCE) == 0


def test_detached_prints_the_id(ds: Program, task_hub: TaskHub) -> None:
    """-d prints the id, the whole id and nothing but the id."""
    done = ds("run", "-p", "p", "-d", "true")
    assert (done.returncode, done.stdout, done.stderr) == (0, TASK_ID.encode() + b"\n", b"")


def test_options_reach_the_task(ds: Program, task_hub: TaskHub) -> None:
    """Long and short forms ask for the same; what follows the first word is the command's own."""
    program = ds.with_variables(PASSED="through")
    program(
        *("run", "--project-name", "p", "--async", "--image", "i:1", "--env", "A=1=2", "-e", "PASSED"),
        *("--label", "site=x", "-r", "PASSED", "--nvidia", "--cpus", "1.5", "--memory", "512m"),
        *("python", "-c", "pass", "-d", "--help"),
    )
    made = task_hub.created
    assert made is not None
    assert made.workload.image == "i:1"
    assert made.workload.environment == {"A": "1=2", "PASSED": "through"}
    assert made.labels == {"site": "x", "PASSED": "through"}
    assert (made.resources.gpus, made.resources.cpus, made.resources.memory) == (1, 1.5, 512 * 1024**2)
    assert made.workload.command == ["python", "-c", "pass", "-d", "--help"]  # type: ignore[union-attr]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_first_signal_stops_politely(
    running: subprocess.Popen[bytes], task_hub: TaskHub, number: signal.Signals
) -> None:
    """Ctrl-C asks for a stop, says so, and what the job still writes is shown until its end."""

    def end() -> None:
        task_hub.become(TaskStatus.SAVING)
        task_hub.out(b"last words\n")
        task_hub.become(TaskStatus.STOPPED, exit_code=143)

    task_hub.on_stop = end
    running.send_signal(number)
    out, err = running.communicate(timeout=PATIENCE)
    assert task_hub.stopped.is_set()
    assert b"Stopping; results are being saved. Ctrl-C again to leave now." in err
    assert (out, running.returncode) == (b"last words\n", 143)


def test_the_second_signal_leaves(running: subprocess.Popen[bytes], task_hub: TaskHub) -> None:
    """A second Ctrl-C leaves at once with 130; the job has been asked to stop."""
    running.send_signal(signal.SIGINT)
    assert task_hub.stopped.wait(PATIENCE)
    running.send_signal(signal.SIGINT)
    _, err = running.communicate(timeout=PATIENCE)
    assert running.returncode == 130
    assert b"Traceback" not in err


def test_the_second_signal_leaves_while_the_hub_is_away(running: subprocess.Popen[bytes], task_hub: TaskHub) -> None:
    """Then it says that the stop may not have arrived, and how to repeat it."""
    task_hub.away.set()
    assert running.stderr is not None
    running.send_signal(signal.SIGINT)
    while b"Stopping" not in running.stderr.readline():
        pass
    running.send_signal(signal.SIGINT)
    _, err = running.communicate(timeout=PATIENCE)
    assert running.returncode == 130
    assert f"ds task stop {TASK_ID}".encode() in err


def test_a_cut_loses_nothing(running: subprocess.Popen[bytes], task_hub: TaskHub) -> None:
    """The hub goes away and comes back: all output arrives once, and both are said once."""
    assert running.stderr is not None
    task_hub.out(b"before\n")
    assert running.stdout is not None
    assert running.stdout.readline() == b"before\n"
    task_hub.away.set()
    task_hub.cut()
    said = running.stderr.readline()
    task_hub.out(b"during\n")
    task_hub.away.clear()
    back = running.stderr.readline()
    task_hub.become(TaskStatus.SUCCEEDED, exit_code=0)
    out, err = running.communicate(timeout=PATIENCE)
    assert said.startswith(b"The connection to the hub is lost; the task goes on")
    assert back == b"Connected again.\n"
    assert (out, running.returncode) == (b"during\n", 0)
    assert b"lost; the task" not in err


def test_nobody_listening_is_no_error(running: subprocess.Popen[bytes], task_hub: TaskHub) -> None:
    """`ds run ... | head -1` ends quietly, and leaves the job alone."""
    assert running.stdout is not None
    running.stdout.close()
    writer = threading.Thread(target=lambda: [task_hub.out(b"x" * 1000) for _ in range(100)])
    writer.start()
    assert running.wait(PATIENCE) == 141
    writer.join()
    assert running.stderr is not None
    assert running.stderr.read() == b""
    assert not task_hub.stopped.is_set()
    running.stderr.close()
    running.stdout, running.stderr = None, None


def test_waiting_is_told(ds: Program, task_hub: TaskHub) -> None:
    """A task that waits for a runner says what it waits for."""
    process = ds.start("run", "-p", "p", "true")
    assert process.stderr is not None
    assert process.stderr.readline() == b"Waiting for a runner to be free.\n"
    task_hub.become(TaskStatus.SUCCEEDED, exit_code=0)
    process.communicate(timeout=PATIENCE)
    assert process.returncode == 0


@pytest.mark.parametrize(
    ("status", "code", "expected"),
    [
        (TaskStatus.FAILED, None, 1),
        (TaskStatus.LOST, None, 1),
        (TaskStatus.STOPPED, None, 130),
        (TaskStatus.FAILED, 0, 1),
        (TaskStatus.FAILED, 256, 1),
    ],
)
def test_a_job_without_exit_code_failed(
    ds: Program, task_hub: TaskHub, status: TaskStatus, code: int | None, expected: int
) -> None:
    """What did not succeed never exits with 0, and the reason is said."""
    task_hub.become(status, exit_code=code, message="There is no image x.")
    done = ds("run", "-p", "p", "true")
    assert done.returncode == expected
    assert b"There is no image x." in done.stderr


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["-p", "p"], b"The command is missing"),
        (["true"], b"Missing option '-p'"),
        (["-p", "p", "-e", "1A=2", "true"], b"'1A' is not a name"),
        (["-p", "p", "-e", "UNSET_HERE", "true"], b"UNSET_HERE is not set here"),
        (["-p", "p", "-e", b"A=\xff", "true"], b"The value of A is not UTF-8"),
        (["-p", "p", "-r", "-x=1", "true"], b"'-x' is not a name"),
        (["-p", "p", "-I", "-image", "true"], b"not the name of an image"),
        (["-p", "p", "--memory", "lots", "true"], b"'lots' is no size"),
        (["-p", "p", "--memory", "1k", "true"], b"6m at least"),
        (["-p", "p", "-u", "/does/not/exist", "true"], b"does not exist"),
        (["-p", "p", "-c", "'unbalanced"], b"No closing quotation"),
        (["-p", "p", b"\xff"], b"The command is not UTF-8"),
    ],
)
def test_wrong_usage_is_told_before_anything_happens(
    ds: Program, task_hub: TaskHub, arguments: list[str | bytes], words: bytes
) -> None:
    """Exit status 2, one sentence, no task."""
    done = ds("run", *arguments)
    assert done.returncode == 2
    assert words in done.stderr
    assert task_hub.created is None


def test_an_unknown_project_is_a_failure(ds: Program, task_hub: TaskHub) -> None:
    """It says how to make one."""
    done = ds("run", "-p", "other", "true")
    assert done.returncode == 1
    assert done.stderr.count(b"\n") == 1
    assert b"`ds project create other`" in done.stderr
