"""The hub away, processes killed, two people at once: nothing is lost, and nobody waits."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import socket
import uuid
from pathlib import Path

import pytest

from jupyter_dotscience.api.commits import CommitQuery
from tests.hubprocess import hub, require_proxy

from .conftest import Study, study_on
from .server import marker, notebook, wait_for

pytestmark = pytest.mark.thorough


def test_hub_and_jupyter_killed_while_somebody_works(tmp_path: Path) -> None:
    """Saves go on at once while the hub is away; each version and run comes up once, in order, when it is back."""
    require_proxy()
    place, run = tmp_path / "data", str(uuid.uuid4())
    stack = contextlib.ExitStack()
    port = _port()
    with hub(place, "--no-runner", "--port", port) as first:
        study = stack.enter_context(study_on(first, tmp_path))
        folder = study.clone(study.project)
        with study.jupyter(folder) as server:
            server.save("a.txt", "0")
            # Jupyter Server writes a new file in place: a first version may have caught it while it was empty.
            wait_for(lambda: "a.txt" in study.files() and study.read("a.txt") == b"0", "the file on the hub")
            server.wait_for_state("pushed")
            first.process.send_signal(signal.SIGKILL)
            first.process.wait(10)
            _end_children(first.data_dir)
            for number in (1, 2):
                server.save("a.txt", str(number))
                waiting = server.wait_for_state("offline")
                wait_for(lambda n=number: server.status()["queued"] == n, "the version to wait")
            assert "wait" in waiting["message"]
            server.save_notebook("n.ipynb", notebook(marker(run)))
            wait_for(lambda: server.status()["queued"] == 3, "the run to wait")
            server.kill()
    with stack, hub(place, "--no-runner", "--port", port) as second, study.jupyter(folder) as server:
        assert second.url == study.hub.url
        server.wait_for_state("pushed")
        wait_for(lambda: [found.id for found in study.runs()] == [run], "the run")
        items = server.json("GET", "dotscience/commits")["items"]
        versions = [(item["id"], item["message"]) for item in items]
        assert [message for _, message in versions] == ["Dotscience run", "Save a.txt", "Save a.txt", "Save a.txt"]
        assert [study.read("a.txt", commit) for commit, _ in versions] == [b"2", b"2", b"1", b"0"]


def _port() -> str:
    """A free port that no outgoing connection of this machine takes while the hub is away (Linux: from 32768 on)."""
    while True:
        port = random.randrange(10_000, 18_000)
        with contextlib.suppress(OSError), socket.create_server(("127.0.0.1", port)):
            return str(port)


def _end_children(data_dir: Path) -> None:
    """End what a killed launcher has left, as a machine that went down would have."""
    from .server import wait_for as wait

    def left() -> list[int]:
        found = []
        for process in Path("/proc").glob("[0-9]*"):
            try:
                command = (process / "cmdline").read_bytes()
                environment = (process / "environ").read_bytes()
            except OSError:
                continue
            if (os.fsencode(data_dir) in command or os.fsencode(data_dir) in environment) and b"jupyter" in command:
                found.append(int(process.name))
        return [pid for pid in found if pid != os.getpid()]

    for pid in left():
        os.kill(pid, signal.SIGKILL)
    wait(lambda: not left(), "the hub's processes to end")


def test_two_people_change_the_same(study: Study) -> None:
    """What fits is merged; what does not is kept twice, the status says so, and either choice settles it."""
    colleague = study.colleague()
    with study.jupyter(study.clone(study.project)) as mine:
        mine.save("a.txt", "start\n")
        mine.save("b.txt", "start\n")
        wait_for(lambda: study.files() >= {"a.txt", "b.txt"}, "the files on the hub")
        mine.wait_for_state("pushed")
        with colleague.jupyter(colleague.clone(study.project)) as theirs:
            theirs.save("theirs.txt", "fits")
            wait_for(lambda: "theirs.txt" in study.files(), "the colleague's file")
            mine.save("mine.txt", "fits too")
            wait_for(lambda: study.files() >= {"mine.txt", "theirs.txt"}, "both files on main")
            assert mine.wait_for_state("pushed")["branch"] == "main"
            theirs.save("a.txt", "theirs\n")
            theirs.save("b.txt", "theirs\n")
            wait_for(lambda: study.read("b.txt") == b"theirs\n", "the colleague's change")
            theirs.wait_for_state("pushed")
        mine.save("a.txt", "mine\n")
        status = mine.wait_for_state("conflict")
        assert status["conflicts"] == ["a.txt"]
        assert status["branch"].startswith("heads/")
        assert "Both are kept" in status["message"]
        assert (study.read("a.txt"), study.read("a.txt", status["branch"])) == (b"theirs\n", b"mine\n")
        settled = mine.json("PUT", "dotscience/resolve", {"keep": "mine"})["status"]
        assert (settled["state"], settled["conflicts"], settled["branch"]) == ("pushed", [], "main")
        assert (study.read("a.txt"), study.read("b.txt")) == (b"mine\n", b"theirs\n")
        mine.save("b.txt", "mine\n")
        mine.wait_for_state("conflict")
        (mine.root / "b.txt").write_text("in no version yet\n")
        settled = mine.json("PUT", "dotscience/resolve", {"keep": "theirs"})["status"]
        assert (settled["state"], settled["branch"]) == ("pushed", "main")
        assert (mine.root / "b.txt").read_text() == "theirs\n"
        assert study.read("b.txt") == b"theirs\n"
        versions = study.client.list_commits(project=study.project, query=CommitQuery(limit=20)).items
        assert b"in no version yet\n" in {study.read("b.txt", version.id) for version in versions[:-2]}
        mine.save("b.txt", "later\n")
        wait_for(lambda: study.read("b.txt") == b"later\n", "life to go on")


def test_folders_without_jupyterlab(study: Study) -> None:
    """`ds clone`, `ds init` and `ds sync` bring both ways, tell of conflicts, and refuse what would lose something."""
    mine, other = study.clone(study.project), study.clone(study.project, "other")
    (mine / "d").mkdir()
    (mine / "d" / "a.txt").write_text("1")
    (mine / "run.sh").write_text("#!/bin/sh")
    (mine / "run.sh").chmod(0o755)
    (mine / "link").symlink_to("run.sh")
    (mine / "big.bin").write_bytes(os.urandom(11 << 20))
    assert _sync(study, mine) == (0, "In step with the project; 0 files brought here.")
    assert _sync(study, other) == (0, "In step with the project; 4 files brought here.")
    assert (other / "big.bin").read_bytes() == (mine / "big.bin").read_bytes()
    assert os.access(other / "run.sh", os.X_OK)
    assert (other / "link").readlink() == Path("run.sh")
    (other / "d" / "a.txt").unlink()
    (other / "new.txt").write_text("new")
    assert _sync(study, other)[0] == 0
    (mine / "mine.txt").write_text("mine")
    assert _sync(study, mine) == (0, "In step with the project; 2 files brought here.")
    assert not (mine / "d").exists()
    (mine / "new.txt").write_text("mine")
    (other / "new.txt").write_text("theirs")
    assert _sync(study, other)[0] == 0
    code, said = _sync(study, mine)
    assert (code, "new.txt" in said, "--keep" in said) == (1, True, True)
    assert study.read("new.txt") == b"theirs"
    assert _sync(study, mine, "--keep", "mine")[0] == 0
    assert study.read("new.txt") == b"mine"
    again = study.ds("clone", study.project, str(mine))
    assert (again.returncode, b"not empty" in again.stderr) == (1, True)
    assert (study.place / "mine2").exists() is False


def _sync(study: Study, folder: Path, *options: str) -> tuple[int, str]:
    done = study.ds("sync", *options, cwd=folder)
    return done.returncode, (done.stdout or done.stderr).decode().strip()


def test_a_folder_that_has_files_is_bound(study: Study, tmp_path: Path) -> None:
    """`ds init` makes a project of it, or binds it to one that has no other versions of its files."""
    folder = tmp_path / "old work"
    folder.mkdir()
    (folder / "a.txt").write_text("a")
    done = study.ds("init", cwd=folder)
    assert (done.returncode, b"old work" in done.stdout) == (0, True), done.stderr
    assert study.ds("sync", cwd=folder).returncode == 0
    assert study.ds("init", cwd=folder).returncode == 1
    second = tmp_path / "second"
    second.mkdir()
    (second / "a.txt").write_text("other")
    refused = study.ds("init", "old work", cwd=second)
    assert (refused.returncode, b"a.txt" in refused.stderr) == (1, True)
    (second / "a.txt").write_text("a")
    (second / "b.txt").write_text("b")
    assert study.ds("init", "old work", cwd=second).returncode == 0
    assert study.ds("sync", cwd=second).returncode == 0
    assert _sync(study, folder)[1] == "In step with the project; 1 file brought here."


def test_one_program_at_a_time(study: Study) -> None:
    """While JupyterLab saves a folder's versions, `ds sync` says so and touches nothing; a second one says so too."""
    folder = study.clone(study.project)
    with study.jupyter(folder):
        code, said = _sync(study, folder)
        assert (code, "Another program" in said) == (1, True)
        with study.jupyter(folder, HOME=str(study.place)) as second:
            status = second.status()
            assert (status["state"], "Another program" in status["message"]) == ("unbound", True)
    assert _sync(study, folder)[0] == 0
