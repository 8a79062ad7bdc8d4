"""The stat cache survives anything, if need be as an empty one."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jupyter_dotscience.workspace import DiskFull, Entry, StatCache, WorkspaceError

NUMBER = st.integers(0, 2**63 - 1)
ENTRY = st.builds(
    Entry,
    *(st.integers(0, 2**32 - 1), st.binary(min_size=20, max_size=20), NUMBER),
    *(st.binary(min_size=32, max_size=32), st.integers(-(2**63), 2**63 - 1), st.integers(0, 2)),
    *(NUMBER, NUMBER, st.integers(0, 2**32 - 1)),
)
PATHS = st.binary(min_size=1, max_size=30).filter(lambda p: 0 not in p)


@given(entries=st.dictionaries(PATHS, ENTRY, max_size=20))
def test_what_was_saved_is_loaded(tmp_path_factory: pytest.TempPathFactory, entries: dict[bytes, Entry]) -> None:
    """Any entries come back as they were."""
    path = tmp_path_factory.mktemp("cache") / "sub/cache"
    StatCache(path).replace(entries)
    assert StatCache(path).entries == entries


@given(at=st.integers(0, 10**6), byte=st.integers(1, 255), cut=st.booleans())
def test_damage_makes_an_empty_cache(tmp_path_factory: pytest.TempPathFactory, at: int, byte: int, cut: bool) -> None:
    """A file that was cut short, or has one wrong byte anywhere, is an empty cache."""
    path = tmp_path_factory.mktemp("cache") / "cache"
    StatCache(path).replace({b"x": Entry(1, bytes(20), 3), b"y": Entry(2, bytes(20), 7)})
    data = bytearray(path.read_bytes())
    at %= len(data)
    data[at] ^= byte
    path.write_bytes(data[:at] if cut else data)
    assert StatCache(path).entries == {}


def test_no_file_and_no_folder_make_an_empty_cache(tmp_path: Path) -> None:
    """A cache that was never saved, or whose place is taken by a folder, is empty."""
    assert StatCache(tmp_path / "none").entries == {}
    assert StatCache(tmp_path).entries == {}


def test_place_that_cannot_be_written_is_one_sentence(tmp_path: Path) -> None:
    """A cache that cannot be saved says where, and its entries serve in memory."""
    (tmp_path / "file").touch()
    cache = StatCache(tmp_path / "file/cache")
    with pytest.raises(WorkspaceError, match=r"^Cannot save the stat cache .*: File exists\.$"):
        cache.replace({b"x": Entry(1, bytes(20), 3)})
    assert list(cache.entries) == [b"x"]


_SAVE = """
import sys
from pathlib import Path
from jupyter_dotscience.workspace import Entry, StatCache
cache = StatCache(Path(sys.argv[1]))
number = 0
while True:
    number += 1
    cache.replace({b"%d" % i: Entry(1, bytes(20), number) for i in range(20000)})
    print(number, flush=True)
"""


def test_killed_while_saving_leaves_a_whole_cache(tmp_path: Path) -> None:
    """SIGKILL at any moment of a save leaves the old entries or the new ones, all of the same save."""
    path = tmp_path / "cache"
    for wait in range(1, 6):
        with subprocess.Popen([sys.executable, "-c", _SAVE, str(path)], stdout=subprocess.PIPE) as process:
            assert process.stdout
            for _ in range(wait):
                process.stdout.readline()
            os.kill(process.pid, signal.SIGKILL)
        entries = StatCache(path).entries
        assert len(entries) == 20000
        assert len({entry.size for entry in entries.values()}) == 1


def test_full_disk_is_said_and_the_old_cache_stays(small_disk: Path) -> None:
    """Without space the save fails with DiskFull, and the saved cache is still the old one."""
    cache = StatCache(small_disk / "cache")
    few = {b"x": Entry(1, bytes(20), 3)}
    cache.replace(few)
    with pytest.raises(DiskFull, match=r"^Cannot save the stat cache .*: No space left on device\.$"):
        cache.replace({b"%d" % i: few[b"x"] for i in range(50_000)})
    assert StatCache(small_disk / "cache").entries == few
    assert list(small_disk.iterdir()) == [small_disk / "cache"]
