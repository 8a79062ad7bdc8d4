"""Fixture `docker_engine`: an engine that answers on its unix socket and has the default task image.

Nothing is pulled: where there is no registry the image is made by `.ci/base_image.sh`.
"""

from __future__ import annotations

import contextlib
import os
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import docker
import pytest
from docker.errors import APIError, ImageNotFound

from tests.require import missing, require

IMAGE = "python:3"
LABEL = "dotscience.test"
# On each container that a runner's Docker backend makes.
TASK_LABEL = "dotscience.task"
DEFAULT_URL = "unix:///var/run/docker.sock"
# Starting twelve containers at once takes several seconds each on a small machine.
TIMEOUT_SECONDS = 120


@dataclass(frozen=True)
class DockerEngine:
    """The engine under test and the label by which this test session knows what it created."""

    client: docker.DockerClient
    url: str
    image: str
    session: str

    @property
    def labels(self) -> dict[str, str]:
        """Put these on each container, volume and network: they are swept when the session ends."""
        return {LABEL: self.session}


@pytest.fixture(scope="session")
def docker_engine(testrun_uid: str, worker_id: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[DockerEngine]:
    """An engine with image `python:3`.

    At the end everything labelled with `.labels` is removed, and what agents started in this session's folder: those
    that were killed or ended in a test leave their tasks' containers behind, as they should.
    """
    url = os.environ.get("DOCKER_HOST", DEFAULT_URL)
    client = _connect(url)
    try:
        # Each xdist worker has a label of its own: the first to finish must not sweep what others still use.
        yield DockerEngine(client, url, IMAGE, f"{testrun_uid}-{worker_id}")
        sweep(client, f"{LABEL}={testrun_uid}-{worker_id}")
        sweep_tasks(client, tmp_path_factory.getbasetemp())
    finally:
        client.close()


def answers(url: str) -> bool:
    """Tell whether something listens on the unix socket; the SDK leaks its own when nothing does."""
    with socket.socket(socket.AF_UNIX) as probe:
        return url.startswith("unix://") and probe.connect_ex(url.removeprefix("unix://")) == 0


def _connect(url: str) -> docker.DockerClient:
    require(lambda: answers(url), f"a Docker engine that answers on a unix socket (asked: {url})")
    client = docker.DockerClient(base_url=url, version="auto", timeout=TIMEOUT_SECONDS)
    try:
        client.images.get(IMAGE)
    except ImageNotFound:
        client.close()
        missing(f"the image {IMAGE} in the Docker engine (`docker pull {IMAGE}`, or `.ci/base_image.sh`)")
    return client


def sweep_tasks(client: docker.DockerClient, folder: Path) -> None:
    """Remove the containers of tasks whose workspace is below `folder`, which is how runners can be told apart."""
    for container in client.containers.list(all=True, filters={"label": TASK_LABEL}, ignore_removed=True):
        if any(Path(mount.get("Source") or "/").is_relative_to(folder) for mount in container.attrs["Mounts"]):
            with contextlib.suppress(APIError):
                container.remove(force=True, v=True)


def sweep(client: docker.DockerClient, label: str) -> None:
    """Remove all containers, then the volumes and networks, that carry `label` (`key=value`)."""
    chosen = {"label": label}
    for container in client.containers.list(all=True, filters=chosen, ignore_removed=True):
        # Gone or going already: what the sweep wants.
        with contextlib.suppress(APIError):
            container.remove(force=True, v=True)
    for volume in client.volumes.list(filters=chosen):
        with contextlib.suppress(APIError):
            volume.remove(force=True)
    for network in client.networks.list(filters=chosen):
        with contextlib.suppress(APIError):
            network.remove()
