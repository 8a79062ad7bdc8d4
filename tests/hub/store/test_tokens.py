"""Tokens: their form, and what is kept of them."""

from __future__ import annotations

import base64
from dataclasses import dataclass

from dotscience_hub.store import tokens


@dataclass
class Row:
    token_salt: str
    token_hash: str


def kept(token: str) -> Row:
    stored = tokens.store(token)
    return Row(stored.salt, stored.hash)


def test_the_form_of_a_runner_token() -> None:
    """A runner's token is 32 bytes in base32: 52 characters and 4 equals signs."""
    token = tokens.new_runner_token()
    assert len(base64.b32decode(token)) == 32
    assert (len(token), token[52:]) == (56, "====")
    assert tokens.new_runner_token() != token


def test_a_task_token_can_be_told_from_others() -> None:
    """A task's token begins in a way no runner's can, and can stand in a URL as it is."""
    token = tokens.new_task_token()
    assert token.startswith(tokens.TASK_PREFIX)
    assert token.replace("-", "").isalnum()
    assert len(tokens.prefix_of(token)) > len(tokens.TASK_PREFIX)


def test_only_the_token_itself_matches() -> None:
    """Among rows with the same prefix only the one with the very token is found."""
    token = tokens.new_runner_token()
    near = token[:-6] + ("A" if token[-6] != "A" else "B") + token[-5:]
    rows = [kept(near), kept(token), kept("")]
    assert tokens.match(token, rows) is rows[1]
    assert tokens.match(token.lower(), rows) is None
    assert tokens.match("\udcff" + token, rows) is None


def test_the_same_token_is_never_kept_the_same_way() -> None:
    """Salts differ, so equal tokens cannot be seen in the database, and the token is not in what is kept."""
    token = tokens.new_runner_token()
    one, other = tokens.store(token), tokens.store(token)
    assert one.hash != other.hash
    assert token not in repr(one)
