"""Running the git binary: a clean environment, no hooks but ours, a time limit."""

from __future__ import annotations

import contextlib
import os
import resource
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from jupyter_dotscience.api.problems import DotscienceError

TIMEOUT = 600.0
"""Seconds a command on the hub may take."""


_BACKGROUND = 10
"""Niceness of what nobody waits for."""


class GitError(DotscienceError):
    """A git command failed; the text is what it said."""


def environment(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """What git sees: no configuration of the machine or of a user, no prompt, no replaced objects, no transport."""
    return {
        "PATH": os.environ.get("PATH", os.defpath),
        "HOME": "/nonexistent",
        "LC_ALL": "C",
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_ATTR_NOSYSTEM": "1",
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_LITERAL_PATHSPECS": "1",
        "GIT_NO_REPLACE_OBJECTS": "1",
        "GIT_ALLOW_PROTOCOL": "none",
        **(extra or {}),
    }


def command(*arguments: str | bytes | Path, hooks: Path | None = None) -> list[str | bytes | Path]:
    """The argument list of a git command; without `hooks` none can run."""
    return ["git", "-c", f"core.hooksPath={hooks or os.devnull}", *arguments]


def limit_memory(pid: int, memory: int) -> None:
    """Limit a git that was just started, and all that it starts, to so many bytes: a delta can unpack to any size."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        resource.prlimit(pid, resource.RLIMIT_DATA, (memory, memory))


def stand_back(pid: int) -> None:
    """Let a git that was just started, and all that it starts, run when others leave a processor free."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.setpriority(os.PRIO_PROCESS, pid, _BACKGROUND)


class Git:
    """Runs git on one bare repository."""

    def __init__(self, folder: Path) -> None:
        """Nothing is run yet; `folder` is the repository."""
        self._folder = folder

    def run(
        self,
        *arguments: str | bytes,
        stdin: bytes | None = None,
        codes: Sequence[int] = (0,),
        extra: Mapping[str, str] | None = None,
        timeout: float = TIMEOUT,
        background: bool = False,
    ) -> bytes:
        """What the command wrote on standard output.

        Args:
            arguments: Subcommand and its arguments.
            stdin: Its input.
            codes: Exit statuses that are no failure.
            extra: More environment variables.
            timeout: Seconds after which it is killed.
            background: Nobody waits for it.

        Raises:
            GitError: It failed or took too long.
        """
        done = self.call(*arguments, stdin=stdin, extra=extra, timeout=timeout, background=background)
        if done.returncode not in codes:
            raise GitError(f"git {_name(arguments)} failed: {done.stderr.decode(errors='replace').strip()[-2000:]}")
        return done.stdout

    def call(
        self,
        *arguments: str | bytes,
        stdin: bytes | None = None,
        extra: Mapping[str, str] | None = None,
        timeout: float = TIMEOUT,
        memory: int | None = None,
        background: bool = False,
    ) -> subprocess.CompletedProcess[bytes]:
        """As `run`, but the caller looks at the exit status.

        Args:
            arguments: Subcommand and its arguments.
            stdin: Its input.
            extra: More environment variables.
            timeout: Seconds after which it is killed.
            memory: Bytes that it may take; None for no limit.
            background: Nobody waits for it.

        Raises:
            GitError: It took too long.
        """
        arguments_, pipe = command(f"--git-dir={self._folder}", *arguments), subprocess.PIPE
        with subprocess.Popen(
            arguments_, stdin=pipe, stdout=pipe, stderr=pipe, env=environment(extra), cwd=self._folder
        ) as process:
            if memory is not None:
                limit_memory(process.pid, memory)
            if background:
                stand_back(process.pid)
            try:
                out, err = process.communicate(stdin or b"", timeout)
            except BaseException as error:
                process.kill()
                if isinstance(error, subprocess.TimeoutExpired):
                    raise GitError(f"git {_name(arguments)} did not end within {timeout:.0f} s.") from None
                raise
        return subprocess.CompletedProcess(arguments_, process.returncode, out, err)


def _name(arguments: Sequence[str | bytes]) -> str:
    first = arguments[0] if arguments else ""
    return first.decode(errors="replace") if isinstance(first, bytes) else first
