"""All that an agent keeps on its disk between tasks, within the runner's size."""

from __future__ import annotations

from pathlib import Path

from dotscience_runner.storage import Checkouts, Datasets, Mirrors, Objects, Storage, Tasks, Watch
from dotscience_runner.storage.ballast import Ballast
from dotscience_runner.storage.needs import Reservations
from jupyter_dotscience.workspace import ObjectCache

from .spool import Phase, Spool


class Disk:
    """Puts the parts together.

    Args:
        spool: The spool.
        limit: Bytes that the runner may use.

    Attributes:
        objects: Large contents.
        checkouts: Of datasets.
        storage: The sum.
        watch: Looks after it.
    """

    def __init__(self, spool: Spool, limit: int) -> None:
        self._spool = spool
        reserved = Reservations()
        self.storage = Storage(limit, spool.root, Tasks(), reserved)
        self.objects = ObjectCache(spool.objects, limit, self.storage.make_room)
        self.checkouts = Checkouts(spool.datasets)
        self.storage.add_shelf(Objects(self.objects, reserved.objects))
        self.storage.add_shelf(Mirrors(spool.git, self._mirrors_in_use))
        self.storage.add_shelf(Datasets(self.checkouts, self._checkouts_in_use))
        self.watch = Watch(self.storage, Ballast(spool.ballast))

    def _mirrors_in_use(self) -> set[str]:
        """A project's is needed until its task is over, a dataset's until the task is prepared."""
        found = set()
        for record in self._spool.records():
            found.add(record.assignment.project)
            if record.phase is Phase.CLAIMED:
                found |= {mount.dataset for mount in record.assignment.datasets}
        return found

    def _checkouts_in_use(self) -> set[Path]:
        return {
            self.checkouts.tree(mount.dataset, mount.commit).parent
            for record in self._spool.records()
            for mount in record.assignment.datasets
        }
