"""Large files from a folder to a hub to a runner: snapshot, transfer, checkout; beside git-lfs and what HTTP can do.

git-lfs is the stock client, with our hub as its server, so that both send to the same place.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from jupyter_dotscience.client import Client
from jupyter_dotscience.client.remote import ProjectRemote
from jupyter_dotscience.workspace import Mirror, ObjectCache, StatCache, changes, checkout, commit_request, scan, send

from . import clock, hubs, plaincopy
from .rows import Figure, Options, Row
from .workspace import ENVIRONMENT, hash_file, place

FILES, MEBIBYTES = 20, 250
FACTOR = 1.3
PIECE = 1 << 20


def run(options: Options) -> list[Row]:
    """One after the other, on the same files."""
    with place(options.scratch, "large") as folder, hubs.start(options, "--no-runner") as hub:
        work = folder / "work"
        work.mkdir()
        files = [work / f"{number}.bin" for number in range(options.scaled(FILES))]
        for path in files:
            _fill(path)
        os.sync()
        found = {**_floors(folder, files), **_ours(hub, folder, work), **_lfs(hub, folder, files)}
    size = f"{len(files) * MEBIBYTES / 1024:.1f} GiB in {len(files)} files"
    return _rows(size, {what: Figure.one(value) for what, value in found.items()})


def _rows(size: str, found: dict[str, Figure]) -> list[Row]:
    rows = []
    for step, floor, against, lfs, how in (
        ("snapshot", "hash and write", "SHA-256, copy, fsync", "lfs add", "scan; nothing is written yet"),
        ("transfer", "plain put", "plain HTTP copy", "lfs push", "to the hub, through the proxy; verified and durable"),
        ("checkout", "plain get", "plain HTTP copy", "lfs clone", "on a runner, verified; git-lfs: clone"),
    ):  # fmt: skip
        met = found[step].value <= FACTOR * found[floor].value
        target = f"1.3 x {'hash + write' if step == 'snapshot' else 'HTTP copy'}"
        rows += [
            Row(f"{step} of {size}", found[step], "s", f"{how}; n=1", found[floor], against, target, met),
            Row(f"  {step} beside git-lfs", found[step], "s", "the same; n=1", found[lfs], lfs),
        ]
    whole = Figure.one(sum(found[step].value for step in ("snapshot", "transfer", "checkout")))
    theirs = Figure.one(sum(found[step].value for step in ("lfs add", "lfs push", "lfs clone")))
    return [*rows, Row("  all three", whole, "s", "n=1", theirs, "git-lfs")]


def _fill(path: Path) -> None:
    with path.open("wb") as file:
        for _ in range(MEBIBYTES):
            file.write(os.urandom(1 << 20))


def _floors(folder: Path, files: list[Path]) -> dict[str, float]:
    with place(folder, "floor") as target, ThreadPoolExecutor(2) as pool:
        found = {"hash and write": clock.seconds(lambda: list(pool.map(lambda p: _hash_and_write(p, target), files)))}
    with place(folder, "served") as served, plaincopy.serve(served) as connection, place(folder, "got") as got:
        found["plain put"] = clock.seconds(lambda: plaincopy.put_all(connection, files))
        found["plain get"] = clock.seconds(lambda: plaincopy.get_all(connection, files, got))
    return found


def _hash_and_write(path: Path, target: Path) -> None:
    hash_file(path)
    with path.open("rb") as source, (target / path.name).open("wb") as file:
        shutil.copyfileobj(source, file, PIECE)
        file.flush()
        os.fsync(file.fileno())


class _Source:
    """Where a checkout gets large contents."""

    def __init__(self, client: Client, project: str) -> None:
        self._client, self._project = client, project

    def read_object(self, sha256: str, start: int) -> Iterator[bytes]:
        with self._client.get_object(project=self._project, sha256=sha256, start=start) as reader:
            while piece := reader.read(PIECE):
                yield piece


def _ours(hub: hubs.Hub, folder: Path, work: Path) -> dict[str, float]:
    project, cache = hub.project("ours"), StatCache(folder / "cache")
    found = {"snapshot": clock.seconds(lambda: scan(work, cache=cache))}
    difference = changes({}, scan(work, cache=cache))
    remote = ProjectRemote(hub.client, project)
    commits = []

    def transfer() -> None:
        sent = send(work, difference, remote)
        request = commit_request(difference, sent, branch="main", parent=None, message="large")
        commits.append(remote.create_commit(request).commit)

    found["transfer"] = clock.seconds(transfer)
    url = hub.url + hub.client.get_project(project=project).git_url
    with place(folder, "runner") as runner:
        mirror, objects = Mirror(runner / "mirror.git"), ObjectCache(runner / "objects", 1 << 40)

        def check_out() -> None:
            mirror.fetch(url, str(commits[0]), hub.token)
            checkout(mirror, commits[0], runner / "work", objects=objects, source=_Source(hub.client, project))

        found["checkout"] = clock.seconds(check_out)
    hub.client.delete_project(project=project)
    return found


def _lfs(hub: hubs.Hub, folder: Path, files: list[Path]) -> dict[str, float]:
    url = hub.url + hub.client.get_project(project=hub.project("lfs")).git_url
    # The token by way of the environment: in an argument it would show in the list of processes.
    header = {"GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": f"http.{hub.url}/.extraHeader"}
    environment = {**ENVIRONMENT, **header, "GIT_CONFIG_VALUE_0": f"Authorization: Bearer {hub.token}"}

    def git(*arguments: str, at: Path) -> None:
        done = subprocess.run(["git", "-C", at, *arguments], env=environment, capture_output=True, check=False)
        if done.returncode:
            raise RuntimeError(f"git {arguments[0]} failed: {done.stderr.decode()[-500:]}")

    with place(folder, "lfs") as top:
        repository = top / "repository"
        repository.mkdir()
        for arguments in (["init", "-q", "-b", "main"], ["lfs", "install", "--local"], ["lfs", "track", "*.bin"]):
            git(*arguments, at=repository)
        for path in files:
            path.rename(repository / path.name)
        add = clock.seconds(lambda: git("add", "-A", at=repository))
        add += clock.seconds(lambda: git("commit", "-qm", "large", at=repository))
        push = clock.seconds(lambda: git("push", "-q", url, "main", at=repository))
        smudge = ("-c", "filter.lfs.smudge=git-lfs smudge -- %f", "-c", "filter.lfs.process=git-lfs filter-process")
        clone = clock.seconds(lambda: git(*smudge, "clone", "-q", url, "clone", at=top))
        assert (top / "clone" / files[0].name).stat().st_size == MEBIBYTES << 20
    return {"lfs add": add, "lfs push": push, "lfs clone": clone}
