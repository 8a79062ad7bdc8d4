"""Compressed request bodies: unpacked within limits, whatever is in them."""

from __future__ import annotations

import gzip
import tracemalloc
import zlib

import pytest
from dotscience_hub.web.gzip import GzipBody

from jupyter_dotscience.api.problems import BadRequest, TooLarge

MEGABYTE = 1 << 20


def feed_often(body: GzipBody, piece: bytes, times: int) -> None:
    for _ in range(times):
        list(body.feed(piece))


def test_pieces_come_out_whole() -> None:
    """A body that arrives byte by byte unpacks to what was packed."""
    body, packed = GzipBody("gzip", 100), gzip.compress(b"a content")
    assert b"".join(piece for byte in packed for piece in body.feed(bytes([byte]))) == b"a content"


def test_a_bomb_is_refused_before_it_goes_off() -> None:
    """More than the limit is refused, and never a gigabyte held (B8)."""
    body, packed = GzipBody("gzip", MEGABYTE), gzip.compress(bytes(64 * MEGABYTE))
    with pytest.raises(TooLarge):
        list(body.feed(packed))


def test_what_follows_the_end_is_refused() -> None:
    """Bytes behind a gzip stream are no part of a body, and are not kept in memory without end (B8)."""
    body = GzipBody("gzip", MEGABYTE)
    list(body.feed(gzip.compress(b"end")))
    tracemalloc.start()
    with pytest.raises(BadRequest):
        feed_often(body, bytes(MEGABYTE), 64)
    assert tracemalloc.get_traced_memory()[1] < 8 * MEGABYTE
    tracemalloc.stop()


def test_packing_that_unpacks_to_nothing_is_bounded() -> None:
    """A stream of empty blocks, which never unpacks to anything, ends at the limit too (B8)."""
    packer = zlib.compressobj(wbits=31)
    body = GzipBody("gzip", 1000)
    list(body.feed(packer.compress(b"x") + packer.flush(zlib.Z_FULL_FLUSH)))
    empty = b"\0\0\0\xff\xff"  # a stored block of no bytes (RFC 1951, section 3.2.4)
    with pytest.raises(TooLarge):
        feed_often(body, empty * 100, 10_000)
