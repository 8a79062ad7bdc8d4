"""A run as JSON, in the shape in which the run metadata format is published."""

from __future__ import annotations

import datetime as dt
import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from jupyter_dotscience.api.runs import Run, RunFile

_MOUNT = "input-dataset."
_AUTHORITIES = {"workload": 0, "derived": 1, "correction": 2, "remote": 3}
"""The format's numbers; ``remote`` came later and has none there."""


def document(run: Run) -> dict[str, Any]:
    """The commit of a run with that run in it.

    Names and nesting are those of the parser of the original format, version 1. What is not known is null.
    """
    meta = run.metadata
    return {
        "submitter_id": meta.get("author", run.author),
        "success": meta.get("success", "true" if run.error is None else "false") == "true",
        "message": meta.get("message"),
        "workload_type": meta.get("workload.type"),
        "workload_image": meta.get("workload.image"),
        "workload_image_hash": meta.get("workload.image.hash"),
        "workload_command": _json(meta.get("workload.command")),
        "workload_repository": meta.get("workload.repository"),
        "workload_repository_ref": meta.get("workload.repository.ref"),
        "workload_repository_commit": meta.get("workload.repository.commit"),
        "workload_environment": _json(meta.get("workload.environment")),
        "runner_name": meta.get("runner.name"),
        "runner_version": meta.get("runner.version"),
        "runner_platform": meta.get("runner.platform"),
        "runner_platform_version": meta.get("runner.platform_version"),
        "runner_cpus": _json(meta.get("runner.cpu")),
        "runner_gpus": _json(meta.get("runner.gpu")),
        "runner_ram_bytes": _json(meta.get("runner.ram")),
        "exec_start": _time(meta.get("exec.start")),
        "exec_end": _time(meta.get("exec.end")),
        "exec_cpu_seconds_used": _json(meta.get("exec.cpu-seconds")),
        "exec_peak_ram_bytes": _json(meta.get("exec.ram")),
        "inputs": {mount: {"id": dataset, "version": version} for mount, (dataset, version) in _mounts(run).items()},
        "outputs": {},
        "runs": [_run(run)],
    }


def _mounts(run: Run) -> dict[str, tuple[str, str]]:
    """The datasets that the task saw: id and version, by path."""
    found = {}
    for key, value in run.metadata.items():
        if key.startswith(_MOUNT):
            dataset, _, version = value.partition("@")
            found[key.removeprefix(_MOUNT)] = (dataset, version)
    return found


def _run(run: Run) -> dict[str, Any]:
    return {
        "run_id": run.id,
        "commit_id": run.commit,
        "task_id": run.task,
        "authority": _AUTHORITIES[run.authority.value],
        "status": run.status.value,
        "description": run.description,
        "workload_file": run.workload_file,
        "success": run.error is None and run.status.value != "failed",
        "error_message": run.error,
        "workspace_input_files": [_input(file.path, file) for file in run.inputs if file.dataset is None],
        "workspace_output_files": [file.path for file in run.outputs],
        "dataset_input_files": _dataset_files(run),
        "dataset_output_files": {},
        "labels": run.labels,
        "summary": run.summary,
        "parameters": run.parameters,
        "exec_start": _moment(run.started),
        "exec_end": _moment(run.ended),
    }


def _dataset_files(run: Run) -> dict[str, list[dict[str, Any]]]:
    """The files of datasets that a run read, by the dataset's path and relative to it."""
    found: dict[str, list[dict[str, Any]]] = {}
    for mount in _mounts(run):
        files = [file for file in run.inputs if file.dataset is not None and file.path.startswith(mount + "/")]
        if files:
            found[mount] = [_input(file.path.removeprefix(mount + "/"), file) for file in files]
    return found


def _input(name: str, file: RunFile) -> dict[str, Any]:
    return {"filename": name, "version": file.commit}


def _json(text: str | None) -> Any:
    """A value that the flat map holds as JSON; text that is none stays text."""
    try:
        return None if text is None else json.loads(text)
    except ValueError:
        return text


def _time(text: str | None) -> str | None:
    from jupyter_dotscience.api.marker import parse_time

    return _moment(parse_time(text)) if text else None


def _moment(moment: dt.datetime | None) -> str | None:
    return moment.astimezone(dt.UTC).isoformat().replace("+00:00", "Z") if moment else None
