"""Files of a workspace or dataset on this machine: listings, and getting one."""

from __future__ import annotations

import contextlib
import os
import stat
import sys
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from . import tables
from .guard import Failure
from .progress import Bar
from .text import printable, printable_path

if TYPE_CHECKING:
    from jupyter_dotscience.api.files import FileVersion
    from jupyter_dotscience.client import Reader
    from jupyter_dotscience.client.remote import AnyRemote


def list_files(remote: AnyRemote, at: str, prefix: str, *, quiet: bool, output: str) -> None:
    """Print the files of a version.

    Args:
        remote: The project or dataset.
        at: The version.
        prefix: Only those in this folder and below; all when empty.
        quiet: Names only.
        output: ``table`` or ``json``.
    """
    from jupyter_dotscience.api.files import TreeQuery

    found = remote.get_tree(TreeQuery(at=at, prefix=_wire(prefix).rstrip("/"))).items
    if quiet and output == "table" and not sys.stdout.isatty():
        _print_names(found)
        return
    tables.show(found, ("NAME", "SIZE", "LAST MODIFIED"), _row, _name, quiet=quiet, output=output)


def _print_names(found: list[FileVersion]) -> None:
    """Names for another program, byte for byte."""
    from jupyter_dotscience.api.paths import to_bytes

    sys.stdout.buffer.writelines(to_bytes(item.path) + b"\n" for item in found)
    sys.stdout.buffer.flush()


def _name(item: FileVersion) -> str:
    return printable_path(item.path)


def _row(item: FileVersion) -> tuple[str, ...]:
    import datetime as dt

    moment = dt.datetime.fromtimestamp(item.modified / 1e9, dt.UTC) if item.modified else None
    return _name(item), str(item.size), moment.strftime("%Y-%m-%d %H:%M:%S UTC") if moment else ""


def _wire(path: str) -> str:
    """A path from the command line as it travels."""
    from jupyter_dotscience.api.paths import to_text

    return to_text(os.fsencode(path))


def get_file(remote: AnyRemote, at: str, path: str, target: Path | None) -> None:
    """Get a file.

    Args:
        remote: The project or dataset.
        at: The version.
        path: Of the file there.
        target: A file or folder here, ``-`` for standard output; by default the file's own name here.

    Raises:
        Failure: there is no such folder here.
    """
    from jupyter_dotscience.api.files import FileQuery

    with remote.get_file(FileQuery(path=_wire(path), at=at)) as reader:
        if str(target) == "-":
            _copy(reader, sys.stdout.buffer, shown=not sys.stdout.isatty())
        else:
            _write(reader, _target(path, target))


def _target(path: str, target: Path | None) -> Path:
    name = path.rstrip("/").rsplit("/", 1)[-1]
    if target is None:
        return Path(name)
    return target / name if target.is_dir() else target


def _write(reader: Reader, target: Path) -> None:
    """To the file that the target is or leads to: a link stays, and so do a pipe and a device, which are written to."""
    place = Path(os.path.realpath(target))
    try:
        before = target.stat()
    except (FileNotFoundError, NotADirectoryError):
        before = None
    # A link of /proc to a file that was removed leads to it, yet its real path is that of another file or of none.
    if before is None or (stat.S_ISREG(before.st_mode) and place.exists() and place.samefile(target)):
        _replace(reader, place, before)
        return
    with os.fdopen(os.open(target, os.O_WRONLY | os.O_TRUNC), "wb") as out:
        _copy(reader, out, target.name)


def _replace(reader: Reader, place: Path, before: os.stat_result | None) -> None:
    """Write beside the file, then put it in its place: half a file never has the whole one's name."""
    import tempfile

    if not place.parent.is_dir():
        raise Failure(f"There is no folder {str(place.parent)!r} to put the file into.")
    handle, temporary = tempfile.mkstemp(dir=place.parent, prefix=f".{place.name[:100]}.")
    try:
        with os.fdopen(handle, "wb") as out:
            _copy(reader, out, place.name)
            _admit(out.fileno(), before)
        Path(temporary).replace(place)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def _admit(handle: int, before: os.stat_result | None) -> None:
    """Let those read and write it who could before; a new file is everybody's that the umask leaves."""
    if before is None:
        umask = os.umask(0)
        os.umask(umask)
        os.fchmod(handle, 0o666 & ~umask)
        return
    with contextlib.suppress(OSError):  # only root may give files away
        os.fchown(handle, before.st_uid, before.st_gid)
    # What the group might do was meant for that group, not for the one that new files get.
    same = os.fstat(handle).st_gid == before.st_gid
    os.fchmod(handle, before.st_mode & (0o777 if same else 0o707))


def _copy(reader: Reader, out: BinaryIO, name: str = "", *, shown: bool = True) -> None:
    done = 0
    with Bar(f"Downloading {printable(name)}".rstrip()) as bar:
        for piece in reader.pieces():
            out.write(piece)
            done += len(piece)
            if shown:
                bar(done, reader.length)
        out.flush()
