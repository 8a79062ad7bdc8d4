"""All tables: import this module to have ``Table.metadata`` complete."""

from __future__ import annotations

import importlib
import importlib.util

from . import idempotency, projects, runners, tasks
from .base import Table

# Modules of other nouns; each defines its own tables.
_MORE = (
    "versions",
    "runs",
    "points",
    "secrets",
    "labs",
    "datasets",
    "syncs",
    "ended_tokens",
    "garbage",
    "comments",
    "recipes",
    "samples",
)
for _name in _MORE:
    if importlib.util.find_spec(f"{__package__}.{_name}") is not None:
        importlib.import_module(f"{__package__}.{_name}")

metadata = Table.metadata
__all__ = ["idempotency", "metadata", "projects", "runners", "tasks"]
