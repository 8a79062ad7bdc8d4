"""Large contents that come in parts, over connections that break, from browsers that are closed.

An upload has no id: it is whose it is, where it goes to and what it will hash to. So whoever knows the content can go
on with it, after whatever happened, and nobody can go on with somebody else's.

1. ``begin_upload`` says how many bytes the hub has of it.
2. ``put_part`` adds a part at exactly that place, again and again; a connection that breaks leaves what had arrived.
3. ``finish_upload`` makes an object of it when its SHA-256 is right.

What nobody adds to for a day is removed.
"""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from ._base import Bytes, Model, Request, Sha256

PART_SIZE = 8 << 20


class UploadBegin(Request, frozen=True, kw_only=True):
    """A content that will come."""

    sha256: Sha256
    size: Bytes


class PartQuery(Request, frozen=True, kw_only=True):
    """Where a part belongs."""

    size: Annotated[int, Meta(ge=0, le=2**63 - 1, description="Bytes of the whole content.")]
    offset: Annotated[int, Meta(ge=0, le=2**63 - 1, description="Of the part's first byte: what the hub has.")]


class UploadFinish(Request, frozen=True, kw_only=True):
    """All parts were sent."""

    size: Bytes


class Upload(Model, frozen=True, kw_only=True):
    """How far an upload is."""

    sha256: Sha256
    size: Bytes
    received: Annotated[int, Meta(description="Bytes that the hub has, from the first one on.")]
    part_size: Annotated[int, Meta(description="Bytes to send at a time.")] = PART_SIZE
