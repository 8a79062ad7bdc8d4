"""Logins that wait for a click: what serves once, what expires, and where a browser may be sent."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import pickle
import re

import pytest
from dotscience_hub.logins.approval import Approval
from dotscience_hub.logins.codes import CODE_SECONDS, Codes
from dotscience_hub.logins.devices import ALPHABET, COLLECT_SECONDS, DEVICE_SECONDS, INTERVAL_SECONDS, Devices
from dotscience_hub.logins.ended import EndedTokens
from dotscience_hub.logins.loopback import Wish
from dotscience_hub.store.database import Database

from jupyter_dotscience.api.problems import BadRequest

VERIFIER = "v" * 43
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()
WANDA = Approval("wanda", "wanda's own oauth token", "laptop")
WISH = {
    "redirect_uri": "http://127.0.0.1:8123/callback",
    "state": "s" * 43,
    "code_challenge": CHALLENGE,
    "code_challenge_method": "S256",
    "machine": "laptop",
}


class Clock:
    """Seconds that pass when a test says so."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def codes(clock: Clock) -> Codes:
    return Codes(clock)


@pytest.fixture
def devices(clock: Clock) -> Devices:
    return Devices(clock)


def refusal(devices: Devices, device_code: str) -> str:
    """The code of the problem with which a question is answered."""
    with pytest.raises(BadRequest) as refused:
        devices.collect(device_code)
    return refused.value.code


def test_a_code_serves_once(codes: Codes) -> None:
    """The second time it is as unknown as one that never was."""
    code = codes.issue(WANDA, CHALLENGE)
    assert codes.redeem(code, VERIFIER) == WANDA
    for spent in (code, "c" * 43):
        with pytest.raises(BadRequest) as refused:
            codes.redeem(spent, VERIFIER)
        assert refused.value.code == "invalid_grant"


def test_a_wrong_verifier_spends_the_code(codes: Codes) -> None:
    """Whoever saw the code and not the verifier gets one try, and the login fails for all."""
    code = codes.issue(WANDA, CHALLENGE)
    for verifier in ("w" * 43, VERIFIER):
        with pytest.raises(BadRequest):
            codes.redeem(code, verifier)


@pytest.mark.parametrize(("seconds", "served"), [(CODE_SECONDS - 1, True), (CODE_SECONDS, False)])
def test_a_code_expires(codes: Codes, clock: Clock, seconds: float, served: bool) -> None:
    """After a minute nobody can use it."""
    code = codes.issue(WANDA, CHALLENGE)
    clock.now += seconds
    if served:
        assert codes.redeem(code, VERIFIER) == WANDA
    else:
        with pytest.raises(BadRequest):
            codes.redeem(code, VERIFIER)


def test_no_code_is_kept_as_it_is(codes: Codes, devices: Devices) -> None:
    """Who reads the service's memory finds hashes, and no code that could be used."""
    code = codes.issue(WANDA, CHALLENGE)
    device_code, _ = devices.begin("laptop")
    assert code not in repr(vars(codes))
    assert code.encode() not in pickle.dumps(codes._issued)
    assert device_code.encode() not in pickle.dumps(devices._by_device)


def test_old_codes_are_forgotten(codes: Codes, devices: Devices, clock: Clock) -> None:
    """What nobody fetched takes no room for ever."""
    for _ in range(5):
        codes.issue(WANDA, CHALLENGE)
        devices.begin("laptop")
    clock.now += DEVICE_SECONDS
    codes.issue(WANDA, CHALLENGE)
    devices.begin("laptop")
    assert (len(codes._issued), len(devices._by_device), len(devices._by_user_code)) == (1, 1, 1)


def test_a_device_login_is_collected_once(devices: Devices) -> None:
    """After the confirmation, by who has the device code."""
    device_code, pending = devices.begin("laptop")
    assert refusal(devices, device_code) == "authorization_pending"
    devices.decide(pending, WANDA, allowed=True)
    assert devices.collect(device_code) == (pending, WANDA)
    assert refusal(devices, device_code) == "expired_token"


def test_a_refused_device_login_says_so_once(devices: Devices) -> None:
    """Then nothing is left of it."""
    device_code, pending = devices.begin("laptop")
    devices.decide(pending, WANDA, allowed=False)
    assert devices.find(pending.user_code) is None
    assert refusal(devices, device_code) == "access_denied"
    assert refusal(devices, device_code) == "expired_token"


def test_a_confirmed_device_login_can_be_put_back(devices: Devices) -> None:
    """When the token could not be made for now, the next question finds it, and no page shows it again."""
    device_code, pending = devices.begin("laptop")
    devices.decide(pending, WANDA, allowed=True)
    devices.collect(device_code)
    devices.put_back(pending, WANDA)
    assert devices.find(pending.user_code) is None
    assert devices.collect(device_code) == (pending, WANDA)


def test_a_confirmation_is_not_kept_for_a_machine_that_is_gone(devices: Devices, clock: Clock) -> None:
    """Nor is anybody's OAuth token, once the machine has what it waited for."""
    device_code, pending = devices.begin("laptop")
    gone_code, gone = devices.begin("laptop")
    devices.decide(pending, WANDA, allowed=True)
    devices.decide(gone, WANDA, allowed=True)
    devices.collect(device_code)
    assert pending.approval is None
    clock.now += COLLECT_SECONDS
    assert refusal(devices, gone_code) == "expired_token"
    devices.begin("laptop")
    assert WANDA.session.encode() not in pickle.dumps((devices._by_device, devices._by_user_code))


def test_a_second_click_changes_nothing(devices: Devices) -> None:
    """Who decided is told the same again, before and after the machine asked; nobody else is told anything."""
    device_code, pending = devices.begin("laptop")
    assert devices.decision(pending.user_code, "wanda") is None
    devices.decide(pending, WANDA, allowed=True)
    assert devices.decision(pending.user_code, "wanda") is True
    devices.collect(device_code)
    assert devices.decision(pending.user_code, "wanda") is True
    assert devices.decision(pending.user_code, "walter") is None


def test_a_device_login_expires(devices: Devices, clock: Clock) -> None:
    """For the page, for the question, and also when it was confirmed in time but not fetched."""
    device_code, pending = devices.begin("laptop")
    confirmed_code, confirmed = devices.begin("laptop")
    devices.decide(confirmed, WANDA, allowed=True)
    clock.now += DEVICE_SECONDS
    assert devices.find(pending.user_code) is None
    assert refusal(devices, device_code) == refusal(devices, confirmed_code) == "expired_token"


def test_haste_is_slowed_down(devices: Devices, clock: Clock) -> None:
    """Two questions within the interval: the second is told; after the interval it is not."""
    device_code, _ = devices.begin("laptop")
    told = []
    for pause in (0.0, INTERVAL_SECONDS / 4, INTERVAL_SECONDS):
        clock.now += pause
        told.append(refusal(devices, device_code))
    assert told == ["authorization_pending", "slow_down", "authorization_pending"]


def test_user_codes_can_be_read_and_typed(devices: Devices) -> None:
    """Eight letters that are no words, in capitals or not, with hyphen, spaces or nothing."""
    _, pending = devices.begin("laptop")
    assert re.fullmatch(f"[{ALPHABET}]{{4}}-[{ALPHABET}]{{4}}", pending.user_code)
    first, last = pending.user_code.lower().split("-")
    for typed in (pending.user_code, f"{first}{last}", f" {first} {last} ", f"{first}\u2013{last}"):
        assert devices.find(typed) is pending
    assert devices.find("") is None


@pytest.mark.parametrize("uri", ["http://127.0.0.1:8123/callback", "http://127.0.0.1:1", "http://[::1]:65535/a/b"])
def test_a_browser_may_go_back_to_this_machine(uri: str) -> None:
    """By its address, at any port."""
    wish = Wish.of(WISH | {"redirect_uri": uri})
    assert wish.answer(code="c") == f"{uri}?code=c&state={'s' * 43}"
    assert uri.startswith(wish.origin)


@pytest.mark.parametrize(
    "uri",
    [
        "",
        "https://evil.example/",
        "http://evil.example/",
        "https://127.0.0.1:8123/",
        "http://localhost:8123/",
        "http://127.0.0.1/",
        "http://127.0.0.1:0/",
        "http://127.0.0.1:65536/",
        "http://127.0.0.1:8123@evil.example/",
        "http://127.0.0.1@evil.example:80/",
        "http://user@127.0.0.1:8123/",
        "http://127.0.0.1.evil.example:80/",
        "http://127.0.0.1:80.evil.example/",
        "http://127.0.0.1:8123\\@evil.example/",
        "http://127.0.0.1:8123/?next=x",
        "http://127.0.0.1:8123/#x",
        "http://127.0.0.1:8123/\r\nSet-Cookie: a=b",
        "http://127.0.0.1:8123/\n",
        " http://127.0.0.1:8123/",
        "//127.0.0.1:8123/",
        "http:127.0.0.1:8123/",
        "http://127.1:8123/",
        "http://2130706433:8123/",
        "http://127.0.0.2:8123/",
        "http://0.0.0.0:8123/",
        "http://[::]:8123/",
        "http://[::ffff:127.0.0.1]:8123/",
        "http://127.0.0.1:٨١٢٣/",
        "HTTP://127.0.0.1:8123/",
        "javascript:alert(1)//http://127.0.0.1:8123/",
    ],
)
def test_a_browser_goes_nowhere_else(uri: str) -> None:
    """Whatever another parser might make of it."""
    with pytest.raises(BadRequest, match="not on this machine"):
        Wish.of(WISH | {"redirect_uri": uri})


@pytest.mark.parametrize(
    "wrong",
    [
        {"code_challenge_method": "plain"},
        {"code_challenge_method": ""},
        {"code_challenge": ""},
        {"code_challenge": CHALLENGE + "="},
        {"code_challenge": CHALLENGE[:-1]},
        {"state": ""},
        {"state": "short"},
        {"state": "s" * 20 + "&code=x"},
        {"machine": ""},
        {"machine": "a\nb"},
        {"machine": "m" * 101},
    ],
)
def test_an_incomplete_wish_is_refused(wrong: dict[str, str]) -> None:
    """Without a challenge of the method S256, a state and a name for the machine there is no question."""
    with pytest.raises(BadRequest, match="begin again"):
        Wish.of(WISH | wrong)


def test_ended_tokens_are_remembered(database: Database) -> None:
    """Also by the next start of the service, by their hash alone, and twice is no error."""
    ended = EndedTokens(database)
    assert "a-token" not in ended
    asyncio.run(ended.end("a-token"))
    asyncio.run(EndedTokens(database).end("a-token"))
    again = EndedTokens(database)
    assert "a-token" in ended
    assert "a-token" in again
    assert "another" not in again
