"""A Python with JupyterLab's real-time collaboration (jupyter-collaboration, BSD-3), beside the one that tests run in.

In that one it would change every JupyterLab that any test starts. So it is installed into an environment of its own,
made once and kept, that has all packages of this one besides.
"""

from __future__ import annotations

import fcntl
import os
import site
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

CONSTRAINTS = Path(__file__).parents[2] / "constraints.txt"
OURS = str(Path(__file__).parents[2] / "jupyter_config")
PACKAGE = "jupyter-collaboration"
PATIENCE = 300
"""Seconds for it to be installed."""


class NotInstallable(Exception):
    """It cannot be had here; the text says why."""


def python() -> Path:
    """The interpreter; what it has can be imported here, too, afterwards.

    Raises:
        NotInstallable: the package index cannot be reached.
    """
    place = Path(sys.prefix) / "tests"
    place.mkdir(exist_ok=True)
    folder = place / f"collaboration-python{sys.version_info.major}.{sys.version_info.minor}"
    with (place / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # workers of pytest-xdist come at once
        if not (folder / "ready").exists():
            _install(folder)
            (folder / "ready").touch()
    # Last in the path: nothing that the tests use is taken from there but what is nowhere else.
    site.addsitedir(str(_packages(folder)))
    return folder / "bin" / "python"


def settings(interpreter: Path) -> dict[str, str]:
    """Variables for a Jupyter Server of it: what its packages have put into ``etc`` and ``share``, and ours."""
    prefixes = (str(interpreter.parents[1]), sys.prefix)
    return {
        "JUPYTER_PATH": os.pathsep.join(f"{prefix}/share/jupyter" for prefix in prefixes),
        "JUPYTER_CONFIG_PATH": os.pathsep.join([OURS, *(f"{prefix}/etc/jupyter" for prefix in prefixes)]),
    }


def _packages(folder: Path) -> Path:
    [found] = folder.glob("lib/python*/site-packages")
    return found


def _install(folder: Path) -> None:
    venv.create(folder, symlinks=True, with_pip=True, clear=True)
    # By addsitedir, so that editable installations of this environment count as well.
    line = f"import site; site.addsitedir({sysconfig.get_path('purelib')!r})\n"
    (_packages(folder) / "tests-environment.pth").write_text(line)
    command: list[str | Path] = [
        folder / "bin" / "python", "-m", "pip", "install", "-q", "--disable-pip-version-check", "--retries=1",
        "--constraint", CONSTRAINTS, PACKAGE,
    ]  # fmt: skip
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=False)
    except subprocess.TimeoutExpired:
        raise NotInstallable(f"not installed within {PATIENCE} seconds") from None
    if done.returncode:
        raise NotInstallable(done.stderr.strip().splitlines()[-1])
