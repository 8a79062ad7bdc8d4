"""Who may see what changed, asked of the store at the moment when it is told."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace

from sqlalchemy import select
from sqlalchemy.orm import Session

from .datasets import DatasetRow, LinkRow
from .projects import CollaboratorRow, ProjectRow
from .runners import RunnerRow
from .telling import Told, tell

_IN = 500
_NOBODY: frozenset[str] = frozenset()
_People = Mapping[str, frozenset[str]]


@dataclass(frozen=True)
class Audience:
    """People by name; `everybody` of the hub for what is shared with all. Admins see everything anyway."""

    people: frozenset[str]
    everybody: bool = False


def audiences(session: Session, told: Collection[Told]) -> list[Audience]:
    """Who may see each of these changes: the same people whom `services.access` lets see the noun itself."""
    notices = [each.notice for each in told]
    linked = _projects_of_datasets(session, _ids(notice.dataset for notice in notices))
    projects = _ids(notice.project for notice in notices).union(*linked.values())
    people = _people_of_projects(session, projects)
    datasets = _owners(session, DatasetRow, linked)
    for dataset, found in linked.items():
        datasets[dataset] = datasets.get(dataset, _NOBODY).union(*(people.get(project, _NOBODY) for project in found))
    runners, shared = _people_of_runners(session, _ids(notice.runner for notice in notices))
    return [
        Audience(
            each.people.union(
                people.get(each.notice.project or "", _NOBODY),
                datasets.get(each.notice.dataset or "", _NOBODY),
                runners.get(each.notice.runner or "", _NOBODY),
            ),
            each.everybody or each.notice.runner in shared,
        )
        for each in told
    ]


def tell_gone(session: Session, told: Collection[Told]) -> None:
    """Tell of what is about to be removed: those who see it now."""
    for each, audience in zip(told, audiences(session, told), strict=True):
        tell(session, replace(each, people=audience.people, everybody=audience.everybody))


def _ids(found: Iterable[str | None]) -> set[str]:
    return {id_ for id_ in found if id_ is not None}


def _parts(ids: Iterable[str]) -> Iterable[list[str]]:
    ordered = sorted(ids)
    return (ordered[start : start + _IN] for start in range(0, len(ordered), _IN))


def _people_of_projects(session: Session, projects: Iterable[str]) -> _People:
    found: defaultdict[str, set[str]] = defaultdict(set)
    for part in _parts(projects):
        owners = select(ProjectRow.id, ProjectRow.owner).where(ProjectRow.id.in_(part))
        others = select(CollaboratorRow.project_id, CollaboratorRow.user_name)
        for query in (owners, others.where(CollaboratorRow.project_id.in_(part))):
            for project, name in session.execute(query):
                found[project].add(name)
    return {project: frozenset(names) for project, names in found.items()}


def _projects_of_datasets(session: Session, datasets: Iterable[str]) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {dataset: set() for dataset in datasets}
    for part in _parts(found):
        query = select(LinkRow.dataset_id, LinkRow.project_id).where(LinkRow.dataset_id.in_(part))
        for dataset, project in session.execute(query):
            found[dataset].add(project)
    return found


def _owners(session: Session, kind: type[DatasetRow], ids: Iterable[str]) -> dict[str, frozenset[str]]:
    found: dict[str, frozenset[str]] = {}
    for part in _parts(ids):
        query = select(kind.id, kind.owner).where(kind.id.in_(part))
        found.update({id_: frozenset((owner,)) for id_, owner in session.execute(query)})
    return found


def _people_of_runners(session: Session, runners: Iterable[str]) -> tuple[_People, set[str]]:
    """Owners of runners, and those of the runners that everybody sees."""
    owners: dict[str, frozenset[str]] = {}
    everybody: set[str] = set()
    for part in _parts(runners):
        query = select(RunnerRow.id, RunnerRow.owner, RunnerRow.shared).where(RunnerRow.id.in_(part))
        for id_, owner, shared in session.execute(query):
            owners[id_] = frozenset((owner,))
            if shared:
                everybody.add(id_)
    return owners, everybody
