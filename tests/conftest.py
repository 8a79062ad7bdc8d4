"""Fixtures and ordering shared by all tests."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from tests.require import VARIABLE

pytest_plugins = [
    "tests.services.bubblewrap",
    "tests.services.chromium",
    # Before docker_debug, which imports it: pytest can rewrite the asserts of a module only before its first import.
    "tests.services.docker_engine",
    "tests.services.docker_debug",
    "tests.services.lab_image",
    "tests.services.git_lfs",
    "tests.services.postgresql",
    "tests.services.s3",
    "tests.services.swift",
    "tests.hubprocess",
]

TESTS = Path(__file__).parent
THOROUGH = "DOTSCIENCE_THOROUGH"
# A wrong answer should show in seconds: pure rooms first, then the ones with servers, whole-system tests last.
ORDER = [
    "api",
    "library",
    "workspace",
    "client",
    "tools",
    "services",
    "cli",
    "runner",
    "hub",
    "launcher",
    "serverext",
    "widgets",
    "scenarios",
    "conformance",
    "system",
    "docker",
    "browser",
]


# Settings of this test run itself; any other DOTSCIENCE_* variable belongs to the person who runs the tests.
KEPT = {VARIABLE, THOROUGH, "DOTSCIENCE_PROXY", "DOTSCIENCE_CONFORMANCE_DATABASE", "DOTSCIENCE_CONFORMANCE_BACKEND"}


def pytest_configure() -> None:
    """Keep the tests apart from a person's own hub, login and network proxy, and from how they were started."""
    # A shell lets what it starts in the background ignore Ctrl-C, and programs hand that on to those they start.
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    for name in [name for name in os.environ if name.startswith("DOTSCIENCE_") and name not in KEPT]:
        del os.environ[name]
    for name in ("NO_PROXY", "no_proxy"):
        os.environ[name] = ",".join(filter(None, [os.environ.get(name), "127.0.0.1", "localhost"]))


def _rank(item: pytest.Item) -> int:
    room = item.path.relative_to(TESTS).parts[0] if item.path.is_relative_to(TESTS) else ""
    return ORDER.index(room) if room in ORDER else ORDER.index("cli")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Run the rooms in `ORDER`; inside a room, keep the order of the files (the sort is stable).

    Thorough tests are left out of a run of whole folders, so that one ends within twenty minutes on two cores.
    """
    items.sort(key=_rank)
    named = {Path(argument.split("::")[0]).resolve() for argument in config.args}
    left = [item for item in items if item.get_closest_marker("thorough") and item.path not in named]
    if left and not os.environ.get(THOROUGH):
        items[:] = [item for item in items if item not in left]
        config.hook.pytest_deselected(items=left)
