"""A Docker engine of a test's own, in a network namespace of its own, which may be killed."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import docker
from docker.errors import DockerException

from tests.require import require
from tests.services.docker_engine import answers
from tests.services.process import end, wait_until


class OwnEngine:
    """Started, killed and started again.

    Args:
        folder: For all it keeps; a short path, because there is a socket in it.
        options: Further options of dockerd.
    """

    def __init__(self, folder: Path, *options: str) -> None:
        self.url = f"unix://{folder}/docker.sock"
        self._folder = folder
        self._options = options
        self._process: subprocess.Popen[bytes] | None = None
        # Containers that outlive their engine are in this namespace, so it has to outlive it too.
        here = Path("/proc/self/ns/net").readlink()
        self._holder = subprocess.Popen(["unshare", "--net", "sleep", "1000"])
        self._namespace = Path(f"/proc/{self._holder.pid}/ns/net")
        wait_until(lambda: self._namespace.readlink() != here, self._holder, "the network namespace")

    def start(self) -> None:
        folder = self._folder
        (folder / "docker.pid").unlink(missing_ok=True)
        # No rules of the firewall and no default bridge: the machine's own engine has its own.
        dockerd = [
            "dockerd", "--host", self.url, "--data-root", str(folder / "data"), "--exec-root", str(folder / "exec"),
            "--pidfile", str(folder / "docker.pid"), "--bridge", "none", "--iptables=false", "--ip6tables=false",
            *self._options,
        ]  # fmt: skip
        command = ["nsenter", f"--net={self._namespace}", *dockerd]
        with (folder / "log").open("ab") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=log)
        wait_until(lambda: answers(self.url), self._process, "dockerd")

    def kill(self) -> None:
        """SIGKILL. What it started itself dies with it, but not in the same instant."""
        assert self._process is not None
        note = self._folder / "exec" / "containerd" / "containerd.pid"
        containerd = int(note.read_text())
        self._process.kill()
        self._process.wait()
        while Path(f"/proc/{containerd}/exe").exists():
            time.sleep(0.01)
        # Where nobody reaps orphans, a new engine would take the dead process for a living one.
        note.unlink(missing_ok=True)

    def stop(self) -> None:
        """End it with all its containers."""
        with contextlib.suppress(DockerException, OSError):
            client = docker.DockerClient(base_url=self.url)
            for container in client.containers.list(all=True):
                container.remove(force=True)
            client.close()
        if self._process is not None:
            end(self._process, signal.SIGTERM)
        end(self._holder, signal.SIGKILL)


@contextmanager
def own_engine(image: str, source: docker.DockerClient, *options: str) -> Iterator[OwnEngine]:
    """An engine that has one image."""
    require(os.geteuid() == 0 and shutil.which("dockerd") is not None, "root and dockerd, to start an engine")
    folder = Path(tempfile.mkdtemp(prefix="ds-"))
    engine = OwnEngine(folder, *options)
    try:
        engine.start()
        client = docker.DockerClient(base_url=engine.url)
        client.images.load(b"".join(source.images.get(image).save(named=image)))
        client.close()
        yield engine
    finally:
        engine.stop()
        _remove(folder)


def _remove(folder: Path) -> None:
    """An engine with live-restore leaves mounts behind."""
    places = [line.split(" ")[4] for line in Path("/proc/self/mountinfo").read_text().splitlines()]
    for place in sorted((place for place in places if place.startswith(f"{folder}/")), reverse=True):
        subprocess.run(["umount", "--lazy", place], check=False)
    shutil.rmtree(folder, ignore_errors=True)
