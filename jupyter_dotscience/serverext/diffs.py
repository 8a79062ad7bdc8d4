"""What changed in a notebook, cell by cell, by nbdime, which stays loaded: only the first time is slow."""

from __future__ import annotations

import importlib
from typing import Any

from jupyter_dotscience.api.problems import BadRequest


def of_notebooks(base: bytes, remote: bytes, path: str) -> dict[str, Any]:
    """The difference of two versions of a notebook. Takes a while; not for the event loop's thread.

    Args:
        base: The old one.
        remote: The new one.
        path: For messages.

    Returns:
        The old notebook, and the difference in nbdime's format.

    Raises:
        BadRequest: one of them is no notebook.
    """
    from nbdime.diffing.notebooks import diff_notebooks

    old, new = _load(base, path), _load(remote, path)
    try:
        return {"path": path, "base": old, "diff": diff_notebooks(old, new)}
    except Exception as error:  # nbdime raises anything on what people may have saved
        raise _no_notebook(path) from error


def _load(content: bytes, path: str) -> Any:
    nbformat: Any = importlib.import_module("nbformat")
    try:
        notebook = nbformat.reads(content.decode(), as_version=4)
    except Exception as error:
        raise _no_notebook(path) from error
    if not isinstance(notebook.get("cells"), list):
        raise _no_notebook(path)
    return notebook


def _no_notebook(path: str) -> BadRequest:
    return BadRequest(f"{path} is not a notebook in both versions.", code="not_a_notebook")
