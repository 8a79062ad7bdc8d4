"""The run metadata format, version 1: a flat map of strings that goes with a commit.

Keys and meaning follow the format that the original product documented and its parser defines; where its versions
differ (``label.`` and ``labels.``, ``summary.`` and ``metric.``) we write the first and readers should accept both.
"""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Iterable, Mapping, Sequence

import msgspec

from . import marker
from .datasets import TaskDataset, mount_of
from .runs import Authority, RunReport
from .tasks import CommandWorkload, Execution, Workload

TYPE = "dotscience.run.v1"


def format_time(moment: dt.datetime) -> str:
    """``20181004T130607.101000``: UTC, without a zone, microseconds."""
    return moment.astimezone(dt.UTC).strftime("%Y%m%dT%H%M%S.%f")


def of_task(
    *, author: str, message: str, succeeded: bool, workload: Workload, execution: Execution, runner_name: str
) -> dict[str, str]:
    """The part of the map that describes the task."""
    machine, usage = execution.machine, execution.usage
    command = isinstance(workload, CommandWorkload)
    repository = workload.repository if isinstance(workload, CommandWorkload) else None
    fields: dict[str, str | None] = {
        "type": TYPE,
        "author": author,
        "message": message,
        "success": "true" if succeeded else "false",
        "workload.type": "command" if command else "jupyter",
        "workload.image": workload.image,
        "workload.image.hash": execution.image_digest,
        "workload.command": json.dumps(workload.command) if isinstance(workload, CommandWorkload) else None,
        "workload.repository": _without_password(repository.url) if repository else None,
        "workload.repository.ref": repository.ref if repository else None,
        "workload.repository.commit": execution.repository_commit,
        "workload.environment": json.dumps(dict(workload.environment), sort_keys=True),
        "runner.name": runner_name,
        "runner.version": execution.runner_version,
        "runner.platform": machine.platform,
        "runner.platform_version": machine.platform_version,
        "runner.cpu": json.dumps(machine.cpus),
        "runner.gpu": json.dumps(machine.gpus),
        "runner.ram": str(machine.memory),
        "exec.start": format_time(execution.started) if execution.started else None,
        "exec.end": format_time(execution.ended) if execution.ended else None,
        "exec.cpu-seconds": str(-1 if usage.cpu_seconds is None else usage.cpu_seconds),
        "exec.ram": str(-1 if usage.peak_memory is None else usage.peak_memory),
    }
    return {key: value for key, value in fields.items() if value is not None}


def _without_password(url: str) -> str:
    """What is recorded can be seen by all who may read the project, for as long as it exists."""
    return re.sub(r"^(https?://)[^/]*@", r"\1", url, flags=re.IGNORECASE)


def of_datasets(mounts: Sequence[TaskDataset]) -> dict[str, str]:
    """The part that describes which datasets the task saw, each in one version."""
    return {f"input-dataset.{mount.path}": f"{mount.dataset}@{mount.commit}" for mount in mounts if mount.commit}


def of_runs(
    runs: Sequence[RunReport], input_versions: Mapping[str, str | None], mounts: Sequence[TaskDataset] = ()
) -> dict[str, str]:
    """The part that describes runs.

    Args:
        runs: What was recorded, oldest first.
        input_versions: The commit that last changed each input file, by path; of a file of a dataset, the dataset's.
        mounts: The datasets that the task saw.
    """
    fields = {"runs": json.dumps([run.id for run in runs])}
    for run in runs:
        fields.update(_of_run(run, input_versions, mounts))
    return fields


def runs_in(fields: Mapping[str, str]) -> list[RunReport]:
    """The runs that a map of somebody else's describes; inputs are left out, for no version of them is known here.

    Raises:
        MarkerError: it describes none, or one badly, or over a thousand.
    """
    ids = _parsed(fields.get("runs", "[]"))
    if not isinstance(ids, list) or not ids or not all(isinstance(each, str) for each in ids):
        raise marker.MarkerError("The metadata do not name a run.")
    if len(ids) > _MOST_RUNS or len(set(ids)) < len(ids):
        raise marker.MarkerError(f"Up to {_MOST_RUNS} runs may be told of, each once.")
    own: dict[str, dict[str, str]] = {run: {} for run in ids}
    for key, value in fields.items():
        for run, name in _split(key):
            if run in own:
                own[run][name] = value
    return [_run_in(run, described) for run, described in own.items()]


def _run_in(run: str, own: Mapping[str, str]) -> RunReport:
    described: dict[str, object] = {key: value for key, value in own.items() if key in _PLAIN}
    for kind, names in _GROUPS.items():
        starts = tuple(f"{name}." for name in names)
        described[kind] = {key.partition(".")[2]: value for key, value in own.items() if key.startswith(starts)}
    described["output"] = _parsed(own.get("output-files", "[]"))
    report = marker.parse(run, json.dumps(described).encode())
    return msgspec.structs.replace(report, authority=Authority.REMOTE)


def _parsed(text: str) -> object:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _split(key: str) -> Iterable[tuple[str, str]]:
    """The run and the field that a key may be of: a run's id can have dots in it, but is short."""
    rest = key.removeprefix("run.")
    at = -1 if rest == key else rest.find(".")
    while 0 <= at <= _LONGEST_ID:
        yield rest[:at], rest[at + 1 :]
        at = rest.find(".", at + 1)


_MOST_RUNS, _LONGEST_ID = 1000, 100
_PLAIN = ("description", "error", "workload-file", "start", "end")
_GROUPS = {"labels": ("label", "labels"), "parameters": ("parameters",), "summary": ("summary", "metric")}


def _of_run(
    run: RunReport, input_versions: Mapping[str, str | None], mounts: Sequence[TaskDataset]
) -> Iterable[tuple[str, str]]:
    prefix = f"run.{run.id}."
    yield prefix + "authority", run.authority.value
    optional = {
        "description": run.description,
        "error": run.error,
        "workload-file": run.workload_file,
        "start": format_time(run.started) if run.started else None,
        "end": format_time(run.ended) if run.ended else None,
    }
    for name, value in optional.items():
        if value is not None:
            yield prefix + name, value
    for mount, versions in _inputs(run, input_versions, mounts).items():
        yield prefix + (f"dataset-input-files.{mount}" if mount else "input-files"), json.dumps(versions)
    yield prefix + "output-files", json.dumps(run.outputs)
    for kind, values in (("label", run.labels), ("parameters", run.parameters), ("summary", run.summary)):
        for key, value in values.items():
            yield f"{prefix}{kind}.{key}", value


def _inputs(run: RunReport, versions: Mapping[str, str | None], mounts: Sequence[TaskDataset]) -> dict[str, list[str]]:
    """What a run read, as `path@version`: by the path of the dataset, relative to it; under "" what is no dataset's."""
    found: dict[str, list[str]] = {"": []}
    for path in run.inputs:
        mount, version = mount_of(path, mounts), versions.get(path)
        place = "" if mount is None else mount.path
        name = path if mount is None else path.removeprefix(mount.path + "/")
        found.setdefault(place, []).append(f"{name}@{version}" if version else name)
    return found
