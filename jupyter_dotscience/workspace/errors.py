"""What can go wrong in a workspace on this machine, each with one sentence for people."""

from __future__ import annotations

import contextlib
import errno
import os
from collections.abc import Iterator

from jupyter_dotscience.api.problems import DotscienceError


class WorkspaceError(DotscienceError):
    """A folder could not be read, written or checked out."""


class IgnoreError(WorkspaceError):
    """A bad line in an ignore file; the text names file and line."""


class DiskFull(WorkspaceError):
    """There is no space left where a file had to be written."""


class ContentChanged(WorkspaceError):
    """A file is not what it was when it was scanned."""


class GitFailed(WorkspaceError):
    """The git program failed; the text has its own words."""


@contextlib.contextmanager
def named(what: str) -> Iterator[None]:
    """Turn an OSError inside the block into a WorkspaceError that says what was being done.

    Args:
        what: The action, as in "write the file x".

    Raises:
        DiskFull: for a full disk or an exhausted quota.
        WorkspaceError: for any other OSError.
    """
    try:
        yield
    except OSError as error:
        reason = os.strerror(error.errno) if error.errno else str(error)
        kind = DiskFull if error.errno in (errno.ENOSPC, errno.EDQUOT) else WorkspaceError
        raise kind(f"Cannot {what}: {reason}.") from error
