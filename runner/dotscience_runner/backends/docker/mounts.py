"""From a folder of the spool, as the agent sees it, to a mount of a task, as the engine must be told.

The engine resolves the source of a bind on its own machine, as root, links included. Two things follow. Where the agent
itself is a container, its paths mean nothing to the engine and have to be translated. And no part of a source may be
something that a task can replace by a link to /etc or to another task's folder.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from docker.types import Mount as DockerMount

from dotscience_runner.backends.base import BackendError

from .engine import Engine

# Older engines ignore the field and would show the task the whole volume, all other tasks included.
SUBPATH_API = (1, 45)
_OWN_FILE = re.compile(r"/containers/([0-9a-f]{64})/(hostname|hosts|resolv\.conf)$")


class Mounts:
    """Makes mounts.

    Args:
        engine: Where tasks run.
        spool: The folder below which every source must lie; None for no such rule.
        mountinfo: This process's mounts (proc(5)), from which it knows in which container it is.
    """

    def __init__(
        self, engine: Engine, spool: Path | None = None, mountinfo: Path = Path("/proc/self/mountinfo")
    ) -> None:
        self._engine = engine
        self._spool = spool
        self._mountinfo = mountinfo
        self._own: list[dict[str, Any]] | None = None
        self._asked = False

    def make(self, source: Path, target: str, *, read_only: bool) -> Any:
        """The mount of ``source`` at ``target``.

        Raises:
            BackendError: the source is not safe, or the engine cannot see it.
        """
        if self._spool is not None and self._spool not in source.parents:
            raise BackendError(f"{source} is not below the spool {self._spool}; it is not mounted into a task.")
        check(source, self._engine.socket_path)
        own = self._own_mounts()
        if own is None:
            return DockerMount(target, str(source), type="bind", read_only=read_only)
        return self._sibling(_holder(own, source), source, target, read_only=read_only)

    def _sibling(self, holder: dict[str, Any] | None, source: Path, target: str, *, read_only: bool) -> Any:
        if holder is None:
            raise BackendError(
                f"{source} lies in the runner's own container, where tasks cannot see it; "
                "start the runner with a volume for its spool: -v dotscience-task-spool:/spool"
            )
        below = source.relative_to(holder["Destination"])
        volume = holder["Type"] == "volume"
        if volume and below == Path():
            raise BackendError(f"{source} is a whole volume, which is never given to a task.")
        if volume and self._engine.api_version >= SUBPATH_API:
            name = holder["Name"]
            return DockerMount(target, name, type="volume", subpath=str(below), read_only=read_only, no_copy=True)
        if volume and holder.get("Driver") != "local":
            raise BackendError(
                f"The spool is on a volume of driver {holder.get('Driver')}, which needs Docker 26 or newer."
            )
        return DockerMount(target, str(Path(holder["Source"]) / below), type="bind", read_only=read_only)

    def _own_mounts(self) -> list[dict[str, Any]] | None:
        """The mounts of the container that this process runs in; None when it runs in none that the engine knows.

        Then paths are taken as they are: plain machines, and containers with an engine inside. An engine elsewhere
        refuses them, because a bind of a missing folder is an error.
        """
        if not self._asked:
            identity = own_container(self._mountinfo)
            found = self._engine.patiently(lambda: self._engine.inspect(identity)) if identity else None
            self._own, self._asked = (found["Mounts"] if found else None), True
        return self._own


def own_container(mountinfo: Path) -> str | None:
    """Id of the container that this process runs in, by the files that every Docker container has in /etc.

    A machine that runs containers has lines with their ids too, as mount points; only the root of a mount counts here.
    """
    try:
        lines = mountinfo.read_text(errors="replace").splitlines()
    except OSError:
        return None
    for line in lines:
        fields = line.split(" ")
        match = _OWN_FILE.search(fields[3]) if len(fields) > 4 else None
        if match and fields[4] == f"/etc/{match[2]}":
            return match[1]
    return None


def _holder(mounts: Iterable[dict[str, Any]], source: Path) -> dict[str, Any] | None:
    """The mount that ``source`` lies in: the innermost one, if tasks can have a part of it."""
    around = [mount for mount in mounts if source.is_relative_to(mount["Destination"])]
    inner = max(around, key=lambda mount: len(Path(mount["Destination"]).parts), default=None)
    return inner if inner is not None and inner["Type"] in ("volume", "bind") else None


def check(source: Path, socket: str | None) -> None:
    """Refuse a source that a task, or another user of this machine, could have turned into something else.

    Each folder on the way must be no link, belong to the agent's user or root, and be writable for them alone (or
    sticky, as /tmp is). The source itself may be writable for all: a mount point cannot be replaced from inside.

    Raises:
        BackendError: it could, or it holds the engine's socket.
    """
    if not source.is_absolute() or ".." in source.parts:
        raise BackendError(f"{source} is no plain absolute path.")
    for place in (source, *source.parents):
        try:
            status = os.lstat(place)
        except OSError as error:
            raise BackendError(f"{place} cannot be mounted: {error.strerror}.") from error
        if not stat.S_ISDIR(status.st_mode):
            raise BackendError(f"{place} is no folder (links are not followed); it is not mounted into a task.")
        if status.st_uid not in (0, os.geteuid()):
            raise BackendError(f"{place} belongs to another user; it is not mounted into a task.")
        if place != source and _others_may_write(status):
            raise BackendError(f"Others may write into {place}; nothing below it is mounted into a task.")
    if socket is not None and Path(os.path.realpath(socket)).is_relative_to(os.path.realpath(source)):
        raise BackendError(f"{source} holds the Docker engine's socket; it is not mounted into a task.")


def _others_may_write(status: os.stat_result) -> bool:
    if status.st_mode & stat.S_ISVTX:
        return False
    # Many systems give each user a group of their own and let it write.
    strangers = status.st_mode & stat.S_IWGRP and status.st_gid not in (0, os.getegid())
    return bool(status.st_mode & stat.S_IWOTH or strangers)
