"""A container registry on loopback (Debian's `docker-registry`), which engines trust there without TLS."""

from __future__ import annotations

import http.client
import io
import os
import secrets
import shutil
import signal
import subprocess
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import docker

from tests.require import require
from tests.services.process import end, free_port, wait_until

CONFIGURATION = """
version: 0.1
storage:
  filesystem:
    rootdirectory: {folder}/data
http:
  addr: 127.0.0.1:{port}
{auth}
"""
# Nobody knows a password for this, so nobody gets in.
AUTH = """
auth:
  htpasswd:
    realm: test
    path: {folder}/htpasswd
"""


@dataclass(frozen=True)
class Registry:
    """Where it listens."""

    port: int

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.port}"

    def push(self, client: docker.DockerClient, name: str, megabytes: int = 6) -> tuple[str, str]:
        """Make an image, push it and forget it; its name here, and the digest."""
        repository = f"{self.host}/{name}"
        image_id = client.api.import_image_from_data(_tar(megabytes), repository=repository, tag="1").strip()
        assert image_id
        for event in client.api.push(repository, tag="1", stream=True, decode=True):
            assert "error" not in event, event
        full = f"{repository}:1"
        digest = client.images.get(full).attrs["RepoDigests"][0].partition("@")[2]
        client.images.remove(full, force=True)
        return full, digest


def _tar(megabytes: int) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        entry = tarfile.TarInfo("data")
        entry.size = megabytes << 20
        tar.addfile(entry, io.BytesIO(secrets.token_bytes(entry.size)))
    return buffer.getvalue()


@contextmanager
def registry(folder: Path, *, closed: bool = False) -> Iterator[Registry]:
    """A registry that keeps its images in ``folder``; a closed one lets nobody in."""
    program = shutil.which("docker-registry")
    require(program is not None, "the program docker-registry (`apt install docker-registry`)")
    port = free_port()
    (folder / "htpasswd").write_text("")
    configuration = folder / "registry.yml"
    auth = AUTH.format(folder=folder) if closed else ""
    configuration.write_text(CONFIGURATION.format(folder=folder, port=port, auth=auth))
    environment = {name: value for name, value in os.environ.items() if not name.startswith("REGISTRY_")}
    with (folder / "registry.log").open("wb") as log:
        process = subprocess.Popen([str(program), "serve", str(configuration)], stdout=log, stderr=log, env=environment)
    try:
        wait_until(lambda: _answers(port), process, "docker-registry")
        yield Registry(port)
    finally:
        # It waits long for its connections to end; nothing of it is kept.
        end(process, signal.SIGKILL)


def _answers(port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", "/v2/")
        return connection.getresponse().status in (200, 401)
    except OSError:
        return False
    finally:
        connection.close()
