"""Tasks as plain processes of this machine, in a bubblewrap sandbox where that can be had.

A shim (see :mod:`.shim`) stays with each workload, so an agent may die and another one go on. All that is known of a
workload lies in ``process/`` beside its workspace; the handle is that folder.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import math
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from dotscience_runner.files import remove_tree, write_atomically
from jupyter_dotscience.api.logs import LogStream
from jupyter_dotscience.api.protocol import Outcome
from jupyter_dotscience.api.tasks import Usage

from . import command
from .base import BackendError, Chunk, Json, Prepared, Reading, Say, Spec, State, Status
from .gpus import Gpus
from .output import read_output
from .proc import use_of
from .sandbox import HOME, Sandbox

FOLDER = "process"
SHIM = Path(__file__).with_name("shim.py")
START_SECONDS = 60
POLL_SECONDS = 0.02
KILL_SECONDS = 30
_NO_ISOLATION = (
    "none: processes of the runner's own user, which can read and change whatever that user can, "
    "other tasks and the runner included"
)


class ProcessBackend:
    """Tasks as processes.

    Args:
        sandbox: The sandbox to use, None for none.
        gpus: Indices of the GPUs that tasks may use.
    """

    name = "process"

    def __init__(self, sandbox: Sandbox | None, gpus: Sequence[int] = ()) -> None:
        self._sandbox = sandbox
        self._gpus = list(gpus)
        self.mounts_at = sandbox is not None
        self.isolation = sandbox.isolation if sandbox else _NO_ISOLATION

    def prepare(self, spec: Spec, say: Say, cancelled: Callable[[], bool]) -> Prepared:
        """Nothing is to be had; say what this backend does not do."""
        say(LogStream.AGENT, f"This runner has no containers: the task uses its Python, not the image {spec.image}.")
        if spec.resources.memory:
            say(LogStream.AGENT, "The memory limit holds for each process of the task, not for all together.")
        return Prepared()

    def start(self, spec: Spec) -> Json:
        """Start the workload with its shim, unless that was done already.

        Raises:
            BackendError: command not found, not executable, or no such GPU.
        """
        folder = spec.workspace.parent / FOLDER
        handle = {"folder": str(folder)}
        if (folder / "started.json").exists():
            return handle
        for name in ("", "tmp", "home"):
            (folder / name).mkdir(mode=0o700, exist_ok=True)
        write_atomically(folder / "plan.json", json.dumps(self._plan(spec, folder)).encode())
        answer = _run_shim(folder)
        if "error" in answer:
            raise BackendError(answer["error"], answer["exit_code"])
        return handle

    def _plan(self, spec: Spec, folder: Path) -> dict[str, Any]:
        environment = self._environment(spec, folder)
        plan = {
            "command": list(spec.command),
            "folder": str(spec.workspace),
            "environment": environment,
            "memory": spec.resources.memory,
            "processors": _processors(spec.resources.cpus),
            "gpus": self._chosen(spec.resources.gpus),
        }
        if self._sandbox:
            command.check(spec, environment["PATH"], self._sandbox)
            devices = [str(path) for path in Path("/dev").glob("nvidia*")] if spec.resources.gpus else []
            plan["sandbox"] = self._sandbox.options(spec, folder, environment, devices)
            plan["environment"] = {}
        return plan

    def _environment(self, spec: Spec, folder: Path) -> dict[str, str]:
        """The task's variables over the few that every process needs; nothing of the agent's own gets in."""
        base = {
            "PATH": f"{Path(sys.executable).parent}:/usr/local/bin:/usr/bin:/bin",
            "HOME": HOME if self._sandbox else str(folder / "home"),
            "TMPDIR": "/tmp" if self._sandbox else str(folder / "tmp"),  # noqa: S108 - the sandbox's own
            "LANG": "C.UTF-8",
            "CUDA_VISIBLE_DEVICES": ",".join(map(str, self._chosen(spec.resources.gpus))),
        }
        return base | dict(spec.environment)

    def _chosen(self, wanted: int) -> list[int]:
        """All, some or none. Which ones are in use is not known: tasks share the first ones."""
        if wanted > len(self._gpus):
            raise BackendError(f"The task asks for {wanted} GPUs and this runner has {len(self._gpus)}.")
        return self._gpus if wanted < 0 else self._gpus[:wanted]

    def poll(self, handle: Json) -> Status:
        """Where it is, by the shim's status file and lock."""
        folder = Path(handle["folder"])
        running = _is_locked(folder)
        try:
            status = json.loads((folder / "status.json").read_bytes())
        except FileNotFoundError:
            if running:
                return Status(State.RUNNING)
            return Status(State.ENDED, Outcome.LOST, None, "The task's process vanished; did the machine restart?")
        usage = Usage(cpu_seconds=status["cpu_seconds"], peak_memory=status["peak_memory"])
        if not status["ran"]:
            message = "The sandbox could not be made; the task's standard error has the reason."
            return Status(State.ENDED, Outcome.START_FAILED, status["exit_code"], message, usage)
        return Status(State.ENDED, Outcome.EXITED, status["exit_code"], "", usage)

    def measure(self, handle: Json) -> Reading | None:
        """What the shim and all its descendants use. The network is the machine's own: nobody knows a task's part."""
        folder = Path(handle["folder"])
        if not _is_locked(folder):
            return None
        try:
            shim = int(json.loads((folder / "started.json").read_bytes())["shim"])
            indices = json.loads((folder / "plan.json").read_bytes()).get("gpus", [])
        except (OSError, ValueError):
            return None
        use = use_of(shim)
        if use is None:
            return None
        busy, gpu_memory = Gpus.find().use(indices)
        return Reading(
            time=time.monotonic(),
            cpu_seconds=use.cpu_seconds,
            memory=use.memory,
            gpus=busy,
            gpu_memory=gpu_memory,
            read=use.read,
            written=use.written,
        )

    def logs(self, handle: Json, cursor: Json | None) -> Iterator[Chunk]:
        """Its output, from the shim's file."""
        folder = Path(handle["folder"])
        return read_output(folder / "output", cursor, lambda: self.poll(handle).state is State.ENDED)

    def stop(self, handle: Json, grace: float) -> None:
        """SIGTERM, and after ``grace`` seconds SIGKILL to all its processes."""
        folder = Path(handle["folder"])
        if not _signal(folder, signal.SIGTERM) or _wait_end(folder, grace):
            return
        _signal(folder, signal.SIGUSR1)
        if not _wait_end(folder, KILL_SECONDS):
            # Processes in an uninterruptible wait, such as on a dead network disk. The shim dies, and with it the lock.
            _signal(folder, signal.SIGKILL)
            _wait_end(folder, KILL_SECONDS)

    def cleanup(self, handle: Json) -> None:
        """Remove the shim's folder."""
        self.stop(handle, 0)
        remove_tree(Path(handle["folder"]))


def _processors(cpus: float | None) -> list[int] | None:
    """The first N processors of those the agent may use; a limit of whole ones is the nearest without cgroups."""
    mine = sorted(os.sched_getaffinity(0))
    return mine[: math.ceil(cpus)] if cpus is not None and cpus < len(mine) else None


def _run_shim(folder: Path) -> Mapping[str, Any]:
    try:
        done = subprocess.run(
            [sys.executable, "-I", "-S", str(SHIM), str(folder)],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=True,
            env={},
            timeout=START_SECONDS,
        )
        answer: dict[str, Any] = json.loads(done.stdout)
    except subprocess.TimeoutExpired as error:
        # It may have started, and wait for a full disk to note that: whoever asks again gets the same process.
        raise TimeoutError(f"The task's process did not start within {START_SECONDS} seconds.") from error
    except (OSError, subprocess.SubprocessError, ValueError) as error:
        raise BackendError(f"The runner could not start the task's process ({error}).") from error
    return answer


def _is_locked(folder: Path) -> bool:
    """Whether the workload's shim lives."""
    try:
        descriptor = os.open(folder / "lock", os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False


def _signal(folder: Path, number: int) -> bool:
    """Send a signal to the shim; whether it was there to get one."""
    if not _is_locked(folder):
        return False
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):
        os.kill(json.loads((folder / "started.json").read_bytes())["shim"], number)
        return True
    return False


def _wait_end(folder: Path, seconds: float) -> bool:
    end = time.monotonic() + seconds
    while _is_locked(folder):
        if time.monotonic() >= end:
            return False
        time.sleep(POLL_SECONDS)
    return True
