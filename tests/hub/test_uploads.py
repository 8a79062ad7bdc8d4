"""Large contents in parts: over cut connections and killed services, side by side, and within the project's room."""

from __future__ import annotations

import asyncio
import hashlib
import os
import subprocess
import sys
import threading
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from dotscience_hub.git.limits import Limits
from dotscience_hub.objects.staged import Staged
from dotscience_hub.services.caller import Caller
from dotscience_hub.services.uploads import Uploads

from jupyter_dotscience.api.account import Principal
from jupyter_dotscience.api.ids import new_id
from jupyter_dotscience.api.problems import BadRequest, Conflict, TooLarge
from jupyter_dotscience.api.uploads import PartQuery, UploadBegin, UploadFinish
from tests.hub.git.hub import ALICE, Hub, open_hub

ROOT = Path(__file__).parents[2]
MEBIBYTE = 1 << 20
BOB = Caller(kind=Principal.USER, name="bob")


@dataclass
class Sender:
    """Somebody who uploads one content to a hub."""

    hub: Hub
    uploads: Uploads
    content: bytes
    caller: Caller = ALICE

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.content).hexdigest()

    def begin(self) -> int:
        body = UploadBegin(sha256=self.sha256, size=len(self.content))
        return self.uploads.begin_upload(self.caller, project=self.hub.project, body=body).received

    def put(self, offset: int, data: bytes | AsyncIterator[bytes]) -> int:
        return asyncio.run(self.putting(offset, data))

    async def putting(self, offset: int, data: bytes | AsyncIterator[bytes]) -> int:
        query = PartQuery(size=len(self.content), offset=offset)
        body = pieces(data) if isinstance(data, bytes) else data
        told = await self.uploads.put_part(
            self.caller, project=self.hub.project, sha256=self.sha256, query=query, body=body
        )
        return told.received

    def finish(self) -> None:
        body = UploadFinish(size=len(self.content))
        asyncio.run(self.uploads.finish_upload(self.caller, project=self.hub.project, sha256=self.sha256, body=body))

    def stored(self) -> bytes:
        assert self.hub.contents.sizes(self.hub.project, [self.sha256]) == {self.sha256: len(self.content)}
        return b"".join(self.hub.objects.read(self.sha256))


async def pieces(content: bytes, size: int = 65_536) -> AsyncIterator[bytes]:
    for start in range(0, len(content), size):
        yield content[start : start + size]


async def cut(content: bytes) -> AsyncIterator[bytes]:
    """A connection that breaks after this."""
    yield content
    raise ConnectionResetError


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[Hub]:
    """A hub whose project may have ten megabytes."""
    hub = open_hub(tmp_path, new_id(), Limits(), quota=10 * MEBIBYTE)
    yield hub
    hub.contents.close()
    hub.commits.close()
    hub.database.dispose()


@pytest.fixture
def uploads(hub: Hub) -> Iterator[Uploads]:
    """Its uploads."""
    made = Uploads(hub.objects, hub.contents)
    yield made
    made.close()


@pytest.fixture
def sender(hub: Hub, uploads: Uploads) -> Sender:
    """Alice with three and a half megabytes."""
    return Sender(hub, uploads, os.urandom(3 * MEBIBYTE + 500_001))


def staged(hub: Hub) -> list[Path]:
    return [path for path in (hub.objects.temporary / "parts").rglob("*") if path.is_file()]


def test_parts_become_an_object(hub: Hub, sender: Sender) -> None:
    """Of any size; what is left of the upload goes, and the end may be repeated."""
    content = sender.content
    assert sender.begin() == 0
    at = 0
    for size in (MEBIBYTE, 1, 2 * MEBIBYTE, 100, len(content)):
        at = sender.put(at, content[at : at + size])
        assert sender.begin() == at
    sender.finish()
    assert sender.stored() == content
    assert staged(hub) == []
    sender.finish()


def test_a_cut_connection_keeps_what_had_arrived(sender: Sender) -> None:
    """The next part begins there; at any other place it is refused, and the answer says where."""
    half = sender.content[: 2 * MEBIBYTE]
    with pytest.raises(ConnectionResetError):
        sender.put(0, cut(half))
    assert sender.begin() == len(half)
    for wrong in (0, 5, len(half) - 1, len(half) + 1):
        with pytest.raises(Conflict) as refused:
            sender.put(wrong, b"x")
        assert refused.value.detail == {"received": len(half)}
    sender.put(len(half), sender.content[len(half) :])
    sender.finish()
    assert sender.stored() == sender.content


def test_a_wrong_content_is_thrown_away(hub: Hub, sender: Sender) -> None:
    """Also one that is too long, before the disk has it; afterwards the right one is taken."""
    sender.put(0, bytes(len(sender.content)))
    with pytest.raises(BadRequest, match="SHA-256"):
        sender.finish()
    assert (sender.begin(), staged(hub)) == (0, [])
    assert hub.contents.sizes(hub.project, [sender.sha256]) == {}
    with pytest.raises(BadRequest, match="more than"):
        sender.put(0, sender.content + b"x")
    assert sender.begin() <= len(sender.content)
    at = sender.begin()
    sender.put(at, sender.content[at:])
    sender.finish()
    assert sender.stored() == sender.content


def test_an_incomplete_content_is_no_object(hub: Hub, sender: Sender) -> None:
    """Nor is one of which nothing came."""
    for received in (0, MEBIBYTE):
        with pytest.raises(Conflict) as refused:
            sender.finish()
        assert refused.value.detail == {"received": received}
        if not received:
            sender.put(0, sender.content[:MEBIBYTE])
    assert hub.contents.sizes(hub.project, [sender.sha256]) == {}


def test_nobody_goes_on_with_somebody_elses(hub: Hub, sender: Sender) -> None:
    """Else whoever knows a hash would get the content by sending its last byte."""
    sender.put(0, sender.content[:-1])
    bob = Sender(hub, sender.uploads, sender.content, BOB)
    assert bob.begin() == 0
    with pytest.raises(Conflict):
        bob.put(len(bob.content) - 1, bob.content[-1:])
    with pytest.raises(Conflict):
        bob.finish()
    other = Sender(hub_of(hub), sender.uploads, sender.content)
    assert other.begin() == 0
    sender.put(len(sender.content) - 1, sender.content[-1:])
    sender.finish()
    assert sender.stored() == sender.content


def hub_of(hub: Hub) -> Hub:
    """The same hub with another project."""
    project = new_id()
    hub.commits.repositories.create(project)
    return Hub(hub.database, hub.commits, hub.contents, hub.workspace, hub.objects, project)


def test_the_connection_that_came_last_goes_on(sender: Sender) -> None:
    """One that died without the hub noticing must not hold up the next; should it come back, it is refused."""

    async def both() -> None:
        resumed = asyncio.Event()

        async def first() -> AsyncIterator[bytes]:
            yield sender.content[:MEBIBYTE]
            await resumed.wait()
            yield sender.content[MEBIBYTE : 2 * MEBIBYTE]

        old = asyncio.create_task(sender.putting(0, first()))
        while await asyncio.to_thread(sender.begin) < MEBIBYTE:  # noqa: ASYNC110 - nobody tells it
            await asyncio.sleep(0.01)
        new = sender.putting(MEBIBYTE, sender.content[MEBIBYTE:])
        assert await new == len(sender.content)
        resumed.set()
        with pytest.raises(Conflict, match="another connection"):
            await old

    asyncio.run(both())
    sender.finish()
    assert sender.stored() == sender.content


def test_two_at_once_end_as_one(sender: Sender) -> None:
    """Two windows with the same file: each goes on where the hub is; both may finish."""

    async def window() -> None:
        at = 0
        while at < len(sender.content):
            try:
                at = await sender.putting(at, sender.content[at : at + MEBIBYTE // 2])
            except Conflict as error:
                at = int((error.detail or {})["received"])
        body = UploadFinish(size=len(sender.content))
        await sender.uploads.finish_upload(ALICE, project=sender.hub.project, sha256=sender.sha256, body=body)

    async def both() -> None:
        await asyncio.gather(window(), window(), window())

    asyncio.run(both())
    assert sender.stored() == sender.content


def test_killed_between_parts_and_in_them(tmp_path: Path, hub: Hub) -> None:
    """F: kill -9 of the service at any moment: what it acknowledged is there, and the upload goes on behind it."""
    received = kills = 0
    while True:
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.hub.uploading", str(tmp_path), hub.project],
            cwd=ROOT, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        assert process.stdout is not None
        began = int(process.stdout.readline())
        assert began >= received
        lines = [process.stdout.readline() for _ in range(2)]
        process.kill()
        rest = process.stdout.readlines()
        process.stdout.close()
        process.wait()
        told = [line.strip() for line in [*lines, *rest] if line.endswith("\n")]
        if "done" in told:
            break
        received, kills = max([began, *map(int, told)]), kills + 1
    assert kills >= 2
    from tests.hub.uploading import content

    sha256 = hashlib.sha256(content()).hexdigest()
    assert hub.contents.sizes(hub.project, [sha256]) == {sha256: len(content())}
    assert b"".join(hub.objects.read(sha256)) == content()
    assert staged(hub) == []


def test_room_counts_what_is_on_its_way(hub: Hub, uploads: Uploads) -> None:
    """One's own older uploads give way to a new one, those of others do not."""
    older, newer = (Sender(hub, uploads, os.urandom(6 * MEBIBYTE)) for _ in range(2))
    older.put(0, older.content[:MEBIBYTE])
    newer.put(0, newer.content[:MEBIBYTE])
    assert [path.name for path in staged(hub)] == [f"{newer.sha256}.{6 * MEBIBYTE}"]
    bob = Sender(hub, uploads, os.urandom(6 * MEBIBYTE), BOB)
    with pytest.raises(TooLarge):
        bob.begin()
    with pytest.raises(TooLarge):
        bob.put(0, b"x")
    with pytest.raises(TooLarge):
        Sender(hub, uploads, bytes(10 * MEBIBYTE + 1), BOB).begin()


def rooms(hub: Hub, uploads: Uploads) -> tuple[Sender, Sender]:
    """Two people whose contents have room alone, but not together."""
    return Sender(hub, uploads, os.urandom(6 * MEBIBYTE)), Sender(hub, uploads, os.urandom(6 * MEBIBYTE), BOB)


def send(hub: Hub, sender: Sender) -> None:
    """A content in one piece, as git-lfs and agents send it."""
    asyncio.run(hub.contents.receive_object(hub.project, sender.sha256, pieces(sender.content)))


def test_first_parts_at_once_share_the_room(hub: Hub, uploads: Uploads, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that was let in counts before its file is there; one that was refused leaves nothing."""
    alice, bob = rooms(hub, uploads)
    take, refused = Staged.take, []

    def between(upload: Staged, writer: object, offset: int) -> None:
        if upload.sha256 == alice.sha256:
            for attempt in (bob.begin, lambda: bob.put(0, bob.content)):
                with pytest.raises(TooLarge) as error:
                    attempt()
                refused.append(error.value.detail)
        take(upload, writer, offset)

    monkeypatch.setattr(Staged, "take", between)
    alice.put(0, alice.content)
    assert refused == [{"room": 4 * MEBIBYTE}] * 2
    assert [path.name for path in staged(hub)] == [f"{alice.sha256}.{len(alice.content)}"]
    alice.finish()
    assert alice.stored() == alice.content


def test_what_was_let_in_and_never_came_counts_no_more(
    hub: Hub, uploads: Uploads, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its first part could not be taken, so others may have the room."""
    alice, bob = rooms(hub, uploads)

    def full(*_: object) -> None:
        raise OSError("the disk is full")

    with monkeypatch.context() as patch:
        patch.setattr(Staged, "take", full)
        with pytest.raises(OSError, match="full"):
            alice.put(0, alice.content)
    bob.put(0, bob.content)
    bob.finish()
    assert bob.stored() == bob.content


def test_an_end_that_finds_the_room_taken_leaves_nothing(hub: Hub, uploads: Uploads) -> None:
    """Something else was stored while the parts came: neither the parts nor an object stay."""
    alice, bob = rooms(hub, uploads)
    alice.put(0, alice.content)
    send(hub, bob)
    with pytest.raises(TooLarge) as refused:
        alice.finish()
    assert refused.value.detail == {"room": 4 * MEBIBYTE}
    assert staged(hub) == []
    assert hub.objects.size(alice.sha256) is None
    assert hub.contents.sizes(hub.project, [alice.sha256, bob.sha256]) == {bob.sha256: len(bob.content)}


def test_ends_at_once_share_the_room(hub: Hub, uploads: Uploads, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is just being stored counts; the same content counts once, however many send it."""
    alice, bob = rooms(hub, uploads)
    again = Sender(hub, uploads, alice.content, BOB)
    adopt = hub.objects.adopt

    def between(path: Path, sha256: str) -> None:
        monkeypatch.setattr(hub.objects, "adopt", adopt)
        with pytest.raises(TooLarge):
            send(hub, bob)
        send(hub, again)
        adopt(path, sha256)

    alice.put(0, alice.content)
    monkeypatch.setattr(hub.objects, "adopt", between)
    alice.finish()
    assert alice.stored() == alice.content
    assert hub.objects.size(bob.sha256) is None
    assert [path for path in hub.objects.temporary.rglob("*") if path.is_file()] == []


def test_one_finished_in_that_moment_is_not_counted_twice(
    hub: Hub, uploads: Uploads, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An upload that is noted as stored, and whose file is still there, leaves the others the room it left before."""
    alice, small = rooms(hub, uploads)[0], Sender(hub, uploads, os.urandom(4 * MEBIBYTE), BOB)
    alice.put(0, alice.content)
    discard, began = Staged.discard, threading.Thread(target=small.put, args=(0, small.content))

    def between(upload: Staged) -> None:
        if upload.sha256 == alice.sha256:
            began.start()
            began.join(0.5)  # it may have to wait for what comes now
        discard(upload)

    monkeypatch.setattr(Staged, "discard", between)
    alice.finish()
    began.join(60)
    small.finish()
    assert small.stored() == small.content


def test_objects_at_once_share_the_room(hub: Hub, uploads: Uploads) -> None:
    """Each had room when it began; the one that ends last has none any more, and leaves nothing."""
    alice, bob = rooms(hub, uploads)

    async def slowly() -> AsyncIterator[bytes]:
        yield alice.content[:MEBIBYTE]
        await hub.contents.receive_object(hub.project, bob.sha256, pieces(bob.content))
        yield alice.content[MEBIBYTE:]

    with pytest.raises(TooLarge):
        asyncio.run(hub.contents.receive_object(hub.project, alice.sha256, slowly()))
    assert hub.contents.sizes(hub.project, [alice.sha256, bob.sha256]) == {bob.sha256: len(bob.content)}
    assert hub.objects.size(alice.sha256) is None
    assert [path for path in hub.objects.temporary.rglob("*") if path.is_file()] == []
    send(hub, bob)
    assert bob.stored() == bob.content


def test_what_nobody_finishes_is_removed(hub: Hub, sender: Sender) -> None:
    """After a day, with the folders it was in; one that somebody still adds to stays."""
    sender.put(0, sender.content[:10])
    sender.uploads.sweep(age=3600)
    assert len(staged(hub)) == 1
    os.utime(staged(hub)[0], (time.time() - 90_000,) * 2)
    sender.uploads.sweep()
    assert list((hub.objects.temporary / "parts").iterdir()) == []
    assert sender.begin() == 0
    sender.put(0, sender.content)
    sender.finish()
    assert sender.stored() == sender.content


def test_an_empty_content_and_a_bad_name(hub: Hub, uploads: Uploads) -> None:
    """A content of no bytes is one; what is no hash never becomes a path."""
    nothing = Sender(hub, uploads, b"")
    nothing.begin()
    nothing.put(0, b"")
    nothing.finish()
    assert nothing.stored() == b""
    query = PartQuery(size=1, offset=0)
    with pytest.raises(BadRequest):
        asyncio.run(uploads.put_part(ALICE, project=hub.project, sha256="../x", query=query, body=pieces(b"x")))
