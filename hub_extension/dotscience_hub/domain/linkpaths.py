"""Where a project's tasks see a dataset: which paths can be that, and which cannot stand beside each other."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable

from jupyter_dotscience.api.paths import check, to_bytes
from jupyter_dotscience.api.problems import BadRequest

_UNSEEN = {"Cc", "Cs", "Co", "Cn", "Zl", "Zp"}
"""Unicode's categories of controls, surrogates, private use (which stands for bytes that are no text), and breaks."""


def normal(path: str) -> str:
    """The path in the one form in which it is kept: without a leading `./` and without a `/` at its end.

    Raises:
        BadRequest: It is not below the workspace, or could not be shown.
    """
    if path.startswith("/"):
        raise BadRequest(f"The path {path[:80]!r} is absolute; give one below the workspace.", code="bad_path")
    if any(unicodedata.category(char) in _UNSEEN for char in path):
        raise BadRequest(f"The path {path[:80]!a} has characters that cannot be shown.", code="bad_path")
    parts = path.removesuffix("/").split("/")
    while len(parts) > 1 and parts[0] == ".":
        del parts[0]
    kept = "/".join(parts)
    check(to_bytes(kept))
    return kept


def overlapping(path: str, others: Iterable[str]) -> str | None:
    """The first of the others that is this path, lies within it, or holds it. Letters' case makes a difference."""
    return next((other for other in others if _within(path, other) or _within(other, path)), None)


def _within(path: str, folder: str) -> bool:
    return path == folder or path.startswith(folder + "/")
