"""The routes about the service itself."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping

from dotscience_hub.services.caller import Caller
from jupyter_dotscience import _version
from jupyter_dotscience.api.account import API_VERSION, Account, Health, VersionInfo
from jupyter_dotscience.api.problems import Unavailable
from jupyter_dotscience.api.protocol import PROTOCOL

from .metrics import Figures, Metrics

log = logging.getLogger("dotscience.web")
Check = Callable[[], Awaitable[None]]
CHECK_SECONDS = 5.0


class System:
    """Version, health, readiness, figures, and who the caller is."""

    def __init__(self, checks: Mapping[str, Check], metrics: Metrics, figures: Callable[[], Figures]) -> None:
        """Args.

        checks: By the name of what is looked at, a coroutine function that raises when it does not work.
        metrics: The figures.
        figures: Gives what others count; called on a worker thread.
        """
        self._checks = checks
        self._metrics = metrics
        self._figures = figures

    def get_version(self, _caller: Caller | None) -> VersionInfo:
        """Versions of hub, API and runner protocol."""
        return VersionInfo(version=_version.__version__, api=API_VERSION, protocol=PROTOCOL)

    async def get_health(self, _caller: Caller | None) -> Health:
        """The event loop answers."""
        return Health(ok=True, checks={})

    async def get_readiness(self, _caller: Caller | None) -> Health:
        """Whether all that the service needs is there.

        Raises:
            Unavailable: A part is not; ``detail`` says which.
        """
        names = list(self._checks)
        results = await asyncio.gather(*(_run(self._checks[name]) for name in names))
        found = dict(zip(names, results, strict=True))
        if any(result != "ok" for result in results):
            wrong = ", ".join(f"{name} {result}" for name, result in found.items() if result != "ok")
            raise Unavailable(f"Not ready: {wrong}.", code="not_ready", detail={"checks": found})
        return Health(ok=True, checks=found)

    def get_metrics(self, _caller: Caller | None) -> bytes:
        """Figures for Prometheus."""
        return self._metrics.expose(self._figures())

    async def get_account(self, caller: Caller) -> Account:
        """Who the caller is."""
        return Account(kind=caller.kind, name=caller.name, admin=caller.admin)


async def _run(check: Check) -> str:
    """``ok`` or what kind of error; the text of one could hold an address or a password."""
    try:
        await asyncio.wait_for(check(), CHECK_SECONDS)
    except TimeoutError:
        return "does not answer in time"
    except Exception as error:  # noqa: BLE001 - whatever it is, it is the answer
        log.warning("Not ready: %s", error)
        return f"fails ({type(error).__name__})"
    return "ok"
