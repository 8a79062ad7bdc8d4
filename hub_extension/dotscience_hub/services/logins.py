"""Logging in through a browser, and logging out."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from urllib.parse import quote

from dotscience_hub.logins.codes import Codes
from dotscience_hub.logins.devices import DEVICE_SECONDS, INTERVAL_SECONDS, Devices
from dotscience_hub.logins.ended import EndedTokens
from dotscience_hub.logins.minting import Mint
from jupyter_dotscience.api.logins import (
    CodeRedeem,
    DeviceLogin,
    DevicePoll,
    DeviceStart,
    LoginGrant,
    TokenRevoke,
)
from jupyter_dotscience.api.problems import Unavailable

from .caller import Caller


class Logins:
    """The programs' side of a login; the people's side are the pages."""

    def __init__(
        self,
        codes: Codes,
        devices: Devices,
        ended: EndedTokens,
        mint: Mint,
        is_token: Callable[[str], Awaitable[bool]],
        device_page: str,
    ) -> None:
        """Make it.

        Args:
            codes: Shared with the page that issues them.
            devices: Shared with the page that confirms them.
            ended: Tokens that are taken no more.
            mint: Makes tokens.
            is_token: Whether the hub knows a token.
            device_page: Address of the page, with or without a host.
        """
        self._codes = codes
        self._devices = devices
        self._ended = ended
        self._mint = mint
        self._is_token = is_token
        self._device_page = device_page

    async def redeem_login_code(self, _caller: Caller | None, body: CodeRedeem) -> LoginGrant:
        """Trade a code for a token."""
        return await self._mint.make(self._codes.redeem(body.code, body.code_verifier))

    async def start_device_login(self, _caller: Caller | None, body: DeviceStart) -> DeviceLogin:
        """Begin a login that is confirmed on another device."""
        device_code, pending = self._devices.begin(body.machine)
        return DeviceLogin(
            device_code=device_code,
            user_code=pending.user_code,
            verification_uri=self._device_page,
            verification_uri_complete=f"{self._device_page}?user_code={quote(pending.user_code)}",
            interval=INTERVAL_SECONDS,
            expires_in=DEVICE_SECONDS,
        )

    async def poll_device_login(self, _caller: Caller | None, body: DevicePoll) -> LoginGrant:
        """The token, once somebody has confirmed."""
        pending, approval = self._devices.collect(body.device_code)
        try:
            return await self._mint.make(approval)
        except (Unavailable, asyncio.CancelledError):
            self._devices.put_back(pending, approval)
            raise

    async def revoke_token(self, _caller: Caller | None, body: TokenRevoke) -> None:
        """End a token at Dotscience. What the hub does not know is not noted: anyone could fill the store with it."""
        if body.token not in self._ended and await self._is_token(body.token):
            await self._ended.end(body.token)
