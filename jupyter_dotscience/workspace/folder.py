"""One folder while it is being scanned."""

from __future__ import annotations

import os
import stat
import sys
from typing import Final

from jupyter_dotscience.api import paths

from . import names
from .errors import IgnoreError
from .ignore import FILE_NAME, MAX_FILE, Ignore

_ENCODING: Final = sys.getfilesystemencoding()
_ERRORS: Final = sys.getfilesystemencodeerrors()


class Folder:
    """A folder's descriptor, its paths, the rules in it, and the folders below that are still to be scanned.

    Args:
        fd: Descriptor; closed by :meth:`close`.
        disk: Path on disk relative to the top, with a slash at the end; empty for the top.
        stored: The same as it is stored.
        ignore: The rules of the folder above; None to take everything.
    """

    __slots__ = ("children", "disk", "fd", "ignore", "plain", "stored")

    def __init__(self, fd: int, disk: bytes, stored: bytes, ignore: Ignore | None) -> None:
        self.fd, self.disk, self.stored, self.ignore = fd, disk, stored, ignore
        self.plain = disk == stored
        self.children: list[str] = []

    def close(self) -> None:
        """Give the descriptor back."""
        os.close(self.fd)

    def disk_path(self, name: str) -> bytes:
        """The path on disk of ``name`` in this folder."""
        # What os.fsencode does, in a third of the time.
        return self.disk + name.encode(_ENCODING, _ERRORS)

    def stored_path(self, name: str, disk: bytes) -> bytes:
        """The stored path of ``name``, whose path on disk is ``disk``."""
        # Names that escape_git could change start with one of these; to ask it about each of 100,000 takes long.
        first = name[0]
        if first not in ".%gG" and first < "\x7f":
            return disk if self.plain else self.stored + disk[len(self.disk) :]
        return self.stored + paths.escape_git(disk[len(self.disk) :])

    def open_child(self, name: str) -> Folder:
        """The folder ``name`` in this one.

        Raises:
            OSError: it is gone, no folder any more, or may not be read.
        """
        disk = self.disk_path(name)
        fd = os.open(name, names.FOLDER_FLAGS, dir_fd=self.fd)
        return Folder(fd, disk + b"/", self.stored_path(name, disk) + b"/", self.ignore)

    def read_rules(self) -> None:
        """Put this folder's own ignore file on top of the rules from above.

        Raises:
            IgnoreError: a bad pattern, or an ignore file that cannot be read.
        """
        if self.ignore is None:
            return
        source = os.fsdecode(self.disk) + FILE_NAME
        try:
            with os.fdopen(os.open(FILE_NAME, names.FILE_FLAGS, dir_fd=self.fd), "rb") as file:
                if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                    raise IgnoreError(f"{source}: this is no regular file.")
                self.ignore = self.ignore.enter(self.disk[:-1], file.read(MAX_FILE + 1), source)
        except FileNotFoundError:
            return
        except OSError as error:
            raise IgnoreError(f"{source}: cannot be read: {os.strerror(error.errno or 0)}.") from None
