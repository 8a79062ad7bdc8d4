"""What a task finds around it: variables, and the folders behind them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from dotscience_runner.backends.base import WORKSPACE, Backend, Mount, Spec
from dotscience_runner.lab.folders import SERVER_AT, SERVING_AT
from jupyter_dotscience.api.control import CONTROL_AT, FOLDER_VARIABLE
from jupyter_dotscience.api.protocol import Assignment
from jupyter_dotscience.api.tasks import CommandWorkload, JupyterWorkload

from .spool import TaskFolder

LIBRARY_AT = "/dotscience/library/dotscience"
POINTS_AT = "/dotscience/points"


def make_spec(assignment: Assignment, folder: TaskFolder, library: Path, backend: Backend) -> Spec:
    """The workload as the backend takes it."""
    workload = assignment.workload
    mounts = [Mount(library, LIBRARY_AT), Mount(folder.points, POINTS_AT, read_only=False)]
    if isinstance(workload, JupyterWorkload):
        mounts += [Mount(folder.control, CONTROL_AT), Mount(folder.serving, SERVING_AT)]
        mounts += [Mount(folder.server, SERVER_AT, read_only=False)]
    seen = [mount.target if backend.mounts_at else str(mount.source) for mount in mounts]
    root = WORKSPACE if backend.mounts_at else str(folder.work)
    given = dict(workload.environment)
    if isinstance(workload, CommandWorkload):
        kind, command = "command", list(workload.command)
    else:
        kind, command = "jupyter", ["python3", f"{seen[3]}/start.py", seen[4]]
        given[FOLDER_VARIABLE] = seen[2]
    return Spec(
        task=assignment.task,
        image=workload.image,
        command=command,
        environment=variables(assignment, given, kind=kind, root=root, library=seen[0], points=seen[1]),
        workspace=folder.work,
        mounts=mounts,
        resources=assignment.resources,
    )


def variables(
    assignment: Assignment, given: Mapping[str, str], *, kind: str, root: str, library: str, points: str
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
        "DOTSCIENCE_WORKLOAD_TYPE": kind,
        "DOTSCIENCE_PROJECT_DOT_ROOT": root,
        "DOTSCIENCE_POINTS_DIR": points,
    }
