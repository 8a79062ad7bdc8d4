"""Row 29: `ds runs inspect --project PROJECT RUN`."""

from __future__ import annotations

from pathlib import Path

from .site import Person

TRAIN = """
import dotscience as ds
ds.start()
rate = ds.parameter("rate", 0.5)
open(ds.input("data.csv")).read()
open(ds.output("model.txt"), "w").write("x")
ds.label("kind", "small")
ds.summary("accuracy", 0.75)
ds.publish("trained")
"""


def test_the_run_in_the_run_metadata_format(person: Person, project: str, tmp_path: Path) -> None:
    """Parameters, summary, labels, files with versions, and how it was executed."""
    (tmp_path / "train.py").write_text(TRAIN)
    (tmp_path / "data.csv").write_text("1\n")
    person.run(project, "-u", str(tmp_path), "python3", "train.py")
    [run] = person("runs", "ls", "-q", project).split()
    [found] = person.json("runs", "inspect", "--project", project, run)
    [recorded] = found["runs"]
    assert (recorded["run_id"], recorded["description"], recorded["success"]) == (run, "trained", True)
    assert (recorded["parameters"], recorded["summary"]) == ({"rate": "0.5"}, {"accuracy": "0.75"})
    assert recorded["labels"] == {"kind": "small"}
    [source] = recorded["workspace_input_files"]
    assert (source["filename"], len(source["version"])) == ("data.csv", 40)
    assert recorded["workspace_output_files"] == ["model.txt"]
    assert (found["workload_type"], found["workload_command"]) == ("command", ["python3", "train.py"])
    assert (found["success"], found["runner_name"]) == (True, "local")
    assert found["exec_start"] <= found["exec_end"]


def test_the_project_is_needed(person: Person) -> None:
    """It is wrong usage without it; a run that is not there is named."""
    assert "--project" in person.fails("runs", "inspect", "x", status=2)


def test_an_unknown_run_is_named(person: Person, project: str) -> None:
    """With where to look."""
    assert "`ds runs ls PROJECT`" in person.fails("runs", "inspect", "--project", project, "no-such-run")
