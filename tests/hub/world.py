"""The hub's services about projects, tasks and runners, put together on real parts as the service does it."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from dotscience_hub.domain.leases import Terms
from dotscience_hub.git.commit_object import split_trailers
from dotscience_hub.git.repositories import Repositories
from dotscience_hub.logs.files import LogFiles
from dotscience_hub.objects.folder import FolderObjects
from dotscience_hub.pubsub import Notifier
from dotscience_hub.queue.queue import make_queue
from dotscience_hub.services.access import Access
from dotscience_hub.services.agents import Agents
from dotscience_hub.services.caller import Caller
from dotscience_hub.services.comments import Comments
from dotscience_hub.services.commits import Commits
from dotscience_hub.services.contents import Contents
from dotscience_hub.services.dataset_files import DatasetFiles
from dotscience_hub.services.dataset_links import DatasetLinks
from dotscience_hub.services.dataset_versions import DatasetVersions
from dotscience_hub.services.dataset_waits import DatasetWaits
from dotscience_hub.services.datasets import Datasets
from dotscience_hub.services.environments import Environments
from dotscience_hub.services.figures import Figures
from dotscience_hub.services.guests import Guests
from dotscience_hub.services.projects import Projects
from dotscience_hub.services.repeats import Repeats
from dotscience_hub.services.resources import ResourceSamples
from dotscience_hub.services.results import Results
from dotscience_hub.services.runner_views import online_by
from dotscience_hub.services.runners import Runners
from dotscience_hub.services.runs import Runs
from dotscience_hub.services.secrets import Secrets
from dotscience_hub.services.task_views import TaskViews
from dotscience_hub.services.tasks import Tasks
from dotscience_hub.services.uploads import Uploads
from dotscience_hub.services.users import Users
from dotscience_hub.services.workspace import Workspace
from dotscience_hub.store import datasets
from dotscience_hub.store import projects as store
from dotscience_hub.store.database import Database
from dotscience_hub.store.keyring import KeyFile, Keyring
from dotscience_hub.store.runs import task_run_ids
from dotscience_hub.store.tasks import TaskRow

from jupyter_dotscience.api import protocol, runners, tasks
from jupyter_dotscience.api.account import Principal
from jupyter_dotscience.api.commits import Change, CommitCreate
from jupyter_dotscience.api.datasets import DatasetCreate, LinkCreate, S3Create, SyncState
from jupyter_dotscience.api.problems import BadRequest, Unavailable
from jupyter_dotscience.api.projects import CollaboratorSet, ProjectCreate, Role
from jupyter_dotscience.api.routes import Scope
from jupyter_dotscience.api.runs import RunReport

Result = TypeVar("Result")
START = dt.datetime(2030, 1, 2, 3, 4, 5, tzinfo=dt.UTC)
SCOPES = frozenset(scope.value for scope in Scope)


@dataclass
class ManualClock:
    """Stands still until it is moved."""

    now: dt.datetime = field(default=START)

    def __call__(self) -> dt.datetime:
        return self.now

    def advance(self, seconds: float) -> None:
        self.now += dt.timedelta(seconds=seconds)


def user(name: str, *, admin: bool = False) -> Caller:
    """A person with all scopes."""
    return Caller(kind=Principal.USER, name=name, admin=admin, scopes=SCOPES)


@dataclass
class ManualSyncs:
    """Synchronisations that happen when a test says so.

    Attributes:
        requested: Datasets that were asked for, in order.
    """

    requested: list[str] = field(default_factory=list)

    def request(self, dataset: str) -> None:
        self.requested.append(dataset)

    def forget(self, dataset: str) -> None:
        self.requested = [each for each in self.requested if each != dataset]

    def check(self, source: S3Create) -> None:
        if source.secret_access_key != "right":
            raise BadRequest("The secret access key is wrong.", code="bad_keys")


@dataclass
class ManualPeople:
    """The users of a hub, and the shares of its servers.

    Attributes:
        unknown: Names that nobody has; all others are somebody's.
        known: Names that are found.
        shares: Who was let in, as (owner, server, user).
        away: Whether the hub does not answer.
        then: Called once somebody was let in.
    """

    unknown: set[str] = field(default_factory=set)
    known: set[str] = field(default_factory=set)
    shares: set[tuple[str, str, str]] = field(default_factory=set)
    away: bool = False
    then: Callable[[], object] = lambda: None

    def is_known(self, user: str) -> bool:
        self._answer()
        return user not in self.unknown

    def find(self, text: str, limit: int) -> list[str]:
        self._answer()
        return sorted(name for name in self.known if text.lower() in name.lower())[:limit]

    def guests(self, owner: str, server: str) -> list[str]:
        self._answer()
        return sorted(user for *place, user in self.shares if place == [owner, server])

    def let_in(self, owner: str, server: str, user: str) -> None:
        self._answer()
        self.shares.add((owner, server, user))
        self.then()

    def put_out(self, owner: str, server: str, user: str) -> None:
        self._answer()
        self.shares.discard((owner, server, user))

    def _answer(self) -> None:
        if self.away:
            raise Unavailable("JupyterHub does not answer the service; try again in a moment.")


def wait_for(work: Coroutine[Any, Any, Result]) -> Result:
    """The result of a coroutine."""
    return asyncio.run(work)


@dataclass(frozen=True)
class Agent:
    """A runner, with the token that its agent would use."""

    caller: Caller
    token: str

    @property
    def id(self) -> str:
        return self.caller.name


class World:
    """All of it, and short ways to say what tests say often."""

    def __init__(self, database: Database, folder: Path, clock: ManualClock) -> None:
        self.database = database
        self.clock = clock
        self.notifier = Notifier()
        self.queue = make_queue(database, self.notifier, Terms(lease_seconds=60, heartbeat_seconds=10), clock)
        self.commits = Commits(database, Repositories(folder / "repositories", is_known=self._is_known))
        self.logs = LogFiles(folder / "logs")
        self.access = Access(database, self.queue.presence)
        self.keyring = Keyring(KeyFile(folder / "secrets" / "encryption-keys"))
        self.syncs = ManualSyncs()
        self.dataset_versions = DatasetVersions(database, self.commits)
        self.waits = DatasetWaits(database, self.queue, self.dataset_versions, self.syncs)
        self.views = TaskViews(task_run_ids, online_by(self.queue.terms), clock, self.waits.messages)
        self.people = ManualPeople()
        self.guests = Guests(database, self.queue, self.people)
        self.projects = Projects(database, self.commits, self.logs, _git_url, self.people, self.guests)
        self.keys = KeyFile(folder / "secrets" / "encryption-keys")
        self.environments = Environments(Keyring(self.keys), self.queue)
        self.tasks = Tasks(
            database, self.notifier, self.queue, self.commits, self.logs, self.views, self.waits, self.environments
        )
        self.runners = Runners(database, self.queue)
        self.agents = Agents(database, self.notifier, self.queue, self.logs, _git_url)
        self.runs = Runs(database, self.queue.leases.check, self.tasks.project_of, lambda _project, _commit: {})
        self.comments = Comments(database)
        self.repeats = Repeats(database, self.commits, self.tasks)
        self.users = Users(self.people)
        self.figures = Figures(database, self.queue)
        self.secrets = Secrets(database, Keyring(self.keys), self.queue.leases, self.environments)
        self.datasets = Datasets(
            database, self.commits, self.dataset_versions, self.waits, self.syncs, self.keyring, _git_url
        )
        self.objects = FolderObjects(folder / "objects")
        self.contents = Contents(database, self.commits.repositories, self.objects)
        workspace = Workspace(database, self.commits, self.contents, self.runs)
        self.uploads = Uploads(self.objects, self.contents)
        self.dataset_files = DatasetFiles(database, workspace, self.dataset_versions, self.uploads)
        self.resources = ResourceSamples(database, self.queue.leases)
        self.dataset_links = DatasetLinks(database, self.commits, self.projects)
        self.results = Results(database, self.queue, self.commits, self.runs, self.logs)

    def _is_known(self, id_: str) -> bool:
        with self.database.read() as session:
            return store.exists(session, id_) or datasets.exists(session, id_)

    def project(self, owner: str = "ada", **roles: Role) -> str:
        """A new project of `owner`, shared with others."""
        project = self.projects.create_project(user(owner), body=ProjectCreate(name="a project")).id
        for name, role in roles.items():
            self.projects.set_collaborator(user(owner), project=project, user=name, body=CollaboratorSet(role=role))
        return project

    def dataset(self, owner: str = "ada", name: str = "a dataset", **files: str) -> str:
        """A new dataset of files; in their names `__` stands for a slash."""
        made = self.datasets.create_dataset(user(owner), body=DatasetCreate(name=name)).id
        if files:
            self.put(made, owner, **files)
        return made

    def bucket(self, owner: str = "ada", name: str = "a bucket") -> str:
        """A new dataset that is the copy of a bucket."""
        s3 = S3Create(bucket="bucket", access_key_id="id", secret_access_key="right")
        body = DatasetCreate(name=name, s3=s3)
        self.datasets.prepare_create_dataset(user(owner), body=body)
        return self.datasets.create_dataset(user(owner), body=body).id

    def put(self, dataset: str, owner: str = "ada", **files: str) -> str:
        """A new version of a dataset."""
        body = changes(self.commits.head(dataset), **files)
        result = self.dataset_files.create_dataset_commit(user(owner), dataset=dataset, body=body)
        assert result.commit is not None
        return result.commit

    def link(self, project: str, dataset: str, path: str, who: str = "ada") -> None:
        """Let a project's tasks see a dataset."""
        self.dataset_links.link_dataset(user(who), project=project, dataset=dataset, body=LinkCreate(path=path))

    def synced(self, dataset: str, *, error: str | None = None, **files: str) -> None:
        """A synchronisation of a bucket that begins and ends now."""
        if files:
            self.commits.record(dataset, changes(self.commits.head(dataset), **files), "hub")
        with self.database.write() as session:
            row = session.get_one(datasets.SourceRow, dataset)
            row.started = row.ended = self.clock()
            row.succeeded = row.succeeded if error else row.started
            row.state = (SyncState.FAILED if error else SyncState.READY).value
            row.message = error or ""
        self.waits.ended(dataset)

    def task(self, project: str, creator: str = "ada", **fields: Any) -> str:
        """A queued command."""
        workload = fields.pop("workload", tasks.CommandWorkload(command=["true"]))
        body = tasks.TaskCreate(workload=workload, **fields)
        return self.tasks.create_task(user(creator), project=project, body=body).id

    def runner(self, owner: str = "ada", *, shared: bool = False, gpus: int = 0, **labels: str) -> Agent:
        """A runner whose agent has said hello."""
        kind = runners.RunnerType.GPU if gpus else runners.RunnerType.CPU
        body = runners.RunnerCreate(shared=shared, labels=labels, type=kind)
        made = self.runners.create_runner(user(owner, admin=shared), body=body)
        agent = Agent(Caller(kind=Principal.RUNNER, name=made.runner.id), made.token)
        machine = tasks.Machine(gpus=["a gpu"] * gpus)
        self.hello(agent, machine)
        return agent

    def hello(self, agent: Agent, machine: tasks.Machine | None = None, **labels: str) -> None:
        """The agent starts."""
        body = protocol.Hello(
            protocol=protocol.PROTOCOL,
            version="1",
            backend="dummy",
            isolation="none",
            labels=labels,
            machine=machine or tasks.Machine(),
        )
        self.agents.hello(agent.caller, body=body)

    def claim(self, agent: Agent, *, gpus: int = 0) -> protocol.Assignment | None:
        """What the agent gets without waiting."""
        return wait_for(self.agents.claim(agent.caller, body=protocol.Claim(gpus=gpus))).assignment

    def claimed(self, agent: Agent) -> protocol.Assignment:
        """A claim that must succeed."""
        assignment = self.claim(agent)
        assert assignment is not None
        return assignment

    def sync(self, agent: Agent, *held: protocol.Assignment, wait: float = 0) -> list[protocol.LeaseState]:
        """A heartbeat; the states of the leases."""
        leases = [protocol.Held(task=one.task, fence=one.fence) for one in held]
        answer = wait_for(self.agents.sync(agent.caller, body=protocol.Sync(leases=leases, wait=wait)))
        return [lease.state for lease in answer.leases]

    def report(self, agent: Agent, held: protocol.Assignment, status: tasks.TaskStatus) -> protocol.LeaseState:
        body = protocol.Report(fence=held.fence, status=status)
        return self.agents.report(agent.caller, task=held.task, body=body).state

    def finish(self, agent: Agent, held: protocol.Assignment, **fields: Any) -> protocol.Finished:
        """The end, by default a good one."""
        fields = {"outcome": protocol.Outcome.EXITED, "exit_code": 0, "execution": tasks.Execution(), **fields}
        return self.results.finish(agent.caller, task=held.task, body=protocol.Finish(fence=held.fence, **fields))

    def mid_commit(
        self, agent: Agent, held: protocol.Assignment, commit: CommitCreate, *runs: RunReport
    ) -> protocol.TaskCommitted:
        """A version in the middle of a task."""
        body = protocol.TaskCommit(fence=held.fence, commit=commit, runs=list(runs))
        return self.results.commit_task(agent.caller, task=held.task, body=body)

    def get(self, task: str) -> tasks.Task:
        return wait_for(self.tasks.get_task(user("ada"), task=task, query=tasks.TaskQuery()))

    def metadata(self, project: str, commit: str | None) -> dict[str, str]:
        """The run metadata that a commit carries in git itself."""
        found = self.commits.repositories.open(project).commit_object(commit or "")
        return split_trailers(found.message)[2]

    def row(self, task: str) -> TaskRow:
        with self.database.read() as session:
            return session.get_one(TaskRow, task)


def changes(parent: str | None = None, **files: str) -> CommitCreate:
    """A commit of small files."""
    found = [
        Change(path=path.replace("__", "/"), size=len(text), data=text.encode()) for path, text in sorted(files.items())
    ]
    return CommitCreate(parent=parent, message="Results", created=START, changes=found)


def _git_url(project: str) -> str:
    return f"/services/dotscience/git/{project}"
