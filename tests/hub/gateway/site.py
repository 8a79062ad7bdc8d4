"""A gateway on a real store, an agent's tunnel to it, and something that listens where a JupyterLab would."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
from collections.abc import Callable
from pathlib import Path

from dotscience_hub.app.gateway import _listen
from dotscience_hub.gateway.gateway import Gateway
from dotscience_hub.gateway.store import GatewayStore
from dotscience_runner.lab import sockets
from dotscience_runner.lab.folders import LAB_SOCKET
from dotscience_runner.lab.tunnel import Offered, Tunnel

from jupyter_dotscience.api import tunnel as api
from jupyter_dotscience.api.protocol import Assignment
from jupyter_dotscience.api.tasks import JupyterWorkload
from tests.hub.world import Agent, World
from tests.system.lab import wait_for

PORTS = range(24100, 27900)
SECONDS = 60.0


class GatewayThread:
    """A gateway with an event loop of its own. A second one on the same world is what comes after a restart."""

    def __init__(self, world: World, port: int = 0, ports: range = PORTS) -> None:
        self.port = port or free_port()
        self._ready = threading.Event()
        self._world, self._ports = world, ports
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()))
        self._thread.start()
        assert self._ready.wait(SECONDS)

    async def _serve(self) -> None:
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        self.gateway = Gateway(GatewayStore(self._world.database, self._ports))
        server = _listen(self.gateway, f"http://127.0.0.1:{self.port}", api.PREFIX)
        looking = asyncio.create_task(self.gateway.run())
        self._ready.set()
        await self._stop.wait()
        server.stop()
        looking.cancel()
        await self.gateway.close()
        await server.close_all_connections()

    def close(self) -> None:
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._stop.set)
            self._thread.join(SECONDS)
            assert not self._thread.is_alive()


class Server:
    """Listens on the socket of a JupyterLab, with a thread for each connection."""

    def __init__(self, folder: Path, serve: Callable[[socket.socket], None]) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self._serve = serve
        self._listener = sockets.listen(folder, LAB_SOCKET)
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            try:
                connection = self._listener.accept()[0]
            except OSError:
                return
            threading.Thread(target=self._one, args=(connection,), daemon=True).start()

    def _one(self, connection: socket.socket) -> None:
        with connection:
            try:
                self._serve(connection)
            except OSError:
                return

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()


def echo(connection: socket.socket) -> None:
    """Answer what comes, and close after the other side has."""
    while data := connection.recv(1 << 16):
        connection.sendall(data)


class Site:
    """All of it, with one task."""

    def __init__(self, world: World, folder: Path) -> None:
        self.world, self.folder = world, folder
        self.gateway = GatewayThread(world)
        self._tunnels: list[Tunnel] = []
        self._servers: list[Server] = []
        self.agent = world.runner()
        self.held = self.take(self.agent)

    def take(self, agent: Agent) -> Assignment:
        """A new task with JupyterLab that a runner holds."""
        self.world.task(self.world.project(), workload=JupyterWorkload())
        return self.world.claimed(agent)

    def tunnel(self, agent: Agent) -> Tunnel:
        made = Tunnel(f"http://127.0.0.1:{self.gateway.port}", {"Authorization": f"Bearer {agent.token}"})
        self._tunnels.append(made)
        return made

    def server(self, serve: Callable[[socket.socket], None] = echo) -> Server:
        made = Server(self.folder / f"server{len(self._servers)}", serve)
        self._servers.append(made)
        return made

    def offer(self, serve: Callable[[socket.socket], None] = echo) -> Offered:
        """Offer the task through a new tunnel of its runner."""
        offered = self.tunnel(self.agent).offer(self.held.task, self.held.fence, self.server(serve).folder)
        assert offered.accepted.wait(SECONDS)
        return offered

    @property
    def port(self) -> int | None:
        return self.gateway.gateway.store.doors().get(self.held.task)

    def connect(self) -> socket.socket:
        """A browser's connection."""
        assert self.port is not None
        return socket.create_connection(("127.0.0.1", self.port), timeout=SECONDS)

    def restart_gateway(self) -> None:
        self.gateway.close()
        self.gateway = GatewayThread(self.world, self.gateway.port)

    def close(self) -> None:
        for tunnel in self._tunnels:
            tunnel.close()
        for server in self._servers:
            server.close()
        self.gateway.close()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def exchange(connection: socket.socket, data: bytes) -> bytes:
    """Send something, and read as much."""
    connection.sendall(data)
    return read(connection, len(data))


def read(connection: socket.socket, size: int) -> bytes:
    """So many bytes, or fewer when the other side ends or resets the connection before."""
    found = bytearray()
    with contextlib.suppress(ConnectionResetError):
        while len(found) < size and (piece := connection.recv(1 << 20)):
            found += piece
    return bytes(found)


__all__ = ["GatewayThread", "Site", "echo", "exchange", "read", "wait_for"]
