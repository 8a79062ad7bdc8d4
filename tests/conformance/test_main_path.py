"""The main path of the manual on the other database, and with containers: thin, the rows themselves are elsewhere."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.hubprocess import hub, require_proxy
from tests.services.postgresql import Cluster

from .conftest import new_person, on_postgresql
from .site import Person, Site, table

TRAIN = """
import dotscience as ds
ds.start()
ds.parameter("rate", 0.5)
open(ds.output("model.txt"), "w").write("x")
ds.summary("accuracy", 0.75)
ds.publish("trained")
print("trained")
"""


@pytest.fixture
def arguments(request: pytest.FixtureRequest, tmp_path: Path) -> list[str]:
    """Of `dotscience-hub up`, for the parameter."""
    if request.param == "docker":
        request.getfixturevalue("docker_engine")
        return ["--backend", "docker"]
    cluster: Cluster = request.getfixturevalue("postgresql_cluster")
    return ["--backend", "process", "--config", str(on_postgresql(cluster, tmp_path))]


@pytest.fixture
def someone(arguments: list[str], tmp_path: Path) -> Iterator[Person]:
    """A person at a hub of their own."""
    require_proxy()
    with hub(tmp_path / "data", *arguments) as running:
        yield new_person(Site(running, arguments[1]), tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize(
    "arguments",
    [pytest.param("postgresql", marks=pytest.mark.postgresql), pytest.param("docker", marks=pytest.mark.docker)],
    indirect=True,
)
def test_from_a_new_project_to_its_recorded_run(someone: Person, tmp_path: Path) -> None:
    """Upload, run, output, exit status, logs, listings, files, runs, stop and removal do what they do elsewhere."""
    project = someone.project()
    folder = tmp_path / "code"
    folder.mkdir()
    (folder / "train.py").write_text(TRAIN)
    done = someone.run(project, "-u", str(folder), "python3", "train.py")
    assert b"trained\n" in done.stdout
    assert b"succeeded (exit code 0)" in done.stderr
    someone.run(project, "sh", "-c", "echo oops >&2; exit 3", status=3)
    failed, succeeded = someone("task", "ls", "-q", "--project", project).split()
    assert someone("logs", failed) == "ERROR: oops\n"
    assert [row["STATUS"] for row in table(someone("task", "ls"))] == ["failed", "succeeded"]
    assert someone("file", "ls", "-q", project) == "model.txt\ntrain.py\n"
    [row] = table(someone("runs", "ls", project))
    assert (row["PARAMETERS"], row["TYPE"], row["SCORE"]) == ("rate=0.5", "accuracy", "0.75")
    [run] = someone.json("runs", "inspect", "--project", project, row["RUN"])
    assert run["runs"][0]["task_id"] == succeeded
    busy = someone.busy(project)
    someone("task", "stop", busy)
    assert someone.wait(busy)["status"] == "stopped"
    someone("task", "rm", failed)
    someone.run(project, "no-such-command", status=127)
    someone("project", "rm", project)
    assert someone("project", "ls", "-q") == ""
