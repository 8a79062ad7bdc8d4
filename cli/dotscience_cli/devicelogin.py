"""``ds login --device``: confirmed in a browser on any other machine (RFC 8628)."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING
from urllib.parse import urljoin

from .guard import Failure, say
from .text import printable

if TYPE_CHECKING:
    from jupyter_dotscience.api.logins import DeviceLogin, LoginGrant
    from jupyter_dotscience.client import Client

_SLOWER = 5.0
"""RFC 8628, section 3.5: so much longer is the interval after a `slow_down`."""
_LONGEST = 60.0


def log_in(client: Client, machine: str) -> LoginGrant:
    """A token, once somebody has confirmed it.

    Args:
        client: Of the hub, without a token.
        machine: What this machine calls itself.

    Raises:
        Failure: refused, or nobody confirmed in time.
        DotscienceError: the hub refuses, or cannot be reached.
    """
    from jupyter_dotscience.api.logins import DeviceStart

    begun = client.start_device_login(DeviceStart(machine=machine))
    _show(client.url, begun)
    deadline = time.monotonic() + begun.expires_in
    interval = begun.interval
    while time.monotonic() + interval < deadline:
        time.sleep(interval)
        grant, interval = _ask(client, begun.device_code, interval)
        if grant is not None:
            return grant
    raise _nobody(begun)


def _show(hub: str, begun: DeviceLogin) -> None:
    page, complete = (urljoin(hub, uri) for uri in (begun.verification_uri, begun.verification_uri_complete))
    say(
        f"Open this page in a browser, on any machine:\n\n  {printable(page)}\n\n"
        f"and type the code  {printable(begun.user_code)}\n\n"
        f"Or open {printable(complete)} and see that it shows the same code.\nWaiting..."
    )


def _ask(client: Client, device_code: str, interval: float) -> tuple[LoginGrant | None, float]:
    """The token or None, and how long to wait before the next question."""
    from jupyter_dotscience.api.logins import DevicePoll
    from jupyter_dotscience.api.problems import BadRequest, Unavailable, Unreachable

    try:
        return client.poll_device_login(DevicePoll(device_code=device_code)), interval
    except BadRequest as problem:
        if problem.code == "slow_down":
            return None, interval + _SLOWER
        if problem.code == "authorization_pending":
            return None, interval
        if problem.code == "access_denied":
            raise Failure("The login was refused in the browser; nothing is stored.") from None
        raise
    except (Unreachable, Unavailable):
        # The hub may be back before the code expires: section 3.5 asks to come back ever less often.
        return None, min(interval * 2, _LONGEST)


def _nobody(begun: DeviceLogin) -> Failure:
    minutes = f"{begun.expires_in / 60:.0f} minutes"
    return Failure(f"Nobody confirmed the login within {minutes}; begin again with `ds login --device`.")
