"""How much of its disk a runner uses: room is made before something comes, and tasks are watched while they grow."""

from __future__ import annotations

from .checkouts import Checkouts
from .needs import Need, NoRoom
from .shelves import Datasets, Item, Mirrors, Objects, Shelf
from .storage import LEAST_FREE, Storage
from .tasks import Tasks
from .watch import Watch

__all__ = [
    "LEAST_FREE",
    "Checkouts",
    "Datasets",
    "Item",
    "Mirrors",
    "Need",
    "NoRoom",
    "Objects",
    "Shelf",
    "Storage",
    "Tasks",
    "Watch",
]
