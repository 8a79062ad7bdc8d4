"""``-u DIRECTORY``: what changed in a folder goes into a workspace or dataset, as one commit."""

from __future__ import annotations

import hashlib
import os
import platform
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from . import config
from .guard import Failure, say
from .progress import Bar, human_size
from .text import printable

if TYPE_CHECKING:
    from collections.abc import Mapping

    from jupyter_dotscience.api.commits import CommitCreate
    from jupyter_dotscience.client import Client
    from jupyter_dotscience.client.remote import AnyRemote
    from jupyter_dotscience.workspace.diff import Changes
    from jupyter_dotscience.workspace.entry import Entry
    from jupyter_dotscience.workspace.scan import Snapshot

TRIES = 5
"""Commits of others that may come in between before we give up."""
SHOWN = 10


def upload(client: Client, project: str, directory: Path) -> str | None:
    """Bring the project's main branch to hold the files of ``directory``; files that only it has stay.

    Args:
        client: Of a user who may write.
        project: Its id.
        directory: As for :func:`scanned`.

    Returns:
        The version that has them, None for an empty workspace.

    Raises:
        WorkspaceError: the folder cannot be read, or an ignore file is bad.
        Failure: others commit all the time.
        DotscienceError: the hub's answer.
    """
    from jupyter_dotscience.client.remote import ProjectRemote

    snapshot = scanned(client, project, directory)
    return put(ProjectRemote(client, project), directory, snapshot, origin(directory))


def scanned(client: Client, place: str, directory: Path) -> Snapshot:
    """The files of a folder; says which of them stay behind.

    Args:
        client: Of the hub they will go to.
        place: The id of what they will go into.
        directory: With all folders below, but for what ``.dotscience-ignore`` files say.
    """
    from jupyter_dotscience.workspace.scan import scan
    from jupyter_dotscience.workspace.statcache import StatCache

    snapshot = scan(directory, cache=StatCache(_cache_file(client.url, place, directory)), ignore=True)
    warn(snapshot.skipped)
    return snapshot


def origin(source: Path) -> str:
    """What a commit says when nobody gave it a message."""
    return f"Upload from {platform.node()}:{source.resolve()}"


@dataclass(frozen=True)
class Place:
    """Where a snapshot's files go in the workspace.

    Attributes:
        prefix: Before each path: empty, or a folder with its slash.
        single: For one file, its whole path in the workspace instead.
    """

    prefix: bytes = b""
    single: bytes | None = None

    def of(self, path: bytes) -> bytes:
        """The path in the workspace of a path in the snapshot."""
        return self.prefix + path if self.single is None else self.single

    def base(self, tree: Mapping[bytes, Entry], snapshot: Snapshot) -> dict[bytes, Entry]:
        """Those files of the workspace that stand where the snapshot's go, by the snapshot's paths."""
        if self.single is not None:
            return {path: tree[self.single] for path in snapshot.entries if self.single in tree}
        start = len(self.prefix)
        return {path[start:]: entry for path, entry in tree.items() if path.startswith(self.prefix)}

    def settled(self, tree: Mapping[bytes, Entry], name: bytes) -> Place:
        """The place as it is meant with these files there: a file put on a folder goes into it, as with cp.

        Args:
            tree: The workspace.
            name: The file's own name.

        Raises:
            Failure: a file stands where a folder is needed.
        """
        place = self
        if self.single is not None and any(path.startswith(self.single + b"/") for path in tree):
            place = Place(single=self.single + b"/" + name)
        parts = (place.prefix if place.single is None else place.single).split(b"/")[:-1]
        for end in range(1, len(parts) + 1):
            if (above := b"/".join(parts[:end])) in tree:
                raise Failure(f"{_shown(above)} is a file there, not a folder; choose another path.")
        return place


def put(
    remote: AnyRemote,
    root: Path,
    snapshot: Snapshot,
    message: str,
    place: Place = Place(),
    *,
    deletes: bool = False,
) -> str | None:
    """Commit those files of a snapshot that the main branch does not have in this version.

    Args:
        remote: Where to.
        root: The folder of the snapshot.
        snapshot: What to put.
        message: Of the commit.
        place: Where.
        deletes: Also delete what is there and not in the snapshot.

    Returns:
        As for :func:`upload`.
    """
    from jupyter_dotscience.api.problems import Conflict
    from jupyter_dotscience.workspace.diff import changes
    from jupyter_dotscience.workspace.entry import entries_of

    for _ in range(TRIES):
        listing = remote.get_tree()
        tree = entries_of(listing)
        here = place.settled(tree, next(iter(snapshot.entries), b""))
        found = changes(here.base(tree, snapshot), snapshot, deletes=deletes)
        if not found:
            return listing.commit
        request = _placed(_send(remote, root, found, listing.commit, message), here)
        try:
            return remote.create_commit(request).head
        except Conflict as error:
            if error.code != Conflict.default_code:
                raise
            continue  # somebody changed the same files since the listing; ours are compared with theirs now
    raise Failure("Others change the same files all the time; try again later.")


def _send(remote: AnyRemote, root: Path, found: Changes, parent: str | None, message: str) -> CommitCreate:
    from jupyter_dotscience.workspace.committer import commit_request
    from jupyter_dotscience.workspace.transfer import send

    _announce(found)
    with Bar("Uploading") as bar:
        sent = send(root, found, remote, bar)
    warn(sent.left)
    message = message.encode(errors="replace").decode()
    return commit_request(found, sent, branch="main", parent=parent, message=message)


def _announce(found: Changes) -> None:
    if found.changed:
        size = sum(entry.size for entry in found.changed.values())
        say(f"Uploading {_files(len(found.changed), 'changed ')} ({human_size(size)}).")
    if found.deleted:
        say(f"Removing {_files(len(found.deleted))}.")


def _files(count: int, kind: str = "") -> str:
    return f"{count} {kind}file{'s' * (count != 1)}"


def _placed(request: CommitCreate, place: Place) -> CommitCreate:
    """The same commit with the paths that the files have in the workspace."""
    import msgspec

    from jupyter_dotscience.api.paths import to_bytes, to_text

    def moved(path: str) -> str:
        return to_text(place.of(to_bytes(path)))

    replace = msgspec.structs.replace
    return replace(
        request,
        changes=[replace(change, path=moved(change.path)) for change in request.changes],
        deletes=[moved(path) for path in request.deletes],
        skipped=[replace(one, path=moved(one.path)) for one in request.skipped],
    )


def warn(skipped: Mapping[bytes, str]) -> None:
    """Say which files stay behind, and why; no more than ten of them."""
    for path, reason in sorted(skipped.items())[:SHOWN]:
        say(f"Warning: {_shown(path)} is left out: {printable(reason)}.")
    if len(skipped) > SHOWN:
        say(f"Warning: {len(skipped) - SHOWN} more files are left out.")


def _shown(path: bytes) -> str:
    return printable(path.decode(errors="backslashreplace"))


def _cache_file(url: str, place: str, directory: Path) -> Path | None:
    """Where the stamps of the last scan are; None, at the price of reading all again, where nothing can be kept."""
    folder = config.cache_folder() / "scan"
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:
        return None
    if not os.access(folder, os.W_OK):
        return None
    key = "\0".join((url, place, str(directory.resolve())))
    return folder / hashlib.sha256(key.encode(errors="surrogateescape")).hexdigest()[:32]
