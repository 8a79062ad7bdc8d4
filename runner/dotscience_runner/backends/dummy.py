"""A whole runtime that executes nothing, for tests of everything around it, and for trying out a hub without Docker.

What a task "does" is said by its environment:

========================  ==============================================================================================
``DUMMY_PULL_STEPS``      how many steps of pulling an image to report
``DUMMY_PREPARE_FAIL``    sentence with which the preparation fails
``DUMMY_START_FAIL``      sentence with which the start fails
``DUMMY_STDOUT``          text on standard output, at the start
``DUMMY_STDERR``          text on standard error, at the start
``DUMMY_LINES``           how many further lines on standard output, evenly over the time it takes
``DUMMY_FILES``           JSON object of files to write into the workspace: path and text
``DUMMY_SLEEP``           seconds it takes
``DUMMY_EXIT_CODE``       exit code
``DUMMY_MEMORY``          bytes that it seems to use; without it nothing is measured
``DUMMY_CPUS``            processor cores that it seems to use
``DUMMY_IGNORE_TERM``     not empty: it ends only when it is killed
``DUMMY_VANISH``          not empty: instead of ending it is gone
========================  ==============================================================================================

All follows from these, the time of the start and the time of a stop, which are kept beside the workspace. So any later
process of the agent sees the same task.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import msgspec

from dotscience_runner.files import remove_tree, write_atomically
from jupyter_dotscience.api.logs import LogStream
from jupyter_dotscience.api.protocol import Outcome
from jupyter_dotscience.api.tasks import Usage

from .base import BackendError, Chunk, Json, Prepared, Reading, Say, Spec, State, Status
from .lines import cut

FOLDER = "dummy"
POLL_SECONDS = 0.01
_SECOND = 1_000_000_000


class DummyBackend:
    """Tasks that only seem to run."""

    name = "dummy"
    isolation = "complete: nothing is executed at all"
    mounts_at = False

    def prepare(self, spec: Spec, say: Say, cancelled: Callable[[], bool]) -> Prepared:
        """Report the steps of a pull that does not happen."""
        for step in range(int(spec.environment.get("DUMMY_PULL_STEPS", "0"))):
            if cancelled():
                break
            say(LogStream.PULL, f"{spec.image}: step {step + 1}")
        if "DUMMY_PREPARE_FAIL" in spec.environment:
            raise BackendError(spec.environment["DUMMY_PREPARE_FAIL"])
        return Prepared(image_digest="sha256:" + "0" * 64)

    def start(self, spec: Spec) -> Json:
        """Note the time, and write the files."""
        if "DUMMY_START_FAIL" in spec.environment:
            raise BackendError(spec.environment["DUMMY_START_FAIL"])
        folder = spec.workspace.parent / FOLDER
        if not (folder / "plan.json").exists():
            folder.mkdir(exist_ok=True)
            _write_files(spec)
            plan = _Plan(started=time.time_ns(), environment=dict(spec.environment))
            write_atomically(folder / "plan.json", msgspec.json.encode(plan))
        return {"folder": str(folder)}

    def poll(self, handle: Json) -> Status:
        """Where it is, by the clock."""
        course = _Course.read(Path(handle["folder"]))
        if course is None or (course.vanishes and course.over(time.time_ns())):
            return Status(State.ENDED, Outcome.LOST, None, "The task vanished.")
        if not course.over(time.time_ns()):
            return Status(State.RUNNING)
        return Status(State.ENDED, Outcome.EXITED, course.exit_code, "", Usage(cpu_seconds=0.0, peak_memory=0))

    def measure(self, handle: Json) -> Reading | None:
        """As much as its variables say, evenly."""
        course = _Course.read(Path(handle["folder"]))
        now = time.time_ns()
        if course is None or course.over(now) or "DUMMY_MEMORY" not in course.environment:
            return None
        seconds = (now - course.started) / _SECOND
        cpus = float(course.environment.get("DUMMY_CPUS", "0"))
        memory = int(course.environment["DUMMY_MEMORY"])
        return Reading(time.monotonic(), cpu_seconds=cpus * seconds, memory=memory)

    def logs(self, handle: Json, cursor: Json | None) -> Iterator[Chunk]:
        """Its output as it becomes due; a cursor is the number of chunks before."""
        done = cursor or 0
        while (course := _Course.read(Path(handle["folder"]))) is not None:
            now = time.time_ns()
            for moment, stream, data in course.output(done):
                if moment > min(now, course.end):
                    break
                done += 1
                yield Chunk(stream, moment, data, done)
            if course.over(now):
                return
            time.sleep(POLL_SECONDS)

    def stop(self, handle: Json, grace: float) -> None:
        """End it now, or after the grace when it ignores to be asked."""
        folder = Path(handle["folder"])
        course = _Course.read(folder)
        if course is None or course.over(time.time_ns()):
            return
        if course.stubborn:
            time.sleep(grace)
        stop = {"time": time.time_ns(), "code": 137 if course.stubborn else 143}
        write_atomically(folder / "stop.json", json.dumps(stop).encode())

    def cleanup(self, handle: Json) -> None:
        """Forget it."""
        remove_tree(Path(handle["folder"]))


class _Plan(msgspec.Struct):
    started: int
    environment: dict[str, str]


@dataclass(frozen=True)
class _Course:
    """What a task does when."""

    environment: dict[str, str]
    started: int
    stopped: int | None
    stop_code: int

    @classmethod
    def read(cls, folder: Path) -> _Course | None:
        """From the task's folder; None when it was cleaned up."""
        try:
            plan = msgspec.json.decode((folder / "plan.json").read_bytes(), type=_Plan)
        except FileNotFoundError:
            return None
        try:
            stop = json.loads((folder / "stop.json").read_bytes())
        except FileNotFoundError:
            return cls(plan.environment, plan.started, None, 0)
        return cls(plan.environment, plan.started, stop["time"], stop["code"])

    @property
    def seconds(self) -> float:
        return float(self.environment.get("DUMMY_SLEEP", "0"))

    @property
    def end(self) -> int:
        natural = self.started + int(self.seconds * _SECOND)
        return natural if self.stopped is None else min(natural, self.stopped)

    def over(self, now: int) -> bool:
        return now >= self.end

    @property
    def exit_code(self) -> int:
        natural = self.started + int(self.seconds * _SECOND)
        early = self.stopped is not None and self.stopped < natural
        return self.stop_code if early else int(self.environment.get("DUMMY_EXIT_CODE", "0"))

    @property
    def stubborn(self) -> bool:
        return bool(self.environment.get("DUMMY_IGNORE_TERM"))

    @property
    def vanishes(self) -> bool:
        return bool(self.environment.get("DUMMY_VANISH"))

    def output(self, first: int) -> Iterator[tuple[int, LogStream, bytes]]:
        """Chunks from number ``first`` on: when, where, what."""
        texts = [(LogStream.STDOUT, "DUMMY_STDOUT"), (LogStream.STDERR, "DUMMY_STDERR")]
        head = [(s, piece) for s, name in texts for piece in cut(self.environment.get(name, "").encode())]
        for stream, piece in head[first:]:
            yield self.started, stream, piece
        lines = int(self.environment.get("DUMMY_LINES", "0"))
        for number in range(max(0, first - len(head)), lines):
            moment = self.started + int(self.seconds * _SECOND) * number // lines
            yield moment, LogStream.STDOUT, b"line %d\n" % number


def _write_files(spec: Spec) -> None:
    files = json.loads(spec.environment.get("DUMMY_FILES", "{}"))
    root = spec.workspace.resolve()
    for name, text in files.items():
        path = (root / name).resolve()
        # The environment is a user's: it must not write elsewhere on the runner.
        if not path.is_relative_to(root):
            raise BackendError(f"{name!r} in DUMMY_FILES lies outside of the workspace.")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
