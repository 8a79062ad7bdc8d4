"""10,000 queued tasks and 200 runners that poll: how long a claim takes, and whether a task is ever given twice.

First each runner is busy with a task for a while, as runners are; then all claim as fast as they get answers, which
shows how many claims a second the hub can serve. The runners are coroutines of this process.
"""

from __future__ import annotations

import asyncio
import json
import random
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from jupyter_dotscience.api import protocol
from jupyter_dotscience.api.routes import PREFIX
from jupyter_dotscience.api.runners import RunnerCreate
from jupyter_dotscience.api.tasks import CommandWorkload, TaskCreate

from . import clock, hubs
from .rows import Figure, Options, Row, percentile

TASKS, RUNNERS = 10_000, 200
BUSY = 5.0
"""Seconds that a task lasts on the average: 40 claims a second, by 200 runners."""
STEADY, DRAIN = 30.0, 20.0
"""Seconds of the two phases."""
IDLE = 2.0
"""Seconds after which a connection is not used again: the proxy closes those that are idle for five."""


def run(options: Options) -> list[Row]:
    """Queue, then claim."""
    tasks, runners = options.scaled(TASKS), options.scaled(RUNNERS)
    with hubs.start(options, "--no-runner") as hub:
        project = hub.project()
        body = TaskCreate(workload=CommandWorkload(command=["true"]))
        with ThreadPoolExecutor(4) as pool:
            queued = clock.seconds(
                lambda: list(pool.map(lambda _: hub.client.create_task(body, project=project), range(tasks)))
            )
            tokens = list(pool.map(lambda _: hub.client.create_runner(RunnerCreate(shared=True)).token, range(runners)))
        fleet = asyncio.run(_play(hub.url, tokens, 5.0 if options.quick else STEADY))
    return _rows(tasks, runners, tasks / queued, fleet)


def _rows(tasks: int, runners: int, queued: float, fleet: Fleet) -> list[Row]:
    everything = [claim.task for claim in fleet.claims]
    twice = Figure.one(len(everything) - len(set(everything)), len(everything))
    steady = [claim.seconds * 1e3 for claim in fleet.claims if claim.steady]
    rush = [claim.seconds * 1e3 for claim in fleet.claims if not claim.steady]
    p99 = percentile(steady, 0.99)
    rate = Figure.one(len(rush) / fleet.rush_seconds, len(rush))
    answered = "of all answered claims; the queue was not emptied"
    calm = f"{runners} runners, {tasks:,} queued, a task lasts {BUSY:.0f} s; through the proxy"
    return [
        Row("claim of a task, p99", p99, "ms", calm, None, "", "100 ms", p99.value < 100),
        Row("  median", Figure.of(steady), "ms", f"{len(steady) / fleet.steady_seconds:.0f} claims/s"),
        Row("  all at once, p99", percentile(rush, 0.99), "ms", "each runner claims again when it has finished"),
        Row("  all at once, rate", rate, "tasks/s", "claimed and finished"),
        Row("tasks given twice", twice, "", answered, None, "", "none", not twice.value),
        Row("tasks queued", Figure.one(queued, tasks), "tasks/s", "4 threads, one request each"),
    ]  # fmt: skip


@dataclass(frozen=True)
class Given:
    """A claim that was answered with a task."""

    task: str
    seconds: float
    steady: bool


@dataclass
class Fleet:
    """What all runners have seen."""

    claims: list[Given] = field(default_factory=list)
    steady: bool = True
    stopping: bool = False
    steady_seconds: float = 0
    rush_seconds: float = 0


async def _play(url: str, tokens: list[str], steady: float) -> Fleet:
    fleet = Fleet()
    at_work = [asyncio.create_task(_work(fleet, Line(url, token))) for token in tokens]
    begin = time.perf_counter()
    await asyncio.sleep(BUSY)  # they start spread over the time of one task; from then on it is steady
    await asyncio.sleep(steady)
    fleet.steady, fleet.steady_seconds = False, time.perf_counter() - begin
    begin = time.perf_counter()
    await asyncio.wait(at_work, timeout=DRAIN)
    fleet.stopping, fleet.rush_seconds = True, time.perf_counter() - begin
    await asyncio.gather(*at_work)
    return fleet


async def _work(fleet: Fleet, line: Line) -> None:
    """One runner, until the queue is empty or the time is over."""
    hello = {"protocol": protocol.PROTOCOL, "version": "bench", "backend": "dummy", "isolation": "none"}
    await line.post("hello", hello)
    await asyncio.sleep(random.uniform(0, BUSY))
    while not fleet.stopping:
        steady, begin = fleet.steady, time.perf_counter()
        given = (await line.post("claim", {"wait": 5}))["assignment"]
        if given is None:
            return
        fleet.claims.append(Given(given["task"], time.perf_counter() - begin, steady))
        if steady:
            await asyncio.sleep(random.uniform(0.5, 1.5) * BUSY)
        finish = {"fence": given["fence"], "outcome": "exited", "exit_code": 0, "execution": {}}
        await line.post(f"tasks/{given['task']}/finish", finish)


class Line:
    """A kept connection to the hub: the least of HTTP/1.1 that serves, so that the clients do not cost more than it."""

    def __init__(self, url: str, token: str) -> None:
        self._address = urlsplit(url)
        self._token = token
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None
        self._used = 0.0

    async def _connection(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        if self._streams is not None and time.monotonic() - self._used > IDLE:
            self._streams[1].close()
            self._streams = None
        if self._streams is None:
            self._streams = await asyncio.open_connection(self._address.hostname, self._address.port)
        return self._streams

    async def post(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """One request.

        Raises:
            RuntimeError: It was not answered with success.
        """
        reader, writer = await self._connection()
        content = json.dumps(body).encode()
        head = (
            f"POST {PREFIX}/runner/{path} HTTP/1.1\r\nHost: {self._address.netloc}\r\n"
            "Content-Type: application/json\r\n"
            f"Authorization: Bearer {self._token}\r\nContent-Length: {len(content)}\r\n\r\n"
        )
        writer.write(head.encode() + content)
        status, *lines = (await reader.readuntil(b"\r\n\r\n")).decode().lower().split("\r\n")
        headers = dict(line.split(": ", 1) for line in lines if line)
        answer = await reader.readexactly(int(headers["content-length"]))
        if headers.get("connection") == "close":
            writer.close()
            self._streams = None
        self._used = time.monotonic()
        if status.split()[1] != "200":
            raise RuntimeError(f"{path}: {status} {answer[:300]!r}")
        return dict(json.loads(answer))
