"""What tasks use over time, as the hub keeps it: in order, once, in a bounded number of samples, with its task."""

from __future__ import annotations

import pytest
from dotscience_hub.store.samples import TaskSamplesRow
from sqlalchemy import func, select

from jupyter_dotscience.api.problems import LeaseLost, NotFound
from jupyter_dotscience.api.resources import (
    MOST_SAMPLES,
    ResourceSample,
    ResourcesAppend,
    ResourcesQuery,
    ResourcesUsed,
)
from tests.hub.world import Agent, World, user

ADA = user("ada")
START = 1_900_000_000


class Course:
    """A task on a runner, which uses something."""

    def __init__(self, world: World) -> None:
        self.world = world
        project = world.project()
        self.runner: Agent = world.runner()
        self.task = world.task(project)
        self.held = world.claimed(self.runner)

    def tell(self, samples: list[ResourceSample], step: int = 2, fence: int | None = None) -> int:
        body = ResourcesAppend(fence=self.held.fence if fence is None else fence, step=step, samples=samples)
        return self.world.resources.append_resources(self.runner.caller, task=self.task, body=body).step

    def read(self, points: int = MOST_SAMPLES) -> ResourcesUsed:
        return self.world.resources.get_resources(ADA, task=self.task, query=ResourcesQuery(points=points))

    def rows(self) -> int:
        with self.world.database.read() as session:
            return session.scalar(select(func.count()).select_from(TaskSamplesRow)) or 0


@pytest.fixture
def course(world: World) -> Course:
    """A running task."""
    return Course(world)


def steps(first: int, count: int, step: int = 2) -> list[ResourceSample]:
    return [ResourceSample(START + step * n, cpus=1.0, memory=float(n)) for n in range(first, first + count)]


def test_samples_are_kept_once_and_in_order(course: Course) -> None:
    """Whatever is sent again, or twice in one request, or backwards; what is not known stays unknown."""
    course.tell(steps(0, 10))
    course.tell(steps(5, 10))
    course.tell([*steps(15, 2), *steps(0, 3), *steps(16, 2)])
    used = course.read()
    assert used.times == [START + 2 * n for n in range(18)]
    assert used.memory == [float(n) for n in range(18)]
    assert (set(used.cpus), set(used.gpus), used.step) == ({1.0}, {None}, 2)


def test_long_tasks_have_longer_steps(course: Course) -> None:
    """Never more samples than so many, few rows, from the first moment to the last; the hub says so to the agent."""
    step = 2
    for part in range(40):
        step = course.tell(steps(part * 250, 250), step=2)
    assert step == 16
    used = course.read()
    assert MOST_SAMPLES // 2 <= len(used.times) <= MOST_SAMPLES
    assert (used.times[0] // 16, used.memory[-1]) == (START // 16, 9999.0)
    assert used.times == sorted(set(used.times))
    assert set(used.cpus) == {1.0}
    assert course.rows() <= 9


def test_as_many_points_as_were_asked_for(course: Course) -> None:
    """Peaks stay peaks; none before anything was told."""
    assert course.read().times == []
    course.tell(steps(0, 1000))
    used = course.read(points=10)
    assert 5 <= len(used.times) <= 10
    assert used.memory[-1] == 999.0
    assert used.step == 256


def test_only_who_holds_the_lease_tells(course: Course) -> None:
    """Not with an older fence, not another runner, not after the end."""
    with pytest.raises(LeaseLost):
        course.tell(steps(0, 1), fence=course.held.fence - 1)
    other = course.world.runner()
    body = ResourcesAppend(fence=course.held.fence, step=2, samples=steps(0, 1))
    with pytest.raises(NotFound):
        course.world.resources.append_resources(other.caller, task=course.task, body=body)
    course.tell(steps(0, 3))
    course.world.finish(course.runner, course.held)
    with pytest.raises(LeaseLost):
        course.tell(steps(3, 3))
    assert len(course.read().times) == 3


def test_samples_go_with_their_task(course: Course) -> None:
    """When it is deleted nothing of it stays."""
    course.tell(steps(0, 600))
    course.world.finish(course.runner, course.held)
    assert course.rows() == 3
    course.world.tasks.delete_task(ADA, task=course.task)
    assert course.rows() == 0
