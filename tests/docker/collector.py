"""Collects the output of a task into files until it is killed; started anew it goes on after what the files have."""

from __future__ import annotations

import sys
from pathlib import Path

from dotscience_runner.backends.docker import DockerBackend


def main(url: str, container: str, folder: str) -> None:
    files = [Path(folder, name).open("ab", buffering=0) for name in ("stdout", "stderr")]  # noqa: SIM115 - until killed
    backend = DockerBackend(url=url)
    cursor = [file.tell() for file in files]
    print("collecting", flush=True)
    for chunk in backend.logs({"container": container}, cursor):
        files[chunk.stream == "stderr"].write(chunk.data)
    print("done", flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
