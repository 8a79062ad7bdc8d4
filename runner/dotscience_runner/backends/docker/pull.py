"""Getting an image, with progress."""

from __future__ import annotations

import contextlib
import json
import threading
import time
from collections.abc import Callable, Iterator
from queue import Empty, SimpleQueue
from typing import Any

from docker import auth
from docker.errors import APIError, ImageNotFound
from docker.utils import parse_repository_tag

from dotscience_runner.backends.base import BackendError, Say
from jupyter_dotscience.api.logs import LogStream

from .engine import Engine, explain

LINE_SECONDS = 2.0
CANCEL_SECONDS = 0.2
# The engine reports several times a second while anything moves, and retries by itself; this is far beyond both.
SILENCE_SECONDS = 600


def get(engine: Engine, image: str, say: Say, cancelled: Callable[[], bool]) -> tuple[str, str]:
    """The image's id on the engine and its digest, after pulling it if it is not there.

    Raises:
        BackendError: it cannot be had.
    """
    found = _inspect(engine, image) or _by_id(engine, image)
    if found is None:
        began = time.monotonic()
        _pull(engine, image, say, cancelled)
        found = _inspect(engine, image)
        if found is None:
            raise BackendError(f"The image {image} was pulled and is not there; is somebody removing images?")
        digest = digest_of(found, image)
        say(LogStream.PULL, f"{image}: pulled in {time.monotonic() - began:.0f} s, digest {digest}")
    return str(found["Id"]), digest_of(found, image)


def digest_of(attributes: dict[str, Any], image: str) -> str:
    """The digest by which the image can be had again; the id of one that was never in a registry."""
    repository = _name(parse_repository_tag(image)[0])
    digests = [entry.partition("@") for entry in attributes.get("RepoDigests") or []]
    same = [digest for name, _, digest in digests if _name(name) == repository]
    other = [digest for _, _, digest in digests]
    return str((same or other or [attributes["Id"]])[0])


def _name(repository: str) -> str:
    return repository.removeprefix("docker.io/").removeprefix("library/")


def _by_id(engine: Engine, image: str) -> dict[str, Any] | None:
    """An image that was never in a registry, and is asked for again: its digest is the id it has on this engine."""
    digest = image.partition("@")[2]
    return _inspect(engine, digest) if digest.startswith("sha256:") else None


def _inspect(engine: Engine, image: str) -> dict[str, Any] | None:
    try:
        found: dict[str, Any] = engine.patiently(lambda: engine.api.inspect_image(image))
    except ImageNotFound:
        return None
    except APIError as error:
        raise BackendError(f"{image} is not the name of an image ({explain(error)}).") from error
    return found


def _pull(engine: Engine, image: str, say: Say, cancelled: Callable[[], bool]) -> None:
    say(LogStream.PULL, f"{image}: pulling")
    progress = Progress(image, say)
    reports = _Reports(engine, image)
    try:
        for event in reports.until(cancelled):
            if "error" in event:
                raise BackendError(sentence(image, str(event["error"])))
            progress.add(event)
    except APIError as error:
        raise BackendError(sentence(image, explain(error))) from error
    except (OSError, ValueError) as error:
        raise BackendError(
            f"The image {image} could not be pulled: the connection to Docker broke ({error})."
        ) from error
    finally:
        # The engine gives up a pull that nobody waits for.
        reports.hang_up()


class _Reports:
    """The engine's reports about a pull, read by a thread: with a registry that stalls there is not even a first one.

    Args:
        engine: Who pulls.
        image: What.
    """

    def __init__(self, engine: Engine, image: str) -> None:
        self._queue: SimpleQueue[dict[str, Any] | Exception | None] = SimpleQueue()
        self._lock = threading.Lock()
        self._response: Any = None
        self._over = False
        threading.Thread(target=self._read, args=(engine, image), name="pull", daemon=True).start()

    def until(self, cancelled: Callable[[], bool]) -> Iterator[dict[str, Any]]:
        """Reports until the pull has ended.

        Raises:
            BackendError: it was cancelled, or nothing moved for too long.
        """
        heard = time.monotonic()
        while not cancelled():
            try:
                event = self._queue.get(timeout=CANCEL_SECONDS)
            except Empty:
                if time.monotonic() - heard > SILENCE_SECONDS:
                    raise BackendError("Pulling the image was given up: no progress.") from None
                continue
            if event is None:
                return
            if isinstance(event, Exception):
                raise event
            heard = time.monotonic()
            yield event
        raise BackendError("Pulling the image was given up: stopped.")

    def hang_up(self) -> None:
        """No more reports are wanted."""
        with self._lock:
            self._over = True
            if self._response is not None:
                # Wakes the thread, which then closes the connection.
                with contextlib.suppress(OSError, RuntimeError, ValueError):
                    self._response.raw.shutdown()

    def _read(self, engine: Engine, image: str) -> None:
        try:
            with engine.patiently(lambda: _request(engine, image)) as response:
                with self._lock:
                    if self._over:
                        return
                    self._response = response
                for line in response.iter_lines(chunk_size=None):
                    if line.strip():
                        self._queue.put(json.loads(line))
                with self._lock:
                    self._response = None
        except Exception as error:  # noqa: BLE001 - it goes on in the thread that waits for it
            self._queue.put(error)
        self._queue.put(None)


def _request(engine: Engine, image: str) -> Any:
    repository, tag = parse_repository_tag(image)
    registry, _ = auth.resolve_repository_name(repository)
    header = auth.get_config_header(engine.api, registry)
    return engine.stream(
        "POST",
        "/images/create",
        params={"fromImage": repository, "tag": tag or "latest"},
        headers={"X-Registry-Auth": header} if header else {},
    )


class Progress:
    """Many reports about layers, told as one share of the whole, and not too often.

    Args:
        image: Its name.
        say: Where to tell it.
    """

    def __init__(self, image: str, say: Say) -> None:
        self._image = image
        self._say = say
        self._layers: dict[str, tuple[int, int]] = {}
        self._told = (0.0, "")

    def add(self, event: dict[str, Any]) -> None:
        """Take a report of the engine into account."""
        layer, status = event.get("id"), event.get("status", "")
        if not layer:
            return
        detail = event.get("progressDetail") or {}
        total = self._layers.get(layer, (0, 0))[1]
        if status == "Downloading" and detail.get("total"):
            self._layers[layer] = (int(detail["current"]), int(detail["total"]))
        elif status in ("Verifying Checksum", "Download complete", "Extracting", "Pull complete"):
            self._layers[layer] = (total, total)
        elif status == "Pulling fs layer":
            self._layers.setdefault(layer, (0, 0))
        self._tell("extracting" if status == "Extracting" else "downloading")

    def _tell(self, what: str) -> None:
        done = sum(done for done, _ in self._layers.values())
        total = sum(total for _, total in self._layers.values())
        if not total or time.monotonic() - self._told[0] < LINE_SECONDS:
            return
        text = f"{self._image}: {what} {100 * done // total} % ({done / 1e6:.0f} of {total / 1e6:.0f} MB)"
        if text != self._told[1]:
            self._told = (time.monotonic(), text)
            self._say(LogStream.PULL, text)


_KNOWN = (
    ("manifest unknown", "There is no image {image}: its repository has no such tag."),
    ("no matching manifest", "The image {image} is not made for this machine's kind of processor."),
    ("not found: ", "There is no image {image}."),
    ("name unknown", "There is no image {image}."),
    (
        "pull access denied",
        "There is no image {image}, or it is private and the runner is not logged in to its registry.",
    ),
    ("unauthorized", "The registry of {image} wants a login: run docker login for it as the runner's user."),
    ("no basic auth", "The registry of {image} wants a login: run docker login for it as the runner's user."),
    ("denied", "The registry of {image} denies access to it."),
    ("toomanyrequests", "The registry of {image} wants fewer requests; log in to it, or try later."),
    ("no space left", "The image {image} does not fit on the disk of the Docker engine."),
    ("connection refused", "The registry of {image} cannot be reached: it refuses connections."),
    ("no such host", "The registry of {image} cannot be reached: there is no such host."),
    ("server misbehaving", "The registry of {image} cannot be reached: its name cannot be resolved."),
    ("timeout", "The registry of {image} cannot be reached: it does not answer in time."),
    ("deadline exceeded", "The registry of {image} cannot be reached: it does not answer in time."),
    ("certificate", "The registry of {image} is not trusted: its certificate is not valid here."),
)


_GONE = (
    "There is no image {image} (any more): neither its registry nor this runner's Docker has exactly this content. Run "
    "the command with the image's name instead, and see what differs."
)


def sentence(image: str, said: str) -> str:
    """What the engine said about a failed pull, for the task's owner."""
    for part, text in _KNOWN:
        if part in said.lower():
            gone = "@" in image and text.startswith("There is no image {image}") and "private" not in text
            return (_GONE if gone else text).format(image=image)
    return f"The image {image} could not be pulled: {said.strip().rstrip('.')}."
