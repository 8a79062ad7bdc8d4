"""Fixtures and ordering shared by all tests."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest_plugins = [
    "tests.services.bubblewrap",
    # Before docker_debug, which imports it: pytest can rewrite the asserts of a module only before its first import.
    "tests.services.docker_engine",
    "tests.services.docker_debug",
    "tests.services.git_lfs",
    "tests.services.postgresql",
    "tests.services.s3",
]

TESTS = Path(__file__).parent
# A wrong answer should show in seconds: pure rooms first, then the ones with servers, whole-system tests last.
ORDER = ["api", "library", "workspace", "client", "tools", "services", "cli", "runner", "hub", "scenarios", "docker"]


def _rank(item: pytest.Item) -> int:
    room = item.path.relative_to(TESTS).parts[0] if item.path.is_relative_to(TESTS) else ""
    return ORDER.index(room) if room in ORDER else ORDER.index("cli")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run the rooms in `ORDER`; inside a room, keep the order of the files (the sort is stable)."""
    items.sort(key=_rank)
