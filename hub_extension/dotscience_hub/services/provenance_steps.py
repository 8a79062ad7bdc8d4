"""The edges from nodes into the past and into the future, by the rules of `domain.provenance`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from dotscience_hub.domain.provenance import DatasetAt, FileAt, LooseFile, Made, Node, RunAt, Step, source
from dotscience_hub.store.provenance import INPUT, OUTPUT, Edges, Use
from jupyter_dotscience.api.provenance import Link


class Backward:
    """Towards where things come from."""

    def __init__(self, edges: Edges) -> None:
        """Read from a store."""
        self._edges = edges

    def steps(self, nodes: Sequence[Node]) -> list[Step]:
        """What each node comes from directly."""
        runs = [node.pk for node in nodes if isinstance(node, RunAt)]
        files = [node for node in nodes if isinstance(node, FileAt)]
        return [*self._of_runs(runs), *self._of_files(files)]

    def _of_runs(self, runs: Sequence[int]) -> Iterator[Step]:
        if not runs:
            return
        for use in self._edges.of_runs(runs, INPUT):
            yield Step(RunAt(use.run), node_of(use), Link.READ)
        for seen in self._edges.seen_by(runs):
            yield Step(RunAt(seen.run), DatasetAt(seen.dataset, seen.commit), Link.SAW)

    def _of_files(self, files: Sequence[FileAt]) -> Iterator[Step]:
        sources = Sources(self._edges, files)
        for file in files:
            makers = sources.makers(file)
            yield from (Step(file, RunAt(run), Link.WROTE) for run in makers)
            origin = None if makers else sources.origin(file)
            if origin is not None:
                yield Step(file, origin, Link.COPIED)


class Forward:
    """Towards what became of things."""

    def __init__(self, edges: Edges) -> None:
        """Read from a store."""
        self._edges = edges

    def steps(self, nodes: Sequence[Node]) -> list[Step]:
        """What comes from each node directly."""
        runs = [node.pk for node in nodes if isinstance(node, RunAt)]
        files = [node for node in nodes if isinstance(node, FileAt)]
        versions = [node for node in nodes if isinstance(node, DatasetAt)]
        return [*self._of_runs(runs), *self._of_files(files), *self._of_datasets(versions)]

    def _of_runs(self, runs: Sequence[int]) -> Iterator[Step]:
        if runs:
            for use in self._edges.of_runs(runs, OUTPUT):
                yield Step(RunAt(use.run), node_of(use), Link.WROTE)

    def _of_datasets(self, versions: Iterable[DatasetAt]) -> Iterator[Step]:
        for node in versions:
            for seen in self._edges.that_saw(node.dataset, node.commit):
                yield Step(node, RunAt(seen.run), Link.SAW)

    def _of_files(self, files: Sequence[FileAt]) -> Iterator[Step]:
        here = set(files)
        elsewhere: dict[FileAt, None] = {}
        for use in self._edges.readers(sorted({file.sha256 for file in files})):
            node = node_of(use)
            if node in here:
                yield Step(node, RunAt(use.run), Link.READ)
            elif isinstance(node, FileAt):
                elsewhere[node] = None
        sources = Sources(self._edges, list(elsewhere))
        for node in elsewhere:
            origin = sources.origin(node)
            if origin is not None and origin in here:
                yield Step(origin, node, Link.COPIED)


class Sources:
    """Who made file versions, and which they are copies of; asks once for all of them."""

    def __init__(self, edges: Edges, files: Sequence[FileAt]) -> None:
        """For these files."""
        hashes = sorted({file.sha256 for file in files})
        commits = {file.commit for file in files}
        self._made: dict[str, list[Made]] = {}
        self._first: dict[str, Made] = {}
        self._read: dict[tuple[str, str], int] = {}
        if not files:
            return
        for made in _made(edges.makers(hashes, commits)):
            self._made.setdefault(made.file.sha256, []).append(made)
        self._first = {made.file.sha256: made for made in _made(edges.first_makers(hashes).values())}
        self._read = edges.first_reads(hashes, commits)

    def makers(self, file: FileAt) -> list[int]:
        """Runs that wrote it, oldest first."""
        return [made.run for made in self._made.get(file.sha256, ()) if made.file == file]

    def origin(self, file: FileAt) -> FileAt | None:
        """What it is a copy of."""
        first_read = self._read.get((file.sha256, file.commit))
        return source(file, self._made.get(file.sha256, ()), self._first.get(file.sha256), first_read)


def _made(uses: Iterable[Use]) -> Iterator[Made]:
    for use in uses:
        node = node_of(use)
        if isinstance(node, FileAt):
            yield Made(node, use.run)


def node_of(use: Use) -> FileAt | LooseFile:
    """The file version that a run used."""
    space, dataset = use.dataset or use.project, use.dataset is not None
    if use.commit is None or use.sha256 is None:
        return LooseFile(use.run, space, use.path, dataset)
    return FileAt(space, use.path, use.commit, use.sha256, dataset)
