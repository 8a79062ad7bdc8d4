"""Reading a bucket: botocore signs, urllib3 fetches, which takes a tenth of the processor time of boto3's `get_object`.

Every request is repeated while it may help. How long is one decision for all of them: as long as any got an answer.
"""

from __future__ import annotations

import contextlib
import random
import re
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple, TypeVar
from urllib.parse import quote

from urllib3 import BaseHTTPResponse
from urllib3.exceptions import HTTPError, LocationValueError, ReadTimeoutError, SSLError

from . import endpoint as endpoints
from . import refusals
from .errors import Changed, SyncError, Transient
from .listing import Listed, Page, parse_page, parse_refusal
from .location import HEADER, REGION, Location, check, signing

T = TypeVar("T")
PATIENCE_SECONDS = 90.0
"""How long nothing may come before a synchronisation gives up: more than one answer may take, for a second try."""
_ATTEMPTS = 12
"""How often one request is tried while others get what they ask for."""
_EMPTY_PAGES = 100
"""So many in a row, which promise more, are a list without an end."""
_FIRST_WAIT, _LONGEST_WAIT = 0.2, 8.0
_ERROR_BYTES, _PAGE_BYTES = 64 << 10, 32 << 20
_CHUNK = 1 << 20


class Content(NamedTuple):
    """A small object."""

    data: bytes
    version_id: str | None


class Bucket:
    """One bucket, for many threads."""

    def __init__(
        self, location: Location, *, connections: int = 16, patience: float = PATIENCE_SECONDS,
        allowed: Sequence[str] = ("*",), read: float = endpoints.READ_SECONDS,
    ) -> None:  # fmt: skip
        """Nothing is connected yet.

        Args:
            location: Where it is.
            connections: How many are kept.
            patience: Seconds in which nothing came before it gives up.
            allowed: Servers that may be asked, see :func:`endpoint.parse`.
            read: Seconds that an answer may stand still, see :mod:`answers`.

        Raises:
            SyncError: the location cannot be one.
        """
        check(location)
        self.location = location
        self._connections, self._patience, self._allowed, self._read = connections, patience, allowed, read
        self._succeeded = time.monotonic()
        self._stopped = threading.Event()
        self._settle(location.region or "us-east-1")

    def close(self) -> None:
        """Have requests of other threads fail soon, and let connections go."""
        self._stopped.set()
        self._pool.close()

    def pages(self, size: int = 1000) -> Iterator[Page]:
        """All objects below the prefix, in the order of their keys.

        Args:
            size: How many at a time.

        Raises:
            SyncError: it cannot be listed.
        """
        token: str | None = None
        seen: set[str] = set()
        empty = 0
        while True:
            page = self.page(size, token)
            yield page
            token, empty = page.token, 0 if page.objects else empty + 1
            if token is None:
                return
            if token in seen or empty >= _EMPTY_PAGES:
                raise SyncError(f"The list of {self.location.url} has no end.")
            seen.add(token)

    def page(self, size: int, token: str | None = None) -> Page:
        """A part of the list; the first without a token.

        Raises:
            SyncError: it cannot be listed.
        """
        query = {"list-type": "2", "max-keys": str(size), "encoding-type": "url", "prefix": self.location.prefix}
        if token is not None:
            query["continuation-token"] = token
        text = "&".join(f"{name}={quote(value, safe='-_.~')}" for name, value in sorted(query.items()))

        def listed() -> Page:
            with self._answer("", text, {}) as answer:
                return parse_page(_read(answer, _PAGE_BYTES))

        return self._patiently(listed)

    def get(self, listed: Listed) -> Content:
        """A whole object.

        Raises:
            Changed: it is not any more what was listed.
            SyncError: it cannot be had.
        """

        def fetched() -> Content:
            with self._object(listed, {}) as answer:
                data = _read(answer, listed.size)
                if len(data) != listed.size:
                    raise Transient("the server broke off")
                return Content(data, _version(answer))

        return self._patiently(fetched)

    def get_range(self, listed: Listed, start: int, length: int, write: Callable[[int, bytes], None]) -> str | None:
        """A part of an object; its version, when the server has such.

        Args:
            listed: Which.
            start: The first byte.
            length: How many; at least one.
            write: Takes position and bytes; after a failure again from `start` on.

        Raises:
            Changed: it is not any more what was listed.
            SyncError: it cannot be had.
        """

        def fetched() -> str | None:
            with self._object(listed, {"range": f"bytes={start}-{start + length - 1}"}) as answer:
                done = 0
                for chunk in answer.stream(_CHUNK, decode_content=False):
                    if done + len(chunk) > length or self._stopped.is_set():
                        raise Transient("the server sent more than it was asked for")
                    write(start + done, chunk)
                    self._succeeded = time.monotonic()  # a part may take longer than nothing may come
                    done += len(chunk)
                if done != length:
                    raise Transient("the server broke off")
                return _version(answer)

        return self._patiently(fetched)

    @contextlib.contextmanager
    def _object(self, listed: Listed, headers: dict[str, str]) -> Iterator[BaseHTTPResponse]:
        conditions = {**headers, "if-match": f'"{listed.etag}"'} if HEADER.fullmatch(listed.etag) else headers
        with self._answer("/" + quote(listed.key, safe="/-_.~"), "", conditions) as answer:
            if "range" in headers and not _is_range(answer, listed, headers["range"]):
                raise Transient("the server does not send parts of objects")
            # Some servers do not know the condition: what they sent tells.
            if listed.etag and answer.headers.get("ETag", listed.etag).strip('"') != listed.etag:
                raise Changed(listed.key)
            yield answer

    @contextlib.contextmanager
    def _answer(self, path: str, query: str, headers: dict[str, str]) -> Iterator[BaseHTTPResponse]:
        """The answer to a GET, which is good; its body is to be read.

        Raises:
            Changed: the object is another, or gone.
            Transient: it is worth another try.
            SyncError: it is not.
        """
        try:
            target = self._path + path + (f"?{query}" if query else "")
            answer = self._pool.urlopen(
                "GET", target, headers=self._signed(target, headers), preload_content=False, redirect=False,
                decode_content=False, retries=False,
            )  # fmt: skip
            try:
                if answer.status >= 300:
                    self._refuse(answer, bool(path))
                yield answer
            except BaseException:
                answer.close()
                raise
            answer.release_conn()
        except (HTTPError, OSError) as error:
            raise self._failure(error) from error

    def _failure(self, error: HTTPError | OSError) -> Exception:
        """What to raise for a request that failed."""
        if isinstance(error, ReadTimeoutError):
            return Transient(f"its answer did not come within {self._read:g} seconds")
        if isinstance(error, LocationValueError) or _is_untrusted(error):
            return SyncError(f"{self._at} cannot be reached: {_reason(error)}.")
        if isinstance(error, OSError):
            return Transient(error.strerror or "the connection broke")
        return Transient(_reason(error))

    def _signed(self, target: str, headers: dict[str, str]) -> dict[str, str]:
        server = self._endpoint
        # `identity`: the bytes are to be those that were stored.
        request = self._request("GET", f"{server.scheme}://{server.authority}{target}", headers=headers)
        self._auth.add_auth(request)
        return {**dict(request.headers.items()), "Host": server.authority, "Accept-Encoding": "identity"}

    def _refuse(self, answer: BaseHTTPResponse, is_object: bool) -> None:
        refusal = parse_refusal(answer.read(_ERROR_BYTES, decode_content=False))
        region = refusal.region or answer.headers.get("x-amz-bucket-region")
        if region and region != self._region and REGION.fullmatch(region) and self.location.region is None:
            self._settle(region)
            raise Transient("the bucket is in another region")
        if is_object and (answer.status in (404, 412, 416) and refusal.code != "NoSuchBucket"):
            raise Changed("the object changed")
        raise refusals.error_of(answer.status, refusal, self.location, self._at)

    def _settle(self, region: str) -> None:
        """Talk to the server of this region. Amazon's region of a bucket is known only once it was asked."""
        place = self.location
        url, path = place.server(region)
        self._region, self._endpoint = region, endpoints.parse(url, self._allowed)
        self._path = self._endpoint.path + path
        self._at = f"{self._endpoint.scheme}://{self._endpoint.authority}"
        self._pool = endpoints.pool(self._endpoint, self._connections, self._read)
        self._request, self._auth = signing(place, region)

    def _patiently(self, work: Callable[[], T]) -> T:
        """Try, and again with growing pauses, until it works or there is no more hope.

        Raises:
            SyncError: nothing succeeded for too long, or this one never does.
        """
        wait, began, attempt = _FIRST_WAIT, time.monotonic(), 0
        while True:
            attempt += 1
            try:
                done = work()
            except Transient as error:
                # Others may wait in their own pauses: what counts is the last success of any, or this one's begin.
                alone = time.monotonic() - max(self._succeeded, began)
                if self._stopped.is_set() or alone > self._patience or attempt >= _ATTEMPTS:
                    raise SyncError(f"{self._at} does not answer as it should: {error}.") from error
            else:
                self._succeeded = time.monotonic()
                return done
            self._stopped.wait(wait * random.uniform(0.5, 1.0))  # noqa: S311 - no secret
            wait = min(wait * 2, _LONGEST_WAIT)


def _is_untrusted(error: Exception) -> bool:
    """Whether the server's certificate is not good, which it is not at the next try either."""
    return isinstance(error, SSLError) and isinstance((*error.args, None)[0], ssl.SSLCertVerificationError)


def _is_range(answer: BaseHTTPResponse, listed: Listed, wanted: str) -> bool:
    """Whether an answer has the bytes that were asked for; not all servers say 206. All may have been asked for."""
    told = answer.headers.get("Content-Range")
    if told is None:
        return answer.status == 200 and wanted == f"bytes=0-{listed.size - 1}"
    return told == f"{wanted.replace('=', ' ')}/{listed.size}"


def _read(answer: BaseHTTPResponse, limit: int) -> bytes:
    """A body of up to `limit` bytes; one more when it is longer, which no caller takes for whole."""
    data = answer.read(limit + 1, decode_content=False)
    if len(data) > limit:
        raise Transient("the server sent more than it was asked for")
    return data


def _version(answer: BaseHTTPResponse) -> str | None:
    found = answer.headers.get("x-amz-version-id")
    return None if found in (None, "null") else str(found)[:1024]


def _reason(error: Exception) -> str:
    """What happened, without addresses of objects within this process."""
    text = str(error.args[-1] if error.args else error)
    return re.sub(r"<[^>]*>:? ?", "", text).rpartition(": ")[2].strip(" .')\"")[:200] or type(error).__name__
