"""Paths below a folder, and no way out of it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from jupyter_dotscience.workspace import names, on_disk, stored

from .trees import ODD_NAMES, write


@pytest.mark.parametrize("path", ODD_NAMES)
def test_stored_path_leads_back(path: bytes) -> None:
    """A path on disk is found again from its stored path."""
    assert on_disk(stored(path)) == path


def test_no_part_of_a_path_may_be_a_link(work: Path, tmp_path: Path) -> None:
    """Neither a folder on the way nor the file itself is followed."""
    write(tmp_path / "outside", {b"x": b"secret"})
    write(work, {b"d/x": b"mine"})
    (work / "link").symlink_to(tmp_path / "outside")
    (work / "d/file").symlink_to(tmp_path / "outside/x")
    root = names.open_folder(work)
    try:
        os.close(names.open_file(root, b"d/x"))
        for path in (b"link/x", b"d/file", b"d/x/y", b"missing/x"):
            with pytest.raises(OSError, match=r"Not a directory|symbolic links|No such file"):
                names.open_file(root, path)
        for path in (b"../outside/x", b"/etc/passwd", b"d/../d/x", b"d//x", b""):
            with pytest.raises(ValueError, match="plain relative path"):
                names.open_file(root, path)
    finally:
        os.close(root)
