"""Keeps one workload company so that the agent need not: a program of its own, standard library only.

Called as ``python -I -S shim.py FOLDER``. ``FOLDER/plan.json`` says what to start. The shim goes on in the background
in a session of its own, copies the workload's output into ``FOLDER/output``, and leaves ``FOLDER/status.json`` when all
is over. It holds a lock on ``FOLDER/lock`` as long as it lives, by which others know it, whatever process ids are used
again.

``output`` holds records of ``>BQI`` (1 for stdout and 2 for stderr, nanoseconds since 1970, length) and the bytes.

SIGTERM asks the workload to end, SIGUSR1 kills it with all its descendants.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import fcntl
import json
import os
import resource
import selectors
import signal
import struct
import subprocess
import sys
import time
from typing import Any

RECORD = struct.Struct(">BQI")
READ_BYTES = 1 << 20
HOLD_SECONDS = 0.02
"""How long the start of a line waits for its end, so that programs that write in pieces make one entry per line."""
_PR_SET_PDEATHSIG, _PR_SET_CHILD_SUBREAPER = 1, 36


def main(folder: str) -> int:
    """Start the workload of ``folder`` in the background; print ``{}``, or what went wrong, as JSON."""
    os.chdir(folder)
    reader, writer = os.pipe()
    if os.fork():
        os.close(writer)
        with os.fdopen(reader, "rb") as answers:
            sys.stdout.buffer.write(answers.read())
        return 0
    os.close(reader)
    _leave_caller()
    answer = _begin(writer)
    if answer is not None:
        os.write(writer, json.dumps(answer).encode())
    os._exit(0)


def _leave_caller() -> None:
    os.setsid()
    null = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(null, descriptor)


def _begin(writer: int) -> dict[str, Any] | None:
    """Start and stay with the workload; or answer why not."""
    lock = os.open("lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return {}
    if os.path.exists("started.json"):  # noqa: PTH110 - pathlib costs a third of the start
        return {}
    with open("plan.json", "rb") as file:  # noqa: PTH123 - as above
        plan = json.load(file)
    keeper = Keeper(plan)
    try:
        keeper.start()
    except OSError as error:
        return _refusal(plan["command"][0], error)
    write_whole("started.json", {"shim": os.getpid(), "started": time.time_ns()})
    os.write(writer, b"{}")
    os.close(writer)
    _insist("status.json", keeper.attend())
    return None


def _insist(name: str, content: object) -> None:
    """As `write_whole`, however long the disk is full: nobody else knows how the workload ended."""
    while True:
        try:
            return write_whole(name, content)
        except OSError:
            time.sleep(0.5)


def _refusal(command: str, error: OSError) -> dict[str, Any]:
    """What a shell would say, and its exit code (POSIX, Shell Command Language, 2.8.2)."""
    if isinstance(error, FileNotFoundError | NotADirectoryError):
        return {"error": f"command not found: {command}", "exit_code": 127}
    reason = os.strerror(error.errno) if error.errno else str(error)
    return {"error": f"command cannot be executed: {command} ({reason})", "exit_code": 126}


def write_whole(name: str, content: object) -> None:
    """Write a file that is there as a whole or not at all. While the disk is full, wait."""
    temporary = name + ".new"
    while True:
        try:
            with open(temporary, "w") as file:  # noqa: PTH123 - pathlib costs a third of the start
                json.dump(content, file)
                file.flush()
                os.fsync(file.fileno())
            break
        except OSError as error:
            if error.errno not in (errno.ENOSPC, errno.EDQUOT):
                raise
            time.sleep(0.5)
    os.rename(temporary, name)  # noqa: PTH104 - as above


class Output:
    """The file of records. A full disk makes the workload wait; nothing is lost."""

    def __init__(self) -> None:
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND
        self._descriptor = os.open("output", flags, 0o600)

    def write(self, stream: int, data: bytes) -> None:
        """Add one record."""
        left = memoryview(RECORD.pack(stream, time.time_ns(), len(data)) + data)
        while left:
            try:
                left = left[os.write(self._descriptor, left) :]
            except OSError as error:
                if error.errno not in (errno.ENOSPC, errno.EDQUOT):
                    raise
                time.sleep(0.5)


class Pipe:
    """One stream of the workload, copied to the output."""

    def __init__(self, stream: int, output: Output) -> None:
        self.reader, self.writer = os.pipe()
        os.set_blocking(self.reader, False)
        with contextlib.suppress(OSError):  # a limit of the kernel, per user
            fcntl.fcntl(self.reader, fcntl.F_SETPIPE_SZ, READ_BYTES)
        self.held = b""
        self.due = 0.0
        self._stream, self._output = stream, output

    def copy(self) -> bool:
        """Take what is there; whether more may come."""
        try:
            data = os.read(self.reader, READ_BYTES)
        except BlockingIOError:
            return True
        if not self.held:
            self.due = time.monotonic() + HOLD_SECONDS
        self.held += data
        if not data or self.held.endswith(b"\n") or len(self.held) >= READ_BYTES:
            self.flush()
        return bool(data)

    def flush(self) -> None:
        """Let go of a line's beginning that has waited long enough."""
        if self.held:
            self._output.write(self._stream, self.held)
            self.held = b""


class Keeper:
    """Starts a workload, copies its output, ends what it left behind."""

    def __init__(self, plan: dict[str, Any]) -> None:
        self._plan = plan
        self._libc = ctypes.CDLL(None)
        output = Output()
        self._pipes = [Pipe(1, output), Pipe(2, output)]
        self._selector = selectors.DefaultSelector()
        self._child = 0
        self._inside = 0
        self._status: int | None = None
        self._sandbox_reader = -1
        self._sandbox_said = b""
        self._cpu_seconds, self._peak_memory = 0.0, 0

    def start(self) -> None:
        """Start the workload.

        Raises:
            OSError: it cannot be started.
        """
        self._libc.prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
        self._listen_to_signals()
        command, descriptors = self._command()
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=self._pipes[0].writer,
            stderr=self._pipes[1].writer,
            cwd=self._plan["folder"],
            env=self._plan["environment"],
            pass_fds=descriptors,
            start_new_session=True,
            # Safe here: this process has one thread.
            preexec_fn=self._before_command,  # noqa: PLW1509
        )
        self._child = process.pid
        process.returncode = 0  # reaped by _reap, together with strays
        for descriptor in (*descriptors, self._pipes[0].writer, self._pipes[1].writer):
            os.close(descriptor)

    def _listen_to_signals(self) -> None:
        wake_reader, wake_writer = os.pipe()
        for descriptor in (wake_reader, wake_writer):
            os.set_blocking(descriptor, False)
        signal.set_wakeup_fd(wake_writer, warn_on_full_buffer=False)
        self._selector.register(wake_reader, selectors.EVENT_READ, None)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.signal(signal.SIGTERM, lambda *_: self._ask_to_end())
        signal.signal(signal.SIGUSR1, lambda *_: self._kill())
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGHUP, signal.SIG_IGN)

    def _before_command(self) -> None:
        """Runs in the new process: limits, and death together with the shim."""
        self._libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        signal.signal(signal.SIGHUP, signal.SIG_DFL)
        os.umask(0o022)
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        if self._plan.get("memory"):
            resource.setrlimit(resource.RLIMIT_DATA, (self._plan["memory"],) * 2)
        if self._plan.get("processors"):
            os.sched_setaffinity(0, self._plan["processors"])

    def _command(self) -> tuple[list[str], list[int]]:
        """The command line, and descriptors it needs.

        The sandbox gets its options, the task's variables among them, through a file: variables that change how
        programs are loaded must not reach bwrap itself, which is still outside, and secrets must not be seen in a list
        of processes.
        """
        options = self._plan.get("sandbox")
        if not options:
            return self._plan["command"], []
        arguments = os.memfd_create("arguments")
        os.write(arguments, "".join(option + "\0" for option in options[1:]).encode("utf-8", "surrogateescape"))
        os.lseek(arguments, 0, os.SEEK_SET)
        self._sandbox_reader, writer = os.pipe()
        os.set_blocking(self._sandbox_reader, False)
        given = ["--args", str(arguments), "--json-status-fd", str(writer), "--"]
        return [options[0], *given, *self._plan["command"]], [arguments, writer]

    def attend(self) -> dict[str, Any]:
        """Copy output until the workload and all its descendants are gone; answer how it ended."""
        for pipe in self._pipes:
            self._selector.register(pipe.reader, selectors.EVENT_READ, pipe)
        if self._sandbox_reader >= 0:
            self._selector.register(self._sandbox_reader, selectors.EVENT_READ, None)
        open_pipes = len(self._pipes)
        while True:
            for key, _ in self._selector.select(self._timeout()):
                if isinstance(key.data, Pipe) and not key.data.copy():
                    self._selector.unregister(key.fd)
                    open_pipes -= 1
                elif key.data is None:
                    self._hear(key.fd)
            self._flush_due()
            self._reap()
            if self._status is not None and not self._end_strays() and not open_pipes:
                return self._result()

    def _timeout(self) -> float | None:
        dues = [pipe.due for pipe in self._pipes if pipe.held]
        if self._status is not None:
            dues.append(time.monotonic() + HOLD_SECONDS)
        return max(0.0, min(dues) - time.monotonic()) if dues else None

    def _flush_due(self) -> None:
        for pipe in self._pipes:
            if pipe.held and pipe.due <= time.monotonic():
                pipe.flush()

    def _hear(self, descriptor: int) -> None:
        with contextlib.suppress(BlockingIOError):
            data = os.read(descriptor, 65536)
            if descriptor == self._sandbox_reader:
                self._sandbox_said += data
                if not data:
                    self._selector.unregister(descriptor)

    def _reap(self) -> None:
        while True:
            try:
                pid, status, usage = os.wait4(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if not pid:
                return
            self._cpu_seconds += usage.ru_utime + usage.ru_stime
            self._peak_memory = max(self._peak_memory, usage.ru_maxrss * 1024)
            if pid == self._child:
                self._status = status

    def _end_strays(self) -> bool:
        """Kill what the workload left running; whether there was something."""
        strays = children(os.getpid())
        for pid in strays:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        return bool(strays)

    def _ask_to_end(self) -> None:
        """SIGTERM to the workload's process group: inside the sandbox, for bwrap itself would not hand it on."""
        leader = self._child
        if self._sandbox_reader >= 0:
            leader = next(iter(children(self._sandbox_init())), 0)
        if leader and self._status is None:
            try:
                os.killpg(leader, signal.SIGTERM)
            except ProcessLookupError:  # it is about to make its session
                with contextlib.suppress(ProcessLookupError):
                    os.kill(leader, signal.SIGTERM)

    def _sandbox_init(self) -> int:
        """Process id, as seen from here, of the sandbox's first process."""
        self._hear(self._sandbox_reader)
        for line in self._sandbox_said.splitlines():
            with contextlib.suppress(ValueError):
                return int(json.loads(line).get("child-pid", 0))
        return 0

    def _kill(self) -> None:
        targets = [self._child] if self._status is None else []
        for pid in targets:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(pid, signal.SIGKILL)

    def _result(self) -> dict[str, Any]:
        assert self._status is not None
        code = os.waitstatus_to_exitcode(self._status)
        ran = self._sandbox_reader < 0 or b'"exit-code"' in self._sandbox_said
        return {
            "exit_code": code if code >= 0 else 128 - code,
            "ran": ran or code < 0,
            "ended": time.time_ns(),
            "cpu_seconds": self._cpu_seconds,
            "peak_memory": self._peak_memory,
        }


def children(pid: int) -> list[int]:
    """Process ids of the children of ``pid``, oldest first."""
    try:
        with open(f"/proc/{pid}/task/{pid}/children", "rb") as file:  # noqa: PTH123 - as above
            return [int(word) for word in file.read().split()]
    except FileNotFoundError:
        return []


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
