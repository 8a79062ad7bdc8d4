"""Where a file comes from: runs and their files, back to what no run wrote.

File versions are joined by content: a run's input is the output of the newest run that wrote these bytes at that path.
"""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from jupyter_dotscience.api.problems import NotFound
from jupyter_dotscience.api.runs import Run, RunFile

from . import charts, columns, markup, reading
from .errors import WidgetError
from .finding import Source

_MOST_NODES = 150
_MOST_VERSIONS = 400
"""Versions of one file that are looked through for the run that wrote it."""
_WIDE, _HIGH, _BOX = 230.0, 56.0, (180.0, 38.0)


@dataclass
class Node:
    """A version of a file, or a run.

    Attributes:
        kind: ``file`` or ``run``.
        label: For people.
        facts: (name, value) of what is known of it.
        sources: Numbers of the nodes that it comes from.
        depth: Steps to the file that was asked for.
    """

    kind: str
    label: str
    facts: list[tuple[str, str]]
    sources: list[int] = field(default_factory=list)
    depth: int = 0


class Ancestry:
    """Reads the ancestors of a file.

    Args:
        source: The project.
        path: In its workspace.

    Raises:
        WidgetError: the project has no such file.
    """

    def __init__(self, source: Source, path: str) -> None:
        self._source = source
        self._runs: dict[str, Run | None] = {}
        self.nodes: list[Node] = []
        self.is_cut = False
        self._files: dict[tuple[str, str | None], int] = {}
        self._known_runs: dict[str, int] = {}
        self._open: deque[tuple[int, str, str | None]] = deque()
        self._file(path, None, None)
        while self._open:
            self._trace(*self._open.popleft())
        _set_depths(self.nodes)

    def _trace(self, node: int, path: str, sha256: str | None) -> None:
        """Find the run that wrote a version of a file, and put its inputs on the list."""
        made = self._maker(path, sha256)
        if made is None:
            if node == 0 and not any(reading.versions(self._source, path, 1)):
                raise WidgetError(f"The project has no file {path!r}.")
            self.nodes[node].facts.append(("written by", "no run"))
            return
        run, output = made
        if sha256 is None:
            self._files[path, output.sha256] = node
            self.nodes[node].facts += _file_facts(output)
        if run.id in self._known_runs:
            self.nodes[node].sources.append(self._known_runs[run.id])
            return
        if len(self.nodes) >= _MOST_NODES:
            self.is_cut = True
            return
        number = self._known_runs[run.id] = self._add(Node("run", run.description or run.id[:8], _run_facts(run)))
        self.nodes[node].sources.append(number)
        for found in run.inputs:
            self._input(number, found)

    def _input(self, run: int, found: RunFile) -> None:
        if (found.path, found.sha256) not in self._files and len(self.nodes) >= _MOST_NODES:
            self.is_cut = True
            return
        self.nodes[run].sources.append(self._file(found.path, found.sha256, found))

    def _file(self, path: str, sha256: str | None, found: RunFile | None) -> int:
        known = self._files.get((path, sha256))
        if known is not None:
            return known
        number = self._add(Node("file", path, _file_facts(found) if found else []))
        self._files[path, sha256] = number
        self._open.append((number, path, sha256))
        return number

    def _add(self, node: Node) -> int:
        self.nodes.append(node)
        return len(self.nodes) - 1

    def _maker(self, path: str, sha256: str | None) -> tuple[Run, RunFile] | None:
        """The newest run that wrote these bytes there; any bytes when they are not known."""
        for run in self._writers(path):
            for output in run.outputs:
                if output.path == path and sha256 in (None, output.sha256):
                    return run, output
        return None

    def _writers(self, path: str) -> Iterator[Run]:
        """Runs of the versions that changed a file, newest first."""
        for commit in reading.versions(self._source, path, _MOST_VERSIONS):
            for run in reversed(_ids(commit.metadata.get("runs", ""))):
                found = self._run(run)
                if found is not None:
                    yield found

    def _run(self, run: str) -> Run | None:
        """A run; None for one that a version speaks of and the project does not have."""
        if run not in self._runs:
            try:
                self._runs[run] = self._source.run(run)
            except NotFound:
                self._runs[run] = None
        return self._runs[run]


class AncestryView:
    """What the drawing shows.

    Args:
        path: In the workspace.
    """

    name = "provenance"
    pause = 20.0

    def __init__(self, path: str) -> None:
        self._path = path
        self._nodes: list[Node] = []
        self._is_cut = False

    def load(self, source: Source) -> bool:
        """Read the ancestry; True when it has changed."""
        found = Ancestry(source, self._path)
        if found.nodes == self._nodes:
            return False
        self._nodes, self._is_cut = found.nodes, found.is_cut
        return True

    def data(self) -> dict[str, Any]:
        """For the widget: boxes with places, and what each comes from."""
        nodes = self._nodes
        return {
            "file": self._path,
            "cut": self._is_cut,
            "box": list(_BOX),
            "nodes": [
                {"kind": node.kind, "label": columns.shortened(node.label, 200), "facts": node.facts,
                 "sources": node.sources, "x": x, "y": y}
                for node, (x, y) in zip(nodes, _places(nodes), strict=True)
            ],
        }  # fmt: skip

    def html(self) -> str:
        """Without a script."""
        nodes, places = self._nodes, _places(self._nodes)
        width = max(x for x, _ in places) + _BOX[0] + 10
        height = max(y for _, y in places) + _BOX[1] + 10
        edges = [_edge(places[source], places[at]) for at, node in enumerate(nodes) for source in node.sources]
        boxes = [_box(node, place) for node, place in zip(nodes, places, strict=True)]
        drawn = charts.picture(f"Where {self._path} comes from", width, height, edges, boxes)
        return markup.element("div", drawn, markup.element("pre", self.text()))

    def text(self) -> str:
        """A tree: under each, what it comes from. What was told above is not told again."""
        lines = list(_tree(self._nodes, 0, "", set()))
        return "\n".join(lines + (["… and more that is not shown"] if self._is_cut else []))


def _tree(nodes: list[Node], start: int, indent: str, told: set[int]) -> Iterator[str]:
    """Lines of a tree, without recursion: a history may be deep."""
    waiting = [(start, indent)]
    while waiting:
        number, indent = waiting.pop()
        node = nodes[number]
        facts = ", ".join(f"{name} {value}" for name, value in node.facts[:8])
        again = " (see above)" if number in told and node.sources else ""
        line = f"{indent}{'run ' if node.kind == 'run' else ''}{node.label}" + (f"  [{facts}]" if facts else "") + again
        yield "".join(character if character.isprintable() else "?" for character in line)
        if number not in told:
            told.add(number)
            waiting += [(source, indent + "  ") for source in reversed(node.sources)]


def _set_depths(nodes: list[Node]) -> None:
    """The number of steps to the first node; each is as far as the nearest that comes from it, and one more."""
    waiting, seen = deque([0]), {0}
    while waiting:
        at = waiting.popleft()
        for source in nodes[at].sources:
            if source not in seen:
                seen.add(source)
                nodes[source].depth = nodes[at].depth + 1
                waiting.append(source)


def _places(nodes: list[Node]) -> list[tuple[float, float]]:
    """Where the boxes are: the start at the left, the file at the right."""
    deepest = max((node.depth for node in nodes), default=0)
    used: dict[int, int] = {}
    places = []
    for node in nodes:
        row = used[node.depth] = used.get(node.depth, -1) + 1
        places.append((10 + (deepest - node.depth) * _WIDE, 10 + row * _HIGH))
    return places


def _box(node: Node, place: tuple[float, float]) -> markup.Markup:
    x, y = place
    shape = markup.element(
        "rect", x=x, y=y, width=_BOX[0], height=_BOX[1], rx=19 if node.kind == "run" else 3,
        fill=charts.COLOUR, fill_opacity=0.15 if node.kind == "run" else 0.0, stroke=charts.COLOUR,
    )  # fmt: skip
    said = "\n".join([node.label, *(f"{name}: {value}" for name, value in node.facts)])
    return markup.element("g", markup.element("title", said), shape, charts.words(node.label, x + 90, y + 23, most=25))


def _edge(start: tuple[float, float], end: tuple[float, float]) -> markup.Markup:
    return charts.stroke(start[0] + _BOX[0], start[1] + _BOX[1] / 2, end[0], end[1] + _BOX[1] / 2, 0.6)


def _file_facts(found: RunFile) -> list[tuple[str, str]]:
    told = (("commit", found.commit and found.commit[:12]), ("sha256", found.sha256 and found.sha256[:12]))
    return [(name, value) for name, value in told if value]


def _run_facts(run: Run) -> list[tuple[str, str]]:
    facts = [("id", run.id), ("status", run.status.value), ("by", run.author)]
    facts += [("code", run.workload_file)] if run.workload_file else []
    facts += [("commit", run.commit[:12])] if run.commit else []
    values = [*run.parameters.items(), *run.summary.items()]
    return facts + [
        (columns.shortened(name, 60) or "", columns.shortened(value, 60) or "") for name, value in values[:20]
    ]


def _ids(text: str) -> list[str]:
    """Run ids in a version's metadata, which people can push with anything in it."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return []
    return [item for item in found if isinstance(item, str)] if isinstance(found, list) else []
