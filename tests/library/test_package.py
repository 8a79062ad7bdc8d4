"""The package as a whole: names, versions, and what an import costs."""

from __future__ import annotations

import ast
import inspect
import re
from pathlib import Path

import dotscience
import pytest

from jupyter_dotscience import _version
from jupyter_dotscience.api import marker
from tests.library.python import PACKAGE, Python

REFERENCE = PACKAGE.parents[1] / "docs" / "reference" / "library.md"
PUBLISHED = [
    "Dotscience",
    "add_input",
    "add_inputs",
    "add_label",
    "add_labels",
    "add_metric",
    "add_metrics",
    "add_output",
    "add_outputs",
    "add_parameter",
    "add_parameters",
    "add_summaries",
    "add_summary",
    "connect",
    "debug",
    "description",
    "end",
    "error",
    "input",
    "interactive",
    "label",
    "metric",
    "model",
    "output",
    "param",
    "parameter",
    "publish",
    "remote",
    "script",
    "set_description",
    "set_error",
    "start",
    "summary",
]


def test_every_name_is_documented_and_no_other() -> None:
    """The exported names are the headings of the reference page."""
    headings = re.findall(r"^### (.*)$", REFERENCE.read_text(), re.MULTILINE)
    documented = [name for heading in headings for name in re.findall(r"`(\w+)", heading)]
    assert sorted(documented) == sorted(dotscience.__all__)


def test_every_published_name_is_there() -> None:
    """The names of 0.8.7, `add_model` which it promised, and ours."""
    assert sorted([*PUBLISHED, "RemoteError", "add_model", "log"]) == sorted(dotscience.__all__)
    assert all(hasattr(dotscience, name) for name in dotscience.__all__)


def test_the_published_library_has_these_names(published_python: Python, tmp_path: Path) -> None:
    """The list above is not from memory: the unmodified library has each of them."""
    code = f"import dotscience; print([n for n in {PUBLISHED!r} if not hasattr(dotscience, n)])"
    assert published_python.output(code, tmp_path) == "[]\n"


@pytest.mark.parametrize("name", [name for name in dotscience.__all__ if name[0].islower()])
def test_functions_and_methods_agree(name: str) -> None:
    """Each function has the parameters of its method, save names that 0.8.7 gave them, and a docstring."""
    function, method = getattr(dotscience, name), getattr(dotscience.Dotscience, name)
    ours = [(p.kind, p.name) for p in inspect.signature(function).parameters.values()]
    theirs = [(p.kind, p.name) for p in list(inspect.signature(method).parameters.values())[1:]]
    if name == "script":
        theirs = [(kind, "workload_file") for kind, _ in theirs]
    assert ours == theirs
    assert function.__doc__
    assert method.__doc__


def test_there_is_one_version() -> None:
    """The library, which may import nothing, repeats the version of the distribution."""
    assert dotscience.__version__ == _version.__version__


def test_the_contract_reads_our_markers(ds: dotscience.Dotscience, capsys: pytest.CaptureFixture[str]) -> None:
    """What the library prints is what the runner's parser makes a report of."""
    ds.add_parameter("rate", 0.1)
    run_id = ds.publish("described")
    [(found, content)] = marker.find(capsys.readouterr().out.encode())
    report = marker.parse(found, content)
    assert (report.id, report.description, report.parameters) == (run_id, "described", {"rate": "0.1"})
    assert report.started is not None
    assert report.ended is not None


@pytest.mark.parametrize("file", sorted(PACKAGE.rglob("*.py")), ids=lambda file: str(file.relative_to(PACKAGE)))
def test_every_file_is_python_3_8(file: Path) -> None:
    """Images with an old Python are served too; annotations are never evaluated."""
    tree = ast.parse(file.read_text(), feature_version=(3, 8))
    annotated = any(isinstance(node, ast.AnnAssign) or getattr(node, "returns", None) for node in ast.walk(tree))
    assert not annotated or "from __future__ import annotations" in file.read_text()


def test_an_import_loads_nothing_slow(bare_python: Python, tmp_path: Path) -> None:
    """The import and a row of points do without the modules that would take most of the time."""
    slow = ["typing", "json", "uuid", "re", "datetime", "pathlib", "urllib", "logging", "socket", "subprocess"]
    code = f"""
import sys
before = set(sys.modules)
import dotscience
print([name for name in {slow} if name in set(sys.modules) - before])
"""
    assert bare_python.output(code, tmp_path, path=str(PACKAGE.parent)) == "[]\n"
