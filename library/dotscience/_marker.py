"""The marker: how a run leaves the process.

``[[DOTSCIENCE-RUN:<id>]]`` + a JSON object (indented by 4, keys sorted) + ``[[/DOTSCIENCE-RUN:<id>]]``, on
standard output, where the runner finds it in the log of a command and the JupyterLab extension in the output
of a cell. The same bytes as version 0.8.7 of the published library writes.
"""

from __future__ import annotations

import time

TYPE_CHECKING = False  # `typing` would take half of the time that the import may take
if TYPE_CHECKING:
    from typing import Any

VERSION = "1"


def render(run_id: str, metadata: dict[str, Any]) -> str:
    """The marker of one run, without a line end."""
    import json

    content = json.dumps(metadata, sort_keys=True, indent=4)
    return f"[[DOTSCIENCE-RUN:{run_id}]]{content}[[/DOTSCIENCE-RUN:{run_id}]]"


def timestamp(moment_ns: int) -> str:
    """A time as markers write it: UTC without a zone, ``%Y%m%dT%H%M%S.%f``.

    Args:
        moment_ns: nanoseconds since 1970.
    """
    seconds, rest = divmod(moment_ns, 1_000_000_000)
    return time.strftime("%Y%m%dT%H%M%S", time.gmtime(seconds)) + f".{rest // 1000:06d}"
