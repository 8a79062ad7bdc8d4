"""The hub's address, and what is behind it when something else answers than the hub."""

from __future__ import annotations

from urllib.parse import urlsplit

from jupyter_dotscience.api.problems import DotscienceError


class BadAddress(DotscienceError):
    """Text that is no address of a hub."""


def normalize(url: str) -> str:
    """``scheme://host[:port]`` as it is used everywhere else, in lower case and without a slash at the end.

    Raises:
        BadAddress: there is no http or https, no host, a path, a query, or a password in it.
    """
    text = url.strip()
    try:
        parts = urlsplit(text)
        host, port = parts.hostname, parts.port
    except ValueError as error:
        raise BadAddress(f"{text!r} is no address of a hub: {error}.") from None
    if parts.scheme not in ("http", "https") or not host:
        raise BadAddress(f"{text!r} is no address of a hub: write scheme and host, such as https://hub.example.org.")
    if "@" in parts.netloc:
        raise BadAddress("The server URL must not hold a user name or password; log in with `ds login`.")
    if parts.path not in ("", "/") or parts.query or parts.fragment:
        raise BadAddress(
            f"{text!r} goes on after the host; write scheme and host only: {parts.scheme}://{parts.netloc.lower()}."
        )
    host = f"[{host}]" if ":" in host else host
    return f"{parts.scheme}://{host}" + (f":{port}" if port is not None else "")


def is_loopback(url: str) -> bool:
    """Whether nothing sent to this address leaves the machine."""
    host = urlsplit(url).hostname or ""
    return host in ("localhost", "::1") or host.startswith("127.") or host.endswith(".localhost")


def sends_in_clear(url: str) -> bool:
    """Whether a password sent there could be read on the way."""
    return urlsplit(url).scheme == "http" and not is_loopback(url)
