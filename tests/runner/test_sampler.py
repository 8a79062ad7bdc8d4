"""What tasks use over time: measured, put together, sent, and gone on with after everything that can happen."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import pytest
from dotscience_runner.agent.sampler import Sampler
from dotscience_runner.backends.base import Reading, State
from dotscience_runner.backends.cgroup import Cgroup
from dotscience_runner.backends.gpus import Gpus
from dotscience_runner.backends.proc import use_of

from jupyter_dotscience.api.problems import BadRequest
from jupyter_dotscience.api.resources import MOST_SAMPLES, ResourcesAck, ResourceSample, coarser, columns, fewer
from jupyter_dotscience.api.tasks import Usage
from tests.runner.conftest import AgentProcess
from tests.runner.fakehub import FakeHub
from tests.runner.rigs import REAL, Rig, make_rig

MEBIBYTE = 1 << 20
EAT = "import time; a = bytearray(200 << 20); e = time.time() + {seconds}\nwhile time.time() < e: pass"


class Clock:
    """Both clocks of a sampler."""

    def __init__(self) -> None:
        self.now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


class Receiver:
    """The hub's side: all that was sent, and the step it asks for."""

    def __init__(self) -> None:
        self.samples: list[ResourceSample] = []
        self.step = 2
        self.refuses = False

    def __call__(self, step: int, samples: list[ResourceSample]) -> ResourcesAck:
        if self.refuses:
            raise BadRequest("No.")
        self.samples += samples
        return ResourcesAck(step=max(step, self.step))


def run_for(sampler: Sampler, clock: Clock, seconds: int, *, cpus: float = 1.0, memory: int = MEBIBYTE) -> None:
    """Measure once a second for a while."""
    for _ in range(seconds):
        sampler.take(Reading(time=clock.now, cpu_seconds=clock.now * cpus, memory=memory))
        clock.now += 1


def test_a_mean_stays_a_mean_and_a_peak_a_peak() -> None:
    """However long the steps become; what is not known stays unknown."""
    samples = [ResourceSample(second, cpus=float(second % 2), memory=float(second)) for second in range(64)]
    step, few = fewer(samples, 1, 4)
    assert (step, len(few)) == (16, 4)
    assert [(one.time, one.cpus, one.memory, one.gpus) for one in few] == [
        (0, 0.5, 15.0, None), (16, 0.5, 31.0, None), (32, 0.5, 47.0, None), (48, 0.5, 63.0, None)
    ]  # fmt: skip
    assert coarser(coarser(samples, 4), 16) == few
    assert columns(16, few).memory == [15.0, 31.0, 47.0, 63.0]
    assert columns(2, []).times == []


def test_measurements_become_samples(tmp_path: Path) -> None:
    """Cores come of processor time, memory is the most of each step, and the whole task has a mean and peaks."""
    clock, hub = Clock(), Receiver()
    sampler = Sampler(tmp_path / "samples.json", hub, clock)
    run_for(sampler, clock, 10, cpus=1.5)
    run_for(sampler, clock, 1, cpus=1.5, memory=5 * MEBIBYTE)
    sampler.follow(last=True)
    assert [one.time for one in hub.samples] == [1_000_000 + 2 * step for step in range(6)]
    assert all(one.cpus == pytest.approx(1.5) for one in hub.samples)
    assert [one.memory for one in hub.samples] == [MEBIBYTE] * 5 + [5 * MEBIBYTE]
    usage = sampler.usage(Usage(cpu_seconds=9.0, peak_memory=2 * MEBIBYTE))
    assert (usage.cpu_seconds, usage.peak_memory, usage.mean_gpus) == (9.0, 5 * MEBIBYTE, None)
    assert usage.mean_cpus == pytest.approx(1.5)


def test_a_task_of_a_moment_sends_nothing(tmp_path: Path) -> None:
    """It has no course, and its end shall not wait for one."""
    clock, hub = Clock(), Receiver()
    sampler = Sampler(tmp_path / "samples.json", hub, clock)
    run_for(sampler, clock, 1)
    sampler.follow(last=True)
    assert hub.samples == []


def test_the_next_agent_goes_on(tmp_path: Path) -> None:
    """What was not sent is in the spool; nothing is sent twice, and means are those of the whole task."""
    clock, hub = Clock(), Receiver()
    run_for(Sampler(tmp_path / "samples.json", hub, clock), clock, 20, cpus=1)
    later = Sampler(tmp_path / "samples.json", hub, clock)
    run_for(later, clock, 20, cpus=1)
    later.follow(last=True)
    times = [one.time for one in hub.samples]
    assert times == sorted(set(times))
    assert {1_000_000, 1_000_016, 1_000_038} <= set(times)
    assert later.usage(Usage()).mean_cpus == pytest.approx(1)
    Sampler(tmp_path / "samples.json", hub, clock).follow(last=True)
    assert [one.time for one in hub.samples] == times


def test_while_the_hub_is_away_samples_get_longer(tmp_path: Path) -> None:
    """So that hours take no more room than minutes, and all of them are told in the end."""
    clock, hub = Clock(), Receiver()
    sampler = Sampler(tmp_path / "samples.json", hub, clock)
    run_for(sampler, clock, 3 * MOST_SAMPLES)
    sampler.follow(last=True)
    assert MOST_SAMPLES // 4 < len(hub.samples) <= MOST_SAMPLES
    assert hub.samples[0].time // 8 == 1_000_000 // 8
    assert hub.samples[-1].time >= 1_000_000 + 3 * MOST_SAMPLES - 8
    assert (tmp_path / "samples.json").stat().st_size < 1000


def test_the_hub_says_how_long_steps_are(tmp_path: Path) -> None:
    """From then on a sample stands for that long; what the hub refuses is not sent for ever."""
    clock, hub = Clock(), Receiver()
    hub.step = 8
    sampler = Sampler(tmp_path / "samples.json", hub, clock)
    run_for(sampler, clock, 10)
    sampler.follow(last=True)
    hub.samples.clear()
    run_for(sampler, clock, 30)
    hub.refuses = True
    sampler.follow(last=True)
    hub.refuses = False
    run_for(sampler, clock, 16)
    sampler.follow(last=True)
    assert hub.samples
    assert {one.time % 8 for one in hub.samples} == {0}
    assert hub.samples[0].time >= 1_000_000 + 32


@pytest.mark.parametrize("name", REAL)
def test_a_real_workload_is_measured(name: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    """Memory and processor time of all its processes, also of one that it started; nothing once it has ended."""
    for rig in make_rig(name, request, tmp_path):
        seen = _measured(rig)
        assert 200 * MEBIBYTE < max(one.memory or 0 for one in seen) < 400 * MEBIBYTE
        used = [one.cpu_seconds or 0.0 for one in seen]
        assert used == sorted(used)
        assert 0.5 < used[-1] < 8


def _measured(rig: Rig) -> list[Reading]:
    """What was measured of a workload until it ended; nothing is after that."""
    child = f"import subprocess, sys; subprocess.run([sys.executable, '-c', '''{EAT.format(seconds=4)}'''])"
    handle = rig.start(rig.program(child))
    seen: list[Reading] = []
    while rig.backend.poll(handle).state is State.RUNNING:
        reading = rig.backend.measure(handle)
        seen += [reading] if reading is not None else []
        time.sleep(0.1)
    assert rig.backend.measure(handle) is None
    return seen


def test_nothing_is_known_of_a_process_that_is_gone() -> None:
    """As of one that never was."""
    assert use_of(2**22 + 1) is None
    mine = use_of(os.getpid())
    assert mine is not None
    assert mine.memory > MEBIBYTE


def test_gpus_say_nothing_where_there_is_no_driver() -> None:
    """Neither that, nor a task without GPUs, is an error."""
    assert Gpus(None).use([0]) == (None, None)
    assert Gpus.find().use([]) == (None, None)


def test_agent_and_hub_may_be_killed(hub: FakeHub, make_agent: Callable[..., AgentProcess]) -> None:
    """The course of a task goes on over a killed agent and a hub that is away, and each step is told once."""
    agent = make_agent("--backend", "dummy")
    task = hub.add(["x"], environment={"DUMMY_SLEEP": "14", "DUMMY_MEMORY": "1000000", "DUMMY_CPUS": "0.5"})
    hub.wait_for(lambda: task.samples, "the first samples")
    agent.kill()
    agent.start()
    hub.go_away()
    while "The hub is away" not in agent.log.read_text():
        time.sleep(0.1)
    hub.start()
    hub.wait_for(lambda: task.finishes, "the end")
    times = [one.time for one in task.samples]
    assert times == sorted(set(times))
    assert len(times) >= 5
    assert {one.memory for one in task.samples} == {1_000_000}
    usage = task.finish.execution.usage
    assert usage.mean_cpus == pytest.approx(0.5, abs=0.1)
    assert usage.peak_memory == 1_000_000


class _Driver:
    """Answers as NVML does, of two GPUs; the second one is divided, and does not say how busy it is."""

    def nvmlDeviceGetHandleByIndex_v2(self, index: Any, handle: Any) -> int:  # noqa: N802 - NVML's name
        handle._obj.value = 100 + index.value
        return 0 if index.value < 2 else 2

    def nvmlDeviceGetUtilizationRates(self, handle: Any, found: Any) -> int:  # noqa: N802
        found._obj.gpu, found._obj.memory = 75, 1
        return 0 if handle.value == 100 else 3

    def nvmlDeviceGetMemoryInfo(self, handle: Any, found: Any) -> int:  # noqa: N802
        found._obj.total, found._obj.free, found._obj.used = 8 << 30, 6 << 30, 2 << 30
        return 0


def test_gpus_are_added_up() -> None:
    """Those of the task alone; what one of them does not tell is left out, and one that is not there is no error."""
    gpus = Gpus(cast("Any", _Driver()))
    assert gpus.use([0]) == (0.75, 2 << 30)
    assert gpus.use([0, 1]) == (0.75, 4 << 30)
    assert gpus.use([1]) == (None, 2 << 30)
    assert gpus.use([7]) == (None, None)


def _write(folder: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)


NET = "head\nhead\n  lo: 9 0 0 0 0 0 0 0 9 0\neth0: 100 1 0 0 0 0 0 0 200 1\neth1: 1 1 0 0 0 0 0 0 2 1\n"
VERSIONS = {
    "2": {
        "proc/7/cgroup": "0::/system.slice/docker-abc.scope\n",
        "cg/system.slice/docker-abc.scope/cpu.stat": "usage_usec 1500000\nuser_usec 1\n",
        "cg/system.slice/docker-abc.scope/memory.current": "5000\n",
        "cg/system.slice/docker-abc.scope/memory.stat": "anon 1\ninactive_file 1000\n",
        "cg/system.slice/docker-abc.scope/io.stat": "8:0 rbytes=10 wbytes=20 rios=1\n8:16 rbytes=1 wbytes=2\n7:0\n",
    },
    "1": {
        "proc/7/cgroup": "9:name=systemd:/docker/abc\n4:memory:/docker/abc\n"
        "3:cpu,cpuacct:/docker/abc\n2:blkio:/docker/abc\n",
        "cg/cpuacct/docker/abc/cpuacct.usage": "1500000000\n",
        "cg/memory/docker/abc/memory.usage_in_bytes": "5000\n",
        "cg/memory/docker/abc/memory.stat": "inactive_file 5\ntotal_inactive_file 1000\n",
        "cg/blkio/docker/abc/blkio.throttle.io_service_bytes_recursive": "8:0 Read 11\n8:0 Write 22\nTotal 33\n",
    },
}  # fmt: skip


@pytest.mark.parametrize("version", VERSIONS)
def test_both_versions_of_control_groups_are_read(version: str, tmp_path: Path) -> None:
    """The same figures from either; of another process with the same number, nothing."""
    _write(tmp_path, {**VERSIONS[version], "proc/7/net/dev": NET})
    found = Cgroup.find(7, "abc", mount=tmp_path / "cg", proc=tmp_path / "proc")
    assert found is not None
    reading = found.read()
    assert reading is not None
    assert (reading.cpu_seconds, reading.memory, reading.read, reading.written) == (1.5, 4000, 11, 22)
    assert (reading.received, reading.sent) == (101, 202)
    assert Cgroup.find(7, "other", mount=tmp_path / "cg", proc=tmp_path / "proc") is None
    assert Cgroup.find(8, "abc", mount=tmp_path / "cg", proc=tmp_path / "proc") is None
    for path in (tmp_path / "cg").rglob("cpu*.*"):
        if path.is_file():
            path.unlink()
    assert found.read() is None


def test_an_engine_elsewhere_is_asked_instead(request: pytest.FixtureRequest, tmp_path: Path) -> None:
    """Where the kernel's files are not seen, its statistics tell the same."""
    for rig in make_rig("docker", request, tmp_path):
        from dotscience_runner.backends.docker.engine import Engine
        from dotscience_runner.backends.docker.stats import Meter

        handle = rig.start(rig.program(EAT.format(seconds=30)))
        engine = Engine()
        try:
            meter = Meter(engine, handle["container"])
            assert meter.read() is not None
            meter._cgroup = None
            told = meter.read()
            while told is not None and (told.memory or 0) < 200 * MEBIBYTE:
                told = meter.read()
            assert told is not None
            assert (told.cpu_seconds or 0) > 0
            assert told.received is not None
            rig.backend.stop(handle, 0)
            assert meter.read() is None
        finally:
            engine.close()
