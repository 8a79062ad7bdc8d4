"""A file on its way to the hub, checked to be what the snapshot says."""

from __future__ import annotations

import hashlib
import io
import os
import stat
from typing import Any, Final

from . import names
from .entry import SYMLINK, Entry
from .errors import ContentChanged
from .hashing import blob_id, sha256_of

CHANGED: Final = "It was changed after the snapshot."


def read_blob(folder: names.Nearby, path: bytes, entry: Entry) -> bytes:
    """The content of a small file or the target of a symlink, the same as when it was scanned.

    Args:
        folder: The workspace.
        path: Stored path.
        entry: What the snapshot says.

    Raises:
        ContentChanged: it is another content now, or gone.
    """
    disk = names.on_disk(path)
    try:
        data = folder.read_link(disk) if entry.mode == SYMLINK else _read(folder.open(disk), entry.size)
    except OSError as error:
        raise ContentChanged(f"It cannot be read any more: {os.strerror(error.errno or 0)}.") from error
    if blob_id(data) != entry.blob:
        raise ContentChanged(CHANGED)
    return data


def _read(fd: int, size: int) -> bytes:
    """The content of a file of ``size`` bytes, and what it has more now. Closes the descriptor."""
    try:
        if not stat.S_ISREG(os.fstat(fd).st_mode):
            raise ContentChanged("It is no regular file any more.")
        # Most files come at once. What is left shows that there is no more.
        data = os.read(fd, size + 1)
        while len(data) <= size and (more := os.read(fd, size + 1 - len(data))):
            data += more
        return data
    finally:
        os.close(fd)


class GuardedFile(io.RawIOBase):
    """A large file for reading. The last byte is only handed out when the file is, as far as can be seen, what it was.

    So a body of a declared length does not arrive complete when it is known to be wrong. As long as the file's stamps
    are those of the snapshot it is not hashed again: that would be half of what sending costs, and who receives it
    compares the hash anyway; :meth:`is_unchanged` tells whose fault a difference is. With other stamps (somebody
    changed its mode, say) it is hashed. It can be read again from the start, which HTTP clients do when they repeat a
    request.

    Args:
        root: Descriptor of the workspace.
        path: Stored path.
        entry: What the snapshot says; ``sha256`` must be known.

    Raises:
        ContentChanged: it is gone, or of another size; later, from ``read``: it was changed.
    """

    def __init__(self, root: int, path: bytes, entry: Entry) -> None:
        super().__init__()
        self._entry = entry
        try:
            self._fd = names.open_file(root, names.on_disk(path))
        except OSError as error:
            raise ContentChanged(f"It cannot be read any more: {os.strerror(error.errno or 0)}.") from error
        self._at = 0
        st = os.fstat(self._fd)
        if not stat.S_ISREG(st.st_mode) or st.st_size != entry.size:
            self.close()
            raise ContentChanged(CHANGED)
        self._digest = None if self._is_as_scanned() else hashlib.sha256()

    def is_unchanged(self) -> bool:
        """Whether the file has the content of the snapshot now. Reads all of it, and leaves it at its end."""
        os.lseek(self._fd, 0, os.SEEK_SET)
        with os.fdopen(os.dup(self._fd), "rb", buffering=0) as file:
            return sha256_of(file) == (self._entry.sha256, self._entry.size)

    def readable(self) -> bool:
        """Yes."""
        return True

    def seekable(self) -> bool:
        """Back to the start, at least."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Read into ``buffer``; 0 at the end."""
        view = memoryview(buffer).cast("B")[: self._entry.size - self._at]
        if not view:
            return 0
        try:
            count = os.readv(self._fd, [view])
        except OSError as error:
            raise ContentChanged(f"It cannot be read any more: {os.strerror(error.errno or 0)}.") from error
        if self._digest is not None:
            self._digest.update(view[:count])
        self._at += count
        if not count or (self._at == self._entry.size and not self._is_right()):
            raise ContentChanged(CHANGED)
        return count

    def _is_right(self) -> bool:
        """Whether what was read is what the snapshot says, now that all of it was read."""
        if self._digest is not None:
            return self._digest.hexdigest() == self._entry.sha256
        return self._is_as_scanned()

    def _is_as_scanned(self) -> bool:
        was, st = self._entry, os.fstat(self._fd)
        return (was.changed, was.modified, was.inode) == (st.st_ctime_ns, st.st_mtime_ns, st.st_ino)

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Go back to the start; any other place would leave a gap in the hash."""
        if (offset, whence) == (0, os.SEEK_CUR) or (whence == os.SEEK_SET and offset == self._at):
            return self._at
        if (offset, whence) != (0, os.SEEK_SET):
            raise io.UnsupportedOperation("A guarded file can only be read again from its start.")
        os.lseek(self._fd, 0, os.SEEK_SET)
        self._digest, self._at = None if self._digest is None else hashlib.sha256(), 0
        return 0

    def tell(self) -> int:
        """How many bytes were read."""
        return self._at

    def close(self) -> None:
        """Close the file."""
        if not self.closed:
            os.close(self._fd)
        super().close()
