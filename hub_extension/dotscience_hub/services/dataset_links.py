"""Links: datasets in projects, each at a path of its own."""

from __future__ import annotations

from pathlib import PurePosixPath

from sqlalchemy import delete
from sqlalchemy.orm import Session

from dotscience_hub.domain import linkpaths
from dotscience_hub.store import datasets as store
from dotscience_hub.store.database import Database
from dotscience_hub.store.projects import ProjectRow
from jupyter_dotscience.api import datasets as api
from jupyter_dotscience.api._base import now
from jupyter_dotscience.api.problems import Conflict, NotFound
from jupyter_dotscience.api.projects import Project

from .access import NO_DATASET, NO_PROJECT
from .caller import Caller
from .ports import Workspaces
from .projects import Projects

MOST = 100
"""Datasets of one project: each of its tasks sees all of them."""


class DatasetLinks:
    """Serves link_dataset and unlink_dataset."""

    def __init__(self, database: Database, workspaces: Workspaces, projects: Projects) -> None:
        """Make the service.

        Args:
            database: Where links are.
            workspaces: Tells what stands at a path.
            projects: Shows the project.
        """
        self._database = database
        self._workspaces = workspaces
        self._projects = projects

    def link_dataset(self, caller: Caller, *, project: str, dataset: str, body: api.LinkCreate) -> Project:
        """Let a project's tasks see a dataset; one that is linked already moves to the new path.

        Raises:
            BadRequest: The path is not one below a workspace.
            Conflict: Something else is there.
        """
        path = linkpaths.normal(body.path)
        head = self._workspaces.head(project)
        if head is not None:
            check_free(self._workspaces, project, head, path)
        with self._database.write() as session:
            _lock(session, project, dataset)
            others = {
                link.path: link.dataset_id
                for link in store.links_of(session, [project])[project]
                if link.dataset_id != dataset
            }
            if len(others) >= MOST:
                raise Conflict(f"The project has {MOST} datasets; unlink one first.", code="too_many")
            taken = linkpaths.overlapping(path, others)
            if taken is not None:
                raise _taken(session, path, taken, others[taken])
            link = session.get(store.LinkRow, (project, dataset))
            if link is None:
                session.add(store.LinkRow(project_id=project, dataset_id=dataset, path=path, created=now()))
            else:
                link.path = path
        return self._projects.get_project(caller, project=project)

    def unlink_dataset(self, caller: Caller, *, project: str, dataset: str) -> None:
        """Let a project's tasks not see a dataset any more; those that are queued or running still do.

        Raises:
            NotFound: It is not linked.
        """
        mine = (store.LinkRow.project_id == project, store.LinkRow.dataset_id == dataset)
        with self._database.write() as session:
            if not session.execute(delete(store.LinkRow).where(*mine).returning(store.LinkRow.path)).all():
                raise NotFound("The dataset is not linked to this project.")


def check_free(workspaces: Workspaces, project: str, commit: str, path: str) -> None:
    """Whether a version of a workspace leaves a path free for a dataset.

    Raises:
        Conflict: Something is there, or on the way there something that is no folder.
    """
    whole = PurePosixPath(path)
    for part in (*reversed(whole.parents[:-1]), whole):
        kind = workspaces.kind_at(project, commit, str(part))
        if kind is None:
            return
        if kind == "symlink":
            raise Conflict(
                f"The workspace has a symlink at {str(part)!r}, and no dataset is linked there; choose another path.",
                code="path_is_symlink",
            )
        if kind != "folder" or part == whole:
            raise Conflict(
                f"The workspace has a {kind} at {str(part)!r}; choose another path for the dataset, or move it away.",
                code="path_taken",
            )


def _lock(session: Session, project: str, dataset: str) -> None:
    """Both stay as they are until the transaction ends, and nobody else links to this project meanwhile."""
    if session.get(ProjectRow, project, with_for_update=True) is None:
        raise NotFound(NO_PROJECT)
    if store.lock_dataset(session, dataset) is None:
        raise NotFound(NO_DATASET)


def _taken(session: Session, path: str, taken: str, dataset: str) -> Conflict:
    name = store.names_of(session, [dataset]).get(dataset, dataset)
    if path == taken:
        return Conflict(f"The path {path!r} is taken by the dataset {name}; choose another one.", code="path_taken")
    return Conflict(
        f"The path {path!r} and {taken!r}, that of the dataset {name}, lie within each other; choose another one.",
        code="path_taken",
    )
