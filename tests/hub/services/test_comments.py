"""Comments on runs: by whoever may read, in order, removed by their authors and by owners."""

from __future__ import annotations

import dataclasses
import threading

import msgspec
import pytest
from dotscience_hub.services.caller import Caller

from jupyter_dotscience.api import comments as api
from jupyter_dotscience.api import runs
from jupyter_dotscience.api.ids import new_id
from jupyter_dotscience.api.problems import BadRequest, Conflict, Forbidden, NotFound
from jupyter_dotscience.api.projects import Role
from tests.hub.world import World, user


@pytest.fixture
def project(world: World) -> str:
    """A project with two runs, r and s."""
    made = world.project()
    world.runs.record_runs(user("ada"), project=made, body=runs.RunsRecord(runs=[report("r"), report("s")]))
    return made


def report(run: str) -> runs.RunReport:
    return runs.RunReport(id=run)


def say(world: World, project: str, text: str, who: str = "ada", run: str = "r") -> api.Comment:
    return world.comments.add_comment(user(who), project=project, run=run, body=api.CommentCreate(text=text))


def listed(world: World, project: str, **query: object) -> api.CommentList:
    asked = api.CommentQuery(**query)  # type: ignore[arg-type]
    return world.comments.list_comments(user("ada"), project=project, run="r", query=asked)


def as_role(name: str, role: Role) -> Caller:
    return dataclasses.replace(user(name), role=role)


def test_comments_come_in_the_order_they_were_made(world: World, project: str) -> None:
    """Page by page, each once, with author and text; those on another run are not among them."""
    said = [say(world, project, f"No. {number}\nof five", who) for number, who in enumerate("abcde")]
    say(world, project, "elsewhere", run="s")
    first = listed(world, project, limit=2)
    second = listed(world, project, limit=2, cursor=first.next)
    third = listed(world, project, limit=2, cursor=second.next)
    assert first.items + second.items + third.items == said
    assert (third.next, [comment.author for comment in said]) == (None, list("abcde"))
    assert said[1].text == "No. 1\nof five"


def test_the_table_of_runs_counts_comments(world: World, project: str) -> None:
    """Each row knows how many its run has."""
    for text in ("one", "two"):
        say(world, project, text)
    rows = world.runs.list_runs(user("ada"), project=project, query=runs.RunQuery()).items
    assert {row.id: row.comments for row in rows} == {"r": 2, "s": 0}


def test_who_may_remove_a_comment(world: World, project: str) -> None:
    """Its author and an owner may; a writer who is neither may not, and then it is still there."""
    own, other = say(world, project, "mine", "bob"), say(world, project, "also mine", "bob")
    with pytest.raises(Forbidden, match="Only who wrote"):
        world.comments.delete_comment(as_role("eve", Role.WRITER), project=project, run="r", comment=own.id)
    assert listed(world, project).items == [own, other]
    world.comments.delete_comment(as_role("bob", Role.READER), project=project, run="r", comment=own.id)
    world.comments.delete_comment(as_role("ada", Role.OWNER), project=project, run="r", comment=other.id)
    assert listed(world, project).items == []


def test_what_is_not_there_is_not_found(world: World, project: str) -> None:
    """No comment of another run, none twice, none with an odd name; no comment on a run that is not there."""
    said, owner = say(world, project, "on r"), as_role("ada", Role.OWNER)
    for run, comment in (("s", said.id), ("r", new_id()), ("r", "a\0b"), ("none", said.id), ("a\0b", said.id)):
        with pytest.raises(NotFound):
            world.comments.delete_comment(owner, project=project, run=run, comment=comment)
    with pytest.raises(NotFound):
        say(world, project, "x", run="none")
    with pytest.raises(NotFound):
        say(world, world.project(), "x")
    with pytest.raises(BadRequest):
        listed(world, project, cursor="x")


@pytest.mark.parametrize("text", ["", " \n\t", "x" * (api.MAX_TEXT + 1)])
def test_what_says_nothing_or_too_much_is_refused(text: str) -> None:
    """By the contract, before anything is stored."""
    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode(msgspec.json.encode({"text": text}), type=api.CommentCreate)


def test_any_text_is_kept_as_it_was(world: World, project: str) -> None:
    """Markup is text; what no database can hold is replaced, and white space around it goes."""
    assert say(world, project, "  <img src=x onerror=alert(1)>\n  é\0\U0001f600 ").text == (
        "<img src=x onerror=alert(1)>\n  é\ufffd\U0001f600"
    )


def test_a_run_has_so_many_comments_at_the_most(world: World, project: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also when several people write at once; what is one too many is refused and not kept."""
    monkeypatch.setattr(api, "MAX_COMMENTS", 3)
    refused: list[Conflict] = []

    def write() -> None:
        try:
            say(world, project, "x")
        except Conflict as problem:
            refused.append(problem)

    writers = [threading.Thread(target=write) for _ in range(6)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert (len(listed(world, project).items), len(refused)) == (3, 3)


def test_comments_go_with_their_project(world: World, project: str) -> None:
    """Nothing is left that hangs on a run that is gone."""
    say(world, project, "x")
    world.projects.delete_project(user("ada"), project=project)
    with world.database.read() as session:
        assert session.connection().exec_driver_sql("SELECT count(*) FROM run_comments").scalar() == 0
