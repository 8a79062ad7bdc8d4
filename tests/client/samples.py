"""Things of the contract, whole, for answers."""

from __future__ import annotations

from typing import Any

from jupyter_dotscience.api._base import now
from jupyter_dotscience.api.projects import Project, Role
from jupyter_dotscience.api.tasks import CommandWorkload, Execution, MergeState, Resources, Task, TaskStatus

PROJECT_ID = "01890000-0000-7000-8000-000000000001"
TASK_ID = "01890000-0000-7000-8000-000000000002"


def project(**changed: Any) -> Project:
    fields: dict[str, Any] = {
        "id": PROJECT_ID,
        "name": "p",
        "description": "",
        "owner": "alice",
        "role": Role.OWNER,
        "collaborators": [],
        "created": now(),
        "head": None,
        "git_url": f"/services/dotscience/git/{PROJECT_ID}.git",
    }
    return Project(**(fields | changed))


def task(**changed: Any) -> Task:
    fields: dict[str, Any] = {
        "id": TASK_ID,
        "project": PROJECT_ID,
        "project_name": "p",
        "creator": "alice",
        "status": TaskStatus.RUNNING,
        "message": "",
        "version": 1,
        "workload": CommandWorkload(command=["true"]),
        "labels": {},
        "resources": Resources(),
        "created": now(),
        "ended": None,
        "commit": None,
        "result_commit": None,
        "merge": MergeState.NONE,
        "conflicts": [],
        "exit_code": None,
        "stop_requested": False,
        "runner": None,
        "runner_name": None,
        "attempts": 1,
        "execution": Execution(),
        "runs": [],
        "events": [],
    }
    return Task(**(fields | changed))
