"""The history as the panel shows it: versions with the runs that their metadata tells of."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import msgspec

from jupyter_dotscience.api.commits import CommitList

_VALUES = {"label": "labels", "labels": "labels", "parameters": "parameters", "summary": "summary", "metric": "summary"}
"""Kinds of values in the run metadata format; two have two names."""
_FILES = {"input-files": "inputs", "output-files": "outputs"}
_FACTS = {
    "authority": "authority",
    "description": "description",
    "error": "error",
    "workload-file": "workload_file",
    "start": "started",
    "end": "ended",
}


def of_commits(commits: CommitList) -> dict[str, Any]:
    """A page of the history, as values of JSON."""
    items = []
    for commit in commits.items:
        told: dict[str, Any] = msgspec.to_builtins(commit)
        items.append({**told, "runs": runs_of(commit.metadata)})
    return {"items": items, "next": commits.next}


def runs_of(metadata: Mapping[str, str]) -> list[dict[str, Any]]:
    """The runs that a version's metadata tells of (see :mod:`jupyter_dotscience.api.metadata`), in their order.

    People can push commits with any metadata: what is not as it should be is left out.
    """
    ids = _list(metadata.get("runs", ""))
    runs = {id_: _empty(id_) for id_ in ids}
    # Longest first: an id may be the beginning of another one.
    by_length = sorted(runs, key=len, reverse=True)
    for key, value in metadata.items():
        if not key.startswith("run."):
            continue
        rest = key[len("run.") :]
        found = next((id_ for id_ in by_length if rest.startswith(id_ + ".")), None)
        if found is not None:
            _take(runs[found], rest[len(found) + 1 :], value)
    return list(runs.values())


def _empty(id_: str) -> dict[str, Any]:
    facts: dict[str, Any] = dict.fromkeys(_FACTS.values())
    return {
        "id": id_,
        **facts,
        "authority": "workload",
        "parameters": {},
        "summary": {},
        "labels": {},
        "inputs": [],
        "outputs": [],
    }


def _take(run: dict[str, Any], key: str, value: str) -> None:
    kind, _, name = key.partition(".")
    if key in _FACTS:
        run[_FACTS[key]] = value
    elif key in _FILES:
        run[_FILES[key]] = _list(value)
    elif kind in _VALUES and name:
        run[_VALUES[kind]][name] = value


def _list(text: str) -> list[str]:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return []
    return [item for item in found if isinstance(item, str)] if isinstance(found, list) else []
