"""All objects of the service, put together: the only place that knows them all."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from dotscience_hub.datasets.syncs import Syncs
from dotscience_hub.domain.leases import Terms
from dotscience_hub.git.limits import Limits
from dotscience_hub.git.repositories import Repositories
from dotscience_hub.logs.files import LogFiles
from dotscience_hub.objects.base import ObjectStore
from dotscience_hub.objects.folder import FolderObjects
from dotscience_hub.objects.s3 import S3Objects, S3Settings
from dotscience_hub.pubsub import Notifier
from dotscience_hub.queue.queue import Queue, make_queue
from dotscience_hub.queue.sweeper import Chore, Sweeper
from dotscience_hub.services.access import Access
from dotscience_hub.services.agents import Agents
from dotscience_hub.services.archives import Archives
from dotscience_hub.services.arrivals import Arrivals
from dotscience_hub.services.comments import Comments
from dotscience_hub.services.commits import Commits
from dotscience_hub.services.contents import Contents
from dotscience_hub.services.dataset_files import DatasetFiles
from dotscience_hub.services.dataset_links import DatasetLinks
from dotscience_hub.services.dataset_versions import DatasetVersions
from dotscience_hub.services.dataset_waits import DatasetWaits
from dotscience_hub.services.datasets import Datasets
from dotscience_hub.services.environments import Environments
from dotscience_hub.services.feed import Feed
from dotscience_hub.services.figures import Figures as QueueFigures
from dotscience_hub.services.garbage import Garbage
from dotscience_hub.services.git_server import GitServer
from dotscience_hub.services.guests import Guests
from dotscience_hub.services.logs import Logs
from dotscience_hub.services.ports import People
from dotscience_hub.services.projects import Projects
from dotscience_hub.services.provenance import Provenance
from dotscience_hub.services.remote import RemoteRuns
from dotscience_hub.services.repeats import Repeats
from dotscience_hub.services.resources import ResourceSamples
from dotscience_hub.services.results import Results
from dotscience_hub.services.runner_views import online_by
from dotscience_hub.services.runners import Runners
from dotscience_hub.services.runs import Runs
from dotscience_hub.services.secrets import Secrets
from dotscience_hub.services.task_views import TaskViews
from dotscience_hub.services.tasks import Tasks
from dotscience_hub.services.threads import Threads
from dotscience_hub.services.uploads import Uploads
from dotscience_hub.services.users import Users
from dotscience_hub.services.workspace import Workspace
from dotscience_hub.store import changes, datasets, idempotency, projects, versions
from dotscience_hub.store.database import Database
from dotscience_hub.store.keyring import GivenKeys, KeyFile, Keyring, KeySource
from dotscience_hub.store.runs import task_run_ids
from dotscience_hub.web.metrics import Figures
from jupyter_dotscience.api._base import now

from .settings import Settings
from .syncing import make_syncs

MINUTE, HOUR, DAY = 60.0, 3600.0, 86400.0
REMOTE_THREADS = 4


def git_url(project: str) -> str:
    """Where `git` finds a project, below the hub's address."""
    return f"/services/dotscience/git/{project}"


@dataclass(frozen=True)
class Foundation:
    """What everything stands on."""

    settings: Settings
    database: Database
    notifier: Notifier
    queue: Queue
    objects: ObjectStore
    commits: Commits
    files: LogFiles
    keyring: Keyring
    feed: Feed
    pool: ThreadPoolExecutor = field(repr=False)


def found(settings: Settings) -> Foundation:
    """Open the store, the repositories and the objects. Nothing runs yet."""
    settings.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    database = Database(settings.db_url)
    notifier, feed = Notifier(), Feed(database)
    changes.connect(database, feed.publish)
    terms = Terms(lease_seconds=settings.lease_seconds, heartbeat_seconds=settings.heartbeat_seconds)
    limits = Limits(large_file_threshold=settings.large_file_threshold)
    return Foundation(
        settings=settings,
        database=database,
        notifier=notifier,
        queue=make_queue(database, notifier, terms),
        objects=_objects(settings),
        commits=Commits(database, Repositories(settings.data_dir / "git", limits, _is_known(database))),
        files=LogFiles(settings.data_dir / "tasklogs"),
        keyring=Keyring(key_source(settings)),
        feed=feed,
        pool=ThreadPoolExecutor(settings.worker_threads, thread_name_prefix="worker"),
    )


def _is_known(database: Database) -> Callable[[str], bool]:
    def known(id_: str) -> bool:
        with database.read() as session:
            return projects.exists(session, id_) or datasets.exists(session, id_)

    return known


def key_source(settings: Settings) -> KeySource:
    """The keys that the configuration gives, else a file beside the database, and not in it."""
    return GivenKeys(settings.secret_keys) if settings.secret_keys else key_file(settings.data_dir)


def key_file(data_dir: Path) -> KeyFile:
    """Where keys are when the configuration gives none."""
    return KeyFile(data_dir / "secrets" / "encryption-keys")


def _objects(settings: Settings) -> ObjectStore:
    if settings.s3 is None:
        return FolderObjects(settings.data_dir / "objects")
    s3 = S3Settings(
        bucket=settings.s3.bucket,
        prefix=settings.s3.prefix,
        endpoint=settings.s3.endpoint,
        region=settings.s3.region,
        path_style=settings.s3.path_style,
    )
    return S3Objects(s3, settings.data_dir / "incoming")


@dataclass(frozen=True)
class Services:
    """What serves the routes, and what else the program needs of it."""

    access: Access
    projects: Projects
    workspace: Workspace
    contents: Contents
    uploads: Uploads
    archives: Archives
    tasks: Tasks
    resources: ResourceSamples
    guests: Guests
    results: Results
    logs: Logs
    runs: Runs
    comments: Comments
    repeats: Repeats
    remote: RemoteRuns
    users: Users
    provenance: Provenance
    runners: Runners
    agents: Agents
    secrets: Secrets
    datasets: Datasets
    dataset_files: DatasetFiles
    dataset_links: DatasetLinks
    dataset_waits: DatasetWaits
    syncs: Syncs
    figures: QueueFigures
    git: GitServer

    def figures_now(self) -> Figures:
        """What Prometheus is told of tasks, runners and logs."""
        return Figures(
            tasks=self.figures.tasks_by_status(),
            runners_online=self.figures.runners_online(),
            log_entries=self.logs.appended,
        )

    def routed(self) -> list[object]:
        """The objects with methods for routes."""
        return [
            self.projects,
            self.workspace,
            self.uploads,
            self.archives,
            self.tasks,
            self.resources,
            self.guests,
            self.results,
            self.logs,
            self.runs,
            self.comments,
            self.repeats,
            self.users,
            self.provenance,
            self.runners,
            self.agents,
            self.secrets,
            self.datasets,
            self.dataset_files,
            self.dataset_links,
        ]


def make_services(base: Foundation, people: People) -> Services:
    """The services on their foundation, and who knows the hub's users."""
    database, queue, files = base.database, base.queue, base.files
    commits = base.commits
    # Who waits asks for synchronisations, and is told when they have ended.
    syncs = make_syncs(base.settings, database, lambda dataset: waits.ended(dataset))  # noqa: PLW0108 - made below
    dataset_versions = DatasetVersions(database, commits)
    waits = DatasetWaits(database, queue, dataset_versions, syncs)
    views = TaskViews(task_run_ids, online_by(queue.terms), queue.clock, waits.messages)
    environments = Environments(base.keyring, queue)
    tasks = Tasks(database, base.notifier, queue, commits, files, views, waits, environments)
    runs = Runs(database, queue.leases.check, tasks.project_of, _metadata(base))
    contents = Contents(database, commits.repositories, base.objects, base.settings.quota)
    uploads = Uploads(base.objects, contents)
    workspace = Workspace(database, commits, contents, runs)
    guests = Guests(database, queue, people)
    project_service = Projects(database, commits, files, git_url, people, guests)
    return Services(
        access=Access(database, queue.presence),
        projects=project_service,
        workspace=workspace,
        contents=contents,
        uploads=uploads,
        archives=Archives(database, commits, contents),
        tasks=tasks,
        resources=ResourceSamples(database, queue.leases),
        guests=guests,
        results=Results(database, queue, commits, runs, files),
        logs=Logs(files, base.notifier, queue.leases.check, tasks.has_ended),
        runs=runs,
        comments=Comments(database),
        repeats=Repeats(database, commits, tasks),
        remote=_remote(base, project_service, workspace, contents),
        users=Users(people),
        provenance=Provenance(database, commits),
        runners=Runners(database, queue),
        agents=Agents(database, base.notifier, queue, files, git_url, base.settings.large_file_threshold),
        secrets=Secrets(database, base.keyring, queue.leases, environments),
        datasets=Datasets(database, commits, dataset_versions, waits, syncs, base.keyring, git_url),
        dataset_files=DatasetFiles(database, workspace, dataset_versions, uploads),
        dataset_links=DatasetLinks(database, commits, project_service),
        dataset_waits=waits,
        syncs=syncs,
        figures=QueueFigures(database, queue),
        git=GitServer(database, commits, base.settings.data_dir / "hooks"),
    )


def _remote(base: Foundation, projects: Projects, workspace: Workspace, contents: Contents) -> RemoteRuns:
    threads = Threads(REMOTE_THREADS, "remote")
    arrivals = Arrivals(contents, base.objects, base.settings.large_file_threshold, threads)
    folder = base.settings.data_dir / "remote"
    return RemoteRuns(base.database, projects, workspace, base.commits, arrivals, folder, threads)


def _metadata(base: Foundation) -> Callable[[str, str], Mapping[str, str]]:
    """Answers a commit's run metadata; nothing for a commit that the store does not know."""

    def metadata(project: str, commit: str) -> Mapping[str, str]:
        with base.database.read() as session:
            rows = list(versions.commit_rows(session, project, [commit]))
        return dict(json.loads(rows[0].metadata_json)) if rows else {}

    return metadata


def make_sweeper(base: Foundation, services: Services) -> Sweeper:
    """Expired leases, and the slower chores."""

    def forget_keys() -> None:
        with base.database.write() as session:
            idempotency.expire(session, now())

    chores = [
        Chore("notice runners that went away", base.settings.heartbeat_seconds / 2, base.queue.presence.look),
        Chore("forget idempotency keys", HOUR, forget_keys),
        Chore("refresh the planner's statistics", 10 * MINUTE, base.database.optimize),
        Chore("remove what uploads left", HOUR, base.objects.sweep),
        Chore("remove uploads that nobody finished", HOUR, services.uploads.sweep),
        Chore("remove files of runs that were never recorded", HOUR, services.remote.sweep),
        Chore("look after tasks that wait for datasets", MINUTE, services.dataset_waits.look_again),
    ]
    if base.settings.garbage_days is not None:
        grace = dt.timedelta(days=base.settings.garbage_days)
        garbage = Garbage(base.database, base.commits, base.objects, grace, base.queue.clock)
        chores.append(Chore("remove what nobody has any more", 6 * HOUR, garbage.collect))
    if base.settings.retention_days is not None:
        age = dt.timedelta(days=base.settings.retention_days)
        chores.append(Chore("remove old tasks", HOUR, lambda: services.tasks.remove_old(age)))
    return Sweeper(base.queue.expiry, chores)
