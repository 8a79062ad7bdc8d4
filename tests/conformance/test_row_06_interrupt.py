"""Row 6: Ctrl-C once, twice, and SIGTERM."""

from __future__ import annotations

import signal

from .site import Person, wait
from .terminal import INTERRUPT

SAVES = (
    "import signal, sys, time\n"
    "def end(*_):\n"
    "    open('saved.txt', 'w').write('saved'); print('bye', flush=True); sys.exit(0)\n"
    "signal.signal(signal.SIGTERM, end)\n"
    "print('ready', flush=True)\n"
    "time.sleep(1000)\n"
)
STUBBORN = (
    "import signal, time\n"
    "signal.signal(signal.SIGTERM, signal.SIG_IGN); signal.signal(signal.SIGINT, signal.SIG_IGN)\n"
    "print('ready', flush=True)\n"
    "time.sleep(1000)\n"
)


def newest(person: Person, project: str) -> str:
    return person("task", "ls", "-q", "--project", project).splitlines()[0]


def test_the_first_ctrl_c_stops_the_job_and_waits_for_its_results(person: Person) -> None:
    """It is said; what the job still prints is shown; its files are in the workspace when the prompt is back."""
    project = person.project()
    with person.terminal("run", "-p", project, "python3", "-c", SAVES) as terminal:
        terminal.expect(b"ready")
        terminal.type(INTERRUPT)
        terminal.expect(b"Stopping; results are being saved. Ctrl-C again to leave now.")
        terminal.expect(b"bye")
        assert terminal.end() == 130
    assert b"stopped" in terminal.seen
    assert person("file", "get", project, "saved.txt", "-") == "saved"


def test_the_second_ctrl_c_leaves_at_once(person: Person) -> None:
    """The job is still being stopped: it ends although nobody watches."""
    project = person.project()
    with person.terminal("run", "-p", project, "python3", "-c", STUBBORN) as terminal:
        terminal.expect(b"ready")
        terminal.type(INTERRUPT)
        terminal.expect(b"Stopping; results are being saved. Ctrl-C again to leave now.")
        wait(lambda: person.task(newest(person, project)), lambda task: task["stop_requested"])
        terminal.type(INTERRUPT)
        assert terminal.end() == 130
    assert b"The task is still being stopped" in terminal.seen
    assert b"Traceback" not in terminal.seen
    assert person.wait(newest(person, project))["status"] == "stopped"


def test_sigterm_is_like_ctrl_c(person: Person) -> None:
    """A supervisor that ends `ds run` ends the job, with its results."""
    project = person.project()
    process = person.ds.start("run", "-p", project, "python3", "-c", SAVES)
    assert process.stdout is not None
    assert process.stdout.readline() == b"ready\n"
    process.send_signal(signal.SIGTERM)
    out, err = process.communicate(timeout=60)
    assert (out, process.returncode) == (b"bye\n", 130)
    assert b"Stopping; results are being saved." in err
    assert person("file", "get", project, "saved.txt", "-") == "saved"
