"""Git while it runs: what it says becomes lines of a task's log, and it can be ended at any time."""

from __future__ import annotations

import contextlib
import os
import re
import selectors
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from jupyter_dotscience.workspace.git import Git

from .address import RepositoryError

SECONDS: Final = 3600.0
QUIET_SECONDS: Final = 300.0
"""Git shows its progress each second; a server that lets nothing be heard for so long is given up."""
PROGRESS_SECONDS: Final = 2.0
_TICK = 0.2
_MAX_OUTPUT = 1 << 20
_MAX_LINE = 1000
_MAX_WORDS = 200
_TOLD = 5
_PROGRESS: Final = re.compile(r"(?:remote: )?[A-Z][a-z]+ing [a-z ]+: +\d+")
_CONTROLS: Final = re.compile(r"[\x00-\x1f\x7f-\x9f]|\x1b\[[0-9;]*[A-Za-z]")


class Cancelled(Exception):
    """Nobody wants the repository any more."""


@dataclass
class Watch:
    """What is done while git runs.

    Attributes:
        say: Takes a line for the task's log.
        cancelled: Whether to give up.
        guard: Looks whether it may go on; raises when not.
    """

    say: Callable[[str], None]
    cancelled: Callable[[], bool]
    guard: Callable[[], None] = lambda: None


@dataclass
class _Words:
    """What git writes on standard error."""

    watch: Watch
    kept: list[str] = field(default_factory=list)
    _rest: bytes = b""
    _next: float = 0.0

    def take(self, data: bytes) -> None:
        *lines, self._rest = re.split(rb"[\r\n]", self._rest + data)
        self._rest = self._rest[-_MAX_LINE:]
        for line in lines:
            self._line(line)

    def end(self) -> None:
        self._line(self._rest)

    def _line(self, line: bytes) -> None:
        text = _CONTROLS.sub("", line[:_MAX_LINE].decode(errors="replace")).rstrip()
        if not text:
            return
        if not _PROGRESS.match(text):
            if len(self.kept) < _MAX_WORDS:
                self.kept.append(text)
                self.watch.say(text)
        elif text.endswith("done.") or time.monotonic() >= self._next:
            self._next = time.monotonic() + PROGRESS_SECONDS
            self.watch.say(text)


@dataclass
class _Output:
    """What git writes on standard output: kept, or passed on."""

    consumer: Callable[[bytes], None] | None
    kept: bytes = b""

    def take(self, data: bytes) -> None:
        if self.consumer is not None:
            self.consumer(data)
        elif len(self.kept) + len(data) > _MAX_OUTPUT:
            raise RepositoryError("Git says more than can be kept.")
        else:
            self.kept += data


def run(
    git: Git,
    watch: Watch,
    *arguments: str,
    work_tree: Path | None = None,
    consumer: Callable[[bytes], None] | None = None,
    quiet_seconds: float | None = None,
) -> str:
    """Run one command of git; answers its standard output.

    Args:
        git: The repository, and how git is set up.
        watch: What to do meanwhile.
        arguments: Subcommand and its arguments.
        work_tree: For commands that write files.
        consumer: Takes standard output as it comes, instead.
        quiet_seconds: Give up when git says nothing for so long.

    Raises:
        Cancelled: as the watch says.
        RepositoryError: git failed, with its own words; or it took too long, or there is no git.
    """
    words, output = _Words(watch), _Output(consumer)
    command = ["git", "--git-dir", str(git.repository), *arguments]
    with _begin(command, git.environment(work_tree), work_tree) as process:
        try:
            _attend(process, words, output, watch, quiet_seconds)
        except BaseException:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            raise
    if process.returncode:
        raise RepositoryError("; ".join(words.kept[-_TOLD:]) or f"git {arguments[0]} ended with {process.returncode}")
    return output.kept.decode(errors="surrogateescape")


def _begin(command: Sequence[str], environment: Mapping[str, str], folder: Path | None) -> subprocess.Popen[bytes]:
    try:
        # A session of its own, so that git's helpers can be killed with it.
        return subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment,
            cwd=folder, start_new_session=True,
        )  # fmt: skip
    except OSError as error:
        raise RepositoryError(f"git cannot be run: {error.strerror}; install git 2.35 or newer") from error


def _attend(
    process: subprocess.Popen[bytes], words: _Words, output: _Output, watch: Watch, quiet_seconds: float | None
) -> None:
    assert process.stdout is not None
    assert process.stderr is not None
    begin = heard = time.monotonic()
    with selectors.DefaultSelector() as pipes:
        pipes.register(process.stdout, selectors.EVENT_READ, output.take)
        pipes.register(process.stderr, selectors.EVENT_READ, words.take)
        while pipes.get_map():
            ready = pipes.select(_TICK)
            heard = time.monotonic() if ready else heard
            for key, _ in ready:
                _read(pipes, key.fd, key.data)
            _check(watch, begin, heard, quiet_seconds)
    words.end()
    while process.poll() is None:
        _check(watch, begin, heard, quiet_seconds)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(_TICK)


def _read(pipes: selectors.BaseSelector, pipe: int, take: Callable[[bytes], None]) -> None:
    data = os.read(pipe, 1 << 16)
    if data:
        take(data)
    else:
        pipes.unregister(pipe)


def _check(watch: Watch, begin: float, heard: float, quiet_seconds: float | None) -> None:
    if watch.cancelled():
        raise Cancelled
    watch.guard()
    now = time.monotonic()
    if now - begin > SECONDS:
        raise RepositoryError(f"git was not done after {SECONDS:.0f} seconds")
    if quiet_seconds is not None and now - heard > quiet_seconds:
        raise RepositoryError(f"nothing came for {quiet_seconds:.0f} seconds")
