"""Listings, inspections, logs and files, as the program prints them."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import msgspec
import pytest
from dotscience_cli.commands.runner import start_command

from jupyter_dotscience.api._base import now
from jupyter_dotscience.api.commits import Mode
from jupyter_dotscience.api.files import FileVersion, Tree
from jupyter_dotscience.api.logs import LogStream
from jupyter_dotscience.api.projects import Collaborator, Project, ProjectList, Role
from jupyter_dotscience.api.runners import Runner, RunnerCreated, RunnerList, RunnerStatus, RunnerType
from jupyter_dotscience.api.runs import Authority, Run, RunFile, RunList, RunRow, RunStatus, SummaryName, SummaryNames
from jupyter_dotscience.api.tasks import TaskStatus
from tests.client import samples, script
from tests.client.samples import PROJECT_ID, TASK_ID, project
from tests.client.script import Answer, Script

from .fakehub import TaskHub
from .program import Program


def test_projects(hub: Script, ds: Program) -> None:
    """The table has the manual's columns; -q has names only; JSON has all; pages are put together."""
    shared = project(name="iris", collaborators=[Collaborator(user="bob", role=Role.READER)])
    pages = [ProjectList(items=[shared], next="c"), ProjectList(items=[project(name="evil\x1b[2J")])]
    for arguments in ([], ["-q"], ["--output", "json"]):
        hub.play(*map(script.json, pages))
        done = ds("project", "ls", *arguments)
        assert done.returncode == 0, done.stderr
        lines = done.stdout.decode().splitlines()
        if not arguments:
            assert re.split(" {3,}", lines[0]) == ["ID", "NAME", "DOTS", "COLLABORATORS", "AGE", "DATASETS"]
            assert re.split(" {3,}", lines[1])[:4] == [PROJECT_ID, "iris", PROJECT_ID, "bob"]
        elif arguments == ["-q"]:
            assert lines == ["iris", "evil\\x1b[2J"]
        else:
            assert [p["name"] for p in json.loads(done.stdout)] == ["iris", "evil\x1b[2J"]
            assert b"\x1b" not in done.stdout


def test_two_forms_at_once_are_refused(hub: Script, ds: Program) -> None:
    """-q and --output json contradict each other."""
    hub.play(script.json(ProjectList(items=[])))
    assert ds("project", "ls", "-q", "-o", "json").returncode == 2


IDS = ["0189aaaa-0000-7000-8000-00000000000" + digit for digit in "123"]


@pytest.mark.parametrize(
    ("ref", "found", "meant"),
    [
        (IDS[0], [(IDS[0], "a"), (IDS[1], IDS[0])], IDS[0]),
        ("0189", [(IDS[0], "a"), (IDS[1], "0189")], IDS[1]),
        ("0189aaaa", [(IDS[2], "a")], IDS[2]),
        ("a", [(IDS[0], "a"), (IDS[1], "a")], None),
        ("0189", [(IDS[0], "a"), (IDS[1], "b")], None),
    ],
)
def test_what_a_name_means(hub: Script, ds: Program, ref: str, found: list[tuple[str, str]], meant: str | None) -> None:
    """An id before a name, a name before the beginning of an id; what is left ambiguous lists the ids."""
    hub.play(script.json(ProjectList(items=[project(id=one, name=name) for one, name in found])))
    done = ds("project", "inspect", ref)
    if meant:
        assert [p["id"] for p in json.loads(done.stdout)] == [meant]
    else:
        assert done.returncode == 1
        assert all(one.encode() in done.stderr for one, _ in found)


def test_removing_asks_on_a_terminal_only(hub: Script, ds: Program) -> None:
    """A script is not asked; the request is a DELETE of the id."""
    hub.play(script.json(ProjectList(items=[project()])), Answer(204))
    done = ds("project", "rm", "p")
    assert (done.returncode, done.stdout) == (0, PROJECT_ID.encode() + b"\n")
    assert (hub.seen[1].method, hub.seen[1].target.endswith(f"/projects/{PROJECT_ID}")) == ("DELETE", True)


def row(run_id: str, **summary: str) -> RunRow:
    return RunRow(
        id=run_id,
        status=RunStatus.SUCCEEDED,
        authority=Authority.WORKLOAD,
        description=None,
        author="alice",
        created=now(),
        task=None,
        parameters={"lr": "0.1", "epochs": "3"},
        summary=summary,
        labels={"kind": "test"},
    )


@pytest.mark.parametrize("wanted", [None, "loss"])
def test_runs(hub: Script, ds: Program, wanted: str | None) -> None:
    """SCORE is the summary that was asked for, or the one that most runs have."""
    names = SummaryNames(items=[SummaryName(name="accuracy", runs=2), SummaryName(name="loss", runs=1)])
    answers = [script.json(ProjectList(items=[project()])), script.json(names)]
    listing = script.json(RunList(items=[row("r1", accuracy="0.9", loss="0.2")]))
    hub.play(*(answers[:1] if wanted else answers), listing)
    done = ds("runs", "ls", *([f"--summary-type={wanted}"] if wanted else []), "p")
    head, first = (re.split(" {3,}", line) for line in done.stdout.decode().splitlines())
    assert head == ["RUN", "LABELS", "PARAMETERS", "TYPE", "SCORE", "AGE"]
    assert first[:5] == ["r1", "kind=test", "lr=0.1, epochs=3", wanted or "accuracy", "0.2" if wanted else "0.9"]
    assert f"summary={wanted or 'accuracy'}" in hub.seen[-1].target


def test_a_run_in_the_published_shape(hub: Script, ds: Program) -> None:
    """`ds runs inspect` prints an array of one commit with its run, in the names of the run metadata format."""
    run = _run()
    hub.play(script.json(ProjectList(items=[project()])), script.json(RunList(items=[row("r1")])), script.json(run))
    done = ds("runs", "inspect", "--project", "p", "r1")
    [commit] = json.loads(done.stdout)
    assert (commit["submitter_id"], commit["success"], commit["workload_type"]) == ("alice", True, "command")
    assert commit["workload_command"] == ["python", "a.py"]
    assert commit["exec_start"] == "2018-10-04T13:06:07.101000Z"
    [one] = commit["runs"]
    assert (one["run_id"], one["authority"], one["success"]) == ("r1", 0, True)
    assert one["workspace_input_files"] == [{"filename": "in", "version": "1" * 40}]
    assert one["workspace_output_files"] == ["out"]


def _run() -> Run:
    return Run(
        id="r1",
        project=PROJECT_ID,
        task=TASK_ID,
        authority=Authority.WORKLOAD,
        status=RunStatus.SUCCEEDED,
        description=None,
        error=None,
        workload_file="a.py",
        author="alice",
        created=now(),
        started=None,
        ended=None,
        commit="2" * 40,
        parameters={},
        summary={},
        labels={},
        inputs=[RunFile(path="in", commit="1" * 40, sha256=None, blob=None)],
        outputs=[RunFile(path="out", commit="2" * 40, sha256=None, blob=None)],
        series=[],
        metadata={
            "author": "alice",
            "success": "true",
            "workload.type": "command",
            "workload.command": '["python", "a.py"]',
            "exec.start": "20181004T130607.101000",
        },
    )


def test_logs_of_a_job(ds: Program, task_hub: TaskHub) -> None:
    """Standard output as it is; each line of standard error begins with ERROR, also one that came in parts."""
    task_hub.out(b"\xffone\r")
    task_hub.log(LogStream.STDERR, b"par")
    task_hub.log(LogStream.STDERR, b"tly\n")
    task_hub.log(LogStream.AGENT, b"hidden\n")
    task_hub.log(LogStream.STDERR, b"whole\n")
    task_hub.out(b"two\n")
    task_hub.become(TaskStatus.SUCCEEDED)
    plain = ds("logs", TASK_ID)
    verbose = ds("logs", "-v", "-f", TASK_ID)
    assert plain.stdout == b"\xffone\rERROR: partly\nERROR: whole\ntwo\n"
    assert verbose.stdout.splitlines()[1:] == [
        b"2001-09-09T01:46:40.000000Z stderr: par",
        b"2001-09-09T01:46:40.000000Z stderr: tly",
        b"2001-09-09T01:46:40.000000Z agent: hidden",
        b"2001-09-09T01:46:40.000000Z stderr: whole",
        b"2001-09-09T01:46:40.000000Z: two",
    ]


def test_stopping_what_has_ended_is_no_error(ds: Program, task_hub: TaskHub) -> None:
    """It says so and exits 0; removing what runs is refused."""
    running = ds("task", "rm", TASK_ID)
    assert (running.returncode, b"ds task stop" in running.stderr) == (1, True)
    task_hub.become(TaskStatus.SUCCEEDED)
    done = ds("task", "stop", TASK_ID)
    assert (done.returncode, b"already ended: succeeded" in done.stdout) == (0, True)
    assert not task_hub.stopped.is_set()


def test_tasks(ds: Program, task_hub: TaskHub) -> None:
    """The manual's columns, and a task's details as an array of one."""
    head, first = ds("task", "ls").stdout.decode().splitlines()
    assert head.split() == ["ID", "STATUS", "WORKLOAD", "AGE"]
    assert first.split()[:3] == [TASK_ID, "queued", "command"]
    assert json.loads(ds("task", "inspect", TASK_ID).stdout)[0]["id"] == TASK_ID


def test_files(hub: Script, ds: Program, tmp_path: Path) -> None:
    """Names for people are harmless, names for programs exact; a file arrives whole or not at all."""
    item = FileVersion(
        path="caf\uefe9",
        mode=Mode.FILE,
        size=4,
        blob="1" * 40,
        sha256=None,
        large=False,
        modified=10**18,
        commit=None,
    )
    found = script.json(ProjectList(items=[project()]))
    hub.play(found, script.json(Tree(commit="1" * 40, items=[item])))
    lines = ds("file", "ls", "p").stdout.decode().splitlines()
    assert re.split(" {3,}", lines[0]) == ["NAME", "SIZE", "LAST MODIFIED"]
    assert re.split(" {3,}", lines[1]) == ["caf\\xe9", "4", "2001-09-09 01:46:40 UTC"]
    hub.play(found, script.json(Tree(commit="1" * 40, items=[item])))
    assert ds("file", "ls", "-q", "p").stdout == b"caf\xe9\n"
    hub.play(found, Answer(body=b"\x00data"))
    assert ds("file", "get", "p", b"caf\xe9", "-").stdout == b"\x00data"
    assert "path=caf%EE%BF%A9" in hub.seen[-1].target
    hub.play(found, Answer(200, b"half", headers={"Content-Length": "100"}, cut=True))
    assert ds("file", "get", "p", "name", cwd=tmp_path).returncode == 1
    assert list(tmp_path.iterdir()) == []


def test_a_closed_pipe_is_quiet(hub: Script, ds: Program) -> None:
    """`ds project ls | head -1` complains about nothing."""
    many: list[Project] = [project(name=f"p{number}") for number in range(1000)]
    hub.play(script.json(ProjectList(items=many)))
    process = ds.start("project", "ls")
    assert process.stdout is not None
    process.stdout.close()
    assert process.stderr is not None
    assert process.stderr.read() == b""
    process.stderr.close()
    assert process.wait(20) != 0


def test_another_encoding_does_not_crash(hub: Script, ds: Program) -> None:
    """A terminal that cannot show a name shows an escape in its place."""
    hub.play(script.json(ProjectList(items=[project(name="数")])))
    done = ds.with_variables(PYTHONIOENCODING="latin-1")("project", "ls", "-q")
    assert (done.returncode, done.stdout) == (0, b"\\u6570\n")


def test_samples_are_whole() -> None:
    """What the fake hubs answer is what the contract says."""
    assert msgspec.convert(msgspec.to_builtins(samples.task()), type(samples.task()))


def runner(**changed: object) -> Runner:
    fields: dict[str, object] = {
        "id": IDS[0],
        "name": "worker",
        "description": "",
        "owner": "alice",
        "type": RunnerType.CPU,
        "labels": {},
        "storage": 10,
        "shared": False,
        "status": RunnerStatus.ONLINE,
        "created": now(),
        "last_seen": None,
        "version": "1",
        "backend": "docker",
        "isolation": "",
        "running_tasks": 2,
        "tasks": [],
    }
    return Runner(**(fields | changed))  # type: ignore[arg-type]


def test_a_runner_is_created(hub: Script, ds: Program) -> None:
    """The manual's block with the command that starts it; -q prints the command alone, as a shell takes it."""
    made = RunnerCreated(runner=runner(type=RunnerType.GPU), token="TOKEN234====")
    hub.play(script.json(made, 201))
    whole = ds("runner", "create", "-t", "gpu-nvidia-runtime", "-s", "100", "--label", "site=x", "worker")
    command = ds("runner", "create", "-q").stdout.decode()
    assert whole.stdout.decode().splitlines()[:6] == [
        f"Runner ID:        {IDS[0]}",
        "Runner name:      worker",
        "Runner type:      gpu-nvidia-runtime",
        "",
        "To start a runner, run:",
        "",
    ]
    asked = json.loads(hub.seen[0].body)
    assert (asked["name"], asked["storage"], asked["type"], asked["labels"]) == (
        "worker", 100, "gpu-nvidia-runtime", {"site": "x"},
    )  # fmt: skip
    (run,) = as_a_shell_takes(command)
    for part in ("|-e|TOKEN=TOKEN234====|", f"|-e|DOTSCIENCE_URL={hub.url}|", "|--restart|always|"):
        assert part in run
    assert run.endswith("|dotscience-task-spool:/spool|--network|host|--gpus|all|dotscience-runner:latest|")


def as_a_shell_takes(command: str) -> list[str]:
    """The arguments of each `docker` in a command, with a bar after each."""
    shown = subprocess.run(
        ["sh", "-c", "docker() { printf '%s|' \"$@\"; echo; }\n" + command], capture_output=True, text=True, check=True
    )
    return shown.stdout.splitlines()


def test_a_runner_image_of_a_registry_is_pulled_first(hub: Script, ds: Program) -> None:
    """An image that was built on the machine is not: there is nowhere to pull it from."""
    hub.play(script.json(RunnerCreated(runner=runner(), token="TOKEN234===="), 201))
    command = ds("runner", "create", "-q", "--runner-image", "registry.example.org/ml/runner:1").stdout.decode()
    pull, run = as_a_shell_takes(command)
    assert pull == "pull|registry.example.org/ml/runner:1|"
    assert run.endswith("|dotscience-task-spool:/spool|--network|host|registry.example.org/ml/runner:1|")


@pytest.mark.parametrize(
    ("url", "own"),
    [
        ("http://127.0.0.1:8000", True),
        ("http://localhost:8000", True),
        ("http://[::1]:8000", True),
        ("https://hub.example.org", False),
        ("http://192.0.2.7:8000", False),
    ],
)
def test_only_a_hub_on_the_same_machine_needs_its_network(url: str, own: bool) -> None:
    """From a container, 127.0.0.1 is the container; another address is reached as it is."""
    assert ("--network host" in start_command(url, "T", "dotscience-runner:latest", gpu=False)) is own


def test_runners(hub: Script, ds: Program) -> None:
    """The manual's columns; inspect is an array of one with the tasks; rm prints the id."""
    listing = script.json(RunnerList(items=[runner()]))
    hub.play(listing)
    head, first = ds("runner", "ls").stdout.decode().splitlines()
    assert re.split(" {3,}", head) == ["ID", "NAME", "RUNNING TASKS", "STATUS", "TYPE", "AGE"]
    assert re.split(" {3,}", first)[:5] == [IDS[0], "worker", "2", "online", "cpu"]
    hub.play(listing, script.json(runner()))
    assert json.loads(ds("runner", "inspect", "worker").stdout)[0]["tasks"] == []
    hub.play(listing, Answer(204))
    assert ds("runner", "rm", "worker").stdout == IDS[0].encode() + b"\n"
    assert hub.seen[-1].method == "DELETE"


def test_sharing(hub: Script, ds: Program) -> None:
    """A project is shared under a role, and no more; a user's name stays one segment of the path."""
    found = script.json(ProjectList(items=[project()]))
    hub.play(found, script.json(project()))
    assert ds("project", "share", "p", "bob@x/y", "--role", "reader").returncode == 0
    assert hub.seen[-1].target.endswith(f"/projects/{PROJECT_ID}/collaborators/bob%40x%2Fy")
    assert json.loads(hub.seen[-1].body) == {"role": "reader"}
    hub.play(found, Answer(204))
    assert ds("project", "unshare", "p", "bob").returncode == 0
    assert hub.seen[-1].method == "DELETE"
    assert ds("project", "share", "p", "..").returncode == 2
