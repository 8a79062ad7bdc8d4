"""A hub with one project and one task whose course a test steers."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator
from urllib.parse import parse_qs, urlsplit

import msgspec

from jupyter_dotscience.api.logs import LogEntry, LogStream
from jupyter_dotscience.api.projects import ProjectList
from jupyter_dotscience.api.routes import PREFIX
from jupyter_dotscience.api.tasks import Task, TaskCreate, TaskList, TaskStatus
from tests.client import samples, script
from tests.client.script import Answer, Script, Seen


class TaskHub:
    """Answers as the contract says, from the state that the test sets.

    Attributes:
        created: What was asked for.
        stopped: Set when a stop arrives.
        away: While set, every request is cut.
    """

    def __init__(self, server: Script) -> None:
        self.url = server.url
        self.created: TaskCreate | None = None
        self.stopped = threading.Event()
        self.away = threading.Event()
        self.following = threading.Event()
        self.on_stop: Callable[[], None] = lambda: None
        self.task = samples.task(status=TaskStatus.QUEUED, message="Waiting for a runner to be free.")
        self.entries: list[LogEntry] = []
        self._cuts = 0
        self._changed = threading.Condition()
        server.respond = self._respond

    def log(self, stream: LogStream, data: bytes) -> None:
        """Add an entry."""
        with self._changed:
            self.entries.append(LogEntry(seq=len(self.entries), stream=stream, time=10**18, data=data))
            self._changed.notify_all()

    def out(self, data: bytes) -> None:
        """Add standard output."""
        self.log(LogStream.STDOUT, data)

    def become(self, status: TaskStatus, **fields: object) -> None:
        """Change the task's state."""
        with self._changed:
            self.task = msgspec.structs.replace(
                self.task, status=status, version=self.task.version + 1, **({"message": ""} | fields)
            )
            self._changed.notify_all()

    def cut(self) -> None:
        """Break all log streams that are open now."""
        with self._changed:
            self._cuts += 1
            self._changed.notify_all()

    def _respond(self, seen: Seen) -> Answer:
        if self.away.is_set():
            return Answer(0, cut=True)
        parts = urlsplit(seen.target)
        path, query = parts.path.removeprefix(PREFIX), {k: v[0] for k, v in parse_qs(parts.query).items()}
        if path == "/projects":
            return script.json(ProjectList(items=[samples.project()] if query["ref"] == "p" else []))
        if path == f"/projects/{samples.PROJECT_ID}/tasks":
            self.created = msgspec.json.decode(seen.body, type=TaskCreate)
            return script.json(self.task, 201)
        if path == "/tasks":
            return script.json(TaskList(items=[self.task]))
        return self._respond_task(path, query)

    def _respond_task(self, path: str, query: dict[str, str]) -> Answer:
        match = re.fullmatch(f"/tasks/{samples.TASK_ID}(/stop|/logs)?", path)
        assert match, path
        if match[1] == "/stop":
            self.stopped.set()
            self.become(self.task.status, stop_requested=True)
            self.on_stop()
            return script.json(self.task)
        if match[1] == "/logs":
            with self._changed:
                cuts = self._cuts
            chunks = self._lines(int(query["after"]), cuts, all_of_it=query["all"] == "true")
            answer = Answer(chunks=chunks, headers={"Content-Type": "application/x-ndjson"})
            self._lazily_cut(answer, cuts)
            return answer
        return script.json(self._wait(query))

    def _lazily_cut(self, answer: Answer, cuts: int) -> None:
        inner = answer.chunks
        assert inner is not None

        def chunks() -> Iterator[bytes]:
            yield from inner
            answer.cut = self._cuts != cuts

        answer.chunks = chunks()

    def _wait(self, query: dict[str, str]) -> Task:
        with self._changed:
            after, wait = int(query.get("after", -1)), float(query.get("wait", 0))
            self._changed.wait_for(lambda: self.task.version > after, wait)
            return self.task

    def _lines(self, after: int, cuts: int, *, all_of_it: bool) -> Iterator[bytes]:
        self.following.set()
        yield b"\n"
        position = after + 1
        while True:
            with self._changed:
                while len(self.entries) == position and not self.task.status.terminal and self._cuts == cuts:
                    self._changed.wait(30)
                if self._cuts != cuts:
                    return
                found = self.entries[position:]
                ended = self.task.status.terminal
            position += len(found)
            for entry in found:
                if all_of_it or entry.stream.workload:
                    yield msgspec.json.encode(entry) + b"\n"
            if ended and not found:
                return
