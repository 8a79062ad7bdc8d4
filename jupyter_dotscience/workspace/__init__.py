"""A folder as versioned content: ignore rules, snapshot, difference, transfer, checkout.

What others use:

- :func:`scan` makes a :class:`Snapshot` of a folder, with a :class:`StatCache` to know what has not changed;
- :func:`changes` compares it with a base (:class:`Entry` by stored path: :func:`entries_of` a tree that the hub
  answered, or a :class:`Checkout`'s); :func:`send` brings the contents to the hub; :func:`commit_request` makes the
  commit of it;
- :class:`WorkspaceCommitter` does those in a row, behind the small interface :class:`Committer`;
- on a runner, :class:`Mirror` has a project's history, :class:`ObjectCache` its large contents, and :func:`checkout`
  makes a folder of both;
- :mod:`.hashing` has git's blob ids and Git LFS pointers, :class:`PackWriter` writes packs, :mod:`.names` translates
  between paths on disk and paths in a tree.

Every error is a :class:`WorkspaceError`, or comes from the :class:`Remote` or :class:`Source` that was given.
"""

from __future__ import annotations

from .checkout import Checkout, checkout, list_tree
from .committer import Committer, WorkspaceCommitter, commit_request
from .diff import Changes, changes
from .download import Source
from .entry import DEFAULT_THRESHOLD, Entry, entries_of
from .errors import ContentChanged, DiskFull, GitFailed, IgnoreError, WorkspaceError
from .hashing import Pointer, blob_id, parse_pointer, pointer, sha256_of
from .ignore import Ignore
from .mirror import Mirror
from .names import on_disk, stored
from .objectcache import Held, ObjectCache
from .pack import PackWriter
from .scan import Snapshot, scan
from .statcache import StatCache
from .transfer import Remote, Sent, send

__all__ = [
    "DEFAULT_THRESHOLD",
    "Changes",
    "Checkout",
    "Committer",
    "ContentChanged",
    "DiskFull",
    "Entry",
    "GitFailed",
    "Held",
    "Ignore",
    "IgnoreError",
    "Mirror",
    "ObjectCache",
    "PackWriter",
    "Pointer",
    "Remote",
    "Sent",
    "Snapshot",
    "Source",
    "StatCache",
    "WorkspaceCommitter",
    "WorkspaceError",
    "blob_id",
    "changes",
    "checkout",
    "commit_request",
    "entries_of",
    "list_tree",
    "on_disk",
    "parse_pointer",
    "pointer",
    "scan",
    "send",
    "sha256_of",
    "stored",
]
