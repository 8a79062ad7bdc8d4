"""A gigabyte to and from a JupyterLab on a runner, through proxy, gateway and tunnel, in little memory."""

from __future__ import annotations

import base64
import hashlib
import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from urllib3 import BaseHTTPResponse

from tests.hubprocess import RunningHub, hub, require_proxy
from tests.system.jupyter import SECONDS, JupyterServer
from tests.system.lab import Lab, processes

pytest.importorskip("jupyterlab")
pytestmark = [pytest.mark.thorough, pytest.mark.timeout(1500)]
MEBIBYTE = 1 << 20
PIECES = 1024
"""Of a mebibyte each, as JupyterLab's page cuts what it uploads."""
MOST = 200 * MEBIBYTE
"""Bytes by which neither process may have grown at any moment."""


@dataclass
class Parts:
    """The two processes through which all bytes go."""

    gateway: int
    agent: int

    @classmethod
    def of(cls, lab: Lab) -> Parts:
        """Those of this hub and this runner."""
        found = processes("gateway", str(lab.hub.data_dir))
        [gateway] = [
            pid for pid in found if "keep" not in Path(f"/proc/{pid}/cmdline").read_bytes().decode().split("\0")
        ]
        agent = lab.agents[0].process
        assert agent is not None
        return cls(gateway, agent.pid)

    def memory(self, what: str) -> tuple[int, int]:
        """Bytes of the gateway and of the agent: ``VmRSS`` now, ``VmHWM`` the most there ever were."""
        return _memory(self.gateway, what), _memory(self.agent, what)


def _memory(pid: int, what: str) -> int:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(f"{what}:"))


@pytest.fixture(scope="module")
def own_hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningHub]:
    """A hub of its own, so that its gateway carries nothing else."""
    require_proxy()
    with hub(tmp_path_factory.mktemp("hub") / "data", "--no-runner") as running:
        yield running


@pytest.fixture(scope="module")
def lab(own_hub: RunningHub, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """A user with a project and a runner."""
    with Lab.at_work(own_hub, tmp_path_factory.mktemp("lab")) as found:
        yield found


@pytest.fixture(scope="module")
def server(lab: Lab) -> Iterator[JupyterServer]:
    """Their JupyterLab."""
    started = JupyterServer.start(lab.client, lab.token, lab.project)
    yield started
    started.execute("import os; os.path.exists('large.bin') and os.remove('large.bin')")
    started.stop()


def piece(number: int) -> bytes:
    """One of the pieces that make the file; each is another, and none can be compressed."""
    return random.Random(number).randbytes(MEBIBYTE)


def digest() -> str:
    """SHA-256 of the whole."""
    found = hashlib.sha256()
    for number in range(PIECES):
        found.update(piece(number))
    return found.hexdigest()


def upload(server: JupyterServer) -> None:
    """Send the file as JupyterLab's page does: pieces in base64, one after the other."""
    for number in range(1, PIECES + 1):
        content = base64.b64encode(piece(number - 1)).decode()
        model = {"type": "file", "format": "base64", "content": content, "name": "large.bin", "path": "large.bin"}
        model["chunk"] = -1 if number == PIECES else number  # type: ignore[assignment]
        answer = server.request("PUT", "api/contents/large.bin", model)
        assert answer.status in (200, 201), answer.body[:1000]


def begin_download(server: JupyterServer, lab: Lab) -> BaseHTTPResponse:
    """The answer to a request for the file, of which nothing is read yet."""
    answer = lab.client.pool.request(
        "GET", f"{lab.client.url}{server.path}files/large.bin", headers=dict(lab.client.credentials),
        preload_content=False, redirect=False, retries=False, timeout=SECONDS,
    )  # fmt: skip
    assert (answer.status, answer.headers["Content-Length"]) == (200, str(PIECES * MEBIBYTE))
    return answer


def test_a_gigabyte_comes_and_goes(server: JupyterServer, lab: Lab) -> None:
    """Byte for byte both ways; what is on the way is never in the memory of gateway or agent."""
    assert server.answers()
    parts = Parts.of(lab)
    before = parts.memory("VmRSS")
    upload(server)
    program = "import hashlib; print(hashlib.file_digest(open('large.bin', 'rb'), 'sha256').hexdigest())"
    assert server.execute(program).strip() == digest()
    received = hashlib.sha256()
    answer = begin_download(server, lab)
    for data in answer.stream(MEBIBYTE):
        received.update(data)
    assert received.hexdigest() == digest()
    grown = [most - was for most, was in zip(parts.memory("VmHWM"), before, strict=True)]
    assert max(grown) < MOST, f"gateway and agent grew by {grown} bytes"


def test_a_reader_that_stops_holds_up_nobody(server: JupyterServer, lab: Lab) -> None:
    """While a browser reads nothing of a gigabyte, it is held back at its source, all else works, and then goes on."""
    parts = Parts.of(lab)
    before = parts.memory("VmRSS")
    answers = [begin_download(server, lab) for _ in range(3)]
    received = [hashlib.sha256(answer.read(MEBIBYTE)) for answer in answers]
    for number in range(50):
        assert server.execute(f"print({number})") == f"{number}\n"
        assert server.answers()
    grown = [now - was for now, was in zip(parts.memory("VmRSS"), before, strict=True)]
    assert max(grown) < MOST, f"gateway and agent grew by {grown} bytes"
    for data in answers[0].stream(MEBIBYTE):
        received[0].update(data)
    assert received[0].hexdigest() == digest()
    for answer in answers[1:]:
        answer.close()
    assert server.answers()
