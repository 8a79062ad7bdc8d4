"""How a container ended, and what it used."""

from __future__ import annotations

import re
import time
from typing import Any

import msgspec
from docker.errors import APIError

from dotscience_runner.backends.base import State, Status
from jupyter_dotscience.api.protocol import Outcome
from jupyter_dotscience.api.tasks import Usage

from .engine import Engine

KILLED, TERMINATED = 137, 143
NOT_EXECUTABLE, NOT_FOUND = 126, 127
_RUNNING = ("running", "paused", "restarting")
# What docker-init (https://github.com/krallin/tini) says when it cannot execute the command.
_INIT_FAILED = re.compile(r"^\[FATAL tini \(\d+\)\] exec (.*) failed: (.*)$", re.MULTILINE)


def status(engine: Engine, attributes: dict[str, Any] | None, usage: Usage) -> Status:
    """Where a container is.

    Args:
        engine: Where it runs.
        attributes: What inspecting it said, None when it is not there.
        usage: What it used as far as known.
    """
    if attributes is None:
        return Status(State.ENDED, Outcome.LOST, None, "The task's container was removed by somebody else.", usage)
    state = attributes["State"]
    code = int(state["ExitCode"])
    if state["Status"] in _RUNNING:
        return Status(State.RUNNING, usage=usage)
    if state["Status"] == "created":
        message = state.get("Error") or "The task's container was never started."
        return Status(State.ENDED, Outcome.START_FAILED, code or None, message, usage)
    return _ended(engine, attributes, code, usage)


def _ended(engine: Engine, attributes: dict[str, Any], code: int, usage: Usage) -> Status:
    out_of_memory = bool(attributes["State"]["OOMKilled"])
    usage = msgspec.structs.replace(usage, out_of_memory=out_of_memory)
    if code == KILLED and out_of_memory:
        return Status(State.ENDED, Outcome.OUT_OF_MEMORY, code, _memory_sentence(attributes), usage)
    if code in (NOT_EXECUTABLE, NOT_FOUND) and (sentence := _init_sentence(engine, attributes)):
        return Status(State.ENDED, Outcome.START_FAILED, code, sentence, usage)
    if code in (KILLED, TERMINATED) and not _knows_start(engine, attributes):
        message = "The Docker engine was restarted, which ended the task."
        return Status(State.ENDED, Outcome.LOST, code, message, usage)
    # The engine also sets the flag when a child of the workload was hit, which then may have gone on.
    message = "A process of the task was killed because memory ran out." if out_of_memory else ""
    return Status(State.ENDED, Outcome.EXITED, code, message, usage)


def _memory_sentence(attributes: dict[str, Any]) -> str:
    limit = int(attributes["HostConfig"].get("Memory") or 0)
    if limit:
        return f"The task needed more than its {limit / 2**20:.0f} MiB of memory."
    return "The machine ran out of memory, and the task was killed."


def _init_sentence(engine: Engine, attributes: dict[str, Any]) -> str:
    """What init said, if it is why the container ended: a script's own 127 is its exit code and nothing else."""
    try:
        said = engine.api.logs(attributes["Id"], stdout=False, stderr=True, tail=5)
    except APIError:
        return ""
    found = _INIT_FAILED.search(said.decode(errors="replace"))
    return f"The command {found[1]} cannot be executed: {found[2]}." if found else ""


def _knows_start(engine: Engine, attributes: dict[str, Any]) -> bool:
    """Whether the engine that runs now is the one that started the container.

    Its list of events begins with its own start (and holds the last 256 ones, so this is to be asked soon). Without
    ``--live-restore`` an engine that goes, or that comes back after a kill, ends its containers with 143 or 137.
    """
    filters = {"container": [attributes["Id"]], "event": ["start"]}
    since = max(0, int(time.time()) - 10 * 365 * 86_400)
    return any(True for _ in engine.api.events(since=since, until=int(time.time()) + 1, filters=filters, decode=True))
