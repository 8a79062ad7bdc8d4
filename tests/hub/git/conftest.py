"""A hub's workspace part in a folder of the test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from jupyter_dotscience.api.ids import new_id
from tests.hub.git.hub import Hub, open_hub


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[Hub]:
    """A hub with one empty project."""
    hub = open_hub(tmp_path, new_id())
    yield hub
    hub.contents.close()
    hub.commits.close()
    hub.database.dispose()
