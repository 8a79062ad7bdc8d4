"""Running the git program so that nothing but us tells it what to do.

It never runs inside a folder that a user can write: repository and index are elsewhere, no configuration of system,
user or work tree is read, hooks and file system monitors are off, no credential is asked for, and tokens travel in
the environment, not in arguments that every user of the machine can list.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from .errors import DiskFull, GitFailed

_LOOK_SECONDS: Final = 0.2
_PASSED_ON: Final = (
    "PATH", "TMPDIR", "http_proxy", "https_proxy", "HTTPS_PROXY", "no_proxy", "NO_PROXY", "all_proxy", "ALL_PROXY",
    "SSL_CERT_FILE", "SSL_CERT_DIR", "GIT_SSL_CAINFO", "GIT_SSL_CAPATH",
)  # fmt: skip
_SETTINGS: Final = {
    "core.hooksPath": os.devnull,
    "core.fsmonitor": "false",
    "core.autocrlf": "false",
    "core.symlinks": "true",
    "core.fileMode": "true",
    "core.protectNTFS": "true",
    "core.protectHFS": "true",
    "checkout.workers": str(min(8, max(2, os.cpu_count() or 1))),
    "checkout.thresholdForParallelism": "100",
    "credential.helper": "",
    "gc.auto": "0",
    "maintenance.auto": "false",
    "fetch.unpackLimit": "1",
    # The token must not follow a redirect to another host; and a fetch that hangs ends.
    "http.followRedirects": "false",
    "http.lowSpeedLimit": "1000",
    "http.lowSpeedTime": "60",
    "protocol.version": "2",
    "safe.directory": "*",
    "submodule.recurse": "false",
}
_ENVIRONMENT: Final = {
    "GIT_ALLOW_PROTOCOL": "http:https:file",
    "GIT_ATTR_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_NO_REPLACE_OBJECTS": "1",
    "GIT_TERMINAL_PROMPT": "0",
    "HOME": "/nonexistent",
    "LC_ALL": "C",
}


@dataclass(frozen=True)
class Git:
    """The git program on one repository.

    Attributes:
        repository: The folder of the bare repository.
        settings: Configuration beyond our own, such as a header with a credential.
        held: Descriptors the program inherits: a lock in there is held until the last process of git is gone, even
            when ours was killed.
        variables: Of the environment, beyond and over our own: transports that are allowed, the command for ssh.
        watch: Called several times a second while it runs; when it raises, git is killed.
    """

    repository: Path
    settings: Mapping[str, str] = field(default_factory=dict)
    held: tuple[int, ...] = ()
    variables: Mapping[str, str] = field(default_factory=dict)
    watch: Callable[[], None] | None = None

    def run(
        self,
        *arguments: str,
        data: bytes = b"",
        timeout: float = 600,
        work_tree: Path | None = None,
        index: Path | None = None,
    ) -> bytes:
        """Run one git command and return its standard output.

        Args:
            arguments: Subcommand and its arguments.
            data: Standard input.
            timeout: Seconds after which it and its helpers are killed.
            work_tree: Folder for commands that write files.
            index: File for git's index.

        Raises:
            DiskFull: there is no space left.
            GitFailed: any other failure, no git at all, or the time is over.
        """
        environment = self.environment(work_tree, index)
        command = ["git", "--git-dir", str(self.repository), *arguments]
        code, out, err = _communicate(command, data, timeout, environment, work_tree, self.held, self.watch)
        if code:
            raise _failure(arguments[0], code, err.decode(errors="replace").strip())
        return out

    def environment(self, work_tree: Path | None = None, index: Path | None = None) -> dict[str, str]:
        """The whole environment of git, for those who start it themselves because they watch it while it runs."""
        settings = {**_SETTINGS, **self.settings}
        environment = {name: os.environ[name] for name in _PASSED_ON if name in os.environ} | _ENVIRONMENT
        environment["GIT_CONFIG_COUNT"] = str(len(settings))
        for number, (name, value) in enumerate(settings.items()):
            environment |= {f"GIT_CONFIG_KEY_{number}": name, f"GIT_CONFIG_VALUE_{number}": value}
        if work_tree is not None:
            environment["GIT_WORK_TREE"] = str(work_tree)
        if index is not None:
            environment["GIT_INDEX_FILE"] = str(index)
        return {**environment, **self.variables}


def _communicate(
    command: Sequence[str],
    data: bytes,
    timeout: float,
    environment: Mapping[str, str],
    folder: Path | None,
    held: tuple[int, ...],
    watch: Callable[[], None] | None,
) -> tuple[int, bytes, bytes]:
    try:
        # A session of its own, so that git's helpers can be killed with it.
        with subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment,
            cwd=folder, pass_fds=held, start_new_session=True,
        ) as process:  # fmt: skip
            try:
                out, err = _wait(process, data, timeout, watch)
            except BaseException:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
                raise
            return process.returncode, out, err
    except subprocess.TimeoutExpired:
        raise GitFailed(f"git {command[3]} was not done after {timeout:.0f} seconds.") from None
    except OSError as error:
        raise GitFailed(f"git cannot be run: {error.strerror}. Install git 2.35 or newer.") from error


def _wait(
    process: subprocess.Popen[bytes], data: bytes, timeout: float, watch: Callable[[], None] | None
) -> tuple[bytes, bytes]:
    if watch is None:
        return process.communicate(data, timeout)
    end = time.monotonic() + timeout
    given: bytes | None = data
    while True:
        try:
            return process.communicate(given, _LOOK_SECONDS)
        except subprocess.TimeoutExpired:
            given = None  # it has that
            watch()
            if time.monotonic() >= end:
                raise


def _failure(command: str, code: int, words: str) -> DiskFull | GitFailed:
    if os.strerror(28) in words or "Disk quota exceeded" in words:
        return DiskFull(f"There is no space left for git {command}.")
    last = "; ".join(words.splitlines()[-3:])[:1000]
    return GitFailed(f"git {command} failed: {last or f'exit code {code}'}")
