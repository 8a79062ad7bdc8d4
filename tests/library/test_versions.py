"""The library runs on each Python that this machine has, from 3.8 on."""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path

import pytest

from tests.library.python import PACKAGE, Python
from tests.library.recorded import markers, points

SCRIPT = """
import os, sys, types, dotscience as ds
os.makedirs("out/deep")
open("out/deep/file", "w").close()
ds.start("described")
ds.add_labels("a", 1, b=2)
ds.log(loss=0.5)
ds.log({"any name": float("nan")}, step=3)
framework = types.ModuleType("torch")
framework.__version__ = "2.0"
ds.add_model(framework, "digits", ds.output("out"))
try:
    ds.connect("ann", "key", "digits", "http://127.0.0.1:9")
except ds.RemoteError as error:
    print("cannot be reached" in str(error))
ds.publish()
print(sys.version_info[:2], ds.__file__)
"""


def _pythons() -> list[Path]:
    """Interpreters by name on the path, and those of pyenv."""
    named = [shutil.which(f"python3.{minor}") for minor in range(8, 20)]
    root = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    readable = os.access(root, os.R_OK | os.X_OK)
    of_pyenv = [str(folder / "bin" / "python") for folder in root.glob("versions/3.*")] if readable else []
    found: dict[tuple[int, int], Path] = {}
    for path in filter(None, [*of_pyenv, *named]):
        version = re.search(r"3\.(\d+)", path)
        if version and int(version[1]) >= 8:
            found.setdefault((3, int(version[1])), Path(path))
    return [found[version] for version in sorted(found)]


@pytest.mark.parametrize("executable", _pythons(), ids=lambda path: re.search(r"3\.\d+", str(path))[0])  # type: ignore[index]
def test_a_task_with_this_python_is_recorded(executable: Path, tmp_path: Path) -> None:
    """Offer, files, values, points, models and the remote client work; not even a warning is given."""
    folder = tmp_path / "points"
    folder.mkdir()
    environment = {"DOTSCIENCE_POINTS_DIR": str(folder), "PYTHONWARNINGS": "error"}
    printed = Python(executable).output(SCRIPT, tmp_path, environment)
    [(run_id, content)] = markers(printed)
    assert printed.endswith(f"{PACKAGE / '__init__.py'}\n")
    assert "True\n" in printed
    assert content["output"] == ["out/deep/file"]
    _, rows = points(folder / f"{run_id}.points")
    assert [(row[0], row[2]) for row in rows] == [(0, {"loss": 0.5}), (3, {"any name": "NaN"})]
