"""What notebooks, kernels, histories and folders may hold, whoever wrote them."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from jupyter_dotscience.api.problems import BadRequest, NotFound, TooLarge
from jupyter_dotscience.api.runs import RunReport
from jupyter_dotscience.serverext import diffs
from jupyter_dotscience.serverext.history import runs_of
from jupyter_dotscience.serverext.kernels import KernelOutput
from jupyter_dotscience.serverext.notebooks import Notebooks, read_runs
from jupyter_dotscience.serverext.places import Places

from .server import marker, notebook


class Printed:
    """A kernel's output, and what was found in it."""

    def __init__(self) -> None:
        self.runs: list[str] = []
        self.idle = 0
        self._output = KernelOutput(self._found, self._idle)

    def _found(self, run: RunReport) -> None:
        self.runs.append(run.id)

    def _idle(self) -> None:
        self.idle += 1

    def send(self, kind: str, cell: str = "c", **content: str) -> None:
        """One message of the kernel's."""
        header, parent = json.dumps({"msg_type": kind, "msg_id": "m"}), json.dumps({"msg_id": cell})
        frames = [b"topic", b"<IDS|MSG>", b"signature", header.encode(), parent.encode(), b"{}"]
        self.raw([*frames, json.dumps(content).encode()])

    def raw(self, frames: list[bytes]) -> None:
        """Anything at all."""
        self._output.take(frames)

    def print(self, text: str, cell: str = "c", name: str = "stdout") -> None:
        """A program prints."""
        self.send("stream", cell, name=name, text=text)


def test_a_marker_in_pieces_is_found_once_it_is_whole() -> None:
    """However a kernel cuts what a cell printed; cells are told apart, and other streams do not count."""
    printed, text = Printed(), marker("r1") + "between\n" + marker("r2")
    for at in range(0, len(text), 7):
        printed.print(text[at : at + 7], "a")
        printed.print("[[DOTSCIENCE-RUN:other]]", "b")
        printed.print(marker("r9"), "a", "stderr")
    assert printed.runs == ["r1", "r2"]
    printed.send("status", "a", execution_state="idle")
    printed.send("status", "a", execution_state="busy")
    assert printed.idle == 1


def test_a_cell_that_ends_leaves_nothing_behind() -> None:
    """The beginning of a marker that never ended is forgotten, and cells that never end are bounded."""
    printed = Printed()
    printed.print("[[DOTSCIENCE-RUN:r1]]{", "a")
    printed.send("status", "a", execution_state="idle")
    printed.print("}[[/DOTSCIENCE-RUN:r1]]", "a")
    for number in range(1000):
        printed.print("[[DOTSCIENCE-RUN:x]]{", f"cell{number}")
    assert printed.runs == []
    assert len(printed._output._rest) <= 64


@pytest.mark.parametrize(
    "frames",
    [
        [],
        [b"<IDS|MSG>"],
        [b"<IDS|MSG>", b"", b'"stream"', b"", b"", b""],
        [b"<IDS|MSG>", b"", b'{"msg_type":"stream"}', b'{"msg_id":1}', b"", b'{"text":"[["}'],
        [b"<IDS|MSG>", b"", b'{"msg_type":"stream"}', b"{}", b"", b'{"name":"stdout","text":["[["]}'],
        [b"<IDS|MSG>", b"", b'{"msg_type":"status"}', b"{}", b"", b"idle"],
        [b"<IDS|MSG>", b"", b'{"msg_type":"stream"}', b"\xff", b"", b"[[\xff"],
    ],
)
def test_a_kernel_may_send_anything(frames: list[bytes]) -> None:
    """What is no message of the protocol is passed over."""
    printed = Printed()
    printed.raw(frames)
    assert (printed.runs, printed.idle) == ([], 0)


@pytest.mark.parametrize(
    "content",
    [
        b"[[DOTSCIENCE-RUN:r]]",
        b'{"cells": "[[DOTSCIENCE-RUN:r]]"}',
        b'{"cells": [{"outputs": {"text": "[[DOTSCIENCE-RUN:"}}]}',
        b'{"cells": [' + b"[" * 100_000 + b'"[[DOTSCIENCE-RUN:"',
        b"\xff[[DOTSCIENCE-RUN:",
    ],
)
def test_a_file_that_is_no_notebook_is_told_of(content: bytes) -> None:
    """One sentence names it."""
    found = read_runs(content, "n.ipynb")
    assert (found.runs, found.error.startswith("n.ipynb cannot be read")) == ([], True)


def test_markers_are_read_from_what_cells_printed_only() -> None:
    """A marker in the source, in an error or in a picture is no run; one over two outputs of a cell is."""
    text = marker("r1")
    made = notebook(text[:30], text[30:])
    made["cells"][0]["outputs"] += made["cells"].pop()["outputs"]
    made["cells"].append({"cell_type": "markdown", "source": marker("r2"), "metadata": {}})
    outputs = [
        {"output_type": "stream", "name": "stderr", "text": marker("r3")},
        {"output_type": "display_data", "data": {"text/plain": marker("r4"), "image/png": "x"}, "metadata": {}},
        {"output_type": "error", "ename": "E", "evalue": marker("r5"), "traceback": [marker("r6")]},
    ]
    made["cells"].append({"cell_type": "code", "source": [marker("r7")], "outputs": outputs, "metadata": {}})
    found = read_runs(json.dumps(made).encode(), "d/n.ipynb")
    assert [(run.id, run.workload_file) for run in found.runs] == [("r1", "d/n.ipynb")]


def test_only_notebooks_that_changed_are_read_again(tmp_path: Path) -> None:
    """Links are not followed, checkpoints not looked into, and what goes away is forgotten."""
    outside = tmp_path / "outside"
    outside.mkdir()
    root = tmp_path / "work"
    (root / ".ipynb_checkpoints").mkdir(parents=True)
    for folder, name in ((root, "r1"), (root / ".ipynb_checkpoints", "r2"), (outside, "r3")):
        (folder / "n.ipynb").write_text(json.dumps(notebook(marker(name))))
    (root / "link.ipynb").symlink_to(outside / "n.ipynb")
    (root / "folder").symlink_to(outside)
    os.mkfifo(root / "pipe.ipynb")
    notebooks = Notebooks(Places.of(root, root))
    assert [run.id for run in notebooks.look()] == ["r1"]
    assert notebooks.look() == []
    notebooks.forget(["r1"])
    assert [run.id for run in notebooks.look()] == ["r1"]
    (root / "n.ipynb").unlink()
    assert (notebooks.look(), notebooks.found) == ([], {})


def test_no_path_leads_out_of_the_workspace(tmp_path: Path) -> None:
    """Neither by name nor by a link, for reading, writing and removing."""
    root, secret = tmp_path / "work", tmp_path / "secret"
    root.mkdir()
    secret.mkdir()
    (secret / "key").write_text("secret")
    (root / "way").symlink_to(secret)
    (root / "key").symlink_to(secret / "key")
    places = Places.of(root, root)
    for path in ("way/key", "key"):
        with pytest.raises(NotFound):
            places.read(path, 100)
    for path in ("../secret/key", "/etc/passwd", "", ".git/config", "a\0b", "a//b"):
        with pytest.raises(BadRequest):
            places.read(path, 100)
        with pytest.raises(BadRequest):
            places.write(path, b"", replace=True)
    with pytest.raises(NotFound):
        places.write("way/new", b"", replace=False)
    places.write("key", b"mine", replace=True)
    assert ((secret / "key").read_text(), (root / "key").read_bytes()) == ("secret", b"mine")
    with pytest.raises(TooLarge):
        places.read("key", 3)
    places.remove("key")
    places.remove("key")
    assert sorted(path.name for path in root.iterdir()) == ["way"]


def test_a_server_may_show_a_part_of_the_workspace(tmp_path: Path) -> None:
    """Paths are those of the workspace, whichever folder JupyterLab was started in."""
    (tmp_path / "a" / "b").mkdir(parents=True)
    places = Places.of(tmp_path, tmp_path / "a" / "b")
    assert (places.of_contents("/n.ipynb"), places.of_contents("")) == ("a/b/n.ipynb", "a/b")
    assert Places.of(tmp_path, tmp_path).of_contents("n.ipynb") == "n.ipynb"


def test_a_versions_metadata_may_be_anybodys() -> None:
    """People push commits with any text: what is as the format says is shown, and the rest left out."""
    good = {
        "runs": '["r", "r.x"]',
        "run.r.parameters.a": "1",
        "run.r.x.summary.s.t": "2",
        "run.r.authority": "workload",
    }
    bad = {"run.none.error": "x", "run.": "", "run.r.input-files": "{", "run.r.unknown": "", "run.r.labels.": "x"}
    first, second = runs_of({**good, **bad})
    assert (first["parameters"], first["inputs"], first["labels"]) == ({"a": "1"}, [], {})
    assert (second["id"], second["summary"]) == ("r.x", {"s.t": "2"})
    for runs in ("", "null", "{}", "[1]", "[" * 10_000):
        assert runs_of({"runs": runs}) == []


@pytest.mark.parametrize("content", [b"", b"{}", b"[]", b"\xff", b'{"cells": 1, "nbformat": 4}', b"null"])
def test_only_notebooks_have_differences(content: bytes) -> None:
    """Anything else is a bad request, whatever nbdime thinks of it."""
    good = json.dumps(notebook("x")).encode()
    for base, to in ((content, good), (good, content)):
        with pytest.raises(BadRequest, match="not a notebook"):
            diffs.of_notebooks(base, to, "x.ipynb")
