"""The facade: six calls, each told in terms of the modules beside it."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from docker.errors import APIError, NotFound

from dotscience_runner.backends.base import BackendError, Chunk, Json, Prepared, Reading, Say, Spec, State, Status
from jupyter_dotscience.api.tasks import Usage

from . import attach, network, outcome, pull, recorded, stats
from .container import RUNNER_LABEL
from .engine import Engine, explain
from .launch import Launcher
from .mounts import Mounts

SAMPLE_SECONDS = 2.0
END_SECONDS = 2.0
REMOVE_SECONDS = 60
POLL_SECONDS = 0.05


class DockerBackend:
    """Tasks as containers of a Docker engine.

    Args:
        spool: The agent's spool; if given, nothing outside of it is ever mounted into a task.
        url: The engine's address; None for the environment's DOCKER_HOST, or else the usual socket.
        runner: Name of the runner, for people who look at the engine's containers.
        gpus: Indices of the GPUs that tasks may use; empty when the agent sees none (the engine then decides).
        network_name: The network of all tasks.
        labels: Further labels for containers and network.

    Raises:
        BackendError: no Docker engine answers.
    """

    name = "docker"
    mounts_at = True

    def __init__(
        self,
        spool: Path | None = None,
        *,
        url: str | None = None,
        runner: str = "",
        gpus: Sequence[int] = (),
        network_name: str = network.NAME,
        labels: Mapping[str, str] | None = None,
    ) -> None:
        self._engine = Engine(url)
        self._labels = {**(labels or {}), RUNNER_LABEL: runner}
        self._launcher = Launcher(self._engine, Mounts(self._engine, spool), gpus, network_name, self._labels)
        self._images: dict[str, str] = {}
        self._attached: dict[str, attach.Attachment] = {}
        self._usage: dict[str, tuple[float, Usage]] = {}
        self._meters: dict[str, stats.Meter] = {}
        self.isolation = _isolation(self._engine)

    def close(self) -> None:
        """Close all connections to the engine; containers go on."""
        for attachment in list(self._attached.values()):
            attachment.close()
        self._engine.close()

    def prepare(self, spec: Spec, say: Say, cancelled: Callable[[], bool]) -> Prepared:
        """Pull the image unless the engine has it.

        Raises:
            BackendError: it cannot be had.
        """
        identity, digest = pull.get(self._engine, spec.image, say, cancelled)
        # A tag may move before the start; what was reported is what shall run.
        self._images[spec.task] = identity
        return Prepared(image_digest=digest)

    def start(self, spec: Spec) -> Json:
        """Create and start the task's container, unless that was done already.

        Raises:
            BackendError: it cannot be started.
        """
        container, attachment = self._launcher.launch(spec, self._images.get(spec.task, spec.image))
        if attachment is not None:
            self._attached[container["Id"]] = attachment
        return {"container": container["Id"], "name": container["Name"].lstrip("/")}

    def poll(self, handle: Json) -> Status:
        """Where it is. While the engine does not answer, the task counts as running: it may well be."""
        container = handle["container"]
        try:
            attributes = self._engine.inspect(container)
            usage = self._sample(container, running=bool(attributes and attributes["State"]["Running"]))
            return outcome.status(self._engine, attributes, usage)
        except APIError as error:
            return Status(State.RUNNING, message=f"The Docker engine has a problem: {explain(error)}.")
        except OSError:
            return Status(State.RUNNING, message="The Docker engine does not answer.")

    def _sample(self, container: str, *, running: bool) -> Usage:
        """What it used, asked for now and then: the engine forgets it when the container ends."""
        taken, _ = self._usage.get(container, (-math.inf, Usage()))
        if running and time.monotonic() - taken >= SAMPLE_SECONDS:
            self.measure({"container": container})
        return self._usage.get(container, (0.0, Usage()))[1]

    def measure(self, handle: Json) -> Reading | None:
        """What the container uses, which `poll` needs too: the engine forgets it at the end."""
        container = handle["container"]
        try:
            if container not in self._meters:
                self._meters[container] = stats.Meter(self._engine, container)
            reading = self._meters[container].read()
        except (APIError, OSError):
            return None
        if reading is not None:
            _, before = self._usage.get(container, (0.0, Usage()))
            self._usage[container] = (time.monotonic(), stats.known(reading, before))
        return reading

    def logs(self, handle: Json, cursor: Json | None) -> Iterator[Chunk]:
        """Its output: live if this process started it, the rest from the engine's log.

        A cursor is how many bytes of stdout and of stderr came before.
        """
        container = handle["container"]
        position = [int(count) for count in cursor or (0, 0)]
        attachment = self._attached.pop(container, None)
        if attachment is not None:
            try:
                # It began with the first byte; a cursor from elsewhere would not fit.
                if position == [0, 0]:
                    yield from attach.chunks(attachment, position)
                    if self._ended_by_itself(container, attachment):
                        return
            finally:
                attachment.close()
        yield from recorded.chunks(self._engine, container, position, lambda: self._has_ended(container))

    def _has_ended(self, container: str) -> bool:
        attributes = self._engine.inspect(container)
        return attributes is None or not attributes["State"]["Running"]

    def _ended_by_itself(self, container: str, attachment: attach.Attachment) -> bool:
        """Whether the output was complete when it ended, so that the engine's log has nothing to add.

        It was if the container had ended by then. Otherwise the engine may have been restarted, or the workload closed
        its output and went on.
        """
        end = time.monotonic() + END_SECONDS
        try:
            while attachment.complete and time.monotonic() < end:
                attributes = self._engine.inspect(container)
                if attributes is None:
                    return True
                if not attributes["State"]["Running"]:
                    return recorded.nanoseconds(attributes["State"]["FinishedAt"].encode()) <= attachment.ended_at
                time.sleep(POLL_SECONDS)
        except OSError:
            pass
        return False

    def stop(self, handle: Json, grace: float) -> None:
        """SIGTERM, and after ``grace`` seconds (rounded up) SIGKILL.

        Raises:
            BackendError: it could not be killed, or the engine does not answer.
        """
        container = handle["container"]
        try:
            self._engine.patiently(lambda: self._engine.api.stop(container, timeout=math.ceil(grace)))
        except NotFound:
            return
        except APIError as error:
            if not self._engine.patiently(lambda: self._has_ended(container)):
                raise BackendError(f"Docker could not stop the task: {explain(error)}.") from error

    def cleanup(self, handle: Json) -> None:
        """Remove the container with its own volumes; returns when it is gone.

        Raises:
            BackendError: it could not be removed, or the engine does not answer.
        """
        container = handle["container"]
        self._usage.pop(container, None)
        self._meters.pop(container, None)
        attachment = self._attached.pop(container, None)
        if attachment is not None:
            attachment.close()
        end = time.monotonic() + REMOVE_SECONDS
        while True:
            try:
                self._engine.patiently(lambda: self._engine.api.remove_container(container, force=True, v=True))
            except NotFound:
                return
            except APIError as error:
                # Among others: its removal is already under way.
                if time.monotonic() >= end:
                    raise BackendError(f"Docker could not remove the task's container: {explain(error)}.") from error
            time.sleep(POLL_SECONDS)


def _isolation(engine: Engine) -> str:
    options = " ".join(engine.info.get("SecurityOptions") or [])
    users = (
        "; users are mapped to powerless ones of the machine" if "userns" in options or "rootless" in options else ""
    )
    return (
        "Docker container: own files, processes and network, other tasks out of reach, few capabilities and no way to "
        f"more{users}; the kernel is the machine's"
    )
