"""A process that commits until it is killed, and says which commits were acknowledged."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from tests.hub.git.hub import ALICE, commit_of, open_hub


def main() -> None:
    """Commit without end: small files, each on top of a parent that is stale every other time."""
    folder, project = Path(sys.argv[1]), sys.argv[2]
    hub = open_hub(folder, project)
    hub.commits.recover()
    parent = hub.commits.head(project)
    number = 0
    while True:
        path = f"d{number % 7}/{os.getpid()}-{number}"
        body = commit_of(parent, {path: b"%d" % number * 100})
        result = hub.workspace.create_commit(ALICE, project=project, body=body)
        sys.stdout.write(f"{result.commit} {path}\n")
        sys.stdout.flush()
        if number % 2:
            parent = result.head
        number += 1


if __name__ == "__main__":
    main()
