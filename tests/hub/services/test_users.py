"""Finding users by a part of their name."""

from __future__ import annotations

import msgspec
import pytest

from jupyter_dotscience.api import users as api
from jupyter_dotscience.api.problems import Unavailable
from tests.hub.world import World, user


def found(world: World, text: str) -> list[str]:
    return [one.name for one in world.users.find_users(user("ada"), query=api.UserQuery(name=text)).items]


def test_names_that_begin_so_come_first(world: World) -> None:
    """In upper or lower case; then those that hold the text elsewhere, all in order."""
    world.people.known = {"hans", "anna", "johanna", "Anton", "bob"}
    assert found(world, "AN") == ["Anton", "anna", "hans", "johanna"]
    assert found(world, "zz") == []


def test_only_ten_are_told(world: World) -> None:
    """However many there are, so that nobody reads the whole list of users."""
    world.people.known = {f"user{number:03}" for number in range(200)}
    assert found(world, "user") == [f"user{number:03}" for number in range(10)]


def test_signs_that_a_database_takes_for_any_letter_are_letters(world: World) -> None:
    """A hub that answers `%%` with everybody tells nothing here."""
    world.people.known = {"ada", "bob"}
    world.people.find = lambda text, limit: sorted(world.people.known)  # type: ignore[method-assign]
    assert (found(world, "%%"), found(world, "__"), found(world, "a\0"), found(world, "ad")) == ([], [], [], ["ada"])


@pytest.mark.parametrize("text", ["", "a", "x" * 256])
def test_a_search_has_two_letters_at_least(text: str) -> None:
    """And is no book; both by the contract."""
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"name": text}, api.UserQuery)


def test_a_hub_that_is_away_is_said(world: World) -> None:
    """It is no empty answer, which would say that there is nobody."""
    world.people.away = True
    with pytest.raises(Unavailable):
        found(world, "ada")
