"""Small packs that unpack to very much."""

from __future__ import annotations

import asyncio
import hashlib
import resource
import struct
import zlib

import pytest

from jupyter_dotscience.api.problems import BadRequest
from tests.hub.git.hub import ALICE, Hub
from tests.hub.git.test_contents import pieces

MEGABYTE = 1 << 20
_BASE = b"a" * 0xFFFFFF
_BLOB, _OFS_DELTA = 3, 6


def _size(number: int) -> bytes:
    """A size as deltas write it (gitformat-pack(5))."""
    out = b""
    while number > 0x7F:
        out, number = out + bytes([number & 0x7F | 0x80]), number >> 7
    return out + bytes([number])


def _header(kind: int, size: int) -> bytes:
    first, rest = kind << 4 | size & 0xF, size >> 4
    return bytes([first | 0x80]) + _size(rest)


def _offset(number: int) -> bytes:
    found = [number & 0x7F]
    while number := number >> 7:
        number -= 1
        found.insert(0, number & 0x7F | 0x80)
    return bytes(found)


def bomb(megabytes: int) -> bytes:
    """A pack of some kilobytes with a delta that copies its base again and again."""
    times = megabytes * MEGABYTE // len(_BASE)
    base = _header(_BLOB, len(_BASE)) + zlib.compress(_BASE)
    delta = _size(len(_BASE)) + _size(times * len(_BASE)) + b"\xf0\xff\xff\xff" * times
    bent = _header(_OFS_DELTA, len(delta)) + _offset(len(base)) + zlib.compress(delta)
    body = b"PACK" + struct.pack(">II", 2, 2) + base + bent
    return body + hashlib.sha1(body).digest()


def test_a_delta_that_unpacks_to_gigabytes_is_refused(hub: Hub) -> None:
    """A pack of 20 KB cannot make git take three gigabytes of the hub's memory (B8)."""
    pack = bomb(3000)
    assert len(pack) < 32_768
    with pytest.raises(BadRequest, match="The pack cannot be used"):
        asyncio.run(hub.workspace.put_pack(ALICE, project=hub.project, body=pieces(pack)))
    assert resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024 < 1500 * MEGABYTE


def test_a_delta_within_the_limits_is_taken(hub: Hub) -> None:
    """The same form with a content that may be so large is a pack like any other."""
    taken = asyncio.run(hub.workspace.put_pack(ALICE, project=hub.project, body=pieces(bomb(90))))
    assert taken.objects > 0
