"""The datasets that a task sees: each from the one checkout of its version that all tasks of the runner share."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from dotscience_runner.backends.base import WORKSPACE, Mount
from dotscience_runner.storage import Need
from dotscience_runner.storage.sizes import in_words
from jupyter_dotscience.api import paths
from jupyter_dotscience.api.datasets import DatasetMount
from jupyter_dotscience.api.problems import BadRequest, NotFound
from jupyter_dotscience.client import Client
from jupyter_dotscience.workspace import Mirror, WorkspaceError, checkout, list_tree, stored

from .fetching import fetch
from .meanwhile import Meanwhile
from .mountpoints import is_link, make_folder, make_link
from .patience import insist_for_task
from .spool import TaskFolder

if TYPE_CHECKING:
    from .taskloop import Surroundings

PIECE = 1 << 20
BLOCK = 4096


class Datasets:
    """Those of one task.

    Args:
        around: What all tasks share.
        folder: The task's place.
        client: As the task.
        meanwhile: What is done until they are here.
    """

    def __init__(self, around: Surroundings, folder: TaskFolder, client: Client, meanwhile: Meanwhile) -> None:
        self._around, self._folder, self._client, self._meanwhile = around, folder, client, meanwhile
        self._sizes: dict[str, int] = {}
        assignment = folder.load().assignment
        self._mounts, self._token = assignment.datasets, assignment.task_token

    def needs(self) -> list[Need]:
        """Bring the history of what is not here yet; answers the room that its files need.

        Raises:
            WorkspaceError: a place or a version cannot be had.
            NoRoom: they are larger than all that the runner may use.
            Cancelled, TaskLost, AgentClosing: nobody wants it any more.
        """
        check(self._mounts)
        self._throw_away_changed()
        lacking = [mount for mount in self._mounts if not self._around.checkouts.has(mount.dataset, mount.commit)]
        self._around.storage.check([Need(_key(mount), _words(mount), mount.size) for mount in self._mounts])
        return [self._need(mount, mount.commit) for mount in lacking if mount.commit is not None]

    def _throw_away_changed(self) -> None:
        """Where nothing is mounted a task may have written to what all share: root needs no permission for that.

        Links of other tasks lead to the new checkout as soon as it is there.
        """
        for mount, files in self.changed():
            self._meanwhile.say(f"A task has changed the dataset {mount.name} on this runner: it is fetched anew.")
            inodes = {file.lstat().st_ino for file in files if os.path.lexists(file)}
            self._around.objects.forget_files(inodes)
            self._around.checkouts.remove(self._tree(mount).parent, lambda: False)

    def changed(self) -> list[tuple[DatasetMount, list[Path]]]:
        """Datasets that are not what they were, and their files that are not; none where they are mounted."""
        if self._around.backend.mounts_at:
            return []
        checkouts = self._around.checkouts
        found = [(mount, checkouts.changed(mount.dataset, mount.commit)) for mount in self._mounts if mount.commit]
        return [(mount, files) for mount, files in found if files]

    def _need(self, mount: DatasetMount, commit: str) -> Need:
        self._meanwhile.check()
        self._meanwhile.say(f"Fetching the dataset {mount.name} ({mount.files} files, {in_words(mount.size)}).")
        self._meanwhile.tell(f"Dataset {mount.name}: fetching")
        mirror = self._fetch(mount, commit)
        self._meanwhile.check()
        objects = self._around.objects
        listed = list_tree(mirror, commit).values()
        large = {entry.sha256: entry.size for entry in listed if entry.large and entry.sha256}
        here = frozenset(sha256 for sha256, size in large.items() if objects.has(sha256, size))
        # Each takes whole blocks of the disk.
        small = sum(-(-entry.size // BLOCK) * BLOCK for entry in listed if not entry.large)
        wanted = sum(size for sha256, size in large.items() if sha256 not in here)
        self._sizes[_key(mount)] = wanted
        return Need(_key(mount), _words(mount), small + wanted, here)

    def _fetch(self, mount: DatasetMount, commit: str) -> Mirror:
        mirror = Mirror(self._around.spool.git / f"{mount.dataset}.git")
        fetch(
            mirror,
            mount.git_path,
            commit,
            client=self._client,
            token=self._token,
            what=f"Dataset {mount.name}",
            meanwhile=self._meanwhile,
        )
        return mirror

    def bring(self) -> None:
        """Make the checkouts that are not here yet.

        Raises:
            WorkspaceError: one cannot be made.
            Cancelled, TaskLost, AgentClosing: nobody wants it any more.
        """
        for mount in self._mounts:
            if mount.commit is not None:
                insist_for_task(partial(self._bring, mount, mount.commit), self._meanwhile.wishes)

    def _bring(self, mount: DatasetMount, commit: str) -> None:
        source = _Source(self._client, mount, self._arrived(mount), self._meanwhile.check)

        def fill(tree: Path) -> None:
            # Another task may have brought it, and lost it again, since this one looked.
            mirror = self._fetch(mount, commit)
            checkout(mirror, commit, tree, objects=self._around.objects, source=source, linked=True)

        self._around.checkouts.make(mount.dataset, commit, fill, self._meanwhile.check)

    def _arrived(self, mount: DatasetMount) -> Callable[[int], None]:
        progress = self._meanwhile.progress(f"Dataset {mount.name}", self._sizes.get(_key(mount)))

        def arrived(count: int) -> None:
            self._around.storage.arrived(_key(mount), count)
            progress.add(count)

        return arrived

    def place(self) -> None:
        """Put them into the workspace, which nobody else is in yet.

        Raises:
            WorkspaceError: something is in the way.
        """
        for mount in self._mounts:
            if self._around.backend.mounts_at:
                hides = make_folder(self._folder.work, mount.path)
            else:
                hides = make_link(self._folder.work, mount.path, self._tree(mount))
            self._meanwhile.say(
                f"The dataset {mount.name} is at {mount.path} ({mount.files} files, {in_words(mount.size)})."
            )
            if hides:
                self._meanwhile.say(f"It hides what the workspace has at {mount.path}; the project keeps that.")

    def mounts(self) -> list[Mount]:
        """For the workload, where the backend mounts."""
        if not self._around.backend.mounts_at:
            return []
        return [Mount(self._tree(mount), f"{WORKSPACE}/{mount.path}") for mount in self._mounts]

    def complaints(self) -> list[str]:
        """What the task did to its datasets where it could, for its log."""
        if self._around.backend.mounts_at:
            return []
        work = self._folder.work
        return [
            f"Not saved: {mount.path}: it is the place of a dataset."
            for mount in self._mounts
            if not is_link(work, mount.path, self._tree(mount))
        ] + [
            f"Files of the dataset {mount.name} were changed, which this runner cannot prevent. They are no version of "
            "it, and runs that read them are not what they say; the next task gets the dataset anew."
            for mount, _ in self.changed()
        ]

    def _tree(self, mount: DatasetMount) -> Path:
        return self._around.checkouts.tree(mount.dataset, mount.commit)


class _Source:
    """Large contents of a dataset, counted as they come."""

    def __init__(
        self, client: Client, mount: DatasetMount, arrived: Callable[[int], None], check: Callable[[], None]
    ) -> None:
        self._client, self._mount, self._arrived, self._check = client, mount, arrived, check

    def read_object(self, sha256: str, start: int) -> Iterator[bytes]:
        """A large file's content from byte ``start`` on."""
        try:
            reader = self._client.get_dataset_object(dataset=self._mount.dataset, sha256=sha256, start=start)
        except NotFound as error:
            raise WorkspaceError(f"The dataset {self._mount.name} cannot be had: {error}") from error
        with reader:
            while piece := reader.read(PIECE):
                self._check()
                yield piece
                self._arrived(len(piece))


def excluded(mounts: list[DatasetMount]) -> list[bytes]:
    """What no commit of the workspace looks at, as stored paths."""
    return [stored(paths.to_bytes(mount.path)) for mount in mounts]


def check(mounts: list[DatasetMount]) -> None:
    """Whether each can stand where it shall.

    Raises:
        WorkspaceError: a path leads out of the workspace, or into another dataset.
    """
    taken: list[Path] = []
    for mount in mounts:
        try:
            paths.check(paths.to_bytes(mount.path))
        except BadRequest as error:
            raise WorkspaceError(f"The dataset {mount.name} cannot be mounted: {error}") from None
        place = Path(mount.path)
        if any(place.is_relative_to(other) or other.is_relative_to(place) for other in taken):
            raise WorkspaceError(
                f"The dataset {mount.name} at {mount.path} and another one are in each other: link one at another path."
            )
        taken.append(place)


def _words(mount: DatasetMount) -> str:
    return f"the dataset {mount.name}"


def _key(mount: DatasetMount) -> str:
    return f"{mount.dataset}@{mount.commit}"
