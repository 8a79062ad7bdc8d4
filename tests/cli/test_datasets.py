"""Datasets, as far as the program itself goes."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import click
import msgspec
import pytest
from dotscience_cli import syncing
from dotscience_cli.linking import _path
from dotscience_cli.summary import describe

from jupyter_dotscience.api.commits import CommitResult, Missing
from jupyter_dotscience.api.datasets import (
    Dataset,
    DatasetList,
    DatasetType,
    S3Source,
    SyncState,
    SyncStatus,
    TaskDataset,
)
from jupyter_dotscience.api.files import Tree
from jupyter_dotscience.api.tasks import Execution
from tests.client import samples, script
from tests.client.script import Answer, Script
from tests.conformance.terminal import INTERRUPT, Terminal

from .program import Program
from .screen import Screen

NOW = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
BEFORE, AFTER = NOW - dt.timedelta(seconds=1), NOW + dt.timedelta(seconds=1)
SOURCE = S3Source(bucket="b", prefix="", endpoint_url=None, region=None, access_key_id="k")


def dataset(sync: SyncStatus | None = None, **changed: Any) -> Dataset:
    made = Dataset(
        id="0189aaaa-0000-7000-8000-000000000009",
        name="mnist",
        type=DatasetType.S3 if sync else DatasetType.FILES,
        owner="alice",
        created=NOW,
        head=None,
        files=0,
        size=0,
        s3=SOURCE if sync else None,
        sync=sync,
        links=[],
        git_url="/git/x",
    )
    return msgspec.structs.replace(made, **changed)


def sync(state: SyncState, **fields: Any) -> SyncStatus:
    return SyncStatus(state=state, **fields)


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (None, ""),
        (sync(SyncState.WAITING), "waiting to begin"),
        (sync(SyncState.SYNCING), "listing the bucket"),
        (sync(SyncState.READY), "ready"),
        (sync(SyncState.READY, message="2 keys are left out."), "ready: 2 keys are left out."),
        (sync(SyncState.FAILED, message="There is no bucket b."), "failed: There is no bucket b."),
        (
            sync(
                SyncState.SYNCING,
                objects_done=1204,
                objects_total=20_000,
                bytes_done=1_180_000_000,
                bytes_total=9_800_000_000,
            ),
            "1,204 of 20,000 objects (12 %, 1.2 of 9.8 GB)",
        ),
        (
            sync(SyncState.SYNCING, objects_done=1, objects_total=2, bytes_done=5, bytes_total=10),
            "1 of 2 objects (50 %, 5 of 10 B)",
        ),
        (sync(SyncState.SYNCING, objects_done=1, objects_total=3, bytes_total=0), "1 of 3 objects (33 %)"),
        (sync(SyncState.SYNCING, objects_total=0), "0 of 0 objects (100 %)"),
    ],
)
def test_how_far_it_is(status: SyncStatus | None, words: str) -> None:
    """In one phrase; sizes in the unit of the whole."""
    assert syncing.words(status) == words


@pytest.mark.parametrize(
    ("answers", "status", "said"),
    [
        ([sync(SyncState.READY, requested=NOW, started=AFTER)], 0, "Dataset mnist is synchronised.\n"),
        (
            [
                # That of before, then the one that was under way when it was asked for; neither is what was asked for.
                sync(SyncState.READY, requested=NOW, started=BEFORE),
                sync(SyncState.FAILED, requested=NOW, started=BEFORE, message="Old."),
                sync(SyncState.SYNCING, requested=NOW, started=AFTER),
                sync(SyncState.READY, requested=NOW, started=AFTER, message="A key is left out."),
            ],
            0,
            "Warning: A key is left out.\nDataset mnist is synchronised.\n",
        ),
        (
            [sync(SyncState.FAILED, requested=NOW, started=AFTER, message="No such bucket.")],
            1,
            "Error: Dataset mnist could not be synchronised: No such bucket.\n",
        ),
    ],
)
def test_waiting_for_a_synchronisation(
    hub: Script, ds: Program, answers: list[SyncStatus], status: int, said: str
) -> None:
    """It ends with the first one that began after it was asked for."""
    asked = dataset(sync(SyncState.WAITING, requested=NOW))
    found = script.json(DatasetList(items=[asked]))
    hub.play(found, script.json(asked), *(script.json(dataset(one)) for one in answers))
    done = ds("dataset", "sync", "--wait", "mnist")
    assert (done.returncode, done.stderr.decode()) == (status, said)
    assert done.stdout == (b"" if status else asked.id.encode() + b"\n")


def test_who_stops_waiting_stops_nothing(hub: Script, ds: Program) -> None:
    """Ctrl-C leaves with 130, and says that the hub goes on."""
    asked = dataset(sync(SyncState.WAITING, requested=NOW))
    going = dataset(sync(SyncState.SYNCING, requested=NOW, started=AFTER, objects_done=1, objects_total=4))
    hub.play(script.json(DatasetList(items=[asked])), script.json(asked), script.json(going))
    with Terminal(ds, "dataset", "sync", "--wait", "mnist") as terminal:
        at = terminal.expect(b"Synchronising mnist: 1 of 4 objects (25 %)")
        terminal.expect("━".encode(), at)
        terminal.type(INTERRUPT)
        assert terminal.end() == 130
    assert Screen(terminal.seen.replace(b"^C", b"")).lines == [
        "The hub goes on with it; `ds dataset ls` shows how far it is."
    ]


def test_a_dataset_that_is_a_copy_takes_no_files(hub: Script, ds: Program, tmp_path: Path) -> None:
    """It is said before anything is read or sent, and other conflicts are not taken for changes of others."""
    hub.play(script.json(DatasetList(items=[dataset(sync(SyncState.READY))])))
    done = ds("dataset", "put", "mnist", str(tmp_path))
    assert (done.returncode, len(hub.seen)) == (1, 1)
    assert b"the copy of the bucket b" in done.stderr
    (tmp_path / "x").write_text("x")
    refused = script.problem(409, "dataset_is_synchronised", "This dataset is the copy of a bucket.")
    tree = script.json(Tree(commit=None, items=[]))
    hub.play(script.json(DatasetList(items=[dataset()])), tree, refused)
    done = ds("dataset", "put", "mnist", str(tmp_path))
    assert done.stderr.decode().splitlines()[-1] == "Error: This dataset is the copy of a bucket."
    assert len([seen for seen in hub.seen if seen.target.endswith("/tree")]) == 1


def test_what_is_put_goes_to_the_dataset(hub: Script, ds: Program, tmp_path: Path) -> None:
    """All requests are below its path; empty files need no bar."""
    (tmp_path / "empty").touch()
    made = script.json(CommitResult(commit="1" * 40, head="1" * 40), 201)
    tree = script.json(Tree(commit=None, items=[]))

    def answer(seen: script.Seen) -> Answer:
        if seen.target.partition("?")[0].endswith("/datasets"):
            return script.json(DatasetList(items=[dataset()]))
        assert f"/datasets/{dataset().id}/" in seen.target
        if seen.target.endswith("/missing"):
            return script.json(Missing(blobs=[], objects=[]))
        return tree if seen.method == "GET" else made

    hub.respond = answer
    with Terminal(ds, "dataset", "put", "mnist", str(tmp_path)) as terminal:
        assert terminal.end() == 0
    assert Screen(terminal.seen).lines == ["Uploading 1 changed file (0 B).", "1" * 40]


@pytest.mark.parametrize(("typed", "path"), [("a", "a"), ("./a//b/", "a/b"), ("a/../b", "a/../b"), ("..", "..")])
def test_paths_of_links(typed: str, path: str) -> None:
    """What stands for the same place is written in one way; what leads up is left for the hub to refuse."""
    assert _path(typed) == path


@pytest.mark.parametrize("typed", ["/a", "", ".", "./."])
def test_paths_that_are_none(typed: str) -> None:
    """Wrong usage, before anything is asked."""
    with pytest.raises(click.UsageError):
        _path(typed)


@pytest.mark.parametrize(
    ("started", "commit", "line"),
    [
        (NOW, "1" * 40, f"Dataset:       mnist at ./data (0189aaaa@{'1' * 40})"),
        (NOW, None, "Dataset:       mnist at ./data (it had no version yet)"),
        (None, None, None),
    ],
)
def test_what_a_task_saw(started: dt.datetime | None, commit: str | None, line: str | None) -> None:
    """In the metadata at the end of a job; one that was stopped while it waited saw nothing."""
    seen = TaskDataset(dataset="0189aaaa", name="mnist", path="data", commit=commit)
    told = describe(samples.task(datasets=[seen], execution=Execution(started=started)), []).splitlines()
    assert [one for one in told if one.startswith("Dataset")] == ([line] if line else [])
