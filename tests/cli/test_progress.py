"""Progress on terminals of all kinds, and in pipes."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from dotscience_cli import waiting
from dotscience_cli.progress import Bar, share_of
from dotscience_cli.waiting import Waiting

from jupyter_dotscience.api.logs import LogStream
from jupyter_dotscience.api.projects import ProjectList
from jupyter_dotscience.api.tasks import TaskStatus
from tests.client import script
from tests.client.samples import project
from tests.client.script import Answer, Script
from tests.conformance.terminal import INTERRUPT, Terminal

from .fakehub import TaskHub
from .program import Program
from .screen import Screen

PULLING = b"python:3: downloading 40 % (12 of 30 MB)"


@pytest.fixture
def pulling(task_hub: TaskHub) -> TaskHub:
    """A hub whose runner pulls an image."""
    task_hub.become(TaskStatus.PREPARING)
    task_hub.log(LogStream.PULL, PULLING + b"\n")
    return task_hub


def end_of_job(hub: TaskHub, output: bytes = b"out\n") -> None:
    hub.become(TaskStatus.RUNNING)
    hub.out(output)
    hub.become(TaskStatus.SUCCEEDED, exit_code=0)


def below(terminal: Terminal) -> list[str]:
    """What is on the terminal at the end, but for the metadata that follows an empty line."""
    lines = Screen(terminal.seen).lines
    return lines[: lines.index("")]


def test_a_pull_is_shown_and_leaves_nothing_behind(ds: Program, pulling: TaskHub) -> None:
    """A moving line with a bar; when the job begins to print it is gone."""
    with Terminal(ds, "run", "-p", "p", "true") as terminal:
        at = terminal.expect(PULLING)
        terminal.expect("━".encode(), at)
        pulling.log(LogStream.PULL, b"python:3: downloading 80 % (24 of 30 MB)\n")
        terminal.expect(b"downloading 80 %", at)
        end_of_job(pulling)
        assert terminal.end() == 0
    assert below(terminal) == ["out"]


def test_what_a_task_waits_for_is_shown(ds: Program, task_hub: TaskHub) -> None:
    """A queued task's message, whatever share of something it names, and the next one in its place."""
    with Terminal(ds, "run", "-p", "p", "true") as terminal:
        at = terminal.expect(b"Waiting for a runner to be free.")
        task_hub.become(TaskStatus.QUEUED, message="Waiting for dataset mnist: 7 of 9 objects (77 %).")
        at = terminal.expect(b"7 of 9 objects (77 %).", at)
        terminal.expect("━".encode(), at)
        end_of_job(task_hub)
        assert terminal.end() == 0
    assert below(terminal) == ["out"]


@pytest.mark.parametrize(
    ("text", "width", "shown"),
    [
        ("Waiting for a runner.", 21, "Waiting for a runner."),
        ("Waiting for a runner.", 15, "Waiting for ..."),
        ("Waiting for dataset mnist (7 of 9 objects, 77 %).", 30, "Waiting for ...objects, 77 %)."),
    ],
)
def test_what_there_is_no_room_for(text: str, width: int, shown: str) -> None:
    """A share at the end is what a person looks for."""
    assert waiting._fitting(text, width) == shown
    assert len(shown) <= width


@pytest.mark.parametrize("columns", [40, 12])
def test_a_narrow_terminal(ds: Program, pulling: TaskHub, columns: int) -> None:
    """What there is no room for is cut off; the line never becomes two, which could not be erased."""
    with Terminal(ds, "run", "-p", "p", "true", columns=columns) as terminal:
        terminal.expect(b"...")
        seen = terminal.seen
        end_of_job(pulling)
        assert terminal.end() == 0
    assert Screen(seen).longest <= columns
    assert below(terminal) == ["out"]


def test_ctrl_c_while_the_line_moves(ds: Program, pulling: TaskHub) -> None:
    """What is said then stands on a line of its own."""
    pulling.on_stop = lambda: pulling.become(TaskStatus.STOPPED)
    with Terminal(ds, "run", "-p", "p", "true") as terminal:
        terminal.expect(PULLING)
        terminal.type(INTERRUPT)
        assert terminal.end() == 130
    assert "Stopping; results are being saved. Ctrl-C again to leave now." in below(terminal)


def test_a_line_that_the_job_began_is_left_whole(ds: Program, task_hub: TaskHub) -> None:
    """A job's own progress bar without a newline stays readable while its results are saved."""
    task_hub.become(TaskStatus.RUNNING)
    with Terminal(ds, "run", "-p", "p", "true") as terminal:
        assert task_hub.following.wait(60)
        task_hub.out(b"50 %\r100 %")
        task_hub.become(TaskStatus.SAVING)
        terminal.expect(b"The runner saves the results.")
        task_hub.become(TaskStatus.SUCCEEDED, exit_code=0)
        assert terminal.end() == 0
    assert below(terminal) == ["100 %"]


def test_output_between_is_not_touched(ds: Program, task_hub: TaskHub) -> None:
    """What the job prints while a line moves comes before it, byte for byte."""
    task_hub.become(TaskStatus.SAVING)
    with Terminal(ds, "run", "-p", "p", "true", pipe=True) as terminal:
        at = terminal.expect(b"The runner saves the results.")
        task_hub.out(b"\xff\x00late\r")
        assert terminal.process.stdout is not None
        assert terminal.process.stdout.read(7) == b"\xff\x00late\r"
        terminal.expect(b"The runner saves the results.", at)
        task_hub.become(TaskStatus.SUCCEEDED, exit_code=0)
        assert terminal.end() == 0
        assert terminal.process.stdout.read() == b""


def test_in_a_pipe_there_are_plain_lines(ds: Program, pulling: TaskHub) -> None:
    """One for what is waited for; figures that change do not make one each."""
    process = ds.start("run", "-p", "p", "true")
    assert process.stderr is not None
    try:
        assert process.stderr.readline() == PULLING + b"\n"
        for share in (50, 60, 70):
            pulling.log(LogStream.PULL, b"python:3: downloading %d %% (12 of 30 MB)\n" % share)
        end_of_job(pulling)
        out, err = process.communicate(timeout=60)
    finally:
        process.kill()
    assert (out, process.returncode) == (b"out\n", 0)
    assert b"\x1b" not in err
    assert b"\r" not in err
    assert b"downloading" not in err


@pytest.fixture
def shown(hub: Script, ds: Program, tmp_path: Path) -> Callable[..., bytes]:
    """What a terminal gets from `ds file get` of two megabytes."""

    def get(columns: int = 100, **variables: str) -> bytes:
        target = tmp_path / "data.bin"
        hub.play(script.json(ProjectList(items=[project()])), Answer(body=b"x" * 2_000_000))
        program = ds.with_variables(**variables)
        with Terminal(program, "file", "get", "p", "d", str(target), columns=columns) as terminal:
            assert terminal.end() == 0
        assert target.stat().st_size == 2_000_000
        return terminal.seen

    return get


@pytest.mark.parametrize(
    ("columns", "line"),
    [
        (100, r"Downloading data\.bin ━+ 100% 2\.0/2\.0 MB \S+( \S+/s)? \d\d:\d\d"),
        (60, r"Downloading data\.bin ━+ 100% 2\.0/2\.0 MB"),
        (40, r"Downloadin\.\.\. ━+ 100%"),
    ],
)
def test_a_download_has_a_bar(shown: Callable[..., bytes], columns: int, line: str) -> None:
    """On a narrow terminal it has less to tell, and never takes a second line."""
    screen = Screen(shown(columns))
    assert screen.longest <= columns
    [found] = screen.lines
    assert re.fullmatch(line, found), found


def test_no_color(shown: Callable[..., bytes]) -> None:
    """With NO_COLOR (https://no-color.org) nothing is coloured; without it something is."""
    colour = re.compile(rb"\x1b\[[0-9;]*m")
    assert colour.search(shown())
    assert not colour.search(shown(NO_COLOR="1"))


def test_other_encodings(shown: Callable[..., bytes]) -> None:
    """On a terminal that knows ASCII only, the bar is of ASCII."""
    seen = shown(PYTHONIOENCODING="ascii")
    assert seen.isascii()
    assert b"---- 100%" in re.sub(rb"\x1b\[[^m]*m", b"", seen)


def test_a_dumb_terminal(shown: Callable[..., bytes]) -> None:
    """Nothing moves where nothing can."""
    assert shown(TERM="dumb") == b""


def test_standard_output_on_the_terminal_is_not_drawn_over(hub: Script, ds: Program) -> None:
    """`ds file get PROJECT FILE -` shows the file; in a pipe the bar is on standard error."""
    answers = script.json(ProjectList(items=[project()])), Answer(body=b"content\n")
    hub.play(*answers)
    with Terminal(ds, "file", "get", "p", "d", "-") as terminal:
        assert terminal.end() == 0
    assert terminal.seen == b"content\r\n"
    hub.play(*answers)
    with Terminal(ds, "file", "get", "p", "d", "-", pipe=True) as terminal:
        assert terminal.process.stdout is not None
        assert terminal.process.stdout.read() == b"content\n"
        assert terminal.end() == 0
    assert b"100%" in terminal.seen


def test_rich_is_imported_for_a_bar_only(hub: Script, ds: Program) -> None:
    """Neither a listing nor a transfer in a pipe waits for it."""
    traced = ds.with_variables(PYTHONPROFILEIMPORTTIME="1")
    for arguments in (["project", "ls"], ["file", "get", "p", "d", "-"]):
        hub.play(script.json(ProjectList(items=[project()])), Answer(body=b"content\n"))
        done = traced(*arguments)
        assert done.returncode == 0
        assert b"urllib3" in done.stderr
        assert b"rich" not in done.stderr


def test_a_long_transfer_in_a_pipe_tells_now_and_then(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A line every ten seconds, for the log of a job that uploads for an hour."""
    clock = [0.0]
    monkeypatch.setattr("dotscience_cli.progress.time.monotonic", lambda: clock[0])
    with Bar("Uploading") as bar:
        for second in range(25):
            clock[0] = float(second)
            bar(second * 10**9, 25 * 10**9)
    assert capsys.readouterr().err == "Uploading: 40 % of 25.0 GB\nUploading: 80 % of 25.0 GB\n"
    assert share_of(5, None) == "5 B"


def test_waiting_in_a_pipe_tells_now_and_then(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """New words after a second and a half; words that were said, with other figures, after ten seconds."""
    clock = [0.0]
    monkeypatch.setattr(waiting.time, "monotonic", lambda: clock[0])
    shown = Waiting()
    shown.tell("Waiting for a runner.")
    for second in range(30):
        clock[0] = float(second)
        if second >= 5:
            shown.tell(f"Waiting for data: {second} %.")
        shown.show()
    shown.tell(None)
    assert shown.seconds() is None
    assert capsys.readouterr().err.splitlines() == [
        "Waiting for a runner.",
        "Waiting for data: 7 %.",
        "Waiting for data: 17 %.",
        "Waiting for data: 27 %.",
    ]
