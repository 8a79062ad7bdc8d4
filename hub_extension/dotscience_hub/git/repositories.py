"""All repositories, those of projects and of datasets alike, below one folder."""

from __future__ import annotations

import os
import re
import secrets
import shutil
from collections.abc import Callable
from pathlib import Path

from jupyter_dotscience.api.problems import NotFound

from . import maintenance
from .files import sync
from .limits import Limits
from .lock import packing
from .repository import Repository

_ID = re.compile(r"[0-9a-f-]{36}")

# git-config(1). What is durable when git says it is; no housekeeping behind our back; what may come in by a push.
_CONFIG = """\
[core]
\trepositoryformatversion = 0
\tfilemode = true
\tbare = true
\tlogAllRefUpdates = always
\tfsync = committed,loose-object,reference
\tfsyncMethod = batch
\tbigFileThreshold = 32m
[gc]
\tauto = 0
[receive]
\tautogc = false
\tfsckObjects = true
\tdenyNonFastForwards = true
\tunpackLimit = 100
[transfer]
\tfsckObjects = true
[uploadpack]
\tallowFilter = true
[repack]
\twriteBitmaps = false
[protocol]
\tversion = 2
"""

# The workspace's own .gitattributes must not change what a merge does to its bytes.
_ATTRIBUTES = "* -text !eol -ident !filter !working-tree-encoding !merge !diff\n"


class Repositories:
    """Creates, finds, forks and deletes them.

    Everything appears and disappears by one rename, so a killed process leaves a whole repository or none.
    """

    def __init__(self, root: Path, limits: Limits | None = None, is_known: Callable[[str], bool] | None = None) -> None:
        """Make it.

        Args:
            root: The folder; made when it is missing.
            limits: What is too much.
            is_known: Whether there is a project or dataset of this id, which then gets its repository when it is
                first used.
        """
        self._root = root
        self._is_known = is_known
        self.limits = limits or Limits()
        root.mkdir(parents=True, exist_ok=True)

    def path(self, project: str) -> Path:
        """Where a project's repository is, or would be.

        Raises:
            NotFound: it is no id.
        """
        if not _ID.fullmatch(project):
            raise NotFound("There is no such project.")
        return self._root / project[-2:] / f"{project}.git"

    def exists(self, project: str) -> bool:
        """Whether the project has a repository."""
        return (self.path(project) / "HEAD").is_file()

    def open(self, project: str) -> Repository:
        """A project's repository.

        Raises:
            NotFound: there is none.
        """
        if not self.exists(project):
            if self._is_known is None or not self._is_known(project):
                raise NotFound("This project has no workspace.")
            return self.create(project)
        return Repository(self.path(project), self.limits)

    def create(self, project: str) -> Repository:
        """An empty repository; the existing one when there is one."""
        if not self.exists(project):
            folder = self._skeleton()
            (folder / "objects" / "pack").mkdir(parents=True)
            self._publish(folder, project)
        return Repository(self.path(project), self.limits)

    def fork(self, source: str, target: str) -> Repository:
        """A new repository with the branches of another: its objects are hard links, so it costs milliseconds.

        Its own object store and not alternates: git serves any object of a shared one to whoever knows its id.

        Args:
            source: The project to fork.
            target: The new project's id. Branches of tasks stay behind.

        Raises:
            NotFound: there is no source.
        """
        origin = self.open(source)
        folder = self._skeleton()
        with packing(origin.folder):
            heads = {ref: commit for ref, commit in origin.refs.all().items() if ref.startswith("refs/heads/")}
            _link_objects(origin.folder / "objects", folder / "objects")
        lines = "".join(f"{commit} {ref}\n" for ref, commit in sorted(heads.items()))
        (folder / "packed-refs").write_text("# pack-refs with: peeled fully-peeled sorted \n" + lines)
        self._publish(folder, target)
        return self.open(target)

    def delete(self, project: str) -> None:
        """Remove a project's repository; nothing happens when there is none."""
        away = self._root / f".deleted-{secrets.token_hex(8)}"
        try:
            self.path(project).rename(away)
        except FileNotFoundError:
            return
        shutil.rmtree(away, ignore_errors=True)

    def recover(self) -> None:
        """Clean up after a service that was killed. Called at the start, before anything is served."""
        for pattern in (".deleted-*", ".new-*"):
            for path in self._root.glob(pattern):
                shutil.rmtree(path, ignore_errors=True)
        for folder in self._root.glob("??/*.git"):
            maintenance.sweep(folder)

    def all(self) -> list[str]:
        """Ids of all projects that have a repository."""
        return [path.name.removesuffix(".git") for path in self._root.glob("??/*.git")]

    def _skeleton(self) -> Path:
        folder = self._root / f".new-{secrets.token_hex(8)}"
        for name in ("refs/heads", "refs/tags", "info", "objects/info"):
            (folder / name).mkdir(parents=True)
        (folder / "HEAD").write_text("ref: refs/heads/main\n")
        (folder / "config").write_text(_CONFIG)
        (folder / "info" / "attributes").write_text(_ATTRIBUTES)
        return folder

    def _publish(self, folder: Path, project: str) -> None:
        for path in (folder / "HEAD", folder / "config", folder):
            sync(path)
        target = self.path(project)
        target.parent.mkdir(exist_ok=True)
        try:
            folder.rename(target)
        except OSError:
            shutil.rmtree(folder, ignore_errors=True)
            if not self.exists(project):
                raise
        sync(target.parent)


def _link_objects(source: Path, target: Path) -> None:
    """Link all objects and packs. Indexes come last: with one, its pack is there."""
    found = []
    for folder, _, names in os.walk(source):
        here = Path(folder).relative_to(source)
        if here.parts and not (here.parts[0] in ("pack", "info") or len(here.parts[0]) == 2):
            continue
        (target / here).mkdir(parents=True, exist_ok=True)
        found += [here / name for name in names if not name.startswith("tmp_")]
    for path in sorted(found, key=lambda path: path.suffix == ".idx"):
        (target / path).hardlink_to(source / path)
