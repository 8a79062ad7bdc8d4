"""The engine is killed under a running task."""

from __future__ import annotations

import contextlib
import gc
from pathlib import Path

import pytest
from dotscience_runner.backends.base import BackendError, State
from dotscience_runner.backends.docker import DockerBackend

from jupyter_dotscience.api.protocol import Outcome
from tests.services.docker_engine import DockerEngine

from .conftest import Runner, text
from .own_engine import own_engine

# The SDK drops its socket when nobody listens, and Python warns of it.
pytestmark = [
    pytest.mark.docker,
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]
PROGRAM = """
import os, time
n = 0
while not os.path.exists('go'):
    print('line', n); n += 1
    time.sleep(.002)
print('lines', n)
"""


@pytest.mark.parametrize("live", [True, False], ids=["live-restore", "plain"])
def test_an_engine_killed_under_a_task(docker_engine: DockerEngine, tmp_path: Path, live: bool) -> None:
    """With live-restore nothing is lost; without it the task is, which is said, and its output is exact so far."""
    options = ["--live-restore"] if live else []
    with own_engine(docker_engine.image, docker_engine.client, *options) as engine:
        runner = Runner(DockerEngine(docker_engine.client, engine.url, docker_engine.image, "own"), tmp_path / "spool")
        spec = runner.spec(PROGRAM)
        handle = runner.start(spec)
        logs = runner.backend.logs(handle, None)
        seen = [next(logs) for _ in range(100)]
        engine.kill()
        assert runner.backend.poll(handle).state is State.RUNNING, "nobody knows"
        with pytest.raises(BackendError, match="No Docker engine answers"):
            DockerBackend(url=engine.url)
        engine.start()
        if live:
            seen += [next(logs) for _ in range(100)]
            (spec.workspace / "go").touch()
        seen += logs
        lines = text(seen).splitlines()
        status = runner.backend.poll(handle)
        assert status.state is State.ENDED
        last = len(lines)
        if live:
            assert (status.outcome, status.exit_code) == (Outcome.EXITED, 0)
            assert lines.pop() == b"lines %d" % (last - 1)
        else:
            assert (status.outcome, status.message) == (
                Outcome.LOST,
                "The Docker engine was restarted, which ended the task.",
            )
            # It may have been killed in the middle of a line.
            assert (b"line %d" % (last - 1)).startswith(lines.pop())
        assert lines == [b"line %d" % n for n in range(len(lines))]
        with contextlib.closing(runner.backend):
            runner.backend.cleanup(handle)
    gc.collect()
