"""The marker's bytes, and where they go."""

from __future__ import annotations

import io
import re
import uuid
from pathlib import Path

import pytest
from dotscience import Dotscience, _marker

from tests.library.recorded import markers

EXPECTED = """\
[[DOTSCIENCE-RUN:ID]]{
    "description": "Did some awesome data science!",
    "end": "TIME",
    "input": [
        "in.csv"
    ],
    "labels": {
        "experimental": "True",
        "l": "v"
    },
    "output": [
        "out.csv"
    ],
    "parameters": {
        "alias": "True",
        "lr": "0.001",
        "x": "1",
        "y": "[1, 2]"
    },
    "start": "TIME",
    "summary": {
        "e": "1",
        "fit%": "0.5",
        "g": "None",
        "legacy": "3"
    },
    "version": "1",
    "workload-file": "../t_script.py"
}[[/DOTSCIENCE-RUN:ID]]
"""


def test_the_bytes_are_those_of_the_published_library(ds: Dotscience) -> None:
    """Field order, indentation and line end are what version 0.8.7 was seen to print."""
    ds.script("../t_script.py")
    ds.add_labels("l", "v", experimental=True)
    ds.add_parameters(lr=0.001, x=1, y=[1, 2])
    ds.param("alias", True)
    ds.add_metrics("fit%", 0.5, "g", None, e=1)
    ds.summary("legacy", 3)
    ds.input("in.csv")
    ds.output("out.csv")
    stream = io.StringIO()
    run = ds.publish("Did some awesome data science!", stream)
    text = re.sub(r'"(start|end)": "\d{8}T\d{6}\.\d{6}"', r'"\1": "TIME"', stream.getvalue())
    assert text == EXPECTED.replace("ID", run)
    assert uuid.UUID(run).version == 4


def test_a_time_is_utc_with_microseconds() -> None:
    """Nanoseconds are cut, not rounded, so that no run starts in the future."""
    assert _marker.timestamp(1_546_300_799_000_001_999) == "20181231T235959.000001"


def test_text_of_any_kind_survives(ds: Dotscience) -> None:
    """Quotes, line ends, other scripts and lone surrogates arrive as they were."""
    nasty = 'a "b"\n]] [[/DOTSCIENCE-RUN:x]] é 漢 \udcff'
    ds.add_label(nasty, nasty)
    stream = io.StringIO()
    ds.publish(nasty, stream)
    assert stream.getvalue().isascii()
    [(_, content)] = markers(stream.getvalue())
    assert content["labels"] == {nasty: nasty}
    assert content["description"] == nasty


def test_a_stream_needs_only_write(ds: Dotscience) -> None:
    """The published library asks no more of a stream, so we must not either."""

    class Sink:
        text = ""

        def write(self, text: str) -> None:
            self.text += text

    sink = Sink()
    run = ds.publish(stream=sink)  # type: ignore[arg-type]
    assert markers(sink.text)[0][0] == run


def test_a_publish_that_failed_can_be_repeated(ds: Dotscience) -> None:
    """Where the stream breaks, the run keeps its id, so that the second attempt is the same run."""

    class Broken(io.StringIO):
        def write(self, text: str) -> int:
            raise BrokenPipeError

    ds.add_label("kept", 1)
    claimed = ds._run.claim_id() if ds._run else ""
    with pytest.raises(BrokenPipeError):
        ds.publish(stream=Broken())
    assert ds.publish(stream=io.StringIO()) == claimed


@pytest.mark.parametrize(
    ("workload", "expected"), [("command", "train.py"), ("jupyter", None), ("", None), ("unknown", None)]
)
def test_the_workload_file_follows_from_the_task(
    workspace: Path, monkeypatch: pytest.MonkeyPatch, workload: str, expected: str | None
) -> None:
    """A command is a script, a notebook has no script, and outside a task nothing is claimed."""
    monkeypatch.setenv("DOTSCIENCE_WORKLOAD_TYPE", workload)
    monkeypatch.setattr("sys.argv", [str(workspace / "train.py"), "--fast"])
    ds = Dotscience()
    ds.start()
    stream = io.StringIO()
    ds.publish(stream=stream)
    assert markers(stream.getvalue())[0][1].get("workload-file") == expected


def test_python_without_a_script_has_no_workload_file(
    workspace: Path, monkeypatch: pytest.MonkeyPatch, ds: Dotscience
) -> None:
    """An interactive Python in a command task publishes all the same."""
    monkeypatch.setattr("sys.argv", [""])
    monkeypatch.setenv("DOTSCIENCE_WORKLOAD_TYPE", "command")
    stream = io.StringIO()
    ds.publish(stream=stream)
    assert "workload-file" not in markers(stream.getvalue())[0][1]


@pytest.mark.parametrize("first", ["script", "interactive", "remote"])
@pytest.mark.parametrize("second", ["script", "interactive", "remote"])
def test_a_mode_is_chosen_once(ds: Dotscience, first: str, second: str) -> None:
    """The same mode again is fine; another one is refused and the first one stays."""
    getattr(ds, first)()
    if first == second:
        getattr(ds, second)()
    else:
        with pytest.raises(RuntimeError, match=f"already in {first} mode"):
            getattr(ds, second)()
    assert ds._mode.name == first


def test_remote_mode_needs_a_connection(ds: Dotscience) -> None:
    """Publishing without `connect` says what to call."""
    ds.remote()
    with pytest.raises(RuntimeError, match=r"ds\.connect"):
        ds.publish()
