"""How tasks end, as the backend tells it."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from dotscience_runner.backends.base import BackendError, Chunk, State

from jupyter_dotscience.api.protocol import Outcome
from jupyter_dotscience.api.tasks import Resources

from .conftest import Runner, text

pytestmark = pytest.mark.docker
Wait = Callable[[Iterator[Chunk], bytes], None]
FOREVER = "import time\nprint('ready')\ntime.sleep(1000)"


def test_out_of_memory_is_told(runner: Runner) -> None:
    """With the limit that was too small."""
    spec = runner.spec("x = [bytearray(1 << 20) for _ in range(500)]", resources=Resources(memory=64 << 20))
    status, _ = runner.run(spec)
    assert (status.outcome, status.exit_code) == (Outcome.OUT_OF_MEMORY, 137)
    assert "64 MiB" in status.message


def test_a_task_that_kills_itself_is_not_lost(runner: Runner) -> None:
    """Exit code 137 by its own hand is its own."""
    status, _ = runner.run(runner.spec("import os, signal; os.kill(os.getpid(), signal.SIGKILL)"))
    assert (status.outcome, status.exit_code) == (Outcome.EXITED, 137)


def test_a_container_removed_by_hand_is_lost(runner: Runner, wait_line: Wait) -> None:
    """The log ends, and the outcome says that it was not the task."""
    handle = runner.start(runner.spec(FOREVER))
    logs = runner.backend.logs(handle, None)
    wait_line(logs, b"ready")
    runner.container(handle).remove(force=True)
    assert list(logs) == []
    status = runner.backend.poll(handle)
    assert (status.state, status.outcome, status.exit_code) == (State.ENDED, Outcome.LOST, None)
    assert "removed" in status.message
    runner.backend.stop(handle, 1)
    runner.backend.cleanup(handle)


def test_usage_of_a_running_task_is_measured(runner: Runner, wait_line: Wait) -> None:
    """Processor time and peak memory are kept after the end."""
    spec = runner.spec(
        "import os, time\nx = bytearray(60_000_000)\nsum(range(5_000_000))\nprint('ready')\n"
        "while not os.path.exists('go'): time.sleep(.01)"
    )
    handle = runner.start(spec)
    logs = runner.backend.logs(handle, None)
    wait_line(logs, b"ready")
    runner.backend.poll(handle)
    (spec.workspace / "go").touch()
    assert list(logs) == []
    usage = runner.backend.poll(handle).usage
    assert usage.cpu_seconds is not None
    assert usage.cpu_seconds > 0.02
    assert usage.peak_memory is not None
    assert usage.peak_memory > 60_000_000


def test_a_broken_interpreter_line_is_a_sentence(runner: Runner) -> None:
    """What only shows when it is executed: START_FAILED with the reason, not a plain 127."""
    spec = runner.spec(["./run.sh"])
    (spec.workspace / "run.sh").write_text("#!/no/such/interpreter\n")
    (spec.workspace / "run.sh").chmod(0o755)
    status, _ = runner.run(spec)
    assert (status.outcome, status.exit_code) == (Outcome.START_FAILED, 127)
    assert "./run.sh" in status.message


def test_a_script_that_ends_with_127_is_just_that(runner: Runner) -> None:
    """Exit codes of the task's own are not explained away."""
    status, chunks = runner.run(runner.spec(["sh", "-c", "no-such-thing"]))
    assert (status.outcome, status.exit_code) == (Outcome.EXITED, 127)
    assert b"no-such-thing" in text(chunks, "stderr")


def test_a_gpu_that_is_not_there_is_a_sentence(runner: Runner) -> None:
    """Neither a container nor an error of the engine is left behind."""
    if "nvidia" in runner.engine.client.info()["Runtimes"]:
        pytest.skip("this engine has GPUs")
    spec = runner.spec("print()", resources=Resources(gpus=1))
    with pytest.raises(BackendError, match="GPU"):
        runner.start(spec)
    assert runner.engine.client.containers.list(all=True, filters={"label": f"dotscience.task={spec.task}"}) == []


def test_more_gpus_than_the_runner_has_are_refused(runner: Runner) -> None:
    """Before the engine is asked."""
    backend = runner.make(gpus=[0, 1])
    with pytest.raises(BackendError, match="asks for 3 GPUs and this runner has 2"):
        backend.start(runner.spec("print()", resources=Resources(gpus=3)))


def test_a_memory_limit_that_is_too_small_is_a_sentence(runner: Runner) -> None:
    """The engine's smallest is some megabytes."""
    with pytest.raises(BackendError, match="memory limit is too small"):
        runner.start(runner.spec("print()", resources=Resources(memory=1 << 20)))


def test_no_engine_is_a_sentence() -> None:
    """With the address that was tried."""
    from dotscience_runner.backends.docker import DockerBackend

    with pytest.raises(BackendError, match=r"No Docker engine answers at unix:///no/such/docker.sock"):
        DockerBackend(url="unix:///no/such/docker.sock")
