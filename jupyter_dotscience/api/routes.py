"""ROUTES: every endpoint of the hub's API, one row each.

From this table come the hub's handlers (a missing one is refused at start-up), the methods of the client, the OpenAPI
description with the TypeScript types, and the table-driven permission test.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass, field
from typing import Any

from . import (
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
from .account import Principal
from .projects import Role

PREFIX = "/services/dotscience/api"
"""Where the API lives below the hub's address."""


class Scope(enum.StrEnum):
    """What a hub token must be allowed to do; JupyterHub's custom scopes."""

    PROJECTS_READ = "custom:dotscience:projects:read"
    PROJECTS_WRITE = "custom:dotscience:projects:write"
    TASKS_WRITE = "custom:dotscience:tasks:write"
    RUNNERS_WRITE = "custom:dotscience:runners:write"
    SECRETS_WRITE = "custom:dotscience:secrets:write"


SERVER_SCOPES = ("start:servers!user", "read:servers!user")
"""To start one's own JupyterLab, and see how it starts."""
TOKEN_SCOPES = ("access:services!service=dotscience", *SERVER_SCOPES, *(scope.value for scope in Scope))
"""What a token of `ds` may do: reach the service, everything the service allows its user, and start their JupyterLab.
Nothing else of the hub: not even see or revoke its user's tokens, which would let it make stronger ones, nor open what
runs in JupyterLab."""


class Raw(enum.Enum):
    """Bodies that are not JSON."""

    BYTES = "application/octet-stream"
    TEXT = "text/plain; charset=utf-8"


@dataclass(frozen=True)
class Stream:
    """A body of many JSON values, one a line (application/x-ndjson)."""

    item: Any


@dataclass(frozen=True)
class Access:
    """Who may call a route.

    Attributes:
        principals: Kinds of callers; empty means anyone, without a token.
        scope: What a user's token must allow.
        role: What a user must be in the project that the path names (or whose task it names). A dataset that the path
            names must be one that the caller may see in any case.
        owner: The caller must own the runner or dataset that the path names.
        admin: Only a hub admin.
    """

    principals: frozenset[Principal] = frozenset({Principal.USER})
    scope: Scope | None = None
    role: Role | None = None
    owner: bool = False
    admin: bool = False


def _user(scope: Scope, role: Role | None = None, *, owner: bool = False, task: bool = False) -> Access:
    principals = {Principal.USER, Principal.TASK} if task else {Principal.USER}
    return Access(principals=frozenset(principals), scope=scope, role=role, owner=owner)


ANYONE = Access(principals=frozenset())
AGENT = Access(principals=frozenset({Principal.RUNNER}))
READ, WRITE = Scope.PROJECTS_READ, Scope.PROJECTS_WRITE
READER, WRITER, OWNER = Role.READER, Role.WRITER, Role.OWNER


@dataclass(frozen=True)
class Route:
    """One endpoint.

    Attributes:
        name: Name of the handler's and the client's method, and the OpenAPI operation id.
        method: HTTP method.
        path: Below :data:`PREFIX`; ``{name}`` is one path segment.
        summary: One sentence.
        access: Who may call it.
        request: Type of the JSON body, ``Raw.BYTES``, or None.
        query: Struct of the query parameters, or None.
        response: Type of the JSON answer, ``Raw``, ``Stream``, or None for an empty one.
        status: Status of success.
        idempotency: The caller may send an ``Idempotency-Key``; a repeated request gets the first one's answer.
    """

    name: str
    method: str
    path: str
    summary: str
    access: Access
    request: Any = None
    response: Any = None
    query: Any = None
    status: int = 200
    idempotency: bool = False
    parameters: tuple[str, ...] = field(init=False)

    def __post_init__(self) -> None:
        """Note the names in the path."""
        names = tuple(part[1:-1] for part in self.path.split("/") if part.startswith("{"))
        object.__setattr__(self, "parameters", names)


_P = "/projects/{project}"
_D = "/datasets/{dataset}"
_R = "/runner/tasks/{task}"

ROUTES: tuple[Route, ...] = (
    # the service
    Route("get_version", "GET", "/version", "Versions of hub, API and runner protocol.", ANYONE, response=account.VersionInfo),
    Route("get_health", "GET", "/health", "Whether the service runs.", ANYONE, response=account.Health),
    Route("get_readiness", "GET", "/ready", "Whether the service can serve: database, storage, hub.", ANYONE, response=account.Health),
    Route("get_metrics", "GET", "/metrics", "Figures for Prometheus.", Access(admin=True), response=Raw.TEXT),
    Route("get_account", "GET", "/account", "Who the caller is.", Access(principals=frozenset(Principal)), response=account.Account),
    # logging in through a browser
    Route("redeem_login_code", "POST", "/login/token", "Trade a code that the browser brought for a token.", ANYONE, request=logins.CodeRedeem, response=logins.LoginGrant),
    Route("start_device_login", "POST", "/login/device", "Begin a login that is confirmed on another device.", ANYONE, request=logins.DeviceStart, response=logins.DeviceLogin),
    Route("poll_device_login", "POST", "/login/device/token", "The token, once somebody has confirmed.", ANYONE, request=logins.DevicePoll, response=logins.LoginGrant),
    Route("revoke_token", "POST", "/login/revoke", "End a token at Dotscience; one that is none is no error.", ANYONE, request=logins.TokenRevoke, status=204),
    Route("find_users", "GET", "/users", "Names of the hub's users, to share a project with.", _user(READ), query=users.UserQuery, response=users.UserList),
    # projects
    Route("list_projects", "GET", "/projects", "Projects of the caller and shared with them.", _user(READ), query=projects.ProjectQuery, response=projects.ProjectList),
    Route("create_project", "POST", "/projects", "Create a project.", _user(WRITE), request=projects.ProjectCreate, response=projects.Project, status=201, idempotency=True),
    Route("get_project", "GET", _P, "A project.", _user(READ, READER, task=True), response=projects.Project),
    Route("update_project", "PATCH", _P, "Change name or description.", _user(WRITE, OWNER), request=projects.ProjectUpdate, response=projects.Project),
    Route("delete_project", "DELETE", _P, "Delete a project with all it holds; there is no undelete.", _user(WRITE, OWNER), status=204),
    Route("set_collaborator", "PUT", _P + "/collaborators/{user}", "Share the project with a user of the hub.", _user(WRITE, OWNER), request=projects.CollaboratorSet, response=projects.Project),
    Route("remove_collaborator", "DELETE", _P + "/collaborators/{user}", "Stop sharing the project with a user.", _user(WRITE, OWNER), status=204),
    # workspace
    Route("get_tree", "GET", _P + "/tree", "Files of the workspace at a commit.", _user(READ, READER, task=True), query=files.TreeQuery, response=files.Tree),
    Route("get_file", "GET", _P + "/file", "Content of one file.", _user(READ, READER, task=True), query=files.FileQuery, response=Raw.BYTES),
    Route("get_archive", "GET", _P + "/archive", "A folder with all that is in it, as a .zip.", _user(READ, READER), query=files.ArchiveQuery, response=Raw.BYTES),
    Route("list_commits", "GET", _P + "/commits", "History of the workspace or of one file.", _user(READ, READER, task=True), query=commits.CommitQuery, response=commits.CommitList),
    Route("get_commit", "GET", _P + "/commits/{commit}", "A commit with its metadata.", _user(READ, READER, task=True), response=commits.Commit),
    Route("list_changes", "GET", _P + "/commits/{commit}/changes", "Files that differ between two versions.", _user(READ, READER, task=True), query=commits.ChangesQuery, response=commits.ChangedFiles),
    Route("create_commit", "POST", _P + "/commits", "Record changes as one commit.", _user(WRITE, WRITER), request=commits.CommitCreate, response=commits.CommitResult, status=201),
    Route("list_branches", "GET", _P + "/branches", "Branches of the workspace.", _user(READ, READER), response=commits.BranchList),
    Route("find_missing", "POST", _P + "/missing", "Which contents this project does not have yet.", _user(WRITE, WRITER, task=True), request=commits.MissingQuery, response=commits.Missing),
    Route("put_object", "PUT", _P + "/objects/{sha256}", "Send one large file's content.", _user(WRITE, WRITER, task=True), request=Raw.BYTES, status=204),
    Route("begin_upload", "POST", _P + "/uploads", "How much the hub has of a large content that comes in parts.", _user(WRITE, WRITER), request=uploads.UploadBegin, response=uploads.Upload),
    Route("put_part", "PUT", _P + "/uploads/{sha256}", "Send the next part of a large content.", _user(WRITE, WRITER), request=Raw.BYTES, query=uploads.PartQuery, response=uploads.Upload),
    Route("finish_upload", "POST", _P + "/uploads/{sha256}/finish", "All parts were sent: check and keep the content.", _user(WRITE, WRITER), request=uploads.UploadFinish, status=204),
    Route("get_object", "GET", _P + "/objects/{sha256}", "One large file's content; honours Range.", _user(READ, READER, task=True), response=Raw.BYTES),
    Route("put_pack", "POST", _P + "/packs", "Send many small blobs as one git pack.", _user(WRITE, WRITER, task=True), request=Raw.BYTES, response=commits.PackResult),
    # tasks
    Route("create_task", "POST", _P + "/tasks", "Queue a task.", _user(Scope.TASKS_WRITE, WRITER), request=tasks.TaskCreate, response=tasks.Task, status=201, idempotency=True),
    Route("list_tasks", "GET", "/tasks", "Tasks of the caller's projects.", _user(READ), query=tasks.TaskListQuery, response=tasks.TaskList),
    Route("get_task", "GET", "/tasks/{task}", "A task; can wait for its next change.", _user(READ, READER, task=True), query=tasks.TaskQuery, response=tasks.Task),
    Route("stop_task", "POST", "/tasks/{task}/stop", "Ask a task to stop; its results are still saved.", _user(Scope.TASKS_WRITE, WRITER), response=tasks.Task),
    Route("delete_task", "DELETE", "/tasks/{task}", "Remove a terminated task from the list.", _user(Scope.TASKS_WRITE, WRITER), status=204),
    Route("get_door", "GET", "/tasks/{task}/door", "Where the hub's proxy reaches a task's JupyterLab.", _user(Scope.TASKS_WRITE, WRITER), response=tasks.Door),
    Route("list_guests", "GET", "/tasks/{task}/guests", "Who else may open a task's JupyterLab.", _user(READ, READER), response=tasks.GuestList),
    Route("add_guest", "PUT", "/tasks/{task}/guests/{user}", "Let a collaborator into one's own JupyterLab while it runs.", _user(Scope.TASKS_WRITE, WRITER), response=tasks.GuestList),
    Route("remove_guest", "DELETE", "/tasks/{task}/guests/{user}", "Let a guest into a JupyterLab no more.", _user(Scope.TASKS_WRITE, WRITER), status=204),
    Route("read_logs", "GET", "/tasks/{task}/logs", "Read or follow a task's log.", _user(READ, READER, task=True), query=logs.LogQuery, response=Stream(logs.LogEntry)),
    Route("get_resources", "GET", "/tasks/{task}/resources", "What a task used over time, up to now.", _user(READ, READER), query=resources.ResourcesQuery, response=resources.ResourcesUsed),
    # runs
    Route("list_runs", "GET", _P + "/runs", "Runs, filtered and sorted.", _user(READ, READER, task=True), query=runs.RunQuery, response=runs.RunList),
    Route("record_runs", "POST", _P + "/runs", "Record runs made outside of any task.", _user(WRITE, WRITER), request=runs.RunsRecord, response=runs.RunsRecorded, status=201, idempotency=True),
    Route("get_run_columns", "GET", _P + "/columns", "Whole columns over all runs.", _user(READ, READER), query=runs.ColumnsQuery, response=runs.Columns),
    Route("list_columns", "GET", _P + "/columns/names", "Names of all parameters, summaries and labels, most used first.", _user(READ, READER), response=runs.ColumnNames),
    Route("list_summaries", "GET", _P + "/summaries", "Names of summaries, most used first.", _user(READ, READER), response=runs.SummaryNames),
    Route("get_run", "GET", _P + "/runs/{run}", "A run with all details.", _user(READ, READER, task=True), response=runs.Run),
    Route("append_points", "POST", _P + "/runs/{run}/points", "Add live points to a run.", _user(WRITE, WRITER), request=runs.PointsAppend, response=runs.PointsAck),
    Route("get_points", "GET", _P + "/runs/{run}/points", "Live curves of a run.", _user(READ, READER, task=True), query=runs.PointsQuery, response=runs.Points),
    Route("get_repetition", "GET", _P + "/runs/{run}/repetition", "Whether a run can be run again, what it repeats, and what repeats it.", _user(READ, READER), response=repeats.Repetition),
    Route("repeat_run", "POST", _P + "/runs/{run}/repeat", "Run again what made a run: the same version, data, image by digest, command and environment.", _user(Scope.TASKS_WRITE, WRITER), request=repeats.RunRepeat, response=tasks.Task, status=201, idempotency=True),
    # what people say about runs
    Route("list_comments", "GET", _P + "/runs/{run}/comments", "Comments on a run, oldest first.", _user(READ, READER), query=comments.CommentQuery, response=comments.CommentList),
    Route("add_comment", "POST", _P + "/runs/{run}/comments", "Say something about a run; readers may, too.", _user(WRITE, READER), request=comments.CommentCreate, response=comments.Comment, status=201, idempotency=True),
    Route("delete_comment", "DELETE", _P + "/runs/{run}/comments/{comment}", "Remove a comment: one's own, or as an owner of the project.", _user(WRITE, READER), status=204),
    # provenance
    Route("get_provenance", "GET", _P + "/provenance", "Ancestors and descendants of a run, a file version or a dataset version.", _user(READ, READER), query=provenance.ProvenanceQuery, response=provenance.Provenance),
    Route("export_provenance", "GET", _P + "/provenance/prov-json", "The same as W3C PROV-JSON.", _user(READ, READER), query=provenance.ProvenanceQuery, response=provenance.ProvDocument),
    # datasets
    Route("list_datasets", "GET", "/datasets", "Datasets of the caller, and of their projects.", _user(READ), query=datasets.DatasetQuery, response=datasets.DatasetList),
    Route("create_dataset", "POST", "/datasets", "Create a dataset: the copy of a bucket, or of files to be sent.", _user(WRITE), request=datasets.DatasetCreate, response=datasets.Dataset, status=201, idempotency=True),
    Route("get_dataset", "GET", _D, "A dataset.", _user(READ, task=True), response=datasets.Dataset),
    Route("delete_dataset", "DELETE", _D, "Delete a dataset with all its versions; there is no undelete.", _user(WRITE, owner=True), query=datasets.DatasetDelete, status=204),
    Route("sync_dataset", "POST", _D + "/sync", "Ask for another look at the dataset's bucket.", _user(WRITE, owner=True), response=datasets.Dataset),
    Route("link_dataset", "PUT", _P + _D, "Let the project's tasks see a dataset, at a path.", _user(WRITE, WRITER, owner=True), request=datasets.LinkCreate, response=projects.Project),
    Route("unlink_dataset", "DELETE", _P + _D, "Let the project's tasks not see a dataset any more.", _user(WRITE, WRITER), status=204),
    Route("get_dataset_tree", "GET", _D + "/tree", "Files of the dataset at a commit.", _user(READ, task=True), query=files.TreeQuery, response=files.Tree),
    Route("get_dataset_file", "GET", _D + "/file", "Content of one file.", _user(READ, task=True), query=files.FileQuery, response=Raw.BYTES),
    Route("get_dataset_archive", "GET", _D + "/archive", "A folder with all that is in it, as a .zip.", _user(READ), query=files.ArchiveQuery, response=Raw.BYTES),
    Route("list_dataset_commits", "GET", _D + "/commits", "Versions of the dataset or of one file.", _user(READ, task=True), query=commits.CommitQuery, response=commits.CommitList),
    Route("get_dataset_commit", "GET", _D + "/commits/{commit}", "A version of the dataset.", _user(READ, task=True), response=commits.Commit),
    Route("list_dataset_changes", "GET", _D + "/commits/{commit}/changes", "Files that differ between two versions.", _user(READ, task=True), query=commits.ChangesQuery, response=commits.ChangedFiles),
    Route("create_dataset_commit", "POST", _D + "/commits", "Record changes as a new version.", _user(WRITE, owner=True), request=commits.CommitCreate, response=commits.CommitResult, status=201),
    Route("find_dataset_missing", "POST", _D + "/missing", "Which contents this dataset does not have yet.", _user(WRITE, owner=True), request=commits.MissingQuery, response=commits.Missing),
    Route("put_dataset_object", "PUT", _D + "/objects/{sha256}", "Send one large file's content.", _user(WRITE, owner=True), request=Raw.BYTES, status=204),
    Route("begin_dataset_upload", "POST", _D + "/uploads", "How much the hub has of a large content that comes in parts.", _user(WRITE, owner=True), request=uploads.UploadBegin, response=uploads.Upload),
    Route("put_dataset_part", "PUT", _D + "/uploads/{sha256}", "Send the next part of a large content.", _user(WRITE, owner=True), request=Raw.BYTES, query=uploads.PartQuery, response=uploads.Upload),
    Route("finish_dataset_upload", "POST", _D + "/uploads/{sha256}/finish", "All parts were sent: check and keep the content.", _user(WRITE, owner=True), request=uploads.UploadFinish, status=204),
    Route("get_dataset_object", "GET", _D + "/objects/{sha256}", "One large file's content; honours Range.", _user(READ, task=True), response=Raw.BYTES),
    Route("put_dataset_pack", "POST", _D + "/packs", "Send many small blobs as one git pack.", _user(WRITE, owner=True), request=Raw.BYTES, response=commits.PackResult),
    # runners, as their owners see them
    Route("list_runners", "GET", "/runners", "Runners of the caller, and shared ones.", _user(READ), query=runners.RunnerQuery, response=runners.RunnerList),
    Route("create_runner", "POST", "/runners", "Create a runner; its token is shown this once.", _user(Scope.RUNNERS_WRITE), request=runners.RunnerCreate, response=runners.RunnerCreated, status=201),
    Route("get_runner", "GET", "/runners/{runner}", "A runner with its tasks.", _user(READ, owner=True), response=runners.Runner),
    Route("delete_runner", "DELETE", "/runners/{runner}", "Remove a runner; its running tasks go back to the queue.", _user(Scope.RUNNERS_WRITE, owner=True), status=204),
    # secrets
    Route("list_secrets", "GET", "/secrets", "Key pairs of the caller and of their projects, without private halves.", _user(READ), query=secrets.SecretQuery, response=secrets.SecretList),
    Route("create_secret", "POST", "/secrets", "Make a key pair.", _user(Scope.SECRETS_WRITE), request=secrets.SecretCreate, response=secrets.Secret, status=201, idempotency=True),
    Route("get_secret", "GET", "/secrets/{secret}", "A key pair with both halves.", _user(Scope.SECRETS_WRITE), response=secrets.SecretWithData),
    Route("delete_secret", "DELETE", "/secrets/{secret}", "Remove a key pair.", _user(Scope.SECRETS_WRITE), status=204),
    # the runner protocol
    Route("hello", "POST", "/runner/hello", "An agent starts.", AGENT, request=protocol.Hello, response=protocol.Welcome),
    Route("claim", "POST", "/runner/claim", "Wait for a task and take its lease.", AGENT, request=protocol.Claim, response=protocol.Claimed),
    Route("sync", "POST", "/runner/sync", "Heartbeat of leases; waits for the hub's wishes.", AGENT, request=protocol.Sync, response=protocol.Synced),
    Route("report", "POST", _R + "/report", "Where the agent is with a task.", AGENT, request=protocol.Report, response=protocol.Lease),
    Route("append_logs", "POST", _R + "/logs", "Add log entries; idempotent by sequence.", AGENT, request=logs.LogAppend, response=logs.LogAck),
    Route("append_task_points", "POST", _R + "/points", "Add live points of a run of the task.", AGENT, request=protocol.TaskPoints, response=runs.PointsAck),
    Route("append_resources", "POST", _R + "/resources", "Add samples of what the task uses.", AGENT, request=resources.ResourcesAppend, response=resources.ResourcesAck),
    Route("get_task_secrets", "POST", _R + "/secrets", "Private keys for a task whose lease the caller holds.", AGENT, request=protocol.SecretsQuery, response=secrets.TaskSecrets),
    Route("commit_task", "POST", _R + "/commits", "Record a version in the middle of a task.", AGENT, request=protocol.TaskCommit, response=protocol.TaskCommitted),
    Route("finish", "POST", _R + "/finish", "A task's outcome, last changes and runs.", AGENT, request=protocol.Finish, response=protocol.Finished),
)  # fmt: skip

BY_NAME = {route.name: route for route in ROUTES}
