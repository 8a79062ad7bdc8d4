"""What all Structs of the contract have in common."""

from __future__ import annotations

import datetime as dt
from typing import Annotated

import msgspec
from msgspec import Meta


class Request(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Something a caller sends. An unknown field is an error that names it, never ignored."""


class Model(msgspec.Struct, frozen=True):
    """Something the hub answers. Readers ignore fields they do not know, so that an older client goes on working."""


Time = Annotated[dt.datetime, Meta(tz=True, description="An instant with its zone; the hub answers in UTC.")]
Int64 = Annotated[int, Meta(ge=-(2**63), le=2**63 - 1)]
Nanoseconds = Annotated[int, Meta(ge=-(2**63), le=2**63 - 1, description="Nanoseconds since 1970-01-01T00:00:00Z.")]
Seconds = Annotated[float, Meta(description="A duration in seconds.")]
Bytes = Annotated[int, Meta(ge=0, le=2**63 - 1, description="A size in bytes.")]

Id = Annotated[str, Meta(pattern="^[0-9a-f-]{36}$", description="A UUID (version 7: sortable by time of creation).")]
Name = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=200,
        pattern=r"^[^\x00-\x20\x7f/][^\x00-\x1f\x7f/]*$",
        description="A name people choose: 1 to 200 characters, no control characters, no '/'.",
    ),
]
Sha1 = Annotated[str, Meta(pattern="^[0-9a-f]{40}$", description="A git object id.")]
Sha256 = Annotated[str, Meta(pattern="^[0-9a-f]{64}$", description="SHA-256 of a file's content.")]
Path = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=4095 * 3,
        description="A path in a workspace, '/' between its parts; bytes that are not UTF-8 as in api.paths.",
    ),
]


def now() -> dt.datetime:
    """The present instant, in UTC."""
    return dt.datetime.now(dt.UTC)
