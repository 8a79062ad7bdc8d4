"""The pages on which people confirm a login of `ds`."""

from __future__ import annotations

from typing import Any

from dotscience_hub.auth.throttle import Throttle
from dotscience_hub.logins.approval import Approval
from dotscience_hub.logins.codes import Codes
from dotscience_hub.logins.devices import Devices, Pending
from dotscience_hub.logins.loopback import FIELDS, Wish
from jupyter_dotscience.api.logins import AUTHORIZE_PAGE, OUTCOME_PAGES
from jupyter_dotscience.api.problems import BadRequest

from .application import Rule
from .page import Page

DEVICE_PAGE = "device"
"""Below the service's address; short, for people may have to type it."""
_SERVICE = "/services/dotscience/"


def login_rules(prefix: str, codes: Codes, devices: Devices) -> list[Rule]:
    """Rules of the pages.

    Args:
        prefix: The service's path, with slashes around.
        codes: Shared with the route that redeems them.
        devices: Shared with the routes that begin and end device logins.
    """
    throttle = Throttle()
    return [
        (prefix + AUTHORIZE_PAGE.removeprefix(_SERVICE), Authorize, {"codes": codes}),
        (prefix + DEVICE_PAGE, Device, {"devices": devices, "throttle": throttle}),
        (prefix + OUTCOME_PAGES[True].removeprefix(_SERVICE), Outcome, {"succeeded": True}),
        (prefix + OUTCOME_PAGES[False].removeprefix(_SERVICE), Outcome, {"succeeded": False}),
    ]


class Authorize(Page):
    """May the program on this machine log in as you?"""

    route_name = "authorize"

    def initialize(self, codes: Codes) -> None:
        """Args: where codes are issued."""
        self._codes = codes

    def get(self) -> None:
        """The question; who is not logged in gets it after the hub's login."""
        wish = self._wish()
        if not self.current_user:
            self.to_login()
            return
        fields = {name: self.field(name) for name in FIELDS}
        forms = f"'self' {wish.origin}" if "[" not in wish.origin else "'self' http:"  # CSP knows no IPv6 addresses
        self.render_page(
            "confirm.html",
            forms=forms,
            fields=fields | {"_xsrf": self.form_token()},
            machine=wish.machine,
            option="--web",
            pending=None,
        )

    def post(self) -> None:
        """The answer, which the browser carries to the program. Only a click on the button is a yes."""
        wish = self._wish()
        user = self.require_click()
        if self.field("decision") != "allow":
            self.redirect(wish.answer(error="access_denied"), status=303)
            return
        approval = Approval(user["name"], self.hub_auth.get_token(self), wish.machine)
        self.redirect(wish.answer(code=self._codes.issue(approval, wish.code_challenge)), status=303)

    def _wish(self) -> Wish:
        return Wish.of({name: self.field(name) for name in FIELDS})


class Device(Page):
    """May the machine that shows this code log in as you?"""

    route_name = "device"

    def initialize(self, devices: Devices, throttle: Throttle) -> None:
        """Args: the logins that wait, and what slows down guessing."""
        self._devices = devices
        self._throttle = throttle

    def get(self) -> None:
        """Asks for the code, or with a code that waits, whether to allow it."""
        user = self.current_user
        if not user:
            self.to_login()
            return
        code = self.field("user_code").strip()[:40]
        if not code:
            self._ask("")
            return
        try:
            pending = self._find(user, code)
        except BadRequest as wrong:
            self.set_status(400)
            self._ask(code, wrong=str(wrong))
            return
        self.render_page(
            "confirm.html",
            forms="'self'",
            fields={"user_code": pending.user_code, "_xsrf": self.form_token()},
            machine=pending.machine,
            option="--device",
            pending=pending,
        )

    def post(self) -> None:
        """The answer."""
        user = self.require_click()
        code = self.field("user_code")[:40]
        allowed = self._devices.decision(code, user["name"])  # a second click shows what came of the first
        if allowed is None:
            allowed = self.field("decision") == "allow"
            pending = self._find(user, code)
            approval = Approval(user["name"], self.hub_auth.get_token(self), pending.machine)
            self._devices.decide(pending, approval, allowed=allowed)
        self.redirect(self.hub_auth.base_url + OUTCOME_PAGES[allowed].removeprefix(_SERVICE), status=303)

    def _ask(self, code: str, wrong: str = "") -> None:
        self.render_page("device.html", forms="'self'", code=code, wrong=wrong)

    def _find(self, user: dict[str, Any], code: str) -> Pending:
        """The login that waits under a code.

        Raises:
            BadRequest: There is none, or this user has typed too many wrong ones.
        """
        name = str(user["name"])
        wait = self._throttle.wait_seconds(name, "")
        if wait:
            raise BadRequest(f"Too many wrong codes; try again in {int(wait // 60) + 1} min.")
        pending = self._devices.find(code)
        if pending is None:
            self._throttle.failed(name, "")
            raise BadRequest("No login waits under this code. It may have expired; look again at the other screen.")
        return pending


class Outcome(Page):
    """Where the browser ends."""

    route_name = "login_outcome"

    def initialize(self, succeeded: bool) -> None:
        """Args: which of the two."""
        self._succeeded = succeeded

    def get(self) -> None:
        """Says how it went, to whoever looks."""
        if self._succeeded:
            title, text = "You are logged in", "The command line goes on in the terminal. You can close this window."
        else:
            title, text = "Not logged in", "Nobody was logged in. The terminal says why. You can close this window."
        self.render_page("message.html", title=title, text=text)
