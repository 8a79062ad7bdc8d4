"""What is particular to the process backend."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from dotscience_runner.backends.base import BackendError, State
from dotscience_runner.backends.lines import cut
from dotscience_runner.backends.process import ProcessBackend

from jupyter_dotscience.api.logs import MAX_ENTRY
from jupyter_dotscience.api.tasks import Resources
from tests.runner.rigs import Rig, make_rig, text


@pytest.fixture(params=["process", "bubblewrap"])
def rig(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Rig]:
    yield from make_rig(request.param, request, tmp_path)


@pytest.fixture
def sandboxed(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Rig]:
    yield from make_rig("bubblewrap", request, tmp_path)


def shim_of(rig: Rig) -> int:
    return int(json.loads((rig.folder / "process" / "started.json").read_bytes())["shim"])


def test_a_killed_shim_takes_its_workload_along(rig: Rig) -> None:
    """Kill -9 of the shim: the workload dies too, and is reported as lost, not as running for ever."""
    program = "import time\nwhile True:\n    open('beat', 'a').write('x')\n    time.sleep(0.02)\n"
    handle = rig.start(rig.program(program))
    beat = rig.work / "beat"
    while not beat.exists():
        time.sleep(0.01)
    os.kill(shim_of(rig), signal.SIGKILL)
    assert list(rig.backend.logs(handle, None)) == []
    status = rig.backend.poll(handle)
    assert (status.state, status.outcome) == (State.ENDED, "lost")
    deadline = time.monotonic() + 60
    size = -1
    while size != (size := beat.stat().st_size):
        assert time.monotonic() < deadline
        time.sleep(0.2)


def test_the_workload_survives_whoever_started_it(tmp_path: Path) -> None:
    """The process group of the agent is killed; the task goes on, and its end is found later."""
    work = tmp_path / "t" / "work"
    work.mkdir(parents=True)
    agent = (
        "import os, sys, time\n"
        "from pathlib import Path\n"
        "from dotscience_runner.backends.process import ProcessBackend\n"
        "from dotscience_runner.backends.base import Spec\n"
        "program = 'import os, time\\nprint(1, flush=True)\\n"
        'while not os.path.exists("go"): time.sleep(0.01)\\nprint(2)\\nraise SystemExit(6)\'\n'
        f"ProcessBackend(None).start(Spec('t', 'i', ['python3', '-c', program], {{}}, Path({str(work)!r})))\n"
        "os.killpg(0, 9)\n"
    )
    done = subprocess.run([sys.executable, "-c", agent], start_new_session=True, check=False, timeout=60)
    assert done.returncode == -9
    handle = {"folder": str(tmp_path / "t" / "process")}
    backend = ProcessBackend(None)
    assert backend.poll(handle).state is State.RUNNING
    (work / "go").touch()
    assert text(list(backend.logs(handle, None)), "stdout") == b"1\n2\n"
    assert backend.poll(handle).exit_code == 6
    backend.cleanup(handle)


def test_many_starts_at_once_start_once(rig: Rig) -> None:
    """Two agents that race, or one that repeats itself, make one workload."""
    spec = rig.program("open('starts', 'a').write('x'); import time; time.sleep(0.5)")
    threads = [threading.Thread(target=lambda: rig.handles.append(rig.make().start(spec))) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(rig.handles) == 6
    list(rig.backend.logs(rig.handles[0], None))
    assert (rig.work / "starts").read_text() == "x"


def test_the_output_cannot_be_truncated_by_the_task(rig: Rig) -> None:
    """Its streams are pipes: opening /dev/stdout anew leaves what was written before."""
    program = (
        "print('first', flush=True)\n"
        "try:\n    open('/dev/stdout', 'w').write('second\\n')\nexcept OSError as e:\n    print(e)"
    )
    _, chunks = rig.run(rig.program(program))
    assert text(chunks, "stdout").startswith(b"first\n")


def test_lines_written_in_pieces_become_one_entry(rig: Rig) -> None:
    """`print` of an unbuffered Python writes text and newline apart."""
    _, chunks = rig.run(rig.program("import os\nfor n in range(200):\n    os.write(1, b'line'); os.write(1, b'\\n')"))
    assert len(chunks) < 210


def test_memory_and_processors_are_limited(rig: Rig) -> None:
    """Each process has the limit; asking for more than there is fails in the program, not in the machine."""
    program = (
        "import os\nprint(len(os.sched_getaffinity(0)))\n"
        "try:\n    bytearray(400_000_000)\nexcept MemoryError:\n    print('refused')"
    )
    _, chunks = rig.run(rig.program(program, resources=Resources(cpus=0.5, memory=200_000_000)))
    assert text(chunks, "stdout") == b"1\nrefused\n"


def test_gpus_that_are_not_there_are_refused(rig: Rig) -> None:
    """A sentence, not a task that silently computes elsewhere."""
    with pytest.raises(BackendError, match="asks for 1 GPUs"):
        rig.start(rig.program("pass", resources=Resources(gpus=1)))


def test_the_sandbox_hides_the_machine(sandboxed: Rig) -> None:
    """Neither other tasks nor the agent, its spool, home folders or secrets of the system can be seen."""
    (sandboxed.folder / "task.json").write_text("secret")
    hidden = [str(Path.home() / ".bashrc"), "/etc/shadow", str(sandboxed.folder), "/run", "/var/run/docker.sock"]
    program = (
        "import glob, json, os\n"
        f"paths = {hidden!r}\n"
        "print(json.dumps({\n"
        "  'seen': [p for p in paths if os.path.exists(p) and p != '/run'],\n"
        "  'processes': [open(p).read() for p in glob.glob('/proc/[0-9]*/cmdline')],\n"
        "  'capabilities': [l for l in open('/proc/self/status') if l.startswith('CapEff')][0].split()[1],\n"
        "  'home': os.listdir(os.path.expanduser('~')),\n"
        "}))"
    )
    _, chunks = sandboxed.run(sandboxed.program(program))
    found = json.loads(text(chunks, "stdout"))
    assert found["seen"] == []
    assert int(found["capabilities"], 16) == 0
    assert found["home"] == []
    assert len(found["processes"]) <= 2, "the sandbox's first process and the task"


def test_the_agents_python_may_lie_below_tmp(sandboxed: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    """The sandbox has a /tmp of its own, which must not cover an environment that was made in the machine's."""
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:
        subprocess.run([sys.executable, "-m", "venv", "--without-pip", "--symlinks", folder], check=True)
        monkeypatch.setattr(sys, "prefix", folder)
        monkeypatch.setattr(sys, "executable", f"{folder}/bin/python")
        _, chunks = sandboxed.run(sandboxed.spec(["python", "-c", "import sys; print(sys.prefix)"]))
    assert text(chunks, "stdout").decode().strip() == folder


def test_variables_that_change_loading_do_not_reach_the_sandbox_program(sandboxed: Rig) -> None:
    """LD_PRELOAD of a user acts inside the sandbox only, where its file is found under another name."""
    outside = sandboxed.work / "evil.so"
    outside.write_bytes(b"no library")
    environment = {"LD_PRELOAD": str(outside)}
    _, chunks = sandboxed.run(sandboxed.program("import os; print(os.environ['LD_PRELOAD'])", environment=environment))
    assert text(chunks, "stdout").decode().strip() == str(outside)
    # The loader complains once for the task's own program, and would have done so for bwrap too.
    assert text(chunks, "stderr").count(b"cannot be preloaded") <= 2


def test_secrets_are_not_seen_in_lists_of_processes(sandboxed: Rig) -> None:
    """The task's variables are on nobody's command line."""
    handle = sandboxed.start(sandboxed.program("import time; time.sleep(1000)", environment={"KEY": "s3cr3t-value"}))
    lines = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            lines.append(path.read_bytes())
        except OSError:
            continue
    assert any(b"bwrap" in line for line in lines)
    assert not any(b"s3cr3t-value" in line for line in lines if b"pytest" not in line)
    sandboxed.backend.stop(handle, 0)


@pytest.mark.parametrize(
    "data", [b"", b"\n", b"a", b"a\n", b"\n\n", b"a\r\nb\rc", b"x" * MAX_ENTRY + b"\n", b"x" * (3 * MAX_ENTRY + 1)]
)
def test_cutting_keeps_every_byte(data: bytes) -> None:
    """Pieces join to what was cut, none is empty, too long, or more than a line."""
    pieces = cut(data)
    assert b"".join(pieces) == data
    assert all(0 < len(piece) <= MAX_ENTRY and b"\n" not in piece[:-1] for piece in pieces)
