"""Markers in a job's output."""

from __future__ import annotations

import datetime as dt
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jupyter_dotscience.api import marker
from jupyter_dotscience.api.runs import RunStatus


def text_of(run: str, fields: object) -> bytes:
    """A marker as the library prints it."""
    return f"[[DOTSCIENCE-RUN:{run}]]{json.dumps(fields, indent=4)}[[/DOTSCIENCE-RUN:{run}]]\n".encode()


def test_several_markers_among_other_output() -> None:
    """Each whole marker is found, in order, whatever stands around it and whatever is cut off."""
    output = b"\xff\x00" + text_of("a", {}) + b"loss 1\n" + text_of("b", {}) + b"[[DOTSCIENCE-RUN:c]]{"
    assert [run for run, _ in marker.find(output)] == ["a", "b"]


def test_all_fields_are_taken_over() -> None:
    """Parameters, summary, labels, files, times, description and error of a marker arrive in the report."""
    fields = {
        "version": "1",
        "description": "d",
        "start": "20261121T190652.368127",
        "end": "20261121T190652.5",
        "input": ["in.csv"],
        "output": ["out.csv"],
        "labels": {"l": "v"},
        "summary": {"acc": "0.9"},
        "parameters": {"lr": "0.1"},
        "workload-file": "train.py",
        "error": "no",
    }
    report = marker.parse("r", json.dumps(fields).encode())
    assert report.started == dt.datetime(2026, 11, 21, 19, 6, 52, 368127, dt.UTC)
    assert report.ended == dt.datetime(2026, 11, 21, 19, 6, 52, 500000, dt.UTC)
    assert (report.inputs, report.outputs) == (["in.csv"], ["out.csv"])
    assert (report.labels, report.summary, report.parameters) == ({"l": "v"}, {"acc": "0.9"}, {"lr": "0.1"})
    assert (report.description, report.workload_file, report.error) == ("d", "train.py", "no")
    assert report.status is RunStatus.FAILED


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"[]", b"3", b'{"input": "x"}', b'{"labels": []}', b"[" * 100_000, b'{"input": [""]}'],
)
def test_broken_content_names_the_run(content: bytes) -> None:
    """A marker that cannot be recorded says which run it is."""
    with pytest.raises(marker.MarkerError, match="run r9"):
        marker.parse("r9", content)


def test_surrogates_and_unreadable_times_do_not_lose_a_run() -> None:
    """Half characters are replaced and a time that cannot be read is left out."""
    report = marker.parse("r", b'{"start": "yesterday", "parameters": {"a": "\\ud800"}}')
    assert report.started is None
    assert report.parameters == {"a": "?"}


values = st.dictionaries(st.text(min_size=1, max_size=20), st.text(max_size=20), max_size=4)


@given(values, values, values)
def test_what_a_library_writes_is_read_back(parameters: dict, summary: dict, labels: dict) -> None:
    """Any text in names and values survives, unless it is the end marker itself."""
    fields = {"parameters": parameters, "summary": summary, "labels": labels}
    ((run, content),) = marker.find(text_of("id", fields))
    report = marker.parse(run, content)
    assert (report.parameters, report.summary, report.labels) == (parameters, summary, labels)
