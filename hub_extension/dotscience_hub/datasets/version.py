"""The new version of a dataset, from what a bucket listed: one commit, or none when nothing changed."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from dotscience_hub.git.trees import FILE, Entry
from dotscience_hub.services.commits import Commits
from dotscience_hub.store import versions
from dotscience_hub.store.database import Database
from dotscience_hub.store.manifest import Kept
from jupyter_dotscience.api.commits import Change, CommitCreate
from jupyter_dotscience.api.paths import to_text


@dataclass(frozen=True)
class Difference:
    """What a new version has that the newest has not.

    Attributes:
        parent: The newest version.
        changes: New and changed files.
        added: How many of them are new.
        deletes: Files that are gone.
    """

    parent: str | None
    changes: list[Change]
    added: int
    deletes: list[str]

    def __bool__(self) -> bool:
        """Whether there is a difference."""
        return bool(self.changes or self.deletes)

    def __str__(self) -> str:
        """As `+new ~changed -gone`."""
        return f"+{self.added} ~{len(self.changes) - self.added} -{len(self.deletes)}"


def difference(commits: Commits, dataset: str, wanted: Mapping[str, Kept]) -> Difference:
    """Compare with what git has, which is the truth: a commit may have been made by a process that was killed then.

    Args:
        commits: Have the dataset's history.
        dataset: Which.
        wanted: The new version's files by path.
    """
    head = commits.head(dataset)
    files = {} if head is None else dict(commits.repositories.open(dataset).reader().files(head))
    old = {to_text(path): entry for path, entry in files.items()}
    changed = [(path, kept) for path, kept in wanted.items() if old.get(path) != Entry(FILE, kept.blob)]
    return Difference(
        parent=head,
        changes=[_change(path, kept) for path, kept in changed],
        added=sum(path not in old for path, _ in changed),
        deletes=[path for path in old if path not in wanted],
    )


def lost(commits: Commits, database: Database, dataset: str, found: Difference) -> set[str]:
    """Paths of changes whose content is not there, though the manifest says so, as after an older backup."""
    small = {change.blob for change in found.changes if change.blob is not None}
    large = {change.sha256 for change in found.changes if change.large and change.sha256 is not None}
    gone = set(commits.repositories.open(dataset).missing(small)) if small else set()
    with database.read() as session:
        gone |= large - set(versions.objects_of(session, dataset, list(large)))
    return {change.path for change in found.changes if (change.sha256 if change.large else change.blob) in gone}


def record(
    commits: Commits, dataset: str, found: Difference, *, source: str, author: str, left_out: Sequence[str]
) -> str | None:
    """Make the commit; the new head.

    Args:
        commits: Take it.
        dataset: Of which dataset.
        found: What it changes.
        source: `s3://bucket/prefix`.
        author: The dataset's owner.
        left_out: Sentences on what is not in it.
    """
    message = "\n\n".join([f"Synchronise with {source}: {found}", *left_out])
    request = CommitCreate(
        parent=found.parent, message=message, created=dt.datetime.now(dt.UTC), changes=found.changes,
        deletes=found.deletes,
    )  # fmt: skip
    return commits.record(dataset, request, author, metadata={"dataset.source": source}).head


def _change(path: str, kept: Kept) -> Change:
    sha256, modified = kept.sha256.hex(), kept.modified
    if kept.large:
        return Change(path=path, size=kept.size, sha256=sha256, modified=modified, large=True)
    return Change(path=path, size=kept.size, sha256=sha256, modified=modified, blob=kept.blob.hex())
