"""What counts as changed and as deleted."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from jupyter_dotscience.workspace import Entry, Snapshot, changes

A, B = Entry.of(0o100644, "a" * 40, 1), Entry.of(0o100644, "b" * 40, 1)
X = Entry.of(0o100755, "a" * 40, 1)


def test_content_and_mode_count_and_time_does_not() -> None:
    """A file is changed by its content or its mode, not by its time."""
    base = {b"same": A, b"content": A, b"mode": A}
    now = {b"same": A._replace(modified=5), b"content": B, b"mode": X, b"new": A}
    found = changes(base, Snapshot(now))
    assert found.changed == {b"content": B, b"mode": X, b"new": A}
    assert found.deleted == []


def test_missing_files_are_deleted_on_a_runner_and_stay_for_an_upload() -> None:
    """A runner's workspace is the whole truth, an uploaded folder is an addition."""
    snapshot = Snapshot({b"kept": A})
    assert changes({b"kept": A, b"z": A, b"d/x": A}, snapshot).deleted == [b"d/x", b"z"]
    assert not changes({b"kept": A, b"z": A, b"d/x": A}, snapshot, deletes=False)


def test_upload_replaces_what_is_in_the_way() -> None:
    """A file that becomes a folder, or a folder that becomes a file, takes the old one's place."""
    base = {b"f": A, b"d/x": A, b"d/e/y": A, b"dd": A}
    found = changes(base, Snapshot({b"f/new": B, b"d": B}), deletes=False)
    assert found.deleted == [b"d/e/y", b"d/x", b"f"]


def test_what_could_not_be_looked_at_is_not_deleted() -> None:
    """Files that were skipped, below skipped folders, or excluded, keep their version."""
    base = {b"busy": A, b"locked/x": A, b"locked/d/y": A, b"data/set": A, b"data/other": A, b"lockedx": A}
    found = changes(base, Snapshot({}, {b"busy": "", b"locked": ""}, frozenset([b"data/set"])))
    assert found.deleted == [b"data/other", b"lockedx"]
    assert set(found.skipped) == {b"busy", b"locked"}


def test_file_that_became_a_folder_is_deleted_though_part_of_it_was_skipped() -> None:
    """Where a folder has files now, the file of that name is gone for certain."""
    found = changes({b"f": A}, Snapshot({b"f/x": B}, {b"f/pipe": "it is a named pipe"}))
    assert found.deleted == [b"f"]


PATHS = st.lists(st.sampled_from([b"a", b"b", b"c"]), min_size=1, max_size=3).map(b"/".join)


def _tree(files: dict[bytes, Entry]) -> dict[bytes, Entry]:
    """Without files that are folders of others."""
    return {p: e for p, e in files.items() if not any(other.startswith(p + b"/") for other in files)}


TREES = st.dictionaries(PATHS, st.sampled_from([A, B, X]), max_size=8).map(_tree)


@given(base=TREES, now=TREES)
def test_changes_lead_from_base_to_snapshot(base: dict[bytes, Entry], now: dict[bytes, Entry]) -> None:
    """Deletes, then changes, applied to the base give the snapshot."""
    found = changes(base, Snapshot(now))
    after = {p: e for p, e in base.items() if p not in found.deleted} | dict(found.changed)
    assert after == now


@given(base=TREES, now=TREES)
def test_upload_gives_a_tree_with_all_of_the_folder(base: dict[bytes, Entry], now: dict[bytes, Entry]) -> None:
    """After an upload all its files are there, no file is a folder too, and only what was in the way is gone."""
    found = changes(base, Snapshot(now), deletes=False)
    after = {p: e for p, e in base.items() if p not in found.deleted} | dict(found.changed)
    assert now.items() <= after.items()
    assert _tree(after) == after
    assert all(_tree({**now, p: base[p]}) != {**now, p: base[p]} for p in found.deleted)
