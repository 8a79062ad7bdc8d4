"""A runner's mirror: only what is needed, whatever is killed, and no token where others can see it."""

from __future__ import annotations

import base64
import http.server
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from jupyter_dotscience.workspace import GitFailed, Mirror, StatCache, WorkspaceCommitter, WorkspaceError
from jupyter_dotscience.workspace.git import Git

from .repository import Repository, git
from .trees import write


@pytest.fixture
def versions(work: Path, repository: Repository) -> list[str]:
    """Three commits."""
    committer = WorkspaceCommitter(work, repository, repository.record, None, {}, StatCache())
    commits = []
    for number in range(3):
        write(work, {b"f": b"%d" % number, b"n%d" % number: os.urandom(1000)})
        result = committer.commit(f"version {number}")
        assert result is not None
        assert result.commit is not None
        commits.append(result.commit)
    return commits


def test_commit_is_there_after_a_fetch(repository: Repository, versions: list[str], tmp_path: Path) -> None:
    """Each commit can be fetched by its id, alone, and is known afterwards."""
    mirror = Mirror(tmp_path / "spool/p.git")
    for commit in (versions[1], versions[0], versions[2]):
        assert not mirror.has(commit)
        mirror.fetch(repository.url, commit)
        assert mirror.has(commit)
    git(mirror.folder, "fsck", "--strict")


def test_known_commit_needs_no_hub(repository: Repository, versions: list[str], tmp_path: Path) -> None:
    """What was fetched before is there although the hub is gone."""
    mirror = Mirror(tmp_path / "p.git")
    mirror.fetch(repository.url, versions[0])
    mirror.fetch("http://127.0.0.1:1/gone", versions[0])
    assert mirror.has(versions[0])


@pytest.mark.parametrize("commit", ["f" * 40, "HEAD", "--upload-pack=x", "a" * 39])
def test_commit_that_is_not_there_is_said(
    repository: Repository, versions: list[str], tmp_path: Path, commit: str
) -> None:
    """An unknown or impossible id is one clear error."""
    with pytest.raises(WorkspaceError, match=r"git fetch failed: .*not our ref|is no commit id"):
        Mirror(tmp_path / "p.git").fetch(repository.url, commit)


def test_hub_that_is_away_is_said(tmp_path: Path) -> None:
    """A refused connection is git's own sentence."""
    with pytest.raises(GitFailed, match=r"^git fetch failed: .*127\.0\.0\.1"):
        Mirror(tmp_path / "p.git").fetch("http://127.0.0.1:1/p.git", "a" * 40)


def test_many_at_once(repository: Repository, versions: list[str], tmp_path: Path) -> None:
    """Tasks of one project that start together do not disturb each other."""
    with ThreadPoolExecutor(6) as pool:
        list(pool.map(lambda i: Mirror(tmp_path / "p.git").fetch(repository.url, versions[i % 3]), range(12)))
    assert all(Mirror(tmp_path / "p.git").has(commit) for commit in versions)


def test_remains_of_a_killed_git_do_no_harm(repository: Repository, versions: list[str], tmp_path: Path) -> None:
    """Lock files, torn packs and a half-made repository are cleaned up."""
    folder = tmp_path / "p.git"
    folder.mkdir()
    (folder / "HEAD").write_text("ref: ref")
    mirror = Mirror(folder)
    mirror.fetch(repository.url, versions[0])
    (folder / "shallow.lock").touch()
    (folder / "refs/dotscience" / f"{versions[1]}.lock").touch()
    (folder / "objects/pack/tmp_pack_x").write_bytes(b"torn")
    mirror.fetch(repository.url, versions[1])
    assert mirror.has(versions[1])
    assert not list(folder.rglob("*.lock"))
    assert not list(folder.rglob("tmp_*"))


_FETCH = """
import sys
from pathlib import Path
from jupyter_dotscience.workspace import Mirror
print("go", flush=True)
for commit in sys.argv[3:]:
    Mirror(Path(sys.argv[1])).fetch(sys.argv[2], commit)
"""


def test_agent_killed_while_fetching(repository: Repository, versions: list[str], tmp_path: Path) -> None:
    """SIGKILL of the process that fetches leaves a mirror that the next one can use."""
    folder = tmp_path / "p.git"
    for delay in range(0, 120, 15):
        with subprocess.Popen(
            [sys.executable, "-c", _FETCH, str(folder), repository.url, *versions], stdout=subprocess.PIPE
        ) as process:
            assert process.stdout
            process.stdout.readline()
            threading.Event().wait(delay / 1000)  # where it is killed, not something that is waited for
            os.kill(process.pid, signal.SIGKILL)
        Mirror(folder).fetch(repository.url, versions[delay % 3])
        git(folder, "fsck")


class _Hub(http.server.BaseHTTPRequestHandler):
    """Notes headers, and answers as a hub that does not know the token, or redirects elsewhere."""

    seen: list[tuple[str, str | None]]
    redirect: str | None = None

    def do_GET(self) -> None:
        self.seen.append((self.path, self.headers.get("Authorization")))
        self.send_response(302 if self.redirect else 403)
        if self.redirect:
            self.send_header("Location", self.redirect + self.path)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture
def hubs() -> Iterator[list[tuple[str, type[_Hub]]]]:
    """Two HTTP servers on loopback."""
    servers = []
    found = []
    for _ in range(2):
        handler = type("Hub", (_Hub,), {"seen": []})
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        servers.append(server)
        found.append((f"http://127.0.0.1:{server.server_address[1]}", handler))
    yield found
    for server in servers:
        server.shutdown()
        server.server_close()


TOKEN = base64.b32encode(bytes(20)).decode()


def test_token_reaches_the_hub_and_nothing_else(hubs: list[tuple[str, type[_Hub]]], tmp_path: Path) -> None:
    """The token is in the header, not in the error, not in a file, and does not follow a redirect."""
    (url, hub), (other, elsewhere) = hubs
    hub.redirect = other
    mirror = Mirror(tmp_path / "p.git")
    with pytest.raises(GitFailed) as failure:
        mirror.fetch(f"{url}/p.git", "a" * 40, TOKEN)
    assert hub.seen
    assert {header for _, header in hub.seen} == {f"Bearer {TOKEN}"}
    assert elsewhere.seen == []
    assert TOKEN not in str(failure.value)
    assert not [p for p in tmp_path.rglob("*") if p.is_file() and TOKEN.encode() in p.read_bytes()]


def test_wrong_token_does_not_ask_anybody(hubs: list[tuple[str, type[_Hub]]], tmp_path: Path) -> None:
    """A refusal ends the fetch; git does not wait for a password."""
    url = hubs[0][0]
    with pytest.raises(GitFailed, match=r"^git fetch failed: .*403"):
        Mirror(tmp_path / "p.git").fetch(f"{url}/p.git", "a" * 40, TOKEN)


def test_git_that_hangs_is_ended_with_its_helpers(tmp_path: Path) -> None:
    """After the time is over git and what it started are gone."""
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    mirror = tmp_path / "p.git"
    git(tmp_path, "init", "--quiet", "--bare", str(mirror))
    hanging = Git(mirror, settings={"alias.hang": f"!echo $$ > {tmp_path}/pid; cat {fifo}"})
    with pytest.raises(GitFailed, match=r"^git hang was not done after 5 seconds\.$"):
        hanging.run("hang", timeout=5)
    pid = int((tmp_path / "pid").read_text())
    state = Path(f"/proc/{pid}/stat")
    # A killed process is gone a moment after the signal; one that was forgotten keeps this test until its time limit.
    while state.exists() and state.read_text().rsplit(")", 1)[1].split()[0] != "Z":
        threading.Event().wait(0.05)


def test_many_packs_become_one(
    work: Path, repository: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The mirror of a project with many tasks does not collect packs without end, and all stays readable."""
    monkeypatch.setattr("jupyter_dotscience.workspace.mirror._MAX_PACKS", 2)
    committer = WorkspaceCommitter(work, repository, repository.record, None, {}, StatCache())
    mirror = Mirror(tmp_path / "p.git")
    for number in range(6):
        write(work, {b"f": b"%d" % number})
        result = committer.commit("m")
        assert result is not None
        mirror.fetch(repository.url, str(result.commit))
    assert len(list(mirror.folder.glob("objects/pack/*.pack"))) <= 3
    git(mirror.folder, "fsck", "--strict")


def test_a_fetch_that_nobody_wants_any_more_ends(tmp_path: Path) -> None:
    """A server that says nothing is not waited for; what the watcher raises comes through, and git is gone."""

    class Enough(Exception):
        pass

    asked = threading.Event()

    class Silent(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.set()
            over.wait(60)

    def watch() -> None:
        if asked.is_set():
            raise Enough

    over = threading.Event()
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Silent)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    mirror = Mirror(tmp_path / "p.git")
    with pytest.raises(Enough):
        mirror.fetch(f"http://127.0.0.1:{server.server_address[1]}/p.git", "a" * 40, watch=watch)
    over.set()
    server.shutdown()
    server.server_close()
    assert not mirror.has("a" * 40)
