"""People with projects, in front of a browser."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.hubprocess import RunningHub
from tests.serverext.conftest import Study, study_on


@pytest.fixture
def study(running_hub: RunningHub, tmp_path: Path) -> Iterator[Study]:
    """A new person with a new, empty project on the tests' hub."""
    with study_on(running_hub, tmp_path) as found:
        yield found
