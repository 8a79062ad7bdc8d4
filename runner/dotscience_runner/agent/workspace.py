"""A task's workspace: filled from a commit before the task, and sent as a commit after it."""

from __future__ import annotations

import datetime as dt
import shlex
from collections.abc import Callable, Iterator, Mapping

import msgspec

from dotscience_runner.files import remove_tree
from jupyter_dotscience.api.commits import CommitCreate
from jupyter_dotscience.api.protocol import Assignment
from jupyter_dotscience.api.tasks import CommandWorkload
from jupyter_dotscience.client import Client
from jupyter_dotscience.client.remote import ProjectRemote
from jupyter_dotscience.workspace import (
    Checkout,
    Entry,
    Mirror,
    ObjectCache,
    StatCache,
    changes,
    checkout,
    commit_request,
    list_tree,
    scan,
    send,
)

from .datasets import excluded
from .fetching import fetch
from .meanwhile import Meanwhile
from .patience import insist_for_task
from .spool import Spool, TaskFolder
from .wishes import Wishes

LONGEST_COMMAND = 200
PIECE = 1 << 20


class TaskRemote(ProjectRemote):
    """The task's project: contents in both directions.

    Attributes:
        arrived: Called with each number of bytes of large files that has come; may raise.
    """

    def __init__(self, client: Client, project: str) -> None:
        super().__init__(client, project)
        self._contents = client
        self.arrived: Callable[[int], None] = lambda _: None

    def read_object(self, sha256: str, start: int) -> Iterator[bytes]:
        """A large file's content from byte ``start`` on."""
        with self._contents.get_object(project=self._project, sha256=sha256, start=start) as reader:
            while piece := reader.read(PIECE):
                yield piece
                self.arrived(len(piece))


class Workspace:
    """The workspace of one task.

    Args:
        assignment: What the hub said.
        folder: The task's place.
        spool: Where history and objects are kept between tasks.
        objects: The runner's large contents.
        client: As the task.
        wishes: What ends the work.
    """

    def __init__(
        self,
        assignment: Assignment,
        folder: TaskFolder,
        spool: Spool,
        objects: ObjectCache,
        client: Client,
        wishes: Wishes,
    ) -> None:
        self._assignment, self._folder, self._objects = assignment, folder, objects
        self._client, self._wishes = client, wishes
        self._remote = TaskRemote(client, assignment.project)
        self._mirror = Mirror(spool.git / f"{assignment.project}.git")

    def check_out(self, room: Callable[[int], None], meanwhile: Meanwhile) -> int:
        """Fill the folder anew; answers the number of files.

        Args:
            room: Called with the bytes of all files before any is written; may raise.
            meanwhile: What is done until they are here.

        Raises:
            Cancelled: the task shall stop.
            WorkspaceError: it cannot be done on this machine, or the commit is not there.
        """
        commit = self._assignment.commit
        if commit:
            assignment = self._assignment
            fetch(
                self._mirror,
                assignment.git_path,
                commit,
                client=self._client,
                token=assignment.task_token,
                what="Workspace",
                meanwhile=meanwhile,
            )
        progress = meanwhile.progress("Workspace", None)

        def arrived(count: int) -> None:
            progress.add(count)
            meanwhile.check()

        self._remote.arrived = arrived
        done = insist_for_task(lambda: self._fill(commit, room), self._wishes)
        return len(done.base)

    def _fill(self, commit: str | None, room: Callable[[int], None]) -> Checkout:
        """From the beginning: the hub may have gone away in the middle of an attempt before."""
        remove_tree(self._folder.work)
        self._folder.work.mkdir()
        self._folder.work.chmod(0o777)
        return checkout(
            self._mirror,
            commit,
            self._folder.work,
            objects=self._objects,
            source=self._remote,
            cache=StatCache(self._folder.stat_cache),
            threshold=self._assignment.large_file_threshold,
            room=room,
        )

    def results(self, ended: dt.datetime) -> CommitCreate | None:
        """Send what the task changed; answers the commit to record, None when nothing has changed.

        Args:
            ended: The commit's time. It makes a repeated commit the same one.

        Raises:
            WorkspaceError: the folder cannot be read.
        """
        cache = StatCache(self._folder.stat_cache)
        snapshot = scan(
            self._folder.work,
            cache=cache,
            threshold=self._assignment.large_file_threshold,
            exclude=excluded(self._assignment.datasets),
        )
        found = changes(self.base(), snapshot)
        if not found:
            return None
        sent = insist_for_task(lambda: send(self._folder.work, found, self._remote), self._wishes)
        request = commit_request(
            found,
            sent,
            branch=f"tasks/{self._assignment.task}",
            parent=self._assignment.commit,
            message=self._message(),
        )
        return msgspec.structs.replace(request, created=ended)

    def base(self) -> Mapping[bytes, Entry]:
        """The files that the folder was filled with, by stored path."""
        commit = self._assignment.commit
        return list_tree(self._mirror, commit) if commit else {}

    def _message(self) -> str:
        workload = self._assignment.workload
        assert isinstance(workload, CommandWorkload)
        command = " ".join(shlex.join(workload.command).split())
        return "Run: " + (command if len(command) <= LONGEST_COMMAND else command[: LONGEST_COMMAND - 1] + "…")
