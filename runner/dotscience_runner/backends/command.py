"""Whether a sandboxed task will find its command: bubblewrap itself could say so only in the task's standard error."""

from __future__ import annotations

import os

from .base import BackendError, Spec
from .sandbox import Sandbox


def check(spec: Spec, path: str, sandbox: Sandbox) -> None:
    """Look the command up as ``execvp`` inside the sandbox will.

    Args:
        spec: The workload.
        path: The task's PATH.
        sandbox: Which knows where the task's files lie outside.

    Raises:
        BackendError: there is no such command (127), or none that can be executed (126).
    """
    name = spec.command[0]
    candidates = [name] if "/" in name else [f"{folder or '.'}/{name}" for folder in path.split(":")]
    found = False
    for candidate in candidates:
        outside = sandbox.where(spec, candidate)
        if not name or outside is None or not os.path.lexists(outside):
            continue
        # A link may lead to a place that only the task has: let it try.
        if outside.is_symlink() or (outside.is_file() and os.access(outside, os.X_OK)):
            return
        found = True
    if found:
        raise BackendError(f"command cannot be executed: {name} (Permission denied)", 126)
    raise BackendError(f"command not found: {name}", 127)
