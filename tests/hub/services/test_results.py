"""What tasks leave behind: commits, merges, runs and one outcome, however often it is told."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor

import msgspec
import pytest
from dotscience_hub.services import results

from jupyter_dotscience.api.commits import Change, CommitCreate
from jupyter_dotscience.api.problems import BadRequest
from jupyter_dotscience.api.protocol import Outcome, TaskPoints
from jupyter_dotscience.api.runs import Authority, PointRow, RunReport, RunStatus
from jupyter_dotscience.api.tasks import Execution, JupyterWorkload, Machine, MergeState, TaskStatus
from tests.hub.world import START, World, changes, user

S = TaskStatus
EXECUTION = Execution(backend="docker", image_digest="sha256:1", machine=Machine(hostname="h"), started=START)


def test_a_finished_task(world: World) -> None:
    """The outcome, the files, the runs with their versions and the run metadata are all recorded."""
    project, agent = world.project(), world.runner()
    start = world.commits.record(project, changes(data="d"), "ada").commit
    task = world.task(project)
    held = world.claimed(agent)
    run = RunReport(id="r", parameters={"a": "1"}, summary={"s": "2"}, inputs=["data"], outputs=["model"])
    commit = changes(held.commit, model="m", extra="x")
    done = world.finish(agent, held, commit=commit, runs=[run], execution=EXECUTION)
    assert (done.status, done.merge, done.conflicts) == (S.SUCCEEDED, MergeState.FAST_FORWARD, [])
    assert done.commit == world.commits.head(project) != start
    shown = world.get(task)
    assert (shown.status, shown.exit_code, shown.execution) == (S.SUCCEEDED, 0, EXECUTION)
    assert (shown.result_commit, shown.ended, shown.message) == (done.commit, world.clock.now, "")
    assert shown.runs[0] == "r"
    recorded = world.runs.get_run(user("ada"), project=project, run="r")
    assert (recorded.commit, recorded.parameters) == (done.commit, {"a": "1"})
    assert [(file.path, file.commit) for file in recorded.inputs] == [("data", start)]
    assert [(file.path, file.commit) for file in recorded.outputs] == [("model", done.commit)]
    extra = world.runs.get_run(user("ada"), project=project, run=shown.runs[1])
    assert (extra.authority, [file.path for file in extra.outputs]) == (Authority.CORRECTION, ["extra"])
    metadata = world.metadata(project, done.commit)
    assert (metadata["type"], metadata["author"], metadata["success"]) == ("dotscience.run.v1", "ada", "true")
    assert json.loads(metadata["run.r.input-files"]) == [f"data@{start}"]
    assert json.loads(metadata["runs"]) == shown.runs


def test_a_run_that_changed_no_file_is_described_by_its_own_task(world: World) -> None:
    """Its files are at a commit that another task made; what that says of the other is not said of this run."""
    project, agent = world.project(), world.runner()
    world.task(project)
    wrote = RunReport(id="wrote", outputs=["a"])
    world.finish(agent, world.claimed(agent), commit=changes(a="1"), runs=[wrote], execution=EXECUTION)
    world.task(project)
    read = RunReport(id="read", inputs=["a"])
    later = Execution(backend="docker", image_digest="sha256:2", machine=Machine(hostname="other"))
    world.finish(agent, world.claimed(agent), runs=[read], execution=later, exit_code=3)
    shown = [world.runs.get_run(user("ada"), project=project, run=run) for run in ("wrote", "read")]
    assert shown[0].commit == shown[1].commit
    told = [(one.metadata["workload.image.hash"], one.metadata["success"]) for one in shown]
    assert told == [("sha256:1", "true"), ("sha256:2", "false")]


def test_a_repeated_finish_answers_the_same(world: World) -> None:
    """An agent that did not hear the answer tells again; nothing is made twice."""
    project, agent = world.project(), world.runner()
    task = world.task(project)
    held = world.claimed(agent)
    told = {"commit": changes(a="1"), "runs": [RunReport(id="r", outputs=["a"])], "exit_code": 3}
    first = world.finish(agent, held, **told)
    before = world.get(task)
    assert (first.status, before.message) == (S.FAILED, "It exited with code 3.")
    assert world.finish(agent, held, **told) == first
    assert world.finish(agent, held, **{**told, "exit_code": 0}) == first
    assert world.get(task) == before


def test_two_finishes_at_once_are_one(world: World) -> None:
    """The same outcome told over two connections at a time is recorded once."""
    project, agent = world.project(), world.runner()
    task = world.task(project)
    held = world.claimed(agent)
    told = {"commit": changes(a="1"), "runs": [RunReport(id="r", outputs=["a"])]}
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: world.finish(agent, held, **told), range(4)))
    assert len({(answer.status, answer.commit) for answer in answers}) == 1
    shown = world.get(task)
    assert shown.runs == ["r"]
    assert [event.status for event in shown.events].count(S.SUCCEEDED) == 1


@pytest.mark.parametrize("step", ["record_task", "merge_task", "seal", "record_task_runs"])
def test_a_finish_that_was_cut_short_is_finished_by_the_next(
    world: World, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    """Wherever the hub ended in the middle of a finish, telling again makes one commit, one merge and one outcome."""
    project, agent = world.project(), world.runner()
    task = world.task(project)
    held = world.claimed(agent)
    told = {"commit": changes(a="1"), "runs": [RunReport(id="r", outputs=["a"])]}
    part = {"seal": world.logs, "record_task_runs": world.runs}.get(step, world.commits)
    real = getattr(part, step)

    def cut(*arguments: object, **named: object) -> None:
        real(*arguments, **named)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(part, step, cut)
        with pytest.raises(KeyboardInterrupt):
            world.finish(agent, held, **told)
    assert world.get(task).status is S.SAVING
    done = world.finish(agent, held, **told)
    assert (done.status, done.commit) == (S.SUCCEEDED, world.commits.head(project))
    assert world.get(task).runs == ["r"]
    history = world.commits.repositories.open(project).history.page(done.commit or "", None, 10, None)[0]
    assert history == [done.commit]


def test_results_of_a_failed_task_are_kept(world: World) -> None:
    """A command that failed leaves its files and runs too."""
    project, agent = world.project(), world.runner()
    world.task(project)
    done = world.finish(
        agent, world.claimed(agent), outcome=Outcome.OUT_OF_MEMORY, exit_code=137, commit=changes(a="1")
    )
    assert (done.status, done.commit) == (S.FAILED, world.commits.head(project))
    assert world.metadata(project, done.commit)["success"] == "false"


def test_nothing_changed(world: World) -> None:
    """A task that changed no file makes no commit; its runs are recorded at the version it started from."""
    project, agent = world.project(), world.runner()
    start = world.commits.record(project, changes(a="1"), "ada").commit
    task = world.task(project)
    done = world.finish(agent, world.claimed(agent), runs=[RunReport(id="r", inputs=["a"])])
    assert (done.status, done.commit, done.merge) == (S.SUCCEEDED, None, MergeState.NONE)
    assert world.commits.head(project) == start
    assert world.runs.get_run(user("ada"), project=project, run="r").commit == start
    assert world.get(task).runs == ["r"]


def test_a_conflict_loses_nothing(world: World) -> None:
    """When main moved on in the same place, main stays, the task's branch stays, and the task says which paths."""
    project, agent = world.project(), world.runner()
    start = world.commits.record(project, changes(a="1"), "ada").commit
    task = world.task(project)
    held = world.claimed(agent)
    main = world.commits.record(project, changes(start, a="theirs"), "ada").commit
    done = world.finish(agent, held, commit=changes(start, a="mine"))
    assert (done.status, done.merge, done.conflicts) == (S.SUCCEEDED, MergeState.CONFLICT, ["a"])
    assert world.commits.head(project) == main
    assert world.commits.head(project, f"tasks/{task}") == done.commit
    assert world.get(task).conflicts == ["a"]


def test_both_sides_moved(world: World) -> None:
    """When main moved on elsewhere, both sides are in main."""
    project, agent = world.project(), world.runner()
    start = world.commits.record(project, changes(a="1"), "ada").commit
    world.task(project)
    held = world.claimed(agent)
    world.commits.record(project, changes(start, b="theirs"), "ada")
    done = world.finish(agent, held, commit=changes(start, c="mine"))
    assert done.merge is MergeState.MERGED
    head = world.commits.head(project)
    assert {file.path for file in world.commits.listing.files(project, head or "", "")} == {"a", "b", "c"}


def test_versions_in_the_middle(world: World) -> None:
    """A JupyterLab's versions are on its own branch and on main at once; only those with runs have corrections."""
    project, agent = world.project(), world.runner()
    task = world.task(project, workload=JupyterWorkload())
    held = world.claimed(agent)
    first = world.mid_commit(agent, held, changes(notebook="1"))
    assert (world.get(task).result_commit, world.get(task).runs) == (first.head, [])
    second = changes(first.head, notebook="2", extra="x")
    run = RunReport(id="r", workload_file="notebook")
    head = world.mid_commit(agent, held, second, run).head
    assert world.mid_commit(agent, held, second, run).head == head
    assert world.commits.head(project) == head
    assert world.get(task).merge is MergeState.FAST_FORWARD
    assert len(world.get(task).runs) == 2
    done = world.finish(agent, held)
    assert (done.commit, done.merge) == (head, MergeState.FAST_FORWARD)
    assert world.commits.head(project) == head


def test_a_version_in_the_middle_that_does_not_fit(world: World) -> None:
    """Main stays, the task's branch has it and the task says which paths, until this side's version shall stand."""
    project, agent = world.project(), world.runner()
    start = world.commits.record(project, changes(a="1"), "ada").commit
    task = world.task(project, workload=JupyterWorkload())
    held = world.claimed(agent)
    main = world.commits.record(project, changes(start, a="theirs", b="theirs"), "ada").commit
    first = world.mid_commit(agent, held, changes(start, a="mine"))
    assert (first.merge, first.conflicts, world.commits.head(project)) == (MergeState.CONFLICT, ["a"], main)
    assert (world.get(task).merge, world.get(task).conflicts) == (MergeState.CONFLICT, ["a"])
    wish = msgspec.structs.replace(changes(first.commit), keep=["a"])
    for _ in range(2):
        settled = world.mid_commit(agent, held, wish)
        assert (settled.merge, settled.conflicts) == (MergeState.MERGED, [])
    head = world.commits.head(project) or ""
    mine = world.commits.versions_at(project, str(first.commit), ["a"])["a"][2]
    assert world.commits.versions_at(project, head, ["a"])["a"][2] == mine
    assert {file.path for file in world.commits.listing.files(project, head, "")} == {"a", "b"}
    assert world.get(task).conflicts == []


def test_a_conflict_goes_with_the_task_to_another_runner(world: World) -> None:
    """Who goes on from a version that main does not have is told so; without a conflict there is nothing to tell."""
    project, agent = world.project(), world.runner()
    start = world.commits.record(project, changes(a="1"), "ada").commit
    world.task(project, workload=JupyterWorkload())
    held = world.claimed(agent)
    assert held.conflicts == []
    world.commits.record(project, changes(start, a="theirs"), "ada")
    mine = world.mid_commit(agent, held, changes(start, a="mine"))
    world.clock.advance(61)
    world.queue.expiry.expire()
    again = world.claimed(world.runner())
    assert (again.task, again.commit, again.conflicts) == (held.task, mine.commit, ["a"])


def test_a_run_at_the_end_of_a_jupyterlab_is_of_its_last_version(world: World) -> None:
    """When nothing has changed since, its files are those of the newest version, not of the one from the start."""
    project, agent = world.project(), world.runner()
    start = world.commits.record(project, changes(notebook="1"), "ada").commit
    world.task(project, workload=JupyterWorkload())
    held = world.claimed(agent)
    last = world.mid_commit(agent, held, changes(start, notebook="2", model="x"))
    world.finish(agent, held, runs=[RunReport(id="r", inputs=["notebook"], outputs=["model"])])
    run = world.runs.get_run(user("ada"), project=project, run="r")
    assert (run.commit, [file.commit for file in run.outputs]) == (last.commit, [last.commit])
    assert [file.commit for file in run.inputs] == [last.commit]


def test_a_tasks_runs_stand_beside_its_commit(world: World) -> None:
    """In the commit they would be recorded without their task."""
    world.task(world.project(), workload=JupyterWorkload())
    agent = world.runner()
    held = world.claimed(agent)
    wrong = msgspec.structs.replace(changes(a="1"), runs=[RunReport(id="r")])
    with pytest.raises(BadRequest, match="beside"):
        world.mid_commit(agent, held, wrong)


def test_live_runs_that_were_never_published_are_failed(world: World) -> None:
    """A run that logged points and was not published when its task ended is recorded as failed."""
    project, agent = world.project(), world.runner()
    task = world.task(project)
    held = world.claimed(agent)
    points = TaskPoints(fence=held.fence, run="live", first=0, points=[PointRow(1, 1, {"loss": 0.5})])
    world.runs.append_task_points(agent.caller, task=task, body=points)
    world.finish(agent, held, exit_code=137)
    run = world.runs.get_run(user("ada"), project=project, run="live")
    assert (run.status, run.error) == (RunStatus.FAILED, results.NEVER_PUBLISHED)


def test_live_runs_of_a_lost_task_are_failed(world: World) -> None:
    """Also when nobody reports the end, no run stays a live one."""
    project, agent = world.project(), world.runner()
    task = world.task(project)
    for _ in range(2):
        held = world.claimed(agent)
        world.sync(agent, held)
        body = TaskPoints(fence=held.fence, run=f"live{held.fence}", first=0, points=[])
        world.runs.append_task_points(agent.caller, task=task, body=body)
        world.clock.advance(61)
        world.queue.expiry.expire()
    assert world.get(task).status is S.LOST
    runs = [world.runs.get_run(user("ada"), project=project, run=f"live{fence}") for fence in (1, 2)]
    assert [run.status for run in runs] == [RunStatus.FAILED] * 2


def test_changes_that_cannot_be_are_refused(world: World) -> None:
    """A path out of the workspace is refused with a reason; the agent may still end the task without it."""
    project, agent = world.project(), world.runner()
    world.task(project)
    held = world.claimed(agent)
    bad = CommitCreate(message="m", created=START, changes=[Change(path="../x", size=1, data=b"x")])
    with pytest.raises(BadRequest, match="path"):
        world.finish(agent, held, commit=bad)
    done = world.finish(agent, held, message="The results could not be saved: a bad path.")
    assert (done.status, done.commit) == (S.SUCCEEDED, None)


def test_a_message_with_odd_bytes(world: World) -> None:
    """What an agent says is stored whatever characters it has."""
    project, agent = world.project(), world.runner()
    task = world.task(project)
    held = world.claimed(agent)
    world.finish(agent, held, outcome=Outcome.START_FAILED, exit_code=None, message="no\0such 🙂 image")
    assert world.get(task).message == "no\ufffdsuch 🙂 image"
