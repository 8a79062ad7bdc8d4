"""The states of a task: every way is either allowed by the table or refused."""

from __future__ import annotations

import pytest
from dotscience_hub.domain import states
from hypothesis import given
from hypothesis import strategies as st

from jupyter_dotscience.api.problems import BadRequest
from jupyter_dotscience.api.protocol import Outcome
from jupyter_dotscience.api.tasks import TaskStatus

S = TaskStatus
ORDER = [S.QUEUED, S.ASSIGNED, S.PREPARING, S.RUNNING, S.SAVING]
ENDS = [S.SUCCEEDED, S.FAILED, S.STOPPED, S.LOST]


def _expected(before: TaskStatus, after: TaskStatus) -> bool:
    if before in ENDS:
        return False
    if before is S.QUEUED:
        return after in (S.ASSIGNED, S.STOPPED, S.FAILED)
    if after in ENDS or after is S.QUEUED:
        return True
    return ORDER.index(after) > ORDER.index(before)


@pytest.mark.parametrize("before", list(TaskStatus))
@pytest.mark.parametrize("after", list(TaskStatus))
def test_the_table_of_transitions(before: TaskStatus, after: TaskStatus) -> None:
    """A task goes forward, back to the queue, or to an end; nothing follows an end."""
    assert states.allowed(before, after) is _expected(before, after)


@given(st.lists(st.sampled_from(states.REPORTED), max_size=20))
def test_reports_never_lead_back(said: list[TaskStatus]) -> None:
    """Whatever an agent repeats and in whatever order, a task's state never goes back."""
    status = S.ASSIGNED
    for report in said:
        after = states.reported(status, report)
        assert ORDER.index(after) >= ORDER.index(status)
        status = after
    assert status is max([S.ASSIGNED, *said], key=ORDER.index)


@pytest.mark.parametrize("said", [S.QUEUED, S.ASSIGNED, *ENDS])
def test_agents_do_not_report_ends(said: TaskStatus) -> None:
    """What is not an agent's to report is refused."""
    with pytest.raises(BadRequest, match="finish"):
        states.reported(S.RUNNING, said)


@pytest.mark.parametrize(
    ("outcome", "exit_code", "stop", "status"),
    [
        (Outcome.EXITED, 0, False, S.SUCCEEDED),
        (Outcome.EXITED, 1, False, S.FAILED),
        (Outcome.EXITED, None, False, S.FAILED),
        (Outcome.EXITED, 0, True, S.STOPPED),
        (Outcome.STOPPED, None, True, S.STOPPED),
        (Outcome.STOPPED, 143, False, S.STOPPED),
        (Outcome.OUT_OF_MEMORY, 137, False, S.FAILED),
        (Outcome.OUT_OF_MEMORY, 137, True, S.STOPPED),
        (Outcome.OUT_OF_STORAGE, 0, False, S.FAILED),
        (Outcome.OUT_OF_STORAGE, 143, True, S.STOPPED),
        (Outcome.START_FAILED, None, False, S.FAILED),
        (Outcome.LOST, None, False, S.LOST),
        (Outcome.LOST, None, True, S.STOPPED),
    ],
)
def test_how_a_task_ends(outcome: Outcome, exit_code: int | None, stop: bool, status: TaskStatus) -> None:
    """The outcome that an agent reports decides how a task ends."""
    assert states.ended(outcome, exit_code, stop_requested=stop) is status


@pytest.mark.parametrize("outcome", list(Outcome))
@pytest.mark.parametrize("stop", [False, True])
def test_every_bad_end_is_explained(outcome: Outcome, stop: bool) -> None:
    """An end that is not a success comes with a sentence, and the agent's own goes before ours."""
    status = states.ended(outcome, 1, stop_requested=stop)
    assert states.why(outcome, status, 1, "").endswith(".")
    assert states.why(outcome, status, 1, "No such image.") == "No such image."
