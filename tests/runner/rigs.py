"""Backends under test, each with a way to say what a workload does."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from dotscience_runner.backends.base import Backend, Chunk, Mount, Spec, State, Status
from dotscience_runner.backends.dummy import DummyBackend
from dotscience_runner.backends.process import ProcessBackend
from dotscience_runner.backends.sandbox import Sandbox

from jupyter_dotscience.api.ids import new_id
from jupyter_dotscience.api.tasks import Resources

REAL = ["process", "bubblewrap", "docker"]
ALL = ["dummy", *REAL]


@dataclass
class Rig:
    """A backend, and the folder of one task.

    Attributes:
        make: Makes the backend anew, as the next process of an agent would.
        folder: The task's folder in a spool.
        image: Image of the workload.
    """

    make: Callable[[], Backend]
    folder: Path
    image: str = "python:3"
    task: str = field(default_factory=new_id)
    handles: list[Any] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.backend = self.make()
        self.work = self.folder / "work"
        self.work.mkdir(parents=True)

    def spec(
        self,
        command: Sequence[str],
        *,
        environment: Mapping[str, str] | None = None,
        mounts: Sequence[Mount] = (),
        resources: Resources | None = None,
    ) -> Spec:
        return Spec(
            task=self.task,
            image=self.image,
            command=command,
            environment=environment or {},
            workspace=self.work,
            mounts=mounts,
            resources=resources or Resources(),
        )

    def program(self, python: str, dummy: Mapping[str, str] | None = None, **rest: Any) -> Spec:
        """A Python program; for the dummy backend, the variables that make it seem the same."""
        environment = {"PYTHONUNBUFFERED": "1", **rest.pop("environment", {})}
        if isinstance(self.backend, DummyBackend):
            assert dummy is not None
            environment |= dummy
        return self.spec(["python3", "-c", python], environment=environment, **rest)

    def start(self, spec: Spec) -> Any:
        self.backend.prepare(spec, lambda stream, text: None, lambda: False)
        handle = json.loads(json.dumps(self.backend.start(spec)))
        self.handles.append(handle)
        return handle

    def place(self, mount: Mount) -> str:
        """Where the task sees a mount."""
        return mount.target if self.backend.mounts_at else str(mount.source)

    def run(self, spec: Spec) -> tuple[Status, list[Chunk]]:
        """Start it and wait for its end."""
        handle = self.start(spec)
        chunks = list(self.backend.logs(handle, None))
        status = self.backend.poll(handle)
        assert status.state is State.ENDED
        return status, chunks


def text(chunks: list[Chunk], stream: str) -> bytes:
    return b"".join(chunk.data for chunk in chunks if chunk.stream == stream)


def make_rig(name: str, request: pytest.FixtureRequest, folder: Path) -> Iterator[Rig]:
    """The rig of this name; what it started is cleaned up at the end."""
    rig = _rig(name, request, folder)
    yield rig
    for handle in rig.handles:
        rig.backend.cleanup(handle)


def _rig(name: str, request: pytest.FixtureRequest, folder: Path) -> Rig:
    task = folder / "spool" / "tasks" / "t"
    if name == "dummy":
        return Rig(DummyBackend, task)
    if name == "process":
        return Rig(lambda: ProcessBackend(None), task)
    if name == "bubblewrap":
        bwrap = request.getfixturevalue("bubblewrap")
        return Rig(lambda: ProcessBackend(Sandbox(bwrap)), task)
    engine = request.getfixturevalue("docker_engine")
    from dotscience_runner.backends.docker import DockerBackend

    return Rig(lambda: DockerBackend(folder / "spool"), task, image=engine.image)
