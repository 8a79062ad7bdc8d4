"""Bodies that are read piece by piece, and logs that outlive their connections."""

from __future__ import annotations

import hashlib
from urllib.parse import parse_qs, urlsplit

import pytest

from jupyter_dotscience.api import problems
from jupyter_dotscience.api.files import FileQuery
from jupyter_dotscience.api.logs import LogEntry, LogQuery, LogStream
from jupyter_dotscience.api.tasks import TaskStatus
from jupyter_dotscience.client import Client, follow_logs

from . import script
from .samples import PROJECT_ID, TASK_ID, task
from .script import Answer, Script

DONE = script.json(task(status=TaskStatus.SUCCEEDED))


def entry(seq: int) -> LogEntry:
    return LogEntry(seq=seq, stream=LogStream.STDOUT, time=seq, data=b"line %d\n" % seq)


def after(seen: script.Seen) -> str:
    return parse_qs(urlsplit(seen.target).query)["after"][0]


def test_a_file_is_read_in_pieces(hub: Script, client: Client) -> None:
    """A Reader is a binary file, and its connection serves the next request."""
    content = bytes(range(256)) * 5000
    hub.play(Answer(body=content))
    with client.get_file(project=PROJECT_ID, query=FileQuery(path="a")) as reader:
        assert reader.length == len(content)
        assert reader.read(3) == content[:3]
        assert reader.readall() == content[3:]
    with client.get_file(project=PROJECT_ID, query=FileQuery(path="a")) as reader:
        assert b"".join(reader.pieces(1000)) == content


def test_a_reader_that_is_left_early_does_no_harm(hub: Script, client: Client) -> None:
    """Closing in the middle gives up the connection; the next request is not answered by the rest."""
    hub.play(Answer(body=b"x" * 10_000_000), Answer(body=b"whole"))
    with client.get_file(project=PROJECT_ID, query=FileQuery(path="a")) as reader:
        reader.read(10)
    with client.get_file(project=PROJECT_ID, query=FileQuery(path="b")) as reader:
        assert reader.readall() == b"whole"


def test_an_object_goes_on_where_the_connection_broke(hub: Script, client: Client) -> None:
    """Content by hash is asked for again from the byte that was missing."""
    sha256 = hashlib.sha256(b"0123456789").hexdigest()
    hub.play(
        Answer(200, b"0123", headers={"Content-Length": "10"}, cut=True),
        Answer(206, b"456789", headers={"Content-Range": "bytes 4-9/10"}),
    )
    with client.get_object(project=PROJECT_ID, sha256=sha256) as reader:
        assert reader.readall() == b"0123456789"
    assert hub.seen[1].headers["Range"] == "bytes=4-"


def test_a_file_does_not_go_on_with_another_version(hub: Script, client: Client) -> None:
    """Content by name may have changed meanwhile: a broken file is an error."""
    hub.play(Answer(200, b"0123", headers={"Content-Length": "10"}, cut=True))
    query = FileQuery(path="a")
    with client.get_file(project=PROJECT_ID, query=query) as reader, pytest.raises(problems.Unreachable):
        reader.readall()


def test_items_come_as_they_are_sent(hub: Script, client: Client) -> None:
    """Chunks may split lines anywhere, and blank lines are skipped."""
    whole = b"".join(script.msgspec.json.encode(entry(i)) + b"\n" + b"\n" * (i % 3) for i in range(50))
    hub.play(_split(whole))
    with client.read_logs(task=TASK_ID) as entries:
        assert [e.seq for e in entries] == list(range(50))


def _split(whole: bytes) -> Answer:
    return script.lines(*[whole[i : i + 7] for i in range(0, len(whole), 7)])


def test_a_cut_stream_is_no_end(hub: Script, client: Client) -> None:
    """A reader of a stream is told when the connection broke, after all whole items before it."""
    hub.play(script.lines(entry(0), entry(1), b'[2,"stdout"', cut=True))
    got = []
    with pytest.raises(problems.Unreachable), client.read_logs(task=TASK_ID) as entries:
        got.extend(entries)
    assert [e.seq for e in got] == [0, 1]


def test_a_followed_log_survives_cuts(hub: Script, client: Client) -> None:
    """Each entry comes once and in order, whatever breaks; the log is resumed after the last one."""
    hub.play(
        script.lines(entry(0), b"\n", entry(1), cut=True),
        Answer(0, cut=True),
        Answer(503, b"<html>"),
        script.lines(b"\n", cut=True),
        script.lines(entry(2), b'[3,"std', cut=True),
        script.lines(entry(3)),
        DONE,
    )
    told: list[object] = []
    got = list(follow_logs(client.derive(token="t", retry_for=0), TASK_ID, on_trouble=told.append))
    assert [e.seq for e in got] == [0, 1, 2, 3]
    assert [after(seen) for seen in hub.seen[:-1]] == ["-1", "1", "1", "1", "1", "2"]
    assert [type(t) for t in told[:2]] == [problems.Unreachable, type(None)]


def test_an_end_before_the_tasks_end_is_a_cut(hub: Script, client: Client) -> None:
    """A proxy that ends a stream politely does not end the log."""
    hub.play(script.lines(entry(0)), script.json(task()), script.lines(entry(1)), DONE)
    assert [e.seq for e in follow_logs(client, TASK_ID)] == [0, 1]


def test_a_log_that_is_not_followed_ends(hub: Script, client: Client) -> None:
    """Without follow the stored entries are all, whatever the task does."""
    hub.play(script.lines(entry(0)))
    assert [e.seq for e in follow_logs(client, TASK_ID, follow=False)] == [0]
    assert len(hub.seen) == 1


def test_following_gives_up_when_it_should(hub: Script, client: Client) -> None:
    """After `give_up_after` seconds without the hub the error is raised; a refusal is raised at once."""
    impatient = client.derive(token="t", retry_for=0)
    hub.play(Answer(0, cut=True))
    with pytest.raises(problems.Unreachable):
        list(follow_logs(impatient, TASK_ID, give_up_after=0.3))
    hub.play(script.lines(cut=True))
    with pytest.raises(problems.Unreachable):
        list(follow_logs(impatient, TASK_ID, give_up_after=0.3))
    hub.play(script.problem(404, "not_found", "No such task."))
    with pytest.raises(problems.NotFound):
        list(follow_logs(impatient, TASK_ID))


def test_another_kind_of_body_is_no_stream(hub: Script, client: Client) -> None:
    """A login page with status 200 is not taken for an empty log."""
    hub.play(Answer(200, b"", headers={"Content-Type": "text/html"}))
    with pytest.raises(problems.Unreachable, match="not as this version"):
        client.read_logs(task=TASK_ID, query=LogQuery())
