"""What deleted projects and datasets leave behind is removed after a time of grace, and nothing else ever."""

from __future__ import annotations

import asyncio
import datetime as dt
import hashlib
import threading
from collections.abc import AsyncIterator

import pytest
from dotscience_hub.services.garbage import Garbage, keep
from dotscience_hub.store import garbage as store
from dotscience_hub.store import versions

from jupyter_dotscience.api.datasets import DatasetDelete
from jupyter_dotscience.api.problems import Unavailable
from tests.hub.world import World, user

GRACE = dt.timedelta(days=14)
DAY = 86400.0
CONTENT = b"a large file"
SHA256 = hashlib.sha256(CONTENT).hexdigest()


@pytest.fixture
def garbage(world: World) -> Garbage:
    return Garbage(world.database, world.commits, world.objects, GRACE, world.clock)


def put(world: World, project: str, content: bytes = CONTENT) -> str:
    """A large file's content of a project or dataset."""

    async def body() -> AsyncIterator[bytes]:
        yield content

    sha256 = hashlib.sha256(content).hexdigest()
    asyncio.run(world.contents.receive_object(project, sha256, body()))
    return sha256


def after_grace(world: World, garbage: Garbage) -> int:
    """What is removed once the grace of what is marked now is over."""
    assert garbage.collect() == 0
    world.clock.advance(15 * DAY)
    return garbage.collect()


def delete(world: World, project: str) -> None:
    world.projects.delete_project(user("ada"), project=project)


def test_what_nobody_has_goes_after_the_grace(world: World, garbage: Garbage) -> None:
    """Of projects and datasets alike; not a day before."""
    project, dataset = world.project(), world.dataset()
    first, second = put(world, project), put(world, dataset, b"another")
    delete(world, project)
    world.datasets.delete_dataset(user("ada"), dataset=dataset, query=DatasetDelete())
    assert garbage.collect() == 0
    world.clock.advance(13 * DAY)
    assert garbage.collect() == 0
    assert list(world.objects.all()) == sorted([first, second])
    world.clock.advance(2 * DAY)
    assert garbage.collect() == 2
    assert list(world.objects.all()) == []
    assert garbage.collect() == 0


def test_what_somebody_has_stays(world: World, garbage: Garbage) -> None:
    """Also when only one of several that had it is left."""
    project, dataset = world.project(), world.dataset()
    for each in (project, dataset):
        put(world, each)
    delete(world, project)
    assert after_grace(world, garbage) == 0
    assert b"".join(world.objects.read(SHA256)) == CONTENT


def test_who_sends_it_again_has_it(world: World, garbage: Garbage) -> None:
    """At any time: the mark is gone, and a later one has its own time."""
    project = world.project()
    put(world, project)
    delete(world, project)
    garbage.collect()
    world.clock.advance(15 * DAY)
    again = world.project()
    put(world, again)
    assert garbage.collect() == 0
    assert world.objects.size(SHA256) == len(CONTENT)
    delete(world, again)
    assert garbage.collect() == 0
    world.clock.advance(13 * DAY)
    assert garbage.collect() == 0
    assert world.objects.size(SHA256) == len(CONTENT)


def test_a_mark_that_came_to_be_wrong(world: World, garbage: Garbage) -> None:
    """As when an older service stored the content without a word: who has it keeps it."""
    project = world.project()
    put(world, project)
    with world.database.write() as session:
        store.mark(session, store.OBJECT, [SHA256], world.clock())
    world.clock.advance(15 * DAY)
    assert garbage.collect() == 0
    assert world.objects.size(SHA256) == len(CONTENT)
    with world.database.read() as session:
        assert not store.is_marked(session, store.OBJECT, SHA256)


def test_an_upload_while_it_is_removed(world: World, garbage: Garbage, monkeypatch: pytest.MonkeyPatch) -> None:
    """The upload waits until the content is gone, and then stores it again: what is noted is there."""
    first, second = world.project(), world.project()
    put(world, first)
    delete(world, first)
    garbage.collect()
    world.clock.advance(15 * DAY)
    removing, uploads = threading.Event(), []
    remove = world.objects.delete

    def delete_slowly(sha256: str) -> None:
        removing.set()
        uploads.append(threading.Thread(target=put, args=(world, second)))
        uploads[0].start()
        uploads[0].join(0.3)  # it cannot end before this transaction does
        assert uploads[0].is_alive()
        remove(sha256)

    monkeypatch.setattr(world.objects, "delete", delete_slowly)
    assert garbage.collect() == 1
    assert removing.is_set()
    uploads[0].join(30)
    assert world.contents.sizes(second, [SHA256]) == {SHA256: len(CONTENT)}
    assert b"".join(world.objects.read(SHA256)) == CONTENT


def test_an_upload_that_began_before(world: World, garbage: Garbage) -> None:
    """Between its word and its note the collector may pass, and takes nothing."""
    project = world.project()
    keep(world.database, SHA256)
    with world.objects.receive(SHA256, None) as incoming:
        incoming.write(CONTENT)
        incoming.store()
    assert garbage.collect() == 0
    with world.database.write() as session:
        versions.add_objects(session, project, {SHA256: len(CONTENT)}, world.clock())
    world.clock.advance(15 * DAY)
    assert garbage.collect() == 0
    assert world.objects.size(SHA256) == len(CONTENT)


def test_a_store_that_does_not_answer(world: World, garbage: Garbage, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is forgotten: the next time it is removed."""
    project = world.project()
    put(world, project)
    delete(world, project)
    garbage.collect()
    world.clock.advance(15 * DAY)

    def away(sha256: str) -> None:
        raise Unavailable(f"No answer about {sha256}.")

    with monkeypatch.context() as patch:
        patch.setattr(world.objects, "delete", away)
        with pytest.raises(Unavailable):
            garbage.collect()
    assert garbage.collect() == 1
    assert world.objects.size(SHA256) is None


def test_histories_of_nobody(world: World, garbage: Garbage, monkeypatch: pytest.MonkeyPatch) -> None:
    """A service that was killed between deleting a project and its history leaves it; it goes, with what it had."""
    project, dataset, kept = world.project(), world.dataset(a="1"), world.dataset(b="2")
    put(world, project)
    with monkeypatch.context() as patch:
        patch.setattr(world.commits, "delete_project", lambda _project: None)
        delete(world, project)
        world.datasets.delete_dataset(user("ada"), dataset=dataset, query=DatasetDelete())
    assert world.commits.repositories.exists(dataset)
    assert after_grace(world, garbage) == 2
    assert not world.commits.repositories.exists(dataset)
    assert world.commits.repositories.exists(kept)
    with world.database.read() as session:
        assert store.owners(session) == {kept}
    assert after_grace(world, garbage) == 1
    assert world.objects.size(SHA256) is None


def test_many(world: World, garbage: Garbage) -> None:
    """More than fit into one look: each is seen once, in batches."""
    project, kept = world.project(), world.project()
    names = [put(world, project, str(number).encode()) for number in range(40)]
    for sha256 in names[::2]:
        with world.database.write() as session:
            versions.add_objects(session, kept, {sha256: 1}, world.clock())
    delete(world, project)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("dotscience_hub.services.garbage._AT_ONCE", 7)
        assert after_grace(world, garbage) == 20
    assert list(world.objects.all()) == sorted(names[::2])
