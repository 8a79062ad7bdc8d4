"""The service's start, life and end."""

from __future__ import annotations

import asyncio
import dataclasses
import gc
import logging
import os
import secrets
import signal
from collections.abc import Iterable
from pathlib import Path
from urllib.parse import urlsplit

from jupyterhub.services.auth import HubOAuth
from tornado.httpserver import HTTPServer
from tornado.web import Application

from dotscience_hub.privatefile import write_private
from dotscience_hub.store.schema import upgrade
from dotscience_hub.web import git_http, lfs, remote
from dotscience_hub.web.application import Rule, make_application, route_rules
from dotscience_hub.web.authentication import Authentication
from dotscience_hub.web.binding import Endpoint, bind
from dotscience_hub.web.blocking import watch_loop
from dotscience_hub.web.changes import changes_rule
from dotscience_hub.web.dispatch import Dispatcher
from dotscience_hub.web.gitaccess import GitAuthorization
from dotscience_hub.web.lifecycle import Lifecycle
from dotscience_hub.web.login_pages import login_rules
from dotscience_hub.web.metrics import Metrics
from dotscience_hub.web.pages import page_rules
from dotscience_hub.web.system import System
from jupyter_dotscience.api.routes import ANYONE, ROUTES, Route

from .checks import make_checks
from .descriptors import raise_descriptor_limit
from .localrunner import ensure_local_runner
from .logins import make_logins
from .people import HubPeople
from .settings import Settings
from .wiring import Foundation, Services, found, make_services, make_sweeper

log = logging.getLogger("dotscience.server")
CHUNK = 256 * 1024
SECRET_BYTES = 32
NEW_OBJECTS = 20_000
"""How many make the garbage collector look; a few megabytes at most."""
PROBES = ("/health", "/ready", "/metrics")
"""Routes that are also where monitors look for them: right below the service's own address."""
FINISH_SECONDS = 5.0
"""How long requests may go on after SIGTERM; JupyterHub's patience is 10 seconds."""


async def serve(settings: Settings) -> None:
    """Serve until SIGTERM or SIGINT.

    Args:
        settings: The configuration.
    """
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    raise_descriptor_limit()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    base = found(settings)
    await asyncio.to_thread(upgrade, base.database)
    await asyncio.to_thread(base.commits.recover)
    services = make_services(base, HubPeople.of_environment())
    await asyncio.to_thread(services.dataset_waits.look_again)
    await asyncio.to_thread(services.syncs.start)
    await asyncio.to_thread(base.queue.presence.recall)
    if settings.local_runner_token is not None:
        await asyncio.to_thread(ensure_local_runner, services, settings.local_runner_token)
    _calm_collector()
    await _run(base, services, stop)
    services.contents.close()
    services.uploads.close()
    services.remote.close()
    await asyncio.to_thread(base.commits.close)
    base.pool.shutdown(wait=False, cancel_futures=True)
    base.database.dispose()
    log.info("stopped")


def _calm_collector() -> None:
    """Never look again for garbage in what the start made, and less often in what requests make.

    A commit of 100,000 files makes millions of objects that live until its end; to look through them again and again,
    as the default of 700 new objects has it, was a third of its time.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(NEW_OBJECTS, 20, 20)


async def _run(base: Foundation, services: Services, stop: asyncio.Event) -> None:
    metrics, lifecycle = Metrics(), Lifecycle()
    server = _listen(_application(base, services, metrics, lifecycle))
    background = [
        asyncio.create_task(make_sweeper(base, services).run()),
        asyncio.create_task(watch_loop(metrics)),
        asyncio.create_task(base.feed.run()),
    ]
    log.info("ready")
    await stop.wait()
    server.stop()
    lifecycle.stop()
    closing = asyncio.create_task(asyncio.to_thread(services.syncs.close))
    await base.feed.stop()
    try:
        await asyncio.wait_for(lifecycle.idle(), FINISH_SECONDS)
    except TimeoutError:
        log.warning("some requests did not end in %.0f s", FINISH_SECONDS)
    for task in background:
        task.cancel()
    await asyncio.wait([*background, closing])


def _application(base: Foundation, services: Services, metrics: Metrics, lifecycle: Lifecycle) -> Application:
    hub = HubOAuth.instance(cache_max_age=base.settings.auth_cache_seconds)
    dispatcher = Dispatcher(services.access, base.database, base.pool)
    logins = make_logins(base, hub)
    authentication = Authentication(hub, services.access, dispatcher.in_thread, logins.ended)
    system = System(make_checks(base, hub), metrics, services.figures_now)
    endpoints = _endpoints(base.settings, [system, logins.service, *services.routed()])
    probes = [endpoint for endpoint in endpoints if endpoint.route.path in PROBES]
    prefix = hub.base_url
    authorize = GitAuthorization(authentication, services.access, services.projects, services.dataset_files, dispatcher)
    rules: list[Rule] = [
        *git_http.handlers(services.git, authorize),
        *lfs.handlers(services.contents, authorize),
        *remote.rules(services.remote, authentication, services.access, dispatcher, lifecycle, prefix),
        *route_rules(endpoints, authentication, dispatcher, lifecycle, prefix.rstrip("/") + "/api"),
        changes_rule(prefix.rstrip("/") + "/api", base.feed, authentication, base.settings.public_url),
        *route_rules(probes, authentication, dispatcher, lifecycle, prefix.rstrip("/")),
        *page_rules(prefix, base.settings.public_url, lambda: base.feed.position),
        *login_rules(prefix, logins.codes, logins.devices),
    ]
    return make_application(rules, cookie_secret=_cookie_secret(base.settings.data_dir), metrics=metrics)


def _endpoints(settings: Settings, services: Iterable[object]) -> list[Endpoint]:
    def opened(route: Route) -> Route:
        public = settings.metrics_public and route.name == "get_metrics"
        return dataclasses.replace(route, access=ANYONE) if public else route

    return bind(services, [opened(route) for route in ROUTES])


def _listen(application: Application) -> HTTPServer:
    address = urlsplit(os.environ["JUPYTERHUB_SERVICE_URL"])
    # The proxy is on this machine or in the hub's own network: what it says about the caller is true.
    # What reads a body bit by bit sets its own limit; the others hold it in memory before they know who calls.
    server = HTTPServer(application, xheaders=True, chunk_size=CHUNK, max_body_size=lfs.MAX_BATCH)
    server.listen(address.port or 80, address.hostname or "127.0.0.1")
    return server


def _cookie_secret(data_dir: Path) -> bytes:
    """What signs the browser's cookie; kept, so that a restart logs nobody out."""
    path = data_dir / "service-cookie"
    if not path.exists() or len(path.read_bytes()) < SECRET_BYTES:
        write_private(path, secrets.token_bytes(SECRET_BYTES))
    return path.read_bytes()
