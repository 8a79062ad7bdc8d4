"""The states of a task and the ways between them."""

from __future__ import annotations

from jupyter_dotscience.api.problems import BadRequest
from jupyter_dotscience.api.protocol import Outcome
from jupyter_dotscience.api.tasks import TaskStatus

S = TaskStatus
_ENDS = frozenset(status for status in TaskStatus if status.terminal)
_NEXT: dict[TaskStatus, frozenset[TaskStatus]] = {
    # Stopped before anybody took it, or failed as a dataset that it was to see is not there.
    S.QUEUED: frozenset({S.ASSIGNED, S.STOPPED, S.FAILED}),
    # Back to the queue when the lease ends; lost when that happens too often.
    S.ASSIGNED: frozenset({S.PREPARING, S.RUNNING, S.SAVING, S.QUEUED}) | _ENDS,
    S.PREPARING: frozenset({S.RUNNING, S.SAVING, S.QUEUED}) | _ENDS,
    S.RUNNING: frozenset({S.SAVING, S.QUEUED}) | _ENDS,
    S.SAVING: frozenset({S.QUEUED}) | _ENDS,
}
REPORTED = (S.PREPARING, S.RUNNING, S.SAVING)
ACTIVE = (S.ASSIGNED, *REPORTED)
"""States in which a runner holds a lease."""


def allowed(before: TaskStatus, after: TaskStatus) -> bool:
    """Whether a task may go from one state to another. Nothing follows an end."""
    return after in _NEXT.get(before, frozenset())


def reported(before: TaskStatus, said: TaskStatus) -> TaskStatus:
    """Where a task is after its agent said where it is.

    An agent repeats what it is not sure to have said, so a state it has left already changes nothing.

    Raises:
        BadRequest: It said something that is not its to say.
    """
    if said not in REPORTED:
        raise BadRequest(f"An agent reports preparing, running or saving, not {said.value}; the end goes by `finish`.")
    return said if allowed(before, said) else before


def ended(outcome: Outcome, exit_code: int | None, *, stop_requested: bool) -> TaskStatus:
    """How a task ended, from what its agent says. What a person asked to stop is stopped, however it went."""
    if stop_requested or outcome is Outcome.STOPPED:
        return S.STOPPED
    if outcome is Outcome.LOST:
        return S.LOST
    return S.SUCCEEDED if outcome is Outcome.EXITED and exit_code == 0 else S.FAILED


def why(outcome: Outcome, status: TaskStatus, exit_code: int | None, said: str) -> str:
    """One sentence on the end; the agent's own where it has one."""
    if said:
        return said
    if status is S.STOPPED:
        return "Stopped on request." if outcome is not Outcome.EXITED else "It ended after it was asked to stop."
    if outcome is Outcome.EXITED:
        return "" if exit_code == 0 else f"It exited with code {'unknown' if exit_code is None else exit_code}."
    return _WHY[outcome]


_WHY = {
    Outcome.OUT_OF_MEMORY: "It was ended because it used more memory than it may.",
    Outcome.OUT_OF_STORAGE: "It was ended because it used more of the runner's disk than it may.",
    Outcome.START_FAILED: "It could not be started.",
    Outcome.LOST: "The runner's engine ended it, not the program itself.",
}
