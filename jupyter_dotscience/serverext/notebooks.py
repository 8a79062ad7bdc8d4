"""Runs in the outputs of notebooks: the library prints a marker, and JupyterLab saves what a cell printed."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final

import msgspec

from jupyter_dotscience.api import marker, paths
from jupyter_dotscience.api.problems import DotscienceError
from jupyter_dotscience.api.runs import RunReport

from .places import Places

SUFFIX: Final = ".ipynb"
MAX_NOTEBOOK: Final = 64 << 20
"""Bytes; what a larger notebook's outputs say is not read."""
_START: Final = b"[[DOTSCIENCE-RUN:"
_NOT_LOOKED_INTO: Final = frozenset({".ipynb_checkpoints", ".dotscience", ".git", "node_modules", "__pycache__"})


class _Output(msgspec.Struct):
    output_type: str = ""
    name: str = ""
    text: str | list[str] = ""


class _Cell(msgspec.Struct):
    outputs: list[_Output] = []


class _Notebook(msgspec.Struct):
    cells: list[_Cell] = []


_decoder = msgspec.json.Decoder(_Notebook)


@dataclass(frozen=True)
class Found:
    """What a notebook's outputs hold.

    Attributes:
        runs: Its runs, in the order of its cells.
        error: One sentence about what cannot be read; empty when all can.
    """

    runs: list[RunReport] = field(default_factory=list)
    error: str = ""


def read_runs(content: bytes, path: str) -> Found:
    """The runs in a notebook's content; it may hold anything.

    Args:
        content: The file.
        path: Of the notebook in the workspace: the workload file of runs that name none.
    """
    if _START not in content:
        return Found()
    try:
        notebook = _decoder.decode(content)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        return Found(error=f"{path} cannot be read as a notebook: {error}.")
    runs: list[RunReport] = []
    problems = []
    for text in _printed(notebook):
        for run, inside in marker.find(text):
            try:
                runs.append(with_workload_file(marker.parse(run, inside), path))
            except marker.MarkerError as error:
                problems.append(str(error))
    return Found(runs, " ".join(problems[:3]))


def with_workload_file(report: RunReport, path: str) -> RunReport:
    """The run, of a notebook unless it says of what."""
    return report if report.workload_file or not path else msgspec.structs.replace(report, workload_file=path)


def _printed(notebook: _Notebook) -> Iterator[bytes]:
    """What cells wrote to standard output. One cell's may be in several outputs, with others in between."""
    for cell in notebook.cells:
        texts = ["".join(out.text) for out in cell.outputs if out.output_type == "stream" and out.name == "stdout"]
        if texts:
            yield "".join(texts).encode("utf-8", "replace")


class Notebooks:
    """The notebooks of a workspace: reads again only those that have changed. For one thread at a time.

    Args:
        places: Where the workspace is.
    """

    def __init__(self, places: Places) -> None:
        self._places = places
        self._stamps: dict[str, tuple[int, int, int]] = {}
        self.found: dict[str, Found] = {}

    def look(self) -> list[RunReport]:
        """The runs in notebooks that have changed since the last look, in the order of paths."""
        present = dict(self._listed())
        for gone in self.found.keys() - present.keys():
            del self.found[gone]
        fresh: list[RunReport] = []
        for path, stamp in sorted(present.items()):
            if self._stamps.get(path) != stamp:
                fresh += self._read(path)
        self._stamps = present
        return fresh

    def forget(self, runs: Iterable[str]) -> None:
        """Look at the notebooks of these runs again, the next time."""
        wanted = set(runs)
        for path, found in self.found.items():
            if wanted & {run.id for run in found.runs}:
                self._stamps.pop(path, None)

    def _read(self, path: str) -> list[RunReport]:
        try:
            found = read_runs(self._places.read(path, MAX_NOTEBOOK), path)
        except DotscienceError as error:
            found = Found(error=str(error))
        if found.runs or found.error:
            self.found[path] = found
        else:
            self.found.pop(path, None)
        return found.runs

    def _listed(self) -> Iterator[tuple[str, tuple[int, int, int]]]:
        stack = [b""]
        root = os.fsencode(self._places.root)
        while stack:
            folder = stack.pop()
            try:
                with os.scandir(os.path.join(root, folder)) as listing:  # noqa: PTH118 - bytes
                    for item in listing:
                        yield from self._item(folder, item, stack)
            except OSError:
                continue

    def _item(
        self, folder: bytes, item: os.DirEntry[bytes], stack: list[bytes]
    ) -> Iterator[tuple[str, tuple[int, int, int]]]:
        path = folder + b"/" + item.name if folder else item.name
        if item.is_dir(follow_symlinks=False):
            if os.fsdecode(item.name) not in _NOT_LOOKED_INTO:
                stack.append(path)
        elif item.name.endswith(SUFFIX.encode()) and item.is_file(follow_symlinks=False):
            st = item.stat(follow_symlinks=False)
            yield paths.to_text(path), (st.st_mtime_ns, st.st_size, st.st_ino)
