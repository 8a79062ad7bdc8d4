"""A project's history on a runner: a bare repository that grows by what each task needs."""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Final

from .errors import WorkspaceError, named
from .git import Git

# Whatever .gitattributes says, every file is written byte for byte as it was committed (gitattributes(5)).
_ATTRIBUTES: Final = "* -text !eol -ident !filter !working-tree-encoding !merge !diff\n"
_COMMIT: Final = re.compile(r"[0-9a-f]{40}")
_MAX_PACKS: Final = 40


class Mirror:
    """The repository of one project in a runner's spool.

    Commits are fetched without their history. Each has a ref, made by git only when all of its objects have arrived;
    it also tells the hub next time what need not be sent again. The time of the folder is when a commit was asked for
    last.

    Args:
        folder: Where the repository is or will be. Only this class may use it; several processes at a time can.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.git = Git(folder)

    def has(self, commit: str) -> bool:
        """Whether a commit has been fetched."""
        ref = f"{_ref(commit)}\n".encode()
        return self.folder.is_dir() and ref in self.git.run("for-each-ref", "--format=%(refname)", _ref(commit))

    def fetch(
        self,
        url: str,
        commit: str,
        token: str | None = None,
        *,
        timeout: float = 3600,
        watch: Callable[[], None] | None = None,
    ) -> None:
        """Bring a commit here, unless it is here already.

        Args:
            url: The hub's repository.
            commit: 40 hexadecimal digits.
            token: A credential, sent as a bearer token to this URL and no other; never in an argument or a file.
            timeout: Seconds.
            watch: Called several times a second until it is here; what it raises ends the fetch.

        Raises:
            DiskFull, WorkspaceError: it cannot be had, with git's words.
        """
        with self._locked() as lock:
            os.utime(self.folder)
            if self.has(commit):
                return
            settings = {f"http.{url}.extraHeader": f"Authorization: Bearer {token}"} if token else {}
            git = replace(self.git, settings=settings, held=(lock,), watch=watch)
            git.run(
                "fetch", "--quiet", "--depth=1", "--no-tags", "--no-write-fetch-head", "--no-recurse-submodules",
                "--", url, f"{commit}:{_ref(commit)}", timeout=timeout,
            )  # fmt: skip
            self._tidy(git)

    @contextlib.contextmanager
    def _locked(self) -> Iterator[int]:
        """Hold the repository alone. Lock files of git that are there all the same were left by one that was killed."""
        with named(f"prepare the repository {self.folder}"):
            self.folder.parent.mkdir(parents=True, exist_ok=True)
            lock = os.open(
                self.folder.with_name(self.folder.name + ".lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600
            )
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            with named(f"prepare the repository {self.folder}"):
                self._prepare(lock)
            yield lock
        finally:
            os.close(lock)

    def _prepare(self, lock: int) -> None:
        marker = self.folder / "info" / "attributes"
        if not marker.exists():
            shutil.rmtree(self.folder, ignore_errors=True)
            replace(self.git, held=(lock,)).run("init", "--quiet", "--bare", "--template=", "--object-format=sha1")
            marker.parent.mkdir(exist_ok=True)
            # Written last and by rename: its presence says that the repository is complete.
            temporary = marker.with_name("attributes.new")
            temporary.write_text(_ATTRIBUTES)
            temporary.replace(marker)
        for stale in [*self.folder.glob("*.lock"), *(self.folder / "refs").rglob("*.lock")]:
            stale.unlink(missing_ok=True)
        for torn in (self.folder / "objects" / "pack").glob("tmp_*"):
            torn.unlink(missing_ok=True)

    def _tidy(self, git: Git) -> None:
        if sum(1 for _ in (self.folder / "objects" / "pack").glob("*.pack")) > _MAX_PACKS:
            git.run("repack", "-a", "-d", "--quiet", timeout=3600)


def _ref(commit: str) -> str:
    if not _COMMIT.fullmatch(commit):
        raise WorkspaceError(f"{commit[:60]!r} is no commit id.")
    return f"refs/dotscience/{commit}"
