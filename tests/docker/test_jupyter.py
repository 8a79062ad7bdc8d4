"""JupyterLab in a container of the image that we build, on a hub that listens on this machine's loopback only."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from docker.errors import NotFound

from jupyter_dotscience.api.files import FileQuery
from jupyter_dotscience.api.tasks import TaskStatus
from tests.hubprocess import RunningHub
from tests.services.docker_engine import DockerEngine, sweep_tasks
from tests.system.jupyter import JupyterServer
from tests.system.lab import Lab, wait_for

pytestmark = [pytest.mark.docker, pytest.mark.slow, pytest.mark.thorough]


@pytest.fixture(scope="module")
def lab(
    running_hub: RunningHub, docker_engine: DockerEngine, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Lab]:
    """A user with a project and a runner of containers."""
    with Lab.at_work(running_hub, tmp_path_factory.mktemp("docker-lab"), "--backend", "docker") as found:
        yield found
        sweep_tasks(docker_engine.client, found.folder)


def _start(lab: Lab, image: str) -> JupyterServer:
    return JupyterServer.start(lab.client, lab.token, lab.project, image=image)


@pytest.mark.timeout(600)
def test_a_container_serves_and_its_files_are_saved(lab: Lab, lab_image: str, docker_engine: DockerEngine) -> None:
    """A kernel in the container works and knows the library; nothing secret is in what the engine tells of it."""
    server = _start(lab, lab_image)
    container = docker_engine.client.containers.get(f"ds-{server.task.id}")
    token = server.execute("import os; print(os.environ['JUPYTERHUB_API_TOKEN'])").strip()
    assert len(token) >= 32
    assert token not in repr(container.attrs)
    assert server.execute("import socket, dotscience; print(socket.gethostname())").strip() == container.id[:12]
    server.execute("kept = 'through the agent'; open('made.txt', 'w').write('in a container')")
    lab.agents[0].kill()
    lab.agents[0].start()
    server.await_answer()
    assert server.execute("print(kept)") == "through the agent\n"
    task = server.task
    server.stop()
    assert lab.client.get_task(task=task.id).status is TaskStatus.STOPPED
    with lab.client.get_file(project=lab.project, query=FileQuery(path="made.txt")) as reader:
        assert reader.readall() == b"in a container"
    wait_for(lambda: not _exists(docker_engine, container.id), "the container to be removed")


def _exists(engine: DockerEngine, container: str) -> bool:
    try:
        engine.client.containers.get(container)
    except NotFound:
        return False
    return True


def test_an_image_without_jupyterlab_is_told(lab: Lab, docker_engine: DockerEngine) -> None:
    """The page of the start says what the image lacks."""
    with pytest.raises(AssertionError, match="needs the packages jupyterhub and jupyterlab"):
        _start(lab, docker_engine.image)
