"""The token that an Authorization header carries."""

from __future__ import annotations

import base64
import binascii


def token_of(header: str) -> str | None:
    """The token in an Authorization header; None where there is none.

    ``Bearer`` and ``token`` carry it as it is, ``Basic`` (RFC 7617) as the password, as git does, or as the user name
    when the password is empty or what some git hosts ask for.
    """
    kind, _, rest = header.strip().partition(" ")
    rest = rest.strip()
    if kind.lower() in ("bearer", "token"):
        return rest or None
    if kind.lower() != "basic":
        return None
    try:
        user, _, password = base64.b64decode(rest, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return None
    if password in ("", "x-oauth-basic"):
        return user or None
    return password
