"""What a task uses, over time: measured often, put together into samples, kept until the hub has them."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from pathlib import Path

import msgspec

from dotscience_runner.backends.base import Reading
from dotscience_runner.files import write_atomically
from jupyter_dotscience.api.problems import ApiError
from jupyter_dotscience.api.resources import (
    FIRST_STEP,
    MOST_SAMPLES,
    ResourcesAck,
    ResourceSample,
    coarser,
    fewer,
    together,
)
from jupyter_dotscience.api.tasks import Usage

log = logging.getLogger(__name__)
MEASURE_SECONDS, LONGEST_SECONDS = 1.0, 10.0
"""Between two measurements: the longer, the longer the task runs."""
SEND_SECONDS = 5.0
SENDS_PER_STEP = 2.5
Send = Callable[[int, list[ResourceSample]], ResourcesAck]
"""Hands samples with a step to the hub."""


class Totals(msgspec.Struct):
    """What a mean or a peak over the whole task takes.

    Attributes:
        seconds: Of measured time.
        cpu_seconds: Processor time in it.
        gpu_seconds: Seconds of GPUs in use in it.
        has_gpus: Whether the task has GPUs that tell.
        peak_memory: Bytes.
        peak_gpu_memory: Bytes.
    """

    seconds: float = 0.0
    cpu_seconds: float = 0.0
    gpu_seconds: float = 0.0
    has_gpus: bool = False
    peak_memory: float = 0.0
    peak_gpu_memory: float = 0.0


class _State(msgspec.Struct):
    step: int = FIRST_STEP
    pending: list[ResourceSample] = msgspec.field(default_factory=list)
    totals: Totals = msgspec.field(default_factory=Totals)
    any: bool = False


class Sampler:
    """The samples of one task. One thread measures, another sends.

    Args:
        path: Of the file in which a later agent finds what was not sent.
        send: Hands samples to the hub.
        clock: The time of day, in seconds since 1970.
    """

    def __init__(self, path: Path, send: Send, clock: Callable[[], float] = time.time) -> None:
        self._path, self._send, self._clock = path, send, clock
        self._lock = threading.Lock()
        self._before: Reading | None = None
        self._open: list[ResourceSample] = []
        self._send_due = 0.0
        self._closed = False
        try:
            self._state = msgspec.json.decode(path.read_bytes(), type=_State)
        except (FileNotFoundError, msgspec.DecodeError):
            self._state = _State()

    @property
    def pause(self) -> float:
        """Seconds until it is time to measure again."""
        return min(max(MEASURE_SECONDS, self._state.step / 4), LONGEST_SECONDS)

    def close(self) -> None:
        """Take no more: the task is over for this agent."""
        with self._lock:
            self._closed = True

    def take(self, reading: Reading) -> None:
        """Add a measurement."""
        sample = _sample(int(self._clock()), self._before, reading)
        with self._lock:
            if self._closed:
                return
            _count(self._state.totals, self._before, reading, sample)
            self._before = reading
            if self._open and self._open[0].time // self._state.step != sample.time // self._state.step:
                self._close()
            self._open.append(sample)

    def usage(self, told: Usage) -> Usage:
        """What the backend says of the whole task, with what only measuring tells."""
        totals = self._state.totals
        if not totals.seconds:
            return told
        return msgspec.structs.replace(
            told,
            peak_memory=max(told.peak_memory or 0, int(totals.peak_memory)) or None,
            mean_cpus=totals.cpu_seconds / totals.seconds,
            mean_gpus=totals.gpu_seconds / totals.seconds if totals.has_gpus else None,
            peak_gpu_memory=int(totals.peak_gpu_memory) if totals.has_gpus else None,
        )

    def follow(self, *, last: bool = False) -> None:
        """Send what is there, now and then; the last time all of it. A task of a moment has no course to tell of."""
        with self._lock:
            if last and self._open and (self._state.any or len(self._open) > 1):
                self._close()
        while (last or time.monotonic() >= self._send_due) and self._send_some():
            continue

    def _send_some(self) -> bool:
        """Send the oldest; whether there was any."""
        with self._lock:
            step, batch = self._state.step, self._state.pending[:MOST_SAMPLES]
        if not batch:
            return False
        self._send_due = time.monotonic() + max(SEND_SECONDS, SENDS_PER_STEP * step)
        try:
            step = self._send(step, batch).step
        except ApiError as error:
            # Curves are not worth a task's log and results, which the same thread sends.
            log.warning("The hub does not take what the task uses: %s", error)
        with self._lock:
            self._state.pending = [one for one in self._state.pending if one.time > batch[-1].time]
            self._lengthen(step)
            self._save()
        return True

    def _close(self) -> None:
        """The open step is over."""
        state = self._state
        state.pending.append(together(self._open[0].time // state.step * state.step, self._open))
        state.any = True
        self._open = []
        # While the hub is away for days, the samples get longer, and none is thrown away.
        self._lengthen(fewer(state.pending, state.step, MOST_SAMPLES)[0])
        self._save()

    def _lengthen(self, step: int) -> None:
        if step > self._state.step:
            self._state.step, self._state.pending = step, coarser(self._state.pending, step)

    def _save(self) -> None:
        # What a crash of the machine takes of it is a few seconds of a curve.
        write_atomically(self._path, msgspec.json.encode(self._state), durable=False)


class Measuring:
    """Measures a running workload on a thread of its own: an engine may take its time to answer.

    Args:
        measure: Measures; None once the workload has ended.
        sampler: Takes it.
    """

    def __init__(self, measure: Callable[[], Reading | None], sampler: Sampler) -> None:
        self._measure, self._sampler = measure, sampler
        self._ended = threading.Event()
        threading.Thread(target=self._run, name="measure", daemon=True).start()

    def close(self) -> None:
        """End. A measurement under way is not waited for, and not taken."""
        self._ended.set()

    def _run(self) -> None:
        while not self._ended.is_set():
            try:
                reading = self._measure()
            except Exception:
                # The task must not suffer, and another try may do.
                log.exception("Measuring what a task uses failed")
                reading = None
            if reading is not None and not self._ended.is_set():
                self._sampler.take(reading)
            self._ended.wait(self._sampler.pause)


def _sample(now: int, before: Reading | None, reading: Reading) -> ResourceSample:
    """What was used between two measurements."""
    seconds = reading.time - before.time if before is not None else 0.0

    def rate(name: str) -> float | None:
        earlier, later = getattr(before, name, None), getattr(reading, name)
        # Counters of what has ended are gone: nothing was given back.
        return None if earlier is None or later is None or seconds <= 0 else max(0.0, (later - earlier) / seconds)

    return ResourceSample(
        time=now,
        cpus=rate("cpu_seconds"),
        memory=reading.memory,
        gpus=reading.gpus,
        gpu_memory=reading.gpu_memory,
        read=rate("read"),
        written=rate("written"),
        received=rate("received"),
        sent=rate("sent"),
    )


def _count(totals: Totals, before: Reading | None, reading: Reading, sample: ResourceSample) -> None:
    totals.peak_memory = max(totals.peak_memory, reading.memory or 0)
    totals.peak_gpu_memory = max(totals.peak_gpu_memory, reading.gpu_memory or 0)
    totals.has_gpus = totals.has_gpus or reading.gpus is not None
    if before is not None and sample.cpus is not None:
        seconds = reading.time - before.time
        totals.seconds += seconds
        totals.cpu_seconds += sample.cpus * seconds
        totals.gpu_seconds += (reading.gpus or 0.0) * seconds
