"""What a job left behind, for people: the block that ``ds run`` ends with."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

from .age import human_duration
from .text import printable, printable_path

if TYPE_CHECKING:
    from jupyter_dotscience.api.runs import Run, RunFile
    from jupyter_dotscience.api.tasks import Task

SHOWN_RUNS = 20
SHOWN_FILES = 20
SHOWN_VALUES = 50
_WIDTH = 15


def describe(task: Task, runs: Iterable[Run]) -> str:
    """A task and its runs as text of one fact a line.

    Args:
        task: In its last state.
        runs: At most :data:`SHOWN_RUNS` of its runs are shown.
    """
    runs = list(runs)
    lines = [_line("Task", task.id), *_task(task)]
    for run in runs[:SHOWN_RUNS]:
        lines += ["", *_run(run)]
    if len(task.runs) > min(len(runs), SHOWN_RUNS):
        lines += ["", f"{len(task.runs)} runs in all: ds runs ls {task.project}"]
    return "\n".join(lines)


def _line(name: str, value: str, margin: str = "") -> str:
    return f"{margin}{name + ':':<{_WIDTH - len(margin)}}{printable(value)}"


def _task(task: Task) -> Iterator[str]:
    code = "" if task.exit_code is None else f" (exit code {task.exit_code})"
    yield _line("Status", task.status.value + code)
    if task.message:
        yield _line("", task.message).replace(":", " ", 1)
    done = task.execution
    if done.started:
        yield _line("Started", _moment(done.started))
    if done.ended:
        took = f", after {human_duration((done.ended - done.started).total_seconds()).lower()}" if done.started else ""
        yield _line("Ended", _moment(done.ended) + took)
    if task.runner_name:
        yield _line("Runner", task.runner_name)
    yield _line("Image", _image(task))
    yield from _datasets(task)
    yield from _version(task)


def _datasets(task: Task) -> Iterator[str]:
    """What the task saw; one that never started saw none."""
    if task.execution.started is None:
        return
    for one in task.datasets:
        version = f"{one.dataset}@{one.commit}" if one.commit else "it had no version yet"
        yield _line("Dataset", f"{one.name} at ./{one.path} ({version})")


def _image(task: Task) -> str:
    """The image that was used; a runner without containers uses none, whatever was asked for."""
    asked = task.workload.image
    if task.execution.backend == "process":
        return f"none: this runner has no containers, its own Python was used instead of {asked}"
    return task.execution.image_digest or asked


def _version(task: Task) -> Iterator[str]:
    from jupyter_dotscience.api.tasks import MergeState

    if task.result_commit is None or task.merge is MergeState.NONE:
        yield _line("Files", "nothing changed")
        return
    yield _line("Commit", task.result_commit)
    if task.merge is MergeState.CONFLICT:
        yield _line("Conflicts", f"{_paths(task.conflicts)}: changed here and in main; kept on branch tasks/{task.id}")
    else:
        yield _line("Merged", "into main" + (" with the changes of others" * (task.merge is MergeState.MERGED)))


def _run(run: Run) -> Iterator[str]:
    yield _line("Run", f"{run.id} ({run.status.value})")
    if run.description:
        yield _line("description", run.description, "  ")
    if run.error:
        yield _line("error", run.error, "  ")
    for name, values in (("parameters", run.parameters), ("summary", run.summary), ("labels", run.labels)):
        if values:
            yield _line(name, _values(values), "  ")
    for name, files in (("inputs", run.inputs), ("outputs", run.outputs)):
        if files:
            yield _line(name, _files(files), "  ")


def _values(values: Mapping[str, str]) -> str:
    shown = [f"{name}={value}" for name, value in list(values.items())[:SHOWN_VALUES]]
    return ", ".join(shown) + _rest(len(values) - SHOWN_VALUES)


def _files(files: Iterable[RunFile]) -> str:
    return _paths([file.path for file in files])


def _paths(paths: list[str]) -> str:
    return ", ".join(printable_path(path) for path in paths[:SHOWN_FILES]) + _rest(len(paths) - SHOWN_FILES)


def _rest(count: int) -> str:
    return f" and {count} more" if count > 0 else ""


def _moment(moment: dt.datetime) -> str:
    return moment.astimezone(dt.UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
