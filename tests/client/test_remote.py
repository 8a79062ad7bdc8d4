"""The client as the workspace engine's remote."""

from __future__ import annotations

import errno
import hashlib
import io
from pathlib import Path

import pytest

from jupyter_dotscience.api.commits import CommitResult, Missing, PackResult
from jupyter_dotscience.client import Client
from jupyter_dotscience.client.remote import ProjectRemote
from jupyter_dotscience.workspace.committer import WorkspaceCommitter
from jupyter_dotscience.workspace.statcache import StatCache

from . import script
from .samples import PROJECT_ID
from .script import Answer, Script


def test_a_folder_is_sent_and_committed(hub: Script, client: Client, tmp_path: Path) -> None:
    """The engine asks what is missing, sends a large file whole, also at the second try, and records the commit."""
    content = b"large" * 100
    sha256 = hashlib.sha256(content).hexdigest()
    (tmp_path / "large").write_bytes(content)
    hub.play(
        script.json(Missing(blobs=[], objects=[sha256])),
        Answer(503),
        Answer(204),
        script.json(CommitResult(commit="1" * 40, head="1" * 40), 201),
    )
    remote = ProjectRemote(client, PROJECT_ID)
    committer = WorkspaceCommitter(tmp_path, remote, remote.create_commit, None, {}, StatCache(), threshold=10)
    result = committer.commit("Message")
    assert result is not None
    assert result.commit == "1" * 40
    assert [seen.body for seen in hub.seen[1:3]] == [content, content]
    assert hub.seen[1].target.endswith(f"/projects/{PROJECT_ID}/objects/{sha256}")


def test_a_pack_has_its_length(hub: Script, client: Client) -> None:
    """A pack travels with Content-Length, so that the hub can refuse it before it is read."""
    hub.play(script.json(PackResult(objects=3)))
    ProjectRemote(client, PROJECT_ID).put_pack(io.BytesIO(b"PACK..."), 7)
    assert (hub.seen[0].headers["Content-Length"], hub.seen[0].body) == ("7", b"PACK...")


class _BadDisk(io.BytesIO):
    def read(self, size: int | None = -1) -> bytes:
        raise OSError(errno.EIO, "Input/output error")


def test_a_disk_that_fails_is_not_taken_for_the_network(hub: Script, client: Client) -> None:
    """When the file cannot be read, that is what is said, and nothing is tried again."""
    hub.play(Answer(204))
    with pytest.raises(OSError, match="Input/output error"):
        ProjectRemote(client, PROJECT_ID).put_object("0" * 64, _BadDisk(b"abc"), 3)
    assert len(hub.seen) <= 1
