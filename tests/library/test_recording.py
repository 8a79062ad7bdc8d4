"""What users declare is what the marker says."""

from __future__ import annotations

import io
import json
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
from dotscience import Dotscience

from tests.library.recorded import markers, published


@pytest.mark.parametrize(
    ("single", "adder", "plural", "field"),
    [
        ("label", "add_label", "add_labels", "labels"),
        ("metric", "add_metric", "add_metrics", "summary"),
        ("summary", "add_summary", "add_summaries", "summary"),
        ("parameter", "add_parameter", "add_parameters", "parameters"),
    ],
)
def test_values_are_recorded_as_text(ds: Dotscience, single: str, adder: str, plural: str, field: str) -> None:
    """Each way to record a value stores its text; only the singular form hands the value back."""
    value = [1, 2]
    assert getattr(ds, single)("a", value) is value
    assert getattr(ds, adder)(2, None) is None
    assert getattr(ds, plural)("c", True, "d", float("nan"), e=0.5) is None
    assert published(ds)[field] == {"a": "[1, 2]", "2": "None", "c": "True", "d": "nan", "e": "0.5"}


@pytest.mark.parametrize("plural", ["add_labels", "add_metrics", "add_summaries", "add_parameters"])
def test_a_name_without_value_changes_nothing(ds: Dotscience, plural: str) -> None:
    """An odd number of arguments is refused before anything of it is recorded."""
    with pytest.raises(ValueError, match="'b' has no value"):
        getattr(ds, plural)("a", 1, "b", c=3)
    content = published(ds)
    assert content["labels"] == content["summary"] == content["parameters"] == {}


def test_param_is_parameter(ds: Dotscience) -> None:
    """The short name records the same."""
    assert ds.param("rate", 0.1) == 0.1
    assert published(ds)["parameters"] == {"rate": "0.1"}


def test_an_input_folder_is_what_it_holds_when_declared(ds: Dotscience, workspace: Path) -> None:
    """Inputs are expanded at once, at any depth; a missing file stays, an empty folder vanishes."""
    (workspace / "data" / "deep").mkdir(parents=True)
    (workspace / "empty").mkdir()
    (workspace / "data" / "a.csv").touch()
    (workspace / "data" / "deep" / "b.csv").touch()
    ds.add_inputs("data", workspace / "empty")
    assert ds.input("missing.csv") == "missing.csv"
    (workspace / "data" / "late.csv").touch()
    assert published(ds)["input"] == ["data/a.csv", "data/deep/b.csv", "missing.csv"]


def test_an_output_folder_is_what_it_holds_when_published(ds: Dotscience, workspace: Path) -> None:
    """Outputs are expanded at the end, because they are declared before they are written."""
    folder = workspace / "out"
    assert ds.output(folder) is folder
    ds.add_outputs("log.txt", b"bytes.bin")
    (folder / "deep").mkdir(parents=True)
    (folder / "deep" / "model.bin").touch()
    assert published(ds)["output"] == ["bytes.bin", "log.txt", "out/deep/model.bin"]


def test_the_whole_workspace_can_be_an_output(ds: Dotscience, workspace: Path) -> None:
    """Paths below `.` carry no `./`, which is no part of a recorded path."""
    (workspace / "a").touch()
    ds.add_output(".")
    assert published(ds)["output"] == ["a"]


def test_links_in_circles_end(ds: Dotscience, workspace: Path) -> None:
    """A folder that links to itself and to another that links back is walked once per way without a circle."""
    for name, target in (("a", "b"), ("b", "a")):
        (workspace / name).mkdir()
        (workspace / name / "file").touch()
        (workspace / name / "self").symlink_to(workspace / name)
        (workspace / name / "other").symlink_to(workspace / target)
    ds.add_input("a")
    assert published(ds)["input"] == ["a/file", "a/other/file"]


def test_paths_are_relative_to_the_root(workspace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A program started in a subfolder declares what it sees; the run records it from the root."""
    monkeypatch.setenv("DOTSCIENCE_PROJECT_DOT_ROOT", str(workspace))
    (workspace / "sub" / "out").mkdir(parents=True)
    (workspace / "sub" / "out" / "x").touch()
    monkeypatch.chdir(workspace / "sub")
    ds = Dotscience()
    ds.start()
    ds.add_input("../in.csv")
    ds.add_output("out")
    ds.script("go.py")
    content = published(ds)
    assert (content["input"], content["output"], content["workload-file"]) == (["in.csv"], ["sub/out/x"], "sub/go.py")


def test_only_what_is_set_is_there(ds: Dotscience) -> None:
    """Lists and maps are always in the marker, texts only when there is one."""
    assert set(published(ds)) == {
        "version", "input", "output", "labels", "summary", "parameters", "start", "end"
    }  # fmt: skip


def test_error_and_description_are_text_and_handed_back(ds: Dotscience) -> None:
    """Both come as any object and leave as text; a description given to `publish` wins."""
    problem = ValueError("no data")
    assert ds.error(problem) is problem
    assert ds.description(7) == 7
    content = published(ds)
    assert (content["error"], content["description"]) == ("no data", "7")
    assert published(ds, description="better")["description"] == "better"


def test_a_second_publish_repeats_the_run_under_a_new_id(ds: Dotscience) -> None:
    """Everything but id and times is kept; the id in the marker is what `publish` returns."""
    ds.add_label("kind", "first")
    ds.add_output("x")
    stream = io.StringIO()
    ids = [ds.publish(stream=stream), ds.publish(stream=stream)]
    (first, one), (second, two) = markers(stream.getvalue())
    assert ids == [first, second]
    assert first != second
    assert {**one, "start": 0, "end": 0} == {**two, "start": 0, "end": 0}
    assert two["start"] >= one["end"]


def test_start_begins_anew(ds: Dotscience) -> None:
    """What an earlier run recorded does not leak into the next."""
    ds.add_label("kind", "first")
    ds.start("second")
    content = published(ds)
    assert (content["labels"], content["description"]) == ({}, "second")


def test_the_first_end_counts(ds: Dotscience) -> None:
    """What happens between `end` and `publish` is no part of the run's time."""
    ds.end()
    between = json.loads(json.dumps(published_preview(ds)))["end"]
    ds.end()
    assert published(ds)["end"] == between


def published_preview(ds: Dotscience) -> dict[str, Any]:
    """What `debug` prints."""
    stream = io.StringIO()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sys.stdout", stream)
        ds.debug()
    return dict(json.loads(stream.getvalue()))


def test_debug_shows_what_publish_will_write(ds: Dotscience) -> None:
    """The JSON that `debug` prints is the marker's, as far as it is known."""
    ds.add_parameter("rate", 1)
    preview = published_preview(ds)
    content = published(ds)
    del content["end"]
    assert preview == content


def test_forgetting_start_is_forgiven_once(workspace: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The first call without `start` says so on standard output, in the published library's words."""
    ds = Dotscience()
    ds.add_label("a", 1)
    ds.add_label("b", 2)
    ds.publish(stream=io.StringIO())
    ds.add_label("c", 3)
    assert capsys.readouterr().out == "You have not called ds.start() yet, so I'm doing it for you!\n"


@pytest.mark.parametrize("name", ["torch", "tensorflow", "sklearn", "made.up"])
def test_any_framework_can_have_made_a_model(ds: Dotscience, name: str) -> None:
    """A model is a label with its files, kind and version, and its files are outputs."""
    framework = ModuleType(name)
    framework.__dict__["__version__"] = "2.1.0"
    assert ds.model(framework, "digits", "model", classes="model/classes.json") == "model"
    assert ds.add_model(framework, "plain", "other") is None
    content = published(ds)
    assert content["labels"] == {
        "artefact:digits": '{"files":{"classes":"model/classes.json","model":"model"},'
        f'"type":"{name}-model","version":"2.1.0"}}',
        "artefact:plain": f'{{"files":{{"model":"other"}},"type":"{name}-model","version":"2.1.0"}}',
    }
    assert content["output"] == ["model", "model/classes.json", "other"]


@pytest.mark.parametrize("kind", [None, "sklearn", SimpleNamespace(__name__="nameless")])
def test_a_model_needs_a_framework(ds: Dotscience, kind: object) -> None:
    """Something without name or version is refused and leaves no trace."""
    with pytest.raises(RuntimeError, match="Unknown kind of model"):
        ds.model(kind, "digits", "model")
    content = published(ds)
    assert (content["labels"], content["output"]) == ({}, [])
