"""Folders that are bound to projects: `ds clone`, `ds init`, `ds sync`."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from . import session
from .guard import Failure
from .text import printable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from jupyter_dotscience.api.commits import CommitCreate
    from jupyter_dotscience.api.projects import Project
    from jupyter_dotscience.api.runs import RunReport
    from jupyter_dotscience.client import Client
    from jupyter_dotscience.workspace.binding import Binding
    from jupyter_dotscience.workspace.checkout import Checkout
    from jupyter_dotscience.workspace.queued import Placed, QueuedCommitter
    from jupyter_dotscience.workspace.statcache import StatCache

SYNC_TRIES = 5
CACHE_BYTES = 1 << 40
"""Large contents pass through a temporary folder, which need not be kept small."""
SHOWN = 10


class Source:
    """Where large contents come from: the engine's protocol ``Source``."""

    def __init__(self, client: Client, project: str) -> None:
        self._client, self._project = client, project

    def read_object(self, sha256: str, start: int) -> Iterator[bytes]:
        """A content from byte ``start`` on."""
        with self._client.get_object(project=self._project, sha256=sha256, start=start) as reader:
            yield from reader.pieces()


def clone(client: Client, project: Project, folder: Path) -> int:
    """Fill a new folder with the newest version of a project, and bind it. All of it, or nothing, is there afterwards.

    Args:
        client: Of a user who may read the project.
        project: The project.
        folder: It must not be there, or be empty.

    Returns:
        The number of files.

    Raises:
        Failure: the folder has something in it.
        WorkspaceError: it cannot be written.
    """
    from jupyter_dotscience.workspace.binding import FOLDER
    from jupyter_dotscience.workspace.statcache import StatCache

    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise Failure(f"{folder} is not empty; name another folder, or bind this one with `ds init`.")
    folder.parent.mkdir(parents=True, exist_ok=True)
    commit = client.get_tree(project=project.id).commit
    with tempfile.TemporaryDirectory(prefix=f".{folder.name}-", dir=folder.parent) as temporary:
        fresh, cache = Path(temporary) / "files", StatCache(Path(temporary) / "stat-cache")
        done = _check_out(client, project.id, commit, fresh, Path(temporary), cache)
        binding = _bind(client, project, fresh)
        with held(binding, client) as committer:
            committer.start(commit, done.base)
        if cache.path is not None and cache.path.exists():
            cache.path.rename(fresh / FOLDER / "versions" / "stat-cache")
        if folder.exists():
            folder.rmdir()
        fresh.rename(folder)
    return len(done.base)


def _check_out(
    client: Client, project: str, commit: str | None, target: Path, temporary: Path, cache: StatCache
) -> Checkout:
    from jupyter_dotscience.workspace.checkout import checkout
    from jupyter_dotscience.workspace.mirror import Mirror
    from jupyter_dotscience.workspace.objectcache import ObjectCache

    mirror = Mirror(temporary / "history.git")
    if commit is not None:
        url = f"{client.url}/services/dotscience/git/{project}"
        mirror.fetch(url, commit, token(client.url))
    objects = ObjectCache(temporary / "objects", CACHE_BYTES)
    return checkout(mirror, commit, target, objects=objects, source=Source(client, project), cache=cache)


def init(client: Client, project: Project, folder: Path) -> None:
    """Bind a folder to a project. Its files become a version of the project the next time versions are made.

    Raises:
        Failure: the project has other versions of files of the folder.
        WorkspaceError: the folder is bound already, or cannot be read.
    """
    from jupyter_dotscience.workspace.binding import EXCLUDED_NAMES
    from jupyter_dotscience.workspace.entry import entries_of
    from jupyter_dotscience.workspace.scan import scan

    listing = client.get_tree(project=project.id)
    theirs = entries_of(listing)
    here = scan(folder, exclude_names=EXCLUDED_NAMES).entries
    shared = {path: entry for path, entry in theirs.items() if path in here}
    _refuse_differences(project, [path for path, entry in shared.items() if entry[:2] != here[path][:2]])
    binding = _bind(client, project, folder)
    with held(binding, client) as committer:
        # What only the project has is not there, and not deleted: `ds sync` brings it.
        committer.start(listing.commit, shared)


def _refuse_differences(project: Project, differing: Sequence[bytes]) -> None:
    if differing:
        shown = ", ".join(printable(path.decode(errors="backslashreplace")) for path in sorted(differing)[:SHOWN])
        raise Failure(
            f"The project {printable(project.name)} has other versions of {len(differing)} files here: {shown}. "
            f"Clone it into a folder of its own with `ds clone`, and bring the files together there."
        )


def sync(binding: Binding, client: Client, keep: str | None) -> str:
    """Bring the folder's changes to the project, and the project's to the folder.

    Args:
        binding: The folder.
        client: Of a user who may write to the project.
        keep: In a conflict, ``mine`` or ``theirs``.

    Returns:
        One sentence.

    Raises:
        Failure: a conflict, and ``keep`` says nothing.
        DotscienceError: the hub's answer.
    """
    with held(binding, client) as committer:
        kept = list(committer.standing.conflicts) if keep == "mine" else []
        if keep == "theirs":
            # What stands here now is in a version before anything is written over it.
            committer.commit("")
            committer.ship()
            _take(binding, client, list(committer.standing.conflicts))
        for _ in range(SYNC_TRIES):
            committer.commit("" if not keep else "Settle a conflict", keep=kept)
            committer.ship()
            if committer.standing.conflicts:
                raise Failure(_conflict(committer))
            brought = _bring(binding, client, committer)
            if brought is not None:
                return f"In step with the project; {brought} file{'s' * (brought != 1)} brought here."
    raise Failure("The files of this folder change all the time; try again when nothing writes to it.")


def _conflict(committer: QueuedCommitter) -> str:
    standing = committer.standing
    shown = ", ".join(map(printable, standing.conflicts[:SHOWN]))
    return (
        f"Somebody else has changed {shown} too. Both are kept: theirs on main, yours on {standing.branch}. "
        "Use `ds sync --keep mine` or `ds sync --keep theirs`, or bring them together by hand and keep yours."
    )


def _bring(binding: Binding, client: Client, committer: QueuedCommitter) -> int | None:
    """Bring main's newest version here; None when the folder has changed meanwhile. Answers how many files."""
    from jupyter_dotscience.api.commits import ChangesQuery
    from jupyter_dotscience.workspace.entry import entries_of

    known = committer.standing
    listing = client.get_tree(project=binding.bound.project)
    at = listing.commit or "main"
    if known.commit is not None:
        query = ChangesQuery(since=known.commit, limit=1)
        if not client.list_changes(project=binding.bound.project, commit=at, query=query).contained:
            return None
    read = lambda path: _read(client, binding, path, at)  # noqa: E731 - of this version
    way = committer.take_in(known, listing.commit, entries_of(listing), read)
    return None if way is None else len(way.changed) + len(way.deleted)


def _take(binding: Binding, client: Client, conflicts: Sequence[str]) -> None:
    """Write main's version of these files here."""
    from jupyter_dotscience.api.paths import to_bytes
    from jupyter_dotscience.workspace import pull
    from jupyter_dotscience.workspace.entry import entries_of

    wanted = {to_bytes(path) for path in conflicts}
    listing = client.get_tree(project=binding.bound.project)
    theirs = {path: entry for path, entry in entries_of(listing).items() if path in wanted}
    way = pull.Way(theirs, frozenset(wanted - theirs.keys()))
    pull.go(binding.root, way, lambda path: _read(client, binding, path, listing.commit or "main"))


def _read(client: Client, binding: Binding, path: str, at: str) -> Iterator[bytes]:
    from jupyter_dotscience.api.files import FileQuery

    with client.get_file(project=binding.bound.project, query=FileQuery(path=path, at=at)) as reader:
        yield from reader.pieces()


def _bind(client: Client, project: Project, folder: Path) -> Binding:
    from jupyter_dotscience.workspace.binding import Binding, Bound

    return Binding.make(folder, Bound(url=client.url, project=project.id, name=project.name))


@contextmanager
def held(binding: Binding, client: Client) -> Iterator[QueuedCommitter]:
    """The folder's committer, while no other program has it."""
    from jupyter_dotscience.client.bound import BoundProject
    from jupyter_dotscience.workspace.queued import Placed

    project = BoundProject(client.url, binding.bound.project, binding.root, token=token)

    def record(request: CommitCreate, runs: Sequence[RunReport]) -> Placed:
        result, branch, conflicts = project.record(request, runs)
        return Placed(result.commit, branch, conflicts)

    binding.hold()
    try:
        yield binding.committer(project, record)
    finally:
        binding.release()


def token(hub: str) -> str:
    """The token for the hub that a folder names. The folder may come from anybody: only that hub's own one is sent.

    Raises:
        Failure, NotLoggedIn: there is none.
    """
    from jupyter_dotscience.client.logins import token_for

    return session.token(hub) if hub == session.chosen() else token_for(hub)


def folder_for(name: str) -> Path:
    """The folder that a project's name gives, in the current one."""
    word = re.sub(r"[^\w.\- ]+", "-", name).strip(". ") or "project"
    return Path(word)
