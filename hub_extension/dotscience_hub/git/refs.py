"""Branches: their names here and in git, reading them, and moving them by compare-and-swap."""

from __future__ import annotations

import contextlib
import os
import re
import time
from pathlib import Path, PurePosixPath

from jupyter_dotscience.api.problems import BadRequest, Conflict, NotFound, Unavailable

from .files import sync

MAIN = "refs/heads/main"
STALE_LOCK_SECONDS = 10.0
"""Git and we hold a ref's lock for milliseconds; an older one was left by a process that was killed."""

_WAIT = 0.01
_BRANCH = re.compile(r"(main|tasks/[0-9a-f-]{36}|heads/[A-Za-z0-9][A-Za-z0-9._/-]{0,199})")
# git-check-ref-format(1), as far as the characters that _BRANCH lets through can break it.
_UNFIT = re.compile(r"\.\.|//|/\.|\.$|/$|\.lock(/|$)|\.(/|$)")
_SHA1 = re.compile(r"[0-9a-f]{40}")


class Moved(Exception):
    """A ref was not where the caller thought; look again."""


def ref_of(branch: str) -> str:
    """Git's name of a branch.

    Raises:
        BadRequest: it cannot be a branch's name.
    """
    if not _BRANCH.fullmatch(branch) or _UNFIT.search(branch):
        raise BadRequest(f"{branch!r} cannot be a branch's name.", code="bad_branch")
    return MAIN if branch == "main" else f"refs/{branch}"


def branch_of(ref: str) -> str:
    """Our name of a git ref."""
    return "main" if ref == MAIN else ref.removeprefix("refs/")


def is_branch_ref(ref: str) -> bool:
    """Whether people may push this ref."""
    branch = branch_of(ref)
    return ref.startswith("refs/heads/") and bool(_BRANCH.fullmatch(branch)) and not _UNFIT.search(branch)


class Refs:
    """The refs of one repository."""

    def __init__(self, folder: Path) -> None:
        """Of the bare repository in `folder`."""
        self._folder = folder

    def read(self, ref: str) -> str | None:
        """The commit a ref points to, or None."""
        with contextlib.suppress(FileNotFoundError, NotADirectoryError, IsADirectoryError):
            text = (self._folder / ref).read_text().strip()
            if _SHA1.fullmatch(text):
                return text
        return self._packed().get(ref)

    def all(self) -> dict[str, str]:
        """All refs with their commits."""
        found = self._packed()
        root = self._folder / "refs"
        for folder, _, names in os.walk(root):
            for name in names:
                ref = (Path(folder) / name).relative_to(self._folder).as_posix()
                commit = None if name.endswith(".lock") else self.read(ref)
                if commit is not None:
                    found[ref] = commit
        return found

    def resolve(self, revision: str) -> str | None:
        """The commit id a revision names; a branch that does not exist yet is None.

        Raises:
            NotFound: it is no commit id and cannot be a branch.
        """
        if _SHA1.fullmatch(revision):
            return revision
        try:
            return self.read(ref_of(revision))
        except BadRequest:
            raise NotFound(f"There is no version {revision!r}: give a commit id or a branch.") from None

    def update(self, ref: str, new: str, old: str | None, note: str) -> None:
        """Move a ref from `old` (None: it does not exist) to `new`, durably.

        Raises:
            Moved: it is not at `old`.
            Conflict: another branch's name is a folder of this one's, or the other way round.
            Unavailable: git held the ref's lock for too long.
        """
        path = self._folder / ref
        self._check_names(ref)
        lock = self._lock(path)
        try:
            self._expect(ref, old)
            lock.write_bytes(f"{new}\n".encode())
            sync(lock)
            lock.replace(path)
        except BaseException:
            lock.unlink(missing_ok=True)
            raise
        sync(path.parent)
        self._log(ref, new, old, note)

    def _expect(self, ref: str, old: str | None) -> None:
        if self.read(ref) != old:
            raise Moved(ref)

    def _check_names(self, ref: str) -> None:
        """Git keeps a ref as a file: none can be a folder of another's name. Tasks' many refs are not read for it."""
        packed = self._packed()
        above = [str(parent) for parent in PurePosixPath(ref).parents if len(parent.parts) > 2]
        found = [other for other in above if other in packed or (self._folder / other).is_file()]
        found += [other for other in packed if other.startswith(ref + "/")]
        found += [f"{ref}/{path.name}" for path in (self._folder / ref).rglob("*") if path.is_file()]
        if found:
            raise Conflict(
                f"The branch {branch_of(ref)!r} cannot stand beside the branch {branch_of(found[0])!r}.",
                code="bad_branch",
            )

    def _lock(self, path: Path) -> Path:
        lock = path.with_name(path.name + ".lock")
        deadline = time.monotonic() + 2 * STALE_LOCK_SECONDS
        while True:
            with contextlib.suppress(FileExistsError, FileNotFoundError):
                lock.parent.mkdir(parents=True, exist_ok=True)
                if path.is_dir():  # left empty by a deleted branch below it
                    path.rmdir()
                os.close(os.open(lock, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o644))
                return lock
            remove_stale(lock)
            if time.monotonic() > deadline:
                raise Unavailable("The branch is being written by something else; try again.")
            time.sleep(_WAIT)

    def _packed(self) -> dict[str, str]:
        try:
            lines = (self._folder / "packed-refs").read_text().splitlines()
        except FileNotFoundError:
            return {}
        pairs = (line.split(" ", 1) for line in lines if not line.startswith(("#", "^")))
        return {ref: commit for commit, ref in pairs}

    def _log(self, ref: str, new: str, old: str | None, note: str) -> None:
        """One line of the reflog, for the person who has to find out what happened (git-reflog(1))."""
        path = self._folder / "logs" / ref
        line = f"{old or '0' * 40} {new} dotscience <hub@dotscience.invalid> {int(time.time())} +0000\t{note}\n"
        with contextlib.suppress(OSError):
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("a") as log:
                log.write(line)


def remove_stale(lock: Path, age: float = STALE_LOCK_SECONDS) -> None:
    """Remove a lock file that nobody can hold any more.

    Args:
        lock: The file.
        age: Seconds since it was last written.
    """
    with contextlib.suppress(FileNotFoundError):
        if time.time() - lock.stat().st_mtime > age:
            lock.unlink()
