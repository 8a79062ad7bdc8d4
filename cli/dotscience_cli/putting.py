"""``ds file put``: one file, or a folder, to a place in a workspace or dataset."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from .guard import Failure
from .text import printable
from .upload import Place, origin, put, warn

if TYPE_CHECKING:
    from jupyter_dotscience.client.remote import AnyRemote
    from jupyter_dotscience.workspace.scan import Snapshot


def put_folder(remote: AnyRemote, source: Path, path: str | None, message: str | None) -> str | None:
    """Put a folder's files below ``path``, by default the folder's own name (``.``: the workspace itself).

    Args:
        remote: The project or dataset.
        source: The folder.
        path: A folder in the workspace.
        message: Of the commit.

    Returns:
        The newest commit.
    """
    from jupyter_dotscience.workspace.scan import scan

    snapshot = scan(source, ignore=True)
    warn(snapshot.skipped)
    name = source.resolve().name if path is None else path
    prefix = b"" if name.strip("/") in ("", ".") else stored(name) + b"/"
    return put(remote, source, snapshot, message or origin(source), Place(prefix=prefix))


def put_single(remote: AnyRemote, source: Path, path: str | None, message: str | None) -> str | None:
    """Put one file to ``path``, by default its own name; into ``path`` when that ends in a slash.

    Args:
        remote: As for :func:`put_folder`.
        source: The file.
        path: A path in the workspace.
        message: As for :func:`put_folder`.

    Returns:
        As for :func:`put_folder`.
    """
    name = source.name if path is None else path
    target = stored(name + source.name if name.endswith("/") else name)
    real = source.resolve()  # a symlink that was named is followed, as cp does; sending follows none
    return put(remote, real.parent, _snapshot(real), message or origin(source), Place(single=target))


def stored(path: str) -> bytes:
    """A path as typed, in the form in which the workspace stores it.

    Raises:
        BadRequest: it has a ``..``, or anything else that no workspace path may have.
    """
    from jupyter_dotscience.api.paths import check, escape_git

    parts = [part for part in os.fsencode(path).split(b"/") if part not in (b"", b".")]
    return check(b"/".join(escape_git(part) for part in parts))


def _snapshot(source: Path) -> Snapshot:
    """One file as a snapshot of the folder that it is in."""
    from jupyter_dotscience.api.paths import escape_git
    from jupyter_dotscience.workspace.content import NotRegular, read_entry
    from jupyter_dotscience.workspace.entry import DEFAULT_THRESHOLD
    from jupyter_dotscience.workspace.scan import Snapshot

    try:
        handle = os.open(source, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)  # opening a named pipe must not wait
        try:
            entry = read_entry(handle, DEFAULT_THRESHOLD)
        finally:
            os.close(handle)
    except NotRegular:
        raise Failure(f"{printable(str(source))} is no regular file.") from None
    return Snapshot({escape_git(os.fsencode(source.name)): entry})
