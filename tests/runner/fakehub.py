"""A hub that speaks the runner's part of the contract, at the HTTP seam, and does what a test tells it to.

It keeps the rules that the agent relies on: fenced leases, log entries by number, points by index, one outcome a task.
"""

from __future__ import annotations

import hashlib
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import msgspec

from jupyter_dotscience.api import account, commits, logs, protocol, resources, runs, secrets, tasks
from jupyter_dotscience.api.ids import new_id
from jupyter_dotscience.api.problems import (
    ApiError,
    BadRequest,
    LeaseLost,
    NotFound,
    NotLoggedIn,
    TooEarly,
)
from jupyter_dotscience.api.routes import PREFIX, ROUTES, Raw
from tests.runner.gitsite import serve_git

TOKEN = "runner-token"
CONTENTS = {"find_missing", "put_pack", "put_object", "get_dataset_object"}
ANSWERED = CONTENTS | {
    "get_version", "hello", "claim", "sync", "report", "append_logs", "append_task_points", "finish",
    "get_task_secrets", "append_resources",
}  # fmt: skip


class FakeTask:
    """What the hub knows of one task."""

    def __init__(self, assignment: protocol.Assignment) -> None:
        self.assignment = assignment
        self.fence = assignment.fence
        self.claimed = False
        self.stop = False
        self.entries: list[logs.LogEntry] = []
        self.reports: list[protocol.Report] = []
        self.points: dict[str, list[runs.PointRow]] = {}
        self.samples: list[resources.ResourceSample] = []
        self.step = resources.FIRST_STEP
        self.finishes: list[protocol.Finish] = []
        self.beats = 0

    def text(self, stream: str) -> bytes:
        return b"".join(entry.data for entry in self.entries if entry.stream == stream)

    @property
    def statuses(self) -> list[str]:
        """In their order; progress repeats one."""
        return list(dict.fromkeys(str(report.status) for report in self.reports))

    @property
    def finish(self) -> protocol.Finish:
        assert len({msgspec.json.encode(finish) for finish in self.finishes}) == 1, "an outcome differs from the first"
        return self.finishes[0]


class FakeHub:
    """State, and an HTTP server in front of it that can be away."""

    def __init__(self) -> None:
        self.lock = threading.Condition()
        self.tasks: dict[str, FakeTask] = {}
        self.objects: dict[str, bytes] = {}
        self.hellos: list[protocol.Hello] = []
        self.secrets: list[secrets.TaskSecret] = []
        self.known = True
        self.requests = 0
        self.before: Callable[[str, Any], None] | None = None
        """Called with the route's name and the body before it is handled; may raise an ApiError."""
        self.storage = 10
        self.downloads: list[str] = []
        self.git: Path | None = None
        """A folder of repositories, which are served."""
        self._server: _Server | None = None
        self._port = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    def start(self) -> None:
        self._server = _Server(("127.0.0.1", self._port), self)
        self._port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def go_away(self) -> None:
        """Close the port and every connection, as a killed process would."""
        assert self._server is not None
        self._server.shutdown()
        self._server.server_close()
        self._server.cut()
        with self.lock:
            self.lock.notify_all()
        self._server = None

    def add(self, command: list[str], *, environment: dict[str, str] | None = None, **rest: Any) -> FakeTask:
        """Queue a task that starts from an empty workspace."""
        assignment = protocol.Assignment(
            task=new_id(),
            project=rest.pop("project", None) or new_id(),
            fence=1,
            attempt=1,
            workload=tasks.CommandWorkload(
                command=command, environment=environment or {}, repository=rest.pop("repository", None)
            ),
            resources=rest.pop("resources", tasks.Resources()),
            commit=rest.pop("commit", None),
            task_token="task-token",
            git_path=rest.pop("git_path", "/git/p.git"),
            large_file_threshold=rest.pop("threshold", 10_000_000),
            author="ada",
            project_name="p",
            datasets=rest.pop("datasets", []),
            logs_next=rest.pop("logs_next", 0),
        )
        task = FakeTask(assignment)
        with self.lock:
            self.tasks[assignment.task] = task
            self.lock.notify_all()
        return task

    def give_away(self, task: FakeTask) -> None:
        """The lease has expired, and another runner has the task."""
        with self.lock:
            task.fence += 1
            self.lock.notify_all()

    def ask_stop(self, task: FakeTask) -> None:
        with self.lock:
            task.stop = True
            self.lock.notify_all()

    def wait_for(self, condition: Callable[[], Any], what: str, seconds: float = 60) -> None:
        with self.lock:
            assert self.lock.wait_for(lambda: bool(condition()), seconds), f"timed out waiting for {what}"

    # The routes. Each is called with the lock held.

    def _held(self, task: str, fence: int) -> FakeTask:
        known = self.tasks.get(task)
        if known is None:
            raise NotFound("There is no such task.")
        if known.fence != fence:
            raise LeaseLost("The task was given to another runner.")
        return known

    def get_version(self) -> account.VersionInfo:
        return account.VersionInfo(version="0", api=1, protocol=1)

    def hello(self, body: protocol.Hello) -> protocol.Welcome:
        self.hellos.append(body)
        for task in self.tasks.values():
            if task.claimed and not (task.beats or task.reports or task.entries):
                # The agent died before it could note that it has the task: the lease expires, here at once.
                task.fence += 1
                task.assignment = msgspec.structs.replace(task.assignment, fence=task.fence)
                task.claimed = False
        return protocol.Welcome(runner=new_id(), name="r", lease_seconds=30, heartbeat_seconds=1, storage=self.storage)

    def claim(self, body: protocol.Claim) -> protocol.Claimed:
        def free() -> FakeTask | None:
            return next((t for t in self.tasks.values() if not t.claimed), None)

        self.lock.wait_for(lambda: free() or self._server is None, min(body.wait, 0.5))
        task = free()
        if task is None:
            return protocol.Claimed(assignment=None)
        task.claimed = True
        return protocol.Claimed(assignment=task.assignment)

    def sync(self, body: protocol.Sync) -> protocol.Synced:
        def states() -> list[protocol.Lease]:
            return [protocol.Lease(task=h.task, fence=h.fence, state=self._state(h)) for h in body.leases]

        for held in body.leases:
            if held.task in self.tasks:
                self.tasks[held.task].beats += 1
        self.lock.wait_for(lambda: any(s.state != "held" for s in states()) or self._server is None, body.wait)
        return protocol.Synced(leases=states())

    def _state(self, held: protocol.Held) -> protocol.LeaseState:
        task = self.tasks.get(held.task)
        if task is None or task.fence != held.fence:
            return protocol.LeaseState.LOST
        return protocol.LeaseState.STOP if task.stop else protocol.LeaseState.HELD

    def report(self, body: protocol.Report, task: str) -> protocol.Lease:
        known = self._held(task, body.fence)
        known.reports.append(body)
        held = protocol.Held(task=task, fence=body.fence)
        return protocol.Lease(task=task, fence=body.fence, state=self._state(held))

    def append_logs(self, body: logs.LogAppend, task: str) -> logs.LogAck:
        known = self._held(task, body.fence)
        for entry in body.entries:
            if entry.seq > len(known.entries):
                raise TooEarly("There is a gap.", detail={"next": len(known.entries)})
            if entry.seq == len(known.entries):
                known.entries.append(entry)
            else:
                assert known.entries[entry.seq] == entry, "a number was given twice"
        return logs.LogAck(next=len(known.entries))

    def append_task_points(self, body: protocol.TaskPoints, task: str) -> runs.PointsAck:
        rows = self._held(task, body.fence).points.setdefault(body.run, [])
        if body.first > len(rows):
            raise TooEarly("There is a gap.", detail={"next": len(rows)})
        rows.extend(body.points[len(rows) - body.first :])
        return runs.PointsAck(next=len(rows))

    def append_resources(self, body: resources.ResourcesAppend, task: str) -> resources.ResourcesAck:
        known = self._held(task, body.fence)
        last = known.samples[-1].time if known.samples else -1
        known.samples += [sample for sample in body.samples if sample.time > last]
        return resources.ResourcesAck(step=max(known.step, body.step))

    def get_task_secrets(self, body: protocol.SecretsQuery, task: str) -> secrets.TaskSecrets:
        self._held(task, body.fence)
        return secrets.TaskSecrets(items=self.secrets)

    def finish_(self, body: protocol.Finish, task: str) -> protocol.Finished:
        known = self._held(task, body.fence)
        known.finishes.append(body)
        return protocol.Finished(
            status=tasks.TaskStatus.SUCCEEDED, commit=None, merge=tasks.MergeState.NONE, conflicts=[]
        )

    def find_missing(self, body: commits.MissingQuery, project: str) -> commits.Missing:
        lacking = [ref.sha256 for ref in body.objects if ref.sha256 not in self.objects]
        return commits.Missing(blobs=body.blobs, objects=lacking)

    def put_pack(self, body: bytes, project: str) -> commits.PackResult:
        return commits.PackResult(objects=int.from_bytes(body[8:12], "big"))

    def get_dataset_object(self, dataset: str, sha256: str) -> bytes:
        self.downloads.append(sha256)
        if sha256 not in self.objects:
            raise NotFound("There is no such object.")
        return self.objects[sha256]

    def put_object(self, body: bytes, project: str, sha256: str) -> None:
        if hashlib.sha256(body).hexdigest() != sha256:
            raise BadRequest("That is another content.")
        self.objects[sha256] = body


@contextmanager
def fake_hub() -> Iterator[FakeHub]:
    hub = FakeHub()
    hub.start()
    try:
        yield hub
    finally:
        if hub._server is not None:
            hub.go_away()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    allow_reuse_address = True
    block_on_close = False

    def __init__(self, address: tuple[str, int], hub: FakeHub) -> None:
        self.hub = hub
        self._connections: set[socket.socket] = set()
        super().__init__(address, _Handler)

    def process_request(self, request: Any, client_address: Any) -> None:
        self._connections.add(request)
        super().process_request(request, client_address)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A connection that breaks is what some tests are about."""

    def shutdown_request(self, request: Any) -> None:
        self._connections.discard(request)
        super().shutdown_request(request)

    def cut(self) -> None:
        for connection in list(self._connections):
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def log_message(self, *_: Any) -> None:
        pass

    def _serve(self) -> None:
        if self.path.startswith("/git/") and self.server.hub.git is not None:
            if self.server.hub.before is not None:
                self.server.hub.before("git", None)
            serve_git(self, self.server.hub.git, "/git")
            return
        body = self._read()
        try:
            status, answer = self._answer(body)
        except ApiError as error:
            status, answer = error.status, error.problem
        data = b"" if answer is None else answer if isinstance(answer, bytes) else msgspec.json.encode(answer)
        first = int(self.headers.get("Range", "bytes=0-").removeprefix("bytes=").removesuffix("-"))
        if isinstance(answer, bytes) and first:
            status, data = 206, data[first:]
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        if status == 206:
            self.send_header("Content-Range", f"bytes {first}-{first + len(data) - 1}/{first + len(data)}")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    do_GET = do_POST = do_PUT = _serve  # noqa: N815 - the names of http.server

    def _read(self) -> bytes:
        return self.rfile.read(int(self.headers.get("Content-Length", "0")))

    def _answer(self, body: bytes) -> tuple[int, Any]:
        hub = self.server.hub
        hub.requests += 1
        name, parameters, request = _find(self.command, self.path)
        expected = "task-token" if name in CONTENTS else TOKEN
        wrong = name != "get_version" and self.headers.get("Authorization") != f"Bearer {expected}"
        if wrong or not hub.known:
            raise NotLoggedIn("The token is not known.")
        arguments = [] if request is None else [_decode(body, request)]
        if hub.before is not None:
            hub.before(name, arguments[0] if arguments else None)
        with hub.lock:
            answer = getattr(hub, "finish_" if name == "finish" else name)(*arguments, **parameters)
            hub.lock.notify_all()
        return (200 if answer is not None else 204), answer


def _find(method: str, path: str) -> tuple[str, dict[str, str], Any]:
    parts = path.partition("?")[0].removeprefix(PREFIX).split("/")
    for route in ROUTES:
        pattern = route.path.split("/")
        if route.name in ANSWERED and route.method == method and len(pattern) == len(parts):
            pairs = list(zip(pattern, parts, strict=True))
            if all(p == q or p.startswith("{") for p, q in pairs):
                return route.name, {p[1:-1]: q for p, q in pairs if p.startswith("{")}, route.request
    raise NotFound(f"The fake hub has no {method} {path}.")


def _decode(body: bytes, request: Any) -> Any:
    if isinstance(request, Raw):
        return body
    try:
        return msgspec.json.decode(body, type=request)
    except msgspec.ValidationError as error:
        raise BadRequest(str(error)) from None
