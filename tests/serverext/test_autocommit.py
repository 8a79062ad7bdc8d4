"""Files that are saved become versions by themselves, and runs that notebooks publish are recorded once each."""

from __future__ import annotations

import json
import threading
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Self

import pytest

from jupyter_dotscience.api.runs import Authority
from tests.hubprocess import RunningHub

from .conftest import Study, study_on
from .kernel import Kernel
from .server import REPOSITORY, Jupyter, marker, notebook, wait_for

LIBRARY = str(REPOSITORY / "library")


@pytest.fixture(scope="module")
def study(running_hub: RunningHub, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Study]:
    """One person with one project for all tests here; each works with files of its own."""
    with study_on(running_hub, tmp_path_factory.mktemp("study")) as found:
        yield found


@pytest.fixture(scope="module")
def server(study: Study) -> Iterator[Jupyter]:
    """Their JupyterLab, in a folder of `ds clone`."""
    with study.jupyter(study.clone(study.project)) as started:
        yield started


def runs_of(study: Study, notebook_path: str) -> list[Any]:
    """The project's runs of one notebook."""
    return [run for run in study.runs() if run.workload_file == notebook_path]


def test_a_saved_file_is_on_the_hub_soon_after(study: Study, server: Jupyter) -> None:
    """Saving, renaming and deleting in JupyterLab each reach main, and the status says so."""
    server.save("a.txt", "one")
    wait_for(lambda: "a.txt" in study.files(), "the file on the hub")
    status = server.wait_for_state("pushed")
    assert status["commit"] == study.client.get_tree(project=study.project).commit
    assert (status["project"], status["hub_url"]) == (study.project, study.hub.url)
    assert server.request("PATCH", "api/contents/a.txt", {"path": "b.txt"}).status == 200
    wait_for(lambda: study.files() >= {"b.txt"} and "a.txt" not in study.files(), "the new name on the hub")
    assert server.request("DELETE", "api/contents/b.txt").status == 204
    wait_for(lambda: "b.txt" not in study.files(), "the file to be gone")


def test_a_file_that_no_event_tells_of_is_found(study: Study, server: Jupyter) -> None:
    """What a terminal or another program writes is looked for while a browser is there."""
    (server.root / "by hand.csv").write_text("1,2")
    wait_for(lambda: server.status() and "by hand.csv" in study.files(), "the file on the hub")
    wait_for(lambda: "by hand.csv" in server.status()["unclaimed_files"], "its name among those that no run claimed")


def test_what_jupyterlab_keeps_for_itself_is_no_part_of_a_version(study: Study, server: Jupyter) -> None:
    """Checkpoints and the folder's binding stay here."""
    server.save_notebook("checked.ipynb", notebook())
    assert server.request("POST", "api/contents/checked.ipynb/checkpoints").status == 201
    wait_for(lambda: "checked.ipynb" in study.files(), "the notebook on the hub")
    assert (server.root / ".ipynb_checkpoints").is_dir()
    assert not [path for path in study.files() if "checkpoint" in path or path.startswith(".dotscience")]


def test_runs_in_a_saved_notebook_are_recorded_once_each(study: Study, server: Jupyter) -> None:
    """With the notebook, its inputs and outputs; again for a cell run again, and never for a copy."""
    first, second = str(uuid.uuid4()), str(uuid.uuid4())
    (server.root / "in.csv").write_text("1")
    server.save("other.txt", "makes a version with in.csv")
    wait_for(lambda: "in.csv" in study.files(), "the input on the hub")
    (server.root / "out.bin").write_text("model")
    texts = marker(first, input=["in.csv"], output=["out.bin"], summary={"score": "1"}), "hello\n" + marker(second)
    server.save_notebook("n.ipynb", notebook(*texts))
    wait_for(lambda: len(runs_of(study, "n.ipynb")) == 2, "both runs")
    run = next(run for run in runs_of(study, "n.ipynb") if run.id == first)
    assert (run.authority, run.summary) == (Authority.WORKLOAD, {"score": "1"})
    assert [(f.path, f.blob is not None) for f in run.inputs + run.outputs] == [("in.csv", True), ("out.bin", True)]
    assert run.outputs[0].commit == run.commit
    assert run.inputs[0].commit != run.commit
    assert study.read("n.ipynb", str(run.commit)) == (server.root / "n.ipynb").read_bytes()
    third = str(uuid.uuid4())
    server.save_notebook("copy.ipynb", notebook(*texts))
    server.save_notebook("n.ipynb", notebook(marker(third), texts[1]))
    wait_for(lambda: len(runs_of(study, "n.ipynb")) == 3, "the run of the cell that was run again")
    wait_for(lambda: "copy.ipynb" in study.files(), "the copy on the hub")
    assert not runs_of(study, "copy.ipynb")
    assert server.wait_for_state("pushed")["notebooks"]["copy.ipynb"] == {"runs": 2, "error": ""}


def test_a_broken_marker_is_told_of_and_keeps_nothing_back(study: Study, server: Jupyter) -> None:
    """The good run beside it is recorded, and the status names the notebook."""
    good, bad = str(uuid.uuid4()), str(uuid.uuid4())
    broken = f"[[DOTSCIENCE-RUN:{bad}]]{{no json[[/DOTSCIENCE-RUN:{bad}]]\n"
    server.save_notebook("broken.ipynb", notebook(broken + marker(good)))
    wait_for(lambda: [run.id for run in runs_of(study, "broken.ipynb")] == [good], "the good run")
    assert bad in server.wait_for_state("pushed")["notebooks"]["broken.ipynb"]["error"]


def test_a_kernels_run_is_recorded_though_nobody_saves(study: Study, server: Jupyter) -> None:
    """Published with our library in a real kernel; when the notebook is saved later, the run is not recorded again."""
    server.save_notebook("k.ipynb", notebook())
    with Kernel(server, "k.ipynb") as kernel:
        printed = kernel.run(
            f"import sys; sys.path.insert(0, {LIBRARY!r})\n"
            "import dotscience as ds; ds.interactive(); ds.start('k')\n"
            "open(ds.output('k.out'), 'w').write('x'); ds.parameter('p', 7)\n"
            "ds.summary('s', 0.5); ds.publish('from a kernel')"
        )
        [run] = wait_for(lambda: runs_of(study, "k.ipynb"), "the run")
        assert (run.description, run.parameters, run.summary) == ("from a kernel", {"p": "7"}, {"s": "0.5"})
        assert [(f.path, f.commit) for f in run.outputs] == [("k.out", run.commit)]
        wait_for(lambda: "k.out" not in server.status()["unclaimed_files"], "the file to be claimed")
        server.save_notebook("k.ipynb", notebook(printed))
        wait_for(lambda: study.read("k.ipynb") == (server.root / "k.ipynb").read_bytes(), "the notebook on the hub")
        assert len(runs_of(study, "k.ipynb")) == 1


def test_a_run_that_changed_no_file_is_in_the_history(study: Study, server: Jupyter) -> None:
    """The version is there for the run alone, and is the run's version."""
    run = str(uuid.uuid4())
    server.save_notebook("still.ipynb", notebook())
    wait_for(lambda: "still.ipynb" in study.files(), "the notebook on the hub")
    server.wait_for_state("pushed")
    with Kernel(server, "still.ipynb") as kernel:
        kernel.run(f"print({marker(run, description='Nothing written')!r})")
        [found] = wait_for(lambda: runs_of(study, "still.ipynb"), "the run")
    commits = server.json("GET", "dotscience/commits")["items"]
    assert [(c["id"], c["message"]) for c in commits if run in {one["id"] for one in c["runs"]}] == [
        (found.commit, "Nothing written")
    ]


def test_a_later_session_records_no_run_again(study: Study, server: Jupyter) -> None:
    """Another clone, in another JupyterLab, finds the markers of all before it, and adds only what is new."""
    old, new = str(uuid.uuid4()), str(uuid.uuid4())
    server.save_notebook("session.ipynb", notebook(marker(old)))
    wait_for(lambda: runs_of(study, "session.ipynb"), "the run")
    before = {run.id for run in study.runs()}
    with study.jupyter(study.clone(study.project, "later"), HOME=str(study.place)) as later:
        later.save_notebook("session.ipynb", notebook(marker(old), marker(new)))
        wait_for(lambda: {run.id for run in study.runs()} == before | {new}, "the new run, and no other")
        commits = later.json("GET", "dotscience/commits")["items"]
        assert [run["id"] for commit in commits for run in commit["runs"]].count(new) == 1


def test_the_panels_routes(study: Study, server: Jupyter) -> None:
    """History, difference, file, restore and commit answer what docs/reference/serverext.md says."""
    run = str(uuid.uuid4())
    server.save_notebook("routes.ipynb", notebook("old\n"))
    wait_for(lambda: "routes.ipynb" in study.files(), "the notebook on the hub")
    server.save_notebook("routes.ipynb", notebook("new\n", marker(run, labels={"l": "v"}, parameters={"p": "1"})))
    made = server.json("PUT", "dotscience/commit", {"message": "By hand"})
    assert made["status"]["state"] in ("pushed", "saved")
    wait_for(lambda: runs_of(study, "routes.ipynb"), "the run")
    page = server.json("GET", "dotscience/commits?path=routes.ipynb&limit=1")
    newest, older = page["items"][0], server.json("GET", f"dotscience/commits?path=routes.ipynb&cursor={page['next']}")
    assert [(one["id"], one["parameters"], one["labels"]) for one in newest["runs"]] == [(run, {"p": "1"}, {"l": "v"})]
    base = older["items"][-1]["id"]
    diff = server.json("GET", f"dotscience/diff?path=routes.ipynb&base={base}&to={newest['id']}")
    assert diff["base"]["cells"][0]["outputs"][0]["text"] == "old\n"
    assert diff["diff"][0]["key"] == "cells"
    assert server.json("GET", f"dotscience/diff?path=routes.ipynb&base={newest['id']}")["diff"] == []
    raw = server.request("GET", f"dotscience/file?path=routes.ipynb&at={base}")
    assert json.loads(raw.data)["cells"][0]["outputs"][0]["text"] == ["old\n"]
    assert raw.headers["Content-Disposition"].startswith("attachment")
    restored = server.json("POST", "dotscience/restore", {"path": "routes.ipynb", "at": base}, status=201)
    assert restored == {"path": f"routes (version {base[:8]}).ipynb"}
    assert (server.root / restored["path"]).read_bytes() == raw.data
    again = server.json("POST", "dotscience/restore", {"path": "routes.ipynb", "at": base}, status=201)
    assert again == {"path": f"routes (version {base[:8]} 2).ipynb"}
    assert server.json("GET", "dotscience/runs?limit=200")["items"][0]["id"]
    assert server.json("GET", f"dotscience/runs/{run}")["workload_file"] == "routes.ipynb"


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "code"),
    [
        ("GET", "commits?limit=0", None, 400, "bad_request"),
        ("GET", "diff?path=a.txt", None, 400, "bad_request"),
        ("GET", "diff?path=in.csv&base=main", None, 400, "not_a_notebook"),
        ("GET", "file?path=nowhere&at=main", None, 404, "not_found"),
        ("GET", "file?path=../../etc/passwd&at=main", None, 404, "not_found"),
        ("GET", "status?after=x", None, 400, "bad_request"),
        ("GET", "runs/nowhere", None, 404, "unknown_run"),
        ("PUT", "commit", {"massage": "x"}, 400, "bad_request"),
        ("PUT", "resolve", {"keep": "mine"}, 409, "no_conflict"),
        ("POST", "restore", {"path": "../x", "at": "main"}, 404, "not_found"),
    ],
)
def test_bad_requests_are_answered_by_one_sentence(
    server: Jupyter, method: str, path: str, body: Any, status: int, code: str
) -> None:
    """The problem has its code, and nothing changes."""
    problem = server.json(method, f"dotscience/{path}", body, status)
    assert (problem["status"], problem["code"]) == (status, code)
    assert problem["message"].endswith(".")


def test_nobody_else_gets_in(server: Jupyter) -> None:
    """Without the server's token there is 403, and with a cookie alone nothing can be changed."""
    for method, path in [("GET", "status"), ("GET", "commits"), ("PUT", "commit"), ("PUT", "resolve")]:
        assert server.request(method, f"dotscience/{path}", Authorization="").status == 403
    page = server.request("GET", f"lab?token={server.token}", Authorization="")
    cookie = "; ".join(value.split(";")[0] for value in page.headers.getlist("Set-Cookie"))
    assert server.request("GET", "dotscience/status", Authorization="", Cookie=cookie).status == 200
    refused = server.request("PUT", "dotscience/commit", {}, Authorization="", Cookie=cookie)
    assert (refused.status, b"_xsrf" in refused.data) == (403, True)


def test_a_folder_of_no_project_is_left_alone(study: Study, tmp_path: Path) -> None:
    """JupyterLab works as ever, and the status says how to bind the folder."""
    folder = tmp_path / "folder"
    folder.mkdir()
    with study.jupyter(folder, HOME=str(tmp_path)) as free:
        free.save("a.txt", "one")
        status = free.status()
        assert (status["state"], "ds init" in status["message"]) == ("unbound", True)
        assert free.json("PUT", "dotscience/commit", {}, 409)["code"] == "unbound"
        assert sorted(path.name for path in folder.iterdir()) == ["a.txt"]


class Growing:
    """A program that writes a large file, a bit at a time, until the end of the block."""

    def __init__(self, path: Path) -> None:
        self._path, self._over = path, threading.Event()
        self._thread = threading.Thread(target=self._write)

    def __enter__(self) -> Self:
        self._path.write_bytes(bytes(11 << 20))
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _write(self) -> None:
        while not self._over.wait(0.05):
            with self._path.open("ab") as file:
                file.write(bytes(1000))


def test_a_large_file_becomes_a_version_when_it_is_whole(study: Study, server: Jupyter) -> None:
    """While something writes to it, only a version that somebody asks for has it; all else goes on."""
    path = server.root / "model.bin"
    with Growing(path):
        server.save("beside.txt", "saved")
        wait_for(lambda: "beside.txt" in study.files(), "the other file on the hub")
        wait_for(lambda: any("model.bin" in one for one in server.status()["skipped"]), "the file to be told of")
        assert "model.bin" not in study.files()
    wait_for(lambda: server.status() and "model.bin" in study.files(), "the whole file on the hub")
    assert len(study.read("model.bin")) == path.stat().st_size
    assert len(server.json("GET", "dotscience/commits?path=model.bin")["items"]) == 1
    path.write_bytes(bytes(12 << 20))
    assert server.json("PUT", "dotscience/commit", {"message": "As it is"})["made"] is True
    assert len(study.read("model.bin")) == 12 << 20
