"""The control socket: whoever is in the container may send anything."""

from __future__ import annotations

import contextlib
import os
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from dotscience_runner.agent.control import MOST_CONNECTIONS, ControlSocket

from jupyter_dotscience.api import control
from jupyter_dotscience.api.problems import BadRequest, NotFound, ServerError, Unreachable


class Answers:
    """Carries out orders, by saying what they were."""

    def __init__(self) -> None:
        self.orders: list[control.Order] = []
        self.most = 0
        self._now = 0
        self._lock = threading.Lock()
        self.held = threading.Event()
        self.held.set()

    def __call__(self, order: control.Order) -> control.Result:
        with self._lock:
            self._now += 1
            self.most = max(self.most, self._now)
        self.held.wait(30)
        with self._lock:
            self._now -= 1
        self.orders.append(order)
        if isinstance(order, control.ReadFile):
            if order.path == "none":
                raise NotFound("There is none.")
            if order.path == "defect":
                raise ZeroDivisionError
            return order.path.encode() * 100_000
        return control.Standing(state=control.State.PUSHED)


@pytest.fixture
def answers() -> Answers:
    """What the agent does with orders."""
    return Answers()


@pytest.fixture
def folder(tmp_path: Path, answers: Answers) -> Iterator[Path]:
    """A control folder with an agent behind it."""
    with ControlSocket(tmp_path / "control", answers):
        yield tmp_path / "control"


def raw(folder: Path, *pieces: bytes) -> bytes:
    """What the agent says to these bytes."""
    with control.connected(folder, 30) as stream:
        with contextlib.suppress(OSError):
            for piece in pieces:
                stream.write(piece)
            stream.flush()
        return stream.readline(1 << 20)


def test_orders_and_contents_come_through(folder: Path, answers: Answers) -> None:
    """A value, a content, a problem of the agent's, and a defect that says no more than it should."""
    assert b'"pushed"' in control.ask(folder, control.Status())
    assert control.ask(folder, control.ReadFile(path="ab", at="main")) == b"ab" * 100_000
    with pytest.raises(NotFound, match="There is none"):
        control.ask(folder, control.ReadFile(path="none", at="main"))
    with pytest.raises(ServerError, match="its log has the reason"):
        control.ask(folder, control.ReadFile(path="defect", at="main"))
    assert isinstance(answers.orders[0], control.Status)


@pytest.mark.parametrize(
    "sent",
    [
        b"\n",
        b"no json\n",
        b'{"order":"format-disk"}\n',
        b'{"order":"commit","fence":1}\n',
        b'{"order":"commit","message":"' + b"x" * 20_000 + b'"}\n',
        b'{"order":"history","limit":100000}\n',
        b'{"order":"commit","runs":' + b"[" * 100_000 + b"\n",
        b'{"order":"status"}',
        b"\xff\xfe\x00\n",
    ],
    ids=["empty", "words", "unknown", "field", "long", "limit", "deep", "cut off", "bytes"],
)
def test_what_is_no_order_is_refused(folder: Path, answers: Answers, sent: bytes) -> None:
    """By a sentence, and the next order is answered."""
    with socket.socket(socket.AF_UNIX) as connection, control.address(folder, control.SOCKET) as name:
        connection.connect(name)
        connection.sendall(sent)
        connection.shutdown(socket.SHUT_WR)
        assert b'"bad_order"' in connection.makefile("rb").readline()
    assert not answers.orders
    assert b'"pushed"' in control.ask(folder, control.Status())


def test_an_order_without_end_is_cut_off(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No more than the limit is ever read."""
    monkeypatch.setattr(control, "MAX_ORDER", 1000)
    assert b'"bad_order"' in raw(folder, b"x" * 1001)


def test_many_at_once_wait_for_each_other(folder: Path, answers: Answers) -> None:
    """However many connect, few are worked on at a time, and all are answered."""
    answers.held.clear()
    threads = [threading.Thread(target=control.ask, args=(folder, control.Status())) for _ in range(12)]
    for thread in threads:
        thread.start()
    answers.held.set()
    for thread in threads:
        thread.join(30)
    assert len(answers.orders) == 12
    assert answers.most <= MOST_CONNECTIONS


@pytest.mark.parametrize("trap", ["symlink", "file", "folder", "dangling"])
def test_nothing_in_the_folder_is_followed(tmp_path: Path, answers: Answers, trap: str) -> None:
    """An agent that starts again puts its socket in the place of whatever is there; what a link points to stays."""
    folder, secret = tmp_path / "control", tmp_path / "secret"
    folder.mkdir()
    secret.write_text("secret")
    place = folder / control.SOCKET
    if trap == "symlink":
        place.symlink_to(secret)
    elif trap == "dangling":
        place.symlink_to(tmp_path / "made")
    elif trap == "file":
        place.write_text("file")
    else:
        (place / "sub").mkdir(parents=True)
    with ControlSocket(folder, answers):
        assert b'"pushed"' in control.ask(folder, control.Status())
    assert secret.read_text() == "secret"
    assert oct(secret.stat().st_mode & 0o777) != oct(0o666)
    assert not (tmp_path / "made").exists()


def test_a_deep_folder_and_a_new_agent(tmp_path: Path, answers: Answers) -> None:
    """The socket's path may be longer than an address; a later agent is reached by the same name."""
    folder = tmp_path / ("d" * 100) / "control"
    folder.parent.mkdir()
    for _ in range(2):
        with ControlSocket(folder, answers):
            assert b'"pushed"' in control.ask(folder, control.Status())
        with pytest.raises(Unreachable):
            control.ask(folder, control.Status())
    assert [path.name for path in folder.parent.iterdir()] == ["control"]


def test_a_reply_of_a_liar_is_bounded(tmp_path: Path) -> None:
    """Whoever listens in the agent's place cannot make the extension wait for bytes that never come."""
    folder = tmp_path
    with socket.socket(socket.AF_UNIX) as listener, control.address(folder, control.SOCKET) as name:
        listener.bind(name)
        listener.listen(1)

        def lie() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.recv(1000)
                connection.sendall(b'{"size":1000000000000}\nabc')

        thread = threading.Thread(target=lie)
        thread.start()
        with pytest.raises(Unreachable):
            control.ask(folder, control.ReadFile(path="a", at="main"))
        thread.join(30)


def test_a_bad_order_is_the_callers_error() -> None:
    """What cannot be decoded is a BadRequest, wherever it is read."""
    with pytest.raises(BadRequest), open(os.devnull, "rb") as nothing:  # noqa: PTH123
        control.read_order(nothing)
