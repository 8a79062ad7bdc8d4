"""What is noted of a dataset's newest version, so that nobody has to count its files to show it."""

from __future__ import annotations

from collections.abc import Iterable

from dotscience_hub.store import datasets as store
from dotscience_hub.store.database import Database
from jupyter_dotscience.api.problems import NotFound

from .commits import Commits


class DatasetVersions:
    """Keeps ``head``, ``files`` and ``size`` of datasets. Git has the truth: a note that is behind is made again."""

    def __init__(self, database: Database, commits: Commits) -> None:
        """Between a store and the repositories."""
        self._database = database
        self._commits = commits

    def note(self, dataset: str) -> None:
        """Note the newest version. Of several calls at a time the last one to look has the last word.

        Not inside a transaction: a version may have 100,000 files to count.
        """
        while True:
            head = self._commits.head(dataset)
            files, size = self.count(dataset, head)
            with self._database.write() as session:
                row = store.lock_dataset(session, dataset)
                if row is None:
                    return
                row.head, row.files, row.size = head, files, size
            if self._commits.head(dataset) == head:
                return

    def refresh(self, datasets: Iterable[str]) -> bool:
        """Note those again whose note is behind, as after a push or a crash; whether there were any."""
        with self._database.read() as session:
            noted = [(id_, row.head) for id_ in datasets if (row := session.get(store.DatasetRow, id_)) is not None]
        behind = [dataset for dataset, head in noted if self._commits.head(dataset) != head]
        for dataset in behind:
            self.note(dataset)
        return bool(behind)

    def refresh_links(self, project: str) -> None:
        """The same for all datasets of a project."""
        with self._database.read() as session:
            linked = [link.dataset_id for link in store.links_of(session, [project])[project]]
        self.refresh(linked)

    def count(self, dataset: str, head: str | None) -> tuple[int, int]:
        """How many files a version has, and how many bytes they have; none for one that is not there."""
        if head is None:
            return 0, 0
        try:
            files = self._commits.listing.files(dataset, head, "")
        except NotFound:  # deleted meanwhile
            return 0, 0
        return len(files), sum(file.size for file in files)
