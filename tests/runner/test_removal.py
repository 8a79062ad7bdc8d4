"""What tasks leave behind is removed, whatever they did to it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from dotscience_runner.agent.spool import Spool
from dotscience_runner.files import remove_tree

DEPTH = 3000
_NOBODY = 65534


def _dig(folder: Path, depth: int) -> None:
    """Folders in one another, deeper than a path can say."""
    descriptor = os.open(folder, os.O_RDONLY)
    for _ in range(depth):
        os.mkdir("d", dir_fd=descriptor)
        below = os.open("d", os.O_RDONLY | os.O_DIRECTORY, dir_fd=descriptor)
        os.close(descriptor)
        descriptor = below
    os.close(os.open("file", os.O_WRONLY | os.O_CREAT, dir_fd=descriptor))
    os.close(descriptor)


def test_folders_deeper_than_paths_can_be(tmp_path: Path) -> None:
    """Thousands of folders in one another are removed (F13)."""
    folder = tmp_path / "work"
    folder.mkdir()
    _dig(folder, DEPTH)
    remove_tree(folder)
    assert not folder.exists()


def test_deep_remains_do_not_keep_an_agent_from_starting(tmp_path: Path) -> None:
    """An agent that starts on a spool with such remains removes them (F7, F13)."""
    spool = Spool(tmp_path / "spool")
    remains = tmp_path / "spool" / "tasks" / ".removed-task-1"
    remains.mkdir()
    _dig(remains, DEPTH)
    assert spool.tasks() == []
    assert not remains.exists()
    spool.close()


def test_remains_that_cannot_be_removed_do_not_keep_an_agent_from_starting(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the disk refuses to remove is left for the next start; tasks go on."""
    spool = Spool(tmp_path / "spool")
    (tmp_path / "spool" / "tasks" / ".removed-task-1").mkdir()
    (tmp_path / "spool" / "tasks" / "task-2").mkdir()

    def refuse(_: Path) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr("dotscience_runner.agent.spool.remove_tree", refuse)
    assert [folder.task for folder in spool.tasks()] == ["task-2"]
    spool.close()


def test_a_link_is_removed_and_not_followed(tmp_path: Path) -> None:
    """Links to folders elsewhere go, what they point to stays as it is (B1)."""
    outside, folder = tmp_path / "outside", tmp_path / "work"
    outside.mkdir(mode=0o500)
    (folder / "sub").mkdir(parents=True)
    (folder / "link").symlink_to(outside)
    (folder / "sub" / "link").symlink_to(outside)
    remove_tree(folder)
    assert not folder.exists()
    assert outside.stat().st_mode & 0o777 == 0o500


_AS_NOBODY = """
import os, sys
from pathlib import Path
from dotscience_runner.files import remove_tree
if os.geteuid() == 0:
    os.setgroups([])
    os.setresgid({nobody}, {nobody}, {nobody})
    os.setresuid({nobody}, {nobody}, {nobody})
folder = Path(sys.argv[1]) / "work"
below = folder / "a" / "b" / "c"
below.mkdir(parents=True)
(below / "file").touch()
for path in (below, below.parent, below.parent.parent, folder):
    path.chmod(0)
remove_tree(folder)
assert not folder.exists()
"""


def test_folders_without_any_permission(tmp_path: Path) -> None:
    """Folders in one another that nobody may read or write are removed by an agent that is not root."""
    place = tmp_path / "place"
    place.mkdir()
    for path in (place, *place.parents):
        if path.stat().st_uid == os.geteuid() and path != Path("/"):
            path.chmod(path.stat().st_mode | 0o011)
    place.chmod(0o777)
    program = _AS_NOBODY.format(nobody=_NOBODY)
    done = subprocess.run([sys.executable, "-c", program, str(place)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
