"""Local accounts: passwords, names, the first account, limits on guesses."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest
from dotscience_hub.auth import passwords
from dotscience_hub.auth.accounts import AccountError, Accounts
from dotscience_hub.auth.passwords import Cost, PasswordRefused
from dotscience_hub.auth.throttle import ATTEMPTS, ATTEMPTS_ANYWHERE, WINDOW_SECONDS, Throttle


@pytest.fixture
def accounts(tmp_path: Path) -> Accounts:
    """No accounts yet."""
    return Accounts(tmp_path / "accounts.sqlite", tmp_path / "initial")


def test_the_first_account_s_password_is_kept_until_it_is_changed(accounts: Accounts, tmp_path: Path) -> None:
    """Each start can tell it; after a change nobody can."""
    password = accounts.create_first("admin")
    assert password is not None
    assert accounts.create_first("admin") == password
    assert stat.S_IMODE((tmp_path / "initial").stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "accounts.sqlite").stat().st_mode) == 0o600
    accounts.change("admin", "another one of mine")
    assert accounts.create_first("admin") is None
    assert accounts.verify("admin", "another one of mine")
    assert not accounts.verify("admin", password)


def test_a_start_that_was_killed_before_the_account_was_made_is_made_good(accounts: Accounts, tmp_path: Path) -> None:
    """The password that is told is always the account's."""
    (tmp_path / "initial").write_text("of a start that was killed\n")
    password = accounts.create_first("admin")
    assert password is not None
    assert accounts.verify("admin", password)


def test_the_first_password_stays_when_somebody_else_s_is_changed(accounts: Accounts, tmp_path: Path) -> None:
    """Only the change of its own account forgets it."""
    accounts.create_first("admin")
    accounts.create("bob")
    accounts.reset("bob")
    assert (tmp_path / "initial").exists()


def test_names_have_one_form(accounts: Accounts) -> None:
    """Upper case is lower case; twice is once."""
    password = accounts.create("Bob")
    assert accounts.names() == ["bob"]
    assert accounts.verify("bob", password)
    with pytest.raises(AccountError, match="already"):
        accounts.create("bOB")


@pytest.mark.parametrize("name", ["", "a b", "a/b", "../x", "-x", "x" * 65, "müller", "a\nb", "a,b", "\0"])
def test_an_odd_name_is_refused(accounts: Accounts, name: str) -> None:
    """What would be trouble in addresses, paths or lists."""
    with pytest.raises(AccountError, match="cannot be a user's name"):
        accounts.create(name)


def test_a_removed_account_opens_nothing(accounts: Accounts) -> None:
    """Whoever was deleted in the hub cannot log in again."""
    password = accounts.create("bob")
    assert accounts.remove("bob")
    assert not accounts.verify("bob", password)
    assert not accounts.remove("bob")


def test_passwords_differ_and_hashes_too() -> None:
    """A generated password has no look-alikes; the same password never has the same hash."""
    assert len({passwords.generate() for _ in range(100)}) == 100
    assert not set("".join(passwords.generate() for _ in range(100))) & set("01ilo")
    cheap = Cost(n=2, r=1, p=1)
    assert passwords.hash_password("x" * 8, cheap) != passwords.hash_password("x" * 8, cheap)


@pytest.mark.parametrize("password", ["x" * 73, "pässwörter", "\ud800 lone surrogate", "with\0nul inside"])
def test_any_text_can_be_a_password(password: str) -> None:
    """Also what bcrypt cannot take: over 72 bytes, or with a NUL."""
    stored = passwords.hash_password(passwords.check_choice(password), Cost(n=2, r=1, p=1))
    assert passwords.verify(password, stored)
    assert not passwords.verify(password + "x", stored)


@pytest.mark.parametrize("password", ["", "short", "x" * 5000])
def test_a_bad_choice_is_refused(accounts: Accounts, password: str) -> None:
    """With a sentence, and the old password stays."""
    old = accounts.create("bob")
    with pytest.raises(PasswordRefused, match="A password has at"):
        accounts.change("bob", password)
    assert accounts.verify("bob", old)


def test_a_wrong_password_of_megabytes_costs_nothing(accounts: Accounts) -> None:
    """It is no password of anybody's."""
    accounts.create("bob")
    assert not accounts.verify("bob", "x" * 10_000_000)


class Clock:
    """Stands still."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_guesses_from_one_address_are_limited_and_forgotten() -> None:
    """After ten one waits for the oldest to grow old; another address and another name do not wait."""
    clock = Clock()
    throttle = Throttle(clock)
    for _ in range(ATTEMPTS):
        assert throttle.wait_seconds("bob", "1.1.1.1") == 0
        throttle.failed("bob", "1.1.1.1")
    assert throttle.wait_seconds("bob", "1.1.1.1") == WINDOW_SECONDS
    assert throttle.wait_seconds("bob", "2.2.2.2") == 0
    assert throttle.wait_seconds("eve", "1.1.1.1") == 0
    clock.now += WINDOW_SECONDS + 1
    assert throttle.wait_seconds("bob", "1.1.1.1") == 0


def test_guesses_from_everywhere_are_limited_too() -> None:
    """A thousand addresses do not give ten thousand guesses."""
    throttle = Throttle(Clock())
    for number in range(ATTEMPTS_ANYWHERE):
        throttle.failed("bob", str(number))
    assert throttle.wait_seconds("bob", "new") > 0


def test_a_right_password_forgets_the_wrong_ones() -> None:
    """Whoever mistyped nine times begins again."""
    throttle = Throttle(Clock())
    for _ in range(ATTEMPTS - 1):
        throttle.failed("bob", "1.1.1.1")
    throttle.succeeded("bob", "1.1.1.1")
    throttle.failed("bob", "1.1.1.1")
    assert throttle.wait_seconds("bob", "1.1.1.1") == 0


def test_a_flood_of_names_does_not_fill_the_memory() -> None:
    """The oldest failures are forgotten first."""
    throttle = Throttle(Clock())
    for number in range(20_000):
        throttle.failed(f"name{number}", "1.1.1.1")
    assert len(throttle._failures) <= 10_000
