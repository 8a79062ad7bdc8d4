"""Starts JupyterLab inside of a task: a program of its own, standard library only, for any Python from 3.8 on.

It lies in a folder that the agent mounts read-only, beside ``environment.json`` (what the hub's spawner says, its token
among it) and ``hub.sock``, behind which the agent answers as the hub's API: the task need not reach the hub's address,
which may be a loopback one of another machine. A small process listens on a loopback port and passes connections on to
that socket. JupyterLab itself listens on a unix socket in the folder that the first argument names: no port, and nobody
but the agent can reach it.
"""

import contextlib
import ctypes
import json
import os
import shutil
import signal
import socket
import sys
import tempfile
import threading
from typing import NoReturn
from urllib.parse import urlsplit

HERE = os.path.dirname(os.path.abspath(__file__))  # noqa: PTH100, PTH120 - quicker than pathlib, and this starts a person's page
PROGRAM = "jupyterhub-singleuser"
LONGEST = 100
"""Bytes of a path that a unix socket's address takes, with room for the name's growth (unix(7): 108)."""
BELIEVED = 60
"""Seconds; JupyterHub's default is 300."""
_PR_SET_PDEATHSIG = 1
_PIECE = 1 << 16
_URLS = ("JUPYTERHUB_API_URL", "JUPYTERHUB_ACTIVITY_URL")


def main(folder: str) -> None:
    """Become JupyterLab."""
    program = shutil.which(PROGRAM)
    if program is None:
        _fail(
            folder,
            "There is no JupyterLab here: the image, or where there are none the runner's Python, needs the packages "
            "jupyterhub and jupyterlab.",
        )
    with open(os.path.join(HERE, "environment.json"), encoding="utf-8") as file:  # noqa: PTH118, PTH123 - as above
        os.environ.update(json.load(file))
    _have_home()
    port = _lead_to_hub(_short(HERE, "hub.sock"))
    for name in _URLS:
        if name in os.environ:
            os.environ[name] = "http://127.0.0.1:%d%s" % (port, urlsplit(os.environ[name]).path)  # noqa: UP031
    # Only its path means something: the socket is what it listens on. The port must be jupyter-server's own default.
    os.environ["JUPYTERHUB_SERVICE_URL"] = "http://127.0.0.1:8888" + os.environ.get("JUPYTERHUB_SERVICE_PREFIX", "/")
    os.environ.pop("JUPYTER_PORT", None)
    settings = os.path.join(HERE, "config")  # noqa: PTH118
    os.environ["JUPYTER_CONFIG_PATH"] = os.pathsep.join(filter(None, (os.environ.get("JUPYTER_CONFIG_PATH"), settings)))
    arguments = [program, "--ServerApp.sock=" + _short(folder, "lab.sock"), "--ServerApp.sock_mode=0600"]
    # How long it believes what the hub said of a person; one with whom it was shared may have been taken off since.
    arguments.append("--HubOAuth.cache_max_age=%d" % BELIEVED)  # noqa: UP031
    if os.geteuid() == 0:
        arguments.append("--allow-root")
    os.execv(program, arguments)  # noqa: S606 - no shell is wanted


def _fail(folder: str, sentence: str) -> NoReturn:
    sys.stderr.write(sentence + "\n")
    with open(os.path.join(folder, "failure"), "w", encoding="utf-8") as file:  # noqa: PTH118, PTH123
        file.write(sentence)
    raise SystemExit(127)


def _have_home() -> None:
    """A task may run as a user that the image does not know, whose home is / or nothing."""
    home = os.environ.get("HOME", "")
    if not home or home == "/" or not os.access(home, os.W_OK):
        os.environ["HOME"] = tempfile.mkdtemp(prefix="home-")


def _short(folder: str, name: str) -> str:
    """A path for a socket. A long one is named by an open folder, which the programs that are started inherit."""
    path = os.path.join(folder, name)  # noqa: PTH118
    if len(os.fsencode(path)) < LONGEST or not os.path.isdir("/proc/self/fd"):  # noqa: PTH112
        return path
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    os.set_inheritable(descriptor, True)
    return "/proc/self/fd/%d/%s" % (descriptor, name)  # noqa: UP031


def _lead_to_hub(place: str) -> int:
    """Have a process pass connections on to the agent, for as long as this one lives; answers its port."""
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.bind(("127.0.0.1", 0))
    listener.listen(32)
    parent = os.getpid()
    if os.fork() == 0:
        try:
            _die_with(parent)
            _accept(listener, place)
        finally:
            os._exit(0)
    port = listener.getsockname()[1]
    listener.close()
    return int(port)


def _die_with(parent: int) -> None:
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if os.getppid() != parent:
        os._exit(0)


def _accept(listener: socket.socket, place: str) -> None:
    while True:
        near = listener.accept()[0]
        threading.Thread(target=_join, args=(near, place), daemon=True).start()


def _join(near: socket.socket, place: str) -> None:
    with contextlib.suppress(OSError), near, socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as far:
        far.connect(place)
        back = threading.Thread(target=_copy, args=(far, near), daemon=True)
        back.start()
        _copy(near, far)
        back.join()


def _copy(source: socket.socket, target: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while True:
            data = source.recv(_PIECE)
            if not data:
                break
            target.sendall(data)
    with contextlib.suppress(OSError):
        target.shutdown(socket.SHUT_WR)


if __name__ == "__main__":
    main(sys.argv[1])
