"""The other end of a transfer: a bare git repository and a folder of objects, filled by git's own plumbing."""

from __future__ import annotations

import hashlib
import os
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import BinaryIO

from jupyter_dotscience.api import paths
from jupyter_dotscience.api.commits import CommitCreate, CommitResult, Missing, MissingQuery
from jupyter_dotscience.api.problems import BadRequest
from jupyter_dotscience.workspace import blob_id, pointer

_NUMBERS = {"file": "100644", "executable": "100755", "symlink": "120000"}


def git(repository: Path, *arguments: str, data: bytes = b"", check: bool = True, **variables: str) -> bytes:
    environment = {**os.environ, "GIT_CONFIG_GLOBAL": "/dev/null", **variables}
    for role in ("AUTHOR", "COMMITTER"):
        environment |= {f"GIT_{role}_NAME": "A", f"GIT_{role}_EMAIL": "a@b", f"GIT_{role}_DATE": "1700000000 +0000"}
    done = subprocess.run(
        ["git", "-C", str(repository), *arguments], input=data, capture_output=True, env=environment, check=False
    )
    if check and done.returncode:
        raise AssertionError(done.stderr.decode(errors="replace"))
    return done.stdout


class Repository:
    """A remote and a source, for one project."""

    def __init__(self, folder: Path) -> None:
        self.git_folder, self.objects = folder / "project.git", folder / "objects"
        self.objects.mkdir(parents=True)
        subprocess.run(["git", "init", "--quiet", "--bare", str(self.git_folder)], check=True)
        self.calls: list[str] = []

    @property
    def url(self) -> str:
        return self.git_folder.as_uri()

    def find_missing(self, query: MissingQuery) -> Missing:
        self.calls.append("find_missing")
        told = git(self.git_folder, "cat-file", "--batch-check", data="".join(f"{b}\n" for b in query.blobs).encode())
        blobs = [line.split()[0].decode() for line in told.splitlines() if line.endswith(b"missing")]
        objects = [o.sha256 for o in query.objects if not (self.objects / o.sha256).exists()]
        return Missing(blobs=blobs, objects=objects)

    def put_pack(self, body: BinaryIO, size: int) -> None:
        self.calls.append("put_pack")
        data = body.read()
        assert len(data) == size
        git(self.git_folder, "index-pack", "--strict", "--stdin", data=data)

    def put_object(self, sha256: str, body: BinaryIO, size: int) -> None:
        self.calls.append("put_object")
        digest, chunks = hashlib.sha256(), []
        while chunk := body.read(1 << 16):
            digest.update(chunk)
            chunks.append(chunk)
        assert sum(map(len, chunks)) == size
        if digest.hexdigest() != sha256:
            raise BadRequest("The content has another SHA-256.", code="bad_content")
        (self.objects / sha256).write_bytes(b"".join(chunks))

    def read_object(self, sha256: str, start: int) -> Iterator[bytes]:
        self.calls.append(f"read_object {start}")
        with (self.objects / sha256).open("rb") as file:
            file.seek(start)
            while chunk := file.read(1 << 18):
                yield chunk

    def record(self, request: CommitCreate) -> CommitResult:
        """Make a commit on the parent that the request names, and move its branch there."""
        index = self.git_folder / "record.index"
        index.unlink(missing_ok=True)
        if request.parent:
            git(self.git_folder, "read-tree", request.parent, GIT_INDEX_FILE=str(index))
        lines = [f"0 {'0' * 40}\t".encode() + paths.to_bytes(path) for path in request.deletes]
        for change in request.changes:
            if change.data is not None:
                blob = self._write(change.data)
            elif change.large:
                assert change.sha256
                assert (self.objects / change.sha256).stat().st_size == change.size
                blob = self._write(pointer(change.sha256, change.size))
            else:
                assert change.blob
                blob = change.blob
            lines.append(f"{_NUMBERS[change.mode]} {blob}\t".encode() + paths.to_bytes(change.path))
        git(
            self.git_folder,
            *("update-index", "-z", "--index-info"),
            data=b"".join(line + b"\0" for line in lines),
            GIT_INDEX_FILE=str(index),
        )
        tree = git(self.git_folder, "write-tree", GIT_INDEX_FILE=str(index)).strip().decode()
        return self.commit_tree(tree, request)

    def commit_tree(self, tree: str, request: CommitCreate) -> CommitResult:
        parents = ["-p", request.parent] if request.parent else []
        commit = git(self.git_folder, "commit-tree", tree, *parents, data=request.message.encode()).strip().decode()
        ref = {"main": "refs/heads/main"}.get(request.branch, f"refs/{request.branch}")
        git(self.git_folder, "update-ref", ref, commit)
        return CommitResult(commit=commit, head=commit)

    def _write(self, data: bytes) -> str:
        blob = git(self.git_folder, "hash-object", "-w", "--stdin", data=data).strip().decode()
        assert blob == blob_id(data)
        return blob

    def tree(self, entries: Mapping[bytes, tuple[str, bytes]]) -> str:
        """Write a tree straight into the repository, unchecked: name -> (mode, content; for a folder its tree's id)."""
        lines = []
        for name, (mode, content) in entries.items():
            oid = content.decode() if mode in ("40000", "160000") else self._write(content)
            lines.append(
                (name + (b"/" if mode == "40000" else b""), f"{mode} ".encode() + name + b"\0" + bytes.fromhex(oid))
            )
        raw = b"".join(line for _, line in sorted(lines))
        return (
            git(self.git_folder, "hash-object", "-t", "tree", "-w", "--literally", "--stdin", data=raw).strip().decode()
        )
