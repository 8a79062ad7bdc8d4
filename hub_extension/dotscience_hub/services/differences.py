"""Which files differ between two versions."""

from __future__ import annotations

from dotscience_hub.git.reader import Reader
from jupyter_dotscience.api.commits import ChangedFile, ChangedFiles, FileChange
from jupyter_dotscience.api.paths import to_text


def changes_between(reader: Reader, base: str | None, commit: str, limit: int) -> ChangedFiles:
    """The files that differ, named up to a limit. The cost is that of what differs.

    Args:
        reader: Of the repository.
        base: The older version; None for an empty tree.
        commit: The newer one.
        limit: How many files to name.
    """
    changes = {
        path: FileChange.MODIFIED if entry else FileChange.DELETED for path, entry in reader.changed(base, commit)
    }
    # Looked at from the other side, what is gone there was added here.
    older = reader.changed(commit, base) if base is not None else ((path, None) for path in changes)
    changes |= {path: FileChange.ADDED for path, entry in older if entry is None}
    named = [ChangedFile(path=to_text(path), change=changes[path]) for path in sorted(changes)[:limit]]
    contained = base is None or reader.is_ancestor(base, commit)
    return ChangedFiles(base=base, items=named, total=len(changes), contained=contained)
