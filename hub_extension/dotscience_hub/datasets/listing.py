"""What an S3 server says in XML: a page of a bucket's list, and an error.

Reference: Amazon S3 API, ListObjectsV2 and "REST error responses".
"""

from __future__ import annotations

import datetime as dt
from typing import NamedTuple
from urllib.parse import unquote_plus
from xml.etree import ElementTree as ET

from .errors import Transient

_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


class Listed(NamedTuple):
    """An object as the list has it; `modified` in nanoseconds since 1970."""

    key: str
    etag: str
    size: int
    modified: int


class Page(NamedTuple):
    """A part of the list, and what to ask for the next with; None at the end."""

    objects: list[Listed]
    token: str | None


class Refusal(NamedTuple):
    """Code, message and, where the server names it, the region of an error."""

    code: str
    message: str
    region: str | None


def parse_page(body: bytes) -> Page:
    """A page.

    Raises:
        Transient: it is none: what stands between us and the server may have sent it.
    """
    try:
        root = _parse(body)
        encoded = _text(root, "EncodingType") == "url"
        found = [_listed(entry, encoded) for entry in root.iter() if _name(entry) == "Contents"]
        token = _text(root, "NextContinuationToken") if _text(root, "IsTruncated") == "true" else None
    except (ET.ParseError, ValueError, KeyError, OverflowError):
        raise Transient("the server's list of the bucket cannot be read") from None
    if _name(root) != "ListBucketResult" or (token is None and _text(root, "IsTruncated") == "true"):
        raise Transient("the server's list of the bucket cannot be read")
    return Page(found, token)


def parse_refusal(body: bytes) -> Refusal:
    """An error; empty when it is none that S3 makes."""
    try:
        root = _parse(body)
    except ET.ParseError:
        return Refusal("", "", None)
    return Refusal(_text(root, "Code") or "", _text(root, "Message") or "", _text(root, "Region"))


def _parse(body: bytes) -> ET.Element:
    # No document type, no entities: nothing in it can grow, or lead elsewhere.
    if b"<!DOCTYPE" in body or b"<!ENTITY" in body:
        raise ET.ParseError("a document type is not expected")
    return ET.fromstring(body)  # noqa: S314


def _listed(entry: ET.Element, encoded: bool) -> Listed:
    facts = {_name(child): child.text or "" for child in entry}
    key = unquote_plus(facts["Key"], errors="strict") if encoded else facts["Key"]
    size = int(facts["Size"])
    if size < 0:
        raise ValueError("a negative size")
    return Listed(key, facts.get("ETag", "").strip('"'), size, _nanoseconds(facts.get("LastModified", "")))


def _nanoseconds(moment: str) -> int:
    """Of a time in the form of ISO 8601; 0 when the server does not say."""
    if not moment:
        return 0
    since = dt.datetime.fromisoformat(moment) - _EPOCH
    return (since.days * 86_400 + since.seconds) * 1_000_000_000 + since.microseconds * 1000


def _name(element: ET.Element) -> str:
    """Without the namespace: some servers leave it away."""
    return element.tag.rpartition("}")[2]


def _text(root: ET.Element, name: str) -> str | None:
    return next((child.text or "" for child in root if _name(child) == name), None)
