"""One typed method per endpoint. Made by `python -m jupyter_dotscience.client.generate`; do not edit."""

from __future__ import annotations

import abc
from collections.abc import Mapping
from typing import Any, TypeVar

from jupyter_dotscience.api import (
    account,
    comments,
    commits,
    datasets,
    files,
    logins,
    logs,
    projects,
    protocol,
    provenance,
    repeats,
    resources,
    runners,
    runs,
    secrets,
    tasks,
    uploads,
    users,
)

from .body import Content
from .responses import ItemStream, Reader

T = TypeVar("T")


class Methods(abc.ABC):
    """The endpoints of the hub; :class:`~jupyter_dotscience.client.Client` sends the requests.

    Every method takes ``timeout``, the seconds to wait for the next byte of the answer, and raises
    :class:`~jupyter_dotscience.api.problems.Unreachable` when there is none and
    :class:`~jupyter_dotscience.api.problems.ApiError` when the hub answers with a problem.
    """

    @abc.abstractmethod
    def _json(self, kind: type[T], name: str, path: Mapping[str, str], **rest: Any) -> T: ...

    @abc.abstractmethod
    def _empty(self, name: str, path: Mapping[str, str], **rest: Any) -> None: ...

    @abc.abstractmethod
    def _text(self, name: str, path: Mapping[str, str], **rest: Any) -> str: ...

    @abc.abstractmethod
    def _bytes(self, name: str, path: Mapping[str, str], *, start: int = 0, **rest: Any) -> Reader: ...

    @abc.abstractmethod
    def _stream(self, kind: type[T], name: str, path: Mapping[str, str], **rest: Any) -> ItemStream[T]: ...

    def get_version(self, *, timeout: float | None = None) -> account.VersionInfo:
        """Versions of hub, API and runner protocol."""
        return self._json(account.VersionInfo, "get_version", {}, timeout=timeout)

    def get_health(self, *, timeout: float | None = None) -> account.Health:
        """Whether the service runs."""
        return self._json(account.Health, "get_health", {}, timeout=timeout)

    def get_readiness(self, *, timeout: float | None = None) -> account.Health:
        """Whether the service can serve: database, storage, hub."""
        return self._json(account.Health, "get_readiness", {}, timeout=timeout)

    def get_metrics(self, *, timeout: float | None = None) -> str:
        """Figures for Prometheus."""
        return self._text("get_metrics", {}, timeout=timeout)

    def get_account(self, *, timeout: float | None = None) -> account.Account:
        """Who the caller is."""
        return self._json(account.Account, "get_account", {}, timeout=timeout)

    def redeem_login_code(self, request: logins.CodeRedeem, *, timeout: float | None = None) -> logins.LoginGrant:
        """Trade a code that the browser brought for a token."""
        return self._json(logins.LoginGrant, "redeem_login_code", {}, request=request, timeout=timeout)

    def start_device_login(self, request: logins.DeviceStart, *, timeout: float | None = None) -> logins.DeviceLogin:
        """Begin a login that is confirmed on another device."""
        return self._json(logins.DeviceLogin, "start_device_login", {}, request=request, timeout=timeout)

    def poll_device_login(self, request: logins.DevicePoll, *, timeout: float | None = None) -> logins.LoginGrant:
        """The token, once somebody has confirmed."""
        return self._json(logins.LoginGrant, "poll_device_login", {}, request=request, timeout=timeout)

    def revoke_token(self, request: logins.TokenRevoke, *, timeout: float | None = None) -> None:
        """End a token at Dotscience; one that is none is no error."""
        self._empty("revoke_token", {}, request=request, timeout=timeout)

    def find_users(self, *, query: users.UserQuery, timeout: float | None = None) -> users.UserList:
        """Names of the hub's users, to share a project with."""
        return self._json(users.UserList, "find_users", {}, query=query, timeout=timeout)

    def list_projects(
        self, *, query: projects.ProjectQuery | None = None, timeout: float | None = None
    ) -> projects.ProjectList:
        """Projects of the caller and shared with them."""
        return self._json(projects.ProjectList, "list_projects", {}, query=query, timeout=timeout)

    def create_project(
        self, request: projects.ProjectCreate, *, idempotency_key: str | None = None, timeout: float | None = None
    ) -> projects.Project:
        """Create a project."""
        return self._json(
            projects.Project, "create_project", {}, request=request, idempotency_key=idempotency_key, timeout=timeout
        )

    def get_project(self, *, project: str, timeout: float | None = None) -> projects.Project:
        """A project."""
        return self._json(projects.Project, "get_project", {"project": project}, timeout=timeout)

    def update_project(
        self, request: projects.ProjectUpdate, *, project: str, timeout: float | None = None
    ) -> projects.Project:
        """Change name or description."""
        return self._json(projects.Project, "update_project", {"project": project}, request=request, timeout=timeout)

    def delete_project(self, *, project: str, timeout: float | None = None) -> None:
        """Delete a project with all it holds; there is no undelete."""
        self._empty("delete_project", {"project": project}, timeout=timeout)

    def set_collaborator(
        self, request: projects.CollaboratorSet, *, project: str, user: str, timeout: float | None = None
    ) -> projects.Project:
        """Share the project with a user of the hub."""
        return self._json(
            projects.Project, "set_collaborator", {"project": project, "user": user}, request=request, timeout=timeout
        )

    def remove_collaborator(self, *, project: str, user: str, timeout: float | None = None) -> None:
        """Stop sharing the project with a user."""
        self._empty("remove_collaborator", {"project": project, "user": user}, timeout=timeout)

    def get_tree(
        self, *, project: str, query: files.TreeQuery | None = None, timeout: float | None = None
    ) -> files.Tree:
        """Files of the workspace at a commit."""
        return self._json(files.Tree, "get_tree", {"project": project}, query=query, timeout=timeout)

    def get_file(self, *, project: str, query: files.FileQuery, timeout: float | None = None) -> Reader:
        """Content of one file."""
        return self._bytes("get_file", {"project": project}, query=query, timeout=timeout)

    def get_archive(
        self, *, project: str, query: files.ArchiveQuery | None = None, timeout: float | None = None
    ) -> Reader:
        """A folder with all that is in it, as a .zip."""
        return self._bytes("get_archive", {"project": project}, query=query, timeout=timeout)

    def list_commits(
        self, *, project: str, query: commits.CommitQuery | None = None, timeout: float | None = None
    ) -> commits.CommitList:
        """History of the workspace or of one file."""
        return self._json(commits.CommitList, "list_commits", {"project": project}, query=query, timeout=timeout)

    def get_commit(self, *, project: str, commit: str, timeout: float | None = None) -> commits.Commit:
        """A commit with its metadata."""
        return self._json(commits.Commit, "get_commit", {"project": project, "commit": commit}, timeout=timeout)

    def list_changes(
        self, *, project: str, commit: str, query: commits.ChangesQuery | None = None, timeout: float | None = None
    ) -> commits.ChangedFiles:
        """Files that differ between two versions."""
        return self._json(
            commits.ChangedFiles, "list_changes", {"project": project, "commit": commit}, query=query, timeout=timeout
        )

    def create_commit(
        self, request: commits.CommitCreate, *, project: str, timeout: float | None = None
    ) -> commits.CommitResult:
        """Record changes as one commit."""
        return self._json(commits.CommitResult, "create_commit", {"project": project}, request=request, timeout=timeout)

    def list_branches(self, *, project: str, timeout: float | None = None) -> commits.BranchList:
        """Branches of the workspace."""
        return self._json(commits.BranchList, "list_branches", {"project": project}, timeout=timeout)

    def find_missing(
        self, request: commits.MissingQuery, *, project: str, timeout: float | None = None
    ) -> commits.Missing:
        """Which contents this project does not have yet."""
        return self._json(commits.Missing, "find_missing", {"project": project}, request=request, timeout=timeout)

    def put_object(
        self, request: Content, *, project: str, sha256: str, length: int | None = None, timeout: float | None = None
    ) -> None:
        """Send one large file's content."""
        self._empty(
            "put_object", {"project": project, "sha256": sha256}, request=request, length=length, timeout=timeout
        )

    def begin_upload(
        self, request: uploads.UploadBegin, *, project: str, timeout: float | None = None
    ) -> uploads.Upload:
        """How much the hub has of a large content that comes in parts."""
        return self._json(uploads.Upload, "begin_upload", {"project": project}, request=request, timeout=timeout)

    def put_part(
        self,
        request: Content,
        *,
        project: str,
        sha256: str,
        length: int | None = None,
        query: uploads.PartQuery,
        timeout: float | None = None,
    ) -> uploads.Upload:
        """Send the next part of a large content."""
        return self._json(
            uploads.Upload,
            "put_part",
            {"project": project, "sha256": sha256},
            request=request,
            length=length,
            query=query,
            timeout=timeout,
        )

    def finish_upload(
        self, request: uploads.UploadFinish, *, project: str, sha256: str, timeout: float | None = None
    ) -> None:
        """All parts were sent: check and keep the content."""
        self._empty("finish_upload", {"project": project, "sha256": sha256}, request=request, timeout=timeout)

    def get_object(self, *, project: str, sha256: str, start: int = 0, timeout: float | None = None) -> Reader:
        """One large file's content; honours Range."""
        return self._bytes("get_object", {"project": project, "sha256": sha256}, start=start, timeout=timeout)

    def put_pack(
        self, request: Content, *, project: str, length: int | None = None, timeout: float | None = None
    ) -> commits.PackResult:
        """Send many small blobs as one git pack."""
        return self._json(
            commits.PackResult, "put_pack", {"project": project}, request=request, length=length, timeout=timeout
        )

    def create_task(
        self,
        request: tasks.TaskCreate,
        *,
        project: str,
        idempotency_key: str | None = None,
        timeout: float | None = None,
    ) -> tasks.Task:
        """Queue a task."""
        return self._json(
            tasks.Task,
            "create_task",
            {"project": project},
            request=request,
            idempotency_key=idempotency_key,
            timeout=timeout,
        )

    def list_tasks(self, *, query: tasks.TaskListQuery | None = None, timeout: float | None = None) -> tasks.TaskList:
        """Tasks of the caller's projects."""
        return self._json(tasks.TaskList, "list_tasks", {}, query=query, timeout=timeout)

    def get_task(self, *, task: str, query: tasks.TaskQuery | None = None, timeout: float | None = None) -> tasks.Task:
        """A task; can wait for its next change."""
        return self._json(tasks.Task, "get_task", {"task": task}, query=query, timeout=timeout)

    def stop_task(self, *, task: str, timeout: float | None = None) -> tasks.Task:
        """Ask a task to stop; its results are still saved."""
        return self._json(tasks.Task, "stop_task", {"task": task}, timeout=timeout)

    def delete_task(self, *, task: str, timeout: float | None = None) -> None:
        """Remove a terminated task from the list."""
        self._empty("delete_task", {"task": task}, timeout=timeout)

    def get_door(self, *, task: str, timeout: float | None = None) -> tasks.Door:
        """Where the hub's proxy reaches a task's JupyterLab."""
        return self._json(tasks.Door, "get_door", {"task": task}, timeout=timeout)

    def list_guests(self, *, task: str, timeout: float | None = None) -> tasks.GuestList:
        """Who else may open a task's JupyterLab."""
        return self._json(tasks.GuestList, "list_guests", {"task": task}, timeout=timeout)

    def add_guest(self, *, task: str, user: str, timeout: float | None = None) -> tasks.GuestList:
        """Let a collaborator into one's own JupyterLab while it runs."""
        return self._json(tasks.GuestList, "add_guest", {"task": task, "user": user}, timeout=timeout)

    def remove_guest(self, *, task: str, user: str, timeout: float | None = None) -> None:
        """Let a guest into a JupyterLab no more."""
        self._empty("remove_guest", {"task": task, "user": user}, timeout=timeout)

    def read_logs(
        self, *, task: str, query: logs.LogQuery | None = None, timeout: float | None = None
    ) -> ItemStream[logs.LogEntry]:
        """Read or follow a task's log."""
        return self._stream(logs.LogEntry, "read_logs", {"task": task}, query=query, timeout=timeout)

    def get_resources(
        self, *, task: str, query: resources.ResourcesQuery | None = None, timeout: float | None = None
    ) -> resources.ResourcesUsed:
        """What a task used over time, up to now."""
        return self._json(resources.ResourcesUsed, "get_resources", {"task": task}, query=query, timeout=timeout)

    def list_runs(
        self, *, project: str, query: runs.RunQuery | None = None, timeout: float | None = None
    ) -> runs.RunList:
        """Runs, filtered and sorted."""
        return self._json(runs.RunList, "list_runs", {"project": project}, query=query, timeout=timeout)

    def record_runs(
        self,
        request: runs.RunsRecord,
        *,
        project: str,
        idempotency_key: str | None = None,
        timeout: float | None = None,
    ) -> runs.RunsRecorded:
        """Record runs made outside of any task."""
        return self._json(
            runs.RunsRecorded,
            "record_runs",
            {"project": project},
            request=request,
            idempotency_key=idempotency_key,
            timeout=timeout,
        )

    def get_run_columns(self, *, project: str, query: runs.ColumnsQuery, timeout: float | None = None) -> runs.Columns:
        """Whole columns over all runs."""
        return self._json(runs.Columns, "get_run_columns", {"project": project}, query=query, timeout=timeout)

    def list_columns(self, *, project: str, timeout: float | None = None) -> runs.ColumnNames:
        """Names of all parameters, summaries and labels, most used first."""
        return self._json(runs.ColumnNames, "list_columns", {"project": project}, timeout=timeout)

    def list_summaries(self, *, project: str, timeout: float | None = None) -> runs.SummaryNames:
        """Names of summaries, most used first."""
        return self._json(runs.SummaryNames, "list_summaries", {"project": project}, timeout=timeout)

    def get_run(self, *, project: str, run: str, timeout: float | None = None) -> runs.Run:
        """A run with all details."""
        return self._json(runs.Run, "get_run", {"project": project, "run": run}, timeout=timeout)

    def append_points(
        self, request: runs.PointsAppend, *, project: str, run: str, timeout: float | None = None
    ) -> runs.PointsAck:
        """Add live points to a run."""
        return self._json(
            runs.PointsAck, "append_points", {"project": project, "run": run}, request=request, timeout=timeout
        )

    def get_points(
        self, *, project: str, run: str, query: runs.PointsQuery | None = None, timeout: float | None = None
    ) -> runs.Points:
        """Live curves of a run."""
        return self._json(runs.Points, "get_points", {"project": project, "run": run}, query=query, timeout=timeout)

    def get_repetition(self, *, project: str, run: str, timeout: float | None = None) -> repeats.Repetition:
        """Whether a run can be run again, what it repeats, and what repeats it."""
        return self._json(repeats.Repetition, "get_repetition", {"project": project, "run": run}, timeout=timeout)

    def repeat_run(
        self,
        request: repeats.RunRepeat,
        *,
        project: str,
        run: str,
        idempotency_key: str | None = None,
        timeout: float | None = None,
    ) -> tasks.Task:
        """Run again what made a run: the same version, data, image by digest, command and environment."""
        return self._json(
            tasks.Task,
            "repeat_run",
            {"project": project, "run": run},
            request=request,
            idempotency_key=idempotency_key,
            timeout=timeout,
        )

    def list_comments(
        self, *, project: str, run: str, query: comments.CommentQuery | None = None, timeout: float | None = None
    ) -> comments.CommentList:
        """Comments on a run, oldest first."""
        return self._json(
            comments.CommentList, "list_comments", {"project": project, "run": run}, query=query, timeout=timeout
        )

    def add_comment(
        self,
        request: comments.CommentCreate,
        *,
        project: str,
        run: str,
        idempotency_key: str | None = None,
        timeout: float | None = None,
    ) -> comments.Comment:
        """Say something about a run; readers may, too."""
        return self._json(
            comments.Comment,
            "add_comment",
            {"project": project, "run": run},
            request=request,
            idempotency_key=idempotency_key,
            timeout=timeout,
        )

    def delete_comment(self, *, project: str, run: str, comment: str, timeout: float | None = None) -> None:
        """Remove a comment: one's own, or as an owner of the project."""
        self._empty("delete_comment", {"project": project, "run": run, "comment": comment}, timeout=timeout)

    def get_provenance(
        self, *, project: str, query: provenance.ProvenanceQuery | None = None, timeout: float | None = None
    ) -> provenance.Provenance:
        """Ancestors and descendants of a run, a file version or a dataset version."""
        return self._json(provenance.Provenance, "get_provenance", {"project": project}, query=query, timeout=timeout)

    def export_provenance(
        self, *, project: str, query: provenance.ProvenanceQuery | None = None, timeout: float | None = None
    ) -> provenance.ProvDocument:
        """The same as W3C PROV-JSON."""
        return self._json(
            provenance.ProvDocument, "export_provenance", {"project": project}, query=query, timeout=timeout
        )

    def list_datasets(
        self, *, query: datasets.DatasetQuery | None = None, timeout: float | None = None
    ) -> datasets.DatasetList:
        """Datasets of the caller, and of their projects."""
        return self._json(datasets.DatasetList, "list_datasets", {}, query=query, timeout=timeout)

    def create_dataset(
        self, request: datasets.DatasetCreate, *, idempotency_key: str | None = None, timeout: float | None = None
    ) -> datasets.Dataset:
        """Create a dataset: the copy of a bucket, or of files to be sent."""
        return self._json(
            datasets.Dataset, "create_dataset", {}, request=request, idempotency_key=idempotency_key, timeout=timeout
        )

    def get_dataset(self, *, dataset: str, timeout: float | None = None) -> datasets.Dataset:
        """A dataset."""
        return self._json(datasets.Dataset, "get_dataset", {"dataset": dataset}, timeout=timeout)

    def delete_dataset(
        self, *, dataset: str, query: datasets.DatasetDelete | None = None, timeout: float | None = None
    ) -> None:
        """Delete a dataset with all its versions; there is no undelete."""
        self._empty("delete_dataset", {"dataset": dataset}, query=query, timeout=timeout)

    def sync_dataset(self, *, dataset: str, timeout: float | None = None) -> datasets.Dataset:
        """Ask for another look at the dataset's bucket."""
        return self._json(datasets.Dataset, "sync_dataset", {"dataset": dataset}, timeout=timeout)

    def link_dataset(
        self, request: datasets.LinkCreate, *, project: str, dataset: str, timeout: float | None = None
    ) -> projects.Project:
        """Let the project's tasks see a dataset, at a path."""
        return self._json(
            projects.Project, "link_dataset", {"project": project, "dataset": dataset}, request=request, timeout=timeout
        )

    def unlink_dataset(self, *, project: str, dataset: str, timeout: float | None = None) -> None:
        """Let the project's tasks not see a dataset any more."""
        self._empty("unlink_dataset", {"project": project, "dataset": dataset}, timeout=timeout)

    def get_dataset_tree(
        self, *, dataset: str, query: files.TreeQuery | None = None, timeout: float | None = None
    ) -> files.Tree:
        """Files of the dataset at a commit."""
        return self._json(files.Tree, "get_dataset_tree", {"dataset": dataset}, query=query, timeout=timeout)

    def get_dataset_file(self, *, dataset: str, query: files.FileQuery, timeout: float | None = None) -> Reader:
        """Content of one file."""
        return self._bytes("get_dataset_file", {"dataset": dataset}, query=query, timeout=timeout)

    def get_dataset_archive(
        self, *, dataset: str, query: files.ArchiveQuery | None = None, timeout: float | None = None
    ) -> Reader:
        """A folder with all that is in it, as a .zip."""
        return self._bytes("get_dataset_archive", {"dataset": dataset}, query=query, timeout=timeout)

    def list_dataset_commits(
        self, *, dataset: str, query: commits.CommitQuery | None = None, timeout: float | None = None
    ) -> commits.CommitList:
        """Versions of the dataset or of one file."""
        return self._json(
            commits.CommitList, "list_dataset_commits", {"dataset": dataset}, query=query, timeout=timeout
        )

    def get_dataset_commit(self, *, dataset: str, commit: str, timeout: float | None = None) -> commits.Commit:
        """A version of the dataset."""
        return self._json(commits.Commit, "get_dataset_commit", {"dataset": dataset, "commit": commit}, timeout=timeout)

    def list_dataset_changes(
        self, *, dataset: str, commit: str, query: commits.ChangesQuery | None = None, timeout: float | None = None
    ) -> commits.ChangedFiles:
        """Files that differ between two versions."""
        return self._json(
            commits.ChangedFiles,
            "list_dataset_changes",
            {"dataset": dataset, "commit": commit},
            query=query,
            timeout=timeout,
        )

    def create_dataset_commit(
        self, request: commits.CommitCreate, *, dataset: str, timeout: float | None = None
    ) -> commits.CommitResult:
        """Record changes as a new version."""
        return self._json(
            commits.CommitResult, "create_dataset_commit", {"dataset": dataset}, request=request, timeout=timeout
        )

    def find_dataset_missing(
        self, request: commits.MissingQuery, *, dataset: str, timeout: float | None = None
    ) -> commits.Missing:
        """Which contents this dataset does not have yet."""
        return self._json(
            commits.Missing, "find_dataset_missing", {"dataset": dataset}, request=request, timeout=timeout
        )

    def put_dataset_object(
        self, request: Content, *, dataset: str, sha256: str, length: int | None = None, timeout: float | None = None
    ) -> None:
        """Send one large file's content."""
        self._empty(
            "put_dataset_object",
            {"dataset": dataset, "sha256": sha256},
            request=request,
            length=length,
            timeout=timeout,
        )

    def begin_dataset_upload(
        self, request: uploads.UploadBegin, *, dataset: str, timeout: float | None = None
    ) -> uploads.Upload:
        """How much the hub has of a large content that comes in parts."""
        return self._json(
            uploads.Upload, "begin_dataset_upload", {"dataset": dataset}, request=request, timeout=timeout
        )

    def put_dataset_part(
        self,
        request: Content,
        *,
        dataset: str,
        sha256: str,
        length: int | None = None,
        query: uploads.PartQuery,
        timeout: float | None = None,
    ) -> uploads.Upload:
        """Send the next part of a large content."""
        return self._json(
            uploads.Upload,
            "put_dataset_part",
            {"dataset": dataset, "sha256": sha256},
            request=request,
            length=length,
            query=query,
            timeout=timeout,
        )

    def finish_dataset_upload(
        self, request: uploads.UploadFinish, *, dataset: str, sha256: str, timeout: float | None = None
    ) -> None:
        """All parts were sent: check and keep the content."""
        self._empty("finish_dataset_upload", {"dataset": dataset, "sha256": sha256}, request=request, timeout=timeout)

    def get_dataset_object(self, *, dataset: str, sha256: str, start: int = 0, timeout: float | None = None) -> Reader:
        """One large file's content; honours Range."""
        return self._bytes("get_dataset_object", {"dataset": dataset, "sha256": sha256}, start=start, timeout=timeout)

    def put_dataset_pack(
        self, request: Content, *, dataset: str, length: int | None = None, timeout: float | None = None
    ) -> commits.PackResult:
        """Send many small blobs as one git pack."""
        return self._json(
            commits.PackResult,
            "put_dataset_pack",
            {"dataset": dataset},
            request=request,
            length=length,
            timeout=timeout,
        )

    def list_runners(
        self, *, query: runners.RunnerQuery | None = None, timeout: float | None = None
    ) -> runners.RunnerList:
        """Runners of the caller, and shared ones."""
        return self._json(runners.RunnerList, "list_runners", {}, query=query, timeout=timeout)

    def create_runner(self, request: runners.RunnerCreate, *, timeout: float | None = None) -> runners.RunnerCreated:
        """Create a runner; its token is shown this once."""
        return self._json(runners.RunnerCreated, "create_runner", {}, request=request, timeout=timeout)

    def get_runner(self, *, runner: str, timeout: float | None = None) -> runners.Runner:
        """A runner with its tasks."""
        return self._json(runners.Runner, "get_runner", {"runner": runner}, timeout=timeout)

    def delete_runner(self, *, runner: str, timeout: float | None = None) -> None:
        """Remove a runner; its running tasks go back to the queue."""
        self._empty("delete_runner", {"runner": runner}, timeout=timeout)

    def list_secrets(
        self, *, query: secrets.SecretQuery | None = None, timeout: float | None = None
    ) -> secrets.SecretList:
        """Key pairs of the caller and of their projects, without private halves."""
        return self._json(secrets.SecretList, "list_secrets", {}, query=query, timeout=timeout)

    def create_secret(
        self, request: secrets.SecretCreate, *, idempotency_key: str | None = None, timeout: float | None = None
    ) -> secrets.Secret:
        """Make a key pair."""
        return self._json(
            secrets.Secret, "create_secret", {}, request=request, idempotency_key=idempotency_key, timeout=timeout
        )

    def get_secret(self, *, secret: str, timeout: float | None = None) -> secrets.SecretWithData:
        """A key pair with both halves."""
        return self._json(secrets.SecretWithData, "get_secret", {"secret": secret}, timeout=timeout)

    def delete_secret(self, *, secret: str, timeout: float | None = None) -> None:
        """Remove a key pair."""
        self._empty("delete_secret", {"secret": secret}, timeout=timeout)

    def hello(self, request: protocol.Hello, *, timeout: float | None = None) -> protocol.Welcome:
        """An agent starts."""
        return self._json(protocol.Welcome, "hello", {}, request=request, timeout=timeout)

    def claim(self, request: protocol.Claim, *, timeout: float | None = None) -> protocol.Claimed:
        """Wait for a task and take its lease."""
        return self._json(protocol.Claimed, "claim", {}, request=request, timeout=timeout)

    def sync(self, request: protocol.Sync, *, timeout: float | None = None) -> protocol.Synced:
        """Heartbeat of leases; waits for the hub's wishes."""
        return self._json(protocol.Synced, "sync", {}, request=request, timeout=timeout)

    def report(self, request: protocol.Report, *, task: str, timeout: float | None = None) -> protocol.Lease:
        """Where the agent is with a task."""
        return self._json(protocol.Lease, "report", {"task": task}, request=request, timeout=timeout)

    def append_logs(self, request: logs.LogAppend, *, task: str, timeout: float | None = None) -> logs.LogAck:
        """Add log entries; idempotent by sequence."""
        return self._json(logs.LogAck, "append_logs", {"task": task}, request=request, timeout=timeout)

    def append_task_points(
        self, request: protocol.TaskPoints, *, task: str, timeout: float | None = None
    ) -> runs.PointsAck:
        """Add live points of a run of the task."""
        return self._json(runs.PointsAck, "append_task_points", {"task": task}, request=request, timeout=timeout)

    def append_resources(
        self, request: resources.ResourcesAppend, *, task: str, timeout: float | None = None
    ) -> resources.ResourcesAck:
        """Add samples of what the task uses."""
        return self._json(resources.ResourcesAck, "append_resources", {"task": task}, request=request, timeout=timeout)

    def get_task_secrets(
        self, request: protocol.SecretsQuery, *, task: str, timeout: float | None = None
    ) -> secrets.TaskSecrets:
        """Private keys for a task whose lease the caller holds."""
        return self._json(secrets.TaskSecrets, "get_task_secrets", {"task": task}, request=request, timeout=timeout)

    def commit_task(
        self, request: protocol.TaskCommit, *, task: str, timeout: float | None = None
    ) -> protocol.TaskCommitted:
        """Record a version in the middle of a task."""
        return self._json(protocol.TaskCommitted, "commit_task", {"task": task}, request=request, timeout=timeout)

    def finish(self, request: protocol.Finish, *, task: str, timeout: float | None = None) -> protocol.Finished:
        """A task's outcome, last changes and runs."""
        return self._json(protocol.Finished, "finish", {"task": task}, request=request, timeout=timeout)
