"""A folder that belongs to a project: ``.dotscience/`` in it says which, and keeps what its versions need.

::

    <folder>/.dotscience/
        project.json    which project of which hub; nothing secret
        lock            held by whoever makes versions of the folder
        versions/       see :mod:`.queued`

No version of the folder ever holds it.
"""

from __future__ import annotations

import fcntl
import os
from pathlib import Path
from typing import Final

import msgspec

from .errors import WorkspaceError, named
from .queued import QueuedCommitter, Record
from .transfer import Remote

FOLDER: Final = ".dotscience"
EXCLUDED_NAMES: Final = (FOLDER, ".ipynb_checkpoints", ".jupyter_ystore.db", "collaboration_sessions.json")
"""This folder's own, JupyterLab's copies of what it saves, and what jupyter-collaboration notes of who edits what."""


class Bound(msgspec.Struct, frozen=True, kw_only=True):
    """Which project a folder belongs to.

    Attributes:
        url: The hub's address.
        project: The project's id.
        name: Its name when the folder was bound, for people.
        threshold: Files above this many bytes are kept as large objects.
    """

    url: str
    project: str
    name: str = ""
    threshold: int = 10 << 20


class InUse(WorkspaceError):
    """Another program makes versions of the folder."""


class Binding:
    """A bound folder.

    Args:
        root: The folder.
        bound: To what.
    """

    def __init__(self, root: Path, bound: Bound) -> None:
        self.root, self.bound = root, bound
        self._lock: int | None = None

    @classmethod
    def find(cls, folder: Path) -> Binding | None:
        """The binding of a folder, or of the nearest one above it.

        Raises:
            WorkspaceError: there is one that cannot be read.
        """
        folder = folder.resolve()
        for root in (folder, *folder.parents):
            place = root / FOLDER / "project.json"
            with named(f"read {place}"):
                if not place.is_file() or place.parent.stat().st_uid != os.geteuid():
                    continue  # what somebody else has put above our folder is not obeyed
                content = place.read_bytes()
            try:
                return cls(root, msgspec.json.decode(content, type=Bound))
            except msgspec.DecodeError as error:
                raise WorkspaceError(f"{place} is damaged: {error}. Remove it, and bind the folder again.") from None
        return None

    @classmethod
    def make(cls, root: Path, bound: Bound) -> Binding:
        """Bind a folder.

        Raises:
            WorkspaceError: it is bound already, or cannot be written.
        """
        place = root / FOLDER / "project.json"
        with named(f"write {place}"):
            place.parent.mkdir(mode=0o700, exist_ok=True)
            if place.exists():
                raise WorkspaceError(f"The folder {root} belongs to a project already; see {place}.")
            fresh = place.with_name("project.json.new")
            fresh.write_bytes(msgspec.json.format(msgspec.json.encode(bound), indent=2) + b"\n")
            fresh.replace(place)
        return cls(root, bound)

    def hold(self) -> None:
        """Let no other program make versions of the folder, until this process ends or :meth:`release`.

        Raises:
            InUse: another one does.
        """
        with named(f"lock {self.root / FOLDER}"):
            lock = os.open(self.root / FOLDER / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                os.close(lock)
                raise InUse(
                    f"Another program saves the versions of {self.root}, probably a JupyterLab that is open; "
                    "close it first."
                ) from None
        self._lock = lock

    def release(self) -> None:
        """Let others."""
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def committer(self, remote: Remote, record: Record) -> QueuedCommitter:
        """The folder's committer; :meth:`hold` comes first."""
        return QueuedCommitter(
            self.root,
            self.root / FOLDER / "versions",
            remote=remote,
            record=record,
            threshold=self.bound.threshold,
            exclude_names=EXCLUDED_NAMES,
        )
