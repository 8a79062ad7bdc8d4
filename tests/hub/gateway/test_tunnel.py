"""Gateway and tunnel together: real sockets, websockets and store."""

from __future__ import annotations

import asyncio
import errno
import os
import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from dotscience_hub.gateway import doors, gateway, ports

from jupyter_dotscience.api.protocol import Outcome
from jupyter_dotscience.api.tasks import JupyterWorkload
from tests.hub.gateway.site import GatewayThread, Site, echo, exchange, read, wait_for
from tests.hub.world import World, user

MEBIBYTE = 1 << 20


@pytest.fixture
def site(world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    """A gateway that looks into the store often, and a task that a runner holds."""
    monkeypatch.setattr(gateway, "LOOK_SECONDS", 0.1)
    made = Site(world, tmp_path)
    yield made
    made.close()


def test_bytes_go_both_ways(site: Site) -> None:
    """What a browser sends arrives, and what is answered comes back, in order and complete."""
    site.offer()
    with site.connect() as browser:
        for size in (1, 1000, MEBIBYTE):
            data = os.urandom(size)
            with ThreadPoolExecutor(1) as pool:
                answer = pool.submit(read, browser, size)
                browser.sendall(data)
                assert answer.result() == data


def test_half_a_close_leaves_the_answer(site: Site) -> None:
    """A browser that has sent all it wants still gets the answer, and then the end."""

    def serve(connection: socket.socket) -> None:
        asked = b""
        while data := connection.recv(100):
            asked += data
        connection.sendall(b"you said " + asked)

    site.offer(serve)
    with site.connect() as browser:
        browser.sendall(b"hello")
        browser.shutdown(socket.SHUT_WR)
        assert read(browser, 1000) == b"you said hello"


def test_a_server_that_closes_ends_the_connection(site: Site) -> None:
    """When JupyterLab closes, the browser gets what was sent before, then the end."""
    site.offer(lambda connection: connection.sendall(b"x" * MEBIBYTE))
    with site.connect() as browser:
        assert read(browser, 2 * MEBIBYTE) == b"x" * MEBIBYTE


def test_many_connections_at_once(site: Site) -> None:
    """Far more connections than wait in the pool all work, each with its own bytes."""
    site.offer()

    def one(number: int) -> bool:
        data = bytes([number]) * 10_000
        with site.connect() as browser:
            return exchange(browser, data) == data

    with ThreadPoolExecutor(40) as pool:
        assert all(pool.map(one, range(100)))


def test_who_does_not_read_stops_who_sends(site: Site) -> None:
    """A browser that reads nothing holds JupyterLab back; little is on the way, and other connections work."""
    sent = 0

    def serve(connection: socket.socket) -> None:
        nonlocal sent
        if connection.recv(1) == b"e":
            echo(connection)
            return
        while sent < 512 * MEBIBYTE:
            sent += connection.send(bytes(MEBIBYTE))

    site.offer(serve)
    with site.connect() as slow, site.connect() as quick:
        slow.sendall(b"s")
        quick.sendall(b"e")
        last = -1
        while last != sent:  # until it stands still
            last = sent
            for _ in range(20):
                assert exchange(quick, b"x" * 1000) == b"x" * 1000
        assert 0 < sent < 64 * MEBIBYTE
        assert read(slow, sent + MEBIBYTE)[:10] == bytes(10)


def test_only_the_holder_of_the_lease_can_offer(site: Site) -> None:
    """Another runner, an older lease, a task that is no JupyterLab and one that there is not are all refused."""
    stranger = site.world.runner("bob")
    site.world.task(site.world.project())
    command = site.world.claimed(site.agent)
    folder = site.server().folder
    offers = [
        site.tunnel(stranger).offer(site.held.task, site.held.fence, folder),
        site.tunnel(site.agent).offer(site.held.task, site.held.fence - 1, folder),
        site.tunnel(site.agent).offer(command.task, command.fence, folder),
        site.tunnel(site.agent).offer("0" * 36, 1, folder),
    ]
    site.offer()  # told after the others, so these were answered
    assert not [one for one in offers if one.accepted.is_set()]
    with site.connect() as browser:
        assert exchange(browser, b"x") == b"x"


def test_a_lost_lease_ends_all_connections(site: Site) -> None:
    """When the task goes back to the queue and to another runner, the first one leads nobody there any more."""
    offered = site.offer()
    with site.connect() as browser:
        assert exchange(browser, b"x") == b"x"
        with site.world.database.write() as session:
            row = site.world.row(site.held.task)
            site.world.queue.transitions.requeue(session, session.merge(row), "lost", for_good=True)
        assert read(browser, 1) == b""
    wait_for(lambda: not offered.accepted.is_set(), "the offer to be withdrawn")
    other = site.world.runner()
    held = site.world.claimed(other)
    port = site.port
    again = site.tunnel(other).offer(held.task, held.fence, site.server(_greet).folder)
    assert again.accepted.wait(30)
    assert site.port == port
    with site.connect() as browser:
        assert read(browser, 5) == b"other"


def _greet(connection: socket.socket) -> None:
    connection.sendall(b"other")


def test_a_removed_runner_is_cut_off(site: Site) -> None:
    """A runner that its owner removes loses its connection, and with it its tasks."""
    site.offer()
    with site.connect() as browser:
        assert exchange(browser, b"x") == b"x"
        site.world.runners.delete_runner(user("ada"), runner=site.agent.id)
        assert read(browser, 1) == b""


def test_the_end_of_the_task_closes_its_door(site: Site) -> None:
    """Nobody listens at the port of a task that has ended, and another task may get it."""
    site.offer()
    port = site.port
    assert port is not None
    site.world.finish(site.agent, site.held, outcome=Outcome.EXITED)
    assert site.port is None
    wait_for(lambda: _refused(port), "the port to be closed")


def _refused(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=10).close()
    except ConnectionRefusedError:
        return True
    return False


def test_a_port_is_kept_over_a_restart(site: Site) -> None:
    """After a restart the gateway listens at the same port; who comes before the agent is back waits for it."""
    site.offer()
    port = site.port
    site.restart_gateway()
    wait_for(lambda: port is not None and not _refused(port), "the port to be opened again")
    with site.connect() as browser:
        assert exchange(browser, b"x") == b"x"
    assert site.port == port


def test_nobody_behind_a_door(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who comes while no agent offers the task is sent away after a moment, not kept for ever."""
    monkeypatch.setattr(doors, "PATIENCE_SECONDS", 0.2)
    offered = site.offer()
    site._tunnels[0].withdraw(offered)
    wait_for(lambda: not offered.accepted.is_set(), "the offer to be withdrawn")
    with site.connect() as browser:
        assert read(browser, 1) == b""


def test_a_dead_server_is_an_end(site: Site) -> None:
    """When nobody listens on JupyterLab's socket the browser's connection ends, and later ones work again."""
    offered = site.offer()
    (offered.folder / "lab.sock").unlink()
    with site.connect() as browser:
        assert read(browser, 1) == b""
    site._servers.append(type(site._servers[0])(offered.folder, echo))
    with site.connect() as browser:
        assert exchange(browser, b"x") == b"x"


def test_a_link_to_another_socket_is_not_followed(site: Site) -> None:
    """A task that puts a link to another socket of the machine in its place leads nobody there."""
    offered = site.offer()
    secret = site.server(_greet)
    (offered.folder / "lab.sock").unlink()
    (offered.folder / "lab.sock").symlink_to(secret.folder / "lab.sock")
    with site.connect() as browser:
        assert read(browser, 5) == b""


def test_a_task_has_a_limit_of_connections(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond the limit connections of one task are closed, and there is room again when others end."""
    monkeypatch.setattr(doors, "MOST_CONNECTIONS", 3)
    site.offer()
    browsers = [site.connect() for _ in range(3)]
    assert [exchange(one, b"x") for one in browsers] == [b"x"] * 3
    with site.connect() as more:
        assert read(more, 1) == b""
    for one in browsers:
        one.close()

    def served() -> bool:
        with site.connect() as again:
            again.sendall(b"x")
            return read(again, 1) == b"x"

    wait_for(served, "room for another connection")


def test_ports_run_out(world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A task for which there is no port is offered again and again, and has one when another task ends."""
    monkeypatch.setattr(gateway, "LOOK_SECONDS", 0.1)
    site = Site(world, tmp_path)
    site.gateway.close()
    with ports.listen_on_free(range(24100, 27900), set()) or socket.socket() as probe:
        only = probe.getsockname()[1]
    site.gateway = GatewayThread(world, site.gateway.port, range(only, only + 1))
    try:
        site.offer()
        held = site.take(site.agent)
        second = site.tunnel(site.agent).offer(held.task, held.fence, site.server().folder)
        assert not second.accepted.wait(1)
        world.finish(site.agent, site.held)
        assert second.accepted.wait(30)
    finally:
        site.close()


def test_a_port_that_another_program_has_is_waited_for(site: Site) -> None:
    """While another program has a task's port at a restart, the gateway tries again; the hub knows this port only."""
    site.offer()
    port = site.port
    assert port is not None
    site.gateway.close()
    thief = _listen_on(port)
    site.gateway = GatewayThread(site.world, site.gateway.port)
    threading.Timer(1, thief.close).start()
    wait_for(lambda: _echoes(port), "the gateway to have the port")


def _listen_on(port: int) -> socket.socket:
    def listen() -> socket.socket | None:
        try:
            return ports.listen(port)
        except OSError as error:
            assert error.errno == errno.EADDRINUSE  # noqa: PT017 - what it waits for
            return None

    found = wait_for(listen, "the port to be free")
    assert isinstance(found, socket.socket)
    return found


def _echoes(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=5) as browser:
            return exchange(browser, b"x") == b"x"
    except OSError:
        return False


def test_what_is_sealed_is_told_to_the_holder_alone(world: World) -> None:
    """Sealed variables are in nothing that people see; the holder of the lease gets them; the end forgets them."""
    from jupyter_dotscience.api.protocol import SecretsQuery

    task = world.task(world.project(), workload=JupyterWorkload(), sealed_environment={"TOKEN": "s3cret"})
    agent = world.runner()
    held = world.claimed(agent)
    assert "s3cret" not in repr(world.get(task))
    assert "s3cret" not in repr(held)
    query = SecretsQuery(fence=held.fence)
    told = world.secrets.get_task_secrets(agent.caller, task=task, body=query)
    assert told.environment == {"TOKEN": "s3cret"}
    assert "s3cret" not in repr(told)
    world.finish(agent, held)
    with world.database.read() as session:
        assert world.environments.read(session, task) == {}


@pytest.mark.parametrize("text", ["", "80-90", "30000", "30000-20000", "20000-99999", "a-b"])
def test_a_bad_range_of_ports_is_refused(text: str) -> None:
    """Only ports that an ordinary user may listen on, the first not above the last."""
    with pytest.raises(ValueError, match="no range of ports"):
        ports.parse_range(text)


def test_small_messages_are_sent_at_once() -> None:
    """A connection that the gateway takes on a task's port does not wait for acknowledgements (Nagle's algorithm)."""
    listener = ports.listen_on_free(ports.parse_range(ports.RANGE), ())
    assert listener is not None
    assert asyncio.run(_no_delay(listener))


async def _no_delay(listener: socket.socket) -> int:
    taken: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    def take(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        taken.set_result(writer.get_extra_info("socket").getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))
        writer.close()

    async with await asyncio.start_server(take, sock=listener):
        _, writer = await asyncio.open_connection(*listener.getsockname())
        answer = await taken
        writer.close()
        await writer.wait_closed()
    return answer
