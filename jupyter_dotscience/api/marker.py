"""The marker that user code prints and runners look for: the whole contract between workload and platform.

``[[DOTSCIENCE-RUN:<id>]]`` + a JSON object + ``[[/DOTSCIENCE-RUN:<id>]]``, on standard output or in a notebook's
stream outputs. Written by the `dotscience` library, version 0.8.7 and ours alike; all values are strings, times are UTC
without a zone in the form ``%Y%m%dT%H%M%S.%f``.
"""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Iterator
from typing import Any

import msgspec

from .runs import RunReport, RunStatus

MARKER = re.compile(rb"\[\[DOTSCIENCE-RUN:([^\]\s]{1,100})\]\](.*?)\[\[/DOTSCIENCE-RUN:\1\]\]", re.DOTALL)
_TIME = "%Y%m%dT%H%M%S"
MAX_MARKER = 16 * 1024 * 1024


class MarkerError(ValueError):
    """A marker whose content is not what the format says. Its text names the run and what is wrong."""


def find(text: bytes) -> Iterator[tuple[str, bytes]]:
    """The id and JSON of each whole marker in ``text``, in order."""
    for match in MARKER.finditer(text):
        yield match.group(1).decode(errors="replace"), match.group(2)


def parse(run_id: str, content: bytes) -> RunReport:
    """The report inside a marker.

    Raises:
        MarkerError: it is no JSON object, or a field has the wrong type or is too large.
    """
    try:
        fields = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise MarkerError(f"The marker of run {run_id} does not hold valid JSON: {error}.") from None
    if not isinstance(fields, dict):
        raise MarkerError(f"The marker of run {run_id} does not hold a JSON object.")
    try:
        return msgspec.convert(_report(run_id, fields), RunReport)
    except msgspec.ValidationError as error:
        raise MarkerError(f"The marker of run {run_id} cannot be recorded: {error}.") from None


def _report(run_id: str, fields: dict[str, Any]) -> dict[str, Any]:
    report: dict[str, Any] = {"id": run_id}
    for name in ("description", "error"):
        if fields.get(name) is not None:
            report[name] = _text(fields[name])
    if fields.get("workload-file") is not None:
        report["workload_file"] = _text(fields["workload-file"])
    for name, key in (("started", "start"), ("ended", "end")):
        if fields.get(key):
            report[name] = parse_time(_text(fields[key]))
    for name, keys in (
        ("parameters", ("parameters",)),
        ("summary", ("summary", "metric")),
        ("labels", ("labels",)),
    ):
        report[name] = _values(next((fields[k] for k in keys if k in fields), {}))
    for name, key in (("inputs", "input"), ("outputs", "output")):
        report[name] = sorted({_text(p) for p in _list(fields.get(key, []))})
    report["status"] = RunStatus.FAILED if fields.get("error") is not None else RunStatus.SUCCEEDED
    return report


def _text(value: object) -> str:
    """JSON may hold lone surrogates, which neither the database nor UTF-8 can."""
    return str(value).encode("utf-8", "replace").decode()


def _list(value: object) -> list[object]:
    if not isinstance(value, list):
        raise msgspec.ValidationError("`input` and `output` must be lists of paths")
    return value


def _values(value: object) -> dict[str, str]:
    if not isinstance(value, dict):
        raise msgspec.ValidationError("parameters, summary and labels must be objects")
    return {_text(k): _text(v) for k, v in value.items()}


def parse_time(text: str) -> dt.datetime | None:
    """A marker's time with its zone, or None when it cannot be read: a clock that is off must not lose a run."""
    whole, _, fraction = text.partition(".")
    try:
        moment = dt.datetime.strptime(whole, _TIME).replace(tzinfo=dt.UTC)
        return moment + dt.timedelta(microseconds=int((fraction + "000000")[:6]))
    except (ValueError, OverflowError):
        return None
