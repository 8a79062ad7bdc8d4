"""Writing a .zip while it is read: no temporary file, and little memory for any number of files.

The format is PKWARE's APPNOTE.TXT 6.3.10; section numbers below are its. Zip64 (4.5.3) is used where a number is too
large for 32 bits, or 16. The same entries make the same bytes.
"""

from __future__ import annotations

import datetime as dt
import struct
import zlib
from collections.abc import Iterable, Iterator

DEFLATED, STORED = 8, 0
_LOCAL, _DESCRIPTOR, _CENTRAL = b"PK\x03\x04", b"PK\x07\x08", b"PK\x01\x02"
_END, _END64, _LOCATOR = b"PK\x05\x06", b"PK\x06\x06", b"PK\x06\x07"
_UTF8, _SIZES_FOLLOW = 1 << 11, 1 << 3
_UNIX, _VERSION, _VERSION64 = 3 << 8, 20, 45
_MOST32, _MOST16 = 0xFFFFFFFF, 0xFFFF
_ZIP64 = 1
_LARGE = 4_000_000_000
"""From so many bytes on sizes have 64 bits: what is packed may be a little longer than what it was."""
_PROBE = 1 << 16
_LEVEL = 6
_QUICK = 1
_FIRST, _LAST = dt.datetime(1980, 1, 1, tzinfo=dt.UTC), dt.datetime(2107, 12, 31, tzinfo=dt.UTC)


class ZipWriter:
    """Makes the pieces of an archive, in their order.

    Args:
        time: Of all files, in UTC: that of the version, so that the same version makes the same archive.
    """

    def __init__(self, time: dt.datetime) -> None:
        self._stamp = _dos_time(time)
        self._central = bytearray()
        self._count = 0
        self._offset = 0

    def file(self, name: bytes, mode: int, content: bytes) -> bytes:
        """A file whose content is in memory.

        Args:
            name: UTF-8, of 65,535 bytes at the most.
            mode: As of stat(2).
            content: The whole content.
        """
        packed = _deflate(content)
        method, data = (DEFLATED, packed) if len(packed) < len(content) else (STORED, content)
        return self._whole(name, mode, method, content, data)

    def link(self, name: bytes, target: bytes) -> bytes:
        """A symbolic link."""
        return self._whole(name, 0o120777, STORED, target, target)

    def large(self, name: bytes, mode: int, size: int, pieces: Iterable[bytes]) -> Iterator[bytes]:
        """A file whose content comes piece by piece: hash and packed size follow it (4.3.9).

        Args:
            name: As above.
            mode: As above.
            size: Bytes of the content.
            pieces: The content.
        """
        wide = size >= _LARGE
        start = self._offset
        sizes = struct.pack("<HHQQ", _ZIP64, 16, 0, 0) if wide else b""
        told = _MOST32 if wide else 0
        version = _VERSION64 if wide else _VERSION
        fields = (version, _UTF8 | _SIZES_FOLLOW, DEFLATED, *self._stamp, 0, told, told, len(name), len(sizes))
        yield self._out(struct.pack("<4sHHHHHIIIHH", _LOCAL, *fields) + name + sizes)
        check, length, packed = 0, 0, 0
        for plain, data in _packed(pieces):
            check, length, packed = zlib.crc32(plain, check), length + len(plain), packed + len(data)
            if data:
                yield self._out(data)
        if length != size:
            raise OSError(f"a content of {size} bytes had {length}")
        yield self._out(struct.pack("<4sIQQ" if wide else "<4sIII", _DESCRIPTOR, check, packed, length))
        self._note(name, mode, _UTF8 | _SIZES_FOLLOW, DEFLATED, check, packed, length, start)

    def end(self) -> bytes:
        """The directory, without which nothing before it is an archive."""
        start, size, count = self._offset, len(self._central), self._count
        tail = b""
        if count >= _MOST16 or start + size >= _MOST32:
            fields = (44, _UNIX | _VERSION64, _VERSION64, 0, 0, count, count, size, start)
            tail = struct.pack("<4sQHHIIQQQQ", _END64, *fields)
            tail += struct.pack("<4sIQI", _LOCATOR, 0, start + size, 1)
        few = min(count, _MOST16)
        last = (0, 0, few, few, min(size, _MOST32), min(start, _MOST32), 0)
        return bytes(self._central) + tail + struct.pack("<4sHHHHIIH", _END, *last)

    def _whole(self, name: bytes, mode: int, method: int, content: bytes, data: bytes) -> bytes:
        start, check = self._offset, zlib.crc32(content)
        fields = (_VERSION, _UTF8, method, *self._stamp, check, len(data), len(content), len(name), 0)
        self._note(name, mode, _UTF8, method, check, len(data), len(content), start)
        return self._out(struct.pack("<4sHHHHHIIIHH", _LOCAL, *fields) + name + data)

    def _note(
        self, name: bytes, mode: int, flags: int, method: int, check: int, packed: int, size: int, start: int
    ) -> None:
        """Put a file into the directory."""
        wide = [number for number in (size, packed, start) if number >= _MOST32]
        extra = struct.pack(f"<HH{len(wide)}Q", _ZIP64, 8 * len(wide), *wide) if wide else b""
        version = _VERSION64 if wide or size >= _LARGE else _VERSION
        small = [min(number, _MOST32) for number in (packed, size, start)]
        self._central += struct.pack(
            "<4sHHHHHHIIIHHHHHII",
            *(_CENTRAL, _UNIX | version, version, flags, method, *self._stamp, check, small[0], small[1]),
            *(len(name), len(extra), 0, 0, 0, mode << 16, small[2]),
        )
        self._central += name + extra
        self._count += 1

    def _out(self, data: bytes) -> bytes:
        self._offset += len(data)
        return data


def _deflate(content: bytes) -> bytes:
    packer = zlib.compressobj(_LEVEL, zlib.DEFLATED, -zlib.MAX_WBITS)
    return packer.compress(content) + packer.flush()


def _packed(pieces: Iterable[bytes]) -> Iterator[tuple[bytes, bytes]]:
    """Each piece with what is to be written for it.

    What does not get smaller is still written as "deflated", in blocks that are as they were: so who reads the archive
    as it comes finds the end, though nobody knew the check sum before.
    """
    packer = None
    for piece in pieces:
        if packer is None:
            probe = piece[:_PROBE]
            level = _QUICK if len(zlib.compress(probe, _QUICK)) < 0.9 * len(probe) else 0
            packer = zlib.compressobj(level, zlib.DEFLATED, -zlib.MAX_WBITS)
        yield piece, packer.compress(piece)
    packer = packer or zlib.compressobj(0, zlib.DEFLATED, -zlib.MAX_WBITS)
    yield b"", packer.flush()


def _dos_time(time: dt.datetime) -> tuple[int, int]:
    """Time and date as in 4.4.6: from 1980 on, in steps of two seconds."""
    moment = max(min(time.astimezone(dt.UTC), _LAST), _FIRST)
    clock = moment.hour << 11 | moment.minute << 5 | moment.second // 2
    return clock, (moment.year - 1980) << 9 | moment.month << 5 | moment.day
