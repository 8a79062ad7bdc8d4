"""Runs: recorded once, searched, completed when live, followed by points."""

from __future__ import annotations

import threading

import pytest
from dotscience_hub.services.caller import Caller
from dotscience_hub.services.runs import Runs
from dotscience_hub.store.database import Database
from dotscience_hub.store.projects import ProjectRow

from jupyter_dotscience.api import ids
from jupyter_dotscience.api import runs as api
from jupyter_dotscience.api._base import now
from jupyter_dotscience.api.account import Principal
from jupyter_dotscience.api.problems import BadRequest, LeaseLost, NotFound, TooEarly
from jupyter_dotscience.api.protocol import TaskPoints

ADA = Caller(Principal.USER, "ada")
TASK = ids.new_id()


@pytest.fixture
def project(database: Database) -> str:
    """A project of ada's."""
    project = ids.new_id()
    with database.write() as session:
        session.add(ProjectRow(id=project, name="p", description="", owner="ada", created=now()))
    return project


@pytest.fixture
def runs(database: Database, project: str) -> Runs:
    """The service; the lease of TASK has fence 2."""

    def check(runner: str, task: str, fence: int) -> None:
        if fence != 2:
            raise LeaseLost("Another runner has it.")

    return Runs(
        database,
        check,
        lambda task: (project, "ada"),
        lambda project, commit: {"run.r0.x": "1", "run.r.y": "2", "author": "ada", "runs": '["live"]'},
    )


def report(run: str, **fields: object) -> api.RunReport:
    return api.RunReport(id=run, **fields)  # type: ignore[arg-type]


def record(runs: Runs, project: str, *reports: api.RunReport) -> int:
    return runs.record_runs(ADA, project=project, body=api.RunsRecord(runs=list(reports))).recorded


def listed(runs: Runs, project: str, **query: object) -> list[str]:
    """Ids over all pages."""
    found: list[str] = []
    cursor = None
    while True:
        page = runs.list_runs(ADA, project=project, query=api.RunQuery(cursor=cursor, **query))  # type: ignore[arg-type]
        found += [row.id for row in page.items]
        cursor = page.next
        if cursor is None:
            return found


def test_run_is_recorded_once(runs: Runs, project: str) -> None:
    """A run id that the project has, in another request or twice in one, changes nothing."""
    first = report("r", parameters={"lr": "0.1"}, summary={"acc": "0.9"})
    assert record(runs, project, first, first) == 1
    assert record(runs, project, report("r", parameters={"lr": "9"})) == 0
    (row,) = runs.list_runs(ADA, project=project, query=api.RunQuery()).items
    assert (row.parameters, row.summary) == ({"lr": "0.1"}, {"acc": "0.9"})
    assert runs.list_summaries(ADA, project=project).items == [api.SummaryName(name="acc", runs=1)]


def test_all_details_come_back(runs: Runs, project: str) -> None:
    """What was reported is what is inspected, texts of any length and character included."""
    text = "x" * 5000 + "é\0"
    record(
        runs,
        project,
        report(
            "r",
            description="d",
            error="e",
            status=api.RunStatus.FAILED,
            labels={"a b": text},
            inputs=["i"],
            outputs=["o"],
        ),
    )
    run = runs.get_run(ADA, project=project, run="r")
    assert (run.description, run.error, run.status, run.author) == ("d", "e", api.RunStatus.FAILED, "ada")
    assert run.labels == {"a b": text.replace("\0", "\ufffd")}
    assert [(file.path, file.commit) for file in run.inputs + run.outputs] == [("i", None), ("o", None)]


def test_unknown_run_is_not_found(runs: Runs, project: str) -> None:
    """Neither a run that is not there nor one of another project is found."""
    with pytest.raises(NotFound):
        runs.get_run(ADA, project=project, run="r")


@pytest.mark.parametrize("limit", [1, 3, 100])
@pytest.mark.parametrize(
    ("sort", "expected"),
    [
        ("-created", ["e", "d", "c", "b", "a"]),
        ("created", ["a", "b", "c", "d", "e"]),
        ("summary.acc", ["b", "a", "c", "e", "d"]),
        ("-summary.acc", ["a", "b", "c", "e", "d"]),
        ("summary.none", ["e", "d", "c", "b", "a"]),
    ],
)
def test_order_and_pages(runs: Runs, project: str, limit: int, sort: str, expected: list[str]) -> None:
    """Numbers come in order, then texts, then runs without the value, newest first; pages neither cut nor double."""
    summaries = {"a": {"acc": "10"}, "b": {"acc": "9"}, "c": {"acc": "broken"}, "d": {}, "e": {}}
    for run, summary in summaries.items():
        record(runs, project, report(run, summary=summary))
    assert listed(runs, project, sort=sort, limit=limit) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("parameters.lr < 0.1", ["a"]),
        ("parameters.lr = 0.10", ["b"]),
        ("parameters.lr != 0.1", ["c", "a"]),
        ("parameters.optimizer = adam and parameters.lr >= 0.1", ["b"]),
        ("parameters.optimizer ~ AD", ["b", "a"]),
        ("parameters.optimizer ~ ad", ["b", "a"]),
        ("labels.'my label' = \"it's\"", ["c"]),
        ("status = failed", ["c"]),
        ("status != failed", ["b", "a"]),
        ("parameters.unknown > 1", []),
        ("parameters.optimizer ~ %", []),
    ],
)
def test_filters(runs: Runs, project: str, text: str, expected: list[str]) -> None:
    """Numbers compare as numbers, texts as texts, whatever their case, and wildcards are only characters."""
    record(runs, project, report("a", parameters={"lr": "0.05", "optimizer": "adam"}))
    record(runs, project, report("b", parameters={"lr": "0.1", "optimizer": "adam"}))
    record(
        runs,
        project,
        report(
            "c", parameters={"lr": "1e0", "optimizer": "sgd"}, labels={"my label": "it's"}, status=api.RunStatus.FAILED
        ),
    )
    assert listed(runs, project, filter=text) == expected
    assert sorted(listed(runs, project, filter=text, sort="-parameters.lr")) == sorted(expected)


def test_runs_with_a_summary_only(runs: Runs, project: str) -> None:
    """Asking for a summary leaves out runs that do not have it; the list names the most used one first."""
    record(runs, project, report("a", summary={"acc": "1"}), report("b", summary={"acc": "2", "f1": "3"}), report("c"))
    assert listed(runs, project, summary="f1") == ["b"]
    assert [(s.name, s.runs) for s in runs.list_summaries(ADA, project=project).items] == [("acc", 2), ("f1", 1)]


@pytest.mark.parametrize("query", [{"cursor": "!!"}, {"cursor": "e30="}, {"sort": "nothing"}, {"filter": "x"}])
def test_bad_questions_are_refused(runs: Runs, project: str, query: dict[str, str]) -> None:
    """A made-up cursor, column or filter is a bad request."""
    with pytest.raises(BadRequest):
        runs.list_runs(ADA, project=project, query=api.RunQuery(**query))  # type: ignore[arg-type]


def test_columns_line_up(runs: Runs, project: str) -> None:
    """Columns have one value a run, oldest first, null where there is none and text where it is no number."""
    record(
        runs,
        project,
        report("a", parameters={"lr": "0.1"}),
        report("b", summary={"acc": "n/a"}),
        report("c", summary={"acc": "inf"}),
    )
    columns = runs.get_run_columns(
        ADA, project=project, query=api.ColumnsQuery(columns=["parameters.lr", "summary.acc"])
    )
    assert columns.runs == ["a", "b", "c"]
    assert columns.columns == {"parameters.lr": [0.1, None, None], "summary.acc": [None, "n/a", "Infinity"]}


def test_columns_of_what_a_filter_leaves(runs: Runs, project: str) -> None:
    """A filter leaves out runs; attributes and the time of recording are columns too."""
    record(
        runs,
        project,
        report("a", parameters={"lr": "0.1"}),
        report("b", parameters={"lr": "0.5"}, status=api.RunStatus.FAILED),
        report("c", parameters={"lr": "0.7"}),
    )
    query = api.ColumnsQuery(columns=["parameters.lr", "status", "created"], filter="parameters.lr > 0.2")
    columns = runs.get_run_columns(ADA, project=project, query=query)
    assert columns.runs == ["b", "c"]
    assert columns.columns["parameters.lr"] == [0.5, 0.7]
    assert columns.columns["status"] == ["failed", "succeeded"]
    listed = runs.list_runs(ADA, project=project, query=api.RunQuery(sort="created", filter="parameters.lr > 0.2"))
    assert columns.columns["created"] == [row.created.isoformat() for row in listed.items]


def test_names_of_columns(runs: Runs, project: str) -> None:
    """All recorded values are named with their kind and how many runs have them, most used first; curves are not."""
    record(
        runs,
        project,
        report("a", parameters={"lr": "1"}, summary={"acc": "1"}, labels={"odd name": "x"}),
        report("b", summary={"acc": "2"}),
    )
    runs.append_points(ADA, project=project, run="a", body=api.PointsAppend(first=0, points=points(0, 1)))
    names = runs.list_columns(ADA, project=project).items
    assert [(name.kind.value, name.name, name.runs) for name in names] == [
        ("summary", "acc", 2),
        ("parameters", "lr", 1),
        ("labels", "odd name", 1),
    ]


def points(first: int, count: int) -> list[api.PointRow]:
    return [api.PointRow(step, step * 10, {"loss": step / 2, "odd": "NaN"}) for step in range(first, first + count)]


def test_points_are_stored_once_and_in_order(runs: Runs, project: str) -> None:
    """Repeated and overlapping batches add only what is new; a gap is refused with the place to go on."""
    record(runs, project, report("r"))

    def append(first: int, count: int) -> int:
        body = api.PointsAppend(first=first, points=points(first, count))
        return runs.append_points(ADA, project=project, run="r", body=body).next

    assert (append(0, 5), append(0, 5), append(3, 4)) == (5, 5, 7)
    with pytest.raises(TooEarly) as caught:
        append(8, 1)
    assert caught.value.detail == {"next": 7}
    curve = runs.get_points(ADA, project=project, run="r", query=api.PointsQuery()).curves["loss"]
    assert (curve.rows, curve.steps, curve.values) == (list(range(7)), list(range(7)), [n / 2 for n in range(7)])
    odd = runs.get_points(ADA, project=project, run="r", query=api.PointsQuery(series="odd", after=4)).curves
    assert list(odd) == ["odd"]
    assert odd["odd"].values == ["NaN", "NaN"]
    assert runs.get_run(ADA, project=project, run="r").series == ["loss", "odd"]


def task_points(first: int, count: int, run: str = "live", fence: int = 2) -> TaskPoints:
    return TaskPoints(fence=fence, run=run, workload_file="train.py", first=first, points=points(first, count))


def test_live_run_is_completed_when_published(runs: Runs, project: str, database: Database) -> None:
    """The first point makes a running run of the task; its publication completes the same run, points included."""
    runs.append_task_points(ADA, task=TASK, body=task_points(0, 3))
    assert [row.status for row in runs.list_runs(ADA, project=project, query=api.RunQuery()).items] == ["running"]
    with database.write() as session:
        versions = {"in.csv": ("c" * 40, None, "b" * 40), "out": (None, "s" * 64, "d" * 40)}
        runs.record_task_runs(
            session,
            project=project,
            task=TASK,
            author="ada",
            runs=[report("live", summary={"acc": "1"}, inputs=["in.csv", "gone"], outputs=["out"])],
            commit="e" * 40,
            inputs=versions,
            outputs=versions,
        )
    run = runs.get_run(ADA, project=project, run="live")
    assert (run.status, run.workload_file, run.summary, run.series) == (
        "succeeded",
        "train.py",
        {"acc": "1"},
        ["loss", "odd"],
    )
    assert [(f.path, f.commit, f.blob) for f in run.inputs] == [("in.csv", "c" * 40, "b" * 40), ("gone", None, None)]
    assert [(f.path, f.commit, f.blob) for f in run.outputs] == [("out", "e" * 40, "d" * 40)]
    assert run.metadata == {"author": "ada", "runs": '["live"]'}


def test_live_run_of_an_ended_task_is_failed(runs: Runs, project: str, database: Database) -> None:
    """A run that logged points and never published is failed with the reason once its task has ended."""
    runs.append_task_points(ADA, task=TASK, body=task_points(0, 3))
    with database.write() as session:
        runs.fail_open_runs(session, [TASK], "killed")
    run = runs.get_run(ADA, project=project, run="live")
    assert (run.status, run.error) == ("failed", "killed")


def test_points_need_the_lease(runs: Runs, project: str) -> None:
    """A runner that lost its lease adds nothing."""
    with pytest.raises(LeaseLost):
        runs.append_task_points(ADA, task=TASK, body=task_points(0, 1, fence=1))
    assert listed(runs, project) == []


def test_replayed_points_of_another_task_change_nothing(runs: Runs, project: str) -> None:
    """A copied points file of an earlier run is taken in silence and stored nowhere."""
    record(runs, project, report("live"))
    assert runs.append_task_points(ADA, task=TASK, body=task_points(0, 3)).next == 3
    assert runs.get_points(ADA, project=project, run="live", query=api.PointsQuery()).curves == {}


def test_two_writers_of_the_same_names(runs: Runs, project: str) -> None:
    """Runs recorded at once by several threads are all there, and the counts are right."""

    def work(writer: int) -> None:
        for n in range(10):
            record(runs, project, report(f"{writer}-{n}", parameters={f"p{n}": "1"}, summary={"acc": str(n)}))

    threads = [threading.Thread(target=work, args=(writer,)) for writer in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(listed(runs, project)) == 40
    assert runs.list_summaries(ADA, project=project).items == [api.SummaryName(name="acc", runs=40)]
