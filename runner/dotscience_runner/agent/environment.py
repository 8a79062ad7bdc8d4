"""What a task finds around it: variables, and the folders behind them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from dotscience_runner.backends.base import WORKSPACE, Backend, Mount, Spec
from jupyter_dotscience.api.protocol import Assignment
from jupyter_dotscience.api.tasks import CommandWorkload

from .spool import TaskFolder

LIBRARY_AT = "/dotscience/library/dotscience"
POINTS_AT = "/dotscience/points"


def make_spec(assignment: Assignment, folder: TaskFolder, library: Path, backend: Backend) -> Spec:
    """The workload as the backend takes it.

    Raises:
        TypeError: the workload is no command.
    """
    workload = assignment.workload
    if not isinstance(workload, CommandWorkload):
        raise TypeError("This runner executes commands only.")
    mounts = [Mount(library, LIBRARY_AT), Mount(folder.points, POINTS_AT, read_only=False)]
    seen = [mount.target if backend.mounts_at else str(mount.source) for mount in mounts]
    root = WORKSPACE if backend.mounts_at else str(folder.work)
    return Spec(
        task=assignment.task,
        image=workload.image,
        command=workload.command,
        environment=variables(assignment, workload.environment, root=root, library=seen[0], points=seen[1]),
        workspace=folder.work,
        mounts=mounts,
        resources=assignment.resources,
    )


def variables(
    assignment: Assignment, given: Mapping[str, str], *, root: str, library: str, points: str
) -> dict[str, str]:
    """The user's variables and ours.

    Ours win, except that output of Python is unbuffered, so that it is seen when it is written, unless the user says
    otherwise. The library comes last on PYTHONPATH: it is an offer that hides nothing.
    """
    path = given.get("PYTHONPATH", "")
    return {
        "PYTHONUNBUFFERED": "1",
        **given,
        "PYTHONPATH": ":".join(filter(None, (path, f"{library}/offer"))),
        "DOTSCIENCE_TASK_ID": assignment.task,
        "DOTSCIENCE_PROJECT_ID": assignment.project,
        "DOTSCIENCE_WORKLOAD_TYPE": "command",
        "DOTSCIENCE_PROJECT_DOT_ROOT": root,
        "DOTSCIENCE_POINTS_DIR": points,
    }
