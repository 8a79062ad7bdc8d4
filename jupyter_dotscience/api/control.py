"""What a JupyterLab's server extension and the agent of its runner say to each other.

The agent listens on a unix socket named :data:`SOCKET` in a *control folder* that is mounted, read-only, into the
workload's container; :data:`FOLDER_VARIABLE` says where. So the image needs neither git nor a way to the hub. One
connection carries one order and its reply:

- the order is one line of JSON, at most :data:`MAX_ORDER` bytes: one of :data:`Order`, told apart by ``order``;
- the reply is one line of JSON, a :class:`Reply`, at most :data:`MAX_REPLY` bytes; when ``size`` is not 0, that many
  bytes of content follow.

Whoever is in the container can connect and send anything. Nothing that is sent names a path of the machine, a project
or a lease: an order is about the workspace of the task that the socket belongs to, and nothing else.
"""

from __future__ import annotations

import contextlib
import enum
import os
import socket
from collections.abc import Iterator
from pathlib import Path as FilePath
from typing import IO, Annotated, cast

import msgspec
from msgspec import Meta

from ._base import Model, Path, Request, Sha1, Time
from .commits import CommitList, Revision
from .problems import ApiError, BadRequest, DotscienceError, Problem, TooLarge, Unreachable, from_problem
from .runs import Points, Run, RunId, RunList, RunReport

FOLDER_VARIABLE = "DOTSCIENCE_CONTROL"
"""Environment variable of the workload: where the control folder is mounted."""
CONTROL_AT = "/dotscience/control"
"""Where it is mounted in a container."""
SOCKET = "agent.sock"
MAX_ORDER = 32 << 20
MAX_REPLY = 32 << 20
MAX_FILE = 64 << 20
"""Bytes of a file's old version that are handed out in one piece."""
SHOWN_FILES = 200
"""Paths in a list of changed files; the number beside it says how many more there are."""
TOLD_FILES = 10_000
"""Paths that an answer names where a program, not a person, needs to know them."""


class State(enum.StrEnum):
    """How a workspace stands to the hub."""

    SAVED = "saved"
    """Files have changed since the last version; the next one is about to be made."""
    COMMITTING = "committing"
    PUSHED = "pushed"
    """All there is, is on the hub's main branch."""
    OFFLINE = "offline"
    """Versions wait on this disk until the hub is back."""
    CONFLICT = "conflict"
    """All there is, is on the hub, on a branch of its own: main has other changes of the same files."""
    ERROR = "error"
    """The last version could not be made; the message says why."""


class ChangeKind(enum.StrEnum):
    """What happened to a file."""

    NEW = "new"
    CHANGED = "changed"
    DELETED = "deleted"


class FileChange(Model, frozen=True, kw_only=True):
    """A file that differs from the last version."""

    path: Path
    kind: ChangeKind


class Standing(Model, frozen=True, kw_only=True):
    """How a workspace stands to the hub now."""

    state: State
    message: Annotated[str, Meta(description="One sentence for people; empty when there is nothing to say.")] = ""
    project: str = ""
    project_name: str = ""
    branch: Annotated[str, Meta(description="Where versions go.")] = "main"
    commit: Annotated[Sha1 | None, Meta(description="The newest version that the hub has of this workspace.")] = None
    committed: Annotated[Time | None, Meta(description="When the newest version was made.")] = None
    queued: Annotated[int, Meta(description="Versions that wait on this disk.")] = 0
    conflicts: Annotated[list[str], Meta(description="Paths that main has changed otherwise.")] = msgspec.field(
        default_factory=list
    )
    skipped: Annotated[list[str], Meta(description="Files that cannot be versioned, each with the reason.")] = (
        msgspec.field(default_factory=list)
    )


class Made(Model, frozen=True, kw_only=True):
    """What became of an order to make a version."""

    made: Annotated[bool, Meta(description="False when nothing had changed.")]
    standing: Standing
    files: Annotated[list[FileChange], Meta(description="What changed; at most SHOWN_FILES.")] = msgspec.field(
        default_factory=list
    )
    more_files: int = 0
    unfinished: Annotated[bool, Meta(description="Large files that are being written wait for a later version.")] = (
        False
    )


class Commit(Request, frozen=True, kw_only=True, tag_field="order", tag="commit"):
    """Make a version of the workspace as it is now. Answered by :class:`Made`."""

    message: Annotated[str, Meta(max_length=10_000, description="Empty: words about what changed.")] = ""
    runs: Annotated[list[RunReport], Meta(max_length=1000)] = msgspec.field(default_factory=list)
    keep: Annotated[
        list[Path],
        Meta(max_length=10_000, description="Conflicting paths of which this workspace's version shall stand."),
    ] = msgspec.field(default_factory=list)
    patient: Annotated[
        bool, Meta(description="Nobody asked for it: large files that are being written may wait, but for a run's.")
    ] = False


class Status(Request, frozen=True, kw_only=True, tag_field="order", tag="status"):
    """Ask how the workspace stands. Answered by :class:`Standing`."""


class History(Request, frozen=True, kw_only=True, tag_field="order", tag="history"):
    """Ask for versions, newest first. Answered by :class:`jupyter_dotscience.api.commits.CommitList`."""

    path: Path | None = None
    limit: Annotated[int, Meta(ge=1, le=200)] = 50
    cursor: Annotated[str, Meta(max_length=1000)] | None = None


class Known(Request, frozen=True, kw_only=True, tag_field="order", tag="known"):
    """Ask which of these runs the project has already. Answered by :class:`KnownRuns`."""

    runs: Annotated[list[RunId], Meta(max_length=1000)]


class KnownRuns(Model, frozen=True, kw_only=True):
    """Those of them that are recorded."""

    runs: list[str]


class ReadFile(Request, frozen=True, kw_only=True, tag_field="order", tag="file"):
    """Ask for a file as it was. Answered by its content, at most :data:`MAX_FILE` bytes."""

    path: Path
    at: Revision


class ListRuns(Request, frozen=True, kw_only=True, tag_field="order", tag="runs"):
    """Ask for the project's runs, newest first. Answered by :class:`jupyter_dotscience.api.runs.RunList`."""

    limit: Annotated[int, Meta(ge=1, le=200)] = 50
    cursor: Annotated[str, Meta(max_length=1000)] | None = None


class ReadRun(Request, frozen=True, kw_only=True, tag_field="order", tag="run"):
    """Ask for one run. Answered by :class:`jupyter_dotscience.api.runs.Run`."""

    run: RunId


class ReadPoints(Request, frozen=True, kw_only=True, tag_field="order", tag="points"):
    """Ask for the live curves of a run. Answered by :class:`jupyter_dotscience.api.runs.Points`."""

    run: RunId
    after: Annotated[int, Meta(description="Only rows with a greater index.")] = -1
    limit: Annotated[int, Meta(ge=1, le=100_000)] = 10_000


class Look(Request, frozen=True, kw_only=True, tag_field="order", tag="look"):
    """Ask what others have changed on main and this workspace has not. Answered by :class:`Incoming`."""


class Incoming(Model, frozen=True, kw_only=True):
    """What others have changed: where the newest version of main differs from this workspace's."""

    files: Annotated[list[FileChange], Meta(description="At most SHOWN_FILES.")] = msgspec.field(default_factory=list)
    more_files: int = 0


class TakeIn(Request, frozen=True, kw_only=True, tag_field="order", tag="take_in"):
    """Bring what others have changed into the workspace. Answered by :class:`Taken`.

    Nothing of this workspace's own is lost: it is on main before, and a file that changes meanwhile is left alone.
    """

    spared: Annotated[
        list[Path],
        Meta(max_length=10_000, description="Files with changes that no program has written yet: none may be touched."),
    ] = msgspec.field(default_factory=list)


class Taken(Model, frozen=True, kw_only=True):
    """What became of an order to take in."""

    done: Annotated[bool, Meta(description="False when something here is in no version yet: make one first.")]
    standing: Standing
    files: Annotated[list[FileChange], Meta(description="What was written; at most TOLD_FILES.")] = msgspec.field(
        default_factory=list
    )
    more_files: int = 0


Order = Commit | Status | History | Known | ReadFile | ListRuns | ReadRun | ReadPoints | Look | TakeIn
Result = Made | Standing | CommitList | KnownRuns | RunList | Run | Points | Incoming | Taken | bytes


class Reply(Model, frozen=True, kw_only=True):
    """The answer to an order: a value, a problem, or ``size`` bytes of content that follow."""

    value: msgspec.Raw = msgspec.Raw(b"null")
    problem: Problem | None = None
    size: int = 0


_ORDER = msgspec.json.Decoder(Order)
_REPLY = msgspec.json.Decoder(Reply)


def read_order(stream: IO[bytes]) -> Order:
    """The order that a connection brings.

    Raises:
        BadRequest: it is too long, cut off, or no order.
    """
    line = stream.readline(MAX_ORDER + 1)
    if not line.endswith(b"\n"):
        raise BadRequest("An order is one line of JSON of at most 32 MiB.", code="bad_order")
    try:
        order: Order = _ORDER.decode(line)
        return order
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BadRequest(f"The order cannot be read: {error}", code="bad_order") from None


def write_reply(stream: IO[bytes], result: Result | DotscienceError) -> None:
    """Answer an order, by its result or by what went wrong."""
    content = result if isinstance(result, bytes) else b""
    if isinstance(result, DotscienceError):
        reply = Reply(problem=_problem(result))
    elif isinstance(result, bytes):
        reply = Reply(size=len(content))
    else:
        reply = Reply(value=msgspec.Raw(msgspec.json.encode(result)))
    line = msgspec.json.encode(reply) + b"\n"
    if len(line) > MAX_REPLY:
        problem = TooLarge("The answer has more than 32 MiB; ask for fewer at a time.", code="long_answer")
        line = msgspec.json.encode(Reply(problem=_problem(problem))) + b"\n"
    stream.write(line)
    stream.write(content)
    stream.flush()


def ask(folder: FilePath, order: Order, *, timeout: float = 60.0) -> bytes:
    """Give an order to the agent and wait for its reply.

    Args:
        folder: The control folder.
        order: What to do.
        timeout: Seconds without a byte after which the agent counts as away.

    Returns:
        The value as JSON, or the content.

    Raises:
        Unreachable: no agent listens, or it went away.
        DotscienceError: what the agent answered.
    """
    try:
        with connected(folder, timeout) as stream:
            stream.write(msgspec.json.encode(order) + b"\n")
            stream.flush()
            return _read_reply(stream)
    except (OSError, msgspec.DecodeError) as error:
        raise Unreachable("The agent of this runner does not answer; it may be starting again.") from error


def _read_reply(stream: IO[bytes]) -> bytes:
    reply = _REPLY.decode(stream.readline(MAX_REPLY + 1))
    if reply.problem is not None:
        raise from_problem(reply.problem)
    if not reply.size:
        return bytes(reply.value)
    content = stream.read(min(reply.size, MAX_FILE))
    if len(content) != reply.size:
        raise ConnectionError("the content was cut off")
    return content


def _problem(error: DotscienceError) -> Problem:
    if isinstance(error, ApiError):
        return error.problem
    status, code = (503, "unreachable") if isinstance(error, Unreachable) else (500, "error")
    return Problem(status=status, code=code, message=str(error))


@contextlib.contextmanager
def connected(folder: FilePath, timeout: float) -> Iterator[IO[bytes]]:
    """A connection to the agent, for one order."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection, address(folder, SOCKET) as name:
        connection.settimeout(timeout)
        connection.connect(name)
        with connection.makefile("rwb") as stream:
            yield cast("IO[bytes]", stream)


@contextlib.contextmanager
def address(folder: FilePath, name: str) -> Iterator[str]:
    """The address of a unix socket in a folder, however long the folder's path is: the kernel takes 107 bytes."""
    path = str(folder / name)
    if len(os.fsencode(path)) < 100:
        yield path
        return
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield f"/proc/self/fd/{descriptor}/{name}"
    finally:
        os.close(descriptor)
