"""Versions of 100,000 small files: the first, and one with ten changed, beside git; and by way of a hub."""

from __future__ import annotations

from pathlib import Path

from . import clock, hubs, workspace
from .rows import Figure, Options, Row

FILES = 100_000
FIRST, SECOND = 8.0, 1.5
WALK = "small: os.walk + lstat"
SCAN, COMMIT = "small: first scan, both hashes", "small: first commit (scan, packs, index-pack, tree)"
AGAIN, COMMIT_AGAIN = "small: second scan, 10 changed, cache from disk", "small: scan + send, 10 changed"
GIT, GIT_AGAIN = "small: git add + commit, first", "small: git add + commit, 10 changed"


def run(options: Options) -> list[Row]:
    """The engine alone, then the command."""
    count = options.scaled(FILES)
    table = workspace.Table()
    workspace.small_files(table, options.scratch, count)
    found = {what: Figure.one(line.seconds) for what, line in table.lines.items()}
    return [*_rows(found, count), *_uploads(options, count)]


def _rows(found: dict[str, Figure], count: int) -> list[Row]:
    walk, git, limit = found[WALK], found[GIT], FIRST * count / FILES
    second = found[AGAIN]
    commit, scan = found[COMMIT], found[SCAN]
    what = f"{count:,} files of 4 KiB"
    local = "the engine alone, to a store on the same disk; n=1"
    cached = "stat cache read from disk; n=1, the walk: fastest of 3"
    in_memory = "scan and send; a process that has the cache; n=1"
    quick = second.value <= SECOND * walk.value
    checkout = found["small: checkout, with stat cache"]
    git_name, walk_name, target = "git add + commit", "os.walk + lstat", "1.5 x os.walk"
    return [
        Row(f"first snapshot of {what}", scan, "s", "scan, SHA-1 and SHA-256 of all; n=1", walk, walk_name),
        Row("  with its commit", commit, "s", local, git, git_name, "8 s", commit.value <= limit),
        Row("second snapshot, 10 changed", second, "s", cached, walk, walk_name, target, quick),
        Row("  with sending it", found[COMMIT_AGAIN], "s", in_memory, found[GIT_AGAIN], git_name),
        Row("checkout, with stat cache", checkout, "s", "on a runner; n=1"),
    ]  # fmt: skip


def _uploads(options: Options, count: int) -> list[Row]:
    """As a person has it: `ds run -u` of everything, then of ten changed files, `true` as the command."""
    with hubs.start(options, "--no-runner") as hub, workspace.place(options.scratch, "upload") as folder:
        work = folder / "work"
        work.mkdir()
        workspace.fill_small(work, count)
        hub.project()
        command: list[str | Path] = [hubs.BIN / "ds", "run", "-p", "bench", "-d", "-u", work, "true"]
        first = Figure.one(clock.command(command, hub.environment))
        workspace.touch_some(work, count)
        second = Figure.one(clock.command(command, hub.environment))
    return [
        Row(f"`ds run -d -u` of {count:,} files", first, "s", "scan, upload over HTTP, commit, task queued; n=1"),
        Row("  again with 10 changed", second, "s", "the same; n=1"),
    ]
