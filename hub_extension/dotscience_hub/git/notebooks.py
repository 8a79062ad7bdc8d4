"""Merging notebooks cell by cell."""

from __future__ import annotations

import importlib
import json
from typing import Any

MAX_NOTEBOOK = 64 << 20
"""Bytes; a larger notebook is merged by a person."""


def merge(base: bytes | None, ours: bytes, theirs: bytes) -> bytes | None:
    """The notebook with both sides' changes, or None when only a person can tell.

    Args:
        base: The notebook both sides started from; None when both made it.
        ours: One side.
        theirs: The other side.
    """
    if base is None or max(map(len, (base, ours, theirs))) > MAX_NOTEBOOK:
        return None
    try:
        return _merge(base, ours, theirs)
    except Exception:  # noqa: BLE001 - nbdime and nbformat raise anything on what people may have saved
        return None


def _merge(base: bytes, ours: bytes, theirs: bytes) -> bytes | None:
    # Imported here: half a second and 30 MB that a hub without notebook merges never needs.
    from nbdime.merging.notebooks import merge_notebooks

    notebooks = [_load(content) for content in (base, ours, theirs)]
    merged, decisions = merge_notebooks(*notebooks)
    if any(decision.conflict for decision in decisions):
        return None
    return _dump(merged, ours)


def _load(content: bytes) -> Any:
    nbformat: Any = importlib.import_module("nbformat")
    notebook = nbformat.reads(content.decode(), as_version=nbformat.NO_CONVERT)
    if notebook.nbformat != 4:
        raise ValueError("only notebooks of format 4 are merged")
    nbformat.validate(notebook)
    return notebook


def _dump(notebook: Any, like: bytes) -> bytes:
    """As JupyterLab writes it: one space of indent, keys sorted, and a last newline when `like` has one."""
    nbformat: Any = importlib.import_module("nbformat")
    nbformat.validate(notebook)
    split = nbformat.v4.rwbase.split_lines(notebook)
    text = json.dumps(split, indent=1, sort_keys=True, ensure_ascii=False, separators=(",", ": "))
    return (text + ("\n" if like.endswith(b"\n") else "")).encode()
