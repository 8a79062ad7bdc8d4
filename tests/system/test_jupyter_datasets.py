"""A dataset in a JupyterLab on a runner: the same as in a command's task."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

import pytest

from jupyter_dotscience.api.commits import Change, CommitCreate
from jupyter_dotscience.api.datasets import DatasetCreate, LinkCreate
from jupyter_dotscience.api.runs import Run, RunQuery
from tests.hubprocess import RunningHub, require_proxy
from tests.scenarios.test_datasets import put
from tests.system.jupyter import JupyterServer
from tests.system.lab import Lab, wait_for

pytest.importorskip("jupyterlab")

LOOK = """
import errno, os
import dotscience as ds
ds.interactive(); ds.start()
total = sum(map(int, open(ds.input("data/in/numbers.csv"))))
open(ds.output("model.txt"), "w").write(str(total))
refused = []
for attempt in (lambda: open("data/in/numbers.csv", "a"), lambda: open("data/in/new", "w"),
                lambda: os.remove("data/in/numbers.csv"), lambda: os.rename("data/in/deep", "data/in/other")):
    try:
        attempt()
        refused.append(False)
    except OSError as error:
        refused.append(error.errno in (errno.EROFS, errno.EACCES))
ds.summary("total", total); ds.publish("trained")
print("refused", refused)
"""


@pytest.fixture(scope="module")
def lab(running_hub: RunningHub, bubblewrap: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """A user with a project and a runner that can mount."""
    require_proxy()
    with Lab.at_work(running_hub, tmp_path_factory.mktemp("lab")) as found:
        yield found


def test_a_kernel_sees_it_and_runs_record_its_version(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Read-only, in the version of when the task was queued; inputs name the dataset; no version holds its files."""
    dataset = lab.client.create_dataset(DatasetCreate(name="numbers")).id
    commit = put(lab, dataset, {"numbers.csv": b"1\n2\n", "deep/x": b"3"}, tmp_path_factory.mktemp("one"))
    lab.client.link_dataset(LinkCreate(path="data/in"), project=lab.project, dataset=dataset)
    server = JupyterServer.start(lab.client, lab.token, lab.project)
    try:
        later = Change(path="numbers.csv", size=2, data=b"9\n")
        put_later = CommitCreate(parent=commit, message="Later", created=dt.datetime.now(dt.UTC), changes=[later])
        lab.client.create_dataset_commit(put_later, dataset=dataset)
        printed = server.execute(LOOK)
        assert "refused [True, True, True, True]" in printed, printed
        [run] = wait_for(lambda: _runs(lab), "the run")
        [read] = run.inputs
        assert (read.path, read.dataset, read.commit) == ("data/in/numbers.csv", dataset, commit)
        assert [file.path for file in run.outputs] == ["model.txt"]
        assert run.summary == {"total": "3"}
        wait_for(lambda: "model.txt" in lab.tree(), "the output on main")
        assert not [path for path in lab.tree() if path.startswith("data/")]
        shown = server.request("GET", "api/contents/data/in").json()["content"]
        assert {item["name"] for item in shown} == {"numbers.csv", "deep"}
    finally:
        server.stop()
    assert not [path for path in lab.tree() if path.startswith("data/")]


def _runs(lab: Lab) -> list[Run]:
    rows = lab.client.list_runs(project=lab.project, query=RunQuery()).items
    return [lab.client.get_run(project=lab.project, run=row.id) for row in rows]
