"""Live points: one append-only file per run in the folder named by ``DOTSCIENCE_POINTS_DIR``.

The runner names that folder, follows the files in it and sends what they hold to the hub, so the code that
trains needs no network. ``<run id>.points`` holds JSON lines in ASCII. The first line is the header::

    {"dotscience_points":1,"run":"<run id>","started":"20260131T235959.123456","workload_file":"train.py"}

``started`` is UTC as in the marker; ``workload_file`` is null where it is not known. Then comes one line per
call of `log`: the step, the time in nanoseconds since 1970, and the values, with those that JSON has no
number for as text::

    [3,1769903999123456789,{"loss":0.25,"norm":"Infinity","ratio":"NaN"}]

Every line, its line end included, is one ``write`` to a descriptor opened with ``O_APPEND``. So what one call
wrote is in the hands of the operating system before the call returns and survives the death of the process
(not of the machine: nothing is synced), and lines of several processes that share the file do not mix. Forked
children share the file of the run that their parent had begun; whoever comes first writes the header, under a lock. A
reader must be ready for a file without a line end at its end (it is being written, or a disk ran full), for a line that
is no JSON (the rest of a write that failed), and for an empty file (killed before the header). A file whose
run was never published is a run that failed.
"""

from __future__ import annotations

import os
import time

from dotscience._marker import timestamp

TYPE_CHECKING = False  # `typing` would take half of the time that the import may take
if TYPE_CHECKING:
    from typing import Callable, Mapping

FORMAT = 1
FOLDER = "DOTSCIENCE_POINTS_DIR"

_SPECIAL = {"nan": '"NaN"', "inf": '"Infinity"', "-inf": '"-Infinity"'}
_FLAGS = os.O_WRONLY | os.O_APPEND | os.O_CREAT | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_NOFOLLOW", 0)


def line(step: int, values: Mapping[str, float]) -> bytes:
    """One call as a line of the file. Hand-made: `json` is ten times slower, and slow to import."""
    content = ",".join([_key(name) + _value(value) for name, value in values.items()])
    return f"[{step},{time.time_ns()},{{{content}}}]\n".encode("ascii")


def _key(name: str) -> str:
    if name.isidentifier() and name.isascii():
        return f'"{name}":'
    import json

    # A lone surrogate, which a name made from bytes may have, is nothing that a reader of UTF-8 could take.
    return json.dumps(name.encode("utf-8", "replace").decode("utf-8")) + ":"


def _value(value: float) -> str:
    text = float.__repr__(value)
    return _SPECIAL.get(text, text)


class PointsFile:
    """The file of one run, made when the first row comes; without a folder to write to, nothing at all happens.

    A signal handler that logs may interrupt any line of this. What it logs while the file is being made waits for
    the header.
    """

    def __init__(self) -> None:
        self._descriptor = -1
        self._identity = (0, 0)
        self._torn = False
        self._warned = False
        # What waits for the header, by process: a child that is forked in the middle of `make` makes the file itself.
        self._waiting: dict[int, list[bytes]] | None = {}

    def make(self, run_id: Callable[[], str], started_ns: int, workload_file: Callable[[], str | None]) -> None:
        """Open the file, and write its header if no other process did, unless that was done.

        Args:
            run_id: gives the run's id, which names the file. Forked processes may give the same.
            started_ns: the run's start in nanoseconds since 1970.
            workload_file: gives the script, relative to the workspace's root, or `None`.
        """
        waiting = self._waiting
        if waiting is None:
            return
        mine: list[bytes] = []
        if waiting.setdefault(os.getpid(), mine) is not mine:  # cannot be interrupted; the others come later
            return
        try:
            folder = os.environ.get(FOLDER)
            if folder:
                name = run_id()
                header = _header(name, started_ns, workload_file())
                self._open(os.path.join(folder, name + ".points"), header)
        except OSError as error:
            self._warn(error)
        finally:  # Ctrl-C in a notebook may come here, too, and the cells after it log on
            self._waiting = None
            for content in mine:
                self.append(content)

    def append(self, content: bytes) -> None:
        """Add one line. A full or broken disk must not end a training: it costs a warning and the points."""
        waiting = self._waiting
        if waiting is not None:
            waiting.setdefault(os.getpid(), []).append(content)
        elif self._descriptor >= 0:
            try:
                self._write(content)
            except OSError as error:
                self._torn = True
                self._warn(error)

    @property
    def is_wanted(self) -> bool:
        """Whether lines go anywhere."""
        return self._descriptor >= 0 or self._waiting is not None

    def close(self) -> None:
        """No more lines will come from this process."""
        if self._descriptor >= 0 and self._is_ours():
            os.close(self._descriptor)
        self._descriptor = -1

    def __del__(self) -> None:
        self.close()

    def _open(self, path: str, header: bytes) -> None:
        self.close()  # what a fork in the middle of this left
        self._descriptor = os.open(path, _FLAGS, 0o644)
        status = os.fstat(self._descriptor)
        self._identity = (status.st_dev, status.st_ino)
        _lock(self._descriptor, True)
        try:
            if not os.fstat(self._descriptor).st_size:
                self._write(header)
        finally:
            _lock(self._descriptor, False)

    def _write(self, content: bytes) -> None:
        if not self._is_ours():
            self._descriptor = -1
            raise OSError("its descriptor was closed by other code")
        if self._torn:  # end the line that a failed write left half done, so that only that one is lost
            content = b"\n" + content
        written = os.write(self._descriptor, content)
        self._torn = False
        while written < len(content):  # a disk that is nearly full takes a part
            self._torn = True
            written += os.write(self._descriptor, content[written:])
            self._torn = written < len(content)

    def _is_ours(self) -> bool:
        """Whether the descriptor still is this file: code that makes itself a daemon closes all there are."""
        try:
            status = os.fstat(self._descriptor)
        except OSError:
            return False
        return (status.st_dev, status.st_ino) == self._identity

    def _warn(self, error: OSError) -> None:
        if not self._warned:
            import warnings

            self._warned = True
            warnings.warn(f"Dotscience cannot write live points: {error}.", RuntimeWarning, stacklevel=6)


def _lock(descriptor: int, held: bool) -> None:
    """Keep other processes from writing the header, or let them. No row comes before the header: all ask for this.

    A lock of POSIX, not of BSD: a child that is forked meanwhile does not hold it, too, and the kernel releases it when
    the process dies.
    """
    try:
        import fcntl

        fcntl.lockf(descriptor, fcntl.LOCK_EX if held else fcntl.LOCK_UN)
    except (ImportError, OSError):  # no fork on this system, or a disk without locks: only a race would need them
        pass


def _header(run_id: str, started_ns: int, workload_file: str | None) -> bytes:
    import json

    content = {
        "dotscience_points": FORMAT,
        "run": run_id,
        "started": timestamp(started_ns),
        "workload_file": workload_file,
    }
    return (json.dumps(content, separators=(",", ":")) + "\n").encode("ascii")
