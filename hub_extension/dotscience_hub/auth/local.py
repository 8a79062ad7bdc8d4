"""The authenticator of the all-in-one hub.

Why an own one: ``firstuseauthenticator`` 1.1.1 runs on JupyterHub 6.1, but whoever comes first chooses the password of
an account that an admin has made; a password of over 72 bytes is an error 500 (bcrypt 5); where Python has no gdbm, the
hashes are in ``dbm.dumb``, which two processes must not open; and guesses are not limited. ``nativeauthenticator`` 1.3
does not run on JupyterHub 6.
"""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from jupyterhub.auth import Authenticator
from jupyterhub.handlers import BaseHandler
from tornado import web
from traitlets import Unicode, default

from .accounts import AccountError, Accounts, check_name
from .passwords import PasswordRefused
from .throttle import Throttle

TEMPLATES = Path(__file__).parent / "templates"
"""To be named in ``JupyterHub.template_paths``."""


class LocalAccountsAuthenticator(Authenticator):  # type: ignore[misc]  # JupyterHub has no types
    """Accounts that `dotscience-hub user add` makes. Nobody can sign up."""

    accounts_path = Unicode(config=True, help="The SQLite file with names and password hashes.")
    initial_password_path = Unicode(
        "", config=True, help="The file with the first account's generated password; removed when that is changed."
    )

    @default("allow_all")
    def _allow_all_default(self) -> bool:
        # Who has an account is allowed; who has none cannot log in.
        return True

    def __init__(self, **kwargs: Any) -> None:
        """As JupyterHub makes it."""
        super().__init__(**kwargs)
        initial = Path(self.initial_password_path) if self.initial_password_path else None
        self.accounts = Accounts(Path(self.accounts_path), initial)
        self._throttle = Throttle()
        # Two at a time: each takes 32 MiB.
        self._threads = ThreadPoolExecutor(2, thread_name_prefix="password")

    async def authenticate(self, handler: Any, data: dict[str, str]) -> str | None:
        """The account's name when the password is right, else None."""
        try:
            name = check_name(data["username"])
        except AccountError:
            return None
        right = await self.check(name, data["password"], handler.request.remote_ip)
        return name if right else None

    async def check(self, name: str, password: str, address: str) -> bool:
        """Whether the password is right.

        Raises:
            HTTPError: 429, too many wrong ones before.
        """
        wait = self._throttle.wait_seconds(name, address)
        if wait > 0:
            raise web.HTTPError(429, f"Too many wrong passwords; try again in {wait:.0f} seconds.")
        right = await self._in_thread(self.accounts.verify, name, password)
        (self._throttle.succeeded if right else self._throttle.failed)(name, address)
        return bool(right)

    async def change(self, name: str, password: str) -> None:
        """Set a password that a person chose."""
        await self._in_thread(self.accounts.change, name, password)

    async def _in_thread(self, work: Any, *arguments: Any) -> Any:
        return await asyncio.get_running_loop().run_in_executor(self._threads, work, *arguments)

    def delete_user(self, user: Any) -> None:
        """Whom an admin deletes in the hub cannot come back with the old password."""
        self.accounts.remove(user.name)

    def get_handlers(self, app: Any) -> list[tuple[str, type[BaseHandler]]]:
        """The page to change one's password, beside the login page."""
        return [*super().get_handlers(app), (r"/auth/change-password", ChangePasswordHandler)]


class ChangePasswordHandler(BaseHandler):  # type: ignore[misc]  # JupyterHub has no types
    """Change one's own password; the old one must be given, so that an open browser is not enough."""

    @web.authenticated
    async def get(self) -> None:
        """The form."""
        await self._show()

    @web.authenticated
    async def post(self) -> None:
        """Change it."""
        name, authenticator = self.current_user.name, self.authenticator
        old, new = (self.get_body_argument(field, "", strip=False) for field in ("old", "new"))
        if new != self.get_body_argument("again", "", strip=False):
            await self._show("The new password was not repeated exactly.")
        elif not await authenticator.check(name, old, self.request.remote_ip):
            await self._show("The present password is wrong.")
        else:
            try:
                await authenticator.change(name, new)
            except (PasswordRefused, AccountError) as error:
                await self._show(str(error))
            else:
                await self._show(done=True)

    async def _show(self, error: str = "", *, done: bool = False) -> None:
        if error:
            self.set_status(400)
        self.finish(await self.render_template("change-password.html", error=error, done=done))
