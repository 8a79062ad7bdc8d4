"""Accounts: made and changed from the command line, used in the hub."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

from tests.hubprocess import PROGRAM, RunningHub


def run(data_dir: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*PROGRAM, "user", *arguments, "--data-dir", str(data_dir)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_a_new_user_can_log_in_at_once(running_hub: RunningHub) -> None:
    """With the printed password, while the hub runs, without having opened a page first."""
    password = running_hub.command("user", "add", "Grace").strip()
    assert re.fullmatch(r"([a-z2-9]{5}-){3}[a-z2-9]{5}", password)
    token = running_hub.token("grace", password)
    assert running_hub.api("GET", "/account", token=token).json() == {"kind": "user", "name": "grace", "admin": False}
    assert "grace" in running_hub.command("user", "ls").split()


def test_a_new_password_replaces_the_old_one(running_hub: RunningHub) -> None:
    """The old one opens nothing any more."""
    old = running_hub.command("user", "add", "heidi").strip()
    new = running_hub.command("user", "passwd", "heidi").strip()
    refused = running_hub.request(
        "POST", "/hub/api/users/heidi/tokens", {"auth": {"username": "heidi", "password": old}}
    )
    assert refused.status == 403
    assert running_hub.token("heidi", new)


def test_what_cannot_be_done_is_a_sentence(running_hub: RunningHub, tmp_path: Path) -> None:
    """A name that is taken, unknown or impossible, and a folder without a hub."""
    running_hub.command("user", "add", "ivan")
    for arguments, words in (
        (("add", "ivan"), "There is a user 'ivan' already"),
        (("passwd", "nobody"), "There is no user 'nobody'"),
        (("add", "a/b"), "cannot be a user's name"),
        (("add", "../x"), "cannot be a user's name"),
    ):
        answer = run(running_hub.data_dir, *arguments)
        assert (answer.returncode, answer.stdout) == (1, "")
        assert words in answer.stderr
    assert "There is no hub in" in run(tmp_path, "ls").stderr


def test_nobody_signs_up(running_hub: RunningHub) -> None:
    """A name without an account cannot log in, whatever the password."""
    answer = running_hub.request(
        "POST", "/hub/api/users/mallory/tokens", {"auth": {"username": "mallory", "password": "whatever-it-is"}}
    )
    assert answer.status == 403


def test_guesses_are_limited(running_hub: RunningHub) -> None:
    """After ten wrong passwords even the right one has to wait; other people do not."""
    password = running_hub.command("user", "add", "judy").strip()
    other = running_hub.command("user", "add", "ken").strip()

    def attempt(given: str) -> int:
        body = {"auth": {"username": "judy", "password": given}}
        return running_hub.request("POST", "/hub/api/users/judy/tokens", body).status

    assert {attempt(f"wrong{number}") for number in range(10)} == {403}
    assert attempt(password) == 403
    assert running_hub.token("ken", other)
