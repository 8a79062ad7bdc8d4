"""What tasks leave behind: versions in between, and the end with its outcome, last changes and runs.

The end is made in an order in which each step may be repeated: the commit (which depends only on what was sent), the
merge (which does nothing the second time), then one transaction with the outcome, the runs and the end of the lease.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import msgspec
from sqlalchemy.orm import Session

from dotscience_hub.domain import states
from dotscience_hub.domain.corrections import with_correction
from dotscience_hub.queue.queue import Queue
from dotscience_hub.store.base import clean
from dotscience_hub.store.database import Database
from dotscience_hub.store.datasets import datasets_of
from dotscience_hub.store.tasks import TaskRow, lock_task
from jupyter_dotscience.api import metadata
from jupyter_dotscience.api.commits import CommitCreate, CommitResult
from jupyter_dotscience.api.datasets import TaskDataset, mount_of
from jupyter_dotscience.api.problems import BadRequest, NotFound
from jupyter_dotscience.api.protocol import Finish, Finished, TaskCommit, TaskCommitted
from jupyter_dotscience.api.runs import RunReport
from jupyter_dotscience.api.tasks import Execution, JupyterWorkload, MergeState, TaskStatus, Workload

from .caller import Caller
from .ports import FileVersionOf, TaskLogs, TaskRuns, Workspaces
from .task_views import mount

NEVER_PUBLISHED = "The task ended before this run was published."


@dataclass(frozen=True)
class _Work:
    """What is to be known of a task outside of transactions."""

    task: str
    project: str
    creator: str
    runner_name: str
    workload: Workload
    start: str | None
    execution: Execution
    stop_requested: bool
    mounts: Sequence[TaskDataset]


@dataclass(frozen=True)
class _Saved:
    """A recorded version with its runs."""

    commit: str | None
    head: str | None
    runs: Sequence[RunReport]
    inputs: Mapping[str, FileVersionOf]
    outputs: Mapping[str, FileVersionOf]
    merge: MergeState = MergeState.NONE
    conflicts: Sequence[str] = ()


class Results:
    """Serves commit_task and finish."""

    def __init__(
        self, database: Database, queue: Queue, workspaces: Workspaces, runs: TaskRuns, logs: TaskLogs
    ) -> None:
        """Make the service.

        Args:
            database: Where tasks are.
            queue: Guards leases, and moves tasks.
            workspaces: Where changes go.
            runs: Where runs go.
            logs: Made durable before the end.
        """
        self._database = database
        self._queue = queue
        self._workspaces = workspaces
        self._runs = runs
        self._logs = logs
        queue.transitions.when_ended(lambda session, tasks: runs.fail_open_runs(session, tasks, NEVER_PUBLISHED))

    def commit_task(self, caller: Caller, *, task: str, body: TaskCommit) -> TaskCommitted:
        """Record a version in the middle of a task, on the task's own branch, and merge that into main.

        Main moves with each version, so that the project's people see what a JupyterLab does. Where both sides changed
        the same, main stays where it is until a later version, or a person, has settled it.

        Raises:
            LeaseLost: The task is not this runner's any more.
            BadRequest: The changes are not such as a workspace can have.
        """
        with self._database.write() as session:
            work = _work(session, self._queue.leases.hold(session, caller.name, task, body.fence))
        if body.commit.runs:
            raise BadRequest("The runs of a task go beside its commit, not into it.", code="misplaced_runs")
        runs = _all_runs(work, body.runs, body.commit)
        # Runs are worth a commit though no file has changed: the history says which there were, and when.
        commit = msgspec.structs.replace(body.commit, always=body.commit.always or bool(runs))
        result, saved = self._save(work, commit, runs, succeeded=True)
        self._queue.leases.check(caller.name, task, body.fence)
        merge, conflicts, _ = self._workspaces.merge_task(work.project, task, work.creator, body.commit.keep)
        with self._database.write() as session:
            row = self._queue.leases.hold(session, caller.name, task, body.fence)
            row.result_commit = saved.head or row.result_commit
            row.merge, row.conflicts = merge.value, list(conflicts)
            self._record(session, row, saved)
            self._queue.transitions.noted(session, row)
        return TaskCommitted(
            commit=result.commit, head=result.head, merged=result.merged, merge=merge, conflicts=conflicts
        )

    def finish(self, caller: Caller, *, task: str, body: Finish) -> Finished:
        """End a task. Repeated, it answers the same and does nothing.

        Raises:
            LeaseLost: The task is not this runner's any more.
            BadRequest: The changes are not such as a workspace can have.
        """
        with self._database.write() as session:
            row = lock_task(session, task)
            if row is not None and _is_repeated(row, caller, body):
                return _finished(row)
            row = self._queue.leases.hold(session, caller.name, task, body.fence)
            row.finishing = True
            if row.status != TaskStatus.SAVING:
                self._queue.transitions.move(session, row, TaskStatus.SAVING, "Saving its results.")
            work = _work(session, row)
        saved = self._save_last(work, body)
        self._check_still_held(caller, task, body)
        merge, conflicts, _ = self._workspaces.merge_task(work.project, task, work.creator)
        self._logs.seal(task)
        return self._end(caller, task, body, dataclasses.replace(saved, merge=merge, conflicts=conflicts))

    def _check_still_held(self, caller: Caller, task: str, body: Finish) -> None:
        """Many files take a while to record: what lost its lease meanwhile stays out of main."""
        with self._database.read() as session:
            row = session.get(TaskRow, task)
            if row is None or not _is_repeated(row, caller, body):
                self._queue.leases.check(caller.name, task, body.fence, session)

    def _save_last(self, work: _Work, body: Finish) -> _Saved:
        runs = _all_runs(work, body.runs, body.commit)
        status = states.ended(body.outcome, body.exit_code, stop_requested=work.stop_requested)
        work = dataclasses.replace(work, execution=body.execution)
        return self._save(work, body.commit, runs, succeeded=status is TaskStatus.SUCCEEDED)[1]

    def _save(
        self, work: _Work, commit: CommitCreate | None, runs: Sequence[RunReport], *, succeeded: bool
    ) -> tuple[CommitResult, _Saved]:
        """Record changes, if there are any, with the runs' metadata, and find the versions of their files."""
        paths = sorted({path for run in runs for path in run.inputs})
        # What an earlier version of the same task changed was read as that version has it.
        at = commit.parent if commit is not None else work.start
        inputs = self._versions(work, at, [path for path in paths if mount_of(path, work.mounts) is None])
        inputs |= self._dataset_versions(work.mounts, paths)
        result = CommitResult(commit=None, head=None)
        if commit is not None:
            described = _metadata(work, commit, runs, inputs, succeeded=succeeded)
            result = self._workspaces.record_task(work.project, work.task, work.creator, commit, described)
        at = result.commit or result.head or work.start
        # What a run read and an earlier one of the same task wrote was not there at the start.
        late = [path for path in paths if path not in inputs and mount_of(path, work.mounts) is None]
        written = sorted({path for run in runs for path in run.outputs} | set(late))
        outputs = self._versions(work, at, written)
        inputs.update({path: outputs[path] for path in late if path in outputs})
        return result, _Saved(at, result.head or result.commit, runs, inputs, outputs)

    def _versions(self, work: _Work, commit: str | None, paths: Sequence[str]) -> dict[str, FileVersionOf]:
        return dict(self._workspaces.versions_at(work.project, commit, paths)) if commit and paths else {}

    def _dataset_versions(self, mounts: Sequence[TaskDataset], paths: Sequence[str]) -> dict[str, FileVersionOf]:
        """Versions of those of the files that are a dataset's, by their paths in the workspace."""
        found: dict[str, FileVersionOf] = {}
        for each in mounts:
            start = each.path + "/"
            inside = [path.removeprefix(start) for path in paths if path.startswith(start)]
            if not inside or each.commit is None:
                continue
            try:
                versions = self._workspaces.versions_at(each.dataset, each.commit, inside)
            except NotFound:
                continue  # deleted while the task ran: which version it saw is noted all the same
            found.update((start + path, version) for path, version in versions.items())
        return found

    def _end(self, caller: Caller, task: str, body: Finish, saved: _Saved) -> Finished:
        with self._database.write() as session:
            row = lock_task(session, task)
            if row is not None and _is_repeated(row, caller, body):
                return _finished(row)  # the same request, twice at a time
            row = self._queue.leases.hold(session, caller.name, task, body.fence)
            status = states.ended(body.outcome, body.exit_code, stop_requested=row.stop_requested)
            row.exit_code, row.execution = body.exit_code, body.execution
            row.result_commit = saved.head or row.result_commit
            row.merge, row.conflicts = saved.merge.value, list(saved.conflicts)
            row.finished_fence = body.fence
            self._record(session, row, saved)
            message = states.why(body.outcome, status, body.exit_code, clean(body.message))
            self._queue.transitions.end(session, row, status, message)
            return _finished(row)

    def _record(self, session: Session, row: TaskRow, saved: _Saved) -> None:
        if saved.runs:
            self._runs.record_task_runs(
                session,
                project=row.project_id,
                task=row.id,
                author=row.creator,
                runs=saved.runs,
                commit=saved.commit,
                inputs=saved.inputs,
                outputs=saved.outputs,
                mounts=[mount(seen) for seen in datasets_of(session, [row.id])[row.id]],
            )


def _work(session: Session, row: TaskRow) -> _Work:
    return _Work(
        task=row.id,
        project=row.project_id,
        creator=row.creator,
        runner_name=row.runner_name or "",
        workload=row.workload,
        start=(row.result_commit or row.commit) if isinstance(row.workload, JupyterWorkload) else row.commit,
        execution=row.execution,
        stop_requested=row.stop_requested,
        mounts=[mount(seen) for seen in datasets_of(session, [row.id])[row.id]],
    )


def _all_runs(work: _Work, runs: Sequence[RunReport], commit: CommitCreate | None) -> Sequence[RunReport]:
    """The runs, and the correction for files that none of them claims.

    People save notebooks all the time: in a JupyterLab only a version with runs is worth one.
    """
    if commit is None or (isinstance(work.workload, JupyterWorkload) and not runs):
        return runs
    return with_correction(work.task, runs, [change.path for change in commit.changes])


def _metadata(
    work: _Work,
    commit: CommitCreate,
    runs: Sequence[RunReport],
    inputs: Mapping[str, FileVersionOf],
    *,
    succeeded: bool,
) -> dict[str, str]:
    task = metadata.of_task(
        author=work.creator,
        message=commit.message,
        succeeded=succeeded,
        workload=work.workload,
        execution=work.execution,
        runner_name=work.runner_name,
    )
    versions = {path: version[0] for path, version in inputs.items()}
    return {**task, **metadata.of_datasets(work.mounts), **metadata.of_runs(runs, versions, work.mounts)}


def _is_repeated(row: TaskRow, caller: Caller, body: Finish) -> bool:
    return row.finished_fence == body.fence and row.runner_id == caller.name


def _finished(row: TaskRow) -> Finished:
    return Finished(
        status=TaskStatus(row.status),
        commit=row.result_commit,
        merge=MergeState(row.merge),
        conflicts=row.conflicts,
    )
