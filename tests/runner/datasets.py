"""Repositories with versions, on the fake hub: of datasets, and of projects."""

from __future__ import annotations

import hashlib
import subprocess
from collections.abc import Mapping
from pathlib import Path

from jupyter_dotscience.api.datasets import DatasetMount
from jupyter_dotscience.api.ids import new_id
from jupyter_dotscience.workspace import pointer
from tests.runner.fakehub import FakeHub


class Versions:
    """A repository that the fake hub serves."""

    def __init__(self, hub: FakeHub, root: Path, threshold: int = 1000) -> None:
        self.id = new_id()
        self._hub, self._threshold = hub, threshold
        hub.git = root
        self.folder = root / f"{self.id}.git"
        subprocess.run(["git", "init", "--quiet", "--bare", str(self.folder)], check=True)
        subprocess.run(["git", "-C", str(self.folder), "config", "uploadpack.allowAnySHA1InWant", "true"], check=True)

    @property
    def git_path(self) -> str:
        return f"/git/{self.id}.git"

    def commit(self, files: Mapping[str, bytes], modes: Mapping[str, str] | None = None) -> str:
        """A version with just these files; those above the threshold are large."""
        stream = b"commit refs/heads/main\ncommitter A <a@b> 1700000000 +0000\ndata 1\nx\ndeleteall\n"
        for path, content in files.items():
            data = content
            if len(content) > self._threshold:
                sha256 = hashlib.sha256(content).hexdigest()
                self._hub.objects[sha256] = content
                data = pointer(sha256, len(content))
            mode = (modes or {}).get(path, "100644")
            stream += f"M {mode} inline {path}\ndata {len(data)}\n".encode() + data + b"\n"
        git = ["git", "-C", str(self.folder)]
        subprocess.run([*git, "fast-import", "--quiet", "--force"], input=stream, check=True)
        return subprocess.run(
            [*git, "rev-parse", "refs/heads/main"], capture_output=True, check=True, text=True
        ).stdout.strip()

    def mount(self, path: str, commit: str | None, size: int = 0, name: str = "housing") -> DatasetMount:
        return DatasetMount(
            dataset=self.id, name=name, path=path, commit=commit, git_path=self.git_path, size=size, files=1
        )
