"""``requirements.txt`` of the workspace: the notebook's kernel gets an environment that has what it names.

The environment is a venv outside of the workspace, one for each content of the file, over what JupyterLab itself has.
It is made in the background: until it is ready, and when it cannot be made, kernels start without it.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import json
import logging
import os
import shutil
import site
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from .aside import aside
from .standing import Standing

log = logging.getLogger(__name__)
FILE: Final = "requirements.txt"
_KERNEL: Final = "python3"
_MOST: Final = 1 << 20
_KEPT: Final = 5
"""Environments that are kept; the ones longest unused go."""
_CAREFUL: Final = {"PIP_DISABLE_PIP_VERSION_CHECK": "1", "PIP_NO_INPUT": "1", "PYTHONUNBUFFERED": "1"}


class Environment:
    """The environment of one workspace's notebooks.

    Args:
        root: The workspace.
        specs: Jupyter Server's manager of kernel specs; the environment's kernel is put before its others.
        wanted: Whether to make one. A project that somebody else wrote could run code as soon as JupyterLab opens it.
        place: Where environments are kept.
    """

    def __init__(self, root: Path, specs: Any, *, wanted: bool = True, place: Path | None = None) -> None:
        self._file, self._specs, self._wanted = root / FILE, specs, wanted
        cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
        self._place = place or cache / "dotscience" / "environments"
        self._task: asyncio.Future[None] | None = None
        self._again = False
        self._in_force: Path | None = None

    def concerns(self, paths: Sequence[str]) -> bool:
        """Whether one of these files says what the environment has."""
        return FILE in paths

    def prepare(self, standing: Standing) -> None:
        """Begin to make what the file asks for now; :meth:`Standing.take_environment` is told how it goes."""
        if self._task is not None and not self._task.done():
            self._again = True
            return
        self._task = asyncio.ensure_future(self._prepare(standing))

    def close(self) -> None:
        """Stop making one."""
        if self._task is not None:
            self._task.cancel()

    async def _prepare(self, standing: Standing) -> None:
        self._again = True
        while self._again:
            self._again = False
            try:
                await self._once(standing)
            except (OSError, RuntimeError) as error:
                log.warning("%s: %s", FILE, error)
                standing.take_environment("failed", f"{FILE} could not be installed: {error}")

    async def _once(self, standing: Standing) -> None:
        content = self._content()
        if content is None:
            self._put_first(None)
            if standing.environment[0] != "none":
                standing.take_environment("none", "")
            return
        if not self._wanted:
            hint = "Set c.DotscienceExtension.requirements = 'always' to give kernels what requirements.txt names."
            standing.take_environment("none", hint)
            return
        folder = self._place / hashlib.sha256(content + sys.executable.encode() + sys.version.encode()).hexdigest()[:24]
        if not await aside((folder / "ready").exists):
            standing.take_environment("installing", f"Installing what {FILE} names; kernels started now do without.")
            await self._make(folder, content)
        await aside((folder / "ready").touch)
        self._put_first(folder / "kernels")
        standing.take_environment("ready", f"New kernels have what {FILE} names.")
        await aside(self._tidy)

    def _content(self) -> bytes | None:
        with contextlib.suppress(OSError):
            content = self._file.read_bytes()
            if len(content) > _MOST:
                raise RuntimeError("it has more than 1 MiB.")
            return content if content.strip() else None
        return None

    async def _make(self, folder: Path, content: bytes) -> None:
        await aside(lambda: shutil.rmtree(folder, ignore_errors=True))
        listed = folder / FILE
        await aside(_write, listed, content)
        venv = folder / "venv"
        await self._run(folder, sys.executable, "-m", "venv", "--system-site-packages", str(venv))
        python = venv / "bin" / "python"
        _show_ours(venv)
        # Relative names in the file are meant from where it stands.
        await self._run(folder, str(python), "-m", "pip", "install", "-r", str(listed), cwd=self._file.parent)
        await self._run(folder, str(python), "-c", "import ipykernel")
        spec = folder / "kernels" / _KERNEL / "kernel.json"
        await aside(_write, spec, json.dumps(_kernel(python), indent=1).encode())

    async def _run(self, folder: Path, *command: str, cwd: Path | None = None) -> None:
        output = folder / "install.log"
        with output.open("ab") as file:
            process = await asyncio.create_subprocess_exec(
                *command,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=file,
                stderr=asyncio.subprocess.STDOUT,
                cwd=cwd or folder,
                env={**os.environ, **_CAREFUL},
            )
            try:
                code = await process.wait()
            except asyncio.CancelledError:
                process.kill()
                await process.wait()
                raise
        if code:
            raise RuntimeError(f"{_last_error(output)} ({output} has the rest).")

    def _put_first(self, folder: Path | None) -> None:
        """Let the kernel manager find the environment's kernel before its own of the same name."""
        others = [path for path in self._specs.kernel_dirs if path != str(self._in_force)]
        self._specs.kernel_dirs = [str(folder), *others] if folder else others
        self._in_force = folder

    def _tidy(self) -> None:
        kept = sorted(self._place.glob("*/ready"), key=lambda path: path.stat().st_mtime, reverse=True)
        for old in kept[_KEPT:]:
            shutil.rmtree(old.parent, ignore_errors=True)


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    path.write_bytes(content)


def _show_ours(venv: Path) -> None:
    """Let the venv see this environment's packages too: a venv that is made in a venv only sees the system's."""
    for packages in (venv / "lib").glob("python*/site-packages"):
        (packages / "dotscience-parent.pth").write_text("\n".join(site.getsitepackages()) + "\n")


def _kernel(python: Path) -> dict[str, Any]:
    return {
        "argv": [str(python), "-Xfrozen_modules=off", "-m", "ipykernel_launcher", "-f", "{connection_file}"],
        "display_name": "Python 3 (requirements.txt)",
        "language": "python",
        "metadata": {"debugger": True},
    }


def _last_error(output: Path) -> str:
    """What pip said in the end; notices about pip itself are not it."""
    lines = output.read_text(errors="replace").splitlines()
    errors = [line for line in lines if "ERROR" in line] or lines or ["no output"]
    return errors[-1].strip()[:500]
