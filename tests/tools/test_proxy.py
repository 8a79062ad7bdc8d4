"""`make setup` puts JupyterHub's proxy where the hub looks for it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.require import require

PROGRAM = Path(sys.prefix) / "share/dotscience/proxy/node_modules/.bin/configurable-http-proxy"


def test_proxy_runs_without_node_in_the_path() -> None:
    """The installed program knows its own node, so a hub started with any PATH can start it."""
    require(PROGRAM.exists, "the node proxy (`make setup`)")
    done = subprocess.run([PROGRAM, "--version"], env={"PATH": "/nowhere"}, capture_output=True, text=True, check=True)
    assert done.stdout.startswith("5.")
