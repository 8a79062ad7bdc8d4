"""From a Spec to a running container, once, whatever happened before."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from docker.errors import APIError, ImageNotFound, NotFound

from dotscience_runner.backends.base import WORKSPACE, BackendError, Spec

from . import container, gpu, network, whereabouts
from .attach import Attachment
from .engine import Engine, explain
from .mounts import Mounts

GOING = ("removing", "dead")
GOING_SECONDS = 60
POLL_SECONDS = 0.05


class Launcher:
    """Creates and starts containers.

    Args:
        engine: Where.
        mounts: Makes their mounts.
        gpus: Indices of the GPUs that tasks may use.
        network_name: The network of all tasks.
        labels: For each container and the network.
    """

    def __init__(
        self, engine: Engine, mounts: Mounts, gpus: Sequence[int], network_name: str, labels: Mapping[str, str]
    ) -> None:
        self._engine = engine
        self._mounts = mounts
        self._gpus = gpus
        self._network = network_name
        self._labels = labels

    def launch(self, spec: Spec, image: str) -> tuple[dict[str, Any], Attachment | None]:
        """The task's container, running or done, and its output if it was this call that started it.

        Args:
            spec: The workload.
            image: Id or name of the image.

        Raises:
            BackendError: it cannot be started.
        """
        mounts = [self._mounts.make(spec.workspace, WORKSPACE, read_only=False)]
        mounts += [self._mounts.make(one.source, one.target, read_only=one.read_only) for one in spec.mounts]
        found = self._find(spec, mounts)
        if found is None:
            self._create(spec, image, mounts)
            found = self._find(spec, mounts)
        if found is None:
            raise BackendError("The task's container was removed by somebody else before it could start.")
        if found["State"]["Status"] != "created":
            return found, None
        try:
            return found, self._start(spec, found)
        except BaseException:
            with contextlib.suppress(APIError, OSError):
                self._engine.api.remove_container(found["Id"], force=True, v=True)
            raise

    def _find(self, spec: Spec, mounts: Sequence[Any]) -> dict[str, Any] | None:
        """The container of this task with these mounts. One that is being removed is waited for."""
        labels = [f"{container.TASK_LABEL}={spec.task}", f"{container.PLACE_LABEL}={container.place(mounts)}"]
        end = time.monotonic() + GOING_SECONDS
        while True:
            listed = self._engine.patiently(lambda: self._engine.api.containers(all=True, filters={"label": labels}))
            if not listed or (listed[0]["State"] in GOING and time.monotonic() >= end):
                return None
            if listed[0]["State"] not in GOING:
                identity = listed[0]["Id"]
                return self._engine.patiently(partial(self._engine.inspect, identity))
            time.sleep(POLL_SECONDS)

    def _create(self, spec: Spec, image: str, mounts: Sequence[Any]) -> None:
        configuration = container.configure(
            self._engine,
            spec,
            image=image,
            mounts=mounts,
            network=network.ensure(self._engine, self._network, self._labels),
            gpus=gpu.choose(self._engine, spec.resources.gpus, self._gpus),
            labels=self._labels,
        )
        # The second name is for when another runner of this engine had the task before and is not through with it.
        for name in (container.name(spec.task), f"{container.name(spec.task)}-{container.place(mounts)}"):
            try:
                self._engine.patiently(partial(self._engine.api.create_container_from_config, configuration, name))
                return
            except ImageNotFound as error:
                raise BackendError(f"The image {spec.image} is not on the engine any more; was it pruned?") from error
            except APIError as error:
                if error.response is None or error.response.status_code != 409:
                    raise BackendError(create_sentence(explain(error))) from error
                # The answer to the call before may have been lost, and what has the name is ours.
                if self._find(spec, mounts) is not None:
                    return
        raise BackendError(f"Another container has the name {container.name(spec.task)}.")

    def _start(self, spec: Spec, found: dict[str, Any]) -> Attachment:
        whereabouts.check_command(self._engine, found, spec)
        attachment = self._engine.patiently(lambda: Attachment(self._engine, found["Id"]))
        try:
            self._engine.patiently(lambda: self._engine.api.start(found["Id"]))
        except NotFound as error:
            attachment.close()
            raise BackendError("The task's container was removed by somebody else before it could start.") from error
        except APIError as error:
            attachment.close()
            raise start_error(spec, explain(error)) from error
        except BaseException:
            attachment.close()
            raise
        return attachment


def create_sentence(said: str) -> str:
    """Why a container could not be created, for the task's owner."""
    if "minimum memory limit" in said.lower():
        return f"The task's memory limit is too small for a container ({said})."
    if "unknown or invalid runtime" in said.lower() or "unknown runtime" in said.lower():
        return "This runner's Docker has no NVIDIA runtime; the task asks for a GPU."
    if "bind source path does not exist" in said.lower():
        return f"Docker does not see the runner's files; the engine must be on the runner's own machine ({said})."
    return f"Docker could not create the task's container: {said}."


def start_error(spec: Spec, said: str) -> BackendError:
    """Why a container did not start, with the exit code that a shell would have."""
    low = said.lower()
    if "could not select device driver" in low or "nvidia-container" in low or "cdi device" in low:
        return BackendError("This runner's Docker offers no GPU (is the NVIDIA container toolkit installed?).")
    command = spec.command[0]
    if "executable file not found" in low or ("no such file or directory" in low and "exec" in low):
        return BackendError(f"command not found: {command} in image {spec.image}", 127)
    if "permission denied" in low and "exec" in low:
        return BackendError(f"command cannot be executed: {command} in image {spec.image} (permission denied)", 126)
    if "bind source path does not exist" in low:
        return BackendError(create_sentence(said))
    return BackendError(f"Docker could not start the task's container: {said}.")
