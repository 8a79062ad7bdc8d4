"""Connections: a keep-alive pool, TLS, proxies, tokens, and the one loop that repeats requests."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from jupyter_dotscience.api.problems import DotscienceError, NotLoggedIn, Unavailable, Unreachable

from . import address, answers, responses
from .body import Body
from .retry import RETRIED_STATUS, Patience

if TYPE_CHECKING:
    from ssl import SSLContext

    from urllib3 import BaseHTTPResponse, PoolManager

_TOKEN = re.compile(r"^[\x21-\x7e]+$")
CONNECT_TIMEOUT = 10.0
WORK_RATE = 5e6
"""Bytes a second that a hub stores at least before it answers: a large body is waited for that much longer."""
POOL = 64
"""Idle connections kept; more than an agent has threads, for urllib3 warns when it throws one away."""


@dataclass(frozen=True)
class Request:
    """One request, ready to be sent, and sent again.

    Attributes:
        method: HTTP method.
        target: Path and query below the hub's address.
        body: What to send, or None.
        headers: Beside those that every request has.
        timeout: Seconds to wait for the next byte of the answer.
        repeatable: It may be sent again when nobody knows what became of it.
    """

    method: str
    target: str
    body: Body | None = None
    headers: dict[str, str] = field(default_factory=dict)
    timeout: float = 30.0
    repeatable: bool = False


def make_pool(url: str) -> PoolManager:
    """Connections to one hub, shared between threads.

    HTTPS_PROXY, HTTP_PROXY and NO_PROXY are honoured, for loopback never.

    Raises:
        Unreachable: the certificates that the environment names cannot be read, or its proxy is none.
    """
    import urllib3

    from .connections import patient

    context = ssl_context(url)
    if proxy := _proxy(url):
        return patient(_through(proxy, context))
    return patient(urllib3.PoolManager(maxsize=POOL, ssl_context=context))


def _through(proxy: str, context: SSLContext | None) -> PoolManager:
    """Connections by way of a proxy: ``[http://][USER:PASSWORD@]HOST[:PORT]``, as curl reads it."""
    import urllib3

    proxy = proxy if "://" in proxy else f"http://{proxy}"
    parts = urlsplit(proxy)
    headers = None
    if parts.username is not None:
        login = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
        headers = urllib3.make_headers(proxy_basic_auth=login)
    try:
        return urllib3.ProxyManager(proxy, maxsize=POOL, ssl_context=context, proxy_headers=headers)
    except (urllib3.exceptions.ProxySchemeUnknown, urllib3.exceptions.LocationValueError):
        # It is not quoted: there may be a password in it.
        raise Unreachable(
            f"The proxy that HTTPS_PROXY or HTTP_PROXY names is of a kind that is not served ({parts.scheme}://...): "
            "name one as http://HOST:PORT."
        ) from None


def ssl_context(url: str) -> SSLContext | None:
    """What a hub's certificate is checked with; None for a hub without TLS.

    Raises:
        Unreachable: the certificates that the environment names cannot be read.
    """
    return _certificates() if url.startswith("https:") else None


def _certificates() -> SSLContext:
    """The system's certificates (OpenSSL honours SSL_CERT_FILE and SSL_CERT_DIR), and those of REQUESTS_CA_BUNDLE."""
    from urllib3.util.ssl_ import create_urllib3_context

    context = create_urllib3_context()
    context.load_default_certs()
    bundle = os.environ.get("REQUESTS_CA_BUNDLE")
    if bundle:
        is_folder = os.path.isdir(bundle)  # noqa: PTH112 - text from the environment
        try:
            context.load_verify_locations(capath=bundle if is_folder else None, cafile=None if is_folder else bundle)
        except OSError as error:
            raise Unreachable(f"REQUESTS_CA_BUNDLE names {bundle}, which cannot be read: {error.strerror}.") from error
    return context


def _proxy(url: str) -> str | None:
    from urllib.request import getproxies, proxy_bypass

    parts = urlsplit(url)
    if address.is_loopback(url) or proxy_bypass(parts.hostname or ""):
        return None
    return getproxies().get(parts.scheme)


def credentials(token: str | None) -> dict[str, str]:
    """The header that carries a token.

    Raises:
        NotLoggedIn: the token has characters that no token has. It is not quoted: it may be a mangled real one.
    """
    if token is None:
        return {}
    if not _TOKEN.match(token):
        raise NotLoggedIn("The token is malformed: it must be one word of printable ASCII characters.")
    return {"Authorization": f"Bearer {token}"}


class Transport:
    """Sends requests of one caller to one hub. Safe to use from several threads.

    Args:
        url: The hub's address.
        headers: Sent with each request.
        retry_for: Seconds during which a request that may be repeated is tried again; 0 for a single try.
        pool: Connections to share.
    """

    def __init__(self, url: str, headers: dict[str, str], retry_for: float, pool: PoolManager | None = None) -> None:
        self.url = url
        self._headers = headers
        self._retry_for = retry_for
        self.pool = pool if pool is not None else make_pool(url)

    @property
    def headers(self) -> dict[str, str]:
        """What is sent with each request."""
        return dict(self._headers)

    def send(self, request: Request) -> BaseHTTPResponse:
        """The answer of success, its body not yet read.

        Raises:
            Unreachable: no answer, or none of a hub.
            ApiError: the hub's problem.
            OSError: the body could not be read from where it lies.
        """
        patience = Patience(self._retry_for)
        again = request.repeatable and (request.body is None or request.body.repeatable)
        uncertain = False
        while True:
            try:
                response = self._once(request)
            except _Failed as failed:
                if not failed.timed_out:
                    patience.begin()
                uncertain = uncertain or failed.arrived
                if (again or not failed.arrived) and failed.passing and patience.wait():
                    continue
                raise failed.error from failed.cause
            if response.status < 300:
                return response
            error, asked = self._refused(response)
            patience.begin()
            if response.status == 404 and request.method == "DELETE" and uncertain:
                return response  # the first try did it, and its answer was lost
            if response.status in RETRIED_STATUS and again and patience.wait(asked):
                uncertain = True
                continue
            raise error

    def _once(self, request: Request) -> BaseHTTPResponse:
        import urllib3

        headers = self._headers | request.headers
        body = None
        if request.body is not None:
            headers["Content-Type"] = request.body.content_type
            if request.body.length is not None:
                headers["Content-Length"] = str(request.body.length)
            body = request.body.pieces()
        stored = (request.body.length or 0) / WORK_RATE if request.body is not None else 0.0
        timeout = urllib3.Timeout(connect=min(CONNECT_TIMEOUT, request.timeout), read=request.timeout + stored)
        try:
            return self.pool.request(
                request.method,
                self.url + request.target,
                body=body,
                headers=headers,
                timeout=timeout,
                retries=False,
                redirect=False,
                preload_content=False,
            )
        except (urllib3.exceptions.HTTPError, OSError) as error:
            if request.body is not None and request.body.failure is not None:
                raise request.body.failure from None
            raise _Failed(self.url, error) from error

    def _refused(self, response: BaseHTTPResponse) -> tuple[DotscienceError, float | None]:
        """The exception for an answer without success, and how long it asks to wait."""
        import urllib3

        try:
            text = response.read(answers.MAX_ERROR)
        except (urllib3.exceptions.HTTPError, OSError):
            text = b""
        responses.leave(response)
        error = answers.error_of(self.url, response.status, response.headers, text)
        return error, _seconds(response.headers.get("Retry-After")) if isinstance(error, Unavailable) else None


class _Failed(Exception):
    """A try without an answer.

    Attributes:
        arrived: The request may have reached the hub.
        passing: Trying again may help.
        timed_out: It took all the time that there was for an answer.
    """

    def __init__(self, url: str, cause: Exception) -> None:
        from urllib3 import exceptions as u3

        super().__init__()
        assert isinstance(cause, u3.HTTPError | OSError)
        self.cause = cause
        self.error = answers.unreachable(url, cause)
        self.arrived = not isinstance(cause, u3.NewConnectionError | u3.ConnectTimeoutError | u3.SSLError)
        self.timed_out = isinstance(cause, u3.ReadTimeoutError)
        self.passing = not isinstance(cause, u3.SSLError | u3.LocationValueError | u3.InvalidHeader)


def _seconds(text: str | None) -> float | None:
    """A ``Retry-After`` in seconds; its other form, a date, is left aside."""
    return float(text) if text and text.isascii() and text.isdigit() else None
