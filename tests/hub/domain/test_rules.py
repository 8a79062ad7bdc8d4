"""Matching, leases, waiting messages, corrections."""

from __future__ import annotations

import datetime as dt

import pytest
from dotscience_hub.domain import corrections
from dotscience_hub.domain.leases import Fate, on_expiry, was_away
from dotscience_hub.domain.matching import Demand, Offer, free_gpus
from dotscience_hub.domain.names import pick_name
from dotscience_hub.domain.waiting import Candidate, waiting_message
from hypothesis import given
from hypothesis import strategies as st

from jupyter_dotscience.api.ids import new_id
from jupyter_dotscience.api.runners import RunnerType
from jupyter_dotscience.api.runs import Authority, RunReport

LABELS = st.dictionaries(st.sampled_from("abc"), st.sampled_from(["", "x", "y"]))


@given(LABELS, LABELS, st.integers(-1, 3), st.integers(0, 3))
def test_a_runner_meets_a_demand(wanted: dict[str, str], present: dict[str, str], gpus: int, free: int) -> None:
    """A runner fits exactly if it has all wanted labels with their values, and as many GPUs."""
    fits = wanted.items() <= present.items() and free >= (1 if gpus == -1 else gpus)
    assert Offer(present, free, None).meets(Demand(wanted, gpus)) is fits


@given(LABELS, LABELS, st.integers(-1, 2), st.integers(-1, 2))
def test_equal_demands_have_equal_keys(a: dict[str, str], b: dict[str, str], c: int, d: int) -> None:
    """The key of a demand stands for all of it."""
    assert (Demand(a, c).key == Demand(b, d).key) is ((a, c) == (b, d))


def test_a_cpu_runner_gives_no_gpus() -> None:
    """A runner made for CPU work is not given GPU work, even where its agent sees GPUs."""
    assert free_gpus(RunnerType.CPU, 4) == 0
    assert free_gpus(RunnerType.GPU, 4) == 4


@pytest.mark.parametrize(
    ("attempts", "silent", "acknowledged", "finishing", "stop", "fate"),
    [
        (1, 0, True, False, False, Fate.REQUEUE),
        (2, 0, True, False, False, Fate.LOSE),
        (2, 0, False, False, False, Fate.REQUEUE),  # the second runner may never have heard of it
        (1, 9, False, False, False, Fate.REQUEUE),
        (1, 10, False, False, False, Fate.LOSE),  # whoever takes it falls silent at once
        (1, 0, True, True, False, Fate.LOSE),
        (1, 0, True, True, True, Fate.LOSE),
        (1, 0, True, False, True, Fate.STOP),
    ],
)
def test_the_fate_of_an_expired_lease(
    attempts: int, silent: int, acknowledged: bool, finishing: bool, stop: bool, fate: Fate
) -> None:
    """Once back to the queue, then lost; never again what was being saved or is to be stopped."""
    facts = {"attempts": attempts, "silent": silent}
    flags = {"acknowledged": acknowledged, "finishing": finishing, "stop_requested": stop}
    assert on_expiry(**facts, **flags) is fate


@pytest.mark.parametrize(("seconds", "away"), [(1.0, False), (5.9, False), (6.1, True), (-100.0, True)])
def test_the_service_was_away(seconds: float, away: bool) -> None:
    """A look at the clock that comes much too late, or before the last one, means that leases begin anew (F17)."""
    then = dt.datetime(2030, 1, 1, tzinfo=dt.UTC)
    assert was_away(then, then + dt.timedelta(seconds=seconds), 1, 5) is away


def _candidate(online: bool = True, gpus: int = 0, **labels: str) -> Candidate:
    return Candidate(Offer(labels, gpus, None), online)


@pytest.mark.parametrize(
    ("demand", "candidates", "message"),
    [
        (
            Demand({}, 0),
            [],
            "Waiting for a runner; there is none that works for you yet: `ds runner create` makes one.",
        ),
        (Demand({}, 0), [_candidate(online=False)], "Waiting for a runner; the one that works for you is offline."),
        (
            Demand({}, 0),
            [_candidate(online=False)] * 2,
            "Waiting for a runner; none of the 2 that work for you is online.",
        ),
        (Demand({}, 0), [_candidate()], "Waiting for a runner to be free."),
        (
            Demand({"gpu": "a100"}, 0),
            [_candidate(), _candidate(gpu="v100"), _candidate(online=False, gpu="a100")],
            "Waiting for a runner with gpu=a100; 2 runners are online, none has it.",
        ),
        (
            Demand({"big": "", "gpu": "a100"}, 0),
            [_candidate(big="")],
            "Waiting for a runner with big and gpu=a100; 1 runner is online, none has gpu=a100.",
        ),
        (
            Demand({"a": "1", "b": "1"}, 0),
            [_candidate(a="1"), _candidate(b="1")],
            "Waiting for a runner with a=1 and b=1; 2 runners are online, none has all of it.",
        ),
        (Demand({}, 1), [_candidate()], "Waiting for a runner with a GPU; 1 runner is online, none has it."),
        (Demand({}, -1), [_candidate(gpus=1)], "Waiting for a runner with GPUs to be free."),
        (Demand({}, 4), [_candidate(gpus=1)], "Waiting for a runner with 4 GPUs; 1 runner is online, none has it."),
    ],
)
def test_waiting_messages(demand: Demand, candidates: list[Candidate], message: str) -> None:
    """A queued task says in one sentence what it waits for."""
    assert waiting_message(demand, candidates) == message


@pytest.mark.parametrize(
    ("outputs", "changed", "left"),
    [
        ([], ["b", "a"], ["a", "b"]),
        (["a"], ["a", "ab", "a/b"], ["ab"]),
        (["out/"], ["out/x/y", "outer"], ["outer"]),
        (["./a//b"], ["a/b", "a/c"], ["a/c"]),
        (["."], ["a", "b/c"], []),
    ],
)
def test_unclaimed_files(outputs: list[str], changed: list[str], left: list[str]) -> None:
    """A changed file is claimed by its name or by that of a folder above it."""
    assert corrections.unclaimed(outputs, changed) == left


def test_a_correction_is_the_same_when_repeated() -> None:
    """Unclaimed files become one run of authority correction, whose id a repeated request finds again."""
    task, run = new_id(), RunReport(id="r", outputs=["a"], workload_file="train.ipynb")
    runs = corrections.with_correction(task, [run], ["a", "b", "train.ipynb"])
    assert [(one.authority, one.outputs) for one in runs] == [
        (Authority.WORKLOAD, ["a"]),
        (Authority.CORRECTION, ["b"]),
    ]
    assert corrections.with_correction(task, [run], ["train.ipynb", "b", "a"]) == runs
    assert corrections.with_correction(new_id(), [run], ["a", "b"])[1].id != runs[1].id
    assert corrections.with_correction(task, [run], ["a"]) == [run]


def test_picked_names_look_like_names() -> None:
    """A picked name is two words and a number, and not always the same."""
    names = {pick_name() for _ in range(50)}
    assert len(names) > 40
    assert all(len(name.split("-")) == 3 and name.split("-")[2].isdecimal() for name in names)
