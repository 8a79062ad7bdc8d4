"""Fixtures for tests of the Docker backend against a real engine."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from dotscience_runner.backends.base import Chunk, Spec, State, Status
from dotscience_runner.backends.docker import DockerBackend

from jupyter_dotscience.api.ids import new_id
from jupyter_dotscience.api.tasks import Resources
from tests.services.docker_engine import DockerEngine


@dataclass
class Runner:
    """A spool and a backend as a runner has them, and the tasks that a test makes on them."""

    engine: DockerEngine
    spool: Path
    handles: list[Any] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.backend = self.make()

    def make(self, **options: Any) -> DockerBackend:
        """The backend anew, as the next process of the agent would make it."""
        return DockerBackend(
            self.spool,
            url=self.engine.url,
            network_name=f"ds-test-{self.engine.session}",
            labels=self.engine.labels,
            **options,
        )

    def spec(self, command: Sequence[str] | str, *, task: str = "", **rest: Any) -> Spec:
        """A workload; a string is a Python program."""
        task = task or new_id()
        work = self.spool / "tasks" / task / "work"
        work.mkdir(parents=True, exist_ok=True)
        if isinstance(command, str):
            command = ["python3", "-u", "-c", command]
        options: dict[str, Any] = {"image": self.engine.image, "environment": {}, "resources": Resources(), **rest}
        return Spec(task=task, command=command, workspace=work, **options)

    def start(self, spec: Spec, backend: DockerBackend | None = None) -> Any:
        handle = json.loads(json.dumps((backend or self.backend).start(spec)))
        self.handles.append(handle)
        return handle

    def run(self, spec: Spec) -> tuple[Status, list[Chunk]]:
        """Start it and wait for its end."""
        handle = self.start(spec)
        chunks = list(self.backend.logs(handle, None))
        status = self.backend.poll(handle)
        assert status.state is State.ENDED
        return status, chunks

    def container(self, handle: Any) -> Any:
        return self.engine.client.containers.get(handle["container"])


@pytest.fixture
def runner(docker_engine: DockerEngine, tmp_path: Path) -> Iterator[Runner]:
    """A runner; what it started is removed at the end."""
    made = Runner(docker_engine, tmp_path / "spool")
    yield made
    for handle in made.handles:
        with contextlib.suppress(Exception):
            made.backend.cleanup(handle)
    made.backend.close()


@pytest.fixture
def wait_line() -> Callable[[Iterator[Chunk], bytes], None]:
    """Read chunks up to the one with a word."""

    def wait(chunks: Iterator[Chunk], word: bytes) -> None:
        assert any(word in chunk.data for chunk in chunks), f"{word!r} never came"

    return wait


def text(chunks: Sequence[Chunk], stream: str = "stdout") -> bytes:
    return b"".join(chunk.data for chunk in chunks if chunk.stream == stream)
