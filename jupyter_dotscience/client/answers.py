"""What an answer that is no success means."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import msgspec

from jupyter_dotscience.api.problems import (
    DotscienceError,
    Forbidden,
    NotLoggedIn,
    Problem,
    ServerError,
    TooLarge,
    Unavailable,
    Unreachable,
    from_problem,
)

if TYPE_CHECKING:
    from urllib3.exceptions import HTTPError

MAX_ERROR = 1024 * 1024
"""Bytes of an error's body that are read at the most."""


def error_of(url: str, status: int, headers: Mapping[str, str], body: bytes) -> DotscienceError:
    """The exception for an answer.

    Args:
        url: The hub's address, for the sentence.
        status: HTTP status, not of success.
        headers: With case-insensitive names.
        body: As far as it was read.
    """
    if 300 <= status < 400:
        return _redirect(url, headers.get("Location") or "")
    try:
        problem = msgspec.json.decode(body, type=Problem)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return _foreign(url, status)
    return from_problem(problem)


def _redirect(url: str, location: str) -> DotscienceError:
    path = location.split("?", 1)[0]
    if "/login" in path or "/oauth" in path:
        return NotLoggedIn(f"{url} asks to log in; log in with `ds login USERNAME`.")
    return Unreachable(f"{url} leads elsewhere, to {location!r}; use that address: `ds set server-url URL`.")


def _foreign(url: str, status: int) -> DotscienceError:
    """An answer that is none of ours: the proxy's, JupyterHub's, or some other server's."""
    if status == 401:
        return NotLoggedIn(f"{url} does not accept the token; log in again with `ds login USERNAME`.")
    if status == 403:
        return Forbidden(f"{url} does not allow it (HTTP 403); log in again with `ds login USERNAME`.")
    if status == 413:
        return TooLarge(f"A proxy in front of {url} refuses a body of this size (HTTP 413).")
    if status in (502, 503, 504):
        return Unavailable(f"Dotscience at {url} is not available at the moment (HTTP {status}); try again later.")
    if status >= 500:
        return ServerError(f"{url} failed (HTTP {status}); the hub's log has the reason.")
    return Unreachable(f"{url} answers, but there is no Dotscience (HTTP {status}); check the server URL.")


def not_ours(url: str) -> DotscienceError:
    """For a success whose body is not what the contract says."""
    return Unreachable(
        f"{url} answers, but not as this version of Dotscience expects; "
        "check the server URL, and whether hub and client have the same version."
    )


def unreachable(url: str, error: HTTPError | OSError) -> Unreachable:
    """A sentence for a connection that failed, or broke."""
    from urllib3 import exceptions as u3

    reason = str(error)
    if isinstance(error, u3.ProxyError):
        return Unreachable(f"{url} cannot be reached through the proxy that the environment names.")
    if isinstance(error, u3.SSLError):
        return Unreachable(f"The identity of {url} cannot be verified ({_short(reason)}).")
    if isinstance(error, u3.NameResolutionError):
        return Unreachable(f"{url} cannot be reached: there is no host of this name; check the server URL.")
    if isinstance(error, u3.NewConnectionError):
        return Unreachable(f"{url} cannot be reached ({_short(reason)}); is the hub running?")
    if isinstance(error, u3.ConnectTimeoutError | u3.ReadTimeoutError):
        return Unreachable(f"{url} does not answer: the time is over.")
    return Unreachable(f"The connection to {url} broke.")


def _short(reason: str) -> str:
    """The end of urllib3's nested texts, which is the system's own word for it."""
    return (
        reason.rsplit("] ", 1)[-1].rsplit(": ", 1)[-1].split(" (_ssl", 1)[0].strip(" ()\"'.,")[:200]
        or "no reason given"
    )
