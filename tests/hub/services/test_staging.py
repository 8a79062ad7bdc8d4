"""Which files of runs from outside have come, until their run is recorded."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest
from dotscience_hub.services.staging import KEPT_SECONDS, Staging, sweep

from jupyter_dotscience.api.commits import Change
from jupyter_dotscience.api.problems import BadRequest


def change(path: str, data: bytes) -> Change:
    """A small file."""
    return Change(path=path, size=len(data), data=data)


def test_what_comes_while_a_run_is_recorded_is_for_the_next_one(tmp_path: Path) -> None:
    """What is in a version now is forgotten, but not what came since for the same path; nothing is left in the end."""
    staging = Staging(tmp_path / "p" / "ann")
    staging.note(change("a", b"old"))
    staging.note(change("b", b"old"))
    taken = staging.find(["a", "b", "c"])
    staging.note(change("a", b"new"))
    staging.discard(taken)
    assert staging.missing(["a", "b", "c"]) == ["b", "c"]
    again = staging.find(["a", "b"])
    assert [each.change.data for each in again.values()] == [b"new"]
    staging.discard(again)
    assert not (tmp_path / "p" / "ann").exists()


def test_a_path_is_no_name_of_a_file_here(tmp_path: Path) -> None:
    """One that no file can have is refused; a long one, or one that names files here, is as good as any."""
    staging = Staging(tmp_path / "p" / "ann")
    with pytest.raises(BadRequest):
        staging.note(change("../x", b""))
    deep = "/".join(["d" * 200] * 10)
    staging.note(change(deep, b"1"))
    assert staging.missing([deep]) == []
    assert [path.parent for path in tmp_path.rglob("*") if path.is_file()] == [tmp_path / "p" / "ann"]


def test_files_that_nobody_asked_for_are_forgotten_after_a_day(tmp_path: Path) -> None:
    """With their folders; younger ones stay."""
    old, young = Staging(tmp_path / "p" / "ann"), Staging(tmp_path / "p" / "bob")
    for staging in (old, young):
        staging.note(change("a", b"1"))
    day_ago = time.time() - KEPT_SECONDS - 60
    for file in (tmp_path / "p" / "ann").iterdir():
        os.utime(file, (day_ago, day_ago))
    sweep(tmp_path)
    assert not (tmp_path / "p" / "ann").exists()
    assert young.missing(["a"]) == []
