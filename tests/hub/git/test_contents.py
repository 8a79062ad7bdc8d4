"""Objects and packs of a project: sent, checked, counted, served."""

from __future__ import annotations

import asyncio
import hashlib
import os
import subprocess
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from dotscience_hub.git.limits import Limits
from dotscience_hub.services.download import Download

from jupyter_dotscience.api.commits import Change, CommitCreate, MissingQuery, ObjectRef
from jupyter_dotscience.api.files import FileQuery, TreeQuery
from jupyter_dotscience.api.ids import new_id
from jupyter_dotscience.api.problems import BadRequest, NotFound, TooLarge
from jupyter_dotscience.workspace.hashing import pointer
from tests.hub.git.hub import ALICE, TIME, Hub, open_hub
from tests.hub.git.test_commits import git


async def pieces(content: bytes, size: int = 65_536) -> AsyncIterator[bytes]:
    for start in range(0, len(content), size):
        yield content[start : start + size]


def put_object(hub: Hub, content: bytes, name: str | None = None, project: str | None = None) -> str:
    name = name or hashlib.sha256(content).hexdigest()
    asyncio.run(hub.workspace.put_object(ALICE, project=project or hub.project, sha256=name, body=pieces(content)))
    return name


def put_pack(hub: Hub, pack: bytes) -> int:
    return asyncio.run(hub.workspace.put_pack(ALICE, project=hub.project, body=pieces(pack))).objects


def read(download: Download, start: int = 0, length: int | None = None) -> bytes:
    async def run() -> bytes:
        return b"".join([chunk async for chunk in download.chunks(start, length)])

    return asyncio.run(run())


def get_file(hub: Hub, path: str) -> Download:
    return asyncio.run(hub.workspace.get_file(ALICE, project=hub.project, query=FileQuery(path=path)))


def pack_of(folder: Path, *contents: bytes, kind: str = "blob") -> bytes:
    """A pack that stock git made."""
    folder.mkdir(exist_ok=True)
    subprocess.run(["git", "init", "--quiet", "--bare", folder], check=True)
    names = [
        subprocess.run(["git", "hash-object", "-w", "--literally", "-t", kind, "--stdin"], cwd=folder, input=content,
                       capture_output=True, check=True).stdout
        for content in contents
    ]  # fmt: skip
    return subprocess.run(
        ["git", "pack-objects", "--stdout", "-q"], cwd=folder, input=b"".join(names), capture_output=True, check=True
    ).stdout


def commit_changes(hub: Hub, *changes: Change) -> None:
    body = CommitCreate(message="m", created=TIME, changes=list(changes))
    hub.workspace.create_commit(ALICE, project=hub.project, body=body)


def incoming(tmp_path: Path) -> list[Path]:
    return list(tmp_path.rglob("incoming-*"))


@pytest.fixture
def small_hub(tmp_path: Path) -> Iterator[Hub]:
    """A hub whose limits are soon reached."""
    hub = open_hub(tmp_path, new_id(), Limits(blob=1000, inline=1000, pack=100_000), quota=1000)
    yield hub
    hub.contents.close()
    hub.commits.close()
    hub.database.dispose()


def test_a_large_file(hub: Hub, tmp_path: Path) -> None:
    """An object, then a commit that names it: git has a pointer, who asks for the file gets the content."""
    content = os.urandom(3 << 20)
    sha256 = put_object(hub, content)
    commit_changes(hub, Change(path="model.pt", size=len(content), sha256=sha256, large=True))
    assert git(hub, "show", "main:model.pt").encode() == pointer(sha256, len(content))
    item = hub.workspace.get_tree(ALICE, project=hub.project, query=TreeQuery()).items[0]
    assert (item.large, item.size, item.sha256) == (True, len(content), sha256)
    download = get_file(hub, "model.pt")
    assert (download.size, download.filename) == (len(content), "model.pt")
    assert read(download) == content
    assert read(download, 1_000_000, 2_000_000) == content[1_000_000:3_000_000]
    assert incoming(tmp_path) == []


def test_a_small_file(hub: Hub) -> None:
    """A small file comes from git; what is not there, or is a folder, is not found."""
    commit_changes(hub, Change(path="d/a", size=5, data=b"hello"))
    assert read(get_file(hub, "d/a"), 1, 3) == b"ell"
    for path in ("d", "nothing", "../d/a", "d/a/b", "/d/a"):
        with pytest.raises(NotFound):
            get_file(hub, path)


def test_a_large_file_of_the_wrong_size(hub: Hub) -> None:
    """A commit cannot claim another size than the object has."""
    sha256 = put_object(hub, b"12345")
    with pytest.raises(BadRequest, match="5 bytes"):
        commit_changes(hub, Change(path="a", size=6, sha256=sha256, large=True))


def test_what_a_full_project_has_may_be_sent_again(small_hub: Hub, tmp_path: Path) -> None:
    """It adds nothing; but what only says to be it ends where it would."""
    sha256 = put_object(small_hub, bytes(1000))
    assert put_object(small_hub, bytes(1000)) == sha256
    for wrong in (bytes(1001), bytes(1 << 20)):
        with pytest.raises(BadRequest, match="more than its 1000 bytes"):
            put_object(small_hub, wrong, name=sha256)
    assert small_hub.contents.sizes(small_hub.project, [sha256]) == {sha256: 1000}
    assert incoming(tmp_path) == []


def test_objects_belong_to_projects(hub: Hub) -> None:
    """An object of one project is missing in another until its content was sent there too."""
    sha256 = put_object(hub, b"secret")
    other = new_id()
    hub.commits.repositories.create(other)
    query = MissingQuery(objects=[ObjectRef(sha256=sha256, size=6)])
    assert hub.workspace.find_missing(ALICE, project=hub.project, body=query).objects == []
    assert hub.workspace.find_missing(ALICE, project=other, body=query).objects == [sha256]
    with pytest.raises(NotFound):
        asyncio.run(hub.workspace.get_object(ALICE, project=other, sha256=sha256))
    put_object(hub, b"secret", project=other)
    assert read(asyncio.run(hub.workspace.get_object(ALICE, project=other, sha256=sha256))) == b"secret"


def test_a_plain_file_that_looks_like_a_pointer(hub: Hub) -> None:
    """A pointer that a clone without git-lfs left in a workspace is kept as the text it is, and opens nothing."""
    other = new_id()
    hub.commits.repositories.create(other)
    sha256 = put_object(hub, b"secret", project=other)
    text = pointer(sha256, 6)
    commit_changes(hub, Change(path="a", size=len(text), data=text))
    assert read(get_file(hub, "a")) == text
    item = hub.workspace.get_tree(ALICE, project=hub.project, query=TreeQuery()).items[0]
    assert (item.large, item.size) == (False, len(text))


@pytest.mark.parametrize("name", ["0" * 64, "x", "../../etc/passwd", "A" * 64])
def test_wrong_objects_leave_nothing(hub: Hub, tmp_path: Path, name: str) -> None:
    """B: wrong content and impossible names are refused and leave no file."""
    with pytest.raises(BadRequest):
        put_object(hub, b"content", name)
    assert incoming(tmp_path) == []


def test_a_cut_upload_leaves_nothing(hub: Hub, tmp_path: Path) -> None:
    """F: when the sender goes away in the middle, nothing is kept."""

    async def cut() -> AsyncIterator[bytes]:
        yield b"x" * (2 << 20)
        raise ConnectionError

    with pytest.raises(ConnectionError):
        asyncio.run(hub.workspace.put_object(ALICE, project=hub.project, sha256="0" * 64, body=cut()))
    with pytest.raises(ConnectionError):
        asyncio.run(hub.workspace.put_pack(ALICE, project=hub.project, body=cut()))
    assert incoming(tmp_path) == []


def test_quota(small_hub: Hub) -> None:
    """A project's storage has an end; it is told before anything is sent, and while it is."""
    put_object(small_hub, b"x" * 900)
    put_object(small_hub, b"x" * 900)
    for size in (101, 2_000_000):
        query = MissingQuery(objects=[ObjectRef(sha256="0" * 64, size=size)])
        with pytest.raises(TooLarge, match="full"):
            small_hub.workspace.find_missing(ALICE, project=small_hub.project, body=query)
        with pytest.raises(TooLarge, match="full"):
            put_object(small_hub, b"y" * size)
    put_object(small_hub, b"y" * 100)


def test_a_pack(hub: Hub, tmp_path: Path) -> None:
    """Many contents in one pack, then a commit that names them; hash and size are the hub's own finding."""
    contents = [b"%d" % number * 10 for number in range(300)]
    assert put_pack(hub, pack_of(tmp_path / "source", *contents)) == 300
    names = [hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest() for content in contents]
    assert hub.workspace.find_missing(ALICE, project=hub.project, body=MissingQuery(blobs=names)).blobs == []
    commit_changes(
        hub,
        *(
            Change(path=f"f{n}", size=len(c), blob=name)
            for n, (c, name) in enumerate(zip(contents, names, strict=True))
        ),
    )
    item = {i.path: i for i in hub.workspace.get_tree(ALICE, project=hub.project, query=TreeQuery()).items}["f7"]
    assert (item.size, item.sha256) == (len(contents[7]), hashlib.sha256(contents[7]).hexdigest())
    assert git(hub, "fsck", "--strict").strip() == ""
    assert incoming(tmp_path) == []


def test_the_same_pack_twice(hub: Hub, tmp_path: Path) -> None:
    """A pack sent again after a cut connection changes nothing; nor does one without objects."""
    pack = pack_of(tmp_path / "source", b"1", b"2")
    assert [put_pack(hub, pack), put_pack(hub, pack)] == [2, 2]
    empty = b"PACK" + bytes([0, 0, 0, 2]) + bytes(4)
    assert put_pack(hub, empty + hashlib.sha1(empty).digest()) == 0


def test_bad_packs_leave_nothing(hub: Hub, tmp_path: Path) -> None:
    """B: no pack, half a pack, a damaged one, or one with a tree in it: refused, and no object of it stays."""
    good = pack_of(tmp_path / "source", b"content" * 100)
    tree = pack_of(tmp_path / "trees", b"", kind="tree")
    damaged = good[:30] + bytes([good[30] ^ 1]) + good[31:]
    for pack in (b"", b"PACK", b"no pack at all", good[:-30], damaged, tree, good + b"x"):
        with pytest.raises(BadRequest, match="pack"):
            put_pack(hub, pack)
    assert incoming(tmp_path) == []
    assert git(hub, "count-objects", "-v").splitlines()[0] == "count: 0"
    assert "in-pack: 0" in git(hub, "count-objects", "-v")


def test_packs_over_the_limits(small_hub: Hub, tmp_path: Path) -> None:
    """A pack over its limit, or with a content over the limit that packs to little, is refused."""
    with pytest.raises(TooLarge, match="larger"):
        put_pack(small_hub, pack_of(tmp_path / "one", bytes(50_000)))
    with pytest.raises(TooLarge, match="several"):
        put_pack(small_hub, pack_of(tmp_path / "two", *(os.urandom(900) for _ in range(200))))
    with pytest.raises(TooLarge):
        commit_changes(small_hub, Change(path="a", size=2000, data=bytes(2000)))
    assert incoming(tmp_path) == []
