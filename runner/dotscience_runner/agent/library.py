"""The library that is offered to every task, laid out in the spool so that any backend can show it to the task."""

from __future__ import annotations

import hashlib
import importlib.util
import os
import shutil
from pathlib import Path

from dotscience_runner.files import remove_tree

PACKAGE = "dotscience"


class NoLibrary(Exception):
    """The `dotscience` package is not installed beside the runner."""


def lay_out(folder: Path) -> Path:
    """Copy the installed library below ``folder``, once per content.

    Args:
        folder: The spool's folder for it.

    Returns:
        The copy of the package; its subfolder ``offer`` belongs at the end of a task's PYTHONPATH.

    Raises:
        NoLibrary: it is not installed.
    """
    source = _installed()
    files = sorted(path for path in source.rglob("*") if path.is_file() and "__pycache__" not in path.parts)
    digest = hashlib.sha256()
    for path in files:
        digest.update(f"{path.relative_to(source)}\0{path.stat().st_size}\0".encode())
        digest.update(path.read_bytes())
    package = folder / digest.hexdigest()[:32] / PACKAGE
    if not package.exists():
        _copy(source, files, package)
    return package


def _installed() -> Path:
    """Where it is. It is looked up, not imported: nothing of ours runs what tasks run."""
    spec = importlib.util.find_spec(PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        raise NoLibrary("The package `dotscience` is missing beside the runner; install jupyter-dotscience again.")
    return Path(spec.submodule_search_locations[0])


def _copy(source: Path, files: list[Path], package: Path) -> None:
    """All or nothing: the folder gets its name when it is complete. Any user in a container may read it."""
    building = package.parent.with_name(f".{package.parent.name}.{os.getpid()}")
    remove_tree(building)
    for path in files:
        target = building / PACKAGE / path.relative_to(source)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, target)
        target.chmod(0o644)
    for path in [building, *(p for p in building.rglob("*") if p.is_dir())]:
        path.chmod(0o755)
    building.rename(package.parent)
