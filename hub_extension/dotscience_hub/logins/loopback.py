"""What a program asks of the confirmation page, and where the browser may be sent afterwards."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

import msgspec

from jupyter_dotscience.api.logins import Challenge, Machine
from jupyter_dotscience.api.problems import BadRequest

# Whole and literal: no user name before the host, no other name for it, nothing that parsers could disagree about.
_LOOPBACK = re.compile(r"(http://(?:127\.0\.0\.1|\[::1\]):([1-9][0-9]{0,4}))(?:/[A-Za-z0-9._~/-]{0,200})?")
_STATE = re.compile(r"[A-Za-z0-9._~-]{16,200}")
FIELDS = ("redirect_uri", "state", "code_challenge", "code_challenge_method", "machine")


@dataclass(frozen=True)
class Wish:
    """A login that is to be confirmed.

    Attributes:
        redirect_uri: Where the program listens.
        origin: Its scheme, host and port.
        state: Handed back to the program, so that it knows its own login.
        code_challenge: PKCE's, method S256.
        machine: What the machine calls itself.
    """

    redirect_uri: str
    origin: str
    state: str
    code_challenge: str
    machine: str

    @classmethod
    def of(cls, fields: Mapping[str, str]) -> Wish:
        """From the page's parameters.

        Raises:
            BadRequest: One is missing or not as it must be; the browser must be sent nowhere.
        """
        address = _LOOPBACK.fullmatch(fields["redirect_uri"])
        if address is None or int(address[2]) > 65535:
            raise BadRequest(
                "The address to go back to is not on this machine: it must be http://127.0.0.1:PORT or "
                "http://[::1]:PORT. Whoever sent you here may want to log in as you."
            )
        if fields["code_challenge_method"] != "S256" or not _is(Challenge, fields["code_challenge"]):
            raise BadRequest("The link lacks a code challenge of the method S256; begin again with `ds login --web`.")
        if not _STATE.fullmatch(fields["state"]) or not _is(Machine, fields["machine"]):
            raise BadRequest("The link is not complete; begin again with `ds login --web`.")
        return cls(fields["redirect_uri"], address[1], fields["state"], fields["code_challenge"], fields["machine"])

    def answer(self, **outcome: str) -> str:
        """Where to send the browser with the outcome."""
        return f"{self.redirect_uri}?{urlencode(outcome | {'state': self.state})}"


def _is(kind: object, value: str) -> bool:
    try:
        msgspec.convert(value, kind)
    except msgspec.ValidationError:
        return False
    return True
