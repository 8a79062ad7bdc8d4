"""The gateway's program, which JupyterHub starts: ``python -m dotscience_hub gateway``."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from tornado.httpserver import HTTPServer
from tornado.web import Application as WebApplication
from traitlets import TraitError, Unicode, default, validate

from dotscience_hub.gateway.gateway import Gateway
from dotscience_hub.gateway.handlers import Control, Data, Health
from dotscience_hub.gateway.ports import RANGE, parse_range
from dotscience_hub.gateway.store import GatewayStore
from dotscience_hub.store.database import Database
from jupyter_dotscience.api.tunnel import CONTROL, DATA, MAX_MESSAGE, PREFIX

from .descriptors import raise_descriptor_limit
from .program import Program

log = logging.getLogger("dotscience.gateway")
TABLES_SECONDS = 0.2
CONNECTIONS = 4
"""To the database: the gateway asks little."""


class DotscienceGateway(Program):
    """The way from the hub's proxy to JupyterLab on runners."""

    name = "dotscience-gateway"
    description = "The gateway of Dotscience: leads browsers to JupyterLab on runners; JupyterHub starts it."

    data_dir = Unicode(".", help="The service's data folder.").tag(config=True)
    db_url = Unicode(help="SQLAlchemy URL of the service's store.").tag(config=True)
    ports = Unicode(RANGE, help="Loopback ports for tasks, one each.").tag(config=True)

    aliases = {  # noqa: RUF012 - traitlets' way
        "config": "DotscienceGateway.config_file",
        "data-dir": "DotscienceGateway.data_dir",
        "db-url": "DotscienceGateway.db_url",
        "ports": "DotscienceGateway.ports",
        "log-level": "Application.log_level",
    }

    @default("db_url")
    def _db_url_default(self) -> str:
        service = self.config.get("DotscienceHub", {})
        return str(service.get("db_url") or f"sqlite:///{Path(self.data_dir).absolute() / 'dotscience.sqlite'}")

    @validate("ports")
    def _check_ports(self, proposal: Any) -> str:
        try:
            parse_range(proposal["value"])
        except ValueError as error:
            raise TraitError(str(error)) from None
        return str(proposal["value"])

    def start(self) -> None:
        """Serve until SIGTERM or SIGINT."""
        address = os.environ.get("JUPYTERHUB_SERVICE_URL")
        if address is None:
            raise SystemExit("JupyterHub starts this program as a service; `dotscience-hub up` starts everything.")
        prefix = os.environ.get("JUPYTERHUB_SERVICE_PREFIX", PREFIX).rstrip("/")
        asyncio.run(_serve(self.db_url, parse_range(self.ports), address, prefix))


async def _serve(db_url: str, port_range: range, address: str, prefix: str) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    raise_descriptor_limit()  # each browser's connection takes two
    database = Database(db_url, pool_size=CONNECTIONS)
    store = GatewayStore(database, port_range)
    while not stop.is_set() and not await asyncio.to_thread(store.ready):
        # The service, started beside us, makes or upgrades the tables.
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), TABLES_SECONDS)
    gateway = Gateway(store)
    server = _listen(gateway, address, prefix)
    looking = asyncio.create_task(gateway.run())
    log.info("ready")
    await stop.wait()
    server.stop()
    looking.cancel()
    await gateway.close()
    await server.close_all_connections()
    database.dispose()
    log.info("stopped")


def _listen(gateway: Gateway, address: str, prefix: str) -> HTTPServer:
    given = {"gateway": gateway}
    rules: list[Any] = [
        (prefix + CONTROL, Control, given),
        (prefix + DATA, Data, given),
        (prefix + "/health", Health, given),
    ]
    application = WebApplication(rules, websocket_max_message_size=MAX_MESSAGE, log_function=lambda _: None)
    place = urlsplit(address)
    server = HTTPServer(application, xheaders=True)
    server.listen(place.port or 80, place.hostname or "127.0.0.1")
    return server
