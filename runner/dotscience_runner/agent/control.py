"""The control socket: the server extension of a task's JupyterLab asks the agent for versions (`api.control`).

How a jupyter task uses it, with :class:`.versions.Versions`::

    versions = Versions(assignment, folder, client, task_client, wishes, say)   # client: the runner's
    with ControlSocket(folder.control, versions.answer):       # folder.control is mounted read-only at CONTROL_AT
        ...the workload runs...                                # variable DOTSCIENCE_CONTROL says where it sees it
    commit = versions.results(record.ended)                    # in the finishing: sends what is queued, then the
                                                               # last changes, a CommitCreate for `finish` or None

An agent that starts again over a running task makes both anew; what was queued is in the task's folder. The socket is
made outside the control folder and moved into it, so that nothing in there is opened, followed or changed; the
container has the folder read-only besides.
"""

from __future__ import annotations

import contextlib
import logging
import socket
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path
from typing import IO, Self, cast

from dotscience_runner.files import remove_tree
from jupyter_dotscience.api import control
from jupyter_dotscience.api.problems import DotscienceError, ServerError, Unavailable

log = logging.getLogger(__name__)
MOST_CONNECTIONS = 4
"""Orders under way for one task; more wait in the kernel's backlog."""
BACKLOG = 64
PATIENCE_SECONDS = 20.0
"""A connection that neither sends nor takes a byte for so long is closed."""

Answer = Callable[[control.Order], control.Result]
"""Carries out an order; raises DotscienceError."""


class ControlSocket:
    """Listens in a control folder, on threads of its own, until it is closed.

    Args:
        folder: The control folder; made when it is not there. Nobody but the agent may write to the folder above it.
        answer: Carries out orders; called from several threads at a time.

    Raises:
        OSError: the socket cannot be made.
    """

    def __init__(self, folder: Path, answer: Answer) -> None:
        self._answer = answer
        self._free = threading.BoundedSemaphore(MOST_CONNECTIONS)
        self._closed = threading.Event()
        self._listener = _listen(folder)
        self._thread = threading.Thread(target=self._accept, name="control", daemon=True)
        self._thread.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Take no more orders; those under way are answered."""
        self._closed.set()
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._thread.join()
        self._listener.close()

    def _accept(self) -> None:
        while not self._closed.is_set():
            try:
                connection, _ = self._listener.accept()
            except OSError:
                # Closed; or no descriptors are left, which passes.
                self._closed.wait(0.2)
                continue
            self._free.acquire()
            threading.Thread(target=self._serve, args=(connection,), name="control-order", daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        try:
            with connection:
                connection.settimeout(PATIENCE_SECONDS)
                with connection.makefile("rwb") as made, contextlib.suppress(OSError):
                    stream = cast("IO[bytes]", made)
                    control.write_reply(stream, self._result(stream))
        except Exception:
            log.exception("An order from a task could not be answered")
        finally:
            self._free.release()

    def _result(self, stream: IO[bytes]) -> control.Result | DotscienceError:
        try:
            return self._answer(control.read_order(stream))
        except TimeoutError:
            return Unavailable("The order did not arrive in time.")
        except DotscienceError as error:
            return error
        except OSError:
            raise
        except Exception:
            log.exception("An order from a task failed")
            return ServerError("The agent failed; its log has the reason.")


def _listen(folder: Path) -> socket.socket:
    """A listening socket named SOCKET in a folder. Nothing that is there is opened or followed."""
    folder.mkdir(mode=0o755, exist_ok=True)
    folder.chmod(0o755)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    nest = Path(tempfile.mkdtemp(prefix=".control-", dir=folder.parent))
    try:
        with control.address(nest, control.SOCKET) as name:
            listener.bind(name)
        # The task may run as any user; nobody else gets through the task's folder.
        (nest / control.SOCKET).chmod(0o666)
        listener.listen(BACKLOG)
        place = folder / control.SOCKET
        if place.is_dir() and not place.is_symlink():
            remove_tree(place)
        (nest / control.SOCKET).rename(place)
    except BaseException:
        listener.close()
        raise
    finally:
        remove_tree(nest)
    return listener
