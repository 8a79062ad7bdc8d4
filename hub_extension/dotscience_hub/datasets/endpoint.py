"""Where a bucket's server may be: its address comes from a user, and the hub's network is not theirs to look at.

Names are resolved here, each address is checked, and only a checked one is connected to: a name that changes its
address in between (DNS rebinding) gains nothing. Redirects are never followed.
"""

from __future__ import annotations

import fnmatch
import ipaddress
import re
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import urllib3
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import ConnectTimeoutError, NameResolutionError, NewConnectionError
from urllib3.util import connection

from .answers import TimelyResponse
from .errors import SyncError

CONNECT_SECONDS, READ_SECONDS = 10.0, 60.0
_ADDRESSES = 3
"""So many of each family are tried: a name may have hundreds, of which each takes its time to fail."""
# Metadata services of clouds: they give credentials of the machine to whoever asks from it.
_METADATA = [ipaddress.ip_network("fd00:ec2::/32"), ipaddress.ip_network("100.100.100.200/32")]
_HOST = re.compile(r"[A-Za-z0-9_.-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\]")


class Refused(SyncError):
    """The hub does not connect to this address."""


@dataclass(frozen=True)
class Endpoint:
    """A server.

    Attributes:
        scheme: `http` or `https`.
        host: Name or address, without brackets.
        port: Its port.
        path: What all requests' paths begin with; empty or `/...` without a slash at the end.
        authority: What the header `Host` says.
    """

    scheme: str
    host: str
    port: int
    path: str
    authority: str


def parse(url: str, allowed: Sequence[str] = ("*",)) -> Endpoint:
    """The server a URL names.

    Args:
        url: `http://` or `https://`, host, perhaps port and path.
        allowed: Patterns of `scheme://host[:port]`, as in fnmatch; one must fit.

    Raises:
        SyncError: it is no such URL, or the hub's administrator does not allow it.
    """
    try:
        parts = urlsplit(url.strip())
        port = parts.port
    except ValueError:
        raise SyncError(f"The endpoint {url[:200]!r} is no URL.") from None
    authority = parts.netloc
    if parts.scheme not in ("http", "https") or parts.query or parts.fragment or "@" in authority:
        raise SyncError("The endpoint has to be a URL such as https://host:port, with nothing else in it.")
    host = authority if port is None else authority.rpartition(":")[0]
    if not _HOST.fullmatch(host) or not re.fullmatch(r"[A-Za-z0-9/._~%-]*", parts.path):
        raise SyncError("The endpoint has to be a URL such as https://host:port, with nothing else in it.")
    if not any(fnmatch.fnmatchcase(f"{parts.scheme}://{authority.lower()}", pattern) for pattern in allowed):
        raise Refused(f"This hub does not allow datasets from {parts.scheme}://{authority}.")
    port = port or (443 if parts.scheme == "https" else 80)
    return Endpoint(parts.scheme, host.strip("[]"), port, parts.path.rstrip("/"), authority)


def is_forbidden(address: str) -> bool:
    """Whether an address is link-local, a cloud's metadata service, or none that a server can have."""
    found = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(found, ipaddress.IPv6Address):
        found = found.ipv4_mapped or found.sixtofour or found
    if found.is_link_local or found.is_multicast or found.is_unspecified:
        return True
    return any(found.version == network.version and found in network for network in _METADATA)


def pool(endpoint: Endpoint, connections: int, read: float = READ_SECONDS) -> urllib3.HTTPConnectionPool:
    """Connections to a server, which check its address; each waits `read` seconds for an answer to go on.

    What that means is in :mod:`answers`.
    """
    timeout = urllib3.Timeout(connect=min(CONNECT_SECONDS, read), read=read)
    options: dict[str, Any] = {"port": endpoint.port, "timeout": timeout, "maxsize": connections, "retries": False}
    kind = _CheckedHttpsPool if endpoint.scheme == "https" else _CheckedHttpPool
    return kind(endpoint.host, **options)


class _Checked(HTTPConnection):
    """Connects to none but a checked address, and does not wait for ever."""

    response_class = TimelyResponse

    def _new_conn(self) -> socket.socket:
        """Resolve, check, connect: in place of urllib3's own, which does the first and the last in one."""
        try:
            found = socket.getaddrinfo(self._dns_host, self.port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:
            reason = error if isinstance(error, socket.gaierror) else socket.gaierror(str(error))
            raise NameResolutionError(self.host, self, reason) from error
        addresses = list(dict.fromkeys(str(entry[4][0]) for entry in found))
        if any(is_forbidden(address) for address in addresses):
            raise Refused(f"This hub does not connect to the address of {self.host}.")
        return self._connect(addresses)

    def _connect(self, addresses: Sequence[str]) -> socket.socket:
        failure: OSError = OSError("no address")
        for address in _some(addresses):
            try:
                return connection.create_connection(
                    (address, self.port), self.timeout, socket_options=self.socket_options
                )
            except OSError as error:
                failure = error
        if isinstance(failure, TimeoutError):
            raise ConnectTimeoutError(self, "connecting took too long") from failure
        raise NewConnectionError(self, failure.strerror or str(failure)) from failure


def _some(addresses: Sequence[str]) -> list[str]:
    """The first of each family, in their order: where IPv6 leads nowhere IPv4 is to have its turn."""
    families = [[address for address in addresses if (":" in address) is six] for six in (True, False)]
    chosen = {address for family in families for address in family[:_ADDRESSES]}
    return [address for address in addresses if address in chosen]


class _CheckedHttp(_Checked):
    pass


class _CheckedHttps(_Checked, HTTPSConnection):
    pass


class _CheckedHttpPool(urllib3.HTTPConnectionPool):
    ConnectionCls = _CheckedHttp


class _CheckedHttpsPool(urllib3.HTTPSConnectionPool):
    ConnectionCls = _CheckedHttps
