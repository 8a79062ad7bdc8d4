"""Typed HTTP client of the hub, made from the table of routes.

``Client`` has one method per row of :data:`jupyter_dotscience.api.routes.ROUTES`. Beside it: ``logs.follow_logs`` (a
log that survives cut connections), ``remote.ProjectRemote`` (where the workspace engine sends contents), ``login``
(how a password becomes a token).
"""

from __future__ import annotations

from .client import Client
from .logs import follow_logs
from .responses import ItemStream, Reader

__all__ = ["Client", "ItemStream", "Reader", "follow_logs"]
