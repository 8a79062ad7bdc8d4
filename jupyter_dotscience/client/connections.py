"""Connections that send for as long as the hub takes bytes. Imported when the first is made: urllib3 takes its time."""

from __future__ import annotations

from typing import Any, Final

import urllib3
from urllib3.connection import HTTPConnection, HTTPSConnection

SEND_TIMEOUT: Final = 60.0
"""Seconds within which the hub must take the next piece of a body. urllib3 would give it the time of a connect."""


class _Sending(HTTPConnection):
    def request(self, *args: Any, **kwargs: Any) -> None:
        """Connect in the time for that, then send."""
        if self.sock is None:
            self.connect()
        self.timeout = SEND_TIMEOUT
        super().request(*args, **kwargs)


class _SendingTLS(_Sending, HTTPSConnection):
    pass


class _Pool(urllib3.HTTPConnectionPool):
    ConnectionCls = _Sending


class _PoolTLS(urllib3.HTTPSConnectionPool):
    ConnectionCls = _SendingTLS


def patient(manager: urllib3.PoolManager) -> urllib3.PoolManager:
    """Have a manager make such connections."""
    manager.pool_classes_by_scheme = {"http": _Pool, "https": _PoolTLS}
    return manager
