"""What serves logins through a browser, put together."""

from __future__ import annotations

from dataclasses import dataclass

from jupyterhub.services.auth import HubOAuth
from tornado.web import HTTPError

from dotscience_hub.logins.codes import Codes
from dotscience_hub.logins.devices import Devices
from dotscience_hub.logins.ended import EndedTokens
from dotscience_hub.logins.minting import Mint
from dotscience_hub.services.logins import Logins
from dotscience_hub.web.login_pages import DEVICE_PAGE
from jupyter_dotscience.api.problems import Unavailable

from .wiring import Foundation


@dataclass(frozen=True)
class LoginParts:
    """What pages, routes and authentication share."""

    codes: Codes
    devices: Devices
    ended: EndedTokens
    service: Logins


def make_logins(base: Foundation, hub: HubOAuth) -> LoginParts:
    """The parts; reads the ended tokens."""

    async def is_token(token: str) -> bool:
        try:
            return bool(await hub.user_for_token(token, sync=False))
        except HTTPError:
            raise Unavailable("JupyterHub does not answer the service; try again in a moment.") from None

    codes, devices, ended = Codes(), Devices(), EndedTokens(base.database)
    page = base.settings.public_url.rstrip("/") + hub.base_url + DEVICE_PAGE
    service = Logins(codes, devices, ended, Mint(hub.api_url), is_token, page)
    return LoginParts(codes, devices, ended, service)
