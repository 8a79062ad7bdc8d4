"""JupyterLab ends soon, whatever the hub does, and what could not be sent by then is sent later."""

from __future__ import annotations

import pytest

from tests.hubprocess import RunningHub

from .conftest import Study
from .relay import Relay
from .server import wait_for


@pytest.fixture
def relay(running_hub: RunningHub) -> Relay:
    """A line to the tests' hub."""
    return Relay(running_hub.url)


def test_a_hub_that_says_nothing_does_not_keep_jupyterlab_from_ending(study: Study, relay: Relay) -> None:
    """With a version on its way, a save after it, and a page that waits; the next start brings all of it."""
    with relay:
        variables = {"DOTSCIENCE_URL": relay.url}
        folder = study.place / "work"
        done = study.ds.with_variables(**variables)("clone", study.project, str(folder))
        assert done.returncode == 0, done.stderr.decode()
        with study.jupyter(folder, **variables) as server:
            server.save("a.txt", "1")
            wait_for(lambda: "a.txt" in study.files(), "the file on the hub")
            server.wait_for_state("pushed")
            relay.freeze()
            server.save("a.txt", "2")
            server.wait_for_state("committing")
            server.save("b.txt", "1")
            server.close()  # waits for half a minute, and is an error after it
            assert server.process.returncode is not None
            assert server.process.returncode >= 0, "it was killed"
        relay.thaw()
        with study.jupyter(folder, **variables):
            wait_for(lambda: study.files() >= {"a.txt", "b.txt"} and study.read("a.txt") == b"2", "both on the hub")
