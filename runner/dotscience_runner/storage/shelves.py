"""What a runner keeps between tasks, thing by thing: each can be thrown away while nobody uses it, and got again."""

from __future__ import annotations

import fcntl
import os
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Protocol

from dotscience_runner.files import remove_tree
from jupyter_dotscience.workspace import Held, ObjectCache

from .checkouts import Checkouts
from .sizes import BLOCK


@dataclass(frozen=True)
class Item:
    """One thing.

    Attributes:
        used: When it was used last; seconds since 1970.
        size: Bytes that are free without it.
        remove: Throws it away, unless it is in use; answers whether it did. None for what cannot go now.
    """

    used: float
    size: int
    remove: Callable[[], bool] | None


class Shelf(Protocol):
    """Things of one kind."""

    def items(self) -> list[Item]:
        """All of them."""


class Objects:
    """Large contents.

    Args:
        cache: Where they are.
        wanted: Hashes of those that a task is about to use.
    """

    def __init__(self, cache: ObjectCache, wanted: Callable[[], set[str]]) -> None:
        self._cache, self._wanted = cache, wanted

    def items(self) -> list[Item]:
        """All of them. One with a name in a dataset's checkout would make no room: the checkout has to go first."""
        return [Item(held.used, held.size, self._remover(held)) for held in self._cache.contents()]

    def _remover(self, held: Held) -> Callable[[], bool] | None:
        if held.linked:
            return None

        def remove() -> bool:
            return held.path.parent.name + held.path.name not in self._wanted() and self._cache.forget(held)

        return remove


class Mirrors:
    """History of projects and datasets.

    Args:
        root: The folder with a repository ``<id>.git`` for each.
        used: Ids of those that tasks use now.
    """

    def __init__(self, root: Path, used: Callable[[], set[str]]) -> None:
        self._root, self._used = root, used
        for remains in root.glob(".removed-*"):
            with suppress(OSError):
                remove_tree(remains)

    def items(self) -> list[Item]:
        """All of them."""
        return [
            Item(folder.stat().st_mtime, _packs(folder), partial(self._remove, folder))
            for folder in self._root.glob("[!.]*.git")
        ]

    def _remove(self, folder: Path) -> bool:
        with _alone(folder) as alone:
            if not alone or folder.stem in self._used():
                return False
            grave = folder.with_name(f".removed-{secrets.token_hex(8)}")
            folder.rename(grave)
        remove_tree(grave)
        return True


def _packs(folder: Path) -> int:
    return sum(path.stat().st_blocks * BLOCK for path in (folder / "objects" / "pack").glob("*"))


@contextmanager
def _alone(folder: Path) -> Iterator[bool]:
    """Hold the lock that :class:`Mirror` holds while it works, if it is free."""
    lock = os.open(folder.with_name(folder.name + ".lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield True
    except BlockingIOError:
        yield False
    finally:
        os.close(lock)


class Datasets:
    """Checkouts of datasets.

    Args:
        checkouts: Where they are.
        used: Places of those that tasks use now.
    """

    def __init__(self, checkouts: Checkouts, used: Callable[[], set[Path]]) -> None:
        self._checkouts, self._used = checkouts, used

    def items(self) -> list[Item]:
        """All of them."""
        return [Item(one.used, one.size, self._remover(one.folder)) for one in self._checkouts.all()]

    def _remover(self, folder: Path) -> Callable[[], bool]:
        return lambda: self._checkouts.remove(folder, lambda: folder in self._used())
