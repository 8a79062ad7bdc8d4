"""What `ds file get` and `ds dataset get` write to: a new file, an old one, or what is no file at all."""

from __future__ import annotations

import os
import stat
import threading
from pathlib import Path

import pytest

from jupyter_dotscience.api.projects import ProjectList
from tests.client import script
from tests.client.samples import project
from tests.client.script import Answer, Script

from .program import Program

CONTENT = b"\x00new content"


def offer(hub: Script, body: bytes = CONTENT) -> None:
    """One project with one file."""
    hub.play(script.json(ProjectList(items=[project()])), Answer(body=body))


def get(ds: Program, target: Path, cwd: Path | None = None) -> None:
    """Get the file; it must work."""
    done = ds("file", "get", "p", "name", str(target), cwd=cwd)
    assert done.returncode == 0, done.stderr


def mode(path: Path) -> int:
    return stat.S_IMODE(path.lstat().st_mode)


def test_a_pipe_is_written_to(hub: Script, ds: Program, tmp_path: Path) -> None:
    """What reads from a FIFO gets the whole file, and the FIFO stays one."""
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo, 0o600)
    offer(hub, CONTENT * 20_000)
    got: list[bytes] = []
    # Opened for both ways, so that nothing waits for ever when nobody writes to it.
    reader = os.open(fifo, os.O_RDWR)

    def read() -> None:
        left = len(CONTENT) * 20_000
        while left and (piece := os.read(reader, left)):
            got.append(piece)
            left -= len(piece)

    thread = threading.Thread(target=read, daemon=True)
    thread.start()
    get(ds, fifo)
    assert stat.S_ISFIFO(fifo.lstat().st_mode)
    thread.join(20)
    os.close(reader)
    assert b"".join(got) == CONTENT * 20_000
    assert mode(fifo) == 0o600


@pytest.mark.parametrize("there", [True, False])
def test_a_link_stays_and_leads_to_the_content(hub: Script, ds: Program, tmp_path: Path, there: bool) -> None:
    """The file that a relative link names is replaced or made, in its own folder, and nothing is left beside either."""
    for folder in ("links", "files"):
        (tmp_path / folder).mkdir()
    link, file = tmp_path / "links" / "link", tmp_path / "files" / "file"
    link.symlink_to("../files/file")
    if there:
        file.write_bytes(b"old")
    offer(hub)
    get(ds, Path("link"), cwd=link.parent)
    assert link.readlink() == Path("../files/file")
    assert file.read_bytes() == CONTENT
    assert [path.name for folder in (link.parent, file.parent) for path in folder.iterdir()] == ["link", "file"]


@pytest.mark.parametrize("before", [0o600, 0o640, 0o755, 0o444])
def test_an_existing_file_keeps_its_mode(hub: Script, ds: Program, tmp_path: Path, before: int) -> None:
    """Nobody may read what could not be read before, and what was a program stays one."""
    file = tmp_path / "file"
    file.write_bytes(b"old")
    file.chmod(before)
    offer(hub)
    get(ds, file)
    assert (file.read_bytes(), mode(file)) == (CONTENT, before)


def test_a_new_file_has_the_mode_that_new_files_have(hub: Script, ds: Program, tmp_path: Path) -> None:
    """What the umask leaves, as for every other program."""
    (tmp_path / "other").touch()
    offer(hub)
    get(ds, tmp_path / "new")
    assert mode(tmp_path / "new") == mode(tmp_path / "other")


def test_half_a_file_changes_nothing(hub: Script, ds: Program, tmp_path: Path) -> None:
    """A broken connection leaves link and file as they were."""
    link, file = tmp_path / "link", tmp_path / "file"
    file.write_bytes(b"old")
    link.symlink_to(file)
    cut = Answer(200, b"half", headers={"Content-Length": "100"}, cut=True)
    hub.play(script.json(ProjectList(items=[project()])), cut)
    assert ds("file", "get", "p", "name", str(link)).returncode == 1
    assert file.read_bytes() == b"old"
    assert {path.name for path in tmp_path.iterdir()} == {"link", "file"}


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="needs the files of /proc")
def test_a_removed_file_is_written_to_through_its_descriptor(hub: Script, ds: Program, tmp_path: Path) -> None:
    """What /proc leads to without a name gets the content; no file of a made-up name appears."""
    folder = tmp_path / "folder"
    folder.mkdir()
    with (folder / "gone").open("w+b") as stream:
        (folder / "gone").unlink()
        offer(hub)
        get(ds, Path(f"/proc/{os.getpid()}/fd/{stream.fileno()}"))
        assert stream.read() == CONTENT
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize("target", ["missing/name", "file/name"])
def test_without_a_folder_it_says_so(hub: Script, ds: Program, tmp_path: Path, target: str) -> None:
    """A folder that is not there, or is a file, is named."""
    (tmp_path / "file").touch()
    offer(hub)
    done = ds("file", "get", "p", "name", target, cwd=tmp_path)
    assert done.returncode == 1
    assert b"There is no folder" in done.stderr
