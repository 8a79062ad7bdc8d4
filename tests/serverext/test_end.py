"""JupyterLab ends soon, whatever the hub does, and what could not be sent by then is sent later."""

from __future__ import annotations

import secrets
import threading
from typing import Final

import pytest
import urllib3

from tests.hubprocess import RunningHub

from .conftest import Study
from .relay import Relay
from .server import REPOSITORY, wait_for

LARGE: Final = 12 << 20
"""Bytes of a file that is sent by itself."""


@pytest.fixture
def relay(running_hub: RunningHub) -> Relay:
    """A line to the tests' hub."""
    return Relay(running_hub.url)


def test_a_hub_that_says_nothing_does_not_keep_jupyterlab_from_ending(study: Study, relay: Relay) -> None:
    """With large files on their way, a save after them, and a page that waits; the next start brings all of it."""
    with relay:
        variables = {"DOTSCIENCE_URL": relay.url}
        folder = study.place / "work"
        done = study.ds.with_variables(**variables)("clone", study.project, str(folder))
        assert done.returncode == 0, done.stderr.decode()
        with study.jupyter(folder, **variables) as server:
            server.save("a.txt", "1")
            wait_for(lambda: "a.txt" in study.files(), "the file on the hub")
            server.wait_for_state("pushed")
            relay.freeze_after(LARGE)
            for name in ("1.bin", "2.bin"):
                (folder / name).write_bytes(secrets.token_bytes(LARGE))
            server.save("a.txt", "2")
            wait_for(lambda: relay.frozen, "bytes on their way")
            server.save("b.txt", "1")
            server.close()
            assert server.process.returncode is not None
            assert server.process.returncode >= 0, "it was killed"
        relay.thaw()
        with study.jupyter(folder, **variables):
            wanted = {"a.txt", "b.txt", "1.bin", "2.bin"}
            wait_for(lambda: study.files() >= wanted and study.read("a.txt") == b"2", "all on the hub")


def test_a_file_that_is_being_opened_does_not_keep_it_either(study: Study) -> None:
    """A request that the end of the server cut off left a thread behind that Python waited for, for ever."""
    folder = study.clone(study.project)
    (folder / "slow.txt").write_text("a")
    manager = "--ServerApp.contents_manager_class=tests.serverext.slowcontents.SlowContents"
    with study.jupyter(folder, manager, PYTHONPATH=str(REPOSITORY)) as server:

        def read() -> None:
            with pytest.raises(urllib3.exceptions.HTTPError):
                server.request("GET", "api/contents/slow.txt")

        reader = threading.Thread(target=read)
        reader.start()
        wait_for((folder / "reading").exists, "a reader", 20)
        server.close()
        reader.join()
        assert server.process.returncode == 0
