"""Faults: the hub is killed in the middle of commits."""

from __future__ import annotations

import random
import subprocess
import sys
from pathlib import Path

from dotscience_hub.git import maintenance
from dotscience_hub.git.lock import packing

from jupyter_dotscience.api.files import TreeQuery
from jupyter_dotscience.api.ids import new_id
from tests.hub.git.hub import ALICE, commit_of, open_hub
from tests.hub.git.test_commits import git

ROOT = Path(__file__).parents[3]
KILLS = 10


def test_killed_while_committing(tmp_path: Path) -> None:
    """F: kill -9, ten times: every acknowledged commit is in main with its file, and git is whole."""
    project = new_id()
    choose = random.Random(7)
    acknowledged: list[str] = []
    for _ in range(KILLS):
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.hub.git.committing", str(tmp_path), project],
            stdout=subprocess.PIPE, cwd=ROOT, text=True,
        )  # fmt: skip
        assert process.stdout is not None
        for _ in range(choose.randrange(1, 12)):
            acknowledged += [process.stdout.readline()]
        process.kill()
        acknowledged += process.stdout.readlines()
        process.stdout.close()
        process.wait()
    hub = open_hub(tmp_path, project)
    hub.commits.recover()
    whole = [line.split() for line in acknowledged if line.endswith("\n")]
    assert len(whole) >= KILLS
    assert {commit for commit, _ in whole} <= set(git(hub, "rev-list", "main").split())
    # A commit that was made and is on no branch yet is dangling, and whole.
    assert git(hub, "fsck", "--strict", "--no-dangling").strip() == ""
    items = {i.path: i.commit for i in hub.workspace.get_tree(ALICE, project=project, query=TreeQuery()).items}
    assert {path: commit for commit, path in whole}.items() <= items.items()
    after = hub.workspace.create_commit(ALICE, project=project, body=commit_of(hub.commits.head(project), {"a": b"1"}))
    assert hub.commits.head(project) == after.head
    hub.commits.close()
    hub.contents.close()
    hub.database.dispose()


def test_what_a_killed_process_left_is_swept(tmp_path: Path) -> None:
    """F: a stale lock of a branch and temporary objects do not stop the next commit, and go."""
    hub = open_hub(tmp_path, new_id())
    head = hub.commit(None, a=b"1")
    folder = hub.commits.repositories.path(hub.project)
    left = [folder / "refs/heads/main.lock", folder / "objects/tmp_obj_1", folder / "objects/incoming-1/pack/x"]
    for path in left:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"")
    half = folder.parent.parent / ".new-1"
    half.mkdir()
    maintenance.sweep(folder, age=3600)
    assert all(path.exists() for path in left), "somebody may still be writing them"
    maintenance.sweep(folder, age=-1)
    hub.commits.recover()
    assert not any(path.exists() for path in [*left, half])
    hub.commit(head, a=b"2")
    hub.commits.close()
    hub.contents.close()
    hub.database.dispose()


def test_packing_keeps_everything(tmp_path: Path) -> None:
    """Packing while commits go on: all commits readable afterwards, loose objects few."""
    hub = open_hub(tmp_path, new_id())
    repository = hub.commits.repositories.open(hub.project)
    head = None
    for number in range(60):
        head = hub.commit(head, a=b"%d" % number)
        if number % 20 == 10:
            with packing(repository.folder):  # the hub may be at it, too
                maintenance.repack(repository.folder)
    hub.commits.close()
    maintenance.repack(repository.folder)
    assert maintenance.loose_objects(repository.folder) == 0
    assert git(hub, "rev-list", "--count", "main").strip() == "60"
    assert git(hub, "fsck", "--strict").strip() == ""
    hub.contents.close()
    hub.database.dispose()
