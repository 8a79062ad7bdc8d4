"""Where the workspace is, seen from Jupyter Server: its contents may be the workspace or a folder in it."""

from __future__ import annotations

import contextlib
import os
from dataclasses import dataclass
from pathlib import Path

from jupyter_dotscience.api import paths
from jupyter_dotscience.api.problems import BadRequest, NotFound, TooLarge
from jupyter_dotscience.workspace import names


@dataclass(frozen=True)
class Places:
    """The workspace, and the part of it that JupyterLab shows.

    Attributes:
        root: The workspace's folder.
        shown: What Jupyter Server serves, relative to it; empty for all of it.
    """

    root: Path
    shown: str = ""

    @classmethod
    def of(cls, root: Path, contents: Path) -> Places:
        """The places, when the contents are the workspace, a folder in it, or around it."""
        root, contents = root.resolve(), contents.resolve()
        inside = contents.relative_to(root).as_posix() if contents.is_relative_to(root) else "."
        return cls(root, "" if inside == "." else inside)

    def of_contents(self, path: str) -> str:
        """The workspace's path of what Jupyter Server calls ``path``."""
        return "/".join(part for part in (self.shown, path.strip("/")) if part)

    def to_contents(self, path: str) -> str | None:
        """What Jupyter Server calls a path of the workspace; None when it does not show that."""
        if not self.shown:
            return path
        return path.removeprefix(f"{self.shown}/") if path.startswith(f"{self.shown}/") else None

    def read(self, path: str, limit: int) -> bytes:
        """A file's content as it is now; no symlink is followed.

        Raises:
            NotFound: there is no such file.
            TooLarge: it has more bytes than ``limit``.
        """
        stored = checked(path)
        try:
            root = names.open_folder(self.root)
            try:
                with os.fdopen(names.open_file(root, names.on_disk(stored)), "rb") as file:
                    data = file.read(limit + 1)
            finally:
                os.close(root)
        except (OSError, ValueError):
            raise NotFound(f"There is no file {path!r} in the workspace.") from None
        if len(data) > limit:
            raise TooLarge(f"{path} has more than {limit >> 20} MiB.")
        return data

    def write(self, path: str, data: bytes, *, replace: bool) -> None:
        """Write a file; the folder it goes to must be there, and no symlink is followed.

        Args:
            path: In the workspace.
            data: Its content.
            replace: Put it in the place of a file that is there, at once; else it must be new.

        Raises:
            FileExistsError: it is there, and may not be replaced.
            NotFound: its folder is not there.
        """
        disk = names.on_disk(checked(path))
        root = names.open_folder(self.root)
        try:
            parent, name = names.open_parent(root, disk)
            try:
                _write(parent, name, data, replace=replace)
            finally:
                os.close(parent)
        except (FileNotFoundError, NotADirectoryError):
            raise NotFound(f"There is no folder for {path!r} in the workspace.") from None
        finally:
            os.close(root)

    def remove(self, path: str) -> None:
        """Remove a file; nothing happens when it is not there."""
        disk = names.on_disk(checked(path))
        root = names.open_folder(self.root)
        try:
            with contextlib.suppress(FileNotFoundError):
                parent, name = names.open_parent(root, disk)
                try:
                    os.unlink(name, dir_fd=parent)
                finally:
                    os.close(parent)
        finally:
            os.close(root)


def checked(path: str) -> bytes:
    """A path of the workspace in bytes.

    Raises:
        BadRequest: it cannot be one.
    """
    if not path:
        raise BadRequest("The path is missing.", code="bad_path")
    return paths.check(paths.to_bytes(path))


def _write(folder: int, name: bytes, data: bytes, *, replace: bool) -> None:
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    temporary = names.temporary() if replace else name
    mode = 0o666
    if replace:
        with contextlib.suppress(FileNotFoundError):
            mode = os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode & 0o777
    descriptor = os.open(temporary, flags, mode, dir_fd=folder)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
        if replace:
            os.replace(temporary, name, src_dir_fd=folder, dst_dir_fd=folder)
    except BaseException:
        os.unlink(temporary, dir_fd=folder)
        raise
