"""The end of gateway and tunnel: whatever the other side does or does not, no socket is left open."""

from __future__ import annotations

import contextlib
import gc
import socket
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import websocket
from dotscience_hub.gateway import gateway

from jupyter_dotscience.api import tunnel as api
from tests.hub.gateway.site import Site, exchange, wait_for
from tests.hub.world import World

MEBIBYTE = 1 << 20


def sockets() -> set[str]:
    """The sockets that this process has open."""
    gc.collect()
    found = set()
    for descriptor in Path("/proc/self/fd").iterdir():
        with contextlib.suppress(FileNotFoundError):
            found.add(str(descriptor.readlink()))
    return {name for name in found if name.startswith("socket:")}


def none_but(before: set[str], world: World) -> None:
    """Wait until no more sockets are open than before; those to a database are its own matter."""
    world.database.dispose()
    wait_for(lambda: sockets() <= before, "all sockets to be closed")


def nobody_behind_the_door(site: Site) -> list[socket.socket]:
    """A browser that waits for an agent which went away."""
    offered = site.offer()
    site._tunnels[0].withdraw(offered)
    wait_for(lambda: not offered.accepted.is_set(), "the offer to be withdrawn")
    browsers: list[socket.socket] = []
    tried = 0.0

    def waits() -> bool:
        # Until the gateway has heard of it too, it hands a browser to the agent, which does not want it any more.
        nonlocal tried
        if time.monotonic() - tried > 1:
            browsers.append(site.connect())
            tried = time.monotonic()
        return any(door._entering for door in site.gateway.gateway._doors)

    wait_for(waits, "a browser to wait")
    return browsers


def who_reads_nothing(site: Site) -> list[socket.socket]:
    """A browser that has not read the answer of a server which has sent all of it."""
    done: list[bool] = []

    def serve(connection: socket.socket) -> None:
        connection.sendall(bytes(8 * MEBIBYTE))
        done.append(True)

    site.offer(serve)
    browser = socket.socket()
    browser.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 12)
    assert site.port is not None
    browser.connect(("127.0.0.1", site.port))
    assert browser.recv(1) == b"\0"
    return [browser]


def half_a_word(site: Site) -> list[socket.socket]:
    """Browsers with a connection each that is open and idle."""
    site.offer()
    browsers = [site.connect() for _ in range(20)]
    assert [exchange(browser, b"x") for browser in browsers] == [b"x"] * 20
    return browsers


@pytest.mark.parametrize("scene", [nobody_behind_the_door, who_reads_nothing, half_a_word])
@pytest.mark.parametrize("first", ["gateway", "agent"])
def test_no_socket_is_left_open(
    world: World, tmp_path: Path, scene: Callable[[Site], list[socket.socket]], first: str
) -> None:
    """Whoever of the two ends first, and whatever a browser is in the middle of."""
    before = sockets()
    site = Site(world, tmp_path)
    browsers: list[socket.socket] = []
    try:
        browsers += scene(site)
        if first == "agent":
            for each in site._tunnels:
                each.close()
        site.gateway.close()
    finally:
        site.close()
        for browser in browsers:
            browser.close()
    none_but(before, world)
    assert sockets() <= before


def test_an_agent_that_answers_nothing_is_cut_off(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A frozen agent does not keep the gateway from ending, nor a socket of it."""
    monkeypatch.setattr(gateway, "PART_SECONDS", 0.2)
    before = sockets()
    site = Site(world, tmp_path)
    frozen = websocket.create_connection(
        f"ws://127.0.0.1:{site.gateway.port}{api.PREFIX}{api.CONTROL}",
        header={"Authorization": f"Bearer {site.agent.token}"}, suppress_origin=True, timeout=30,
    )  # fmt: skip
    wait_for(lambda: site.gateway.gateway.sockets, "the agent to be connected")
    site.close()
    assert not site.gateway.gateway.sockets
    frozen.sock.close()
    none_but(before, world)
