"""Images come from registries, with progress, and what goes wrong is a sentence."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from docker.errors import ImageNotFound
from dotscience_runner.backends.base import BackendError
from dotscience_runner.backends.docker import pull
from dotscience_runner.backends.docker.engine import Engine
from dotscience_runner.backends.docker.pull import Progress, digest_of, sentence

from jupyter_dotscience.api.logs import LogStream
from tests.services.docker_engine import DockerEngine
from tests.services.process import free_port

from .conftest import Runner
from .registry import Registry, registry

pytestmark = pytest.mark.docker


@pytest.fixture(scope="module")
def images(docker_engine: DockerEngine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Registry]:
    with registry(tmp_path_factory.mktemp("registry")) as running:
        yield running


@pytest.fixture
def engine(docker_engine: DockerEngine) -> Iterator[Engine]:
    connected = Engine(docker_engine.url)
    yield connected
    connected.close()


@pytest.fixture
def said() -> list[str]:
    return []


def test_an_image_is_pulled_with_progress_and_its_digest(
    runner: Runner, images: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The digest is the registry's, and a second time nothing is pulled."""
    monkeypatch.setattr(pull, "LINE_SECONDS", 0)
    client = runner.engine.client
    name, digest = images.push(client, "progress")
    lines: list[tuple[LogStream, str]] = []
    try:
        spec = runner.spec("print()", image=name)
        prepared = runner.backend.prepare(spec, lambda stream, text: lines.append((stream, text)), lambda: False)
        assert prepared.image_digest == digest
        assert {stream for stream, _ in lines} == {LogStream.PULL}
        assert any("downloading" in text and "%" in text for _, text in lines)
        assert lines[-1][1].endswith(f"digest {digest}")
        lines.clear()
        assert runner.backend.prepare(spec, lambda *line: lines.append(line), lambda: False) == prepared
        assert lines == []
        by_digest = name.rpartition(":")[0] + "@" + digest
        again = runner.spec("print()", image=by_digest)
        assert runner.backend.prepare(again, lambda *_: None, lambda: False).image_digest == digest
    finally:
        client.images.remove(name, force=True)


def test_a_local_image_needs_no_registry(runner: Runner) -> None:
    """Its id takes the place of the digest that it does not have."""
    identity = runner.engine.client.images.get(runner.engine.image).id
    assert runner.backend.prepare(runner.spec("x"), lambda *_: None, lambda: False).image_digest == identity


def test_a_local_image_is_had_again_by_its_id(runner: Runner) -> None:
    """With any name before it, as a run that is repeated asks for it; its digest is the same."""
    identity = runner.engine.client.images.get(runner.engine.image).id
    again = runner.spec("x", image=f"localhost:1/never/pushed@{identity}")
    assert runner.backend.prepare(again, lambda *_: None, lambda: False).image_digest == identity


def test_an_image_whose_content_is_gone(engine: Engine, images: Registry) -> None:
    """A digest that neither the registry nor the engine has is said to be gone, with what to do instead."""
    gone = f"{images.host}/gone@sha256:" + "0" * 64
    with pytest.raises(BackendError, match=r"\(any more\).*see what differs"):
        pull.get(engine, gone, lambda *_: None, lambda: False)


def test_no_such_image(engine: Engine, images: Registry, said: list[str]) -> None:
    """A tag or a repository that the registry does not have."""
    for name in (f"{images.host}/no-such-repository", f"{images.host}/no-such-repository:7"):
        with pytest.raises(BackendError, match=f"There is no image {name}"):
            pull.get(engine, name, lambda _, text: said.append(text), lambda: False)
    assert said


def test_a_registry_that_is_not_there(engine: Engine) -> None:
    """Nobody listens."""
    name = f"127.0.0.1:{free_port()}/x"
    with pytest.raises(BackendError, match="cannot be reached"):
        pull.get(engine, name, lambda *_: None, lambda: False)


def test_a_registry_that_wants_a_login(engine: Engine, tmp_path: Path) -> None:
    """The sentence says how to log in."""
    with registry(tmp_path, closed=True) as closed, pytest.raises(BackendError, match="docker login"):
        pull.get(engine, f"{closed.host}/private:1", lambda *_: None, lambda: False)


def test_a_name_that_is_none(engine: Engine) -> None:
    """It is refused before anybody is asked."""
    with pytest.raises(BackendError, match="Some/Name"):
        pull.get(engine, "Some/Name", lambda *_: None, lambda: False)


def test_a_stalled_pull_can_be_cancelled(engine: Engine) -> None:
    """A registry that accepts and never answers does not hold the task for ever."""
    with socket.create_server(("127.0.0.1", 0)) as stalled, contextlib.ExitStack() as held:
        accepted = threading.Event()

        def accept() -> None:
            with contextlib.suppress(OSError):
                while True:
                    held.enter_context(stalled.accept()[0])
                    accepted.set()

        thread = threading.Thread(target=accept)
        thread.start()
        name = f"127.0.0.1:{stalled.getsockname()[1]}/x:1"
        with pytest.raises(BackendError, match=r"given up: stopped|cannot be reached"):
            pull.get(engine, name, lambda *_: None, accepted.is_set)
        stalled.shutdown(socket.SHUT_RDWR)
        thread.join()
    with pytest.raises(ImageNotFound):
        engine.api.inspect_image(name)


def test_progress_is_one_number_for_all_layers(monkeypatch: pytest.MonkeyPatch, said: list[str]) -> None:
    """Bytes of all layers together; finished ones count as whole, and nothing is said twice."""
    monkeypatch.setattr(pull, "LINE_SECONDS", 0)
    progress = Progress("img", lambda _, text: said.append(text))
    progress.add({"status": "Pulling from library/img", "id": "latest"})
    for layer, done in (("a", 5_000_000), ("b", 0), ("a", 10_000_000), ("a", 10_000_000)):
        detail = {"current": done, "total": 10_000_000}
        progress.add({"id": layer, "status": "Downloading", "progressDetail": detail})
    progress.add({"id": "b", "status": "Download complete"})
    progress.add({"id": "a", "status": "Extracting", "progressDetail": {"current": 1, "total": 2}})
    assert said == [
        "img: downloading 50 % (5 of 10 MB)",
        "img: downloading 25 % (5 of 20 MB)",
        "img: downloading 50 % (10 of 20 MB)",
        "img: downloading 100 % (20 of 20 MB)",
        "img: extracting 100 % (20 of 20 MB)",
    ]


def test_progress_is_not_told_more_often_than_people_read(said: list[str]) -> None:
    """Ten thousand reports in a moment are one line."""
    progress = Progress("img", lambda _, text: said.append(text))
    begin = time.monotonic()
    for done in range(10_000):
        progress.add({"id": "a", "status": "Downloading", "progressDetail": {"current": done, "total": 10_000}})
    assert len(said) <= 1 + (time.monotonic() - begin) / pull.LINE_SECONDS


@pytest.mark.parametrize(
    ("engine_said", "told"),
    [
        ("manifest for x:1 not found: manifest unknown: manifest unknown", "There is no image x:1"),
        ("pull access denied for x, repository does not exist or may require 'docker login'", "is private"),
        ("Get https://r/v2/: dial tcp: lookup r: no such host", "there is no such host"),
        ("toomanyrequests: You have reached your pull rate limit.", "fewer requests"),
        ("write /var/lib/docker/tmp/x: no space left on device", "does not fit on the disk"),
        ("no matching manifest for linux/amd64 in the manifest list entries", "kind of processor"),
        ("something else.", "x:1 could not be pulled: something else."),
    ],
)
def test_errors_are_sentences(engine_said: str, told: str) -> None:
    """In the words of a task's owner."""
    assert told in sentence("x:1", engine_said)


@pytest.mark.parametrize(
    ("digests", "digest"),
    [
        (["other@sha256:o", "python@sha256:p"], "sha256:p"),
        (["docker.io/library/python@sha256:p"], "sha256:p"),
        (["other@sha256:o"], "sha256:o"),
        ([], "sha256:id"),
    ],
)
def test_the_digest_is_that_of_the_repository_asked_for(digests: list[str], digest: str) -> None:
    """An image may be in several."""
    assert digest_of({"RepoDigests": digests, "Id": "sha256:id"}, "python:3") == digest
