"""`dotscience-hub up`: hub, proxy, service and one runner on this machine."""

from __future__ import annotations

import asyncio
import os
import shlex
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import msgspec

from dotscience_hub.auth.accounts import Accounts
from dotscience_hub.privatefile import write_private

from .backend import choose_backend
from .errors import LauncherError
from .folder import DataFolder
from .hubapi import HubApi
from .hubconfig import LEAN
from .logfile import LogFile
from .ports import inner_ports, public_port
from .processes import Process, adopt_orphans, descendants, end_all, identify, reap
from .proxy import find_proxy
from .record import Record
from .settings import VARIABLE, HubSettings
from .supervisor import Child, Command, Say

ADMIN = "admin"
PORT_SECONDS = 10.0
LOCAL_RUNNER = "local"
READY_SECONDS = 120.0
SLOTS = 8
"""Tasks at a time of the local runner, at least."""
HEAD_START, PATIENCE, REST_PATIENCE = 1.0, 8.0, 2.0
"""Seconds to end in; together under the 15 in which everything has ended."""
_CONFIG = Path(__file__).with_name("jupyterhub_config.py")
_DROPPED = ("JUPYTERHUB_", "CONFIGPROXY_", "DOTSCIENCE_")
_OPEN = (
    "Warning: tasks run as this user, without a sandbox: everybody who may log in could read all of the hub, its "
    "secrets included. Install bubblewrap or Docker before others use it."
)
_WILDCARDS = {"0.0.0.0": "127.0.0.1", "::": "[::1]", "": "127.0.0.1"}  # noqa: S104 - recognised, not chosen


@dataclass(frozen=True)
class Options:
    """What the command line said.

    Attributes:
        data_dir: The data folder.
        host: Address to listen on.
        port: Port to listen on; 0 for a free one.
        backend: The runner's; None to look for a Docker engine.
        ready_file: Where to say that all is ready.
        verbose: Whether to show what the parts print.
        runner: Whether to start a runner.
        config: The service's configuration file.
    """

    data_dir: Path
    host: str = "127.0.0.1"
    port: int = 8000
    backend: str | None = None
    ready_file: Path | None = None
    verbose: bool = False
    runner: bool = True
    config: Path | None = None


class AllInOne:
    """The whole on one machine, from start to end."""

    def __init__(self, options: Options, say: Say) -> None:
        """Args: what is wanted, and how to tell people."""
        self._options = options
        self._say = say
        self._folder = DataFolder(options.data_dir.absolute())
        self._record = Record(self._folder.state / "processes.json")
        self._stop = asyncio.Event()
        self._children: list[Child] = []
        self._backend: str | None = None
        self._left = 0

    async def run(self) -> None:
        """Start everything, say so, and end everything at SIGTERM or SIGINT.

        Raises:
            LauncherError: It cannot start; the text says why.
        """
        self._folder.make()
        self._prepare_ready_file()
        with self._folder.lock():
            self._clean()
            self._listen_for_signals()
            try:
                await self._start()
                await self._stop.wait()
            finally:
                await self._end()

    def _prepare_ready_file(self) -> None:
        path = self._options.ready_file
        if path is None:
            return
        if not path.parent.is_dir():
            raise LauncherError(f"There is no folder {path.parent} for the ready file.")
        path.unlink(missing_ok=True)

    def _clean(self) -> None:
        self._left = self._record.clean()
        if self._left:
            self._say(f"Ended {self._left} processes that an earlier start had left.")

    def _listen_for_signals(self) -> None:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            loop.add_signal_handler(number, self._stop.set)
        adopt_orphans()
        loop.add_signal_handler(signal.SIGCHLD, self._tidy)

    def _tidy(self) -> None:
        reap(child.pid for child in self._children if child.pid is not None)
        self._note()

    def _note(self) -> None:
        """Remember the hub with all below it, and the runner's agent. Its tasks go on without it, by design."""
        noted: list[Process] = []
        for child in self._children:
            if child.pid is not None and (process := identify(child.pid)) is not None:
                noted.append(process)
                noted.extend(descendants(child.pid) if child.command.name == "hub" else ())
        self._record.save(noted)

    async def _start(self) -> None:
        proxy = find_proxy()
        # What an earlier start had left was ended just now, and its own children, the proxy among them, end after it.
        patience = PORT_SECONDS if self._left else 0.0
        port = await asyncio.to_thread(public_port, self._options.host, self._options.port, patience)
        first = not self._folder.accounts.exists()
        password = await asyncio.to_thread(self._accounts().create_first, ADMIN)
        settings = self._settings(proxy, port)
        api = HubApi(self._local_url(port), settings.launcher_token)
        await self._start_hub(settings, api)
        if self._options.runner and not self._stop.is_set():
            await self._start_runner(api)
        if not self._stop.is_set():
            self._note()
            self._announce(port, password, first=first)

    def _accounts(self) -> Accounts:
        return Accounts(self._folder.accounts, self._folder.initial_password)

    def _settings(self, proxy: list[str], port: int) -> HubSettings:
        arguments = [f"--local-runner-token={self._folder.runner_token}"] if self._options.runner else []
        configured = [] if self._options.config is None else [f"--config={self._options.config}"]
        settings = HubSettings(
            data_dir=str(self._folder.root),
            host=self._options.host,
            port=port,
            ports=inner_ports(self._folder.state / "ports.json"),
            proxy_command=proxy,
            proxy_token=self._folder.secret("proxy"),
            launcher_token=self._folder.secret("launcher"),
            admin=ADMIN,
            service_arguments=[*arguments, *configured],
            gateway_arguments=configured,
        )
        write_private(self._settings_file, msgspec.json.encode(settings))
        return settings

    @property
    def _settings_file(self) -> Path:
        return self._folder.state / "settings.json"

    async def _start_hub(self, settings: HubSettings, api: HubApi) -> None:
        environment = {**LEAN, **_environment(), VARIABLE: str(self._settings_file)}
        arguments = [sys.executable, "-m", "jupyterhub", "--config", str(_CONFIG)]
        command = Command("hub", arguments, environment, self._folder.state, self._end_leftovers)
        child = await self._launch(command)
        # JupyterHub's own port first: asked through the proxy, it would fill the log with errors until it is there.
        inner = HubApi(f"http://127.0.0.1:{settings.ports.hub}", settings.launcher_token)
        await self._until(child, inner.healthy, "JupyterHub")
        await self._until(child, api.login_page, "JupyterHub's login page")
        await self._until(child, api.service_ready, "the Dotscience service")
        await self._until(child, api.gateway_ready, "the gateway")
        child.settle()

    async def _start_runner(self, api: HubApi) -> None:
        backend = self._options.backend
        if backend is None:
            backend = await asyncio.to_thread(choose_backend)
        self._backend = backend
        # By the file's name: an environment can be read by every process of this user.
        environment = {**_environment(), "TOKEN_FILE": str(self._folder.runner_token), "DOTSCIENCE_URL": api.url}
        arguments = [sys.executable, "-m", "dotscience_runner", "--backend", backend]
        # A JupyterLab keeps its place for days, and does nothing for most of that time.
        arguments += ["--spool", str(self._folder.runner), "--slots", str(max(SLOTS, os.cpu_count() or 1))]
        child = await self._launch(Command("runner", arguments, environment, self._folder.runner))
        await self._until(child, lambda: api.runner_online(LOCAL_RUNNER), f"the runner ({backend} backend)")
        child.settle()
        if await asyncio.to_thread(api.is_open, LOCAL_RUNNER):
            self._say(_OPEN)

    async def _launch(self, command: Command) -> Child:
        log = LogFile(self._folder.logs, command.name, echo=self._options.verbose)
        child = Child(command, log, self._say)
        self._children.append(child)
        await child.start()
        return child

    async def _until(self, child: Child, ready: Callable[[], bool], what: str) -> None:
        """Wait until something answers."""
        deadline = time.monotonic() + READY_SECONDS
        while not self._stop.is_set() and not await asyncio.to_thread(ready):
            if not child.running:
                raise LauncherError(f"The {child.command.name} ended at its start:\n{child.log.tail(15)}")
            if time.monotonic() > deadline:
                raise LauncherError(f"Waited {READY_SECONDS:.0f} s for {what}:\n{child.log.tail(15)}")
            self._note()
            await asyncio.sleep(0.1)

    async def _end_leftovers(self) -> None:
        """Proxy and service of a hub that was killed: they hold the ports."""
        own = {process for child in self._children if child.pid is not None for process in _family(child.pid)}
        left = [process for process in descendants(os.getpid()) if process not in own]
        await asyncio.to_thread(end_all, [p for p in left if p in self._record.saved], REST_PATIENCE)

    def _announce(self, port: int, password: str | None, *, first: bool) -> None:
        url = self._public_url(port)
        self._say(self._greeting(url, password if first else self._where(password)))
        if self._options.ready_file is not None:
            facts = {"url": url, "username": ADMIN, "password": password}
            write_private(self._options.ready_file, msgspec.json.encode(facts))

    def _where(self, password: str | None) -> str:
        """How to find a password that is not shown again."""
        if password is not None:
            return f"in {self._folder.initial_password}"
        again = f"dotscience-hub user passwd --data-dir {shlex.quote(str(self._folder.root))} {ADMIN}"
        return f"yours (if it is lost: {again})"

    def _greeting(self, url: str, password: str | None) -> str:
        runner = f"{LOCAL_RUNNER} (backend: {self._backend})" if self._backend else "none"
        return (
            "Dotscience is ready.\n"
            f"  URL        {url}\n"
            f"  user       {ADMIN}\n"
            f"  password   {password}\n"
            f"  runner     {runner}\n"
            f"  data       {self._folder.root}\n"
            f"Next, in another terminal: `ds set server-url {url}` and `ds login {ADMIN}`.\n"
            "Ctrl-C here ends all of it."
        )

    def _public_url(self, port: int) -> str:
        host = self._options.host
        return f"http://{_WILDCARDS.get(host) or (f'[{host}]' if ':' in host else host)}:{port}"

    def _local_url(self, port: int) -> str:
        return self._public_url(port)

    async def _end(self) -> None:
        if self._children:
            self._say("Stopping.")
        if self._options.ready_file is not None:
            self._options.ready_file.unlink(missing_ok=True)
        # The runner first; what it has to say the hub still hears for a moment. Then the hub, which ends the polls that
        # the runner waits in.
        stopping = []
        for child in reversed(self._children):
            stopping.append(asyncio.create_task(child.stop(PATIENCE)))
            await asyncio.wait(stopping, timeout=HEAD_START)
        await asyncio.gather(*stopping)
        await asyncio.to_thread(end_all, descendants(os.getpid()), REST_PATIENCE)
        self._record.clear()


def _family(pid: int) -> list[Process]:
    process = identify(pid)
    return [*([process] if process is not None else []), *descendants(pid)]


def _environment() -> dict[str, str]:
    """This process' environment without what would steer a hub, a service or a runner by accident."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith(_DROPPED) and key != "TOKEN"}
    return {**kept, "PYTHONUNBUFFERED": "1"}
