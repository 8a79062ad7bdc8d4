"""Which commits there are."""

from __future__ import annotations

import re
from pathlib import Path

from jupyter_dotscience.api.problems import BadRequest

from .binary import Git
from .reader import Reader

_CURSOR = re.compile(r"([0-9a-f]{40})\.([0-9]{1,12})")


class History:
    """Walks the commits of one repository."""

    def __init__(self, folder: Path) -> None:
        """Of the repository in `folder`."""
        self._folder = folder
        self._git = Git(folder)

    def page(self, commit: str, path: bytes | None, limit: int, cursor: str | None) -> tuple[list[str], str | None]:
        """Commits in the history of `commit`, newest first.

        Args:
            commit: Where to begin; a page's cursor goes on from where its first page began.
            path: Only those that changed this file or folder.
            limit: How many.
            cursor: Of the page before.

        Returns:
            Their ids, and the cursor of the next page or None.

        Raises:
            BadRequest: it is not our cursor.
        """
        start, skip = (commit, 0) if cursor is None else self._parse(cursor)
        arguments: list[str | bytes] = ["rev-list", "--topo-order", f"--skip={skip}", f"--max-count={limit + 1}", start]
        if path is not None:
            arguments += ["--", path]
        found = self._git.run(*arguments).decode().split()
        return found[:limit], f"{start}.{skip + limit}" if len(found) > limit else None

    def ancestors(self, commit: str) -> set[str]:
        """The commit and all its history."""
        return set(self._git.run("rev-list", commit).decode().split())

    def new(self, heads: list[str], known: list[str]) -> list[str]:
        """Commits in the history of `heads` and not of `known`, parents before children."""
        wanted = "\n".join([*heads, *(f"^{commit}" for commit in known), ""])
        return self._git.run("rev-list", "--topo-order", "--reverse", "--stdin", stdin=wanted.encode()).decode().split()

    def _parse(self, cursor: str) -> tuple[str, int]:
        match = _CURSOR.fullmatch(cursor)
        if match is None or not Reader(self._folder).has_commit(match[1]):
            raise BadRequest("The cursor is not one that this list gave out.", code="bad_cursor")
        return match[1], int(match[2])
