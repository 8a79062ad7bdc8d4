"""Packing repositories in the background."""

from __future__ import annotations

import logging
import threading
from concurrent.futures import ThreadPoolExecutor

from dotscience_hub.git.repositories import Repositories
from jupyter_dotscience.api.problems import NotFound

log = logging.getLogger("dotscience.git")

CHECK_EVERY = 16
"""Commits of a project after which its loose objects are counted: each makes at least three."""


class Maintenance:
    """Packs a project's repository after enough commits. One at a time: packing takes a processor."""

    def __init__(self, repositories: Repositories) -> None:
        """Nothing is started before there is something to do."""
        self._repositories = repositories
        self._worker = ThreadPoolExecutor(1, thread_name_prefix="maintenance")
        self._lock = threading.Lock()
        self._commits: dict[str, int] = {}

    def note(self, project: str) -> None:
        """Something was written into a project's repository."""
        with self._lock:
            count = self._commits.get(project, 0) + 1
            self._commits[project] = count % CHECK_EVERY
        if count >= CHECK_EVERY:
            self._worker.submit(self._maintain, project)

    def close(self) -> None:
        """Wait for what is being packed, and start nothing more."""
        self._worker.shutdown(wait=True, cancel_futures=True)

    def _maintain(self, project: str) -> None:
        try:
            self._repositories.open(project).maintain()
        except NotFound:
            return  # deleted meanwhile
        except Exception:
            log.exception("the repository of project %s could not be packed", project)
