"""Private keys of a task: in files only while something uses them, outside every workspace, and in memory if possible.

::

    <private>/<use>/0, 1, ...    the keys of one use, 0600, in a folder of 0700
    <folder>/known_hosts         host keys that were seen first by this runner

``<private>`` is a folder in the memory of the machine (``/dev/shm``), or ``<folder>`` where there is none. Its name is
made from ``<folder>``, so that :func:`sweep` finds what a killed agent has left.
"""

from __future__ import annotations

import hashlib
import logging
import os
import shlex
import stat
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from dotscience_runner.files import remove_tree
from jupyter_dotscience.api.protocol import SecretsQuery
from jupyter_dotscience.api.secrets import TaskSecret
from jupyter_dotscience.client import Client

log = logging.getLogger(__name__)
MEMORY = Path("/dev/shm")  # noqa: S108 - a folder of our own in it, whose owner is checked
_USE = "use-"
CONNECT_SECONDS, ALIVE_SECONDS = 30, 15


@contextmanager
def keys(client: Client, task: str, fence: int, folder: Path) -> Iterator[str]:
    """Have a task's keys in files for as long as the block runs.

    Args:
        client: As the runner.
        task: The task's id.
        fence: Of the lease that the runner holds.
        folder: A private folder of the runner, the same for all tasks and times; made when it is not there.

    Yields:
        What ``GIT_SSH_COMMAND`` is to be set to. It names no key and no agent but the task's, reads nobody's
        configuration, never asks, takes the key of a new host and refuses a changed one.

    Raises:
        LeaseLost: the task is not this runner's any more.
        DotscienceError: the hub is away, or refuses for another reason.
        OSError: the files cannot be written.
    """
    found = client.get_task_secrets(SecretsQuery(fence=fence), task=task).items
    with _written(found, folder) as files:
        yield ssh_command(files, folder / "known_hosts")


def sweep(folder: Path) -> None:
    """Remove keys that a killed agent has left. To be called when an agent starts, before the first use."""
    for private in (folder, _in_memory(folder)):
        if private is not None and _is_mine(private):
            for left in private.glob(f"{_USE}*"):
                log.warning("Removing keys that an earlier agent has left.")
                remove_tree(left)


def ssh_command(identities: Sequence[Path], known_hosts: Path) -> str:
    """The command line of ``ssh`` with these private keys and no others, for a shell.

    Args:
        identities: Files of private keys, in the order in which they are tried; without one, no key is.
        known_hosts: The file with host keys. What ``/etc/ssh/ssh_known_hosts`` says counts too.
    """
    options = {
        "BatchMode": "yes",
        "IdentitiesOnly": "yes",
        "IdentityAgent": "none",
        "StrictHostKeyChecking": "accept-new",
        "UserKnownHostsFile": _word(known_hosts),
        "ConnectTimeout": str(CONNECT_SECONDS),
        "ServerAliveInterval": str(ALIVE_SECONDS),
    }
    # Without any, ssh would try those in the home of whoever runs the agent, which are not the task's to use.
    files = [_word(path) for path in identities] or ["none"]
    words = [f"-o{name}={value}" for name, value in options.items()] + [f"-oIdentityFile={file}" for file in files]
    return shlex.join(["ssh", "-F", "none", *words])


def _word(path: Path) -> str:
    """A path as a word of ssh's configuration: quoted, and with no `%` that would stand for something else."""
    escaped = str(path.absolute()).replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%")
    return f'"{escaped}"'


@contextmanager
def _written(found: Sequence[TaskSecret], folder: Path) -> Iterator[list[Path]]:
    use = _new_use(folder)
    try:
        yield [_write(use / str(number), secret.private_key) for number, secret in enumerate(found)]
    finally:
        remove_tree(use)
        with suppress(OSError):
            use.parent.rmdir()  # unless something else is in it


def _new_use(folder: Path) -> Path:
    while True:
        # Another task that is done removes the place that both use, perhaps just now.
        with suppress(FileNotFoundError):
            return Path(tempfile.mkdtemp(prefix=_USE, dir=_private(folder)))


def _write(path: Path, key: str) -> Path:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(key if key.endswith("\n") else f"{key}\n")  # ssh finds no key in a file without the last newline
    return path


def _private(folder: Path) -> Path:
    """Where keys may be; both folders are this user's alone."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    memory = _in_memory(folder)
    for private in (memory, folder):
        if private is not None and _made(private) and _is_mine(private):
            return private
    if not os.path.lexists(folder):
        raise FileNotFoundError(folder)  # another task, which is done, has just removed it
    raise PermissionError(f"The folder {folder} must belong to the runner's user and be closed to others (0700).")


def _in_memory(folder: Path) -> Path | None:
    if not MEMORY.is_dir():
        return None
    name = hashlib.sha256(os.fsencode(folder.absolute())).hexdigest()[:16]
    return MEMORY / f"dotscience-runner-{os.getuid()}-{name}"


def _made(private: Path) -> bool:
    """Whether there is something with that name, now or before."""
    try:
        private.mkdir(mode=0o700, exist_ok=True)
    except OSError:
        return False
    return True


def _is_mine(private: Path) -> bool:
    """Whether it is a folder of ours alone: anybody may have made that name in ``/dev/shm`` before us."""
    try:
        found = private.lstat()
    except OSError:
        return False
    return stat.S_ISDIR(found.st_mode) and found.st_uid == os.getuid() and not stat.S_IMODE(found.st_mode) & 0o077
