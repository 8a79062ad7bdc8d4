"""JupyterHub's names for the servers that are JupyterLabs of projects."""

from __future__ import annotations

import hashlib

LETTERS = "abcdefghijklmnopqrstuvwxyz234567"
LENGTH = 12


def name_for(project: str) -> str:
    """The name of a user's one server for a project: the hub lists a name for ever, also when it is not used again.

    JupyterHub 6 takes 30 of lower case, digits and single hyphens.
    """
    digest = int.from_bytes(hashlib.sha256(project.encode()).digest(), "big")
    return "t-" + "".join(LETTERS[digest >> (5 * at) & 31] for at in range(LENGTH))
